//! JSON that is read where it stands: each value knows its bytes in the file.
//!
//! In: the text of a file, one JSON value or one value a line. Out: [`Node`]s, which look into the
//! text only when asked, so that times are read from their own digits and strings can be masked in
//! place. What can go wrong: text that is no JSON, more than 128 levels.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::value::RawValue;

use super::TranscriptError;

mod escape;
mod scan;

pub(super) use escape::characters;
use escape::unescape;
use scan::{Walk, measure};

/// The text of one or more JSON values, checked once. [`Node`]s borrow from it.
#[derive(Debug)]
pub(super) struct Json<'a> {
    text: &'a str,
    roots: Vec<Range<usize>>,
    /// Where large containers begin and end, sorted by their begin.
    large: Vec<(usize, usize)>,
}

/// What sort of value a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl<'a> Json<'a> {
    /// Checks `text`: valid JSON, one value or several with blanks or line ends between them.
    ///
    /// # Errors
    /// [`TranscriptError::Json`] with line and column, [`TranscriptError::TooDeep`].
    pub(super) fn parse(text: &'a str) -> Result<Self, TranscriptError> {
        let large = measure(text)?;
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let mut roots = Vec::new();
        while let Some(value) = stream.next() {
            let raw = value.map_err(|error| syntax(&error))?;
            let end = stream.byte_offset();
            roots.push(end.saturating_sub(raw.get().len())..end);
        }
        let json = Self { text, roots, large };
        let twice = json.roots().find_map(scan::repeated_key).map(|object| object.path());
        match twice {
            Some(place) => Err(TranscriptError::KeyTwice { place }),
            None => Ok(json),
        }
    }

    /// The values of the file: one, or one for each line of JSON Lines.
    pub(super) fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|range| Node { json: self, start: range.start, end: range.end })
    }

    /// The path of the value at the byte `at`, such as `results.items[3].start_time`. Keys that are
    /// no plain names are left out, for a key can hold anything.
    pub(super) fn path(&self, at: usize) -> String {
        let mut path = String::new();
        let Some((row, mut node)) = self.roots().enumerate().find(|(_, root)| root.end > at) else {
            return path;
        };
        if self.roots.len() > 1 {
            let _ = write!(path, "[{row}]");
        }
        while node.start < at {
            let step = match node.kind() {
                Kind::Object => {
                    node.members().find(|(_, value)| value.end > at).map(|(key, value)| {
                        let is_plain = key.len() <= 40
                            && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
                        let dot = if path.is_empty() { "" } else { "." };
                        let _ = write!(path, "{dot}{}", if is_plain { &key } else { "*" });
                        value
                    })
                }
                Kind::Array => node.items().enumerate().find(|(_, value)| value.end > at).map(
                    |(index, value)| {
                        let _ = write!(path, "[{index}]");
                        value
                    },
                ),
                _ => None,
            };
            match step {
                Some(next) if next.start <= at => node = next,
                _ => break,
            }
        }
        path
    }
}

/// Line and column alone: the message of serde_json may quote the file.
fn syntax(error: &serde_json::Error) -> TranscriptError {
    TranscriptError::Json { line: error.line(), column: error.column() }
}

/// One JSON value and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    json: &'a Json<'a>,
    start: usize,
    end: usize,
}

