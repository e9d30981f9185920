//! Formats compared with independent decoders, and unusual or damaged headers.

use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sordino::block::Block;
use sordino::{DecodeOptions, Decoder, Encoding, Error, Source, Treatment};

use crate::support::*;

/// Number of stereo frames that FFmpeg decodes.
fn ffmpeg_frames(path: &str) -> usize {
    let samples = ffmpeg(["-i", path, "-f", "s16le", "-"]);
    // FFmpeg always decodes Opus at 48 kHz.
    let scale = match path {
        path if path.ends_with("call.opus") => 6,
        path if path.ends_with("call.webm") => 3,
        _ => 1,
    };
    samples.len() / 4 / scale
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

/// Encodes the call with FFmpeg and these arguments; the extension of `name` decides the container.
fn encode(folder: &Folder, name: &str, args: &[&str]) -> String {
    let path = folder.path(name);
    ffmpeg([&["-i", CALL], args, &[path.as_str()]].concat());
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

/// A VBR file that is loud and then quiet: an estimate from its first bit rate would be too short.
#[test]
fn an_mp3_without_a_tag_is_not_cut_to_an_estimate() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("vbr.mp3");
    let noise = "anoisesrc=r=8000:d=40,volume=enable='gt(t,5)':volume=0";
    let args = ["-f", "lavfi", "-i", noise, "-ac", "2", "-q:a", "0", "-write_xing", "0", &path];
    ffmpeg(args);
    let out = redacted(Source::open(&path).unwrap(), &["39-39.5"], Treatment::silence()).unwrap();
    assert_eq!(samples_16(&out).len() / 2, ffmpeg_frames(&path));
}

/// A last frame that is cut off is detected even if no length is declared.
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
fn wavs_written_into_a_pipe_are_complete() {
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

/// The same call with every number in the other byte order.
#[test]
fn a_big_endian_wav_gives_what_the_little_endian_one_gives() {
    let mut turned = fixture_bytes("call.wav");
    turned[..4].copy_from_slice(b"RIFX");
    let longs = [4, 16, 24, 28, 40].map(|at| at..at + 4);
    let shorts = [20, 22, 32, 34].map(|at| at..at + 2);
    longs.into_iter().chain(shorts).for_each(|number| turned[number].reverse());
    turned[44..].as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
    let out = |bytes| redacted(stream(bytes), &CALL_WINDOWS, Treatment::default()).unwrap();
    assert!(out(turned) == out(fixture_bytes("call.wav")));
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

/// The MP3 of the call without its LAME tag, which holds delay and padding.
pub fn plain_mp3() -> Vec<u8> {
    let mp3 = fixture_bytes("call.mp3");
    let second = (4..).find(|&at| mp3[at..].starts_with(&mp3[..2])).unwrap();
    mp3[second..].to_vec()
}

fn frames(mp3: Vec<u8>) -> usize {
    let out = redacted(stream(mp3), &["1-2"], Treatment::silence()).unwrap();
    samples_16(&out).len() / 2
}

#[test]
fn tags_around_an_mp3_do_not_move_the_audio() {
    let mp3 = fixture_bytes("call.mp3");
    let bare = redacted(stream(mp3.clone()), &["1-2"], Treatment::silence()).unwrap();
    let id3v2 = [b"ID3\x04\0\0\0\0\x01\0TIT2\0\0\0\x0c\0\0\x034111 1111 1".as_slice(), &[0; 106]];
    let ape =
        [b"APETAGEX\xd0\x07\0\0".as_slice(), &[72, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xA0], &[7; 48]];
    let ape_end = [b"APETAGEX\xd0\x07\0\0".as_slice(), &[72, 0, 0, 0, 1, 0, 0, 0], &[0; 12]];
    let id3v1 = [b"TAG4111 1111 1111 1111".as_slice(), &[0; 106]];
    let tail = [ape.concat(), ape_end.concat(), id3v1.concat()].concat();
    for tagged in [[id3v2.concat(), mp3.clone()], [mp3.clone(), tail.clone()]] {
        let out = redacted(stream(tagged.concat()), &["1-2"], Treatment::silence()).unwrap();
        assert!(out == bare);
    }
    let plain = plain_mp3();
    let tagged = [id3v2.concat(), plain.clone(), tail].concat();
    assert_eq!(frames(tagged), frames(plain));
}

/// Without a LAME tag nothing is trimmed, whatever frame count another tag has.
#[test]
fn an_mp3_is_as_long_as_its_frames_whatever_its_tag_says() {
    let plain = plain_mp3();
    let packets = frames(plain.clone()) / 576;
    assert_eq!(frames(plain.clone()), packets * 576);
    // A frame count of zero: the delay is known, the end is not.
    let mut zero = fixture_bytes("call.mp3");
    let tag = (0..).find(|&at| [b"Info", b"Xing"].iter().any(|id| zero[at..].starts_with(*id)));
    let tag = tag.unwrap();
    zero[tag + 8..tag + 12].fill(0);
    // LAME's checksum over its frame up to the checksum: CRC-16/ARC.
    let sum = zero[..tag + 154].iter().fold(0u16, |sum, &byte| {
        (0..8).fold(sum ^ u16::from(byte), |sum, _| (sum >> 1) ^ (0xA001 * (sum & 1)))
    });
    zero[tag + 154..tag + 156].copy_from_slice(&sum.to_be_bytes());
    let delay = packets * 576 - frames(zero);
    assert!((1000..1700).contains(&delay), "{delay}");
    // Fraunhofer's VBRI tag, in its own frame.
    let length = (4..).find(|&at| plain[at..].starts_with(&plain[..2])).unwrap();
    let mut vbri = plain[..4].to_vec();
    vbri.resize(36, 0);
    vbri.extend_from_slice(b"VBRI\0\x01\x04\x41\0\x4b");
    vbri.extend_from_slice(&(plain.len() as u32).to_be_bytes());
    vbri.extend_from_slice(&(packets as u32).to_be_bytes());
    vbri.resize(length, 0);
    assert_eq!(frames([vbri, plain.clone()].concat()), packets * 576);
    // Concatenated files: only the first delay is dropped, and padding does not end the audio.
    assert_eq!(frames([plain.clone(), plain.clone()].concat()), 2 * packets * 576);
    let call = fixture_bytes("call.mp3");
    assert_eq!(frames([call.clone(), plain].concat()), 2 * packets * 576 - delay);
    // symphonia skips a second tag; every other decoder decodes it as a frame of silence.
    let twice = [call.clone(), call].concat();
    let error = redacted(stream(twice.clone()), &["1-2"], Treatment::silence()).unwrap_err();
    assert!(error.to_string().contains("joined files"), "{error}");
    // A frame that was lost at the join is detected.
    let whole = [fixture_bytes("call.mp3"), plain_mp3()].concat();
    let join = fixture_bytes("call.mp3").len();
    let cut = [&whole[..join - 100], &whole[join..]].concat();
    assert!(redacted(stream(cut), &["1-2"], Treatment::silence()).is_err());
}

#[test]
fn a_call_in_opus_is_decoded_at_its_own_rate_and_at_any_other() {
    for (name, own) in [("call.opus", 8000), ("call.webm", 16_000)] {
        for (asked, rate) in [(None, own), (Some(12_000), 12_000), (Some(48_000), 48_000)] {
            let options = DecodeOptions { opus_rate: asked, ..DecodeOptions::default() };
            let source = Source::open(fixture(name)).unwrap().with_options(options);
            let out = redacted(source, &CALL_WINDOWS, Treatment::silence()).unwrap();
            assert_eq!(u32::from_le_bytes(out[24..28].try_into().unwrap()), rate);
            let samples = samples_16(&out);
            let second = 2 * rate as usize;
            assert_eq!(samples.len(), 38 * second, "{name} at {rate}");
            assert!(samples[10 * second..15 * second + 2].iter().all(|&sample| sample == 0));
            let spoken = |from: f64, to: f64| {
                let at = |time: f64| (time * f64::from(rate)) as usize * 2;
                samples[at(from)..at(to)].iter().any(|sample| sample.unsigned_abs() > 1000)
            };
            assert!(spoken(7.6, 9.9) && spoken(15.4, 18.0), "{name} at {rate}");
        }
        let options = DecodeOptions { opus_rate: Some(44_100), ..DecodeOptions::default() };
        let source = Source::open(fixture(name)).unwrap().with_options(options);
        let error = redacted(source, &["1-2"], Treatment::silence()).unwrap_err().to_string();
        assert_eq!(error, "Opus at 44100 Hz is not supported");
    }
}

#[test]
fn a_chained_ogg_continues_unless_its_parts_differ() {
    for (name, rate) in [("call.ogg", 8000), ("call.opus", 8000)] {
        let whole = fixture_bytes(name);
        let once = redacted(stream(whole.clone()), &["37-38"], Treatment::silence()).unwrap();
        let twice = [whole.clone(), whole.clone()].concat();
        let out = redacted(stream(twice), &["37-38"], Treatment::silence()).unwrap();
        let (once, twice) = (samples_16(&once), samples_16(&out));
        let length = 2 * 38 * rate;
        assert_eq!((once.len(), twice.len()), (length, 2 * length), "{name}");
        assert!(twice[..length] == once, "{name}");
        let unchanged = samples_16(
            &redacted(stream(whole.clone()), &["0-0.0001"], Treatment::silence()).unwrap(),
        );
        // The window includes its end, which is the first frame of the second link.
        assert!(twice[length + 2..] == unchanged[2..], "{name}");
        // The first link has lost its last page.
        let pages = pages(&whole);
        let cut = [pages[..pages.len() - 1].concat(), whole].concat();
        let error = redacted(stream(cut), &["1-2"], Treatment::silence()).unwrap_err().to_string();
        assert!(error.contains("before the one before it has ended"), "{error}");
    }
    let mixed = [fixture_bytes("call.ogg"), fixture_bytes("call.opus")].concat();
    let error = redacted(stream(mixed), &["1-2"], Treatment::silence()).unwrap_err().to_string();
    assert!(error.contains("whose parts differ"), "{error}");
}

/// symphonia ends without an error if it cannot open a part of a chained file.
#[test]
fn a_chained_part_that_is_cut_or_unknown_is_an_error() {
    for name in ["call.ogg", "call.opus"] {
        let whole = fixture_bytes(name);
        let page = |count: usize| pages(&whole)[..count].concat().len();
        for cut in [1, 30, 100, 3000, 20_000, whole.len() - 1, page(1), page(2), page(3)] {
            let bytes = [whole.as_slice(), &whole[..cut]].concat();
            let done = redacted(stream(bytes), &["1-2"], Treatment::silence());
            // A few bytes that are not a page are skipped, as after any Ogg. After a page of audio a cut
            // cannot be distinguished from a recorder that sets no flag at the end.
            let page = whole[..cut].starts_with(b"OggS") && cut != page(3);
            assert_eq!(done.is_err(), page, "{name} and {cut} bytes");
        }
        let speex = [ogg_page(2, 7, 0, b"Speex   1.2"), ogg_page(4, 7, 1, b"speech")].concat();
        let error = redacted(stream([whole, speex].concat()), &["1-2"], Treatment::silence());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("a part of it cannot be decoded"), "{name}: {error}");
    }
    let speex = [ogg_page(2, 7, 0, b"Speex   1.2"), ogg_page(4, 7, 1, b"speech")].concat();
    let error = redacted(stream(speex), &["1-2"], Treatment::silence()).unwrap_err().to_string();
    assert!(
        error.starts_with("this looks like an Ogg with Speex, which sordino does not decode"),
        "{error}"
    );
}

/// A page of one packet, with its checksum.
fn ogg_page(flags: u8, serial: u32, number: u32, packet: &[u8]) -> Vec<u8> {
    let mut page = [b"OggS\0", [flags].as_slice(), &[0; 8], &serial.to_le_bytes()].concat();
    page.extend_from_slice(&number.to_le_bytes());
    page.extend_from_slice(&[0, 0, 0, 0, 1, packet.len() as u8]);
    page.extend_from_slice(packet);
    seal(&mut page);
    page
}

/// Writes the checksum of a page.
pub fn seal(page: &mut [u8]) {
    page[22..26].fill(0);
    let sum = page.iter().fold(0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| (sum << 1) ^ (0x04C1_1DB7 * (sum >> 31)))
    });
    page[22..26].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn the_gain_in_the_head_of_opus_is_applied() {
    let whole = fixture_bytes("call.opus");
    let loudness = |bytes: Vec<u8>| {
        let out = redacted(stream(bytes), &["37-38"], Treatment::silence()).unwrap();
        samples_16(&out).iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>().sqrt()
    };
    let with_gain = |gain: i16| {
        let mut bytes = whole.clone();
        let first = pages(&whole)[0].len();
        // The gain field of the head, after the page header of 28 bytes.
        bytes[28 + 16..28 + 18].copy_from_slice(&gain.to_le_bytes());
        seal(&mut bytes[..first]);
        loudness(bytes)
    };
    let plain = with_gain(0);
    assert_eq!(plain, loudness(whole.clone()));
    // 20 · log10(1/2) dB, as Q7.8.
    let half = with_gain(-1541) / plain;
    assert!((0.49..0.51).contains(&half), "{half}");
}

#[test]
fn surround_opus_has_its_channels_in_the_order_of_wav() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for (layout, channels) in [("3.0", 3), ("5.0", 5), ("5.1", 6), ("6.1", 7), ("7.1", 8)] {
        let path = folder.path("surround.opus");
        let tone = |n: usize| format!("{}*sin(2*PI*90*t)", 0.05 * (n + 1) as f64);
        let tones = (0..channels).map(tone).collect::<Vec<_>>().join("|");
        let source = format!("aevalsrc={tones}:c={layout}:d=2:s=48000");
        let codec = ["-b:a", "512k", "-mapping_family", "1", "-c:a", "libopus", &path];
        ffmpeg([&["-f", "lavfi", "-i", &source], codec.as_slice()].concat());
        let out = redacted(Source::open(&path).unwrap(), &["0-0.1"], Treatment::silence()).unwrap();
        let samples = samples_16(&out);
        let peak = |channel: usize| {
            let middle = samples.iter().skip(channel).step_by(channels).skip(24_000).take(48_000);
            middle.map(|sample| f64::from(sample.unsigned_abs())).fold(0.0, f64::max) / 32_768.0
        };
        for channel in 0..channels {
            let (is, should) = (peak(channel), 0.05 * (channel + 1) as f64);
            assert!((is - should).abs() < 0.02, "{layout}, channel {channel}: {is}");
        }
    }
}

