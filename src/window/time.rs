//! Times: exact parsing and display.
//!
//! In: `10`, `10.5`, `10.5s`, `10500ms`, `1:02.5`, `01:02:03.250`, `PT1M2.5S`. Out: a [`Duration`], rounded to the
//! nearest nanosecond, without floats. Errors: any other text.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text has a minus sign, or the number is below zero.
    #[error("the time `{0}` is negative; a recording begins at 0")]
    Negative(String),
    /// The text is neither a number of seconds nor a clock time.
    #[error("`{0}` is not a time; write seconds (10.5), 10.5s, 10500ms, 1:02.5 or 01:02:03.250")]
    Malformed(String),
    /// The time is longer than 2^32 seconds (136 years).
    #[error("the time `{0}` is longer than 136 years")]
    TooLong(String),
}

/// The longest accepted time, in seconds: longer than every recording, and so small that nanoseconds
/// times a sample rate fit a `u128`.
const LONGEST_SECONDS: u64 = 1 << 32;

const NANOS: u128 = 1_000_000_000;

/// Unit of the numbers that are written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// Parses a time: `10`, `10.5`, `10.5s`, `10500ms`, `1:02.5`, `01:02:03.250`, or an ISO 8601 duration
/// such as `PT1M2.5S`. A number without a unit is in seconds.
///
/// # Errors
/// [`TimeError`] when the text is negative, malformed or more than 136 years.
pub fn parse_time(text: &str) -> Result<Duration, TimeError> {
    parse_time_in(text, Unit::Seconds)
}

/// Like [`parse_time`]; a number without a unit is in `unit`.
pub(super) fn parse_time_in(text: &str, unit: Unit) -> Result<Duration, TimeError> {
    let text = text.trim();
    let malformed = || TimeError::Malformed(text.to_owned());
    if text.starts_with('-') {
        return Err(TimeError::Negative(text.to_owned()));
    }
    let nanos = if text.starts_with('P') {
        iso_duration(text)
    } else if let Some(millis) = text.strip_suffix("ms") {
        decimal(millis, NANOS / 1000)
    } else if let Some(seconds) = text.strip_suffix('s') {
        decimal(seconds, NANOS)
    } else if unit == Unit::Milliseconds && !text.contains(':') {
        decimal(text, NANOS / 1000)
    } else {
        clock(text)
    };
    let nanos = u64::try_from(nanos.ok_or_else(malformed)?).map(Duration::from_nanos);
    let time = nanos.ok().filter(|&time| time <= Duration::from_secs(LONGEST_SECONDS));
    time.ok_or_else(|| TimeError::TooLong(text.to_owned()))
}

/// A time in seconds, as the nearest `f64`: 7.94 s is 7.94. [`Duration::as_secs_f64`] adds seconds and
/// a fraction, so its result is not always the nearest.
#[expect(clippy::cast_precision_loss, reason = "rounds to the nearest")]
pub fn seconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e9
}

/// Converts seconds to a time, to the nearest nanosecond. Below 2^22 s (48 days) an `f64` is less than
/// half a nanosecond away from the decimal that it was parsed from, so JSON numbers with up to nine
/// decimal places are exact.
///
/// # Errors
/// [`TimeError`] when the number is negative, not finite or more than 136 years.
pub fn time_from_seconds(seconds: f64) -> Result<Duration, TimeError> {
    if seconds < 0.0 {
        return Err(TimeError::Negative(seconds.to_string()));
    }
    let time = Duration::try_from_secs_f64(seconds)
        .map_err(|_| TimeError::Malformed(seconds.to_string()))?;
    if time > Duration::from_secs(LONGEST_SECONDS) {
        return Err(TimeError::TooLong(seconds.to_string()));
    }
    Ok(time)
}

