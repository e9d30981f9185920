//! Step 6, upload: sends the redacted recording to the presigned URL. Only a [`Redacted`] can be uploaded.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use tokio::sync::mpsc::{Sender, channel};

use super::request::{Host, Request, UploadProgress};
use super::secret::Presigned;
use super::{Error, Event, Genesys, Grant, StepRecord, WorkflowStep};
use crate::redact::Redacted;

/// Bytes that are read from the spool at once.
const PIECE: usize = 64 * 1024;

/// A new recording whose audio is at the storage host.
#[derive(Debug)]
pub struct Uploaded {
    pub(super) id: String,
    pub(super) steps: Vec<StepRecord>,
}

impl Genesys {
    /// Uploads the redacted recording with its exact length. Each attempt reads the body from the start.
    ///
    /// # Errors
    /// [`Error::Expired`] when the upload URL is no longer valid; [`Error::Refused`],
    /// [`Error::Transport`], [`Error::Stalled`].
    pub async fn upload(&self, grant: Grant, redacted: &Redacted) -> Result<Uploaded, Error> {
        let step = WorkflowStep::Upload;
        self.0.tell(Event::Begins(step));
        let url = grant.upload_url.expose_secret();
        let url = Presigned::parse(WorkflowStep::Grant, url, self.0.config.is_local())?;
        let progress = UploadProgress::new(redacted.bytes());
        let build = || self.put(&url, redacted, &progress);
        let upload = Some(&progress);
        let request = Request { host: Host::Storage, upload, ..Request::to_api(step, &build) };
        let (_, record) = self.0.send(request).await?;
        if progress.bytes() != progress.length {
            let reason = "it came before the whole recording was sent".into();
            return Err(Error::Answer { step, reason });
        }
        Ok(Uploaded { id: grant.id, steps: vec![grant.record, record] })
    }

    fn put(
        &self,
        url: &Presigned,
        redacted: &Redacted,
        progress: &UploadProgress,
    ) -> RequestBuilder {
        let (sender, pieces) = channel(2);
        let reader = redacted.reader();
        tokio::task::spawn_blocking(move || match reader {
            Ok(reader) => pump(reader, &sender),
            Err(error) => drop(sender.blocking_send(Err(error))),
        });
        let (listener, counter) = (self.0.config.listener.clone(), progress.begin_attempt());
        let of = progress.length;
        let stream = futures_util::stream::unfold(pieces, move |mut pieces| {
            let (listener, counter) = (listener.clone(), Arc::clone(&counter));
            async move {
                let piece: io::Result<Bytes> = pieces.recv().await?;
                let count = piece.as_ref().map_or(0, Bytes::len) as u64;
                let bytes = counter.fetch_add(count, Ordering::Relaxed) + count;
                listener(Event::Uploaded { bytes, of });
                Some((piece, pieces))
            }
        });
        self.0
            .to_storage(Method::PUT, url)
            .header(CONTENT_TYPE, redacted.format().media_type())
            .header(CONTENT_LENGTH, of)
            .body(reqwest::Body::wrap_stream(stream))
    }
}

/// Reads the spool on a thread that may block, until it ends or the receiver is gone.
fn pump(mut reader: impl Read, sender: &Sender<io::Result<Bytes>>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(Bytes::copy_from_slice(&buffer[..count])),
            Err(error) => Err(error),
        };
        let failed = piece.is_err();
        if sender.blocking_send(piece).is_err() || failed {
            return;
        }
    }
}
