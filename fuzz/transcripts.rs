//! Properties of transcripts that must hold for arbitrary bytes: from the file to its windows, and
//! back to the file with their words masked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use sordino::transcript::{
    Parties, Place, PlacedWindow, Read, Rule, Rules, SelectError, SelectOptions, Selection, Sort,
    Text, TimeRange, Transcript, TranscriptError, Turn, Word, format_names, read,
};

/// The formats that are JSON: the others are text, tables or XML.
const TEXT_FORMATS: [&str; 13] = [
    "webvtt",
    "srt",
    "ttml",
    "textgrid",
    "eaf",
    "rttm",
    "ctm",
    "edl",
    "audacity",
    "rev-nlp",
    "whisper-tsv",
    "pause-log",
    "lossless-cut",
];

/// Arbitrary bytes as a transcript, and what follows the first byte in the format that it names.
pub fn transcript_json(bytes: &[u8]) {
    let names: Vec<&str> = format_names().filter(|name| !TEXT_FORMATS.contains(name)).collect();
    any(bytes, &names);
}

/// The same for formats that are no JSON.
pub fn transcript_text(bytes: &[u8]) {
    any(bytes, &TEXT_FORMATS);
}

fn any(bytes: &[u8], names: &[&str]) {
    held(bytes, None);
    if let Some((first, rest)) = bytes.split_first()
        && let Some(name) = names.get(usize::from(*first))
    {
        held(rest, Some(name));
    }
}

/// All languages, numbers of all kinds, nothing else asked for.
fn options() -> SelectOptions {
    let find = Rules::new(&Rule::ALL).in_languages(&["en", "de", "es"]).unwrap();
    SelectOptions { find, ..SelectOptions::default() }
}

/// A file: an error that tells nothing, or windows that hold what they must, and a masked file that
/// can be read as the original was.
fn held(bytes: &[u8], format: Option<&str>) {
    let file = match read(bytes, format) {
        Ok(file) => file,
        Err(error) => return tells_nothing(&error.to_string(), bytes),
    };
    let transcript = file.transcript();
    transcript.notes.iter().for_each(|note| tells_nothing(note, bytes));
    // What is marked, then what is marked or found.
    for options in [SelectOptions::default(), options()] {
        match file.select(&options) {
            Ok(selection) => {
                proper(&selection, transcript, bytes);
                marks_are_inside(&selection, transcript);
                if !options.find.is_empty() {
                    digits_are_inside(&selection, transcript);
                    spoken_are_inside(&selection, transcript);
                }
                masked(&file, &selection, format);
            }
            // Names of speakers and tiers are part of the layout, and are shown.
            Err(
                SelectError::SpeakerNeeded { .. }
                | SelectError::NoSuchSpeaker { .. }
                | SelectError::TierNeeded { .. }
                | SelectError::NoSuchTier { .. },
            ) => {}
            Err(error) => tells_nothing(&error.to_string(), bytes),
        }
    }
}

/// A message for people: four digits in a row are a count or a place in the file.
fn tells_nothing(message: &str, bytes: &[u8]) {
    let known = ["Windows-1252", "cmx3600", "2026-01-31T12:00:00Z"];
    let message = known.iter().fold(message.to_owned(), |message, name| message.replace(name, ""));
    for digits in message.split(|c: char| !c.is_numeric()).filter(|run| run.chars().count() >= 4) {
        let is_place = digits.parse().is_ok_and(|number: usize| number <= bytes.len() + 1);
        assert!(is_place, "a message tells digits: {message}");
    }
}

