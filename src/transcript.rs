//! Windows from what people have: transcripts, the output of redaction services, labels, subtitles.
//!
//! In: the bytes of a file. Out: a [`Transcript`] (words, marks and speakers with exact times), and
//! from it a selection of windows. What was said stays in [`Text`], which cannot be printed by
//! accident. What can go wrong: a [`TranscriptError`], which names format and place and never the
//! content.

mod bounds;
mod document;
mod error;
mod find;
mod format;
mod json;
mod kind;
#[cfg(test)]
mod leaks;
mod marks;
mod mask;
mod model;
#[cfg(test)]
mod samples;
mod select;
mod sounds;
mod time;
mod windows;

pub use error::{TranscriptError, TranscriptProblem};
pub use find::{RULES_HELP, Rule, Rules, languages};
pub use format::{Padding, Seen};
pub use model::{Mark, Place, Remark, Repeat, Sort, Text, TimeRange, Transcript, Turn, Word};
pub use select::{
    Parties, PartyError, PlacedWindow, SelectError, SelectOptions, Selection, Summary, Untimed,
};
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
    pub fn select(&self, options: &SelectOptions) -> Result<Selection, SelectError> {
        select::select(&self.transcript, &self.left_alone, self.format.padding, options)
    }

    /// The words inside a window and up to `around` words before and after it, for the person who
    /// asks to see them. Each comes with whether it is inside.
    #[must_use]
    pub fn words_around(
        &self,
        window: &PlacedWindow,
        parties: &Parties,
        around: usize,
    ) -> Vec<(Text, bool)> {
        mask::words_around(&self.transcript, window, parties, around)
    }

    /// The file with the words of `windows` masked, in its own format and encoding. Take
    /// [`Selection::bare`]: padding reaches into the words beside a mark.
    ///
    /// # Errors
    /// [`TranscriptError::Unusable`] if the file holds no words, or a word of a window cannot be masked in place.
    pub fn masked(
        &self,
        windows: &[PlacedWindow],
        parties: &Parties,
    ) -> Result<Masked, TranscriptError> {
        let format = self.transcript.format;
        let chosen = mask::Chosen::of(&self.transcript, windows, parties);
        let text = with_document(&self.source.text, |document| {
            mask::masked_text(document, &self.transcript, &chosen)
        })?;
        // Read back: what was written must still be a file of this format.
        read_text(&text, Some(format))?;
        Ok(Masked { bytes: self.source.encode(&text), words: chosen.count() })
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

/// A transcript that was written back.
#[derive(Clone)]
pub struct Masked {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// How many words were masked.
    pub words: usize,
}

fn read_text(
    text: &str,
    name: Option<&str>,
) -> Result<(Transcript, &'static Format), TranscriptError> {
    let names = || format_names().collect::<Vec<_>>().join(", ");
    let named = match name {
        Some(name) => {
            let format = FORMATS.iter().find(|format| format.name == name);
            Some(format.ok_or_else(|| TranscriptError::NoSuchFormat { names: names() })?)
        }
        None => None,
    };
    with_document(text, |document| {
        let recognised = || FORMATS.iter().find(|format| (format.recognise)(document));
        let Some(format) = named.or_else(recognised) else {
            return Err(document
                .broken()
                .cloned()
                .unwrap_or_else(|| TranscriptError::NotRecognised { names: names() }));
        };
        let mut transcript = (format.read)(document)?;
        if let Some(error) = document.broken()
            && transcript.turns.is_empty()
            && transcript.marks.is_empty()
        {
            return Err(error.clone());
        }
        transcript.format = format.name;
        Ok((transcript, format))
    })
}

/// Parses `text` as JSON or XML, if it begins like it, and hands the document to `work`.
fn with_document<T>(
    text: &str,
    work: impl FnOnce(&Document<'_>) -> Result<T, TranscriptError>,
) -> Result<T, TranscriptError> {
    let first = text.trim_start().bytes().next();
    let json = matches!(first, Some(b'{' | b'[')).then(|| Json::parse(text));
    let options = roxmltree::ParsingOptions { nodes_limit: 4_000_000, ..Default::default() };
    let xml = (first == Some(b'<')).then(|| roxmltree::Document::parse_with_options(text, options));
    let broken = match (&json, &xml) {
        (Some(Err(error)), _) => Some(error.clone()),
        (_, Some(Err(error))) => Some(TranscriptError::Xml { line: error.pos().row }),
        _ => None,
    };
    let json = json.and_then(Result::ok);
    let xml = xml.and_then(Result::ok);
    work(&Document::new(text, json.as_ref(), xml.as_ref(), broken))
}
