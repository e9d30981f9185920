//! The desk: the jobs that this process holds, between the thread that pulls and those that work.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::recordings::{job_id, short_digest};
use crate::batch::Cancel;
use crate::lock::lock;
use crate::queue::{Delivery, Order, OrderError};

/// A job that this process holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) delivery: Delivery,
    /// What it asks for.
    pub(super) order: Result<Order, OrderError>,
    /// What logs call it: the ids of its recordings, or one of its body.
    pub(super) job: String,
    /// Ends the work on it.
    pub(super) cancel: Cancel,
    lost: AtomicBool,
    /// The queue is being told what became of it.
    settling: AtomicBool,
}

/// The jobs that this process holds: never more than it can do at once.
#[derive(Debug)]
pub(super) struct Desk {
    seats: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Those that nobody has begun; they are in `held` too.
    waiting: VecDeque<Arc<Held>>,
    held: Vec<Arc<Held>>,
    closed: bool,
}

impl Held {
    /// A job that was pulled.
    pub(super) fn of(delivery: Delivery) -> Self {
        let order = Order::read(&delivery.body);
        let job = match &order {
            Ok(Order::Recordings(all)) => all.iter().map(job_id).collect::<Vec<_>>().join(","),
            _ => short_digest(&delivery.body),
        };
        let (cancel, lost, settling) = Default::default();
        Self { delivery, order, job, cancel, lost, settling }
    }

    /// Another may have it: the work on it ends, and the queue is told nothing more.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.cancel.set();
    }

    /// From now on its lease is left alone.
    pub(super) fn settle(&self) {
        self.settling.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_settling(&self) -> bool {
        self.settling.load(Ordering::SeqCst)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Desk {
    pub(super) fn new(seats: usize) -> Self {
        Self { seats: seats.max(1), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Puts a job on the desk.
    pub(super) fn add(&self, delivery: Delivery) {
        let held = Arc::new(Held::of(delivery));
        let mut state = lock(&self.state);
        state.waiting.push_back(Arc::clone(&held));
        state.held.push(held);
        self.changed.notify_all();
    }

    /// The next job to begin; waits for one. `None` when there will be none.
    pub(super) fn next(&self) -> Option<Arc<Held>> {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.pop_front()
    }

    /// The queue knows what became of a job, or nobody here can tell it any more.
    pub(super) fn end(&self, ended: &Arc<Held>) {
        lock(&self.state).held.retain(|held| !Arc::ptr_eq(held, ended));
        self.changed.notify_all();
    }

    /// How many more can be pulled: waits for a seat, but not longer than this.
    pub(super) fn free_within(&self, wait: Duration) -> usize {
        let state = self.wait(wait, |state| state.held.len() < self.seats);
        self.seats.saturating_sub(state.held.len())
    }

    /// All jobs that are held now.
    pub(super) fn held(&self) -> Vec<Arc<Held>> {
        lock(&self.state).held.clone()
    }

    /// No more jobs will come. Those that nobody has begun.
    pub(super) fn close(&self) -> Vec<Arc<Held>> {
        let mut state = lock(&self.state);
        state.closed = true;
        let unbegun: Vec<_> = state.waiting.drain(..).collect();
        state.held.retain(|held| !unbegun.iter().any(|it| Arc::ptr_eq(it, held)));
        self.changed.notify_all();
        unbegun
    }

    /// Waits until nothing is held, but not longer than this. Whether nothing is.
    pub(super) fn is_idle_within(&self, wait: Duration) -> bool {
        self.wait(wait, |state| state.held.is_empty()).held.is_empty()
    }

    /// Waits until there is nothing to do any more, but not longer than this. Whether there is nothing.
    pub(super) fn is_over_within(&self, wait: Duration) -> bool {
        let is_over = |state: &State| state.closed && state.held.is_empty();
        is_over(&self.wait(wait, is_over))
    }

    /// Ends the work on all jobs.
    pub(super) fn cancel_all(&self) {
        self.held().iter().for_each(|held| held.cancel.set());
    }

    fn wait(&self, wait: Duration, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let begun = Instant::now();
        let mut state = lock(&self.state);
        loop {
            let left = wait.saturating_sub(begun.elapsed());
            if until(&state) || left.is_zero() {
                return state;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
