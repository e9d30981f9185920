//! The corpus: every codec and container that is read, made on the spot by the tools of others, at
//! several rates and lengths. Each must have the frame count of an independent decoder, lie where it
//! lies, and lose exactly the clicks inside its windows. Without the tools nothing is tested.

use std::path::{Path, PathBuf};
use std::process::Command;

use sordino::block::{Block, Samples};
use sordino::{DecodeOptions, Decoder, Source, Treatment, Window, Windows, redact};

use crate::support::*;

const RATES: [u32; 5] = [8_000, 16_000, 22_050, 44_100, 48_000];

/// In milliseconds: shorter than any packet, some packets, and many.
const LENGTHS: [u32; 3] = [4, 310, 1730];

/// A click of 4 ms comes every 100 ms, the first at 50 ms.
const CLICK: (f64, f64, f64) = (0.05, 0.1, 0.004);

/// Streams that do not say how long their codec's delay is, or not always (LAME's tag needs a frame
/// that is large enough): it stays, as with every other decoder.
const DELAYED: [&str; 10] = [
    "cbr.mp3",
    "plain.mp3",
    "bare.mp3",
    "mp3.mka",
    "mp3.wav",
    "a.mp2",
    "adts.aac",
    "aac.mka",
    "parts.mp4",
    "opus.caf",
];

/// Clicks whose windows are muted.
const MUTED: [usize; 4] = [1, 2, 7, 16];

/// One encoding: the file's name, and the command that makes it of `IN`, a WAV.
type Case = (&'static str, &'static str);

const PCM: &[Case] = &[
    ("u8.wav", "ffmpeg -i IN -c:a pcm_u8 OUT"),
    ("s24.wav", "ffmpeg -i IN -c:a pcm_s24le OUT"),
    ("s32.wav", "ffmpeg -i IN -c:a pcm_s32le OUT"),
    ("f32.wav", "ffmpeg -i IN -c:a pcm_f32le OUT"),
    ("f64.wav", "ffmpeg -i IN -c:a pcm_f64le OUT"),
    ("alaw.wav", "ffmpeg -i IN -c:a pcm_alaw OUT"),
    ("mulaw.wav", "ffmpeg -i IN -c:a pcm_mulaw OUT"),
    ("ms.wav", "ffmpeg -i IN -c:a adpcm_ms OUT"),
    ("ima.wav", "ffmpeg -i IN -c:a adpcm_ima_wav OUT"),
    ("rf64.wav", "ffmpeg -i IN -rf64 always OUT"),
    ("s16.aiff", "ffmpeg -i IN -c:a pcm_s16be OUT"),
    ("s24.aiff", "ffmpeg -i IN -c:a pcm_s24be OUT"),
    ("s16.au", "ffmpeg -i IN -c:a pcm_s16be OUT"),
    ("mulaw.au", "ffmpeg -i IN -c:a pcm_mulaw OUT"),
    ("s24.w64", "ffmpeg -i IN -c:a pcm_s24le OUT"),
    ("s64.wav", "ffmpeg -i IN -c:a pcm_s64le OUT"),
    ("ms-256.wav", "ffmpeg -i IN -c:a adpcm_ms -block_size 256 OUT"),
    ("ima-256.wav", "ffmpeg -i IN -c:a adpcm_ima_wav -block_size 256 OUT"),
    ("s16.caf", "ffmpeg -i IN -c:a pcm_s16le OUT"),
    ("s16.mka", "ffmpeg -i IN -c:a pcm_s16le OUT"),
    ("sox.wav", "sox IN OUT"),
    ("sox-24.wav", "sox IN -b 24 OUT"),
    ("sox-mulaw.wav", "sox IN -e mu-law OUT"),
    ("sox.aiff", "sox IN OUT"),
];

const LOSSLESS: &[Case] = &[
    ("0.flac", "flac -s -0 -o OUT IN"),
    ("8.flac", "flac -s -8 -o OUT IN"),
    ("24.flac", "ffmpeg -i IN -c:a flac -sample_fmt s32 OUT"),
    ("flac.ogg", "ffmpeg -i IN -c:a flac -f ogg OUT"),
    ("flac.mka", "ffmpeg -i IN -c:a flac OUT"),
    ("alac.m4a", "ffmpeg -i IN -c:a alac OUT"),
    ("alac.caf", "ffmpeg -i IN -c:a alac OUT"),
];

