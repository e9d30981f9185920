//! The samples from file to windows, and written back.

use std::time::Duration;

use super::{Options, Parties, Read, Rule, Rules, SelectError, Selection, Sort, read};

/// Channel, start and end in milliseconds (`None`: open), label.
type Row = (Option<u16>, u128, Option<u128>, String);

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/transcripts/", $name))
    };
}

/// The five passages of the invented call.
const TRUTH: [(u16, u128, u128); 5] =
    [(0, 3240, 4900), (0, 5300, 7100), (0, 7600, 10300), (1, 11760, 12600), (0, 15040, 16000)];

fn opened(text: &str) -> Read {
    read(text.as_bytes(), None).unwrap()
}

fn numbers() -> Options {
    Options { find: Rules::new(&[Rule::Numbers]), ..Options::default() }
}

fn rows(windows: &[super::PlacedWindow]) -> Vec<Row> {
    let row = |window: &super::PlacedWindow| {
        let label = window.label.clone().unwrap_or_default();
        (window.channel, window.start.as_millis(), window.end.map(|end| end.as_millis()), label)
    };
    windows.iter().map(row).collect()
}

fn times(selection: &Selection) -> Vec<(Option<u16>, u128, u128)> {
    rows(&selection.bare)
        .into_iter()
        .map(|(channel, start, end, _)| (channel, start, end.unwrap_or(0)))
        .collect()
}

fn truth(has_channels: bool) -> Vec<(Option<u16>, u128, u128)> {
    TRUTH
        .iter()
        .map(|&(channel, start, end)| (has_channels.then_some(channel), start, end))
        .collect()
}

/// Everything that was said in digits or digit words is gone, and the rest is still there.
fn assert_clean(name: &str, text: &str, selection: &Selection) {
    let masked = opened(text).masked(&selection.bare, &Parties::default()).unwrap();
    let out = String::from_utf8(masked.bytes).unwrap();
    for digits in ["4111", "1111", "four one", "one one", "\"four\"", "\"one\"", "\"two\"", ">one<"]
    {
        assert!(!out.to_lowercase().contains(digits), "{name} still holds {digits}:\n{out}");
    }
    for word in ["card", "number", "ending"] {
        assert_eq!(out.matches(word).count(), text.matches(word).count(), "{name}: {word} is gone");
    }
    assert!(masked.words > 0, "{name}");
}

#[test]
fn marks_give_the_windows_of_their_rows() {
    for (name, text, has_channels) in [
        ("aws", sample!("aws-transcribe.redacted.channels.json"), true),
        ("aws streaming", sample!("aws-transcribe.stream.entities.json"), true),
        ("contact lens", sample!("contact-lens.postcall.redacted.json"), true),
        ("deepgram", sample!("deepgram.multichannel.redact.json"), true),
        ("assemblyai hash", sample!("assemblyai.multichannel.hash.json"), true),
        ("assemblyai entities", sample!("assemblyai.entities.json"), false),
        ("azure conversation", sample!("azure-conversation-pii.result.json"), true),
        ("gladia", sample!("gladia.mask.json"), true),
    ] {
        let selection = opened(text).select(&Options::default()).unwrap();
        assert_eq!(times(&selection), truth(has_channels), "{name}");
        assert_eq!(selection.summary.marks_placed, selection.summary.marks_found, "{name}");
    }
}

#[test]
fn finds_give_the_windows_of_their_rows() {
    for (name, text, has_channels) in [
        ("azure batch", sample!("azure-batch.channels.json"), true),
        ("google v1", sample!("google-v1.json"), true),
        ("google v2", sample!("google-v2.json"), true),
        ("whisper", sample!("openai-whisper.words.json"), false),
        ("whisper api", sample!("openai-api.verbose.json"), false),
        ("whisper.cpp", sample!("whispercpp.full.json"), false),
    ] {
        let selection = opened(text).select(&numbers()).unwrap();
        assert_eq!(times(&selection), truth(has_channels), "{name}");
        assert_clean(name, text, &selection);
    }
}

