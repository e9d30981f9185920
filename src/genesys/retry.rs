//! Whether to try again, and when: a pure decision.
//!
//! In: how often it was tried, how it went, what a repeat would do, the time, a random number. Out:
//! wait so long, or stop. Sleeping is somebody else's work.

use std::time::{Duration, SystemTime};

/// How an attempt went, if not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer with an error status, and its `Retry-After`.
    Status(u16, Option<RetryAfter>),
    /// The connection was never made: nothing has happened at the other side.
    NotSent,
    /// The connection broke, or nothing came: what has happened is not known.
    Unknown,
}

/// The two forms of the header `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    In(Duration),
    At(SystemTime),
}

impl RetryAfter {
    /// Reads the header; what cannot be read is as good as none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match seconds(text) {
            Some(wait) => Some(Self::In(wait)),
            None => httpdate::parse_http_date(text).ok().map(Self::At),
        }
    }

    fn counted_from(self, now: SystemTime) -> Duration {
        match self {
            Self::In(wait) => wait,
            Self::At(until) => until.duration_since(now).unwrap_or_default(),
        }
    }
}

/// `7`, and also `2.5`, which the standard does not allow and some hosts send. A part of a second
/// counts as a whole one, so that nothing is shortened.
fn seconds(text: &str) -> Option<Duration> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || part.is_empty() || !is_digits(whole) || !is_digits(part) {
        return None;
    }
    let more = u64::from(part.bytes().any(|digit| digit != b'0'));
    // More seconds than a number holds are still a wait.
    let seconds = whole.parse::<u64>().ok().and_then(|seconds| seconds.checked_add(more));
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}

/// The longest wait that is told to anyone. Dates far beyond cannot be written.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What a second try of the same request would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The same as one.
    Harmless,
    /// Make a second thing, unless the first try has made none for certain.
    MakesAnother,
}

/// How patient to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Tries after the first.
    pub(super) retries: u32,
    /// The longest that all waits of one call may take together.
    pub(super) budget: Duration,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Wait(Duration),
    /// Trying again would not help, would do harm, or was tried enough.
    Stop,
    /// The other side asks for more patience than there is.
    TooLong(SystemTime),
}

