//! Helpers that several test files share: fixtures, generated WAVs, the command.

#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, unused_imports, reason = "the command needs more")
)]

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sordino::window::parse_flag;
use sordino::{Error, Source, Treatment, Windows, redact};

/// The call, in every format that the fixtures have.
pub const CALLS: [&str; 9] = [
    "call.wav",
    "call-alaw.wav",
    "call-mulaw.wav",
    "call.flac",
    "call.mp3",
    "call.ogg",
    "call.m4a",
    "call.opus",
    "call.webm",
];

/// The call as WAV.
pub const CALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/call.wav");

/// The passages in which the card number and the security code are read aloud.
pub const CALL_WINDOWS: [&str; 2] = ["10-15", "30.5-35.2"];

/// Every command of `sordino`, in the order of its help.
pub const COMMANDS: [&str; 15] = [
    "file",
    "recording",
    "batch",
    "work",
    "push",
    "dead",
    "queue",
    "info",
    "windows",
    "verify",
    "bench",
    "sandbox",
    "demo",
    "completions",
    "man",
];

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

pub fn fixture_bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

pub fn windows(list: &[&str]) -> Windows {
    Windows::new(list.iter().map(|text| parse_flag(text).unwrap())).unwrap()
}

/// The redacted WAV of a source, as bytes.
pub fn redacted(source: Source, list: &[&str], treatment: Treatment) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    redact(source, &windows(list), treatment)?.write_to(&mut out)?;
    Ok(out)
}

pub fn stream(bytes: Vec<u8>) -> Source {
    Source::stream(io::Cursor::new(bytes))
}

/// A reader that returns pieces of the given sizes, over and over.
pub struct Dribble {
    pub bytes: io::Cursor<Vec<u8>>,
    pub sizes: Vec<usize>,
    pub turn: usize,
}

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        let size = self.sizes[self.turn % self.sizes.len()].min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}

/// A WAV of PCM (`tag` 1) or floats (`tag` 3) with these bytes as samples.
pub fn wav(tag: u16, rate: u32, channels: u16, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut out = Vec::new();
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0");
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&channels.to_le_bytes());
    out.extend_from_slice(&rate.to_le_bytes());
    out.extend_from_slice(&(rate * u32::from(block)).to_le_bytes());
    out.extend_from_slice(&block.to_le_bytes());
    out.extend_from_slice(&bits.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    out
}

/// The samples of a WAV that sordino wrote, as bytes. Checks its header too.
pub fn data_of(wav: &[u8]) -> &[u8] {
    let fmt = u32::from_le_bytes(wav[16..20].try_into().unwrap()) as usize;
    let at = 20 + fmt;
    assert_eq!(&wav[at..at + 4], b"data", "only fmt and data are written");
    let size = u32::from_le_bytes(wav[at + 4..at + 8].try_into().unwrap()) as usize;
    let data = &wav[at + 8..];
    assert_eq!(data.len(), size, "the header has the right size");
    data
}

pub fn samples_16(wav: &[u8]) -> Vec<i16> {
    data_of(wav).as_chunks::<2>().0.iter().map(|&bytes| i16::from_le_bytes(bytes)).collect()
}

/// `sordino` with these arguments.
#[cfg(feature = "cli")]
pub fn sordino(args: &[&str]) -> Output {
    command(args).stdin(Stdio::null()).output().unwrap()
}

#[cfg(feature = "cli")]
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sordino"));
    command.args(args);
    command
}

/// `sordino` with these arguments and this stdin.
#[cfg(feature = "cli")]
pub fn sordino_fed(args: &[&str], stdin: &[u8]) -> Output {
    let mut command = command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    // The command may stop reading before the end.
    let feeder = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An empty temporary folder that is removed when it is dropped; paths in it as text.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
        self.path(name)
    }

    /// The names of everything in it, hidden files too.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Whether a program is installed. If not, prints that the test is skipped.
pub fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("-version").output().is_ok();
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Runs ffmpeg, which must succeed, and returns its stdout. Overwrites files.
pub fn ffmpeg(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Vec<u8> {
    let output = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output.stdout
}

/// Runs the command that makes the file `OUT` from `IN`. Returns whether that worked.
pub fn make(command: &str, source: &str, out: &str) -> bool {
    let words = command.split(' ').map(|word| match word {
        "IN" | "OPUS-IN" => source,
        "OUT" => out,
        word => word,
    });
    let mut words = words.collect::<Vec<_>>();
    if words[0] == "ffmpeg" {
        words.splice(1..1, ["-v", "error", "-y"]);
    }
    let made = Command::new(words[0]).args(&words[1..]).output();
    made.is_ok_and(|made| made.status.success()) && Path::new(out).exists()
}

/// A small generator, so that a seed gives the same moments.
pub struct Moments(pub u64);

impl Moments {
    pub fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

/// Kills a process at this request to a sandbox, unless it ends before.
#[cfg(feature = "cli")]
pub fn kill_at(
    mut child: std::process::Child,
    sandbox: &sordino::sandbox::Sandbox,
    request: usize,
) {
    while sandbox.ledger().len() < request && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
