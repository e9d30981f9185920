//! The transcript written back with the words of all windows masked.
//!
//! In: what was read, and windows without padding. Out: the bytes of the file, where each word of a
//! window became `[redacted]`, in every place that holds it. All else is as it was, byte for byte.
//! What can go wrong: words that have no place of their own in the file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::TranscriptError;
use super::bounds::{Bound, Bounds, How};
use super::document::Document;
use super::marks::is_masked_already;
use super::model::{Place, Repeat, Sort, Text, Transcript};
use super::select::{CLOSE, Parties, PlacedWindow, channel_of};

mod align;
mod cover;
mod net;
mod secrets;

use align::Masked;
use cover::Cover;
use secrets::Secrets;

/// What stands in place of a word.
pub(super) const REDACTED: &str = "[redacted]";
/// The same where the word is a number of JSON, and no string.
const REDACTED_STRING: &str = "\"[redacted]\"";

/// Which words of a transcript are masked: `words[turn][word]`.
pub(super) struct Chosen {
    words: Vec<Vec<bool>>,
}

impl Chosen {
    /// The words that the windows meet.
    pub(super) fn of(transcript: &Transcript, windows: &[PlacedWindow], parties: &Parties) -> Self {
        let bounds = Bounds::of(&transcript.turns);
        let stamps = stamps(transcript);
        let mut covers = BTreeMap::new();
        let words = transcript.turns.iter().enumerate().map(|(index, turn)| {
            let channel = channel_of(turn, parties);
            let cover: &Cover =
                covers.entry(channel).or_insert_with(|| Cover::of(windows, channel));
            let stamps = stamps.get(&index).map(Vec::as_slice).unwrap_or_default();
            let spared = if turn.words.iter().any(|word| is_masked_already(word.text.expose())) {
                stamps
            } else {
                &[]
            };
            let is_chosen = |(at, word): (usize, &super::model::Word)| {
                let bound = bounds
                    .as_ref()
                    .and_then(|bounds| bounds.word(index, at))
                    .or_else(|| all_of(stamps));
                let is_in = bound.is_some_and(|bound| cover.has(bound, spared));
                is_in && !word.is_silent && !is_masked_already(word.text.expose())
            };
            turn.words.iter().enumerate().map(is_chosen).collect()
        });
        Self { words: words.collect() }
    }

    /// Whether a word is masked.
    pub(super) fn has(&self, turn: usize, word: usize) -> bool {
        self.words.get(turn).and_then(|words| words.get(word)).copied().unwrap_or(false)
    }

    /// How many words are masked.
    pub(super) fn count(&self) -> usize {
        self.words.iter().flatten().filter(|is_in| **is_in).count()
    }
}

/// The words of a window and those beside it in the same turns, with whether each is inside.
pub(super) fn words_around(
    transcript: &Transcript,
    window: &PlacedWindow,
    parties: &Parties,
    around: usize,
) -> Vec<(Text, bool)> {
    let Some(bounds) = Bounds::of(&transcript.turns) else { return Vec::new() };
    let mut out = Vec::new();
    for (index, turn) in transcript.turns.iter().enumerate() {
        let cover = Cover::of(std::slice::from_ref(window), channel_of(turn, parties));
        if window
            .channel
            .is_some_and(|own| channel_of(turn, parties).is_some_and(|channel| channel != own))
        {
            continue;
        }
        let is_inside =
            |at: usize| bounds.word(index, at).is_some_and(|bound| cover.has(bound, &[]));
        let inside: Vec<bool> = (0..turn.words.len()).map(is_inside).collect();
        let (Some(first), Some(last)) =
            (inside.iter().position(|is_in| *is_in), inside.iter().rposition(|is_in| *is_in))
        else {
            continue;
        };
        let words = turn.words.iter().zip(inside).enumerate();
        let near = words.filter(|(at, _)| {
            (first.saturating_sub(around)..=last.saturating_add(around)).contains(at)
        });
        out.extend(near.map(|(_, (word, is_in))| (word.text.clone(), is_in)));
    }
    out
}

/// The times that the service gives for each turn, apart from its words.
fn stamps(transcript: &Transcript) -> BTreeMap<usize, Vec<(Duration, Duration)>> {
    let mut stamps = BTreeMap::<usize, Vec<(Duration, Duration)>>::new();
    for mark in &transcript.marks {
        if let Place::Time { start, end: Some(end), turn: Some(turn), .. } = mark.place {
            stamps.entry(turn).or_default().push((start, end.max(start)));
        }
    }
    // The windows of one run were joined in the same way.
    for list in stamps.values_mut() {
        *list = cover::merged(std::mem::take(list), CLOSE);
    }
    stamps
}

/// For words of a turn of which nothing but its stamps is known.
fn all_of(stamps: &[(Duration, Duration)]) -> Option<Bound> {
    let start = stamps.iter().map(|stamp| stamp.0).min()?;
    Some(Bound { start, end: stamps.iter().map(|stamp| stamp.1).max(), how: How::Unit })
}

