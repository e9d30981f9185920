//! The samples from file to windows, and written back.

use std::time::Duration;

use super::{Parties, Read, Rule, Rules, SelectError, SelectOptions, Selection, Sort, read};

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

fn numbers() -> SelectOptions {
    SelectOptions { find: Rules::new(&[Rule::Numbers]), ..SelectOptions::default() }
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
        let selection = opened(text).select(&SelectOptions::default()).unwrap();
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
    let selection =
        opened(sample!("deepgram.entities.json")).select(&SelectOptions::default()).unwrap();
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
        opened(sample!("contact-lens.realtime.json")).select(&SelectOptions::default()).unwrap();
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
        .select(&SelectOptions::default())
        .unwrap();
    assert_eq!(rows(&aws.windows)[0].1, 3240 - 150);
    assert_eq!(rows(&aws.windows)[0].2, Some(4900 + 150));
    let deepgram = opened(sample!("deepgram.multichannel.redact.json"))
        .select(&SelectOptions::default())
        .unwrap();
    // The next word of the customer is the next tag, at 5.3 s: 400 ms later.
    assert_eq!(
        (rows(&deepgram.windows)[0].1, rows(&deepgram.windows)[0].2),
        (3240 - 250, Some(5300))
    );
    let pad = Some((Duration::from_millis(50), Duration::from_millis(200)));
    let given = SelectOptions { pad, ..SelectOptions::default() };
    let given = opened(sample!("deepgram.multichannel.redact.json")).select(&given).unwrap();
    assert_eq!((rows(&given.windows)[0].1, rows(&given.windows)[0].2), (3190, Some(5100)));
}

#[test]
fn a_label_is_the_kind_alone() {
    for text in [sample!("deepgram.multichannel.redact.json"), sample!("assemblyai.entities.json")]
    {
        let selection = opened(text).select(&SelectOptions::default()).unwrap();
        for (.., label) in rows(&selection.windows) {
            assert!(["card", "cvv"].contains(&label.as_str()), "{label}");
        }
    }
}

#[test]
fn only_keeps_the_kinds_that_are_asked_for() {
    let text = sample!("deepgram.multichannel.redact.json");
    let only =
        |kind: &str| SelectOptions { only: vec![kind.to_owned()], ..SelectOptions::default() };
    let all = opened(text).select(&SelectOptions::default()).unwrap().windows.len();
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
    let options = SelectOptions { parties, ..numbers() };
    let selection = opened(sample!("whisperx.untimed.json")).select(&options).unwrap();
    let channels: Vec<_> = rows(&selection.bare).into_iter().map(|row| row.0).collect();
    assert_eq!(channels, [Some(0), Some(0), Some(0), Some(1), Some(0)]);
    assert_eq!(selection.summary.channels, [0, 1]);
    assert_eq!(selection.summary.on_all_channels, 0);
}

#[test]
fn a_speaker_is_muted_turn_by_turn() {
    let options =
        SelectOptions { speakers: vec!["speaker_00".to_owned()], ..SelectOptions::default() };
    let selection = opened(sample!("whisperx.untimed.json")).select(&options).unwrap();
    assert_eq!(selection.summary.speaker_turns, 4);
    let options = SelectOptions { speakers: vec!["nobody".to_owned()], ..SelectOptions::default() };
    let error = opened(sample!("whisperx.untimed.json")).select(&options).unwrap_err();
    assert!(error.to_string().contains("SPEAKER_01"), "{error}");
}

#[test]
fn nothing_marked_and_nothing_asked_for_is_an_error() {
    let error = opened(sample!("google-v1.json")).select(&SelectOptions::default()).unwrap_err();
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
    let error = opened(text).select(&SelectOptions::default()).unwrap_err();
    assert!(matches!(error, SelectError::Unplaced { count: 1, .. }), "{error}");
    let text = r#"{"results":{"channels":[{"alternatives":[{"words":[{"word":"hello"}]}]}]}}"#;
    assert!(matches!(
        opened(text).select(&SelectOptions::default()),
        Err(SelectError::NoTimes { .. })
    ));
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

#[test]
fn no_confidence_leaves_a_mark_out() {
    // Every confidence of the file as `value`.
    let with = |text: &str, value: &str| {
        let mut pieces = text.split("onfidence\":");
        let mut out = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let end = piece.find([',', '}', '\n']).unwrap();
            let number = piece[..end].trim().trim_matches('"');
            let is_number = !number.is_empty() && number.parse::<f64>().is_ok();
            let piece = if is_number { piece.replacen(number, value, 1) } else { piece.to_owned() };
            out += "onfidence\":";
            out += &piece;
        }
        out
    };
    let mut lowest = 0;
    for (name, text) in ALL {
        for options in [SelectOptions::default(), numbers()] {
            let Ok(before) = opened(text).select(&options) else { continue };
            for value in ["0.0", "0.0001", "1.0"] {
                let after = opened(&with(text, value)).select(&options).unwrap();
                assert_eq!(after.windows, before.windows, "{name} {value}");
                lowest += usize::from(after.summary.lowest_confidence.as_deref() == Some(value));
            }
        }
    }
    assert!(lowest > 10, "the confidences were changed");
}

