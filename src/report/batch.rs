//! The page of a batch: one file for whoever must answer for it.
//!
//! In: the entries of a journal, one after the other. Out: an HTML page like that of a receipt, without
//! network access. It holds ids and paths as the manifest had them, and numbers; nothing that was said, and
//! no label. All text is escaped. The rows are JSON in the page, of which a script shows a hundred at a
//! time, so that 100,000 of them open; without scripts those are there that a person must look at.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::environment;
use crate::batch::{Entry, FailureKind, State};
use crate::receipt::rfc3339;

mod chart;
mod row;
mod words;

use chart::{Chart, Minutes};
use row::{Row, state_name};

/// Rows that are in the page's table, too, for whoever has no scripts.
const MOST_STATIC: usize = 500;

/// The place in the template that the rows are written to; the last one, as users may write it too.
const ROWS_HERE: &str = "ROWS-OF-THE-BATCH";

/// A page about a batch.
#[derive(Debug)]
pub struct BatchReport<'a> {
    title: &'a str,
    /// The folder that the page will lie in.
    folder: &'a Path,
    counts: BTreeMap<&'static str, u64>,
    taken: BTreeMap<String, Taken>,
    all: Taken,
    failures: BTreeMap<FailureKind, Failures>,
    minutes: Minutes,
    /// What a person must look at.
    urgent: Vec<Row>,
    more: usize,
    /// JSON, with a comma before each.
    rows: Vec<u8>,
}

/// What was taken away.
#[derive(Debug, Default, Clone, Copy)]
struct Taken {
    recordings: u64,
    windows: u64,
    audio: f64,
    redacted: f64,
    /// Copied or left out, because nothing was found.
    unredacted: u64,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    /// The words of one of them.
    example: String,
}

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    sentence: String,
    badges: Vec<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    treatments: Vec<[String; 5]>,
    failures: Vec<[String; 4]>,
    charts: Vec<Chart>,
    urgent: &'a [Row],
    more: usize,
    total: u64,
    made: String,
    version: &'static str,
    style: &'static str,
    own_style: &'static str,
    script: &'static str,
}

impl<'a> BatchReport<'a> {
    /// A page with this title, such as the journal's name. Receipts on the disk are linked from `folder`, in
    /// which the page will lie.
    pub fn new(title: &'a str, folder: &'a Path) -> Self {
        Self {
            title,
            folder,
            counts: BTreeMap::new(),
            taken: BTreeMap::new(),
            all: Taken::default(),
            failures: BTreeMap::new(),
            minutes: Minutes::default(),
            urgent: Vec::new(),
            more: 0,
            rows: Vec::new(),
        }
    }

    /// Adds a job.
    pub fn add(&mut self, entry: &Entry) {
        *self.counts.entry(state_name(entry.state)).or_default() += 1;
        if let Some(done) = &entry.done {
            let rate = f64::from(done.rate.max(1));
            #[expect(clippy::cast_precision_loss, reason = "shown in seconds")]
            let (audio, redacted) = (done.frames as f64 / rate, done.redacted_frames as f64 / rate);
            let policy = || format!("policy {}", entry.spec.policy.get(..12).unwrap_or_default());
            let treatment = entry.spec.treatment.clone().unwrap_or_else(policy);
            for taken in [&mut self.all, self.taken.entry(treatment).or_default()] {
                taken.recordings += 1;
                taken.windows += done.windows;
                taken.audio += audio;
                taken.redacted += redacted;
                taken.unredacted += u64::from(done.if_none.is_some());
            }
            self.minutes.add(entry.at, audio);
        }
        if let Some(failed) = entry.failed.as_ref().filter(|_| entry.state == State::Failed) {
            let failures = self.failures.entry(failed.kind).or_default();
            failures.count += 1;
            if failures.example.is_empty() {
                failures.example.clone_from(&failed.message);
            }
        }
        let row = Row::of(entry, self.folder);
        row.write(&mut self.rows);
        if matches!(entry.state, State::Failed | State::Unknown) {
            let is_first = entry.state == State::Unknown;
            let at = if is_first {
                self.urgent.partition_point(|row| row.is_unknown())
            } else {
                self.urgent.len()
            };
            self.urgent.insert(at, row);
            if self.urgent.len() > MOST_STATIC {
                self.urgent.pop();
                self.more += 1;
            }
        }
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Errors of `output`.
    pub fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        let template = include_str!("batch/batch.html");
        let page = environment().render_str(template, self.page()).map_err(io::Error::other)?;
        let (before, after) = page.rsplit_once(ROWS_HERE).unwrap_or((&page, ""));
        output.write_all(before.as_bytes())?;
        output.write_all(self.rows.get(1..).unwrap_or_default())?;
        output.write_all(after.as_bytes())
    }

    fn count(&self, state: State) -> u64 {
        self.counts.get(state_name(state)).copied().unwrap_or(0)
    }

    fn page(&self) -> Page<'_> {
        let total = self.counts.values().sum();
        let treatments = self.taken.iter().map(|(name, taken)| taken.cells(name));
        let failures = self.failures.iter().map(|(kind, failures)| {
            let (name, what) = words::of(*kind);
            [name.into(), failures.count.to_string(), what.into(), failures.example.clone()]
        });
        Page {
            title: self.title,
            sentence: self.sentence(total),
            badges: self.badges(),
            facts: self.facts(),
            treatments: treatments.collect(),
            failures: failures.collect(),
            charts: self.minutes.charts(),
            urgent: &self.urgent,
            more: self.more,
            total,
            made: rfc3339(std::time::SystemTime::now()),
            version: env!("CARGO_PKG_VERSION"),
            style: include_str!("page.css"),
            own_style: include_str!("batch/batch.css"),
            script: include_str!("batch/batch.js"),
        }
    }

    fn sentence(&self, total: u64) -> String {
        let Taken { windows, audio, redacted, .. } = self.all;
        format!(
            "{} of {total} recordings are done: {} of audio, in which {windows} windows, {} in all, were muted.",
            self.count(State::Done),
            words::hours(audio),
            words::hours(redacted)
        )
    }

    fn badges(&self) -> Vec<(&'static str, String)> {
        let mut badges = Vec::new();
        let mut add = |class, state, what: &str| match self.count(state) {
            0 => {}
            1 => badges.push((class, format!("1 recording {what}"))),
            count => badges.push((class, format!("{count} recordings {what}"))),
        };
        add("warn", State::Unknown, "unknown: a person must look");
        add("warn", State::Failed, "failed: not redacted");
        add("warn", State::Started, "begun, and not ended");
        add("warn", State::Planned, "not begun");
        if badges.is_empty() {
            badges.push(("good", "All recordings are done".to_owned()));
        }
        badges
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts: Vec<_> =
            [State::Done, State::Failed, State::Unknown, State::Started, State::Planned]
                .into_iter()
                .map(|state| (words::state(state), self.count(state).to_string()))
                .collect();
        facts.push(("Audio", words::hours(self.all.audio)));
        facts.push(("Muted", words::hours(self.all.redacted)));
        facts.push(("Windows", self.all.windows.to_string()));
        facts.push(("Nothing was found in", self.all.unredacted.to_string()));
        facts
    }
}

impl Taken {
    fn cells(&self, name: &str) -> [String; 5] {
        let Self { recordings, windows, audio, redacted, .. } = self;
        let (audio, redacted) = (words::hours(*audio), words::hours(*redacted));
        [name.to_owned(), recordings.to_string(), windows.to_string(), redacted, audio]
    }
}

#[cfg(test)]
mod tests;
