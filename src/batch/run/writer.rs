//! The writer: the one that touches the journal. It commits in groups, then tells who waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant, SystemTime};

use super::super::journal::{Journal, JournalError};
use super::super::model::{Change, Done, Event, Failed};
use super::ready::{Ready, Task};
use super::{Cancel, Failure, News, Ran, RunOptions};

/// How long the writer waits for a message before it looks around: at signals, and at claims.
const TICK: Duration = Duration::from_millis(100);

/// The longest wait before another try, unless a server asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The longest wait that a server may ask for: fifteen minutes. Whoever asks for more has the job fail,
/// and a store has the run end, so that no run holds its jobs for hours.
pub(super) const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// While nothing is left to do here but other processes work, the journal is asked every so many ticks
/// whether that is over: every two seconds.
const LOOK: u32 = 20;

/// What a worker tells.
pub(super) enum Message {
    /// To be written down before the worker goes on. The answer: whether it may.
    Note(Change, SyncSender<bool>),
    /// A job has ended.
    Ended(Box<Task>, Result<Done, Failure>),
}

/// Who is told when a change is durable.
enum Then {
    /// A worker that waits.
    Reply(SyncSender<bool>),
    /// Whoever watches.
    Done(Task, Done),
    Failed(Task, Failed, bool),
    /// Whoever watches; then it waits for another try.
    Again(Task, Failed, Duration),
    /// Nobody. It is given back, with all others that no worker has.
    Back(Task),
    /// Nobody.
    Released,
}

impl Then {
    /// Whether this process no longer holds the job. `counts`: whether it still had it.
    fn ends(&self, counts: bool) -> bool {
        match self {
            Self::Reply(_) => false,
            Self::Again(..) | Self::Back(_) => !counts,
            Self::Done(..) | Self::Failed(..) | Self::Released => true,
        }
    }
}

