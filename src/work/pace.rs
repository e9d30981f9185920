//! How long what waits.

use std::time::Duration;

/// The longest wait of a job before it is handed out again, unless a server asks for more.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The longest pause between two pulls.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The first pause, unless jobs come again sooner.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The wait of a job whose list or transcript is not there yet: as long as it has waited already, so the times
/// double.
pub(super) fn not_yet(first: Duration, age: Duration, give_up: Duration) -> Duration {
    // Not much beyond the time at which it is given up.
    let left = give_up.saturating_sub(age);
    age.max(first).min(LONGEST).min(left.max(first))
}

/// The wait of a job that failed: twice as long as the one before, and what the server asks for.
pub(super) fn again(first: Duration, deliveries: u32, asked: Option<Duration>) -> Duration {
    let times = 1_u32.checked_shl(deliveries.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(times).min(LONGEST).max(asked.unwrap_or_default())
}

/// The pause before the next pull, after so many failures in a row that are nobody's fault but a store's or the
/// queue's.
pub(super) fn pause(first: Duration, failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        n => again(first.min(FIRST_PAUSE), n, None).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_for_a_transcript_double_and_are_bounded() {
        let (first, day) = (seconds(10), seconds(24 * 3600));
        let (mut age, mut waits) = (Duration::ZERO, Vec::new());
        while age < day {
            let wait = not_yet(first, age, day);
            waits.push(wait.as_secs());
            age += wait;
        }
        assert_eq!(waits[..9], [10, 10, 20, 40, 80, 160, 320, 640, 900]);
        assert!(waits[8..waits.len() - 1].iter().all(|&wait| wait == 900));
        assert!((100..=105).contains(&waits.len()), "{}", waits.len());
        assert_eq!(age, day, "it is given up in time");
    }

    #[test]
    fn waits_after_failures_double_and_never_shorten_what_a_server_asks_for() {
        let waits: Vec<_> = (1..=8).map(|n| again(seconds(10), n, None).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900]);
        assert_eq!(again(seconds(10), u32::MAX, None), LONGEST);
        assert_eq!(again(seconds(10), 1, Some(seconds(5000))), seconds(5000));
        assert_eq!(again(Duration::ZERO, 7, None), Duration::ZERO);
    }

    #[test]
    fn pulls_pause_longer_and_longer_up_to_a_minute() {
        let pauses: Vec<_> = (0..=9).map(|n| pause(seconds(10), n).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pause(Duration::ZERO, 5), Duration::ZERO);
    }
}
