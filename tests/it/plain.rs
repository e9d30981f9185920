//! PCM and ADPCM in WAV, W64, AU, AIFF and headerless audio, compared with other decoders sample by
//! sample; and the chunks and tags around the audio in such files.

use std::process::Command;

use sordino::block::Block;
use sordino::{DecodeOptions, Decoder, Encoding, Error, RawFormat, Source, Treatment};

use crate::support::*;

/// An odd number of frames, so that chunks need padding: 1.2346 s of the call at 8 kHz.
const FRAMES: usize = 9877;

/// A test file: its name, FFmpeg's arguments to write it, and the sample format of the output.
type Case = (&'static str, &'static [&'static str], &'static str);

const CASES: [Case; 38] = [
    ("s8.au", &["-c:a", "pcm_s8"], "u8"),
    ("s16.au", &["-c:a", "pcm_s16be"], "s16le"),
    ("s24.au", &["-c:a", "pcm_s24be"], "s24le"),
    ("s32.au", &["-c:a", "pcm_s32be"], "s32le"),
    ("f32.au", &["-c:a", "pcm_f32be"], "f32le"),
    ("f64.au", &["-c:a", "pcm_f64be"], "f32le"),
    ("mulaw.au", &["-c:a", "pcm_mulaw"], "s16le"),
    ("alaw.au", &["-c:a", "pcm_alaw"], "s16le"),
    ("u8.w64", &["-c:a", "pcm_u8"], "u8"),
    ("s16.w64", &["-c:a", "pcm_s16le"], "s16le"),
    ("s24.w64", &["-c:a", "pcm_s24le"], "s24le"),
    ("s32.w64", &["-c:a", "pcm_s32le"], "s32le"),
    ("s64.w64", &["-c:a", "pcm_s64le"], "s32le"),
    ("f32.w64", &["-c:a", "pcm_f32le"], "f32le"),
    ("f64.w64", &["-c:a", "pcm_f64le"], "f32le"),
    ("mulaw.w64", &["-c:a", "pcm_mulaw"], "s16le"),
    ("alaw.w64", &["-c:a", "pcm_alaw"], "s16le"),
    ("ms.w64", &["-c:a", "adpcm_ms", "-block_size", "256"], "s16le"),
    ("ima.w64", &["-c:a", "adpcm_ima_wav", "-block_size", "256"], "s16le"),
    ("s64.wav", &["-c:a", "pcm_s64le"], "s32le"),
    ("f64.wav", &["-c:a", "pcm_f64le"], "f32le"),
    ("ms-128.wav", &["-c:a", "adpcm_ms", "-block_size", "128"], "s16le"),
    ("ms-256.wav", &["-c:a", "adpcm_ms", "-block_size", "256"], "s16le"),
    ("ms-1024.wav", &["-c:a", "adpcm_ms", "-block_size", "1024"], "s16le"),
    ("ms-8192.wav", &["-c:a", "adpcm_ms", "-block_size", "8192"], "s16le"),
    ("ima-128.wav", &["-c:a", "adpcm_ima_wav", "-block_size", "128"], "s16le"),
    ("ima-256.wav", &["-c:a", "adpcm_ima_wav", "-block_size", "256"], "s16le"),
    ("ima-1024.wav", &["-c:a", "adpcm_ima_wav", "-block_size", "1024"], "s16le"),
    ("ima-8192.wav", &["-c:a", "adpcm_ima_wav", "-block_size", "8192"], "s16le"),
    ("s24.aiff", &["-c:a", "pcm_s24be"], "s24le"),
    ("s32.aiff", &["-c:a", "pcm_s32be"], "s32le"),
    ("f64.aiff", &["-c:a", "pcm_f64be"], "f32le"),
    ("sowt.aiff", &["-c:a", "pcm_s16le"], "s16le"),
    ("s16.rf64.wav", &["-rf64", "always"], "s16le"),
    ("s24be.raw", &["-f", "s24be"], "s24le"),
    ("f64le.raw", &["-f", "f64le"], "f32le"),
    ("mulaw.raw", &["-f", "mulaw"], "s16le"),
    ("alaw.raw", &["-f", "alaw"], "s16le"),
];

/// A part of the call, mono or stereo, as a WAV.
fn source(folder: &Folder, channels: usize) -> String {
    let path = folder.path(&format!("in-{channels}.wav"));
    let cut = format!("atrim=start=7.6,asetpts=N/SR/TB,atrim=end_sample={FRAMES}");
    ffmpeg(["-i", CALL, "-af", &cut, "-ac", &channels.to_string(), &path]);
    path
}

/// Decode options for a file; headerless files are named after their format.
fn options(name: &str, channels: usize) -> DecodeOptions {
    let format = name.strip_suffix(".raw");
    let raw = format.map(|format| format!("{format}:8000:{channels}").parse().unwrap());
    DecodeOptions { raw, ..DecodeOptions::default() }
}

/// The output samples with a window on only the first frame.
fn but_one(source: Source) -> Result<Vec<u8>, Error> {
    redacted(source, &["0-0.0001"], Treatment::silence()).map(|wav| data_of(&wav).to_vec())
}

#[test]
fn samples_are_those_that_ffmpeg_decodes_and_a_cut_file_is_an_error() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for channels in [1, 2] {
        let input = source(&folder, channels);
        for (name, args, format) in CASES {
            let path = folder.path(name);
            ffmpeg([&["-i", &input], args, &[&path]].concat());
            let options = options(name, channels);
            let what = format!("{name}, {channels} channels");
            let from_file = but_one(Source::open(&path).unwrap().with_options(options));
            let from_file = from_file.unwrap_or_else(|error| panic!("{what}: {error}"));
            let bytes = std::fs::read(&path).unwrap();
            let streamed = but_one(stream(bytes.clone()).with_options(options)).unwrap();
            assert!(streamed == from_file, "{what}, streamed");
            let count = channels.to_string();
            let raw = options.raw.map(|_| name.strip_suffix(".raw").unwrap());
            let read = raw.map(|raw| ["-f", raw, "-ar", "8000", "-ac", &count]);
            let to = ["-i", &path, "-f", format, "-"];
            let theirs = ffmpeg([read.as_ref().map_or(&[][..], |read| read), &to].concat());
            let frame = channels * if format == "u8" { 1 } else { width(format) };
            assert_eq!(from_file.len(), theirs.len(), "{what}");
            assert!(from_file[frame..] == theirs[frame..], "{what}");
            // The smallest cut that can be detected: one byte, besides the padding of chunks. If a frame
            // is one byte and nothing counts the frames, no cut can be detected.
            let missing = if name.ends_with(".w64") { 8 } else { 2 };
            let missing = if name.ends_with(".au") || options.raw.is_some() { 1 } else { missing };
            if !(name.ends_with("law.raw") && channels == 1) {
                let cut = stream(bytes[..bytes.len() - missing].to_vec());
                let cut = but_one(cut.with_options(options)).map(drop);
                assert!(matches!(cut, Err(Error::Truncated { .. })), "{what}: {cut:?}");
            }
        }
    }
}

