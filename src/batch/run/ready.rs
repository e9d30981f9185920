//! Jobs that were claimed and wait for a worker; some of them until a time.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::journal::Claimed;
use crate::lock::lock;

/// A job that this process holds.
pub(super) struct Task {
    pub(super) job: Claimed,
    /// How often this run has tried it.
    pub(super) tries: u32,
}

/// The jobs between the writer and the workers.
#[derive(Default)]
pub(super) struct Ready {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    now: VecDeque<Task>,
    /// Not before this time. Few: while as many wait as there are workers, no more are claimed.
    later: Vec<(Instant, Task)>,
    closed: bool,
}

impl Ready {
    /// Adds a job for the next free worker.
    pub(super) fn add(&self, job: Task) {
        lock(&self.jobs).now.push_back(job);
        self.changed.notify_one();
    }

    /// Adds a job that nobody begins before this wait is over.
    pub(super) fn add_later(&self, job: Task, wait: Duration) {
        let now = Instant::now();
        // The writer lets nobody wait so long that the clock ends; one that would is not lost.
        let when = now.checked_add(wait).unwrap_or(now);
        lock(&self.jobs).later.push((when, job));
        self.changed.notify_one();
    }

    /// How many jobs wait here, for a worker or for a time.
    pub(super) fn len(&self) -> usize {
        let jobs = lock(&self.jobs);
        jobs.now.len() + jobs.later.len()
    }

    /// The next job; waits for one. `None` when there will be none.
    pub(super) fn next(&self) -> Option<Task> {
        let mut jobs = lock(&self.jobs);
        loop {
            if jobs.closed {
                return None;
            }
            let now = Instant::now();
            if let Some(at) = jobs.later.iter().position(|(when, _)| *when <= now) {
                return Some(jobs.later.swap_remove(at).1);
            }
            if let Some(job) = jobs.now.pop_front() {
                return Some(job);
            }
            let first = jobs.later.iter().map(|(when, _)| *when).min();
            jobs = match first {
                None => self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
                Some(when) => {
                    let wait = when.saturating_duration_since(now);
                    let waited = self.changed.wait_timeout(jobs, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Takes back all jobs that no worker has begun.
    pub(super) fn take_back(&self) -> Vec<Task> {
        let mut jobs = lock(&self.jobs);
        let later = std::mem::take(&mut jobs.later).into_iter().map(|(_, job)| job);
        let all = jobs.now.drain(..).chain(later).collect();
        drop(jobs);
        all
    }

    /// Workers end instead of taking another job.
    pub(super) fn close(&self) {
        lock(&self.jobs).closed = true;
        self.changed.notify_all();
    }
}
