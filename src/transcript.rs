//! Windows from what people have: transcripts, the output of redaction services, labels, subtitles.
//!
//! In: the bytes of a file. Out: a [`Transcript`] (words, marks and speakers with exact times), and from it
//! a selection of windows. What was said stays in [`Text`], which cannot be printed by accident. What can go
//! wrong: a [`TranscriptError`], which names format and place and never the content.

mod bounds;
mod document;
mod error;
mod find;
mod format;
mod json;
mod kind;
mod marks;
mod model;
mod select;
mod time;

pub use error::{Problem, TranscriptError};
pub use find::{RULES_HELP, Rule, Rules, languages};
pub use format::{Padding, Seen};
pub use model::{Mark, Place, Repeat, Sort, Text, TimeRange, Transcript, Turn, Word};
pub use select::{Options, Parties, PartyError, PlacedWindow, SelectError, Selection, Summary, Untimed};
pub use time::TimeError;

use document::{Document, Source};
use format::{FORMATS, Format};
use json::Json;
use marks::LeftAlone;

/// A file that was read: what it says, and what is needed to write it back masked.
pub struct Read {
    transcript: Transcript,
    format: &'static Format,
    source: Source,
    left_alone: LeftAlone,
}

impl Read {
    /// What the file says.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The name of the format for people.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.format.title
    }

    /// The padding of the format if none is given.
    #[must_use]
    pub fn padding(&self) -> Padding {
        self.format.padding
    }

    /// Selects what to mute.
    ///
    /// # Errors
    /// [`SelectError`]: above all marks without a place in time, and nothing marked and nothing asked for.
    pub fn select(&self, options: &Options) -> Result<Selection, SelectError> {
        select::select(&self.transcript, &self.left_alone, self.format.padding, options)
    }

    /// On what the reader was built.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.format.seen
    }
}

/// The names for `--windows-format`, in the order in which formats are tried.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name)
}

/// Reads the bytes of a transcript, in the format of that name or in the first that recognises it.
///
/// # Errors
/// [`TranscriptError`].
pub fn read(bytes: &[u8], format: Option<&str>) -> Result<Read, TranscriptError> {
    let source = Source::decode(bytes)?;
    let (mut transcript, format) = read_text(&source.text, format)?;
    let left_alone = marks::add_from_words(&mut transcript);
    Ok(Read { transcript, format, source, left_alone })
}

fn read_text(text: &str, name: Option<&str>) -> Result<(Transcript, &'static Format), TranscriptError> {
    let names = || format_names().collect::<Vec<_>>().join(", ");
    let named = match name {
        Some(name) => {
            let format = FORMATS.iter().find(|format| format.name == name);
            Some(format.ok_or_else(|| TranscriptError::NoSuchFormat { names: names() })?)
        }
        None => None,
    };
    let first = text.trim_start().bytes().next();
    let json = if matches!(first, Some(b'{' | b'[')) { Json::parse(text) } else { Err(TranscriptError::Empty) };
    let options = roxmltree::ParsingOptions { nodes_limit: 4_000_000, ..Default::default() };
    let xml = if first == Some(b'<') { roxmltree::Document::parse_with_options(text, options).ok() } else { None };
    let document = Document::new(text, json.as_ref().ok(), xml.as_ref());
    let format = match named.or_else(|| FORMATS.iter().find(|format| (format.recognise)(&document))) {
        Some(format) => format,
        None => {
            return Err(match json {
                Err(error @ (TranscriptError::Json { .. } | TranscriptError::TooDeep { .. })) => error,
                _ => TranscriptError::NotRecognised { names: names() },
            });
        }
    };
    let mut transcript = (format.read)(&document)?;
    transcript.format = format.name;
    Ok((transcript, format))
}
