//! Windows as JSON and JSON Lines. A key that appears twice is an error: the author may mean both values, and a
//! parser that keeps only the last would leave the first window unmuted.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use serde_json::{Map, Value};

use super::super::{Window, WindowError, WindowProblem};
use super::key::{Key, Role};
use super::object::{Object, not_an_entry, of_pair};
use super::{List, shape};

/// The key of a list, in any case.
const WINDOWS: &str = "windows";

pub(super) const EXPECTED: &str =
    r#"expected [[10.0, 15.0], …], [{"start": …, "end": …}, …] or {"windows": […]}"#;

pub(super) fn read(text: &str, name: &str, list: &mut List) -> Result<Vec<Window>, WindowError> {
    if is_lines(text) {
        return read_lines(text, name, list);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let entries = ListSeed(list).deserialize(&mut json).and_then(|list| json.end().map(|()| list));
    let entries = entries.map_err(|error| wrong(&error, name, error.line()))?;
    match entries.problem {
        Some((Some(index), problem)) => Err(problem.at(format!("{name}, index {index}"))),
        Some((None, problem)) => Err(problem.at(name)),
        None if entries.is_alone && has_others(text) => Err(shape(EXPECTED).at(name)),
        None => Ok(entries.windows),
    }
}

/// Whether one window stands beside objects or a list that may be of times: then it need not be all that the
/// file asks for.
fn has_others(text: &str) -> bool {
    let may_be_times = |(key, value): (&String, &Value)| match (Key::of(key), value) {
        (Key::Time(Role::Pair, _) | Key::Channel(_), _) => false,
        (_, Value::Array(list)) => list.iter().any(|value| value.is_number() || value.is_array()),
        _ => false,
    };
    let fields = serde_json::from_str::<Map<String, Value>>(text);
    text.matches('{').count() > 1 || fields.map_or(true, |fields| fields.iter().any(may_be_times))
}

/// Whether it is JSON Lines: a complete value in the first line, and more behind it.
fn is_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (first, second) = (lines.next(), lines.next());
    second.is_some() && first.is_some_and(|line| serde_json::from_str::<IgnoredAny>(line).is_ok())
}

fn read_lines(text: &str, name: &str, list: &mut List) -> Result<Vec<Window>, WindowError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let window = |(at, line): (usize, &str)| {
        let mut json = serde_json::Deserializer::from_str(line);
        let entry = EntrySeed(list).deserialize(&mut json).and_then(|w| json.end().map(|()| w));
        let entry = entry.map_err(|error| wrong(&error, name, at + 1))?;
        entry.map_err(|problem| problem.at(format!("{name}, line {}", at + 1)))
    };
    lines.map(window).collect()
}

/// An error of the JSON parser in `line`.
fn wrong(error: &serde_json::Error, name: &str, line: usize) -> WindowError {
    if error.is_data() {
        return shape(EXPECTED).at(name);
    }
    let place = format!("{name}, line {line}, column {}", error.column());
    shape(format!("this is not JSON ({})", category(error))).at(place)
}

/// Kind of syntax error. The library's own message may quote the text, which is user data.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early",
        _ if error.to_string().starts_with("number out of range") => "a number is out of range",
        _ if error.to_string().starts_with("recursion limit") => "more than 128 levels",
        _ => "a comma, bracket, quote or number is wrong here",
    }
}

/// A parsed JSON list. Entries become windows one by one, while they are read, because a list may be
/// long.
#[derive(Default)]
struct Entries {
    windows: Vec<Window>,
    /// The first problem and the index of its entry; no index if it is outside the list.
    problem: Option<(Option<usize>, WindowProblem)>,
    /// Whether it is one window in an object, and no list.
    is_alone: bool,
}

/// Deserializer of a list, of an object with a list, or of one window.
struct ListSeed<'t>(&'t mut List);

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = Entries;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entries, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of windows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Entries, A::Error> {
        let mut list = Entries::default();
        while let Some(window) = entries.next_element_seed(EntrySeed(self.0))? {
            match window {
                Ok(window) => list.windows.push(window),
                Err(problem) => {
                    // Read the rest: a syntax error in it is the more important one.
                    let index = list.windows.len();
                    while entries.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Entries { problem: Some((Some(index), problem)), ..list });
                }
            }
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Entries, A::Error> {
        let (mut list, mut object) = (None, Object::default());
        while let Some(key) = fields.next_key::<String>()? {
            if key.trim().eq_ignore_ascii_case(WINDOWS) {
                list = Some(fields.next_value_seed(ListSeed(self.0))?);
                object.pass(WINDOWS.to_owned());
            } else {
                object.read(key, &mut fields, &mut self.0.keys)?;
            }
        }
        let times = &mut self.0.times;
        if let Some(mut list) = list {
            if let Some(problem) = object.around(times) {
                list.problem = Some((None, problem));
            }
            return Ok(list);
        }
        Ok(match object.alone(times) {
            Ok(window) => Entries { windows: vec![window], is_alone: true, ..Entries::default() },
            Err(problem) => Entries { problem: Some((None, problem)), ..Entries::default() },
        })
    }
}

/// Deserializer of one entry of a list.
struct EntrySeed<'t>(&'t mut List);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Result<Window, WindowProblem>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Result<Window, WindowProblem>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a window")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut times: A) -> Result<Self::Value, A::Error> {
        let mut pair = Vec::with_capacity(2);
        while let Some(time) = times.next_element()? {
            pair.push(time);
        }
        Ok(of_pair(&pair, &mut self.0.times))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some(key) = fields.next_key::<String>()? {
            object.read(key, &mut fields, &mut self.0.keys)?;
        }
        Ok(object.window(&mut self.0.times))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err(not_an_entry()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err(not_an_entry()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err(not_an_entry()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(not_an_entry()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err(not_an_entry()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Err(not_an_entry()))
    }
}
