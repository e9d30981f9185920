//! The chain of a batch beside its receipts: published at the end of a run, walked by `status --verify`.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};
use sordino::batch::chain::{BucketShelf, ChainReport, Finding, FolderShelf, Publisher, Shelf};
use sordino::batch::{Filter, Journal, JournalError, Key, State};
use sordino::signature::AllowedSigners;
use sordino::store::{Place, Stores};
use tokio::runtime::Runtime;

use super::super::args::StatusArgs;
use super::super::exit::Failure;
use super::super::report::print;
use super::super::runtime;
use super::super::text::count;
use super::plan::Plan;
use walk::{Ends, Walk};

mod root;
mod walk;

/// Links between two checkpoints.
const EVERY: usize = 1000;

/// Publishes the links of all receipts that are in their places, if there are receipts.
pub(super) fn publish(plan: &Plan<'_>, journal: &mut dyn Journal) -> Result<(), Failure> {
    let Some(receipts) = &plan.planning.receipts else { return Ok(()) };
    let shelf = shelf(receipts, &plan.stores, &plan.runtime);
    let published = Publisher::new(shelf, plan.signer.clone(), EVERY).publish(journal, true);
    let doing = "publishing the chain; the recordings are in their places, and the same command publishes it again";
    published.map(drop).map_err(|error| Failure::failed(doing, error))
}

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
    let ends = Ends::of(journal).map_err(reading)?;
    let outputs = outputs(journal).map_err(reading)?;
    let signers = signers(args.signers.as_deref())?;
    let signers = signers.as_ref().map(|signers| (signers, SystemTime::now()));
    let report = match (&ends.first, &args.receipts) {
        (Some(first), _) => {
            let (root, name) = walk.find(args, first, &ends)?;
            let listed = walk.list(&root)?;
            walk.report(&root, &name, listed, &ends, &outputs, signers)?
        }
        // The journal may have been emptied.
        (None, Some(root)) => {
            let wrong = |error| Failure::usage("reading --receipts", error);
            let root: Place = root.parse().map_err(wrong)?;
            let listed = walk.list(&root)?;
            let name = listed.chains.first().cloned().unwrap_or_else(|| "chain".to_owned());
            walk.report(&root, &name, listed, &ends, &outputs, signers)?
        }
        (None, None) => ChainReport::default(),
    };
    print(&if args.json { to_json(&report).to_string() } else { text(&report) })?;
    if report.is_clean() { Ok(()) } else { Err(Failure::Found) }
}

/// The recordings that have no receipt.
fn outputs(journal: &mut dyn Journal) -> Result<HashMap<Key, String>, JournalError> {
    let mut outputs = HashMap::new();
    let filter = Filter { state: Some(State::Done), ..Filter::default() };
    journal.each(&filter, &mut |entry| {
        if let Some(done) = entry.done.filter(|done| done.receipt.is_none()) {
            outputs.insert(entry.key, done.output);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(outputs)
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
        "notes": report.notes.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn text(report: &ChainReport) -> String {
    if report.links == 0 && report.is_clean() {
        return "no recording is done yet".to_owned();
    }
    let signed = match &report.principal {
        Some(principal) => {
            format!("{}, the last by {principal}", count(report.signed, "signed checkpoint"))
        }
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
    lines.push(match report.found {
        0 => "no receipt was removed, changed, moved or slipped in".to_owned(),
        found => count(found, "problem"),
    });
    lines.join("\n")
}
