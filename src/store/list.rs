//! Listings: objects below a prefix, and files below a folder.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc::{Sender, channel};

use super::backend::{Object, head};
use super::error::Error;
use super::{Head, Place};

/// Entries that may wait for their reader.
const WAITING: usize = 64;

/// Places with what is known of them, in the order of their names in each folder.
pub struct Listing(BoxStream<'static, Result<(Place, Head), Error>>);

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}

impl Listing {
    /// The next place; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<(Place, Head), Error>> {
        self.0.next().await
    }
}

/// The objects below a prefix.
pub(super) fn objects(prefix: Object) -> Listing {
    let listed = prefix.below().map(move |listed| {
        let meta = listed.map_err(|error| prefix.error(&error))?;
        let mut place = prefix.place.clone();
        if let Place::Object { key, .. } = &mut place {
            *key = meta.location.to_string();
        }
        Ok((place, head(&meta, &object_store::Attributes::new())))
    });
    Listing(listed.boxed())
}

/// The files below a folder. Links are not followed.
pub(super) fn files(folder: &Place) -> Listing {
    let (sender, files) = channel(WAITING);
    if let Place::Local(folder) = folder.clone() {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = walk(&folder, &sender) {
                let _ = sender.blocking_send(Err(error));
            }
        });
    }
    let listed = futures_util::stream::unfold(files, |mut files| async move {
        let file = files.recv().await?;
        Some((file, files))
    });
    Listing(listed.boxed())
}

/// Sends all files below a folder, until nobody listens.
fn walk(folder: &Path, sender: &Sender<Result<(Place, Head), Error>>) -> Result<(), Error> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Error::local(&Place::Local(folder.clone()), &error);
        let entries = std::fs::read_dir(&folder).map_err(failed)?;
        let paths: Result<Vec<PathBuf>, _> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut paths = paths.map_err(failed)?;
        paths.sort_unstable();
        let mut below = Vec::new();
        for path in paths {
            let metadata = path.symlink_metadata().map_err(failed)?;
            if metadata.is_dir() {
                below.push(path);
            } else if metadata.is_file() {
                let entry = (Place::Local(path), Head::of_file(&metadata));
                if sender.blocking_send(Ok(entry)).is_err() {
                    return Ok(());
                }
            }
        }
        folders.extend(below.into_iter().rev());
    }
    Ok(())
}
