//! The writer: the one that touches the journal. It commits in groups, then tells who waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use super::super::journal::{Journal, JournalError};
use super::super::model::{Done, Failed, Key, Note};
use super::ready::{Ready, Task};
use super::{Cancel, Event, Failure, Ran, RunOptions};

/// How long the writer waits for a message before it looks around: at signals, and at claims.
const TICK: Duration = Duration::from_millis(100);

/// How often claims are renewed where another could take them.
const RENEW: Duration = Duration::from_secs(5);

/// The longest wait before another try, unless a server asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What a worker tells.
pub(crate) enum Message {
    /// To be written down before the worker goes on.
    Note(Key, Note, SyncSender<()>),
    /// A job has ended.
    Ended(Task, Result<Done, Failure>),
}

/// What became of a job, in a group that is not committed yet.
enum Outcome {
    Done { task: Task, done: Done, again: bool },
    Failed { task: Task, failed: Failed, unknown: bool },
    Again { task: Task, failed: Failed, wait: Duration },
    Released,
}

pub(super) struct Writer<'a> {
    journal: &'a mut dyn Journal,
    options: &'a RunOptions,
    ready: &'a Ready,
    cancel: &'a Cancel,
    /// Jobs that were claimed and have not ended.
    held: u64,
    /// The journal had no job to claim.
    exhausted: bool,
    renewed: Instant,
    ran: Ran,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        journal: &'a mut dyn Journal,
        options: &'a RunOptions,
        ready: &'a Ready,
        cancel: &'a Cancel,
    ) -> Self {
        let (renewed, ran) = (Instant::now(), Ran::default());
        Self { journal, options, ready, cancel, held: 0, exhausted: false, renewed, ran }
    }

    /// Until all jobs have ended.
    pub(super) fn run(
        &mut self,
        messages: &Receiver<Message>,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Ran, JournalError> {
        let mut group = Vec::new();
        loop {
            self.commit(group, watch)?;
            if self.held == 0 && self.is_over()? {
                self.ran.counts = self.journal.counts(Some(&self.options.manifest))?;
                return Ok(self.ran);
            }
            group = match messages.recv_timeout(TICK) {
                Ok(first) => std::iter::once(first).chain(messages.try_iter()).collect(),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    watch(Event::Tick);
                    Vec::new()
                }
            };
        }
    }

    /// Writes a group down and claims the next jobs, all in one transaction. Then tells everybody.
    fn commit(
        &mut self,
        group: Vec<Message>,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), JournalError> {
        let is_due = self.renewed.elapsed() >= RENEW;
        if group.is_empty() && self.exhausted && !is_due && !self.is_stopping() {
            return Ok(());
        }
        let (mut replies, mut outcomes) = (Vec::new(), Vec::new());
        self.journal.begin()?;
        for message in group {
            match message {
                Message::Note(key, note, reply) => {
                    self.journal.note(&key, &note)?;
                    replies.push(reply);
                }
                Message::Ended(task, result) => outcomes.push(self.ended(task, result)?),
            }
        }
        let back = if self.is_stopping() { self.ready.take_back() } else { Vec::new() };
        for task in &back {
            self.journal.release(&task.job.key)?;
        }
        self.held -= back.len() as u64;
        let claimed = self.claim()?;
        if is_due {
            self.journal.renew()?;
            self.renewed = Instant::now();
        }
        self.journal.commit()?;
        for reply in replies {
            // The worker waits for it, or has panicked.
            let _ = reply.send(());
        }
        claimed.into_iter().for_each(|task| self.ready.add(task));
        outcomes.into_iter().for_each(|outcome| self.tell(outcome, watch));
        Ok(())
    }

    /// Writes down how a job ended.
    fn ended(
        &mut self,
        task: Task,
        result: Result<Done, Failure>,
    ) -> Result<Outcome, JournalError> {
        let (failed, unknown, retry_after) = match result {
            Ok(done) => {
                self.held -= 1;
                let again = !self.journal.done(&task.job.key, &done)?;
                return Ok(Outcome::Done { task, done, again });
            }
            Err(Failure::Failed { failed, unknown, retry_after }) => (failed, unknown, retry_after),
            Err(Failure::Interrupted) => return self.release(&task),
        };
        if failed.kind.is_retryable() && !unknown {
            if self.is_stopping() {
                return self.release(&task);
            }
            if task.tries <= self.options.retries {
                let wait = self.wait(task.tries).max(retry_after.unwrap_or_default());
                return Ok(Outcome::Again { task, failed, wait });
            }
        }
        self.held -= 1;
        self.journal.failed(&task.job.key, &failed, unknown)?;
        Ok(Outcome::Failed { task, failed, unknown })
    }

    fn release(&mut self, task: &Task) -> Result<Outcome, JournalError> {
        self.held -= 1;
        self.journal.release(&task.job.key)?;
        Ok(Outcome::Released)
    }

    /// The wait after this many tries.
    fn wait(&self, tries: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        self.options.wait.saturating_mul(doubled).min(LONGEST_WAIT)
    }

    /// Claims so many jobs that no worker has to wait for the next commit.
    fn claim(&mut self) -> Result<Vec<Task>, JournalError> {
        let mut claimed = Vec::new();
        while !self.exhausted
            && !self.is_stopping()
            && self.ready.len() + claimed.len() < self.options.jobs
        {
            match self.journal.claim(&self.options.manifest, false)? {
                Some(job) => claimed.push(Task { job, tries: 0 }),
                None => self.exhausted = true,
            }
        }
        self.held += claimed.len() as u64;
        Ok(claimed)
    }

    /// Tells what has become durable.
    fn tell(&mut self, outcome: Outcome, watch: &mut dyn FnMut(Event<'_>)) {
        match outcome {
            Outcome::Done { task, done, again } => {
                self.ran.done += 1;
                watch(Event::Done { job: &task.job, done: &done, again });
            }
            Outcome::Failed { task, failed, unknown } => {
                self.ran.failed += 1;
                watch(Event::Failed { job: &task.job, failed: &failed, unknown });
            }
            Outcome::Again { mut task, failed, wait } => {
                watch(Event::Again { job: &task.job, failed: &failed, wait });
                task.job.attempt += 1;
                self.ready.add_later(task, wait);
            }
            Outcome::Released => {}
        }
        let Ran { done, failed, .. } = self.ran;
        if self.options.halt.is_some_and(|halt| halt.is_reached(failed, done + failed)) {
            self.ran.halted = true;
            if self.options.halt.is_some_and(|halt| halt.now) {
                self.cancel.set();
            }
        }
    }

    /// Whether no job begins any more.
    fn is_stopping(&mut self) -> bool {
        self.ran.interrupted |= self.cancel.is_set() && !self.ran.halted;
        self.ran.halted || self.ran.interrupted
    }

    /// Whether nothing is left to claim. Jobs that another machine has may come back, if it dies.
    fn is_over(&mut self) -> Result<bool, JournalError> {
        if self.is_stopping() {
            return Ok(true);
        }
        if self.exhausted {
            let counts = self.journal.counts(Some(&self.options.manifest))?;
            self.exhausted = counts.started + counts.planned == 0;
            return Ok(self.exhausted);
        }
        Ok(false)
    }
}
