//! Exact times from the text of numbers, by integer arithmetic alone.
//!
//! In: the text of a number and its unit. Out: nanoseconds, rounded down for a start and up for an
//! end. What can go wrong: a text that is no number, a negative one, one beyond about 292 years.

use std::time::Duration;

use thiserror::Error;

use crate::window::iso_fields;

/// Which way a time between two nanoseconds goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transcript) enum Round {
    /// Down: for starts.
    Down,
    /// Up: for ends.
    Up,
}

/// Why a text is not a time. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// It is not a number in the expected shape.
    #[error("not a time")]
    NotANumber,
    /// It is below zero.
    #[error("a negative time")]
    Negative,
    /// It is beyond what a recording can be.
    #[error("a time that is too large")]
    TooLarge,
}

const NANOS: u128 = 1_000_000_000;

/// The longest time that is accepted: 2^63 nanoseconds.
const LONGEST: u128 = 1 << 63;

/// Decimal seconds: `12`, `12.5`, `1.2e1`, `-0`.
///
/// # Errors
/// [`TimeError`], as for all functions here.
pub(in crate::transcript) fn seconds(text: &str, round: Round) -> Result<Duration, TimeError> {
    scaled(text, NANOS, 1, round)
}

/// Milliseconds, whole or with a fraction.
///
/// # Errors
/// [`TimeError`].
pub(in crate::transcript) fn millis(text: &str, round: Round) -> Result<Duration, TimeError> {
    scaled(text, 1_000_000, 1, round)
}

/// Ticks of 100 nanoseconds, also written `400000.0`.
///
/// # Errors
/// [`TimeError`].
pub(in crate::transcript) fn ticks(text: &str, round: Round) -> Result<Duration, TimeError> {
    scaled(text, 100, 1, round)
}

/// `count` units of which `per_second` make one second, such as frames: `numerator / denominator` a
/// second.
///
/// # Errors
/// [`TimeError`]; a rate of zero is [`TimeError::NotANumber`].
pub(in crate::transcript) fn frames(
    count: &str,
    numerator: u64,
    denominator: u64,
    round: Round,
) -> Result<Duration, TimeError> {
    let up = NANOS.checked_mul(u128::from(denominator)).ok_or(TimeError::TooLarge)?;
    scaled(count, up, u128::from(numerator), round)
}

/// Seconds with the unit behind: `12.300s`.
///
/// # Errors
/// [`TimeError`]; without the `s` it is [`TimeError::NotANumber`].
pub(in crate::transcript) fn suffixed_seconds(
    text: &str,
    round: Round,
) -> Result<Duration, TimeError> {
    seconds(text.trim().strip_suffix('s').ok_or(TimeError::NotANumber)?, round)
}

/// Whole seconds and nanoseconds apart, as protobuf writes them.
///
/// # Errors
/// [`TimeError`].
pub(in crate::transcript) fn seconds_and_nanos(
    whole: &str,
    nanos: &str,
) -> Result<Duration, TimeError> {
    let nanos = scaled(nanos, 1, 1, Round::Down)?;
    add(seconds(whole, Round::Down)?, nanos)
}

/// An ISO 8601 duration in hours, minutes and seconds: `PT2.28S`, `PT1H2M3S`; days are taken as 24
/// hours.
///
/// # Errors
/// [`TimeError`].
pub(in crate::transcript) fn iso_duration(text: &str, round: Round) -> Result<Duration, TimeError> {
    let text = text.trim();
    if text.starts_with("-P") {
        return Err(TimeError::Negative);
    }
    let fields = iso_fields(text).ok_or(TimeError::NotANumber)?;
    fields.into_iter().try_fold(Duration::ZERO, |total, (number, unit)| {
        let up = NANOS * u128::from(unit);
        add(total, scaled(&number.replace(',', "."), up, 1, round)?)
    })
}