/// Like [`time_from_seconds`], for a number in `unit`.
pub(super) fn time_from_number(number: f64, unit: Unit) -> Result<Duration, TimeError> {
    let time = time_from_seconds(number)?;
    match unit {
        Unit::Seconds => Ok(time),
        // Divides as an integer, rounding: a float division can be wrong by a nanosecond.
        Unit::Milliseconds => Ok((time + Duration::from_nanos(500)) / 1000),
    }
}

/// Whether a text is a whole number without a unit or `:`.
pub(super) fn is_bare_whole(text: &str) -> bool {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    digits(whole).is_some() && fraction.bytes().all(|b| b == b'0')
}

/// Nanoseconds of `SS`, `MM:SS` or `HH:MM:SS`; the seconds may have a fraction.
fn clock(text: &str) -> Option<u128> {
    let (whole, last) = match text.rsplit_once(':') {
        Some((whole, last)) => (Some(whole), last),
        None => (None, text),
    };
    let seconds = decimal(last, NANOS)?;
    let Some(whole) = whole else { return Some(seconds) };
    let (hours, minutes) = match whole.split_once(':') {
        Some((hours, minutes)) => (digits(hours)?, digits(minutes)?),
        None => (0, digits(whole)?),
    };
    let minutes_overflow = minutes > 59 && whole.contains(':');
    if minutes_overflow || seconds >= 60 * NANOS {
        return None;
    }
    hours
        .checked_mul(3600)?
        .checked_add(minutes.checked_mul(60)?)?
        .checked_mul(NANOS)?
        .checked_add(seconds)
}

/// Nanoseconds of an ISO 8601 duration.
fn iso_duration(text: &str) -> Option<u128> {
    let fields = iso_fields(text)?;
    fields.into_iter().try_fold(0u128, |sum, (number, seconds)| {
        sum.checked_add(decimal(number, NANOS * u128::from(seconds))?)
    })
}

/// The numbers of an ISO 8601 duration (`PT1H2M3.5S`, `P1DT1S`), each with the seconds of its unit; days are
/// taken as 24 hours. None if it is no such text, or has years or months.
pub(crate) fn iso_fields(text: &str) -> Option<Vec<(&str, u32)>> {
    let mut rest = text.strip_prefix('P')?;
    let (mut fields, mut is_time) = (Vec::new(), false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T').filter(|_| !is_time) {
            (is_time, rest) = (true, after);
            continue;
        }
        let (number, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let seconds = match (is_time, after.as_bytes().first()?) {
            (false, b'D') => 86_400,
            (true, b'H') => 3_600,
            (true, b'M') => 60,
            (true, b'S') => 1,
            _ => return None,
        };
        fields.push((number, seconds));
        rest = after.get(1..)?;
    }
    (!fields.is_empty()).then_some(fields)
}

/// A plain decimal number of units, in nanoseconds, rounded to the nearest.
fn decimal(text: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.ends_with('.') || whole.is_empty() {
        return None;
    }
    let mut nanos = digits(whole)?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        let value = u128::from(digit.to_digit(10)?);
        // Round half up: of the digits below a nanosecond only the first one counts.
        if place == 1 {
            nanos += u128::from(value >= 5);
        }
        place /= 10;
        nanos += value * place;
    }
    Some(nanos)
}

