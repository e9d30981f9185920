//! Local files, by the calls of a store. Whatever blocks runs on a thread that may.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::{Download, Head, Place, Put, PutOptions};
use crate::digest::{Digester, digest_of};
use crate::spool::{Draft, make_folders};

/// Runs something with the path on a thread that may block.
async fn run<T: Send + 'static>(
    place: &Place,
    work: impl FnOnce(PathBuf) -> Result<T, io::Error> + Send + 'static,
) -> Result<T, Error> {
    let path = place.local().map(PathBuf::from).unwrap_or_default();
    let done = tokio::task::spawn_blocking(move || work(path)).await;
    let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    done.map_err(|error| Error::local(place, &error))
}

pub(super) async fn head(place: &Place) -> Result<Head, Error> {
    run(place, |path| Ok(Head::of_file(&path.metadata()?))).await
}

pub(super) async fn get(place: &Place) -> Result<Download, Error> {
    run(place, |path| {
        let file = File::open(path)?;
        Ok(Download::of_file(Head::of_file(&file.metadata()?), file))
    })
    .await
}

pub(super) async fn read(place: &Place, most: u64) -> Result<Vec<u8>, Error> {
    let bytes = run(place, move |path| {
        let mut bytes = Vec::new();
        File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = bytes.await?;
    if bytes.len() as u64 > most {
        return Err(Error::TooLarge { place: place.to_string(), most });
    }
    Ok(bytes)
}

/// A reader that digests what it reads.
struct Digesting<R>(R, Digester);

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.update(&buffer[..count]);
        Ok(count)
    }
}

/// Writes a file beside its place, and renames it. Its folder is made if it is missing.
pub(super) async fn put(
    place: &Place,
    reader: impl Read + Send + 'static,
    bytes: u64,
    options: PutOptions,
) -> Result<Put, Error> {
    run(place, move |path| {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folders(folder, &mut Vec::new()).map_err(|error| not_made(folder, &error))?;
        }
        let draft = Draft::write(&path, options.overwrite, |file| {
            let mut reader = Digesting(reader.take(bytes.saturating_add(1)), Digester::new());
            let copied = io::copy(&mut reader, file)?;
            let digest = reader.1.finish();
            let is_it = options.sha256.as_ref().is_none_or(|sha256| *sha256 == digest.sha256);
            let other = || io::Error::other("what was to be written changed meanwhile");
            (copied == bytes && is_it).then_some(()).ok_or_else(other)
        });
        match draft.and_then(Draft::put).map_err(cause) {
            Ok(()) => Ok(Put::default()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = digest_of(File::open(&path)?)?;
                let was_there = options.sha256.as_ref() == Some(&there.sha256);
                was_there.then(|| Put { was_there, ..Put::default() }).ok_or(error)
            }
            Err(error) => Err(error),
        }
    })
    .await
}

/// The error of a folder that cannot be made. It is never taken for that of a file in it.
fn not_made(folder: &Path, error: &io::Error) -> io::Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => io::ErrorKind::Other,
        kind => kind,
    };
    io::Error::new(kind, format!("the folder {} cannot be made: {error}", folder.display()))
}

pub(super) async fn delete(place: &Place) -> Result<(), Error> {
    run(place, std::fs::remove_file::<PathBuf>).await
}

/// The I/O error under an error of the spool.
fn cause(error: crate::error::Error) -> io::Error {
    match error {
        crate::error::Error::Persist { source, .. } => source,
        other => io::Error::other(other),
    }
}
