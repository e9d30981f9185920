//! Formats against independent decoders, and headers as they are met.

use std::process::Command;

use sordino::{Error, Options, Source, Treatment};

use crate::support::*;

/// Samples of one channel pair that FFmpeg decodes.
fn ffmpeg_frames(path: &str) -> usize {
    let args = ["-v", "error", "-i", path, "-f", "s16le", "-"];
    let output = Command::new("ffmpeg").args(args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output.stdout.len() / 4
}

#[test]
fn each_fixture_has_the_frame_count_of_an_independent_decoder() {
    if !installed("ffmpeg") {
        return;
    }
    for name in CALLS {
        let path = fixture(name);
        let source = Source::open(&path).unwrap();
        let out = redacted(source, &CALL_WINDOWS, Treatment::default()).unwrap();
        assert_eq!(samples_16(&out).len() / 2, ffmpeg_frames(path.to_str().unwrap()), "{name}");
    }
}

/// What ffmpeg makes of the call with these arguments; `name` decides the container.
fn encode(folder: &Folder, name: &str, args: &[&str]) -> String {
    let path = folder.path(name);
    let call = fixture("call.wav");
    let input = ["-v", "error", "-y", "-i", call.to_str().unwrap()];
    let output = Command::new("ffmpeg").args(input).args(args).arg(&path).output().unwrap();
    assert!(output.status.success(), "{name}: {}", stderr(&output));
    path
}

#[test]
fn further_containers_and_codecs_keep_the_frame_count_too() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let cases: [(&str, &[&str]); 14] = [
        ("a.aiff", &["-c:a", "pcm_s16be"]),
        ("b.aiff", &["-c:a", "pcm_s24be"]),
        ("a.caf", &["-c:a", "pcm_s16le"]),
        ("alac.caf", &["-c:a", "alac"]),
        ("alac.m4a", &["-c:a", "alac"]),
        ("first.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
        ("a.mka", &["-c:a", "libvorbis"]),
        ("a.webm", &["-c:a", "libvorbis"]),
        ("pcm.mka", &["-c:a", "pcm_s16le"]),
        ("flac.ogg", &["-c:a", "flac"]),
        ("a.aac", &["-c:a", "aac", "-ar", "16000"]),
        ("ms.wav", &["-c:a", "adpcm_ms"]),
        ("ima.wav", &["-c:a", "adpcm_ima_wav"]),
        ("plain.mp3", &["-c:a", "libmp3lame", "-write_xing", "0"]),
    ];
    for (name, args) in cases {
        let path = encode(&folder, name, args);
        let from_file =
            redacted(Source::open(&path).unwrap(), &CALL_WINDOWS, Treatment::silence()).unwrap();
        let width = if name == "b.aiff" { 3 } else { 2 };
        assert_eq!(data_of(&from_file).len() / 2 / width, ffmpeg_frames(&path), "{name}");
        let bytes = std::fs::read(&path).unwrap();
        let streamed = redacted(stream(bytes), &CALL_WINDOWS, Treatment::silence()).unwrap();
        assert!(streamed == from_file, "{name}, streamed");
    }
}

/// A VBR file that is loud and then quiet: its bit rate at the start says nothing about its length.
#[test]
fn an_mp3_without_a_tag_is_not_cut_to_an_estimate() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("vbr.mp3");
    let noise = "anoisesrc=r=8000:d=40,volume=enable='gt(t,5)':volume=0";
    let args = ["-v", "error", "-f", "lavfi", "-i", noise, "-ac", "2", "-q:a", "0"];
    let made = Command::new("ffmpeg").args(args).args(["-write_xing", "0"]).arg(&path).output();
    assert!(made.unwrap().status.success());
    let out = redacted(Source::open(&path).unwrap(), &["39-39.5"], Treatment::silence()).unwrap();
    assert_eq!(samples_16(&out).len() / 2, ffmpeg_frames(&path));
}

/// A last frame that is cut is seen even where nothing declares a length.
#[test]
fn a_cut_last_frame_is_an_error_where_nothing_declares_a_length() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for (name, args) in [
        ("plain.mp3", ["-write_xing", "0", "-id3v2_version", "0"]),
        ("a.aac", ["-c:a", "aac", "-ar", "16000"]),
    ] {
        let whole = std::fs::read(encode(&folder, name, &args)).unwrap();
        for cut in [1, 20, whole.len() / 2 + 1] {
            let error = redacted(
                stream(whole[..whole.len() - cut].to_vec()),
                &["1-2"],
                Treatment::default(),
            );
            assert!(matches!(error, Err(Error::Truncated { .. })), "{name} less {cut}");
        }
    }
}

