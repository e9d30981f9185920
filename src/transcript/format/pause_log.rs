//! Logs of recorders: a table of events, `paused` and `resumed` in pairs. What lies between is muted on all channels.
//!
//! Times are wall-clock (ISO 8601, counted from the event that starts the recording), or offsets in seconds,
//! milliseconds (a column whose name says so) or clock time. A pause without its end goes to the end of the recording. An
//! end without its pause goes back to the beginning.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::model::Sort;
use super::wall_clock::{Clock, moment};
use super::{
    Document, Format, Mark, Padding, Place, Seen, Transcript, TranscriptError, TranscriptProblem,
    Unit,
};

pub(super) const FORMAT: Format = Format {
    name: "pause-log",
    title: "pause log (CSV)",
    padding: Padding::NONE,
    seen: Seen::Documentation,
    recognise,
    read,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Start,
    Pause,
    Resume,
    Stop,
}

impl Event {
    fn of(text: &str) -> Option<Self> {
        let words = words(text);
        let joined = words.concat();
        let begins = |stems: &[&str]| {
            words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)))
        };
        let has = |parts: &[&str]| parts.iter().any(|part| joined.contains(part));
        let is_resumed = joined.ends_with("resume") || joined.ends_with("resumed");
        // What ends a pause must be said by a word of its own; what begins one, by any part.
        if has(&["unpaus", "unmut"]) || begins(&["resum", "continu"]) || is_resumed {
            Some(Self::Resume)
        } else if has(&["paus", "mute", "suspend"]) {
            Some(Self::Pause)
        } else if has(&["start", "begin", "began"]) {
            Some(Self::Start)
        } else if words.iter().any(|word| STOPS.contains(&word.as_str())) {
            Some(Self::Stop)
        } else {
            None
        }
    }
}

/// Words that end a recording. Others only look so: `send`, `pending`, `extended`.
const STOPS: [&str; 12] = [
    "stop",
    "stops",
    "stopped",
    "stopping",
    "end",
    "ends",
    "ended",
    "ending",
    "finish",
    "finished",
    "complete",
    "completed",
];

/// The words of the name of an event in lower case: `recordingStopped` and `RECORDING_STOPPED` are two.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut was_low) = (vec![String::new()], false);
    for c in text.chars() {
        if !c.is_alphanumeric() || (was_low && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            last.extend(c.to_lowercase());
        }
        was_low = c.is_lowercase();
    }
    words
}

/// The layout of the table.
struct Table {
    separator: char,
    time: usize,
    event: usize,
    unit: Unit,
    /// Columns that name the call.
    calls: Vec<usize>,
    width: usize,
}

impl Table {
    fn of(document: &Document<'_>) -> Option<Self> {
        let first = document.lines().find(|line| !line.text.trim().is_empty())?;
        let separator =
            [',', ';', '\t'].into_iter().find(|separator| first.text.contains(*separator))?;
        let names: Vec<String> =
            fields(first.text, separator).iter().map(|name| name.to_lowercase()).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let time = find(&[
            "time",
            "timestamp",
            "at",
            "ts",
            "datetime",
            "date_time",
            "offset",
            "seconds",
            "time_s",
            "offset_s",
            "ms",
            "time_ms",
            "offset_ms",
            "timestamp_ms",
            "offsetms",
            "timems",
            "millis",
            "milliseconds",
            "event_time",
            "eventtime",
        ])?;
        let event = find(&[
            "event",
            "action",
            "type",
            "state",
            "status",
            "event_type",
            "eventtype",
            "event_name",
        ])?;
        let is_millis =
            names.get(time).is_some_and(|name| name.ends_with("ms") || name.starts_with("milli"));
        let is_call = |name: &String| {
            let name = name
                .trim_end_matches("sid")
                .trim_end_matches("id")
                .trim_end_matches(['_', ' ', '-']);
            ["call", "contact", "recording", "conversation", "session"].contains(&name)
        };
        let calls = (0..names.len()).filter(|&at| names.get(at).is_some_and(is_call)).collect();
        let unit = if is_millis { Unit::Millis } else { Unit::Clock };
        Some(Self { separator, time, event, unit, calls, width: names.len() })
    }
}

