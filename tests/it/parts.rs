//! One recording that arrives as several files, a channel each.

use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use sordino::block::Block;
use sordino::{
    DecodeOptions, Decoder, Encoding, Error, EvidenceOptions, Gaps, Info, Redaction, Source, Spool,
    Treatment, redact,
};

use crate::formats::pages;
use crate::gaps::moved;
use crate::support::*;

/// These files, with the keys 0, 1 and so on.
fn joined(files: &[Vec<u8>]) -> Source {
    Source::join(
        files.iter().enumerate().map(|(key, file)| (key.to_string(), stream(file.clone()))),
    )
}

/// A recording of 16 bits and one channel.
fn mono(rate: u32, samples: &[i16]) -> Vec<u8> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav(1, rate, 1, 16, &bytes)
}

/// So many samples, none of which is 0.
fn ramp(frames: usize) -> Vec<i16> {
    (0..frames).map(|frame| (frame % 30_000) as i16 + 1).collect()
}

/// The decoded samples as a WAV with one window stores them, where the window changes nothing.
fn decoded(source: Source) -> Result<Vec<u8>, Error> {
    let nothing = Treatment::attenuate(1.0).unwrap();
    redacted(source, &["0-0.0001"], nothing).map(|wav| data_of_any(&wav).to_vec())
}

/// Everything after `data` and its size, without the padding of G.711.
fn data_of_any(wav: &[u8]) -> &[u8] {
    let at = wav.windows(4).position(|word| word == b"data").unwrap();
    let size = u32::from_le_bytes(wav[at + 4..at + 8].try_into().unwrap()) as usize;
    &wav[at + 8..at + 8 + size]
}

/// Samples of so many bytes each, one of each channel in turn.
fn interleaved(channels: &[Vec<u8>], width: usize) -> Vec<u8> {
    let frames = channels[0].len() / width;
    let sample = |frame: usize| {
        channels.iter().flat_map(move |channel| &channel[frame * width..(frame + 1) * width])
    };
    (0..frames).flat_map(sample).copied().collect()
}

