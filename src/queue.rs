//! A queue: where jobs come from when recordings arrive all day.
//!
//! In: the URL of a queue that exists. Out: [`Delivery`]s, whose bodies [`Order`] reads, and what became of
//! each goes back. A job that was pulled is hidden from others for the queue's [lease](Queue::lease), then it is
//! handed out again. So a job may be handed out twice, and be done twice: the queue never decides who was
//! first. The receipt does.
//!
//! Each engine is one file. All hold the same test: `tests/it/queue.rs`.
//!
//! Errors: [`QueueError`]. No call sleeps longer than its `wait`, or than the engine's own timeout.

mod error;
mod memory;
#[cfg(feature = "nats")]
mod nats;
mod open;
mod order;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqs")]
mod sqs;

use std::sync::atomic::AtomicBool;
#[cfg(any(feature = "nats", feature = "sqs"))]
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

pub use error::QueueError;
pub use memory::Memory;
pub use open::{Options, open, open_to_manage, shown};
pub use order::{Order, OrderError, Recording};

use crate::lock::lock;

/// The longest body of a job, in bytes: what the smallest engine takes, 256 KiB, without what it says of the job
/// besides.
pub const LONGEST_BODY: usize = 248 * 1024;

/// The longest delay of a job that was not begun, where it goes back as a copy. What says more was not written
/// by sordino.
#[cfg(any(feature = "nats", feature = "sqs"))]
const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// The worker's side of a queue: five verbs. All threads of a process share one.
///
/// Calls block. They are not to be made in a task of a runtime.
pub trait Queue: Send + Sync {
    /// Takes at most `most` jobs, and at least one if there is one within `wait`. None is no error: the queue
    /// is empty now, or all its jobs are in work or delayed. An engine may give fewer than it has.
    ///
    /// # Errors
    /// [`QueueError`]. After [`QueueError::Unavailable`] ask again, after the others do not.
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Keeps the job for another [lease](Queue::lease), from now. Call it three times as often.
    ///
    /// # Errors
    /// [`QueueError::Lost`] if another may have it already: stop. [`QueueError::Unavailable`] says nothing of
    /// the lease: try again.
    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError>;

    /// The job is done, and leaves the queue. Call it after the receipt is in place, never before.
    ///
    /// # Errors
    /// [`QueueError::Lost`] if the lease had ended, where the engine can tell: the job may be handed out
    /// again, and whoever gets it finds the receipt.
    fn done(&self, delivery: Delivery) -> Result<(), QueueError>;

    /// Puts the job back, to be handed out after a delay, or as long as the engine can, if that is shorter.
    ///
    /// # Errors
    /// [`QueueError::Lost`], as [`Queue::done`].
    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError>;

    /// Takes the job out, to where a person finds it: [`Manage::each_dead`]. `reason`: an error in words;
    /// nothing that was said in the recording, and no secret.
    ///
    /// # Errors
    /// [`QueueError::Lost`], as [`Queue::done`].
    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError>;

    /// How long a job that was pulled stays ours without [`Queue::extend`].
    fn lease(&self) -> Duration;

    /// After how many deliveries the engine itself takes a job away, without a reason; none if it never does.
    /// A worker buries before: after fewer deliveries.
    fn most_deliveries(&self) -> Option<u32> {
        None
    }

    /// The queue in messages: its URL without a secret.
    fn name(&self) -> &str;
}

/// Why a job goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It was tried, and failed, or the worker ends: it counts in [`Delivery::deliveries`].
    Failed,
    /// It was not begun, because what it needs is not there yet: it does not count, however often.
    NotYet,
}

/// A job that was pulled. Clones are of the same lease.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What the engine calls it, for messages; unique in its queue. After [`Again::NotYet`] it may be another.
    pub id: String,
    /// What to do, for [`Order::read`].
    pub body: String,
    /// How often it was handed out, this time included: from 1. A worker that dies of a job cannot say so,
    /// so look at this first.
    pub deliveries: u32,
    /// When it came into the queue, where that is known.
    pub since: Option<SystemTime>,
    /// By what the engine knows this delivery.
    handle: String,
    /// When it was asked for.
    #[cfg_attr(not(feature = "sqs"), expect(dead_code, reason = "only SQS has a limit in all"))]
    pulled: Instant,
    /// When the lease ends, by our own clock, which started before the engine's.
    until: Arc<Mutex<Instant>>,
    /// Whether a copy is in the engine already, from an earlier call that then failed.
    #[cfg_attr(
        not(any(feature = "nats", feature = "sqs")),
        expect(dead_code, reason = "only engines without a state of a job send copies")
    )]
    copied: Arc<AtomicBool>,
}

impl Delivery {
    /// A lease that began when this was asked for.
    fn lease(pulled: Instant, lease: Duration) -> Arc<Mutex<Instant>> {
        Arc::new(Mutex::new(pulled + lease))
    }

    /// The lease was renewed, when this was asked for.
    fn renewed(&self, asked: Instant, lease: Duration) {
        *lock(&self.until) = asked + lease;
    }