#[test]
fn no_check_digit_decides() {
    let text = sample!("openai-whisper.words.json");
    for rule in [Rule::Numbers, Rule::Card] {
        let options = SelectOptions { find: Rules::new(&[rule]), ..SelectOptions::default() };
        let before = times(&opened(text).select(&options).unwrap());
        // The number is read back, so both readings change.
        for last in '0'..='9' {
            let text = text.replace("1111", &format!("111{last}"));
            assert_eq!(times(&opened(&text).select(&options).unwrap()), before, "{last}");
        }
    }
}

#[test]
fn digits_of_labels_are_never_shown() {
    for (label, shown) in [
        ("card 4111 1111", "card #### ####"),
        ("card four one one one ok", "card # # # # ok"),
        ("cvv one 2three", "cvv # #"),
        ("security code one two three", "security code # # #"),
        ("one agent", "one agent"),
    ] {
        let tier = format!(
            "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0\n9\n<exists>\n1\n\"IntervalTier\"\n\"pii\"\n0\n9\n1\n1\n2\n\"{label}\"\n"
        );
        let slots = "<TIME_SLOT TIME_SLOT_ID=\"a\" TIME_VALUE=\"1000\"/><TIME_SLOT TIME_SLOT_ID=\"b\" TIME_VALUE=\"2000\"/>";
        let annotation = format!(
            "<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID=\"pii\"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"x\" TIME_SLOT_REF1=\"a\" TIME_SLOT_REF2=\"b\"><ANNOTATION_VALUE>{label}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"
        );
        let track = format!("1.0\t2.0\t{label}\n");
        let cut = format!("1.0,2.0,{label}\n");
        let files =
            [("textgrid", tier), ("eaf", annotation), ("audacity", track), ("lossless-cut", cut)];
        for (name, text) in files {
            let read = super::read(text.as_bytes(), Some(name)).unwrap();
            let selection = read.select(&SelectOptions::default()).unwrap();
            // What stands on a tier may be words of the call.
            let is_tier = ["textgrid", "eaf"].contains(&name);
            let shown = if is_tier { "pii" } else { shown };
            assert_eq!(rows(&selection.windows)[0].3, shown, "{name}");
            assert!(!format!("{:?}", selection.summary).contains("411"), "{name}");
        }
    }
}

#[test]
fn names_in_errors_keep_few_digits() {
    let text = r#"{"segments":[{"seek":0,"start":1.0,"end":2.0,"text":"so","speaker":"SPEAKER_00"},
        {"seek":0,"start":2.0,"end":3.0,"text":"so","speaker":"+49 151 5550"}]}"#;
    let options = SelectOptions { speakers: vec!["x".to_owned()], ..SelectOptions::default() };
    let error = opened(text).select(&options).unwrap_err().to_string();
    assert!(error.contains("SPEAKER_00") && error.contains("+## ### ####"), "{error}");
}

