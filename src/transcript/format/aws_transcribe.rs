//! Amazon Transcribe: `results.items[]`, seconds as decimal strings; also the bare array of items.
//!
//! Words stand in `items`, and again under each channel and in the speaker segments. They are read from `items` where
//! those name their channel, else from the channels. Punctuation has no times.

use std::collections::HashMap;
use std::time::Duration;

use super::common::{Index, add_repeat, channel_of, forget_lone_channel, push_word};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, TimeRange, Transcript, TranscriptError,
    Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "aws-transcribe",
    title: "Amazon Transcribe",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let Some(root) = document.root() else { return false };
    let items = root.at(&["results", "items"]).unwrap_or(root);
    let is_item = |item: Node<'_>| {
        let sort = item.text_of("type").unwrap_or_default();
        let is_word = sort == "pronunciation" || sort == "punctuation";
        is_word && item.list("alternatives").next().is_some_and(|first| first.has("content"))
    };
    let is_empty_job = root.has("jobName") && root.at(&["results", "items"]).is_some();
    items.items().take(8).any(is_item) || is_empty_job
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let results = root.get("results").unwrap_or(root);
    let items: Vec<Node<'_>> = results.get("items").unwrap_or(results).items().collect();
    let channels: Vec<Node<'_>> =
        results.get("channel_labels").iter().flat_map(|labels| labels.list("channels")).collect();
    let of_channels = || {
        channels.iter().flat_map(|channel| {
            let label = channel.text_of("channel_label");
            channel.list("items").map(move |item| (label.clone(), item))
        })
    };
    let is_labelled = channels.is_empty() || items.iter().any(|item| item.has("channel_label"));
    let mut again: Vec<Node<'_>> = Vec::new();
    let mut flat = if is_labelled && !items.is_empty() {
        again.extend(of_channels().map(|(_, item)| item));
        items.iter().map(|item| (item.text_of("channel_label"), *item)).collect()
    } else {
        again.extend(items.iter());
        of_channels().collect::<Vec<_>>()
    };
    if !is_labelled {
        sort_by_time(&mut flat)?;
    }
    let speakers = speakers(results)?;
    for (label, item) in flat {
        add_item(&mut transcript, label.as_deref(), item, &speakers)?;
    }
    let all = 0..transcript.turns.len();
    let index = Index::new(&transcript, all.clone());
    for item in again {
        let time = time(item)?;
        for alternative in item.list("alternatives") {
            index.add_copy(&mut transcript, alternative.get("content"), time, &all);
        }
    }
    add_texts(&mut transcript, results);
    transcript.searched |= root.get("isRedacted").and_then(|node| node.flag()) == Some(true);
    let declared = results.at(&["channel_labels", "number_of_channels"]);
    let declared = declared.and_then(|node| node.index()).or(Some(channels.len()));
    forget_lone_channel(&mut transcript, declared);
    Ok(transcript)
}

fn time(item: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    optional_range(FORMAT.name, item, "start_time", "end_time", Unit::Seconds)
}

/// Speakers by the start and end of a word. Older files name them only in the speaker segments.
type Speakers = HashMap<(Duration, Duration), String>;

fn speakers(results: Node<'_>) -> Result<Speakers, TranscriptError> {
    let mut speakers = HashMap::new();
    let segments = results.at(&["speaker_labels", "segments"]);
    let segments = segments.into_iter().flat_map(|list| list.items());
    for item in segments.flat_map(|segment| segment.list("items")) {
        if let (Some(time), Some(speaker)) = (time(item)?, item.text_of("speaker_label")) {
            speakers.insert((time.start, time.end), speaker.into_owned());
        }
    }
    Ok(speakers)
}

