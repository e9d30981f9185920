//! The runner with a journal in memory and work that does what a test says.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::super::journal::{Entry, Filter, Jobs};
use super::super::model::{
    Change, FailureKind, Input, Key, Link, Planned, Spec, State, Upload, WindowsSpec,
};
use super::*;

/// One row.
#[derive(Clone)]
struct Row {
    planned: Planned,
    state: State,
    attempt: u32,
    uploads: Vec<Upload>,
}

/// A journal in memory.
#[derive(Default, Clone)]
struct Memory {
    rows: BTreeMap<String, Row>,
    commits: u64,
    /// Fails at this one of its commits.
    breaks_at: Option<u64>,
    /// Another process has done each job first.
    taken_over: bool,
}

impl Memory {
    /// With this many planned jobs: `0`, `1`, ….
    fn of(count: usize) -> Self {
        let mut memory = Self::default();
        for at in 0..count {
            let spec = Spec {
                input: Input::Place { place: at.to_string(), version: None },
                windows: WindowsSpec::Inline(vec!["1-2".into()]),
                windows_version: None,
                treatment: None,
                output: format!("{at}.wav"),
                receipt: None,
                policy: String::new(),
            };
            let key = Key(format!("{at:04}"));
            let planned = Planned { key: key.clone(), line: Some(at as u64 + 2), id: None, spec };
            let state = State::Planned;
            let row = Row { planned, state, attempt: 0, uploads: vec![] };
            memory.rows.insert(key.0, row);
        }
        memory
    }

    fn states(&self) -> Vec<State> {
        self.rows.values().map(|row| row.state).collect()
    }
}

impl Journal for Memory {
    fn plan(&mut self, _: &str, _: &mut Jobs<'_>) -> Result<Counts, JournalError> {
        unreachable!("the runner does not plan")
    }

    fn retry_failed(&mut self, _: &str) -> Result<u64, JournalError> {
        unreachable!("the runner does not do it")
    }

