//! `Retry-After`, and how long to wait before a request is sent again: [`wait`] is the place where the
//! header is obeyed.

use std::time::{Duration, SystemTime};

/// The two forms of the header `Retry-After` (RFC 9110, 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    In(Duration),
    At(SystemTime),
}

impl RetryAfter {
    /// Parses the header. An invalid one counts as absent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match seconds(text) {
            Some(wait) => Some(Self::In(wait)),
            None => httpdate::parse_http_date(text).ok().map(Self::At),
        }
    }

    /// The earliest time of the next request; `None` if that is now.
    #[cfg(any(test, feature = "store"))]
    pub(crate) fn until(self, now: SystemTime) -> Option<SystemTime> {
        let wait = self.counted_from(now).min(LONGEST);
        (!wait.is_zero()).then(|| now + wait)
    }

    fn counted_from(self, now: SystemTime) -> Duration {
        match self {
            Self::In(wait) => wait,
            Self::At(until) => until.duration_since(now).unwrap_or_default(),
        }
    }
}

/// Parses whole seconds, and fractions such as `2.5`, which the standard does not allow but some hosts
/// send. A fraction is rounded up, so that the wait is never shortened.
fn seconds(text: &str) -> Option<Duration> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || part.is_empty() || !is_digits(whole) || !is_digits(part) {
        return None;
    }
    let more = u64::from(part.bytes().any(|digit| digit != b'0'));
    // A number that overflows is still a very long wait, not an invalid header.
    let seconds = whole.parse::<u64>().ok().and_then(|seconds| seconds.checked_add(more));
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}

/// Whether and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    For(Duration),
    /// A wait without `Retry-After` would not fit.
    No,
    /// `Retry-After` asks for a longer wait than there is time.
    TooLong(SystemTime),
}

/// The latest time reported in [`Wait::TooLong`], counted from now: 100 years. Dates after the year 9999
/// cannot be formatted.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The wait before retry number `retries`, counted from 0: as long as `Retry-After` says, never shorter.
/// Without it 1 s, 2 s, 4 s …, each lengthened by up to a quarter by `jitter` (0 to 1), so that many clients
/// do not come back at once. `left` is how long there is time to wait.
pub(crate) fn wait(
    retry_after: Option<RetryAfter>,
    retries: u32,
    left: Duration,
    now: SystemTime,
    jitter: f64,
) -> Wait {
    let asked = retry_after.map(|after| after.counted_from(now));
    let wait = asked.unwrap_or_else(|| {
        let base = Duration::from_secs(1 << retries.min(16));
        base + base.mul_f64(0.25 * jitter.clamp(0.0, 1.0))
    });
    match asked {
        _ if wait <= left => Wait::For(wait),
        Some(wait) => Wait::TooLong(now + wait.min(LONGEST)),
        None => Wait::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn both_forms_of_retry_after_are_parsed() {
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
    fn a_time_that_has_come_is_no_time_to_wait_for() {
        let until = |text: &str| RetryAfter::parse(text).and_then(|after| after.until(NOW));
        assert_eq!(until("7"), Some(NOW + Duration::from_secs(7)));
        assert_eq!(until("99999999999999999999999"), Some(NOW + LONGEST));
        assert_eq!(until("0"), None);
        assert_eq!(until("Thu, 01 Jan 1970 00:00:00 GMT"), None);
    }

    #[test]
    fn a_fraction_of_a_second_is_rounded_up() {
        for (text, wait) in [("2.5", 3), (" 2.001 ", 3), ("2.000", 2), ("0.1", 1), ("0.0", 0)] {
            let parsed = RetryAfter::parse(text);
            assert_eq!(parsed, Some(RetryAfter::In(Duration::from_secs(wait))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn retry_after_is_never_shortened(
            seconds in 0u64..1000, left in 0u64..1000, date: bool, retries in 0u32..40, jitter in 0.0..1.0
        ) {
            let (asked, left) = (Duration::from_secs(seconds), Duration::from_secs(left));
            let after = if date { RetryAfter::At(NOW + asked) } else { RetryAfter::In(asked) };
            match wait(Some(after), retries, left, NOW, jitter) {
                Wait::For(chosen) => prop_assert!(chosen == asked && asked <= left),
                Wait::TooLong(until) => prop_assert!(until == NOW + asked && asked > left),
                Wait::No => prop_assert!(false),
            }
            let grown = wait(None, retries, Duration::MAX, NOW, jitter);
            let base = Duration::from_secs(1 << retries.min(16));
            prop_assert!(matches!(grown, Wait::For(wait) if base <= wait && wait <= base * 5 / 4));
        }
    }
}
