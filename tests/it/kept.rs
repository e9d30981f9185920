//! FLAC that stays FLAC: what it decodes to is what the WAV holds, and every frame that no window touches
//! is the input's.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use sordino::{
    DecodeOptions, Encoding, Error, EvidenceOptions, OutputFormat, Redaction, Source, Spool,
    Treatment, Window, Windows,
};

use crate::support::*;

/// A frame of a FLAC.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    bytes: Vec<u8>,
    /// Bytes of its header without the checksum, and of its number.
    header: usize,
    number_length: usize,
    samples: Range<u64>,
}

/// A CRC of `width` bits with this polynomial.
pub fn sum(bytes: &[u8], polynomial: u32, width: u32) -> u32 {
    bytes.iter().fold(0, |sum, &byte| step(sum, byte, polynomial, width))
}

fn step(sum: u32, byte: u8, polynomial: u32, width: u32) -> u32 {
    let (top, mask) = (1 << (width - 1), (1 << width) - 1);
    (0..8).fold(sum ^ u32::from(byte) << (width - 8), |sum, _| {
        (sum << 1 ^ if sum & top == 0 { 0 } else { polynomial }) & mask
    })
}

/// Length of the header without its checksum, length of the number, the number, and the block size.
pub fn header(bytes: &[u8]) -> Option<(usize, usize, u64, u64)> {
    if bytes.len() < 6 || bytes[0] != 0xFF || bytes[1] & 0xFE != 0xF8 || bytes[3] & 1 == 1 {
        return None;
    }
    let ones = (bytes[4].leading_ones() as usize).max(1);
    let mut number = u64::from(bytes[4]) & if ones == 1 { 0x7F } else { 0x7F >> ones };
    for &more in bytes.get(5..4 + ones)? {
        number = number << 6 | u64::from(more & 0x3F);
    }
    let mut at = 4 + ones;
    let size = match bytes[2] >> 4 {
        0 => return None,
        1 => 192,
        code @ 2..6 => 144 << code,
        6 => u64::from(*bytes.get(at)?) + 1,
        7 => u64::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])) + 1,
        code => 1 << code,
    };
    at += [0, 0, 0, 0, 0, 0, 1, 2].get(usize::from(bytes[2] >> 4)).copied().unwrap_or(0);
    at += match bytes[2] & 15 {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    let is_right = u32::from(*bytes.get(at)?) == sum(&bytes[..at], 7, 8);
    is_right.then_some((at, ones, number, size))
}

/// The metadata blocks, signature included, and the frames.
fn split(flac: &[u8]) -> (Vec<(u8, Vec<u8>)>, Vec<Frame>) {
    let (mut at, mut blocks) = (4, Vec::new());
    loop {
        let length = u32::from_be_bytes([0, flac[at + 1], flac[at + 2], flac[at + 3]]) as usize;
        blocks.push((flac[at] & 0x7F, flac[at + 4..at + 4 + length].to_vec()));
        let last = flac[at] & 0x80 != 0;
        at += 4 + length;
        if last {
            break;
        }
    }
    let (mut frames, mut rest, mut first) = (Vec::new(), &flac[at..], 0);
    while !rest.is_empty() {
        let (length, number_length, _, size) = header(rest).expect("a frame begins here");
        let mut crc = 0;
        let mut end = rest.len();
        for (at, &byte) in rest.iter().enumerate() {
            let is_next = at > length && crc == 0 && byte == 0xFF;
            let next = || {
                header(&rest[at..]).is_some_and(|(_, _, number, _)| {
                    number == frames.len() as u64 + 1 || number == first + size
                })
            };
            if is_next && next() {
                end = at;
                break;
            }
            crc = step(crc, byte, 0x8005, 16);
        }
        let samples = first..first + size;
        first = samples.end;
        let bytes = rest[..end].to_vec();
        frames.push(Frame { bytes, header: length, number_length, samples });
        rest = &rest[end..];
    }
    (blocks, frames)
}

pub fn same(md5: bool) -> DecodeOptions {
    DecodeOptions { encoding: Encoding::Same, md5, ..DecodeOptions::default() }
}

