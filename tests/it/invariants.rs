//! The promises in the crate docs, one test for each.

use proptest::prelude::*;
use sordino::block::Block;
use sordino::window::{Window, parse_list};
use sordino::{Decoder, Error, Source, Treatment, Windows, redact};
use std::path::Path;
use std::time::Duration;

use crate::support::*;

const RATES: [u32; 6] = [8000, 11_025, 16_000, 22_050, 44_100, 48_000];

fn from_nanos(list: &[(u64, u64)]) -> Windows {
    Windows::new(list.iter().map(|&(start, length)| {
        let start = Duration::from_nanos(start);
        Window::new(start, start + Duration::from_nanos(length)).unwrap()
    }))
    .unwrap()
}

fn redacted_with(wav: Vec<u8>, windows: &Windows, treatment: Treatment) -> Vec<u8> {
    let mut out = Vec::new();
    redact(stream(wav), windows, treatment).unwrap().write_to(&mut out).unwrap();
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Promise 1: In a recording of full-scale samples, exactly the frames whose interval
    /// [n/r, (n+1)/r) meets a closed window are silent. Times are compared as fractions.
    #[test]
    fn no_touched_frame_survives(
        rate in prop::sample::select(RATES.to_vec()),
        list in prop::collection::vec((0u64..90_000_000, 1u64..20_000_000), 1..6),
    ) {
        let frames = u64::from(rate) / 10;
        let data = vec![0x7F; frames as usize * 4];
        let out = redacted_with(wav(1, rate, 2, 16, &data), &from_nanos(&list), Treatment::silence());
        for (frame, samples) in samples_16(&out).chunks(2).enumerate() {
            let begin = frame as u128 * 1_000_000_000;
            let rate = u128::from(rate);
            let meets = list.iter().any(|&(start, length)| {
                let (start, end) = (u128::from(start), u128::from(start + length));
                start * rate < begin + 1_000_000_000 && begin <= end * rate
            });
            let silent = samples.iter().all(|&sample| sample == 0);
            prop_assert_eq!(silent, meets, "frame {}", frame);
            prop_assert!(meets || samples.iter().all(|&sample| sample == 0x7F7F));
        }
    }

    /// Promise 2: For random bytes as samples of every width, those outside the spans are unchanged; and
    /// inside, a gain of 1 changes nothing either.
    #[test]
    fn nothing_else_changes(
        (tag, bits) in prop::sample::select(vec![(1u16, 8u16), (1, 16), (1, 24), (1, 32), (3, 32)]),
        channels in 1u16..7,
        bytes in prop::collection::vec(any::<u8>(), 6 * 4 * 40),
        first in 0u64..39,
        length in 1u64..20,
    ) {
        let block = usize::from(channels * bits / 8);
        let data = &bytes[..block * 40];
        let millisecond = 1_000_000;
        let list = [(first * millisecond, length * millisecond)];
        let out = redacted_with(
            wav(tag, 1000, channels, bits, data), &from_nanos(&list), Treatment::silence());
        let out = data_of(&out);
        let (start, end) = (first as usize * block, (first + length + 1).min(40) as usize * block);
        prop_assert_eq!(&out[..start], &data[..start]);
        prop_assert_eq!(&out[end..], &data[end..]);
        let zero = if bits == 8 { 128 } else { 0 };
        prop_assert!(out[start..end].iter().all(|&byte| byte == zero));
        if tag == 1 && bits != 24 {
            let same = redacted_with(wav(tag, 1000, channels, bits, data), &from_nanos(&list),
                Treatment::attenuate(1.0).unwrap());
            prop_assert_eq!(data_of(&same), data);
        }
    }
}

/// Promise 3: The output has as many frames as were decoded, for every format.
#[test]
fn the_length_is_kept() {
    for name in CALLS {
        let mut decoder = Decoder::open(Source::open(fixture(name)).unwrap()).unwrap();
        let info = decoder.stream_info().clone();
        let mut block = Block::new(info.format, info.channels);
        let mut frames = 0;
        while decoder.next(&mut block).unwrap() {
            assert_eq!(block.first(), frames, "{name}: a block starts where the last one ended");
            frames = block.end();
        }
        let source = Source::open(fixture(name)).unwrap();
        let out = redacted(source, &CALL_WINDOWS, Treatment::default()).unwrap();
        assert_eq!(samples_16(&out).len() as u64, frames * 2, "{name}");
    }
}

/// Promise 4: A file, a stream in one piece and a stream in small pieces give the same bytes.
#[test]
fn arrival_does_not_matter() {
    for name in CALLS {
        let from_file =
            redacted(Source::open(fixture(name)).unwrap(), &CALL_WINDOWS, Treatment::default())
                .unwrap();
        for sizes in [vec![1_000_000], vec![1, 7, 4096, 3], vec![1153], vec![13, 1]] {
            let bytes = std::io::Cursor::new(fixture_bytes(name));
            let source = Source::stream(Dribble { bytes, sizes: sizes.clone(), turn: 0 });
            let streamed = redacted(source, &CALL_WINDOWS, Treatment::default()).unwrap();
            assert!(streamed == from_file, "{name} in pieces of {sizes:?}");
        }
    }
}

