//! OpenAI Whisper, its API (`verbose_json`) and faster-whisper: `segments[]`, perhaps with `words[]`, seconds.
//!
//! The API puts all words into one list beside the segments. Word times are there only if they were asked for; without
//! them a segment is the finest time. Digits come joined ("4111"). Times come from a mono mix: there are no channels.

use super::common::add_repeat;
use super::whisper_words::{add_segment, word};
use super::{Document, Format, Node, Padding, Seen, Transcript, TranscriptError, Turn};

pub(super) const FORMAT: Format = Format {
    name: "whisper",
    title: "Whisper (OpenAI, API, faster-whisper)",
    padding: Padding::WIDE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// Keys of a segment that no other service writes.
const KEYS: [&str; 5] = ["seek", "tokens", "avg_logprob", "no_speech_prob", "compression_ratio"];

/// The segments: under their key, or the file itself as faster-whisper dumps them.
fn segments<'a>(document: &Document<'a>) -> Vec<Node<'a>> {
    let roots: Vec<Node<'a>> = document.roots().collect();
    let is_bare = |root: &Node<'a>| root.has("start") && root.has("text");
    match roots.as_slice() {
        [root] if root.has("segments") => root.list("segments").collect(),
        [root] => root.items().collect(),
        // One segment a line.
        roots if roots.iter().all(is_bare) => roots.to_vec(),
        _ => Vec::new(),
    }
}

fn recognise(document: &Document<'_>) -> bool {
    let Some(root) = document.root() else { return false };
    let is_segment = |segment: &Node<'_>| KEYS.iter().any(|key| segment.has(key));
    let is_answer = root.has("task") && root.has("duration");
    // Tools that keep only times and text. Nothing else writes segments so, and this format is tried last.
    let is_plain = |one: Node<'_>| one.has("start") && one.has("end") && one.has("text");
    let is_bare = root.has("text") || root.has("language");
    (is_bare && root.list("segments").next().is_some_and(is_plain))
        || (is_answer && (root.has("words") || root.has("segments")))
        || segments(document).iter().take(8).any(is_segment)
        || root
            .list("segments")
            .take(8)
            .any(|one| one.list("words").any(|word| word.has("probability")))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let segments = segments(document);
    let is_timed = segments.iter().any(|segment| segment.list("words").next().is_some());
    let mut listed = root.list("words").peekable();
    if !is_timed && listed.peek().is_some() {
        let mut turn = Turn::default();
        for node in listed {
            turn.words.extend(word(FORMAT.name, node)?);
        }
        transcript.turns.push(turn);
        for segment in &segments {
            add_repeat(&mut transcript, segment.get("text"), 0..1);
            add_repeat(&mut transcript, segment.get("tokens"), 0..1);
        }
    } else {
        for segment in &segments {
            let words = segment.list("words").map(|node| word(FORMAT.name, node));
            let words = words.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
            add_segment(&mut transcript, FORMAT.name, *segment, words)?;
        }
    }
    if transcript.turns.is_empty() && root.has("text") {
        let reason = "it has a text without times: ask for verbose_json, with the times of words";
        return Err(TranscriptError::unusable(FORMAT.name, reason));
    }
    if !transcript.turns.is_empty()
        && transcript.turns.iter().all(|turn| turn.words.iter().all(|word| word.time.is_none()))
    {
        let note = "the file has no times for words: the time of a segment is the finest";
        transcript.notes.push(note.to_owned());
    }
    let all = 0..transcript.turns.len();
    add_repeat(&mut transcript, root.get("text"), all.clone());
    if is_timed {
        for node in root.list("words") {
            add_repeat(&mut transcript, node.get("word"), all.clone());
        }
    }
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, truth_on_all, words};

    const WORDS: &str = include_str!("../../../fixtures/transcripts/openai-whisper.words.json");
    const API: &str = include_str!("../../../fixtures/transcripts/openai-api.verbose.json");

    fn numbers(text: &str) -> Vec<(Option<u16>, u128, u128)> {
        let said = words(&read_as("whisper", text));
        let numbers = said.into_iter().filter(|(word, _)| word.starts_with(char::is_numeric));
        numbers.map(|(_, time)| time.map(|(start, end)| (None, start, end)).unwrap()).collect()
    }

    #[test]
    fn joined_digits_have_the_times_of_the_words() {
        assert_eq!(numbers(WORDS), truth_on_all());
        assert_eq!(numbers(API), truth_on_all());
        assert_listed(&read_as("whisper", WORDS), WORDS, "4111");
    }

    #[test]
    fn a_leading_blank_is_not_part_of_the_word() {
        assert_eq!(words(&read_as("whisper", WORDS))[0].0, "can");
    }

    #[test]
    fn faster_whisper_is_the_same_as_a_bare_array_or_one_segment_a_line() {
        let start = WORDS.find("\"segments\": ").unwrap() + "\"segments\": ".len();
        let array = WORDS[start..].trim_end().strip_suffix('}').unwrap();
        assert_eq!(numbers(array), truth_on_all());
        let line = r#"{"id":1,"seek":0,"start":1.0,"end":2.0,"text":" so","tokens":[1],"words":[{"start":1.0,"end":2.0,"word":" so","probability":0.9}]}"#;
        assert_eq!(words(&read_as("whisper", &format!("{line}\n{line}"))).len(), 2);
    }

    #[test]
    fn without_word_times_a_segment_is_the_finest() {
        let text = r#"{"task":"transcribe","duration":3.0,"text":"so 4111","segments":[
            {"id":0,"seek":0,"start":1.0,"end":2.5,"text":" so 4111","tokens":[50364,12]}]}"#;
        let transcript = read_as("whisper", text);
        assert_eq!(words(&transcript).len(), 2);
        assert_eq!(transcript.turns[0].time.unwrap().end.as_millis(), 2500);
        assert_eq!(transcript.notes.len(), 1);
        assert_listed(&transcript, text, "4111");
        assert_listed(&transcript, text, "[50364");
    }

    #[test]
    fn a_number_that_only_the_text_of_a_segment_has_becomes_an_untimed_word() {
        let text = r#"{"segments":[{"seek":0,"start":1.0,"end":2.5,"text":" so 4111 yes","words":[
            {"word":" so","start":1.0,"end":1.2},{"word":" yes","start":2.2,"end":2.5}]}]}"#;
        let said = words(&read_as("whisper", text));
        assert_eq!(said[1], ("4111".to_owned(), None));
    }

    #[test]
    fn segments_with_nothing_but_times_and_text_are_enough() {
        let text =
            r#"{"text":"so","segments":[{"start":1.0,"end":2.5,"text":" so"}],"language":"en"}"#;
        assert_eq!(words(&read_as("whisper", text)).len(), 1);
    }

    #[test]
    fn a_text_alone_is_refused() {
        let text = r#"{"task":"transcribe","duration":3.0,"text":"so","words":[],"segments":[]}"#;
        assert!(error_of(text).contains("without times"));
    }
}
