//! Names before a colon: `Agent: so it is`.
//!
//! In: the cues of a file. Out: the names that are speakers. What can go wrong: nothing; in doubt it is speech.

use std::collections::{BTreeMap, BTreeSet};

use super::subtitle::Cue;

/// Words before a colon that the finder needs, so that they are never a name.
const NO_NAMES: [&str; 18] = [
    "account", "address", "birth", "card", "code", "cvc", "cvv", "date", "dob", "email", "expiry",
    "iban", "number", "phone", "pin", "security", "ssn", "zip",
];

/// First words of names that are names wherever they stand.
const ROLES: [&str; 16] = [
    "agent",
    "customer",
    "speaker",
    "caller",
    "client",
    "operator",
    "representative",
    "rep",
    "advisor",
    "adviser",
    "host",
    "guest",
    "interviewer",
    "interviewee",
    "participant",
    "user",
];

/// The names before a colon that count as speakers. A name has to be a known role, or to stand in half of all cues:
/// `Card number: 4111` is speech, and the finder needs its words.
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn of(cues: &[Cue<'_>]) -> Self {
        let mut counts = BTreeMap::<&str, usize>::new();
        for line in cues.iter().flat_map(|cue| &cue.lines) {
            if let Some((name, _)) = named(line.text) {
                *counts.entry(name).or_default() += 1;
            }
        }
        let all: usize = counts.values().sum();
        let is_usual = all * 2 >= cues.len() && all > 1;
        let is_role = |name: &str| {
            let first = name.split([' ', '_', '-']).next().unwrap_or_default().to_lowercase();
            ROLES.contains(&first.as_str())
        };
        Self(
            counts
                .into_keys()
                .filter(|name| is_usual || is_role(name))
                .map(str::to_owned)
                .collect(),
        )
    }

    /// The name at the beginning of a line, and the bytes that it takes.
    pub(super) fn at<'a>(&self, line: &'a str) -> Option<(&'a str, usize)> {
        named(line).filter(|(name, _)| self.0.contains(*name))
    }
}

/// What looks like a name before a colon: up to three words that begin with a capital letter or a digit.
fn named(line: &str) -> Option<(&str, usize)> {
    let body = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '>'));
    let (name, rest) = body.split_once(':')?;
    let is_end = rest.is_empty() || rest.starts_with(char::is_whitespace);
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            && !NO_NAMES.contains(&word.to_lowercase().as_str())
    };
    let name = name.trim();
    let is_name = name.len() <= 40
        && name.starts_with(char::is_alphabetic)
        && name.split_whitespace().count() <= 3
        && name.split_whitespace().all(is_word)
        && !name.contains(['<', '[', '&']);
    (is_end && is_name).then(|| (name, line.len() - rest.len()))
}