#[test]
fn values_that_no_real_recording_has_are_refused() {
    let refusal = |bytes: Vec<u8>| {
        let error = redacted(stream(bytes), &["0-0.0001"], Treatment::silence());
        error.unwrap_err().to_string()
    };
    assert!(refusal(wav(1, 768_001, 1, 16, &[0; 64])).contains("a sample rate of 768001 Hz"));
    assert!(refusal(wav(1, 8000, 65, 16, &[0; 130])).contains("channel"));
    // 24 bits in four bytes may be the upper or the lower ones.
    let with = |lowest: u8| {
        let mut bytes = wav(1, 8000, 1, 32, &[lowest, 1, 2, 3].repeat(100));
        bytes[34] = 24;
        bytes
    };
    assert!(redacted(stream(with(0)), &["0-0.0001"], Treatment::silence()).is_ok());
    assert!(refusal(with(1)).contains("4-byte samples use all bits"));
}

/// For a missing channel symphonia repeats the samples of the previous packet: speech from inside a
/// window would be heard again after it.
#[test]
fn a_packet_that_lacks_a_channel_is_an_error() {
    let refusal = |bytes: Vec<u8>| {
        let error = redacted(stream(bytes), &["0-0.01"], Treatment::silence());
        error.unwrap_err().to_string()
    };
    let seed = |name: &str| {
        std::fs::read(format!("{}/fuzz/seeds/recording/{name}", env!("CARGO_MANIFEST_DIR")))
            .unwrap()
    };
    let mut flac = seed("flac.mka");
    // Frames of two channels under a header that declares three.
    let head = place_of(&flac, b"fLaC") + 8;
    flac[head + 12] = flac[head + 12] & !0x0E | 2 << 1;
    let channels = place_of(&flac, &[0x9F, 0x81, 2]) + 2;
    flac[channels] = 3;
    assert!(refusal(flac).contains("at frame 0 (0 s): a FLAC frame has other channels"));
    let mut aac = seed("adts.aac");
    let second = 7 + aac[7..].windows(2).position(|sync| sync == [0xFF, 0xF1]).unwrap();
    assert!(redacted(stream(aac.clone()), &["0-0.01"], Treatment::silence()).is_ok());
    // The first element is END.
    aac[second + 7] = 0b1110_0000;
    assert!(refusal(aac).contains("at frame 1024 (0.128 s): an AAC packet lacks a channel"));
}

