//! Stepping over JSON text without reading it.
//!
//! In: text that need not be valid for [`measure`], and is valid for [`Walk`]. Out: the places of
//! values. What can go wrong: too many levels.

use std::collections::HashSet;

use super::super::TranscriptError;
use super::{Kind, Node};

/// How many arrays and objects may stand inside each other.
const DEEPEST: usize = 128;

/// Containers of at least this many bytes are indexed, so that stepping over them costs nothing.
const INDEXED: usize = 512;

/// Counts the levels and notes the large containers. The text need not be valid.
pub(super) fn measure(text: &str) -> Result<Vec<(usize, usize)>, TranscriptError> {
    let bytes = text.as_bytes();
    let (mut open, mut large, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at) - 1,
            b'{' | b'[' => {
                open.push(at);
                if open.len() > DEEPEST {
                    return Err(TranscriptError::TooDeep { byte: at });
                }
            }
            b'}' | b']' => {
                if let Some(start) = open.pop()
                    && at - start >= INDEXED
                {
                    large.push((start, at + 1));
                }
            }
            _ => {}
        }
        at += 1;
    }
    large.sort_unstable();
    Ok(large)
}

/// The byte after the string whose opening quote stands at `at`.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The first object below `root` that holds a key twice. Which of the two counts is not agreed
/// between readers of JSON, so that one of them could hide words.
pub(super) fn repeated_key(root: Node<'_>) -> Option<Node<'_>> {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let is_container = |node: &Node<'_>| matches!(node.kind(), Kind::Object | Kind::Array);
        if node.kind() == Kind::Object {
            let members: Vec<_> = node.members().collect();
            let mut keys = HashSet::with_capacity(members.len());
            if !members.iter().all(|(key, _)| keys.insert(key.as_ref())) {
                return Some(node);
            }
            open.extend(members.iter().map(|(_, value)| *value).filter(is_container));
        } else {
            open.extend(node.items().filter(is_container));
        }
    }
    None
}

/// Steps over the values directly inside a container, keys counted as values.
pub(super) struct Walk<'a> {
    inside: Node<'a>,
    at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(inside: Node<'a>) -> Self {
        Self { inside, at: inside.start + 1 }
    }

    /// The next value, or key.
    pub(super) fn value(&mut self) -> Option<Node<'a>> {
        let bytes = self.inside.json.text.as_bytes();
        let start = loop {
            match bytes.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => self.at += 1,
                b'}' | b']' => return None,
                _ => break self.at,
            }
        };
        let end = self.skip(bytes, start);
        self.at = end;
        Some(Node { json: self.inside.json, start, end })
    }

    /// The byte after the value that begins at `start`.
    fn skip(&self, bytes: &[u8], start: usize) -> usize {
        match bytes.get(start) {
            Some(b'"') => after_string(bytes, start),
            Some(b'{' | b'[') => {
                let large = &self.inside.json.large;
                if let Ok(found) = large.binary_search_by_key(&start, |&(begin, _)| begin) {
                    return large.get(found).map_or(bytes.len(), |&(_, end)| end);
                }
                let (mut depth, mut at) = (0usize, start);
                while let Some(&byte) = bytes.get(at) {
                    match byte {
                        b'"' => at = after_string(bytes, at) - 1,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
                at
            }
            _ => {
                let is_end =
                    |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
                bytes
                    .get(start..)
                    .and_then(|rest| rest.iter().position(is_end))
                    .map_or(bytes.len(), |n| start + n)
            }
        }
    }
}
