//! Downloads, which go on after a break from where they were.

use std::fs::File;
use std::io::{self, Read};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::{GetOptions, GetRange, GetResult};

use super::Head;
use super::backend::{Object, head};
use super::config::Limits;
use super::error::Error;
use crate::http::{Failure, Pieces, Pipe, Wait, pipe, wait};

/// After so many bytes without a break, all retries are there again.
const RECOVERED: u64 = 1024 * 1024;

/// An object or a file while it is read. Reading blocks.
#[derive(Debug)]
pub struct Download {
    /// What is read.
    pub head: Head,
    bytes: Reader,
}

#[derive(Debug)]
enum Reader {
    Arriving(Pipe<Error>),
    File(File),
}

impl Download {
    pub(super) fn of_file(head: Head, file: File) -> Self {
        Self { head, bytes: Reader::File(file) }
    }

    /// A handle to the cause of a failure, to keep when the download is handed on; `None` of a file.
    pub fn failure(&self) -> Option<Failure<Error>> {
        match &self.bytes {
            Reader::Arriving(pipe) => Some(pipe.failure()),
            Reader::File(_) => None,
        }
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Reader::Arriving(pipe) => pipe.read(buffer),
            Reader::File(file) => file.read(buffer),
        }
    }
}

/// Starts a download that goes on in the background.
pub(super) async fn start(object: Object, limits: Limits) -> Result<Download, Error> {
    let arriving = Arriving::open(object, limits).await?;
    let head = arriving.head.clone();
    let abandoned = Error::broken(&arriving.object.place, "the download was abandoned");
    let (pieces, pipe) = pipe(abandoned);
    tokio::spawn(pump(arriving, pieces));
    Ok(Download { head, bytes: Reader::Arriving(pipe) })
}

/// Reads a small object.
pub(super) async fn read(object: Object, limits: Limits, most: u64) -> Result<Vec<u8>, Error> {
    let mut arriving = Arriving::open(object, limits).await?;
    if arriving.head.bytes > most {
        return Err(Error::TooLarge { place: arriving.object.place.to_string(), most });
    }
    let mut all = Vec::new();
    loop {
        match arriving.next().await? {
            piece if piece.is_empty() => return Ok(all),
            piece => all.extend_from_slice(&piece),
        }
    }
}

/// Sends the object through the pipe piece by piece, then an empty piece as its end.
async fn pump(mut arriving: Arriving, pieces: Pieces<Error>) {
    loop {
        let piece = arriving.next().await;
        let is_last = !matches!(&piece, Ok(piece) if !piece.is_empty());
        // Fails when the reader has stopped, for example after a decoding error.
        if pieces.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// An object while it arrives.
struct Arriving {
    object: Object,
    limits: Limits,
    head: Head,
    body: BoxStream<'static, object_store::Result<Bytes>>,
    /// Bytes so far.
    at: u64,
    /// Bytes at the last break.
    broke_at: u64,
    /// Retries since then.
    retries: u32,
}

impl Arriving {
    async fn open(object: Object, limits: Limits) -> Result<Self, Error> {
        let result = object.backend.store.get_opts(&object.path, GetOptions::default()).await;
        let result = result.map_err(|error| object.error(&error))?;
        let head = head(&result.meta, &result.attributes);
        let body = result.into_stream();
        Ok(Self { object, limits, head, body, at: 0, broke_at: 0, retries: 0 })
    }

    /// The next piece; an empty one is the end.
    async fn next(&mut self) -> Result<Bytes, Error> {
        loop {
            let limit = self.limits.timeout;
            let reason = match tokio::time::timeout(limit, self.body.next()).await {
                Ok(Some(Ok(piece))) if piece.is_empty() => continue,
                Ok(Some(Ok(piece))) => {
                    self.at += piece.len() as u64;
                    if self.at > self.head.bytes {
                        return Err(self.changed());
                    }
                    return Ok(piece);
                }
                Ok(None) if self.at == self.head.bytes => return Ok(Bytes::new()),
                Ok(None | Some(Err(_))) => format!("the download broke after {} bytes", self.at),
                Err(_) => format!("nothing arrived for {} s", limit.as_secs_f32()),
            };
            self.resume(reason).await?;
        }
    }

    /// Asks for the rest of the same object.
    async fn resume(&mut self, reason: String) -> Result<(), Error> {
        if self.at - self.broke_at >= RECOVERED {
            self.retries = 0;
        }
        self.broke_at = self.at;
        let Some(etag) = self.head.etag.clone() else {
            let reason = format!("{reason}, and it has no ETag to go on by");
            return Err(Error::broken(&self.object.place, reason));
        };
        let (timer, left) = (&self.limits.timer, self.limits.longest_wait);
        match wait(None, self.retries, left, timer.now(), timer.jitter()) {
            Wait::For(wait) if self.retries < self.limits.retries => timer.wait(wait).await,
            _ => return Err(Error::broken(&self.object.place, reason)),
        }
        self.retries += 1;
        let range = GetRange::Bounded(self.at..self.head.bytes);
        let options =
            GetOptions { if_match: Some(etag), range: Some(range), ..GetOptions::default() };
        let result = self.object.backend.store.get_opts(&self.object.path, options).await;
        let result = result.map_err(|error| match self.object.error(&error) {
            Error::NotFound { .. } => self.changed(),
            other => other,
        })?;
        if !self.is_rest(&result) {
            return Err(self.changed());
        }
        self.body = result.into_stream();
        Ok(())
    }

    /// Whether an answer is the rest of the same object: a store may not look at `If-Match`.
    fn is_rest(&self, result: &GetResult) -> bool {
        result.meta.e_tag == self.head.etag
            && result.meta.size == self.head.bytes
            && result.range == (self.at..self.head.bytes)
    }

    fn changed(&self) -> Error {
        Error::Changed { place: self.object.place.to_string() }
    }
}
