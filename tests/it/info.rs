//! `sordino info`, and the library behind it.

use serde_json::Value;
use sordino::{DecodeOptions, Encoding, Info, OutputFormat, Redaction, Source, Treatment};

use crate::support::*;

fn json(args: &[&str]) -> (Option<i32>, Value) {
    let output = sordino(&[&["info", "--json"], args].concat());
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// Length and levels are those of the WAV that a redaction writes, except inside its window.
#[test]
fn info_tells_what_a_redaction_would_write() {
    for name in CALLS {
        let (code, info) = json(&[fixture(name).to_str().unwrap()]);
        assert_eq!(code, Some(0), "{name}");
        // The first millisecond is silent on both channels.
        let out = redacted(stream(fixture_bytes(name)), &["0-0.001"], Treatment::silence());
        let out = out.unwrap();
        let samples = samples_16(&out);
        assert_eq!(info["frames"], samples.len() / 2, "{name}");
        let rate = u32::from_le_bytes(out[24..28].try_into().unwrap());
        let input = &info["input"];
        assert_eq!((&input["rate"], &input["channels"]), (&rate.into(), &2.into()), "{name}");
        let library = Info::of(Source::open(fixture(name)).unwrap()).unwrap();
        for channel in 0..2 {
            let of_channel =
                || samples.iter().skip(channel).step_by(2).map(|&s| f64::from(s) / 32_768.0);
            let peak = of_channel().fold(0.0, |peak, level| f64::max(peak, level.abs()));
            let square = of_channel().map(|level| level * level).sum::<f64>();
            let rms = (square / (samples.len() / 2) as f64).sqrt();
            let loudness = library.channels[channel];
            assert_eq!(loudness.peak, peak, "{name}");
            assert!((loudness.rms - rms).abs() < 1e-6, "{name}");
            // As a receipt writes them: to a hundredth of a dB.
            let decibel = |level: f64| (2000.0 * level.log10()).round() / 100.0;
            let levels = serde_json::json!({ "peakDb": decibel(peak), "rmsDb": decibel(rms) });
            assert_eq!(info["levels"][channel], levels, "{name}");
        }
    }
}

#[test]
fn info_tells_of_the_codec_delay_and_of_tags_by_name_only() {
    let (_, info) = json(&[fixture("call.opus").to_str().unwrap()]);
    // 312 samples of pre-skip at 48 kHz.
    assert_eq!(info["delay"], 52);
    // LAME's own delay of 576 samples, and the decoder's of 529.
    let (_, info) = json(&[fixture("call.mp3").to_str().unwrap()]);
    assert_eq!(info["delay"], 576 + 529);
    let tagged = [b"ID3\x04\0\0\0\0\x01\0TIT2\0\0\0\x0c\0\0\x034111 1111 1".as_slice(), &[0; 106]];
    let mp3 = [tagged.concat(), fixture_bytes("call.mp3")].concat();
    let info = Info::of(stream(mp3.clone())).unwrap();
    assert!(info.leftovers.iter().any(|left| left.name == "TIT2"), "{:?}", info.leftovers);
    let output = sordino_fed(&["info", "-"], &mp3);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("TIT2") && !text.contains("4111"), "{text}");
}

#[test]
fn info_refuses_what_a_redaction_refuses_with_its_reason() {
    let folder = Folder::new();
    let path = folder.path("cut.wav");
    let call = fixture_bytes("call.wav");
    std::fs::write(&path, &call[..call.len() - 1000]).unwrap();
    let (code, info) = json(&[&path]);
    assert_eq!((code, &info["redactable"]), (Some(1), &false.into()));
    assert!(info["reason"].as_str().unwrap().contains("cut off"), "{info}");
    let output = sordino(&["info", &path]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(stderr(&output).contains("cut off"), "{}", stderr(&output));
    assert_eq!(sordino(&["info", &folder.path("missing.wav")]).status.code(), Some(2));
}

/// What `--encoding same` does with a recording, in words, and in deed.
#[test]
fn info_tells_what_an_encoding_that_stays_would_be() {
    let mut seen = std::collections::BTreeSet::new();
    for folder in ["", "../fuzz/seeds/recording", "../fuzz/seeds/flac"] {
        for entry in std::fs::read_dir(fixture(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
            let list = windows(&["0-0.001"]);
            let redaction = Redaction::new(&list, Treatment::silence());
            let done = redaction.run(stream(bytes.clone()).with_options(options));
            let (code, info) = json(&[path.to_str().unwrap()]);
            if code != Some(0) {
                assert!(done.is_err(), "{}", path.display());
                continue;
            }
            let said = info["encodingSame"].as_str().unwrap();
            let is_law = |law| info["input"]["codec"] == law;
            match done {
                Ok(done) => assert_eq!(
                    said,
                    match done.format() {
                        OutputFormat::Flac => "FLAC, byte for byte outside the windows",
                        OutputFormat::OggFlac => {
                            "Ogg FLAC, frame for frame outside the windows, if it is alone in the file"
                        }
                        OutputFormat::Opus =>
                            "Ogg Opus, packet for packet outside the windows; with --silence alone",
                        _ if is_law("pcm_alaw") => "A-law, byte for byte outside the windows",
                        _ if is_law("pcm_mulaw") => "µ-law, byte for byte outside the windows",
                        _ => "no difference",
                    },
                    "{}",
                    path.display()
                ),
                Err(error) => {
                    assert!(error.is_usage(), "{}: {error}", path.display());
                    assert!(said.starts_with("refused: "), "{}: {said}", path.display());
                    assert!(error.to_string().contains("--encoding pcm"), "{error}");
                }
            }
            seen.insert(said.to_owned());
            let text = stdout(&sordino(&["info", path.to_str().unwrap()]));
            assert!(text.contains(&format!("--encoding same  {said}")), "{text}");
        }
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}

/// An index, a table, a count or a flag proves the end; a stream of packets does not.
#[test]
fn info_tells_whether_the_end_is_proven() {
    let seeds = fixture("../fuzz/seeds/recording");
    let open = [
        "a.mp2",
        "adts.aac",
        "noise.aac",
        "live.webm",
        "mp3.wav",
        "parts.mp4",
        "piped.au",
        "plain.mp3",
    ];
    let mut seen = 0;
    for entry in std::fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        let info = Info::of(Source::open(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(info.end_proven, !open.contains(&name), "{name}");
        seen += u8::from(open.contains(&name));
    }
    assert_eq!(usize::from(seen), open.len());
}
