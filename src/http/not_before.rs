//! Until when a host takes no request. One answer says it, and all tasks heed it.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::lock::lock;

/// Until when no request may be sent. Shared by all tasks.
#[derive(Debug, Default)]
pub(crate) struct NotBefore(Mutex<Option<SystemTime>>);

impl NotBefore {
    /// Takes over what an answer says. The latest time counts: answers may overtake each other.
    pub(crate) fn note(&self, until: Option<SystemTime>) {
        let mut known = lock(&self.0);
        *known = (*known).max(until);
    }

    /// Until when the next request must wait.
    pub(crate) fn until(&self, now: SystemTime) -> Option<SystemTime> {
        lock(&self.0).filter(|&until| now < until)
    }

    /// Forgets a time that was waited for.
    pub(crate) fn passed(&self, until: SystemTime) {
        lock(&self.0).take_if(|known| *known <= until);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_latest_time_counts_until_it_has_passed() {
        let (limit, now) = (NotBefore::default(), SystemTime::UNIX_EPOCH);
        let at = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(limit.until(now), None);
        limit.note(Some(at(61)));
        limit.note(Some(at(3)));
        limit.note(None);
        assert_eq!((limit.until(now), limit.until(at(61))), (Some(at(61)), None));
        limit.note(Some(at(71)));
        limit.passed(at(61));
        assert_eq!(limit.until(now), Some(at(71)), "a later time stays");
        limit.passed(at(71));
        assert_eq!(limit.until(now), None);
    }
}
