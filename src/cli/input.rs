//! Opening the recording that a command reads.

use std::io;
use std::path::Path;

use sordino::{DecodeOptions, Error, Source};

use super::exit::Failure;
use super::remote;

/// Whether a path stands for stdin or stdout.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens the recording at a path, or stdin. Returns its name for messages, and the source. A path that
/// does not exist is a wrong call; an error while reading is a failure.
pub(crate) fn open(path: &Path, options: DecodeOptions) -> Result<(String, Source), Failure> {
    if is_dash(path) {
        let source = Source::stream(io::stdin()).with_options(options);
        return Ok(("stdin".into(), source));
    }
    let name = path.display().to_string();
    if let Some(place) = remote::object(path)? {
        return Ok((name, remote::open(&place)?.with_options(options)));
    }
    if path.is_dir() {
        let mend = "this is a folder; give the path of a recording";
        return Err(Failure::usage(format!("opening {name}"), mend));
    }
    let source = Source::open(path).map_err(|error| {
        let doing = format!("opening {name}");
        match error {
            Error::Read(error) => Failure::usage(doing, error),
            other => Failure::of(doing, other),
        }
    })?;
    Ok((name, source.with_options(options)))
}

/// The ending of a file name, in lower case.
pub(crate) fn ending(path: &Path) -> String {
    path.extension().map_or(String::new(), |end| end.to_string_lossy().to_lowercase())
}

/// Replaces the error of a broken download by its cause, and that for a file without a header by one that
/// says what its name suggests.
///
/// Any error of the header counts, not only an unknown format: silence in µ-law looks like the
/// beginning of MPEG audio, and an error about MPEG would mislead.
pub(crate) fn explain(input: &str, error: Error) -> Error {
    if !error.is_usage()
        && let Some(broken) = remote::broken()
    {
        return broken;
    }
    let convert = "convert it first, for example with `ffmpeg -f FORMAT -i IN OUT.wav`";
    let convert_vox = "convert it first, for example with `sox -r 8000 IN.vox OUT.wav`";
    let name_format = "name its format, for example with --raw mulaw:8000:1";
    let (what, advice) = match ending(Path::new(input)).as_str() {
        "gsm" => ("GSM 6.10", convert),
        "g722" | "g723" | "g726" | "g729" => ("G.722, G.723, G.726 or G.729", convert),
        "vox" => ("Dialogic ADPCM", convert_vox),
        "raw" | "pcm" | "ul" | "ulaw" | "al" | "alaw" | "sln" => ("headerless audio", name_format),
        _ => return error,
    };
    let is_of_header =
        matches!(error, Error::UnknownFormat | Error::Header { .. } | Error::Container { .. });
    if !is_of_header {
        return error;
    }
    Error::Foreign { what: format!("{what}, judging by its name alone"), advice: advice.into() }
}