/// The redacted FLAC.
fn kept(flac: &[u8], windows: &Windows, treatment: Treatment, md5: bool) -> Result<Vec<u8>, Error> {
    let source = stream(flac.to_vec()).with_options(same(md5));
    let redacted = Redaction::new(windows, treatment).run(source)?;
    assert_eq!(redacted.format(), OutputFormat::Flac);
    let mut out = Vec::new();
    redacted.write_to(&mut out)?;
    Ok(out)
}

/// The WAV that is made of it.
pub fn wav_of(flac: &[u8], windows: &Windows, treatment: Treatment) -> Vec<u8> {
    let mut out = Vec::new();
    let redacted = Redaction::new(windows, treatment).run(stream(flac.to_vec())).unwrap();
    redacted.write_to(&mut out).unwrap();
    out
}

/// What `flac -t` says; nothing if it is right.
pub fn tested(flac: &[u8]) -> String {
    let folder = Folder::new();
    let path = folder.write("test.flac", flac);
    let output = Command::new("flac").args(["-t", "-s", &path]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

/// Redacts, and checks everything that is promised of the result.
fn check(what: &str, flac: &[u8], windows: &Windows, treatment: Treatment) -> Vec<u8> {
    let wav = wav_of(flac, windows, treatment);
    let out =
        kept(flac, windows, treatment, true).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(wav == wav_of(&out, &Windows::none(), treatment), "{what}: other samples than the WAV");
    let (blocks, frames) = split(flac);
    let (new_blocks, new_frames) = split(&out);
    let rate =
        u64::from(u32::from_be_bytes([0, blocks[0].1[10], blocks[0].1[11], blocks[0].1[12]]) >> 4);
    let touched = touched(windows, treatment, rate);
    let mut made = 0;
    assert_eq!(frames.len(), new_frames.len(), "{what}");
    for (old, new) in frames.iter().zip(&new_frames) {
        assert_eq!(old.samples, new.samples, "{what}: number and size");
        let meets =
            |range: &Range<u64>| range.start < old.samples.end && old.samples.start < range.end;
        if touched.iter().any(meets) {
            made += 1;
        } else {
            assert!(old.bytes == new.bytes, "{what}: frames {:?} are not the input's", old.samples);
        }
    }
    assert!(made > 0 || windows.is_empty(), "{what}: no frame was made");
    check_metadata(what, &blocks, &new_blocks, &new_frames);
    if installed("flac") {
        assert_eq!(tested(&out), "", "{what}");
    }
    // Without the MD5 all but its 16 bytes is the same.
    let mut without = kept(flac, windows, treatment, false).unwrap();
    assert_eq!(without[26..42], [0; 16], "{what}");
    without[26..42].copy_from_slice(&out[26..42]);
    assert!(without == out, "{what}: without the MD5 more is different");
    out
}

/// The frames that a window or its fade touches, in whole nanoseconds.
pub fn touched(windows: &Windows, treatment: Treatment, rate: u64) -> Vec<Range<u64>> {
    let frame = |time: Duration| (time.as_nanos() * u128::from(rate) / 1_000_000_000) as u64;
    let fade = frame(treatment.fade());
    let wide = |window: &Window| {
        frame(window.start()).saturating_sub(fade)..frame(window.end()) + 1 + fade
    };
    windows.iter().map(wide).collect()
}

/// Streaminfo and seek table, and nothing else, with true numbers.
fn check_metadata(what: &str, old: &[(u8, Vec<u8>)], new: &[(u8, Vec<u8>)], frames: &[Frame]) {
    let kinds: Vec<u8> = new.iter().map(|block| block.0).collect();
    let has_table = old.iter().any(|block| block.0 == 3 && !block.1.is_empty());
    assert_eq!(kinds, if has_table { vec![0, 3] } else { vec![0] }, "{what}");
    let (before, after) = (&old[0].1, &new[0].1);
    assert_eq!(before[..4], after[..4], "{what}: block sizes");
    assert_eq!(before[10..13], after[10..13], "{what}: rate, channels");
    let size =
        |at: usize| u32::from_be_bytes([0, after[at], after[at + 1], after[at + 2]]) as usize;
    let sizes = frames.iter().map(|frame| frame.bytes.len());
    assert_eq!((size(4), size(7)), (sizes.clone().min().unwrap(), sizes.max().unwrap()), "{what}");
    let total = u64::from_be_bytes(after[10..18].try_into().unwrap()) & 0xF_FFFF_FFFF;
    assert_eq!(total, frames.last().unwrap().samples.end, "{what}");
    let Some((_, table)) = new.get(1) else { return };
    let mut real = 0;
    for (at, point) in table.chunks(18).enumerate() {
        let number = |range: Range<usize>| {
            point[range].iter().fold(0_u64, |n, &byte| n << 8 | u64::from(byte))
        };
        if number(0..8) == u64::MAX {
            continue;
        }
        assert_eq!(real, at, "{what}: placeholders come last");
        real += 1;
        let mut offset = 0;
        let shown = frames.iter().find(|frame| {
            let is_here = offset == number(8..16);
            offset += frame.bytes.len() as u64;
            is_here
        });
        let shown = shown.unwrap_or_else(|| panic!("{what}: point {at} shows to no frame"));
        assert_eq!(shown.samples, number(0..8)..number(0..8) + number(16..18), "{what}");
    }
    assert!(real > 0, "{what}: the table is empty");
}

/// Speech-like noise: loud and quiet stretches around a slow wave, of `bits` bits.
fn noise(frames: usize, channels: usize, bits: u32) -> Vec<i32> {
    let mut state = 7_u32;
    let high = (1_i64 << (bits - 1)) - 1;
    let all = (0..frames * channels).map(|n| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (i64::from(state.cast_signed()) * high) >> 31;
        let (time, channel) = (n / channels, (n % channels) as i64);
        let loud = [64, 3, 0, 9, 700][time / 700 % 5];
        let wave = (time as i64 % 160 - 80) * high / 300 * (channel + 1) / channels as i64;
        (wave + noise * loud / 2000).clamp(-high - 1, high) as i32
    });
    all.collect()
}

/// A WAV of such noise, with the valid bits in its extension.
pub fn noisy_wav(rate: u32, channels: u16, bits: u32, frames: usize) -> Vec<u8> {
    let width = bits.div_ceil(8);
    let data: Vec<u8> = noise(frames, channels.into(), bits)
        .into_iter()
        .flat_map(|sample| {
            let aligned = sample << (width * 8 - bits);
            let stored = if width == 1 { aligned + 128 } else { aligned };
            stored.to_le_bytes().into_iter().take(width as usize)
        })
        .collect();
    let block = channels * width as u16;
    let mask = (1_u32 << channels) - 1;
    let mut out = b"RIFF".to_vec();
    out.extend((60 + data.len() as u32).to_le_bytes());
    out.extend(b"WAVEfmt \x28\0\0\0\xFE\xFF");
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(block)).to_le_bytes());
    out.extend(block.to_le_bytes());
    out.extend((width as u16 * 8).to_le_bytes());
    out.extend([22, 0, bits as u8, 0]);
    out.extend(mask.to_le_bytes());
    out.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

