//! The chain of a batch beside its receipts: published at the end of a run, walked by `status --verify`.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};
use sordino::batch::chain::{
    BucketShelf, ChainReport, Finding, FolderShelf, Publisher, Shelf, verify,
};
use sordino::batch::{Filter, Journal, JournalError, Key, Link, State};
use sordino::digest::Digest;
use sordino::signature::AllowedSigners;
use sordino::store::{Error, Listing, Place, Stores};
use tokio::runtime::Runtime;

use super::super::args::StatusArgs;
use super::super::exit::Failure;
use super::super::report::print;
use super::super::runtime;
use super::super::text::count;
use super::plan::Plan;

/// Links between two checkpoints.
const EVERY: usize = 1000;

/// The longest receipt or recording whose digest is taken, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024 * 1024;

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
    let Some((first, last)) = ends(journal).map_err(reading)? else {
        return print(if args.json {
            "{\"links\":0,\"clean\":true}"
        } else {
            "no recording is done yet"
        });
    };
    let outputs = outputs(journal).map_err(reading)?;
    let (root, name) = walk.find(args, &first)?;
    let shelf = shelf(&root, &walk.stores, &walk.runtime);
    let pieces = Pieces { shelf, name, position: 0, piece: io::Cursor::new(Vec::new()) };
    let signers = signers(args.signers.as_deref())?;
    let signers = signers.as_ref().map(|signers| (signers, SystemTime::now()));
    let mut digest = |link: &Link| walk.digest(link, &outputs);
    let mut present = walk.receipts(&root)?;
    let mut chain: Box<dyn BufRead> = Box::new(BufReader::new(pieces));
    let report = verify(&mut *chain, &mut digest, signers, Some(&last), Some(&mut present));
    let report = report.map_err(|error| Failure::failed("reading the chain", error))?;
    print(&if args.json { to_json(&report).to_string() } else { text(&report) })?;
    if report.is_clean() { Ok(()) } else { Err(Failure::Found) }
}

/// The first and the last link.
fn ends(journal: &mut dyn Journal) -> Result<Option<(Link, Link)>, JournalError> {
    let Some(first) = journal.links(0, 1)?.pop() else { return Ok(None) };
    let mut last = first.clone();
    while let Some(next) = journal.links(last.sequence, EVERY)?.pop() {
        last = next;
    }
    Ok(Some((first, last)))
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

/// What a walk reads from.
struct Walk {
    stores: Stores,
    runtime: Runtime,
}

impl Walk {
    /// Where the chain is, and its name: in the folder of `--receipts`, or in one above the first receipt.
    fn find(&self, args: &StatusArgs, first: &Link) -> Result<(Place, String), Failure> {
        let doing = "looking for the chain";
        let own = format!("chain-{}", first.hash.get(..12).unwrap_or_default());
        let above = || first.receipt.rmatch_indices('/').map(|(at, _)| &first.receipt[..at]);
        let given = args.receipts.as_deref();
        for folder in given.into_iter().chain(above().filter(|_| given.is_none())) {
            let Ok(place) = folder.parse::<Place>() else { continue };
            let shelf = shelf(&place, &self.stores, &self.runtime);
            for name in [&own, "chain"] {
                let piece = shelf.next(name, 0);
                let piece = piece.map_err(|error| Failure::failed(doing, error))?;
                if piece.is_some() {
                    return Ok((place, name.to_owned()));
                }
            }
        }
        let why = "there is none beside the receipts; say with --receipts where these are. A batch without receipts publishes none, and one that was killed publishes it when it is run again";
        Err(Failure::failed(doing, why))
    }

    /// The SHA-256 of a link's receipt or recording.
    fn digest(
        &self,
        link: &Link,
        outputs: &HashMap<Key, String>,
    ) -> Result<Option<String>, String> {
        let place = match outputs.get(&link.key) {
            Some(output) if output.is_empty() => return Ok(Some(Digest::of(&[]).sha256)),
            Some(output) => output,
            None => &link.receipt,
        };
        let place: Place = place.parse().map_err(|error| format!("{error}"))?;
        match self.runtime.block_on(self.stores.read(&place, LONGEST)) {
            Ok(bytes) => Ok(Some(Digest::of(&bytes).sha256)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The receipts that are there.
    fn receipts(&self, root: &Place) -> Result<Present<'_>, Failure> {
        let _inside = self.runtime.enter();
        let listing = self.stores.list(root);
        let listing = listing.map_err(|error| Failure::failed("listing the receipts", error))?;
        Ok(Present { listing, runtime: &self.runtime })
    }
}

/// Receipts in a listing.
struct Present<'a> {
    listing: Listing,
    runtime: &'a Runtime,
}

impl Iterator for Present<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        // A listing that breaks off has shown fewer; what is linked is looked at one by one.
        while let Some(Ok((place, _))) = self.runtime.block_on(self.listing.next()) {
            let place = place.to_string();
            if place.ends_with(".receipt.json") {
                return Some(place);
            }
        }
        None
    }
}

/// A published chain as one stream.
struct Pieces {
    shelf: Box<dyn Shelf + Send>,
    name: String,
    position: u64,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some((piece, position)) = self.shelf.next(&self.name, self.position)? else {
                return Ok(0);
            };
            (self.piece, self.position) = (io::Cursor::new(piece), position);
        }
    }
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
    })
}

fn text(report: &ChainReport) -> String {
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
    lines.push(match report.found {
        0 => "no receipt was removed, changed, moved or slipped in".to_owned(),
        found => count(found, "problem"),
    });
    lines.join("\n")
}
