//! sordino's own jobs: `{"sordino":1,"in":"s3://calls/a.wav","windows":"10-15"}`, the keys of a manifest in JSON
//! Lines besides.

use serde_json::{Map, Value};

use super::{Order, OrderError, Recording};
use crate::batch::ManifestRow;

/// The version of this form.
const VERSION: u64 = 1;

pub(super) fn read(mut object: Map<String, Value>) -> Result<Order, OrderError> {
    match object.remove("sordino") {
        Some(version) if version == VERSION => {}
        Some(version) if version.as_u64() > Some(VERSION) => return Err(OrderError::Version),
        _ => return Err(OrderError::Row),
    }
    let trace = match object.remove("trace") {
        None => None,
        Some(Value::String(trace)) if is_traceparent(&trace) => Some(trace),
        Some(_) => return Err(OrderError::Trace),
    };
    let row = ManifestRow::of_value(Value::Object(object)).ok_or(OrderError::Row)?;
    Ok(Order::Recordings(vec![Recording { trace, ..Recording::of_row(row) }]))
}

pub(super) fn write(recording: &Recording) -> String {
    let mut object = Map::new();
    object.insert("sordino".to_owned(), VERSION.into());
    object.extend(recording.row.values());
    object.extend(recording.trace.clone().map(|trace| ("trace".to_owned(), trace.into())));
    Value::Object(object).to_string()
}

/// Whether a text is `00-TRACE-SPAN-FLAGS`, in lower-case hex, with ids that are not zero.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, length| is_hex(part, length) && part.bytes().any(|b| b != b'0');
    matches!(parts[..], ["00", trace, span, flags]
        if is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2))
}
