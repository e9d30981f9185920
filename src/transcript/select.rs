//! From what a file says to what is muted: marks, finds and options become windows.
//!
//! In: a transcript and [`SelectOptions`]. Out: a [`Selection`]: windows with padding, the same without,
//! and a [`Summary`]. What can go wrong: a [`SelectError`]. A mark that has no place in time is an
//! error; nothing silently becomes "nothing to mute".

use std::collections::HashMap;
use std::time::Duration;

use thiserror::Error;

use super::bounds::Bounds;
use super::find::{self, Found, Marked, Rules};
use super::format::Padding;
use super::kind;
use super::marks::LeftAlone;
use super::model::{Place, Sort, Transcript};

mod channel;
mod pad;
mod place;
mod summary;
mod tier;

use channel::Channels;
pub(super) use channel::channel_of;
pub use channel::{Parties, PartyError};
pub(super) use pad::CLOSE;
use place::{Candidate, Placer};
pub use summary::{Summary, Untimed};

/// What the user asks for.
#[derive(Debug, Clone, Default)]
pub struct SelectOptions {
    /// Kinds and groups to keep; empty keeps all.
    pub only: Vec<String>,
    /// What to look for in the words.
    pub find: Rules,
    /// Which party is on which channel of the recording.
    pub parties: Parties,
    /// Speakers whose every turn is muted.
    pub speakers: Vec<String>,
    /// Tiers whose labels are muted.
    pub tiers: Vec<String>,
    /// Padding before and after, instead of that of the format.
    pub pad: Option<(Duration, Duration)>,
}

/// One passage to mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedWindow {
    /// Where it begins.
    pub start: Duration,
    /// Where it ends; `None` is the end of the recording.
    pub end: Option<Duration>,
    /// The channel from 0; `None` is all channels.
    pub channel: Option<u16>,
    /// The kind alone, or what a person wrote, with its digits masked.
    pub label: Option<String>,
}

/// What to mute.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The windows, with padding, sorted by their start. Empty: searched, and nothing found.
    pub windows: Vec<PlacedWindow>,
    /// The same windows in the same order without padding. The words in them are those to mask in
    /// the transcript.
    pub bare: Vec<PlacedWindow>,
    /// What was found, and how it was placed.
    pub summary: Summary,
}

/// Why nothing can be selected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectError {
    /// Neither marks, nor a search, nor anything asked for.
    #[error("{format}: nothing is marked in the file: look for numbers with --find numbers{also}")]
    NothingMarked {
        /// The name of the format.
        format: &'static str,
        /// What else would do.
        also: &'static str,
    },
    /// A file without words and marks.
    #[error("{format}: the file holds no words and no marks")]
    NoWords {
        /// The name of the format.
        format: &'static str,
    },
    /// `--find` on a file without words.
    #[error("{format}: --find needs words, and the file holds none")]
    NothingToSearch {
        /// The name of the format.
        format: &'static str,
    },
    /// Words, and no time at all.
    #[error("{format}: the file holds no times, so no word can be placed in the recording")]
    NoTimes {
        /// The name of the format.
        format: &'static str,
    },
    /// Marks that are nowhere in time.
    #[error(
        "{format}: {count} of the marks cannot be placed in time ({kinds}): use the transcript with word times"
    )]
    Unplaced {
        /// The name of the format.
        format: &'static str,
        /// How many.
        count: usize,
        /// Their kinds.
        kinds: String,
    },
    /// A file of speakers alone, and no speaker named.
    #[error("{format}: the file only says who speaks when: choose with --speaker ({speakers})")]
    SpeakerNeeded {
        /// The name of the format.
        format: &'static str,
        /// The speakers of the file.
        speakers: String,
    },
    /// A speaker that is not in the file.
    #[error("{format}: the file has no speaker of that name (it has: {speakers})")]
    NoSuchSpeaker {
        /// The name of the format.
        format: &'static str,
        /// The speakers of the file.
        speakers: String,
    },
    /// No tier was named, and none is called redact, mute or pii.
    #[error(
        "{format}: no tier is called redact, mute or pii: choose with --tier (it has: {tiers})"
    )]
    TierNeeded {
        /// The name of the format.
        format: &'static str,
        /// The tiers of the file.
        tiers: String,
    },
    /// A tier that is not in the file.
    #[error("{format}: the file has no labels on a tier of that name (it has: {tiers})")]
    NoSuchTier {
        /// The name of the format.
        format: &'static str,
        /// The tiers of the file.
        tiers: String,
    },
    /// Marks of no length, as points on a label track, and no padding.
    #[error("{format}: {count} of the marks have no length: give them one, or use --pad")]
    NoLength {
        /// The name of the format.
        format: &'static str,
        /// How many.
        count: usize,
    },
    /// `--only` with a kind that nobody knows and the file does not have.
    #[error("--only {kind}: no such kind (the file has: {known})")]
    NoSuchKind {
        /// As it was asked for.
        kind: String,
        /// The kinds of the file.
        known: String,
    },
}