/// Bytes of one sample.
fn width(format: &str) -> usize {
    format.trim_matches(|c: char| !c.is_ascii_digit()).parse::<usize>().unwrap() / 8
}

#[test]
fn samples_are_those_that_sox_decodes() {
    if Command::new("sox").arg("--version").output().is_err() || !installed("ffmpeg") {
        eprintln!("skipped: needs sox");
        return;
    }
    let folder = Folder::new();
    let sox = |args: &[&str]| {
        let output = Command::new("sox").args(["-D", "-V1"]).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        output.stdout
    };
    let cases: [(&str, &[&str]); 13] = [
        ("a.au", &[]),
        ("8.au", &["-e", "signed", "-b", "8"]),
        ("24.au", &["-b", "24"]),
        ("mulaw.au", &["-e", "mu-law"]),
        ("alaw.snd", &["-e", "a-law"]),
        ("float.au", &["-e", "float", "-b", "32"]),
        ("a.w64", &[]),
        ("24.w64", &["-b", "24"]),
        ("ms.wav", &["-e", "ms-adpcm"]),
        ("ima.wav", &["-e", "ima-adpcm"]),
        ("alaw.wav", &["-e", "a-law"]),
        ("a.aiff", &[]),
        ("24.aiff", &["-b", "24"]),
    ];
    for channels in [1, 2] {
        let input = source(&folder, channels);
        for (name, args) in cases {
            let path = folder.path(name);
            sox(&[&[input.as_str()], args, &[&path]].concat());
            let out = redacted(Source::open(&path).unwrap(), &["0-0.0001"], Treatment::silence());
            let ours = folder.write("out.wav", &out.unwrap());
            // The same tool reads its own file and sordino's output. SoX and FFmpeg round ADPCM
            // differently; sordino follows FFmpeg.
            let raw = |path: &str| match name {
                "ms.wav" | "ima.wav" => ffmpeg(["-i", path, "-f", "s32le", "-"]),
                _ => sox(&[path, "-t", "raw", "-e", "signed", "-b", "32", "-"]),
            };
            let (ours, theirs) = (raw(&ours), raw(&path));
            assert_eq!(ours.len(), theirs.len(), "{name}, {channels} channels");
            assert!(ours[4 * channels..] == theirs[4 * channels..], "{name}, {channels} channels");
        }
    }
}

