//! `-w`, `--windows`, `--unit`, `--pad` and the options of transcripts: the windows to redact.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as Group;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use sordino::policy::{Request, Settings, parse_pad};
use sordino::window::{Unit, parse_flag, parse_time};
use sordino::{Policy, Window};

use super::super::exit::Failure;
use super::super::input::is_dash;
use super::super::remote;
use super::transcript::TranscriptArgs;

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

    /// Take from this file what no flag says: treatment, find, only, pad and others, each spelled as its
    /// flag, in TOML. Flags win
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) policy: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) transcript: TranscriptArgs,
}

impl WindowArgs {
    /// What these flags say.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings { unit: self.unit, ..Settings::default() };
        let pad = self.pad.as_deref().map(parse_pad).transpose();
        settings.pad = pad.map_err(|error| Failure::usage("reading --pad", error))?;
        self.transcript.add_to(&mut settings)?;
        Ok(settings)
    }

    /// The policy of `--policy`, if it is given, and these flags, which win.
    pub(crate) fn policy(&self, flags: Settings) -> Result<Policy, Failure> {
        policy(self.policy.as_deref(), flags)
    }

    /// All windows, from flags and file together.
    pub(crate) fn request(&self, policy: &Policy) -> Result<Request, Failure> {
        if self.window.is_empty() && self.windows.is_none() {
            let mend = "no window is given; add one, for example `-w 10-15` for 10 s to 15 s, or a list with `--windows FILE`";
            return Err(Failure::usage("reading the windows", mend));
        }
        if self.is_from_genesys() {
            let mend =
                "it is for `sordino recording --api platform`; a file of this name is ./genesys:";
            return Err(Failure::usage("reading --windows genesys:", mend));
        }
        let given = self.flags()?;
        let Some(path) = &self.windows else { return Ok(policy.windows_given(&given)?) };
        let (bytes, name) = read_file(path)?;
        Ok(policy.windows_of(&bytes, &name, &given)?)
    }

    /// Whether the windows come from the transcripts in Genesys.
    pub(crate) fn is_from_genesys(&self) -> bool {
        self.windows.as_deref().is_some_and(|path| path == FROM_GENESYS)
    }

    /// The windows of flags with their padding, for a transcript of Genesys.
    pub(crate) fn with_genesys(&self, policy: &Policy) -> Result<Vec<Window>, Failure> {
        let wrong = [
            ("--unit", self.unit.is_some()),
            ("--windows-format", self.transcript.windows_format.is_some()),
        ];
        if let Some((option, _)) = wrong.into_iter().find(|(_, given)| *given) {
            let mend = "with --windows genesys: unit and format are known; leave it out";
            return Err(Failure::usage(format!("reading {option}"), mend));
        }
        Ok(policy.padded(&self.flags()?))
    }

    /// The windows of flags, without padding.
    fn flags(&self) -> Result<Vec<Window>, Failure> {
        let flags = self.window.iter().map(|text| parse_flag(text));
        Ok(flags.collect::<Result<_, _>>()?)
    }
}

/// The policy of a file, if there is one, with flags, which win.
pub(super) fn policy(path: Option<&Path>, flags: Settings) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(Policy::default().with_flags(flags)) };
    let doing = format!("reading the policy {}", path.display());
    let bytes = fs::read(path).map_err(|error| Failure::usage(&*doing, error))?;
    let name = path.file_name().map(|name| name.to_string_lossy());
    let policy = Policy::parse(&bytes, name.as_deref());
    Ok(policy.map_err(|error| Failure::usage(doing, error))?.with_flags(flags))
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