#[test]
fn wavs_written_into_a_pipe_are_whole() {
    let whole = fixture_bytes("call.wav");
    let expected = redacted(stream(whole.clone()), &CALL_WINDOWS, Treatment::default()).unwrap();
    for unknown in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0xF0, 0xFF, 0x7F], [0; 4]] {
        let mut piped = whole.clone();
        piped[4..8].copy_from_slice(&unknown);
        piped[40..44].copy_from_slice(&unknown);
        let out = redacted(stream(piped), &CALL_WINDOWS, Treatment::default()).unwrap();
        assert!(out == expected, "{unknown:x?}");
    }
}

#[test]
fn tags_and_other_chunks_are_dropped() {
    let mut tagged = fixture_bytes("call.wav");
    let tag = b"LIST\x1a\0\0\0INFOICMT\x0e\0\0\x004111111111111111";
    tagged.splice(36..36, tag[..34].iter().copied());
    tagged.extend_from_slice(b"id3 \x10\0\0\x004111111111111111");
    let out = redacted(stream(tagged), &CALL_WINDOWS, Treatment::default()).unwrap();
    let card = b"41111111";
    assert!(!out.windows(card.len()).any(|window| window == card));
    assert_eq!(out.len(), 44 + 304_000 * 4);
}

#[test]
fn an_unknown_codec_is_named() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let cases: [(&str, &[&str], &str); 4] = [
        ("a.opus", &["-c:a", "libopus"], "Opus"),
        ("gsm.wav", &["-c:a", "gsm_ms", "-ac", "1"], "GSM 6.10"),
        ("mp3.wav", &["-c:a", "libmp3lame"], "MP3"),
        ("a.mka", &["-c:a", "ac3", "-ar", "48000"], "AC-3"),
    ];
    for (name, args, codec) in cases {
        let call = fixture("call.wav");
        let path = folder.path(name);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-i", call.to_str().unwrap()]).args(args).arg(&path);
        if !ffmpeg.output().unwrap().status.success() {
            eprintln!("skipped: this ffmpeg does not write {name}");
            continue;
        }
        let error = redacted(Source::open(&path).unwrap(), &["1-2"], Treatment::default());
        let message = error.unwrap_err().to_string();
        assert!(message.contains(codec) && message.ends_with("not supported"), "{message}");
    }
}

#[test]
fn a_recording_too_long_for_wav_is_refused_before_work_starts() {
    // An RF64 header that declares 5 GiB; not a byte of them follows.
    let mut header = wav(1, 8000, 2, 16, &[]);
    header.splice(0..4, *b"RF64");
    let mut ds64 = b"ds64\x1c\0\0\0".to_vec();
    ds64.extend_from_slice(&[0; 8]);
    ds64.extend_from_slice(&(5u64 << 30).to_le_bytes());
    ds64.extend_from_slice(&[0; 12]);
    header.splice(12..12, ds64);
    let size = header.len() - 4;
    header[size..].copy_from_slice(&[0xFF; 4]);
    let error = redacted(stream(header), &["1-2"], Treatment::default()).unwrap_err();
    assert!(matches!(error, Error::TooLong), "{error}");
}

#[test]
fn a_container_that_must_be_sought_in_is_held_in_memory_up_to_a_limit() {
    let bytes = fixture_bytes("call.m4a");
    let limit = |bytes: u64| {
        let options = Options { memory_limit: bytes, ..Options::default() };
        stream(fixture_bytes("call.m4a")).with_options(options)
    };
    let size = bytes.len() as u64;
    assert!(redacted(limit(size), &["1-2"], Treatment::default()).is_ok());
    let error = redacted(limit(size - 1), &["1-2"], Treatment::default()).unwrap_err();
    assert!(matches!(error, Error::TooLargeForMemory { .. }), "{error}");
}

/// The pages of an Ogg file.
fn pages(ogg: &[u8]) -> Vec<&[u8]> {
    let mut pages = Vec::new();
    let mut rest = ogg;
    while !rest.is_empty() {
        let segments = usize::from(rest[26]);
        let body: usize = rest[27..27 + segments].iter().map(|&size| usize::from(size)).sum();
        let (page, later) = rest.split_at(27 + segments + body);
        pages.push(page);
        rest = later;
    }
    pages
}

