//! Any sequence of calls does to a journal what it does to a simple one in memory.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sordino::batch::{
    Api, Claimed, Counts, Done, Entry, Event, Failed, FailureKind, Filter, Input, Journal,
    JournalError, Key, Link, Planned, Spec, State, Upload, open_journal,
};

use super::{chain, change, done, entries, plan, planned, spec};

/// The recordings: four in a store and two at Genesys, each with three sets of windows.
const RECORDINGS: usize = 6;
const SPECS: usize = RECORDINGS * 3;
const MANIFESTS: [&str; 3] = ["january", "february", "march"];

fn spec_of(number: usize) -> Spec {
    let windows = ["1-2", "1-3", "2-3"][number / RECORDINGS];
    let recording = number % RECORDINGS;
    let mut spec = spec(&format!("call-{recording}"), windows);
    if recording >= 4 {
        spec.input = Input::Genesys {
            api: Api::Recordings,
            conversation: "c".to_owned(),
            recording: format!("r{recording}"),
            delete: None,
        };
        spec.output.clear();
    }
    spec
}

#[derive(Debug, Clone)]
enum Op {
    Plan { by: usize, manifest: usize, specs: Vec<usize> },
    Claim { by: usize, manifest: usize, most: usize },
    Apply { by: usize, changes: Vec<(usize, Happens)> },
    RetryFailed { by: usize, manifest: usize },
    Renew { by: usize },
    Orphans { by: usize },
    LeaseEnds { by: usize },
    Die { by: usize },
}

#[derive(Debug, Clone, Copy)]
enum Happens {
    Upload(u8),
    Aborted(u8),
    Granting,
    Refused,
    Done,
    Failed,
    Unknown,
    Released,
}

/// As it is shown.
fn failed() -> Failed {
    Failed { kind: FailureKind::Unavailable, message: "no answer: \u{fffd} ü".to_owned() }
}

/// As a server has sent it.
fn failed_raw() -> Failed {
    Failed { message: "no\0answer:\n\u{fffd}\u{85}ü".to_owned(), ..failed() }
}

fn event(key: &Key, happens: Happens) -> Event {
    match happens {
        Happens::Upload(id) => Event::Upload(upload(id)),
        Happens::Aborted(id) => Event::Aborted(upload(id)),
        Happens::Granting => Event::Granting,
        Happens::Refused => Event::Refused,
        Happens::Done => Event::Done(Box::new(done(key))),
        Happens::Failed => Event::Failed(failed_raw()),
        Happens::Unknown => Event::Unknown(failed_raw()),
        Happens::Released => Event::Released,
    }
}

fn upload(id: u8) -> Upload {
    Upload { place: "s3://clean/call.wav".to_owned(), id: id.to_string() }
}

/// Mostly what leads somewhere: plans are rare, claims and changes are not.
fn ops(workers: usize) -> impl Strategy<Value = Vec<Op>> {
    let by = 0..workers;
    let manifest = 0..MANIFESTS.len();
    let happens = prop_oneof![
        2 => (0..3_u8).prop_map(Happens::Upload),
        1 => (0..3_u8).prop_map(Happens::Aborted),
        2 => Just(Happens::Granting),
        1 => Just(Happens::Refused),
        4 => Just(Happens::Done),
        2 => Just(Happens::Failed),
        1 => Just(Happens::Unknown),
        2 => Just(Happens::Released),
    ];
    let op = prop_oneof![
        3 => (by.clone(), manifest.clone(), vec(0..SPECS, 0..8))
            .prop_map(|(by, manifest, specs)| Op::Plan { by, manifest, specs }),
        6 => (by.clone(), manifest.clone(), 0..4_usize)
            .prop_map(|(by, manifest, most)| Op::Claim { by, manifest, most }),
        9 => (by.clone(), vec((0..SPECS * 4, happens), 0..6))
            .prop_map(|(by, changes)| Op::Apply { by, changes }),
        1 => (by.clone(), manifest).prop_map(|(by, manifest)| Op::RetryFailed { by, manifest }),
        1 => by.clone().prop_map(|by| Op::Renew { by }),
        2 => by.clone().prop_map(|by| Op::Orphans { by }),
        1 => by.clone().prop_map(|by| Op::LeaseEnds { by }),
        1 => by.prop_map(|by| Op::Die { by }),
    ];
    vec(op, 1..40)
}

