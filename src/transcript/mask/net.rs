//! The safety net: what no reader listed, and tells what is masked, is masked as a whole.
//!
//! In: a document, the places that are dealt with, the secrets. Out: edits for strings, keys and
//! numbers of JSON; for texts, attributes and comments of XML; for what readers list as remarks.
//! What can go wrong: nothing.

use std::collections::BTreeSet;
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
    let is_told = |node: &Node<'_>| {
        let is_unknown = known.range(node.range()).next().is_none();
        is_unknown && node.text().is_some_and(|text| secrets.are_told_by(&text))
    };
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let Range { start, end } = node.range();
        match node.kind() {
            Kind::Object => {
                for (key, value) in node.members_with_keys() {
                    open.push(value);
                    if is_told(&key) {
                        // A number keeps apart keys of one object, which must not be the same.
                        let Range { start, end } = key.range();
                        let text = format!("[redacted {}]", edits.len()).into();
                        edits.push(Edit { place: start + 1..end.saturating_sub(1), text });
                    }
                }
            }
            Kind::Array => open.extend(node.items()),
            Kind::String if is_told(&node) => {
                let place = start + 1..end.saturating_sub(1);
                edits.push(Edit { place, text: REDACTED.into() });
            }
            Kind::Number if secrets.are_counted_by(node.raw()) => {
                edits.push(Edit { place: start..end, text: REDACTED_STRING.into() });
            }
            _ => {}
        }
    }
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
