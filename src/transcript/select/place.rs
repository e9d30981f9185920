//! Where marks and finds are in time.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::time::Duration;

use super::super::bounds::{Bound, Bounds, How};
use super::super::find::{self, Found};
use super::super::kind;
use super::super::model::{Mark, Place, Sort, Text, Transcript};
use super::channel::Channels;
use super::pad::CLOSE;
use super::tier::{chosen_tiers, folded, names};
use super::{PlacedWindow, SelectError, SelectOptions, check_kinds};

/// A label of a person, with its digits masked, whether they are written or spelled.
fn shown_label(label: &str) -> String {
    kind::shown_label(&find::without_numbers(&kind::shown_label(label)))
}

/// Where a candidate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A mark of a service or in a word.
    Mark,
    /// A label that a person set, or a pause.
    Person,
    /// A number that was found.
    Find,
    /// A turn of a chosen speaker.
    Speaker,
}

/// A passage before it is joined with others.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) start: Duration,
    pub(super) end: Option<Duration>,
    /// The channel of the recording.
    pub(super) channel: Option<u16>,
    /// The channel in the file, where the words after it are.
    pub(super) own_channel: Option<u16>,
    pub(super) label: String,
    /// The short name of its kind.
    pub(super) kind: String,
    pub(super) origin: Origin,
    /// The worst that is known of its times.
    pub(super) how: How,
    pub(super) confidence: Option<String>,
}

impl Candidate {
    pub(super) fn window(&self) -> PlacedWindow {
        let label = Some(self.label.clone()).filter(|label| !label.is_empty());
        PlacedWindow { start: self.start, end: self.end, channel: self.channel, label }
    }
}

/// Collects candidates.
pub(super) struct Placer<'a> {
    transcript: &'a Transcript,
    bounds: Option<&'a Bounds>,
    channels: Channels<'a>,
    pub(super) candidates: Vec<Candidate>,
    /// Where in the list the mark of a time and channel is.
    marks_at: HashMap<(Duration, Option<Duration>, Option<u16>), usize>,
    /// The kinds of marks that have no place in time.
    pub(super) unplaced: Vec<String>,
}

impl<'a> Placer<'a> {
    pub(super) fn new(
        transcript: &'a Transcript,
        bounds: Option<&'a Bounds>,
        channels: Channels<'a>,
    ) -> Self {
        Self {
            transcript,
            bounds,
            channels,
            candidates: Vec::new(),
            marks_at: HashMap::new(),
            unplaced: Vec::new(),
        }
    }

    /// Adds the marks of the file; of tiers only those that are chosen.
    pub(super) fn add_marks(&mut self, options: &SelectOptions) -> Result<(), SelectError> {
        let chosen = chosen_tiers(self.transcript, options)?;
        let is_person = matches!(self.transcript.sort, Sort::Labels | Sort::Tiers);
        let origin = if is_person { Origin::Person } else { Origin::Mark };
        for mark in &self.transcript.marks {
            let is_chosen = |tiers: &BTreeSet<String>| {
                mark.tier.as_ref().is_some_and(|tier| tiers.contains(&folded(tier)))
            };
            if chosen.as_ref().is_none_or(is_chosen) {
                self.add_mark(mark, origin);
            }
        }
        for mark in &self.transcript.offered {
            let kind = kind::name(&mark.kind);
            if options.only.iter().any(|wanted| kind::is_kept(&kind, wanted)) {
                self.add_mark(mark, origin);
            }
        }
        Ok(())
    }

    fn add_mark(&mut self, mark: &Mark, origin: Origin) {
        let written = mark.label.as_ref().map_or(mark.kind.as_str(), |label| label.expose());
        let kind = kind::name(written);
        // The text of an interval may be words of the call.
        let label = match (&mark.tier, &mark.label) {
            (Some(tier), _) => shown_label(tier.expose()),
            (None, Some(label)) => shown_label(label.expose()),
            (None, None) => kind.clone(),
        };
        let (bound, turn, channel) = match &mark.place {
            Place::WholeTurn(turn) => (self.whole(*turn), Some(*turn), None),
            Place::Words(turn, words) => (self.words(*turn, words.clone()), Some(*turn), None),
            Place::Time { start, end, channel, turn } => {
                (Some(said(*start, *end)), *turn, *channel)
            }
            Place::Nowhere => (None, None, None),
        };
        let Some(bound) = bound else {
            self.unplaced.push(kind);
            return;
        };
        let party =
            mark.party.as_ref().and_then(|party| self.channels.parties.channel(party.expose()));
        let confidence = mark.confidence.clone();
        let channel = party.or(channel).or_else(|| self.channels.of(turn?));
        self.add(bound, turn, channel, Candidate { label, kind, origin, confidence, ..blank() });
    }

