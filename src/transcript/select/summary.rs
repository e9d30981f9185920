//! What was found in a file and how it was placed, for people and for the receipt.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::bounds::How;
use super::super::marks::LeftAlone;
use super::super::model::{Sort, Transcript};
use super::PlacedWindow;
use super::channel::Parties;
use super::pad::Pad;
use super::place::{Candidate, Origin};

/// A window of a word without a trusted time that is longer is worth a warning: 5 s.
const LONG: Duration = Duration::from_secs(5);

/// Passages whose times the file does not know, or says badly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Untimed {
    /// From the timed word before to the one after.
    pub by_neighbours: usize,
    /// Times without a length, or backwards, widened to the neighbours.
    pub widened: usize,
    /// The whole cue, sentence or turn.
    pub by_unit: usize,
    /// How many of these are longer than 5 s, or open to an end of the recording.
    pub long: usize,
}

/// What was found, and how it was placed. Holds nothing that was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The name of the format.
    pub format: &'static str,
    /// Marks of the file, before `--only`.
    pub marks_found: usize,
    /// Marks that became windows.
    pub marks_placed: usize,
    /// What was found by `--find` and kept, by label.
    pub finds: Vec<(String, usize)>,
    /// Turns of chosen speakers.
    pub speaker_turns: usize,
    /// Marks and finds that `--only` left out, by label.
    pub left_out: Vec<(String, usize)>,
    /// What stands in brackets and is no mark: known sounds by name, all others as `other`.
    pub left_alone: Vec<(String, usize)>,
    /// Passages without trusted times.
    pub untimed: Untimed,
    /// The lowest confidence of a mark, as the file writes it.
    pub lowest_confidence: Option<String>,
    /// The channels with windows of their own, sorted.
    pub channels: Vec<u16>,
    /// How many windows are on all channels.
    pub on_all_channels: usize,
    /// The padding in words.
    pub padding: String,
    /// How long something is muted, on whichever channel; without the windows that are open to the
    /// end.
    pub total: Duration,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Summary {
    /// Counts candidates.
    pub(super) fn of(
        transcript: &Transcript,
        candidates: &[Candidate],
        found: usize,
        left_out: Vec<(String, usize)>,
        left_alone: &LeftAlone,
    ) -> Self {
        let is_mark =
            |candidate: &&Candidate| matches!(candidate.origin, Origin::Mark | Origin::Person);
        let placed = candidates.iter().filter(is_mark).count();
        let speaker_turns =
            candidates.iter().filter(|candidate| candidate.origin == Origin::Speaker).count();
        let mut finds = BTreeMap::<String, usize>::new();
        for find in candidates.iter().filter(|candidate| candidate.origin == Origin::Find) {
            *finds.entry(find.label.clone()).or_default() += 1;
        }
        let mut summary = Self {
            format: transcript.format,
            marks_found: found,
            marks_placed: placed,
            finds: finds.into_iter().collect(),
            speaker_turns,
            left_out,
            left_alone: left_alone.iter().map(|(name, count)| (name.clone(), *count)).collect(),
            untimed: untimed(candidates),
            lowest_confidence: lowest(candidates),
            notes: transcript.notes.clone(),
            ..Self::default()
        };
        summary.add_notes();
        summary
    }

    fn add_notes(&mut self) {
        let Untimed { by_neighbours, widened, by_unit, long } = self.untimed;
        let mut note = |count: usize, text: &str| {
            if count > 0 {
                self.notes.push(format!("{count} {text}"));
            }
        };
        note(
            by_neighbours,
            "of the passages have words without a time of their own: muted from the word before to the word after",
        );
        note(
            widened,
            "of the passages have times without a length: widened to the words beside them",
        );
        note(
            by_unit,
            "of the passages have no finer time than their cue, sentence or turn: the whole of it is muted",
        );
        note(
            long,
            "of the passages without trusted times are longer than 5 s or open to the end: check them",
        );
    }

    /// Adds what the final windows say.
    pub(super) fn add_windows(
        &mut self,
        transcript: &Transcript,
        windows: &[PlacedWindow],
        padding: Pad,
        parties: &Parties,
    ) {
        self.padding = padding.shown();
        self.channels = windows.iter().filter_map(|window| window.channel).collect();
        self.channels.sort_unstable();
        self.channels.dedup();
        self.on_all_channels = windows.iter().filter(|window| window.channel.is_none()).count();
        self.total = total(windows);
        let strangers = parties.strangers(&transcript.turns).count();
        if strangers > 0 {
            self.notes.push(format!("{strangers} of the parties of --party are not in the file"));
        }
        let is_open = matches!(transcript.sort, Sort::Speech | Sort::Subtitles | Sort::Speakers);
        if self.on_all_channels > 0 && is_open {
            let count = self.on_all_channels;
            self.notes.push(format!("{count} of the windows mute all channels: the file does not say which channel they are on"));
            if transcript.turns.iter().any(|turn| turn.party.is_some()) {
                self.notes.push("name the channels of the parties with --party, such as --party customer=0,agent=1".to_owned());
            }
        }
    }
}

fn untimed(candidates: &[Candidate]) -> Untimed {
    let mut out = Untimed::default();
    for candidate in candidates.iter().filter(|candidate| candidate.origin != Origin::Speaker) {
        match candidate.how {
            How::Said => continue,
            How::Neighbours => out.by_neighbours += 1,
            How::Widened => out.widened += 1,
            How::Unit => out.by_unit += 1,
        }
        let is_long = candidate.end.is_none_or(|end| end.saturating_sub(candidate.start) > LONG);
        out.long += usize::from(is_long);
    }
    out
}

/// The lowest confidence. Compared as floating point: nothing depends on it.
fn lowest(candidates: &[Candidate]) -> Option<String> {
    let known = candidates.iter().filter_map(|candidate| candidate.confidence.as_ref());
    let numbers = known.filter_map(|text| {
        Some((text.parse::<f64>().ok().filter(|number| number.is_finite())?, text))
    });
    numbers.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, text)| text.clone())
}

/// The time that the windows cover together; they are sorted by their start.
fn total(windows: &[PlacedWindow]) -> Duration {
    let (mut total, mut reached) = (Duration::ZERO, Duration::ZERO);
    for window in windows {
        let Some(end) = window.end else { continue };
        total = total.saturating_add(end.saturating_sub(window.start.max(reached)));
        reached = reached.max(end);
    }
    total
}