/// What `flac` makes of a WAV with these flags.
pub fn encoded(wav: &[u8], flags: &str) -> Vec<u8> {
    let folder = Folder::new();
    let (source, out) = (folder.write("in.wav", wav), folder.path("out.flac"));
    let output = Command::new("flac")
        .args(["-s", "-f", "--lax", "--channel-map=none"])
        .args(flags.split(' ').filter(|flag| !flag.is_empty()))
        .args(["-o", &out, &source])
        .output()
        .unwrap();
    assert!(output.status.success(), "{flags}: {}", stderr(&output));
    std::fs::read(out).unwrap()
}

pub fn treatments() -> [Treatment; 5] {
    [
        Treatment::silence(),
        Treatment::default(),
        Treatment::tone(440).unwrap(),
        Treatment::silence().with_fade(Duration::from_millis(30)),
        Treatment::attenuate(0.3).unwrap().with_fade(Duration::from_millis(5)),
    ]
}

#[test]
fn the_call_stays_a_flac_under_every_treatment() {
    let flac = fixture_bytes("call.flac");
    for list in
        [vec!["10-15", "30.5-35.2"], vec!["10-15@0", "12-13@1", "37-38"], vec!["0-1", "2-2.001"]]
    {
        for treatment in treatments() {
            check(&format!("{list:?} {treatment:?}"), &flac, &windows(&list), treatment);
        }
    }
    // Nothing is redacted: all frames are those of the input.
    check("no window", &flac, &Windows::none(), Treatment::silence());
    check("everything", &flac, &windows(&["0-60"]), Treatment::silence());
}

