//! The samples whose digits nothing marks.

use super::super::model::Turn;
use super::super::read;
use super::{Rule, Rules, find};

/// Channel, start and end in milliseconds, kind.
type Window = (Option<u16>, u128, u128, &'static str);

/// The windows of the finds in a sample: words closer than 300 ms together.
fn windows(sample: &str, rule: Rule) -> Vec<Window> {
    let transcript = read(sample.as_bytes(), None).unwrap();
    let turns = &transcript.transcript().turns;
    let found = find(turns, &Rules::new(&[rule]), &|_, _| None);
    let mut windows: Vec<Window> = Vec::new();
    for found in &found {
        let mut last: Option<Window> = None;
        for (channel, start, end) in timed(&turns[found.turn], found.words.clone()) {
            last = match last {
                Some(open) if start < open.2 + 300 => Some((channel, open.1, end, open.3)),
                done => {
                    windows.extend(done);
                    Some((channel, start, end, found.kind.name()))
                }
            };
        }
        windows.extend(last);
    }
    windows.sort_by_key(|window| window.1);
    windows
}

fn timed(turn: &Turn, words: std::ops::Range<usize>) -> Vec<(Option<u16>, u128, u128)> {
    let spoken = turn.words[words].iter().filter(|word| !word.is_silent);
    let times = spoken.filter_map(|word| word.time);
    times.map(|time| (turn.channel, time.start.as_millis(), time.end.as_millis())).collect()
}

/// The one call of the made samples, with and without audio channels.
fn truth(has_channels: bool) -> Vec<Window> {
    let channel = |channel| has_channels.then_some(channel);
    vec![
        (channel(0), 3240, 4900, "card"),
        (channel(0), 5300, 7100, "card"),
        (channel(0), 7600, 10300, "card"),
        (channel(1), 11760, 12600, "card-repeat"),
        (channel(0), 15040, 16000, "cvv"),
    ]
}

#[test]
fn azure_batch_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/azure-batch.channels.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(true));
    assert_eq!(windows(sample, Rule::Card), truth(true));
}

#[test]
fn openai_whisper_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/openai-whisper.words.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(false));
    assert_eq!(windows(sample, Rule::Card), truth(false));
}

#[test]
fn the_openai_api_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/openai-api.verbose.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(false));
    assert_eq!(windows(sample, Rule::Card), truth(false));
}

#[test]
fn whisper_cpp_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/whispercpp.full.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(false));
    assert_eq!(windows(sample, Rule::Card), truth(false));
}

#[test]
fn google_v1_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/google-v1.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(true));
    assert_eq!(windows(sample, Rule::Card), truth(true));
}

#[test]
fn google_v2_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/google-v2.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(true));
    assert_eq!(windows(sample, Rule::Card), truth(true));
}

#[test]
fn rev_ai_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/revai.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(false));
    assert_eq!(windows(sample, Rule::Card), truth(false));
}

#[test]
fn nemo_ctm_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/nemo.ctm");
    assert_eq!(windows(sample, Rule::Numbers), truth(true));
    assert_eq!(windows(sample, Rule::Card), truth(true));
}

#[test]
fn a_vcon_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/vcon.json");
    assert_eq!(windows(sample, Rule::Numbers), truth(true));
    assert_eq!(windows(sample, Rule::Card), truth(true));
}

#[test]
fn web_vtt_gives_the_truth() {
    let sample = include_str!("../../../fixtures/transcripts/voice.vtt");
    assert_eq!(windows(sample, Rule::Numbers), truth(false));
    assert_eq!(windows(sample, Rule::Card), truth(false));
}

#[test]
fn a_number_over_two_phrases_and_speakers_is_one_number() {
    let sample = include_str!("../../../fixtures/third-party/transcripts/azure-batch.json");
    let windows = windows(sample, Rule::Numbers);
    let times = windows.iter().map(|window| (window.1, window.2, window.3)).collect::<Vec<_>>();
    assert_eq!(times, [(2280, 5360, "number"), (5400, 7460, "number")]);
}

#[test]
fn digits_without_times_are_found() {
    for sample in [
        include_str!("../../../fixtures/transcripts/whisperx.untimed.json"),
        include_str!("../../../fixtures/transcripts/whisperx.filled.json"),
    ] {
        let transcript = read(sample.as_bytes(), None).unwrap();
        let turns = &transcript.transcript().turns;
        let found = find(turns, &Rules::new(&[Rule::Numbers]), &|_, _| None);
        let kinds: Vec<_> = found.iter().map(|found| (found.number, found.kind.name())).collect();
        assert_eq!(kinds, [(0, "card"), (0, "card"), (0, "card"), (1, "card-repeat"), (2, "cvv")],);
        assert!(found.iter().all(|found| found.words.len() == 1));
    }
}