/// Why parts do not fit together.
fn misfit(source: Source) -> String {
    match decoded(source).unwrap_err() {
        Error::Parts { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// A channel of the call, made by ffmpeg with these arguments.
pub fn of_call(channel: usize, name: &str, args: &[&str]) -> Vec<u8> {
    let folder = Folder::new();
    let (path, pan) = (folder.path(name), format!("pan=mono|c0=c{channel}"));
    ffmpeg([["-i", CALL, "-af", &pan].as_slice(), args, &[&path]].concat());
    std::fs::read(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In every format, however the bytes arrive: the parts are the channels, in their order, and a
    /// window on one of them changes that one alone.
    #[test]
    fn parts_come_out_as_channels_and_a_window_changes_its_own(
        (tag, bits) in prop::sample::select(vec![(1u16, 8u16), (1, 16), (1, 24), (1, 32), (3, 32)]),
        bytes in prop::collection::vec(prop::collection::vec(1u8..100, 4 * 3000), 2..6),
        sizes in prop::collection::vec(prop::collection::vec(1usize..5000, 1..4), 5),
        muted in 0usize..6,
        (first, length) in (0u64..2900, 1u64..500),
    ) {
        let width = usize::from(bits / 8);
        let channels: Vec<Vec<u8>> = bytes.iter().map(|all| all[..3000 * width].to_vec()).collect();
        let muted = muted % channels.len();
        let part = |(key, channel): (usize, &Vec<u8>)| {
            let bytes = Cursor::new(wav(tag, 1000, 1, bits, channel));
            let reader = Dribble { bytes, sizes: sizes[key].clone(), turn: 0 };
            (key.to_string(), Source::stream(reader))
        };
        let source = Source::join(channels.iter().enumerate().map(part));
        let window = format!("{first}ms-{}ms@{muted}", first + length);
        let out = redacted(source, &[&window], Treatment::silence()).unwrap();
        let mut expected = channels.clone();
        let (start, end) = (first as usize, (first + length + 1).min(3000) as usize);
        let zero = if bits == 8 { 128 } else { 0 };
        expected[muted][start * width..end * width].fill(zero);
        prop_assert_eq!(data_of(&out), interleaved(&expected, width));
    }
}

#[test]
fn parts_in_any_codec_are_what_each_is_alone() {
    if !installed("ffmpeg") {
        return;
    }
    let opus = |channel| of_call(channel, "a.opus", &["-c:a", "libopus"]);
    let webm = |channel| of_call(channel, "a.webm", &["-c:a", "libopus"]);
    let flac = |channel| of_call(channel, "a.flac", &[]);
    let plain = |channel| of_call(channel, "a.wav", &[]);
    let law = |channel| of_call(channel, "a.wav", &["-c:a", "pcm_mulaw"]);
    let vorbis = |channel| of_call(channel, "a.ogg", &["-c:a", "libvorbis"]);
    for (name, files, kind) in [
        ("opus", vec![opus(0), opus(1)], ("ogg", "opus")),
        ("webm", vec![webm(1), webm(0)], ("matroska", "opus")),
        ("flac", vec![plain(0), flac(1)], ("mixed", "mixed")),
        ("law", vec![law(0), flac(1), plain(0)], ("mixed", "mixed")),
        ("vorbis", vec![vorbis(0), vorbis(1)], ("ogg", "vorbis")),
    ] {
        let each: Vec<_> =
            files.iter().map(|file| decoded(stream(file.clone())).unwrap()).collect();
        assert!(each.iter().all(|channel| channel.len() == each[0].len()), "{name}");
        assert!(decoded(joined(&files)).unwrap() == interleaved(&each, 2), "{name}");
        let info = Info::of(joined(&files)).unwrap();
        assert_eq!((info.stream_info.container, info.stream_info.codec), kind, "{name}");
        assert_eq!(info.stream_info.channels as usize, files.len(), "{name}");
        assert_eq!(info.bytes, files.iter().map(|file| file.len() as u64).sum::<u64>(), "{name}");
    }
    // The whole call, where no sample is lost.
    let files = [plain(0), flac(1)];
    assert!(decoded(joined(&files)).unwrap() == data_of_any(&fixture_bytes("call.wav")));
}

/// Packets of two files cannot be one file's.
#[test]
fn joined_files_of_flac_or_opus_are_not_kept() {
    if !installed("ffmpeg") {
        return;
    }
    let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
    for name in ["a.flac", "a.opus"] {
        let files = [of_call(0, name, &[]), of_call(1, name, &[])];
        let source = joined(&files).with_options(options);
        let error = redacted(source, &["10-15"], Treatment::silence()).unwrap_err();
        let said =
            "several files become one recording, which is a WAV; make a WAV, with --encoding pcm";
        assert!(error.is_usage() && error.to_string().contains(said), "{name}: {error}");
    }
}

/// G.711 codes are joined as they are, and silence is its code for silence.
#[test]
fn a_and_mu_law_can_be_kept() {
    for (tag, silence) in [(6, 0xD5), (7, 0xFF)] {
        let codes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let other: Vec<u8> = codes.iter().rev().copied().take(990).collect();
        let source = joined(&[wav(tag, 8000, 1, 8, &codes), wav(tag, 8000, 1, 8, &other)]);
        let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
        let out = decoded(source.with_options(options)).unwrap();
        let other = [other, vec![silence; 10]].concat();
        assert!(out == interleaved(&[codes, other], 1), "{tag}");
    }
}

#[test]
fn a_lone_part_is_read_as_it_is() {
    for name in CALLS {
        let alone = decoded(Source::open(fixture(name)).unwrap()).unwrap();
        let source = Source::join([("S", Source::open(fixture(name)).unwrap())]);
        assert_eq!(source.length(), Some(fixture_bytes(name).len() as u64));
        assert!(decoded(source).unwrap() == alone, "{name}");
    }
    let error = decoded(Source::join([("S", stream(fixture_bytes("call.flac")[..9000].to_vec()))]));
    assert!(matches!(error, Err(Error::Truncated { .. })), "as without a key: {error:?}");
    let none = Source::join(Vec::<(&str, Source)>::new());
    assert!(matches!(decoded(none), Err(Error::Empty)));
}

/// The shorter parts end in silence if they lack at most 50 ms, which is told; more is an error.
#[test]
fn parts_may_differ_by_50_ms_in_length() {
    for rate in [8000, 11_025, 16_000, 22_050, 44_100, 48_000] {
        let allowed = rate as usize / 20;
        for missing in [0, 1, allowed, allowed + 1] {
            for short in 0..3 {
                let frames = |key| allowed * 3 - if key == short { missing } else { 0 };
                let channels: Vec<_> = (0..3).map(|key| ramp(frames(key))).collect();
                let files: Vec<_> = channels.iter().map(|one| mono(rate, one)).collect();
                if missing > allowed {
                    let why = misfit(joined(&files));
                    assert!(why.starts_with(&format!("part {short} lasts 0.")), "{why}");
                    assert!(why.ends_with("and another is more than 50 ms longer"), "{why}");
                    continue;
                }
                let silence = Treatment::silence();
                let done = redact(joined(&files), &windows(&["0-0.00001@0"]), silence).unwrap();
                let told = done.summary().parts.iter().map(|part| (part.frames, part.silence));
                let expected = (0..3).map(|key| {
                    let frames = frames(key);
                    (frames as u64, (allowed * 3 - frames) as u64)
                });
                assert!(told.eq(expected), "{rate} Hz, {missing} frames, part {short}");
                assert_eq!(done.summary().frames, allowed as u64 * 3);
                let mut out = Vec::new();
                done.write_to(&mut out).unwrap();
                let mut channels = channels;
                channels[0][0] = 0;
                channels[short].resize(allowed * 3, 0);
                let expected: Vec<i16> = (0..allowed * 3)
                    .flat_map(|frame| channels.iter().map(move |one| one[frame]))
                    .collect();
                assert!(samples_16(&out) == expected, "{rate} Hz, {missing} frames, part {short}");
            }
        }
    }
}

/// A window on the silence after a part is a window like any other; one after the longest part is not.
#[test]
fn windows_fit_the_longest_part() {
    let files = [mono(8000, &ramp(8000)), mono(8000, &ramp(7900))];
    let tone = Treatment::tone(1000).unwrap();
    let out = redacted(joined(&files), &["0.99-1.0@1"], tone).unwrap();
    let (agent, customer): (Vec<i16>, Vec<i16>) =
        samples_16(&out).chunks(2).map(|frame| (frame[0], frame[1])).unzip();
    assert!(agent == ramp(8000));
    assert!(customer[..7900] == ramp(7900) && customer[7900..7920] == [0; 20]);
    assert!(customer[7920..].iter().any(|&sample| sample.unsigned_abs() > 1000));
    for (window, is_past) in [("1-2@0", true), ("1-2@1", true), ("0.5-0.6@2", false)] {
        let error = redacted(joined(&files), &[window], tone).unwrap_err();
        assert_eq!(matches!(error, Error::WindowPastEnd { .. }), is_past, "{error}");
        assert!(error.is_usage());
    }
}

#[test]
fn parts_that_do_not_fit_together_are_an_error() {
    let plain = || mono(8000, &ramp(800));
    let float = || wav(3, 8000, 1, 32, &[0; 3200]);
    let wide = || wav(3, 8000, 1, 64, &[0; 6400]);
    let stereo = wav(1, 8000, 2, 16, &[0; 3200]);
    for (files, expected) in [
        (vec![plain(), mono(16_000, &ramp(1600))], "part 1 has 16000 Hz, and part 0 has 8000 Hz"),
        (vec![plain(), stereo.clone()], "part 1 has 2 channels, not one"),
        (vec![stereo, plain()], "part 0 has 2 channels, not one"),
        (
            vec![plain(), plain(), float()],
            "part 2 is pcm_f32le (f32), and part 0 is pcm_s16le (s16)",
        ),
        // What is lost of one of them could not be told.
        (vec![float(), wide()], "part 1 is pcm_f64le (f32), and part 0 is pcm_f32le (f32)"),
    ] {
        assert_eq!(misfit(joined(&files)), expected);
    }
    let alike = redact(joined(&[wide(), wide()]), &windows(&["0-0.01"]), Treatment::silence());
    assert!(alike.unwrap().summary().stream_info.loss().is_some());
    let twice =
        Source::join([("a", stream(plain())), ("b", stream(plain())), ("a", stream(plain()))]);
    assert_eq!(misfit(twice), "two of them have the key a");
    let error = decoded(joined(&vec![plain(); 65])).unwrap_err();
    assert_eq!(error.to_string(), "a recording in 65 parts is not supported");
    assert!(decoded(joined(&vec![plain(); 64])).is_ok());
    let error = decoded(joined(&[plain(), mono(16_000, &ramp(1600))])).unwrap_err();
    assert!(!error.is_usage());
    let text = "the parts of the recording do not fit together: part 1 has 16000 Hz, and part 0 has 8000 Hz; redact each on its own";
    assert_eq!(error.to_string(), text);
}

/// Whatever fails in a part fails the whole, and nothing is left.
#[test]
fn a_cut_part_is_an_error_that_names_it() {
    let (whole, flac) = (mono(8000, &ramp(40_000)), fixture_bytes("call.flac"));
    for (files, key) in [
        ([whole.clone(), whole[..70_000].to_vec()], "1"),
        ([whole[..70_000].to_vec(), whole.clone()], "0"),
        ([whole[..20].to_vec(), whole.clone()], "0"),
        ([whole.clone(), Vec::new()], "1"),
        ([whole.clone(), flac[..20_000].to_vec()], "1"),
    ] {
        let folder = Folder::new();
        let spool = Spool::beside(folder.path("out.wav").as_ref()).unwrap();
        let windows = windows(&["0-0.1"]);
        let redaction = Redaction::new(&windows, Treatment::silence()).with_spool(spool);
        match redaction.run(joined(&files)).unwrap_err() {
            Error::Part { key: found, .. } => assert_eq!(found, key),
            // Here the header shows that it is no part of this recording.
            Error::Parts { reason } => assert!(reason.starts_with("part 1 has 2"), "{reason}"),
            other => panic!("{other}"),
        }
        assert_eq!(folder.names(), [""; 0], "{key}");
    }
}

#[test]
fn after_an_error_every_call_fails() {
    let files = [mono(8000, &ramp(40_000)), mono(8000, &ramp(4000))];
    let mut decoder = Decoder::open(joined(&files)).unwrap();
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    while decoder.next(&mut block).is_ok() {}
    for _ in 0..20 {
        assert!(matches!(decoder.next(&mut block), Err(Error::Parts { .. })));
    }
}

/// A gap in one part moves it against the others unless it is filled.
#[test]
fn a_gap_in_a_part_is_refused_or_filled_and_never_closed() {
    if !installed("ffmpeg") {
        return;
    }
    let whole = of_call(0, "a.opus", &["-c:a", "libopus", "-page_duration", "500000"]);
    let pages = pages(&whole);
    // The pages after one of them come a second later.
    let late = [pages[..20].concat(), moved(&pages[20..].concat(), 48_000)].concat();
    let with = |gaps| DecodeOptions { gaps, ..DecodeOptions::default() };
    let alone = decoded(stream(late.clone()).with_options(with(Gaps::Fill))).unwrap();
    let silent = vec![7_i16; alone.len() / 2];
    let other = mono(8000, &silent);
    let files = [other, late];
    let joined = |gaps| joined(&files).with_options(with(gaps));
    let out = decoded(joined(Gaps::Fill)).unwrap();
    let silent: Vec<u8> = silent.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert!(out == interleaved(&[silent, alone], 2));
    let summary = redact(joined(Gaps::Fill), &windows(&["1-2"]), Treatment::silence()).unwrap();
    let summary = summary.summary();
    let gaps = summary.parts.iter().map(|part| part.gaps.len());
    assert!(gaps.eq([0, 1]) && summary.gaps.len() == 1);
    let inside = |error: Error| match error {
        Error::Part { key, source } if key == "1" => *source,
        other => panic!("{other}"),
    };
    let refused = inside(decoded(joined(Gaps::Refuse)).unwrap_err());
    assert!(matches!(refused, Error::Gap { .. }), "{refused}");
    let closed = inside(decoded(joined(Gaps::Close)).unwrap_err());
    assert_eq!(closed.to_string(), "closing a gap in one of several parts is not supported");
}

/// Parts that did not begin at the same time cannot be laid side by side.
#[test]
fn parts_begin_together() {
    if !installed("ffmpeg") {
        return;
    }
    let whole = of_call(0, "a.opus", &["-c:a", "libopus"]);
    for (ticks, fits) in [(0, true), (2000, true), (10 * 48_000, false)] {
        let source = joined(&[whole.clone(), moved(&whole, ticks)]);
        match decoded(source) {
            Ok(_) => assert!(fits, "{ticks}"),
            Err(Error::Parts { reason }) => {
                assert!(!fits, "{reason}");
                let expected = "by its timestamps part 0 begins at 0 s, and part 1 at 10 s";
                assert_eq!(reason, expected);
            }
            Err(other) => panic!("{other}"),
        }
    }
    // Both late is as good as both at 0, and told.
    let late = moved(&whole, 10 * 48_000);
    let done = redact(joined(&[late.clone(), late]), &windows(&["1-2"]), Treatment::silence());
    assert_eq!(done.unwrap().summary().begins, Duration::from_secs(10));
}

/// A reader that counts its bytes.
struct Counted(Cursor<Vec<u8>>, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Parts are read side by side: none is read far ahead of another, and so none is held in memory.
#[test]
fn no_part_is_read_far_ahead_of_another() {
    let counts: [Arc<AtomicU64>; 3] = Default::default();
    let file = mono(8000, &ramp(1_000_000));
    let part = |(key, count): (usize, &Arc<AtomicU64>)| {
        let reader = Counted(Cursor::new(file.clone()), Arc::clone(count));
        (key.to_string(), Source::stream(reader))
    };
    let source = Source::join(counts.iter().enumerate().map(part));
    let (windows, mut blocks) = (windows(&["0-0.1"]), 0);
    let proof = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let redaction = Redaction::new(&windows, Treatment::silence()).with_evidence(proof);
    let watch = |progress: sordino::Progress| {
        let read = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        let (least, most) = (read.iter().min().unwrap(), read.iter().max().unwrap());
        assert!(most - least < 200_000, "{read:?}");
        // 2 bytes a frame, and what the readers buffer.
        assert!(most - 2 * progress.frames < 200_000, "{read:?} bytes, {} frames", progress.frames);
        assert_eq!(progress.bytes, read.iter().sum::<u64>());
        blocks += 1;
        ControlFlow::Continue(())
    };
    let summary = redaction.run_watched(source, watch).unwrap().summary().clone();
    assert!(blocks > 20 && summary.frames == 1_000_000, "{blocks}");
    assert_eq!(summary.parts.len(), 3);
}
