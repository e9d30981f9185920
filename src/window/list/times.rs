//! The times of one list, and the window that two of them make.
//!
//! In: values with the keys above them. Out: a [`Window`]. What can go wrong: a text that is no time, and a
//! unit that is not certain.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::super::time::{is_bare_whole, parse_time_in, time_from_number};
use super::super::{TimeError, Unit, Window, WindowProblem};
use super::channel::short;
use super::key::{Role, Says};
use super::{shape, twice};

/// Reads the times of one list, and notes whether their unit is known.
pub(super) struct Times {
    /// The unit that the caller gave.
    unit: Option<Unit>,
    /// Whether no key and no caller gave a unit, and every time so far is a whole number without one.
    pub(super) is_unknown: bool,
    /// Whether the comma is decimal, so that `10,500` is 10.5 and `10.500` may be 10500: where `;` stands between
    /// the columns.
    pub(super) has_decimal_comma: bool,
}

/// A time as it is written.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Json(&'a Value),
    Text(&'a str),
}

/// A value with its key. A `T` is a [`Cell`] or the column that has it.
#[derive(Clone, Copy)]
pub(super) struct Named<'a, T> {
    pub(super) key: &'a str,
    pub(super) says: Says,
    pub(super) value: T,
}

impl Times {
    pub(super) fn new(unit: Option<Unit>) -> Self {
        Self { unit, is_unknown: unit.is_none(), has_decimal_comma: false }
    }

    /// The file says that its numbers are seconds.
    pub(super) fn are_seconds(&mut self) -> Result<(), WindowProblem> {
        self.is_unknown = false;
        match self.unit {
            Some(Unit::Milliseconds) => Err(shape("`unit` says seconds; leave out --unit")),
            _ => Ok(()),
        }
    }

    /// A time without a key; `what` names it in errors.
    pub(super) fn text(&mut self, what: &str, text: &str) -> Result<Duration, WindowProblem> {
        self.read(Named { key: what, says: Says::Nothing, value: Cell::Text(text) }, None)
    }

    /// `beside` is a key of the same window that names a unit, where this one names none.
    fn read(
        &mut self,
        time: Named<'_, Cell<'_>>,
        beside: Option<&str>,
    ) -> Result<Duration, WindowProblem> {
        let text = match time.value {
            // As text, because a large whole number would lose digits in a float.
            Cell::Json(Value::Number(number)) if number.is_u64() => Cow::Owned(number.to_string()),
            Cell::Json(Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                let unit = self.unit_of(&time, beside, true, number.fract() == 0.0)?;
                return Ok(time_from_number(number, unit).map_err(discreet)?);
            }
            Cell::Json(Value::String(text)) => Cow::Borrowed(text.trim()),
            Cell::Text(text) => Cow::Borrowed(text.trim()),
            Cell::Json(_) => return Err(shape("a time is a number or a text such as 1:02.5")),
        };
        if text.is_empty() {
            return Err(shape(format!("`{}` is empty; write a time", short(time.key))));
        }
        let pointed = with_point(&text);
        let is_bare = pointed.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_group = may_be_thousands(&text, ',')
            || (self.has_decimal_comma && may_be_thousands(&text, '.'));
        let unit = self.unit_of(&time, beside, is_bare, is_bare_whole(&pointed) && !is_group)?;
        let is_millis = text.ends_with("ms") || (is_bare && unit == Unit::Milliseconds);
        if is_group && (is_millis || !self.has_decimal_comma) {
            let text = tell(&text);
            return Err(shape(format!(
                "`{text}` may have a decimal sign or thousands; write a whole number or a clock time, such as 0:10.5"
            )));
        }
        Ok(parse_time_in(&pointed, unit).map_err(discreet)?)
    }

    /// The unit of a time, if it is `is_bare`: a number without one.
    fn unit_of(
        &mut self,
        time: &Named<'_, Cell<'_>>,
        beside: Option<&str>,
        is_bare: bool,
        is_whole: bool,
    ) -> Result<Unit, WindowProblem> {
        let key = || short(time.key);
        let unit = match (time.says, self.unit) {
            (Says::Unit(named), Some(given)) if named != given => {
                return Err(shape(format!(
                    "`{}` is in {}, which is not the given unit; leave out --unit",
                    key(),
                    plural(named)
                )));
            }
            (Says::Unit(unit), _) | (_, Some(unit)) => Some(unit),
            (Says::Doubt, None) if is_whole => {
                return Err(shape(format!(
                    "`{}` may count characters; if it is a time, say --unit s or --unit ms",
                    key()
                )));
            }
            (_, None) => None,
        };
        if let (None, Some(other), true) = (unit, beside, is_bare) {
            return Err(shape(format!(
                "`{}` names its unit and `{}` does not; name it in both, or say --unit",
                short(other),
                key()
            )));
        }
        self.is_unknown &= is_whole && unit.is_none();
        Ok(unit.unwrap_or(Unit::Seconds))
    }
}

fn plural(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "seconds",
        Unit::Milliseconds => "milliseconds",
    }
}

