//! The file that says whose keys count: `allowed_signers`, as ssh-keygen(1) describes it.
//!
//! A line is a list of principals, options, a key and a comment. A line that cannot be read is an error
//! here: whoever wrote it meant somebody.

use std::time::SystemTime;

use ssh_key::PublicKey;
use ssh_key::public::KeyData;
use thiserror::Error;

use super::pattern::list_matches;
use super::timestamp::Timestamp;

/// Why a file is no list of signers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct SignersError {
    /// The line, from 1.
    pub line: usize,
    /// Why, and what to do.
    pub reason: String,
}

/// Who may sign.
#[derive(Debug, Clone)]
pub struct AllowedSigners {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// A list of patterns.
    principals: String,
    options: Options,
    key: KeyData,
}

#[derive(Debug, Clone, Default)]
struct Options {
    /// A list of patterns.
    namespaces: Option<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl AllowedSigners {
    /// Reads the text of an `allowed_signers` file.
    ///
    /// # Errors
    /// [`SignersError`].
    pub fn parse(text: &str) -> Result<Self, SignersError> {
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |reason| SignersError { line: index + 1, reason };
            entries.push(Entry::parse(line).map_err(wrong)?);
        }
        Ok(Self { entries })
    }

    /// Finds the principal of a key: `identity`, or the list of the line that allows it. The error says why
    /// none does.
    pub(super) fn find(
        &self,
        key: &KeyData,
        namespace: &str,
        identity: Option<&str>,
        now: SystemTime,
    ) -> Result<String, String> {
        let mut reason = "no line of the list has this key".to_owned();
        for entry in self.entries.iter().filter(|entry| entry.key == *key) {
            match entry.allows(namespace, identity, now) {
                Ok(()) => return Ok(identity.unwrap_or(&entry.principals).to_owned()),
                Err(why) => reason = why,
            }
        }
        Err(reason)
    }
}

impl Entry {
    fn parse(line: &str) -> Result<Self, String> {
        let (principals, rest) = principals(line)?;
        let (options, key) = match read_key(rest) {
            Some(key) => (Options::default(), key),
            None => {
                let (options, rest) = split_unquoted(rest, |c| c.is_ascii_whitespace());
                let starts = |start| options.starts_with(start);
                if ["ssh-", "ecdsa-", "sk-"].into_iter().any(starts) {
                    return Err("its key cannot be read".into());
                }
                let options = Options::parse(options)?;
                (options, read_key(rest).ok_or("its key is missing, or cannot be read")?)
            }
        };
        Ok(Self { principals: principals.to_owned(), options, key })
    }

    fn allows(
        &self,
        namespace: &str,
        identity: Option<&str>,
        now: SystemTime,
    ) -> Result<(), String> {
        let Options { namespaces, after, before } = &self.options;
        if identity.is_some_and(|identity| !list_matches(identity, &self.principals)) {
            return Err(format!("this key is that of {}", self.principals));
        }
        if namespaces.as_deref().is_some_and(|list| !list_matches(namespace, list)) {
            return Err(format!("this key is not for the namespace {namespace}"));
        }
        let zone = |time: &Timestamp| {
            if time.is_local() {
                ", or is near it; write a time of UTC with a Z at its end"
            } else {
                ""
            }
        };
        if let Some(time) = after.filter(|time| !time.is_reached(now)) {
            return Err(format!(
                "this key is valid only after a time that is still to come{}",
                zone(&time)
            ));
        }
        if let Some(time) = before.filter(|time| !time.is_ahead(now)) {
            return Err(format!(
                "this key was valid only before a time that has passed{}",
                zone(&time)
            ));
        }
        Ok(())
    }
}

/// The first field, which may be quoted, and the rest.
fn principals(line: &str) -> Result<(&str, &str), String> {
    let (first, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("a quote is not closed")?,
        None => line.split_once([' ', '\t']).unwrap_or((line, "")),
    };
    match rest.trim_start() {
        "" => Err("it has no key; write PRINCIPAL KEYTYPE KEY".into()),
        rest => Ok((first, rest)),
    }
}

/// The key at the beginning of a text; its comment is not looked at.
fn read_key(text: &str) -> Option<KeyData> {
    let mut words = text.split_ascii_whitespace();
    let (kind, key) = (words.next()?, words.next()?);
    let key = PublicKey::from_openssh(&format!("{kind} {key}")).ok()?;
    Some(key.key_data().clone())
}

/// Splits at the first such character outside quotes, and drops it.
fn split_unquoted(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if is_end(c) && !is_quoted => return (&text[..at], &text[at + c.len_utf8()..]),
            _ => {}
        }
    }
    (text, "")
}

impl Options {
    fn parse(mut text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        while !text.is_empty() {
            let (option, rest) = split_unquoted(text, |c| c == ',');
            text = rest;
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.filter(|value| !value.is_empty() && !value.contains('"'));
            let quoted = || value.ok_or(format!("write {name}=\"VALUE\""));
            let time = || {
                let example = format!("write {name}=\"20261125Z\" or {name}=\"20261125120000Z\"");
                Timestamp::parse(quoted()?).ok_or(example)
            };
            match name.to_ascii_lowercase().as_str() {
                "namespaces" => set(&mut options.namespaces, name, quoted()?.to_owned())?,
                "valid-after" => set(&mut options.after, name, time()?)?,
                "valid-before" => set(&mut options.before, name, time()?)?,
                "cert-authority" => {
                    return Err("certificates are not supported (cert-authority); list the key of each signer itself".into());
                }
                _ => return Err("it has an option that is not known".into()),
            }
        }
        match (&options.after, &options.before) {
            (Some(after), Some(before)) if before.is_before(after) => {
                Err("its valid-before lies before its valid-after".into())
            }
            _ => Ok(options),
        }
    }
}

fn set<T>(option: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("it has {name} twice")),
    }
}
