//! `sordino verify`: the leak audit, for people and for programs.

use std::path::Path;
use std::time::Instant;

use sordino::level::Decibels;
use sordino::policy::Settings;
use sordino::verify::Audit;
use sordino::{
    DecodeOptions, Decoder, Encoding, RawFormat, Source, StreamInfo, VerifyOptions, Window,
    Windows, verify,
};

use super::args::{VerifyArgs, windows_of};
use super::exit::Failure;
use super::messages::{detail, note};
use super::text::elapsed;
use super::{remote, report};

mod receipt;
mod shown;
mod signature;

pub(super) use shown::table;
use shown::to_json;

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    remote::configure(&args.store);
    let tolerance = tolerance(args)?;
    let (receipt, signature) = match &args.receipt {
        Some(path) => {
            let bytes = receipt::read(path)?;
            let signature = signature::check(args, path, &bytes)?;
            let is_bad = signature.as_ref().is_some_and(|found| !found.is_good());
            match receipt::parse(path, &bytes) {
                // What was changed may be no receipt any more.
                Err(_) if is_bad => (None, signature),
                receipt => (Some(receipt?), signature),
            }
        }
        None => (None, None),
    };
    let signature = signature.as_ref();
    if let Some(found) = signature.filter(|_| args.recordings.is_empty() || receipt.is_none()) {
        return receipt::show_signature(args, found);
    }
    match (args.recordings.as_slice(), &receipt) {
        ([redacted], Some(receipt)) => receipt::compare(args, receipt, signature, None, redacted),
        ([_, _], Some(receipt)) if receipt.inputs.len() > 1 => {
            let mend = "the receipt is of a recording in several files, which are not joined here; give the redacted recording alone";
            Err(Failure::usage("reading the arguments", mend))
        }
        ([original, redacted], Some(receipt)) => {
            let (windows, treatment) = receipt::asked(receipt)?;
            let decode = DecodeOptions { raw: receipt.raw(), ..receipt.options() };
            let options = VerifyOptions { treatment: Some(treatment), tolerance };
            let audit = audit(original, redacted, decode, &windows, options)?;
            receipt::compare(args, receipt, signature, Some((original, &audit)), redacted)
        }
        ([original, redacted], None) => {
            let policy = args.policy()?;
            let windows = windows_of(&args.windows.request(&policy)?, policy.if_none())?;
            let options = VerifyOptions { treatment: policy.named_treatment(), tolerance };
            let Settings { gaps, raw, .. } = *policy.settings();
            let decode = comparable_options(original, redacted, raw)?;
            let decode = DecodeOptions { gaps: gaps.unwrap_or_default(), raw, ..decode };
            let audit = audit(original, redacted, decode, &windows, options)?;
            let json = args.json;
            report::print(&if json { to_json(&audit).to_string() } else { table(&audit) })?;
            if audit.is_clean() { Ok(()) } else { Err(Failure::Found) }
        }
        _ => {
            let mend = "two recordings are needed: `sordino verify ORIGINAL REDACTED -w START-END`; with a receipt one is enough: `sordino verify --receipt FILE REDACTED`";
            Err(Failure::usage("reading the arguments", mend))
        }
    }
}

/// `--tolerance` as a linear level, full scale being 1.
fn tolerance(args: &VerifyArgs) -> Result<Option<f64>, Failure> {
    match args.tolerance {
        Some(decibel) if !(-200.0..=0.0).contains(&decibel) => {
            let why = "give dB below full scale, from -200 to 0, for example -60";
            Err(Failure::usage("reading --tolerance", why))
        }
        decibel => Ok(decibel.map(|decibel| Decibels(decibel).amplitude())),
    }
}

/// Audits `redacted`. Only `original` may be headerless, with the format in `decode`.
fn audit(
    original: &Path,
    redacted: &Path,
    decode: DecodeOptions,
    windows: &Windows,
    options: VerifyOptions,
) -> Result<Audit, Failure> {
    let doing = format!("comparing {} and {}", original.display(), redacted.display());
    let original = open(original)?.with_options(decode);
    let redacted = open(redacted)?.with_options(DecodeOptions { raw: None, ..decode });
    if let Some(padding) = padding(windows) {
        note(&format!("the windows are audited with their padding: {padding}"));
    }
    let began = Instant::now();
    let audit = verify(original, redacted, windows, options);
    // What cannot be audited is a wrong call: exit code 1 would mean that something was found.
    let audit = audit.map_err(|error| Failure::usage(doing, remote::broken().unwrap_or(error)))?;
    detail(&format!("original: {}", report::describe(&audit.original)));
    detail(&format!("redacted: {}", report::describe(&audit.redacted)));
    detail(&format!("both decoded and compared in {}", elapsed(began.elapsed())));
    Ok(audit)
}

/// `up to 250 ms before and 1.0 s after`; `None` if no window is widened.
fn padding(windows: &Windows) -> Option<String> {
    let pads = || windows.asked().iter().map(Window::pad);
    let (before, after) = (pads().map(|pad| pad.0).max()?, pads().map(|pad| pad.1).max()?);
    let most = if pads().all(|pad| pad == (before, after)) { "" } else { "up to " };
    let is_any = !(before.is_zero() && after.is_zero());
    is_any.then(|| format!("{most}{} before and {} after", elapsed(before), elapsed(after)))
}

fn open(path: &Path) -> Result<Source, Failure> {
    if let Some(place) = remote::object(path)? {
        return remote::open(&place);
    }
    let doing = format!("opening {}", path.display());
    Source::open(path).map_err(|error| Failure::usage(doing, error))
}

/// The options that make both comparable: G.711 of the same law is compared as codes, and Opus is decoded
/// at the rate of the other recording. A pipe can be read only once, so it gets the defaults.
fn comparable_options(
    original: &Path,
    redacted: &Path,
    raw: Option<RawFormat>,
) -> Result<DecodeOptions, Failure> {
    let is_there_twice = |path: &Path| path.is_file() || remote::is_object(path);
    if !is_there_twice(original) || !is_there_twice(redacted) {
        return Ok(DecodeOptions::default());
    }
    let kind = |path: &Path, raw| -> Result<StreamInfo, Failure> {
        let doing = format!("opening {}", path.display());
        let source = open(path)?.with_options(DecodeOptions { raw, ..DecodeOptions::default() });
        let decoder = Decoder::open(source).map_err(|error| Failure::usage(doing, error))?;
        Ok(decoder.stream_info().clone())
    };
    let (before, after) = (kind(original, raw)?, kind(redacted, None)?);
    let is_law = ["pcm_alaw", "pcm_mulaw"].contains(&before.codec) && before.codec == after.codec;
    let encoding = if is_law { Encoding::Same } else { Encoding::Pcm };
    let other = match (before.codec, after.codec) {
        ("opus", _) => Some(after.rate),
        (_, "opus") => Some(before.rate),
        _ => None,
    };
    let opus_rate = other.filter(|rate| [8000, 12_000, 16_000, 24_000, 48_000].contains(rate));
    Ok(DecodeOptions { encoding, opus_rate, ..DecodeOptions::default() })
}
