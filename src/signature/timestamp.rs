//! The times of an `allowed_signers` file: `20261125`, `202611251200`, `20261125120059`, and with `Z` for
//! UTC.
//!
//! Without `Z` a time is one of the local time zone, which the standard library does not know. Such a
//! time is taken as the strictest of all time zones: what counts here counts for ssh-keygen too.

use std::time::{Duration, SystemTime};

/// The earliest local time is 14 hours before UTC's, the latest 12 hours after it.
const EAST: Duration = Duration::from_secs(14 * 3600);
const WEST: Duration = Duration::from_secs(12 * 3600);

/// A time as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp {
    /// Read as UTC.
    utc: SystemTime,
    is_local: bool,
}

impl Timestamp {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let ends = |end: &str| text.strip_suffix(end);
        let bare = ends("Z").or_else(|| ends("z")).or_else(|| ends("UTC"));
        let (digits, is_local) = bare.map_or((text, true), |bare| (bare, false));
        let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits || ![8, 12, 14].contains(&digits.len()) {
            return None;
        }
        let part = |from: usize| digits.get(from..from + 2).unwrap_or("00");
        let text = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &digits[..4],
            part(4),
            part(6),
            part(8),
            part(10),
            part(12)
        );
        let utc = humantime::parse_rfc3339(&text).ok()?;
        Some(Self { utc, is_local })
    }

    /// Whether it is certain that `now` is not before this time.
    pub(super) fn is_reached(&self, now: SystemTime) -> bool {
        now >= if self.is_local { self.utc + WEST } else { self.utc }
    }

    /// Whether it is certain that `now` is not after this time.
    pub(super) fn is_ahead(&self, now: SystemTime) -> bool {
        now <= if self.is_local { self.utc - EAST } else { self.utc }
    }

    /// Whether it has no `Z`.
    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether it lies before another time, both as they are written.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        self.utc < other.utc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        humantime::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn times_are_read_as_openssh_writes_them() {
        for (text, time) in [
            ("20261125Z", "2026-11-25T00:00:00Z"),
            ("202611251201Z", "2026-11-25T12:01:00Z"),
            ("20261125120159z", "2026-11-25T12:01:59Z"),
            ("20261125120159UTC", "2026-11-25T12:01:59Z"),
        ] {
            let stamp = Timestamp::parse(text).unwrap();
            assert_eq!((stamp.utc, stamp.is_local()), (at(time), false), "{text}");
        }
        for text in
            ["", "Z", "2026", "2026112512", "20261325", "20260230", "2026-11-25", "２０２６1125"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    /// Whatever the time zone of the machine is, nothing is valid here that is not valid there.
    #[test]
    fn a_local_time_counts_only_once_it_counts_in_every_time_zone() {
        let local = Timestamp::parse("20261125").unwrap();
        let midnight = at("2026-11-25T00:00:00Z");
        for zone in -12..=14_i32 {
            let shift = Duration::from_secs(u64::from(zone.unsigned_abs()) * 3600);
            let there = if zone < 0 { midnight + shift } else { midnight - shift };
            for minutes in (-30 * 60..=30 * 60).step_by(15) {
                let step = Duration::from_secs(i64::unsigned_abs(minutes) * 60);
                let now = if minutes < 0 { midnight - step } else { midnight + step };
                assert!(!local.is_reached(now) || now >= there, "{zone} {minutes}");
                assert!(!local.is_ahead(now) || now <= there, "{zone} {minutes}");
            }
        }
        assert!(local.is_reached(at("2026-11-25T12:00:00Z")));
        assert!(local.is_ahead(at("2026-11-24T10:00:00Z")));
    }
}
