//! The five verbs, timed and tried again: what the queue is told of a job.

use std::thread::sleep;
use std::time::{Duration, Instant};

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
}

impl Verbs<'_> {
    pub(super) fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let begun = Instant::now();
        let pulled = self.queue.pull(most, wait);
        // A pull that gives nothing has waited, which is no work.
        let took = match &pulled {
            Ok(pulled) if pulled.is_empty() => Duration::ZERO,
            _ => begun.elapsed(),
        };
        self.numbers.called("pull", took, pulled.is_err());
        pulled
    }

    pub(super) fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.timed("extend", || self.queue.extend(delivery))
    }

    /// Whether the queue knows it.
    pub(super) fn done(&self, delivery: &Delivery) -> bool {
        self.tell("done", || self.queue.done(delivery.clone()))
    }

    /// Whether the queue knows it.
    pub(super) fn again(&self, delivery: &Delivery, after: Duration, why: Again) -> bool {
        self.tell("again", || self.queue.again(delivery.clone(), after, why))
    }

    /// Whether the queue knows it.
    pub(super) fn bury(&self, delivery: &Delivery, reason: &str) -> bool {
        self.tell("bury", || self.queue.bury(delivery.clone(), reason))
    }

    /// Gives back a job that nobody has begun, or that was interrupted. It does not count: a worker that ends
    /// is not the job's fault.
    pub(super) fn hand_back(&self, delivery: &Delivery) -> bool {
        self.again(delivery, Duration::ZERO, Again::NotYet)
    }

    fn tell(&self, verb: &'static str, call: impl Fn() -> Result<(), QueueError>) -> bool {
        for wait in WAITS.iter().map(Some).chain([None]) {
            match (self.timed(verb, &call), wait) {
                (Ok(()), _) => return true,
                (Err(error), Some(wait)) if error.is_retryable() => sleep(*wait),
                (Err(error), _) => {
                    tracing::warn!(verb, %error, "the queue does not take what became of a job");
                    break;
                }
            }
        }
        false
    }

    fn timed(
        &self,
        verb: &'static str,
        call: impl FnOnce() -> Result<(), QueueError>,
    ) -> Result<(), QueueError> {
        let begun = Instant::now();
        let result = call();
        self.numbers.called(verb, begun.elapsed(), result.is_err());
        result
    }
}
