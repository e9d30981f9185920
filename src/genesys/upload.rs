//! Steps 5 to 7: grant, upload, complete. Only a [`Redacted`] can be uploaded.

use std::io::Read;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::{Sender, channel};

use super::call::{Call, To};
use super::error::Error;
use super::retry::Repeat;
use super::secret::{Presigned, is_id};
use super::taken::Taken;
use super::trace::Trace;
use super::wire::Step;
use super::{Event, Genesys, wire};
use crate::redact::Redacted;

/// How much of the spool is read at once.
const PIECE: usize = 64 * 1024;

/// A new recording without audio, and the right to give it some.
#[derive(Debug)]
pub struct Grant {
    id: String,
    /// Not looked at before the id is in the caller's hands.
    upload_url: SecretString,
    trace: Trace,
}

/// A new recording whose audio lies at the storage host.
#[derive(Debug)]
pub struct Uploaded {
    id: String,
    traces: Vec<Trace>,
}

/// A new recording that Genesys has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The new recording's id.
    pub id: String,
    /// What grant, upload and complete took.
    pub traces: Vec<Trace>,
}

impl Grant {
    /// The new recording's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Genesys {
    /// Creates a recording in the conversation. After an answer that was lost this is not repeated,
    /// so that no second recording is made behind anyone's back.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when a recording may exist or not; [`Error::Refused`].
    pub async fn grant(&self, conversation_id: &str) -> Result<Grant, Error> {
        let step = Step::Grant;
        self.0.config.watch.tell(Event::Begins(step));
        let create = wire::Create {
            recording_type: "conversation".into(),
            media_type: "audio".into(),
            conversation_id: conversation_id.into(),
        };
        let request = || self.0.api(Method::POST, &[wire::RECORDINGS]).json(&create);
        let call = Call {
            step,
            repeat: Repeat::MakesAnother,
            to: To::Api { bearer: true },
            request: &request,
        };
        let (granted, trace): (wire::Grant, _) = self.0.json(call).await?;
        if !is_id(&granted.id) {
            return Err(Error::OutcomeUnknown { reason: "it holds no id that can be one".into() });
        }
        self.0.config.watch.tell(Event::Granted(granted.id.clone()));
        Ok(Grant { id: granted.id, upload_url: granted.upload_url.into(), trace })
    }

    /// Uploads the redacted recording, with its exact length; the body is read anew for each try.
    ///
    /// # Errors
    /// [`Error::Expired`] when the upload URL is no longer valid; [`Error::Refused`],
    /// [`Error::Transport`], [`Error::Stalled`].
    pub async fn upload(&self, grant: Grant, redacted: &Redacted) -> Result<Uploaded, Error> {
        let step = Step::Upload;
        self.0.config.watch.tell(Event::Begins(step));
        let url = self.0.presigned(Step::Grant, grant.upload_url.expose_secret())?;
        let length = redacted.bytes();
        let taken = Taken::default();
        let request = || self.put(&url, redacted, length, &taken);
        let to = To::Upload { taken: &taken, length };
        let call = Call { step, repeat: Repeat::Harmless, to, request: &request };
        let (_, trace) = self.0.call(call).await?;
        if taken.bytes() != length {
            let reason = "it came before all of the recording was taken".into();
            return Err(Error::Answer { step, reason });
        }
        Ok(Uploaded { id: grant.id, traces: vec![grant.trace, trace] })
    }

    /// Tells Genesys that the audio is there.
    ///
    /// # Errors
    /// [`Error::Refused`] and everything that can happen on the way.
    pub async fn complete(&self, mut uploaded: Uploaded) -> Result<Completed, Error> {
        let step = Step::Complete;
        self.0.config.watch.tell(Event::Begins(step));
        let path = [wire::RECORDINGS, &[&uploaded.id], wire::COMPLETE];
        let request = || self.0.api(Method::POST, &path).header(CONTENT_LENGTH, 0);
        let call = Call {
            step,
            repeat: Repeat::Harmless,
            to: To::Api { bearer: true },
            request: &request,
        };
        let (_, trace) = self.0.call(call).await?;
        uploaded.traces.push(trace);
        Ok(Completed { id: uploaded.id, traces: uploaded.traces })
    }

    fn put(
        &self,
        url: &Presigned,
        redacted: &Redacted,
        length: u64,
        taken: &Taken,
    ) -> RequestBuilder {
        let (sender, pieces) = channel(2);
        let reader = redacted.reader();
        tokio::task::spawn_blocking(move || match reader {
            Ok(reader) => pump(reader, &sender),
            Err(error) => drop(sender.blocking_send(Err(error))),
        });
        let (watch, taken) = (self.0.config.watch.clone(), taken.begin());
        let stream = futures_util::stream::unfold(pieces, move |mut pieces| {
            let (watch, taken) = (watch.clone(), taken.clone());
            async move {
                let piece: std::io::Result<Bytes> = pieces.recv().await?;
                let count = piece.as_ref().map_or(0, Bytes::len) as u64;
                let bytes = taken.add(count);
                watch.tell(Event::Uploaded { bytes, of: length });
                Some((piece, pieces))
            }
        });
        self.0
            .open
            .request(Method::PUT, url.expose().clone())
            .header(CONTENT_TYPE, "audio/wav")
            .header(CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(stream))
    }
}

/// Reads the spool on a thread that may block, until it ends or nobody listens.
fn pump(mut reader: impl Read, sender: &Sender<std::io::Result<Bytes>>) {
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
