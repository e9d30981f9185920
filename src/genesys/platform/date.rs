//! Dates: the one at which an original is to be deleted, as people write it, and those of the API.

use std::time::{Duration, SystemTime};

/// 10000-01-01T00:00:00Z in seconds since 1970. From there on a date has no common form.
const YEAR_10000: u64 = 253_402_300_800;

/// The length of `2030-12-31`.
const DAY: usize = 10;

/// Reads an ISO date, which is the start of that day in UTC, or a date-time with `Z` or an offset. A date-time
/// without either could mean any clock, and is none.
pub fn deletion_date(text: &str) -> Option<SystemTime> {
    let (day, rest) = (text.get(..DAY)?, text.get(DAY..)?);
    let midnight = humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).ok()?;
    if rest.is_empty() { Some(midnight) } else { date_time(text) }
}

/// Reads an ISO date-time with `Z` or an offset.
pub(super) fn date_time(text: &str) -> Option<SystemTime> {
    if text.ends_with('Z') {
        return humantime::parse_rfc3339(text).ok();
    }
    let at = text.len().checked_sub("+00:00".len()).filter(|at| *at > DAY)?;
    let (local, offset) = (text.get(..at)?, text.get(at..)?);
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let number = |text: &str, below: u64| {
        let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| is_two && *number < below)
    };
    let ahead = Duration::from_secs(number(hours, 24)? * 3600 + number(minutes, 60)? * 60);
    let at = match offset.as_bytes().first()? {
        b'+' => local.checked_sub(ahead),
        b'-' => local.checked_add(ahead),
        _ => None,
    }?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (since.as_secs() < YEAR_10000).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(at: SystemTime) -> String {
        humantime::format_rfc3339_seconds(at).to_string()
    }

    #[test]
    fn a_date_is_the_start_of_its_day_in_utc() {
        for (text, expected) in [
            ("2030-12-31", "2030-12-31T00:00:00Z"),
            ("2030-12-31T18:00:00Z", "2030-12-31T18:00:00Z"),
            ("2030-12-31T18:00:00.250Z", "2030-12-31T18:00:00Z"),
            ("2030-12-31T18:00:00+02:30", "2030-12-31T15:30:00Z"),
            ("2030-12-31T22:00:00-05:00", "2031-01-01T03:00:00Z"),
        ] {
            assert_eq!(deletion_date(text).map(shown).as_deref(), Some(expected), "{text}");
            // The API gives no bare day.
            assert_eq!(date_time(text).is_some(), text.contains('T'), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "31.12.2030",
            "2030-13-01",
            "2030-02-30",
            "2030-12-31T18:00:00",
            "2030-12-31 18:00",
            "2030-12-31T18:00:00+2:00",
            "2030-12-31T18:00:00+24:00",
            "2030-12-31T18:00:00*02:00",
            "2030-12-31+02:00",
            "1970-01-01T00:00:00+05:00",
            "9999-12-31T23:59:59-01:00",
            "２０３０-12-31",
        ] {
            assert_eq!(deletion_date(text), None, "{text}");
        }
    }
}
