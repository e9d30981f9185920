//! What WebVTT and SRT have in common: a line of times, lines of text, a blank line.
//!
//! In: the lines of a document. Out: cues. What can go wrong: a cue whose times cannot be read, and a text without
//! times. Players skip both. Here they are errors, for the speech in them would stay audible.

use super::super::document::Line;
use super::super::time::TimeError;
use super::{Remark, Round, TimeRange, TranscriptError, TranscriptProblem, Unit, duration};

/// A time range, and the lines of text under it.
pub(super) struct Cue<'a> {
    pub(super) time: TimeRange,
    pub(super) lines: Vec<Line<'a>>,
}

/// A number above this before a cue is no counter.
const MOST_CUES: u64 = 1_000_000;

/// Reads all cues, and what stands beside them: comments, and names of cues that are no counters.
/// `lines` begin after the header of WebVTT.
pub(super) fn cues<'a>(
    format: &'static str,
    lines: impl Iterator<Item = Line<'a>>,
) -> Result<(Vec<Cue<'a>>, Vec<Remark>), TranscriptError> {
    let mut reader = Reader {
        format,
        cues: Vec::new(),
        remarks: Vec::new(),
        open: None,
        counter: None,
        before: Vec::new(),
        is_comment: false,
    };
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none_or(|next| next.text.trim().is_empty());
        reader.line(line, is_last)?;
    }
    reader.close()?;
    Ok((reader.cues, reader.remarks))
}

struct Reader<'a> {
    format: &'static str,
    cues: Vec<Cue<'a>>,
    remarks: Vec<Remark>,
    open: Option<Cue<'a>>,
    /// The number of the open cue.
    counter: Option<u64>,
    /// Lines before the line of times: the name or number of the cue.
    before: Vec<Line<'a>>,
    is_comment: bool,
}

impl<'a> Reader<'a> {
    /// Takes one line. `is_last`: a blank line or the end follows.
    fn line(&mut self, line: Line<'a>, is_last: bool) -> Result<(), TranscriptError> {
        if line.text.trim().is_empty() {
            return self.close();
        }
        // Inside a text, times without a fraction are speech about times.
        if is_timed(line.text) && (self.open.is_none() || has_fraction(line.text)) {
            return match times(line.text) {
                Ok(time) => self.start(time),
                // No text follows, so nothing is lost.
                Err(_) if is_last && self.open.is_none() => Ok(()),
                Err(problem) => Err(self.error(&line, problem)),
            };
        }
        match &mut self.open {
            Some(open) => open.lines.push(line),
            None => {
                let word = line.text.split([' ', '\t']).next().unwrap_or_default();
                self.is_comment |=
                    self.before.is_empty() && matches!(word, "NOTE" | "STYLE" | "REGION");
                self.before.push(line);
            }
        }
        Ok(())
    }

    /// Starts a cue. One that is open ends without a blank line, and its last line may be the number of this one.
    fn start(&mut self, time: TimeRange) -> Result<(), TranscriptError> {
        let mut counter = self.before.last().and_then(number);
        if let Some(mut done) = self.open.take() {
            let last = done.lines.last().and_then(number);
            counter = last.filter(|next| {
                self.counter.is_some_and(|before| before.checked_add(1) == Some(*next))
            });
            if counter.is_some() {
                done.lines.pop();
            }
            self.cues.push(done);
        }
        self.counter = counter;
        // One line is the name of the cue. A comment ends where times begin.
        if let Some(name) = self.before.pop() {
            let is_counter = number(&name).is_some_and(|count| count <= MOST_CUES);
            self.remarks.extend((!is_counter).then(|| remark(&name, &name)));
        }
        self.check_before()?;
        self.open = Some(Cue { time, lines: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), TranscriptError> {
        self.cues.extend(self.open.take());
        self.check_before()
    }

    /// Refuses a text without times.
    fn check_before(&mut self) -> Result<(), TranscriptError> {
        let lines = std::mem::take(&mut self.before);
        let is_comment = std::mem::take(&mut self.is_comment);
        let is_text =
            |line: &&Line<'a>| line.text.chars().any(char::is_alphanumeric) && !is_timed(line.text);
        // The word that makes it a comment stays.
        if let (true, [first, rest @ ..]) = (is_comment, lines.as_slice()) {
            let text = first.text.split_once([' ', '\t']).map(|(word, text)| {
                let start = first.start + word.len() + 1;
                Line { start, text, ..*first }
            });
            let last = rest.last().copied().or(text);
            let first = text.or(rest.first().copied());
            self.remarks.extend(first.zip(last).map(|(first, last)| remark(&first, &last)));
        }
        match lines.iter().find(is_text).filter(|_| !is_comment) {
            Some(line) => {
                let problem = "a text without times (no line with --> above it, or a blank line inside of a cue)";
                Err(self.error(line, TranscriptProblem::Other(problem)))
            }
            None => Ok(()),
        }
    }

    fn error(&self, line: &Line<'_>, problem: TranscriptProblem) -> TranscriptError {
        TranscriptError::at(self.format, format!("line {}", line.number), problem)
    }
}

/// The number of a cue.
/// All from one line to another.
fn remark(first: &Line<'_>, last: &Line<'_>) -> Remark {
    Remark::of(first.start..last.start + last.text.len())
}

fn number(line: &Line<'_>) -> Option<u64> {
    line.text.trim().parse().ok()
}

/// Whether a line is meant to hold times: an arrow, and a clock before it.
pub(super) fn is_timed(line: &str) -> bool {
    line.split_once("->").is_some_and(|(start, _)| {
        let start = start.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '-' | '+' | '\0' | '\u{fffd}')
        });
        start.starts_with(|c: char| c.is_ascii_digit()) && start.contains(':')
    })
}

