//! Processes that are killed while they commit: what they had acknowledged is there, and the chain is whole.
//!
//! A test starts this binary once more, as a worker. It says on stdout what was committed, after it was.
//! The test reads some of that, then kills it, wherever it is.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use sordino::batch::{
    Event, Failed, FailureKind, Filter, Journal, Key, State, Upload, open_journal,
    open_journal_to_read,
};

pub use crate::support::Moments;

use super::{calls, chain, change, entries, is_done, plan};

/// The journal of the process that is to be killed.
const JOURNAL: &str = "SORDINO_TEST_JOURNAL";

/// How many jobs the batch has.
pub const JOBS: u64 = 3000;

/// How often a process is killed.
pub fn kills() -> u64 {
    if std::env::var_os("SORDINO_CAMPAIGN").is_some() { 200 } else { 20 }
}

/// A worker on this journal, to be started.
pub fn worker(journal: &str) -> Command {
    let mut worker = Command::new(std::env::current_exe().unwrap());
    worker
        .args(["--exact", "journal::killed::works_until_it_is_killed", "--nocapture"])
        .env(JOURNAL, journal)
        .stdout(Stdio::piped());
    worker
}

/// The worker. Without a journal it does nothing: it is a test only to be started by one.
#[test]
fn works_until_it_is_killed() {
    let Ok(name) = std::env::var(JOURNAL) else { return };
    let mut journal = open_journal(&name).unwrap();
    plan(journal.as_mut(), "m", calls(JOBS)).unwrap();
    let mut number = 0;
    loop {
        number += 1;
        let some = journal.claim("m", 1 + number % 5).unwrap();
        if some.is_empty() {
            break;
        }
        say("claimed", some.iter().map(|job| &job.key));
        let keys: Vec<Key> = some.into_iter().map(|job| job.key).collect();
        work(journal.as_mut(), &keys);
    }
    say("end", []);
}

/// Each third job has an upload, each seventh fails.
fn work(journal: &mut dyn Journal, keys: &[Key]) {
    let is = |key: &Key, number: u8| key.0.as_bytes()[5].is_multiple_of(number);
    let upload = Upload { place: "s3://clean/a".to_owned(), id: "1".to_owned() };
    let uploads = keys.iter().filter(|key| is(key, 3));
    let uploads: Vec<_> = uploads.map(|key| change(key, Event::Upload(upload.clone()))).collect();
    journal.apply(&uploads).unwrap();
    let ends: Vec<_> = keys
        .iter()
        .map(|key| {
            let failed = Failed { kind: FailureKind::Missing, message: "gone".to_owned() };
            if is(key, 7) { change(key, Event::Failed(failed)) } else { is_done(key) }
        })
        .collect();
    let counted = journal.apply(&ends).unwrap();
    let of = |word| keys.iter().filter(move |key| (word == "failed") == is(key, 7));
    assert!(counted.iter().all(|counted| *counted) || name_is_shared());
    say("failed", of("failed"));
    say("done", of("done"));
}

/// Several workers may lose claims to each other.
fn name_is_shared() -> bool {
    std::env::var(JOURNAL).is_ok_and(|name| name.starts_with("postgres"))
}

fn say<'a>(word: &str, keys: impl IntoIterator<Item = &'a Key>) {
    let mut out = std::io::stdout().lock();
    let keys: String = keys.into_iter().map(|key| format!(" {}", key.0)).collect();
    writeln!(out, "\n@{word}{keys}").unwrap();
    out.flush().unwrap();
}

/// What workers have acknowledged.
#[derive(Debug, Default)]
pub struct Said {
    pub done: BTreeSet<String>,
    pub failed: BTreeSet<String>,
    pub lines: u64,
    pub ended: bool,
}

impl Said {
    /// Reads lines of a worker until `most` of them were acknowledgements, or it ended.
    pub fn read(&mut self, out: &mut impl BufRead, most: u64) {
        let mut met = 0;
        let mut line = String::new();
        while met < most && out.read_line(&mut line).unwrap() > 0 {
            // A line that a kill has cut acknowledges nothing.
            let whole = line.ends_with('\n');
            if let Some(said) = line.trim_end().strip_prefix('@').filter(|_| whole) {
                let (word, keys) = said.split_once(' ').unwrap_or((said, ""));
                let keys = keys.split_whitespace().map(str::to_owned);
                match word {
                    "done" => self.done.extend(keys),
                    "failed" => self.failed.extend(keys),
                    "end" => self.ended = true,
                    _ => {}
                }
                met += 1;
                self.lines += 1;
            }
            line.clear();
        }
    }
}

/// Everything that was acknowledged is there, and one link is there for each job that is done.
pub fn nothing_is_lost(journal: &mut dyn Journal, said: &Said) {
    let of = |entries: Vec<sordino::batch::Entry>| -> BTreeSet<String> {
        entries.into_iter().map(|entry| entry.key.0).collect()
    };
    let filter = |state| Filter { manifest: Some("m".to_owned()), state: Some(state) };
    let done = of(entries(journal, &filter(State::Done)));
    let failed = of(entries(journal, &filter(State::Failed)));
    let lost: Vec<_> = said.done.difference(&done).chain(said.failed.difference(&failed)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let links = chain(journal);
    let linked: BTreeSet<String> = links.iter().map(|link| link.key.0.clone()).collect();
    assert_eq!((links.len(), linked), (done.len(), done));
    let total = journal.counts(Some("m")).unwrap().total();
    assert!(total == JOBS || total == 0, "{total}");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let name = path.to_str().unwrap();
    let (mut said, mut moments, mut killed) = (Said::default(), Moments(16), 0);
    for _ in 0..kills() {
        let mut worker = worker(name).spawn().unwrap();
        let mut out = BufReader::new(worker.stdout.take().unwrap());
        said.read(&mut out, moments.below(JOBS / kills()));
        // Between two acknowledgements, wherever: this takes as long as it takes.
        (0..moments.below(400_000)).for_each(|spin| _ = std::hint::black_box(spin));
        killed += u64::from(worker.try_wait().unwrap().is_none());
        worker.kill().unwrap();
        said.read(&mut out, u64::MAX);
        worker.wait().unwrap();
        nothing_is_lost(open_journal_to_read(name).unwrap().as_mut(), &said);
    }
    assert!(killed >= kills() * 9 / 10, "{killed}");
    assert!(said.lines > kills() && !said.done.is_empty() && !said.failed.is_empty());
    eprintln!(
        "killed {killed} times; {} acknowledged, none lost",
        said.done.len() + said.failed.len()
    );

    let mut last = worker(name).spawn().unwrap();
    said.read(&mut BufReader::new(last.stdout.take().unwrap()), u64::MAX);
    assert!(last.wait().unwrap().success() && said.ended);
    let mut journal = open_journal(name).unwrap();
    nothing_is_lost(journal.as_mut(), &said);
    let counts = journal.counts(Some("m")).unwrap();
    assert_eq!((counts.done + counts.failed, counts.planned, counts.started), (JOBS, 0, 0));
}
