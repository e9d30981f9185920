//! AssemblyAI: `words[]` with whole milliseconds; `entities[]` with times and without a channel.
//!
//! Channels are the strings "1" (left) and "2" (right), in `channel` or at the front of `speaker` ("1A"). The words stand
//! again in `utterances[]`: they are read from `words` only.

use std::time::Duration;

use super::common::{Index, add_repeat, add_strings, channel_of, forget_lone_channel, push_word};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, TimeRange, Transcript, TranscriptError,
    Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "assemblyai",
    title: "AssemblyAI",
    padding: Padding::WIDE,
    seen: Seen::Sample,
    recognise,
    read,
};

/// Keys that AssemblyAI writes into every file, also with `null` or `false`.
const KEYS: [&str; 5] = ["audio_url", "redact_pii", "audio_channels", "entity_detection", "status"];

/// Further results that quote or retell what was said.
const RETOLD: [&str; 9] = [
    "text",
    "summary",
    "chapters",
    "auto_highlights_result",
    "sentiment_analysis_results",
    "content_safety_labels",
    "iab_categories_result",
    "translated_texts",
    "redacted_text",
];

fn recognise(document: &Document<'_>) -> bool {
    let Some(root) = document.root() else { return false };
    let is_word = |word: Node<'_>| {
        let is_whole = |key| word.get(key).is_some_and(|time: Node<'_>| time.index().is_some());
        word.has("text") && is_whole("start")
    };
    let mut words = root.list("words");
    let first = words.next();
    KEYS.iter().any(|key| root.has(key))
        && (first.is_some_and(is_word) || (first.is_none() && root.has("words")))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let is_split = root.get("multichannel").and_then(|node| node.flag()) == Some(true);
    let declared = root.get("audio_channels").and_then(|node| node.index());
    let declared = declared.or(is_split.then_some(2));
    for node in root.list("words") {
        let Some(text) = node.get("text") else { continue };
        let word = Word { time: time(node)?, ..text_word(text) };
        let speaker = node.get("speaker").and_then(|speaker| speaker.scalar());
        let label = node.get("channel").and_then(|channel| channel.scalar());
        let in_speaker = speaker.as_deref().filter(|_| declared.is_some_and(|count| count > 1));
        let in_speaker = in_speaker.map(|speaker| speaker.trim_end_matches(char::is_alphabetic));
        let channel = label.as_deref().or(in_speaker).and_then(|label| channel_of(label, "", 1));
        push_word(&mut transcript, 0, channel, speaker.as_deref().or(label.as_deref()), word);
    }
    let all = 0..transcript.turns.len();
    let index = Index::new(&transcript, all.clone());
    for utterance in root.list("utterances") {
        add_repeat(&mut transcript, utterance.get("text"), all.clone());
        for word in utterance.list("words") {
            index.add_copy(&mut transcript, word.get("text"), time(word)?, &all);
        }
    }
    for key in RETOLD {
        add_strings(&mut transcript, root.get(key), &all);
    }
    let timeline = Timeline::new(&transcript);
    for entity in root.list("entities") {
        add_entity(&mut transcript, &timeline, entity)?;
        add_repeat(&mut transcript, entity.get("text"), all.clone());
    }
    let is_on = |key| root.get(key).and_then(|node: Node<'_>| node.flag()) == Some(true);
    transcript.searched =
        is_on("redact_pii") || is_on("entity_detection") || root.get("entities").is_some();
    forget_lone_channel(&mut transcript, declared);
    Ok(transcript)
}

fn time(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    optional_range(FORMAT.name, node, "start", "end", Unit::Millis)
}

/// The timed words in the order of their starts, to find those inside the time of an entity.
struct Timeline {
    /// Start, end and turn.
    words: Vec<(Duration, Duration, usize)>,
    /// The length of the longest word: one that begins earlier than that before a time ends before it.
    longest: Duration,
}

impl Timeline {
    fn new(transcript: &Transcript) -> Self {
        let turns = transcript.turns.iter().enumerate();
        let words = turns.flat_map(|(at, turn)| {
            let times = turn.words.iter().filter_map(|word| word.time);
            times.map(move |time| (time.start, time.end, at))
        });
        let mut words: Vec<_> = words.collect();
        words.sort_unstable();
        let lengths = words.iter().map(|(start, end, _)| end.saturating_sub(*start));
        let longest = lengths.max().unwrap_or_default();
        Self { words, longest }
    }

    /// The turns of the words that meet `time`.
    fn turns(&self, time: TimeRange) -> impl Iterator<Item = usize> {
        let earliest = time.start.saturating_sub(self.longest);
        let from = self.words.partition_point(|(start, ..)| *start < earliest);
        let later = self.words.get(from..).unwrap_or_default().iter();
        let inside = later.take_while(move |(start, ..)| *start < time.end);
        inside.filter(move |(_, end, _)| *end > time.start).map(|(_, _, turn)| *turn)
    }
}

/// An entity is on the channel of the words inside its time, if these are all on one.
fn add_entity(
    transcript: &mut Transcript,
    timeline: &Timeline,
    entity: Node<'_>,
) -> Result<(), TranscriptError> {
    let kind = entity.text_of("entity_type").unwrap_or_default();
    let place = match time(entity)? {
        Some(time) => {
            // The same party too: the user may say which party is on which channel.
            let who = |turn: usize| {
                transcript.turns.get(turn).map(|turn| (turn.channel, turn.party.as_ref()))
            };
            let mut turns = timeline.turns(time);
            let first = turns.next();
            let own = first.and_then(who);
            let turn = first.filter(|_| turns.all(|turn| who(turn) == own));
            let channel = own.and_then(|(channel, _)| channel).filter(|_| turn.is_some());
            Place::Time { start: time.start, end: Some(time.end), channel, turn }
        }
        None => Place::Nowhere,
    };
    transcript.marks.push(Mark::new(kind, place));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{
        TRUTH, assert_listed, read_as, truth_on_all, windows, words,
    };

    const HASH: &str =
        include_str!("../../../fixtures/transcripts/assemblyai.multichannel.hash.json");
    const ENTITIES: &str = include_str!("../../../fixtures/transcripts/assemblyai.entities.json");
    const UTTERANCES: &str =
        include_str!("../../../fixtures/third-party/transcripts/assemblyai.utterances.json");
    const PLAIN: &str =
        include_str!("../../../fixtures/third-party/transcripts/assemblyai.transcription.json");

    #[test]
    fn masked_words_have_the_channel_that_is_counted_from_one_in_the_file() {
        let transcript = read_as("assemblyai", HASH);
        assert_eq!(windows(&transcript), TRUTH);
        assert!(transcript.searched);
    }

    #[test]
    fn a_speaker_that_begins_with_the_channel_names_it_too() {
        let text =
            HASH.replace(",\n   \"channel\": \"1\"", "").replace("\"channel\": \"2\"", "\"x\": 0");
        let text = text.replace("\"speaker\": \"1\"", "\"speaker\": \"1A\"");
        assert_eq!(windows(&read_as("assemblyai", &text)), TRUTH);
    }

    #[test]
    fn entities_have_times_of_their_own() {
        let transcript = read_as("assemblyai", ENTITIES);
        assert_eq!(windows(&transcript), truth_on_all());
        assert_eq!(transcript.marks[4].kind, "credit_card_cvv");
        assert_eq!(words(&transcript).len(), 36);
    }

    #[test]
    fn an_entity_is_on_the_channel_of_its_words_and_on_all_if_both_speak() {
        let text = HASH.replace(
            "\"entities\": null",
            r#""entities": [{"entity_type":"a","text":"x","start":3240,"end":4900},{"entity_type":"b","text":"y","start":4500,"end":5100}]"#,
        );
        let transcript = read_as("assemblyai", &text);
        let channel = |at: usize| match transcript.marks[at].place {
            super::Place::Time { channel, .. } => channel,
            _ => Some(9),
        };
        assert_eq!([channel(0), channel(1)], [Some(0), None]);
    }

    #[test]
    fn an_entity_over_two_speakers_belongs_to_neither() {
        let text = r#"{"audio_url":"u","words":[{"text":"four","start":0,"end":9,"speaker":"A"},{"text":"one","start":10,"end":19,"speaker":"B"}],
            "entities":[{"entity_type":"a","text":"x","start":0,"end":19},{"entity_type":"a","text":"x","start":10,"end":19}]}"#;
        let transcript = read_as("assemblyai", text);
        let turn = |at: usize| match transcript.marks[at].place {
            super::Place::Time { turn, .. } => turn,
            _ => Some(9),
        };
        assert_eq!([turn(0), turn(1)], [None, Some(1)]);
    }

    #[test]
    fn real_files_have_every_redaction_key_and_were_not_searched() {
        let transcript = read_as("assemblyai", UTTERANCES);
        assert!(!transcript.searched && transcript.marks.is_empty());
        assert_eq!(words(&transcript)[0], ("Yeah.".to_owned(), Some((170, 718))));
        assert_listed(&transcript, UTTERANCES, "spacewalk");
        // Read once: utterances hold the same words.
        assert!(transcript.turns.iter().flat_map(|turn| &turn.words).all(|w| w.copies.len() == 1));
        assert_eq!(words(&read_as("assemblyai", PLAIN)).len(), words(&transcript).len());
    }
}