#[test]
fn every_level_depth_block_size_and_number_of_channels_stays_exact() {
    if !installed("flac") {
        return;
    }
    let list = windows(&["0.1-0.15", "0.31-0.35@0"]);
    let call = noisy_wav(8000, 2, 16, 4000);
    for level in 0..=8 {
        let what = format!("-{level}");
        check(&what, &encoded(&call, &what), &list, Treatment::silence());
    }
    for (bits, channels, rate) in [
        (8, 1, 8000),
        (8, 2, 11_025),
        (12, 1, 8000),
        (16, 8, 16_000),
        (20, 2, 48_000),
        (24, 1, 8000),
        (24, 6, 96_000),
    ] {
        let wav = noisy_wav(rate, channels, bits, rate as usize / 2);
        let flac = encoded(&wav, "");
        for treatment in treatments() {
            let what = format!("{bits} bits, {channels} channels, {rate} Hz, {treatment:?}");
            check(&what, &flac, &list, treatment);
        }
    }
    let wav = noisy_wav(44_100, 2, 16, 140_000);
    for size in [16, 192, 576, 1000, 4608, 16_384, 65_535] {
        let what = format!("-b {size} -l 4");
        let treatment = Treatment::default().with_fade(Duration::from_millis(3));
        let out =
            check(&what, &encoded(&wav, &what), &windows(&["0.5-0.6", "2-2.0001@1"]), treatment);
        assert!(out.len() < 140_000 * 4, "{size}");
    }
}

/// FFmpeg decodes the result, and writes no seek table and other frames than `flac` does.
#[test]
fn files_of_ffmpeg_stay_exact_and_it_reads_them() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for (depth, flags) in
        [("s16", "-sample_fmt s16"), ("s24", "-sample_fmt s32 -bits_per_raw_sample 24")]
    {
        let wav = folder.write("in.wav", &noisy_wav(16_000, 2, 24, 40_000));
        let (source, out) = (folder.path("in.flac"), folder.path("out.flac"));
        let args = [vec!["-i", &wav], flags.split(' ').collect(), vec![&source]].concat();
        ffmpeg(args);
        let flac = std::fs::read(&source).unwrap();
        let list = windows(&["0.5-1", "1.5-1.6@1"]);
        let redacted = check(depth, &flac, &list, Treatment::default());
        std::fs::write(&out, &redacted).unwrap();
        let codec = format!("pcm_{depth}le");
        let decoded = ffmpeg(["-i", &out, "-f", depth_name(depth), "-c:a", &codec, "-"]);
        assert!(decoded == data_of(&wav_of(&flac, &list, Treatment::default())), "{depth}");
    }
}

fn depth_name(depth: &str) -> &str {
    if depth == "s16" { "s16le" } else { "s24le" }
}

/// The number of a sample as UTF-8 codes it.
fn coded(number: u64) -> Vec<u8> {
    if number < 0x80 {
        return vec![number as u8];
    }
    let more = (1..6).find(|more| number < 1 << (6 - more + 6 * more)).unwrap();
    let first = (0xFF00_u32 >> (more + 1)) as u8 | (number >> (6 * more)) as u8;
    std::iter::once(first)
        .chain((0..more).rev().map(|at| 0x80 | (number >> (6 * at) & 63) as u8))
        .collect()
}

