//! What the windows of a command come to, and what its receipt says of them.

use std::path::{Path, PathBuf};

use sordino::policy::{IfNone, Request, RequestError};
use sordino::receipt::{PolicyEntry, SourceEntry};
use sordino::transcript::Masked;
use sordino::{Policy, Receipt, Windows};

use super::super::exit::Failure;
use super::super::messages::note;

/// Where windows came from, for the files that go with a redaction.
#[derive(Clone, Default)]
pub(crate) struct WindowsSource {
    /// Its entry in the receipt.
    pub(crate) entry: Option<SourceEntry>,
    /// The policy's entry in the receipt.
    pub(crate) policy: Option<PolicyEntry>,
    /// The transcript with the words of all windows masked, and where it goes.
    pub(crate) masked: Option<(PathBuf, Masked)>,
}

impl WindowsSource {
    /// The receipt that says where windows came from and which policy was followed.
    pub(crate) fn stated_in(&self, mut receipt: Receipt) -> Receipt {
        if let Some(source) = &self.entry {
            receipt = receipt.with_source(source.clone());
        }
        match &self.policy {
            Some(policy) => receipt.with_policy(policy.clone()),
            None => receipt,
        }
    }
}

/// The windows of a redaction or an audit. Says what a transcript was recognised as. There is none only if
/// a transcript was searched, nothing was found, and `if_none` allows that.
pub(crate) fn windows_of(request: &Request, if_none: IfNone) -> Result<Windows, Failure> {
    request.notes().iter().for_each(|text| note(text));
    let windows = request.windows()?;
    if windows.is_empty() && if_none != IfNone::Copy {
        let why = "nothing to redact: the file was searched, and nothing was found; give --if-none copy to copy such a recording unredacted";
        return Err(Failure::usage("reading the windows", why));
    }
    Ok(windows)
}

/// Where the windows came from. `masked`: where the masked transcript goes, if it is wanted.
pub(crate) fn source_of(
    request: &Request,
    policy: &Policy,
    masked: Option<&Path>,
) -> Result<WindowsSource, Failure> {
    let masked = match masked {
        Some(path) => Some((path.to_owned(), request.masked()?)),
        None => None,
    };
    Ok(WindowsSource { entry: request.entry(), policy: policy.entry(), masked })
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Option { option, why } => Self::usage(format!("reading {option}"), why),
            RequestError::Transcript { name, error } => {
                Self::usage(format!("reading windows from {name}"), error)
            }
            RequestError::Select { name, error } => {
                Self::usage(format!("reading windows from {name}"), error)
            }
            RequestError::Placing(problem) => Self::usage("placing windows", problem),
            error @ RequestError::NoWords => Self::usage("masking the transcript", error),
            RequestError::Masking(error) => Self::usage("masking the transcript", error),
            error => Self::usage("reading the windows", error),
        }
    }
}
