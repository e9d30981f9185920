//! What a worker has done so far: for its summary, for Prometheus, and for those who ask whether it lives.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::page::Page;
use crate::batch::{Done, FailureKind};
use crate::lock::lock;
use crate::span::time_of;

/// What a worker has done so far. Shared by its threads.
#[derive(Debug)]
pub struct Numbers {
    counts: Mutex<Counts>,
    answers: Mutex<Answers>,
    troubles: Mutex<Troubles>,
}

/// What the queue has said of late.
#[derive(Debug, Default)]
struct Answers {
    /// When its last answer came; none if it was asked once more, and did not answer.
    last: Option<Instant>,
    /// How long it may be silent.
    within: Duration,
    /// The worker ends.
    has_ended: bool,
}

/// Failures that may be a store's fault.
#[derive(Debug, Default)]
struct Troubles {
    /// So many in a row.
    count: u32,
    last: Option<Instant>,
    /// Before this, a store asked for no more requests.
    until: Option<Instant>,
}

/// The shortest silence of the queue that says that it does not answer: longer than the longest pause of pulls.
const SILENCE: Duration = Duration::from_secs(90);

/// The longest that all work waits for one store, and that troubles are known without a new one.
const LONGEST_HOLD: Duration = Duration::from_secs(15 * 60);

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// It is done.
    Done,
    /// It asked for nothing that sordino does.
    Ignored,
    /// It waits for its list or transcript.
    NotYet,
    /// It failed, and comes again.
    Again,
    /// It is where a person finds it.
    Buried,
    /// It was given back because the worker ends.
    HandedBack,
    /// Another may have it, or the queue could not be told.
    Lost,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    in_flight: u64,
    ended: BTreeMap<Ended, u64>,
    failed: BTreeMap<FailureKind, u64>,
    ignored: BTreeMap<&'static str, u64>,
    recordings: u64,
    left_out: u64,
    copied: u64,
    audio: Duration,
    redacted: Duration,
    bytes: u64,
    working: Duration,
    verbs: BTreeMap<&'static str, Verb>,
}

/// How often the queue was asked for something, and how long that took.
#[derive(Debug, Clone, Default)]
struct Verb {
    calls: u64,
    errors: u64,
    took: Duration,
}

impl Ended {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Ignored,
        Self::NotYet,
        Self::Again,
        Self::Buried,
        Self::HandedBack,
        Self::Lost,
    ];

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Ignored => "ignored",
            Self::NotYet => "not_yet",
            Self::Again => "again",
            Self::Buried => "buried",
            Self::HandedBack => "handed_back",
            Self::Lost => "lost",
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self::new()
    }
}

impl Numbers {
    /// Of a worker that has done nothing yet.
    pub fn new() -> Self {
        let (counts, answers, troubles) = Default::default();
        Self { counts, answers, troubles }
    }

    /// How many jobs ended so.
    pub fn of(&self, ended: Ended) -> u64 {
        lock(&self.counts).ended.get(&ended).copied().unwrap_or(0)
    }

    /// How many recordings failed, by kind, each failure of each.
    pub fn failures(&self) -> BTreeMap<FailureKind, u64> {
        lock(&self.counts).failed.clone()
    }

    /// Recordings that are done, and how long they play.
    pub fn recordings(&self) -> (u64, Duration) {
        let counts = lock(&self.counts);
        (counts.recordings, counts.audio)
    }

    /// Of those: nothing was found, and they have no output, or an unredacted one.
    pub fn nothing_found(&self) -> (u64, u64) {
        let counts = lock(&self.counts);
        (counts.left_out, counts.copied)
    }

    /// How long all jobs took together, and how long the queue was asked besides.
    pub fn times(&self) -> (Duration, Duration) {
        let counts = lock(&self.counts);
        (counts.working, counts.verbs.values().map(|verb| verb.took).sum())
    }

    /// Whether the queue has answered what it was asked last, and not long ago. Not when the worker ends.
    pub fn is_ready(&self) -> bool {
        self.is_ready_at(Instant::now())
    }

    pub(super) fn is_ready_at(&self, now: Instant) -> bool {
        let (answers, held) = (lock(&self.answers), lock(&self.troubles).until);
        // While a store wants no request the queue is not asked for jobs either.
        let since = answers.last.map(|last| held.map_or(last, |held| held.max(last)));
        let is_recent = |since| now.saturating_duration_since(since) <= answers.within.max(SILENCE);
        !answers.has_ended && since.is_some_and(is_recent)
    }

    /// The queue is asked at least so often.
    pub(super) fn expect_answers_within(&self, within: Duration) {
        lock(&self.answers).within = within;
    }

    /// Whether the queue has answered what it was asked just now.
    pub(super) fn answered(&self, has_answered: bool) {
        lock(&self.answers).last = has_answered.then(Instant::now);
    }

