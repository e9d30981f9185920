//! CMX3600 edit lists: `001 REEL A C` and four timecodes; the source times of every event are muted.
//!
//! The list says whether frames were dropped, and not how many frames a second has. So a window is as wide as any rate
//! from 23.976 to 60 makes it: it begins where 60 frames a second would, and ends where the slowest rate that has such a
//! frame would, at a clock that is 1001/1000 slower. Dropped frames are refused.

use super::super::document::Line;
use super::super::model::Sort;
use super::super::time;
use super::{
    Document, Format, Mark, Padding, Place, Round, Seen, Transcript, TranscriptError,
    TranscriptProblem,
};
use std::time::Duration;

pub(super) const FORMAT: Format = Format {
    name: "cmx3600",
    title: "EDL (CMX3600)",
    padding: Padding::NONE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// Frames a second, slowest first. Those of NTSC are 1000/1001 of them.
const RATES: [u64; 5] = [24, 25, 30, 50, 60];

/// Black and bars come from no recording.
const NO_SOURCE: [&str; 2] = ["BL", "BARS"];

/// The reel and the source times of an event.
fn event<'a>(line: &Line<'a>) -> Option<(&'a str, &'a str, &'a str)> {
    let fields: Vec<&str> = line.text.split_whitespace().collect();
    let (reel, times) = match fields.as_slice() {
        [number, reel, _, _, times @ ..] if is_number(number) => match times {
            [_, _, _, _] => (reel, times),
            [length, times @ ..] if is_number(length) && times.len() == 4 => (reel, times),
            _ => return None,
        },
        _ => return None,
    };
    let is_code = |text: &&str| text.matches([':', ';', '.']).count() == 3;
    times.iter().all(is_code).then(|| (*reel, times[0], times[1]))
}

fn is_number(field: &str) -> bool {
    !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit())
}

fn recognise(document: &Document<'_>) -> bool {
    let mut lines = document.lines().filter(|line| !line.text.trim().is_empty()).take(50);
    !document.is_json() && document.xml().is_none() && lines.any(|line| event(&line).is_some())
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript { sort: Sort::Labels, ..Transcript::default() };
    let (mut recording, mut is_counted) = (None, false);
    for line in document.lines() {
        let text = line.text.trim();
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        if let Some(mode) = text.strip_prefix("FCM:") {
            if mode.trim().replace('-', " ") != "NON DROP FRAME" {
                return Err(error(TranscriptProblem::Other(DROPPED)));
            }
            is_counted = true;
        } else if text.starts_with("SPLIT") {
            let problem =
                "a split event, whose sound begins at another time: write it as two events";
            return Err(error(TranscriptProblem::Other(problem)));
        }
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let (reel, start, end) = event(&line)
            .ok_or_else(|| error(TranscriptProblem::Expected("an event with four timecodes")))?;
        if NO_SOURCE.contains(&reel) {
            continue;
        }
        if !is_counted {
            return Err(error(TranscriptProblem::Other(
                "no line FCM: NON-DROP FRAME above the event",
            )));
        }
        if *recording.get_or_insert(reel) != reel {
            return Err(TranscriptError::unusable(FORMAT.name, super::ctm::SEVERAL));
        }
        let start = earliest(start).map_err(error)?;
        let end = Some(latest(end).map_err(error)?);
        transcript
            .marks
            .push(Mark::new("event", Place::Time { start, end, channel: None, turn: None }));
    }
    let note = "the list does not name its frame rate: the windows fit all rates from 23.976 to 60";
    transcript.notes.push(note.to_owned());
    Ok(transcript)
}

const DROPPED: &str = "timecode with dropped frames: export the list as non-drop frame";

/// Whole seconds and frames of `01:02:03:04`.
fn code(text: &str) -> Result<(u64, u64), TranscriptProblem> {
    if text.contains([';', '.']) {
        return Err(TranscriptProblem::Other(DROPPED));
    }
    let fields: Vec<&str> = text.split(':').collect();
    let number = |at: usize, below: u64| {
        let field = fields.get(at).filter(|field| is_number(field) && field.len() == 2);
        let value = field.and_then(|field| field.parse::<u64>().ok());
        value
            .filter(|value| *value < below)
            .ok_or(TranscriptProblem::Expected("a timecode HH:MM:SS:FF"))
    };
    let seconds = number(0, 100)? * 3600 + number(1, 60)? * 60 + number(2, 60)?;
    Ok((seconds, number(3, 60)?))
}

