//! Times of day of a transcript. Its phrases have two clocks: an offset, of which no document says what it
//! counts from, and the time of day, which pauses do not shift. To place it in a recording, only the second
//! counts.

use serde_json::{Map, Value};

use super::clock::ClockError;

/// By how much the clock of [`ByTimeOfDay`] begins before the first word, in milliseconds: room for the
/// padding of a window there.
const ROOM: i64 = 24 * 60 * 60 * 1000;

/// A transcript of which all times are times of day.
pub struct ByTimeOfDay {
    /// The transcript, as the platform writes them. It is what people said: never show it.
    pub bytes: Vec<u8>,
    /// What its clock counts from, in milliseconds since 1970. A day before its first word.
    pub zero: i64,
}

impl ByTimeOfDay {
    /// Reads a transcript and leaves out its offsets. Where a word has no time of day, it gets its offset
    /// after the start of the transcript.
    ///
    /// # Errors
    /// [`ClockError::Transcript`] when it is no transcript of the platform, or has no times.
    pub fn of(transcript: &[u8]) -> Result<Self, ClockError> {
        let mut root: Value =
            serde_json::from_slice(transcript).map_err(|_| ClockError::Transcript)?;
        let start = root.get("startTime").and_then(Value::as_i64);
        let list = root.get_mut("transcripts").and_then(Value::as_array_mut);
        let list = list.ok_or(ClockError::Transcript)?;
        let mut first = None;
        for one in list.iter_mut() {
            let start = one.get("startTime").and_then(Value::as_i64).or(start);
            for phrase in items(one, "phrases") {
                note_first(&mut first, time(phrase, start)?);
                for word in items(phrase, "words") {
                    note_first(&mut first, time(word, start)?);
                }
            }
        }
        let zero = first.and_then(|first| first.checked_sub(ROOM));
        let zero = zero.filter(|zero| *zero >= 0).ok_or(ClockError::Transcript)?;
        for one in list.iter_mut().filter_map(Value::as_object_mut) {
            one.insert("startTime".into(), zero.into());
        }
        let bytes = serde_json::to_vec(&root).map_err(|_| ClockError::Transcript)?;
        Ok(Self { bytes, zero })
    }
}

fn items<'a>(node: &'a mut Value, name: &str) -> &'a mut [Value] {
    node.get_mut(name).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

fn note_first(first: &mut Option<i64>, time: Option<i64>) {
    *first = [*first, time].into_iter().flatten().min();
}

/// Leaves only the time of day of a phrase or word, and returns it.
fn time(node: &mut Value, start: Option<i64>) -> Result<Option<i64>, ClockError> {
    let Some(node) = node.as_object_mut() else { return Ok(None) };
    let offset = taken(node, "offset").map(|offset| offset.get("milliseconds").cloned());
    let offset = offset.flatten().or(taken(node, "offsetMs"));
    let whole = |value: Value| value.as_i64().ok_or(ClockError::Transcript);
    let time = match (taken(node, "startTimeMs"), offset) {
        (Some(time), _) => whole(time)?,
        (None, Some(offset)) => {
            let start = start.ok_or(ClockError::Transcript)?;
            start.checked_add(whole(offset)?).ok_or(ClockError::Transcript)?
        }
        (None, None) => return Ok(None),
    };
    node.insert("startTimeMs".into(), time.into());
    Ok(Some(time))
}

fn taken(node: &mut Map<String, Value>, name: &str) -> Option<Value> {
    node.remove(name).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: &Value) -> Result<(Value, i64), ClockError> {
        let by_day = ByTimeOfDay::of(value.to_string().as_bytes())?;
        Ok((serde_json::from_slice(&by_day.bytes).unwrap(), by_day.zero))
    }

    #[test]
    fn offsets_give_way_to_times_of_day() {
        let transcript = |words: Value| {
            json!({ "startTime": 900_000_000, "transcripts": [
                { "startTime": 900_000_100, "phrases": [{ "startTimeMs": 900_000_500, "words": words }] },
            ]})
        };
        let (read, zero) = of(&transcript(json!([
            { "offset": { "milliseconds": 1 }, "startTimeMs": 900_000_700 },
            { "offset": { "milliseconds": 300 }, "startTimeMs": null },
            { "offsetMs": 200 },
            { "word": "without a time" },
        ])))
        .unwrap();
        assert_eq!(zero, 900_000_300 - ROOM);
        assert_eq!(read["transcripts"][0]["startTime"], zero);
        assert_eq!(
            read["transcripts"][0]["phrases"][0]["words"],
            json!([
                { "startTimeMs": 900_000_700 }, { "startTimeMs": 900_000_400 },
                { "startTimeMs": 900_000_300 }, { "word": "without a time" },
            ])
        );
        for wrong in [json!([{ "startTimeMs": "1" }]), json!([{ "startTimeMs": 1.5 }])] {
            assert_eq!(of(&transcript(wrong)), Err(ClockError::Transcript));
        }
    }

    #[test]
    fn what_has_no_times_is_refused() {
        for transcript in [
            json!({}),
            json!({ "transcripts": [] }),
            json!({ "transcripts": [{ "phrases": [{ "text": "a" }] }] }),
            json!({ "transcripts": [{ "phrases": [{ "offsetMs": 5 }] }] }),
            json!({ "transcripts": [{ "phrases": [{ "startTimeMs": 0 }] }] }),
        ] {
            assert_eq!(of(&transcript), Err(ClockError::Transcript), "{transcript}");
        }
    }
}
