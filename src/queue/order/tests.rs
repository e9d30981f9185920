use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::batch::{Api, Input, WindowsSpec};
use crate::store::Place;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn recordings(body: &Value) -> Vec<Recording> {
    match Order::read(&body.to_string()) {
        Ok(Order::Recordings(recordings)) => recordings,
        other => panic!("{other:?}"),
    }
}

fn refused(body: &Value) -> OrderError {
    Order::read(&body.to_string()).unwrap_err()
}

fn record(name: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
        "s3": {
            "bucket": { "name": "calls", "arn": "arn:aws:s3:::calls" },
            "object": { "key": key, "size": 44, "eTag": "abc", "versionId": "v1", "sequencer": "0" },
        },
    })
}

fn bridge(kind: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": kind, "source": "aws.s3", "region": "eu-central-1",
        "detail": {
            "bucket": { "name": "calls" },
            "object": { "key": key, "size": 44, "etag": "abc", "version-id": "v1" },
            "reason": "PutObject",
        },
    })
}

fn by_sns(message: &Value) -> Value {
    json!({ "Type": "Notification", "MessageId": "m", "Message": message.to_string() })
}

fn announced(key: &str) -> Recording {
    let place = Place::Object { scheme: "s3", bucket: "calls".into(), key: key.into() };
    Recording {
        row: ManifestRow::of_place(&place),
        is_announced: true,
        etag: Some("\"abc\"".into()),
        version_id: Some("v1".into()),
        bytes: Some(44),
        trace: None,
    }
}

#[test]
fn the_events_of_s3_are_read_however_they_come() {
    let two = json!({ "Records": [
        record("ObjectCreated:Put", "a+b/100%25%C3%A4.wav"),
        record("ObjectRemoved:Delete", "gone.wav"),
        record("s3:ObjectCreated:CompleteMultipartUpload", "c%2Bd.wav"),
    ] });
    let read = vec![announced("a b/100%ä.wav"), announced("c+d.wav")];
    assert_eq!(recordings(&two), read);
    assert_eq!(recordings(&by_sns(&two)), read);
    // EventBridge encodes nothing.
    let one = bridge("Object Created", "a+b/100%25.wav");
    assert_eq!(recordings(&one), [announced("a+b/100%25.wav")]);
    assert_eq!(recordings(&by_sns(&one)), [announced("a+b/100%25.wav")]);
}

#[test]
fn what_asks_for_nothing_is_ignored() {
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "calls" });
    for body in [
        test.clone(),
        by_sns(&test),
        json!({ "Records": [record("ObjectRemoved:Delete", "gone.wav")] }),
        json!({ "Records": [record("ObjectCreated:Put", "folder/")] }),
        json!({ "Records": [] }),
        bridge("Object Deleted", "gone.wav"),
        bridge("Object Created", "folder/"),
        json!({ "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2" }),
        json!({ "Type": "SubscriptionConfirmation", "Token": "t", "Message": "You have chosen" }),
    ] {
        let order = Order::read(&body.to_string());
        assert!(matches!(order, Ok(Order::Ignore(_))), "{body}: {order:?}");
    }
}

#[test]
fn an_event_that_lacks_something_is_no_order() {
    let without = |path: &str| {
        let mut record = record("ObjectCreated:Put", "a.wav");
        *record.pointer_mut(path).unwrap() = Value::Null;
        refused(&json!({ "Records": [record] }))
    };
    assert_eq!(without("/eventName"), OrderError::Event("eventName"));
    assert_eq!(without("/s3/bucket/name"), OrderError::Event("name"));
    assert_eq!(without("/s3/object/key"), OrderError::Event("key"));
    for key in ["%", "%4", "%+4", "%zz.wav", "%ff.wav", "a%0A.wav"] {
        let body = json!({ "Records": [record("ObjectCreated:Put", key)] });
        assert_eq!(refused(&body), OrderError::Event("key"), "{key}");
    }
    let wrapped_twice = by_sns(&by_sns(&json!({ "Records": [] })));
    assert_eq!(refused(&wrapped_twice), OrderError::Unknown);
    assert_eq!(refused(&json!({ "Type": "Notification" })), OrderError::Event("Message"));
    assert_eq!(refused(&json!({ "in": "a.wav" })), OrderError::Unknown);
    for body in ["", "[]", "7", "a.wav", "{", "\u{0}"] {
        assert_eq!(Order::read(body), Err(OrderError::NotJson), "{body}");
    }
}

