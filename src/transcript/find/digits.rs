//! The digits of a run, in the two ways in which it can be read.
//!
//! In: the elements of a run. Out: its digits. "One twenty three" is 123 or 1203; only the count
//! decides what is muted, so the longer reading gates and both are kept for Luhn and for
//! read-backs.

use super::atom::Atom;
use super::table::{Digit, Joins};

/// A word of a run.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) atom: &'a Atom,
    pub(super) digit: Digit,
    /// Its place in the voice.
    pub(super) at: usize,
    /// Whether anything stands between it and the element before.
    pub(super) is_after_skip: bool,
    /// Whether that is a joining word alone ("and" in "two hundred and five").
    pub(super) joins: Joins,
}

/// How to read numbers that follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// "Forty two" is 42.
    Merged,
    /// "Forty two" is 40 and 2.
    Spelled,
}

/// The digits in groups: one group is a number as it was said.
pub(super) fn groups(elements: &[Element<'_>], reading: Reading) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let mut times = 1_usize;
    // The count of the unit just read, for "four ones".
    let mut count = None;
    let mut at = 0;
    while let Some(element) = elements.get(at) {
        let mut unit = None;
        let group = match element.digit {
            Digit::Repeat(n) => {
                // "Double double" is four at most: nobody says more, and a limit bounds the text.
                times = times.saturating_mul(n).min(16);
                at += 1;
                continue;
            }
            Digit::Number(value) => {
                let (text, used) = cardinal(value, &elements[at + 1..], reading);
                at += used;
                unit =
                    usize::try_from(value).ok().filter(|unit| used == 0 && (2..10).contains(unit));
                text
            }
            Digit::Plural(value) => match count.filter(|_| times == 1 && !element.is_after_skip) {
                Some(count) => {
                    groups.pop();
                    value.to_string().repeat(count)
                }
                None => value.to_string(),
            },
            Digit::Beside(value) | Digit::Homophone(value) => value.to_string(),
            Digit::Marked(_) => {
                (times, count) = (1, None);
                at += 1;
                continue;
            }
            Digit::Written => element.atom.digits.clone(),
            Digit::Power(power) => {
                let noughts = "0".repeat(usize::try_from(power).unwrap_or(0));
                match groups.last_mut() {
                    Some(group) => group.push_str(&noughts),
                    None => groups.push(noughts),
                }
                at += 1;
                continue;
            }
        };
        count = unit.filter(|_| times == 1);
        groups.push(group.repeat(times));
        times = 1;
        at += 1;
    }
    groups
}

/// The number that begins with `first`, and how many of the elements after it belong to it.
fn cardinal(first: u32, rest: &[Element<'_>], reading: Reading) -> (String, usize) {
    let (mut total, mut current) = (0_u64, u64::from(first));
    let mut limit = room(current);
    let is_unit = (1..10).contains(&first);
    let mut is_joined = false;
    let mut used = 0;
    for element in rest {
        let next = match element.digit {
            Digit::Power(2) if (1..100).contains(&current) => {
                limit = 100;
                Some((total, current * 100))
            }
            Digit::Power(power) if power > 2 && current > 0 => {
                limit = 10_u64.checked_pow(power).unwrap_or(0);
                current
                    .checked_mul(limit)
                    .and_then(|value| value.checked_add(total))
                    .map(|value| (value, 0))
            }
            Digit::Number(value) => {
                let value = u64::from(value);
                let joins = element.joins;
                let is_allowed = if limit == 10 { joins.after_tens } else { joins.after_power };
                let is_turned = joins.after_unit && used == 0 && is_unit && room(value) == 10;
                let is_close = !element.is_after_skip && (reading == Reading::Merged || is_joined);
                let fits = value > 0 && value < limit && (is_allowed || is_close);
                is_joined |= is_allowed;
                limit = if is_turned { 0 } else { room(value) };
                (is_turned || fits).then_some((total, current + value))
            }
            _ => None,
        };
        let Some(next) = next else { break };
        (total, current) = next;
        used += 1;
    }
    let text = total.checked_add(current).map_or_else(String::new, |value| value.to_string());
    (text, used)
}

/// Below what a number must be to be added to `value`: 10 after "forty", 100 after "doscientos".
fn room(value: u64) -> u64 {
    match value {
        1000.. => 1000,
        100.. => 100,
        20.. if value.is_multiple_of(10) => 10,
        _ => 0,
    }
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7812).
pub(super) fn is_luhn(digits: &str) -> bool {
    let sum = digits.bytes().rev().enumerate().map(|(at, byte)| {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        match at % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        }
    });
    !digits.is_empty() && sum.sum::<u32>().is_multiple_of(10)
}

/// Whether the digits begin and end as the number of a payment card does: length, prefix, check
/// digit.
pub(super) fn is_card(digits: &str) -> bool {
    let prefix =
        |len: usize| digits.get(..len).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let is_known = digits.starts_with('4')
        || (51..=55).contains(&prefix(2))
        || (2221..=2720).contains(&prefix(4))
        || matches!(prefix(2), 34 | 35 | 36 | 37 | 38 | 39 | 62 | 65)
        || prefix(4) == 6011
        || (644..=649).contains(&prefix(3));
    (13..=19).contains(&digits.len()) && is_known && is_luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_test_numbers_are_cards() {
        for number in [
            "4111111111111111",
            "5555555555554444",
            "378282246310005",
            "6011111111111117",
            "3530111333300000",
            "2223003122003222",
        ] {
            assert!(is_card(number), "{number}");
        }
    }

    #[test]
    fn one_wrong_digit_is_no_card() {
        let good = "4111111111111111";
        for at in 0..good.len() {
            for digit in '0'..='9' {
                let mut bad = good.to_owned();
                bad.replace_range(at..=at, &digit.to_string());
                assert_eq!(is_card(&bad), bad == good, "{bad}");
            }
        }
    }

    #[test]
    fn no_digits_are_no_card() {
        assert!(!is_luhn(""));
        assert!(!is_card(""));
        assert!(!is_card("0000000000000000"));
    }
}