fn earliest(text: &str) -> Result<Duration, TranscriptProblem> {
    let (seconds, frames) = code(text)?;
    Ok(time::frames(&(seconds * 60 + frames).to_string(), 60, 1, Round::Down)?)
}

fn latest(text: &str) -> Result<Duration, TranscriptProblem> {
    let (seconds, frames) = code(text)?;
    let rate = RATES.into_iter().find(|rate| *rate > frames).unwrap_or(60);
    let count = (seconds * rate + frames).to_string();
    Ok(time::frames(&count, rate * 1000, 1001, Round::Up)?)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{error_of, read_as};
    use super::*;

    const LIST: &str = include_str!("../../../fixtures/transcripts/redact.edl");

    fn nanos(text: &str) -> Vec<(u128, u128)> {
        let marks = read_as("cmx3600", text).marks;
        let times = marks.iter().map(|mark| match mark.place {
            Place::Time { start, end: Some(end), .. } => (start.as_nanos(), end.as_nanos()),
            _ => panic!("an event has both times"),
        });
        times.collect()
    }

    #[test]
    fn every_event_is_as_wide_as_any_rate_makes_it() {
        let transcript = read_as("cmx3600", LIST);
        assert_eq!((transcript.marks.len(), transcript.sort), (2, Sort::Labels));
        assert_eq!(transcript.notes.len(), 1);
        // 3 s and 6 frames of 60; 5 s and 0 frames at the slower clock.
        assert_eq!(nanos(LIST)[0], (3_100_000_000, 5_005_000_000));
        // A 26th frame has no rate below 30.
        assert_eq!(nanos(LIST)[1], (5_433_333_333, 10_877_533_334));
    }

    #[test]
    fn no_rate_places_a_frame_outside() {
        for second in [0, 1, 59, 3600, 86_399] {
            for frame in 0..60 {
                let text = format!(
                    "{:02}:{:02}:{:02}:{frame:02}",
                    second / 3600,
                    second / 60 % 60,
                    second % 60
                );
                let (low, high) = (earliest(&text).unwrap(), latest(&text).unwrap());
                for rate in RATES.into_iter().filter(|rate| *rate > frame) {
                    for slow in [1000, 1001] {
                        let count = u128::from(second * rate + frame);
                        let at = count * slow * 1_000_000 / u128::from(rate);
                        assert!(low.as_nanos() <= at && at <= high.as_nanos(), "{text} {rate}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        assert!(
            error_of(&LIST.replace("NON-DROP", "DROP")).contains("line 2: timecode with dropped")
        );
        assert!(error_of(&LIST.replace("00:00:03:06", "00:00:03;06")).contains("dropped frames"));
        assert!(error_of(&LIST.replace("FCM", "* FCM")).contains("no line FCM"));
        assert!(error_of(&LIST.replace("002  AX", "002  BX")).contains("several recordings"));
        assert!(
            error_of(&LIST.replace("00:00:03:06", "00:00:03:60"))
                .contains("line 4: expected a timecode")
        );
        assert!(
            error_of(&LIST.replace("00:00:03:06", "0:00:03:06")).contains("expected a timecode")
        );
        assert!(error_of(&format!("{LIST}003 AX A C\n")).contains("expected an event"));
        assert!(
            error_of(&format!("{LIST}SPLIT: AUDIO DELAY= 00:00:00:05\n")).contains("split event")
        );
    }

    #[test]
    fn black_is_no_recording_and_a_dissolve_has_a_length() {
        let text = "FCM: NON DROP FRAME\n001 BL V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n\
            002 A1 AA/V D 025 00:00:02:00 00:00:03:00 00:00:01:00 00:00:02:00\n";
        assert_eq!(nanos(text), [(2_000_000_000, 3_003_000_000)]);
    }
}
