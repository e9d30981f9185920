//! `-w`, `--windows`, `--unit`, `--pad` and the options of transcripts: the windows to redact.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as Group;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use sordino::Window;
use sordino::digest::Digest;
use sordino::transcript::{self, SelectOptions, TranscriptError};
use sordino::window::{Unit, parse_flag, parse_list_bytes, parse_time};

use super::super::exit::Failure;
use super::super::input::is_dash;
use super::super::remote;
use super::request::{Request, TranscriptRequest};
use super::transcript::{LIST, TranscriptArgs};

/// The word for `--windows` that means the recording's own transcript in Genesys.
const FROM_GENESYS: &str = "genesys:";

/// The largest file of windows that is read: 64 MiB, which is about three million windows of JSON.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

#[derive(Debug, Group)]
#[command(next_help_heading = "What to redact")]
pub(crate) struct WindowArgs {
    /// A window: START-END, then optionally @CHANNEL (counted from 0) and =LABEL. Times are seconds,
    /// or 10.5s, 10500ms, 1:02.5, 01:02:03.250; without END, to the end. May be repeated
    #[arg(
        short,
        long = "window",
        value_name = "START-[END][@CHANNEL][=LABEL]",
        allow_hyphen_values = true
    )]
    pub(crate) window: Vec<String>,

    /// Read windows from a list (JSON, CSV), a transcript, the output of a redaction service, a label
    /// track or subtitles; `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) windows: Option<PathBuf>,

    /// The unit of times in --windows that are written without one: `s` or `ms` [default: seconds. If
    /// all times are whole numbers and do not fit the recording as seconds, they are refused]
    #[arg(long, value_name = "UNIT", hide_possible_values = true, value_parser = PossibleValuesParser::new(["s", "ms"]).map(|name| if name == "ms" { Unit::Milliseconds } else { Unit::Seconds }))]
    pub(crate) unit: Option<Unit>,

    /// Widen every window by this time on both sides, or by BEFORE,AFTER [default: 0; for transcripts
    /// what suits the format]
    #[arg(long, value_name = "TIME[,TIME]", allow_hyphen_values = true)]
    pub(crate) pad: Option<String>,

    #[command(flatten)]
    pub(crate) transcript: TranscriptArgs,
}

impl WindowArgs {
    /// All windows, from flags and file together.
    pub(crate) fn request(&self) -> Result<Request, Failure> {
        if self.window.is_empty() && self.windows.is_none() {
            let mend = "no window is given; add one, for example `-w 10-15` for 10 s to 15 s, or a list with `--windows FILE`";
            return Err(Failure::usage("reading the windows", mend));
        }
        if self.is_from_genesys() {
            let mend =
                "it is for `sordino recording --api platform`; a file of this name is ./genesys:";
            return Err(Failure::usage("reading --windows genesys:", mend));
        }
        let pad = self.pad()?;
        let mut windows = self.flags()?;
        let mut transcript = None;
        if let Some(path) = &self.windows {
            let (bytes, name) = read_file(path)?;
            transcript = self.transcript_of(&bytes, &name, pad)?;
            if transcript.is_none() {
                windows.extend(self.list_of(&bytes, &name)?);
            }
        } else if let Some(option) = self.unit.map(|_| "--unit").or(self.transcript.given()) {
            let mend = "it applies to --windows only; give the file with `--windows FILE`";
            return Err(Failure::usage(format!("reading {option}"), mend));
        }
        let mut windows = padded(windows, pad);
        if let Some(TranscriptRequest { selection, .. }) = &transcript {
            let selected = selection.to_windows();
            windows.extend(selected.map_err(|error| Failure::usage("placing windows", error))?);
        }
        Ok(Request { windows, transcript })
    }

    /// Whether the windows come from the transcripts in Genesys.
    pub(crate) fn is_from_genesys(&self) -> bool {
        self.windows.as_deref().is_some_and(|path| path == FROM_GENESYS)
    }

