//! The journal of a batch: nothing that was committed is lost, and no job is done twice.
//!
//! | file | what it holds still |
//! |---|---|
//! | `model` | any sequence of calls, held against a journal in memory |
//! | `killed` | processes that are killed while they commit |
//! | `postgres` | PostgreSQL: several processes, and the server killed; with the feature `postgres` |
//! | `sqlite` | files that are no journal, are damaged, locked, or cannot be written |

mod killed;
mod model;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::ops::ControlFlow;

use sordino::batch::{
    Change, Done, Entry, Event, Filter, Input, Jobs, Journal, Key, Link, Planned, Spec, WindowsSpec,
};

/// A recording to redact, with windows of its own.
pub fn spec(name: &str, windows: &str) -> Spec {
    Spec {
        input: Input::Place { place: format!("s3://calls/{name}.wav"), version: None },
        windows: WindowsSpec::Inline(vec![windows.to_owned()]),
        windows_version: None,
        treatment: None,
        output: format!("s3://clean/{name}.wav"),
        receipt: Some(format!("s3://evidence/{name}.json")),
        policy: "0".repeat(64),
    }
}

pub fn planned(line: u64, spec: Spec) -> Planned {
    Planned { key: Key::of(&spec), line: Some(line), id: Some(format!("call {line}")), spec }
}

/// `calls` recordings, one after the other.
pub fn calls(calls: u64) -> impl Iterator<Item = Planned> {
    (0..calls).map(|call| planned(call + 2, spec(&format!("call-{call}"), "1-2")))
}

pub fn plan(
    journal: &mut dyn Journal,
    manifest: &str,
    jobs: impl IntoIterator<Item = Planned>,
) -> Result<sordino::batch::Counts, sordino::batch::JournalError> {
    let mut jobs = jobs.into_iter().map(Ok);
    let jobs: &mut Jobs<'_> = &mut jobs;
    journal.plan(manifest, jobs)
}

pub fn done(key: &Key) -> Done {
    Done {
        output: format!("output of {}", key.0),
        sha256: key.0.clone(),
        receipt: Some(format!("receipt of {}", key.0)),
        receipt_sha256: Some(key.0.chars().rev().collect()),
        bytes: 44,
        took: 0.25,
        ..Done::default()
    }
}

pub fn change(key: &Key, event: Event) -> Change {
    Change { key: key.clone(), event }
}

pub fn is_done(key: &Key) -> Change {
    change(key, Event::Done(Box::new(done(key))))
}

pub fn entries(journal: &mut dyn Journal, filter: &Filter) -> Vec<Entry> {
    let mut entries = Vec::new();
    let each = &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    };
    journal.each(filter, each).unwrap();
    entries
}

/// All links, in pieces; checked as a chain without gaps.
pub fn chain(journal: &mut dyn Journal) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    loop {
        let some = journal.links(links.len() as u64, 7).unwrap();
        if some.is_empty() {
            break;
        }
        links.extend(some);
    }
    let mut previous = "0".repeat(64);
    for (link, sequence) in links.iter().zip(1..) {
        assert_eq!((link.sequence, &link.previous), (sequence, &previous));
        assert_eq!(link.hash, link.hash());
        previous.clone_from(&link.hash);
    }
    links
}
