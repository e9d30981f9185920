//! Google Speech-to-Text, v1 and v2: `results[].alternatives[0].words[]`.
//!
//! Times are `12.300s` or `{seconds, nanos}`, and a key that is absent is 0. `channelTag` counts from 1. The results may
//! stand under `response`, or under one key for each file. With diarisation the last result says all words again, with
//! the speakers: then it alone is read.

use std::ops::Range;
use std::time::Duration;

use super::common::{Index, add_repeat, forget_lone_channel, push_word, untimed_words};
use super::{
    Document, Format, Node, Padding, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    Turn, Unit, Word, moment, text_word, time,
};

pub(super) const FORMAT: Format = Format {
    name: "google",
    title: "Google Speech-to-Text (v1, v2)",
    padding: Padding::WIDE,
    seen: Seen::Sample,
    recognise,
    read,
};

/// How deep in a file the results are looked for.
const DEEPEST: usize = 8;

const STARTS: [&str; 4] = ["startTime", "startOffset", "start_time", "start_offset"];
const ENDS: [&str; 4] = ["endTime", "endOffset", "end_time", "end_offset"];
const RESULT_ENDS: [&str; 4] =
    ["resultEndTime", "resultEndOffset", "result_end_time", "result_end_offset"];

fn any_of<'a>(node: Node<'a>, keys: &[&str]) -> Option<Node<'a>> {
    keys.iter().find_map(|key| node.get(key))
}

fn is_result(result: Node<'_>) -> bool {
    let is_word =
        |word: Node<'_>| word.has("word") && STARTS.iter().chain(&ENDS).any(|key| word.has(key));
    let has_words = |one: Node<'_>| one.list("words").take(4).any(is_word);
    result.list("alternatives").take(4).any(has_words)
        || (RESULT_ENDS.iter().any(|key| result.has(key)) && result.has("alternatives"))
}

/// The lists of results below `node`.
fn lists<'a>(node: Node<'a>, depth: usize) -> Vec<Node<'a>> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in node.members() {
        if key == "results" && value.items().take(16).any(is_result) {
            found.push(value);
        } else {
            found.extend(lists(value, depth));
        }
    }
    found
}

fn recognise(document: &Document<'_>) -> bool {
    document
        .roots()
        .take(4)
        .any(|root| !lists(root, DEEPEST).is_empty() || root.items().take(8).any(is_result))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let mut results: Vec<Node<'_>> = Vec::new();
    for root in document.roots() {
        let found = lists(root, DEEPEST);
        if found.len() > 1 {
            let reason = "it holds the transcripts of several recordings: give one at a time";
            return Err(TranscriptError::unusable(FORMAT.name, reason));
        }
        let bare = root.items().filter(|_| found.is_empty());
        results.extend(found.iter().flat_map(Node::items).chain(bare));
    }
    // Streaming: a result that is not final is said again by a later one.
    let is_interim = |result: &Node<'_>| {
        let is_final = result.get("isFinal").or_else(|| result.get("is_final"));
        is_final.and_then(|node| node.flag()) == Some(false)
    };
    let (interim, results): (Vec<_>, Vec<_>) = results.into_iter().partition(is_interim);
    let spoken = results
        .iter()
        .rposition(|result| first(*result).is_some_and(|one| one.list("words").next().is_some()));
    let whole = spoken.filter(|&last| says_all(&results, last));
    let mut ends = std::collections::HashMap::new();
    for (at, result) in results.iter().enumerate() {
        if whole.is_none_or(|whole| whole == at) {
            add_result(&mut transcript, *result, &mut ends)?;
        }
    }
    let all = 0..transcript.turns.len();
    let index = Index::new(&transcript, all.clone());
    for (at, result) in results.iter().enumerate() {
        let is_read = whole.is_none_or(|whole| whole == at);
        add_texts(&mut transcript, *result, is_read, &index, &all)?;
    }
    for result in interim {
        add_texts(&mut transcript, result, false, &index, &all)?;
    }
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

