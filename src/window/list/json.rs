//! Windows as JSON. A key that appears twice is an error: the author may mean both values, and a
//! parser that keeps only the last would leave the first window unmuted.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

use super::super::{Window, WindowError, WindowProblem};
use super::channel::{ChannelField, ChannelKey, FIXED, short};
use super::{Times, shape, twice};

pub(super) fn read(text: &str, name: &str, times: &mut Times) -> Result<Vec<Window>, WindowError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let list = ListSeed(times).deserialize(&mut json).and_then(|list| json.end().map(|()| list));
    let list = list.map_err(|error| {
        if error.is_data() {
            let expected =
                r#"expected [[10.0, 15.0], …], [{"start": …, "end": …}, …] or {"windows": […]}"#;
            return shape(expected).at(name);
        }
        let place = format!("{name}, line {}, column {}", error.line(), error.column());
        shape(format!("this is not JSON ({})", category(&error))).at(place)
    })?;
    match list.problem {
        Some((Some(index), problem)) => Err(problem.at(format!("{name}, index {index}"))),
        Some((None, problem)) => Err(problem.at(name)),
        None => Ok(list.windows),
    }
}

/// Kind of syntax error. The library's own message may quote the text, which is user data.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early",
        _ if error.to_string().starts_with("number out of range") => "a number is out of range",
        _ => "a comma, bracket, quote or number is wrong here",
    }
}

/// A parsed JSON list. Entries become windows one by one, while they are read, because a list may be
/// long.
#[derive(Default)]
struct List {
    windows: Vec<Window>,
    /// The first problem and the index of its entry; no index if it is outside the list.
    problem: Option<(Option<usize>, WindowProblem)>,
}

/// Deserializer of a list, or of an object with a list.
struct ListSeed<'t>(&'t mut Times);

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = List;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<List, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of windows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<List, A::Error> {
        let mut list = List::default();
        while let Some(window) = entries.next_element_seed(EntrySeed(self.0))? {
            match window {
                Ok(window) => list.windows.push(window),
                Err(problem) => {
                    // Read the rest: a syntax error in it is the more important one.
                    let index = list.windows.len();
                    while entries.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(List { problem: Some((Some(index), problem)), ..list });
                }
            }
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<List, A::Error> {
        let (mut list, mut problem, mut seen) = (None, None, BTreeSet::new());
        while let Some(key) = fields.next_key::<String>()? {
            match key.as_str() {
                "windows" => list = Some(fields.next_value_seed(ListSeed(self.0))?),
                // `sordino windows` says so of its own lists.
                "unit" => match fields.next_value()? {
                    Value::String(unit) if unit == "s" => self.0.is_unknown = false,
                    _ => problem = problem.or_else(|| Some(shape("`unit` can only be \"s\""))),
                },
                other if ChannelKey::of(other) == ChannelKey::Channel => {
                    let value = fields.next_value()?;
                    problem = problem.or_else(|| outside(other, &value));
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
            if let Some(key) = seen.replace(key) {
                problem = problem.or_else(|| Some(twice(&key)));
            }
        }
        let mut list: List = list.ok_or_else(|| A::Error::missing_field("windows"))?;
        if let Some(problem) = problem {
            list.problem = Some((None, problem));
        }
        Ok(list)
    }
}

/// The problem with a channel key outside the list. A number under `channels` is the channel count of
/// the recording, which is allowed.
fn outside(key: &str, value: &Value) -> Option<WindowProblem> {
    let is_count = key.to_lowercase().ends_with("channels") && value.is_number();
    let key = short(key);
    (!value.is_null() && !is_count).then(|| {
        shape(format!("`{key}` is outside the list of windows; write `channel` into each window"))
    })
}

/// Deserializer of one entry of a list.
struct EntrySeed<'t>(&'t mut Times);

fn of_pair(pair: &[Value], times: &mut Times) -> Result<Window, WindowProblem> {
    match pair {
        [start, end] => of_times(start, end, times),
        _ => Err(shape("expected a pair [start, end]")),
    }
}

/// An `end` of null is the end of the recording.
fn of_times(start: &Value, end: &Value, times: &mut Times) -> Result<Window, WindowProblem> {
    match end {
        Value::Null => Window::to_the_end(times.json(start)?),
        end => Window::new(times.json(start)?, times.json(end)?),
    }
}

fn of_object(object: &Map<String, Value>, times: &mut Times) -> Result<Window, WindowProblem> {
    let field = |key: &str| object.get(key).ok_or_else(|| shape(format!("`{key}` is missing")));
    let mut window = of_times(field("start")?, field("end")?, times)?;
    let mut channel = ChannelField::default();
    for (key, value) in object {
        channel.json(key, value)?;
    }
    window.channel = channel.number();
    let text = |key: &str| match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(shape(format!("`{key}` is not a text"))),
    };
    (window.label, window.reason) = (text("label")?, text("reason")?);
    Ok(window)
}

fn not_an_entry() -> WindowProblem {
    shape("expected [start, end] or an object")
}

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
        Ok(of_pair(&pair, self.0))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        // Keys that are not read have the value null.
        let (mut object, mut second) = (Map::new(), None);
        while let Some(key) = fields.next_key::<String>()? {
            let is_read =
                FIXED.contains(&key.as_str()) || ChannelKey::of(&key) != ChannelKey::Other;
            let value = if is_read {
                fields.next_value()?
            } else {
                fields.next_value::<IgnoredAny>()?;
                Value::Null
            };
            if object.contains_key(&key) {
                second = Some(key);
            } else {
                object.insert(key, value);
            }
        }
        Ok(match second {
            Some(key) => Err(twice(&key)),
            None => of_object(&object, self.0),
        })
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
