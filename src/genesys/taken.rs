//! How much of an upload the system has taken, counted for each try on its own.
//!
//! A host may answer before it has read the body. Then the body of that try may still be on its way
//! while the next one is, and must not count for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The counter of the current try.
#[derive(Debug, Default)]
pub(super) struct Taken(Mutex<Counter>);

/// The counter of one try. Its clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Taken {
    /// Begins a try. The counters of earlier ones count for nobody from now on.
    pub(super) fn begin(&self) -> Counter {
        let counter = Counter::default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counter.clone();
        counter
    }

    /// The bytes that were taken of the current try.
    pub(super) fn bytes(&self) -> u64 {
        let counter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counter.0.load(Ordering::Relaxed)
    }
}

impl Counter {
    /// Counts more bytes, and gives the sum.
    pub(super) fn add(&self, bytes: u64) -> u64 {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_of_an_earlier_try_does_not_count() {
        let taken = Taken::default();
        let first = taken.begin();
        first.add(7);
        assert_eq!(taken.bytes(), 7);
        let second = taken.begin();
        assert_eq!((taken.bytes(), second.add(2), first.add(7)), (0, 2, 14));
        assert_eq!(taken.bytes(), 2);
    }
}
