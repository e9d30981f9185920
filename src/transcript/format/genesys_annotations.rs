//! Genesys Cloud recording annotations: pauses, holds and bookmarks, milliseconds.
//!
//! An annotation has up to three clocks. An exported file runs on the one of the recording (`recordingLocation`): what a
//! secure pause cut out has no length there. Secure pauses and pauses by hand are marks; holds, flows and bookmarks are
//! not.

use super::super::model::Sort;
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, TimeRange, Transcript, TranscriptError,
    Unit, optional_length,
};

pub(super) const FORMAT: Format = Format {
    name: "genesys-annotations",
    title: "Genesys Cloud recording annotations",
    padding: Padding::NONE,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn annotations<'a>(document: &Document<'a>) -> Vec<Node<'a>> {
    let roots = document.roots();
    let lists = roots.flat_map(|root| match (root.get("entities"), root.get("annotations")) {
        (Some(list), _) | (None, Some(list)) => list.items().collect::<Vec<_>>(),
        _ => root.items().collect(),
    });
    lists.collect()
}

fn recognise(document: &Document<'_>) -> bool {
    let is_kind = |node: &Node<'_>| {
        node.text_of("type").is_some_and(|sort| matches!(&*sort, "pause" | "hold" | "bookmark"))
    };
    let has_clock = |node: &Node<'_>| {
        ["recordingLocation", "realtimeLocation", "absoluteLocation"]
            .iter()
            .any(|key| node.has(key))
    };
    annotations(document).iter().take(32).any(|node| is_kind(node) && has_clock(node))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript { sort: Sort::Labels, searched: true, ..Transcript::default() };
    let (mut cut, mut other) = (0usize, 0usize);
    let mut is_other_clock = false;
    for node in annotations(document) {
        let reason = node.text_of("reason").unwrap_or_default();
        let is_pause = node.text_of("type").is_some_and(|sort| sort == "pause");
        if !is_pause || !(reason.is_empty() || reason == "SecurePause" || reason == "Pause") {
            continue;
        }
        let kind = if reason.is_empty() { "pause" } else { &*reason };
        let Some(time) = recorded(node)? else {
            is_other_clock |= node.get("location").is_some();
            other += usize::from(!add_location(&mut transcript, node, kind)?);
            continue;
        };
        if time.is_proper() {
            add(&mut transcript, kind, time);
        } else {
            cut += 1;
        }
    }
    for _ in 0..other {
        transcript.marks.push(Mark::new("pause", Place::Nowhere));
    }
    if cut > 0 {
        transcript.notes.push(format!(
            "pauses without a length in the recording, already cut out of an exported file: {cut}"
        ));
    }
    if is_other_clock {
        let note = "some pauses have no place on the clock of the recording: `location` is taken";
        transcript.notes.push(note.to_owned());
    }
    Ok(transcript)
}

fn recorded(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    let (start, length) = ("recordingLocation", "recordingDurationMs");
    optional_length(FORMAT.name, node, start, length, Unit::Millis)
}

/// Takes the general clock. Answers whether there was one.
fn add_location(
    transcript: &mut Transcript,
    node: Node<'_>,
    kind: &str,
) -> Result<bool, TranscriptError> {
    let time = optional_length(FORMAT.name, node, "location", "durationMs", Unit::Millis)?;
    if let Some(time) = time {
        add(transcript, kind, time);
    }
    Ok(time.is_some())
}

fn add(transcript: &mut Transcript, kind: &str, time: TimeRange) {
    let place = Place::Time { start: time.start, end: Some(time.end), channel: None, turn: None };
    transcript.marks.push(Mark::new(kind, place));
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{read_as, windows};
    use super::*;

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/genesys.annotations.json");

    #[test]
    fn a_secure_pause_that_was_cut_leaves_nothing_to_mute() {
        let transcript = read_as("genesys-annotations", SAMPLE);
        assert!(transcript.marks.is_empty() && transcript.searched);
        assert_eq!(transcript.notes.len(), 1);
        assert_eq!(transcript.sort, Sort::Labels);
    }

    #[test]
    fn a_pause_that_the_recording_holds_is_a_window_on_its_clock() {
        let text = SAMPLE.replace("\"recordingDurationMs\": 0", "\"recordingDurationMs\": 7500");
        let text = text.replace("\"recordingLocation\": 3000", "\"recordingLocation\": 2000");
        assert_eq!(windows(&read_as("genesys-annotations", &text)), [(None, 2000, 9500)]);
        let wrapped = format!("{{\"entities\":{text}}}");
        assert_eq!(windows(&read_as("genesys-annotations", &wrapped)), [(None, 2000, 9500)]);
    }

    #[test]
    fn holds_and_bookmarks_are_no_marks() {
        let text = r#"[{"type":"hold","reason":"Hold","recordingLocation":1,"recordingDurationMs":5},
            {"type":"pause","reason":"FlowOrQueue","recordingLocation":1,"recordingDurationMs":5}]"#;
        assert!(read_as("genesys-annotations", text).marks.is_empty());
    }

    #[test]
    fn a_pause_without_any_clock_is_a_mark_without_a_place() {
        let text = r#"[{"type":"pause","reason":"SecurePause","absoluteLocation":1},
            {"type":"pause","reason":"SecurePause","location":3,"durationMs":4}]"#;
        let transcript = read_as("genesys-annotations", text);
        assert_eq!(transcript.marks.len(), 2);
        assert_eq!(transcript.marks[1].place, Place::Nowhere);
    }
}