fn first(result: Node<'_>) -> Option<Node<'_>> {
    result.list("alternatives").next()
}

/// Whether the result at `last` has a speaker for its words, and as many words as all before it.
fn says_all(results: &[Node<'_>], last: usize) -> bool {
    let words = |result: &Node<'_>| first(*result).map_or(0, |one| one.list("words").count());
    let before: usize = results.iter().take(last).map(words).sum();
    let Some(one) = results.get(last).and_then(|result| first(*result)) else { return false };
    let keys = ["speakerTag", "speakerLabel", "speaker_tag", "speaker_label"];
    let has_speaker = one.list("words").any(|word| any_of(word, &keys).is_some());
    has_speaker && before > 0 && one.list("words").count() >= before
}

/// `12.300s`, or seconds and nanoseconds apart. What is absent is 0.
fn point(node: Option<Node<'_>>, round: Round) -> Result<Duration, TranscriptError> {
    let Some(node) = node else { return Ok(Duration::ZERO) };
    if !node.raw().starts_with('{') {
        return moment(FORMAT.name, node, Unit::Suffixed, round);
    }
    let part = |key| node.get(key).and_then(|node: Node<'_>| node.scalar());
    let (seconds, nanos) = (part("seconds"), part("nanos"));
    time::seconds_and_nanos(seconds.as_deref().unwrap_or("0"), nanos.as_deref().unwrap_or("0"))
        .map_err(|problem| TranscriptError::at(FORMAT.name, node.path(), problem))
}

/// None only if neither start nor end is there: the times were not asked for.
fn range(word: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    let (start, end) = (any_of(word, &STARTS), any_of(word, &ENDS));
    if start.is_none() && end.is_none() {
        return Ok(None);
    }
    Ok(Some(TimeRange::new(point(start, Round::Down)?, point(end, Round::Up)?)))
}

/// The end of the last result of each channel, where the next one begins at the earliest.
type Ends = std::collections::HashMap<Option<u16>, Duration>;

fn add_result(
    transcript: &mut Transcript,
    result: Node<'_>,
    ends: &mut Ends,
) -> Result<(), TranscriptError> {
    let Some(best) = first(result) else { return Ok(()) };
    let tag = any_of(result, &["channelTag", "channel_tag"]).and_then(|node| node.index());
    let channel = tag.and_then(|tag| u16::try_from(tag.checked_sub(1)?).ok());
    let label = tag.filter(|tag| *tag > 0).map(|tag| tag.to_string());
    let turn = transcript.turns.len();
    for node in best.list("words") {
        let Some(text) = node.get("word") else { continue };
        let word = Word { time: range(node)?, ..text_word(text) };
        let keys = ["speakerLabel", "speakerTag", "speaker_label", "speaker_tag"];
        let speaker = any_of(node, &keys).and_then(|node| node.scalar());
        push_word(transcript, turn, channel, speaker.as_deref().or(label.as_deref()), word);
    }
    let before = ends.get(&channel).copied().unwrap_or_default();
    let end = any_of(result, &RESULT_ENDS).map(|end| point(Some(end), Round::Up)).transpose()?;
    if let Some(end) = end {
        ends.insert(channel, end);
    }
    if transcript.turns.len() == turn {
        let words = untimed_words(&best.text_of("transcript").unwrap_or_default());
        let time = end.map(|end| TimeRange::new(before, end));
        if !words.is_empty() {
            transcript.turns.push(Turn { channel, party: label.map(Text::new), time, words });
        }
    }
    let turns = turn..transcript.turns.len();
    for alternative in result.list("alternatives") {
        add_repeat(transcript, alternative.get("transcript"), turns.clone());
    }
    for alternative in result.list("alternatives").skip(1) {
        for word in alternative.list("words") {
            add_repeat(transcript, word.get("word"), turns.clone());
        }
    }
    Ok(())
}

/// The words of a result that was not read: copies of those that were.
fn add_texts(
    transcript: &mut Transcript,
    result: Node<'_>,
    is_read: bool,
    index: &Index,
    all: &Range<usize>,
) -> Result<(), TranscriptError> {
    for alternative in result.list("alternatives").filter(|_| !is_read) {
        add_repeat(transcript, alternative.get("transcript"), all.clone());
        for word in alternative.list("words") {
            index.add_copy(transcript, word.get("word"), range(word)?, all);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, words};
    use super::*;

    const V1: &str = include_str!("../../../fixtures/transcripts/google-v1.json");
    const V2: &str = include_str!("../../../fixtures/transcripts/google-v2.json");
    const REAL: &str = include_str!("../../../fixtures/third-party/transcripts/google-v1.cut.json");

    #[test]
    fn both_versions_say_the_same_and_channels_count_from_one() {
        let (v1, v2) = (read_as("google", V1), read_as("google", V2));
        assert_eq!(words(&v1), words(&v2));
        assert_eq!(words(&v1)[8], ("four".to_owned(), Some((3240, 3580))));
        let channels = |t: &Transcript| t.turns.iter().map(|turn| turn.channel).collect::<Vec<_>>();
        assert_eq!(channels(&v1), channels(&v2));
        assert_eq!(channels(&v1)[..2], [Some(1), Some(0)]);
        assert_listed(&v1, V1, "\"four\"");
        assert!(v1.marks.is_empty() && !v1.searched);
    }

    #[test]
    fn the_real_file_has_seconds_and_nanos_apart_and_absent_parts_are_zero() {
        let transcript = read_as("google", REAL);
        let said = words(&transcript);
        assert_eq!(said[0], ("there".to_owned(), Some((12_900, 13_300))));
        assert!(said.iter().any(|(_, time)| time.is_some_and(|(start, end)| start == end)));
        assert!(transcript.turns.iter().all(|turn| turn.channel.is_none()));
        let text = r#"{"results":[{"alternatives":[{"words":[{"word":"so","endTime":"0.5s"},{"word":"yes","startTime":{},"endTime":{"seconds":1}}]}]}]}"#;
        let said = words(&read_as("google", text));
        assert_eq!(said[0].1, Some((0, 500)));
        assert_eq!(said[1].1, Some((0, 1000)));
    }

    #[test]
    fn with_diarisation_the_last_result_is_read_and_the_others_are_copies() {
        let word = |tag: &str, word: &str, at: u32| {
            format!(r#"{{"word":"{word}","startTime":"{at}s","endTime":"{at}.5s"{tag}}}"#)
        };
        let tag = r#","speakerTag":2"#;
        let text = format!(
            r#"{{"results":[{{"alternatives":[{{"transcript":"four","words":[{}]}}]}},{{"alternatives":[{{"words":[{},{}]}}]}}]}}"#,
            word("", "four", 1),
            word(tag, "four", 1),
            word(tag, "one", 2)
        );
        let transcript = read_as("google", &text);
        assert_eq!(words(&transcript).len(), 2);
        assert_eq!(transcript.turns[0].party.as_ref().unwrap().expose(), "2");
        assert_eq!(transcript.turns[0].words[0].copies.len(), 1);
        assert_listed(&transcript, &text, "four");
    }

    #[test]
    fn results_stand_under_the_name_of_a_file_and_two_files_are_refused() {
        let results =
            V2.trim_start().strip_prefix('{').unwrap().trim_end().strip_suffix('}').unwrap();
        let one = format!(r#"{{"results":{{"gs://a":{{"transcript":{{{results}}}}}}}}}"#);
        assert_eq!(words(&read_as("google", &one)), words(&read_as("google", V2)));
        let two = format!(
            r#"{{"results":{{"gs://a":{{"transcript":{{{results}}}}},"gs://b":{{"transcript":{{{results}}}}}}}}}"#
        );
        assert!(error_of(&two).contains("several recordings"));
    }

    #[test]
    fn a_result_without_words_goes_from_the_end_of_the_one_before() {
        let text = r#"{"results":[{"alternatives":[{"transcript":"so"}],"resultEndTime":"2s"},{"alternatives":[{"transcript":"4111"}],"resultEndTime":"5.5s"}]}"#;
        let transcript = read_as("google", text);
        let time = transcript.turns[1].time.unwrap();
        assert_eq!((time.start.as_millis(), time.end.as_millis()), (2000, 5500));
    }
}