/// Decides after attempt number `attempt` (from 0). `waited` is what earlier waits took; `jitter`,
/// from 0 to 1, lengthens waits that the other side did not name by up to a quarter, so that many
/// clients do not come back at once. A wait that it did name is never shortened.
pub(super) fn decide(
    attempt: u32,
    outcome: Outcome,
    repeat: Repeat,
    patience: Patience,
    waited: Duration,
    now: SystemTime,
    jitter: f64,
) -> Verdict {
    let again = matches!(
        (outcome, repeat),
        // Nothing has happened at the other side.
        (Outcome::Status(429 | 503, _) | Outcome::NotSent, _)
            // Something may have, and once more is as good as once.
            | (Outcome::Status(408 | 500..=599, _) | Outcome::Unknown, Repeat::Harmless)
    );
    if !again || attempt >= patience.retries {
        return Verdict::Stop;
    }
    let named = match outcome {
        Outcome::Status(_, Some(after)) => Some(after.counted_from(now)),
        _ => None,
    };
    let wait = named.unwrap_or_else(|| {
        let base = Duration::from_secs(1 << attempt.min(16));
        base + base.mul_f64(0.25 * jitter.clamp(0.0, 1.0))
    });
    if waited.saturating_add(wait) > patience.budget {
        // Only a wait that the other side named is worth telling.
        return match named {
            Some(wait) => Verdict::TooLong(now + wait.min(LONGEST)),
            None => Verdict::Stop,
        };
    }
    Verdict::Wait(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Patience = Patience { retries: 3, budget: Duration::from_secs(300) };
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn after(attempt: u32, outcome: Outcome, repeat: Repeat) -> Verdict {
        decide(attempt, outcome, repeat, PATIENCE, Duration::ZERO, NOW, 0.0)
    }

    #[test]
    fn without_a_word_from_the_other_side_the_wait_doubles() {
        let busy = Outcome::Status(429, None);
        let waits: Vec<_> = (0..4).map(|n| after(n, busy, Repeat::Harmless)).collect();
        let seconds = |n| Verdict::Wait(Duration::from_secs(n));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(4), Verdict::Stop]);
    }

    #[test]
    fn a_create_is_not_repeated_after_an_unknown_outcome() {
        use Repeat::{Harmless, MakesAnother};
        for (outcome, repeat, again) in [
            (Outcome::Unknown, MakesAnother, false),
            (Outcome::Status(500, None), MakesAnother, false),
            (Outcome::Status(502, None), MakesAnother, false),
            (Outcome::Status(504, None), MakesAnother, false),
            (Outcome::Status(429, None), MakesAnother, true),
            (Outcome::Status(503, None), MakesAnother, true),
            (Outcome::NotSent, MakesAnother, true),
            (Outcome::Unknown, Harmless, true),
            (Outcome::Status(500, None), Harmless, true),
            (Outcome::Status(400, None), Harmless, false),
            (Outcome::Status(403, None), Harmless, false),
            (Outcome::Status(404, None), Harmless, false),
        ] {
            let verdict = after(0, outcome, repeat);
            assert_eq!(verdict != Verdict::Stop, again, "{outcome:?} {repeat:?}");
        }
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let at = |text: &str| RetryAfter::parse(text).map(|after| after.counted_from(NOW));
        assert_eq!(at("7"), Some(Duration::from_secs(7)));
        assert_eq!(at("Thu, 01 Jan 1970 00:01:00 GMT"), Some(Duration::from_secs(60)));
        for text in ["", "soon", "-1", "2.", ".5", "2.5s", "1.2.3", "1e3", "inf"] {
            assert_eq!(at(text), None, "{text}");
        }
        assert_eq!(at("99999999999999999999999"), Some(Duration::MAX));
        assert_eq!(at("18446744073709551615.1"), Some(Duration::MAX));
    }

    #[test]
    fn a_part_of_a_second_is_waited_for_as_a_whole_one() {
        for (text, wait) in [("2.5", 3), (" 2.001 ", 3), ("2.000", 2), ("0.1", 1), ("0.0", 0)] {
            let named = RetryAfter::parse(text);
            assert_eq!(named, Some(RetryAfter::In(Duration::from_secs(wait))), "{text}");
        }
    }

    #[test]
    fn longer_than_the_budget_means_stop_and_say_until_when() {
        let long = Outcome::Status(429, Some(RetryAfter::In(Duration::from_secs(301))));
        let until = NOW + Duration::from_secs(301);
        assert_eq!(after(0, long, Repeat::Harmless), Verdict::TooLong(until));
        let endless = Outcome::Status(429, RetryAfter::parse("99999999999999999999999"));
        assert_eq!(after(0, endless, Repeat::Harmless), Verdict::TooLong(NOW + LONGEST));
        let short = Outcome::Status(429, Some(RetryAfter::In(Duration::from_secs(200))));
        let waited = Duration::from_secs(101);
        let verdict = decide(1, short, Repeat::Harmless, PATIENCE, waited, NOW, 0.0);
        assert_eq!(verdict, Verdict::TooLong(NOW + Duration::from_secs(200)));
    }

    proptest! {
        #[test]
        fn retry_after_is_never_shortened(
            seconds in 0u64..1000, date: bool, attempt in 0u32..5, jitter in 0.0..1.0
        ) {
            let wait = Duration::from_secs(seconds);
            let named = if date { RetryAfter::At(NOW + wait) } else { RetryAfter::In(wait) };
            let outcome = Outcome::Status(429, Some(named));
            let verdict = decide(
                attempt, outcome, Repeat::Harmless, PATIENCE, Duration::ZERO, NOW, jitter);
            match verdict {
                Verdict::Wait(chosen) => prop_assert_eq!(chosen, wait),
                Verdict::TooLong(until) => prop_assert!(until == NOW + wait && seconds > 300),
                Verdict::Stop => prop_assert!(attempt >= 3),
            }
        }
    }
}
