//! A recording as JSON: as a whole, and as metadata.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::super::fault::FaultKind;
use super::super::state::Organisation;
use super::model::ConversationRecording;
use super::time::iso;

/// What transcoding takes, if no fault says another time.
pub(super) const TRANSCODING_MS: u64 = 1500;

/// What the API shows of a recording with every call.
pub(super) fn common(conversation: &str, recording: &ConversationRecording) -> Map<String, Value> {
    let end = recording.began + recording.duration;
    let mut view = object(json!({
        "id": recording.id,
        "conversationId": conversation,
        "startTime": iso(recording.began),
        "endTime": iso(end),
        "media": recording.media,
        "annotations": recording.annotations,
        "fileState": recording.state.name(),
        "maxAllowedRestorationsForOrg": 100,
        "remainingRestorationsAllowedForOrg": 100,
        "sessionId": recording.session,
        "selfUri": format!("/api/v2/conversations/{conversation}/recordings/{}", recording.id),
        "aFieldThatNoClientKnows": { "value": [1, null] },
    }));
    if !recording.subtype.is_empty() {
        view.insert("mediaSubtype".into(), recording.subtype.clone().into());
    }
    for (name, date) in [
        ("archiveDate", recording.archive_date),
        ("deleteDate", recording.delete_date),
        ("exportDate", recording.export_date),
        ("exportedDate", recording.exported_date),
    ] {
        date.map(|date: SystemTime| view.insert(name.into(), iso(date).into()));
    }
    view
}

/// A whole recording without media.
pub(super) fn whole(conversation: &str, recording: &ConversationRecording) -> Map<String, Value> {
    let mut view = common(conversation, recording);
    view.extend(object(json!({
        "path": "",
        "users": [],
        "outputDurationMs": millis(recording.duration),
        // The real API writes 0 where it does not know.
        "outputSizeInBytes": 0,
        "recordingFileRole": "CUSTOMER_EXPERIENCE",
        "creationTime": iso(recording.began),
        "associatedConversationIds": [],
    })));
    view
}

/// Presigned URLs for the files of a recording, by their key.
pub(super) fn media_uris(
    organisation: &mut Organisation,
    conversation: &str,
    recording: &ConversationRecording,
    lifetime: Duration,
    refused: bool,
) -> Vec<(String, String)> {
    let sign = |(key, _): &(String, _)| {
        let path = format!("media/{conversation}/{}/{key}", recording.id);
        (key.clone(), organisation.presign_like_cloudfront(path, lifetime, refused))
    };
    recording.files.iter().map(sign).collect()
}

/// A list of recordings as a fault leaves it.
pub(super) fn with_fault(
    mut list: Vec<Map<String, Value>>,
    fault: Option<&FaultKind>,
) -> Vec<Map<String, Value>> {
    match fault {
        Some(FaultKind::ShortList) => drop(list.pop()),
        Some(FaultKind::DoubleList) => list.extend(list.first().cloned()),
        _ => {}
    }
    list
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
