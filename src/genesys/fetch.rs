//! Step 3, fetch: the download, as something that a decoder can read while it arrives.
//!
//! The body crosses from the async side to the blocking one through a bounded channel: memory stays
//! constant, and a slow decoder slows the download. A transport that fails crosses as an error that
//! no decoder can take for an end; its cause is kept beside the body, in its [`Breakage`].

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, Bytes};
use reqwest::header::LOCATION;
use reqwest::{Method, Response};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::answer::reason;
use super::call::{Call, To};
use super::error::Error;
use super::locate::Located;
use super::retry::Repeat;
use super::secret::Presigned;
use super::trace::Trace;
use super::wire::Step;
use super::{Event, Genesys};

/// How many pieces of the body may wait for the decoder; each is what one read of the socket gave.
const WAITING: usize = 8;

/// How many redirects a download may take.
const HOPS: u32 = 5;

/// A recording on its way. Reading it blocks, so it is for a thread that may.
pub struct Body {
    pieces: Receiver<Result<Bytes, Error>>,
    current: Bytes,
    ended: bool,
    length: Option<u64>,
    traces: Vec<Trace>,
    breakage: Breakage,
}

/// How a [`Body`] broke off, if it has. Whoever reads the body sees an [`io::Error`], perhaps through
/// a decoder; whoever has kept this sees the cause.
#[derive(Debug, Clone, Default)]
pub struct Breakage(Arc<OnceLock<Error>>);

impl Breakage {
    /// The cause; nothing, as long as all went well.
    pub fn cause(&self) -> Option<&Error> {
        self.0.get()
    }

    /// Keeps the first cause, and makes of this one what a reader is told.
    fn keep(&self, error: Error) -> io::Error {
        let told = io::Error::other(error.clone());
        let _ = self.0.set(error);
        told
    }
}

impl std::fmt::Debug for Body {
    /// Without the audio.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Body {
    /// The number of bytes that are announced.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// What it took to come so far.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// How it will have broken off, for whoever hands the body on.
    pub fn breakage(&self) -> Breakage {
        self.breakage.clone()
    }
}

impl Genesys {
    /// Begins the download. It goes on in the background while the [`Body`] is read.
    ///
    /// # Errors
    /// [`Error::Expired`] when the URL is no longer valid: locate the recording anew. Errors after
    /// the first byte come out of the [`Body`].
    pub async fn fetch(&self, located: Located) -> Result<Body, Error> {
        self.0.config.watch.tell(Event::Begins(Step::Fetch));
        let (response, trace) = self.download(located.download).await?;
        let traces = vec![located.trace, trace];
        let length = response.content_length();
        let (sender, pieces) = channel(WAITING);
        tokio::spawn(pump(response, length, sender, self.0.config.timeout));
        let (current, breakage) = (Bytes::new(), Breakage::default());
        Ok(Body { pieces, current, ended: false, length, traces, breakage })
    }

    /// Follows redirects by hand: to allowed hosts only, a few, and without credentials.
    async fn download(&self, mut url: Presigned) -> Result<(Response, Trace), Error> {
        let step = Step::Fetch;
        for _ in 0..=HOPS {
            let request = || self.0.open.request(Method::GET, url.expose().clone());
            let call = Call { step, repeat: Repeat::Harmless, to: To::Download, request: &request };
            let (response, trace) = self.0.call(call).await?;
            if !response.status().is_redirection() {
                return Ok((response, trace));
            }
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let no_target = || Error::Redirect { step, reason: "it names no target".into() };
            let next = url.expose().join(to.ok_or_else(no_target)?).map_err(|_| no_target())?;
            url = Presigned::new(next, self.0.is_local())?;
        }
        Err(Error::Redirect { step, reason: format!("there are more than {HOPS}") })
    }
}

/// Hands the body over piece by piece. An empty piece is the end; a channel that closes without one
/// is not.
async fn pump(
    mut response: Response,
    length: Option<u64>,
    sender: Sender<Result<Bytes, Error>>,
    timeout: Duration,
) {
    let step = Step::Fetch;
    let mut received = 0;
    loop {
        let piece = match tokio::time::timeout(timeout, response.chunk()).await {
            Ok(Ok(Some(piece))) if piece.is_empty() => continue,
            Ok(Ok(Some(piece))) => Ok(piece),
            Ok(Ok(None)) if length.is_some_and(|length| length != received) => {
                Err(Error::Transport { step, reason: format!("it ended after {received} bytes") })
            }
            Ok(Ok(None)) => Ok(Bytes::new()),
            Ok(Err(error)) => Err(Error::Transport { step, reason: reason(error) }),
            Err(_) => Err(Error::Stalled { step, after: timeout }),
        };
        let last = !matches!(&piece, Ok(piece) if !piece.is_empty());
        received += piece.as_ref().map_or(0, Bytes::len) as u64;
        // The reader is gone when it has failed; then nobody wants the rest.
        if sender.send(piece).await.is_err() || last {
            return;
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() && !self.ended {
            self.current = match self.pieces.blocking_recv() {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Err(self.breakage.keep(error)),
                None => {
                    let (step, reason) = (Step::Fetch, "the download was abandoned".into());
                    return Err(self.breakage.keep(Error::Transport { step, reason }));
                }
            };
            self.ended = self.current.is_empty();
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