/// A clock time: `1:02:03.250`, `02:03,250`, `3.25`. Hours may have any number of digits; minutes
/// and seconds after a colon are below 60.
///
/// # Errors
/// [`TimeError`].
pub(in crate::transcript) fn clock(text: &str, round: Round) -> Result<Duration, TimeError> {
    let text = text.trim().replace(',', ".");
    let fields: Vec<&str> = text.split(':').collect();
    let (last, before) = fields.split_last().ok_or(TimeError::NotANumber)?;
    if before.len() > 2 {
        return Err(TimeError::NotANumber);
    }
    let mut total = seconds(last, round)?;
    if !before.is_empty() && (total > Duration::from_secs(60) || total == Duration::from_secs(60)) {
        return Err(TimeError::NotANumber);
    }
    let mut unit = 60;
    for (place, field) in before.iter().rev().enumerate() {
        if field.is_empty() || !field.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TimeError::NotANumber);
        }
        let value: u64 = field.parse().map_err(|_| TimeError::TooLarge)?;
        if place == 0 && before.len() == 2 && value > 59 {
            return Err(TimeError::NotANumber);
        }
        total =
            add(total, Duration::from_secs(value.checked_mul(unit).ok_or(TimeError::TooLarge)?))?;
        unit = unit.saturating_mul(60);
    }
    Ok(total)
}

/// The sum, if it is not too large.
///
/// # Errors
/// [`TimeError::TooLarge`].
pub(in crate::transcript) fn add(one: Duration, other: Duration) -> Result<Duration, TimeError> {
    let sum = one.checked_add(other).ok_or(TimeError::TooLarge)?;
    if sum.as_nanos() > LONGEST { Err(TimeError::TooLarge) } else { Ok(sum) }
}

/// `text` as a decimal number, times `up / down` nanoseconds.
fn scaled(text: &str, up: u128, down: u128, round: Round) -> Result<Duration, TimeError> {
    if down == 0 {
        return Err(TimeError::NotANumber);
    }
    let Decimal { is_negative, digits, exponent } = Decimal::parse(text.trim())?;
    if digits == 0 {
        return Ok(Duration::ZERO);
    }
    if is_negative {
        return Err(TimeError::Negative);
    }
    let product = digits.checked_mul(up).ok_or(TimeError::TooLarge)?;
    let (above, below) = if exponent >= 0 {
        let power = 10u128.checked_pow(exponent.unsigned_abs()).ok_or(TimeError::TooLarge)?;
        (product.checked_mul(power).ok_or(TimeError::TooLarge)?, down)
    } else {
        match 10u128.checked_pow(exponent.unsigned_abs()).and_then(|power| power.checked_mul(down))
        {
            Some(below) => (product, below),
            // Smaller than any nanosecond, but not nothing.
            None => (1, 2),
        }
    };
    let nanos = match round {
        Round::Down => above / below,
        Round::Up => above.div_ceil(below),
    };
    if nanos > LONGEST {
        return Err(TimeError::TooLarge);
    }
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| TimeError::TooLarge)
}

/// `digits` times ten to the `exponent`.
struct Decimal {
    is_negative: bool,
    digits: u128,
    exponent: i32,
}

/// Digits that are kept. Later ones count only as "not zero": with 21 digits before any rounding, a
/// nanosecond of a recording of 292 years is still exact.
const KEPT: u32 = 21;

impl Decimal {
    fn parse(text: &str) -> Result<Self, TimeError> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(TimeError::NotANumber);
        }
        let (mut digits, mut kept, mut dropped, mut is_rest) = (0u128, 0u32, 0i32, false);
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(TimeError::NotANumber);
            }
            if kept < KEPT {
                digits = digits * 10 + u128::from(byte - b'0');
                kept += u32::from(digits > 0);
            } else {
                dropped = dropped.checked_add(1).ok_or(TimeError::TooLarge)?;
                is_rest |= byte != b'0';
            }
        }
        let mut exponent = i32::try_from(fraction.len())
            .ok()
            .and_then(|places| exponent.checked_sub(places))
            .and_then(|exponent| exponent.checked_add(dropped))
            .ok_or(TimeError::TooLarge)?;
        if is_rest {
            // One more digit stands for all that were dropped, so that an end still rounds up.
            digits = digits * 10 + 1;
            exponent = exponent.checked_sub(1).ok_or(TimeError::TooLarge)?;
        }
        Ok(Self { is_negative, digits, exponent })
    }
}

