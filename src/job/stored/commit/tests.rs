//! Receipts that meet others in their place.

use std::path::Path;
use std::sync::Arc;

use super::super::{Stored, StoredError, StoredJob, store};
use super::*;
use crate::receipt::{OriginalEntry, TranscriptState};
use crate::store::StoreConfig;
use crate::treatment::Treatment;
use crate::window::{Window, Windows};

fn stores() -> Stores {
    Stores::new(StoreConfig::with_variables([]))
}

/// A job from the fixtures into this folder; its receipt names this id.
fn job(folder: &Path, id: &'static str, label: Option<&str>) -> StoredJob {
    let input = Place::Local(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/call.wav").into());
    let output = Place::Local(folder.join("call.wav"));
    let mut window = Window::from_seconds(10.0, 15.0).unwrap();
    if let Some(label) = label {
        window = window.labelled(label);
    }
    let windows = Windows::new([window]).unwrap();
    StoredJob {
        receipt: Some(Place::Local(folder.join("call.wav.receipt.json"))),
        key: Some("0123456789abcdef".into()),
        complete: Some(Arc::new(move |receipt: Receipt| receipt.with_id(id))),
        ..StoredJob::new(input, output, windows, Treatment::silence())
    }
}

fn run(job: &StoredJob) -> Result<Stored, StoredError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(store(&stores(), job, |_| Ok(())))
}

#[test]
fn a_receipt_that_states_something_else_is_never_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(&job(folder.path(), "1", None)).unwrap();
    assert_eq!(run(&job(folder.path(), "1", None)).unwrap().receipt, first.receipt);
    // The same audio in both cases.
    for other in [job(folder.path(), "2", None), job(folder.path(), "1", Some("card"))] {
        let error = run(&other).unwrap_err();
        assert!(matches!(error, StoredError::Store(Error::OtherReceipt { .. })), "{error:?}");
        assert!(error.to_string().contains("move that one away"), "{error}");
    }
}

#[test]
fn with_force_the_other_receipt_stays_and_ours_is_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    run(&job(folder.path(), "1", None)).unwrap();
    let name = |ending: &str| folder.path().join(format!("call.wav{ending}.receipt.json"));
    let before = std::fs::read(name("")).unwrap();
    for (id, ending) in
        [("2", ".0123456789ab"), ("3", ".0123456789ab-2"), ("2", ".0123456789ab"), ("1", "")]
    {
        let forced = StoredJob { overwrite: true, ..job(folder.path(), id, None) };
        let stored = run(&forced).unwrap();
        assert_eq!(stored.receipt_place, Some(Place::Local(name(ending))), "{id}");
        let there = std::fs::read(name(ending)).unwrap();
        assert_eq!(stored.receipt_sha256, Some(Digest::of(&there).sha256), "{id}");
    }
    assert!(before == std::fs::read(name("")).unwrap());
}

#[test]
fn only_what_is_said_of_the_making_may_differ() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(&job(folder.path(), "1", None)).unwrap().receipt;
    let mut later = made.clone();
    later.made = "2030-01-01T00:00:00.000Z".into();
    later.tool.version = "9.9.9".into();
    let later = later.with_trace("00-1-2-01");
    assert!(is_same(&later, &made));
    let original = |state, transcript| {
        let mut receipt = made.clone();
        let delivery = receipt.delivery.get_or_insert_default();
        delivery.recording_id = Some("r".into());
        delivery.original = Some(OriginalEntry { state, delete_date: None, transcript });
        receipt
    };
    let kept = original(OriginalState::Kept, TranscriptState::Kept);
    let deleted = original(OriginalState::Deleted, TranscriptState::Unknown);
    assert!(essence(&kept) == essence(&kept) && essence(&kept) != essence(&deleted));
    // Only in this direction, and only if it was to be deleted.
    let mut set = original(OriginalState::DeletionSet, TranscriptState::Unknown);
    set.delivery.as_mut().unwrap().original.as_mut().unwrap().delete_date =
        Some("2030-12-31T00:00:00.000Z".into());
    assert!(is_same(&set, &deleted) && !is_same(&deleted, &set) && !is_same(&kept, &deleted));
    let mut tagged = kept.clone();
    tagged.delivery.as_mut().unwrap().etag = Some("tag".into());
    assert!(essence(&tagged) == essence(&kept));
}

#[test]
fn a_name_keeps_its_folder_and_ending() {
    for (place, key, number, expected) in [
        (
            "s3://b/e/a.wav.receipt.json",
            "0123456789abcdef",
            1,
            "s3://b/e/a.wav.0123456789ab.receipt.json",
        ),
        ("e/a.json", "key", 2, "e/a.json.key-2.receipt.json"),
        ("e/a.json", "key", 0, "e/a.json"),
    ] {
        let place = beside(&place.parse().unwrap(), key, number);
        assert_eq!(place, expected.parse().unwrap());
    }
}
