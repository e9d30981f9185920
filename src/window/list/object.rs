//! An object of JSON as a window.
//!
//! In: its keys and values, one by one. Out: a [`Window`]. What can go wrong: a key that appears twice,
//! or two for one time; times that cannot be read; a channel that is not certain.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::de::{IgnoredAny, MapAccess};
use serde_json::Value;

use super::super::{Unit, Window, WindowProblem};
use super::channel::{ChannelField, ChannelKey, short};
use super::json::EXPECTED;
use super::key::{self, Key, Keys, Role, Says};
use super::times::{Cell, Found, Named, Times};
use super::{shape, twice};

/// An object. Keys that are not read have the value null.
#[derive(Default)]
pub(super) struct Object {
    fields: BTreeMap<String, (Key, Value)>,
    twice: Option<String>,
}

impl Object {
    /// Reads the value of the key, or skips it.
    pub(super) fn read<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        fields: &mut A,
        keys: &mut Keys,
    ) -> Result<(), A::Error> {
        let key = keys.of(&name);
        let value = if key != Key::Other {
            fields.next_value()?
        } else {
            fields.next_value::<IgnoredAny>()?;
            Value::Null
        };
        self.add(name, key, value);
        Ok(())
    }

    /// Notes a key whose value was read elsewhere.
    pub(super) fn pass(&mut self, name: String) {
        self.add(name, Key::Other, Value::Null);
    }

    fn add(&mut self, name: String, key: Key, value: Value) {
        match self.fields.entry(name) {
            Entry::Vacant(place) => {
                place.insert((key, value));
            }
            Entry::Occupied(first) => {
                self.twice.get_or_insert_with(|| first.key().clone());
            }
        }
    }

    /// What is wrong with it as the object around a list.
    pub(super) fn around(&self, times: &mut Times) -> Option<WindowProblem> {
        let mut wrong = |(name, (key, value)): (&String, &(Key, Value))| match (key, value) {
            // `sordino windows` says so of its own lists.
            (Key::Unit, Value::String(unit)) if key::unit(unit) == Some(Unit::Seconds) => {
                times.are_seconds().err()
            }
            (Key::Unit, value) => {
                let name = short(name);
                (!value.is_null()).then(|| shape(format!("`{name}` can only be \"s\"")))
            }
            (Key::Channel(ChannelKey::Channel), value) => outside(name, value),
            _ => None,
        };
        let problem = self.twice.as_deref().map(twice);
        problem.or_else(|| self.fields.iter().find_map(&mut wrong))
    }

    /// The object that is the whole file as one window.
    pub(super) fn alone(&self, times: &mut Times) -> Result<Window, WindowProblem> {
        let is_start =
            |(key, _): &(Key, Value)| matches!(key, Key::Time(Role::Start | Role::Pair, _));
        if self.fields.values().any(is_start) {
            return self.window(times);
        }
        let keys = key::names(self.fields.keys().map(String::as_str));
        Err(shape(format!("{EXPECTED}; the keys are {keys}")))
    }

    /// One window.
    pub(super) fn window(&self, times: &mut Times) -> Result<Window, WindowProblem> {
        if let Some(key) = &self.twice {
            return Err(twice(key));
        }
        let (mut found, mut channel) = (Found::new(), ChannelField::default());
        let (mut label, mut reason, mut unit, mut is_entity) = (None, None, None, false);
        for (name, (key, value)) in &self.fields {
            let named = |says, value| Named { key: name, says, value };
            match (key, value) {
                (Key::Time(Role::Pair, says), Value::Array(pair)) => {
                    let [start, end] = pair.as_slice() else { return Err(not_a_pair(name)) };
                    found.add(Role::Start, named(*says, start))?;
                    found.add(Role::End, named(*says, end))?;
                }
                (Key::Time(role, says), value) => found.add(*role, named(*says, value))?,
                (Key::Channel(_), value) => channel.json(name, value)?,
                (Key::Label, value) => text(&mut label, name, value)?,
                (Key::Reason, value) => text(&mut reason, name, value)?,
                (Key::Unit, value) => text(&mut unit, name, value)?,
                (Key::Entity, _) => is_entity = true,
                (Key::Other, _) => {}
            }
        }
        found.all_say(match unit {
            Some(unit) => Says::Unit(key::unit(&unit).ok_or_else(not_a_unit)?),
            None if is_entity => Says::Doubt,
            None => Says::Nothing,
        });
        let keys = || self.fields.keys().map(String::as_str);
        let bounds = found.bounds().map_err(|role| key::missing(role, keys()))?;
        let mut window = bounds.window(times, Cell::Json)?;
        window.channel = channel.number();
        (window.label, window.reason) = (label, reason);
        Ok(window)
    }
}

fn text(into: &mut Option<String>, name: &str, value: &Value) -> Result<(), WindowProblem> {
    match value {
        Value::Null => Ok(()),
        Value::String(_) if into.is_some() => Err(twice(name)),
        Value::String(text) => {
            *into = Some(text.clone());
            Ok(())
        }
        _ => Err(shape(format!("`{}` is not a text", short(name)))),
    }
}

fn not_a_unit() -> WindowProblem {
    shape("the unit beside a window is neither \"s\" nor \"ms\"; write the times in one of them")
}

fn not_a_pair(key: &str) -> WindowProblem {
    shape(format!("`{}` is not a pair [start, end]", short(key)))
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

/// A pair `[start, end]` as a window.
pub(super) fn of_pair(pair: &[Value], times: &mut Times) -> Result<Window, WindowProblem> {
    let [start, end] = pair else { return Err(shape("expected a pair [start, end]")) };
    let mut found = Found::new();
    found.add(Role::Start, Named { key: "start", says: Says::Nothing, value: start })?;
    found.add(Role::End, Named { key: "end", says: Says::Nothing, value: end })?;
    let bounds = found.bounds().map_err(|_| not_an_entry())?;
    bounds.window(times, Cell::Json)
}

/// The problem with an entry that is neither.
pub(super) fn not_an_entry() -> WindowProblem {
    shape("expected [start, end] or an object")
}
