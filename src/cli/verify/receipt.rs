//! `sordino verify --receipt`: whether a file is the one that a receipt describes.

use std::io::Read;
use std::path::Path;

use serde_json::json;
use sordino::receipt::FileMatch;
use sordino::verify::Audit;
use sordino::{Receipt, Treatment, Windows};

use super::super::args::VerifyArgs;
use super::super::exit::Failure;
use super::super::{remote, report};
use super::signature::Found;
use super::{table, to_json};

/// Reads the bytes of a receipt.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::usage(reading(path), error);
    if let Some(place) = remote::object(path)? {
        return remote::read(&place, Receipt::LONGEST);
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(Receipt::LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Parses a receipt, and checks that it agrees with itself.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Receipt, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|error| Failure::usage(reading(path), error))?;
    Receipt::parse(text).map_err(|error| Failure::usage(reading(path), error))
}

fn reading(path: &Path) -> String {
    format!("reading the receipt {}", path.display())
}

/// The windows and the treatment of the redaction that a receipt describes.
pub(super) fn asked(receipt: &Receipt) -> Result<(Windows, Treatment), Failure> {
    let both = receipt.windows().and_then(|windows| Ok((windows, receipt.treatment()?)));
    both.map_err(|error| Failure::usage("reading the receipt", error))
}

/// Compares the redacted recording with the receipt, and the original too if it has been audited.
pub(super) fn compare(
    args: &VerifyArgs,
    receipt: &Receipt,
    signature: Option<&Found>,
    audited: Option<(&Path, &Audit)>,
    redacted: &Path,
) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let doing = format!("comparing {} with the receipt", path.display());
        move |error| Failure::usage(doing, remote::broken().unwrap_or(error))
    };
    let source = super::open(redacted)?;
    let file = receipt.compare(source).map_err(failed(redacted))?;
    // With the original: redact it again, and name the parts that differ from the receipt.
    let again = match audited {
        Some((path, _)) => {
            let source = super::open(path)?;
            Some(receipt.reproduce(source).map_err(failed(path))?)
        }
        None => None,
    };
    let again = again.as_deref();
    let audit = audited.map(|(_, audit)| audit);
    let clean = file == FileMatch::Identical
        && again.is_none_or(<[_]>::is_empty)
        && audit.is_none_or(Audit::is_clean)
        && signature.is_none_or(Found::is_good);
    report::print(&if args.json {
        let mut json = audit.map_or(json!({}), to_json);
        json["clean"] = clean.into();
        json["receipt"] = json!({ "file": name(file), "otherwise": again });
        if let Some(signature) = signature {
            json["signature"] = signature.to_json();
        }
        json.to_string()
    } else {
        lines(receipt, signature, file, again, audit).join("\n")
    })?;
    if clean { Ok(()) } else { Err(Failure::Found) }
}

/// Shows what was found of the signature, when there is nothing else to show.
pub(super) fn show_signature(args: &VerifyArgs, found: &Found) -> Result<(), Failure> {
    report::print(&if args.json {
        json!({ "clean": found.is_good(), "signature": found.to_json() }).to_string()
    } else {
        found.line()
    })?;
    if found.is_good() { Ok(()) } else { Err(Failure::Found) }
}

/// The name in JSON.
fn name(file: FileMatch) -> &'static str {
    match file {
        FileMatch::Identical => "same",
        FileMatch::SameSamples => "same samples",
        _ => "another",
    }
}

fn lines(
    receipt: &Receipt,
    signature: Option<&Found>,
    file: FileMatch,
    again: Option<&[&str]>,
    audit: Option<&Audit>,
) -> Vec<String> {
    let checked = if receipt.output.self_checked { "passed" } else { "turned off" };
    let tool = &receipt.tool;
    let made = format!("{}, by {} {}", receipt.made, tool.name, tool.version);
    let mut lines = vec![format!("receipt: made {made}; its self-check {checked}")];
    lines.extend(signature.map(Found::line));
    lines.extend(again.map(|otherwise| match otherwise {
        [] => "original: redacting it again gives what the receipt says".into(),
        parts => format!("original: redacting it again gives another {}", parts.join(", ")),
    }));
    lines.extend(audit.map(|audit| format!("\n{}\n", table(audit))));
    lines.push(match file {
        FileMatch::Identical => "file: the one that the receipt describes, byte for byte",
        FileMatch::SameSamples => {
            "file: another, with exactly the samples that the receipt describes; its header, container or tags differ"
        }
        _ => "file: NOT the one that the receipt describes",
    }
    .into());
    lines
}
