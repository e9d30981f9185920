//! CTM of NeMo, Riva, Kaldi and NIST tools: `recording channel start duration word`, then up to three more fields.
//!
//! Lines with `;;` are comments. Between `<ALT_BEGIN>` and `<ALT_END>` stand readings of the same speech, parted by
//! `<ALT>`: the first is taken as the text, the others are turns of their own at the end, so that what one of them says
//! is found. A `*` is a time that is not known: inside of such a block it is the span of the block.

use std::collections::BTreeMap;

use super::super::document::Line;
use super::super::time;
use super::common::forget_lone_channel;
use super::{
    Document, Format, Padding, Remark, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, Word, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "ctm",
    title: "CTM (NeMo, Riva, Kaldi)",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// Several recordings in one file have several clocks.
pub(super) const SEVERAL: &str = "the file holds several recordings: keep the lines of one";

/// A line, split.
struct Row<'a> {
    recording: &'a str,
    channel: &'a str,
    start: &'a str,
    length: &'a str,
    word: (&'a str, std::ops::Range<usize>),
    speaker: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(line: &Line<'a>) -> Option<Self> {
        let fields: Vec<_> = line.fields(char::is_whitespace).collect();
        let [recording, channel, start, length, word, more @ ..] = fields.as_slice() else {
            return None;
        };
        let is_time =
            |text: &str| text == "*" || duration(text, Unit::Seconds, Round::Down).is_ok();
        let is_row = more.len() <= 3 && is_time(start.0) && is_time(length.0);
        is_row.then(|| Self {
            recording: recording.0,
            channel: channel.0,
            start: start.0,
            length: length.0,
            word: word.clone(),
            speaker: more.get(2).map(|field| field.0).filter(|name| !is_unknown(name)),
        })
    }

    /// The time; none if it is not known.
    fn time(&self) -> Result<Option<TimeRange>, TranscriptProblem> {
        if self.start == "*" || self.length == "*" {
            return Ok(None);
        }
        let start = duration(self.start, Unit::Seconds, Round::Down)?;
        let end = time::add(
            duration(self.start, Unit::Seconds, Round::Up)?,
            duration(self.length, Unit::Seconds, Round::Up)?,
        )?;
        Ok(Some(TimeRange::new(start, end)))
    }
}

/// Whether a field says that nothing is known.
pub(super) fn is_unknown(field: &str) -> bool {
    matches!(
        field.to_ascii_lowercase().as_str(),
        "na" | "<na>" | "unknown" | "unknow" | "<unknown>" | "-" | "*"
    )
}

/// Lines that are no comment and not blank.
pub(super) fn rows<'a>(document: &Document<'a>) -> impl Iterator<Item = Line<'a>> + use<'a> {
    document
        .lines()
        .filter(|line| !line.text.trim().is_empty() && !line.text.trim_start().starts_with(";;"))
}

/// What comments say.
pub(super) fn comments(document: &Document<'_>) -> Vec<Remark> {
    let text = |line: Line<'_>| {
        let length = line.text.trim_start().strip_prefix(";;")?.len();
        let end = line.start + line.text.len();
        Some(Remark::of(end - length..end))
    };
    document.lines().filter_map(text).collect()
}

fn recognise(document: &Document<'_>) -> bool {
    let mut lines = rows(document).take(20).peekable();
    let is_text = !document.is_json() && document.xml().is_none();
    is_text
        && lines.peek().is_some()
        && lines.all(|line| super::audacity::label(&line).is_none() && Row::of(&line).is_some())
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut reader = Reader::default();
    let mut recording = None;
    for line in rows(document) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let Some(row) = Row::of(&line) else {
            return Err(error(TranscriptProblem::Expected(
                "recording, channel, start, duration and word",
            )));
        };
        if *recording.get_or_insert(row.recording) != row.recording {
            return Err(TranscriptError::unusable(FORMAT.name, SEVERAL));
        }
        let time = row.time().map_err(error)?;
        reader.row(&row, time);
    }
    reader.end_block();
    let remarks = comments(document);
    let mut transcript = Transcript { turns: reader.turns, remarks, ..Transcript::default() };
    transcript.turns.append(&mut reader.others);
    number_channels(&mut transcript);
    Ok(transcript)
}

#[derive(Default)]
struct Reader {
    turns: Vec<Turn>,
    /// Other readings.
    others: Vec<Turn>,
    /// The readings of an open block.
    block: Option<Vec<Turn>>,
}

impl Reader {
    fn row(&mut self, row: &Row<'_>, time: Option<TimeRange>) {
        match row.word.0.to_ascii_uppercase().as_str() {
            "<ALT_BEGIN>" => {
                self.end_block();
                self.block = Some(vec![blank(row)]);
                return;
            }
            "<ALT>" => {
                self.block.get_or_insert_default().push(blank(row));
                return;
            }
            "<ALT_END>" => return self.end_block(),
            _ => {}
        }
        let word = Word {
            text: Text::new(row.word.0),
            time,
            source: Some(row.word.1.clone()),
            ..Word::default()
        };
        let turn = Turn { words: vec![word], ..blank(row) };
        match self.block.as_mut().and_then(|block| block.last_mut()) {
            Some(last) if last.words.is_empty() => *last = turn,
            Some(last) => last.words.extend(turn.words),
            None => add(&mut self.turns, turn),
        }
    }