    /// The worker is to end.
    pub(super) fn end(&self) {
        lock(&self.answers).has_ended = true;
    }

    /// A failure that may be a store's fault, and how long it asks for no more requests.
    pub(super) fn trouble(&self, asked: Option<Duration>) {
        let (mut troubles, now) = (lock(&self.troubles), Instant::now());
        troubles.count = troubles.count.saturating_add(1);
        troubles.last = Some(now);
        let until = asked.map(|asked| now + asked.min(LONGEST_HOLD));
        troubles.until = troubles.until.max(until);
    }

    /// A recording that was begun then is done: stores answer. `wrote`: it is in its place; else stores were read
    /// only.
    fn no_trouble(&self, begun: Instant, wrote: bool) {
        let mut troubles = lock(&self.troubles);
        if troubles.last.is_none_or(|last| last < begun) {
            troubles.count = if wrote { 0 } else { troubles.count / 2 };
        }
    }

    /// How many failures in a row there were of late.
    pub(super) fn troubles(&self) -> u32 {
        self.troubles_at(Instant::now())
    }

    pub(super) fn troubles_at(&self, now: Instant) -> u32 {
        let troubles = lock(&self.troubles);
        let is_recent = |last| now.saturating_duration_since(last) < LONGEST_HOLD;
        if troubles.last.is_some_and(is_recent) { troubles.count } else { 0 }
    }

    /// How long a store still wants no request.
    pub(super) fn hold(&self) -> Duration {
        let until = lock(&self.troubles).until;
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    pub(super) fn begun(&self) {
        lock(&self.counts).in_flight += 1;
    }

    pub(super) fn ended(&self, ended: Ended, took: Duration) {
        let mut counts = lock(&self.counts);
        counts.in_flight = counts.in_flight.saturating_sub(1);
        *counts.ended.entry(ended).or_default() += 1;
        counts.working += took;
    }

    pub(super) fn failed(&self, kind: FailureKind) {
        *lock(&self.counts).failed.entry(kind).or_default() += 1;
    }

    /// An announcement asks for nothing, for this reason.
    pub(super) fn ignored(&self, why: &'static str) {
        *lock(&self.counts).ignored.entry(why).or_default() += 1;
    }

    /// `begun`: when the work on it began.
    pub(super) fn redacted(&self, done: &Done, begun: Instant) {
        self.no_trouble(begun, done.if_none.as_deref() != Some("skip"));
        let mut counts = lock(&self.counts);
        counts.recordings += 1;
        counts.audio += time_of(done.frames, done.rate.max(1));
        counts.redacted += time_of(done.redacted_frames, done.rate.max(1));
        counts.bytes += done.bytes;
        match done.if_none.as_deref() {
            Some("skip") => counts.left_out += 1,
            Some(_) => counts.copied += 1,
            None => {}
        }
    }

    pub(super) fn called(&self, verb: &'static str, took: Duration, failed: bool) {
        let mut counts = lock(&self.counts);
        let verb = counts.verbs.entry(verb).or_default();
        verb.calls += 1;
        verb.errors += u64::from(failed);
        verb.took += took;
    }

    /// All numbers in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        let counts = lock(&self.counts).clone();
        let mut page = Page::default();
        page.gauge("ready", "Whether the queue answers.", u8::from(self.is_ready()).into());
        page.gauge("jobs_in_flight", "Jobs in work.", counts.in_flight);
        let ended = Ended::ALL.map(|it| (it.name(), counts.ended.get(&it).copied().unwrap_or(0)));
        page.counters("jobs_total", "Jobs by what became of them.", "outcome", ended);
        let failed = counts.failed.into_iter().map(|(kind, n)| (kind.name(), n));
        page.counters("failures_total", "Failures of recordings.", "kind", failed);
        let (name, help) = ("ignored_total", "Announcements that ask for nothing.");
        page.counters(name, help, "reason", counts.ignored);
        page.counter("recordings_total", "Recordings that are done.", counts.recordings);
        page.counter("bytes_written_total", "Bytes of them.", counts.bytes);
        page.seconds("audio_seconds_total", "How long they play.", counts.audio);
        page.seconds("redacted_seconds_total", "How much of that is muted.", counts.redacted);
        page.seconds("job_seconds_total", "Time that jobs took together.", counts.working);
        let calls = counts.verbs.iter().map(|(name, verb)| (*name, verb.calls));
        page.counters("queue_calls_total", "Requests to the queue.", "verb", calls);
        let errors = counts.verbs.iter().map(|(name, verb)| (*name, verb.errors));
        page.counters("queue_errors_total", "Of these, failed.", "verb", errors);
        let took = counts.verbs.values().map(|verb| verb.took).sum();
        page.seconds("queue_seconds_total", "Time that they took, without waiting for jobs.", took);
        page.text()
    }
}
