//! Properties that must hold for arbitrary bytes. The fuzz targets call these with the inputs of
//! libFuzzer, `cargo test` with the seeds and with every former finding.

use std::io::{Cursor, Read};
use std::num::NonZeroUsize;

use sordino::block::SampleFormat;
use sordino::window::{Unit, Window, parse_flag, parse_list, parse_time};
use sordino::{
    DecodeOptions, Encoding, Error, OutputFormat, Redacted, Source, Treatment, Windows, redact,
};

/// Arbitrary bytes as a recording: an error, or a complete WAV that is treated inside the window. The
/// result does not depend on how the bytes arrive, nor on the number of threads.
pub fn recording(bytes: &[u8]) {
    drop(redacted(bytes, Encoding::Pcm));
}

/// Bytes that begin like a WAV: as [`recording`], and the samples outside the window are consecutive
/// bytes of the input.
pub fn wav(bytes: &[u8]) {
    const FORMS: [&[u8; 4]; 4] = [b"RIFF", b"RIFX", b"RF64", b"BW64"];
    if bytes.len() < 12 {
        return;
    }
    let mut bytes = bytes.to_vec();
    if !FORMS.iter().any(|form| bytes.starts_with(*form)) {
        let form = FORMS[usize::from(bytes[0]) % FORMS.len()];
        bytes[..4].copy_from_slice(form);
    }
    bytes[8..12].copy_from_slice(b"WAVE");
    let Some((codec, data, treated)) = redacted(&bytes, Encoding::Same) else { return };
    let is_kept = KEPT.contains(&codec);
    let outside = data.get(treated..).unwrap_or_default();
    if is_kept && !outside.is_empty() {
        let kept = bytes.windows(outside.len()).any(|place| place == outside);
        assert!(kept, "samples outside the window have changed");
    }
}

/// Bytes that begin like a FLAC or, with right checksums of its pages, an Ogg, which is kept: an error where the WAV is one; otherwise a FLAC that decodes
/// to what the WAV holds, the same with and without its MD5.
pub fn flac(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if bytes.len() < 4 {
        return;
    }
    if bytes.starts_with(b"OggS") {
        bytes = with_checksums(&bytes);
    } else {
        bytes[..4].copy_from_slice(b"fLaC");
    }
    let wav = redacted(&bytes, Encoding::Pcm);
    let keep = |md5: bool, threads: usize| {
        let source = Source::stream(Cursor::new(bytes.clone()));
        let redacted = run(source, Encoding::Same, md5, threads).ok()?;
        redacted.format().has_md5().then(|| bytes_of(redacted))
    };
    let kept = keep(true, 2);
    // Without the MD5 not every frame is decoded, so that one that cannot be may remain.
    let quick = keep(false, 1);
    let (Some((_, data, _)), Some(kept)) = (&wav, &kept) else {
        // A FLAC of 32 bits becomes a WAV, and is not kept.
        assert!(kept.is_none(), "it is kept, and is not to be decoded");
        return;
    };
    let mut quick = quick.expect("it is kept with an MD5");
    // The MD5, and in an Ogg the checksum of its page too.
    let (md5, sum) = if quick.starts_with(b"OggS") { (63..79, 22..26) } else { (26..42, 0..0) };
    for place in [md5, sum] {
        quick[place.clone()].copy_from_slice(&kept[place]);
    }
    assert!(quick == *kept, "the MD5 makes more of a difference than itself");
    let again = Source::stream(Cursor::new(kept.clone()));
    let again = redact(again, &Windows::none(), Treatment::silence()).expect("it decodes");
    assert!(data_of(&bytes_of(again)) == data, "it decodes to something else than the WAV");
}

