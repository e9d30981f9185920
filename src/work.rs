//! Work: jobs from a queue, one after the other, for weeks, on as many machines as wanted.
//!
//! In: a [`Queue`], and what redacts a recording ([`Redact`]). Out: redacted recordings with their receipts,
//! and [`Numbers`]. Nothing is kept here. The receipt in its place is the commit: a job that is handed out
//! twice is done twice at worst, and committed once.
//!
//! ```text
//! queue ──▶ pull ──▶ desk ──▶ workers ──▶ Redact ──▶ done │ again │ bury ──▶ queue
//!            ▲        │ heart: extends what the desk holds
//!            └────────┘ as many as are free
//! ```
//!
//! What becomes of a job:
//!
//! | what happened | the queue is told |
//! |---|---|
//! | all its recordings are done, or it asks for nothing that sordino does | done |
//! | a transcript is not there yet | again, later and later; after [`Options::give_up`] bury |
//! | a failure that may pass | again, later and later; at [`Options::max_deliveries`] bury |
//! | a failure that cannot pass | bury |
//! | it was handed out more often than that, and nobody has said why: its workers died | bury, before it is begun |
//! | the worker ends | again, at once; it does not count |
//! | the lease was lost | nothing: another has it |
//!
//! Logs (`tracing`) name a job by its [`job_id`]. Places and messages may hold a customer's number, so
//! they are logged at the level `debug` alone.

use std::time::Duration;

use crate::batch::{Cancel, Done, Failure};
use crate::queue::{Manage, Queue, QueueError, Recording};

mod attempt;
mod desk;
mod end;
mod heart;
mod listen;
mod numbers;
mod pace;
mod page;
mod pull;
mod recordings;
mod settle;

pub use listen::listen;
pub use numbers::{Ended, Numbers};
pub use recordings::{Recordings, job_id};

use desk::Desk;
use settle::Verbs;

/// Does what a queue asks for, with one recording.
pub trait Redact: Sync {
    /// Redacts a recording, or says why there is nothing to do. `attempt`: from 1.
    ///
    /// # Errors
    /// [`Failure`]; of a [`Cancel`] that was set, [`Failure::Interrupted`], and then nothing is left of it.
    fn redact(&self, of: &Recording, attempt: u32, cancel: &Cancel) -> Result<Step, Failure>;
}

/// What was done with a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It is redacted, and its receipt is in its place.
    Done(Box<Done>),
    /// It is not to be redacted, for this reason.
    Ignored(&'static str),
    /// Its list or transcript is not there yet.
    NotYet,
    /// Not by this worker, for this reason, but maybe by one that is set up otherwise. No store was asked.
    Refused(&'static str),
}

/// How jobs are worked on.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many jobs are done at once; at least one. No more are ever pulled.
    pub jobs: usize,
    /// How often a job is handed out at most. Fewer, if the engine takes jobs away earlier.
    pub max_deliveries: u32,
    /// How long a recording waits for its list or transcript.
    pub give_up: Duration,
    /// The wait before a job comes again for the first time; later ones are longer. A server that asks for
    /// more gets more.
    pub wait: Duration,
    /// How long jobs in flight may go on when the worker is to end.
    pub grace: Duration,
}

impl Options {
    /// The usual options, for so many jobs at once.
    pub fn new(jobs: usize) -> Self {
        Self {
            jobs,
            max_deliveries: 5,
            give_up: Duration::from_secs(24 * 3600),
            wait: Duration::from_secs(10),
            grace: Duration::from_secs(30),
        }
    }
}

/// Works until `stop` is set; with `drain` until that queue is empty.
///
/// After `stop` no new job begins. Those in flight may end within [`Options::grace`], and are handed back then.
///
/// # Errors
/// [`QueueError`] if the very first request fails. Later ones are logged, and tried again.
pub fn run(
    queue: &dyn Queue,
    drain: Option<&dyn Manage>,
    redact: &dyn Redact,
    options: &Options,
    stop: &Cancel,
    numbers: &Numbers,
) -> Result<(), QueueError> {
    let (desk, verbs) = (Desk::new(options.jobs), Verbs::new(queue, numbers));
    numbers.expect_answers_within(queue.lease());
    let worker = attempt::Worker { verbs: &verbs, redact, options, desk: &desk, numbers };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| worker.work());
        }
        scope.spawn(|| heart::beat(&verbs, &desk));
        scope.spawn(|| end::end(&verbs, &desk, options.grace, stop));
        // Also when an engine panics: the workers would wait for ever.
        let _closing = Closing(&desk);
        let pulled = pull::pull(&verbs, drain, &desk, options.wait, stop);
        numbers.end();
        for unbegun in desk.close() {
            verbs.hand_back(&unbegun);
        }
        pulled
    })
}

/// Ends all work when it goes.
struct Closing<'a>(&'a Desk);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
            self.0.cancel_all();
        }
    }
}

#[cfg(test)]
mod tests;