    /// Adds the turns of chosen speakers.
    pub(super) fn add_speakers(&mut self, options: &SelectOptions) -> Result<(), SelectError> {
        let format = self.transcript.format;
        let turns = &self.transcript.turns;
        if options.speakers.is_empty() {
            if self.transcript.sort == Sort::Speakers {
                return Err(SelectError::SpeakerNeeded { format, speakers: self.speakers() });
            }
            return Ok(());
        }
        for wanted in &options.speakers {
            let is_wanted =
                |party: &Text| party.expose().trim().eq_ignore_ascii_case(wanted.trim());
            let mut is_there = false;
            for (index, turn) in turns
                .iter()
                .enumerate()
                .filter(|(_, turn)| turn.party.as_ref().is_some_and(is_wanted))
            {
                is_there = true;
                match self.whole(index) {
                    Some(bound) => {
                        let (label, kind) = ("speaker".to_owned(), "speaker".to_owned());
                        let candidate =
                            Candidate { label, kind, origin: Origin::Speaker, ..blank() };
                        self.add(bound, Some(index), self.channels.of(index), candidate);
                    }
                    None if turn.words.is_empty() => {}
                    None => self.unplaced.push("speaker".to_owned()),
                }
            }
            if !is_there {
                return Err(SelectError::NoSuchSpeaker { format, speakers: self.speakers() });
            }
        }
        Ok(())
    }

    /// Adds numbers that were found. A pause of 300 ms or more between two digits of trusted times
    /// parts a find.
    pub(super) fn add_finds(&mut self, finds: &[Found]) {
        for found in finds {
            for words in self.parts(found.turn, found.words.clone()) {
                let (label, kind) = (found.kind.name().to_owned(), kind::name(found.kind.name()));
                match self.words(found.turn, words) {
                    Some(bound) => {
                        let candidate = Candidate { label, kind, origin: Origin::Find, ..blank() };
                        self.add(bound, Some(found.turn), self.channels.of(found.turn), candidate);
                    }
                    None => self.unplaced.push(kind),
                }
            }
        }
    }

    /// How many marks there are, placed or not.
    pub(super) fn marks(&self) -> usize {
        let is_mark = |own: &&Candidate| matches!(own.origin, Origin::Mark | Origin::Person);
        self.candidates.iter().filter(is_mark).count() + self.unplaced.len()
    }

    fn add(
        &mut self,
        bound: Bound,
        turn: Option<usize>,
        channel: Option<u16>,
        candidate: Candidate,
    ) {
        let own_channel =
            turn.and_then(|turn| self.transcript.turns.get(turn)).and_then(|turn| turn.channel);
        let Bound { start, end, how } = bound;
        let placed = Candidate { start, end, channel, own_channel, how, ..candidate };
        // One passage that is told twice (a stamp and a tag) is one mark. The more telling kind
        // stays.
        let key = (start, end, channel);
        let known = self.marks_at.get(&key).filter(|_| placed.origin == Origin::Mark);
        match known.and_then(|&at| self.candidates.get_mut(at)) {
            Some(known) if kind::is_general(&known.kind) => *known = placed,
            Some(_) => {}
            None => {
                if placed.origin == Origin::Mark {
                    self.marks_at.insert(key, self.candidates.len());
                }
                self.candidates.push(placed);
            }
        }
    }

