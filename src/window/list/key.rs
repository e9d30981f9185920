//! What a key of an object, or the title of a column, means for a window.
//!
//! In: the key. Out: a [`Key`]. A key that is not known is [`Key::Other`] and is ignored, as long as
//! others give the start and the end.

use std::collections::HashMap;

use super::super::{Unit, WindowProblem};
use super::channel::{ChannelKey, short};
use super::shape;

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Time(Role, Says),
    Channel(ChannelKey),
    Label,
    Reason,
    /// The unit of the times beside it.
    Unit,
    /// Lists of entities count characters as often as time.
    Entity,
    Other,
}

/// Which time of a window it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Start,
    End,
    Duration,
    /// `[start, end]` under one key.
    Pair,
}

/// What a key says of the numbers below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    /// They have this unit.
    Unit(Unit),
    /// They are times or count characters.
    Doubt,
}

/// The names of times: lower case, letters and digits only. A unit may follow.
const TIMES: [(&str, Role, Says); 28] = [
    ("start", Role::Start, Says::Nothing),
    ("starttime", Role::Start, Says::Nothing),
    ("startat", Role::Start, Says::Nothing),
    ("startts", Role::Start, Says::Nothing),
    ("timestart", Role::Start, Says::Nothing),
    ("begin", Role::Start, Says::Nothing),
    ("begintime", Role::Start, Says::Nothing),
    ("from", Role::Start, Says::Nothing),
    ("in", Role::Start, Says::Nothing),
    ("onset", Role::Start, Says::Nothing),
    ("ts", Role::Start, Says::Nothing),
    ("offset", Role::Start, Says::Nothing),
    ("startoffset", Role::Start, Says::Doubt),
    ("beginoffset", Role::Start, Says::Doubt),
    ("end", Role::End, Says::Nothing),
    ("endtime", Role::End, Says::Nothing),
    ("endat", Role::End, Says::Nothing),
    ("endts", Role::End, Says::Nothing),
    ("timeend", Role::End, Says::Nothing),
    ("to", Role::End, Says::Nothing),
    ("out", Role::End, Says::Nothing),
    ("stop", Role::End, Says::Nothing),
    ("stoptime", Role::End, Says::Nothing),
    ("endoffset", Role::End, Says::Doubt),
    ("duration", Role::Duration, Says::Nothing),
    ("dur", Role::Duration, Says::Nothing),
    ("length", Role::Duration, Says::Doubt),
    ("timestamp", Role::Pair, Says::Nothing),
];

/// The names of units behind the name of a time. `s` is one as well, but only as a word of its own:
/// `start_s`, not `starts`.
const UNITS: [(&str, Unit); 16] = [
    ("sec", Unit::Seconds),
    ("secs", Unit::Seconds),
    ("second", Unit::Seconds),
    ("seconds", Unit::Seconds),
    ("insec", Unit::Seconds),
    ("insecs", Unit::Seconds),
    ("inseconds", Unit::Seconds),
    ("ms", Unit::Milliseconds),
    ("msec", Unit::Milliseconds),
    ("msecs", Unit::Milliseconds),
    ("millis", Unit::Milliseconds),
    ("millisecond", Unit::Milliseconds),
    ("milliseconds", Unit::Milliseconds),
    ("inms", Unit::Milliseconds),
    ("inmillis", Unit::Milliseconds),
    ("inmilliseconds", Unit::Milliseconds),
];

/// Keys that would do, for errors.
const WOULD_DO: &str = "`start` and `end`, or start_time, startMs, begin, from or offset, with end_time, endMs, to or duration";

/// The problem with an object or a table that has no key for a time.
pub(super) fn missing<'a>(role: Role, keys: impl Iterator<Item = &'a str>) -> WindowProblem {
    let what = if role == Role::Start { "start" } else { "end" };
    let keys = names(keys);
    shape(format!("no key gives the {what} of the window; there is {keys}; write {WOULD_DO}"))
}

