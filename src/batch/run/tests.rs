//! The runner with a journal in memory and work that does what a test says.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::super::journal::{Entry, Filter, Jobs, open_journal};
use super::super::model::{Change, Input, Key, Link, Planned, Spec, State, Upload, WindowsSpec};
use super::*;

/// One row.
#[derive(Clone)]
struct Row {
    planned: Planned,
    state: State,
    attempt: u32,
    uploads: Vec<Upload>,
    granting: bool,
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
    /// Somebody plans these once there is nothing to claim.
    planned_late: Vec<Planned>,
    /// Uploads of jobs that nobody will do.
    orphans: Vec<(Key, Upload)>,
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
            let planned = Planned { key, line: Some(at as u64 + 2), id: None, spec };
            memory.plan_one(planned);
        }
        memory
    }

    fn plan_one(&mut self, planned: Planned) {
        let (key, state) = (planned.key.0.clone(), State::Planned);
        let row = Row { planned, state, attempt: 0, uploads: vec![], granting: false };
        self.rows.insert(key, row);
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
            Claimed { key, line, id, spec, attempt, uploads, before: None, trace: None }
        });
        let claimed: Vec<_> = claimed.collect();
        if claimed.is_empty() {
            std::mem::take(&mut self.planned_late).into_iter().for_each(|job| self.plan_one(job));
        }
        Ok(claimed)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Vec<bool>, JournalError> {
        self.commits += 1;
        if self.breaks_at == Some(self.commits) {
            let (path, reason) = ("memory".into(), "full".into());
            return Err(JournalError::Storage { path, doing: "written", reason });
        }
        let orphans = &mut self.orphans;
        let apply = |Change { key, event }: &Change| {
            if let Event::Aborted(upload) = event {
                orphans.retain(|(_, other)| other != upload);
                return true;
            }
            let row = self.rows.get_mut(&key.0).unwrap();
            if self.taken_over {
                row.state = State::Done;
            }
            let is_held = row.state == State::Started;
            match event {
                Event::Upload(upload) if is_held => row.uploads.push(upload.clone()),
                Event::Granting if is_held => row.granting = true,
                Event::Refused if is_held => row.granting = false,
                Event::Upload(_) | Event::Granting | Event::Refused | Event::Aborted(_) => {}
                Event::Done(_) => row.state = State::Done,
                Event::Unknown(_) => row.state = State::Unknown,
                Event::Failed(_) if is_held => row.state = State::Failed,
                Event::Released if is_held && row.granting => row.state = State::Unknown,
                Event::Released if is_held => row.state = State::Planned,
                Event::Failed(_) | Event::Released => {}
            }
            is_held
        };
        Ok(changes.iter().map(apply).collect())
    }

    fn orphans(&mut self) -> Result<Vec<(Key, Upload)>, JournalError> {
        Ok(self.orphans.clone())
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
fn a_panic_after_granting_is_unknown() {
    let mut journal = Memory::of(1);
    let (_, events) = ran(&mut journal, &options(1), |_, notes, _| {
        notes.note(Event::Granting)?;
        panic!("this test wants it")
    });
    assert_eq!(events, ["failed 0000 Other true"]);
    assert_eq!(journal.states(), [State::Unknown]);
}

/// A server that refuses each job, and asks for this wait.
fn refuses(
    wait: Duration,
) -> impl Fn(&Claimed, &dyn Notes, &Cancel) -> Result<Done, Failure> + Sync {
    move |_, notes, _| {
        notes.note(Event::Granting)?;
        let failed = Failed { kind: FailureKind::Unavailable, message: "busy".into() };
        Err(Failure::Failed { failed, unknown: false, retry_after: Some(wait) })
    }
}

#[test]
fn what_was_refused_is_planned_again_when_the_run_ends_before_the_next_try() {
    for ends_at in [1, 2] {
        let mut journal = Memory::of(2);
        let (cancel, mut seen) = (Cancel::new(), 0);
        let work = Does(refuses(Duration::from_secs(600)));
        let ran = run(&mut journal, &work, &options(1), &cancel, &mut |event| {
            seen += u32::from(matches!(event, News::Again { .. }));
            if seen == ends_at {
                cancel.set();
            }
        });
        assert!(ran.unwrap().interrupted && seen >= ends_at);
        assert_eq!(journal.states(), [State::Planned; 2]);
    }
}

#[test]
fn what_was_refused_while_the_run_ends_is_planned_again() {
    let mut journal = Memory::of(1);
    let cancel = Cancel::new();
    let refuse = refuses(Duration::ZERO);
    let work = Does(|job: &Claimed, notes: &dyn Notes, cancel: &Cancel| {
        let refused = refuse(job, notes, cancel);
        cancel.set();
        refused
    });
    let ran = run(&mut journal, &work, &options(1), &cancel, &mut |_| {}).unwrap();
    assert!(ran.interrupted && ran.failed == 0);
    assert_eq!(journal.states(), [State::Planned]);
}

#[test]
fn while_jobs_wait_for_a_busy_server_no_more_are_claimed() {
    let mut journal = Memory::of(1000);
    let (cancel, began) = (Cancel::new(), AtomicU64::new(0));
    let refuse = refuses(Duration::from_secs(600));
    let work = Does(|job: &Claimed, notes: &dyn Notes, cancel: &Cancel| {
        began.fetch_add(1, Ordering::SeqCst);
        refuse(job, notes, cancel)
    });
    // The first tick comes when nothing happens any more.
    run(&mut journal, &work, &options(2), &cancel, &mut |event| {
        if matches!(event, News::Tick) {
            cancel.set();
        }
    })
    .unwrap();
    // Two wait when claims stop; two were with workers, and two between.
    assert!((2..=6).contains(&began.into_inner()));
    assert_eq!(journal.states(), [State::Planned; 1000]);
}

#[test]
fn who_asks_for_more_than_a_run_waits_has_the_job_fail() {
    for wait in [writer::PATIENCE + Duration::from_secs(1), Duration::MAX] {
        let mut journal = Memory::of(3);
        let (work, mut failures) = (Does(refuses(wait)), Vec::new());
        let ran = run(&mut journal, &work, &options(2), &Cancel::new(), &mut |event| match event {
            News::Failed { failed, unknown: false, .. } => failures.push(failed.clone()),
            News::Tick => {}
            other => panic!("{other:?}"),
        });
        assert_eq!(ran.unwrap().failed, 3);
        for Failed { kind, message } in failures {
            assert_eq!(kind, FailureKind::Unavailable);
            assert!(message.starts_with("busy; another try is asked for at 2"), "{message}");
        }
    }
}

/// The store would tell all others the same.
#[test]
fn a_store_that_is_away_for_longer_than_a_run_waits_ends_the_run() {
    for wait in [writer::PATIENCE + Duration::from_secs(1), Duration::MAX] {
        let (mut journal, began) = (Memory::of(1000), AtomicU64::new(0));
        let earliest = SystemTime::now() + writer::PATIENCE;
        let (ran, events) = ran(&mut journal, &options(2), |_, notes, _| {
            began.fetch_add(1, Ordering::SeqCst);
            notes.note(Event::Granting)?;
            let failed = Failed { kind: FailureKind::Unavailable, message: "busy".into() };
            Err(Failure::Paused { failed, retry_after: wait })
        });
        assert!(ran.paused.unwrap() > earliest && !ran.halted && !ran.interrupted);
        assert_eq!((ran.failed, ran.counts.planned, events), (0, 1000, vec![]));
        assert!(began.into_inner() <= 6);
        assert_eq!(journal.states(), [State::Planned; 1000]);
    }
}

#[test]
fn a_store_that_is_away_for_a_while_is_waited_for() {
    let mut journal = Memory::of(1);
    let (ran, events) = ran(&mut journal, &options(1), |job, _, _| {
        let failed = Failed { kind: FailureKind::Unavailable, message: "busy".into() };
        let retry_after = Duration::from_millis(3);
        if job.attempt > 1 {
            Ok(Done::default())
        } else {
            Err(Failure::Paused { failed, retry_after })
        }
    });
    assert_eq!((ran.done, ran.paused), (1, None));
    assert_eq!(events, ["again 0000 1", "done 0000 false"]);
}

#[test]
fn jobs_that_are_planned_meanwhile_are_done_too() {
    let late = Memory::of(3).rows.into_values().map(|row| row.planned).skip(1).collect();
    let mut journal = Memory { planned_late: late, ..Memory::of(1) };
    let (ran, _) = ran(&mut journal, &options(2), |_, _, _| Ok(Done::default()));
    assert_eq!((ran.done, journal.states()), (3, vec![State::Done; 3]));
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

/// Aborts uploads whose place is not `s3://gone`.
struct Aborts;

impl Work for Aborts {
    fn perform(&self, _: &Claimed, _: &dyn Notes, _: &Cancel) -> Result<Done, Failure> {
        Ok(Done::default())
    }

    fn abort_upload(&self, upload: &Upload) -> bool {
        upload.place != "s3://gone"
    }
}

#[test]
fn uploads_that_nobody_will_end_are_aborted_first_and_those_that_cannot_be_are_kept() {
    let orphan = |place: &str, id: &str| {
        (Key("not of this manifest".into()), Upload { place: place.into(), id: id.into() })
    };
    let orphans = vec![orphan("s3://b/k", "1"), orphan("s3://gone", "2"), orphan("s3://b/k", "3")];
    let mut journal = Memory { orphans, ..Memory::of(2) };
    let ran = run(&mut journal, &Aborts, &options(1), &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!((ran.done, journal.orphans), (2, vec![orphan("s3://gone", "2")]));
}

#[test]
fn what_a_killed_run_left_of_a_row_that_is_gone_is_ended_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let open = || open_journal(folder.path().join("journal").to_str().unwrap()).unwrap();
    let planned: Vec<Planned> = Memory::of(4).rows.into_values().map(|row| row.planned).collect();
    let plan = |journal: &mut dyn Journal, jobs: &[Planned]| {
        let mut jobs = jobs.iter().cloned().map(Ok);
        let jobs: &mut Jobs<'_> = &mut jobs;
        journal.plan("m", jobs).unwrap()
    };
    let mut killed = open();
    plan(&mut *killed, &planned);
    let claimed = killed.claim("m", 3).unwrap();
    // Each is in an upload; the second cannot be aborted, and the third was creating a recording too.
    for (job, place) in claimed.iter().zip(["s3://b/1", "s3://gone", "s3://b/3"]) {
        let upload = Upload { place: place.into(), id: "1".into() };
        killed.apply(&[Change { key: job.key.clone(), event: Event::Upload(upload) }]).unwrap();
    }
    let key = claimed[2].key.clone();
    killed.apply(&[Change { key, event: Event::Granting }]).unwrap();
    drop(killed);
    let mut journal = open();
    plan(&mut *journal, &planned[3..]);
    let ran = run(&mut *journal, &Aborts, &options(1), &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!(ran.done, 1);
    let counts = journal.counts(None).unwrap();
    assert_eq!(counts, Counts { started: 1, done: 1, unknown: 1, ..Counts::default() });
    let left: Vec<_> = journal.orphans().unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(left, [claimed[1].key.clone()]);
}

#[test]
fn a_real_journal_plans_again_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open_journal(folder.path().join("journal").to_str().unwrap()).unwrap();
    let mut planned = Memory::of(1).rows.into_values().map(|row| Ok(row.planned));
    let planned: &mut Jobs<'_> = &mut planned;
    journal.plan("m", planned).unwrap();
    let cancel = Cancel::new();
    let work = Does(refuses(Duration::from_secs(600)));
    let ran = run(&mut *journal, &work, &options(1), &cancel, &mut |event| {
        if matches!(event, News::Again { .. }) {
            cancel.set();
        }
    });
    assert_eq!(ran.unwrap().counts, Counts { planned: 1, ..Counts::default() });
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
