//! The recording that is redacted, and the windows in it.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use serde_json::json;
use sordino::block::{Block, Samples};
use sordino::sandbox::wav_header;
use sordino::span::time_of;
use sordino::{Decoder, Source, StreamInfo};

use super::super::exit::Failure;
use super::super::report;
use super::super::sandbox::CALL;
use super::stats::float;

/// Frames a second of the call.
pub(super) const RATE: u32 = 8000;

/// Two channels of 16 bits.
const FRAME_BYTES: u64 = 4;

/// The most frames that a WAV can hold: 37 hours.
pub(super) const MOST_FRAMES: u64 = (u32::MAX as u64 - 100) / FRAME_BYTES;

/// A recording on disk.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) frames: u64,
    pub(super) info: StreamInfo,
    /// Whether the output, a 16-bit WAV, is as long as the input.
    pub(super) is_wav: bool,
    /// The name of what is written, and what else `sordino file` gets.
    pub(super) output: &'static str,
    pub(super) options: &'static [&'static str],
}

impl Input {
    /// Writes the call of the demo as a WAV, repeated to this length.
    pub(super) fn call(path: PathBuf, frames: u64) -> Result<Self, Failure> {
        let written = decoded_call().and_then(|call| {
            write(&path, &call, frames * FRAME_BYTES).map_err(sordino::Error::Write)
        });
        written.map_err(|error| Failure::of("making a recording", error))?;
        Self::read(path, "a call".into())
    }

    /// A recording of the user's.
    pub(super) fn given(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let wrong = |why: Box<dyn Error>| Failure::usage(format!("opening {name}"), why);
        // Processes run in other folders.
        let path = path.canonicalize().map_err(|error| wrong(error.into()))?;
        if !path.is_file() {
            return Err(wrong("this is not a file, and is read more than once".into()));
        }
        Self::read(path, name)
    }

    /// Decodes all of a recording, to learn its length and to report a bad one before measuring.
    fn read(path: PathBuf, name: String) -> Result<Self, Failure> {
        let failed = |error| Failure::of(format!("decoding {name}"), error);
        let source = Source::open(&path).map_err(failed)?;
        let bytes = source.length().unwrap_or(0);
        let mut decoder = Decoder::open(source).map_err(failed)?;
        let info = decoder.stream_info().clone();
        let mut block = Block::new(info.format, info.channels);
        while decoder.next(&mut block).map_err(failed)? {}
        let is_wav = info.codec == "pcm_s16le";
        let (frames, output) = (decoder.frames(), "out.wav");
        Ok(Self { frames, name, path, bytes, info, is_wav, output, options: &[] })
    }

    /// The same recording in another format. It is not opened, because that would make this process
    /// grow, and with it the peak memory that Linux reports for the processes that are measured.
    pub(super) fn converted(&self, path: PathBuf) -> Self {
        Self { path, is_wav: false, ..self.clone() }
    }

    /// The same recording, to be written under another name, with these options.
    pub(super) fn written(&self, output: &'static str, options: &'static [&'static str]) -> Self {
        Self { output, options, ..self.clone() }
    }

    pub(super) fn seconds(&self) -> f64 {
        time_of(self.frames, self.info.rate).as_secs_f64()
    }

    /// In megabytes of 1,000,000 bytes.
    pub(super) fn megabytes(&self) -> f64 {
        float(self.bytes) / 1e6
    }

    /// Start and end of each window, in seconds.
    pub(super) fn windows(&self) -> Vec<(f64, f64)> {
        windows_in(self.seconds())
    }

    /// The windows as `-w` takes them.
    pub(super) fn flags(&self) -> impl Iterator<Item = String> {
        self.windows().into_iter().map(|(start, end)| format!("{start}-{end}"))
    }
}

/// The samples of the demo's call, as a WAV holds them.
fn decoded_call() -> Result<Vec<u8>, sordino::Error> {
    let mut decoder = Decoder::open(Source::stream(CALL))?;
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    let mut bytes = Vec::new();
    while decoder.next(&mut block)? {
        if let Samples::I16(samples) = block.samples() {
            bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        }
    }
    Ok(bytes)
}

/// Writes a WAV with this many bytes of samples: `call`, again and again.
fn write(path: &Path, call: &[u8], bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(&wav_header(bytes))?;
    let mut left = bytes;
    while left > 0 {
        let piece = &call[..call.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        file.write_all(piece)?;
        left -= piece.len() as u64;
    }
    Ok(())
}

impl Serialize for Input {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = report::recording(&self.info, self.frames);
        json["name"] = self.name.clone().into();
        json["seconds"] = self.seconds().into();
        json["bytes"] = self.bytes.into();
        json["windows"] = json!(self.windows());
        json.serialize(serializer)
    }
}

/// Two windows as long as a card number read aloud, where they fit; else the second quarter.
fn windows_in(seconds: f64) -> Vec<(f64, f64)> {
    let usual = [(10.0, 15.0), (30.5, 35.2)];
    let fitting: Vec<_> = usual.into_iter().filter(|&(_, end)| end < seconds).collect();
    if !fitting.is_empty() {
        return fitting;
    }
    let micros = |time: f64| (time * 1e6).floor() / 1e6;
    vec![(micros(seconds / 4.0), micros(seconds / 2.0))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_repeats_to_the_frame() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        let input = Input::call(path.clone(), 304_000 + 10).unwrap();
        assert_eq!((input.frames, input.info.rate, input.is_wav), (304_010, RATE, true));
        let wav = std::fs::read(path).unwrap();
        assert_eq!(wav.len(), 44 + 4 * 304_010);
        assert!(wav[44..84] == wav[44 + 4 * 304_000..]);
    }

    #[test]
    fn windows_lie_inside_the_recording_whatever_its_length() {
        assert_eq!(windows_in(3600.0), [(10.0, 15.0), (30.5, 35.2)]);
        assert_eq!(windows_in(24.0), [(10.0, 15.0)]);
        assert_eq!(windows_in(2.0), [(0.5, 1.0)]);
        for seconds in [0.000_125, 0.01, 1.0, 14.9, 15.0, 35.2, 36.0] {
            for (start, end) in windows_in(seconds) {
                assert!(0.0 <= start && start < end && end <= seconds, "{seconds}");
            }
        }
    }
}
