//! Uploads. What a caller hands over is there as a whole, or not at all.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::multipart::{MultipartStore, PartId};
use object_store::{
    Attribute, Attributes, PutMode, PutMultipartOptions, PutOptions as TheirOptions, PutPayload,
    PutResult,
};
use tokio::sync::mpsc::{Receiver, channel};

use super::Stores;
use super::backend::{JOB, Multipart, Object, SHA256};
use super::error::Error;
use super::parts::{self, PART, read_parts, whole};
use crate::lock::lock;

/// Parts that are sent at once.
const AT_ONCE: usize = 2;

/// What is written down of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutOptions {
    /// Its content type, such as `audio/wav`.
    pub content_type: String,
    /// SHA-256 of its bytes, in hex, if it is known. It is checked before the upload is complete.
    pub sha256: Option<String>,
    /// The job that writes it.
    pub job: Option<String>,
    /// Whether an object that is there already is replaced.
    pub overwrite: bool,
}

/// What is there after a [`Stores::put`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Put {
    /// The entity tag; not of a file.
    pub etag: Option<String>,
    /// The version, if the bucket keeps versions.
    pub version: Option<String>,
    /// It was there already, with the same SHA-256.
    pub was_there: bool,
}

/// An upload of one object.
pub(super) struct Upload<F> {
    stores: Stores,
    object: Object,
    bytes: u64,
    options: PutOptions,
    on_upload: F,
}

impl From<PutResult> for Put {
    fn from(result: PutResult) -> Self {
        Self { etag: result.e_tag, version: result.version, was_there: false }
    }
}

impl<F: Fn(&str) -> Result<(), String>> Upload<F> {
    pub(super) fn new(
        stores: &Stores,
        object: Object,
        bytes: u64,
        options: PutOptions,
        on_upload: F,
    ) -> Self {
        Self { stores: stores.clone(), object, bytes, options, on_upload }
    }