pub(super) struct Writer<'a> {
    journal: &'a mut dyn Journal,
    options: &'a RunOptions,
    ready: &'a Ready,
    cancel: &'a Cancel,
    watch: &'a mut dyn FnMut(News<'_>),
    /// Jobs that were claimed and have not ended.
    held: usize,
    /// When the journal had no job to claim.
    exhausted: Option<Instant>,
    /// Ticks since the journal was asked whether all is over.
    idle: u32,
    renewed: Instant,
    ran: Ran,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        journal: &'a mut dyn Journal,
        options: &'a RunOptions,
        ready: &'a Ready,
        cancel: &'a Cancel,
        watch: &'a mut dyn FnMut(News<'_>),
    ) -> Self {
        let (renewed, ran) = (Instant::now(), Ran::default());
        let (held, exhausted, idle) = (0, None, 0);
        Self { journal, options, ready, cancel, watch, held, exhausted, idle, renewed, ran }
    }

    /// Until all jobs have ended.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Result<Ran, JournalError> {
        loop {
            self.claim()?;
            if self.held == 0 && self.is_over()? {
                self.ran.counts = self.journal.counts(Some(&self.options.manifest))?;
                return Ok(self.ran);
            }
            match messages.recv_timeout(TICK) {
                Ok(first) => {
                    let group = std::iter::once(first).chain(messages.try_iter()).collect();
                    self.commit(group)?;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    (self.watch)(News::Tick);
                }
            }
            if self.is_stopping() {
                self.give_back()?;
            }
            self.renew()?;
        }
    }

    /// Writes down all that has come in, in one transaction, and tells everybody.
    fn commit(&mut self, group: Vec<Message>) -> Result<(), JournalError> {
        let (mut changes, mut then) = (Vec::new(), Vec::new());
        for message in group {
            let (change, next) = match message {
                Message::Note(change, reply) => (change, Then::Reply(reply)),
                Message::Ended(task, result) => self.ended(*task, result),
            };
            changes.push(change);
            then.push(next);
        }
        let counted = self.journal.apply(&changes)?;
        for (next, counts) in then.into_iter().zip(counted) {
            self.tell(next, counts);
        }
        Ok(())
    }

    /// What to write down of a job that has ended, for now or for good.
    fn ended(&mut self, task: Task, result: Result<Done, Failure>) -> (Change, Then) {
        let key = task.job.key.clone();
        let (event, then) = match result {
            Ok(done) => (Event::Done(Box::new(done.clone())), Then::Done(task, done)),
            Err(Failure::Interrupted) => (Event::Released, Then::Released),
            Err(Failure::Failed { failed, unknown: true, .. }) => {
                (Event::Unknown(failed.clone()), Then::Failed(task, failed, true))
            }
            Err(Failure::Failed { failed, retry_after, .. }) => {
                self.refused(task, failed, retry_after.unwrap_or_default())
            }
            Err(Failure::Paused { failed, retry_after }) => {
                if failed.kind.is_retryable() && retry_after > PATIENCE {
                    self.ran.paused = self.ran.paused.max(Some(after(retry_after)));
                }
                self.refused(task, failed, retry_after)
            }
        };
        (Change { key, event }, then)
    }

    /// The same for a failure that certainly created nothing. The journal learns that even of a job that is
    /// tried again: if the run ends while it waits, it is not unknown.
    fn refused(&mut self, task: Task, failed: Failed, retry_after: Duration) -> (Event, Then) {
        let may_pass = failed.kind.is_retryable();
        let asks_too_long = may_pass && retry_after > PATIENCE;
        let failed = if asks_too_long { too_long(failed, retry_after) } else { failed };
        if may_pass && self.is_stopping() {
            (Event::Refused, Then::Back(task))
        } else if may_pass && task.tries <= self.options.retries && !asks_too_long {
            let doubled = 2_u32.saturating_pow(task.tries.saturating_sub(1));
            let wait = self.options.wait.saturating_mul(doubled).min(LONGEST_WAIT);
            (Event::Refused, Then::Again(task, failed, wait.max(retry_after)))
        } else {
            (Event::Failed(failed.clone()), Then::Failed(task, failed, false))
        }
    }

    /// Tells what has become durable. `counts`: whether this process had the job.
    fn tell(&mut self, then: Then, counts: bool) {
        self.held -= usize::from(then.ends(counts));
        match then {
            // The worker waits for it, or has panicked.
            Then::Reply(reply) => drop(reply.send(counts)),
            Then::Done(Task { job, .. }, done) => {
                self.ran.done += u64::from(counts);
                (self.watch)(News::Done { job: &job, done: &done, again: !counts });
            }
            Then::Failed(Task { job, .. }, failed, unknown) if counts => {
                self.ran.failed += 1;
                (self.watch)(News::Failed { job: &job, failed: &failed, unknown });
            }
            // Meanwhile this process holds its claim.
            Then::Again(mut task, failed, wait) if counts => {
                (self.watch)(News::Again { job: &task.job, failed: &failed, wait });
                task.job.attempt += 1;
                self.ready.add_later(task, wait);
            }
            // So long that no worker begins it before it is given back.
            Then::Back(task) if counts => self.ready.add_later(task, LONGEST_WAIT),
            Then::Failed(..) | Then::Again(..) | Then::Back(_) | Then::Released => {}
        }
        let Ran { done, failed, .. } = self.ran;
        if let Some(halt) = self.options.halt.filter(|halt| halt.is_reached(failed, done + failed))
        {
            self.ran.halted = true;
            if halt.now {
                self.cancel.set();
            }
        }
    }

    /// Claims so many jobs that no worker has to wait for the next commit. Jobs that wait for another try
    /// count: a store that is busy is not asked for more, and no more of them are held than there are workers.
    fn claim(&mut self) -> Result<(), JournalError> {
        let wanted = self.options.jobs.max(1).saturating_sub(self.ready.len());
        if wanted == 0 || self.is_stopping() || !self.may_claim() {
            return Ok(());
        }
        let claimed = self.journal.claim(&self.options.manifest, wanted)?;
        self.exhausted = claimed.is_empty().then(Instant::now);
        if !claimed.is_empty() {
            self.idle = 0;
        }
        self.held += claimed.len();
        claimed.into_iter().for_each(|job| self.ready.add(Task { job, tries: 0 }));
        Ok(())
    }

    /// Whether there may be a job to claim: a process that had some may have died since there was none.
    fn may_claim(&self) -> bool {
        let Some(since) = self.exhausted else { return true };
        self.journal.lease().is_some_and(|lease| since.elapsed() >= lease / 3)
    }

    /// Gives the jobs back that no worker has begun.
    fn give_back(&mut self) -> Result<(), JournalError> {
        let back = self.ready.take_back();
        self.held -= back.len();
        let release = |task: Task| Change { key: task.job.key, event: Event::Released };
        let changes: Vec<Change> = back.into_iter().map(release).collect();
        if changes.is_empty() { Ok(()) } else { self.journal.apply(&changes).map(drop) }
    }

    /// Keeps the claims of this process from ending.
    fn renew(&mut self) -> Result<(), JournalError> {
        let is_due = |lease: Duration| self.renewed.elapsed() >= lease / 3;
        if self.journal.lease().is_some_and(is_due) {
            self.journal.renew()?;
            self.renewed = Instant::now();
        }
        Ok(())
    }

    /// Whether no job begins any more.
    fn is_stopping(&mut self) -> bool {
        self.ran.interrupted |= self.cancel.is_set() && !self.ran.halted;
        self.ran.halted || self.ran.interrupted || self.ran.paused.is_some()
    }

    /// Whether nothing is left to claim, also not from another process that dies. Asked once a tick, while
    /// this process holds nothing.
    fn is_over(&mut self) -> Result<bool, JournalError> {
        if self.is_stopping() {
            return Ok(true);
        }
        let is_due = self.idle == 0;
        self.idle = (self.idle + 1) % LOOK;
        if !is_due {
            return Ok(false);
        }
        let counts = self.journal.counts(Some(&self.options.manifest))?;
        if counts.planned > 0 {
            // Somebody has planned more since there was none.
            self.exhausted = None;
        }
        Ok(self.exhausted.is_some() && counts.started + counts.planned == 0)
    }
}

/// A failure whose server asks for more time than a run has.
fn too_long(failed: Failed, retry_after: Duration) -> Failed {
    let until = humantime::format_rfc3339_seconds(after(retry_after));
    let message = format!(
        "{}; another try is asked for at {until} or later; run again with --retry-failed then",
        failed.message
    );
    Failed { message, ..failed }
}

/// The end of a wait. A century is as good as anything beyond, which could not be written as a date.
fn after(wait: Duration) -> SystemTime {
    SystemTime::now() + wait.min(Duration::from_secs(100 * 365 * 24 * 60 * 60))
}