    fn claim(&mut self, _: &str, most: usize) -> Result<Vec<Claimed>, JournalError> {
        let next = self.rows.values_mut().filter(|row| row.state == State::Planned).take(most);
        let claimed = next.map(|row| {
            row.state = State::Started;
            row.attempt += 1;
            let (attempt, uploads) = (row.attempt, row.uploads.clone());
            let Planned { key, line, id, spec } = row.planned.clone();
            Claimed { key, line, id, spec, attempt, uploads, before: None }
        });
        Ok(claimed.collect())
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Vec<bool>, JournalError> {
        self.commits += 1;
        if self.breaks_at == Some(self.commits) {
            let (path, reason) = ("memory".into(), "full".into());
            return Err(JournalError::Storage { path, doing: "written", reason });
        }
        let apply = |Change { key, event }: &Change| {
            let row = self.rows.get_mut(&key.0).unwrap();
            if self.taken_over {
                row.state = State::Done;
            }
            let is_held = row.state == State::Started;
            match event {
                Event::Upload(upload) if is_held => row.uploads.push(upload.clone()),
                Event::Upload(_) | Event::Granting => {}
                Event::Done(_) => row.state = State::Done,
                Event::Unknown(_) => row.state = State::Unknown,
                Event::Failed(_) if is_held => row.state = State::Failed,
                Event::Released if is_held => row.state = State::Planned,
                Event::Failed(_) | Event::Released => {}
            }
            is_held
        };
        Ok(changes.iter().map(apply).collect())
    }

    fn lease(&self) -> Option<Duration> {
        None
    }

    fn renew(&mut self) -> Result<(), JournalError> {
        unreachable!("there is no lease")
    }

    fn counts(&mut self, _: Option<&str>) -> Result<Counts, JournalError> {
        let mut counts = Counts::default();
        for state in self.states() {
            match state {
                State::Planned => counts.planned += 1,
                State::Started => counts.started += 1,
                State::Done => counts.done += 1,
                State::Failed => counts.failed += 1,
                State::Unknown => counts.unknown += 1,
            }
        }
        Ok(counts)
    }

    fn each(
        &mut self,
        _: &Filter,
        _: &mut dyn FnMut(Entry) -> std::ops::ControlFlow<()>,
    ) -> Result<(), JournalError> {
        unreachable!("the runner does not list")
    }

    fn links(&mut self, _: u64, _: usize) -> Result<Vec<Link>, JournalError> {
        unreachable!("the runner does not follow the chain")
    }
}

/// Work as a function of the job.
struct Does<F>(F);

impl<F> Work for Does<F>
where
    F: Fn(&Claimed, &dyn Notes, &Cancel) -> Result<Done, Failure> + Sync,
{
    fn perform(&self, job: &Claimed, notes: &dyn Notes, cancel: &Cancel) -> Result<Done, Failure> {
        self.0(job, notes, cancel)
    }
}

fn options(jobs: usize) -> RunOptions {
    let (manifest, wait, halt) = ("m".into(), Duration::ZERO, None);
    RunOptions { manifest, jobs, retries: 3, wait, halt }
}

/// Runs, and returns the events as texts too.
fn ran(
    journal: &mut Memory,
    options: &RunOptions,
    work: impl Fn(&Claimed, &dyn Notes, &Cancel) -> Result<Done, Failure> + Sync,
) -> (Ran, Vec<String>) {
    let mut events = Vec::new();
    let ran = run(journal, &Does(work), options, &Cancel::new(), &mut |event| {
        events.push(match event {
            News::Done { job, again, .. } => format!("done {} {again}", job.key.0),
            News::Failed { job, failed, unknown } => {
                format!("failed {} {:?} {unknown}", job.key.0, failed.kind)
            }
            News::Again { job, .. } => format!("again {} {}", job.key.0, job.attempt),
            News::Tick => return,
        });
    });
    (ran.unwrap(), events)
}

fn failure(kind: FailureKind) -> Failure {
    Failed { kind, message: "why".into() }.into()
}

#[test]
fn each_job_is_done_once_by_any_number_of_workers() {
    for jobs in [1, 2, 7] {
        let mut journal = Memory::of(100);
        let began = AtomicU64::new(0);
        let (ran, events) = ran(&mut journal, &options(jobs), |job, _, _| {
            began.fetch_add(1, Ordering::SeqCst);
            Ok(Done { output: job.spec.output.clone(), ..Done::default() })
        });
        assert_eq!((ran.done, ran.failed, ran.counts.done), (100, 0, 100));
        assert_eq!((began.into_inner(), events.len()), (100, 100));
        assert!(journal.commits <= 101 && !ran.interrupted && !ran.halted);
    }
}

#[test]
fn a_job_that_fails_or_panics_fails_alone() {
    let mut journal = Memory::of(10);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (ran, events) = ran(&mut journal, &options(2), |job, _, _| match &*job.key.0 {
        "0003" => panic!("4111 1111 1111 1111"),
        "0005" => Err(failure(FailureKind::Recording)),
        _ => Ok(Done::default()),
    });
    std::panic::set_hook(usual);
    assert_eq!((ran.done, ran.failed), (8, 2));
    assert!(events.contains(&"failed 0003 Other false".into()));
    assert!(events.contains(&"failed 0005 Recording false".into()));
}

#[test]
fn what_may_pass_is_tried_again_and_the_rest_is_not() {
    let tries = Mutex::new(BTreeMap::<String, u32>::new());
    let mut journal = Memory::of(4);
    let (ran, events) = ran(&mut journal, &options(2), |job, _, _| {
        let mut tries = tries.lock().unwrap();
        let tries = tries.entry(job.key.0.clone()).or_default();
        *tries += 1;
        match (&*job.key.0, *tries) {
            ("0000", 1..=3) | ("0001", _) => Err(failure(FailureKind::Unavailable)),
            ("0002", _) => Err(failure(FailureKind::Windows)),
            _ => Ok(Done::default()),
        }
    });
    assert_eq!((ran.done, ran.failed), (2, 2));
    let tries = tries.into_inner().unwrap();
    assert_eq!(tries.into_values().collect::<Vec<_>>(), [4, 4, 1, 1]);
    assert_eq!(events.iter().filter(|event| event.starts_with("again")).count(), 6);
}

#[test]
fn a_job_that_may_have_created_something_is_never_tried_again() {
    let mut journal = Memory::of(1);
    let began = AtomicU64::new(0);
    let (ran, _) = ran(&mut journal, &options(1), |_, notes, _| {
        began.fetch_add(1, Ordering::SeqCst);
        notes.note(Event::Granting)?;
        let failed = Failed { kind: FailureKind::Unavailable, message: "lost".into() };
        Err(Failure::Failed { failed, unknown: true, retry_after: None })
    });
    assert_eq!((ran.failed, began.into_inner()), (1, 1));
    assert_eq!(journal.states(), [State::Unknown]);
}

#[test]
fn a_wait_is_at_least_what_the_server_asks_for() {
    let mut journal = Memory::of(1);
    let asked = Duration::from_millis(3);
    let mut waits = Vec::new();
    let options = RunOptions { wait: Duration::from_millis(2), retries: 2, ..options(1) };
    let work = Does(|_: &Claimed, _: &dyn Notes, _: &Cancel| {
        let failed = Failed { kind: FailureKind::Unavailable, message: "busy".into() };
        Err(Failure::Failed { failed, unknown: false, retry_after: Some(asked) })
    });
    run(&mut journal, &work, &options, &Cancel::new(), &mut |event| {
        if let News::Again { wait, .. } = event {
            waits.push(wait);
        }
    })
    .unwrap();
    assert_eq!(waits, [asked, Duration::from_millis(4)]);
}

#[test]
fn the_next_try_knows_the_uploads_of_the_one_before() {
    let mut journal = Memory::of(1);
    let upload = Upload { place: "s3://b/k".into(), id: "1".into() };
    let seen = Mutex::new(Vec::new());
    let (ran, _) = ran(&mut journal, &options(1), |job, notes, _| {
        seen.lock().unwrap().push(job.uploads.clone());
        if job.attempt == 1 {
            notes.note(Event::Upload(upload.clone()))?;
            return Err(failure(FailureKind::Unavailable));
        }
        Ok(Done::default())
    });
    assert_eq!(ran.done, 1);
    assert_eq!(*seen.lock().unwrap(), [vec![], vec![upload.clone()]]);
    assert_eq!(journal.rows["0000"].uploads, [upload], "durable as well");
}

#[test]
fn after_too_many_failures_no_job_begins() {
    for (halt, failures) in [("soon,fail=3", 3), ("soon,fail=10%", 10)] {
        let mut journal = Memory::of(1000);
        let options = RunOptions { halt: Some(halt.parse().unwrap()), ..options(1) };
        // Every job fails, or every tenth.
        let all = failures == 3;
        let (ran, _) =
            ran(&mut journal, &options, |job, _, _| match all || job.key.0.ends_with('0') {
                true => Err(failure(FailureKind::Recording)),
                false => Ok(Done::default()),
            });
        assert!(ran.halted && !ran.interrupted && ran.counts.started == 0);
        // What was in flight still ends.
        assert!((2..=failures + 2).contains(&ran.failed), "{ran:?}");
        assert!(ran.counts.planned > 900, "{ran:?}");
    }
}

#[test]
fn a_cancelled_run_gives_back_what_it_has_not_done() {
    let mut journal = Memory::of(50);
    let cancel = Cancel::new();
    let work = Does(|job: &Claimed, _: &dyn Notes, cancel: &Cancel| {
        if job.key.0 == "0010" {
            cancel.set();
        }
        if cancel.is_set() { Err(Failure::Interrupted) } else { Ok(Done::default()) }
    });
    let ran = run(&mut journal, &work, &options(3), &cancel, &mut |_| {}).unwrap();
    assert!(ran.interrupted && !ran.halted && ran.failed == 0);
    assert_eq!(ran.counts.done + ran.counts.planned, 50);
    assert!(ran.counts.planned >= 37 && ran.counts.started == 0, "{ran:?}");
}

#[test]
fn a_broken_journal_ends_the_run() {
    for breaks_at in 1..=6 {
        let mut journal = Memory { breaks_at: Some(breaks_at), ..Memory::of(50) };
        let mut told = 0;
        let work = Does(|_: &Claimed, notes: &dyn Notes, _: &Cancel| {
            notes.note(Event::Granting)?;
            Ok(Done::default())
        });
        let ran = run(&mut journal, &work, &options(2), &Cancel::new(), &mut |event| {
            told += u64::from(matches!(event, News::Done { .. }));
        });
        assert!(matches!(ran, Err(JournalError::Storage { .. })));
        let done = journal.states().iter().filter(|state| **state == State::Done).count();
        assert_eq!(done as u64, told, "nothing is told that is not durable");
    }
}

#[test]
fn a_job_that_another_process_has_taken_over_is_let_go() {
    let mut journal = Memory { taken_over: true, ..Memory::of(3) };
    let (ran, events) = ran(&mut journal, &options(1), |job, notes, _| match &*job.key.0 {
        // The step is not taken.
        "0000" => notes.note(Event::Granting).map(|()| panic!("another process has it")),
        "0001" => Err(failure(FailureKind::Recording)),
        _ => Ok(Done::default()),
    });
    assert_eq!((ran.done, ran.failed), (0, 0));
    assert_eq!(events, ["done 0002 true"], "and its failure is not ours");
}
