//! The receipt in its place: that is the commit. No receipt is ever replaced.

use std::io::Cursor;

use crate::digest::Digest;
use crate::receipt::{OriginalState, Receipt};
use crate::store::{Error, Place, PutOptions, Stores};

/// How a receipt's name ends.
const SUFFIX: &str = ".receipt.json";

/// How many receipts of one recording may lie beside each other.
const MOST: usize = 100;

/// A receipt that is in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// The one that is there, which may have been made before.
    pub receipt: Receipt,
    /// Its SHA-256.
    pub sha256: String,
    /// Where it is.
    pub place: Place,
}

/// Puts the receipt in its place, create-only: that is the commit. If a receipt of the same redaction is
/// there, that one counts.
///
/// `options`: the job, and whether the redaction replaces another. Then the other's receipt stays where it
/// is, and this one is put beside it, with the beginning of the job's key in its name.
///
/// # Errors
/// [`Error::OtherReceipt`] when the receipt of another redaction is there; those of the store.
pub async fn commit(
    stores: &Stores,
    place: &Place,
    receipt: Receipt,
    options: PutOptions,
) -> Result<Committed, Error> {
    let json = receipt.to_json().into_bytes();
    let Digest { bytes, sha256, .. } = Digest::of(&json);
    let key = options.job.clone().unwrap_or_else(|| receipt.output.sha256.clone());
    let most = if options.overwrite { MOST } else { 1 };
    for place in (0..most).map(|number| beside(place, &key, number)) {
        let options = PutOptions {
            content_type: "application/json".into(),
            sha256: Some(sha256.clone()),
            job: options.job.clone(),
            overwrite: false,
        };
        match stores.put(&place, Cursor::new(json.clone()), bytes, options, |_| Ok(())).await {
            Ok(_) => return Ok(Committed { receipt, sha256, place }),
            // A run before this one, or another machine, has made it.
            Err(Error::Exists { .. }) => {}
            Err(error) => return Err(error),
        }
        let there = stores.read(&place, Receipt::LONGEST).await?;
        if let Some(same) = read_same(&there, &receipt) {
            return Ok(Committed { receipt: same, sha256: Digest::of(&there).sha256, place });
        }
    }
    Err(Error::OtherReceipt { place: place.to_string() })
}

/// Whether this receipt can be put into its place: nothing is there, or a receipt of the same redaction.
///
/// # Errors
/// As [`commit`].
pub(in crate::job) async fn check(
    stores: &Stores,
    place: &Place,
    receipt: &Receipt,
) -> Result<(), Error> {
    match stores.read(place, Receipt::LONGEST).await {
        Ok(there) if read_same(&there, receipt).is_some() => Ok(()),
        Ok(_) => Err(Error::OtherReceipt { place: place.to_string() }),
        Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where [`commit`] puts the receipt of a job that finds another's there: the place itself for number 0, then
/// places beside it: `a.KEY.receipt.json`, `a.KEY-2.receipt.json`, with the beginning of the job's key.
pub fn beside(place: &Place, key: &str, number: usize) -> Place {
    let key: String = key.chars().take(12).collect();
    let ending = match number {
        0 => return place.clone(),
        1 => format!(".{key}{SUFFIX}"),
        number => format!(".{key}-{number}{SUFFIX}"),
    };
    let renamed = |name: &str| format!("{}{ending}", name.strip_suffix(SUFFIX).unwrap_or(name));
    match place {
        Place::Local(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Place::Local(path.with_file_name(renamed(&name)))
        }
        Place::Object { scheme, bucket, key } => {
            Place::Object { scheme, bucket: bucket.clone(), key: renamed(key) }
        }
    }
}

/// The receipt that is there, if it is of the same redaction.
fn read_same(there: &[u8], made: &Receipt) -> Option<Receipt> {
    let read = Receipt::parse(std::str::from_utf8(there).ok()?).ok()?;
    is_same(&read, made).then_some(read)
}

/// Whether two receipts state the same: what was asked, what was done, of what, and what is left of the
/// original. When it was made, in which trace, with which version, by which steps, and the store's tags may
/// differ; and what was to be deleted may be deleted by now.
fn is_same(there: &Receipt, made: &Receipt) -> bool {
    // Through its text, as the other: then the numbers are read in the same way.
    let Ok(mut made) = Receipt::parse(&made.to_json()) else { return false };
    let before = there.delivery.as_ref().and_then(|delivery| delivery.original.as_ref());
    let now = made.delivery.as_mut().and_then(|delivery| delivery.original.as_mut());
    if let (Some(before), Some(now)) = (before, now)
        && (before.state, now.state) == (OriginalState::DeletionSet, OriginalState::Deleted)
    {
        now.clone_from(before);
    }
    essence(there) == essence(&made)
}

fn essence(receipt: &Receipt) -> Receipt {
    let mut receipt = receipt.clone();
    receipt.made.clear();
    receipt.tool.name.clear();
    receipt.tool.version.clear();
    receipt.asked.trace = None;
    if let Some(delivery) = &mut receipt.delivery {
        (delivery.etag, delivery.version) = (None, None);
        delivery.steps.clear();
    }
    receipt
}

#[cfg(test)]
mod tests;