/// One change to the file.
struct Edit {
    place: Range<usize>,
    text: Cow<'static, str>,
}

/// The text of the document with the chosen words masked.
///
/// # Errors
/// [`TranscriptError::Unusable`] if a chosen word has no place in the file that could be changed, or the file holds
/// labels and no words.
pub(super) fn masked_text(
    document: &Document<'_>,
    transcript: &Transcript,
    chosen: &Chosen,
) -> Result<String, TranscriptError> {
    check_words(transcript)?;
    let masked = Masked::of(&transcript.turns, chosen);
    let secrets = Secrets::of(&transcript.turns, chosen);
    let mut edits = word_edits(document, transcript, chosen)?;
    // Readers list the repeats of one stretch of turns one after the other.
    let is_same =
        |one: &Repeat, next: &Repeat| (&one.turns, &one.words) == (&next.turns, &next.words);
    for repeats in transcript.repeats.chunk_by(is_same) {
        let Some(first) = repeats.first() else { continue };
        let said = masked.said(first.turns.clone(), first.words.clone());
        for repeat in repeats {
            if said.is_told_elsewhere(document, &repeat.source, &secrets) {
                edits.push(edit(document, repeat.source.clone()));
                continue;
            }
            let places = align::places(document, repeat.source.clone(), &said);
            edits.extend(places.into_iter().map(|place| edit(document, place)));
        }
    }
    edits.append(&mut net::edits(document, transcript, &secrets, chosen.count() > 0));
    // Without quotes the file would be no JSON any more.
    let bare = net::bare_values(document);
    for edit in edits.iter_mut().filter(|edit| bare.contains(&edit.place.start)) {
        edit.text = REDACTED_STRING.into();
    }
    Ok(applied(document.text, edits))
}

/// Refuses labels without words: what people wrote there may be what was said, and no word tells which of it.
fn check_words(transcript: &Transcript) -> Result<(), TranscriptError> {
    let is_list = matches!(transcript.sort, Sort::Labels | Sort::Tiers | Sort::Speakers);
    if is_list && transcript.turns.iter().all(|turn| turn.words.is_empty()) {
        let reason = "it holds no words to mask, and its labels may say what was said: leave out --redacted-transcript, and do not keep the file";
        return Err(TranscriptError::unusable(transcript.format, reason));
    }
    Ok(())
}

/// The edits of the words in their own places.
fn word_edits(
    document: &Document<'_>,
    transcript: &Transcript,
    chosen: &Chosen,
) -> Result<Vec<Edit>, TranscriptError> {
    let repeated = repeated_turns(transcript);
    let mut edits = Vec::new();
    for (turn, words) in transcript.turns.iter().map(|turn| &turn.words).enumerate() {
        for (_, word) in words.iter().enumerate().filter(|(at, _)| chosen.has(turn, *at)) {
            if word.source.is_none() && word.copies.is_empty() && !repeated.contains(&turn) {
                let reason = "a word of a window has no place of its own in the file, so it cannot be masked";
                return Err(TranscriptError::unusable(transcript.format, reason));
            }
            edits.extend(
                word.source.iter().chain(&word.copies).map(|place| edit(document, place.clone())),
            );
        }
    }
    Ok(edits)
}

/// Turns with a text that repeats all their words.
fn repeated_turns(transcript: &Transcript) -> BTreeSet<usize> {
    let whole = transcript.repeats.iter().filter(|repeat| repeat.words.is_none());
    whole.flat_map(|repeat| repeat.turns.clone()).collect()
}

/// The change for a place: the content of a JSON string, a list, a number, or bare text.
fn edit(document: &Document<'_>, place: Range<usize>) -> Edit {
    let text = document.text.get(place.clone()).unwrap_or_default();
    if document.is_json() {
        if text.len() >= 2 && text.starts_with('"') && text.ends_with('"') {
            return edit(document, inside(document.text, place));
        }
        // A list of token ids tells the words as well as the words do.
        if text.starts_with('[') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return Edit { place, text: "[]".into() };
        }
    }
    Edit { place, text: REDACTED.into() }
}

/// The content of a JSON string, without quotes and the blanks at its ends.
fn inside(text: &str, place: Range<usize>) -> Range<usize> {
    let inner = place.start + 1..place.end.saturating_sub(1);
    let content = text.get(inner.clone()).unwrap_or_default();
    let front = content.len() - content.trim_start().len();
    let back = content.len() - content.trim_end().len();
    if front == content.len() { inner } else { inner.start + front..inner.end - back }
}

/// The text with its edits. Of edits that meet, the first and longer one counts.
fn applied(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.place.start, std::cmp::Reverse(edit.place.end)));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        if edit.place.end <= at {
            continue;
        }
        // One that reaches beyond the one before only drops what is left of its text.
        if edit.place.start >= at {
            out.push_str(text.get(at..edit.place.start).unwrap_or_default());
            out.push_str(&edit.text);
        }
        at = edit.place.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