/// The fields of a line, without quotes around them.
fn fields(line: &str, separator: char) -> Vec<&str> {
    line.split(separator).map(|field| field.trim().trim_matches('"').trim()).collect()
}

fn recognise(document: &Document<'_>) -> bool {
    let Some(table) = Table::of(document) else { return false };
    let mut lines = document.lines().filter(|line| !line.text.trim().is_empty()).skip(1);
    lines.any(|line| {
        fields(line.text, table.separator)
            .get(table.event)
            .is_some_and(|text| Event::of(text).is_some())
    })
}

/// A row: when, as rounded down and up nanoseconds on the clock of the file, and what.
type Row = (i128, i128, Event);

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let table = Table::of(document)
        .ok_or_else(|| TranscriptError::unusable(FORMAT.name, "no columns for time and event"))?;
    let (mut rows, mut calls, mut clocks) =
        (Vec::<Row>::new(), vec![BTreeSet::new(); table.calls.len()], BTreeSet::new());
    for line in document.lines().filter(|line| !line.text.trim().is_empty()).skip(1) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let fields = fields(line.text, table.separator);
        if fields.len() != table.width {
            return Err(error(TranscriptProblem::Expected("as many fields as the header has")));
        }
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        for (known, at) in calls.iter_mut().zip(&table.calls) {
            known.insert(field(*at));
        }
        let Some(event) = Event::of(field(table.event)) else { continue };
        let (down, up, clock) = moment(field(table.time), table.unit).map_err(error)?;
        clocks.insert(clock);
        rows.push((down, up, event));
    }
    if calls.iter().any(|known| known.len() > 1) {
        return Err(TranscriptError::unusable(
            FORMAT.name,
            "the log holds several calls: keep the lines of one",
        ));
    }
    if clocks.len() > 1 {
        return Err(TranscriptError::unusable(
            FORMAT.name,
            "some of its times have a time zone or a date, and others have none",
        ));
    }
    // The newest may stand first.
    rows.sort_by_key(|row| row.0);
    windows(&rows, clocks.first() == Some(&Clock::Offset))
}

/// Pairs the events.
fn windows(rows: &[Row], is_offset: bool) -> Result<Transcript, TranscriptError> {
    let mut starts = rows.iter().filter(|row| row.2 == Event::Start);
    let (first, second) = (starts.next(), starts.next());
    if second.is_some() {
        return Err(TranscriptError::unusable(
            FORMAT.name,
            "the log starts more than one recording: keep the lines of one",
        ));
    }
    let zero = match first {
        Some(row) => (row.0, row.1),
        None if is_offset => (0, 0),
        None => {
            let reason = "its times are wall-clock, and no event says when the recording starts: add one, or write offsets";
            return Err(TranscriptError::unusable(FORMAT.name, reason));
        }
    };
    let mut transcript = Transcript { sort: Sort::Labels, searched: true, ..Transcript::default() };
    let mut add = |start: Option<i128>, end: Option<i128>| {
        // From before the recording began, it is from its beginning.
        let start = nanos(start.map_or(0, |start| start - zero.1).max(0))?;
        let end = end.map(|end| nanos((end - zero.0).max(0))).transpose()?;
        if end.is_none_or(|end| end > start) {
            transcript
                .marks
                .push(Mark::new("pause", Place::Time { start, end, channel: None, turn: None }));
        }
        Ok::<(), TranscriptError>(())
    };
    let (mut paused, mut is_known) = (None, false);
    for (at, &(down, up, event)) in rows.iter().enumerate() {
        let mut later = rows.iter().skip(at + 1).map(|row| row.2);
        match event {
            Event::Pause => paused = paused.or(Some(down)),
            // What was resumed later had not ended.
            Event::Stop
                if later.find(|event| matches!(event, Event::Pause | Event::Resume))
                    == Some(Event::Resume) => {}
            Event::Resume | Event::Stop if paused.is_some() => add(paused.take(), Some(up))?,
            Event::Resume if !is_known => add(None, Some(up))?,
            _ => {}
        }
        is_known |= matches!(event, Event::Pause | Event::Resume);
    }
    if paused.is_some() {
        add(paused, None)?;
    }
    let note = "the pauses are on the clock of the log: if the recorder cut them out, the recording is shorter and later \
                passages lie earlier";
    transcript.notes.push(note.to_owned());
    Ok(transcript)
}

