//! A queue in the memory of this process, for tests: what the others do, in the fewest lines.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use super::{
    Again, Dead, Delivery, Jobs, Manage, Queue, QueueError, Status, Verdict, next_body, printable,
};
use crate::lock::lock;

/// A queue in memory. Clones are of the same queue; what is in it ends with the last.
#[derive(Debug, Clone)]
pub struct Memory {
    lease: Duration,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// A job may be there to be handed out.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Numbers given so far: of jobs and of deliveries.
    numbers: u64,
    jobs: BTreeMap<u64, Job>,
    dead: BTreeMap<u64, Dead>,
}

#[derive(Debug)]
struct Job {
    body: String,
    since: SystemTime,
    deliveries: u32,
    /// The delivery that has it.
    held_by: Option<u64>,
    /// When it may be handed out: the end of a lease or of a delay.
    free: Instant,
}

impl Memory {
    /// An empty queue whose jobs are handed out again after this time.
    pub fn new(lease: Duration) -> Self {
        Self { lease, shared: Arc::default() }
    }

    /// The same queue, for a worker with another lease.
    #[must_use]
    pub fn with_lease(&self, lease: Duration) -> Self {
        Self { lease, shared: self.shared.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    /// Does something with the job of a delivery, if it is still that delivery's.
    fn held<T>(
        &self,
        delivery: &Delivery,
        work: impl FnOnce(&mut State, u64) -> T,
    ) -> Result<T, QueueError> {
        let mut state = self.state();
        let number = delivery.id.parse().ok();
        let job = number.and_then(|number| state.jobs.get(&number));
        let is_held = |job: &Job| job.held_by.is_some_and(|by| by.to_string() == delivery.handle);
        let ours = job.is_some_and(is_held);
        let Some(number) = number.filter(|_| ours) else {
            return Err(delivery.lost());
        };
        let done = work(&mut state, number);
        self.shared.changed.notify_all();
        Ok(done)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn put(&mut self, body: String) {
        let number = self.number();
        let (since, free) = (SystemTime::now(), Instant::now());
        self.jobs.insert(number, Job { body, since, deliveries: 0, held_by: None, free });
    }

    /// Hands out at most `most` jobs.
    fn take(&mut self, most: usize, lease: Duration) -> Vec<Delivery> {
        let now = Instant::now();
        let free = self.jobs.iter().filter(|(_, job)| job.free <= now).map(|(number, _)| *number);
        let free: Vec<u64> = free.take(most).collect();
        let mut taken = Vec::new();
        for number in free {
            let delivery = self.number();
            let Some(job) = self.jobs.get_mut(&number) else { continue };
            job.deliveries += 1;
            job.held_by = Some(delivery);
            job.free = now + lease;
            taken.push(Delivery {
                id: number.to_string(),
                body: job.body.clone(),
                deliveries: job.deliveries,
                since: Some(job.since),
                handle: delivery.to_string(),
                pulled: now,
                until: Delivery::lease(now, lease),
                copied: Arc::default(),
            });
        }
        taken
    }
}

impl Queue for Memory {
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let end = Instant::now() + wait;
        let mut state = self.state();
        loop {
            let taken = state.take(most, self.lease);
            let now = Instant::now();
            if !taken.is_empty() || now >= end || most == 0 {
                return Ok(taken);
            }
            let next = state.jobs.values().map(|job| job.free).min().unwrap_or(end).min(end);
            let woken =
                self.shared.changed.wait_timeout(state, next.saturating_duration_since(now));
            state = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.held(delivery, |state, number| {
            let now = Instant::now();
            delivery.renewed(now, self.lease);
            if let Some(job) = state.jobs.get_mut(&number) {
                job.free = now + self.lease;
            }
        })
    }

    fn done(&self, delivery: Delivery) -> Result<(), QueueError> {
        self.held(&delivery, |state, number| drop(state.jobs.remove(&number)))
    }

    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.held(&delivery, |state, number| {
            if let Some(job) = state.jobs.get_mut(&number) {
                job.deliveries -= u32::from(why == Again::NotYet);
                job.held_by = None;
                job.free = Instant::now() + after;
            }
        })
    }

    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.held(&delivery, |state, number| {
            if let Some(Job { body, since, deliveries, .. }) = state.jobs.remove(&number) {
                let (id, reason) = (number.to_string(), Some(printable(reason)));
                let (deliveries, since) = (Some(deliveries), Some(since));
                state.dead.insert(number, Dead { id, body, reason, deliveries, since });
            }
        })
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn name(&self) -> &str {
        "memory"
    }
}

impl Manage for Memory {
    fn push(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError> {
        let mut pushed = 0;
        while let Some(body) = next_body(jobs)? {
            self.state().put(body);
            self.shared.changed.notify_all();
            pushed += 1;
        }
        Ok(pushed)
    }

    fn status(&self) -> Result<Status, QueueError> {
        let (now, state) = (Instant::now(), self.state());
        let count = |is: fn(&Job, Instant) -> bool| {
            Some(state.jobs.values().filter(|job| is(job, now)).count() as u64)
        };
        Ok(Status {
            waiting: count(|job, now| job.free <= now),
            in_work: count(|job, now| job.free > now && job.held_by.is_some()),
            delayed: count(|job, now| job.free > now && job.held_by.is_none()),
            dead: Some(state.dead.len() as u64),
        })
    }

    fn each_dead(&self, each: &mut dyn FnMut(&Dead) -> Verdict) -> Result<(), QueueError> {
        let dead: Vec<(u64, Dead)> =
            self.state().dead.iter().map(|(number, dead)| (*number, dead.clone())).collect();
        for (number, dead) in dead {
            let verdict = each(&dead);
            let mut state = self.state();
            if verdict != Verdict::Keep
                && state.dead.remove(&number).is_some()
                && verdict == Verdict::Retry
            {
                state.put(dead.body);
                self.shared.changed.notify_all();
            }
        }
        Ok(())
    }
}
