//! What is measured with: a recording, its size, and the windows that are redacted in it.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sordino::block::Block;
use sordino::span::time_of;
use sordino::{Decoder, Source, StreamInfo};

use super::super::exit::Failure;
use super::super::report;
use super::{float, speech};

/// The same noise whenever a bench runs.
const SEED: u64 = 0x5350_4545_4348;

/// A recording on disk.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// What people call it.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) frames: u64,
    pub(super) recording: StreamInfo,
}

impl Subject {
    /// Makes noise of so many frames.
    pub(super) fn made(path: PathBuf, frames: u64) -> Result<Self, Failure> {
        let file = File::create(&path).map(|file| BufWriter::with_capacity(256 * 1024, file));
        let written = file.and_then(|mut file| {
            speech::write(&mut file, frames, SEED)?;
            file.flush()
        });
        written.map_err(|error| Failure::failed("making a recording", error))?;
        Self::read(path, "speech-like noise".into())
    }

    /// Takes a recording of the user's, and decodes all of it, so that what is wrong with it is said
    /// once, and here.
    pub(super) fn given(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let doing = || format!("opening {name}");
        let metadata = fs::metadata(path).map_err(|error| Failure::usage(doing(), error))?;
        if !metadata.is_file() {
            return Err(Failure::usage(doing(), "this is not a file, and is read more than once"));
        }
        let path = path.canonicalize().map_err(|error| Failure::usage(doing(), error))?;
        Self::read(path, name)
    }

    /// Decodes all of a recording.
    pub(super) fn read(path: PathBuf, name: String) -> Result<Self, Failure> {
        let failed = |error| Failure::of(format!("decoding {name}"), error);
        let source = Source::open(&path).map_err(failed)?;
        let bytes = source.length().unwrap_or(0);
        let mut decoder = Decoder::open(source).map_err(failed)?;
        let recording = decoder.stream_info().clone();
        let mut block = Block::new(recording.format, recording.channels);
        while decoder.next(&mut block).map_err(failed)? {}
        let frames = decoder.frames();
        Ok(Self { name, path, bytes, frames, recording })
    }

    /// How long it lasts.
    pub(super) fn seconds(&self) -> f64 {
        time_of(self.frames, self.recording.rate).as_secs_f64()
    }

    /// Megabytes, which are 1,000,000 bytes.
    pub(super) fn megabytes(&self) -> f64 {
        float(self.bytes) / 1e6
    }

    pub(super) fn windows(&self) -> Vec<(f64, f64)> {
        windows_in(self.seconds())
    }

    /// The windows, as `-w` takes them.
    pub(super) fn flags(&self) -> Vec<String> {
        let flag = |(start, end)| ["--window".into(), format!("{start}-{end}")];
        self.windows().into_iter().flat_map(flag).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let mut json = report::recording(&self.recording, self.frames);
        json["name"] = self.name.clone().into();
        json["seconds"] = self.seconds().into();
        json["bytes"] = self.bytes.into();
        let windows = self.windows().into_iter().map(|(start, end)| json!([start, end]));
        json["windows"] = windows.collect();
        json
    }
}

/// Two windows of the length of a card number read aloud, as far as they fit; else the second
/// quarter.
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