/// Windows begin before they end, at times that the file gives, and show no digits.
fn proper(selection: &Selection, transcript: &Transcript, bytes: &[u8]) {
    let windows = selection.to_windows().expect("a selection is windows");
    assert_eq!((windows.len(), selection.bare.len()), (selection.windows.len(), windows.len()));
    let times = times(transcript);
    for ((bare, padded), window) in selection.bare.iter().zip(&selection.windows).zip(&windows) {
        assert!(window.start() < window.end());
        assert!(padded.start <= bare.start && padded.end.is_none() == bare.end.is_none());
        assert!(padded.end >= bare.end);
        assert_eq!(padded.channel, bare.channel);
        assert!(times.contains(&bare.start), "{bare:?} begins at a time of the file");
        assert!(bare.end.is_none_or(|end| times.contains(&end)), "{bare:?} ends at one");
        for label in [&bare.label, &padded.label].into_iter().flatten() {
            assert!(!label.contains(char::is_numeric), "a label tells digits: {label}");
        }
    }
    let summary = &selection.summary;
    assert_eq!(summary.marks_found, summary.marks_placed, "all marks have a place");
    summary.notes.iter().for_each(|note| tells_nothing(note, bytes));
}

/// All times of a file, and its begin.
fn times(transcript: &Transcript) -> BTreeSet<Duration> {
    let mut times = BTreeSet::from([Duration::ZERO]);
    let words = transcript.turns.iter().flat_map(|turn| &turn.words).filter_map(|word| word.time);
    let turns = transcript.turns.iter().filter_map(|turn| turn.time);
    times.extend(words.chain(turns).flat_map(|time| [time.start, time.end]));
    for mark in transcript.marks.iter().chain(&transcript.offered) {
        if let Place::Time { start, end, .. } = &mark.place {
            times.extend([Some(*start), *end].into_iter().flatten());
        }
    }
    times
}

/// The windows that mute the channel; all of them where it is not known.
fn on(windows: &[PlacedWindow], channel: Option<u16>) -> impl Iterator<Item = &PlacedWindow> {
    windows.iter().filter(move |own| own.channel.is_none() || own.channel == channel)
}

/// Whether one window on the channel, or on all, holds the time.
fn is_inside(windows: &[PlacedWindow], channel: Option<u16>, time: TimeRange) -> bool {
    let (start, end) = (time.start.min(time.end), time.start.max(time.end));
    on(windows, channel)
        .any(|own| own.start <= start && own.end.is_none_or(|own_end| own_end >= end))
}

/// Words whose time is their own: neither empty nor that of the word beside.
fn trusted(turn: &Turn) -> impl Iterator<Item = (usize, &Word, TimeRange)> {
    let spoken: Vec<(usize, &Word)> =
        turn.words.iter().enumerate().filter(|(_, word)| !word.is_silent).collect();
    let time = |word: &Word| word.time.filter(|time| time.is_proper());
    let own: Vec<Option<TimeRange>> = spoken.iter().map(|(_, word)| time(word)).collect();
    let is_own = move |at: usize| {
        let is_other = |other: Option<&Option<TimeRange>>| other.is_none_or(|it| *it != own[at]);
        let before = at.checked_sub(1).and_then(|at| own.get(at));
        own[at].filter(|_| is_other(before) && is_other(own.get(at + 1)))
    };
    spoken
        .into_iter()
        .enumerate()
        .filter_map(move |(at, (index, word))| is_own(at).map(|time| (index, word, time)))
}

/// Every mark with a time is inside a window. Labels on tiers must be chosen first.
fn marks_are_inside(selection: &Selection, transcript: &Transcript) {
    if transcript.sort == Sort::Tiers {
        return;
    }
    for mark in &transcript.marks {
        match &mark.place {
            Place::Time { start, end, channel, turn } => {
                let of_turn = || turn.and_then(|turn| transcript.turns.get(turn)?.channel);
                let time = TimeRange::new(*start, end.unwrap_or(Duration::MAX));
                let is_open = |own: &PlacedWindow| own.start <= *start && own.end.is_none();
                let channel = channel.or_else(of_turn);
                let is_held = match end {
                    Some(_) => is_inside(&selection.bare, channel, time),
                    None => on(&selection.bare, channel).any(is_open),
                };
                assert!(is_held, "a mark of a time is open");
            }
            Place::Words(turn, words) => {
                let turn = &transcript.turns[*turn];
                for (_, _, time) in trusted(turn).filter(|(index, ..)| words.contains(index)) {
                    let is_held = is_inside(&selection.bare, turn.channel, time);
                    assert!(is_held, "a word of a mark is open");
                }
            }
            Place::WholeTurn(turn) => {
                let turn = &transcript.turns[*turn];
                let own = turn.time.filter(|time| time.is_proper());
                let is_held = own.is_none_or(|time| is_inside(&selection.bare, turn.channel, time));
                assert!(is_held, "a turn that is marked is open");
            }
            Place::Nowhere => panic!("a mark that is nowhere is no error"),
        }
    }
}

