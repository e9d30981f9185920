//! `sordino verify`: the leak audit, for people and for programs.

use std::path::Path;

use sordino::verify::Audit;
use sordino::{
    DecodeOptions, Decoder, Encoding, RawFormat, Source, StreamInfo, Treatment, VerifyOptions,
    Windows, verify,
};

use super::args::VerifyArgs;
use super::exit::Failure;
use super::report;

mod receipt;
mod shown;

pub(super) use shown::table;
use shown::to_json;

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let tolerance = tolerance(args)?;
    let receipt = args.receipt.as_deref().map(receipt::read).transpose()?;
    match (args.recordings.as_slice(), &receipt) {
        ([redacted], Some(receipt)) => receipt::hold(args, receipt, None, redacted),
        ([original, redacted], Some(receipt)) => {
            let (windows, treatment) = receipt::asked(receipt)?;
            let both = opened(original, redacted, receipt.options(), receipt.raw())?;
            let audit = audit(both, &windows, Some(treatment), tolerance)?;
            receipt::hold(args, receipt, Some((original, &audit)), redacted)
        }
        ([original, redacted], None) => {
            let windows = args.windows.windows()?;
            let given = args.treatment.is_given();
            let expected = given.then(|| args.treatment.treatment()).transpose()?;
            let options = options(original, redacted, args.raw)?;
            let options = DecodeOptions { gaps: args.gaps.gaps(), ..options };
            let both = opened(original, redacted, options, args.raw)?;
            let audit = audit(both, &windows, expected, tolerance)?;
            let json = args.json;
            report::print(&if json { to_json(&audit).to_string() } else { table(&audit) })?;
            if audit.is_clean() { Ok(()) } else { Err(Failure::Found) }
        }
        _ => {
            let mend = "give ORIGINAL and REDACTED, or --receipt FILE and REDACTED";
            Err(Failure::usage("reading the arguments", mend))
        }
    }
}

/// `--tolerance`, full scale being 1.
fn tolerance(args: &VerifyArgs) -> Result<Option<f64>, Failure> {
    match args.tolerance {
        Some(decibel) if !(-200.0..=0.0).contains(&decibel) => {
            let why = "it is in dB below full scale: from -200 to 0";
            Err(Failure::usage("reading --tolerance", why))
        }
        decibel => Ok(decibel.map(|decibel| 10f64.powf(decibel / 20.0))),
    }
}

/// Original and redaction, and what is done with them.
struct Both {
    original: Source,
    redacted: Source,
    doing: String,
}

/// Opens both with these options; `raw` is what the original holds, if it has no header.
fn opened(
    original: &Path,
    redacted: &Path,
    options: DecodeOptions,
    raw: Option<RawFormat>,
) -> Result<Both, Failure> {
    let doing = format!("comparing {} and {}", original.display(), redacted.display());
    let original = open(original)?.with_options(DecodeOptions { raw, ..options });
    Ok(Both { original, redacted: open(redacted)?.with_options(options), doing })
}

fn audit(
    both: Both,
    windows: &Windows,
    expected: Option<Treatment>,
    tolerance: Option<f64>,
) -> Result<Audit, Failure> {
    let Both { original, redacted, doing } = both;
    let options = VerifyOptions { treatment: expected, tolerance };
    let audit = verify(original, redacted, windows, options);
    // What cannot be audited is a wrong call: nothing has been found.
    audit.map_err(|error| Failure::usage(doing, error))
}

fn open(path: &Path) -> Result<Source, Failure> {
    let doing = format!("opening {}", path.display());
    Source::open(path).map_err(|error| Failure::usage(doing, error))
}

/// How both must be decoded to be comparable: codes of one law as codes, and Opus at the rate of the
/// other. A pipe can be read once only, and is not looked at before.
fn options(
    original: &Path,
    redacted: &Path,
    raw: Option<RawFormat>,
) -> Result<DecodeOptions, Failure> {
    if !original.is_file() || !redacted.is_file() {
        return Ok(DecodeOptions::default());
    }
    let kind = |path: &Path, raw| -> Result<StreamInfo, Failure> {
        let doing = format!("opening {}", path.display());
        let source = open(path)?.with_options(DecodeOptions { raw, ..DecodeOptions::default() });
        let decoder = Decoder::open(source).map_err(|error| Failure::usage(doing, error))?;
        Ok(decoder.stream_info().clone())
    };
    let (before, after) = (kind(original, raw)?, kind(redacted, None)?);
    let is_law = ["pcm_alaw", "pcm_mulaw"].contains(&before.codec) && before.codec == after.codec;
    let encoding = if is_law { Encoding::Same } else { Encoding::Pcm };
    let other = match (before.codec, after.codec) {
        ("opus", _) => Some(after.rate),
        (_, "opus") => Some(before.rate),
        _ => None,
    };
    let opus_rate = other.filter(|rate| [8000, 12_000, 16_000, 24_000, 48_000].contains(rate));
    Ok(DecodeOptions { encoding, opus_rate, ..DecodeOptions::default() })
}
