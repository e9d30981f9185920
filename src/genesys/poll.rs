//! When to ask again for something that is not ready: at the pace of the API's hint, otherwise after 5, 5,
//! 10, 15, 30, 30 s, then every 60 s, which users of the API have found to work.

use std::time::Duration;

/// Seconds before each request without a hint.
const SCHEDULE: [u64; 6] = [5, 5, 10, 15, 30, 30];

/// Seconds after the end of the schedule.
const THEN: u64 = 60;

/// The shortest wait. A hint may be near 0, which would use up the polls at once.
const SHORTEST: Duration = Duration::from_millis(100);

/// The wait before poll number `polls`, counted from 0. A hint of 0 is none.
pub(super) fn wait(hint: Option<Duration>, polls: u32) -> Duration {
    match hint.filter(|hint| !hint.is_zero()) {
        Some(hint) => hint.max(SHORTEST),
        None => {
            let at = usize::try_from(polls).unwrap_or(usize::MAX);
            Duration::from_secs(SCHEDULE.get(at).copied().unwrap_or(THEN))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_hint_the_waits_grow() {
        let waits: Vec<u64> = (0..9).map(|polls| wait(None, polls).as_secs()).collect();
        assert_eq!(waits, [5, 5, 10, 15, 30, 30, 60, 60, 60]);
        assert_eq!(wait(None, u32::MAX).as_secs(), 60);
        assert_eq!(wait(Some(Duration::ZERO), 3).as_secs(), 15);
    }

    #[test]
    fn a_hint_is_the_wait_but_never_nothing() {
        let hint = |millis| wait(Some(Duration::from_millis(millis)), 6).as_millis();
        assert_eq!((hint(1), hint(100), hint(4321), hint(90_000)), (100, 100, 4321, 90_000));
    }
}