    /// Whether nobody else can have the job. Some engines do not tell.
    ///
    /// # Errors
    /// [`QueueError::Lost`].
    fn check_ours(&self) -> Result<(), QueueError> {
        let is_ours = Instant::now() < *lock(&self.until);
        is_ours.then_some(()).ok_or_else(|| self.lost())
    }

    /// Sends a copy, unless it was sent before: a call whose second half failed is made once more.
    #[cfg(any(feature = "nats", feature = "sqs"))]
    async fn copy_once(
        &self,
        send: impl Future<Output = Result<(), QueueError>>,
    ) -> Result<(), QueueError> {
        if !self.copied.load(Ordering::SeqCst) {
            send.await?;
            self.copied.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    /// The body of a job that is buried: what is too long is no order, and its beginning is enough.
    #[cfg(any(feature = "nats", feature = "sqs"))]
    fn buried_body(&self) -> String {
        let end = (0..=self.body.len().min(LONGEST_BODY)).rev();
        let cut = end.map(|end| self.body.get(..end)).find_map(|cut| cut);
        cut.unwrap_or_default().to_owned()
    }

    fn lost(&self) -> QueueError {
        QueueError::Lost { id: self.id.clone() }
    }
}

/// The side of a queue for people.
pub trait Manage: Send + Sync {
    /// Puts jobs into the queue, and says how many. They are kept when this returns.
    ///
    /// # Errors
    /// After an error, those before it may be in the queue: to push them again does no harm.
    /// [`QueueError::Jobs`] if the next one could not be had, [`QueueError::TooLong`].
    fn push(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError>;

    /// How many jobs are in which state. Some engines count with a delay.
    ///
    /// # Errors
    /// [`QueueError`].
    fn status(&self) -> Result<Status, QueueError>;

    /// Shows `each` the buried jobs, one after the other, and does with each what it says. What is buried
    /// meanwhile may be left out.
    ///
    /// # Errors
    /// [`QueueError`]. Those before it were done with as said.
    fn each_dead(&self, each: &mut dyn FnMut(&Dead) -> Verdict) -> Result<(), QueueError>;
}

/// Bodies of jobs on their way into a queue.
pub type Jobs<'a> =
    dyn Iterator<Item = Result<String, Box<dyn std::error::Error + Send + Sync>>> + 'a;

/// A job that was buried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// What the engine calls it; not what it was called before it was buried.
    pub id: String,
    /// What was to be done.
    pub body: String,
    /// Why it was buried; none if the engine did it.
    pub reason: Option<String>,
    /// How often it was handed out, where that is known.
    pub deliveries: Option<u32>,
    /// When it came into the queue, where that is known.
    pub since: Option<SystemTime>,
}

/// What to do with a buried job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays where it is.
    Keep,
    /// It goes back into the queue, as if it had never been handed out.
    Retry,
    /// It is forgotten.
    Drop,
}

/// How many jobs are in which state; none where the engine cannot know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// To be handed out now.
    pub waiting: Option<u64>,
    /// Handed out, with a lease that has not ended.
    pub in_work: Option<u64>,
    /// To be handed out later.
    pub delayed: Option<u64>,
    /// Buried.
    pub dead: Option<u64>,
}

/// The next body, if there is one and an engine takes it.
fn next_body(jobs: &mut Jobs<'_>) -> Result<Option<String>, QueueError> {
    let body = jobs.next().transpose().map_err(QueueError::Jobs)?;
    match body {
        Some(body) if body.len() > LONGEST_BODY => Err(QueueError::TooLong { bytes: body.len() }),
        body => Ok(body),
    }
}

/// A reason as all engines can keep it: one line, not longer than 1000 characters, and something.
fn printable(reason: &str) -> String {
    let plain = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.take(1000).collect();
    if plain.trim().is_empty() { "without a reason".to_owned() } else { plain }
}

/// A text as it was before it was encoded for a URL: `%XX` is a byte.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[cfg(any(feature = "nats", feature = "sqs"))]
mod tests {
    use super::*;

    fn delivery(body: String) -> Delivery {
        let (pulled, lease) = (Instant::now(), Duration::from_secs(9));
        Delivery {
            id: "1".into(),
            body,
            deliveries: 1,
            since: None,
            handle: String::new(),
            pulled,
            until: Delivery::lease(pulled, lease),
            copied: Arc::default(),
        }
    }

    #[tokio::test]
    async fn a_call_to_nats_or_sqs_that_is_made_once_more_sends_no_second_copy() {
        let delivery = delivery("a".into());
        let failed = async { Err(QueueError::Lost { id: "1".into() }) };
        assert!(delivery.copy_once(failed).await.is_err());
        let mut sent = 0;
        for _ in 0..3 {
            // A clone is of the same lease.
            let copy = delivery.clone();
            let send = async {
                sent += 1;
                Ok(())
            };
            copy.copy_once(send).await.unwrap();
        }
        assert_eq!(sent, 1);
    }

    #[test]
    fn a_body_for_nats_or_sqs_is_cut_between_two_letters() {
        assert_eq!(delivery("short".into()).buried_body(), "short");
        let long = format!("x{}", "ü".repeat(LONGEST_BODY));
        let cut = delivery(long).buried_body();
        assert_eq!(cut.len(), LONGEST_BODY - 1);
        assert!(cut.ends_with('ü'));
    }
}
