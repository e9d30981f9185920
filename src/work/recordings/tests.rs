use std::path::Path;

use super::*;
use crate::Policy;
use crate::batch::{Api, Done};
use crate::decode::DecodeOptions;
use crate::queue::Order;
use crate::receipt::Receipt;
use crate::store::{StoreConfig, Stores};

const SUFFIX: &str = ".windows.json";

/// A folder with `calls`, outputs in `clean`, receipts in `evidence`.
struct World {
    folder: tempfile::TempDir,
    recordings: Recordings,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(suffix: Option<&str>) -> Self {
        // Not one whose name begins with a point: what is hidden is ignored.
        let folder = tempfile::Builder::new().prefix("work").tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let policy = Policy::default().for_many();
        let place = |name: &str| Some(Place::Local(folder.path().join(name)));
        let planning = Planning {
            out: place("clean"),
            receipts: place("evidence"),
            policy: policy.sha256(),
            api: Api::Recordings,
            encoding: None,
            erases: false,
        };
        let places = Places {
            stores: Stores::new(StoreConfig::with_variables([])),
            policy,
            options: DecodeOptions::default(),
            overwrite: false,
            signer: None,
            runtime: runtime.handle().clone(),
        };
        let recordings = Recordings::new(places, planning, suffix.map(str::to_owned)).unwrap();
        let world = Self { folder, recordings, _runtime: runtime };
        for name in ["calls", "clean", "evidence"] {
            std::fs::create_dir(world.path(name)).unwrap();
        }
        world
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// What is done for a job with this body, of the one recording in it.
    fn does(&self, body: &str) -> Result<Step, Failure> {
        let Order::Recordings(all) = Order::read(body).unwrap() else { panic!("{body}") };
        let [recording] = &all[..] else { panic!("{body}") };
        self.recordings.redact(recording, 1, &Cancel::new())
    }

    /// What is done when this file is announced.
    fn announced(&self, name: &str) -> Result<Step, Failure> {
        let place = self.path(name).display().to_string();
        self.does(&serde_json::json!({ "sordino": 1, "in": place }).to_string())
    }

    fn receipt_of(&self, done: &Done) -> Receipt {
        let text = std::fs::read_to_string(done.receipt.as_ref().unwrap()).unwrap();
        Receipt::parse(&text).unwrap()
    }
}

fn call() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/call.wav");
    std::fs::read(path).unwrap()
}

