//! From raw arguments to their meaning, for what several commands share.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use sordino::window::{parse_flag, parse_list, parse_time};
use sordino::{Treatment, Windows};

use super::args::{TreatmentArgs, WindowArgs};
use super::exit::Failure;

/// The longest list of windows that is read: a million windows are about 20 MiB of JSON.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

impl WindowArgs {
    /// All windows, from flags and file together.
    pub(crate) fn windows(&self) -> Result<Windows, Failure> {
        let mut list =
            self.window.iter().map(|text| parse_flag(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(path) = &self.windows {
            let (text, name) = read_list(path)?;
            list.extend(parse_list(&text, &name)?);
        }
        let windows = Windows::new(list)?;
        match &self.pad {
            Some(pad) => Ok(windows.padded(time("--pad", pad)?)),
            None => Ok(windows),
        }
    }
}

impl TreatmentArgs {
    /// What is done inside the windows.
    pub(crate) fn treatment(&self) -> Result<Treatment, Failure> {
        let treatment = match (self.silence, self.tone, self.gain) {
            (true, ..) => Ok(Treatment::silence()),
            (_, Some(hz), _) => Treatment::tone(hz),
            (.., Some(gain)) => Treatment::attenuate(gain),
            _ => Ok(Treatment::default()),
        };
        let treatment = treatment.map_err(|error| Failure::of("reading the treatment", error))?;
        match &self.fade {
            Some(fade) => Ok(treatment.with_fade(time("--fade", fade)?)),
            None => Ok(treatment),
        }
    }
}

/// Whether a path stands for stdin or stdout.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn time(flag: &str, text: &str) -> Result<std::time::Duration, Failure> {
    parse_time(text).map_err(|error| Failure::usage(format!("reading {flag}"), error))
}

fn read_list(path: &Path) -> Result<(String, String), Failure> {
    let name = if is_dash(path) { "stdin".into() } else { path.display().to_string() };
    let failed = |error: io::Error| Failure::usage(format!("reading windows from {name}"), error);
    let reader: Box<dyn Read> = if is_dash(path) {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(path).map_err(failed)?)
    };
    let mut text = String::new();
    reader.take(LONGEST_LIST).read_to_string(&mut text).map_err(failed)?;
    Ok((text, name))
}
