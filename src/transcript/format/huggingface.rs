//! The pipeline of Hugging Face: `chunks[]` with `timestamp: [start, end]`, seconds.
//!
//! A chunk is a word if the times of words were asked for, else a passage. An end of `null` is not known: such words lie
//! between their neighbours. Times come from a mono mix: there are no channels.

use std::time::Duration;

use super::common::{add_repeat, untimed_words};
use super::{
    Document, Format, Node, Padding, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, Word, moment, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "huggingface",
    title: "Hugging Face (chunks)",
    padding: Padding::WIDE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// The result; a list of one recording is that recording.
fn results<'a>(document: &Document<'a>) -> Vec<Node<'a>> {
    let roots = document.roots();
    let inner = roots.flat_map(|root| match root.has("chunks") {
        true => vec![root],
        false => root.items().collect(),
    });
    inner.filter(|node| node.has("chunks")).collect()
}

fn recognise(document: &Document<'_>) -> bool {
    let is_chunk = |chunk: Node<'_>| chunk.has("timestamp") && chunk.has("text");
    let mut results = results(document).into_iter().take(8);
    results.any(|result| result.list("chunks").take(8).any(is_chunk))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let results = results(document);
    let [result] = results.as_slice() else {
        let reason = "it holds the results of several recordings: keep one";
        return Err(TranscriptError::unusable(FORMAT.name, reason));
    };
    let chunks: Vec<Node<'_>> = result.list("chunks").collect();
    check_clock(&chunks)?;
    for (at, chunk) in chunks.iter().enumerate() {
        add_chunk(&mut transcript, *chunk, chunks.get(at + 1).copied())?;
    }
    let all = 0..transcript.turns.len();
    add_repeat(&mut transcript, result.get("text"), all);
    Ok(transcript)
}

/// Starts may run back by as much: chunks of two windows of the model overlap a little.
const BACK: Duration = Duration::from_secs(1);