/// Whether a word is four digits or more, and nothing else.
fn is_digits(text: &str) -> bool {
    text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Every number of four digits or more that is one word is inside a window.
fn digits_are_inside(selection: &Selection, transcript: &Transcript) {
    for turn in &transcript.turns {
        for (_, _, time) in trusted(turn).filter(|(_, word, _)| is_digits(word.text.expose())) {
            let is_held = is_inside(&selection.bare, turn.channel, time);
            assert!(is_held, "digits are open at {time:?}");
        }
    }
}

/// Four spoken digits in a row, none of them marked and no silence of 3 s between, are inside.
fn spoken_are_inside(selection: &Selection, transcript: &Transcript) {
    let mut marked = BTreeSet::new();
    for mark in &transcript.marks {
        if let Place::Words(turn, words) = &mark.place {
            marked.extend(words.clone().map(|word| (*turn, word)));
        }
    }
    for (at, turn) in transcript.turns.iter().enumerate() {
        let timed: Vec<(usize, &Word, TimeRange)> = trusted(turn).collect();
        for four in timed.windows(4) {
            let near = |pair: &[(usize, &Word, TimeRange)]| {
                pair[1].2.start.saturating_sub(pair[0].2.end) < Duration::from_secs(3)
            };
            let is_row = four[3].0 - four[0].0 == 3;
            let is_digit = |(index, word, _): &(usize, &Word, TimeRange)| {
                DIGITS.contains(&word.text.expose()) && !marked.contains(&(at, *index))
            };
            if is_row && four.iter().all(is_digit) && four.windows(2).all(near) {
                for (_, _, time) in four {
                    assert!(is_inside(&selection.bare, turn.channel, *time), "a digit is open");
                }
            }
        }
    }
}

/// The places (turn, word) of words with a trusted time that meets a window.
fn chosen(selection: &Selection, transcript: &Transcript) -> BTreeSet<(usize, usize)> {
    let mut chosen = BTreeSet::new();
    for (at, turn) in transcript.turns.iter().enumerate() {
        for (index, _, time) in trusted(turn) {
            let is_here = |own: &&PlacedWindow| {
                own.channel.is_none() || turn.channel.is_none() || own.channel == turn.channel
            };
            let meets = |own: &PlacedWindow| {
                own.start.max(time.start) < own.end.unwrap_or(Duration::MAX).min(time.end)
            };
            if selection.bare.iter().filter(is_here).any(meets) {
                chosen.insert((at, index));
            }
        }
    }
    chosen
}

/// The masked file is read as the original was, and its numbers are those outside the windows.
fn masked(file: &Read, selection: &Selection, format: Option<&str>) {
    let transcript = file.transcript();
    let out = match file.masked(&selection.bare, &Parties::default()) {
        Ok(out) => out,
        Err(error) => {
            let is_known = matches!(error, TranscriptError::Unusable { .. });
            assert!(is_known, "what is masked is broken: {error}");
            return;
        }
    };
    let chosen = chosen(selection, transcript);
    let (mut hidden, mut open) = (BTreeSet::new(), BTreeSet::new());
    for (at, turn) in transcript.turns.iter().enumerate() {
        for (index, word) in turn.words.iter().enumerate() {
            let text = word.text.expose();
            if is_digits(text) && chosen.contains(&(at, index)) {
                hidden.insert(text);
            } else {
                open.extend(text.split(|c: char| !c.is_alphanumeric()));
            }
        }
    }
    assert!(out.words >= chosen.iter().filter(|place| is_digit_word(transcript, place)).count());
    let again = read(&out.bytes, format).expect("what is masked can be read");
    assert_eq!(again.transcript().format, transcript.format, "and is of the same format");
    let is_left = |text: &Text| hidden.contains(text.expose()) && !open.contains(text.expose());
    let words = again.transcript().turns.iter().flat_map(|turn| &turn.words);
    assert!(!words.map(|word| &word.text).any(is_left), "a masked number is left");
    hidden.retain(|digits| !open.contains(digits));
    strings_tell_nothing(&out.bytes, &hidden);
    // Tags stand where the words were: what is marked now was muted before. Said only where each word
    // is masked for a window that holds all of it.
    let is_whole = |(at, turn): (usize, &Turn)| {
        let is_here = |index| chosen.contains(&(at, index));
        let is_held = |time| is_inside(&selection.bare, turn.channel, time);
        trusted(turn).count() == turn.words.iter().filter(|word| !word.is_silent).count()
            && trusted(turn).all(|(index, _, time)| !is_here(index) || is_held(time))
    };
    if let Ok(marked) = again.select(&SelectOptions::default())
        && transcript.sort == Sort::Speech
        && transcript.turns.iter().enumerate().all(is_whole)
    {
        for window in &marked.bare {
            let is_known = |own: &&PlacedWindow| {
                own.start <= window.start
                    && (own.end.is_none() || window.end.is_some() && own.end >= window.end)
            };
            let is_held = on(&selection.bare, window.channel).any(|own| is_known(&own));
            assert!(is_held, "{window:?} is new after masking");
        }
    }
}

fn is_digit_word(transcript: &Transcript, (turn, word): &(usize, usize)) -> bool {
    is_digits(transcript.turns[*turn].words[*word].text.expose())
}

/// No string of a JSON file holds a number that was masked. One that is nothing but a number with
/// points, colons or dashes may be a time or an identifier.
fn strings_tell_nothing(bytes: &[u8], hidden: &BTreeSet<&str>) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if hidden.is_empty() || !text.trim_start().starts_with(['{', '[']) {
        return;
    }
    let values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let mut open: Vec<serde_json::Value> = values.map_while(Result::ok).collect();
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Array(items) => open.extend(items),
            serde_json::Value::Object(members) => {
                open.extend(members.into_iter().map(|(_, value)| value))
            }
            serde_json::Value::String(text) => {
                let tokens = || text.split_whitespace();
                let is_number = tokens().count() == 1 && text.contains(['.', ':', '-']);
                let is_told = tokens().any(|token| hidden.contains(token));
                assert!(is_number || !is_told, "a string tells a masked number");
            }
            _ => {}
        }
    }
}

