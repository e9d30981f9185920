//! The safety net: what no reader listed, and tells what is masked, is masked as a whole.
//!
//! In: a document, the places that are dealt with, the secrets. Out: edits for strings, keys and
//! numbers of JSON; for texts, attributes and comments of XML; for what readers list as remarks.
//! What can go wrong: nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::document::Document;
use super::super::json::{Kind, Node};
use super::super::model::{Remark, Transcript, Turn};
use super::secrets::Secrets;
use super::{Edit, REDACTED, REDACTED_STRING, edit};

/// The edits of all that is left of a document.
pub(super) fn edits(
    document: &Document<'_>,
    transcript: &Transcript,
    secrets: &Secrets,
    is_any: bool,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    for Remark { source, is_recording } in transcript.remarks.iter().filter(|_| is_any) {
        let text = document.text.get(source.clone()).unwrap_or_default();
        // A blank stays between it and what is before it.
        let start = source.end - text.trim_start().len();
        let source = start.min(source.end)..start + text.trim().len();
        if *is_recording || secrets.may_be_told_by(text) {
            edits.push(edit(document, source.clone()));
        }
    }
    let known = known_places(transcript);
    document.roots().for_each(|root| json(root, &known, secrets, &mut edits));
    if let Some(tree) = document.xml() {
        xml(document, tree, &known, secrets, &mut edits);
    }
    edits
}

/// Where all places begin that hold words, and are dealt with.
fn known_places(transcript: &Transcript) -> BTreeSet<usize> {
    let words = transcript.turns.iter().flat_map(|turn: &Turn| &turn.words);
    let words = words.flat_map(|word| word.source.iter().chain(&word.copies));
    words
        .chain(transcript.repeats.iter().map(|repeat| &repeat.source))
        .map(|place| place.start)
        .collect()
}

/// Where the values of JSON begin that have no quotes and no brackets.
pub(super) fn bare_values(document: &Document<'_>) -> BTreeSet<usize> {
    let (mut bare, mut open) = (BTreeSet::new(), document.roots().collect::<Vec<_>>());
    while let Some(node) = open.pop() {
        match node.kind() {
            Kind::Object => open.extend(node.members().map(|(_, value)| value)),
            Kind::Array => open.extend(node.items()),
            Kind::String => {}
            _ => drop(bare.insert(node.range().start)),
        }
    }
    bare
}

fn json(root: Node<'_>, known: &BTreeSet<usize>, secrets: &Secrets, edits: &mut Vec<Edit>) {
    let is_unknown = |node: &Node<'_>| known.range(node.range()).next().is_none();
    let is_told = |node: &Node<'_>| {
        is_unknown(node) && node.text().is_some_and(|text| secrets.are_told_by(&text))
    };
    let is_all = |node: &Node<'_>| {
        is_unknown(node) && node.text().is_some_and(|text| secrets.are_all_of(&text))
    };
    // Each value with whether it is a time or an identifier, as its key says.
    let mut open = vec![(root, false)];
    while let Some((node, is_time)) = open.pop() {
        let Range { start, end } = node.range();
        match node.kind() {
            Kind::Object => {
                for (key, value) in node.members_with_keys() {
                    open.push((value, key.text().is_some_and(|key| is_time_key(&key))));
                    if is_told(&key) {
                        // A number keeps apart keys of one object, which must not be the same.
                        let Range { start, end } = key.range();
                        let text = format!("[redacted {}]", edits.len()).into();
                        edits.push(Edit { place: start + 1..end.saturating_sub(1), text });
                    }
                }
            }
            Kind::Array => {
                open.extend(node.items().map(|item| (item, is_time)));
                for mut list in lists(node, is_time, &is_unknown) {
                    // These go by themselves.
                    list.retain(|word| !is_told(word) && !is_all(word));
                    let text: Vec<_> = list.iter().filter_map(Node::text).collect();
                    if secrets.are_told_by(&text.join(" ")) {
                        edits.extend(list.iter().map(masked_string));
                    }
                }
            }
            Kind::String if is_told(&node) || (!is_time && is_all(&node)) => {
                edits.push(masked_string(&node));
            }
            Kind::Number
                if secrets.are_counted_by(node.raw())
                    || (!is_time && secrets.are_equal_to(node.raw())) =>
            {
                edits.push(Edit { place: start..end, text: REDACTED_STRING.into() });
            }
            _ => {}
        }
    }
}