#[test]
fn a_job_of_our_own_is_a_row_of_a_manifest() {
    let body = json!({
        "sordino": 1, "in": "s3://calls/a.wav", "out": "", "windows": ["10-15", "30-35@1"],
        "treatment": "silence", "id": 7, "trace": TRACE,
    });
    let [recording] = &recordings(&body)[..] else { panic!("one") };
    assert_eq!(recording.trace.as_deref(), Some(TRACE));
    let out = Some("s3://clean/".parse().unwrap());
    let planning = Planning {
        out,
        receipts: None,
        policy: "p".into(),
        api: Api::Recordings,
        encoding: None,
        erases: false,
    };
    let planned = recording.planned(&planning).unwrap();
    assert_eq!((planned.line, planned.id.as_deref()), (None, Some("7")));
    assert_eq!(planned.spec.output, "s3://clean/a.wav");
    let windows = ["10-15", "30-35@1"].map(str::to_owned).to_vec();
    assert_eq!(planned.spec.windows, WindowsSpec::Inline(windows));
    let place = "s3://calls/a.wav".to_owned();
    assert_eq!(planned.spec.input, Input::Place { place, version: None });
    // What S3 announces has no windows of its own.
    let event = json!({ "Records": [record("ObjectCreated:Put", "x/a+b.wav")] });
    let recording = recordings(&event).remove(0);
    assert!(recording.planned(&planning).unwrap_err().contains("`windows` is missing"));
    let windows: Place = "s3://calls/x/a b.json".parse().unwrap();
    let recording = Recording { row: recording.row.with_windows(&windows), ..recording };
    let planned = recording.planned(&planning).unwrap();
    assert_eq!(planned.spec.windows, WindowsSpec::Place("s3://calls/x/a b.json".into()));
    assert_eq!(planned.spec.output, "s3://clean/x/a b.wav");
}

#[test]
fn a_job_of_our_own_that_is_wrong_is_no_order_and_its_content_is_in_no_error() {
    for (body, error) in [
        (json!({ "sordino": 2, "in": "s3cret" }), OrderError::Version),
        (json!({ "sordino": "1", "in": "s3cret" }), OrderError::Row),
        (json!({ "sordino": 0 }), OrderError::Row),
        (json!({ "sordino": 1, "s3cret": "a.wav" }), OrderError::Row),
        (json!({ "sordino": 1, "in": { "s3cret": 1 } }), OrderError::Row),
        (json!({ "sordino": 1, "in": "a", "trace": "s3cret" }), OrderError::Trace),
        (
            json!({ "sordino": 1, "in": "a", "trace": TRACE.replace("00-", "01-") }),
            OrderError::Trace,
        ),
        (json!({ "sordino": 1, "in": "a", "trace": TRACE.to_uppercase() }), OrderError::Trace),
        (json!({ "s3cret": 1 }), OrderError::Unknown),
    ] {
        let met = refused(&body);
        assert_eq!(met, error, "{body}");
        assert!(!met.to_string().contains("s3cret"));
    }
}

/// As AWS encodes the key of a notification.
fn encoded(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[test]
fn a_body_that_no_engine_need_take_back_is_no_order() {
    let body = |length: usize| {
        let head = r#"{"sordino":1,"in":"a.wav","windows":"1-2","id":""#;
        format!("{head}{}\"}}", "x".repeat(length - head.len() - 2))
    };
    assert!(Order::read(&body(LONGEST_BODY)).is_ok());
    assert_eq!(Order::read(&body(LONGEST_BODY + 1)), Err(OrderError::TooLong));
}

proptest! {
    #[test]
    fn any_key_comes_through(key in "[^\\pC]{0,12}[^\\pC/]") {
        let event = json!({ "Records": [record("ObjectCreated:Put", &encoded(&key))] });
        prop_assert_eq!(recordings(&event), vec![announced(&key)]);
        let event = by_sns(&bridge("Object Created", &key));
        prop_assert_eq!(recordings(&event), vec![announced(&key)]);
    }

    #[test]
    fn what_is_pushed_is_what_is_read(
        cells in prop::collection::btree_map(
            prop::sample::select(vec![
                "in", "out", "windows", "treatment", "id", "conversation", "recording", "api", "delete",
            ]),
            "\\PC{1,9}",
            0..9,
        ),
        traced: bool,
    ) {
        let row = ManifestRow::of_value(json!(cells)).unwrap();
        let trace = traced.then(|| TRACE.to_owned());
        let pushed = Recording { trace, ..Recording::of_row(row) };
        prop_assert_eq!(Order::read(&pushed.body()), Ok(Order::Recordings(vec![pushed])));
    }

    #[test]
    fn any_text_is_read_or_refused(body in "\\PC{0,40}") {
        let _ = Order::read(&body);
    }
}