/// Refuses a clock that restarts: some versions begin again at 0 every 30 s, and nothing says which passage is meant.
fn check_clock(chunks: &[Node<'_>]) -> Result<(), TranscriptError> {
    let mut latest = Duration::ZERO;
    for chunk in chunks {
        let (Some(start), _) = times(*chunk)? else { continue };
        if start.saturating_add(BACK) < latest {
            let reason = "the clock of the file restarts, so its times are not those of the recording: transcribe again with a newer version, or with word times";
            return Err(TranscriptError::unusable(FORMAT.name, reason));
        }
        latest = latest.max(start);
    }
    Ok(())
}

fn add_chunk(
    transcript: &mut Transcript,
    chunk: Node<'_>,
    next: Option<Node<'_>>,
) -> Result<(), TranscriptError> {
    let Some(text) = chunk.get("text") else { return Ok(()) };
    let (start, end) = times(chunk)?;
    let time = start.zip(end).map(|(start, end)| TimeRange::new(start, end));
    let content = text.text().unwrap_or_default();
    let party = chunk.get("speaker").and_then(|node| node.scalar()).map(Text::new);
    if content.split_whitespace().count() == 1 {
        // Words follow each other in one turn, so that a number is one run.
        let word = Word { time, ..text_word(text) };
        let is_open = |last: &&mut Turn| last.time.is_none() && last.party == party;
        match transcript.turns.last_mut().filter(is_open) {
            Some(last) => last.words.push(word),
            None => {
                transcript.turns.push(Turn { party, words: vec![word], ..Turn::default() });
            }
        }
        return Ok(());
    }
    // A passage lasts at least to the next one.
    let (next, _) = next.map(times).transpose()?.unwrap_or_default();
    let to_next = start.zip(next).map(|(start, next)| TimeRange::new(start, next));
    let time = time.or(to_next.filter(|time| time.is_proper()));
    let turn = transcript.turns.len();
    let words = untimed_words(&content);
    transcript.turns.push(Turn { party, time, words, ..Turn::default() });
    add_repeat(transcript, Some(text), turn..turn + 1);
    Ok(())
}

/// Start and end, as far as they are known.
fn times(chunk: Node<'_>) -> Result<(Option<Duration>, Option<Duration>), TranscriptError> {
    let Some(list) = chunk.get("timestamp") else { return Ok((None, None)) };
    let both: Vec<Node<'_>> = list.items().collect();
    let [start, end] = both.as_slice() else {
        let problem = TranscriptProblem::Expected("start and end");
        return Err(TranscriptError::at(FORMAT.name, list.path(), problem));
    };
    let time = |node: &Node<'_>, round| {
        let node = Some(*node).filter(|node| !node.is_null());
        node.map(|node| moment(FORMAT.name, node, Unit::Seconds, round)).transpose()
    };
    Ok((time(start, Round::Down)?, time(end, Round::Up)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Rule, Rules, SelectOptions, read};
    use super::super::common::testing::{assert_listed, error_of, read_as, words};

    const WORDS: &str = include_str!("../../../fixtures/transcripts/huggingface.words.json");

    /// The windows of `--find numbers` without padding, in milliseconds.
    fn found(text: &str) -> Vec<(u128, Option<u128>)> {
        let options =
            SelectOptions { find: Rules::new(&[Rule::Numbers]), ..SelectOptions::default() };
        let selection = read(text.as_bytes(), None).unwrap().select(&options).unwrap();
        let windows = selection.bare.iter();
        windows.map(|w| (w.start.as_millis(), w.end.map(|end| end.as_millis()))).collect()
    }

    #[test]
    fn chunks_of_words_give_the_windows_of_the_call() {
        let transcript = read_as("huggingface", WORDS);
        assert_eq!(transcript.turns.len(), 1);
        assert_listed(&transcript, WORDS, "4111");
        assert_eq!(
            found(WORDS),
            [
                (3240, Some(4900)),
                (5300, Some(7100)),
                (7600, Some(10_300)),
                (11_760, Some(12_600)),
                // The end of the last word is not known.
                (14_980, None)
            ]
        );
    }

    #[test]
    fn an_end_that_is_not_known_reaches_to_the_next_word() {
        let text = r#"{"text":"","chunks":[{"text":" so","timestamp":[0.5,1.0]},{"text":" 4111","timestamp":[1.2,null]},
            {"text":" ok","timestamp":[3.0,3.5]}]}"#;
        assert_eq!(words(&read_as("huggingface", text))[1], ("4111".to_owned(), None));
        assert_eq!(found(text), [(1000, Some(3000))]);
        // A passage lasts to the next one; the last begins after the one before it began.
        let text = r#"[{"text":"","chunks":[{"text":" so it","timestamp":[0.5,1.0]},{"text":" is 4111","timestamp":[1.2,null]}]}]"#;
        assert_eq!(found(text), [(500, None)]);
        let more =
            text.replace("null]}", "null]},{\"text\":\"all right\",\"timestamp\":[4.0,5.0]}");
        assert_eq!(found(&more), [(1200, Some(4000))]);
    }

    #[test]
    fn a_passage_is_the_finest_time_of_its_words() {
        let text = r#"{"text":" it is 4111 ok","chunks":[{"text":" it is 4111 ok","timestamp":[1.0,4.0]}]}"#;
        assert_eq!(found(text), [(1000, Some(4000))]);
    }

    #[test]
    fn a_clock_that_restarts_is_refused() {
        let file = |times: [&str; 3]| {
            let [a, b, c] = times;
            format!(
                r#"{{"text":"","chunks":[{{"text":"Hello there","timestamp":[0,0.5]}},{{"text":"so it is","timestamp":{a}}},
                {{"text":"card","timestamp":{b}}},{{"text":"4111 1111","timestamp":{c}}}]}}"#
            )
        };
        for times in [
            ["[2,29]", "[0,3]", "[3,9]"],
            ["[28,29]", "[26,27]", "[29,30]"],
            // The first start of the second clock is not known.
            ["[20,29]", "[null,3]", "[3,9]"],
        ] {
            assert!(error_of(&file(times)).contains("the clock of the file restarts"), "{times:?}");
        }
        // Chunks may overlap a little.
        read_as("huggingface", &file(["[2,29]", "[29,30.5]", "[28.2,31]"]));
    }

    #[test]
    fn what_is_not_one_result_with_two_times_each_is_refused() {
        let one = r#"{"text":"","chunks":[{"text":"a","timestamp":[0,1]}]}"#;
        assert!(error_of(&format!("[{one},{one}]")).contains("several recordings"));
        let error = error_of(&one.replace("[0,1]", "[0]"));
        assert_eq!(error, "huggingface: chunks[0].timestamp: expected start and end");
    }
}
