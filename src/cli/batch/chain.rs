//! The chain of a batch beside its receipts: published by a run, walked by `status --verify`.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};
use sordino::batch::chain::{BucketShelf, ChainReport, Finding, FolderShelf, Later, Shelf};
use sordino::batch::{Filter, Journal, JournalError, Key, State};
use sordino::signature::AllowedSigners;
use sordino::store::{Place, Stores};
use tokio::runtime::Runtime;

use super::super::args::StatusArgs;
use super::super::exit::Failure;
use super::super::report::print;
use super::super::runtime;
use super::super::text::count;
pub(super) use publishing::Publishing;
use walk::{Ends, Walk};

mod publishing;
mod root;
mod walk;

/// Links between two checkpoints.
const EVERY: usize = 1000;

fn shelf(place: &Place, stores: &Stores, runtime: &Runtime) -> Box<dyn Shelf + Send> {
    match place {
        Place::Local(folder) => Box::new(FolderShelf::new(folder.clone())),
        place => {
            let handle = runtime.handle().clone();
            Box::new(BucketShelf::new(stores.clone(), place.clone(), handle))
        }
    }
}

/// Walks the chain of a journal, and looks at each receipt.
pub(super) fn check(journal: &mut dyn Journal, args: &StatusArgs) -> Result<(), Failure> {
    let (runtime, stores) = (runtime()?, Stores::new(args.store.config()));
    let walk = Walk { stores, runtime };
    let reading = |error: JournalError| Failure::failed("reading the journal", error);
    let ran = is_running(journal).map_err(reading)?;
    let ends = Ends::of(journal).map_err(reading)?;
    let signers = signers(args.signers.as_deref())?;
    let signers = signers.as_ref().map(|signers| (signers, SystemTime::now()));
    let (root, name) = match (&ends.first, &args.receipts) {
        (Some(first), _) => {
            let (root, name) = walk.find(args, first, &ends)?;
            (root, Some(name))
        }
        // The journal may have been emptied.
        (None, Some(root)) => {
            let wrong = |error| Failure::usage("reading --receipts", error);
            (root.parse().map_err(wrong)?, None)
        }
        (None, None) => return show(&ChainReport::default(), signers.is_some(), args.json),
    };
    let listed = walk.list(&root)?;
    let first = || listed.chains.keys().next().cloned().unwrap_or_else(|| "chain".to_owned());
    let name = name.unwrap_or_else(first);
    // Once more: a run that goes on has done more, and what is listed must be known.
    let ends = Ends::of(journal).map_err(reading)?;
    let known = Known::of(journal).map_err(reading)?;
    let is_running = ran || is_running(journal).map_err(reading)?;
    let mut later = |after| journal.links(after, EVERY).map_err(std::io::Error::other);
    let later: Option<&mut Later<'_>> = if is_running { Some(&mut later) } else { None };
    let report = walk.report((&root, &name), listed, &ends, &known, later, signers)?;
    show(&report, signers.is_some(), args.json)
}

/// Prints what was found. The exit code says whether that is anything.
fn show(report: &ChainReport, signers: bool, json: bool) -> Result<(), Failure> {
    print(&if json { to_json(report).to_string() } else { text(report, signers) })?;
    if report.is_clean() { Ok(()) } else { Err(Failure::Found) }
}

/// Whether a run goes on, or was killed.
fn is_running(journal: &mut dyn Journal) -> Result<bool, JournalError> {
    Ok(journal.counts(None)?.started > 0)
}

/// What the journal knows of its jobs.
struct Known {
    /// The recordings that have no receipt.
    outputs: HashMap<Key, String>,
    /// The receipts that may be there before they are linked: of jobs that are begun, or were.
    begun: Vec<String>,
}

impl Known {
    fn of(journal: &mut dyn Journal) -> Result<Self, JournalError> {
        let (mut outputs, mut begun) = (HashMap::new(), Vec::new());
        journal.each(&Filter::default(), &mut |entry| {
            match (entry.done, entry.state) {
                (Some(done), _) if done.receipt.is_none() => {
                    outputs.insert(entry.key, done.output);
                }
                (None, State::Started | State::Planned) => begun.extend(entry.spec.receipt),
                _ => {}
            }
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(Self { outputs, begun })
    }
}

fn signers(path: Option<&Path>) -> Result<Option<AllowedSigners>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let doing = || format!("reading the signers {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(doing(), error))?;
    AllowedSigners::parse(&text).map(Some).map_err(|error| Failure::usage(doing(), error))
}

fn to_json(report: &ChainReport) -> Value {
    let finding = |Finding { sequence, receipt, wrong }: &Finding| json!({ "link": sequence, "receipt": receipt, "problem": wrong.to_string() });
    json!({
        "clean": report.is_clean(),
        "links": report.links,
        "signedCheckpoints": report.signed,
        "covered": report.covered,
        "principal": report.principal,
        "problems": report.found,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "pending": report.pending,
        "notes": report.notes.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn text(report: &ChainReport, signers: bool) -> String {
    if report.links + report.pending == 0 && report.is_clean() {
        return "no recording is done yet".to_owned();
    }
    let signed = match &report.principal {
        Some(principal) => {
            format!("{}, the last by {principal}", count(report.signed, "signed checkpoint"))
        }
        None if signers => "no signed checkpoint counts".to_owned(),
        None => "signatures were not looked at".to_owned(),
    };
    let mut lines = vec![format!("{}, {signed}", count(report.links, "link"))];
    for Finding { sequence, receipt, wrong } in &report.findings {
        let receipt = if receipt.is_empty() { String::new() } else { format!(", {receipt}") };
        lines.push(format!("link {sequence}{receipt}: {wrong}"));
    }
    if report.noted > 0 {
        let noted = count(report.noted, "checkpoint");
        lines.push(format!("{noted} did not count, but a later one covers the links"));
    }
    if report.pending > 0 {
        let pending = count(report.pending, "receipt");
        lines.push(format!("{pending} not in the chain yet: a run goes on or was ended; the same command again publishes them"));
    }
    lines.push(match report.found {
        0 => "no receipt was removed, changed, moved or slipped in".to_owned(),
        found => count(found, "problem"),
    });
    lines.join("\n")
}
