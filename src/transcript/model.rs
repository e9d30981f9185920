//! What every reader makes of its file: turns with words, marks, and where both stand in the file.
//!
//! In: nothing but what a reader found. Out: plain data for the selection. Times are as the file
//! gives them: a range may be empty or run backwards, and the selection deals with that. What can
//! go wrong: nothing here; readers report their own errors.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// Something that was said, or could have been. It cannot be printed by accident: `Debug` shows
/// stars, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Do not log it, and put it into no error, label or receipt.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// From `start` to `end` since the beginning of the recording, as the file says it: `end` may be
/// equal to or earlier than `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Where it begins, rounded down to the nanosecond.
    pub start: Duration,
    /// Where it ends, rounded up to the nanosecond.
    pub end: Duration,
}

impl TimeRange {
    /// From `start` to `end`.
    #[must_use]
    pub fn new(start: Duration, end: Duration) -> Self {
        Self { start, end }
    }

    /// Whether it has a length, that is whether it neither is empty nor runs backwards.
    #[must_use]
    pub fn is_proper(self) -> bool {
        self.end > self.start
    }
}

/// One word, or what a service put in place of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// The word, without the blanks around it.
    pub text: Text,
    /// Its time, where the file gives one. A reader that knows a time to be copied from a neighbour
    /// (WhisperX without a score) leaves it out.
    pub time: Option<TimeRange>,
    /// The bytes of the word in the text of the document. JSON: the whole value with its quotes.
    pub source: Option<Range<usize>>,
    /// Further places that hold this very word alone (`punctuated_word`, the same word in a second
    /// list, the later pieces of a word that is written in pieces). Same convention.
    pub copies: Vec<Range<usize>>,
    /// Whether it is punctuation, or anything else that takes no time and is never looked at.
    pub is_silent: bool,
}

/// What one party says without a break, or one segment, sentence, cue or interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turn {
    /// The audio channel from 0, only where the format has numbered audio channels (or Contact
    /// Lens).
    pub channel: Option<u16>,
    /// Who speaks: role, speaker label, or the label of the channel as the file writes it (`"1"`,
    /// `ch_0`).
    pub party: Option<Text>,
    /// The time of the whole turn, where the file gives one.
    pub time: Option<TimeRange>,
    /// Its words in the order of the file. Where the file has only a text, the words of that text
    /// without times.
    pub words: Vec<Word>,
}

/// A place of the file that repeats words of turns, as a text: a transcript, a sentence, a display
/// form, the value of an entity. It must not keep what was masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The bytes in the text of the document. JSON: the whole value with its quotes or brackets. An
    /// array (token ids) becomes `[]`.
    pub source: Range<usize>,
    /// The turns that it repeats, as a range of indices.
    pub turns: Range<usize>,
    /// The words it repeats, if fewer than all words of a single turn.
    pub words: Option<Range<usize>>,
}

/// A text beside the words that may say them again: a comment, a title, the name of a cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The bytes in the text of the document. JSON: the whole value with its quotes.
    pub source: Range<usize>,
    /// Whether it is the recording itself, or may be: it goes if any word is masked.
    pub is_recording: bool,
}

impl Remark {
    /// A comment, a title or a name.
    #[must_use]
    pub fn of(source: Range<usize>) -> Self {
        Self { source, is_recording: false }
    }
}

/// Where a mark stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A whole turn, by its index.
    WholeTurn(usize),
    /// Some words of one turn: its index, and the range of words.
    Words(usize, Range<usize>),
    /// A time of its own, on one channel or (`None`) on the channel of the turn or on all.
    Time {
        /// Where it begins.
        start: Duration,
        /// Where it ends; `None` is the end of the recording.
        end: Option<Duration>,
        /// The audio channel from 0.
        channel: Option<u16>,
        /// The turn it belongs to, for the party.
        turn: Option<usize>,
    },
    /// Known to be somewhere, but not when (characters without words). An error unless left out by
    /// `--only`.
    Nowhere,
}

/// Something that the file says is sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The kind, in the words of the service: `CREDIT_CARD`, `card number`, `PII`. Never the text
    /// that was said.
    pub kind: String,
    /// Where.
    pub place: Place,
    /// How sure the service is, as the text of its number. Reported, and never used to filter.
    pub confidence: Option<String>,
    /// The tier that it stands on (TextGrid, EAF).
    pub tier: Option<Text>,
    /// Who it belongs to where there is no turn: the speaker of a label or annotation.
    pub party: Option<Text>,
    /// The label that a person wrote. Shown with its digits masked.
    pub label: Option<Text>,
}

impl Mark {
    /// A mark of `kind` at `place`, with nothing else known.
    pub fn new(kind: impl Into<String>, place: Place) -> Self {
        Self { kind: kind.into(), place, confidence: None, tier: None, party: None, label: None }
    }
}

/// What sort of file it is. It decides what is muted when nobody says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// A transcript of a recogniser or the output of a redaction service: marks, and finds on
    /// request.
    #[default]
    Speech,
    /// Subtitles: cues with a mark only.
    Subtitles,
    /// Labels of people on a time line (Audacity), or pauses: every one is muted.
    Labels,
    /// Labels of people on named tiers (TextGrid, EAF): `--tier`, else tiers named redact, mute or
    /// pii.
    Tiers,
    /// Who speaks when, without words (RTTM): only with `--speaker`.
    Speakers,
}

/// All that a reader found.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// The name of the format, as in `--windows-format`.
    pub format: &'static str,
    /// What sort of file it is.
    pub sort: Sort,
    /// Turns in the order of the file, read from one place only where the file holds the words
    /// twice.
    pub turns: Vec<Turn>,
    /// Marks that the file states apart from its words (entities, redaction times, labels). Tags
    /// and masks inside words (`[PII]`, `####`) are found by `marks.rs` for every format; readers
    /// do not look for them.
    pub marks: Vec<Mark>,
    /// Entities that are no marks by themselves (an amount of money): they count where `--only`
    /// names their kind.
    pub offered: Vec<Mark>,
    /// Places that hold words a second time, as a text.
    pub repeats: Vec<Repeat>,
    /// Places that are no words and may say them again. Strings of JSON, and texts and comments of
    /// XML are looked at anyway.
    pub remarks: Vec<Remark>,
    /// Whether a service searched for sensitive words, so that no mark means that there was none.
    pub searched: bool,
    /// Whether words of `X` alone (`XXXX`) are masks: only where the file says that redaction was
    /// on.
    pub is_x_masked: bool,
    /// Things that the user should know, without any text that was said.
    pub notes: Vec<String>,
}
