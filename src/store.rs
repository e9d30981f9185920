//! Store: objects in buckets, and local files, by one set of calls.
//!
//! In: a [`Place`]. Out: its bytes while they arrive ([`Stores::get`]), or what is written there
//! ([`Stores::put`]). Errors: [`Error`], without credentials and without the query of a URL.
//!
//! - A broken download goes on from where it was, bound to the ETag: a changed object is
//!   [`Error::Changed`], never a mixture.
//! - `Retry-After` is never shortened; a longer one than [`StoreConfig::longest_wait`] is
//!   [`Error::Unavailable`] with the time.
//! - An upload is whole or it is not there. An object that exists is replaced only if that is asked for.
//! - No request goes to a metadata address, unless [`Credentials::Instance`] or the environment says that
//!   this is such a machine.
//!
//! | question | answer |
//! |---|---|
//! | Who sends requests, and sends them again? | `transport`; `hosts` says to whom, `paused` until when not |
//! | Which credentials and options does a bucket get? | `config`, `s3`, `gcs`, `azure` |
//! | How does a broken download go on? | `download` |
//! | How is an object written? | `upload`; `parts` reads it |

use std::collections::HashMap;
use std::fs::Metadata;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tokio::sync::RwLock;

#[cfg(feature = "azure")]
mod azure;
mod backend;
mod config;
mod download;
mod error;
mod failed;
#[cfg(feature = "gcs")]
mod gcs;
mod hosts;
mod list;
mod local;
mod parts;
mod paused;
mod place;
mod s3;
#[cfg(test)]
mod tests;
mod transport;
mod upload;

pub use config::{Credentials, StoreConfig};
pub use download::Download;
pub use error::Error;
pub use list::Listing;
pub use place::{Place, PlaceError};
pub use upload::{Put, PutOptions};

pub use crate::http::{Failure, Timer};
use crate::lock::lock;
use backend::Backend;

/// All stores that a program uses. Cheap to clone; clones share connections and credentials.
///
/// The calls on objects are to be made inside a tokio runtime.
#[derive(Debug, Clone)]
pub struct Stores(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: StoreConfig,
    /// One for each bucket.
    backends: Mutex<HashMap<(&'static str, String), Arc<Backend>>>,
    /// The multipart uploads of this process that are not complete.
    open: Mutex<Vec<(Place, String)>>,
    /// Held for reading while an upload is begun: whoever can write to it finds all of them in `open`.
    beginning: Arc<RwLock<()>>,
}

/// What a store says of an object, or the file system of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its bytes.
    pub bytes: u64,
    /// Its entity tag; not of a file.
    pub etag: Option<String>,
    /// Its version, if the bucket keeps versions.
    pub version: Option<String>,
    /// When it was written.
    pub modified: Option<SystemTime>,
    /// SHA-256 of its bytes, in hex, if sordino wrote it. Not in a listing.
    pub sha256: Option<String>,
    /// The job that wrote it, if sordino did. Not in a listing.
    pub job: Option<String>,
}

impl Head {
    /// What the file system says of a file.
    pub(crate) fn of_file(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            etag: None,
            version: None,
            modified: metadata.modified().ok(),
            sha256: None,
            job: None,
        }
    }

    /// What changes when the content does: the ETag; of a file its size and the time of its change.
    pub fn identity(&self) -> String {
        let since = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.etag.clone().unwrap_or_else(|| {
            let nanos = self.modified.map_or(0, |at| since(at).as_nanos());
            format!("{}-{nanos}", self.bytes)
        })
    }
}

impl Stores {
    /// All stores, with these options. Sends nothing yet.
    pub fn new(config: StoreConfig) -> Self {
        let (backends, open) = Default::default();
        let beginning = Arc::default();
        Self(Arc::new(Inner { config, backends, open, beginning }))
    }

    /// Checks that a place can be used: that its store is built in, and that there are credentials. Sends
    /// nothing.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Feature`], [`Error::Key`].
    pub fn check(&self, place: &Place) -> Result<(), Error> {
        if place.is_object() { self.object(place).map(drop) } else { Ok(()) }
    }

    /// What the store says of an object, or the file system of a file.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the transport.
    pub async fn head(&self, place: &Place) -> Result<Head, Error> {
        match self.object(place)? {
            Some(object) => object.head().await,
            None => local::head(place).await,
        }
    }