/// PCM in Matroska, written live, with an edit.
fn live_pcm(edit: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
    let args = ["-i", CALL, "-t", "3", "-c:a", "pcm_s16le", "-f", "matroska", "-"];
    let mut bytes = installed("ffmpeg").then(|| ffmpeg(args))?;
    edit(&mut bytes);
    Some(bytes)
}

fn place_of(bytes: &[u8], id: &[u8]) -> usize {
    bytes.windows(id.len()).position(|here| here == id).unwrap()
}

#[test]
fn packets_without_audio_are_an_error_after_a_limit() {
    let Some(bytes) = live_pcm(|bytes| {
        // After the cluster's timestamp: blocks of 256 empty packets.
        let cluster = place_of(bytes, &[0x1F, 0x43, 0xB6, 0x75]);
        let time = cluster + place_of(&bytes[cluster..], &[0xE7, 0x81, 0x00]) + 3;
        let block = [0xA3, 0x85, 0x81, 0, 0, 0x84, 0xFF].repeat(4);
        let size = bytes[cluster + 4..].first().map_or(0, |first| first.leading_zeros() as usize);
        let at = cluster + 4;
        let digits = &mut bytes[at..=at + size];
        let grown = digits.iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        if size == 7 && grown != 0x01FF_FFFF_FFFF_FFFF {
            digits.copy_from_slice(&(grown + block.len() as u64).to_be_bytes());
        }
        bytes.splice(time..time, block);
    }) else {
        return;
    };
    let error = redacted(stream(bytes), &["0-0.1"], Treatment::silence()).unwrap_err().to_string();
    assert!(error.contains("its packets hold no audio"), "{error}");
}

