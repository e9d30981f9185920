//! WebVTT: `WEBVTT`, then cues; the tags and masks in their text are the marks.
//!
//! A cue is seconds wide, and is the finest time unless it holds inner times.

use super::super::model::Sort;
use super::cue_text::turns;
use super::speaker_name::Names;
use super::subtitle::{Cue, cues, is_timed};
use super::{Document, Format, Padding, Remark, Seen, Transcript, TranscriptError};

pub(super) const FORMAT: Format = Format {
    name: "webvtt",
    title: "WebVTT",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let rest = document.text.trim_start().strip_prefix("WEBVTT");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    // The header ends at a blank line, or at times that follow without one. The line before them may be a name.
    let mut lines = document.lines().skip_while(|line| line.text.trim().is_empty()).peekable();
    let (mut notes, mut header) = (Vec::new(), Vec::new());
    while let Some(line) =
        lines.next_if(|line| !line.text.trim().is_empty() && !is_timed(line.text))
    {
        if line.text.starts_with("X-TIMESTAMP-MAP") {
            notes.push("the header puts the times onto the clock of a stream: they are taken as times of the recording".to_owned());
            continue;
        }
        let title = line.text.find("WEBVTT").filter(|_| header.is_empty());
        let start = line.start + title.map_or(0, |at| at + "WEBVTT".len());
        header.push(Remark::of(start..line.start + line.text.len()));
    }
    let (cues, mut remarks) = cues(FORMAT.name, lines)?;
    remarks.append(&mut header);
    let mut transcript = Transcript { remarks, ..of_cues(&cues) };
    transcript.notes.append(&mut notes);
    Ok(transcript)
}

/// The transcript of subtitles.
pub(super) fn of_cues(cues: &[Cue<'_>]) -> Transcript {
    let names = Names::of(cues);
    let turns = cues.iter().flat_map(|cue| turns(cue, &names)).collect();
    Transcript { sort: Sort::Subtitles, turns, ..Transcript::default() }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, words};

    const VOICE: &str = include_str!("../../../fixtures/transcripts/voice.vtt");

    fn cue_times(text: &str) -> Vec<(u128, u128)> {
        let transcript = read_as("webvtt", text);
        let times = transcript.turns.iter().filter_map(|turn| turn.time);
        times.map(|time| (time.start.as_millis(), time.end.as_millis())).collect()
    }

    fn texts(text: &str) -> Vec<String> {
        words(&read_as("webvtt", text)).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn words_between_inner_times_have_times() {
        let transcript = read_as("webvtt", VOICE);
        let words = words(&transcript);
        let at = |index: usize| words.get(index).cloned().unwrap();
        assert_eq!(at(8), ("four".to_owned(), Some((3240, 3680))));
        assert_eq!(at(11), ("one".to_owned(), Some((4560, 4900))));
        assert_eq!(words.last().cloned().unwrap(), ("three".to_owned(), Some((15720, 16000))));
        assert_eq!(
            transcript.turns[1].party.as_ref().map(|party| party.expose()),
            Some("CUSTOMER")
        );
        assert_listed(&transcript, VOICE, "four");
    }

    #[test]
    fn odd_layouts_are_read() {
        assert_eq!(cue_times("WEBVTT\n00:00:00.000 --> 00:00:01.000\nso"), [(0, 1000)]);
        let newlines = "WEBVTT\r\rcr\r00:01.000 --> 00:02.000\rtext0\r\n\r\ncrlf\r\n00:01.000 --> 00:02.000\r\ntext1\n\rlf\n00:01.000 --> 00:02.000\ntext2";
        assert_eq!(texts(newlines), ["text0", "text1", "text2"]);
        let marked =
            include_str!("../../../fixtures/third-party/transcripts/webvtt.captions_with_bom.vtt");
        assert_eq!(cue_times(marked).len(), 4);
        let comments =
            include_str!("../../../fixtures/third-party/transcripts/webvtt.comments.vtt");
        assert_eq!(
            cue_times(comments),
            [(135_000, 140_000), (140_000, 145_000), (145_000, 150_000)]
        );
        assert!(!texts(comments).contains(&"Kyle".to_owned()));
        assert_eq!(
            cue_times(
                "WEBVTT\n\nSTYLE\n::cue { color: #fff }\n\nREGION\nid:a\n\nid\n00:01.000 --> 00:02.000\nso\n"
            ),
            [(1000, 2000)]
        );
    }

    #[test]
    fn arrows_in_names_and_texts_are_no_times() {
        let time = "00:00:00.000 --> 00:00:01.000";
        let arrows = format!(
            "WEBVTT\n\n-->\n{time}\ntext0\nfoo-->\n{time}\ntext1\n-->foo\n{time}\ntext2\n{time}\ntext3\n\n00:00:00.000 -a -->\n"
        );
        let texts = texts(&arrows).into_iter().filter(|word| word.starts_with("text"));
        assert_eq!(texts.collect::<Vec<_>>(), ["text0", "text1", "text2", "text3"]);
    }

    #[test]
    fn tags_inside_of_a_cue_split_it() {
        let tags = include_str!("../../../fixtures/third-party/transcripts/webvtt.cue_tags.vtt");
        assert_eq!(
            cue_times(tags),
            [(16500, 17500), (17500, 18500), (18500, 19000), (19000, 20500), (20500, 21500)]
        );
        assert_eq!(
            words(&read_as("webvtt", tags)).last().cloned(),
            Some(("amore".to_owned(), Some((21000, 21500))))
        );
    }

    #[test]
    fn an_invalid_cue_is_an_error_with_its_line() {
        let error = |text| error_of(text);
        assert_eq!(
            error(include_str!(
                "../../../fixtures/third-party/transcripts/webvtt.invalid_timeframe.vtt"
            )),
            "webvtt: line 6: not a time"
        );
        let missing = error(include_str!(
            "../../../fixtures/third-party/transcripts/webvtt.missing_timeframe.vtt"
        ));
        assert!(missing.starts_with("webvtt: line 6: a text without times"), "{missing}");
    }

    #[test]
    fn a_nul_anywhere_in_the_times_of_a_cue_is_an_error_and_elsewhere_it_is_none() {
        let times = "00:00:00.000 --> 00:00:01.000";
        for (at, _) in times.char_indices() {
            let broken = format!("{}\0{}", &times[..at], &times[at + 1..]);
            let text = format!("WEBVTT\n\n{broken}\nso\n");
            let is_read = [12, 16].contains(&at);
            assert!(
                is_read || super::super::super::read(text.as_bytes(), None).is_err(),
                "{broken:?}"
            );
        }
        let text = format!(
            "WEBVTT\n\0\nheader\n{times}\ntext0\n\n\0 id\n{times}\0align:end\ntext\u{0}1\n\n{times} align:end\0\ntext2\n"
        );
        assert_eq!(texts(&text), ["text0", "text\u{0}1", "text2"]);
    }

    #[test]
    fn names_before_a_colon_are_speakers() {
        let text =
            "WEBVTT\n\n00:01.000 --> 00:02.000\nBob Lee: so\n\n00:02.000 --> 00:03.000\nAnn: yes\n";
        let transcript = read_as("webvtt", text);
        assert_eq!(transcript.turns[0].party.as_ref().map(|party| party.expose()), Some("Bob Lee"));
        assert_eq!(texts(text), ["so", "yes"]);
    }
}