/// A number of one to twelve ASCII digits; more digits would be over 30,000 years.
fn digits(text: &str) -> Option<u128> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Displays a time so that [`parse_time`] reads it back: `9.7` below a minute, above it `1:02.5` or
/// `1:02:03.25`.
#[derive(Debug, Clone, Copy)]
pub struct ClockTime(pub Duration);

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_secs();
        let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
        match (hours, minutes) {
            (0, 0) => write!(f, "{seconds}")?,
            (0, _) => write!(f, "{minutes}:{seconds:02}")?,
            _ => write!(f, "{hours}:{minutes:02}:{seconds:02}")?,
        }
        let nanos = self.0.subsec_nanos();
        if nanos == 0 {
            return Ok(());
        }
        let fraction = format!("{nanos:09}");
        write!(f, ".{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_documented_form_is_read() {
        for (text, millis) in [
            ("10", 10_000),
            ("10.5", 10_500),
            ("10.5s", 10_500),
            ("10500ms", 10_500),
            ("1:02.5", 62_500),
            ("90:00", 5_400_000),
            ("01:02:03.250", 3_723_250),
            (" 0 ", 0),
            ("PT10.5S", 10_500),
            ("PT1H2M3.25S", 3_723_250),
            ("P1DT1S", 86_401_000),
        ] {
            assert_eq!(parse_time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn only_numbers_without_a_unit_are_in_the_unit_of_the_list() {
        let millis = |text| parse_time_in(text, Unit::Milliseconds).map(|time| time.as_nanos());
        assert_eq!(millis("10500"), Ok(10_500_000_000));
        assert_eq!(millis("10500.0000005"), Ok(10_500_000_001));
        for text in ["10.5s", "10500ms", "0:10.5", "00:00:10.5"] {
            assert_eq!(millis(text), Ok(10_500_000_000), "{text}");
        }
        assert!(matches!(millis("-1"), Err(TimeError::Negative(_))));
        assert!(matches!(millis("10,5"), Err(TimeError::Malformed(_))));
        let number = |number| time_from_number(number, Unit::Milliseconds).map(|t| t.as_nanos());
        assert_eq!(number(10_500.25), Ok(10_500_250_000));
        assert_eq!(number(86_400_000.123_457), Ok(86_400_000_123_457));
        assert_eq!(number(0.000_000_5), Ok(1));
        assert!(matches!(number(-0.5), Err(TimeError::Negative(_))));
    }

    #[test]
    fn a_bare_whole_number_has_no_unit_no_colon_and_no_fraction() {
        assert!(["10", " 0 ", "2500.0", "007"].into_iter().all(is_bare_whole));
        assert!(
            !["10.5", "10s", "2500ms", "1:00", "", ".", "x", "-1"].into_iter().any(is_bare_whole)
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "s",
            "ms",
            "ten",
            "NaN",
            "inf",
            "1e400",
            "1e3",
            "10.",
            ".5",
            "1,5",
            "1:60",
            "1:2:60",
            "1:60:00",
            "1:",
            ":1",
            "1:2:3:4",
            "+5",
            "1 0",
            "١",
            "9999999999999",
            "P",
            "PT",
            "PT1",
            "PTS",
            "PT1Y",
            "P1M",
            "PTT1S",
            "PT-1S",
        ] {
            assert!(matches!(parse_time(text), Err(TimeError::Malformed(_))), "{text}");
        }
        assert!(matches!(parse_time("-5"), Err(TimeError::Negative(_))));
        assert!(matches!(parse_time("999999999999"), Err(TimeError::TooLong(_))));
        for seconds in [f64::NAN, f64::INFINITY, 1e300] {
            assert!(time_from_seconds(seconds).is_err());
        }
        assert!(matches!(time_from_seconds(-0.1), Err(TimeError::Negative(_))));
    }

    #[test]
    fn digits_below_a_nanosecond_round_to_the_nearest() {
        assert_eq!(parse_time("10.3000000000000007"), Ok(Duration::from_millis(10_300)));
        assert_eq!(parse_time("0.0000000014"), Ok(Duration::from_nanos(1)));
        assert_eq!(parse_time("0.0000000015"), Ok(Duration::from_nanos(2)));
        assert_eq!(parse_time("0.9999999999"), Ok(Duration::from_secs(1)));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(nanos in 0u64..400_000_000_000_000) {
            let time = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_time(&ClockTime(time).to_string()), Ok(time));
        }

        #[test]
        fn json_numbers_with_nine_places_are_exact(nanos in 0u64..4_194_304_000_000_000) {
            let time = Duration::from_nanos(nanos);
            let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
            prop_assert_eq!(time_from_seconds(text.parse().unwrap()), Ok(time));
            prop_assert_eq!(parse_time(&text), Ok(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse_time(&text);
        }
    }
}