/// A row of the journal in memory.
#[derive(Debug, Clone)]
struct Row {
    job: Planned,
    target: String,
    manifest: Option<usize>,
    state: State,
    attempt: u32,
    granting: bool,
    /// Who has it, and since which of its deaths.
    worker: Option<(usize, u32)>,
    /// Whether the claim still holds.
    holds: bool,
    uploads: Vec<Upload>,
    done: Option<Done>,
    failed: Option<Failed>,
}

/// What is left of a job whose worker died at the worst moment.
fn died() -> Failed {
    let message = "its worker ended while a new recording was created at Genesys; look there whether it exists";
    Failed { kind: FailureKind::Other, message: message.to_owned() }
}

impl Row {
    fn new(job: &Planned, target: String, manifest: usize) -> Self {
        Self {
            job: job.clone(),
            target,
            manifest: Some(manifest),
            state: State::Planned,
            attempt: 0,
            granting: false,
            worker: None,
            holds: false,
            uploads: Vec::new(),
            done: None,
            failed: None,
        }
    }

    fn dead(&self) -> bool {
        self.state == State::Started && !self.holds
    }

    /// No manifest has it, and nothing is left of it.
    fn is_abandoned(&self) -> bool {
        let state =
            matches!(self.state, State::Planned | State::Failed) || (self.dead() && !self.granting);
        self.manifest.is_none() && state && self.uploads.is_empty()
    }

    fn is_lost(&mut self) {
        (self.state, self.granting, self.failed) = (State::Unknown, false, Some(died()));
    }

    fn entry(&self) -> Entry {
        Entry {
            key: self.job.key.clone(),
            line: self.job.line,
            id: self.job.id.clone(),
            spec: self.job.spec.clone(),
            state: self.state,
            attempt: self.attempt,
            at: 0,
            done: self.done.clone(),
            failed: self.failed.clone(),
        }
    }
}

#[derive(Debug, Default)]
struct Model {
    rows: Vec<Row>,
    links: Vec<Link>,
    deaths: [u32; 2],
}

fn target(spec: &Spec) -> String {
    match &spec.input {
        Input::Genesys { recording, .. } => recording.clone(),
        Input::Place { .. } => spec.output.clone(),
    }
}

impl Model {
    fn me(&self, by: usize) -> Option<(usize, u32)> {
        Some((by, self.deaths[by]))
    }

    /// A job for something to happen to: any, but mostly one that is being done.
    fn pick(&self, number: usize) -> Key {
        let started = self.rows.iter().filter(|row| row.state == State::Started);
        let started: Vec<&Row> = started.collect();
        match number.checked_sub(SPECS) {
            Some(number) if !started.is_empty() => started[number % started.len()].job.key.clone(),
            _ => Key::of(&spec_of(number % SPECS)),
        }
    }

    fn of(&self, key: &Key) -> Option<usize> {
        self.rows.iter().position(|row| row.job.key == *key)
    }

    /// The jobs that are not done, and have the output of a new one.
    fn replaced(&self, job: &Planned) -> Option<usize> {
        let target = target(&job.spec);
        let other = self.rows.iter().position(|row| {
            row.target == target && row.job.key != job.key && row.state != State::Done
        });
        other.filter(|_| self.of(&job.key).is_none())
    }