const MPEG: &[Case] = &[
    ("cbr.mp3", "lame --quiet IN OUT"),
    ("vbr.mp3", "lame --quiet -V 2 IN OUT"),
    ("plain.mp3", "lame --quiet -t IN OUT"),
    ("tagged.mp3", "ffmpeg -i IN -c:a libmp3lame -metadata title=x OUT"),
    ("bare.mp3", "ffmpeg -i IN -c:a libmp3lame -write_xing 0 -id3v2_version 0 OUT"),
    ("mp3.mka", "ffmpeg -i IN -c:a libmp3lame OUT"),
    ("mp3.wav", "ffmpeg -i IN -c:a libmp3lame OUT"),
    ("a.mp2", "ffmpeg -i IN -c:a mp2 -b:a 64k OUT"),
    ("aac.m4a", "ffmpeg -i IN -c:a aac OUT"),
    ("first.m4a", "ffmpeg -i IN -c:a aac -movflags +faststart OUT"),
    ("parts.mp4", "ffmpeg -i IN -c:a aac -movflags frag_keyframe+empty_moov OUT"),
    ("adts.aac", "ffmpeg -i IN -c:a aac OUT"),
    ("aac.mka", "ffmpeg -i IN -c:a aac OUT"),
];

const XIPH: &[Case] = &[
    ("enc.ogg", "oggenc -Q -o OUT IN"),
    ("low.ogg", "oggenc -Q -q -1 -o OUT IN"),
    ("lib.ogg", "ffmpeg -i IN -c:a libvorbis OUT"),
    ("vorbis.webm", "ffmpeg -i IN -c:a libvorbis OUT"),
    ("20.opus", "opusenc --quiet OPUS-IN OUT"),
    ("2.5.opus", "opusenc --quiet --framesize 2.5 OPUS-IN OUT"),
    ("60.opus", "opusenc --quiet --framesize 60 --bitrate 16 OPUS-IN OUT"),
    ("lib.opus", "ffmpeg -i IN -c:a libopus OUT"),
    ("voip.opus", "ffmpeg -i IN -c:a libopus -application voip -b:a 16k OUT"),
    ("opus.webm", "ffmpeg -i IN -c:a libopus OUT"),
    ("live.webm", "ffmpeg -i IN -c:a libopus -f webm -live 1 OUT"),
    ("opus.mp4", "ffmpeg -i IN -c:a libopus -ar 48000 OUT"),
    ("opus.caf", "ffmpeg -i IN -c:a libopus OUT"),
];

#[test]
fn corpus_of_pcm_lies_where_it_should() {
    corpus(PCM, &[8_000, 44_100]);
}

#[test]
fn corpus_of_lossless_codecs_lies_where_it_should() {
    corpus(LOSSLESS, &RATES);
}

#[test]
fn corpus_of_mpeg_lies_where_it_should() {
    corpus(MPEG, &RATES);
}

#[test]
fn corpus_of_vorbis_and_opus_lies_where_it_should() {
    corpus(XIPH, &RATES);
}