#[test]
fn a_whole_entity_is_one_window() {
    let selection = opened(sample!("deepgram.entities.json")).select(&Options::default()).unwrap();
    let times: Vec<_> = rows(&selection.bare).into_iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(times, [(3240, Some(10300)), (15040, Some(16000))]);
    assert_clean("deepgram entities", sample!("deepgram.entities.json"), &selection);
}

#[test]
fn words_without_times_reach_to_their_neighbours() {
    for text in [sample!("whisperx.untimed.json"), sample!("whisperx.filled.json")] {
        let selection = opened(text).select(&numbers()).unwrap();
        let times: Vec<_> = rows(&selection.bare).into_iter().map(|row| (row.1, row.2)).collect();
        // The first and the second are 300 ms apart, and the second and the third 500 ms.
        let wanted = [
            (3140, Some(5000)),
            (5300, Some(7100)),
            (7600, Some(10300)),
            (11740, Some(13000)),
            (14980, None),
        ];
        assert_eq!(times, wanted);
        assert_clean("whisperx", text, &selection);
        assert_eq!(selection.summary.untimed.by_neighbours, 3);
        assert_eq!(selection.summary.untimed.by_unit, 2);
        assert_eq!(selection.summary.untimed.long, 1);
    }
}

#[test]
fn sentences_without_words_are_whole_windows() {
    let selection =
        opened(sample!("contact-lens.realtime.json")).select(&Options::default()).unwrap();
    let times: Vec<_> =
        rows(&selection.bare).into_iter().map(|row| (row.0, row.1, row.2)).collect();
    assert!(
        times.contains(&(None, 2800, Some(4900))) || times.contains(&(Some(0), 2800, Some(4900))),
        "{times:?}"
    );
    assert_eq!(selection.summary.untimed.by_unit, 5);
    assert!(selection.summary.notes.iter().any(|note| note.contains("whole")));
}

#[test]
fn padding_fits_the_source() {
    let aws = opened(sample!("aws-transcribe.redacted.channels.json"))
        .select(&Options::default())
        .unwrap();
    assert_eq!(rows(&aws.windows)[0].1, 3240 - 150);
    assert_eq!(rows(&aws.windows)[0].2, Some(4900 + 150));
    let deepgram =
        opened(sample!("deepgram.multichannel.redact.json")).select(&Options::default()).unwrap();
    // The next word of the customer is the next tag, at 5.3 s: 400 ms later.
    assert_eq!(
        (rows(&deepgram.windows)[0].1, rows(&deepgram.windows)[0].2),
        (3240 - 250, Some(5300))
    );
    let pad = Some((Duration::from_millis(50), Duration::from_millis(200)));
    let given = Options { pad, ..Options::default() };
    let given = opened(sample!("deepgram.multichannel.redact.json")).select(&given).unwrap();
    assert_eq!((rows(&given.windows)[0].1, rows(&given.windows)[0].2), (3190, Some(5100)));
}

#[test]
fn a_label_is_the_kind_alone() {
    for text in [sample!("deepgram.multichannel.redact.json"), sample!("assemblyai.entities.json")]
    {
        let selection = opened(text).select(&Options::default()).unwrap();
        for (.., label) in rows(&selection.windows) {
            assert!(["card", "cvv"].contains(&label.as_str()), "{label}");
        }
    }
}

#[test]
fn only_keeps_the_kinds_that_are_asked_for() {
    let text = sample!("deepgram.multichannel.redact.json");
    let only = |kind: &str| Options { only: vec![kind.to_owned()], ..Options::default() };
    let all = opened(text).select(&Options::default()).unwrap().windows.len();
    assert_eq!(opened(text).select(&only("card")).unwrap().windows.len(), all);
    let cvv = opened(text).select(&only("cvv")).unwrap();
    assert!(cvv.windows.len() < all);
    assert!(!cvv.summary.left_out.is_empty());
    let none = opened(text).select(&only("phone")).unwrap();
    assert!(none.windows.is_empty());
    assert!(matches!(opened(text).select(&only("crad")), Err(SelectError::NoSuchKind { .. })));
}

