//! What the storage host serves: files of recordings, and transcripts.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::super::audio::Audio;
use super::super::presign::Presigned;
use super::super::routes::stream;
use super::super::state::Sandbox;
use super::error::StorageProblem;
use super::model::FileState;

pub(super) async fn media(
    _: Presigned,
    State(sandbox): State<Sandbox>,
    Path((conversation, id, key)): Path<(String, String, String)>,
) -> Response {
    let mut organisation = sandbox.lock();
    let recording = organisation.find_recording(&conversation, &id).ok();
    let recording = recording.filter(|recording| recording.state.has_media());
    let file = recording.and_then(|recording| {
        let (_, bytes) = recording.files.iter().find(|(name, _)| *name == key)?;
        Some((content_type(&recording.media, bytes), bytes.clone()))
    });
    match file {
        Some((kind, bytes)) => stream(Audio::Bytes(bytes), kind, sandbox.options.throttle),
        None => StorageProblem::of(404).into_response(),
    }
}

pub(super) async fn transcript(
    _: Presigned,
    State(sandbox): State<Sandbox>,
    Path((conversation, id)): Path<(String, String)>,
) -> Response {
    let mut organisation = sandbox.lock();
    let recording = organisation.find_recording(&conversation, &id).ok();
    let recording = recording.filter(|recording| recording.state != FileState::Deleted);
    let Some(bytes) = recording.and_then(|recording| recording.transcript.clone()) else {
        return StorageProblem::of(404).into_response();
    };
    stream(Audio::Bytes(bytes), "application/json", sandbox.options.throttle)
}

/// The content type of a file, by its first bytes and the media of its recording.
pub(super) fn content_type(media: &str, bytes: &[u8]) -> &'static str {
    match bytes {
        [b'R', b'I', b'F', b'F', ..] => "audio/wav",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [0x1A, 0x45, 0xDF, 0xA3, ..] if media == "audio" => "audio/webm",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "video/webm",
        [b'P', b'K', ..] => "application/zip",
        [b'I', b'D', b'3', ..] | [0xFF, 0xE0..=0xFF, ..] => "audio/mpeg",
        _ => "application/octet-stream",
    }
}
