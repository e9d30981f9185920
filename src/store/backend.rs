//! A bucket, and an object in it, as `object_store` has them.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::error::Error;
use super::s3::Uploads;
use super::{Head, Inner, Place, Stores};
use crate::lock::lock;

/// Metadata that says which job wrote an object. Azure takes no hyphens.
pub(super) const JOB: &str = "sordino_job";
/// Metadata with the SHA-256 of an object.
pub(super) const SHA256: &str = "sordino_sha256";

/// A bucket.
pub(super) struct Backend {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) multipart: Multipart,
    /// Lists open uploads, where the store can.
    pub(super) uploads: Option<Uploads>,
}

/// How a bucket takes an object in parts.
pub(super) enum Multipart {
    /// An upload has an id.
    ById {
        overwrite: Arc<dyn MultipartStore>,
        /// Completes an upload only if no object is there, as far as the store can.
        create: Arc<dyn MultipartStore>,
    },
    /// Parts have no upload, and go away by themselves.
    #[cfg_attr(not(feature = "azure"), expect(dead_code, reason = "only Azure has it"))]
    ByObject,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

/// An object in a bucket, or a prefix.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) place: Place,
    pub(super) backend: Arc<Backend>,
    pub(super) path: Path,
}

impl Stores {
    /// The object at a place; `None` of a local path.
    pub(super) fn object(&self, place: &Place) -> Result<Option<Object>, Error> {
        match place {
            Place::Object { key, .. } if key.is_empty() || key.ends_with('/') => {
                let reason = "this is a prefix; name an object";
                Err(Error::Key { place: place.to_string(), reason })
            }
            _ => self.object_or_bucket(place),
        }
    }

    /// The object, prefix or bucket at a place; `None` of a local path.
    pub(super) fn object_or_bucket(&self, place: &Place) -> Result<Option<Object>, Error> {
        let Place::Object { scheme, bucket, key } = place else { return Ok(None) };
        let wrong = |reason| Error::Key { place: place.to_string(), reason };
        let inner = key.strip_suffix('/').unwrap_or(key);
        if !inner.is_empty() && inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(wrong("a key with an empty part, `.` or `..` is not supported"));
        }
        let path = Path::parse(inner).map_err(|_| wrong("this key is not supported"))?;
        let backend = self.0.backend(scheme, bucket)?;
        Ok(Some(Object { place: place.clone(), backend, path }))
    }
}

impl Inner {
    /// The bucket, connected once.
    fn backend(&self, scheme: &'static str, bucket: &str) -> Result<Arc<Backend>, Error> {
        let mut backends = lock(&self.backends);
        let key = (scheme, bucket.to_owned());
        if let Some(known) = backends.get(&key) {
            return Ok(Arc::clone(known));
        }
        let backend = Arc::new(match scheme {
            "gs" => gcs(self, bucket)?,
            "az" => azure(self, bucket)?,
            _ => super::s3::bucket(&self.config, bucket)?,
        });
        backends.insert(key, Arc::clone(&backend));
        Ok(backend)
    }
}

#[cfg(feature = "gcs")]
fn gcs(inner: &Inner, bucket: &str) -> Result<Backend, Error> {
    super::gcs::bucket(&inner.config, bucket)
}

#[cfg(not(feature = "gcs"))]
fn gcs(_: &Inner, _: &str) -> Result<Backend, Error> {
    Err(Error::Feature { scheme: "gs", feature: "gcs" })
}

#[cfg(feature = "azure")]
fn azure(inner: &Inner, container: &str) -> Result<Backend, Error> {
    super::azure::container(&inner.config, container)
}

#[cfg(not(feature = "azure"))]
fn azure(_: &Inner, _: &str) -> Result<Backend, Error> {
    Err(Error::Feature { scheme: "az", feature: "azure" })
}

impl Object {
    pub(super) fn error(&self, error: &object_store::Error) -> Error {
        Error::of(&self.place, error)
    }

    pub(super) async fn head(&self) -> Result<Head, Error> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        let result = self.backend.store.get_opts(&self.path, options).await;
        let result = result.map_err(|error| self.error(&error))?;
        Ok(head(&result.meta, &result.attributes))
    }

    pub(super) async fn delete(&self) -> Result<(), Error> {
        self.backend.store.delete(&self.path).await.map_err(|error| self.error(&error))
    }

    /// Ends an upload. One that is not open any more counts as ended.
    pub(super) async fn abort(&self, upload: &str) -> Result<(), Error> {
        let Multipart::ById { overwrite, .. } = &self.backend.multipart else { return Ok(()) };
        match overwrite.abort_multipart(&self.path, &upload.to_owned()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// The ids of the open uploads to this object, where the store lists them.
    pub(super) async fn uploads(&self) -> Result<Vec<String>, Error> {
        match &self.backend.uploads {
            Some(uploads) => uploads.of(self).await,
            None => Ok(Vec::new()),
        }
    }

    /// The objects below this prefix.
    pub(super) fn below(&self) -> futures_util::stream::BoxStream<'static, ListedObject> {
        let prefix = (!self.path.as_ref().is_empty()).then_some(&self.path);
        self.backend.store.list(prefix).boxed()
    }
}

/// An object of a listing.
pub(super) type ListedObject = object_store::Result<ObjectMeta>;

/// What a store says of an object.
pub(super) fn head(meta: &ObjectMeta, attributes: &Attributes) -> Head {
    let own = |name: &'static str| {
        let value = attributes.get(&Attribute::Metadata(name.into()))?;
        Some(value.as_ref().to_owned())
    };
    Head {
        bytes: meta.size,
        etag: meta.e_tag.clone(),
        version: meta.version.clone(),
        modified: Some(meta.last_modified.into()),
        sha256: own(SHA256),
        job: own(JOB),
    }
}