/// A FLAC whose blocks differ in size: frames of several others, numbered by their samples.
fn variable() -> Vec<u8> {
    let sizes = [192, 4096, 17, 1000, 16];
    let mut frames = Vec::new();
    let mut first = 0;
    for size in sizes {
        let wav = noisy_wav(8000, 2, 16, size * 3);
        for frame in split(&encoded(&wav, &format!("-b {size} -l 4"))).1 {
            let end = 4 + frame.number_length;
            let mut bytes = frame.bytes[..4].to_vec();
            bytes[1] = 0xF9;
            bytes.extend(coded(first));
            bytes.extend(&frame.bytes[end..frame.header]);
            bytes.push(sum(&bytes, 7, 8) as u8);
            bytes.extend(&frame.bytes[frame.header + 1..frame.bytes.len() - 2]);
            bytes.extend((sum(&bytes, 0x8005, 16) as u16).to_be_bytes());
            frames.extend(bytes);
            first += frame.samples.end - frame.samples.start;
        }
    }
    let fields = 8000_u64 << 44 | 1 << 41 | 15 << 36 | first;
    let head =
        [b"fLaC\x80\0\0\x22\0\x10\x10\0\0\0\0\0\0\0".as_slice(), &fields.to_be_bytes(), &[0; 16]];
    [head.concat(), frames].concat()
}