/// The exponent of a number in scientific notation.
fn power(text: &str) -> Result<i32, TimeError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TimeError::NotANumber);
    }
    // An absurd exponent of a number that is not zero is too large or too small either way.
    let value: i32 = digits
        .trim_start_matches('0')
        .parse()
        .or(if digits.bytes().all(|b| b == b'0') { Ok(0) } else { Err(TimeError::TooLarge) })?;
    Ok(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(n: u64) -> Duration {
        Duration::from_nanos(n)
    }

    #[test]
    fn seconds_are_exact_and_round_outwards() {
        assert_eq!(seconds("1.4399999", Round::Down), Ok(nanos(1_439_999_900)));
        assert_eq!(seconds("8.4415041234567", Round::Down), Ok(nanos(8_441_504_123)));
        assert_eq!(seconds("8.4415041234567", Round::Up), Ok(nanos(8_441_504_124)));
        assert_eq!(seconds("0.1", Round::Up), Ok(nanos(100_000_000)));
        assert_eq!(seconds("1.5e-3", Round::Down), Ok(nanos(1_500_000)));
        assert_eq!(seconds("1E2", Round::Down), Ok(Duration::from_secs(100)));
        assert_eq!(seconds("-0", Round::Down), Ok(Duration::ZERO));
        assert_eq!(seconds("1e-400", Round::Up), Ok(nanos(1)));
        assert_eq!(seconds("1e-400", Round::Down), Ok(Duration::ZERO));
        assert_eq!(
            seconds("1.00000000000000000000000000000001", Round::Up),
            Ok(nanos(1_000_000_001))
        );
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in
            ["", "-", ".", "NaN", "inf", "1.2.3", "0x10", "1e", "1e+", "12s", "1_0", "\u{0661}"]
        {
            assert_eq!(seconds(text, Round::Down), Err(TimeError::NotANumber), "{text}");
        }
        assert_eq!(seconds("-0.001", Round::Down), Err(TimeError::Negative));
        for text in
            ["1e30", "9223372037", "1e99999999999", "99999999999999999999999999999999999999999999"]
        {
            assert_eq!(seconds(text, Round::Down), Err(TimeError::TooLarge), "{text}");
        }
    }

    #[test]
    fn other_units_give_the_same_nanoseconds() {
        let wanted = Ok(nanos(2_280_000_000));
        assert_eq!(millis("2280", Round::Down), wanted);
        assert_eq!(ticks("22800000.0", Round::Down), wanted);
        assert_eq!(iso_duration("PT2.28S", Round::Down), wanted);
        assert_eq!(suffixed_seconds("2.280s", Round::Down), wanted);
        assert_eq!(seconds_and_nanos("2", "280000000"), wanted);
        assert_eq!(clock("00:00:02,280", Round::Down), wanted);
        assert_eq!(clock("00:02.280", Round::Down), wanted);
        assert_eq!(frames("57", 25, 1, Round::Down), wanted);
    }

    #[test]
    fn frames_of_a_fractional_rate_round_outwards() {
        assert_eq!(frames("1", 30_000, 1_001, Round::Down), Ok(nanos(33_366_666)));
        assert_eq!(frames("1", 30_000, 1_001, Round::Up), Ok(nanos(33_366_667)));
        assert_eq!(frames("1", 0, 1, Round::Up), Err(TimeError::NotANumber));
    }

    #[test]
    fn durations_have_hours_and_minutes() {
        assert_eq!(iso_duration("PT1H2M3.5S", Round::Down), Ok(Duration::from_millis(3_723_500)));
        assert_eq!(iso_duration("P1DT1S", Round::Down), Ok(Duration::from_secs(86_401)));
        for text in ["PT", "P", "PT1", "PTS", "1S", "PT1Y", "P1M", "PTT1S"] {
            assert_eq!(iso_duration(text, Round::Down), Err(TimeError::NotANumber), "{text}");
        }
        assert_eq!(iso_duration("-PT1S", Round::Down), Err(TimeError::Negative));
    }

    #[test]
    fn clocks_keep_their_fields_in_range() {
        assert_eq!(clock("100:00:00", Round::Down), Ok(Duration::from_hours(100)));
        assert_eq!(clock("90:00", Round::Down), Ok(Duration::from_mins(90)));
        for text in ["1:60", "1:60:00", ":30", "1:", "1:2:3:4", "a:10", "-1:00"] {
            assert!(clock(text, Round::Down).is_err(), "{text}");
        }
    }
}