#[test]
fn the_codec_delay_of_matroska_is_dropped() {
    let plain = live_pcm(|_| {});
    let delayed = live_pcm(|bytes| {
        // 10 ms, at the end of the track entry. The size field of the tracks has one byte, that of the
        // entry eight.
        let delay = [0x56, 0xAA, 0x84, 0x00, 0x98, 0x96, 0x80];
        // The first match of the identifier is in the seek head.
        let tracks = bytes[..600].windows(4).rposition(|id| id == [0x16, 0x54, 0xAE, 0x6B]);
        let tracks = tracks.unwrap() + 4;
        bytes[tracks] += delay.len() as u8;
        let entry = tracks + place_of(&bytes[tracks..], &[0xAE, 0x01]) + 2;
        let size =
            bytes[entry..entry + 7].iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        bytes[entry + 6] += delay.len() as u8;
        let end = entry + 7 + size;
        bytes.splice(end..end, delay);
    });
    let (Some(plain), Some(delayed)) = (plain, delayed) else { return };
    let out = |bytes| redacted(stream(bytes), &["2.5-2.6"], Treatment::silence()).unwrap();
    let (plain, delayed) = (out(plain), out(delayed));
    let (plain, delayed) = (samples_16(&plain), samples_16(&delayed));
    assert_eq!(plain.len() - delayed.len(), 2 * 80);
    assert!(plain[160..2 * 19_000] == delayed[..2 * 19_000 - 160]);
}