/// Promise 5: Every fixture, cut at many positions, is an error, from a file and from a stream.
#[test]
fn missing_input_is_an_error() {
    let folder = Folder::new();
    for name in CALLS {
        let whole = fixture_bytes(name);
        // Not in the last few bytes, which may be only a tag or padding.
        for part in 0..24 {
            let cut = whole[..whole.len() * part / 24 + part].to_vec();
            let path = folder.write("cut", &cut);
            for source in [Source::open(&path), Ok(stream(cut))] {
                let error = redacted(source.unwrap(), &["0-0.001"], Treatment::default());
                assert!(error.is_err(), "{name} cut to {part}/24 passes for complete");
            }
        }
    }
}

/// Promise 5: A broken transport is not taken for the end of the recording.
#[test]
fn a_broken_transport_is_a_read_error() {
    struct Breaks(std::io::Cursor<Vec<u8>>);
    impl std::io::Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "cable cut")),
                count => Ok(count),
            }
        }
    }
    for name in CALLS {
        let whole = fixture_bytes(name);
        for part in [0, 1, 5, 11] {
            let bytes = whole[..whole.len() * part / 12].to_vec();
            let source = Source::stream(Breaks(std::io::Cursor::new(bytes)));
            let error = redacted(source, &["0-0.001"], Treatment::default()).unwrap_err();
            let Error::Read(cause) = error else { panic!("{name} {part}: {error}") };
            assert_eq!(cause.to_string(), "cable cut");
        }
    }
}

/// Promise 6: The windows are checked against the recording before anything is written if its length is
/// known, else before the output is delivered.
#[test]
fn an_invalid_window_is_an_error() {
    for name in CALLS {
        let past =
            redacted(Source::open(fixture(name)).unwrap(), &["1-2", "39-40"], Treatment::default());
        assert!(matches!(past, Err(Error::WindowPastEnd { .. })), "{name}");
        // Padding does not hide it, and whole milliseconds are not taken for seconds.
        let padded = windows(&["1-2", "39-40"]).padded(Duration::from_secs(2));
        let source = || Source::open(fixture(name)).unwrap();
        let past = redact(source(), &padded, Treatment::default());
        assert!(matches!(past, Err(Error::WindowPastEnd { .. })), "{name}");
        let list = parse_list("[[1, 2], [36, 41]]", "w", None).unwrap();
        let unit = redact(source(), &Windows::new(list).unwrap(), Treatment::default());
        assert!(matches!(unit, Err(Error::UnitUnknown { .. })), "{name}");
        let channel =
            redacted(Source::open(fixture(name)).unwrap(), &["1-2@2"], Treatment::default());
        assert!(matches!(channel, Err(Error::NoSuchChannel { channels: 2, .. })), "{name}");
    }
}

/// Promise 7: A failure leaves nothing at the output path, nor beside it.
#[test]
#[cfg(feature = "cli")]
fn only_redacted_leaves() {
    let folder = Folder::new();
    for name in CALLS {
        let cut = folder.write("cut", &fixture_bytes(name)[..60_000]);
        let out = folder.path("out.wav");
        let result = sordino(&["file", &cut, "-w", "1-2", "-o", &out]);
        assert_eq!(result.status.code(), Some(1), "{name}: {}", stderr(&result));
        assert_eq!(folder.names(), ["cut"], "{name}");
    }
}

/// A hidden file that another program changes before the delivery is not delivered.
#[test]
fn an_output_that_another_program_changes_never_leaves() {
    use std::io::{Seek, SeekFrom, Write};
    let samples: Vec<u8> = (0..8_000_000u32).map(|n| (n % 251) as u8).collect();
    let recording = wav(1, 8000, 1, 8, &samples);
    for self_check in [true, false] {
        let folder = Folder::new();
        let spool = sordino::Spool::beside(Path::new(&folder.path("out.wav"))).unwrap();
        let hidden = spool.path().unwrap().to_owned();
        let evidence =
            sordino::EvidenceOptions { self_check, ..sordino::EvidenceOptions::default() };
        // Near the end, when only the last chunks are not written yet.
        let meddle = |progress: sordino::Progress| {
            if progress.frames > 7_900_000 {
                let mut file = std::fs::OpenOptions::new().write(true).open(&hidden).unwrap();
                file.seek(SeekFrom::Start(1000)).unwrap();
                file.write_all(b"x").unwrap();
            }
            std::ops::ControlFlow::Continue(())
        };
        let (source, windows) = (stream(recording.clone()), windows(&["10-15"]));
        let redaction = sordino::Redaction::new(&windows, Treatment::default());
        match redaction.with_evidence(evidence).with_spool(spool).run_watched(source, meddle) {
            Ok(_) => assert!(!self_check),
            Err(error) => {
                assert!(self_check && matches!(error, Error::SelfCheck { .. }), "{error}");
                assert_eq!(folder.names(), [""; 0]);
            }
        }
    }
}
