//! Random calls in every layout: each secret word has to lie in a window, and few others may.

use serde_json::{Value, json};

use super::super::super::{Parties, Rule, Rules, SelectOptions, Selection, read};

mod text;

/// One word of a call.
#[derive(Clone)]
struct Said {
    text: String,
    start: u64,
    end: u64,
    is_secret: bool,
}

/// What one party says without a break.
#[derive(Clone)]
struct Part {
    channel: usize,
    words: Vec<Said>,
}

/// A small generator, so that a failure can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const PLAIN: [&str; 8] =
    ["please", "banana", "maybe", "hello", "thanks", "listen", "good", "morning"];
const DIGITS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// A call of some turns, never overlapping, with runs of five or more digits.
fn call(seed: u64) -> Vec<Part> {
    let mut dice = Dice(seed);
    let mut clock = dice.below(3000);
    let mut parts = Vec::new();
    for _ in 0..2 + dice.below(6) {
        let channel = usize::from(dice.below(2) == 1);
        let mut words = Vec::new();
        let mut add = |dice: &mut Dice, words: &mut Vec<Said>, text: &str, is_secret| {
            clock += 10 + dice.below(150);
            let start = clock;
            clock += 310 + dice.below(400);
            words.push(Said { text: text.to_owned(), start, end: clock, is_secret });
        };
        for _ in 0..1 + dice.below(5) {
            let word = PLAIN[usize::try_from(dice.below(8)).unwrap()];
            add(&mut dice, &mut words, word, false);
        }
        if dice.below(2) == 0 {
            for _ in 0..5 + dice.below(8) {
                let digit = DIGITS[usize::try_from(dice.below(9)).unwrap()];
                add(&mut dice, &mut words, digit, true);
            }
            for _ in 0..1 + dice.below(3) {
                add(&mut dice, &mut words, "thanks", false);
            }
        }
        parts.push(Part { channel, words });
        // Longer than the gap over which a number goes on.
        clock += 3500 + dice.below(2000);
    }
    parts
}

impl Part {
    fn start(&self) -> u64 {
        self.words.first().unwrap().start
    }

    fn end(&self) -> u64 {
        self.words.last().unwrap().end
    }

    fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The words with each secret run as one word `tag`.
    fn tagged(&self, tag: &str) -> Self {
        let mut words: Vec<Said> = Vec::new();
        for word in &self.words {
            match words.last_mut() {
                Some(last) if last.is_secret && word.is_secret => last.end = word.end,
                _ if word.is_secret => words.push(Said { text: tag.to_owned(), ..word.clone() }),
                _ => words.push(word.clone()),
            }
        }
        Self { channel: self.channel, words }
    }

    /// The words with each secret word as `mask` characters.
    fn masked(&self, mask: &str) -> Self {
        let words = self.words.iter().map(|word| {
            let text =
                if word.is_secret { mask.repeat(word.text.len()) } else { word.text.clone() };
            Said { text, ..word.clone() }
        });
        Self { channel: self.channel, words: words.collect() }
    }
}

/// Seconds as a number.
fn sec(ms: u64) -> Value {
    serde_json::from_str(&format!("{}.{:03}", ms / 1000, ms % 1000)).unwrap()
}

