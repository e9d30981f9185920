//! The file as text, JSON or XML, before anybody knows its format.
//!
//! In: bytes. Out: [`Source`], the decoded text, and [`Document`], what can be read of it. What can
//! go wrong: no text, an encoding that is not supported, too many bytes, broken JSON or XML.

use std::ops::Range;

use crate::window::encoding::{Decoded, Encoding, decode};

use super::TranscriptError;
use super::json::{Json, Node};
use super::model::Text;

/// The longest file that is read: 64 MiB.
pub(super) const LARGEST: usize = 64 << 20;

/// A file that was decoded to text. Ranges of bytes are ranges of `text`, which has no byte-order
/// mark.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) encoding: Encoding,
    pub(super) has_mark: bool,
}

impl Source {
    /// Decodes UTF-8 and UTF-16, the latter with a byte-order mark or with a zero in the first two
    /// bytes.
    ///
    /// # Errors
    /// [`TranscriptError::Empty`], [`TranscriptError::TooLarge`], [`TranscriptError::Encoding`].
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, TranscriptError> {
        if bytes.len() > LARGEST {
            return Err(TranscriptError::TooLarge);
        }
        let Decoded { text, encoding, has_mark } = decode(bytes)?;
        if text.trim().is_empty() {
            return Err(TranscriptError::Empty);
        }
        Ok(Self { text: text.into_owned(), encoding, has_mark })
    }

    /// `text` in the encoding of the file, with its byte-order mark.
    pub(super) fn encode(&self, text: &str) -> Vec<u8> {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        match self.encoding {
            Encoding::Utf8 => [mark, text].concat().into_bytes(),
            Encoding::Utf16Little => {
                mark.encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            }
            Encoding::Utf16Big => {
                mark.encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
            }
        }
    }
}

/// What can be read of a file. JSON if its first byte that is not blank is `{` or `[` and it parses
/// as such; XML if that is `<`.
pub(super) struct Document<'a> {
    /// The decoded text, without byte-order mark. All byte ranges of a transcript are in it.
    pub(super) text: &'a str,
    json: Option<&'a Json<'a>>,
    xml: Option<&'a roxmltree::Document<'a>>,
    broken: Option<TranscriptError>,
}

impl<'a> Document<'a> {
    /// The document of `text`, with what was parsed of it.
    pub(super) fn new(
        text: &'a str,
        json: Option<&'a Json<'a>>,
        xml: Option<&'a roxmltree::Document<'a>>,
        broken: Option<TranscriptError>,
    ) -> Self {
        Self { text, json, xml, broken }
    }

    /// Why it is no JSON or XML, although it begins like it.
    pub(super) fn broken(&self) -> Option<&TranscriptError> {
        self.broken.as_ref()
    }

    /// The one JSON value of the file; the first one of JSON Lines.
    pub(super) fn root(&self) -> Option<Node<'a>> {
        self.roots().next()
    }

    /// All JSON values of the file: one, or one for each line of JSON Lines. Nothing if it is no
    /// JSON.
    pub(super) fn roots(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.json.into_iter().flat_map(Json::roots)
    }

    /// Whether it is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json.is_some()
    }

    /// The XML tree. `Node::range` of roxmltree gives bytes of `text`.
    pub(super) fn xml(&self) -> Option<&'a roxmltree::Document<'a>> {
        self.xml
    }

    /// The lines with the bytes at which they begin, without their line ends (`\n`, `\r\n`, `\r`).
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let text = self.text;
        let (mut at, mut number) = (0, 0);
        std::iter::from_fn(move || {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            let line = rest.get(..length)?;
            let end = rest.get(length..)?;
            let start = at;
            at += length + if end.starts_with("\r\n") { 2 } else { usize::from(!end.is_empty()) };
            number += 1;
            Some(Line { number, start, text: line })
        })
    }
}

/// One line of a text.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    /// The byte at which it begins.
    pub(super) start: usize,
    /// The line without its end.
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// The fields between runs of characters for which `is_between` holds, with their bytes in the
    /// document.
    pub(super) fn fields(
        &self,
        is_between: fn(char) -> bool,
    ) -> impl Iterator<Item = (&'a str, Range<usize>)> + use<'a> {
        let (line, start) = (self.text, self.start);
        line.split(is_between).filter(|field| !field.is_empty()).map(move |field| {
            let at = start + field.as_ptr().addr().saturating_sub(line.as_ptr().addr());
            (field, at..at + field.len())
        })
    }
}

/// The words of a text that has no word times: split at white space, each with its bytes. `start`
/// is the byte of `text` in the document, if the text stands there as it is (no escapes).
pub(super) fn words_of(text: &str, start: Option<usize>) -> Vec<super::model::Word> {
    let place = |word: &str| word.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    text.split_whitespace()
        .map(|word| super::model::Word {
            text: Text::new(word),
            source: start.map(|start| start + place(word)..start + place(word) + word.len()),
            ..Default::default()
        })
        .collect()
}
