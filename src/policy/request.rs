//! The windows that were asked for: from flags, a list, or a transcript and what was selected from it.

use crate::receipt::{MarksEntry, SourceEntry};
use crate::transcript::{self, Masked, Parties, PlacedWindow, Selection};
use crate::window::{Window, Windows};

use super::RequestError;

/// Windows that were asked for.
pub struct Request {
    /// Those given with the call or row first, then those of the file, each with its padding. Empty if a
    /// file was searched and holds nothing.
    pub windows: Vec<Window>,
    /// What the file was read as, if it is no plain list.
    pub transcript: Option<Searched>,
}

/// A transcript and what was selected from it.
pub struct Searched {
    /// The file.
    pub read: transcript::Read,
    /// What is muted.
    pub selection: Selection,
    /// Which party is on which channel.
    pub parties: Parties,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl Request {
    /// The windows of a redaction or an audit; [`Windows::none`] only if a transcript was searched and
    /// holds nothing to redact.
    ///
    /// # Errors
    /// [`RequestError::LeftOut`] if it holds something, and only `only` left it out.
    pub fn windows(&self) -> Result<Windows, RequestError> {
        match &self.transcript {
            Some(searched) if self.windows.is_empty() => match searched.left_out() {
                0 => Ok(Windows::none()),
                left_out => Err(RequestError::LeftOut(left_out)),
            },
            _ => Ok(Windows::new(self.windows.clone())?),
        }
    }

    /// What a person should know of how windows were found.
    pub fn notes(&self) -> Vec<String> {
        self.transcript.iter().flat_map(Searched::notes).collect()
    }

    /// What the receipt says of the file.
    pub fn entry(&self) -> Option<SourceEntry> {
        self.transcript.as_ref().map(Searched::entry)
    }

    /// The transcript with the words of all windows masked.
    ///
    /// # Errors
    /// [`RequestError::NoWords`] for a list, [`RequestError::Masking`] for a word that cannot be masked.
    pub fn masked(&self) -> Result<Masked, RequestError> {
        let searched = self.transcript.as_ref().ok_or(RequestError::NoWords)?;
        let masked = searched.read.masked(&self.bare(), &searched.parties);
        masked.map_err(RequestError::Masking)
    }

    /// All windows without padding, sorted by their start.
    pub fn bare(&self) -> Vec<PlacedWindow> {
        let selected = self.transcript.iter().flat_map(|searched| &searched.selection.bare);
        // The windows of flags come first.
        let flags = self.windows.len().saturating_sub(selected.clone().count());
        let flags = self.windows.iter().take(flags).map(|window| PlacedWindow {
            start: window.start(),
            end: (!window.is_to_the_end()).then(|| window.end()),
            channel: window.channel(),
            label: window.label().map(str::to_owned),
        });
        let mut bare: Vec<PlacedWindow> = flags.chain(selected.cloned()).collect();
        bare.sort_by_key(|window| window.start);
        bare
    }
}

impl Searched {
    /// What was recognised, and the notes of the selection.
    fn notes(&self) -> Vec<String> {
        let summary = &self.selection.summary;
        let windows = count(self.selection.windows.len(), "window");
        let first = format!(
            "{}: {} of {} placed, {windows}, padding {}",
            self.read.title(),
            summary.marks_placed,
            count(summary.marks_found, "mark"),
            summary.padding,
        );
        std::iter::once(first).chain(summary.notes.iter().cloned()).collect()
    }

    /// How many passages `only` left out.
    fn left_out(&self) -> usize {
        let summary = &self.selection.summary;
        let marks = summary.marks_found.saturating_sub(summary.marks_placed);
        marks.max(summary.left_out.iter().map(|(_, count)| count).sum())
    }

    fn entry(&self) -> SourceEntry {
        let summary = &self.selection.summary;
        let number = |count: usize| count as u64;
        let finds = summary.finds.iter().map(|(kind, count)| (kind.clone(), number(*count)));
        SourceEntry {
            format: summary.format.to_owned(),
            sha256: self.sha256.clone(),
            marks: MarksEntry {
                found: number(summary.marks_found),
                placed: number(summary.marks_placed),
            },
            finds: finds.collect(),
        }
    }
}

/// `1 window`, `2 windows`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
