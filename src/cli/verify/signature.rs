//! `sordino verify --signers`: who vouches for a receipt.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};
use sordino::signature::{self, AllowedSigners, RECEIPT_NAMESPACE, SignatureError, Verified};

use super::super::args::VerifyArgs;
use super::super::exit::Failure;
use super::super::output::signature_of;
use super::super::remote;

/// The longest signature in a bucket, in bytes: many times one of any key.
const LONGEST: u64 = 64 * 1024;

/// What was found of a signature.
pub(super) enum Found {
    Good(Verified),
    Bad(SignatureError),
    /// There is no such file.
    Missing(PathBuf),
}

/// Looks at the signature of a receipt with these bytes, if `--signers` asks for that.
pub(super) fn check(
    args: &VerifyArgs,
    path: &Path,
    receipt: &[u8],
) -> Result<Option<Found>, Failure> {
    let Some(list) = &args.signers else { return Ok(None) };
    let doing = || format!("reading the signers {}", list.display());
    let text = fs::read_to_string(list).map_err(|error| Failure::usage(doing(), error))?;
    let signers = AllowedSigners::parse(&text).map_err(|error| Failure::usage(doing(), error))?;
    let path = args.signature.clone().unwrap_or_else(|| signature_of(path));
    let Some(bytes) = read(&path)? else { return Ok(Some(Found::Missing(path))) };
    let text = String::from_utf8_lossy(&bytes);
    let (identity, now) = (args.identity.as_deref(), SystemTime::now());
    let verified = signature::verify(RECEIPT_NAMESPACE, receipt, &text, &signers, identity, now);
    Ok(Some(verified.map_or_else(Found::Bad, Found::Good)))
}

/// The bytes of a signature; `None` if it is not there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(place) = remote::object(path)? {
        return remote::read_if_there(&place, LONGEST);
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::usage(format!("reading the signature {}", path.display()), error))
        }
    }
}

impl Found {
    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    pub(super) fn line(&self) -> String {
        match self {
            Self::Good(Verified { principal, key }) => {
                format!("signature: good, by {principal}, with the key {key}")
            }
            Self::Bad(error) => format!("signature: NOT GOOD: {error}"),
            Self::Missing(path) => format!("signature: MISSING: there is no {}", path.display()),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let (status, key) = match self {
            Self::Good(Verified { principal, key }) => {
                return json!({ "status": "good", "principal": principal, "key": key });
            }
            Self::Bad(error @ SignatureError::NotAllowed { .. }) => ("not allowed", error.key()),
            Self::Bad(error) => ("bad", error.key()),
            Self::Missing(_) => ("missing", None),
        };
        let reason = match self {
            Self::Bad(error) => Some(error.to_string()),
            _ => None,
        };
        json!({ "status": status, "principal": null, "key": key, "reason": reason })
    }
}