/// Seconds as a text.
fn text(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn all(parts: &[Part]) -> Vec<(usize, Said)> {
    let words =
        parts.iter().flat_map(|part| part.words.iter().map(|word| (part.channel, word.clone())));
    words.collect()
}

fn aws(parts: &[Part], has_label: bool) -> Value {
    let parts: Vec<Part> = parts.iter().map(|part| part.tagged("[PII]")).collect();
    let item = |channel: usize, word: &Said, has_label: bool| {
        let mut best = json!({"content": word.text, "confidence": "0.9"});
        if word.is_secret {
            best["redactions"] =
                json!([{"confidence": "0.99", "type": "CREDIT_DEBIT_NUMBER", "category": "PII"}]);
        }
        let mut item = json!({"type": "pronunciation", "start_time": text(word.start), "end_time": text(word.end),
            "alternatives": [best]});
        if has_label {
            item["channel_label"] = json!(format!("ch_{channel}"));
        }
        item
    };
    let items: Vec<Value> =
        all(&parts).iter().map(|(channel, word)| item(*channel, word, has_label)).collect();
    let channels = [0, 1].map(|number| {
        let own: Vec<Value> = all(&parts)
            .iter()
            .filter(|(channel, _)| *channel == number)
            .map(|(channel, word)| item(*channel, word, true))
            .collect();
        json!({"channel_label": format!("ch_{number}"), "items": own})
    });
    json!({"jobName": "j", "isRedacted": true, "results": {"transcripts": [], "items": items,
        "channel_labels": {"number_of_channels": 2, "channels": channels}}})
}

fn call_analytics(parts: &[Part]) -> Value {
    let turns = parts.iter().map(|part| {
        let part = part.tagged("[PII]");
        let items = part.words.iter().map(|word| {
            let mut item = json!({"Type": "pronunciation", "Content": word.text, "BeginOffsetMillis": word.start, "EndOffsetMillis": word.end});
            if word.is_secret {
                item["Redaction"] = json!([{"Confidence": 0.9}]);
            }
            item
        });
        json!({"ParticipantRole": (["CUSTOMER", "AGENT"])[part.channel], "Content": part.text(),
            "BeginOffsetMillis": part.start(), "EndOffsetMillis": part.end(), "Items": items.collect::<Vec<_>>()})
    });
    json!({"ContentMetadata": {"Output": "Redacted"}, "Transcript": turns.collect::<Vec<_>>()})
}

fn contact_lens(parts: &[Part]) -> Value {
    let turns = parts.iter().map(|part| {
        let part = part.tagged("[PII]");
        let stamps = part.words.iter().filter(|word| word.is_secret);
        let stamps = stamps.map(|word| json!({"BeginOffsetMillis": word.start, "EndOffsetMillis": word.end}));
        json!({"ParticipantId": (["CUSTOMER", "AGENT"])[part.channel], "Content": part.text(), "BeginOffsetMillis": part.start(),
            "EndOffsetMillis": part.end(), "Redaction": {"RedactedTimestamps": stamps.collect::<Vec<_>>()}})
    });
    json!({"ContentMetadata": {"Output": "Redacted"}, "Transcript": turns.collect::<Vec<_>>()})
}

fn aws_streaming(parts: &[Part]) -> Value {
    let results = parts.iter().enumerate().map(|(at, part)| {
        let items = part.words.iter().map(|word| json!({"Content": word.text, "Type": "pronunciation", "StartTime": sec(word.start), "EndTime": sec(word.end)}));
        let tagged = part.tagged("x");
        let entities = tagged.words.iter().filter(|word| word.is_secret);
        let entities = entities.map(|word| json!({"Category": "PII", "Type": "CREDIT_DEBIT_NUMBER", "StartTime": sec(word.start), "EndTime": sec(word.end)}));
        json!({"ResultId": at.to_string(), "IsPartial": false, "ChannelId": format!("ch_{}", part.channel), "Alternatives": [
            {"Transcript": part.text(), "Items": items.collect::<Vec<_>>(), "Entities": entities.collect::<Vec<_>>()}]})
    });
    json!({"TranscriptResultStream": {"TranscriptEvent": {"Transcript": {"Results": results.collect::<Vec<_>>()}}}})
}

fn assemblyai(parts: &[Part], is_hash: bool) -> Value {
    let shown: Vec<Part> =
        parts.iter().map(|part| if is_hash { part.masked("#") } else { part.clone() }).collect();
    let words = all(&shown).into_iter().map(|(channel, word)| {
        json!({"text": word.text, "start": word.start, "end": word.end,
        "speaker": (channel + 1).to_string(), "channel": (channel + 1).to_string()})
    });
    let tagged: Vec<Part> = parts.iter().map(|part| part.tagged("x")).collect();
    let entities = all(&tagged).into_iter().filter(|(_, word)| word.is_secret && !is_hash).map(|(_, word)| {
        json!({"entity_type": "credit_card_number", "text": "x", "start": word.start, "end": word.end})
    });
    json!({"audio_url": "u", "multichannel": true, "audio_channels": 2, "redact_pii": is_hash, "words": words.collect::<Vec<_>>(),
        "entities": entities.collect::<Vec<_>>()})
}

fn azure_conversation(parts: &[Part]) -> Value {
    let items = parts.iter().enumerate().map(|(at, part)| {
        let timings = part.words.iter().filter(|word| word.is_secret);
        let timings = timings.map(|word| json!({"offset": word.start * 10_000, "duration": (word.end - word.start) * 10_000}));
        json!({"id": format!("{at}__{}", part.channel), "entities": [],
            "redactedContent": {"text": part.masked("*").text(), "redactedAudioTimings": timings.collect::<Vec<_>>()}})
    });
    json!({"conversations": [{"conversationItems": items.collect::<Vec<_>>()}]})
}

fn gladia(parts: &[Part]) -> Value {
    let utterances = parts.iter().map(|part| {
        let words = part.masked("#").words;
        let words = words.iter().map(|word| json!({"word": format!(" {}", word.text), "start": sec(word.start), "end": sec(word.end)}));
        json!({"channel": part.channel, "start": sec(part.start()), "end": sec(part.end()), "text": "", "words": words.collect::<Vec<_>>()})
    });
    json!({"result": {"metadata": {"number_of_distinct_channels": 2}, "transcription": {"utterances": utterances.collect::<Vec<_>>()}}})
}

fn genesys(parts: &[Part]) -> Value {
    let phrases = parts.iter().map(|part| {
        let words = part.tagged("[card number]").words;
        let words = words.iter().map(|word| json!({"word": word.text, "offset": {"milliseconds": word.start}, "duration": {"milliseconds": word.end - word.start}}));
        json!({"participantPurpose": (["external", "internal"])[part.channel], "text": "", "words": words.collect::<Vec<_>>()})
    });
    json!({"transcripts": [{"phrases": phrases.collect::<Vec<_>>()}]})
}

fn speechmatics(parts: &[Part]) -> Value {
    let parts: Vec<Part> = parts.iter().map(|part| part.tagged("[credit_card]")).collect();
    let results = all(&parts).into_iter().map(|(channel, word)| {
        json!({"type": if word.is_secret { "entity" } else { "word" }, "start_time": sec(word.start), "end_time": sec(word.end),
            "channel": format!("channel_{}", channel + 1), "alternatives": [{"content": word.text, "speaker": "UU"}]})
    });
    json!({"format": "2.9", "metadata": {}, "results": results.collect::<Vec<_>>()})
}

fn twilio(parts: &[Part]) -> Value {
    let sentences = parts.iter().map(|part| {
        json!({"media_channel": part.channel + 1, "start_time": text(part.start()), "end_time": text(part.end()),
            "transcript": part.tagged("[CREDIT_CARD]").text(), "words": null})
    });
    json!({"sentences": sentences.collect::<Vec<_>>()})
}

fn deepgram(parts: &[Part], is_redacted: bool) -> Value {
    let channels = [0, 1].map(|number| {
        let own = parts.iter().filter(|part| part.channel == number);
        let shown = own.map(|part| if is_redacted { part.tagged("[CREDIT_CARD_1]") } else { part.clone() });
        let shown: Vec<(usize, Said)> = all(&shown.collect::<Vec<_>>());
        let words = shown.iter().map(|(_, word)| json!({"word": word.text, "start": sec(word.start), "end": sec(word.end)}));
        let mut entities: Vec<(usize, usize)> = Vec::new();
        for (at, (_, word)) in shown.iter().enumerate().filter(|_| !is_redacted) {
            match entities.last_mut() {
                Some(last) if word.is_secret && last.1 == at => last.1 = at + 1,
                _ if word.is_secret => entities.push((at, at + 1)),
                _ => {}
            }
        }
        let entities = entities.iter().map(|(from, to)| json!({"label": "CREDIT_CARD", "start_word": from, "end_word": to}));
        json!({"alternatives": [{"transcript": "", "words": words.collect::<Vec<_>>(), "entities": entities.collect::<Vec<_>>()}]})
    });
    json!({"metadata": {"channels": 2}, "results": {"channels": channels}})
}

fn azure_batch(parts: &[Part]) -> Value {
    let phrases = parts.iter().map(|part| {
        let words = part.words.iter().map(|word| json!({"word": word.text, "offsetInTicks": word.start * 10_000, "durationInTicks": (word.end - word.start) * 10_000}));
        json!({"channel": part.channel, "nBest": [{"lexical": part.text(), "words": words.collect::<Vec<_>>()}]})
    });
    json!({"combinedRecognizedPhrases": [{}, {}], "recognizedPhrases": phrases.collect::<Vec<_>>()})
}

fn azure_realtime(parts: &[Part]) -> Value {
    let results = parts.iter().map(|part| {
        let words = part.words.iter().map(|word| json!({"Word": word.text, "Offset": word.start * 10_000, "Duration": (word.end - word.start) * 10_000}));
        json!({"RecognitionStatus": "Success", "SpeakerId": part.channel.to_string(), "Offset": 0, "Duration": 1, "NBest": [
            {"Confidence": 0.1, "Lexical": "hello", "Words": null}, {"Confidence": 0.9, "Lexical": part.text(), "Words": words.collect::<Vec<_>>()}]})
    });
    Value::Array(results.collect())
}

fn google(parts: &[Part], start: &str, end: &str) -> Value {
    let results = parts.iter().map(|part| {
        let words = part.words.iter().map(|word| {
            json!({"word": word.text, start: format!("{}s", text(word.start)), end: format!("{}s", text(word.end))})
        });
        json!({"channelTag": part.channel + 1, "alternatives": [{"words": words.collect::<Vec<_>>()}]})
    });
    json!({"results": results.collect::<Vec<_>>()})
}

/// Segments of the Whisper family; `key` names a word, `sure` its confidence.
fn whisper(parts: &[Part], key: &str, sure: &str, head: Value) -> Value {
    let segments = parts.iter().map(|part| {
        let words = part.words.iter().map(|word| json!({key: word.text, "start": sec(word.start), "end": sec(word.end), sure: 0.9}));
        let mut segment = head.clone();
        segment["start"] = sec(part.start());
        segment["end"] = sec(part.end());
        segment["text"] = json!(format!(" {}", part.text()));
        segment["words"] = words.collect();
        segment
    });
    json!({"text": "", "segments": segments.collect::<Vec<_>>(), "language": "en"})
}

/// WhisperX with joined digits that have no time, the time of a neighbour, or no word at all.
fn whisperx(parts: &[Part], how: usize) -> Value {
    let segments = parts.iter().map(|part| {
        let part = part.tagged("41115");
        let mut last = None;
        let mut words = Vec::new();
        for word in &part.words {
            if word.is_secret {
                match (how, last) {
                    (0, _) => words.push(json!({"word": word.text})),
                    (1, Some((start, end))) => words.push(json!({"word": word.text, "start": sec(start), "end": sec(end)})),
                    _ => {}
                }
                continue;
            }
            last = Some((word.start, word.end));
            words.push(json!({"word": word.text, "start": sec(word.start), "end": sec(word.end), "score": 0.9}));
        }
        json!({"start": sec(part.start()), "end": sec(part.end()), "text": part.text(), "words": words})
    });
    json!({"segments": segments.collect::<Vec<_>>(), "word_segments": []})
}

fn whisper_api(parts: &[Part]) -> Value {
    let words = all(parts).into_iter().map(
        |(_, word)| json!({"word": word.text, "start": sec(word.start), "end": sec(word.end)}),
    );
    json!({"task": "transcribe", "duration": 1.0, "text": "", "words": words.collect::<Vec<_>>()})
}

/// Tokens of three letters at most.
fn whisper_cpp(parts: &[Part]) -> Value {
    let segments = parts.iter().map(|part| {
        let tokens = part.words.iter().flat_map(|word| {
            let bytes: Vec<char> = word.text.chars().collect();
            let pieces: Vec<String> = bytes.chunks(3).map(|piece| piece.iter().collect()).collect();
            let offsets = json!({"from": word.start, "to": word.end});
            pieces.into_iter().enumerate().map(move |(at, piece)| {
                let piece = if at == 0 { format!(" {piece}") } else { piece };
                json!({"text": piece, "offsets": offsets})
            })
        });
        json!({"offsets": {"from": part.start(), "to": part.end()}, "text": format!(" {}", part.text()), "tokens": tokens.collect::<Vec<_>>()})
    });
    json!({"systeminfo": "", "transcription": segments.collect::<Vec<_>>()})
}

fn revai(parts: &[Part]) -> Value {
    let monologues = parts.iter().map(|part| {
        let elements = part.words.iter().flat_map(|word| {
            [json!({"type": "text", "value": word.text, "ts": sec(word.start), "end_ts": sec(word.end)}), json!({"type": "punct", "value": " "})]
        });
        json!({"speaker": part.channel, "elements": elements.collect::<Vec<_>>()})
    });
    json!({"monologues": monologues.collect::<Vec<_>>()})
}

fn ibm(parts: &[Part]) -> Value {
    let results = parts.iter().map(|part| {
        let stamps = part.words.iter().map(|word| json!([word.text, sec(word.start), sec(word.end)]));
        json!({"final": true, "alternatives": [{"transcript": part.text(), "timestamps": stamps.collect::<Vec<_>>()}]})
    });
    json!({"results": results.collect::<Vec<_>>()})
}

fn kaldi(parts: &[Part]) -> Value {
    let words = all(parts).into_iter().map(|(_, word)| json!({"word": word.text, "punct": word.text, "start": sec(word.start), "end": sec(word.end)}));
    json!({"action": "audio-transcribe", "retval": {"words": words.collect::<Vec<_>>()}})
}

/// Chunks of words, without the end of the last.
fn huggingface(parts: &[Part]) -> Value {
    let chunks = all(parts).into_iter().map(|(_, word)| json!({"text": format!(" {}", word.text), "timestamp": [sec(word.start), sec(word.end)]}));
    let mut chunks: Vec<Value> = chunks.collect();
    if let Some(last) = chunks.last_mut() {
        last["timestamp"][1] = Value::Null;
    }
    json!({"text": "", "chunks": chunks})
}

/// Turns that are sent twice: the first time without their last word.
fn assemblyai_streaming(parts: &[Part]) -> Value {
    let mut lines = String::new();
    for (at, part) in parts.iter().enumerate() {
        for (count, is_end) in [(part.words.len() - 1, false), (part.words.len(), true)] {
            let words = part
                .words
                .iter()
                .take(count)
                .map(|word| json!({"text": word.text, "start": word.start, "end": word.end}));
            let message = json!({"type": "Turn", "turn_order": at, "end_of_turn": is_end, "transcript": "", "words": words.collect::<Vec<_>>()});
            lines += &format!("{message}\n");
        }
    }
    Value::String(lines)
}

fn speechmatics_v1(parts: &[Part]) -> Value {
    let words = all(parts).into_iter().map(|(_, word)| json!({"name": word.text, "time": text(word.start), "duration": text(word.end - word.start)}));
    json!({"speakers": [], "words": words.collect::<Vec<_>>()})
}

fn numbers() -> SelectOptions {
    SelectOptions {
        find: Rules::new(&[Rule::Numbers]),
        pad: Some(Default::default()),
        ..SelectOptions::default()
    }
}

fn selected(file: &Value, options: &SelectOptions, name: &str) -> Option<Selection> {
    // A string is a file of text.
    let text = file.as_str().map_or_else(|| file.to_string(), str::to_owned);
    let read = read(text.as_bytes(), None).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read.transcript().format, name);
    let selection = read.select(options).ok()?;
    let masked = read.masked(&selection.windows, &Parties::default()).unwrap();
    assert_masked(name, &text, std::str::from_utf8(&masked.bytes).unwrap());
    Some(selection)
}

