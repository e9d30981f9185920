//! Transcript: what the platform's own speech recognition heard, as the bytes of its file. The caller reads
//! them with `transcript`.

use std::fmt;

use reqwest::Method;

use crate::genesys::answer;
use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Request, StepRecord};
use crate::genesys::secret::{Presigned, check_id, is_id};
use crate::genesys::wire::WorkflowStep;

use super::{Platform, wire};

const STEP: WorkflowStep = WorkflowStep::Transcript;

/// The longest transcript that is read, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// The link of one transcript, valid for a few minutes.
#[derive(Debug)]
pub struct TranscriptLink {
    recording_id: Option<String>,
    url: Presigned,
}

/// A transcript, as it was downloaded.
pub struct Transcript {
    /// Its bytes are what people said: never show them.
    pub bytes: Vec<u8>,
    /// The record of this step.
    pub record: StepRecord,
}

/// The links of the transcripts of a communication.
pub struct TranscriptLinks {
    /// One for each recording.
    pub links: Vec<TranscriptLink>,
    /// The record of this step.
    pub record: StepRecord,
}

impl fmt::Debug for TranscriptLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TranscriptLinks").field("links", &self.links.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl TranscriptLink {
    /// The id of the recording, if the API names it.
    pub fn recording_id(&self) -> Option<&str> {
        self.recording_id.as_deref()
    }
}

impl Platform {
    /// Gets the links of the transcripts of a communication: the customer's call in the conversation.
    ///
    /// # Errors
    /// [`Error::Config`] when an id is invalid; [`Error::MissingPermission`]; [`Error::Refused`], with 404
    /// where there is no transcript.
    pub async fn transcript_links(
        &self,
        conversation_id: &str,
        communication_id: &str,
    ) -> Result<TranscriptLinks, Error> {
        let path = [wire::TRANSCRIPT_URLS];
        let (found, record) = self
            .ask_for_transcript::<wire::TranscriptUrls>(conversation_id, communication_id, &path)
            .await?;
        let links = found.urls.into_iter().map(|found| {
            let id = found.recording.as_str().or_else(|| found.recording.get("id")?.as_str());
            let recording_id = id.filter(|id| is_id(id)).map(str::to_owned);
            let url = Presigned::parse(STEP, &found.url, self.0.config.is_local())?;
            Ok(TranscriptLink { recording_id, url })
        });
        Ok(TranscriptLinks { links: links.collect::<Result<_, Error>>()?, record })
    }

    /// Gets the link of the transcript of a communication as a whole.
    ///
    /// # Errors
    /// As [`Platform::transcript_links`].
    pub async fn transcript_link(
        &self,
        conversation_id: &str,
        communication_id: &str,
    ) -> Result<TranscriptLink, Error> {
        let path = [wire::TRANSCRIPT_URL];
        let (found, _) = self
            .ask_for_transcript::<wire::TranscriptUrl>(conversation_id, communication_id, &path)
            .await?;
        let url = Presigned::parse(STEP, &found.url, self.0.config.is_local())?;
        Ok(TranscriptLink { recording_id: None, url })
    }

    /// Downloads a transcript. A broken download starts again from the beginning, as often as the client
    /// retries.
    ///
    /// # Errors
    /// [`Error::Expired`] when the link is too old; [`Error::Answer`] when it has more than 64 MiB;
    /// [`Error::Refused`] and the errors of the transport.
    pub async fn transcript(&self, link: TranscriptLink) -> Result<Transcript, Error> {
        self.0.tell(Event::Begins(STEP));
        let (timeout, mut restarts) = (self.0.config.timeout, 0);
        loop {
            let (response, mut record) = self.0.follow(STEP, link.url.clone()).await?;
            record.retries += restarts;
            match answer::read_at_most(LONGEST, STEP, response, timeout).await {
                Ok(bytes) => return Ok(Transcript { bytes, record }),
                Err(error @ Error::Answer { .. }) => return Err(error),
                Err(broken) => self.0.wait_before_restart(STEP, restarts, broken).await?,
            }
            restarts += 1;
        }
    }

    async fn ask_for_transcript<T: serde::de::DeserializeOwned>(
        &self,
        conversation_id: &str,
        communication_id: &str,
        which: &[&[&str]],
    ) -> Result<(T, StepRecord), Error> {
        check_id("conversation", conversation_id)?;
        check_id("communication", communication_id)?;
        self.0.tell(Event::Begins(STEP));
        let place =
            [wire::ANALYTICS, &[conversation_id], wire::COMMUNICATIONS, &[communication_id]];
        let path: Vec<&[&str]> = place.iter().chain(which).copied().collect();
        let build = || self.0.to_api(Method::GET, &path);
        self.0.send_for_json(Request::to_api(STEP, &build)).await
    }
}
