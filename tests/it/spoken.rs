//! Calls that espeak-ng speaks, word by word, so that the place of each word is known to the frame. A
//! transcript as a recogniser writes it, with times that are as wrong as its padding allows, must
//! leave no digit audible, and other words as they are.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use crate::support::*;

/// Half of what espeak-ng speaks at.
const RATE: usize = 11_025;

/// The voice of each party.
const VOICES: [&str; 2] = ["en-us", "en-gb+f3"];

/// Whether espeak-ng is installed. If not, prints that the test is skipped.
fn can_speak() -> bool {
    let found = Command::new("espeak-ng").arg("--version").stdin(Stdio::null()).output().is_ok();
    if !found {
        eprintln!("skipped: espeak-ng is not installed");
    }
    found
}

/// Samples by word and party.
type Words = HashMap<(String, usize), Vec<i16>>;

/// The samples of one word, from its first to its last audible one. Each is spoken once.
fn spoken(word: &str, party: usize) -> Vec<i16> {
    static KNOWN: LazyLock<Mutex<Words>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    let speak = || {
        let folder = Folder::new();
        let path = folder.path("word.wav");
        let args = ["-v", VOICES[party], "-w", &path, word];
        let done = Command::new("espeak-ng").args(args).stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
        let samples = samples_16(&std::fs::read(path).unwrap());
        let half = samples.as_chunks::<2>().0.iter().map(|&[a, b]| a.midpoint(b));
        let half: Vec<i16> = half.collect();
        let is_loud = |sample: &i16| sample.unsigned_abs() > 100;
        let first = half.iter().position(is_loud).unwrap();
        half[first..=half.iter().rposition(is_loud).unwrap()].to_vec()
    };
    known.entry((word.to_owned(), party)).or_insert_with(speak).clone()
}

/// A small generator, so that a failure can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// What a word is to the test.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// A part of a number.
    Secret,
    /// Said inside of a number, and muted with it.
    Filler,
    /// To stay.
    Plain,
}

/// A word and its frames.
struct Said {
    text: String,
    role: Role,
    start: usize,
    end: usize,
}

/// What one party says without a break: 0 is the customer, 1 the agent.
struct Turn {
    party: usize,
    words: Vec<Said>,
}

/// A call while it is made.
struct Call {
    dice: Dice,
    channels: [Vec<i16>; 2],
    turns: Vec<Turn>,
}

impl Call {
    fn new(seed: u64) -> Self {
        Self { dice: Dice(seed), channels: [vec![], vec![]], turns: vec![] }
    }

    /// Adds a turn, with 0.3 to 0.8 s before it and some 10 to 350 ms between its words. Words in
    /// braces are secret, words in brackets fillers.
    fn say(&mut self, party: usize, text: &str) {
        let before = 300 + self.dice.below(500);
        self.pause(before);
        let mut words = Vec::new();
        let mut role = Role::Plain;
        for token in text.split(' ') {
            match token {
                "{" => role = Role::Secret,
                "}" => role = Role::Plain,
                _ => {
                    let filler = token.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
                    let own = if filler.is_some() { Role::Filler } else { role };
                    words.push(self.word(party, filler.unwrap_or(token), own));
                    let between = 10 + self.dice.below(340);
                    self.pause(between);
                }
            }
        }
        self.turns.push(Turn { party, words });
    }

    fn word(&mut self, party: usize, text: &str, role: Role) -> Said {
        let audio = spoken(text, party);
        let start = self.channels[party].len();
        self.channels[party].extend(&audio);
        let end = self.channels[party].len();
        self.channels[1 - party].resize(end, 0);
        Said { text: text.to_owned(), role, start, end }
    }

    fn pause(&mut self, millis: usize) {
        let end = self.channels[0].len() + millis * RATE / 1000;
        self.channels.iter_mut().for_each(|channel| channel.resize(end, 0));
    }

