//! Samples and errors do not depend on the number of decoder threads.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use sordino::block::{Block, Samples};
use sordino::{DecodeOptions, Decoder, Error, Source};

use crate::support::*;

/// The decoded samples up to the end or the first error, and that error.
#[derive(Debug, PartialEq)]
struct Decoded {
    bytes: Vec<u8>,
    error: Option<String>,
}

fn decoded(bytes: &[u8], threads: usize) -> Decoded {
    let threads = NonZeroUsize::new(threads);
    let source =
        stream(bytes.to_vec()).with_options(DecodeOptions { threads, ..DecodeOptions::default() });
    let mut all = Decoded { bytes: Vec::new(), error: None };
    let ended = blocks(source, |block| {
        assert_eq!(block.first() as usize * block.channels(), all.bytes.len() / 2, "the position");
        let Samples::I16(samples) = block.samples() else { panic!("16 bits") };
        all.bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    });
    all.error = ended.err().map(|error| error.to_string());
    all
}

fn blocks(source: Source, mut see: impl FnMut(&Block)) -> Result<(), Error> {
    let mut decoder = Decoder::open(source)?;
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    while decoder.next(&mut block)? {
        see(&block);
    }
    Ok(())
}

/// Compares 2, 3 and 4 threads with one; returns the number of samples.
fn same(name: &str, bytes: &[u8]) -> usize {
    let one = decoded(bytes, 1);
    for threads in 2..=4 {
        let several = decoded(bytes, threads);
        assert_eq!(several.error, one.error, "{name}, {threads} threads");
        let differ = several.bytes.iter().zip(&one.bytes).position(|(a, b)| a != b);
        assert_eq!(differ, None, "the first byte of {name} that differs, {threads} threads");
        assert_eq!(several.bytes.len(), one.bytes.len(), "{name}, {threads} threads");
    }
    one.bytes.len() / 2
}

#[test]
fn the_number_of_threads_never_changes_a_sample() {
    for name in CALLS {
        assert!(same(name, &fixture_bytes(name)) > 300_000, "{name}");
    }
}

/// MP3 frames use bytes of previous frames, more frames the lower the bit rate; Vorbis packets have two
/// lengths; FLAC frames may have any; AAC draws the noise of all packets from one generator.
#[test]
fn the_threads_agree_for_all_encoder_settings() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (mut count, mut sounds) = (0, BTreeMap::new());
    for (ending, rate, channels, how) in settings() {
        let name = format!("{rate}-{channels}{}.{ending}", how.concat());
        let path = folder.path(&name);
        let sound = sounds.entry(rate).or_insert_with(|| sound(&folder, rate));
        let channels_arg = channels.to_string();
        let args = [&["-i", sound, "-ac", &channels_arg], how.as_slice(), &[path.as_str()]];
        ffmpeg(args.concat());
        let samples = same(&name, &std::fs::read(&path).unwrap());
        // 38 seconds of the call, 20 of noise.
        assert!(samples > 57 * rate * channels, "{name}: {samples} samples");
        count += 1;
    }
    assert_eq!(count, 43);
}

/// The call, then noise, for which an encoder needs all its bits.
fn sound(folder: &Folder, rate: usize) -> String {
    let path = folder.path(&format!("{rate}.wav"));
    let noise = format!("anoisesrc=r={rate}:d=20:a=0.4[noise]");
    let sound = format!("aresample={rate},volume=4[call];{noise};[call][noise]concat=v=0:a=1");
    ffmpeg(["-i", CALL, "-filter_complex", &sound, &path]);
    path
}

/// Extension, rate in Hz, channels and FFmpeg's arguments.
fn settings() -> Vec<(&'static str, usize, usize, Vec<&'static str>)> {
    let mut all = Vec::new();
    for (rate, low, high) in [
        (8_000, "8k", "64k"),
        (11_025, "16k", "64k"),
        (22_050, "8k", "160k"),
        (24_000, "8k", "32k"),
        (32_000, "32k", "128k"),
        (44_100, "32k", "320k"),
        (48_000, "32k", "64k"),
    ] {
        for channels in [1, 2] {
            all.push(("mp3", rate, channels, vec!["-b:a", low]));
        }
        all.push(("mp3", rate, 2, vec!["-b:a", high]));
    }
    all.push(("mp3", 8_000, 2, vec!["-q:a", "9"]));
    all.push(("mp3", 44_100, 2, vec!["-q:a", "5", "-joint_stereo", "0"]));
    for (rate, quality) in [(8_000, "0"), (16_000, "10"), (44_100, "1"), (48_000, "5")] {
        all.push(("ogg", rate, 2, vec!["-c:a", "libvorbis", "-q:a", quality]));
    }
    all.push(("webm", 16_000, 1, vec!["-c:a", "libvorbis"]));
    for (rate, low, high) in [
        (8_000, "12k", "48k"),
        (16_000, "16k", "64k"),
        (24_000, "24k", "64k"),
        (44_100, "48k", "160k"),
        (48_000, "32k", "96k"),
    ] {
        all.push(("aac", rate, 1, vec!["-b:a", low]));
        all.push(("m4a", rate, 2, vec!["-b:a", high]));
    }
    all.push(("m4a", 48_000, 2, vec!["-b:a", "64k", "-aac_pns", "0"]));
    all.push(("aac", 32_000, 2, vec!["-b:a", "40k", "-aac_coder", "fast"]));
    all.push(("flac", 8_000, 2, vec!["-frame_size", "16", "-sample_fmt", "s16"]));
    all.push(("flac", 48_000, 2, vec!["-compression_level", "12", "-sample_fmt", "s16"]));
    all.push(("ogg", 8_000, 1, vec!["-c:a", "flac", "-sample_fmt", "s16"]));
    all
}

/// Damage at many positions: an error must name the same frame, and come after the same samples.
#[test]
fn an_error_does_not_depend_on_the_number_of_threads() {
    let mut faults = 0;
    for name in ["call.flac", "call.mp3", "call.ogg", "call.m4a"] {
        let whole = fixture_bytes(name);
        for part in 1..24 {
            let mut bytes = whole.clone();
            let at = bytes.len() * part / 24;
            for byte in &mut bytes[at..at + 3] {
                *byte = !*byte;
            }
            let one = decoded(&bytes, 1);
            assert!(decoded(&bytes, 2) == one, "{name}, damaged at {at}: {:?}", one.error);
            bytes.truncate(at);
            let one_cut = decoded(&bytes, 1);
            assert!(decoded(&bytes, 2) == one_cut, "{name}, cut at {at}: {:?}", one_cut.error);
            faults += usize::from(one.error.is_some()) + usize::from(one_cut.error.is_some());
        }
    }
    assert!(faults > 140, "{faults}");
}
