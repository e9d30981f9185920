//! whisper-timestamped: `segments[].words[]` with the key `text`, seconds.

use super::common::add_repeat;
use super::whisper_words::{add_segment, word};
use super::{Document, Format, Padding, Seen, Transcript, TranscriptError};

pub(super) const FORMAT: Format = Format {
    name: "whisper-timestamped",
    title: "whisper-timestamped",
    padding: Padding::WIDE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let segments = document.root().into_iter().flat_map(|root| root.list("segments"));
    let mut words = segments.take(8).flat_map(|segment| segment.list("words"));
    words.next().is_some_and(|word| word.has("text") && word.has("start") && !word.has("word"))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    for segment in root.list("segments") {
        let words = segment.list("words").map(|node| word(FORMAT.name, node));
        let words = words.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        add_segment(&mut transcript, FORMAT.name, segment, words)?;
    }
    let all = 0..transcript.turns.len();
    add_repeat(&mut transcript, root.get("text"), all);
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, words};

    const REAL: &str =
        include_str!("../../../fixtures/third-party/transcripts/whisper-timestamped.json");

    #[test]
    fn the_real_file_has_its_words_under_text() {
        let transcript = read_as("whisper-timestamped", REAL);
        let said = words(&transcript);
        assert_eq!(said[0], ("Yeah,".to_owned(), Some((120, 380))));
        assert_eq!(said.last().unwrap(), &("today.".to_owned(), Some((25_060, 25_320))));
        assert!(said.iter().all(|(_, time)| time.is_some()));
        assert_listed(&transcript, REAL, "spacewalk");
    }

    #[test]
    fn tokens_and_seek_do_not_make_it_openai_whisper() {
        let text = r#"{"text":" so","segments":[{"id":0,"seek":0,"start":0.1,"end":0.3,"text":" so","tokens":[1],
            "words":[{"text":"so","start":0.1,"end":0.3,"confidence":0.9}]}]}"#;
        assert_eq!(words(&read_as("whisper-timestamped", text)).len(), 1);
    }
}
