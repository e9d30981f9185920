//! Conversations and their recordings, as the organisation keeps them.

use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use serde_json::Value;

use super::super::state::Organisation;
use super::error::Problem;

/// A conversation of the Platform API.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its id, as it stands in a URL.
    pub id: String,
    /// When it began.
    pub began: SystemTime,
    /// Whether it is protected from deletion.
    pub protected: bool,
    /// How many of the next lists of its recordings are empty.
    pub empty_lists: u32,
    /// Its recordings.
    pub recordings: Vec<ConversationRecording>,
}

/// A recording of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationRecording {
    /// Its id, as it stands in a URL.
    pub id: String,
    /// `audio`, `chat`, `messaging`, `email` or `screen`.
    pub media: String,
    /// `Trunk`, `Station`, `Consult`, `Screen` or `Snippet`; empty for none.
    pub subtype: String,
    /// The files by their key: `0`, `1` … of one channel each, or `S` in stereo.
    pub files: Vec<(String, Bytes)>,
    /// When it began.
    pub began: SystemTime,
    /// How long it is.
    pub duration: Duration,
    /// How many of the next requests for its media are answered with 202.
    pub transcoding: u32,
    /// Where its file is.
    pub state: FileState,
    /// The next state, and how often the present one is shown before.
    pub next_state: Option<(u32, FileState)>,
    /// When it is archived.
    pub archive_date: Option<SystemTime>,
    /// When it is deleted.
    pub delete_date: Option<SystemTime>,
    /// When it is exported to a bucket of the customer.
    pub export_date: Option<SystemTime>,
    /// When it was exported.
    pub exported_date: Option<SystemTime>,
    /// Its annotations, in the API's own form.
    pub annotations: Vec<Value>,
    /// The id of its session, which is that of the communication with a transcript.
    pub session: String,
    /// Its transcript, in JSON.
    pub transcript: Option<Bytes>,
    /// Whether it holds sensitive data, so that a batch leaves it out without a word.
    pub sensitive: bool,
}

/// Where the file of a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// In an archive; there is no media.
    Archived,
    /// Ready.
    Available,
    /// Gone for ever.
    Deleted,
    /// It could not be recorded.
    Error,
    /// Back from the archive.
    Restored,
    /// On its way back from the archive.
    Restoring,
    /// Not complete yet.
    Uploading,
}

impl FileState {
    /// The state as the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Archived => "ARCHIVED",
            Self::Available => "AVAILABLE",
            Self::Deleted => "DELETED",
            Self::Error => "ERROR",
            Self::Restored => "RESTORED",
            Self::Restoring => "RESTORING",
            Self::Uploading => "UPLOADING",
        }
    }

    /// Whether there is media.
    pub(super) fn has_media(self) -> bool {
        matches!(self, Self::Available | Self::Restored)
    }
}

/// When conversations and recordings begin, in seconds since 1970: 2026-01-01T10:00:00Z.
const BEGAN: u64 = 1_767_261_600;

impl Conversation {
    /// A conversation with these recordings.
    pub fn new(id: &str, recordings: impl IntoIterator<Item = ConversationRecording>) -> Self {
        let recordings = recordings.into_iter().collect();
        Self { id: id.into(), began: began(), protected: false, empty_lists: 0, recordings }
    }

    /// One of its recordings.
    pub fn recording(&self, id: &str) -> Option<&ConversationRecording> {
        self.recordings.iter().find(|recording| recording.id == id)
    }
}

impl ConversationRecording {
    /// A recording of a trunk that is ready, without files. Its session has the same id.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            media: "audio".into(),
            subtype: "Trunk".into(),
            files: Vec::new(),
            began: began(),
            duration: Duration::ZERO,
            transcoding: 0,
            state: FileState::Available,
            next_state: None,
            archive_date: None,
            delete_date: None,
            export_date: None,
            exported_date: None,
            annotations: Vec::new(),
            session: id.into(),
            transcript: None,
            sensitive: false,
        }
    }

    /// The same with one more file.
    #[must_use]
    pub fn file(mut self, key: &str, bytes: impl Into<Bytes>) -> Self {
        self.files.push((key.into(), bytes.into()));
        self
    }

    /// Called before the recording is shown: time and readers change its state.
    pub(super) fn come_up_to_date(&mut self, now: SystemTime, reads: u32, protected: bool) {
        let is_due = self.delete_date.is_some_and(|date| date <= now) && !protected;
        let is_gone = |state| state == FileState::Deleted;
        let is_going = self.next_state.is_some_and(|(_, state)| is_gone(state));
        if is_due && !is_gone(self.state) && !is_going {
            self.next_state = Some((reads, FileState::Deleted));
        }
        match &mut self.next_state {
            Some((0, state)) => (self.state, self.next_state) = (*state, None),
            Some((left, _)) => *left -= 1,
            None => {}
        }
    }
}

fn began() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(BEGAN)
}

impl Organisation {
    /// A conversation.
    pub(super) fn find(&mut self, id: &str) -> Result<&mut Conversation, Problem> {
        let found = self.conversations.iter_mut().find(|known| known.id == id);
        found.ok_or_else(|| Problem::not_found("conversation"))
    }

    /// A recording of a conversation.
    pub(super) fn find_recording(
        &mut self,
        conversation: &str,
        id: &str,
    ) -> Result<&mut ConversationRecording, Problem> {
        let recordings = &mut self.find(conversation)?.recordings;
        let found = recordings.iter_mut().find(|recording| recording.id == id);
        found.ok_or_else(|| Problem::not_found("recording"))
    }

    /// Lets time and readers change a recording, before it is shown.
    pub(super) fn come_up_to_date(
        &mut self,
        conversation: &str,
        id: &str,
        reads: u32,
    ) -> Result<(), Problem> {
        let now = self.now();
        let protected = self.find(conversation)?.protected;
        self.find_recording(conversation, id)?.come_up_to_date(now, reads, protected);
        Ok(())
    }

    /// An error if the client has none of these permissions.
    pub(super) fn need_any(&self, permissions: &[&str]) -> Result<(), Problem> {
        let has = |permission: &&str| !self.revoked.contains(*permission);
        if permissions.iter().any(has) { Ok(()) } else { Err(Problem::missing(permissions)) }
    }
}

/// Any of these lets a client read recordings.
pub(super) const VIEW: [&str; 4] = [
    "recording:recording:view",
    "recording:recordingSegment:view",
    "recording:snippetRecording:view",
    "recording:screenRecording:view",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_deleted_some_reads_after_its_date() {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let before = date - Duration::from_secs(1);
        let mut recording = ConversationRecording::new("r");
        recording.delete_date = Some(date);
        let mut read = |now, protected| {
            recording.come_up_to_date(now, 2, protected);
            recording.state == FileState::Deleted
        };
        assert_eq!([0; 4].map(|_| read(before, false)), [false; 4]);
        assert_eq!([0; 4].map(|_| read(date, true)), [false; 4], "it is protected");
        assert_eq!([0; 4].map(|_| read(date, false)), [false, false, true, true]);
    }
}