/// Bytes that begin like an Ogg, whose pages get right checksums, as an Opus that is kept: an error; or a file of
/// the same length that is read again, is silent in the window, and is kept to the last byte once more.
pub fn opus(bytes: &[u8]) {
    let bytes = with_checksums(bytes);
    let list = || Windows::new([Window::from_seconds(0.012, 0.03).expect("a window")]);
    let keep = |bytes: &[u8]| {
        let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
        let source = Source::stream(Cursor::new(bytes.to_vec())).with_options(options);
        let windows = list().expect("one window");
        let redacted = redact(source, &windows, Treatment::silence()).ok()?;
        // Other containers may follow an Ogg's first bytes in no way, but PCM in it is a WAV.
        redacted.summary().output.eq(&OutputFormat::Opus).then_some(redacted)
    };
    let Some(kept) = keep(&bytes) else { return };
    let frames = kept.summary().frames;
    let kept = bytes_of(kept);
    let again = keep(&kept).expect("it is kept, and not kept again");
    assert_eq!(again.summary().frames, frames);
    assert!(bytes_of(again) == kept, "what is silent changes once more");
    let wav = Source::stream(Cursor::new(kept));
    let wav = redact(wav, &Windows::none(), Treatment::silence()).expect("it decodes");
    assert_eq!(wav.summary().frames, frames);
    let (rate, channels) = (wav.summary().stream_info.rate, wav.summary().stream_info.channels);
    let wav = bytes_of(wav);
    let place = |millis: usize| millis * rate as usize / 1000 * usize::from(channels) * 2;
    let data = data_of(&wav);
    let inside = data.get(place(12)..place(30).min(data.len())).unwrap_or_default();
    assert!(inside.iter().all(|&byte| byte == 0), "something is heard in the window");
}

/// Bytes as pages of an Ogg, each with its right checksum, so that changes reach what is behind it.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(&segments) = bytes.get(at + 26) {
        bytes[at..at + 5].copy_from_slice(b"OggS\0");
        let table = at + 27..at + 27 + usize::from(segments);
        let Some(lacing) = bytes.get(table.clone()) else { break };
        let body: usize = lacing.iter().map(|&size| usize::from(size)).sum();
        let end = table.end + body;
        if end > bytes.len() {
            break;
        }
        bytes[at + 22..at + 26].fill(0);
        let sum = bytes[at..end].iter().fold(0u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
                if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 }
            })
        });
        bytes[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
    bytes
}

/// A recording and a cut position, which are the last two bytes. The part before the cut is an error, or
/// its output is the beginning of the whole output: a cut must not move or change earlier audio.
pub fn guards(bytes: &[u8]) {
    let [recording @ .., low, high] = bytes else { return };
    let place = usize::from(u16::from_le_bytes([*low, *high])) % (recording.len() + 1);
    let Some((_, whole, _)) = redacted(recording, Encoding::Pcm) else { return };
    let Some((_, part, treated)) = redacted(&recording[..place], Encoding::Pcm) else { return };
    // If the window runs over the end, fewer bytes are treated.
    assert!(whole.get(treated..part.len()) == part.get(treated..), "a cut has moved the audio");
}

/// Codecs whose samples have the same bytes in input and output.
const KEPT: [&str; 7] =
    ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"];