    /// The call as WAV, on two channels or mixed.
    fn wav(&self, is_mixed: bool) -> Vec<u8> {
        let frames = self.channels[0].iter().zip(&self.channels[1]);
        let samples: Vec<i16> = if is_mixed {
            // Nobody speaks while the other does.
            frames.map(|(a, b)| a + b).collect()
        } else {
            frames.flat_map(|(a, b)| [*a, *b]).collect()
        };
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        wav(1, RATE as u32, if is_mixed { 1 } else { 2 }, 16, &bytes)
    }
}

/// Digits as people say them: one by one, doubled, in pairs; with fillers between.
fn digits(dice: &mut Dice, mut left: &str) -> String {
    const UNITS: [&str; 20] = [
        "oh",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] =
        ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let mut out = vec!["{"];
    while !left.is_empty() {
        let digit = |at: usize| left.as_bytes().get(at).map(|byte| usize::from(byte - b'0'));
        let (first, next) = (digit(0).unwrap(), digit(1));
        let count = match next {
            Some(next) if next == first && dice.below(2) == 0 => {
                let is_three = digit(2) == Some(first);
                out.extend([if is_three { "triple" } else { "double" }, UNITS[first]]);
                if is_three { 3 } else { 2 }
            }
            Some(next) if first == 1 && dice.below(2) == 0 => {
                out.push(UNITS[10 + next]);
                2
            }
            Some(next) if first > 1 && dice.below(4) == 0 => {
                out.push(TENS[first]);
                out.extend((next > 0).then_some(UNITS[next]));
                2
            }
            _ => {
                out.push(if first == 0 && dice.below(2) == 0 { "zero" } else { UNITS[first] });
                1
            }
        };
        left = &left[count..];
        // An "oh" belongs to the digit beside it.
        let is_beside_oh = out.last() == Some(&"oh") || left.starts_with('0');
        if !left.is_empty() && !is_beside_oh && dice.below(6) == 0 {
            out.push(["(uh)", "(dash)", "(and)"][dice.below(3)]);
        }
    }
    out.push("}");
    out.join(" ")
}

/// A payment: a card number over three turns, read back in part, a security code, an expiry date.
fn payment(seed: u64) -> Call {
    let mut call = Call::new(seed);
    let dice = &mut call.dice;
    let number = |dice: &mut Dice, count: usize| -> String {
        // Some digits stand twice.
        let mut out = String::new();
        while out.len() < count {
            let digit = char::from(b'0' + dice.below(10) as u8);
            out.extend(std::iter::repeat_n(digit, 1 + usize::from(dice.below(3) == 0)));
        }
        out[..count].to_owned()
    };
    let card = format!("4{}", number(dice, 15));
    let (first, second) = (4 + dice.below(3), 9 + dice.below(3));
    let code = number(dice, 3);
    let groups =
        [&card[..first], &card[first..second], &card[second..], &card[12..], &code, "0427"];
    let [first, second, third, back, code, expiry] = groups.map(|group| digits(dice, group));
    call.say(1, "good morning how can i help you");
    call.say(0, "i have been a customer here three years and i want a new contract");
    call.say(1, "one moment please can you read me the card number");
    call.say(0, &format!("sure the number is {first}"));
    call.say(1, "mhm");
    call.say(0, &second);
    call.say(1, "okay");
    call.say(0, &third);
    call.say(1, &format!("ending in {back}"));
    call.say(0, "correct");
    call.say(1, "what is the security code");
    call.say(0, &format!("the code is {code}"));
    call.say(1, "and when does the card expire");
    call.say(0, &format!("that is {expiry}"));
    call.say(1, "wonderful everything is paid and the letter is on its way");
    call.say(0, "my old house near the river was much colder in winter");
    call.say(1, "have a nice day goodbye");
    call
}

/// A transcript as a recogniser writes it.
struct Layout {
    name: &'static str,
    /// The step of its times, and what its padding is before and after, in milliseconds.
    step: i64,
    pad: (i64, i64),
    is_mixed: bool,
    /// Whether its windows are on one channel.
    has_channels: bool,
    /// Whether it writes digits as one word without a time.
    is_untimed: bool,
    write: fn(&[Heard]) -> Value,
}