/// Puts the items of several channels in the order of time; punctuation stays behind its word.
fn sort_by_time<L>(items: &mut Vec<(L, Node<'_>)>) -> Result<(), TranscriptError> {
    let mut timed = Vec::with_capacity(items.len());
    let mut last = None;
    for (label, item) in items.drain(..) {
        last = time(item)?.map(|time| time.start).or(last);
        timed.push((last, (label, item)));
    }
    timed.sort_by_key(|(start, _)| *start);
    items.extend(timed.into_iter().map(|(_, item)| item));
    Ok(())
}

fn add_item(
    transcript: &mut Transcript,
    label: Option<&str>,
    item: Node<'_>,
    speakers: &Speakers,
) -> Result<(), TranscriptError> {
    let mut alternatives = item.list("alternatives");
    let Some(first) = alternatives.next() else { return Ok(()) };
    let Some(content) = first.get("content") else { return Ok(()) };
    let word = Word {
        time: time(item)?,
        is_silent: item.text_of("type").is_some_and(|sort| sort == "punctuation"),
        ..text_word(content)
    };
    let channel = label.and_then(|label| channel_of(label, "ch_", 0));
    let listed = word.time.and_then(|time| speakers.get(&(time.start, time.end)));
    let speaker = item.text_of("speaker_label").or(listed.map(|name| name.as_str().into()));
    // Punctuation of older files has no speaker; it belongs to the word before it.
    let before = transcript.turns.last().filter(|turn| word.is_silent && turn.channel == channel);
    let before = before.and_then(|turn| turn.party.clone());
    let party = speaker.as_deref().or(before.as_ref().map(|party| party.expose())).or(label);
    let (turn, at) = push_word(transcript, 0, channel, party, word);
    for redaction in first.list("redactions") {
        transcript.searched = true;
        let kind = redaction.text_of("type").or_else(|| redaction.text_of("category"));
        let confidence = redaction.get("confidence").and_then(|node| node.scalar());
        transcript.marks.push(Mark {
            confidence: confidence.map(|text| text.into_owned()),
            ..Mark::new(kind.as_deref().unwrap_or("PII"), Place::Words(turn, at..at + 1))
        });
    }
    for other in alternatives {
        add_repeat(transcript, other.get("content"), turn..turn + 1);
    }
    Ok(())
}

/// The texts that say the words again: the whole, parts of it, and other readings of parts.
fn add_texts(transcript: &mut Transcript, results: Node<'_>) {
    let all = 0..transcript.turns.len();
    for key in ["transcripts", "audio_segments"] {
        for part in results.list(key) {
            add_repeat(transcript, part.get("transcript"), all.clone());
        }
    }
    for alternative in results.list("segments").flat_map(|segment| segment.list("alternatives")) {
        add_repeat(transcript, alternative.get("transcript"), all.clone());
        for item in alternative.list("items") {
            add_repeat(transcript, item.get("content"), all.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{
        TRUTH, assert_listed, error_of, read_as, truth_on_all, windows, words,
    };

    const CHANNELS: &str =
        include_str!("../../../fixtures/transcripts/aws-transcribe.redacted.channels.json");
    const PLAIN: &str =
        include_str!("../../../fixtures/third-party/transcripts/aws-transcribe.cut.json");
    const BARE: &str =
        include_str!("../../../fixtures/third-party/transcripts/aws-transcribe.bare.json");

    #[test]
    fn redacted_items_are_marks_with_their_kind_and_channel() {
        let transcript = read_as("aws-transcribe", CHANNELS);
        assert_eq!(windows(&transcript), TRUTH);
        assert_eq!(transcript.marks.len(), 5);
        assert_eq!(transcript.marks[0].kind, "CREDIT_DEBIT_NUMBER");
        assert_eq!(transcript.marks[0].confidence.as_deref(), Some("0.9991"));
        assert!(transcript.searched);
    }

    #[test]
    fn words_are_read_once_and_their_copies_are_listed() {
        let transcript = read_as("aws-transcribe", CHANNELS);
        assert_eq!(words(&transcript).iter().filter(|(word, _)| word == "[PII]").count(), 5);
        assert_listed(&transcript, CHANNELS, "[PII]");
    }

    #[test]
    fn older_files_name_the_channel_only_in_the_second_list() {
        let older = CHANNELS.replace(",\n    \"channel_label\": \"ch_0\"", "");
        let older = older.replace(",\n    \"channel_label\": \"ch_1\"", "");
        assert_ne!(older, CHANNELS);
        let transcript = read_as("aws-transcribe", &older);
        assert_eq!(windows(&transcript), TRUTH);
        assert_listed(&transcript, &older, "[PII]");
    }

    #[test]
    fn a_file_with_one_channel_does_not_say_which_channels_to_leave_open() {
        let text = CHANNELS.replace("ch_1", "ch_0").replace("channels\": 2", "channels\": 1");
        let text = text.replacen("\"channels\": [", "\"channels\": [], \"older\": [", 1);
        assert!(windows(&read_as("aws-transcribe", &text)).iter().all(|window| window.0.is_none()));
        assert_eq!(windows(&read_as("aws-transcribe", &text)).len(), truth_on_all().len());
    }

    #[test]
    fn the_real_files_have_words_and_no_marks() {
        let transcript = read_as("aws-transcribe", PLAIN);
        assert!(windows(&transcript).is_empty() && !transcript.searched);
        assert_eq!(words(&transcript)[0], ("There".to_owned(), Some((13_030, 13_220))));
        assert!(words(&transcript).iter().all(|(_, time)| time.is_some()));
        let bare = read_as("aws-transcribe", BARE);
        assert_eq!(words(&bare).len(), 4);
        assert_eq!(bare.turns.len(), 3);
    }

    #[test]
    fn older_files_name_speakers_in_their_segments_alone() {
        let text = r#"{"results":{"speaker_labels":{"segments":[{"items":[{"start_time":"1.0","end_time":"1.1","speaker_label":"spk_1"}]}]},
            "items":[{"type":"pronunciation","start_time":"1.0","end_time":"1.1","alternatives":[{"content":"so"}]},
            {"type":"punctuation","alternatives":[{"content":"."}]}]}}"#;
        let transcript = read_as("aws-transcribe", text);
        assert_eq!(transcript.turns.len(), 1);
        assert_eq!(transcript.turns[0].party.as_ref().unwrap().expose(), "spk_1");
    }

    #[test]
    fn punctuation_may_have_a_confidence_of_null() {
        let text = r#"[{"type":"punctuation","alternatives":[{"confidence":null,"content":"."}]},
            {"type":"pronunciation","start_time":"1.0","end_time":"1.1","alternatives":[{"confidence":"1","content":"so"}]}]"#;
        assert_eq!(words(&read_as("aws-transcribe", text)).len(), 1);
    }

    #[test]
    fn a_time_that_is_none_is_an_error_with_its_path() {
        let text = r#"{"results":{"items":[{"type":"pronunciation","start_time":"-1","end_time":"1",
            "alternatives":[{"content":"so"}]}]}}"#;
        assert_eq!(error_of(text), "aws-transcribe: results.items[0].start_time: a negative time");
    }
}
