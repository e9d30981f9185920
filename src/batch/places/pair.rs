//! One recording that was announced, with the list or transcript beside it: what [`Pairing`] makes of a listing
//! of just these names.

use std::convert::Infallible;

use super::super::manifest::{Listed, Paired, Pairing, PairingError, Planning};
use super::super::run::Failure;
use super::Places;
use super::failure::of_store;
use crate::decode::recording_stem;
use crate::store::{Error, Place};

impl Places {
    /// What the object at `place`, which is there, is in its bucket, or the file in its file system. Its output
    /// has the same path below [`Planning::out`]. `None`: it is no recording, or hidden, or below the places of
    /// outputs and receipts.
    ///
    /// Blocks while the store is asked for the two names that a transcript may have.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub fn pair(
        &self,
        place: &Place,
        suffix: &str,
        planning: &Planning,
    ) -> Result<Option<Paired>, Failure> {
        let root = match place {
            Place::Local(_) => Place::Local("/".into()),
            Place::Object { scheme, bucket, .. } => {
                Place::Object { scheme, bucket: bucket.clone(), key: String::new() }
            }
        };
        let Some(listed) = Listed::below(&root, place.clone(), None) else { return Ok(None) };
        // Nothing is asked for that may not be a recording.
        let alone = paired(&root, vec![listed.clone()], suffix, planning);
        if !matches!(alone, Ok(Some(Paired::NoTranscript(_)))) {
            // Where outputs go to the root of the bucket, all of it is written, and nothing read.
            return Ok(alone.unwrap_or(None));
        }
        let stem = recording_stem(&listed.path).unwrap_or(&listed.path);
        let mut all = vec![listed.clone()];
        for of in [&listed.path, stem] {
            let transcript = root.join(&format!("{of}{suffix}"));
            match self.runtime.block_on(self.stores.head(&transcript)) {
                Ok(_) => all.extend(Listed::below(&root, transcript, None)),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(of_store(place, error)),
            }
        }
        // As a store lists them.
        all.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(paired(&root, all, suffix, planning).unwrap_or(None))
    }
}

/// What becomes of the one recording of a listing, or of the one name in it.
fn paired(
    root: &Place,
    listed: Vec<Listed>,
    suffix: &str,
    planning: &Planning,
) -> Result<Option<Paired>, PairingError> {
    let listing = listed.into_iter().map(Ok::<_, Infallible>);
    let mut all = Pairing::new(root, listing, suffix, planning)?;
    Ok(all.next().and_then(Result::ok))
}
