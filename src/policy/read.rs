//! A policy as TOML: one key for each setting, spelled as its flag.

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::PolicyError;
use super::settings::{
    IfNone, LIST, OPUS_RATES, Settings, gain_of, language, parse_pad, parse_treatment, tone_of,
};
use crate::decode::{Edge, Encoding, Gaps};
use crate::transcript::{Parties, Rule, format_names};
use crate::treatment::Treatment;
use crate::window::{Unit, parse_time};

/// Sets what a value says; or says what to write instead.
type Set = fn(&mut Settings, &DeValue<'_>) -> Result<(), String>;

/// All keys.
const KEYS: [(&str, Set); 20] = [
    ("gain", |own, value| treat(own, gain_of(&text(value)?)?)),
    ("silence", |own, value| match is_set(value)? {
        true => treat(own, Treatment::silence()),
        false => Ok(()),
    }),
    ("tone", |own, value| match value {
        DeValue::Boolean(false) => Ok(()),
        DeValue::Boolean(true) => treat(own, parse_treatment("tone")?),
        hz => treat(own, tone_of(&text(hz)?)?),
    }),
    ("fade", |own, value| put(&mut own.fade, time(value))),
    ("find", |own, value| {
        let rule = |name: &String| one_of(name, &Rule::ALL, Rule::name);
        own.find = texts(value)?.iter().map(rule).collect::<Result<_, _>>()?;
        Ok(())
    }),
    ("language", |own, value| {
        own.language = texts(value)?.iter().map(|code| language(code)).collect::<Result<_, _>>()?;
        Ok(())
    }),
    ("only", |own, value| list(&mut own.only, value)),
    ("party", |own, value| {
        own.party = parties(value)?;
        Ok(())
    }),
    ("speaker", |own, value| list(&mut own.speaker, value)),
    ("tier", |own, value| list(&mut own.tier, value)),
    ("pad", |own, value| {
        put(&mut own.pad, parse_pad(&text(value)?).map_err(|error| error.to_string()))
    }),
    ("unit", |own, value| {
        let units = [Unit::Seconds, Unit::Milliseconds];
        put(&mut own.unit, one_of(&text(value)?, &units, unit_name))
    }),
    ("windows-format", |own, value| {
        let names: Vec<&str> = std::iter::once(LIST).chain(format_names()).collect();
        let name = one_of(&text(value)?, &names, |name| name);
        put(&mut own.windows_format, name.map(str::to_owned))
    }),
    ("gaps", |own, value| {
        let all = [Gaps::Refuse, Gaps::Fill, Gaps::Close];
        put(&mut own.gaps, one_of(&text(value)?, &all, Gaps::name))
    }),
    ("encoding", |own, value| {
        let all = [Encoding::Pcm, Encoding::Same];
        put(&mut own.encoding, one_of(&text(value)?, &all, encoding_name))
    }),
    ("edge", |own, value| {
        put(&mut own.edge, one_of(&text(value)?, &[Edge::Widen, Edge::Exact], Edge::name))
    }),
    ("no-md5", |own, value| put(&mut own.no_md5, is_set(value))),
    ("raw", |own, value| {
        put(&mut own.raw, text(value)?.parse().map_err(|error| format!("{error}")))
    }),
    ("opus-rate", |own, value| {
        let rate = text(value)?.parse().ok().filter(|rate| OPUS_RATES.contains(rate));
        let all = OPUS_RATES.map(|rate| rate.to_string());
        put(&mut own.opus_rate, rate.ok_or_else(|| format!("write one of {}", all.join(", "))))
    }),
    ("if-none", |own, value| {
        put(&mut own.if_none, one_of(&text(value)?, &IfNone::ALL, IfNone::name))
    }),
];

/// The names of all keys.
pub(super) fn names() -> Vec<&'static str> {
    KEYS.iter().map(|(name, _)| *name).collect()
}

