//! Step 3, fetch: the download, which a decoder reads while it arrives.
//!
//! The audio passes from async to blocking code through a [`pipe`]. A broken transport arrives as an
//! [`io::Error`], never as an end of the data. Its cause is kept in a [`DownloadFailure`], because a decoder
//! may hide it.

use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::LOCATION;
use reqwest::{Method, Response};

use super::answer::{header, transport_error};
use super::request::{Host, Request};
use super::retry::{FailedAttempt, Outcome, RetryBudget};
use super::secret::Presigned;
use super::send::HttpClient;
use super::{Error, Event, Genesys, Located, StepRecord, WorkflowStep};
use crate::http::{Failure, Pieces, Pipe, pipe};

/// The most redirects that a download may follow.
const HOPS: u32 = 5;

/// A recording while it downloads. Reading it blocks.
pub struct Download {
    pipe: Pipe<Error>,
    /// The announced size in bytes.
    pub length: Option<u64>,
    /// Records of locate and fetch.
    pub steps: Vec<StepRecord>,
}

/// The cause of a broken [`Download`].
pub type DownloadFailure = Failure<Error>;

impl std::fmt::Debug for Download {
    /// Without the audio.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Download {
    /// A handle to the cause of a failure, to keep when the download is handed on.
    pub fn failure(&self) -> DownloadFailure {
        self.pipe.failure()
    }
}

impl Genesys {
    /// Starts the download. It continues in the background while the [`Download`] is read.
    ///
    /// # Errors
    /// [`Error::Expired`] when the URL is no longer valid: locate the recording again. After the first byte
    /// errors are returned by reading the [`Download`].
    pub async fn fetch(&self, located: Located) -> Result<Download, Error> {
        self.0.download(located.url, vec![located.record]).await
    }
}

impl HttpClient {
    /// Starts the download of a URL. `steps` are the records of the steps before.
    pub(super) async fn download(
        &self,
        url: Presigned,
        mut steps: Vec<StepRecord>,
    ) -> Result<Download, Error> {
        self.tell(Event::Begins(WorkflowStep::Fetch));
        let (response, record) = self.follow(WorkflowStep::Fetch, url).await?;
        steps.push(record);
        let length = response.content_length();
        let step = WorkflowStep::Fetch;
        let abandoned = Error::Transport { step, reason: "the download was abandoned".into() };
        let (pieces, pipe) = pipe(abandoned);
        tokio::spawn(pump(response, length, pieces, self.config.timeout));
        Ok(Download { pipe, length, steps })
    }

    /// Waits before a download that broke with `error` is started again, after `retries` restarts. Returns
    /// the error when no retry is left.
    pub(super) async fn wait_before_restart(
        &self,
        step: WorkflowStep,
        retries: u32,
        error: Error,
    ) -> Result<(), Error> {
        let failed = FailedAttempt::new(step, true, Outcome::Unknown, error);
        let mut budget = RetryBudget { retries, ..self.retry_budget() };
        self.wait_before_retry(step, failed, &mut budget).await
    }

    /// Requests a URL and follows redirects: to allowed hosts only, at most [`HOPS`], without credentials.
    pub(super) async fn follow(
        &self,
        step: WorkflowStep,
        mut url: Presigned,
    ) -> Result<(Response, StepRecord), Error> {
        for _ in 0..=HOPS {
            let build = || self.to_storage(Method::GET, &url);
            let request = Request { host: Host::Storage, ..Request::to_api(step, &build) };
            let (response, record) = self.send(request).await?;
            if !response.status().is_redirection() {
                return Ok((response, record));
            }
            let next =
                header(&response, LOCATION.as_str()).and_then(|to| url.expose().join(to).ok());
            let reason = || "it has no valid target".into();
            let next = next.ok_or_else(|| Error::Redirect { step, reason: reason() })?;
            url = Presigned::new(next, self.config.is_local())?;
        }
        Err(Error::Redirect { step, reason: format!("there are more than {HOPS}") })
    }
}

/// Sends the body through the channel piece by piece, then an empty piece as its end.
async fn pump(
    mut response: Response,
    length: Option<u64>,
    sender: Pieces<Error>,
    timeout: Duration,
) {
    let step = WorkflowStep::Fetch;
    let mut received = 0;
    loop {
        let piece = match tokio::time::timeout(timeout, response.chunk()).await {
            Ok(Ok(Some(piece))) if piece.is_empty() => continue,
            Ok(Ok(Some(piece))) => Ok(piece),
            Ok(Ok(None)) if length.is_some_and(|length| length != received) => {
                Err(Error::Transport { step, reason: format!("it ended after {received} bytes") })
            }
            Ok(Ok(None)) => Ok(Bytes::new()),
            Ok(Err(error)) => Err(transport_error(step, error)),
            Err(_) => Err(Error::Stalled { step, after: timeout }),
        };
        let is_last = !matches!(&piece, Ok(piece) if !piece.is_empty());
        received += piece.as_ref().map_or(0, Bytes::len) as u64;
        // Fails when the reader has stopped, for example after a decoding error.
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pipe.read(buffer)
    }
}
