//! When to ask again for something that is not ready: at the pace of the API's hint, otherwise after 5, 5,
//! 10, 15, 30, 30 s, then every 60 s, which users of the API have found to work. A hint that has not come
//! true twice is too short: from the third wait on it only makes the schedule longer. Otherwise a hint of a
//! few milliseconds would use up all polls at once.

use std::time::Duration;

/// Seconds before each request without a hint.
const SCHEDULE: [u64; 6] = [5, 5, 10, 15, 30, 30];

/// Seconds after the end of the schedule.
const THEN: u64 = 60;

/// How many waits may be as short as the hint.
const BELIEVED: u32 = 2;

/// The shortest wait. A hint may be near 0.
const SHORTEST: Duration = Duration::from_millis(100);

/// The wait before poll number `polls`, counted from 0. A hint of 0 is none.
pub(super) fn wait(hint: Option<Duration>, polls: u32) -> Duration {
    let at = usize::try_from(polls).unwrap_or(usize::MAX);
    let scheduled = Duration::from_secs(SCHEDULE.get(at).copied().unwrap_or(THEN));
    match hint.filter(|hint| !hint.is_zero()) {
        Some(hint) if polls < BELIEVED => hint.max(SHORTEST),
        Some(hint) => hint.max(scheduled),
        None => scheduled,
    }
}

/// How long after the first request the last one is sent, without a hint, with this budget.
pub(super) fn last(polls: u32, longest_wait: Duration) -> Duration {
    let mut waited = Duration::ZERO;
    for poll in 0..polls {
        let next = waited.saturating_add(wait(None, poll));
        if next > longest_wait {
            break;
        }
        waited = next;
    }
    waited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_poll_is_within_polls_and_time() {
        for (polls, longest, expected) in
            [(10, 300, 275), (10, 275, 275), (10, 274, 215), (2, 300, 10), (0, 300, 0), (5, 4, 0)]
        {
            let last = last(polls, Duration::from_secs(longest)).as_secs();
            assert_eq!(last, expected, "{polls} {longest}");
        }
    }

    #[test]
    fn without_a_hint_the_waits_grow() {
        let waits: Vec<u64> = (0..9).map(|polls| wait(None, polls).as_secs()).collect();
        assert_eq!(waits, [5, 5, 10, 15, 30, 30, 60, 60, 60]);
        assert_eq!(wait(None, u32::MAX).as_secs(), 60);
        assert_eq!(wait(Some(Duration::ZERO), 3).as_secs(), 15);
    }

    #[test]
    fn a_hint_is_the_wait_but_never_nothing() {
        for polls in 0..BELIEVED {
            let hint = |millis| wait(Some(Duration::from_millis(millis)), polls).as_millis();
            assert_eq!((hint(1), hint(100), hint(4321), hint(90_000)), (100, 100, 4321, 90_000));
        }
    }

    #[test]
    fn a_hint_that_did_not_come_true_only_makes_the_schedule_longer() {
        let waits = |millis| {
            let hint = Some(Duration::from_millis(millis));
            (0..8).map(|polls| wait(hint, polls).as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), [100, 100, 10_000, 15_000, 30_000, 30_000, 60_000, 60_000]);
        assert_eq!(waits(20_000), [20_000, 20_000, 20_000, 20_000, 30_000, 30_000, 60_000, 60_000]);
    }
}