fn message(result: Result<Step, Failure>) -> (FailureKind, String) {
    match result {
        Err(Failure::Failed { failed, .. }) => (failed.kind, failed.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recording_that_is_announced_gets_the_transcript_beside_it_or_waits() {
    let world = World::new(Some(SUFFIX));
    world.write("calls/a.wav", &call());
    assert_eq!(world.announced("calls/a.wav"), Ok(Step::NotYet));
    world.write("calls/a.windows.json", b"[[10, 15]]");
    let Ok(Step::Done(done)) = world.announced("calls/a.wav") else { panic!() };
    assert!(done.output.contains("/clean/") && done.output.ends_with("/calls/a.wav"), "{done:?}");
    assert_eq!(done.redacted_frames, 40_001);
    assert_eq!(world.receipt_of(&done).asked.trace, None);
    // Handed out twice, committed once.
    let receipt = std::fs::read(done.receipt.as_ref().unwrap()).unwrap();
    let Ok(Step::Done(again)) = world.announced("calls/a.wav") else { panic!() };
    assert_eq!((&again.sha256, &again.receipt_sha256), (&done.sha256, &done.receipt_sha256));
    assert_eq!(std::fs::read(done.receipt.as_ref().unwrap()).unwrap(), receipt);
    world.write("calls/a.wav.windows.json", b"[[10, 15]]");
    let (kind, why) = message(world.announced("calls/a.wav"));
    assert!(kind == FailureKind::Other && why.contains("has two transcripts"), "{kind:?} {why}");
}

#[test]
fn what_sordino_writes_or_does_not_know_is_ignored() {
    let world = World::new(Some(SUFFIX));
    for name in
        ["calls/a.windows.json", "clean/a.wav", "evidence/a.wav", "calls/.a.wav", "calls/a.txt"]
    {
        world.write(name, &call());
        assert!(matches!(world.announced(name), Ok(Step::Ignored(_))), "{name}");
    }
    world.write("calls/b.wav", &call());
    world.write("calls/b.windows.json", b"[[10, 15]]");
    let Ok(Step::Done(done)) = world.announced("calls/b.wav") else { panic!() };
    for written in [&done.output, done.receipt.as_ref().unwrap()] {
        let body = serde_json::json!({ "sordino": 1, "in": written }).to_string();
        assert!(matches!(world.does(&body), Ok(Step::Ignored(_))), "{written}");
    }
}

#[test]
fn a_job_of_sordinos_own_says_its_windows_and_its_trace_is_in_the_receipt() {
    let world = World::new(None);
    world.write("calls/a.wav", &call());
    let place = world.path("calls/a.wav").display().to_string();
    let job =
        |more: &str| format!(r#"{{"sordino":1,"in":"{place}","windows":"10-15","id":"7",{more}}}"#);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let body = job(&format!(r#""out":"x/a.wav","trace":"{trace}""#));
    let Ok(Step::Done(done)) = world.does(&body) else { panic!() };
    assert_eq!(done.output, world.path("clean/x/a.wav").display().to_string());
    let asked = world.receipt_of(&done).asked;
    assert_eq!((asked.trace.as_deref(), asked.id.as_deref()), (Some(trace), Some("7")));
    // Another trace is no other redaction.
    let other = body.replace("902b7-01", "902b8-01");
    let Ok(Step::Done(again)) = world.does(&other) else { panic!() };
    assert_eq!(again.receipt_sha256, done.receipt_sha256);
    let Ok(Step::NotYet) =
        world.does(&format!(r#"{{"sordino":1,"in":"{place}","windows":"no.json"}}"#))
    else {
        panic!()
    };
    let (kind, why) = message(world.announced("calls/a.wav"));
    assert!(kind == FailureKind::Refused && why.contains("--windows-suffix"), "{why}");
}

#[test]
fn who_writes_into_the_queue_does_not_say_where_outputs_go() {
    let world = World::new(None);
    world.write("calls/a.wav", &call());
    let place = world.path("calls/a.wav").display().to_string();
    for out in ["../a.wav", "/etc/a.wav", "s3://other/a.wav", "clean/../../a.wav"] {
        let body = format!(r#"{{"sordino":1,"in":"{place}","windows":"10-15","out":"{out}"}}"#);
        let (_, why) = message(world.does(&body));
        assert!(why.contains("leads out of --out"), "{out}: {why}");
    }
    let body = r#"{"sordino":1,"conversation":"c","recording":"r","windows":"10-15"}"#;
    assert!(message(world.does(body)).1.contains("are for `sordino batch`"));
}

#[test]
fn a_suffix_that_no_transcript_has_is_refused_at_once() {
    let world = World::new(None);
    let Recordings { places, planning, .. } = world.recordings;
    let new = |suffix: &str| Recordings::new(places.clone(), planning.clone(), Some(suffix.into()));
    assert!(matches!(new(".wav"), Err(PairingError::Suffix(_))));
    let nowhere = Planning { out: None, ..planning.clone() };
    assert!(matches!(Recordings::new(places.clone(), nowhere, None), Err(PairingError::NoOut)));
}

#[test]
fn the_id_in_logs_is_a_digest_of_the_place() {
    let Ok(Order::Recordings(all)) =
        Order::read(r#"{"sordino":1,"in":"s3://calls/+4930123.wav","windows":"1-2"}"#)
    else {
        panic!()
    };
    assert_eq!(job_id(&all[0]), &Digest::of(b"s3://calls/+4930123.wav").sha256[..16]);
}