    /// The counts, or the word of the error.
    fn plan(&mut self, manifest: usize, jobs: &[Planned]) -> Result<Counts, &'static str> {
        let targets: Vec<_> = jobs.iter().map(|job| target(&job.spec)).collect();
        if targets.iter().enumerate().any(|(at, target)| targets[..at].contains(target)) {
            return Err("same output");
        }
        let in_work = |at: usize| self.rows[at].state == State::Started && self.rows[at].holds;
        if jobs.iter().filter_map(|job| self.replaced(job)).any(in_work) {
            return Err("in work");
        }
        let mut new = Vec::new();
        for job in jobs {
            if let Some(at) = self.replaced(job) {
                self.replace(at, job, manifest);
            } else if let Some(at) = self.of(&job.key) {
                self.rows[at].manifest = Some(manifest);
                (self.rows[at].job.line, self.rows[at].job.id) = (job.line, job.id.clone());
            } else {
                new.push(Row::new(job, target(&job.spec), manifest));
            }
        }
        self.rows.append(&mut new);
        self.lost(manifest);
        let is_gone = |row: &Row| {
            row.manifest == Some(manifest) && !jobs.iter().any(|job| job.key == row.job.key)
        };
        let is_nothing = |row: &Row| {
            let state = matches!(row.state, State::Planned | State::Failed) || row.dead();
            state && row.uploads.is_empty()
        };
        self.rows.retain(|row| !(is_gone(row) && is_nothing(row)));
        for row in self.rows.iter_mut().filter(|row| is_gone(row)) {
            row.manifest = None;
        }
        Ok(self.counts(Some(manifest)))
    }

    fn replace(&mut self, at: usize, job: &Planned, manifest: usize) {
        let mut old = self.rows.remove(at);
        if old.granting {
            old.is_lost();
        }
        let is_unknown = old.state == State::Unknown;
        let state = if is_unknown { State::Unknown } else { State::Planned };
        let failed = old.failed.filter(|_| is_unknown);
        let new = Row::new(job, old.target, manifest);
        self.rows
            .insert(at, Row { state, failed, attempt: old.attempt, uploads: old.uploads, ..new });
    }

    fn lost(&mut self, manifest: usize) {
        for row in &mut self.rows {
            if row.manifest == Some(manifest) && row.dead() && row.granting {
                row.is_lost();
            }
        }
    }

    fn claim(&mut self, by: usize, manifest: usize, most: usize) -> Vec<Claimed> {
        self.lost(manifest);
        let me = self.me(by);
        let mut claimed = Vec::new();
        let dones: Vec<Row> =
            self.rows.iter().filter(|row| row.state == State::Done).cloned().collect();
        for state in [State::Started, State::Planned] {
            for row in &mut self.rows {
                let free = row.state == state && (state == State::Planned || row.dead());
                if row.manifest != Some(manifest) || !free || claimed.len() == most {
                    continue;
                }
                (row.state, row.worker, row.holds) = (State::Started, me, true);
                (row.failed, row.attempt) = (None, row.attempt + 1);
                let before = dones.iter().find(|done| done.target == row.target);
                claimed.push(Claimed {
                    key: row.job.key.clone(),
                    line: row.job.line,
                    id: row.job.id.clone(),
                    spec: row.job.spec.clone(),
                    attempt: row.attempt,
                    uploads: row.uploads.clone(),
                    before: before.and_then(|before| before.done.clone()),
                    trace: None,
                });
            }
        }
        claimed
    }

    fn apply(&mut self, by: usize, key: &Key, happens: Happens) -> bool {
        let Some(at) = self.of(key) else { return false };
        let mine = self.rows[at].state == State::Started && self.rows[at].worker == self.me(by);
        let me = self.me(by);
        let row = &mut self.rows[at];
        let counts = match happens {
            Happens::Done | Happens::Unknown => row.state != State::Done,
            Happens::Aborted(id) => {
                let known = row.uploads.len();
                row.uploads.retain(|other| *other != upload(id));
                let counts = row.uploads.len() < known;
                if row.is_abandoned() {
                    self.rows.remove(at);
                }
                return counts;
            }
            _ => mine,
        };
        if !counts {
            return false;
        }
        match happens {
            Happens::Upload(id) => {
                row.uploads.push(upload(id));
                row.uploads.sort_by(|a, b| a.id.cmp(&b.id));
                row.uploads.dedup();
            }
            Happens::Aborted(_) => unreachable!("it has returned"),
            Happens::Granting => row.granting = true,
            Happens::Refused => row.granting = false,
            Happens::Failed => {
                (row.state, row.failed, row.granting) = (State::Failed, Some(failed()), false);
            }
            Happens::Unknown => {
                (row.state, row.failed, row.granting) = (State::Unknown, Some(failed()), false);
            }
            Happens::Released if row.granting => row.is_lost(),
            Happens::Released => row.state = State::Planned,
            Happens::Done => {
                (row.state, row.failed, row.granting) = (State::Done, None, false);
                (row.done, row.worker) = (Some(done(key)), me);
                row.uploads.clear();
                let target = row.target.clone();
                self.link(key);
                self.rows.retain(|row| {
                    row.target != target || row.state != State::Done || row.job.key == *key
                });
            }
        }
        true
    }

    fn link(&mut self, key: &Key) {
        let done = done(key);
        let previous = self.links.last().map_or_else(|| "0".repeat(64), |link| link.hash.clone());
        let mut link = Link {
            sequence: self.links.len() as u64 + 1,
            key: key.clone(),
            receipt: done.receipt.unwrap(),
            sha256: done.receipt_sha256.unwrap(),
            previous,
            hash: String::new(),
        };
        link.hash = link.hash();
        self.links.push(link);
    }

    fn orphans(&mut self) -> Vec<(Key, Upload)> {
        for row in &mut self.rows {
            if row.manifest.is_none() && row.dead() && row.granting {
                row.is_lost();
            }
        }
        self.rows.retain(|row| !row.is_abandoned());
        let nobodys = self.rows.iter().filter(|row| {
            let is_live = row.state == State::Started && row.holds;
            (row.manifest.is_none() || row.state == State::Failed) && !is_live
        });
        let uploads = nobodys
            .flat_map(|row| row.uploads.iter().map(|upload| (row.job.key.clone(), upload.clone())));
        uploads.collect()
    }

    fn retry_failed(&mut self, manifest: usize) -> u64 {
        let mut retried = 0;
        for row in &mut self.rows {
            if row.manifest == Some(manifest) && row.state == State::Failed {
                (row.state, row.failed) = (State::Planned, None);
                retried += 1;
            }
        }
        retried
    }

    fn shown(&self, manifest: Option<usize>) -> Vec<Entry> {
        let shown = self.rows.iter().filter(|row| match manifest {
            Some(manifest) => row.manifest == Some(manifest),
            None => row.manifest.is_some() || row.state != State::Done,
        });
        shown.map(Row::entry).collect()
    }

    fn counts(&self, manifest: Option<usize>) -> Counts {
        let shown = self.shown(manifest);
        let of = |state| shown.iter().filter(|entry| entry.state == state).count() as u64;
        Counts {
            planned: of(State::Planned),
            started: of(State::Started),
            done: of(State::Done),
            failed: of(State::Failed),
            unknown: of(State::Unknown),
        }
    }
}