#[test]
fn a_party_has_the_channel_that_the_user_says() {
    let mut parties = Parties::default();
    parties.add("SPEAKER_00=0,speaker_01=1").unwrap();
    let options = Options { parties, ..numbers() };
    let selection = opened(sample!("whisperx.untimed.json")).select(&options).unwrap();
    let channels: Vec<_> = rows(&selection.bare).into_iter().map(|row| row.0).collect();
    assert_eq!(channels, [Some(0), Some(0), Some(0), Some(1), Some(0)]);
    assert_eq!(selection.summary.channels, [0, 1]);
    assert_eq!(selection.summary.on_all_channels, 0);
}

#[test]
fn a_speaker_is_muted_turn_by_turn() {
    let options = Options { speakers: vec!["speaker_00".to_owned()], ..Options::default() };
    let selection = opened(sample!("whisperx.untimed.json")).select(&options).unwrap();
    assert_eq!(selection.summary.speaker_turns, 4);
    let options = Options { speakers: vec!["nobody".to_owned()], ..Options::default() };
    let error = opened(sample!("whisperx.untimed.json")).select(&options).unwrap_err();
    assert!(error.to_string().contains("SPEAKER_01"), "{error}");
}

#[test]
fn nothing_marked_and_nothing_asked_for_is_an_error() {
    let error = opened(sample!("google-v1.json")).select(&Options::default()).unwrap_err();
    assert!(matches!(error, SelectError::NothingMarked { .. }), "{error}");
    assert!(error.to_string().contains("--find numbers"));
}

#[test]
fn searched_and_nothing_found_is_an_outcome() {
    let text = r#"{"results":{"channels":[{"alternatives":[{"words":[{"word":"hello","start":0.1,"end":0.4}]}]}]}}"#;
    let selection = opened(text).select(&numbers()).unwrap();
    assert!(selection.windows.is_empty());
}

#[test]
fn a_mark_without_a_time_is_an_error() {
    let text = r#"{"results":{"channels":[{"alternatives":[{"words":[{"word":"[PII]"}]}]}]}}"#;
    let error = opened(text).select(&Options::default()).unwrap_err();
    assert!(matches!(error, SelectError::Unplaced { count: 1, .. }), "{error}");
    let text = r#"{"results":{"channels":[{"alternatives":[{"words":[{"word":"hello"}]}]}]}}"#;
    assert!(matches!(opened(text).select(&Options::default()), Err(SelectError::NoTimes { .. })));
    assert!(matches!(opened(text).select(&numbers()), Err(SelectError::NoTimes { .. })));
}

