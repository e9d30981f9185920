//! What S3 says when an object was created: to a queue itself, by EventBridge, or by SNS around either.

use serde_json::{Map, Value};

use super::super::percent_decoded;
use super::{Order, OrderError, Recording};
use crate::batch::ManifestRow;
use crate::store::Place;

type Object = Map<String, Value>;

pub(super) fn read(object: &Object) -> Result<Order, OrderError> {
    match object.get("Type").and_then(Value::as_str) {
        Some("Notification") => {
            let inner = object.get("Message").and_then(Value::as_str);
            match inner.map(serde_json::from_str) {
                Some(Ok(Value::Object(inner))) => event(&inner),
                _ => Err(OrderError::Event("Message")),
            }
        }
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
            Ok(Order::Ignore("a subscription of SNS"))
        }
        _ => event(object),
    }
}

fn event(object: &Object) -> Result<Order, OrderError> {
    if object.get("Event").is_some_and(|event| event == "s3:TestEvent") {
        return Ok(Order::Ignore("a test event of S3"));
    }
    if let Some(kind) = object.get("detail-type") {
        let is_s3 = object.get("source").is_some_and(|source| source == "aws.s3");
        return if is_s3 && kind == "Object Created" { bridged(object) } else { Ok(OTHER) };
    }
    let records = object.get("Records").ok_or(OrderError::Unknown)?;
    let records = records.as_array().ok_or(OrderError::Event("Records"))?;
    let recordings = records.iter().map(record).filter_map(Result::transpose);
    Ok(order(recordings.collect::<Result<_, _>>()?))
}

/// Of removed objects, changed tags and the like.
const OTHER: Order = Order::Ignore("an event of another kind");

fn order(recordings: Vec<Recording>) -> Order {
    if recordings.is_empty() { OTHER } else { Order::Recordings(recordings) }
}

/// A record of a notification; none if no object was created.
fn record(record: &Value) -> Result<Option<Recording>, OrderError> {
    let name = text(&record["eventName"], "eventName")?;
    let is_s3 = record["eventSource"].as_str().is_none_or(|source| source == "aws:s3");
    // AWS writes no prefix; others that speak S3 write `s3:`.
    let created = name.strip_prefix("s3:").unwrap_or(name).starts_with("ObjectCreated:");
    if !is_s3 || !created {
        return Ok(None);
    }
    let (bucket, object) = (&record["s3"]["bucket"], &record["s3"]["object"]);
    // As in a form: `+` is a space.
    let key = text(&object["key"], "key")?.replace('+', " ");
    let key = percent_decoded(&key).ok_or(OrderError::Event("key"))?;
    let tags = [&object["eTag"], &object["versionId"]];
    recording(text(&bucket["name"], "name")?, key, tags, &object["size"])
}

/// The event of EventBridge. Its key is not encoded.
fn bridged(event: &Object) -> Result<Order, OrderError> {
    let detail = event.get("detail").ok_or(OrderError::Event("detail"))?;
    let (bucket, object) = (&detail["bucket"], &detail["object"]);
    let key = text(&object["key"], "key")?.to_owned();
    let tags = [&object["etag"], &object["version-id"]];
    let recording = recording(text(&bucket["name"], "name")?, key, tags, &object["size"])?;
    Ok(order(recording.into_iter().collect()))
}

/// The object; none if it only marks a folder.
fn recording(
    bucket: &str,
    key: String,
    [etag, version_id]: [&Value; 2],
    bytes: &Value,
) -> Result<Option<Recording>, OrderError> {
    if key.contains(char::is_control) {
        return Err(OrderError::Event("key"));
    }
    if bucket.contains(|c: char| c == '/' || c.is_control()) {
        return Err(OrderError::Event("name"));
    }
    if key.ends_with('/') {
        return Ok(None);
    }
    let place = Place::Object { scheme: "s3", bucket: bucket.to_owned(), key };
    let owned = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Some(Recording {
        is_announced: true,
        // The store has quotes around it, the event none.
        etag: owned(etag).map(|etag| format!("\"{}\"", etag.trim_matches('"'))),
        version_id: owned(version_id),
        bytes: bytes.as_u64(),
        ..Recording::of_row(ManifestRow::of_place(&place))
    }))
}

fn text<'a>(value: &'a Value, field: &'static str) -> Result<&'a str, OrderError> {
    value.as_str().filter(|text| !text.is_empty()).ok_or(OrderError::Event(field))
}