const LAYOUTS: [Layout; 5] = [
    Layout {
        name: "whisper",
        step: 20,
        pad: (400, 400),
        is_mixed: true,
        has_channels: false,
        is_untimed: false,
        write: whisper,
    },
    Layout {
        name: "whisper",
        step: 20,
        pad: (400, 400),
        is_mixed: false,
        has_channels: false,
        is_untimed: false,
        write: whisper,
    },
    Layout {
        name: "deepgram",
        step: 10,
        pad: (250, 1000),
        is_mixed: false,
        has_channels: true,
        is_untimed: false,
        write: deepgram,
    },
    Layout {
        name: "aws-transcribe",
        step: 10,
        pad: (150, 150),
        is_mixed: false,
        has_channels: true,
        is_untimed: false,
        write: aws,
    },
    Layout {
        name: "whisperx",
        step: 1,
        pad: (400, 400),
        is_mixed: true,
        has_channels: false,
        is_untimed: true,
        write: whisperx,
    },
];

impl Layout {
    /// How far a time is off at most: padding before a word and the least that is after one.
    fn slip(&self) -> i64 {
        self.pad.0 - self.step
    }

    /// The words and their times as the recogniser gives them.
    fn heard(&self, call: &mut Call) -> Vec<Heard> {
        let dice = &mut call.dice;
        let mut last = [0; 2];
        let mut slip = |true_time: i64, party: usize, least: i64| {
            let off = dice.below(2 * self.slip() as usize + 1) as i64 - self.slip();
            let time = (true_time + off).max(last[party] + least);
            last[party] = (time + self.step / 2) / self.step * self.step;
            last[party]
        };
        let millis = |frame: usize| (frame * 1000 / RATE) as i64;
        let mut turns = Vec::new();
        for turn in &call.turns {
            let mut words: Vec<(String, Option<(i64, i64)>)> = Vec::new();
            for word in &turn.words {
                let start = slip(millis(word.start), turn.party, 0);
                let end = slip(millis(word.end) + 1, turn.party, self.step);
                words.push((word.text.clone(), Some((start, end))));
            }
            let (first, last) = (words[0].1.unwrap().0, words[words.len() - 1].1.unwrap().1);
            if self.is_untimed {
                words = written(&turn.words, words);
            }
            turns.push(Heard { party: turn.party, start: first, end: last, words });
        }
        turns
    }
}

/// A turn as it was heard, with times in milliseconds.
struct Heard {
    party: usize,
    start: i64,
    end: i64,
    words: Vec<(String, Option<(i64, i64)>)>,
}