#[test]
fn no_message_and_no_debug_holds_what_was_said() {
    let read = opened(sample!("openai-whisper.words.json"));
    let shown = format!("{:?} {:?}", read.transcript(), read.select(&numbers()).unwrap());
    assert!(!shown.contains("4111") && !shown.contains("card number"), "{shown}");
    for broken in [
        r#"{"results":{"channels":[{"alternatives":[{"words":[{"word":"secret","start":"secret"}]}]}]}}"#,
        "secret",
        "{secret}",
    ] {
        let error = super::read(broken.as_bytes(), None).err().unwrap();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn an_error_names_format_and_place() {
    let text = r#"{"results":{"channels":[{"alternatives":[{"words":[{"word":"a","start":-1,"end":2}]}]}]}}"#;
    let error = super::read(text.as_bytes(), None).err().unwrap();
    assert_eq!(
        error.to_string(),
        "deepgram: results.channels[0].alternatives[0].words[0].start: a negative time"
    );
}

#[test]
fn what_is_not_masked_stays_byte_for_byte() {
    let text = sample!("openai-whisper.words.json");
    let read = opened(text);
    let nothing = read.masked(&[], &Parties::default()).unwrap();
    assert_eq!(nothing.bytes, text.as_bytes());
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let read = super::read(&utf16, None).unwrap();
    assert_eq!(read.masked(&[], &Parties::default()).unwrap().bytes, utf16);
    assert_eq!(read.transcript().sort, Sort::Speech);
}

/// All files that hold words.
const ALL: &[(&str, &str)] = &[
    ("aws", sample!("aws-transcribe.redacted.channels.json")),
    ("aws streaming", sample!("aws-transcribe.stream.entities.json")),
    ("contact lens", sample!("contact-lens.postcall.redacted.json")),
    ("contact lens real-time", sample!("contact-lens.realtime.json")),
    ("deepgram", sample!("deepgram.multichannel.redact.json")),
    ("deepgram entities", sample!("deepgram.entities.json")),
    ("assemblyai", sample!("assemblyai.entities.json")),
    ("azure batch", sample!("azure-batch.channels.json")),
    ("whisper", sample!("openai-whisper.words.json")),
    ("whisper api", sample!("openai-api.verbose.json")),
    ("whisper.cpp", sample!("whispercpp.full.json")),
    ("whisperx", sample!("whisperx.untimed.json")),
    ("gladia", sample!("gladia.mask.json")),
    ("google v1", sample!("google-v1.json")),
    ("google v2", sample!("google-v2.json")),
    ("revai", sample!("revai.json")),
    ("speechmatics", sample!("speechmatics.redacted.json")),
    ("genesys", sample!("genesys.transcript.json")),
    ("twilio", sample!("twilio.sentences.json")),
    ("ibm real", include_str!("../../fixtures/third-party/transcripts/ibm.cut.json")),
    ("google real", include_str!("../../fixtures/third-party/transcripts/google-v1.cut.json")),
    (
        "speechmatics real",
        include_str!("../../fixtures/third-party/transcripts/speechmatics.entity.json"),
    ),
    ("srt", sample!("tags.srt")),
    ("vtt", sample!("voice.vtt")),
    ("ctm", sample!("nemo.ctm")),
    (
        "call analytics",
        include_str!("../../fixtures/third-party/transcripts/aws-call-analytics.redacted.json"),
    ),
    ("aws real", include_str!("../../fixtures/third-party/transcripts/aws-transcribe.cut.json")),
    (
        "assemblyai real",
        include_str!("../../fixtures/third-party/transcripts/assemblyai.utterances.json"),
    ),
    ("azure batch real", include_str!("../../fixtures/third-party/transcripts/azure-batch.json")),
    (
        "deepgram real",
        include_str!("../../fixtures/third-party/transcripts/deepgram.utterances.json"),
    ),
    (
        "deepgram whisper real",
        include_str!("../../fixtures/third-party/transcripts/deepgram.whisper.json"),
    ),
    (
        "whisper-timestamped real",
        include_str!("../../fixtures/third-party/transcripts/whisper-timestamped.json"),
    ),
];

/// The text of every string in a JSON text, keys left out; else every line.
fn strings(text: &str) -> Vec<String> {
    if !text.trim_start().starts_with(['{', '[']) {
        return text.lines().map(str::to_owned).collect();
    }
    fn walk(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => out.push(text.clone()),
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, out)),
            serde_json::Value::Object(members) => {
                members.values().for_each(|value| walk(value, out))
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(&serde_json::from_str(text).unwrap(), &mut out);
    out
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A window over the whole recording.
fn everything() -> Vec<super::PlacedWindow> {
    vec![super::PlacedWindow { start: Duration::ZERO, end: None, channel: None, label: None }]
}

#[test]
fn a_window_over_everything_leaves_no_word() {
    for (name, text) in ALL {
        let read = opened(text);
        let masked = read.masked(&everything(), &Parties::default()).unwrap();
        let out = String::from_utf8(masked.bytes).unwrap();
        let turns = read.transcript().turns.iter();
        let words = turns.flat_map(|turn| &turn.words).filter(|word| !word.is_silent);
        let said: std::collections::BTreeSet<String> = words
            .map(|word| word.text.expose())
            .filter(|word| !super::marks::is_masked_already(word))
            .map(letters)
            .filter(|word| word.len() > 2)
            .collect();
        for string in strings(&out) {
            // What stands in brackets was masked before.
            let string: String =
                string.split('[').map(|piece| piece.rsplit(']').next().unwrap_or(piece)).collect();
            let left: Vec<&str> =
                string.split_whitespace().filter(|token| said.contains(&letters(token))).collect();
            // One word alone may be a name in the layout (`customer`).
            assert!(left.len() < 2, "{name} still says {left:?}");
        }
    }
}

#[test]
fn each_word_can_be_masked_alone() {
    for (name, text) in ALL {
        let read = opened(text);
        let bounds = super::bounds::Bounds::of(&read.transcript().turns).unwrap();
        let places = read.transcript().turns.iter().enumerate();
        let places =
            places.flat_map(|(turn, own)| (0..own.words.len()).map(move |word| (turn, word)));
        for (turn, at) in places.step_by(23) {
            let word = &read.transcript().turns[turn].words[at];
            let Some(bound) = bounds.word(turn, at).filter(|_| !word.is_silent) else { continue };
            let window = super::PlacedWindow {
                start: bound.start,
                end: bound.end,
                channel: None,
                label: None,
            };
            let masked = read.masked(&[window], &Parties::default()).unwrap();
            let again = super::read(&masked.bytes, Some(read.transcript().format)).unwrap();
            let turns = &again.transcript().turns;
            let is_clean =
                |text: &str| text.contains("[redacted]") || super::marks::is_masked_already(text);
            assert_eq!(turns.len(), read.transcript().turns.len(), "{name}");
            if turns[turn].words.len() == read.transcript().turns[turn].words.len() {
                assert!(
                    is_clean(turns[turn].words[at].text.expose()),
                    "{name}: turn {turn}, word {at}"
                );
            }
            // Few words of the file change.
            let changed = masked.words;
            assert!(changed <= 12, "{name}: {changed} words for one");
        }
    }
}

#[test]
fn a_word_that_is_a_number_of_json_is_found_and_masked_as_a_string() {
    let text = sample!("deepgram.multichannel.redact.json");
    let number = r#"{"results":{"channels":[{"alternatives":[{"words":[
        {"word":4111,"start":1,"end":2},{"word":"ok","start":2,"end":3}]}]}]}}"#;
    assert_eq!(opened(text).transcript().format, opened(number).transcript().format);
    let read = opened(number);
    let selection = read.select(&numbers()).unwrap();
    assert_eq!(times(&selection), [(None, 1000, 2000)]);
    let masked = read.masked(&selection.bare, &Parties::default()).unwrap();
    let masked = String::from_utf8(masked.bytes).unwrap();
    assert_eq!(masked, number.replace("4111", "\"[redacted]\""));
}

#[test]
fn a_named_format_does_not_make_broken_json_an_empty_file() {
    for format in ["deepgram", "aws-streaming", "whisper"] {
        let error = read(b"{\"results\":", Some(format)).err().unwrap().to_string();
        assert!(error.starts_with("not valid JSON at line 1"), "{format}: {error}");
    }
}

#[test]
fn damaged_files_are_errors_or_transcripts_and_never_a_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    for (_, text) in ALL.iter().filter(|(_, text)| text.len() < 16_000) {
        for _ in 0..12 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes.truncate(at),
                    1 => bytes[at] = b"0-9.\"[]{},:\n*#<>"[random(16)],
                    2 => drop(bytes.drain(at..bytes.len().min(at + random(60)))),
                    _ => {
                        let piece = bytes[at..bytes.len().min(at + random(200))].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let Ok(read) = read(&bytes, None) else { continue };
            let Ok(selection) = read.select(&numbers()) else { continue };
            for window in &selection.windows {
                assert!(window.end.is_none_or(|end| end > window.start));
            }
            let _ = read.masked(&selection.bare, &Parties::default());
        }
    }
}
