//! Dates and times of logs, to the nanosecond: `2026-01-31T12:00:00.250+01:00`, or an offset.
//!
//! In: the text of a time. Out: nanoseconds since 1970, or since the beginning of the recording, and which of the two.
//! What can go wrong: another layout, a day that does not exist, an offset that is a count of seconds since 1970.

use std::time::Duration;

use super::super::time::TimeError;
use super::{Round, TranscriptProblem, Unit, duration};

/// Offsets above 1000 days are counts of seconds since 1970.
const LONGEST_OFFSET: Duration = Duration::from_secs(86_400_000);

/// On what clock a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clock {
    /// From the beginning of the recording.
    Offset,
    /// A date and time without a zone.
    Local,
    /// A date and time with its zone.
    Zoned,
}

/// Reads a time: nanoseconds rounded down and up, and its clock.
pub(super) fn moment(text: &str, unit: Unit) -> Result<(i128, i128, Clock), TranscriptProblem> {
    let is_date = text.get(4..5) == Some("-") && text.is_char_boundary(10);
    if !is_date {
        let offset = |round| duration(text, unit, round);
        let (down, up) = (offset(Round::Down)?, offset(Round::Up)?);
        if up > LONGEST_OFFSET {
            return Err(TranscriptProblem::Expected(
                "an offset, or a date and time as in 2026-01-31T12:00:00Z",
            ));
        }
        return Ok((whole(down), whole(up), Clock::Offset));
    }
    let wrong = || TranscriptProblem::Expected("a date and time as in 2026-01-31T12:00:00Z");
    let (date, rest) = text.split_at_checked(10).ok_or_else(wrong)?;
    let rest = rest.strip_prefix(['T', 't', ' ']).ok_or_else(wrong)?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let days = days(date).ok_or_else(wrong)?;
    let shift = zone_minutes(zone).ok_or_else(wrong)?;
    if clock.split(':').count() < 2 {
        return Err(wrong());
    }
    // A clock needs its seconds.
    let clock =
        if clock.split(':').count() == 2 { format!("{clock}:00") } else { clock.to_owned() };
    let base = (i128::from(days) * 86_400 - i128::from(shift) * 60) * 1_000_000_000;
    let (down, up) =
        (duration(&clock, Unit::Clock, Round::Down)?, duration(&clock, Unit::Clock, Round::Up)?);
    if down >= Duration::from_secs(86_400) {
        return Err(TimeError::NotANumber.into());
    }
    let kind = if zone.is_empty() { Clock::Local } else { Clock::Zoned };
    Ok((base + whole(down), base + whole(up), kind))
}

fn whole(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

/// Days since 1970-01-01 of a date such as `2026-01-31`.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| {
        if part.bytes().all(|b| b.is_ascii_digit()) { part.parse::<i64>().ok() } else { None }
    });
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month).ok()?.checked_sub(1)?;
    let is_day = (1..=*lengths.get(before)?).contains(&day)
        && parts.next().is_none()
        && (1970..=9999).contains(&year);
    let of_years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    is_day.then(|| of_years + lengths.iter().take(before).sum::<i64>() + day - 1)
}

/// Minutes east of UTC of `Z`, `+02:00`, `+0200`, `+02` or nothing.
fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.get(1..)?.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 =
        digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Ok(0), str::parse).ok()?;
    Some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_leap_years() {
        for (date, count) in [
            ("1970-01-01", Some(0)),
            ("2000-03-01", Some(11_017)),
            ("2024-02-29", Some(19_782)),
            ("2023-02-29", None),
            ("2024-00-10", None),
            ("2024-13-01", None),
            ("2024-1-1-1", None),
        ] {
            assert_eq!(days(date), count, "{date}");
        }
    }

    #[test]
    fn zones_are_taken_off() {
        let down = |text: &str| moment(text, Unit::Clock).map(|(down, _, clock)| (down, clock));
        let utc = down("2026-01-31T12:00:00.25Z").unwrap().0;
        for text in [
            "2026-01-31T13:00:00.25+01:00",
            "2026-01-31 06:30:00.250-0530",
            "2026-01-31T14:00:00,25+02",
        ] {
            assert_eq!(down(text), Ok((utc, Clock::Zoned)), "{text}");
        }
        assert_eq!(down("2026-01-31T12:00:00.25"), Ok((utc, Clock::Local)));
        for text in [
            "2026-01-31",
            "2026-01-31T25:00:00Z",
            "2026-01-31T12:00:00+1",
            "2026-01-31x12:00:00",
            "é026-01-31T12",
        ] {
            assert!(down(text).is_err(), "{text}");
        }
    }
}