/// What a file of others gives.
enum Gives {
    /// It cannot be used: a part of the reason.
    Refused(&'static str),
    /// Nothing is marked, and `--find numbers` gives these windows.
    Found(&'static [(u128, u128)]),
    /// Marks, which are these windows whether numbers are looked for or not.
    Marked(&'static [(u128, u128)]),
}

/// All files of others.
fn others() -> Vec<((&'static str, &'static [u8]), Gives)> {
    use Gives::{Found, Marked, Refused};
    macro_rules! other {
        ($name:literal) => {
            (
                $name,
                include_str!(concat!("../../fixtures/third-party/transcripts/", $name)).as_bytes(),
            )
        };
    }
    vec![
        (other!("assemblyai.transcription.json"), Found(&[])),
        (other!("assemblyai.utterances.json"), Found(&[])),
        (other!("aws-pca.json"), Refused("post-call analytics sample")),
        (other!("aws-transcribe.bare.json"), Found(&[])),
        (other!("aws-transcribe.cut.json"), Found(&[])),
        (other!("azure-batch.json"), Found(&[(2280, 7460)])),
        (other!("azure-batch.pii.json"), Marked(&[])),
        (other!("azure-conversation.input.json"), Refused("neither words with times")),
        (other!("azure-realtime.json"), Found(&[])),
        (other!("ctm.align.ctm"), Found(&[])),
        (other!("ctm.basic.ctm"), Refused("several recordings")),
        (other!("ctm.overlap.ctm"), Found(&[])),
        (other!("deepgram.utterances.json"), Found(&[])),
        (other!("deepgram.whisper.json"), Found(&[])),
        (other!("google-v1.cut.json"), Found(&[])),
        (other!("ibm.cut.json"), Found(&[])),
        (other!("kaldi.cut.json"), Found(&[])),
        (other!("kaldi.speakers.json"), Refused("--speaker")),
        (other!("rev-nlp.align.nlp"), Found(&[])),
        (other!("rttm.alt.rttm"), Found(&[])),
        (other!("rttm.generic.rttm"), Found(&[])),
        (other!("speechmatics-v1.cut.json"), Found(&[])),
        (other!("speechmatics.batch.json"), Found(&[])),
        (other!("speechmatics.entity.json"), Found(&[])),
        (other!("speechmatics.speakers.json"), Found(&[])),
        (other!("srt.invalid_timeframe.srt"), Found(&[])),
        (other!("srt.missing_timeframe.srt"), Refused("line 5: a text without times")),
        (other!("textgrid.bobby.TextGrid"), Refused("--tier")),
        (other!("textgrid.mary.TextGrid"), Refused("--tier")),
        (other!("textgrid.negative-zero.TextGrid"), Refused("--tier")),
        (other!("textgrid.newlines.TextGrid"), Refused("--tier")),
        (other!("webvtt.captions_with_bom.vtt"), Found(&[])),
        (other!("webvtt.comments.vtt"), Found(&[])),
        (other!("webvtt.cue_tags.vtt"), Found(&[])),
        (other!("webvtt.invalid_timeframe.vtt"), Refused("line 6: not a time")),
        (other!("webvtt.missing_timeframe.vtt"), Refused("line 6: a text without times")),
        (other!("whisper-timestamped.json"), Found(&[])),
    ]
}

#[test]
fn the_files_of_others_give_what_they_say() {
    use Gives::{Found, Marked, Refused};
    for ((name, bytes), gives) in others() {
        let bare = |options: &SelectOptions| {
            let read = super::read(bytes, None).map_err(|error| error.to_string())?;
            let selection = read.select(options).map_err(|error| error.to_string())?;
            Ok(times(&selection).into_iter().map(|(_, start, end)| (start, end)).collect())
        };
        let (marks, finds): (Result<Vec<_>, String>, Result<Vec<_>, String>) =
            (bare(&SelectOptions::default()), bare(&numbers()));
        match gives {
            Refused(reason) => assert!(marks.unwrap_err().contains(reason), "{name}"),
            Found(windows) => {
                assert!(marks.unwrap_err().contains("nothing is marked"), "{name}");
                assert_eq!(finds.unwrap(), windows, "{name}");
            }
            Marked(windows) => {
                assert_eq!(marks.unwrap(), windows, "{name}");
                assert_eq!(finds.unwrap(), windows, "{name}");
            }
        }
    }
}

#[test]
fn the_stamps_of_the_real_redacted_call_are_its_windows() {
    let text =
        include_str!("../../fixtures/third-party/transcripts/aws-call-analytics.redacted.json");
    let selection = opened(text).select(&SelectOptions::default()).unwrap();
    assert_eq!(selection.summary.marks_placed, 12);
    assert_eq!(selection.summary.lowest_confidence.as_deref(), Some("0.1935"));
    // Three of the agent are closer than 300 ms.
    let wanted = [
        (31_040, 31_660),
        (32_740, 34_490),
        (40_740, 42_260),
        (50_960, 52_760),
        (54_240, 55_820),
        (120_870, 122_050),
        (130_840, 134_050),
        (141_250, 145_110),
        (151_330, 153_180),
        (179_210, 180_080),
    ];
    let found: Vec<_> = times(&selection).into_iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn digits_that_a_service_left_beside_its_mark_are_found() {
    let text = r#"{"results":{"channels":[{"alternatives":[{"words":[
        {"word":"is","start":1.0,"end":1.2},{"word":"[CREDIT_CARD_1]","start":1.3,"end":1.8},
        {"word":"nine","start":4.0,"end":4.3},{"word":"876","start":4.4,"end":4.8},{"word":"ok","start":5.2,"end":5.5}]}]}]}}"#;
    let bare = |options: &SelectOptions| times(&opened(text).select(options).unwrap());
    assert_eq!(bare(&SelectOptions::default()), [(None, 1300, 1800)]);
    let wanted = [(None, 1300, 1800), (None, 4000, 4800)];
    assert_eq!(bare(&numbers()), wanted);
    assert_eq!(
        bare(&SelectOptions { find: Rules::new(&[Rule::Card]), ..SelectOptions::default() }),
        wanted
    );
}