/// Words of the calls that [`selection`] makes.
const SAID: [&str; 28] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "zero", "oh", "to",
    "double", "eleven", "forty", "hundred", "uh", "yes", "card", "number", "code", "pin", "hello",
    "4111", "42", "[PII]", "####", "vier",
];

/// Digits that are nothing else.
const DIGITS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// A word of a made call; times in milliseconds.
struct Said {
    text: &'static str,
    channel: usize,
    speaker: usize,
    is_new_turn: bool,
    time: Option<(u64, u64)>,
}

/// A made call, written in one layout: it is read as it was made, and holds as any other does.
pub fn selection(bytes: &[u8]) {
    let Some((layout, rest)) = bytes.split_first() else { return };
    let said = call(rest);
    let (name, file) = match layout % 3 {
        0 => ("deepgram", deepgram(&said)),
        1 => ("ctm", ctm(&said)),
        _ => ("whisperx", whisperx(&said)),
    };
    if said.is_empty() {
        return;
    }
    let read = read(file.as_bytes(), Some(name)).unwrap();
    // Deepgram has a list for each channel.
    let channels = if name == "deepgram" { vec![Some(0), Some(1)] } else { vec![None] };
    let wanted = channels.into_iter().flat_map(|channel| {
        said.iter().filter(move |word| channel.is_none_or(|channel| channel == word.channel))
    });
    let words = read.transcript().turns.iter().flat_map(|turn| &turn.words);
    let millis = Duration::from_millis;
    let time = |word: &Said| word.time.map(|(a, b)| TimeRange::new(millis(a), millis(b)));
    let wanted: Vec<_> = wanted.map(|word| (word.text, time(word))).collect();
    let found: Vec<_> = words.map(|word| (word.text.expose(), word.time)).collect();
    assert_eq!(found, wanted);
    held(file.as_bytes(), Some(name));
}