    /// All bytes of a small object or file.
    ///
    /// # Errors
    /// As [`Stores::get`]; [`Error::TooLarge`] for more than `most` bytes.
    pub async fn read(&self, place: &Place, most: u64) -> Result<Vec<u8>, Error> {
        match self.object(place)? {
            Some(object) => download::read(object, self.0.config.limits(), most).await,
            None => local::read(place, most).await,
        }
    }

    /// Starts to read an object or a file. An object arrives in the background while it is read.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the transport. After the first byte errors are returned by reading
    /// the [`Download`].
    pub async fn get(&self, place: &Place) -> Result<Download, Error> {
        match self.object(place)? {
            Some(object) => download::start(object, self.0.config.limits()).await,
            None => local::get(place).await,
        }
    }

    /// Writes an object or a file from `bytes` bytes of `reader`. It is whole, or it is not there: a failure
    /// and a dropped future abort what was begun. `on_upload` is called with the id of a multipart upload
    /// before its first part is sent, and the upload ends if that fails; small objects, files and Azure have
    /// no such id. It is called where the future is polled, and may block there.
    ///
    /// An object that is there already, has the same size and says that it has the same SHA-256 counts as
    /// written, if [`PutOptions::sha256`] is set.
    ///
    /// # Errors
    /// [`Error::Exists`] unless [`PutOptions::overwrite`] is set; [`Error::Local`] when the reader fails; those
    /// of the transport.
    pub async fn put(
        &self,
        place: &Place,
        reader: impl Read + Send + 'static,
        bytes: u64,
        options: PutOptions,
        on_upload: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Put, Error> {
        match self.object(place)? {
            Some(object) => {
                let upload = upload::Upload::new(self, object, bytes, options, on_upload);
                upload.run(reader).await
            }
            None => local::put(place, reader, bytes, options).await,
        }
    }

    /// Ends a multipart upload of this or another process, so that the store keeps no part of it. One that
    /// is not open any more counts as ended.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn abort(&self, place: &Place, upload: &str) -> Result<(), Error> {
        match self.object(place)? {
            Some(object) => object.abort(upload).await?,
            None => return Ok(()),
        }
        self.forget(upload);
        Ok(())
    }

    /// Ends all multipart uploads to this object that the store knows of, and returns how many. Only S3 lists
    /// them; for others it is 0.
    ///
    /// # Errors
    /// Those of the transport; [`Error::Refused`] without the permission to list uploads.
    pub async fn abort_all(&self, place: &Place) -> Result<usize, Error> {
        let Some(object) = self.object(place)? else { return Ok(0) };
        let open = object.uploads().await?;
        for upload in &open {
            object.abort(upload).await?;
        }
        Ok(open.len())
    }

    /// Ends the multipart uploads that this process has begun and not completed: for a signal.
    pub async fn abort_open(&self) {
        let _all_are_known = self.0.beginning.write().await;
        for (place, upload) in self.open_uploads() {
            // What remains stays known.
            let _ = self.abort(&place, &upload).await;
        }
    }

    /// The multipart uploads that this process has begun, and neither completed nor ended: their places and
    /// ids. What is left here when all is over, the store keeps until a rule of the bucket removes it.
    pub fn open_uploads(&self) -> Vec<(Place, String)> {
        lock(&self.0.open).clone()
    }

    /// An upload is not open any more.
    fn forget(&self, id: &str) {
        lock(&self.0.open).retain(|(_, open)| open != id);
    }

    /// The objects below a prefix, or the files below a folder, with their sizes and ETags.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Feature`], [`Error::Key`]; later errors are in the stream.
    pub fn list(&self, prefix: &Place) -> Result<Listing, Error> {
        match self.object_or_bucket(prefix)? {
            Some(object) => Ok(list::objects(object)),
            None => Ok(list::files(prefix)),
        }
    }

    /// Deletes an object or a file.
    ///
    /// # Errors
    /// Those of the transport; [`Error::NotFound`] of a file, and of an object in some stores.
    pub async fn delete(&self, place: &Place) -> Result<(), Error> {
        match self.object(place)? {
            Some(object) => object.delete().await,
            None => local::delete(place).await,
        }
    }
}