/// Where the journals of a test are.
pub trait Place {
    /// How many processes may work with it at once.
    const WORKERS: usize;
    /// Empties it.
    fn empty(&mut self);
    /// Opens it for one more process.
    fn open(&mut self) -> Box<dyn Journal>;
    /// Lets the claims of a process end: by its death, or because it does not renew them.
    fn end_claims(&mut self, of: &[Key]);
}

/// Runs the same calls on both, and compares all that can be seen after each.
pub fn holds<P: Place>(place: &mut P, cases: u32) {
    let more = if std::env::var_os("SORDINO_CAMPAIGN").is_some() { 25 } else { 1 };
    let config = ProptestConfig {
        cases: cases * more,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let place = std::cell::RefCell::new(place);
    let held = TestRunner::new(config).run(&ops(P::WORKERS), |ops| {
        let place = &mut **place.borrow_mut();
        place.empty();
        let mut model = Model::default();
        let mut journals: Vec<_> = (0..P::WORKERS).map(|_| Some(place.open())).collect();
        for op in &ops {
            step(place, &mut model, &mut journals, op);
            compare(&model, journals[0].as_mut().unwrap().as_mut(), op);
        }
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}

fn step<P: Place>(
    place: &mut P,
    model: &mut Model,
    journals: &mut [Option<Box<dyn Journal>>],
    op: &Op,
) {
    let (Op::Plan { by, .. }
    | Op::Claim { by, .. }
    | Op::Apply { by, .. }
    | Op::RetryFailed { by, .. }
    | Op::Renew { by }
    | Op::Orphans { by }
    | Op::LeaseEnds { by }
    | Op::Die { by }) = *op;
    let journal = journals[by].as_mut().unwrap().as_mut();
    match op {
        Op::Plan { manifest, specs, .. } => {
            let jobs: Vec<Planned> =
                specs.iter().zip(2..).map(|(spec, line)| planned(line, spec_of(*spec))).collect();
            let counts = plan(journal, MANIFESTS[*manifest], jobs.clone());
            let counts = counts.map_err(|error| match error {
                JournalError::SameOutput { .. } => "same output",
                JournalError::InWork { .. } => "in work",
                other => panic!("{other}"),
            });
            assert_eq!(counts, model.plan(*manifest, &jobs));
        }
        Op::Claim { manifest, most, .. } => {
            let claimed = journal.claim(MANIFESTS[*manifest], *most).unwrap();
            assert_eq!(claimed, model.claim(by, *manifest, *most));
        }
        Op::Apply { changes, .. } => {
            let keys = changes.iter().map(|(job, happens)| (model.pick(*job), *happens));
            let keys: Vec<_> = keys.collect();
            let changes: Vec<_> =
                keys.iter().map(|(key, happens)| change(key, event(key, *happens))).collect();
            let counted = journal.apply(&changes).unwrap();
            let expected = keys.iter().map(|(key, happens)| model.apply(by, key, *happens));
            assert_eq!(counted, expected.collect::<Vec<_>>());
        }
        Op::RetryFailed { manifest, .. } => {
            let retried = journal.retry_failed(MANIFESTS[*manifest]).unwrap();
            assert_eq!(retried, model.retry_failed(*manifest));
        }
        Op::Renew { .. } => {
            journal.renew().unwrap();
            let me = model.me(by);
            let mine = model.rows.iter_mut().filter(|row| row.worker == me);
            mine.for_each(|row| row.holds = true);
        }
        Op::Orphans { .. } => assert_eq!(journal.orphans().unwrap(), model.orphans()),
        Op::LeaseEnds { .. } if P::WORKERS == 1 => {}
        Op::LeaseEnds { .. } => end_claims(place, model, by),
        Op::Die { .. } => {
            journals[by] = None;
            end_claims(place, model, by);
            model.deaths[by] += 1;
            journals[by] = Some(place.open());
        }
    }
}

fn end_claims<P: Place>(place: &mut P, model: &mut Model, by: usize) {
    let me = model.me(by);
    let mine = model.rows.iter_mut().filter(|row| row.worker == me);
    let ended: Vec<Key> = mine
        .map(|row| {
            row.holds = false;
            row.job.key.clone()
        })
        .collect();
    place.end_claims(&ended);
}

fn compare(model: &Model, journal: &mut dyn Journal, op: &Op) {
    for manifest in [None, Some(0), Some(1), Some(2)] {
        let name = manifest.map(|manifest| MANIFESTS[manifest]);
        assert_eq!(journal.counts(name).unwrap(), model.counts(manifest), "{op:?}");
        let filter = Filter { manifest: name.map(str::to_owned), state: None };
        let mut shown = entries(journal, &filter);
        shown.iter_mut().for_each(|entry| entry.at = 0);
        assert_eq!(shown, model.shown(manifest), "{op:?}");
    }
    assert_eq!(chain(journal), model.links, "{op:?}");
}

struct InAFile(tempfile::TempDir, u32);

impl Place for InAFile {
    const WORKERS: usize = 1;

    fn empty(&mut self) {
        self.1 += 1;
    }

    fn open(&mut self) -> Box<dyn Journal> {
        open_journal(self.0.path().join(self.1.to_string()).to_str().unwrap()).unwrap()
    }

    fn end_claims(&mut self, _: &[Key]) {}
}

#[test]
fn any_calls_do_to_a_file_what_they_do_in_memory() {
    holds(&mut InAFile(tempfile::tempdir().unwrap(), 0), 40);
}
