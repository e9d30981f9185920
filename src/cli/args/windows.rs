//! `-w`, `--windows`, `--unit` and `--pad`: the windows to redact.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as Group;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use sordino::Windows;
use sordino::window::{Unit, parse_flag, parse_list, parse_time};

use super::super::exit::Failure;
use super::super::input::is_dash;

/// The longest list of windows that is read: 64 MiB, which is about three million windows of JSON.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

#[derive(Debug, Group)]
#[command(next_help_heading = "What to redact")]
pub(crate) struct WindowArgs {
    /// A window: START-END, then optionally @CHANNEL (counted from 0) and =LABEL. Times are seconds,
    /// or 10.5s, 10500ms, 1:02.5, 01:02:03.250. May be repeated
    #[arg(
        short,
        long = "window",
        value_name = "START-END[@CHANNEL][=LABEL]",
        allow_hyphen_values = true
    )]
    pub(crate) window: Vec<String>,

    /// Read windows from a JSON or CSV file; `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) windows: Option<PathBuf>,

    /// The unit of times in --windows that are written without one: `s` or `ms` [default: seconds. If
    /// all times are whole numbers and do not fit the recording as seconds, they are refused]
    #[arg(long, value_name = "UNIT", hide_possible_values = true, value_parser = PossibleValuesParser::new(["s", "ms"]).map(|name| if name == "ms" { Unit::Milliseconds } else { Unit::Seconds }))]
    pub(crate) unit: Option<Unit>,

    /// Widen every window by this time on both sides
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) pad: Option<String>,
}

impl WindowArgs {
    /// All windows, from flags and file together.
    pub(crate) fn windows(&self) -> Result<Windows, Failure> {
        if self.window.is_empty() && self.windows.is_none() {
            let mend = "no window is given; add one, for example `-w 10-15` for 10 s to 15 s, or a list with `--windows FILE`";
            return Err(Failure::usage("reading the windows", mend));
        }
        let mut list =
            self.window.iter().map(|text| parse_flag(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(path) = &self.windows {
            let (text, name) = read_list(path)?;
            list.extend(parse_list(&text, &name, self.unit)?);
        } else if self.unit.is_some() {
            let mend = "it applies to --windows only; write `-w 10.5s-12s` or `-w 10500ms-12000ms`";
            return Err(Failure::usage("reading --unit", mend));
        }
        let windows = Windows::new(list)?;
        match &self.pad {
            Some(pad) => Ok(windows.padded(time("--pad", pad)?)),
            None => Ok(windows),
        }
    }
}

/// Reads a time from a flag.
pub(crate) fn time(flag: &str, text: &str) -> Result<Duration, Failure> {
    parse_time(text).map_err(|error| Failure::usage(format!("reading {flag}"), error))
}

/// Reads a list of windows. Returns its text, and its name for messages.
fn read_list(path: &Path) -> Result<(String, String), Failure> {
    let name = if is_dash(path) { "stdin".into() } else { path.display().to_string() };
    let doing = format!("reading windows from {name}");
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => {
            Failure::usage(&*doing, "this is not UTF-8; save it as UTF-8")
        }
        _ => Failure::usage(&*doing, error),
    };
    let reader: Box<dyn Read> = if is_dash(path) {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(path).map_err(failed)?)
    };
    let mut text = String::new();
    reader.take(LONGEST_LIST + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST_LIST {
        return Err(Failure::usage(doing, "it is longer than 64 MiB; split it"));
    }
    Ok((text, name))
}