    pub(super) async fn run(self, reader: impl Read + Send + 'static) -> Result<Put, Error> {
        let (sender, parts) = channel(1);
        let (bytes, sha256) = (self.bytes, self.options.sha256.clone());
        let place = self.object.place.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let read = read_parts(reader, bytes, sha256.as_deref(), &sender);
            if let Err(error) = read {
                let _ = sender.blocking_send(Err(Error::local(&place, &error)));
            }
        });
        let put =
            if bytes <= PART as u64 { self.single(parts).await } else { self.many(parts).await };
        // It ends when its receiver is gone.
        match (put, reading.await) {
            // It panicked before all was read.
            (Err(_), Err(_)) => Err(parts::panicked(&self.object.place)),
            (put, _) => put,
        }
    }

    fn attributes(&self) -> Attributes {
        let own = [(JOB, &self.options.job), (SHA256, &self.options.sha256)];
        let own = own
            .into_iter()
            .filter_map(|(name, value)| Some((Attribute::Metadata(name.into()), value.clone()?)));
        let mut attributes = Attributes::from_iter(own);
        if !self.options.content_type.is_empty() {
            attributes.insert(Attribute::ContentType, self.options.content_type.clone().into());
        }
        attributes
    }

    /// Sends a small object in one request.
    async fn single(&self, parts: Receiver<Result<Bytes, Error>>) -> Result<Put, Error> {
        // There is at most one.
        let all: Vec<Bytes> = whole(&self.object.place, parts, self.bytes).try_collect().await?;
        let all = PutPayload::from_iter(all);
        let mode = if self.options.overwrite { PutMode::Overwrite } else { PutMode::Create };
        let options = TheirOptions { mode, attributes: self.attributes(), ..Default::default() };
        let store = &self.object.backend.store;
        match store.put_opts(&self.object.path, all, options).await {
            Ok(put) => Ok(put.into()),
            Err(error) => self.unless_there(self.object.error(&error)).await,
        }
    }

    /// Sends a large object in parts.
    async fn many(&self, parts: Receiver<Result<Bytes, Error>>) -> Result<Put, Error> {
        if !self.options.overwrite {
            match self.object.head().await {
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    let place = self.object.place.to_string();
                    return self.unless_there(Error::Exists { place }).await;
                }
            }
        }
        let put = match &self.object.backend.multipart {
            Multipart::ById { overwrite, .. } if self.options.overwrite => {
                self.by_id(overwrite, parts).await
            }
            Multipart::ById { create, .. } => self.by_id(create, parts).await,
            Multipart::ByObject => self.by_object(parts).await,
        };
        match put {
            Ok(put) => Ok(put),
            Err(error) => self.unless_there(error).await,
        }
    }

    async fn by_id(
        &self,
        store: &Arc<dyn MultipartStore>,
        parts: Receiver<Result<Bytes, Error>>,
    ) -> Result<Put, Error> {
        let (object, path) = (&self.object, &self.object.path);
        let options = PutMultipartOptions { attributes: self.attributes(), ..Default::default() };
        let open = self.begin(store.clone(), options).await?;
        let id = open.id.clone();
        let done = async {
            let noted = (self.on_upload)(&id);
            let place = || object.place.to_string();
            noted.map_err(|reason| Error::Note { place: place(), reason })?;
            let sent =
                whole(&self.object.place, parts, self.bytes).enumerate().map(|(index, part)| {
                    let id = &id;
                    async move {
                        let sent = store.put_part(path, id, index, part?.into()).await;
                        sent.map_err(|error| object.error(&error))
                    }
                });
            let sent: Vec<PartId> = sent.buffered(AT_ONCE).try_collect().await?;
            let completed = store.complete_multipart(path, &id, sent).await;
            completed.map_err(|error| self.incomplete(object.error(&error)))
        };
        let done = done.await;
        open.end(done.is_ok()).await;
        done.map(Put::from)
    }

    /// Begins an upload. If nobody waits for it any more, it is aborted as soon as its id is known.
    async fn begin(
        &self,
        store: Arc<dyn MultipartStore>,
        options: PutMultipartOptions,
    ) -> Result<Open, Error> {
        let (stores, object) = (self.stores.clone(), self.object.clone());
        let beginning = stores.0.beginning.clone().read_owned().await;
        let begun = tokio::spawn(async move {
            let id = store.create_multipart_opts(&object.path, options).await;
            let id = id.map_err(|error| object.error(&error))?;
            let open = Open::new(&stores, &object, &id);
            drop(beginning);
            Ok(open)
        });
        begun.await.unwrap_or_else(|_| Err(parts::panicked(&self.object.place)))
    }

    /// What an error of a completion means.
    fn incomplete(&self, error: Error) -> Error {
        match error {
            // Something came between the look and the completion.
            Error::Changed { place } if !self.options.overwrite => Error::Exists { place },
            other => other,
        }
    }

    async fn by_object(&self, parts: Receiver<Result<Bytes, Error>>) -> Result<Put, Error> {
        let (store, failed) = (&self.object.backend.store, |error| self.object.error(&error));
        let options = PutMultipartOptions { attributes: self.attributes(), ..Default::default() };
        let upload = store.put_multipart_opts(&self.object.path, options).await;
        let mut upload = upload.map_err(failed)?;
        let sent = whole(&self.object.place, parts, self.bytes)
            .map(|part| part.map(|part| upload.put_part(part.into())));
        let sent = sent.map(|part| async { part?.await.map_err(failed) });
        sent.buffered(AT_ONCE).try_collect::<()>().await?;
        upload.complete().await.map(Put::from).map_err(failed)
    }

    /// The error, unless the object is there and says that it is the one that was to be written: its answer
    /// was lost, or another machine was faster.
    async fn unless_there(&self, error: Error) -> Result<Put, Error> {
        let may_be_there = matches!(
            error,
            // With a time the store wants no request before it, not even a look.
            Error::Exists { .. } | Error::NotFound { .. } | Error::Unavailable { until: None, .. }
        );
        let Some(sha256) = self.options.sha256.as_ref().filter(|_| may_be_there) else {
            return Err(error);
        };
        match self.object.head().await {
            Ok(head) if head.bytes == self.bytes && head.sha256.as_ref() == Some(sha256) => {
                Ok(Put { etag: head.etag, version: head.version, was_there: true })
            }
            _ => Err(error),
        }
    }
}

/// A multipart upload that is open. Dropping it aborts it in the background; until that is done,
/// [`Stores::abort_open`] knows it.
struct Open {
    stores: Stores,
    object: Object,
    id: String,
    is_over: bool,
}

impl Open {
    fn new(stores: &Stores, object: &Object, id: &str) -> Self {
        lock(&stores.0.open).push((object.place.clone(), id.to_owned()));
        Self { stores: stores.clone(), object: object.clone(), id: id.to_owned(), is_over: false }
    }

    /// Ends it: aborts it, unless it was completed.
    async fn end(mut self, is_complete: bool) {
        // The caller gets the error that came before; an upload that stays is in `Stores::open_uploads`.
        if is_complete || self.object.abort(&self.id).await.is_ok() {
            self.stores.forget(&self.id);
        }
        self.is_over = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.is_over {
            let (stores, object, id) = (self.stores.clone(), self.object.clone(), self.id.clone());
            runtime.spawn(async move {
                if object.abort(&id).await.is_ok() {
                    stores.forget(&id);
                }
            });
        }
    }
}
