//! Objects that a command reads and writes: wherever an argument is a path, it may be a URL of a bucket.

use std::io::{Cursor, Error as IoError};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use sordino::digest::Digest;
use sordino::receipt::Delivery;
use sordino::store::{
    Download, Error, Failure as Broken, Place, Put, PutOptions, StoreConfig, Stores,
};
use sordino::{Receipt, Redacted, Source};

use super::args::StoreArgs;
use super::exit::Failure;
use super::interrupt::lock;
use super::messages::warn;

/// How long an interrupt waits for the end of uploads.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// What the flags say. A command sets it before it reads any path.
static OPTIONS: OnceLock<StoreConfig> = OnceLock::new();

/// The connections, made when the first URL is used.
static REMOTE: OnceLock<Remote> = OnceLock::new();

struct Remote {
    runtime: tokio::runtime::Runtime,
    stores: Stores,
    /// Of the downloads that were begun.
    broken: Mutex<Vec<Broken<Error>>>,
}

/// Takes the options of this run.
pub(crate) fn configure(args: &StoreArgs) {
    // A process runs one command.
    let _ = OPTIONS.set(args.config());
}

fn remote() -> Result<&'static Remote, Failure> {
    if let Some(remote) = REMOTE.get() {
        return Ok(remote);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed("starting", error))?;
    let stores = Stores::new(OPTIONS.get_or_init(StoreConfig::from_env).clone());
    Ok(REMOTE.get_or_init(|| Remote { runtime, stores, broken: Mutex::default() }))
}

impl Remote {
    /// Waits for a request, also where another runtime waits already.
    fn wait<T>(&self, request: impl Future<Output = T>) -> T {
        tokio::task::block_in_place(|| self.runtime.block_on(request))
    }
}

/// An error of a store, sorted into wrong calls and failures.
pub(crate) fn failure(doing: impl Into<String>, error: Error) -> Failure {
    match error {
        Error::Config(_) | Error::Feature { .. } | Error::Key { .. } => {
            Failure::usage(doing, error)
        }
        other => Failure::failed(doing, other),
    }
}

/// The place of an argument, if it is a URL.
pub(crate) fn object(path: &Path) -> Result<Option<Place>, Failure> {
    let Some(text) = path.to_str() else { return Ok(None) };
    let place = text.parse::<Place>();
    let place = place.map_err(|error| Failure::usage(format!("reading {text}"), error))?;
    Ok(place.is_object().then_some(place))
}

/// Whether an argument is a URL of a bucket.
pub(crate) fn is_object(path: &Path) -> bool {
    matches!(object(path), Ok(Some(_)))
}

/// Begins to read an object. One that is not there is a wrong call, like a file.
pub(crate) fn open(place: &Place) -> Result<Source, Failure> {
    let remote = remote()?;
    let download =
        remote.wait(remote.stores.get(place)).map_err(|error| missing("opening", error))?;
    lock(&remote.broken).extend(download.failure());
    Ok(Source::stream(download))
}

/// All bytes of an object that is not larger than `most` bytes.
pub(crate) fn read(place: &Place, most: u64) -> Result<Vec<u8>, Failure> {
    let remote = remote()?;
    remote.wait(remote.stores.read(place, most)).map_err(|error| missing("reading", error))
}

/// The same; `None` if the object is not there.
pub(crate) fn read_if_there(place: &Place, most: u64) -> Result<Option<Vec<u8>>, Failure> {
    let remote = remote()?;
    match remote.wait(remote.stores.read(place, most)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(missing("reading", error)),
    }
}

fn missing(doing: &str, error: Error) -> Failure {
    match error {
        Error::NotFound { .. } | Error::TooLarge { .. } => Failure::usage(doing, error),
        other => failure(doing, other),
    }
}

/// Why a download broke, whatever a decoder made of that.
pub(crate) fn broken() -> Option<sordino::Error> {
    let broken = lock(&REMOTE.get()?.broken);
    let cause = broken.iter().find_map(|broken| broken.cause().cloned())?;
    Some(sordino::Error::Read(IoError::other(cause)))
}

/// Checks that an object can be written: as far as that is known before it is.
pub(crate) fn check(place: &Place, force: bool) -> Result<(), Failure> {
    let remote = remote()?;
    let doing = format!("writing {place}");
    remote.stores.check(place).map_err(|error| failure(&*doing, error))?;
    if force {
        return Ok(());
    }
    match remote.wait(remote.stores.head(place)) {
        Ok(_) => Err(Failure::usage(doing, "it exists already; give --force to replace it")),
        // Who may write need not be allowed to look; then the store itself refuses to replace it.
        Err(Error::NotFound { .. } | Error::Refused { .. }) => Ok(()),
        Err(error) => Err(failure(doing, error)),
    }
}

