//! What must hold for any bytes as the body of a job.

use sordino::batch::{Api, Planning};
use sordino::queue::{Order, Recording};

/// An order that stays what it is when it is written again; or an error that says nothing of the content.
pub fn order(bytes: &[u8]) {
    let body = String::from_utf8_lossy(bytes);
    let recordings = match Order::read(&body) {
        Ok(Order::Recordings(recordings)) => recordings,
        Ok(Order::Ignore(why)) => return assert!(!why.is_empty()),
        Err(error) => {
            // As many errors as there are kinds, whatever the body.
            return assert!(error.to_string().len() < 120);
        }
    };
    assert!(!recordings.is_empty());
    let out = Some("s3://out/".parse().expect("a place"));
    let planning = Planning {
        out,
        receipts: None,
        policy: "p".into(),
        api: Api::Platform,
        encoding: None,
        erases: true,
    };
    for recording in recordings {
        let own = Recording {
            trace: recording.trace.clone(),
            ..Recording::of_row(recording.row.clone())
        };
        assert_eq!(Order::read(&own.body()), Ok(Order::Recordings(vec![own])));
        if let Ok(planned) = recording.planned(&planning) {
            assert_eq!(planned.line, None);
            assert!(recording.row.has_windows());
        }
        assert!(!recording.row.shown().contains(char::is_control));
    }
}
