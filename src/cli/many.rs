//! What the commands for many recordings share: how many at once, and the places below which they write.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use sordino::store::{Place, Stores};
use sordino::{DecodeOptions, Edge, OutputFormat, Policy, Windows};

use super::args::ShareArgs;
use super::exit::Failure;

/// What one recording needs besides its parts that cannot be streamed: decoder, spool and two parts of an
/// upload. An estimate, on the safe side: a recording takes 12 MiB, a part 5 MiB.
const MEMORY_EACH: u64 = 32 * 1024 * 1024;

/// What the program needs besides: code, connections, the journal's cache.
const MEMORY_BASE: u64 = 64 * 1024 * 1024;

/// How many recordings are redacted at once, as far as the memory goes.
pub(super) fn jobs_at_once(args: &ShareArgs) -> Result<usize, Failure> {
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let Some(most) = args.max_memory else { return Ok(jobs) };
    let fit = most.saturating_sub(MEMORY_BASE) / MEMORY_EACH;
    match usize::try_from(fit) {
        Ok(0) => {
            let why = "this is too little for one recording; give 96M or more";
            Err(Failure::usage("reading --max-memory", why))
        }
        fit => Ok(jobs.min(fit.unwrap_or(jobs))),
    }
}

/// How each of them is decoded: all decoders together have a thread for each core.
pub(super) fn decode_options(args: &ShareArgs, jobs_at_once: usize) -> DecodeOptions {
    let threads = NonZeroUsize::new(cores() / jobs_at_once).or(NonZeroUsize::new(1));
    let mut options = DecodeOptions { threads, ..DecodeOptions::default() };
    if let Some(most) = args.max_memory {
        let each = most.saturating_sub(MEMORY_BASE) / jobs_at_once as u64;
        options.memory_limit = options.memory_limit.min(each);
    }
    options
}

/// Whether the policy erases what a window touches: an Opus that is kept can be treated in no other way.
pub(super) fn erases(policy: &Policy) -> bool {
    OutputFormat::Opus.check(&Windows::none(), policy.treatment(), Edge::Widen).is_ok()
}

/// A folder or a prefix, below which something is read or written.
pub(super) fn below(flag: &str, text: &str, stores: &Stores) -> Result<Place, Failure> {
    let place = parsed(flag, text)?;
    // A prefix is no object; what lies below it is.
    let checked = stores.check(&place.join("recording.wav"));
    checked.map_err(|error| Failure::usage(format!("reading {flag}"), error))?;
    Ok(place)
}

/// The place that a text names.
pub(super) fn parsed(what: &str, text: &str) -> Result<Place, Failure> {
    text.parse().map_err(|error: sordino::store::PlaceError| {
        Failure::usage(format!("reading {what}"), error)
    })
}

fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}