/// The first keys of many, for errors.
pub(super) fn names<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 6;
    let mut names: Vec<String> =
        keys.take(MOST + 1).map(|key| format!("`{}`", short(key))).collect();
    if names.len() > MOST {
        names[MOST] = "…".to_owned();
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Key {
    pub(super) fn of(key: &str) -> Self {
        let letters = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let plain: String = letters.collect();
        let has_s = has_s_alone(key);
        let time = TIMES.iter().find_map(|&(name, role, says)| match plain.strip_prefix(name)? {
            "" => Some((role, says)),
            "s" if has_s => Some((role, Says::Unit(Unit::Seconds))),
            rest => {
                let unit = UNITS.iter().find(|&&(unit, _)| unit == rest)?.1;
                Some((role, Says::Unit(unit)))
            }
        });
        match (time, plain.as_str()) {
            (Some((role, says)), _) => Self::Time(role, says),
            (None, "label") => Self::Label,
            (None, "reason") => Self::Reason,
            (None, "unit" | "units" | "timeunit" | "timeunits") => Self::Unit,
            (None, "entitytype") => Self::Entity,
            _ => match ChannelKey::of(key) {
                ChannelKey::Other => Self::Other,
                channel => Self::Channel(channel),
            },
        }
    }
}

/// The unit of this name, such as `s` or `Milliseconds`.
pub(super) fn unit(name: &str) -> Option<Unit> {
    let name = name.trim().to_lowercase();
    let known = UNITS.iter().chain([&("s", Unit::Seconds)]);
    known.into_iter().find_map(|&(unit, meaning)| (unit == name).then_some(meaning))
}

/// Whether the last word of a key is `s`: `start_s`, `startS`, `Start (s)`.
fn has_s_alone(key: &str) -> bool {
    let mut back = key.trim_end_matches(|c: char| !c.is_alphanumeric()).chars().rev();
    match (back.next(), back.next()) {
        (Some('S'), Some(before)) => !before.is_uppercase(),
        (Some('s'), Some(before)) => !before.is_alphanumeric(),
        _ => false,
    }
}

/// The keys met so far: all entries of a list have nearly the same.
#[derive(Default)]
pub(super) struct Keys(HashMap<String, Key>);

impl Keys {
    pub(super) fn of(&mut self, key: &str) -> Key {
        match self.0.get(key) {
            Some(&known) => known,
            None => *self.0.entry(key.to_owned()).or_insert_with(|| Key::of(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: Says = Says::Unit(Unit::Seconds);
    const MILLIS: Says = Says::Unit(Unit::Milliseconds);

    #[test]
    fn times_are_recognised_in_every_spelling() {
        for (keys, role, says) in [
            (
                &["start", "Start", "START_TIME", "startTime", "Start Time", "from", "in"][..],
                Role::Start,
                Says::Nothing,
            ),
            (&["end", "endTime", "end-time", "To", "stop", "out"], Role::End, Says::Nothing),
            (&["duration", "Dur"], Role::Duration, Says::Nothing),
            (
                &[
                    "startMs",
                    "start_ms",
                    "START MS",
                    "BeginOffsetMillis",
                    "Start (ms)",
                    "offsetMilliseconds",
                    "startTimeInMillis",
                ],
                Role::Start,
                MILLIS,
            ),
            (&["end_ms", "EndOffsetMillis", "endmsec"], Role::End, MILLIS),
            (
                &["start_s", "startS", "Start (s)", "startSec", "start_time_seconds"],
                Role::Start,
                SECONDS,
            ),
            (&["durationSeconds", "duration s", "length_sec"], Role::Duration, SECONDS),
            (&["startOffset", "BeginOffset"], Role::Start, Says::Doubt),
            (&["timestamp"], Role::Pair, Says::Nothing),
        ] {
            for key in keys {
                assert_eq!(Key::of(key), Key::Time(role, says), "{key}");
            }
        }
        for key in [
            "text",
            "word",
            "content",
            "starts",
            "ends",
            "STARTS",
            "ins",
            "tos",
            "startus",
            "offsetInTicks",
            "startle",
            "",
            "s",
            "ms",
            "tone",
        ] {
            assert_eq!(Key::of(key), Key::Other, "{key}");
        }
        for key in ["unit", "Unit", "UNITS", "time_unit"] {
            assert_eq!(Key::of(key), Key::Unit, "{key}");
        }
        assert_eq!(Key::of("Label"), Key::Label);
        assert_eq!(Key::of("channelId"), Key::Channel(ChannelKey::Channel));
        assert_eq!(Key::of("ch"), Key::Channel(ChannelKey::Ambiguous));
    }

    #[test]
    fn each_name_with_each_unit_has_one_meaning() {
        for (name, role, says) in TIMES {
            assert_eq!(Key::of(name), Key::Time(role, says), "{name}");
            for (unit, meaning) in UNITS {
                for key in [format!("{name}{unit}"), format!("{name}_{unit}").to_uppercase()] {
                    assert_eq!(Key::of(&key), Key::Time(role, Says::Unit(meaning)), "{key}");
                }
            }
            assert_eq!(Key::of(&format!("{name}_s")), Key::Time(role, SECONDS));
        }
    }

    #[test]
    fn the_keys_that_would_do_would() {
        let words = WOULD_DO
            .split([' ', ',', '`'])
            .filter(|word| !["", "and", "or", "with"].contains(word));
        for word in words {
            assert!(matches!(Key::of(word), Key::Time(..)), "{word}");
        }
    }

    /// The table of the documentation has all names, and no others.
    #[test]
    fn the_documentation_has_all_names() {
        let text = include_str!("../../../docs/windows.md");
        let rows: String = text.lines().filter(|line| line.starts_with("| `")).collect();
        let cells = rows.split('`').skip(1).step_by(2).filter(|name| !name.starts_with('['));
        let told: Vec<String> = cells.map(|name| name.replace(' ', "")).collect();
        let mut names = TIMES.map(|(name, ..)| name).to_vec();
        names.sort_unstable();
        let mut told: Vec<&str> = told.iter().map(String::as_str).collect();
        told.sort_unstable();
        assert_eq!(told, names);
    }
}