/// Lossy, so samples may differ by rounding; but every frame is at its position.
#[test]
fn mpeg_audio_in_wav_and_w64_is_decoded_to_its_last_frame() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let input = source(&folder, 2);
    let cases: [(&str, &[&str], &str); 3] = [
        ("mp3.wav", &["-c:a", "libmp3lame"], "mp3"),
        ("mp3.w64", &["-c:a", "libmp3lame"], "mp3"),
        ("mp2.wav", &["-c:a", "mp2", "-ar", "16000", "-b:a", "64k"], "mp2"),
    ];
    for (name, args, codec) in cases {
        let path = folder.path(name);
        ffmpeg([&["-i", &input], args, &[&path]].concat());
        let decoder = Decoder::open(Source::open(&path).unwrap()).unwrap();
        let container = if name.ends_with("w64") { "w64" } else { "wave" };
        assert_eq!(
            (decoder.stream_info().container, decoder.stream_info().codec),
            (container, codec)
        );
        let ours = but_one(Source::open(&path).unwrap()).unwrap();
        let theirs = ffmpeg(["-i", &path, "-f", "s16le", "-"]);
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let samples = |bytes: &[u8]| -> Vec<i16> {
            bytes.as_chunks::<2>().0.iter().map(|&bytes| i16::from_le_bytes(bytes)).collect()
        };
        let pairs = samples(&ours).into_iter().zip(samples(&theirs)).skip(2);
        let apart = pairs.map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(apart <= 2, "{name}: {apart}");
        let mut bytes = std::fs::read(&path).unwrap();
        let tagged = [bytes.clone(), id3v1()].concat();
        assert!(name.ends_with("w64") || but_one(stream(tagged)).unwrap() == ours, "{name}");
        bytes.truncate(bytes.len() - 10);
        let error = but_one(stream(bytes)).unwrap_err().to_string();
        assert!(error.contains("bytes of audio are there"), "{name}: {error}");
    }
}

#[test]
fn au_and_w64_written_into_a_pipe_are_complete() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let input = source(&folder, 1);
    let expected = but_one(Source::open(&input).unwrap()).unwrap();
    for format in ["au", "w64"] {
        let piped = ffmpeg(["-i", &input, "-f", format, "-"]);
        assert!(but_one(stream(piped.clone())).unwrap() == expected, "{format}");
        // Half a frame shows that the file is cut off.
        if format == "au" {
            let cut = but_one(stream(piped[..piped.len() - 1].to_vec())).map(drop);
            assert!(matches!(cut, Err(Error::Truncated { frames: 9876, .. })), "{cut:?}");
        }
    }
}

/// FFmpeg and SoX decode all blocks, whatever count `fact` has.
#[test]
fn a_fact_chunk_that_counts_fewer_samples_cuts_nothing_off() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let input = source(&folder, 1);
    for codec in ["adpcm_ms", "adpcm_ima_wav"] {
        let path = folder.path("fact.wav");
        ffmpeg(["-i", &input, "-c:a", codec, "-block_size", "256", &path]);
        let mut bytes = std::fs::read(&path).unwrap();
        let whole = but_one(stream(bytes.clone())).unwrap();
        let fact = bytes.windows(4).position(|four| four == b"fact").unwrap() + 8;
        bytes[fact..fact + 4].copy_from_slice(&(FRAMES as u32).to_le_bytes());
        let path = folder.write("fact.wav", &bytes);
        assert_eq!(ffmpeg(["-i", &path, "-f", "s16le", "-"]).len(), whole.len(), "{codec}");
        assert!(but_one(stream(bytes)).unwrap() == whole, "{codec}");
    }
}