fn corpus(cases: &[Case], rates: &[u32]) {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (mut compared, mut unmade, mut wrong) = (0, 0, Vec::new());
    for &rate in rates {
        for (channels, length) in LENGTHS.iter().flat_map(|length| [(1, length), (2, length)]) {
            let source = folder.write("in.wav", &clicks(rate, channels, *length));
            for (name, command) in cases {
                let out = folder.path(name);
                if make(command, &source, &out) {
                    let name = format!("{name}, {channels} channels at {rate} Hz, {length} ms");
                    if let Err(reason) = compare(Path::new(&out), rate, *length) {
                        wrong.push(format!("{name}: {reason}"));
                    }
                    compared += 1;
                    std::fs::remove_file(&out).unwrap();
                } else {
                    unmade += 1;
                }
            }
        }
    }
    eprintln!("{compared} files compared; {unmade} could not be made by the tools here");
    assert!(compared > 0);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A WAV of clicks over a quiet hum.
fn clicks(rate: u32, channels: u16, length: u32) -> Vec<u8> {
    let frames = rate * length / 1000;
    let (first, step, size) = CLICK;
    let mut data = Vec::new();
    for frame in 0..frames {
        let time = f64::from(frame) / f64::from(rate);
        let since = (time - first).rem_euclid(step);
        let loud = if time >= first && since < size { 20_000.0 } else { 0.0 };
        for channel in 0..channels {
            let pitch = f64::from(channel + 2) * 330.0;
            let hum = 300.0 * (time * 1000.0).sin();
            let click = loud * (std::f64::consts::TAU * pitch * since).sin();
            data.extend_from_slice(&((hum + click) as i16).to_le_bytes());
        }
    }
    wav(1, rate, channels, 16, &data)
}

/// One recording decoded: interleaved, as 16 bits.
struct Decoded {
    rate: u32,
    channels: usize,
    samples: Vec<i16>,
}

fn options() -> DecodeOptions {
    DecodeOptions { opus_rate: Some(48_000), ..DecodeOptions::default() }
}

fn decode(path: &Path) -> Result<Decoded, String> {
    let source = Source::open(path).unwrap().with_options(options());
    let mut decoder = Decoder::open(source).map_err(|error| error.to_string())?;
    let recording = decoder.stream_info().clone();
    let mut block = Block::new(recording.format, recording.channels);
    let mut samples = Vec::new();
    while decoder.next(&mut block).map_err(|error| error.to_string())? {
        let wide = (recording.format.bytes() * 8).saturating_sub(16);
        match block.samples() {
            Samples::I16(all) if recording.format.bytes() == 1 => {
                samples.extend(all.iter().map(|sample| sample << 8));
            }
            Samples::I16(all) => samples.extend_from_slice(all),
            Samples::I32(all) => samples.extend(all.iter().map(|sample| (sample >> wide) as i16)),
            Samples::F32(all) => {
                samples.extend(all.iter().map(|sample| (sample * 32_768.0).round() as i16));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    Ok(Decoded { rate: recording.rate, channels: recording.channels.into(), samples })
}

/// What another decoder makes of it, interleaved, as 16 bits.
fn reference(path: &Path) -> Vec<i16> {
    let file = path.to_str().unwrap();
    let ffmpeg = |decoder: &[&str]| {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error"]).args(decoder).args(["-i", file, "-f", "s16le", "-"]).output()
    };
    let output = if file.contains("opus") || file.ends_with("live.webm") {
        // Its own decoder lets low voices come up to four frames late.
        ffmpeg(&["-c:a", "libopus"])
    } else if file.ends_with(".ogg") && !file.ends_with("flac.ogg") {
        // It does not cut the end of Vorbis where the pages say so; the format's own decoder does.
        Command::new("oggdec").args(["-Q", "-R", "-o", "-", file]).output()
    } else {
        ffmpeg(&[])
    };
    let bytes = output.unwrap().stdout;
    bytes.as_chunks::<2>().0.iter().map(|&bytes| i16::from_le_bytes(bytes)).collect()
}

fn compare(path: &Path, rate: u32, length: u32) -> Result<(), String> {
    let file = path.to_str().unwrap();
    let ours = match decode(path) {
        // A lone frame of layer 2 could be anything.
        Err(error) if file.ends_with("mp2") && length < 10 && error.contains("known format") => {
            return Ok(());
        }
        ours => ours?,
    };
    let theirs = reference(path);
    if ours.samples.len() == theirs.len() {
        let lag = best_lag(&ours, &theirs);
        if lag != 0 {
            return Err(format!("it lies {lag} frames from the reference"));
        }
    } else {
        // FFmpeg trims no more than the last packet, and makes nothing of a few frames. What was
        // put in is the better witness.
        let frames = ours.samples.len() / ours.channels;
        let put_in = u64::from(rate) * u64::from(length) / 1000;
        let resampled = put_in * u64::from(ours.rate) / u64::from(rate);
        let exact = resampled.abs_diff(frames as u64) <= 1;
        let nothing = theirs.is_empty() && length < 10;
        if !(exact || nothing) {
            let theirs = theirs.len() / ours.channels;
            return Err(format!("{frames} frames where the reference has {theirs}"));
        }
    }
    let delayed = DELAYED.iter().any(|name| file.ends_with(name));
    redaction(path, &ours, f64::from(length) / 1000.0, delayed)
}

/// By how many frames the other waveform must be moved to be most alike, within 40.
fn best_lag(ours: &Decoded, theirs: &[i16]) -> isize {
    let frames = theirs.len() / ours.channels;
    let at = |samples: &[i16], frame: usize| f64::from(samples[frame * ours.channels]);
    let reach = 40.min(frames / 4);
    let error = |lag: isize| {
        let middle = reach..(frames - reach).min(reach + 6000);
        let parts = middle.map(|frame| {
            let other = frame.checked_add_signed(lag).unwrap();
            (at(&ours.samples, frame) - at(theirs, other)).powi(2)
        });
        parts.sum::<f64>()
    };
    let reach = reach as isize;
    let lags = (-reach..=reach).map(|lag| (lag, error(lag)));
    // Where it makes no difference, as in silence, there is no lag.
    let best = lags.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.abs().cmp(&b.0.abs())));
    best.unwrap().0
}

/// The windows of some clicks are silenced: those are gone, and every other sample is as it was.
fn redaction(path: &Path, ours: &Decoded, length: f64, delayed: bool) -> Result<(), String> {
    let (first, step, size) = CLICK;
    let rate = f64::from(ours.rate);
    let frame = |time: f64| (time * rate) as usize;
    let loudest = |samples: &[i16], from: usize, to: usize| {
        let part = &samples[from * ours.channels..to * ours.channels];
        part.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
    };
    let clicks = ((length - 0.05 - first) / step).ceil().max(0.0) as usize;
    let mut delay = 0.0;
    if delayed && clicks > 0 {
        let loud = ours.samples.iter().position(|sample| sample.unsigned_abs() > 6_000);
        delay = (loud.ok_or("no click")? / ours.channels) as f64 / rate - first - 0.000_1;
    }
    let place = |click: usize| first + step * click as f64 + delay;
    // Off the grid of every rate, so that floats can tell inside from outside.
    let around = |click: usize| (place(click) - 0.020_01, place(click) + 0.030_01);
    let mut windows: Vec<_> = MUTED.into_iter().filter(|&n| n < clicks).map(around).collect();
    if windows.is_empty() {
        windows.push((0.0, 0.001_01));
    }
    let list = windows.iter().map(|&(from, to)| Window::from_seconds(from, to).unwrap());
    let source = Source::open(path).unwrap().with_options(options());
    let done = redact(source, &Windows::new(list).unwrap(), Treatment::silence());
    let folder = Folder::new();
    let out = folder.path("out.wav");
    done.map_err(|error| error.to_string())?.persist(Path::new(&out)).unwrap();
    let out = decode(Path::new(&out))?.samples;
    let mut expected = ours.samples.clone();
    for &(from, to) in &windows {
        let end = ((frame(to) + 1) * ours.channels).min(expected.len());
        expected[frame(from) * ours.channels..end].fill(0);
    }
    if out != expected {
        let at = out.iter().zip(&expected).position(|(is, should)| is != should);
        return Err(format!("sample {at:?} is not what it should be"));
    }
    for click in 0..clicks {
        let (from, to) = (frame(place(click)), frame(place(click) + size));
        let gone = loudest(&out, from, to) == 0;
        if loudest(&ours.samples, from, to) < 2_000 || gone != MUTED.contains(&click) {
            return Err(format!("click {click} is not where it should be"));
        }
    }
    Ok(())
}

/// The voice prompts of Asterisk: real speech that nobody here made, as they come and as G.711 and
/// with 16 kHz, sample by sample what SoX decodes.
#[test]
fn corpus_of_real_speech_is_what_another_decoder_hears() {
    const PROMPTS: &str = "/usr/share/asterisk/sounds";
    let prompts = waves(Path::new(PROMPTS));
    if prompts.is_empty() || !installed("sox") {
        eprintln!("skipped: needs sox, and asterisk-core-sounds-en-wav in {PROMPTS}");
        return;
    }
    let folder = Folder::new();
    let out = folder.path("out.wav");
    for prompt in &prompts {
        let prompt = prompt.to_str().unwrap();
        for command in ["sox IN -e a-law OUT", "sox IN -e mu-law OUT", "sox IN -r 16000 OUT"] {
            assert!(make(command, prompt, &out), "{command} of {prompt}");
            speech(&out);
        }
        speech(prompt);
    }
    eprintln!("{} prompts, each in four encodings", prompts.len());
}

fn waves(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    // Some folders are there under several names.
    let paths = paths.filter(|path| !path.is_symlink());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "wav"));
    here.chain(folders.iter().flat_map(|folder| waves(folder))).collect()
}

fn speech(path: &str) {
    let raw = ["-t", "raw", "-e", "signed", "-b", "16", "-"];
    let theirs = Command::new("sox").arg(path).args(raw).output().unwrap().stdout;
    let ours = decode(Path::new(path)).unwrap();
    let bytes: Vec<_> = ours.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert!(bytes == theirs, "{path}");
    let out = redacted(Source::open(path).unwrap(), &["0-0.1"], Treatment::silence()).unwrap();
    let out = data_of(&out);
    let inside = (2 * (ours.rate as usize / 10 + 1)).min(out.len());
    assert!(out[..inside].iter().all(|&byte| byte == 0), "{path}");
    assert!(out[inside..] == theirs[inside..] && out.len() == theirs.len(), "{path}");
}
