//! Random calls as labels, subtitles and tables.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Part, Said, SelectOptions, all, call, check, numbers, sec, text};

/// `1:02:03,004`, with `point` before the milliseconds.
fn clock(ms: u64, point: char) -> String {
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    format!("{:02}:{:02}:{:02}{point}{:03}", minutes / 60, minutes % 60, rest / 1000, rest % 1000)
}

/// Cues with a time before each word, and one at the end of the last.
fn inner_times(parts: &[Part]) -> String {
    let mut out = "WEBVTT\n\n".to_owned();
    for part in parts {
        let end = clock(part.end(), '.');
        let _ = write!(out, "{} --> {end}\n<v S{}>", clock(part.start(), '.'), part.channel);
        for word in &part.words {
            let _ = write!(out, "<{}>{} ", clock(word.start, '.'), word.text);
        }
        out.push_str("</v>\n\n");
    }
    out
}

/// Numbered cues with a name before each text.
fn srt(parts: &[Part]) -> String {
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        let (start, end) = (clock(part.start(), ','), clock(part.end(), ','));
        let name = ["Agent", "Customer"][part.channel];
        let _ = write!(out, "{}\n{start} --> {end}\n{name}: {}\n\n", index + 1, part.text());
    }
    out
}

fn ttml(parts: &[Part]) -> String {
    let mut out = "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body>".to_owned();
    for part in parts {
        let (start, end) = (part.start(), part.end());
        let _ = write!(out, "<p begin=\"{start}ms\" end=\"{end}ms\">{}</p>", part.text());
    }
    out + "</body></tt>"
}

/// A line for each word.
fn lines(parts: &[Part], head: &str, line: impl Fn(usize, &Said) -> String) -> String {
    all(parts)
        .iter()
        .fold(head.to_owned(), |out, (channel, word)| out + &line(*channel, word) + "\n")
}

fn length(word: &Said) -> String {
    text(word.end - word.start)
}

/// A tier for each party, with an interval for each word and empty ones between.
fn text_grid(parts: &[Part]) -> String {
    let end = text(parts.last().map_or(0, Part::end) + 1000);
    let mut out = format!("\"ooTextFile\"\n\"TextGrid\"\n0\n{end}\n<exists>\n2\n");
    for party in 0..2 {
        let (mut count, mut inner, mut at) = (0, String::new(), 0);
        for (_, word) in all(parts).iter().filter(|(channel, _)| *channel == party) {
            let (from, start, end) = (text(at), text(word.start), text(word.end));
            let _ = write!(inner, "{from}\n{start}\n\"\"\n{start}\n{end}\n\"{}\"\n", word.text);
            (at, count) = (word.end, count + 2);
        }
        let _ = write!(out, "\"IntervalTier\"\n\"party {party}\"\n0\n{end}\n{count}\n{inner}");
    }
    out
}

fn eaf(parts: &[Part]) -> String {
    let (mut slots, mut tiers) = (String::new(), [String::new(), String::new()]);
    for (index, (channel, word)) in all(parts).iter().enumerate() {
        for (name, time) in [("s", word.start), ("e", word.end)] {
            let _ =
                write!(slots, "<TIME_SLOT TIME_SLOT_ID=\"{name}{index}\" TIME_VALUE=\"{time}\"/>");
        }
        let _ = write!(
            tiers[*channel],
            "<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{index}\" TIME_SLOT_REF1=\"s{index}\" TIME_SLOT_REF2=\"e{index}\">\
             <ANNOTATION_VALUE>{}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>",
            word.text
        );
    }
    let [one, other] = tiers;
    format!(
        "<ANNOTATION_DOCUMENT><HEADER TIME_UNITS=\"milliseconds\"/><TIME_ORDER>{slots}</TIME_ORDER>\
         <TIER TIER_ID=\"x\">{one}</TIER><TIER TIER_ID=\"y\">{other}</TIER></ANNOTATION_DOCUMENT>"
    )
}

fn vcon(parts: &[Part]) -> Value {
    let words = all(parts).into_iter().map(|(channel, word)| {
        json!({"word": word.text, "start": sec(word.start), "end": sec(word.end), "channel": channel})
    });
    json!({"vcon": "0.4.0", "parties": [{"name": "a"}, {"name": "b"}], "dialog": [{"type": "recording", "parties": [0, 1]}],
        "analysis": [{"type": "transcript", "dialog": 0, "body": {"words": words.collect::<Vec<_>>()}}]})
}

fn segments(parts: &[Part], head: &str, line: impl Fn(&Part) -> String) -> String {
    parts.iter().fold(head.to_owned(), |out, part| out + &line(part) + "\n")
}

#[test]
fn every_secret_of_random_calls_is_muted_in_every_layout_of_text() {
    for seed in 0..10 {
        let parts = call(seed);
        let parts = &parts[..];
        let ctm = lines(parts, ";; made\n", |channel, word| {
            format!("c {} {} {} {} 0.9", channel + 1, text(word.start), length(word), word.text)
        });
        let rttm = lines(parts, "", |channel, word| {
            format!(
                "LEXEME c 1 {} {} {} lex s{channel} <NA>",
                text(word.start),
                length(word),
                word.text
            )
        });
        let nlp = lines(parts, "token|speaker|ts|endTs\n", |channel, word| {
            format!("{}|{channel}|{}|{}", word.text, text(word.start), text(word.end))
        });
        let tsv = segments(parts, "start\tend\ttext\n", |part| {
            format!("{}\t{}\t{}", part.start(), part.end(), part.text())
        });
        let aud = segments(parts, "", |part| {
            format!(
                "{}\t{}\t[[s{}]]{}",
                text(part.start()),
                text(part.end()),
                part.channel,
                part.text()
            )
        });
        for (name, file, spare) in [
            ("webvtt", inner_times(parts), 0),
            ("srt", srt(parts), 20),
            ("ttml", ttml(parts), 20),
            ("ctm", ctm, 0),
            ("rttm", rttm, 0),
            ("rev-nlp", nlp, 0),
            ("textgrid", text_grid(parts), 0),
            ("eaf", eaf(parts), 0),
            ("whisper-tsv", tsv, 20),
            ("audacity", aud, 20),
        ] {
            check(name, seed, parts, &Value::String(file), &numbers(), spare);
        }
        check("vcon", seed, parts, &vcon(parts), &numbers(), 0);
        let tagged: Vec<Part> = parts.iter().map(|part| part.tagged("[CREDIT_CARD_1]")).collect();
        let marked = SelectOptions { pad: Some(Default::default()), ..SelectOptions::default() };
        for (name, file, spare) in [("webvtt", inner_times(&tagged), 0), ("srt", srt(&tagged), 20)]
        {
            check(name, seed, parts, &Value::String(file), &marked, spare);
        }
    }
}