impl<'a> Node<'a> {
    /// The bytes of the value in the text of the document, quotes and brackets included.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The value as it is written.
    pub(super) fn raw(&self) -> &'a str {
        self.json.text.get(self.start..self.end).unwrap_or_default()
    }

    /// The value as a file of its own, with the same bytes.
    pub(super) fn alone(&self) -> Json<'a> {
        // Sorted by their begin, and what begins inside of a value ends inside of it.
        let before = |at: usize| self.json.large.partition_point(|&(start, _)| start < at);
        let large =
            self.json.large.get(before(self.start)..before(self.end)).unwrap_or_default().to_vec();
        Json { text: self.json.text, roots: vec![self.range()], large }
    }

    /// What sort of value it is.
    pub(super) fn kind(&self) -> Kind {
        match self.json.text.as_bytes().get(self.start) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether it is `null`.
    pub(super) fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// The place for an error: the JSON path.
    pub(super) fn path(&self) -> String {
        self.json.path(self.start)
    }

    /// The value under `key`; none if there is no such key, it is `null`, or this is no object.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let found = self.members().find(|(name, _)| name == key);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// Whether there is such a key, even with `null` behind it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.members().any(|(name, _)| name == key)
    }

    /// The value at the end of `keys`.
    pub(super) fn at(&self, keys: &[&str]) -> Option<Node<'a>> {
        keys.iter().try_fold(*self, |node, key| node.get(key))
    }

    /// The values of an array; nothing for any other value.
    pub(super) fn items(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let is_array = self.kind() == Kind::Array;
        let mut walk = Walk::new(*self);
        std::iter::from_fn(move || if is_array { walk.value() } else { None })
    }

    /// Keys and values of an object in their order; nothing for any other value.
    pub(super) fn members(&self) -> impl Iterator<Item = (Cow<'a, str>, Node<'a>)> + use<'a> {
        self.members_with_keys().map(|(key, value)| (key.text().unwrap_or_default(), value))
    }

    /// As [`Node::members`], with the places of the keys.
    pub(super) fn members_with_keys(&self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> + use<'a> {
        let is_object = self.kind() == Kind::Object;
        let mut walk = Walk::new(*self);
        std::iter::from_fn(move || {
            if !is_object {
                return None;
            }
            let key = walk.value()?;
            Some((key, walk.value()?))
        })
    }

    /// The items of the array under `key`.
    pub(super) fn list(&self, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.get(key).into_iter().flat_map(|node| node.items())
    }

    /// The text of a string, with its escapes resolved.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        if self.kind() != Kind::String {
            return None;
        }
        let inner = self.json.text.get(self.start + 1..self.end.checked_sub(1)?)?;
        if inner.contains('\\') {
            Some(Cow::Owned(unescape(inner)))
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// The text under `key`.
    pub(super) fn text_of(&self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key)?.text()
    }

    /// The digits of a number, as written.
    pub(super) fn number(&self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then(|| self.raw())
    }

    /// The digits of a number, or the text of a string: for times that are written either way.
    pub(super) fn scalar(&self) -> Option<Cow<'a, str>> {
        self.number().map(Cow::Borrowed).or_else(|| self.text())
    }

    /// A whole number from 0, also if it stands in quotes or ends in `.0`.
    pub(super) fn index(&self) -> Option<usize> {
        let text = self.scalar()?;
        text.strip_suffix(".0").unwrap_or(&text).parse().ok()
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == "true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let json = Json::parse(text).unwrap();
        json.roots()
            .flat_map(|root| root.items())
            .filter_map(|node| node.text().map(Cow::into_owned))
            .collect()
    }

    #[test]
    fn values_know_their_bytes() {
        let text = " {\"a\" : [1, {\"b\": \"x\"}, 2.50] , \"c\":null} ";
        let json = Json::parse(text).unwrap();
        let root = json.roots().next().unwrap();
        let list: Vec<Node<'_>> = root.list("a").collect();
        assert_eq!(list[2].number(), Some("2.50"));
        assert_eq!(text.get(list[1].range()), Some("{\"b\": \"x\"}"));
        assert_eq!(list[1].get("b").unwrap().path(), "a[1].b");
        assert!(root.get("c").is_none());
        assert!(root.has("c"));
    }

    #[test]
    fn escapes_are_resolved_and_keep_their_places() {
        assert_eq!(
            texts(r#"["a\"b","\u00e9\ud83d\ude00","\ud83d","\\","\/"]"#),
            ["a\"b", "é😀", "\u{fffd}", "\\", "/"]
        );
        let places: Vec<_> = characters(r"a\u00e9b").collect();
        assert_eq!(places, [('a', 0..1), ('é', 1..7), ('b', 7..8)]);
    }

    #[test]
    fn one_value_a_line_is_read_as_several() {
        let json = Json::parse("{\"a\":1}\n{\"a\":2}\n").unwrap();
        let numbers: Vec<_> = json.roots().filter_map(|root| root.get("a")?.number()).collect();
        assert_eq!(numbers, ["1", "2"]);
        assert_eq!(json.roots().nth(1).unwrap().get("a").unwrap().path(), "[1].a");
    }

    #[test]
    fn large_containers_are_stepped_over() {
        let long =
            format!("{{\"big\":[{}0],\"end\":{{\"x\":\"]\"}}}}", "{\"k\":\"]}\"},".repeat(200));
        let json = Json::parse(&long).unwrap();
        let root = json.roots().next().unwrap();
        assert_eq!(root.list("big").count(), 201);
        assert_eq!(root.at(&["end", "x"]).unwrap().text().as_deref(), Some("]"));
    }

    #[test]
    fn depth_and_syntax_are_checked() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::parse(&deep(128)).is_ok());
        assert_eq!(Json::parse(&deep(129)).unwrap_err(), TranscriptError::TooDeep { byte: 128 });
        assert_eq!(
            Json::parse("{\"a\":\n x}").unwrap_err(),
            TranscriptError::Json { line: 2, column: 2 }
        );
        assert!(Json::parse("{\"a\":1").is_err());
        assert!(Json::parse("[1]]").is_err());
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error() {
        let error = |text| Json::parse(text).unwrap_err().to_string();
        let wanted = "the JSON holds a key twice in the object at a[1]";
        assert_eq!(error("{\"a\":[1,{\"w\":1,\"\\u0077\":2}]}"), wanted);
        let many: String = (0..40).map(|n| format!("\"k{n}\":{n},")).collect();
        assert!(Json::parse(&format!("{{{many}\"z\":0}}")).is_ok());
        assert!(Json::parse(&format!("{{{many}\"k7\":0}}")).is_err());
    }

    #[test]
    fn keys_that_are_no_plain_names_stay_out_of_paths() {
        let json = Json::parse("{\"gs://a/4111\": {\"x\": 1}}").unwrap();
        let node = json
            .roots()
            .next()
            .and_then(|root| root.members().next())
            .and_then(|(_, value)| value.get("x"))
            .unwrap();
        assert_eq!(node.path(), "*.x");
    }
}