/// No digit is left in a file that was written back, and its other words are.
fn assert_masked(name: &str, before: &str, after: &str) {
    let is_json = before.starts_with(['{', '[']) && !before.contains("}\n{");
    assert!(!is_json || serde_json::from_str::<Value>(after).is_ok(), "{name}: no JSON any more");
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let (before, after) = (words(before), words(after));
    for word in after.iter().map(String::as_str) {
        assert!(!DIGITS.contains(&word) && word != "41115", "{name}: {word} is left");
    }
    // A turn that is muted as a whole is masked as a whole, and so is another reading of it.
    let whole = ["twilio", "azure-realtime", "srt", "ttml", "whisper-tsv", "audacity"];
    for plain in PLAIN.iter().filter(|_| !whole.contains(&name)) {
        let count = |words: &[String]| words.iter().filter(|word| word == plain).count();
        assert_eq!(count(&before), count(&after), "{name}: {plain}");
    }
}

/// Every secret word is inside a window on its channel; at most `spare` other words meet one, for each secret run.
fn check(
    name: &str,
    seed: u64,
    parts: &[Part],
    file: &Value,
    options: &SelectOptions,
    spare: usize,
) {
    let runs = parts.iter().filter(|part| part.words.iter().any(|word| word.is_secret)).count();
    let Some(selection) = selected(file, options, name) else {
        assert_eq!(runs, 0, "{name} {seed}: secrets and no selection");
        return;
    };
    let mut others = 0;
    for (channel, word) in all(parts) {
        let on_channel = || {
            let is_there = |own: Option<u16>| own.is_none_or(|own| usize::from(own) == channel);
            selection.windows.iter().filter(move |window| is_there(window.channel))
        };
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap();
        let end = |end: Option<std::time::Duration>| end.map_or(u64::MAX, millis);
        if word.is_secret {
            let is_covered =
                on_channel().any(|w| millis(w.start) <= word.start && end(w.end) >= word.end);
            assert!(
                is_covered,
                "{name} {seed}: a secret at {} ms on channel {channel} is open",
                word.start
            );
        } else {
            others += usize::from(
                on_channel().any(|w| millis(w.start) < word.end && end(w.end) > word.start),
            );
        }
    }
    assert!(
        others <= spare * runs,
        "{name} {seed}: {others} other words are muted for {runs} runs"
    );
}

