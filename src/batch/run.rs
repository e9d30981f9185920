//! The runner: workers claim jobs from the journal, do them, and what became of each is committed.
//!
//! In: a [`Journal`] with planned jobs, and the [`Work`] that does one. Out: [`Ran`], and [`News`] of each
//! job as soon as its row is durable. Workers are threads. The caller's own thread alone touches the
//! journal: it commits all that has come in since the last commit in one transaction, so many jobs share
//! one sync of the disk. What can go wrong: the journal, which ends the run; anything else fails one job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use super::journal::{Claimed, Counts, Journal, JournalError};
use super::model::{Change, Done, Event, Failed, FailureKind, Upload};

mod halt;
mod ready;
mod worker;
mod writer;

pub use halt::{Halt, HaltError};
use ready::Ready;
use writer::Writer;

/// What does one job, from its input to its receipt.
pub trait Work: Sync {
    /// Does a job. What it leaves when it returns is complete, or nothing.
    ///
    /// # Errors
    /// [`Failure`]; of a [`Cancel`] that was set, [`Failure::Interrupted`].
    fn perform(&self, job: &Claimed, notes: &dyn Notes, cancel: &Cancel) -> Result<Done, Failure>;

    /// Aborts an upload of a job that nobody will do any more. Whether it is gone; if not, the next run asks
    /// again. Work without uploads has none to abort.
    fn abort_upload(&self, _: &Upload) -> bool {
        false
    }
}

/// Where a worker writes down a step before it takes it.
pub trait Notes {
    /// [`Event::Upload`] or [`Event::Granting`]; it is durable when this returns.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] if the step must not be taken: the run ends, or another process has the job.
    fn note(&self, event: Event) -> Result<(), Failure>;
}

/// Why a job was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The run ends. The job was not done, and nothing is left of it.
    Interrupted,
    /// It failed.
    Failed {
        /// Why.
        failed: Failed,
        /// Something may have been created that must not be created twice.
        unknown: bool,
        /// The server asked to wait this long before another try.
        retry_after: Option<Duration>,
    },
    /// It failed because the host of a store takes no request for this long. Other jobs would hear the same,
    /// so if that is too long to be waited for, the run ends, and the job stays planned.
    Paused {
        /// Why.
        failed: Failed,
        /// How long.
        retry_after: Duration,
    },
}

impl Failure {
    /// Of a panic. Its message may hold anything, so it is not shown. `granting`: a new recording may have been
    /// created before it.
    pub(crate) fn panicked(granting: bool) -> Self {
        let message = match granting {
            false => "sordino itself failed at this recording; please report that",
            true => {
                "sordino itself failed while a new recording was created at Genesys; look there whether it exists, and please report that"
            }
        };
        let failed = Failed { kind: FailureKind::Other, message: message.into() };
        Self::Failed { failed, unknown: granting, retry_after: None }
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        Self::Failed { failed, unknown: false, retry_after: None }
    }
}

/// Tells all workers to end what they do: to leave nothing, or to finish what is nearly in place.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it, for ever.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How a batch is run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The jobs of which manifest: the name that they were planned under.
    pub manifest: String,
    /// How many jobs are done at once; at least one.
    pub jobs: usize,
    /// How often a job is tried again, if its failure may pass.
    pub retries: u32,
    /// The wait before the first of these tries; each later one is twice as long. A server that asks for
    /// more gets more, up to fifteen minutes; beyond, the job fails, or the run ends ([`Failure::Paused`]).
    pub wait: Duration,
    /// When to give up.
    pub halt: Option<Halt>,
}

/// What has just become durable.
#[derive(Debug)]
pub enum News<'a> {
    /// A job is done. `again`: another machine had committed it before.
    Done {
        /// The job.
        job: &'a Claimed,
        /// What became of it.
        done: &'a Done,
        /// Another machine had committed it before.
        again: bool,
    },
    /// A job failed.
    Failed {
        /// The job.
        job: &'a Claimed,
        /// Why.
        failed: &'a Failed,
        /// It is [`State::Unknown`](super::State::Unknown).
        unknown: bool,
    },
    /// A job failed, and is tried again after a wait.
    Again {
        /// The job.
        job: &'a Claimed,
        /// Why.
        failed: &'a Failed,
        /// How long it waits.
        wait: Duration,
    },
    /// Time has passed: several times a second while nothing else happens.
    Tick,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ran {
    /// Jobs that this run did.
    pub done: u64,
    /// Jobs that failed in this run, the unknown ones among them.
    pub failed: u64,
    /// [`RunOptions::halt`] ended it.
    pub halted: bool,
    /// [`Cancel`] ended it.
    pub interrupted: bool,
    /// A store wants no request before then, which ended it.
    pub paused: Option<SystemTime>,
    /// Where the jobs of the manifest stand now.
    pub counts: Counts,
}

/// Does all planned jobs of a manifest, after it has ended what earlier runs have left open. Those that failed before stay as they are.
///
/// # Errors
/// [`JournalError`]. What was in flight then is still [`State::Started`](super::State::Started), and the next
/// run does it anew.
pub fn run(
    journal: &mut dyn Journal,
    work: &dyn Work,
    options: &RunOptions,
    cancel: &Cancel,
    watch: &mut dyn FnMut(News<'_>),
) -> Result<Ran, JournalError> {
    end_orphans(journal, work, cancel, watch)?;
    let ready = Ready::default();
    let (to_writer, messages) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            let (ready, to_writer) = (&ready, to_writer.clone());
            scope.spawn(move || worker::work(work, ready, &to_writer, cancel));
        }
        drop(to_writer);
        let ran = Writer::new(journal, options, &ready, cancel, watch).run(&messages);
        if ran.is_err() {
            cancel.set();
        }
        // Workers that wait end now; those that work find `cancel` set, or nobody who takes their note.
        ready.close();
        drop(messages);
        ran
    })
}

/// Ends the uploads that earlier runs have left, of jobs that nobody will do any more.
fn end_orphans(
    journal: &mut dyn Journal,
    work: &dyn Work,
    cancel: &Cancel,
    watch: &mut dyn FnMut(News<'_>),
) -> Result<(), JournalError> {
    let mut changes = Vec::new();
    for (key, upload) in journal.orphans()? {
        watch(News::Tick);
        if cancel.is_set() {
            break;
        }
        if work.abort_upload(&upload) {
            changes.push(Change { key, event: Event::Aborted(upload) });
        }
    }
    if changes.is_empty() { Ok(()) } else { journal.apply(&changes).map(drop) }
}

#[cfg(test)]
mod tests;