fn has_fraction(line: &str) -> bool {
    line.split_once("->").is_some_and(|(start, _)| start.contains(['.', ',']))
}

/// Start and end of a line of times. Settings may follow.
fn times(line: &str) -> Result<TimeRange, TranscriptProblem> {
    let (start, rest) =
        line.split_once("-->").ok_or(TranscriptProblem::Expected("start --> end"))?;
    let rest = rest.trim_start();
    let length = rest.find(|c: char| !is_of_clock(c)).unwrap_or(rest.len());
    let (end, settings) = rest.split_at(length);
    // A NUL may stand for a digit, unless all of them are there.
    let is_whole = end.rsplit_once(['.', ',']).is_some_and(|(_, fraction)| fraction.len() >= 3);
    let is_cut = |c: char| c.is_alphanumeric() || c == '-' || (c == '\0' && !is_whole);
    if settings.starts_with(is_cut) {
        return Err(TimeError::NotANumber.into());
    }
    Ok(TimeRange::new(clock(start, Round::Down)?, clock(end, Round::Up)?))
}

fn is_of_clock(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ':' | '.' | ',')
}

/// A clock time with a comma or a point. Of one or two digits after it, some tools mean a decimal fraction, and others
/// (Teams) a number of milliseconds without its zeros: a start takes the smaller, an end the larger.
pub(super) fn clock(text: &str, round: Round) -> Result<std::time::Duration, TranscriptProblem> {
    let text = text.trim();
    if !text.contains(':') || !text.chars().all(is_of_clock) {
        return Err(TimeError::NotANumber.into());
    }
    match text.rsplit_once(['.', ',']) {
        Some((whole, fraction)) if round == Round::Down && (1..3).contains(&fraction.len()) => {
            Ok(duration(&format!("{whole}.{fraction:0>3}"), Unit::Clock, round)?)
        }
        Some((_, "")) => Err(TimeError::NotANumber.into()),
        _ => Ok(duration(text, Unit::Clock, round)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(line: &str) -> Result<(u128, u128), String> {
        times(line)
            .map(|time| (time.start.as_millis(), time.end.as_millis()))
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn times_have_comma_or_point_and_may_have_settings() {
        assert_eq!(ms("00:00:07,000 --> 00:00:11.890"), Ok((7000, 11890)));
        assert_eq!(ms(" 01:02.500-->1:00:00.000 align:start"), Ok((62500, 3_600_000)));
        assert_eq!(ms("00:00:01 --> 00:00:02.000\0align:end"), Ok((1000, 2000)));
        assert_eq!(ms("0:0:0.0 --> 0:0:1.57"), Ok((0, 1570)));
        assert_eq!(ms("0:0:1.5 --> 0:0:2,50"), Ok((1005, 2500)));
        assert_eq!(ms("100:00:00,000 --> 100:00:01,000"), Ok((360_000_000, 360_001_000)));
    }

    #[test]
    fn a_broken_time_is_an_error() {
        for line in [
            "00:00:07.000 --> 00:00:1d.890",
            "00:00:00.000\0 --> 00:00:01.000",
            "00:00:00.000 -->",
            "00:61.000 --> 02:00.000",
            "00:00:01, --> 00:00:02,",
            "1:00:00:01 --> 2:00:00:01",
            "00:00:01.000 --> 5",
            "00:00:01.000 -> 00:00:02.000",
            "00:00:01.000 --> 00:00:02\u{0}000",
        ] {
            assert!(ms(line).is_err(), "{line}");
        }
    }
}
