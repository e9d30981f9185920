//! `sordino batch status`: where the jobs of a journal stand.

use std::ops::ControlFlow;

use serde_json::json;
use sordino::batch::{Entry, Filter, Journal, JournalError, State, open_journal_to_read};

use super::super::args::StatusArgs;
use super::super::exit::Failure;
use super::super::report::print;
use super::super::table::table;
use super::again::without_password;
use super::chain;
use super::show::{input, row};

pub(super) fn run(args: &StatusArgs) -> Result<(), Failure> {
    let mut journal = open(&args.journal)?;
    if args.verify {
        return chain::check(&mut *journal, args);
    }
    if args.failed {
        return failed(&mut *journal, args);
    }
    let counts = counts(&mut *journal).map_err(|error| reading(&args.journal, error))?;
    let shown = counts.map(|(name, number)| (name.to_owned(), number));
    if args.json {
        let json: serde_json::Map<_, _> =
            shown.into_iter().map(|(name, number)| (name, number.into())).collect();
        return print(&serde_json::Value::from(json).to_string());
    }
    let rows: Vec<_> =
        shown.into_iter().map(|(name, number)| vec![name, number.to_string()]).collect();
    print(table(&["state", "recordings"], 1..2, &rows).trim_end())
}

/// How many jobs are in which state. `skipped`: nothing was found in them, and they were left out.
fn counts(journal: &mut dyn Journal) -> Result<[(&'static str, u64); 7], JournalError> {
    let counts = journal.counts(None)?;
    let mut skipped = 0;
    let filter = Filter { state: Some(State::Done), ..Filter::default() };
    journal.each(&filter, &mut |entry| {
        let left_out = entry.done.is_some_and(|done| done.if_none.as_deref() == Some("skip"));
        skipped += u64::from(left_out);
        ControlFlow::Continue(())
    })?;
    Ok([
        ("done", counts.done.saturating_sub(skipped)),
        ("failed", counts.failed),
        ("started", counts.started),
        ("planned", counts.planned),
        ("skipped", skipped),
        ("unknown", counts.unknown),
        ("total", counts.total()),
    ])
}

/// Prints the jobs that failed, and those that a person must look at.
fn failed(journal: &mut dyn Journal, args: &StatusArgs) -> Result<(), Failure> {
    let mut printed = Ok(());
    for state in [State::Failed, State::Unknown] {
        let filter = Filter { state: Some(state), ..Filter::default() };
        let each = journal.each(&filter, &mut |entry| {
            printed = print(&line(&entry, args.json));
            if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        each.map_err(|error| reading(&args.journal, error))?;
    }
    printed
}

/// One job that failed.
fn line(entry: &Entry, json: bool) -> String {
    let Entry { line, id, spec, state, attempt, failed, .. } = entry;
    let message = failed.as_ref().map_or("", |failed| failed.message.as_str());
    if !json {
        let unknown = if *state == State::Unknown { "unknown: " } else { "" };
        return format!("{unknown}{}: {message}", row(*line, &spec.input));
    }
    json!({
        "state": state,
        "line": line,
        "id": id,
        "key": entry.key.0,
        "input": input(&spec.input),
        "kind": failed.as_ref().map(|failed| failed.kind.name()),
        "retryable": failed.as_ref().is_some_and(|failed| failed.kind.is_retryable()),
        "message": message,
        "attempts": attempt,
    })
    .to_string()
}

fn open(name: &str) -> Result<Box<dyn Journal>, Failure> {
    open_journal_to_read(name).map_err(|error| Failure::usage("opening the journal", error))
}

fn reading(name: &str, error: JournalError) -> Failure {
    Failure::failed(format!("reading the journal {}", without_password(name)), error)
}