/// symphonia passes over such a page and goes on with the next, a second early.
#[test]
fn an_ogg_page_that_is_missing_or_damaged_is_an_error() {
    let whole = fixture_bytes("call.ogg");
    let pages = pages(&whole);
    assert!(pages.len() > 5);
    for gone in 0..pages.len() {
        let without: Vec<_> =
            pages.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, page)| *page).collect();
        let error = redacted(stream(without.concat()), &["1-2"], Treatment::default());
        assert!(error.is_err(), "without page {gone}");
        let mut damaged: Vec<Vec<u8>> = pages.iter().map(|page| page.to_vec()).collect();
        *damaged[gone].last_mut().unwrap() ^= 1;
        let error = redacted(stream(damaged.concat()), &["1-2"], Treatment::default());
        assert!(error.is_err(), "with a flipped bit in page {gone}");
    }
}

/// A live recording declares neither length nor sizes: only the timestamps tell that a block went.
#[test]
fn a_block_that_is_missing_in_a_live_recording_is_an_error() {
    if !installed("ffmpeg") {
        return;
    }
    let live = ["-v", "error", "-i", CALL, "-c:a", "pcm_s16le", "-f", "matroska", "-"];
    let mut bytes = Command::new("ffmpeg").args(live).output().unwrap().stdout;
    assert!(redacted(stream(bytes.clone()), &["1-2"], Treatment::default()).is_ok());
    let block = [0xA3, 0x50, 4, 0x81];
    let Some(at) = (bytes.len() / 2..bytes.len()).find(|&at| bytes[at..].starts_with(&block))
    else {
        eprintln!("skipped: this ffmpeg writes blocks in another way");
        return;
    };
    bytes[at] = 0xEC;
    let error = redacted(stream(bytes), &["1-2"], Treatment::default()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

/// Each way to lose a part of a recording in the middle, where a timestamp, a number or the bytes
/// tell. The part is found by what it begins with, and made into something that is passed over.
#[test]
fn a_part_that_is_missing_in_the_middle_is_an_error() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    /// File name, ffmpeg's arguments, what to find, what to put there.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [u8], &'a [u8]);
    let cases: [Case; 4] = [
        // A block becomes an element that is skipped.
        ("a.mka", &["-c:a", "pcm_s16le"], &[0xA3, 0x50, 4, 0x81], &[0xEC, 0x50, 4, 0x81]),
        // A cluster gets an unknown name.
        ("b.mka", &["-c:a", "aac"], &[0x1F, 0x43, 0xB6, 0x75], &[0x1F, 0x43, 0xB6, 0x76]),
        // A frame loses its sync word.
        ("c.aac", &["-c:a", "aac", "-ar", "16000"], &[0xFF, 0xF1], &[0, 0]),
        // A fragment loses its audio and its place.
        (
            "d.mp4",
            &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "1000000"],
            b"moof",
            b"free",
        ),
    ];
    for (name, args, part, instead) in cases {
        let mut bytes = std::fs::read(encode(&folder, name, args)).unwrap();
        let places: Vec<usize> = (bytes.len() / 3..bytes.len() - part.len())
            .filter(|&at| bytes[at..].starts_with(part))
            .collect();
        let Some(&at) = places.get(places.len() / 2) else {
            eprintln!("skipped: this ffmpeg writes {name} in another way");
            continue;
        };
        bytes[at..at + part.len()].copy_from_slice(instead);
        let path = folder.write("damaged", &bytes);
        for source in [Source::open(&path).unwrap(), stream(bytes)] {
            let result = redacted(source, &["1-2"], Treatment::default());
            assert!(result.is_err(), "{name}");
        }
    }
}

#[test]
fn joined_mp3s_and_a_wav_behind_other_bytes_are_refused() {
    let mp3 = fixture_bytes("call.mp3");
    let joined = redacted(stream([mp3.clone(), mp3].concat()), &["1-2"], Treatment::default());
    assert!(joined.unwrap_err().to_string().contains("joined files?"));
    let hidden = [vec![0; 64], fixture_bytes("call.wav")].concat();
    assert!(redacted(stream(hidden), &["1-2"], Treatment::default()).is_err());
}

/// A recording that fails goes on failing, whoever asks again.
#[test]
fn after_an_error_there_is_nothing_but_errors() {
    use sordino::{Decoder, block::Block};
    let cut = fixture_bytes("call.wav")[..100_000].to_vec();
    let mut decoder = Decoder::open(stream(cut)).unwrap();
    let recording = decoder.recording().clone();
    let mut block = Block::new(recording.format, recording.channels);
    while let Ok(more) = decoder.next(&mut block) {
        assert!(more, "a cut recording passes for whole");
    }
    assert!(decoder.next(&mut block).is_err());
}