/// Three bytes are a word: what is said; the gap before it and its length; how its time is written,
/// and who says it.
fn call(bytes: &[u8]) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    let mut clock = 0;
    for word in bytes.as_chunks::<3>().0.iter().take(80) {
        let [word, time, how] = word.map(u64::from);
        let start = clock + (time & 0x3F) * (time & 0x3F) * 2;
        let end = start + ((time >> 6) + 1) * 110;
        clock = end;
        let time = match how % 16 {
            0 => None,
            1 => said.last().and_then(|last| last.time),
            2 => Some((end, end)),
            _ => Some((start, end)),
        };
        let text = SAID[usize::try_from(word).unwrap() % SAID.len()];
        let bit = |at: u64| usize::from(how & (1 << at) != 0);
        let is_new_turn = bit(6) + bit(7) == 2;
        said.push(Said { text, channel: bit(4), speaker: bit(5), is_new_turn, time });
    }
    said
}

/// Whole milliseconds as the seconds of JSON.
fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// `"start":1.5,"end":2.0,`, or nothing.
fn both(word: &Said) -> String {
    let both = |(a, b)| format!("\"start\":{},\"end\":{},", seconds(a), seconds(b));
    word.time.map(both).unwrap_or_default()
}

fn deepgram(said: &[Said]) -> String {
    let channel = |channel: usize| {
        let own = || said.iter().filter(move |word| word.channel == channel);
        let words = own().map(|word| {
            let (time, speaker, text) = (both(word), word.speaker, word.text);
            format!(
                "{{{time}\"speaker\":{speaker},\"word\":\"{text}\",\"punctuated_word\":\"{text}\"}}"
            )
        });
        let words: Vec<String> = words.collect();
        let text: Vec<&str> = own().map(|word| word.text).collect();
        let (words, text) = (words.join(","), text.join(" "));
        format!("{{\"alternatives\":[{{\"transcript\":\"{text}\",\"words\":[{words}]}}]}}")
    };
    format!("{{\"results\":{{\"channels\":[{},{}]}}}}", channel(0), channel(1))
}

fn ctm(said: &[Said]) -> String {
    let mut out = String::new();
    for word in said {
        let (start, length) =
            word.time.map_or(("*".into(), "*".into()), |(a, b)| (seconds(a), seconds(b - a)));
        let _ = writeln!(out, "call {} {start} {length} {}", word.channel + 1, word.text);
    }
    out
}

fn whisperx(said: &[Said]) -> String {
    let turns = said.chunk_by(|_, next| !next.is_new_turn).map(|turn| {
        let words = turn.iter().map(|word| {
            let score = if word.time.is_some() { "\"score\":0.9," } else { "" };
            format!("{{{}{score}\"word\":\"{}\"}}", both(word), word.text)
        });
        let words: Vec<String> = words.collect();
        let text: Vec<&str> = turn.iter().map(|word| word.text).collect();
        let (words, text) = (words.join(","), text.join(" "));
        let start = turn.iter().find_map(|word| word.time).map_or(0, |time| time.0);
        let end = turn.iter().rev().find_map(|word| word.time).map_or(start, |time| time.1);
        let (start, end) = (seconds(start), seconds(end));
        format!("{{\"start\":{start},\"end\":{end},\"text\":\" {text}\",\"words\":[{words}]}}")
    });
    let turns: Vec<String> = turns.collect();
    format!("{{\"segments\":[{}],\"word_segments\":[]}}", turns.join(","))
}