impl Heard {
    fn text(&self) -> String {
        self.words.iter().map(|word| word.0.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Each number as one word of digits, without fillers and without a time.
fn written(
    said: &[Said],
    heard: Vec<(String, Option<(i64, i64)>)>,
) -> Vec<(String, Option<(i64, i64)>)> {
    let mut out: Vec<(String, Option<(i64, i64)>)> = Vec::new();
    let mut is_open = false;
    for (word, heard) in said.iter().zip(heard) {
        if word.role == Role::Plain {
            is_open = false;
            out.push(heard);
        } else if word.role == Role::Secret {
            // Which digits does not matter, only how many there are at least.
            if !is_open {
                out.push((String::new(), None));
            }
            is_open = true;
            out.last_mut().unwrap().0.push('7');
        }
    }
    out
}

fn seconds(millis: i64) -> Value {
    json!(millis as f64 / 1000.0)
}

/// A word with `start` and `end`, if it has them.
fn timed(text: &str, time: Option<(i64, i64)>) -> Value {
    let mut word = json!({ "word": text });
    if let Some((start, end)) = time {
        (word["start"], word["end"]) = (seconds(start), seconds(end));
    }
    word
}

fn whisper(turns: &[Heard]) -> Value {
    let segments = turns.iter().enumerate().map(|(id, turn)| {
        let words = turn.words.iter().map(|(text, time)| {
            let mut word = timed(&format!(" {text}"), *time);
            word["probability"] = json!(0.9);
            word
        });
        json!({"id": id, "seek": 0, "start": seconds(turn.start), "end": seconds(turn.end),
            "text": format!(" {}", turn.text()), "tokens": [], "words": words.collect::<Vec<_>>()})
    });
    json!({"text": "", "language": "en", "segments": segments.collect::<Vec<_>>()})
}

fn whisperx(turns: &[Heard]) -> Value {
    let segments = turns.iter().map(|turn| {
        let words = turn.words.iter().map(|(text, time)| {
            let mut word = timed(text, *time);
            if time.is_some() {
                word["score"] = json!(0.9);
            }
            word
        });
        json!({"start": seconds(turn.start), "end": seconds(turn.end),
            "text": format!(" {}", turn.text()), "words": words.collect::<Vec<_>>()})
    });
    json!({"segments": segments.collect::<Vec<_>>(), "word_segments": []})
}

fn deepgram(turns: &[Heard]) -> Value {
    let channels = [0, 1].map(|party| {
        let own = || turns.iter().filter(move |turn| turn.party == party);
        let words = own().flat_map(|turn| &turn.words).map(|(text, time)| timed(text, *time));
        let text: Vec<String> = own().map(Heard::text).collect();
        json!({"alternatives": [{"transcript": text.join(" "), "words": words.collect::<Vec<_>>()}]})
    });
    json!({"metadata": {"channels": 2}, "results": {"channels": channels}})
}

fn aws(turns: &[Heard]) -> Value {
    let item = |party: usize, text: &str, time: Option<(i64, i64)>| {
        let (start, end) = time.unwrap();
        let clock = |millis: i64| format!("{}.{:03}", millis / 1000, millis % 1000);
        json!({"type": "pronunciation", "start_time": clock(start), "end_time": clock(end),
            "channel_label": format!("ch_{party}"),
            "alternatives": [{"content": text, "confidence": "0.9"}]})
    };
    let items = |party: Option<usize>| -> Vec<Value> {
        let own = turns.iter().filter(move |turn| party.is_none_or(|party| party == turn.party));
        own.flat_map(|turn| turn.words.iter().map(|(text, time)| item(turn.party, text, *time)))
            .collect()
    };
    let channels = [0, 1]
        .map(|party| json!({"channel_label": format!("ch_{party}"), "items": items(Some(party))}));
    json!({"jobName": "j", "status": "COMPLETED", "results": {"transcripts": [], "items": items(None),
        "channel_labels": {"number_of_channels": 2, "channels": channels}}})
}

/// Redacts the call by its transcript, and looks at each word of what comes out.
fn check(name: &str, call: &mut Call, layout: &Layout) {
    let what = format!("{name}, {} mixed: {}", layout.name, layout.is_mixed);
    let heard = layout.heard(call);
    let folder = Folder::new();
    let before = call.wav(layout.is_mixed);
    let input = folder.write("call.wav", &before);
    let transcript = folder.write("transcript.json", (layout.write)(&heard).to_string().as_bytes());
    let out = folder.path("out.wav");
    let args = ["file", &input, "--windows", &transcript, "--find", "numbers", "--silence"];
    let result = sordino(&[&args[..], &["--windows-format", layout.name, "-o", &out]].concat());
    assert!(result.status.success(), "{what}: {}", stderr(&result));
    let (before, after) = (samples_16(&before), samples_16(&std::fs::read(&out).unwrap()));
    assert_eq!(before.len(), after.len(), "{what}");

    let zones = zones(call, layout);
    let width = if layout.is_mixed { 1 } else { 2 };
    let (mut lost, mut runs, mut far) = (0, 0, 0);
    for turn in &call.turns {
        runs += usize::from(turn.words.iter().any(|word| word.role == Role::Secret));
        for word in &turn.words {
            let channel = if layout.is_mixed { 0 } else { turn.party };
            let own = |all: &[i16]| -> Vec<i16> {
                let frames = all.chunks(width).skip(word.start).take(word.end - word.start);
                frames.map(|frame| frame[channel]).collect()
            };
            let (said, left) = (own(&before), own(&after));
            assert!(said.iter().any(|sample| sample.unsigned_abs() > 1000), "a word is audible");
            let (text, at) = (&word.text, word.start as f64 / RATE as f64);
            if word.role == Role::Secret {
                let loudest = left.iter().map(|sample| sample.unsigned_abs()).max();
                assert_eq!(loudest, Some(0), "{what}: {text} at {at} s is audible");
            } else if word.role == Role::Plain {
                let is_near = |zone: &(usize, usize, usize)| {
                    (!layout.has_channels || zone.0 == turn.party)
                        && word.start < zone.2
                        && word.end > zone.1
                };
                if !zones.iter().any(is_near) {
                    far += 1;
                    assert!(said == left, "{what}: {text} at {at} s has changed");
                }
                lost += usize::from(said != left);
            }
        }
    }
    assert!(far >= 25, "{what}: {far} words are far from all numbers");
    assert!(lost <= 3 * runs, "{what}: {lost} other words are lost for {runs} numbers");
}

/// Where a window may be: party, first and last frame. A number, and on both sides the padding and as
/// much as a time may be off.
fn zones(call: &Call, layout: &Layout) -> Vec<(usize, usize, usize)> {
    let all: Vec<(usize, &Said)> = call
        .turns
        .iter()
        .flat_map(|turn| turn.words.iter().map(|word| (turn.party, word)))
        .collect();
    let frames = |millis: i64| (millis as usize) * RATE / 1000 + 1;
    let slip = layout.slip() + layout.step;
    let zone = |(at, (party, word)): (usize, &(usize, &Said))| {
        let (mut start, mut end) = (word.start, word.end);
        if layout.is_untimed {
            // What is between the words around it.
            let is_plain = |other: &&(usize, &Said)| other.1.role == Role::Plain;
            start = all[..at].iter().rfind(is_plain).map_or(0, |other| other.1.end);
            end = all[at..].iter().find(is_plain).map_or(call.channels[0].len(), |it| it.1.start);
        }
        let before = frames(layout.pad.0 + slip);
        (*party, start.saturating_sub(before), end + frames(layout.pad.1 + slip))
    };
    all.iter().enumerate().filter(|(_, it)| it.1.role == Role::Secret).map(zone).collect()
}

/// Every way to say a number, with words around it that stay.
#[test]
fn no_spoken_number_is_audible_however_it_is_said() {
    if !can_speak() {
        return;
    }
    for layout in LAYOUTS.iter().filter(|layout| !layout.is_untimed) {
        let mut call = Call::new(7);
        for number in [
            "four one one one",
            "double four double one",
            "triple eight nine",
            "eleven twelve",
            "forty two seventeen",
            "nineteen eighty four",
            "one oh oh seven",
            "oh one two three",
            "zero five zero nine oh",
            "four hundred twelve five",
            "six thousand two hundred",
            "four to two eight",
            "five (uh) six (dash) seven (and) (then) eight",
            "niner nought three three",
        ] {
            call.say(1, "please tell me your reference when you are ready");
            call.say(0, &format!("of course my reference is {{ {number} }}"));
            call.say(1, "thank you very much that was helpful");
            call.say(0, "my dog likes the garden and never eats bread");
        }
        check("forms", &mut call, layout);
    }
}

/// Random payments in each layout.
#[test]
fn no_digit_of_a_spoken_payment_is_audible_in_any_layout() {
    if !can_speak() {
        return;
    }
    for seed in 0..4 {
        for layout in &LAYOUTS {
            check(&format!("payment {seed}"), &mut payment(seed), layout);
        }
    }
}
