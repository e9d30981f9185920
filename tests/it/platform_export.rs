//! `--layout export` as a person uses it: the folders of Genesys' export to a bucket, with the metadata beside
//! each copy.

use std::time::Duration;

use serde_json::{Value, json};

use crate::platform_cli::{World, file, world_with};
use crate::support::*;

const FOLDER: &str =
    "copies/sandbox-organisation/year=2026/month=01/day=01/hour=09/conversation_id=c";

/// A world in which the conversation began before the recording, in the hour before.
fn world(faults: &[&str]) -> World {
    world_with(faults, |conversation| {
        conversation.began -= Duration::from_millis(1);
        let recording = &mut conversation.recordings[1];
        recording.duration = Duration::from_secs(38);
    })
}

const ONE: [&str; 8] =
    ["--recording-id", "stereo", "-w", "10-15", "--to", "copies/", "--layout", "export"];

#[test]
fn a_copy_lies_where_an_export_puts_it_with_its_metadata_beside_it() {
    let world = world(&[]);
    let result = world.run(&[&ONE[..], &["--receipt", "papers/", "--json"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let copy = world.read(&format!("{FOLDER}/stereo.wav"));
    assert!(copy == file(&["-w", "10-15"]));
    let found: Value = serde_json::from_slice(&result.stdout).unwrap();
    assert_eq!(found["outputFile"], format!("{FOLDER}/stereo.wav"));
    let metadata = world.read(&format!("{FOLDER}/stereo.wav_metadata.json"));
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    let expected = json!({
        "recordingId": "stereo", "conversationId": "c", "mediaType": "Call", "mediaSubtype": "Trunk",
        "startTime": "2026-01-01T10:00:00.000Z", "endTime": "2026-01-01T10:00:38.000Z",
        "redacted": {
            "tool": concat!("sordino ", env!("CARGO_PKG_VERSION")), "keys": ["S"],
            "bytes": copy.len(), "container": "wave", "codec": "pcm_s16le", "sampleRate": 8000,
            "channels": 2, "durationMs": 38_000,
        },
    });
    assert_eq!(metadata, expected);
    // What the file is, as another command sees it.
    let path = world.folder.path(&format!("{FOLDER}/stereo.wav"));
    let info: Value = serde_json::from_str(&stdout(&sordino(&["info", "--json", &path]))).unwrap();
    for name in ["container", "codec", "channels"] {
        assert_eq!(info["input"][name], expected["redacted"][name], "{name}");
    }
    let receipt: Value = serde_json::from_slice(&world.read("papers/c/stereo.json")).unwrap();
    let steps = receipt["delivery"]["steps"].as_array().unwrap();
    let steps: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["layout", "layout", "locate", "fetch"]);
}

#[test]
fn each_key_of_each_recording_has_its_own_metadata() {
    let world = world(&[]);
    let args =
        ["-w", "10-15", "--same-windows", "--split", "--to", "copies/", "--layout", "export"];
    let result = world.run(&args);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    for (name, key) in [("two.0", "0"), ("two.1", "1"), ("stereo.S", "S")] {
        let copy = world.read(&format!("{FOLDER}/{name}.wav"));
        let metadata = world.read(&format!("{FOLDER}/{name}.wav_metadata.json"));
        let metadata: Value = serde_json::from_slice(&metadata).unwrap();
        assert_eq!(metadata["redacted"]["bytes"], copy.len());
        assert_eq!(metadata["redacted"]["keys"], json!([key]));
    }
    let again = world.run(&args);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("it exists already"), "{}", stderr(&again));
}

/// The conversation has names and numbers, which nobody asked for.
#[test]
fn nothing_personal_of_the_conversation_is_passed_on() {
    let world = world(&[]);
    let result = world.run(&[&ONE[..], &["--receipt", "papers/", "-v"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let files = [format!("{FOLDER}/stereo.wav_metadata.json"), "papers/c/stereo.json".into()];
    let mut texts: Vec<_> =
        files.iter().map(|name| String::from_utf8(world.read(name)).unwrap()).collect();
    texts.extend([stdout(&result), stderr(&result)]);
    for text in texts {
        for word in ["Jane", "Roe", "5550100", "Richard", "sandbox-user", "sandbox-agent"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn a_dry_run_asks_for_the_folder_and_writes_nothing() {
    let world = world(&[]);
    let result = world.run(&[&ONE[..], &["--dry-run", "--keep", "kept.wav", "-v"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let told = &FOLDER["copies/".len()..];
    assert!(stderr(&result).contains(&format!("in an export it lies in {told}")));
    assert_eq!(world.folder.names(), ["kept.wav"]);
}

#[test]
fn a_missing_permission_is_named_before_anything_is_fetched() {
    let world = world(&[]);
    world.sandbox.revoke("conversation:communication:view");
    let result = world.run(&ONE);
    assert_eq!(result.status.code(), Some(1));
    let part = "layout: the permission conversation:communication:view is missing";
    assert!(stderr(&result).contains(part), "{}", stderr(&result));
    assert_eq!(world.folder.names(), [""; 0]);
    let paths: Vec<_> = world.requests();
    assert_eq!(paths, ["GET /api/v2/organizations/me", "GET /api/v2/conversations/c"]);
}

#[test]
fn an_export_needs_a_folder() {
    let world = world(&[]);
    let base = ["--recording-id", "stereo", "-w", "10-15", "--layout", "export"];
    for (args, part) in [
        (
            &["--to", "out.wav"][..],
            "--layout export makes folders; give a folder, such as out.wav/",
        ),
        (&["--to", "-"], "--layout export makes folders, and stdout holds one"),
        (&["--to", "o/", "--receipt", "r.json"], "give a folder, such as r.json/"),
        (&["--to", "o/", "--layout", "none"], "export"),
    ] {
        let base = if args.contains(&"--layout") { &base[..4] } else { &base[..] };
        let result = world.run(&[base, args].concat());
        assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{args:?}: {}", stderr(&result));
    }
    assert_eq!((world.folder.names(), world.sandbox.ledger()), (vec![], vec![]));
}

/// The copy and its metadata come together or not at all.
#[test]
fn metadata_that_cannot_be_written_keeps_the_copy_back() {
    let world = world(&[]);
    let folder = world.folder.path(&format!("{FOLDER}/stereo.wav_metadata.json"));
    std::fs::create_dir_all(&folder).unwrap();
    let result = world.run(&ONE);
    assert_eq!(result.status.code(), Some(2), "{}", stderr(&result));
    assert!(!std::path::Path::new(&world.folder.path(&format!("{FOLDER}/stereo.wav"))).exists());
}