/// A small AIFF of 16 bits.
fn aiff(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let mut out = b"FORM\0\0\0\0AIFFCOMM\0\0\0\x12\0\x01".to_vec();
    out.extend_from_slice(&(samples.len() as u32).to_be_bytes());
    out.extend_from_slice(b"\0\x10\x40\x0B\xFA\0\0\0\0\0\0\0SSND");
    out.extend_from_slice(&(data.len() as u32 + 8).to_be_bytes());
    [out, vec![0; 8], data].concat()
}

/// A small AU of 16 bits, with a text before its audio.
fn au(text: &[u8], samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let fields = [24 + text.len() as u32, data.len() as u32, 3, 8000, 1];
    let fields = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    [b".snd".to_vec(), fields, text.to_vec(), data].concat()
}

/// A W64 chunk, whose GUID begins with the name of the WAV chunk.
fn w64_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let suffix = b"\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
    let size = 24 + body.len() as u64;
    let padding = vec![0; body.len().wrapping_neg() % 8];
    [name, suffix.as_slice(), &size.to_le_bytes(), body, &padding].concat()
}

/// A small W64 of 16 bits.
fn w64(samples: &[i16]) -> Vec<u8> {
    let riff = b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\0\0\0\0\0\0\0\0\0\0";
    let kind = b"wave\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
    let fmt = wav(1, 8000, 1, 16, &[])[20..36].to_vec();
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let chunks = [w64_chunk(b"fmt ", &fmt), w64_chunk(b"data", &data)].concat();
    [riff.as_slice(), kind, &chunks].concat()
}

fn small_wav(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav(1, 8000, 1, 16, &data)
}

fn id3v1() -> Vec<u8> {
    [b"TAG4111 1111 1111 1111".as_slice(), &[0; 106]].concat()
}

const SAMPLES: [i16; 5] = [2, -3, 500, -700, 32_767];