#[test]
fn blocks_of_different_sizes_stay_as_they_are() {
    if !installed("flac") {
        return;
    }
    let flac = variable();
    for list in [vec!["0.01-0.02"], vec!["0.5-1.5@1"], vec!["0-0.001", "1.9-1.92"]] {
        for treatment in treatments() {
            check(&format!("{list:?} {treatment:?}"), &flac, &windows(&list), treatment);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A thousand windows in all, of any length, on any channel, overlapping or not.
    #[test]
    fn any_windows_leave_what_the_wav_has(
        places in prop::collection::vec((0u32..37_900, 1u32..900, 0u16..3), 1..84),
        kind in 0usize..5,
        threads in 1usize..=3,
    ) {
        let flac = fixture_bytes("call.flac");
        let list = Windows::new(places.iter().map(|&(start, length, channel)| {
            let time = |milli: u32| f64::from(milli) / 1000.0;
            let window = Window::from_seconds(time(start), time(start + length)).unwrap();
            if channel == 2 { window } else { window.on_channel(channel) }
        })).unwrap();
        let treatment = treatments()[kind];
        let out = check("any", &flac, &list, treatment);
        let threads = NonZeroUsize::new(threads);
        let source = stream(flac).with_options(DecodeOptions { threads, ..same(true) });
        let mut again = Vec::new();
        Redaction::new(&list, treatment).run(source).unwrap().write_to(&mut again).unwrap();
        prop_assert!(out == again, "the number of threads changes a byte");
    }
}

/// Tags, pictures, padding and what follows the last frame are not in the output.
#[test]
fn nothing_but_the_audio_is_left() {
    let flac = fixture_bytes("call.flac");
    let (blocks, frames) = split(&flac);
    let block =
        |kind: u8, body: &[u8]| [&[kind], &(body.len() as u32).to_be_bytes()[1..], body].concat();
    let comment = b"\x06\0\0\0vendor\x01\0\0\0\x10\0\0\0COMMENT=41111111";
    let tagged = [
        b"fLaC".to_vec(),
        block(0, &blocks[0].1),
        block(4, comment),
        block(2, b"ABCD4111111111111111"),
        block(0x81, &[0; 100]),
        frames.iter().flat_map(|frame| frame.bytes.clone()).collect(),
        [b"TAG".as_slice(), &[b'4'; 125]].concat(),
    ]
    .concat();
    let list = windows(&["10-15"]);
    let out = check_without_tags(&tagged, &list);
    let find = |needle: &[u8]| out.windows(needle.len()).any(|part| part == needle);
    assert!(!find(b"COMMENT") && !find(b"vendor") && !find(b"41111") && !find(b"TAG4"));
    let proof = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let redaction = Redaction::new(&list, Treatment::silence()).with_evidence(proof);
    let redacted = redaction.run(stream(tagged).with_options(same(true))).unwrap();
    let dropped = &redacted.evidence().measurements.as_ref().unwrap().dropped;
    let names: Vec<&str> = dropped.iter().map(|one| one.name.as_str()).collect();
    assert!(names.contains(&"COMMENT") && names.contains(&"ID3v1"), "{names:?}");
}

fn check_without_tags(flac: &[u8], list: &Windows) -> Vec<u8> {
    let out = kept(flac, list, Treatment::silence(), true).unwrap();
    let (blocks, frames) = split(&out);
    assert_eq!(blocks.len(), 1);
    assert_eq!(out.len(), 42 + frames.iter().map(|frame| frame.bytes.len()).sum::<usize>());
    out
}

/// A FLAC that is cut off, or of which one bit is turned, is an error, with and without the MD5, and leaves
/// no file.
#[test]
fn cut_and_damaged_files_are_errors_and_leave_nothing() {
    let flac = fixture_bytes("call.flac");
    let list = windows(&["10-15"]);
    let (blocks, _) = split(&flac);
    let begin = 4 + blocks.iter().map(|block| block.1.len() + 4).sum::<usize>();
    let folder = Folder::new();
    let out = folder.path("out.flac");
    let fails = |bytes: Vec<u8>, md5: bool, what: &str| {
        let spool = Spool::beside(out.as_ref()).unwrap();
        let source = stream(bytes).with_options(same(md5));
        let result = Redaction::new(&list, Treatment::silence()).with_spool(spool).run(source);
        assert!(result.is_err(), "{what}");
        drop(result);
        assert_eq!(folder.names(), [""; 0], "{what}");
    };
    for md5 in [true, false] {
        for cut in [0, 3, 20, 41, begin, begin + 5, flac.len() / 2, flac.len() - 1] {
            fails(flac[..cut].to_vec(), md5, &format!("cut at {cut}"));
        }
        let step = (flac.len() - begin) / 40;
        for place in (begin..flac.len()).step_by(step) {
            let mut damaged = flac.clone();
            damaged[place] ^= 1 << (place % 8);
            fails(damaged, md5, &format!("bit turned in byte {place}"));
        }
    }
}

/// A frame of which one bit is turned, with the right checksums. Without the MD5 nobody decodes it.
#[test]
fn a_damaged_frame_with_right_checksums_is_refused_or_decodes_as_in_the_wav() {
    let mut flac = std::fs::read(fixture("../fuzz/seeds/flac/b64.flac")).unwrap();
    flac[26..42].fill(0);
    let begin = flac.len() - split(&flac).1.iter().map(|frame| frame.bytes.len()).sum::<usize>();
    let (_, frames) = split(&flac);
    // The frames after the first 200 samples.
    let list = windows(&["0.025-0.033"]);
    let (mut refused, mut kept_as_it_is) = (0, 0);
    for number in 0..2 {
        let Frame { bytes, header, .. } = &frames[number];
        let at = begin + frames[..number].iter().map(|frame| frame.bytes.len()).sum::<usize>();
        for bit in 0..(bytes.len() - 2) * 8 {
            let mut frame = bytes.clone();
            frame[bit / 8] ^= 1 << (bit % 8);
            frame[*header] ^=
                sum(&bytes[..*header], 7, 8) as u8 ^ sum(&frame[..*header], 7, 8) as u8;
            let end = frame.len() - 2;
            let checksum = sum(&frame[..end], 0x8005, 16) as u16;
            frame[end..].copy_from_slice(&checksum.to_be_bytes());
            let damaged = [&flac[..at], &frame, &flac[at + frame.len()..]].concat();
            let Ok(out) = kept(&damaged, &list, Treatment::silence(), false) else {
                refused += 1;
                continue;
            };
            kept_as_it_is += 1;
            let what = format!("frame {number}, bit {bit}");
            let wav = redacted(stream(damaged), &["0.025-0.033"], Treatment::silence());
            let wav = wav.unwrap_or_else(|error| panic!("{what} does not decode: {error}"));
            assert!(wav == wav_of(&out, &Windows::none(), Treatment::silence()), "{what}");
        }
    }
    assert!(refused > 100 && kept_as_it_is > 100, "{refused} refused, {kept_as_it_is} kept");
}

/// Bytes with a checksum of their own leave the checksum of the frame before them right.
#[test]
fn what_follows_a_frame_never_leaves() {
    let flac = fixture_bytes("call.flac");
    let (_, frames) = split(&flac);
    let text = b"four one one one";
    let checksum = (sum(text, 0x8005, 16) as u16).to_be_bytes();
    let list = windows(&["10-15"]);
    for after in [1, frames.len() / 2, frames.len()] {
        let rest: usize = frames[after..].iter().map(|frame| frame.bytes.len()).sum();
        let (before, rest) = flac.split_at(flac.len() - rest);
        let more = [before, text, &checksum, rest].concat();
        for md5 in [true, false] {
            let Err(error) = kept(&more, &list, Treatment::silence(), md5) else {
                panic!("what follows frame {after} was kept");
            };
            let error = error.to_string();
            assert!(!error.contains("four"), "{error}");
        }
    }
}

#[test]
fn what_cannot_be_kept_is_refused_by_name() {
    let list = windows(&["10-15"]);
    let (any, wav, flac): (&[_], &[_], &[_]) = (&[], &[OutputFormat::Wav], &[OutputFormat::Flac]);
    let run = |name: &str, encoding: Encoding, formats: &'static [OutputFormat]| {
        let options = DecodeOptions { encoding, ..DecodeOptions::default() };
        let source = Source::open(fixture(name)).unwrap().with_options(options);
        let redaction = Redaction::new(&list, Treatment::silence()).with_formats(formats);
        redaction.run(source).map(|redacted| redacted.format())
    };
    for name in ["call.mp3", "call.ogg", "call.m4a", "call.webm"] {
        let error = run(name, Encoding::Same, any).unwrap_err();
        assert!(
            error.is_usage() && error.to_string().contains("--encoding pcm"),
            "{name}: {error}"
        );
        let error = run(name, Encoding::Same, flac).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(".wav"), "{name}: {error}");
    }
    for name in ["call.wav", "call-alaw.wav", "call-mulaw.wav"] {
        assert_eq!(run(name, Encoding::Same, any).unwrap(), OutputFormat::Wav);
        assert!(run(name, Encoding::Same, flac).unwrap_err().is_usage());
    }
    let error = run("call.flac", Encoding::Same, wav).unwrap_err();
    assert!(error.to_string().contains("name the output .flac"), "{error}");
    assert_eq!(run("call.flac", Encoding::Pcm, wav).unwrap(), OutputFormat::Wav);
    assert_eq!(run("call.flac", Encoding::Same, any).unwrap(), OutputFormat::Flac);
}

