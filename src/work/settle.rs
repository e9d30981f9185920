//! The five verbs, timed and tried again: what the queue is told of a job.

use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::desk::Held;
use super::numbers::Numbers;
use crate::queue::{Again, Delivery, Queue, QueueError};

/// The waits before the queue is told once more. After the last the lease ends by itself, and the job is handed
/// out again: nothing is lost by that.
const WAITS: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// A queue, with a clock.
pub(super) struct Verbs<'a> {
    pub(super) queue: &'a dyn Queue,
    pub(super) numbers: &'a Numbers,
    /// From then on nothing is tried again, because the process is to end.
    over: OnceLock<Instant>,
}

impl<'a> Verbs<'a> {
    pub(super) fn new(queue: &'a dyn Queue, numbers: &'a Numbers) -> Self {
        Self { queue, numbers, over: OnceLock::new() }
    }

    /// From then on the queue is told each thing once.
    pub(super) fn end_at(&self, over: Instant) {
        // Only the first signal counts.
        let _ = self.over.set(over);
    }

    pub(super) fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let begun = Instant::now();
        let pulled = self.queue.pull(most, wait);
        // A pull that gives nothing has waited, which is no work.
        let took = match &pulled {
            Ok(pulled) if pulled.is_empty() => Duration::ZERO,
            _ => begun.elapsed(),
        };
        self.numbers.called("pull", took, pulled.is_err());
        self.numbers.answered(pulled.is_ok());
        pulled
    }

    pub(super) fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.timed("extend", || self.queue.extend(delivery))
    }

    /// Whether the queue knows it.
    pub(super) fn done(&self, held: &Held) -> bool {
        self.tell("done", held, |delivery| self.queue.done(delivery))
    }

    /// Whether the queue knows it.
    pub(super) fn again(&self, held: &Held, after: Duration, why: Again) -> bool {
        self.tell("again", held, |delivery| self.queue.again(delivery, after, why))
    }

    /// Whether the queue knows it.
    pub(super) fn bury(&self, held: &Held, reason: &str) -> bool {
        self.tell("bury", held, |delivery| self.queue.bury(delivery, reason))
    }

    /// Gives back a job that nobody has begun, or that was interrupted. It does not count: a worker that ends
    /// is not the job's fault.
    pub(super) fn hand_back(&self, held: &Held) -> bool {
        self.again(held, Duration::ZERO, Again::NotYet)
    }

    fn tell(
        &self,
        verb: &'static str,
        held: &Held,
        call: impl Fn(Delivery) -> Result<(), QueueError>,
    ) -> bool {
        for wait in WAITS.iter().map(Some).chain([None]) {
            match (self.timed(verb, || call(held.delivery.clone())), wait) {
                (Ok(()), _) => return true,
                (Err(error), Some(wait)) if error.is_retryable() && !self.is_over_in(*wait) => {
                    sleep(*wait);
                }
                (Err(error), _) => {
                    tracing::warn!(job = held.job, verb, %error, "the queue does not take what became of a job");
                    break;
                }
            }
        }
        false
    }

    fn is_over_in(&self, wait: Duration) -> bool {
        self.over.get().is_some_and(|over| Instant::now() + wait >= *over)
    }

    fn timed(
        &self,
        verb: &'static str,
        call: impl FnOnce() -> Result<(), QueueError>,
    ) -> Result<(), QueueError> {
        let begun = Instant::now();
        let result = call();
        self.numbers.called(verb, begun.elapsed(), result.is_err());
        // Our own clock may have said that a job is lost, and the queue nothing.
        if !matches!(result, Err(QueueError::Lost { .. } | QueueError::Overdue { .. })) {
            self.numbers.answered(result.is_ok());
        }
        result
    }
}
