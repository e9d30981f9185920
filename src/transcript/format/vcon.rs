//! vCon: a conversation with its parties, recordings and analyses; a transcript is the `body` of an analysis.
//!
//! The body is read by the reader of its own format (Deepgram, Whisper …), or as a plain list of words or segments.
//! `dialog[].parties` has one entry for each audio channel: it names the party of a channel, where the transcript has
//! numbered channels. The wall time of a dialog is not used. A `redacted` entry gives no times.

use super::super::json::{Json, Kind};
use super::super::model::Sort;
use super::common::forget_lone_channel;
use super::vcon_body;
use super::{
    Document, FORMATS, Format, Mark, Node, Padding, Place, Remark, Repeat, Seen, Text, Transcript,
    TranscriptError, TranscriptProblem, Turn,
};

pub(super) const FORMAT: Format = Format {
    name: "vcon",
    title: "vCon",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// More channels than any recording has.
const MOST_CHANNELS: usize = 64;

fn recognise(document: &Document<'_>) -> bool {
    document.root().is_some_and(|root| {
        let is_list = |key: &str| root.get(key).is_some_and(|node| node.kind() == Kind::Array);
        // Older files lack the version.
        is_list("parties")
            && is_list("dialog")
            && ["vcon", "uuid", "analysis"].iter().any(|key| root.has(key))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut all = Transcript::default();
    let Some(root) = document.root() else { return Ok(all) };
    let (dialogs, parties): (Vec<Node<'_>>, Vec<Node<'_>>) =
        (root.list("dialog").collect(), root.list("parties").collect());
    let mut recording = None;
    for (index, analysis) in root.list("analysis").enumerate() {
        let Some(body) = analysis.get("body") else { continue };
        let kind = analysis.text_of("type").unwrap_or_default().to_lowercase();
        let is_named = kind.contains("transcript");
        let Some((mut transcript, format)) = read_body(document, body, index)? else {
            if is_named {
                let problem =
                    TranscriptProblem::Expected("a transcript of a known format, with times");
                return Err(TranscriptError::at(FORMAT.name, body.path(), problem));
            }
            continue;
        };
        // A summary may be a list of speakers and messages: without times it is no transcript.
        if !is_named && !has_times(&transcript) {
            continue;
        }
        let dialog = analysis
            .get("dialog")
            .and_then(|node| node.index().or_else(|| node.items().next()?.index()))
            .unwrap_or(0);
        if *recording.get_or_insert(dialog) != dialog {
            let reason = "it holds transcripts of several recordings: keep the analysis of one";
            return Err(TranscriptError::unusable(FORMAT.name, reason));
        }
        name_parties(&mut transcript, &parties, dialogs.get(dialog).copied());
        all.notes.push(format!("analysis[{index}] is read as {format}"));
        append(&mut all, transcript);
    }
    for node in ["dialog", "attachments", "analysis"].iter().flat_map(|key| root.list(key)) {
        let is_encoded = node.text_of("encoding").is_some_and(|code| code.starts_with("base64"));
        // The recording itself, or what cannot be looked into.
        let body = node.get("body").filter(|_| is_encoded).map(|body| body.range());
        all.remarks.extend(body.map(|source| Remark { source, is_recording: true }));
    }
    if root.get("redacted").is_some_and(|node| node.members().next().is_some()) {
        all.notes
            .push("the vCon says that it was redacted, and gives no times for that".to_owned());
    }
    Ok(all)
}

fn has_times(transcript: &Transcript) -> bool {
    let is_timed =
        |turn: &Turn| turn.time.is_some() || turn.words.iter().any(|word| word.time.is_some());
    !transcript.marks.is_empty() || transcript.turns.iter().any(is_timed)
}

/// The transcript of a body and the name of its format; none if it is no transcript.
fn read_body(
    document: &Document<'_>,
    body: Node<'_>,
    index: usize,
) -> Result<Option<(Transcript, &'static str)>, TranscriptError> {
    let inside = |error| at_body(error, index);
    let Some(text) = body.text() else {
        let part = body.alone();
        return read_inner(&Document::new(document.text, Some(&part), None, None)).map_err(inside);
    };
    // JSON or subtitles in a string: what they say has no bytes of its own, so the string counts as a whole.
    let is_json = text.trim_start().starts_with(['{', '[']);
    let json = if is_json { Json::parse(&text).ok() } else { None };
    let found = read_inner(&Document::new(&text, json.as_ref(), None, None)).map_err(inside)?;
    Ok(found.map(|(mut transcript, format)| {
        for word in transcript.turns.iter_mut().flat_map(|turn| &mut turn.words) {
            word.source = None;
            word.copies.clear();
        }
        let turns = 0..transcript.turns.len();
        transcript.remarks.clear();
        transcript.repeats = vec![Repeat { source: body.range(), turns, words: None }];
        (transcript, format)
    }))
}

fn read_inner(inner: &Document<'_>) -> Result<Option<(Transcript, &'static str)>, TranscriptError> {
    let format = FORMATS
        .iter()
        .filter(|format| format.name != FORMAT.name)
        .find(|format| (format.recognise)(inner));
    match format {
        Some(format) => Ok(Some(((format.read)(inner)?, format.name))),
        None => Ok(vcon_body::read(inner)?.map(|transcript| (transcript, "a list of words"))),
    }
}

/// The error of the inner reader with the place of the body in the file.
fn at_body(error: TranscriptError, index: usize) -> TranscriptError {
    match error {
        TranscriptError::Invalid { format, place, problem } => {
            let dot = if place.is_empty() || place.starts_with('[') { "" } else { "." };
            TranscriptError::Invalid {
                format,
                place: format!("analysis[{index}].body{dot}{place}"),
                problem,
            }
        }
        other => other,
    }
}

/// Gives turns on a channel the party that the dialog names for it, unless they have one.
fn name_parties(transcript: &mut Transcript, parties: &[Node<'_>], dialog: Option<Node<'_>>) {
    let channels: Vec<Node<'_>> =
        dialog.into_iter().flat_map(|dialog| dialog.list("parties")).take(MOST_CHANNELS).collect();
    let name = |channel: u16| {
        // A list is a mix of several parties on one channel.
        let party = parties.get(channels.get(usize::from(channel))?.index()?)?;
        let role = party.get("role").or_else(|| party.at(&["meta", "role"]));
        role.or_else(|| party.get("name")).and_then(|node| node.text()).map(Text::new)
    };
    for turn in transcript.turns.iter_mut().filter(|turn| turn.party.is_none()) {
        turn.party = turn.channel.and_then(name);
    }
    forget_lone_channel(transcript, None);
}

/// Adds `other` behind `all`.
fn append(all: &mut Transcript, other: Transcript) {
    let first = all.turns.len();
    let moved = |mark: Mark| {
        let place = match mark.place {
            Place::WholeTurn(turn) => Place::WholeTurn(turn + first),
            Place::Words(turn, words) => Place::Words(turn + first, words),
            Place::Time { start, end, channel, turn } => {
                Place::Time { start, end, channel, turn: turn.map(|turn| turn + first) }
            }
            Place::Nowhere => Place::Nowhere,
        };
        Mark { place, ..mark }
    };
    all.turns.extend(other.turns);
    all.marks.extend(other.marks.into_iter().map(moved));
    all.offered.extend(other.offered.into_iter().map(moved));
    all.repeats.extend(other.repeats.into_iter().map(|repeat| {
        let turns = repeat.turns.start + first..repeat.turns.end + first;
        Repeat { turns, ..repeat }
    }));
    if other.sort != Sort::Speech {
        all.sort = other.sort;
    }
    all.remarks.extend(other.remarks);
    all.searched |= other.searched;
    all.is_x_masked |= other.is_x_masked;
    all.notes.extend(other.notes);
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, error_of, read_as, words};
    use super::*;

    const CALL: &str = include_str!("../../../fixtures/transcripts/vcon.json");

    fn with_body(kind: &str, body: &str) -> String {
        format!(
            r#"{{"vcon":"0.0.1","parties":[{{"name":"Ann","role":"customer"}},{{"name":"Bob"}}],"dialog":[{{"type":"recording","parties":[0,1]}}],
            "analysis":[{{"type":"summary","dialog":0,"body":"so"}},{{"type":"{kind}","dialog":0,"body":{body}}}]}}"#
        )
    }

    #[test]
    fn a_list_of_words_is_read_and_channels_get_their_party() {
        let transcript = read_as("vcon", CALL);
        let said = words(&transcript);
        let is_edge = |at: u128| {
            said.iter().filter_map(|word| word.1).any(|(start, end)| start == at || end == at)
        };
        assert!(TRUTH.iter().all(|&(_, start, end)| is_edge(start) && is_edge(end)));
        let turn = transcript
            .turns
            .iter()
            .find(|turn| turn.words.iter().any(|word| word.text.expose() == "four"))
            .unwrap();
        assert_eq!((turn.channel, turn.party.clone()), (Some(0), Some(Text::new("caller"))));
        assert_listed(&transcript, CALL, "\"four\"");
    }

    #[test]
    fn a_body_of_a_service_is_read_by_its_reader() {
        let deepgram = r#"{"metadata":{},"results":{"channels":[{"alternatives":[{"transcript":"so 4111","words":[{"word":"so","start":1.0,"end":1.5},
            {"word":"4111","start":1.5,"end":2.0}]}]},{"alternatives":[{"transcript":"yes","words":[{"word":"yes","start":3.0,"end":3.5}]}]}]}}"#;
        let text = with_body("transcript", deepgram);
        let transcript = read_as("vcon", &text);
        assert_eq!(words(&transcript)[1], ("4111".to_owned(), Some((1500, 2000))));
        assert_eq!(transcript.turns[0].party, Some(Text::new("customer")));
        assert_eq!(transcript.turns[1].party, Some(Text::new("Bob")));
        assert!(transcript.notes.iter().any(|note| note == "analysis[1] is read as deepgram"));
        assert_listed(&transcript, &text, "4111");
    }

    #[test]
    fn a_body_in_a_string_is_a_repeat_as_a_whole() {
        let body = r#""{\"words\":[{\"word\":\"4111\",\"start\":1.5,\"end\":2.0}]}""#;
        let text = with_body("transcript", body);
        let transcript = read_as("vcon", &text);
        assert_eq!(words(&transcript), [("4111".to_owned(), Some((1500, 2000)))]);
        assert_listed(&transcript, &text, "4111");
        let subtitles = r#""WEBVTT\n\n00:01.000 --> 00:02.000\nso 4111\n""#;
        let transcript = read_as("vcon", &with_body("transcript", subtitles));
        assert_eq!((transcript.sort, words(&transcript).len()), (Sort::Subtitles, 2));
    }

    #[test]
    fn segments_and_the_world_transcription_format_are_read() {
        let wtf = r#"{"transcript":{"text":"so 4111"},"segments":[{"id":0,"start":1.0,"end":2.0,"text":"so 4111","speaker":0,"words":[0,1]}],
            "words":[{"id":0,"start":1.0,"end":1.5,"text":"so","speaker":0},{"id":1,"start":1.5,"end":2.0,"text":"4111","speaker":0}]}"#;
        let text = with_body("wtf_transcription", wtf);
        let transcript = read_as("vcon", &text);
        assert_eq!(words(&transcript).len(), 2);
        assert_listed(&transcript, &text, "4111");
        let transcript = read_as(
            "vcon",
            &with_body("transcript", r#"[{"speaker":"Agent","text":"so 4111","start":1,"end":2}]"#),
        );
        assert_eq!(transcript.turns[0].time.map(|time| time.end.as_millis()), Some(2000));
    }

    #[test]
    fn messages_without_times_are_words_without_times() {
        let messages = r#"[{"speaker":"Agent","message":"so"},{"speaker":"Customer","message":"one two three four"}]"#;
        let transcript = read_as("vcon", &with_body("transcript", messages));
        assert_eq!((transcript.turns.len(), words(&transcript)[1].1), (2, None));
        // Under another name they may be anything.
        assert!(read_as("vcon", &with_body("analysis_info", messages)).turns.is_empty());
    }

    #[test]
    fn a_transcript_that_is_not_understood_is_an_error_with_its_place() {
        assert!(
            error_of(&with_body("transcript", "\"so it is\""))
                .starts_with("vcon: analysis[1].body: expected a transcript")
        );
        let negative = with_body("transcript", r#"{"words":[{"word":"a","start":-1,"end":2}]}"#);
        assert_eq!(error_of(&negative), "vcon: analysis[1].body.words[0].start: a negative time");
    }

    #[test]
    fn transcripts_of_several_recordings_are_refused() {
        let more = r#""analysis":[{"type":"transcript","dialog":1,"body":{"words":[{"word":"a","start":1,"end":2}]}},"#;
        let text = with_body("transcript", r#"{"words":[{"word":"a","start":1,"end":2}]}"#)
            .replace("\"analysis\":[", more);
        assert!(error_of(&text).contains("several recordings"));
    }
}