/// An object that is to be written.
pub(crate) struct Draft {
    place: Place,
    content_type: &'static str,
    bytes: Vec<u8>,
    force: bool,
}

impl Draft {
    pub(crate) fn new(
        place: &Place,
        content_type: &'static str,
        bytes: Vec<u8>,
        force: bool,
    ) -> Self {
        Self { place: place.clone(), content_type, bytes, force }
    }

    /// Writes it.
    pub(crate) fn put(self) -> Result<(), Failure> {
        let (remote, doing) = (remote()?, format!("writing {}", self.place));
        let digest = Digest::of(&self.bytes);
        let options = options(self.content_type, &digest, self.force);
        let reader = Cursor::new(self.bytes);
        let put = remote.stores.put(&self.place, reader, digest.bytes, options, |_| Ok(()));
        remote.wait(put).map(drop).map_err(|error| not_put(&remote.stores, doing, error))
    }
}

fn options(content_type: &str, digest: &Digest, overwrite: bool) -> PutOptions {
    let sha256 = Some(digest.sha256.clone());
    PutOptions { content_type: content_type.into(), sha256, job: None, overwrite }
}

/// Writes a redacted recording. Its evidence must have been collected.
pub(crate) fn put(place: &Place, redacted: &Redacted, force: bool) -> Result<Put, Failure> {
    let (remote, doing) = (remote()?, format!("writing {place}"));
    let reader = redacted.reader().map_err(|error| Failure::failed(&*doing, error))?;
    let measured = redacted.evidence().measurements.as_ref();
    let media_type = redacted.format().media_type();
    let options = match measured {
        Some(measured) => options(media_type, &measured.output, force),
        None => PutOptions {
            content_type: media_type.into(),
            overwrite: force,
            ..PutOptions::default()
        },
    };
    let put = remote.stores.put(place, reader, redacted.bytes(), options, |_| Ok(()));
    remote.wait(put).map_err(|error| not_put(&remote.stores, doing, error))
}

/// The failure of an upload, after what it left.
fn not_put(stores: &Stores, doing: String, error: Error) -> Failure {
    tell_open(stores);
    failure(doing, error)
}

/// Tells which uploads are still open.
fn tell_open(stores: &Stores) {
    for (place, id) in stores.open_uploads() {
        warn(&format!("the upload {id} to {place} could not be ended, and may be open still"));
    }
}

/// The receipt, with where the recording is.
pub(crate) fn delivered(receipt: Receipt, place: &Place, put: &Put) -> Receipt {
    let before = receipt.delivery.clone().unwrap_or_default();
    let Delivery { kind, url, .. } = Delivery::store(&place.url());
    let (etag, version) = (put.etag.clone(), put.version.clone());
    Receipt { delivery: Some(Delivery { kind, url, etag, version, ..before }), ..receipt }
}

/// The receipt, with where the recording came from.
pub(crate) fn arrived(mut receipt: Receipt, input: &str) -> Receipt {
    if let Ok(Some(place)) = object(Path::new(input)) {
        receipt.inputs.iter_mut().for_each(|input| input.url = Some(place.url()));
    }
    receipt
}

/// Begins to read objects.
pub(crate) fn downloads(
    places: impl IntoIterator<Item = Place>,
) -> Result<Vec<(Place, Download)>, Failure> {
    let remote = remote()?;
    let download = |place: Place| {
        let download = remote.wait(remote.stores.get(&place));
        let download = download.map_err(|error| failure("reading the copy back", error))?;
        Ok((place, download))
    };
    places.into_iter().map(download).collect()
}

/// Ends the uploads that are open: for an interrupt.
pub(crate) fn abort_open() {
    if let Some(remote) = REMOTE.get() {
        remote.wait(end_uploads(&remote.stores));
        tell_open(&remote.stores);
    }
}

/// Ends the uploads that are open, as far as there is time.
pub(crate) async fn end_uploads(stores: &Stores) {
    // What remains is for the bucket's own rule; in a batch the next run ends it.
    let _ = tokio::time::timeout(LAST_REQUESTS, stores.abort_open()).await;
}