/// Arbitrary text as a time, a `-w` argument and a list: an error, or valid windows.
pub fn windows(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(time) = parse_time(&text) {
        let again = parse_time(&format!("{}.{:09}", time.as_secs(), time.subsec_nanos()));
        assert_eq!(again, Ok(time));
    }
    if let Ok(window) = parse_flag(&text) {
        let again = parse_flag(&window.to_string()).expect("what is printed can be read");
        let place = |window: &Window| (window.start(), window.end(), window.channel());
        assert_eq!(place(&again), place(&window));
        assert!(window.start() < window.end());
    }
    match parse_list(&text, "list", None) {
        Ok(list) => {
            let open = list[0].is_unit_unknown();
            assert!(list.iter().all(|window| window.is_unit_unknown() == open), "all or none");
            if open {
                let millis = parse_list(&text, "list", Some(Unit::Milliseconds));
                let millis = millis.expect("whole numbers are times in any unit");
                for (seconds, millis) in list.iter().zip(&millis) {
                    assert_eq!(millis.start() * 1000, seconds.start());
                    let to_the_end = millis.is_to_the_end() && seconds.is_to_the_end();
                    assert!(to_the_end || millis.end() * 1000 == seconds.end());
                }
            }
            let count = list.len();
            let windows = Windows::new(list).expect("a list is never empty");
            assert!((1..=count).contains(&windows.len()));
            let all: Vec<_> = windows.iter().collect();
            for pair in all.windows(2) {
                let apart = pair[0].end() < pair[1].start();
                assert!(apart || pair[0].channel() < pair[1].channel(), "sorted and merged");
            }
        }
        Err(error) => assert!(error.to_string().starts_with("list"), "{error}"),
    }
}

/// The window of every run: the first 10 ms, with an end that is not on a frame boundary.
const WINDOW: &str = "0-0.0100001";

/// The codec, the samples of the output and the number of treated bytes; `None` if the recording is
/// refused.
fn redacted(bytes: &[u8], encoding: Encoding) -> Option<(&'static str, Vec<u8>, usize)> {
    let whole = run(Source::stream(Cursor::new(bytes.to_vec())), encoding, true, 1);
    let pieces = run(Source::stream(Pieces(Cursor::new(bytes.to_vec()), 0)), encoding, true, 2);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            let summary = whole.summary().clone();
            let (whole, pieces) = (bytes_of(whole), bytes_of(pieces));
            assert!(whole == pieces, "arrival or threads have made a difference");
            let data = data_of(&whole);
            let recording = &summary.stream_info;
            let frame = usize::from(recording.channels) * usize::from(recording.format.bytes());
            assert_eq!(data.len() as u64, summary.frames * frame as u64);
            let treated = usize::try_from(summary.frames_treated).unwrap() * frame;
            let zero = match recording.format {
                SampleFormat::U8 => 0x80,
                SampleFormat::ALaw => 0xD5,
                SampleFormat::MuLaw => 0xFF,
                _ => 0,
            };
            assert!(data[..treated].iter().all(|&byte| byte == zero), "a leak");
            Some((recording.codec, data.to_vec(), treated))
        }
        // Which of two faults is found first may depend on how many bytes arrive at once.
        (Err(_), Err(_)) => None,
        (whole, pieces) => panic!("{whole:?} at once, {pieces:?} in pieces"),
    }
}

fn run(source: Source, encoding: Encoding, md5: bool, threads: usize) -> Result<Redacted, Error> {
    let windows = Windows::new([parse_flag(WINDOW).unwrap()]).unwrap();
    let threads = NonZeroUsize::new(threads);
    let options =
        DecodeOptions { memory_limit: 1 << 20, encoding, md5, threads, ..DecodeOptions::default() };
    redact(source.with_options(options), &windows, Treatment::silence())
}

fn bytes_of(redacted: Redacted) -> Vec<u8> {
    let mut bytes = Vec::new();
    redacted.write_to(&mut bytes).unwrap();
    bytes
}

/// The audio of a WAV that sordino wrote. Checks its header.
fn data_of(wav: &[u8]) -> &[u8] {
    let word = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&wav[..4], &wav[8..16]), (b"RIFF".as_slice(), b"WAVEfmt ".as_slice()));
    let mut at = 20 + word(16);
    if &wav[at..at + 4] == b"fact" {
        at += 12;
    }
    let size = word(at + 4);
    assert_eq!(&wav[at..at + 4], b"data");
    // G.711 is padded to an even size; hound writes no padding.
    assert!(wav.len() - at - 8 - size <= 1);
    &wav[at + 8..at + 8 + size]
}

/// Returns its bytes in pieces of 1, 2, 3 … 400, and from 1 again.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 400 + 1;
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}