    /// The windows of flags with their padding, and what is to be selected from a transcript of Genesys.
    pub(crate) fn with_genesys(&self) -> Result<(Vec<Window>, SelectOptions), Failure> {
        let wrong = [
            ("--unit", self.unit.is_some()),
            ("--windows-format", self.transcript.windows_format.is_some()),
        ];
        if let Some((option, _)) = wrong.into_iter().find(|(_, given)| *given) {
            let mend = "with --windows genesys: unit and format are known; leave it out";
            return Err(Failure::usage(format!("reading {option}"), mend));
        }
        let pad = self.pad()?;
        Ok((padded(self.flags()?, pad), self.transcript.options(pad)?))
    }

    fn pad(&self) -> Result<Option<(Duration, Duration)>, Failure> {
        self.pad.as_deref().map(pads).transpose()
    }

    /// The windows of flags, without padding.
    fn flags(&self) -> Result<Vec<Window>, Failure> {
        let flags = self.window.iter().map(|text| parse_flag(text));
        Ok(flags.collect::<Result<_, _>>()?)
    }

    /// The file as a transcript, if it is one.
    fn transcript_of(
        &self,
        bytes: &[u8],
        name: &str,
        pad: Option<(Duration, Duration)>,
    ) -> Result<Option<TranscriptRequest>, Failure> {
        let doing = format!("reading windows from {name}");
        let format = self.transcript.windows_format.as_deref();
        if format == Some(LIST) {
            return Ok(None);
        }
        let read = match transcript::read(bytes, format) {
            // A plain list, which has errors of its own that say more.
            Err(
                TranscriptError::NotRecognised { .. }
                | TranscriptError::Json { .. }
                | TranscriptError::KeyTwice { .. }
                | TranscriptError::Empty,
            ) if format.is_none() => return Ok(None),
            read => read.map_err(|error| Failure::usage(&*doing, error))?,
        };
        if self.unit.is_some() {
            let mend = format!("{name} is a transcript ({}), which has its own unit", read.title());
            return Err(Failure::usage("reading --unit", mend));
        }
        let options = self.transcript.options(pad)?;
        let selection = read.select(&options);
        let selection = selection.map_err(|error| Failure::usage(doing, error))?;
        let sha256 = Digest::of(bytes).sha256;
        Ok(Some(TranscriptRequest { read, selection, parties: options.parties, sha256 }))
    }

    /// The file as a plain list.
    fn list_of(&self, bytes: &[u8], name: &str) -> Result<Vec<Window>, Failure> {
        if let Some(option) = self.transcript.given() {
            let mend = format!("{name} is a list of windows without words; it is for transcripts");
            return Err(Failure::usage(format!("reading {option}"), mend));
        }
        Ok(parse_list_bytes(bytes, name, self.unit)?)
    }
}

/// The windows with the padding of `--pad`, if it is given.
fn padded(windows: Vec<Window>, pad: Option<(Duration, Duration)>) -> Vec<Window> {
    let Some((before, after)) = pad else { return windows };
    windows.into_iter().map(|window| window.padded(before, after)).collect()
}

/// Reads `--pad`: one time for both sides, or two.
fn pads(text: &str) -> Result<(Duration, Duration), Failure> {
    let (before, after) = text.split_once(',').unwrap_or((text, text));
    Ok((time("--pad", before)?, time("--pad", after)?))
}

/// Reads a time from a flag.
pub(crate) fn time(flag: &str, text: &str) -> Result<Duration, Failure> {
    parse_time(text).map_err(|error| Failure::usage(format!("reading {flag}"), error))
}

/// Reads a file of windows. Returns its bytes, and its name for messages.
fn read_file(path: &Path) -> Result<(Vec<u8>, String), Failure> {
    let name = if is_dash(path) { "stdin".into() } else { path.display().to_string() };
    if let Some(place) = remote::object(path)? {
        return Ok((remote::read(&place, LONGEST_LIST)?, name));
    }
    let doing = format!("reading windows from {name}");
    let failed = |error: io::Error| Failure::usage(&*doing, error);
    let reader: Box<dyn Read> = if is_dash(path) {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(path).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    reader.take(LONGEST_LIST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST_LIST {
        return Err(Failure::usage(doing, "it is longer than 64 MiB; split it"));
    }
    Ok((bytes, name))
}