#[test]
fn every_secret_of_random_calls_is_muted_in_every_layout() {
    let marked = SelectOptions { pad: Some(Default::default()), ..SelectOptions::default() };
    let segment = json!({"seek": 0, "tokens": []});
    for seed in 0..10 {
        let parts = call(seed);
        let parts = &parts[..];
        for (name, file, spare) in [
            ("aws-transcribe", aws(parts, true), 0),
            ("aws-transcribe", aws(parts, false), 0),
            ("aws-call-analytics", call_analytics(parts), 0),
            ("contact-lens", contact_lens(parts), 0),
            ("aws-streaming", aws_streaming(parts), 0),
            ("assemblyai", assemblyai(parts, true), 0),
            ("assemblyai", assemblyai(parts, false), 0),
            ("azure-conversation", azure_conversation(parts), 0),
            ("gladia", gladia(parts), 0),
            ("genesys-transcript", genesys(parts), 0),
            ("speechmatics", speechmatics(parts), 0),
            ("twilio", twilio(parts), 20),
            ("deepgram", deepgram(parts, true), 0),
            ("deepgram", deepgram(parts, false), 0),
        ] {
            check(name, seed, parts, &file, &marked, spare);
        }
        for (name, file, spare) in [
            ("azure-batch", azure_batch(parts), 0),
            ("azure-realtime", azure_realtime(parts), 0),
            ("google", google(parts, "startTime", "endTime"), 0),
            ("google", google(parts, "startOffset", "endOffset"), 0),
            ("whisper", whisper(parts, "word", "probability", segment.clone()), 0),
            ("whisper", whisper_api(parts), 0),
            ("whisper-timestamped", whisper(parts, "text", "confidence", json!({})), 0),
            ("whisper-cpp", whisper_cpp(parts), 0),
            ("whisperx", whisperx(parts, 0), 0),
            ("whisperx", whisperx(parts, 1), 0),
            ("whisperx", whisperx(parts, 2), 0),
            ("revai", revai(parts), 0),
            ("ibm", ibm(parts), 0),
            ("kaldi-json", kaldi(parts), 0),
            ("huggingface", huggingface(parts), 0),
            ("assemblyai-streaming", assemblyai_streaming(parts), 0),
            ("speechmatics-v1", speechmatics_v1(parts), 0),
        ] {
            check(name, seed, parts, &file, &numbers(), spare);
        }
    }
}