/// One bit makes a block look laced; symphonia finds no packets in it and reports the end.
#[test]
fn a_block_with_invalid_lacing_is_an_error() {
    if !installed("ffmpeg") {
        return;
    }
    let mut bytes = ffmpeg(["-i", CALL, "-c:a", "libopus", "-f", "webm", "-live", "1", "-"]);
    assert!(redacted(stream(bytes.clone()), &["1-2"], Treatment::silence()).is_ok());
    let middle = bytes.len() / 2;
    let is_block = |at: &usize| bytes[*at] == 0xA3 && bytes[at + 2..].starts_with(&[0x81]);
    let block = (middle..).find(|at| is_block(at) && bytes[at + 5] == 0x80).unwrap();
    bytes[block + 5] |= 0x02;
    let error = redacted(stream(bytes), &["1-2"], Treatment::silence()).unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
}

/// Tags are not needed, and symphonia would hold all of them in memory.
#[test]
fn an_endless_tag_is_an_error_after_a_limit() {
    let flac = &fixture_bytes("call.flac")[..42];
    let application = [flac, &[2, 0xFF, 0xFF, 0xFF]].concat();
    let webm = &fixture_bytes("call.webm")[..4000];
    let cues = (0..).find(|&at| webm[at..].starts_with(&[0x1F, 0x43, 0xB6, 0x75])).unwrap();
    let tags = [&webm[..cues], &[0x12, 0x54, 0xC3, 0x67, 0x01, 0, 0, 0, 0x7F, 0, 0, 0]].concat();
    let id3 = b"ID3\x03\0\0\x7f\x7f\x7f\x7fTXXX\0\0\0\0\0\0".to_vec();
    for (name, head) in [("FLAC", application), ("WebM", tags), ("MP3", id3)] {
        let taken = Arc::new(AtomicU64::new(0));
        let rest = std::io::repeat(0).take(1 << 28);
        let endless = Counted(std::io::Cursor::new(head).chain(rest), Arc::clone(&taken));
        let error = redacted(Source::stream(endless), &["1-2"], Treatment::silence());
        assert!(error.is_err(), "{name}");
        assert!(taken.load(Ordering::Relaxed) < 32 << 20, "{name}: {taken:?} bytes");
    }
}

