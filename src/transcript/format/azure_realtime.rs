//! Azure Speech real-time: `Offset`, `Duration` and `NBest[]` in ticks of 100 ns; an array, or one result a line.
//!
//! `NBest` is not sorted: the reading with the highest `Confidence` is read, the others repeat it. `Words` may be `null`.
//! `Channel` is always 0, whatever the audio had, and is not read.

use std::time::Duration;

use super::common::{add_repeat, untimed_words};
use super::{
    Document, Format, Node, Padding, Round, Seen, Text, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, duration, optional_length, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "azure-realtime",
    title: "Azure Speech (real-time)",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn results<'a>(document: &Document<'a>) -> Vec<Node<'a>> {
    let inner = |root: Node<'a>| {
        let is_array = root.raw().starts_with('[');
        if is_array { root.items().collect() } else { vec![root] }
    };
    document.roots().flat_map(inner).collect()
}

fn recognise(document: &Document<'_>) -> bool {
    let is_result = |node: &Node<'_>| {
        node.has("RecognitionStatus") && (node.has("Offset") || node.has("NBest"))
    };
    results(document).iter().take(8).any(is_result)
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    for result in results(document) {
        add_result(&mut transcript, result)?;
    }
    if transcript.turns.iter().any(is_on_two_clocks) {
        let note = "words of some phrases lie outside their phrase: check the windows against the \
                    recording, for the two may run on different clocks";
        transcript.notes.push(note.to_owned());
    }
    Ok(transcript)
}

/// Whether a word is more than a second outside its phrase.
fn is_on_two_clocks(turn: &Turn) -> bool {
    let Some(whole) = turn.time else { return false };
    let margin = Duration::from_secs(1);
    turn.words.iter().filter_map(|word| word.time).any(|word| {
        word.start.saturating_add(margin) < whole.start
            || word.end > whole.end.saturating_add(margin)
    })
}

/// The reading with the highest confidence; of equal ones the first.
fn best<'a>(readings: &[Node<'a>]) -> Result<Option<usize>, TranscriptError> {
    let mut best = None;
    for (at, reading) in readings.iter().enumerate() {
        let confidence = reading.get("Confidence");
        let value = confidence.and_then(|node| node.scalar());
        // Compared as decimal numbers, which a time in seconds is as well.
        let value = value.map(|text| duration(&text, Unit::Seconds, Round::Down)).transpose();
        let value = value.map_err(|_| {
            let path = confidence.map(|node| node.path()).unwrap_or_default();
            TranscriptError::at(FORMAT.name, path, TranscriptProblem::Expected("a number"))
        })?;
        if best.is_none_or(|(_, known)| value > known) {
            best = Some((at, value));
        }
    }
    Ok(best.map(|(at, _)| at))
}

fn add_result(transcript: &mut Transcript, result: Node<'_>) -> Result<(), TranscriptError> {
    let readings: Vec<Node<'_>> = result.list("NBest").collect();
    let chosen = best(&readings)?;
    let best = chosen.and_then(|at| readings.get(at)).copied();
    if best.is_none() && result.get("DisplayText").is_none() {
        return Ok(());
    }
    let at = transcript.turns.len();
    let mut turn = Turn {
        party: result.get("SpeakerId").and_then(|node| node.scalar()).map(Text::new),
        time: optional_length(FORMAT.name, result, "Offset", "Duration", Unit::Ticks)?,
        ..Turn::default()
    };
    for node in best.into_iter().flat_map(|best| best.list("Words")) {
        let Some(text) = node.get("Word") else { continue };
        let mut word = text_word(text);
        word.time = optional_length(FORMAT.name, node, "Offset", "Duration", Unit::Ticks)?;
        turn.words.push(word);
    }
    if turn.words.is_empty() {
        let lexical = best.and_then(|best| best.text_of("Lexical").or(best.text_of("Display")));
        let text = lexical.or_else(|| result.text_of("DisplayText"));
        turn.words = untimed_words(&text.unwrap_or_default());
    }
    transcript.turns.push(turn);
    add_repeat(transcript, result.get("DisplayText"), at..at + 1);
    for (rank, reading) in readings.iter().enumerate() {
        for key in ["Lexical", "ITN", "MaskedITN", "Display"] {
            add_repeat(transcript, reading.get(key), at..at + 1);
        }
        let lists = ["Words", "DisplayWords"]
            .iter()
            .filter(|key| Some(rank) != chosen || **key == "DisplayWords");
        for word in lists.flat_map(|key| reading.list(key)) {
            add_repeat(transcript, word.get("Word").or(word.get("DisplayText")), at..at + 1);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, words};

    const SAMPLE: &str =
        include_str!("../../../fixtures/third-party/transcripts/azure-realtime.json");

    #[test]
    fn the_reading_with_the_highest_confidence_is_read() {
        let transcript = read_as("azure-realtime", SAMPLE);
        // The third of five is the most certain one of the first phrase.
        let said: Vec<_> =
            transcript.turns[0].words.iter().map(|word| word.text.expose()).collect();
        assert_eq!(said, ["hello", "i"]);
        let time = transcript.turns[0].time.unwrap();
        assert_eq!((time.start.as_millis(), time.end.as_millis()), (90, 650));
        assert!(transcript.marks.is_empty() && !transcript.searched);
        assert_listed(&transcript, SAMPLE, "hullo");
    }

    #[test]
    fn words_have_ticks_and_one_result_may_stand_on_each_line() {
        let line = r#"{"RecognitionStatus":"Success","Channel":0,"Offset":10000000,"Duration":20000000,"NBest":[{"Confidence":0.5,"Lexical":"so","Words":[{"Word":"so","Offset":10000000,"Duration":5000000}]}]}"#;
        let quiet = r#"{"RecognitionStatus":"InitialSilenceTimeout","Offset":0,"Duration":1}"#;
        let transcript = read_as("azure-realtime", &format!("{line}\n{quiet}\n{line}"));
        assert_eq!(words(&transcript).len(), 2);
        assert_eq!(words(&transcript)[0].1, Some((1000, 1500)));
        assert!(transcript.turns.iter().all(|turn| turn.channel.is_none()));
    }

    #[test]
    fn words_on_another_clock_than_their_phrase_are_noted() {
        let text = r#"[{"RecognitionStatus":"Success","Offset":900000000,"Duration":10000000,"NBest":[{"Lexical":"so","Words":[{"Word":"so","Offset":0,"Duration":5000000}]}]}]"#;
        assert_eq!(read_as("azure-realtime", text).notes.len(), 1);
        assert!(read_as("azure-realtime", SAMPLE).notes.is_empty());
    }

    #[test]
    fn a_confidence_that_is_no_number_is_an_error() {
        let text =
            r#"[{"RecognitionStatus":"Success","Offset":0,"NBest":[{"Confidence":"high"}]}]"#;
        assert_eq!(error_of(text), "azure-realtime: [0].NBest[0].Confidence: expected a number");
    }
}