/// The table of docs/redact.md: each ending with each encoding, for each kind of recording.
#[test]
fn each_line_of_the_table_of_formats_is_true() {
    let list = windows(&["10-15"]);
    let run = |name: &str, ending: &str, encoding: Option<Encoding>| {
        let (encoding, formats) = OutputFormat::named(ending, encoding)?;
        let options = DecodeOptions { encoding, ..DecodeOptions::default() };
        let source = Source::open(fixture(name)).unwrap().with_options(options);
        let redaction = Redaction::new(&list, Treatment::silence()).with_formats(formats);
        redaction.run(source).map(|redacted| redacted.format())
    };
    let (pcm, same) = (Some(Encoding::Pcm), Some(Encoding::Same));
    for name in ["call.flac", "call.wav", "call-mulaw.wav", "call.mp3", "call.opus"] {
        let (is_flac, is_pcm) = (name == "call.flac", name.ends_with(".wav"));
        let is_opus = name == "call.opus";
        for ending in ["wav", "WAVE", "flac", "FLAC", "opus", "ogg", "oga", "", "mp3", "wma"] {
            for encoding in [None, pcm, same] {
                let expected = match (ending.to_lowercase().as_str(), encoding) {
                    ("flac", None | Some(Encoding::Same)) if is_flac => Some(OutputFormat::Flac),
                    ("opus" | "ogg" | "oga", None | Some(Encoding::Same)) if is_opus => {
                        Some(OutputFormat::Opus)
                    }
                    ("flac" | "opus" | "ogg" | "oga", _) => None,
                    (_, None | Some(Encoding::Pcm)) => Some(OutputFormat::Wav),
                    ("wav" | "wave", _) if is_flac || is_opus => None,
                    _ if is_flac => Some(OutputFormat::Flac),
                    _ if is_opus => Some(OutputFormat::Opus),
                    _ => Some(OutputFormat::Wav).filter(|_| is_pcm),
                };
                match (run(name, ending, encoding), expected) {
                    (Ok(format), Some(expected)) => assert_eq!(format, expected),
                    (Err(error), None) => assert!(error.is_usage(), "{name} {ending}: {error}"),
                    (done, _) => panic!("{name} {ending} {encoding:?}: {done:?}, not {expected:?}"),
                }
            }
        }
    }
}