    /// Gives the words without a time the span of the block.
    fn end_block(&mut self) {
        let mut block = self.block.take().unwrap_or_default();
        block.retain(|reading| !reading.words.is_empty());
        let times = || block.iter().flat_map(|reading| &reading.words).filter_map(|word| word.time);
        let span = times().map(|time| time.start).min().zip(times().map(|time| time.end).max());
        let span = span.map(|(start, end)| TimeRange::new(start, end));
        let mut readings = block.into_iter();
        if let Some(mut first) = readings.next() {
            if let [only] = first.words.as_mut_slice() {
                only.time = only.time.or(span);
            }
            add(&mut self.turns, first);
        }
        self.others.extend(readings.map(|reading| Turn { time: span, ..reading }));
    }
}

/// A turn of the channel and speaker of a row. The channel is still a label.
fn blank(row: &Row<'_>) -> Turn {
    let party = row.speaker.unwrap_or(row.channel);
    // The label of the channel is kept in front of the party, and taken away when all labels are known.
    Turn { party: Some(Text::new(format!("{}\t{party}", row.channel))), ..Turn::default() }
}

/// Adds to the last turn if that is of the same channel and speaker.
fn add(turns: &mut Vec<Turn>, turn: Turn) {
    match turns.last_mut().filter(|last| last.party == turn.party) {
        Some(last) => last.words.extend(turn.words),
        None => turns.push(turn),
    }
}

/// Numbers the channels: `A` and `B`, or counted from 1, or from 0 if there is a 0.
fn number_channels(transcript: &mut Transcript) {
    let split = |turn: &Turn| {
        let both = turn.party.as_ref().map_or("", |party| party.expose());
        let (channel, party) = both.split_once('\t').unwrap_or(("", both));
        (channel.to_owned(), party.to_owned())
    };
    let mut labels: BTreeMap<String, Option<u16>> =
        transcript.turns.iter().map(|turn| (split(turn).0, None)).collect();
    let base = u16::from(!labels.contains_key("0"));
    for (label, channel) in &mut labels {
        *channel = match label.as_str() {
            "A" | "a" => Some(0),
            "B" | "b" => Some(1),
            _ => super::common::channel_of(label, "", base),
        };
    }
    for turn in &mut transcript.turns {
        let (channel, party) = split(turn);
        turn.channel = labels.get(&channel).copied().flatten();
        turn.party = Some(Text::new(party));
    }
    forget_lone_channel(transcript, None);
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, error_of, read_as, words};
    use super::*;

    const NEMO: &str = include_str!("../../../fixtures/transcripts/nemo.ctm");
    const BASIC: &str = include_str!("../../../fixtures/third-party/transcripts/ctm.basic.ctm");

    #[test]
    fn words_have_start_and_duration_on_the_channel_counted_from_1() {
        let transcript = read_as("ctm", NEMO);
        let of_four = transcript
            .turns
            .iter()
            .find(|turn| turn.words.iter().any(|word| word.text.expose() == "four"))
            .unwrap();
        assert_eq!(
            (of_four.channel, of_four.party.clone()),
            (Some(0), Some(Text::new("speaker_0")))
        );
        let said = words(&transcript);
        let starts_and_ends = |at: u128| {
            said.iter().filter_map(|word| word.1).any(|(start, end)| start == at || end == at)
        };
        assert!(
            TRUTH.iter().all(|&(_, start, end)| starts_and_ends(start) && starts_and_ends(end))
        );
        assert_listed(&transcript, NEMO, "four");
    }

    #[test]
    fn a_lone_channel_is_no_channel() {
        let overlap = read_as(
            "ctm",
            include_str!("../../../fixtures/third-party/transcripts/ctm.overlap.ctm"),
        );
        assert!(overlap.turns.iter().all(|turn| turn.channel.is_none()));
        assert_eq!(words(&overlap)[0], ("AMONG".to_owned(), Some((108_740, 109_050))));
        let six =
            read_as("ctm", include_str!("../../../fixtures/third-party/transcripts/ctm.align.ctm"));
        assert_eq!(words(&six).len(), 11);
    }

    #[test]
    fn several_recordings_are_refused() {
        assert!(error_of(BASIC).contains("several recordings"));
    }

    #[test]
    fn all_readings_of_a_block_are_inside_of_its_span() {
        let text: String = BASIC
            .lines()
            .filter(|line| line.starts_with(";;") || line.starts_with("SHOW_3"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let transcript = read_as("ctm", &text);
        let first: Vec<&str> =
            transcript.turns[0].words.iter().map(|word| word.text.expose()).collect();
        assert_eq!(first, ["first", "A1_1", "A1_2", "A3_1", "A3_2", "last"]);
        let other = &transcript.turns[1];
        assert_eq!(
            other.time.map(|time| (time.start.as_millis(), time.end.as_millis())),
            Some((2071, 2261))
        );
        assert_eq!(other.words[1].time.map(|time| time.start.as_millis()), Some(2166));
        let starred = "c A 1 1 a\nc A * * <ALT_BEGIN>\nc A * * four\nc A * * <ALT>\nc A 2 1 for\nc A * * <ALT_END>\nc B 4 1 b\n";
        let said = words(&read_as("ctm", starred));
        assert_eq!(said[1], ("four".to_owned(), Some((2000, 3000))));
        assert_eq!(read_as("ctm", starred).turns[1].channel, Some(1));
    }

    #[test]
    fn a_line_of_another_layout_is_an_error_with_its_line() {
        let many = "c 1 1.0 0.2 a\n".repeat(20);
        assert!(
            error_of(&format!("{many}c 1 x 0.2 b\n"))
                .starts_with("ctm: line 21: expected recording")
        );
    }
}
