//! What a run has done so far: counted as its news come in, told at the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sordino::batch::{Counts, Done, FailureKind, News};
use sordino::span::time_of;

use super::super::text::{count, elapsed};

/// Counts of one run.
pub(super) struct Tally {
    began: Instant,
    /// Jobs of the manifest, those that were done before among them.
    pub(super) total: u64,
    /// Jobs that were done before this run.
    skipped: u64,
    /// Jobs that had failed before this run, and are left as they are.
    failed_before: u64,
    done: u64,
    failed: u64,
    /// Of the done ones: nothing was found, and they have no output, or an unredacted one.
    left_out: u64,
    copied: u64,
    audio: Duration,
    redacted: Duration,
    bytes: u64,
    failures: BTreeMap<FailureKind, u64>,
}

impl Tally {
    /// At the beginning of a run, when the jobs are planned.
    pub(super) fn new(counts: Counts) -> Self {
        Self {
            began: Instant::now(),
            total: counts.total(),
            skipped: counts.done,
            failed_before: counts.failed + counts.unknown,
            done: 0,
            failed: 0,
            left_out: 0,
            copied: 0,
            audio: Duration::ZERO,
            redacted: Duration::ZERO,
            bytes: 0,
            failures: BTreeMap::new(),
        }
    }

    /// Counts what has become durable.
    pub(super) fn count(&mut self, news: &News<'_>) {
        match news {
            News::Done { done, again: false, .. } => self.add(done),
            News::Failed { failed, .. } => {
                self.failed += 1;
                *self.failures.entry(failed.kind).or_default() += 1;
            }
            News::Done { again: true, .. } | News::Again { .. } | News::Tick => {}
        }
    }

    fn add(&mut self, done: &Done) {
        self.done += 1;
        self.audio += time_of(done.frames, done.rate.max(1));
        self.redacted += time_of(done.redacted_frames, done.rate.max(1));
        self.bytes += done.bytes;
        match done.if_none.as_deref() {
            Some("skip") => self.left_out += 1,
            Some(_) => self.copied += 1,
            None => {}
        }
    }

    /// How much faster than playing.
    fn speed(&self) -> f64 {
        self.audio.as_secs_f64() / self.began.elapsed().as_secs_f64().max(1e-3)
    }

    fn hours(&self) -> f64 {
        self.audio.as_secs_f64() / 3600.0
    }

    /// The time that the rest takes, if it goes on like this.
    fn left(&self) -> Option<Duration> {
        let finished = u32::try_from(self.done + self.failed).ok().filter(|&n| n > 0)?;
        let over = self.skipped + self.failed_before;
        let rest = self.total.saturating_sub(over + u64::from(finished));
        let each = self.began.elapsed() / finished;
        each.checked_mul(u32::try_from(rest).ok()?)
    }

    /// `1204 of 5000 done, 3 failed, 8.0 h of audio, 412 x realtime, 2:05 left`.
    pub(super) fn line(&self) -> String {
        let Self { total, failed, .. } = self;
        let done = self.skipped + self.done;
        let left = self.left().map_or(String::new(), |left| format!(", {} left", clock(left)));
        let (hours, speed) = (self.hours(), self.speed());
        format!(
            "{done} of {total} done, {failed} failed, {hours:.1} h of audio, {speed:.0} x realtime{left}"
        )
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "done": self.done,
            "skipped": self.skipped,
            "failed": self.failed,
            "total": self.total,
            "audioSeconds": self.audio.as_secs_f64(),
            "timesRealTime": self.speed(),
            "secondsLeft": self.left().map(|left| left.as_secs_f64()),
        })
    }

    /// The end of a run, for programs. `counts`: where all jobs stand now.
    pub(super) fn summary_json(&self, counts: Counts) -> Value {
        json!({
            "state": "summary",
            "done": self.done,
            "skipped": self.skipped,
            "failed": counts.failed,
            "unknown": counts.unknown,
            "planned": counts.planned,
            "total": counts.total(),
            "failures": self.failures.iter().map(|(kind, n)| (kind.name(), (*n).into())).collect::<serde_json::Map<_, _>>(),
            "nothingFound": { "skipped": self.left_out, "copied": self.copied },
            "audioSeconds": self.audio.as_secs_f64(),
            "redactedSeconds": self.redacted.as_secs_f64(),
            "bytes": self.bytes,
            "seconds": self.began.elapsed().as_secs_f64(),
            "timesRealTime": self.speed(),
        })
    }

    /// The end of a run, for people.
    pub(super) fn summary(&self, counts: Counts) -> String {
        let mut lines = vec![format!("done     {}", self.done)];
        let mut line = |number: u64, text: String| lines.extend((number > 0).then_some(text));
        line(self.left_out, format!("  nothing found, left out           {}", self.left_out));
        line(self.copied, format!("  nothing found, copied unredacted  {}", self.copied));
        line(self.skipped, format!("skipped  {}, done by an earlier run", self.skipped));
        let failed = counts.failed + counts.unknown;
        line(failed, format!("failed   {failed}"));
        for (kind, number) in &self.failures {
            line(*number, format!("  {:<20}  {number}", reason(*kind)));
        }
        let before = failed.saturating_sub(self.failed);
        line(before, format!("  in an earlier run     {before}"));
        line(
            counts.unknown,
            format!(
                "  of these, {} may exist at Genesys: a person must look",
                count(counts.unknown, "new recording")
            ),
        );
        line(counts.planned, format!("not done {}", counts.planned));
        lines.push(format!(
            "audio    {:.2} h, {:.1} s of it redacted; {:.1} MB written",
            self.hours(),
            self.redacted.as_secs_f64(),
            megabytes(self.bytes)
        ));
        let took = elapsed(self.began.elapsed());
        lines.push(format!("took     {took}, {:.0} x realtime", self.speed()));
        lines.join("\n")
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes are far below 2^53")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// `0:05`, `12:00`, `1:00:00`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A kind of failure in words.
pub(in super::super) fn reason(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Missing => "not there",
        FailureKind::NoWindows => "no list of windows",
        FailureKind::NothingFound => "nothing found",
        FailureKind::Windows => "windows",
        FailureKind::Recording => "recording",
        FailureKind::Exists => "exists already",
        FailureKind::Changed => "changed meanwhile",
        FailureKind::Refused => "refused",
        FailureKind::Unavailable => "not available",
        FailureKind::Storage => "disk",
        FailureKind::SelfCheck => "self-check",
        FailureKind::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_left_are_shown_as_on_a_clock() {
        let shown = [0, 59, 60, 3599, 3600, 86_400].map(|s| clock(Duration::from_secs(s)));
        assert_eq!(shown, ["0:00", "0:59", "1:00", "59:59", "1:00:00", "24:00:00"]);
    }

    #[test]
    fn what_is_left_is_estimated_from_what_is_done() {
        let counts = Counts { planned: 10, done: 5, failed: 1, ..Counts::default() };
        let mut tally = Tally::new(counts);
        assert_eq!((tally.total, tally.left()), (16, None));
        tally.began -= Duration::from_secs(10);
        let done = Done { frames: 8000 * 3600, rate: 8000, ..Done::default() };
        tally.add(&done);
        tally.add(&Done { if_none: Some("copy".into()), ..done });
        let left = tally.left().unwrap().as_secs();
        assert!((40..=42).contains(&left), "two in ten seconds, eight to do: {left}");
        assert!(
            tally.line().starts_with("7 of 16 done, 0 failed, 2.0 h of audio, 7"),
            "{}",
            tally.line()
        );
        assert_eq!(tally.copied, 1);
    }
}