fn nanos(value: i128) -> Result<Duration, TranscriptError> {
    let nanos = u64::try_from(value).ok().filter(|nanos| *nanos < 1 << 62);
    let error = || {
        TranscriptError::unusable(
            FORMAT.name,
            "its times are further apart than a recording can be long",
        )
    };
    nanos.map(Duration::from_nanos).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{error_of, read_as};
    use super::*;

    fn pauses(text: &str) -> Vec<(u128, Option<u128>)> {
        let all = read_as("pause-log", text).marks.into_iter().map(|mark| {
            let Place::Time { start, end, channel: None, .. } = mark.place else {
                panic!("a time on all channels")
            };
            (start.as_millis(), end.map(|end| end.as_millis()))
        });
        all.collect()
    }

    #[test]
    fn pairs_are_muted_and_a_stop_ends_a_pause() {
        let log = include_str!("../../../fixtures/transcripts/pause-log.csv");
        assert_eq!(pauses(log), [(3000, Some(10500)), (15000, Some(16500))]);
    }

    #[test]
    fn an_unpaired_pause_goes_to_the_end_and_an_unpaired_resume_to_the_beginning() {
        assert_eq!(pauses("offset;event\n12.5;pause\n"), [(12500, None)]);
        assert_eq!(
            pauses(
                "offset_ms\tevent\n2500\tresumed\n3000\tpaused\n4000\tpaused\n5000\tresumed\n5100\tresumed\n"
            ),
            [(0, Some(2500)), (3000, Some(5000))]
        );
    }

    #[test]
    fn a_pause_ends_with_a_word_that_says_so_and_not_before_it_is_resumed() {
        for name in
            ["message_send", "pending", "extended", "attended", "discontinued", "incomplete"]
        {
            let log = format!("offset,event\n10,paused\n12,{name}\n20,resumed\n");
            assert_eq!(pauses(&log), [(10_000, Some(20_000))], "{name}");
        }
        for name in ["stopped", "call_end", "recordingEnded", "RECORDING-COMPLETED", "call ended"] {
            let log = format!("offset,event\n10,paused\n12,{name}\n");
            assert_eq!(pauses(&log), [(10_000, Some(12_000))], "{name}");
            let log = format!("{log}20,recordingresumed\n");
            assert_eq!(pauses(&log), [(10_000, Some(20_000))], "{name}");
        }
        let log = "offset,event\n10,paused\n12,stopped\n20,paused\n22,un-paused\n";
        assert_eq!(pauses(log), [(10_000, Some(12_000)), (20_000, Some(22_000))]);
    }

    #[test]
    fn zones_days_and_newest_first_are_read() {
        let log = "event,timestamp\nresume,\"2026-03-01T00:00:05+01:00\"\npause,2026-02-28T22:59:58.5Z\nstart,2026-02-28 22:59:50Z\n";
        assert_eq!(pauses(log), [(8500, Some(15000))]);
    }

    #[test]
    fn a_log_without_a_pause_is_an_answer() {
        let transcript = read_as("pause-log", "time,event\n0,started\n9.5,stopped\n");
        assert!(transcript.searched && transcript.marks.is_empty());
    }

    #[test]
    fn what_cannot_be_placed_is_refused() {
        let head = "time,event,call_id\n";
        assert!(
            error_of(&format!("{head}2026-01-01T00:00:03Z,paused,a\n"))
                .contains("when the recording starts")
        );
        assert!(error_of(&format!("{head}1,paused,a\n2,resumed,b\n")).contains("several calls"));
        assert!(
            error_of(&format!("{head}1,started,a\n2,started,a\n3,paused,a\n"))
                .contains("more than one recording")
        );
        assert!(
            error_of(&format!("{head}1,started,a\n2026-01-01T00:00:03Z,paused,a\n"))
                .contains("time zone or a date")
        );
        assert!(
            error_of(&format!("{head}1767225600,paused,a\n"))
                .contains("line 2: expected an offset")
        );
        assert!(error_of(&format!("{head}1,paused\n")).contains("line 2: expected as many"));
        assert!(
            error_of(&format!("{head}2026-02-30T00:00:03Z,paused,a\n"))
                .contains("line 2: expected a date")
        );
    }
}
