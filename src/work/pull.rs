//! Pulls: never more than there are seats, slower while stores or the queue do not answer.

use std::time::{Duration, Instant};

use super::desk::{Desk, Held};
use super::pace;
use super::settle::Verbs;
use crate::batch::Cancel;
use crate::queue::{Manage, QueueError, Status};

/// How long one request waits for jobs: so long may a signal wait too.
const WAIT: Duration = Duration::from_secs(5);

/// The same where the worker ends when there is nothing.
const WAIT_DRAINING: Duration = Duration::from_secs(1);

/// The share of a lease that may be over when a job comes.
const SHARE_OF_LEASE: u32 = 3;

/// How often a pause looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// So many times in a row a queue must say that it is empty: some count with a delay.
const EMPTY: u32 = 2;

/// Fills the desk until `stop` is set, or the queue is empty.
pub(super) fn pull(
    verbs: &Verbs<'_>,
    drain: Option<&dyn Manage>,
    desk: &Desk,
    first_pause: Duration,
    stop: &Cancel,
) -> Result<(), QueueError> {
    let numbers = verbs.numbers;
    let wait = if drain.is_some() { WAIT_DRAINING } else { WAIT };
    // A lease begins when jobs are asked for.
    let wait = wait.min(verbs.queue.lease() / SHARE_OF_LEASE);
    let (mut empty, mut failed, mut is_first) = (0, 0, true);
    while !stop.is_set() {
        let free = desk.free_within(LOOK);
        let pause = pace::pause(first_pause, numbers.troubles().max(failed)).max(numbers.hold());
        if free == 0 || is_stopped_within(pause, stop) {
            continue;
        }
        let pulled = match verbs.pull(free, wait) {
            Ok(pulled) => pulled,
            Err(error) if is_first => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the queue cannot be asked for jobs");
                failed += 1;
                continue;
            }
        };
        (is_first, failed) = (false, 0);
        if stop.is_set() {
            for delivery in pulled {
                verbs.hand_back(&Held::of(delivery));
            }
            break;
        }
        let is_empty = pulled.is_empty();
        pulled.into_iter().for_each(|delivery| desk.add(delivery));
        let Some(manage) = drain else { continue };
        empty = if is_empty && is_drained(manage, desk) { empty + 1 } else { 0 };
        if empty == EMPTY {
            break;
        }
    }
    Ok(())
}

/// Waits for the end of a pause. Whether `stop` was set meanwhile.
fn is_stopped_within(pause: Duration, stop: &Cancel) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < pause && !stop.is_set() {
        std::thread::sleep(LOOK.min(pause));
    }
    stop.is_set()
}

/// Whether nobody has a job of this queue, and nobody will get one.
fn is_drained(manage: &dyn Manage, desk: &Desk) -> bool {
    if !desk.held().is_empty() {
        return false;
    }
    match manage.status() {
        Ok(Status { waiting, in_work, delayed, .. }) => {
            [waiting, in_work, delayed].iter().all(|count| count.unwrap_or(0) == 0)
        }
        Err(error) => {
            tracing::warn!(%error, "the queue cannot be counted");
            false
        }
    }
}