/// The same few samples in each container.
fn small() -> [(&'static str, Vec<u8>); 4] {
    [
        ("WAV", small_wav(&SAMPLES)),
        ("AIFF", aiff(&SAMPLES)),
        ("AU", au(b"", &SAMPLES)),
        ("W64", w64(&SAMPLES)),
    ]
}

/// Otherwise only the first file would be in the output, and the second would be missing unnoticed.
#[test]
fn a_second_file_after_the_first_is_an_error() {
    let second = ["call.flac", "call.ogg", "call.m4a", "call.webm"].map(fixture_bytes);
    for (name, first) in small() {
        let out = but_one(stream(first.clone())).unwrap();
        let samples: Vec<_> = SAMPLES[1..].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(out[2..], samples, "{name}");
        for second in small().into_iter().map(|(_, bytes)| bytes).chain(second.clone()) {
            let error = but_one(stream([first.clone(), second].concat())).unwrap_err().to_string();
            let expected = format!("{name} with a second file after it");
            assert!(error.starts_with(&expected), "{error}");
        }
        // MPEG audio frames and meaningless bytes: an error without a format name.
        for other in [fixture_bytes("call.mp3"), vec![0xFE; 100], b"what was said ".repeat(9)] {
            let error = but_one(stream([first.clone(), other].concat())).unwrap_err().to_string();
            assert!(error.contains("belong to no chunk"), "{name}: {error}");
        }
    }
}

#[test]
fn a_tag_after_the_audio_is_listed_and_zeros_are_padding() {
    for (name, file) in small() {
        let out = but_one(stream(file.clone())).unwrap();
        for (after, listed) in
            [(id3v1(), 1), ([id3v1(), vec![0; 9000]].concat(), 1), (vec![0; 99], 0)]
        {
            let bytes = [file.clone(), after].concat();
            assert!(but_one(stream(bytes.clone())).unwrap() == out, "{name}");
            let mut decoder = Decoder::open(stream(bytes)).unwrap();
            let mut block = Block::new(decoder.stream_info().format, 1);
            while decoder.next(&mut block).unwrap() {}
            let left = decoder.leftovers();
            assert_eq!(left.len(), listed, "{name}");
            assert!(left.iter().all(|left| left.name == "ID3v1" && left.bytes == 128), "{name}");
        }
    }
}

/// A known chunk that is cut off holds no audio; an unknown one may.
#[test]
fn a_chunk_that_runs_past_the_end_must_be_a_known_one() {
    let chunk = |id: &[u8; 4]| [id.as_slice(), &[200, 0, 0, 0], b"few"].concat();
    let after = |id| but_one(stream([small_wav(&SAMPLES), chunk(id)].concat()));
    assert!(after(b"LIST").is_ok() && after(b"bext").is_ok());
    assert!(after(b"abcd").unwrap_err().to_string().contains("belong to no chunk"));
    let w64_after = |bytes: &[u8]| but_one(stream([w64(&SAMPLES), bytes.to_vec()].concat()));
    assert!(w64_after(&w64_chunk(b"bext", &[1; 60])).is_ok());
    let twice = w64_after(&w64_chunk(b"data", &[1; 60])).unwrap_err().to_string();
    assert_eq!(twice, "W64 with several data chunks is not supported");
}

#[test]
fn the_annotation_of_an_au_is_dropped_and_listed() {
    let file = au(b"card 4111 1111\0\0", &SAMPLES);
    let mut decoder = Decoder::open(stream(file.clone())).unwrap();
    let left = decoder.leftovers();
    assert_eq!((left[0].name.as_str(), left[0].bytes, left.len()), ("annotation", 16, 1));
    assert!(but_one(stream(file)).unwrap() == but_one(stream(au(b"", &SAMPLES))).unwrap());
    // DEC's variant: every number in the other byte order.
    let mut turned = au(b"", &SAMPLES);
    turned[..24].as_chunks_mut::<4>().0.iter_mut().for_each(|field| field.reverse());
    turned[24..].as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
    assert!(but_one(stream(turned)).unwrap() == but_one(stream(au(b"", &SAMPLES))).unwrap());
    for (field, value, part) in [
        (4, 20, "the offset of its audio"),
        (12, 24, "an AU with G.722, which sordino does not decode"),
        (12, 99, "an AU with encoding 99"),
        (16, 0, "no sample rate"),
    ] {
        let mut bad = au(b"", &SAMPLES);
        bad[field..field + 4].copy_from_slice(&u32::to_be_bytes(value));
        let error = but_one(stream(bad)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn samples_of_64_bits_lose_half_with_a_note() {
    let folder = Folder::new();
    let wide = SAMPLES.map(|sample| (i64::from(sample) << 48 | 0xFFFF_FFFF).to_le_bytes());
    let floats = SAMPLES.map(|sample| (f64::from(sample) / 32_768.0).to_le_bytes());
    let cases = [(1, wide, "64-bit integers", "s32"), (3, floats, "64-bit floats", "f32")];
    for (tag, data, told, format) in cases {
        let input = folder.write("wide.wav", &wav(tag, 8000, 1, 64, data.as_flattened()));
        let (out, receipt) = (folder.path("out.wav"), folder.path("receipt.json"));
        let page = folder.path("page.html");
        let args = [
            "file",
            &input,
            "-w",
            "0-0.0001",
            "-o",
            &out,
            "--receipt",
            &receipt,
            "--json",
            "--force",
            "--report",
            &page,
        ];
        let result = sordino(&args);
        assert!(stderr(&result).contains(&format!("note: {told}")), "{}", stderr(&result));
        let json: serde_json::Value = serde_json::from_str(&stdout(&result)).unwrap();
        assert_eq!(
            (json["output"]["format"].as_str(), json["output"]["loss"].as_str().is_some()),
            (Some(format), true)
        );
        let filed = std::fs::read_to_string(&receipt).unwrap();
        let filed: serde_json::Value = serde_json::from_str(&filed).unwrap();
        assert_eq!(filed["output"]["loss"], json["output"]["loss"]);
        assert!(
            std::fs::read_to_string(&page)
                .unwrap()
                .contains(json["output"]["loss"].as_str().unwrap())
        );
        let held = sordino(&["verify", "--receipt", &receipt, &input, &out]);
        assert_eq!(held.status.code(), Some(0), "{}{}", stdout(&held), stderr(&held));
        let kept = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
        let error = but_one(Source::open(&input).unwrap().with_options(kept)).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("use --encoding pcm"), "{error}");
    }
    let plain = sordino(&["file", CALL, "-w", "1-2", "--json", "-o", &folder.path("plain.wav")]);
    assert!(!stdout(&plain).contains("loss"));
}

#[test]
fn headerless_audio_is_read_in_the_given_format() {
    let folder = Folder::new();
    let data = data_of(&fixture_bytes("call.wav")).to_vec();
    let input = folder.write("call.raw", &data);
    let (out, receipt) = (folder.path("out.wav"), folder.path("receipt.json"));
    let raw = ["--raw", "s16le:8000:2"];
    let windows = ["-w", "10-15", "--silence"];
    let file = ["file", &input, "-o", &out, "--receipt", &receipt, "--force"];
    let done = sordino(&[file.as_slice(), &windows, &raw].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let expected = redacted(Source::open(CALL).unwrap(), &["10-15"], Treatment::silence());
    assert!(std::fs::read(&out).unwrap() == expected.unwrap());
    let filed = std::fs::read_to_string(&receipt).unwrap();
    assert!(filed.contains(r#""container": "raw""#) && filed.contains(r#""codec": "pcm_s16le""#));
    // The receipt holds the format of the original; without a receipt it must be given again.
    let verify = |args: &[&str]| sordino(&[&["verify", &input, &out], args].concat());
    for args in [["--receipt", &receipt].to_vec(), [&windows[..2], &raw].concat()] {
        let audit = verify(&args);
        assert_eq!(audit.status.code(), Some(0), "{}{}", stdout(&audit), stderr(&audit));
    }
    assert_eq!(verify(&windows[..2]).status.code(), Some(2));
    let fed = ["file", "-", "-o", &out, "--force"];
    let fed = sordino_fed(&[fed.as_slice(), &windows, &raw].concat(), &data);
    assert_eq!(fed.status.code(), Some(0), "{}", stderr(&fed));
}

#[test]
fn headerless_audio_with_wrong_options_is_an_error() {
    let raw: RawFormat = "s16be:8000:2".parse().unwrap();
    let options = DecodeOptions { raw: Some(raw), ..DecodeOptions::default() };
    let opened = |bytes: Vec<u8>| but_one(stream(bytes).with_options(options));
    assert_eq!(opened(vec![0, 1, 0, 2, 0, 3, 0, 4]).unwrap(), [0, 0, 0, 0, 3, 0, 4, 0]);
    for missing in 1..4 {
        let cut = opened(vec![1; 12 - missing]).map(drop);
        assert!(matches!(cut, Err(Error::Truncated { frames: 2, .. })), "{cut:?}");
    }
    assert!(matches!(opened(vec![]), Err(Error::Empty)));
    for (name, file) in small() {
        let error = opened(file).unwrap_err().to_string();
        assert!(error.contains("leave --raw out"), "{name}: {error}");
    }
    let folder = Folder::new();
    let out = folder.path("o.wav");
    let wrong = sordino(&["file", CALL, "-w", "1-2", "-o", &out, "--raw", "s16:8000:1"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("`s16` is not a format; give one of s8"), "{}", stderr(&wrong));
}

#[test]
fn the_extension_of_a_headerless_file_gives_a_hint() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..2000u32).map(|n| (n * n % 251) as u8).collect();
    let silence = folder.write("silence.ulaw", &[0xFF; 20_000]);
    let result = sordino(&["file", &silence, "-w", "0-1", "-o", &folder.path("o.wav")]);
    assert!(stderr(&result).contains("for example with --raw mulaw:8000:1"), "{}", stderr(&result));
    for (name, part) in [
        ("a.g729", "G.722, G.723, G.726 or G.729, judging by its name alone; convert it first"),
        ("a.ulaw", "for example with --raw mulaw:8000:1"),
        ("a.wav", "not a recording in a known format (WAV, W64,"),
    ] {
        let input = folder.write(name, &noise);
        let result = sordino(&["file", &input, "-w", "0-1", "-o", &folder.path("o.wav")]);
        assert_eq!(result.status.code(), Some(1));
        assert!(stderr(&result).contains(part), "{}", stderr(&result));
    }
}

#[test]
fn an_output_with_an_unusual_extension_gets_a_note() {
    let folder = Folder::new();
    for (name, noted) in [("o.mp3", true), ("o.wav", false), ("o.WAVE", false), ("o", false)] {
        let result = sordino(&["file", CALL, "-w", "1-2", "--silence", "-o", &folder.path(name)]);
        assert_eq!(result.status.code(), Some(0));
        let note =
            format!("note: {} is written as WAV, although its name ends in", folder.path(name));
        assert_eq!(stderr(&result).starts_with(&note), noted, "{}", stderr(&result));
    }
    let read = std::fs::read(folder.path("o.mp3")).unwrap();
    assert!(read.starts_with(b"RIFF") && !data_of(&read).is_empty());
}