/// Counts the bytes that are read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[test]
fn files_that_symphonia_misreads_are_refused_or_corrected() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    // The last ADPCM block is short.
    for (name, codec) in [("ms.wav", "adpcm_ms"), ("ima.wav", "adpcm_ima_wav")] {
        let mut bytes = std::fs::read(encode(&folder, name, &["-c:a", codec])).unwrap();
        let at = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
        let size = u32::from_le_bytes(bytes[at - 4..at].try_into().unwrap()) - 500;
        bytes[at - 4..at].copy_from_slice(&size.to_le_bytes());
        bytes.truncate(at + size as usize);
        let path = folder.write(name, &bytes);
        let out = redacted(stream(bytes), &["1-2"], Treatment::silence()).unwrap();
        assert_eq!(samples_16(&out).len() / 2, ffmpeg_frames(&path), "{name}");
    }
    // Less than a frame is missing.
    let aiff = std::fs::read(encode(&folder, "a.aiff", &["-c:a", "pcm_s16be"])).unwrap();
    let cut = redacted(stream(aiff[..aiff.len() - 3].to_vec()), &["1-2"], Treatment::silence());
    assert!(matches!(cut, Err(Error::Truncated { .. })), "{cut:?}");
    // symphonia decodes most Vorbis with more than two channels to noise.
    let surround = encode(&folder, "six.ogg", &["-ac", "6", "-c:a", "libvorbis"]);
    let error = redacted(Source::open(surround).unwrap(), &["1-2"], Treatment::silence());
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "Vorbis with more than two channels is not supported");
}

