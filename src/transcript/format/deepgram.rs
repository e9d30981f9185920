//! Deepgram: `results.channels[].alternatives[0].words[]`, seconds; streaming: one such message a
//! line.
//!
//! The index in `channels` is the audio channel. The words stand again in `transcript`, in
//! `paragraphs` and in `utterances`: they are read from the channels only, and the others are
//! listed as repeats.

use std::collections::{BTreeMap, HashSet};

use super::common::{Index, forget_lone_channel};
use super::{
    Document, Format, Mark, Node, Padding, Place, Repeat, Seen, Text, Transcript, TranscriptError,
    Turn, Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "deepgram",
    title: "Deepgram",
    padding: Padding::DEEPGRAM,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    // A stream may begin with messages about itself.
    document.roots().take(8).any(|root| {
        let mut channels =
            root.at(&["results", "channels"]).into_iter().flat_map(|list| list.items());
        channels.any(|channel| channel.has("alternatives"))
            || (root.has("channel_index") && root.at(&["channel", "alternatives"]).is_some())
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let (mut transcript, mut declared) = (Transcript::default(), None);
    let interim = interim(document);
    let mut said_again = Vec::new();
    for (line, root) in document.roots().enumerate() {
        if let Some(channel) = root.get("channel") {
            let (number, count) = channel_index(root);
            declared = count.or(declared);
            if interim.contains(&line) {
                said_again.push(channel);
            } else {
                add_channel(&mut transcript, channel, number)?;
            }
            continue;
        }
        let results = root.get("results").unwrap_or(root);
        let mut count = 0;
        for (index, channel) in results.list("channels").enumerate() {
            add_channel(&mut transcript, channel, index)?;
            count = index + 1;
        }
        add_utterances(&mut transcript, results)?;
        let redact = root.at(&["metadata", "redact"]).or_else(|| results.get("redact"));
        transcript.searched |=
            redact.is_some_and(|node| node.items().next().is_some() || node.text().is_some());
        // The list of channels counts, not the head of the file: that may tell of the audio, and
        // the words of a mix.
        declared = declared.max(Some(count));
    }
    for alternative in said_again.iter().flat_map(|channel| channel.list("alternatives")) {
        add_repeats(&mut transcript, alternative, 0, false);
    }
    forget_lone_channel(&mut transcript, declared);
    Ok(transcript)
}

/// The number of the channel of a message, and of how many.
fn channel_index(root: Node<'_>) -> (usize, Option<usize>) {
    let mut index = root.list("channel_index").map(|node| node.index());
    (index.next().flatten().unwrap_or(0), index.next().flatten())
}

/// The lines of a stream that a later message on the same channel says again: all that are not
/// final but for the last of each channel, if the stream ends with it.
fn interim(document: &Document<'_>) -> HashSet<usize> {
    let (mut interim, mut open) = (HashSet::new(), BTreeMap::new());
    for (line, root) in document.roots().enumerate().filter(|(_, root)| root.has("channel_index")) {
        let is_final = root.get("is_final").and_then(|node| node.flag()) != Some(false);
        let (number, _) = channel_index(root);
        interim.extend(open.remove(&number));
        if !is_final {
            open.insert(number, line);
        }
    }
    interim
}

/// Adds the words of one channel, a turn for each change of speaker, and the entities.
fn add_channel(
    transcript: &mut Transcript,
    channel: Node<'_>,
    index: usize,
) -> Result<(), TranscriptError> {
    let number = u16::try_from(index).ok();
    let first = transcript.turns.len();
    // Where the words went, by their index in the file: entities name words so.
    let mut places = Vec::new();
    for (rank, alternative) in channel.list("alternatives").enumerate() {
        if rank == 0 {
            for node in alternative.list("words") {
                add_word(transcript, node, number, first, &mut places)?;
            }
            add_entities(transcript, alternative, &places);
        }
        add_repeats(transcript, alternative, first, rank == 0);
    }
    Ok(())
}

fn add_word(
    transcript: &mut Transcript,
    node: Node<'_>,
    channel: Option<u16>,
    first: usize,
    places: &mut Vec<(usize, usize)>,
) -> Result<(), TranscriptError> {
    let party = node.get("speaker").and_then(|speaker| speaker.scalar()).map(Text::new);
    let is_same = transcript.turns.len() > first
        && transcript.turns.last().is_some_and(|turn| turn.party == party);
    if !is_same {
        transcript.turns.push(Turn { channel, party, ..Turn::default() });
    }
    let Some(text) = node.get("word").or_else(|| node.get("punctuated_word")) else {
        return Ok(());
    };
    let mut word = Word {
        time: optional_range(FORMAT.name, node, "start", "end", Unit::Seconds)?,
        ..text_word(text)
    };
    word.copies.extend(
        node.get("punctuated_word").map(|copy| copy.range()).filter(|copy| *copy != text.range()),
    );
    let turn = transcript.turns.len() - 1;
    if let Some(last) = transcript.turns.last_mut() {
        places.push((turn, last.words.len()));
        last.words.push(word);
    }
    Ok(())
}

/// Entities name words by index, the end not included. One that goes over turns becomes a mark in
/// each.
fn add_entities(transcript: &mut Transcript, alternative: Node<'_>, places: &[(usize, usize)]) {
    for entity in alternative.list("entities") {
        transcript.searched = true;
        let kind = entity.text_of("label").unwrap_or_default().into_owned();
        let confidence = entity.get("confidence").and_then(|node| node.number()).map(str::to_owned);
        let from = entity.get("start_word").and_then(|node| node.index());
        let to = entity.get("end_word").and_then(|node| node.index());
        let words = from
            .zip(to)
            .and_then(|(from, to)| places.get(from..to))
            .filter(|words| !words.is_empty());
        let before = transcript.marks.len();
        for chunk in words.unwrap_or_default().chunk_by(|one, next| one.0 == next.0) {
            if let [(turn, from), ..] = *chunk {
                let place = Place::Words(turn, from..from + chunk.len());
                transcript.marks.push(Mark {
                    confidence: confidence.clone(),
                    ..Mark::new(kind.clone(), place)
                });
            }
        }
        if transcript.marks.len() == before {
            transcript.marks.push(Mark { confidence, ..Mark::new(kind, Place::Nowhere) });
        }
        if let (Some(value), Some(&[(turn, from), ..])) = (entity.get("value"), words) {
            let last = words.and_then(<[_]>::last).map_or(turn, |&(turn, _)| turn);
            let count = words.map_or(0, <[_]>::len);
            let words = (last == turn).then_some(from..from + count);
            transcript.repeats.push(Repeat { source: value.range(), turns: turn..last + 1, words });
        }
    }
}

/// The texts of an alternative. Words of the lesser alternatives are other readings of the same
/// speech.
fn add_repeats(transcript: &mut Transcript, alternative: Node<'_>, first: usize, is_best: bool) {
    let turns = first..transcript.turns.len();
    let mut add = |node: Node<'_>| {
        transcript.repeats.push(Repeat { source: node.range(), turns: turns.clone(), words: None });
    };
    alternative.get("transcript").into_iter().for_each(&mut add);
    if let Some(paragraphs) = alternative.get("paragraphs") {
        paragraphs.get("transcript").into_iter().for_each(&mut add);
        for sentence in
            paragraphs.list("paragraphs").flat_map(|paragraph| paragraph.list("sentences"))
        {
            sentence.get("text").into_iter().for_each(&mut add);
        }
    }
    if !is_best {
        let words = alternative
            .list("words")
            .flat_map(|word| [word.get("word"), word.get("punctuated_word")]);
        words.flatten().for_each(&mut add);
    }
}

/// Utterances hold every word again, with the same times.
fn add_utterances(transcript: &mut Transcript, results: Node<'_>) -> Result<(), TranscriptError> {
    let mut indices = BTreeMap::new();
    for utterance in results.list("utterances") {
        let channel = utterance
            .get("channel")
            .and_then(|node| node.index())
            .and_then(|index| u16::try_from(index).ok());
        let is_there = |turn: &Turn| channel.is_none() || turn.channel == channel;
        let from = transcript.turns.iter().position(is_there).unwrap_or(0);
        let to = transcript
            .turns
            .iter()
            .rposition(is_there)
            .map_or(transcript.turns.len(), |last| last + 1);
        let turns = from..to;
        let index = indices.entry(channel).or_insert_with(|| Index::new(transcript, turns.clone()));
        let mut places = Vec::new();
        for word in utterance.list("words") {
            let time = optional_range(FORMAT.name, word, "start", "end", Unit::Seconds)?;
            let (plain, written) = (word.get("word"), word.get("punctuated_word"));
            places.push(index.add_copies(
                transcript,
                plain.or(written),
                &[plain, written],
                time,
                &turns,
            ));
        }
        let Some(text) = utterance.get("transcript") else { continue };
        // The words of the utterance are a stretch of one turn, if they were all found again.
        let (first, last) = (places.first().copied().flatten(), places.last().copied().flatten());
        let stretch = first.zip(last).filter(|(first, last)| {
            places.iter().all(Option::is_some)
                && first.0 == last.0
                && last.1 + 1 == first.1 + places.len()
        });
        let (turns, words) = match stretch {
            Some((first, last)) => (first.0..first.0 + 1, Some(first.1..last.1 + 1)),
            None => (turns, None),
        };
        transcript.repeats.push(Repeat { source: text.range(), turns, words });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, truth_on_all, windows, words};

    const ENTITIES: &str = include_str!("../../../fixtures/transcripts/deepgram.entities.json");
    const REDACTED: &str =
        include_str!("../../../fixtures/transcripts/deepgram.multichannel.redact.json");

    fn message(index: &str, is_final: bool, word: &str) -> String {
        format!(
            r#"{{"type":"Results","channel_index":{index},"is_final":{is_final},"channel":{{"alternatives":[{{"transcript":"{word}","words":[{{"word":"{word}","start":1.0,"end":1.5}}]}}]}}}}"#
        )
    }

    #[test]
    fn a_stream_is_read_by_its_final_messages_and_by_the_last_one_if_that_is_not_final() {
        let lines = [
            r#"{"type":"Metadata","channels":2}"#.to_owned(),
            message("[0,2]", false, "fo"),
            message("[1,2]", false, "yes"),
            message("[0,2]", true, "****"),
            r#"{"type":"UtteranceEnd","channel":[0,2],"last_word_end":1.5}"#.to_owned(),
        ];
        let text = lines.join("\n");
        let transcript = read_as("deepgram", &text);
        let said: Vec<String> = words(&transcript).into_iter().map(|(word, _)| word).collect();
        assert_eq!(said, ["yes", "****"]);
        assert_eq!(windows(&transcript), [(Some(0), 1000, 1500)]);
        assert_listed(&transcript, &text, "\"fo\"");
    }

    #[test]
    fn a_mix_of_two_channels_is_not_channel_0() {
        assert!(windows(&read_as("deepgram", ENTITIES)).iter().all(|window| window.0.is_none()));
        let text = ENTITIES.replace("\"channels\": 1", "\"channels\": 2");
        assert!(windows(&read_as("deepgram", &text)).iter().all(|window| window.0.is_none()));
        let one = message("[0,1]", true, "[PII]");
        assert_eq!(windows(&read_as("deepgram", &one)), [(None, 1000, 1500)]);
    }

    #[test]
    fn entities_name_words_by_index_with_the_end_left_out() {
        let transcript = read_as("deepgram", ENTITIES);
        let counts = transcript.marks.iter().map(|mark| match &mark.place {
            super::Place::Words(_, words) => words.len(),
            _ => 0,
        });
        assert_eq!(counts.collect::<Vec<_>>(), [14, 3]);
        assert!(transcript.searched);
    }

    #[test]
    fn only_the_first_alternative_is_read_and_utterances_are_copies() {
        let transcript = read_as("deepgram", REDACTED);
        assert_eq!(windows(&transcript).len(), truth_on_all().len());
        assert!(transcript.marks.iter().all(|mark| mark.kind != "SSN"));
        assert_listed(&transcript, REDACTED, "[CREDIT_CARD_1]");
        assert_listed(&transcript, REDACTED, "[SSN_1]");
    }

    #[test]
    fn an_entity_beyond_the_words_has_no_place() {
        let text = ENTITIES.replace("\"end_word\": 24", "\"end_word\": 99");
        let transcript = read_as("deepgram", &text);
        assert!(transcript.marks.iter().any(|mark| mark.place == super::Place::Nowhere));
    }
}