/// A decimal comma as a point. Other commas stay, and make it no time.
fn with_point(text: &str) -> Cow<'_, str> {
    match text.split_once(',') {
        Some((whole, rest)) if !whole.contains('.') && !rest.contains(['.', ',']) => {
            Cow::Owned(format!("{whole}.{rest}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Whether three digits stand behind the only sign of a plain number, as in `10,500`.
fn may_be_thousands(text: &str, sign: char) -> bool {
    let is_plain = !text.contains(':') && !text.starts_with('P');
    let behind = text.split_once(sign).map(|(_, rest)| rest.trim_end_matches(char::is_alphabetic));
    is_plain && behind.is_some_and(|digits| digits.trim_end().len() == 3)
}

/// The error with its text only if that can be nothing but a time with a slip of the pen: the columns of a list
/// may be mixed up, and what was said must not be shown.
fn discreet(error: TimeError) -> TimeError {
    match error {
        TimeError::Negative(text) => TimeError::Negative(tell(&text)),
        TimeError::Malformed(text) => TimeError::Malformed(tell(&text)),
        TimeError::TooLong(text) => TimeError::TooLong(tell(&text)),
    }
}

/// The text if it is short, of one piece, with at most three letters and without a long number.
pub(super) fn tell(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let is_told = text.len() <= 20 && letters <= 3 && longest <= 6 && !text.contains(' ');
    if is_told { text.to_owned() } else { "…".to_owned() }
}

/// The keys that give one window its times, while they are collected.
pub(super) struct Found<'a, T> {
    start: Option<Named<'a, T>>,
    end: Option<Named<'a, T>>,
    duration: Option<Named<'a, T>>,
}

impl<'a, T: Copy> Found<'a, T> {
    pub(super) fn new() -> Self {
        Self { start: None, end: None, duration: None }
    }

    /// # Errors
    /// Two keys for the same time: which of them is right is not known.
    pub(super) fn add(&mut self, role: Role, named: Named<'a, T>) -> Result<(), WindowProblem> {
        let (slot, what) = match role {
            Role::Start => (&mut self.start, "start"),
            Role::End => (&mut self.end, "end"),
            Role::Duration => (&mut self.duration, "duration"),
            Role::Pair => return Ok(()),
        };
        if let Some(first) = slot.replace(named) {
            if first.key == named.key {
                return Err(twice(first.key));
            }
            let (first, second) = (short(first.key), short(named.key));
            return Err(shape(format!(
                "`{first}` and `{second}` may both be the {what}; keep one"
            )));
        }
        Ok(())
    }

    /// What the keys say whose names say nothing.
    pub(super) fn all_say(&mut self, says: Says) {
        for named in [&mut self.start, &mut self.end, &mut self.duration].into_iter().flatten() {
            if named.says == Says::Nothing {
                named.says = says;
            }
        }
    }

    /// The start with the end, or the duration where there is no end.
    ///
    /// # Errors
    /// The time that is missing.
    pub(super) fn bounds(self) -> Result<Bounds<'a, T>, Role> {
        let start = self.start.ok_or(Role::Start)?;
        let is_duration = self.end.is_none();
        let last = self.end.or(self.duration).ok_or(Role::End)?;
        let unused = self.duration.filter(|_| !is_duration);
        Ok(Bounds { start, last, is_duration, unused })
    }
}

/// What gives a window its times.
pub(super) struct Bounds<'a, T> {
    start: Named<'a, T>,
    last: Named<'a, T>,
    is_duration: bool,
    /// The duration beside an end.
    unused: Option<Named<'a, T>>,
}

impl<'a, T: Copy> Bounds<'a, T> {
    /// Reads the window; `cell` finds the cell of a value. An end of null is the end of the
    /// recording.
    pub(super) fn window<'c>(
        &self,
        times: &mut Times,
        cell: impl Fn(T) -> Cell<'c>,
    ) -> Result<Window, WindowProblem> {
        let named =
            |time: &Named<'a, T>| Named { key: time.key, says: time.says, value: cell(time.value) };
        let has_unit = |time: &Named<'a, T>| matches!(time.says, Says::Unit(_)).then_some(time.key);
        let start = times.read(named(&self.start), has_unit(&self.last))?;
        let last = named(&self.last);
        let is_null = |cell: Cell<'_>| matches!(cell, Cell::Json(Value::Null));
        if !self.is_duration && is_null(last.value) {
            if let Some(duration) = self.unused.filter(|unused| !is_null(cell(unused.value))) {
                let (end, duration) = (short(last.key), short(duration.key));
                return Err(shape(format!(
                    "`{end}` is null, which is the end of the recording, and `{duration}` gives another end; remove one"
                )));
            }
            return Window::to_the_end(start);
        }
        let last = times.read(last, has_unit(&self.start))?;
        if !self.is_duration {
            return Window::new(start, last);
        }
        let end = start.saturating_add(last);
        if end >= Window::TO_THE_END {
            return Err(TimeError::TooLong(format!("{}+…", start.as_secs())).into());
        }
        Window::new(start, end)
    }
}
