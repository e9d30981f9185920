//! From raw arguments to their meaning, for what several commands share.

use std::fs;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sordino::window::{Unit, parse_flag, parse_list, parse_time};
use sordino::{DecodeOptions, Encoding, Error, Source, Treatment, Windows};

use super::args::{EncodingArg, FormatArgs, TreatmentArgs, UnitArg, WindowArgs};
use super::exit::{Failure, say};

/// The longest list of windows that is read: a million windows are about 20 MiB of JSON.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

impl WindowArgs {
    /// All windows, from flags and file together.
    pub(crate) fn windows(&self) -> Result<Windows, Failure> {
        let mut list =
            self.window.iter().map(|text| parse_flag(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(path) = &self.windows {
            let (text, name) = read_list(path)?;
            list.extend(parse_list(&text, &name, self.unit())?);
        } else if self.unit.is_some() {
            let mend = "it is for the list of --windows; write -w 10.5s-12s or -w 10500ms-12000ms";
            return Err(Failure::usage("reading --unit", mend));
        }
        let windows = Windows::new(list)?;
        match &self.pad {
            Some(pad) => Ok(windows.padded(time("--pad", pad)?)),
            None => Ok(windows),
        }
    }

    fn unit(&self) -> Option<Unit> {
        self.unit.map(|unit| match unit {
            UnitArg::S => Unit::Seconds,
            UnitArg::Ms => Unit::Milliseconds,
        })
    }
}

impl FormatArgs {
    /// How the recording is decoded, and what becomes of G.711.
    pub(crate) fn options(&self) -> DecodeOptions {
        DecodeOptions {
            encoding: match self.encoding {
                EncodingArg::Pcm => Encoding::Pcm,
                EncodingArg::Same => Encoding::Same,
            },
            opus_rate: self.opus_rate.as_ref().and_then(|rate| rate.parse().ok()),
            memory_limit: self.memory_limit.saturating_mul(1024 * 1024),
            threads: self.threads.and_then(|count| NonZeroUsize::new(count.into())),
            gaps: self.gaps.gaps(),
            raw: self.raw,
        }
    }
}

impl TreatmentArgs {
    /// Whether any was named.
    pub(crate) fn is_given(&self) -> bool {
        self.silence || self.tone.is_some() || self.gain.is_some() || self.fade.is_some()
    }

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

/// Opens the recording at a path, or stdin: what messages call it, and the source. A path that is not
/// there is a wrong call; one that breaks while it is read is a failure.
pub(crate) fn open(path: &Path, format: &FormatArgs) -> Result<(String, Source), Failure> {
    if is_dash(path) {
        let source = Source::stream(io::stdin()).with_options(format.options());
        return Ok(("stdin".into(), source));
    }
    let name = path.display().to_string();
    let source = Source::open(path).map_err(|error| {
        let doing = format!("opening {name}");
        match error {
            Error::Read(error) => Failure::usage(doing, error),
            other => Failure::of(doing, other),
        }
    })?;
    Ok((name, source.with_options(format.options())))
}

/// Where a file goes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// As it was named, which is how messages call it.
    pub(crate) named: PathBuf,
    /// Where that leads: the same, unless it is a link.
    pub(crate) target: PathBuf,
}

/// Where a file that may be written goes. `inputs` must stay as they are.
pub(crate) fn check_output(output: &Path, inputs: &[&Path], force: bool) -> Result<Place, Failure> {
    let wrong = |why: &str| Err(Failure::usage(format!("writing {}", output.display()), why));
    if output.is_dir() || output.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return wrong("this is a folder; give the path of a file");
    }
    // Not `exists`, which looks through a link, even one that leads nowhere.
    let is_link = output.is_symlink();
    let there = output.metadata().ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return wrong("this is not a file; to write into a pipe or device, give -o - and redirect");
    }
    let place = output.canonicalize().ok();
    let is_place = |input: &&Path| place.is_some() && input.canonicalize().ok() == place;
    if inputs.iter().any(is_place) {
        return wrong("this is an input, which stays as it is; give another path");
    }
    if (there.is_some() || is_link) && !force {
        return wrong("it exists already; give --force to replace it");
    }
    let target = match (is_link, place) {
        // The link stays, and what it leads to is replaced.
        (true, Some(place)) => place,
        (true, None) => return wrong("this is a link that leads to nothing; remove it first"),
        (false, _) => output.to_owned(),
    };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return wrong("its folder does not exist; make it first");
    }
    Ok(Place { named: output.to_owned(), target })
}

/// The ending of a name, in small letters.
pub(crate) fn ending(path: &Path) -> String {
    path.extension().map_or(String::new(), |end| end.to_string_lossy().to_lowercase())
}

/// The error, or another for a file without a header, of which the name alone says what it may be. Silence in
/// µ-law looks like the beginning of MPEG audio, so what that makes of it is not told.
pub(crate) fn named(input: &str, error: Error) -> Error {
    let convert = "convert it first, as with `ffmpeg -f FORMAT -i IN OUT.wav`";
    let say_so = "say what it holds, as with --raw mulaw:8000:1";
    let (what, mend) = match ending(Path::new(input)).as_str() {
        "gsm" => ("GSM 6.10", convert),
        "g722" | "g723" | "g726" | "g729" => ("G.722, G.723, G.726 or G.729", convert),
        "vox" => ("Dialogic ADPCM", "convert it first, as with `sox -r 8000 IN.vox OUT.wav`"),
        "raw" | "pcm" | "ul" | "ulaw" | "al" | "alaw" | "sln" => ("headerless audio", say_so),
        _ => return error,
    };
    let what = format!("no format that is known, and by its name it is {what}");
    let is_unknown =
        matches!(error, Error::UnknownFormat | Error::Header { .. } | Error::Container { .. });
    if is_unknown { Error::Foreign { what, advice: mend.into() } } else { error }
}

/// Tells people whose output is named as something else that it will be a WAV.
pub(crate) fn note_ending(output: &Path) {
    let ending = ending(output);
    if !matches!(ending.as_str(), "" | "wav" | "wave") {
        say(&format!("note: {} gets a WAV, whatever its ending .{ending}", output.display()));
    }
}

/// Whether two paths, of which neither may exist yet, are one.
pub(crate) fn is_same_place(a: &Path, b: &Path) -> bool {
    let folder = |path: &Path| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.canonicalize().ok(),
        _ => Path::new(".").canonicalize().ok(),
    };
    a.file_name() == b.file_name() && folder(a) == folder(b)
}

/// Reads a time from a flag.
pub(crate) fn time(flag: &str, text: &str) -> Result<std::time::Duration, Failure> {
    parse_time(text).map_err(|error| Failure::usage(format!("reading {flag}"), error))
}

fn read_list(path: &Path) -> Result<(String, String), Failure> {
    let name = if is_dash(path) { "stdin".into() } else { path.display().to_string() };
    let failed = |error: io::Error| {
        let doing = format!("reading windows from {name}");
        match error.kind() {
            io::ErrorKind::InvalidData => {
                Failure::usage(doing, "this is not UTF-8; save it as UTF-8")
            }
            _ => Failure::usage(doing, error),
        }
    };
    let reader: Box<dyn Read> = if is_dash(path) {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(path).map_err(failed)?)
    };
    let mut text = String::new();
    reader.take(LONGEST_LIST + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST_LIST {
        let doing = format!("reading windows from {name}");
        return Err(Failure::usage(doing, "it is longer than 64 MiB; split it"));
    }
    Ok((text, name))
}