/// The content of a string, masked.
fn masked_string(node: &Node<'_>) -> Edit {
    let Range { start, end } = node.range();
    Edit { place: start + 1..end.saturating_sub(1), text: REDACTED.into() }
}

/// The words of a list of words: its strings, and the strings of its objects under one key. A list of times is none.
fn lists<'a>(
    list: Node<'a>,
    is_time: bool,
    is_unknown: &impl Fn(&Node<'a>) -> bool,
) -> Vec<Vec<Node<'a>>> {
    let mut lists = BTreeMap::<String, Vec<Node<'a>>>::new();
    let mut add = |key: &str, node: Node<'a>| {
        let is_word = node.text().is_some_and(|text| {
            let is_decimal = text.contains(['.', ':']) && !text.contains(char::is_alphabetic);
            !is_decimal && text.split_whitespace().count() < 3
        });
        if is_word && is_unknown(&node) {
            lists.entry(key.to_owned()).or_default().push(node);
        }
    };
    for item in list.items() {
        match item.kind() {
            Kind::String if !is_time => add("", item),
            Kind::Object => {
                for (key, value) in item.members().filter(|(key, _)| !is_time_key(key)) {
                    add(&key, value);
                }
            }
            _ => {}
        }
    }
    lists.into_values().filter(|list| list.len() > 1).collect()
}

/// Words of a key that holds a time, a count or an identifier, without an `s` at their end.
const TIMES: [&str; 25] = [
    "start",
    "end",
    "begin",
    "from",
    "to",
    "at",
    "ts",
    "t",
    "time",
    "timestamp",
    "date",
    "offset",
    "duration",
    "length",
    "second",
    "sec",
    "milli",
    "m",
    "millisecond",
    "nano",
    "tick",
    "seek",
    "position",
    "id",
    "index",
];

/// Whether a key says that its value is a time or an identifier: `start_ms`, `BeginOffsetMillis`, `utteranceId`.
fn is_time_key(key: &str) -> bool {
    let (mut word, mut was_low) = (String::new(), false);
    let mut words = Vec::new();
    for c in key.chars() {
        if !c.is_alphabetic() || (was_low && c.is_uppercase()) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        }
        was_low = c.is_lowercase();
    }
    words.push(word);
    words
        .iter()
        .any(|word| TIMES.contains(&word.as_str()) || TIMES.contains(&word.trim_end_matches('s')))
}

fn xml(
    document: &Document<'_>,
    tree: &roxmltree::Document<'_>,
    known: &BTreeSet<usize>,
    secrets: &Secrets,
    edits: &mut Vec<Edit>,
) {
    for node in tree.descendants() {
        for attribute in node.attributes() {
            let value = attribute.value();
            // A number is a time of the file, unless it is too long for one.
            let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
            if (is_number && secrets.are_counted_by(value))
                || (!is_number && secrets.are_told_by(value))
            {
                edits.push(Edit { place: attribute.range_value(), text: REDACTED.into() });
            }
        }
        let place = node.range();
        let is_open = node.is_text() && known.range(place.clone()).next().is_none();
        if (is_open || node.is_comment() || node.is_pi())
            && secrets.may_be_told_by(document.text.get(place.clone()).unwrap_or_default())
        {
            let text = match node.node_type() {
                roxmltree::NodeType::Comment => "<!--[redacted]-->",
                // A declaration for programs is not valid without its name.
                roxmltree::NodeType::PI => "",
                _ => REDACTED,
            };
            edits.push(Edit { place, text: text.into() });
        }
    }
}