    /// The time of a turn, or of all its words.
    fn whole(&self, turn: usize) -> Option<Bound> {
        let own = self.transcript.turns.get(turn)?;
        match own.time.filter(|time| time.is_proper()) {
            Some(time) => {
                // Words may run over the end of their turn.
                let unit = Bound { how: How::Unit, ..said(time.start, Some(time.end)) };
                let words =
                    self.words(turn, 0..own.words.len()).filter(|words| words.how == How::Said);
                Some(words.map_or(unit, |words| Bound { how: How::Said, ..hull(unit, words) }))
            }
            None => self.words(turn, 0..own.words.len()),
        }
    }

    /// From the first to the last of some words of a turn.
    fn words(&self, turn: usize, words: Range<usize>) -> Option<Bound> {
        let own = self.transcript.turns.get(turn)?;
        let bounds = self.bounds?;
        let inside =
            || words.clone().filter_map(|at| Some((own.words.get(at)?, bounds.word(turn, at)?)));
        let spoken =
            inside().filter(|(word, _)| !word.is_silent).map(|(_, bound)| bound).reduce(hull);
        spoken.or_else(|| inside().map(|(_, bound)| bound).reduce(hull))
    }

    /// Parts of a range of words, split at pauses between words with trusted times.
    fn parts(&self, turn: usize, words: Range<usize>) -> Vec<Range<usize>> {
        let mut parts = vec![words.clone()];
        let Some(bounds) = self.bounds else { return parts };
        for at in words.start.saturating_add(1)..words.end {
            let pair = bounds.word(turn, at - 1).zip(bounds.word(turn, at));
            let is_pause = pair.is_some_and(|(before, after)| {
                before.how == How::Said
                    && after.how == How::Said
                    && before.end.is_some_and(|end| after.start >= end.saturating_add(CLOSE))
            });
            if let Some(last) = parts.last_mut().filter(|_| is_pause) {
                let end = last.end;
                last.end = at;
                parts.push(at..end);
            }
        }
        parts
    }

    /// Keeps the kinds that are asked for; counts the others by label.
    pub(super) fn keep_only(
        &mut self,
        only: &[String],
    ) -> Result<Vec<(String, usize)>, SelectError> {
        if only.is_empty() {
            return Ok(Vec::new());
        }
        let known: Vec<&str> = self
            .candidates
            .iter()
            .map(|candidate| candidate.kind.as_str())
            .chain(self.unplaced.iter().map(String::as_str))
            .collect();
        check_kinds(only, &known)?;
        let is_kept = |kind: &str| only.iter().any(|wanted| kind::is_kept(kind, wanted));
        let mut left = std::collections::BTreeMap::<String, usize>::new();
        self.candidates.retain(|candidate| {
            // A speaker is chosen by name, not by kind.
            let keep = candidate.origin == Origin::Speaker || is_kept(&candidate.kind);
            if !keep {
                *left.entry(candidate.label.clone()).or_default() += 1;
            }
            keep
        });
        self.unplaced.retain(|kind| is_kept(kind));
        Ok(left.into_iter().collect())
    }

    /// The speakers of the file, for an error.
    fn speakers(&self) -> String {
        names(self.transcript.turns.iter().filter_map(|turn| turn.party.as_ref()))
    }
}

fn said(start: Duration, end: Option<Duration>) -> Bound {
    // A stamp of no length is widened by the padding alone; one that runs backwards is turned
    // around.
    let (low, high) = (end.map_or(start, |end| start.min(end)), end.map(|end| start.max(end)));
    let how = if end.is_some_and(|end| end <= start) { How::Widened } else { How::Said };
    Bound { start: low, end: high, how }
}

/// The smallest bound that holds both, with the worse of both grounds.
fn hull(one: Bound, other: Bound) -> Bound {
    let rank = |how: How| match how {
        How::Said => 0,
        How::Unit => 1,
        How::Widened => 2,
        How::Neighbours => 3,
    };
    let how = if rank(one.how) >= rank(other.how) { one.how } else { other.how };
    Bound {
        start: one.start.min(other.start),
        end: one.end.zip(other.end).map(|(a, b)| a.max(b)),
        how,
    }
}

fn blank() -> Candidate {
    Candidate {
        start: Duration::ZERO,
        end: None,
        channel: None,
        own_channel: None,
        label: String::new(),
        kind: String::new(),
        origin: Origin::Mark,
        how: How::Said,
        confidence: None,
    }
}