pub(super) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
    }
}

pub(super) fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Pcm => "pcm",
        Encoding::Same => "same",
    }
}

/// Reads the text of a policy.
pub(super) fn read(text: &str) -> Result<Settings, PolicyError> {
    let line = |at: usize| 1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| PolicyError::Syntax {
        line: line(error.span().map_or(0, |span| span.start)),
        why: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut settings = Settings::default();
    for (key, value) in entries {
        let (line, key) = (line(key.span().start), key.get_ref().as_ref());
        let Some(&(key, set)) = KEYS.iter().find(|(name, _)| *name == key) else {
            return Err(PolicyError::UnknownKey { line, key: short(key), nearest: nearest(key) });
        };
        set(&mut settings, value.get_ref()).map_err(|why| PolicyError::Value { line, key, why })?;
    }
    Ok(settings)
}

/// Sets the treatment. A file that names two does not say which it means.
fn treat(own: &mut Settings, treatment: Treatment) -> Result<(), String> {
    match own.treatment.replace(treatment) {
        None => Ok(()),
        Some(_) => Err("there is another treatment above; keep one of gain, silence, tone".into()),
    }
}

fn put<T>(place: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *place = Some(value?);
    Ok(())
}

fn list(place: &mut Vec<String>, value: &DeValue<'_>) -> Result<(), String> {
    *place = texts(value)?;
    Ok(())
}

/// `["customer=0", "agent=1"]`, one such text, or a table of names and channels.
fn parties(value: &DeValue<'_>) -> Result<Parties, String> {
    let all = match value {
        DeValue::Table(table) => {
            let pair = |(name, channel): (&toml::Spanned<_>, &toml::Spanned<_>)| {
                let name: &std::borrow::Cow<'_, str> = name.get_ref();
                Ok(format!("{name}={}", text(channel.get_ref())?))
            };
            table.iter().map(pair).collect::<Result<Vec<_>, String>>()?
        }
        value => texts(value)?,
    };
    let mut parties = Parties::default();
    for one in &all {
        parties.add(one).map_err(|error| error.to_string())?;
    }
    Ok(parties)
}

fn is_set(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "write true or false".into())
}

fn time(value: &DeValue<'_>) -> Result<Duration, String> {
    parse_time(&text(value)?).map_err(|error| error.to_string())
}

/// A text, or a number as it is written.
fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        _ => Err("write a text in quotes, or a number".into()),
    }
}

/// A list of texts, or one text. An empty list would say nothing, though it looks as if it did.
fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let all = match value {
        DeValue::Array(all) => {
            all.iter().map(|one| text(one.get_ref())).collect::<Result<_, _>>()?
        }
        one => vec![text(one)?],
    };
    match all.is_empty() || all.iter().any(|text| text.trim().is_empty()) {
        true => Err("it is empty; give a value, or remove the line".into()),
        false => Ok(all),
    }
}

/// The one of `all` that has this name.
fn one_of<T: Copy>(
    name: &str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    all.iter().copied().find(|&one| name_of(one) == name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|&one| name_of(one)).collect();
        format!("`{}` is not known; write one of {}", short(name), names.join(", "))
    })
}

/// What is shown of a text that may be anything.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(40).collect()
}

/// The setting whose name is within three changes of a character.
fn nearest(key: &str) -> Option<&'static str> {
    let key = short(key).to_lowercase();
    let far = names().into_iter().map(|name| (changes(&key, name), name));
    far.min().filter(|&(far, name)| far <= 3 && far < name.len()).map(|(_, name)| name)
}

/// The characters to insert, remove or replace that make one text of the other.
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut before = at;
        row[0] = at + 1;
        for (at, &d) in other.iter().enumerate() {
            let kept = before + usize::from(c != d);
            before = row[at + 1];
            row[at + 1] = kept.min(row[at] + 1).min(before + 1);
        }
    }
    row[other.len()]
}