#[test]
fn g711_is_kept_byte_for_byte_outside_the_windows() {
    for (name, tag, silence) in [("call-alaw.wav", 6, 0xD5), ("call-mulaw.wav", 7, 0xFF)] {
        let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
        let source = || Source::open(fixture(name)).unwrap().with_options(options);
        let out = redacted(source(), &CALL_WINDOWS, Treatment::silence()).unwrap();
        let whole = fixture_bytes(name);
        let at = whole.windows(4).position(|four| four == b"data").unwrap() + 8;
        let before = &whole[at..at + 2 * 304_000];
        assert_eq!((&out[20..22], &out[38..42]), ([tag, 0].as_slice(), b"fact".as_slice()));
        assert_eq!(out[46..50], 304_000u32.to_le_bytes());
        assert_eq!(out.len(), 58 + before.len());
        let inside = |frame: usize| {
            (80_000..=120_000).contains(&frame) || (244_000..=281_600).contains(&frame)
        };
        for (index, (&was, &is)) in before.iter().zip(&out[58..]).enumerate() {
            assert_eq!(is, if inside(index / 2) { silence } else { was }, "{name} {index}");
        }
        // Decoding the output gives the same samples as a redaction to 16 bits.
        let again = redacted(stream(out), &["0-0.0001"], Treatment::silence()).unwrap();
        let wide = Source::open(fixture(name)).unwrap();
        let wide = redacted(wide, &CALL_WINDOWS, Treatment::silence()).unwrap();
        let quiet = if tag == 6 { 8 } else { 0 };
        for (index, (is, should)) in samples_16(&again).iter().zip(samples_16(&wide)).enumerate() {
            let should = if inside(index / 2) { quiet } else { should };
            assert!(index < 2 || *is == should, "{name} {index}");
        }
    }
}

#[test]
fn an_unknown_codec_is_named() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let cases: [(&str, &[&str], &str); 3] = [
        ("gsm.wav", &["-c:a", "gsm_ms", "-ac", "1"], "GSM 6.10"),
        ("g722.au", &["-c:a", "g722", "-ac", "1", "-ar", "16000"], "G.722"),
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
        let refused =
            message.ends_with("not supported") || message.contains("sordino does not decode");
        assert!(message.contains(codec) && refused, "{message}");
    }
}