/// Selects the windows of a transcript.
///
/// # Errors
/// [`SelectError`].
pub(super) fn select(
    transcript: &Transcript,
    left_alone: &LeftAlone,
    padding: Padding,
    options: &SelectOptions,
) -> Result<Selection, SelectError> {
    let format = transcript.format;
    check_words(transcript, options)?;
    let bounds = Bounds::of(&transcript.turns);
    let channels = Channels { turns: &transcript.turns, parties: &options.parties };
    let mut placer = Placer::new(transcript, bounds.as_ref(), channels);
    placer.add_marks(options)?;
    placer.add_speakers(options)?;
    let finds = finds(transcript, &options.find);
    if !options.find.is_empty() && bounds.is_none() {
        return Err(SelectError::NoTimes { format });
    }
    placer.add_finds(&finds);
    let is_anything = !placer.candidates.is_empty() || !placer.unplaced.is_empty();
    let is_searched = transcript.searched || !options.find.is_empty();
    if !is_anything && !is_searched {
        return Err(nothing_marked(transcript, bounds.is_none()));
    }
    let found = placer.marks();
    let left_out = placer.keep_only(&options.only)?;
    if !placer.unplaced.is_empty() {
        return Err(unplaced(format, &placer.unplaced));
    }
    let candidates = placer.candidates;
    let summary = Summary::of(transcript, &candidates, found, left_out, left_alone);
    finish(transcript, candidates, bounds.as_ref(), padding, options, summary)
}

/// What `--find` finds. Words that are marked already are not looked at.
fn finds(transcript: &Transcript, rules: &Rules) -> Vec<Found> {
    if rules.is_empty() {
        return Vec::new();
    }
    let mut marked = HashMap::new();
    for mark in &transcript.marks {
        if let Place::Words(turn, words) = &mark.place {
            let kind = Marked::of(&mark.kind);
            marked.extend(words.clone().map(|word| ((*turn, word), kind)));
        }
    }
    find::find(&transcript.turns, rules, &|turn, word| marked.get(&(turn, word)).copied())
}

/// Joins, pads and sums up.
fn finish(
    transcript: &Transcript,
    candidates: Vec<Candidate>,
    bounds: Option<&Bounds>,
    padding: Padding,
    options: &SelectOptions,
    mut summary: Summary,
) -> Result<Selection, SelectError> {
    let padding = pad::Pad::new(options.pad, padding);
    let joined = pad::join(candidates);
    let bare: Vec<PlacedWindow> = joined.iter().map(Candidate::window).collect();
    let windows: Vec<PlacedWindow> =
        joined.iter().map(|joined| padding.apply(joined, bounds)).collect();
    let count =
        windows.iter().filter(|window| window.end.is_some_and(|end| end <= window.start)).count();
    if count > 0 {
        return Err(SelectError::NoLength { format: transcript.format, count });
    }
    summary.add_windows(transcript, &windows, padding, &options.parties);
    Ok(Selection { windows, bare, summary })
}

/// Refuses files in which there is nothing to look at.
fn check_words(transcript: &Transcript, options: &SelectOptions) -> Result<(), SelectError> {
    let format = transcript.format;
    let has_words =
        transcript.turns.iter().any(|turn| turn.words.iter().any(|word| !word.is_silent));
    if !options.find.is_empty() && !has_words {
        return Err(SelectError::NothingToSearch { format });
    }
    // A list of pauses without one has no words either, and says all the same that there was none.
    let is_answer = transcript.sort == Sort::Labels && transcript.searched;
    if !has_words
        && !is_answer
        && transcript.marks.is_empty()
        && transcript.sort != Sort::Speakers
        && options.speakers.is_empty()
    {
        return Err(SelectError::NoWords { format });
    }
    Ok(())
}

fn nothing_marked(transcript: &Transcript, is_timeless: bool) -> SelectError {
    let format = transcript.format;
    if is_timeless {
        return SelectError::NoTimes { format };
    }
    let has_party = transcript.turns.iter().any(|turn| turn.party.is_some());
    let also = if has_party { ", or mute a speaker with --speaker" } else { "" };
    SelectError::NothingMarked { format, also }
}

/// The error for marks without a place, with their kinds.
fn unplaced(format: &'static str, kinds: &[String]) -> SelectError {
    let mut names: Vec<&str> = kinds.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    SelectError::Unplaced { format, count: kinds.len(), kinds: names.join(", ") }
}

/// Checks that every kind of `--only` is known to the rules or to the file.
fn check_kinds(only: &[String], known: &[&str]) -> Result<(), SelectError> {
    for wanted in only {
        let is_there =
            known.iter().any(|name| !kind::is_general(name) && kind::is_kept(name, wanted));
        if !is_there && !kind::is_known(wanted) {
            let mut names = known.to_vec();
            names.sort_unstable();
            names.dedup();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(SelectError::NoSuchKind { kind: kind::shown_label(wanted), known });
        }
    }
    Ok(())
}
