//! The API's own count of requests, in the headers `inin-ratelimit-*` of its answers. When it says that
//! none is left, the next request waits for the reset, so that no 429 comes.
//!
//! The limits differ by endpoint and organisation, and other programs count too: the headers are read, and
//! nothing is assumed.

use std::time::Duration;

/// Requests so far, in this window of time.
pub(super) const COUNT: &str = "inin-ratelimit-count";
/// Requests that are allowed in it.
pub(super) const ALLOWED: &str = "inin-ratelimit-allowed";
/// Seconds until the next window.
pub(super) const RESET: &str = "inin-ratelimit-reset";

/// How long no request may be sent; `None` if there is one left, or a header is missing or invalid.
pub(super) fn pause<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
    let number = |name| header(name)?.trim().parse::<u64>().ok();
    let (count, allowed, reset) = (number(COUNT)?, number(ALLOWED)?, number(RESET)?);
    (count >= allowed && reset > 0).then(|| Duration::from_secs(reset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(count: &str, allowed: &str, reset: &str) -> Option<Duration> {
        pause(|name| match name {
            COUNT => Some(count),
            ALLOWED => Some(allowed),
            RESET => Some(reset),
            _ => None,
        })
    }

    #[test]
    fn the_pause_begins_when_no_request_is_left() {
        for (count, allowed, reset, seconds) in [
            ("179", "180", "61", None),
            ("180", "180", "61", Some(61)),
            (" 181", "180", "61 ", Some(61)),
            ("180", "180", "0", None),
            ("", "180", "61", None),
            ("180", "many", "61", None),
            ("180", "180", "-1", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(of(count, allowed, reset), expected, "{count} {allowed} {reset}");
        }
        assert_eq!(pause(|_| None), None);
    }

    proptest! {
        #[test]
        fn only_a_count_that_has_reached_the_limit_pauses(count in 0u64..400, allowed in 0u64..400) {
            let pauses = of(&count.to_string(), &allowed.to_string(), "7").is_some();
            prop_assert_eq!(pauses, count >= allowed);
        }
    }
}