#[test]
fn a_recording_too_long_for_wav_is_refused_before_work_starts() {
    // An RF64 header that declares 5 GiB, without any data.
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
fn a_container_that_needs_seeking_is_held_in_memory_up_to_a_limit() {
    let bytes = fixture_bytes("call.m4a");
    let limit = |bytes: u64| {
        let options = DecodeOptions { memory_limit: bytes, ..DecodeOptions::default() };
        stream(fixture_bytes("call.m4a")).with_options(options)
    };
    let size = bytes.len() as u64;
    assert!(redacted(limit(size), &["1-2"], Treatment::default()).is_ok());
    let error = redacted(limit(size - 1), &["1-2"], Treatment::default()).unwrap_err();
    assert!(matches!(error, Error::TooLargeForMemory { .. }), "{error}");
}

/// The pages of an Ogg file.
pub fn pages(ogg: &[u8]) -> Vec<&[u8]> {
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

/// symphonia skips such a page, so that the audio after it is a second early.
#[test]
fn an_ogg_page_that_is_missing_or_damaged_is_an_error() {
    let whole = fixture_bytes("call.ogg");
    let pages = pages(&whole);
    assert!(pages.len() > 5);
    for gone in 0..pages.len() {
        let without: Vec<_> =
            pages.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, page)| *page).collect();
        let error = redacted(stream(without.concat()), &["1-2"], Treatment::default());
        // Without its last page it looks like one whose recorder sets no flag at the end.
        assert_eq!(error.is_err(), gone + 1 < pages.len(), "without page {gone}");
        let mut damaged: Vec<Vec<u8>> = pages.iter().map(|page| page.to_vec()).collect();
        *damaged[gone].last_mut().unwrap() ^= 1;
        let error = redacted(stream(damaged.concat()), &["1-2"], Treatment::default());
        assert!(error.is_err(), "with a flipped bit in page {gone}");
    }
}

/// A live recording declares neither length nor sizes: only the timestamps show a missing block.
#[test]
fn a_block_that_is_missing_in_a_live_recording_is_an_error() {
    if !installed("ffmpeg") {
        return;
    }
    let mut bytes = ffmpeg(["-i", CALL, "-c:a", "pcm_s16le", "-f", "matroska", "-"]);
    assert!(redacted(stream(bytes.clone()), &["1-2"], Treatment::default()).is_ok());
    let block = [0xA3, 0x50, 4, 0x81];
    let Some(at) = (bytes.len() / 2..bytes.len()).find(|&at| bytes[at..].starts_with(&block))
    else {
        eprintln!("skipped: this ffmpeg writes blocks in another way");
        return;
    };
    bytes[at] = 0xEC;
    let error = redacted(stream(bytes), &["1-2"], Treatment::default()).unwrap_err();
    assert!(matches!(error, Error::Gap { .. }), "{error}");
}

/// Parts that are missing in the middle, which a timestamp, a sequence number or the bytes show. Each
/// part is found by its first bytes, and changed to something that readers skip.
#[test]
fn a_part_that_is_missing_in_the_middle_is_an_error() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    /// File name, FFmpeg's arguments, bytes to find, replacement.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [u8], &'a [u8]);
    let cases: [Case; 4] = [
        // A block becomes an element that is skipped.
        ("a.mka", &["-c:a", "pcm_s16le"], &[0xA3, 0x50, 4, 0x81], &[0xEC, 0x50, 4, 0x81]),
        // A cluster gets an unknown name.
        ("b.mka", &["-c:a", "aac"], &[0x1F, 0x43, 0xB6, 0x75], &[0x1F, 0x43, 0xB6, 0x76]),
        // A frame loses its sync word.
        ("c.aac", &["-c:a", "aac", "-ar", "16000"], &[0xFF, 0xF1], &[0, 0]),
        // A fragment loses its audio and its position.
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
fn a_wav_after_other_bytes_is_refused() {
    let hidden = [vec![0; 64], fixture_bytes("call.wav")].concat();
    assert!(redacted(stream(hidden), &["1-2"], Treatment::default()).is_err());
}

/// After an error the decoder returns errors only, so that no caller takes the next block for valid.
#[test]
fn after_an_error_every_call_fails() {
    let cut = fixture_bytes("call.wav")[..100_000].to_vec();
    let mut decoder = Decoder::open(stream(cut)).unwrap();
    let recording = decoder.stream_info().clone();
    let mut block = Block::new(recording.format, recording.channels);
    while let Ok(more) = decoder.next(&mut block) {
        assert!(more, "a cut recording passes for complete");
    }
    assert!(decoder.next(&mut block).is_err());
}
