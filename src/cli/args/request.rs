//! What the windows of a command come to: a list, or a transcript and what was selected from it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sordino::receipt::{MarksEntry, SourceEntry};
use sordino::transcript::{self, Masked, Parties, PlacedWindow, Selection};
use sordino::{Window, Windows};

use super::super::exit::Failure;
use super::super::messages::note;
use super::super::text::count;

/// What becomes of a recording for which a search found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfNone {
    /// It is a wrong call.
    Fail,
    /// The recording passes unredacted.
    Copy,
}

/// Windows that were asked for.
pub(crate) struct Request {
    /// From flags and file, each with its padding. Empty if a file was searched and holds nothing.
    pub(crate) windows: Vec<Window>,
    /// What `--windows` was read as.
    pub(crate) transcript: Option<TranscriptRequest>,
}

/// A transcript and what was selected from it.
pub(crate) struct TranscriptRequest {
    pub(crate) read: transcript::Read,
    pub(crate) selection: Selection,
    pub(crate) parties: Parties,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
}

/// Where windows came from, for the files that go with a redaction.
#[derive(Clone, Default)]
pub(crate) struct WindowsSource {
    /// Its entry in the receipt.
    pub(crate) entry: Option<SourceEntry>,
    /// The transcript with the words of all windows masked, and where it goes.
    pub(crate) masked: Option<(PathBuf, Masked)>,
}

impl Request {
    /// The windows of a redaction or an audit, and a note about a transcript. None only if a transcript
    /// was searched, nothing was found, and `if_none` allows that.
    pub(crate) fn windows(&self, if_none: IfNone) -> Result<Windows, Failure> {
        if let Some(found) = &self.transcript {
            found.tell();
            if self.windows.is_empty() {
                let why = "nothing to redact: the file was searched, and nothing was found; give --if-none copy to copy such a recording unredacted";
                found.check_left_out()?;
                return match if_none {
                    IfNone::Fail => Err(Failure::usage("reading the windows", why)),
                    IfNone::Copy => Ok(Windows::none()),
                };
            }
        }
        Ok(Windows::new(self.windows.clone())?)
    }

    /// Where the windows came from. `masked`: where the masked transcript goes, if it is wanted.
    pub(crate) fn source(&self, masked: Option<&Path>) -> Result<WindowsSource, Failure> {
        let masked = match masked {
            Some(path) => Some((path.to_owned(), self.masked()?)),
            None => None,
        };
        Ok(WindowsSource { entry: self.transcript.as_ref().map(TranscriptRequest::entry), masked })
    }

    /// The transcript with the words of all windows masked.
    pub(crate) fn masked(&self) -> Result<Masked, Failure> {
        let doing = "masking the transcript";
        let Some(found) = &self.transcript else {
            let why = "the windows come from a list, which has no words; give a transcript with --windows";
            return Err(Failure::usage(doing, why));
        };
        let masked = found.read.masked(&self.bare(), &found.parties);
        masked.map_err(|error| Failure::usage(doing, error))
    }

    /// All windows without padding, sorted by their start.
    pub(crate) fn bare(&self) -> Vec<PlacedWindow> {
        let selected = self.transcript.iter().flat_map(|found| &found.selection.bare);
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

impl TranscriptRequest {
    /// Says what was recognised, and what the user should know.
    fn tell(&self) {
        let summary = &self.selection.summary;
        let windows = count(self.selection.windows.len(), "window");
        note(&format!(
            "{}: {} of {} placed, {windows}, padding {}",
            self.read.title(),
            summary.marks_placed,
            count(summary.marks_found, "mark"),
            summary.padding,
        ));
        summary.notes.iter().for_each(|text| note(text));
    }

    /// Nothing is left to redact. If that is only because `--only` left something out, it is a wrong call.
    fn check_left_out(&self) -> Result<(), Failure> {
        let summary = &self.selection.summary;
        let marks = summary.marks_found.saturating_sub(summary.marks_placed);
        let left_out: usize = summary.left_out.iter().map(|(_, count)| count).sum();
        match marks.max(left_out) {
            0 => Ok(()),
            left_out => {
                let passages = count(left_out, "passage");
                let why = format!(
                    "nothing is left to redact: --only leaves out {passages} that the file marks or --find found; give their kinds with --only too, or leave --only away"
                );
                Err(Failure::usage("reading the windows", why))
            }
        }
    }

    /// The entry of the receipt.
    fn entry(&self) -> SourceEntry {
        let summary = &self.selection.summary;
        let number = |count: usize| count as u64;
        SourceEntry {
            format: summary.format.to_owned(),
            sha256: self.sha256.clone(),
            marks: MarksEntry {
                found: number(summary.marks_found),
                placed: number(summary.marks_placed),
            },
            finds: summary
                .finds
                .iter()
                .map(|(kind, count)| (kind.clone(), number(*count)))
                .collect(),
        }
    }
}
