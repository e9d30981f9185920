//! `sordino recording --api platform --windows genesys:` as a person uses it: the windows come from the
//! transcript of each recording, and its secure pauses say where they are in the file.

use std::process::Output;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use sordino::digest::Digest;
use sordino::sandbox::{Conversation, ConversationRecording};

use crate::platform_cli::{World, file, world_with};
use crate::support::*;

/// Where the secure pause was cut out of the file, and how long it was, in milliseconds.
const CUT: (u64, u64) = (26_000, 8139);

/// The passages of the call that the platform has masked, by the position in the file.
const MARKS: [(u64, u64, &str); 2] = [(10_000, 15_000, "[card number]"), (30_500, 35_200, "[cvv]")];

/// The same passages as windows, and how to mute them.
/// What is marked at 10-15 and 30.5-35.2, with the margin of 0.5 s.
const BY_HAND: [&str; 5] = ["-w", "9.5-15.5", "-w", "30-35.7", "--silence"];

const GENESYS: [&str; 5] = ["--windows", "genesys:", "--pad", "0", "--silence"];

/// A transcript that begins 5 s before its recording. Its offsets count from nowhere in particular.
fn transcript(recording: &ConversationRecording, words: &[(u64, u64, &str)], pause: u64) -> Value {
    let began = recording.began.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let phrases = words.iter().map(|(start, end, word)| {
        let paused = if *start >= CUT.0 { pause } else { 0 };
        let said = json!({
            "word": word, "startTimeMs": began + start + paused,
            "offset": { "milliseconds": start / 2 }, "duration": { "milliseconds": end - start },
        });
        let mut phrase = said.clone();
        phrase["participantPurpose"] = "external".into();
        phrase["text"] = (*word).into();
        phrase["words"] = json!([said]);
        phrase
    });
    let phrases: Vec<_> = phrases.collect();
    json!({
        "communicationId": recording.session, "startTime": began - 5000,
        "transcripts": [{ "startTime": began - 5000, "phrases": phrases }],
    })
}

/// A secure pause of which the file holds nothing.
fn secure_pause(place_in_file: u64) -> Value {
    json!({
        "id": "p", "type": "Pause", "reason": "SecurePause", "durationMs": CUT.1,
        "realtimeLocation": CUT.0, "recordingLocation": place_in_file, "recordingDurationMs": 0,
    })
}

/// The recording with a transcript of these words, and with the pause.
fn paused(recording: &mut ConversationRecording, words: &[(u64, u64, &str)]) {
    recording.duration = Duration::from_millis(38_000 + CUT.1);
    recording.annotations = vec![secure_pause(CUT.0)];
    recording.transcript = Some(transcript(recording, words, CUT.1).to_string().into());
}

fn of<'a>(conversation: &'a mut Conversation, id: &str) -> &'a mut ConversationRecording {
    conversation.recordings.iter_mut().find(|recording| recording.id == id).unwrap()
}

/// A world in which `stereo` has the pause and the transcript, and was then changed.
fn world(change: impl FnOnce(&mut ConversationRecording)) -> World {
    world_with(&[], |conversation| {
        let stereo = of(conversation, "stereo");
        paused(stereo, &MARKS);
        change(stereo);
    })
}

fn run(world: &World, args: &[&str]) -> Output {
    world.run(&[&["--recording-id", "stereo", "--to", "out.wav"], args].concat())
}

/// Runs, and expects that nothing is written.
fn refused(world: &World, args: &[&str], code: i32, part: &str) {
    let result = run(world, args);
    let told = stderr(&result);
    assert_eq!(result.status.code(), Some(code), "{told}");
    assert!(told.contains(part), "{told}");
    assert_eq!(world.folder.names(), [""; 0]);
}

#[test]
fn what_follows_a_secure_pause_is_muted_where_it_is_in_the_file() {
    let world = world(|_| {});
    let result = run(&world, &[&GENESYS[..], &["--receipt", "r.json"]].concat());
    let told = stderr(&result);
    assert_eq!(result.status.code(), Some(0), "{told}");
    assert!(world.read("out.wav") == file(&BY_HAND), "{told}");
    assert!(told.contains("2 of 2 marks placed, 2 windows"), "{told}");
    assert!(told.contains("1 pause cut out of the file, margin 500 ms"), "{told}");
    let receipt = String::from_utf8(world.read("r.json")).unwrap();
    assert_eq!(crate::receipt::shape_errors(&receipt), [""; 0]);
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    let source = &receipt["asked"]["source"];
    let bytes = world.recording("stereo").transcript.unwrap();
    assert_eq!(source["format"], "genesys-transcript");
    assert_eq!(source["sha256"], Digest::of(&bytes).sha256);
    assert_eq!(source["marks"], json!({ "found": 2, "placed": 2 }));
    let steps = receipt["delivery"]["steps"].as_array().unwrap();
    let steps: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["locate", "transcript", "transcript", "fetch"]);
}

#[test]
fn what_is_in_doubt_and_what_is_asked_for_is_muted_too() {
    let doubtful = world(|stereo| stereo.annotations = vec![secure_pause(CUT.0 - 400)]);
    let result = run(&doubtful, &[&GENESYS[..], &["-w", "20-21"]].concat());
    let told = stderr(&result);
    assert_eq!(result.status.code(), Some(0), "{told}");
    assert!(told.contains("margin 900 ms"), "{told}");
    let widened = ["-w", "9.1-15.9", "-w", "20-21", "-w", "29.6-36.1", "--silence"];
    assert!(doubtful.read("out.wav") == file(&widened));
    // Options of transcripts count, and the padding of the format.
    let some = world(|_| {});
    let result = run(&some, &["--windows", "genesys:", "--only", "cvv", "--silence"]);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(some.read("out.wav") == file(&["-w", "29.75-35.95", "--silence"]));
}

#[test]
fn a_passage_in_a_cut_is_the_point_of_the_cut() {
    // 2 s after the beginning of the pause.
    let world = world(|stereo| {
        let mut inside = transcript(stereo, &[(CUT.0 - 1, CUT.0 + 1000, "[card number]")], 0);
        let word = &mut inside["transcripts"][0]["phrases"][0]["words"][0]["startTimeMs"];
        *word = (word.as_u64().unwrap() + 2001).into();
        stereo.transcript = Some(inside.to_string().into());
    });
    let result = run(&world, &["--windows", "genesys:", "--pad", "0.5", "--silence"]);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(world.read("out.wav") == file(&["-w", "25-27", "--silence"]));
}

#[test]
fn each_recording_of_a_conversation_has_its_own_windows() {
    let world = world_with(&[], |conversation| {
        paused(of(conversation, "stereo"), &MARKS);
        let two = of(conversation, "two");
        two.duration = Duration::from_secs(38);
        two.transcript = Some(transcript(two, &[(20_000, 21_000, "[name]")], 0).to_string().into());
    });
    let result = world.run(&[&GENESYS[..], &["--to", "copies/"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(world.read("copies/c/stereo.wav") == file(&BY_HAND));
    assert!(world.read("copies/c/two.wav") == file(&["-w", "19.5-21.5", "--silence"]));
    // The times of `-w` would be the same for both.
    let both = [&GENESYS[..], &["-w", "1-2", "--to", "more/"]].concat();
    let result = world.run(&both);
    assert_eq!(result.status.code(), Some(2));
    assert!(stderr(&result).contains("each with its own times"), "{}", stderr(&result));
    let result = world.run(&[&both[..], &["--same-windows"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
}

#[test]
fn clocks_that_do_not_fit_deliver_nothing() {
    let by_hand = "the clocks do not fit";
    type Change = fn(&mut ConversationRecording);
    let changes: [(Change, &str); 7] = [
        // The file lacks what no annotation tells of.
        (|stereo| stereo.annotations.clear(), "lies 5339 ms outside the recording"),
        (
            |stereo| {
                paused(stereo, &MARKS[..1]);
                stereo.annotations.clear();
            },
            "it should last 46139 ms",
        ),
        // The pause is told of, and the file does not lack it.
        (
            |stereo| {
                paused(stereo, &MARKS[..1]);
                stereo.duration = Duration::from_secs(38);
            },
            "it should last 29861 ms",
        ),
        (|stereo| stereo.annotations = vec![secure_pause(CUT.0 + 2001)], "differ by 2001 ms"),
        (
            |stereo| stereo.annotations.push(json!({ "type": "Hold", "realtimeLocation": 1 })),
            "lacks its place in the file",
        ),
        // Of the same conversation, before and after the recording.
        (|stereo| stereo.began += Duration::from_secs(12), "lies 2000 ms outside the recording"),
        (|stereo| stereo.began -= Duration::from_secs(12), "outside the recording"),
    ];
    for (change, part) in changes {
        let world = world(change);
        refused(&world, &GENESYS, 1, part);
        refused(&world, &GENESYS, 1, by_hand);
        refused(&world, &GENESYS, 1, "give the windows by hand");
    }
}

#[test]
fn an_expired_link_of_a_transcript_is_replaced_once() {
    let world = world(|_| {});
    world.sandbox.inject("transcript=expiredx2".parse().unwrap());
    refused(&world, &GENESYS, 1, "recording stereo: reading its transcript: transcript: ");
    world.sandbox.inject("transcript=expired".parse().unwrap());
    let result = run(&world, &GENESYS);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(world.read("out.wav") == file(&BY_HAND));
}

#[test]
fn no_transcript_and_no_permission_are_named() {
    refused(&world(|stereo| stereo.transcript = None), &GENESYS, 1, "Genesys has no transcript");
    let broken = world(|stereo| stereo.transcript = Some("{\"transcripts\": [".into()));
    refused(&broken, &GENESYS, 1, "recording stereo: reading its transcript");
    let world = world(|_| {});
    world.sandbox.revoke("recording:recording:view");
    world.sandbox.revoke("recording:recordingSegment:view");
    refused(&world, &GENESYS, 1, "the permission recording:recording:view or ");
}

#[test]
fn nothing_found_is_a_wrong_call_unless_it_is_allowed() {
    let world = world(|stereo| paused(stereo, &[(10_000, 11_000, "hello")]));
    let find = [&GENESYS[..], &["--find", "card"]].concat();
    refused(&world, &find, 2, "nothing to redact");
    refused(&world, &GENESYS, 2, "nothing is marked");
    let result = run(&world, &[&find[..], &["--if-none", "copy"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(samples_16(&world.read("out.wav")) == samples_16(&fixture_bytes("call.wav")));
}

/// A copy of it would be unredacted, and an upload is not taken back.
#[test]
fn nothing_found_and_a_deletion_deliver_nothing() {
    let world = world(|stereo| paused(stereo, &[(10_000, 11_000, "hello")]));
    let delete =
        ["--find", "card", "--if-none", "copy", "--delete-original", "2099-12-31", "--yes"];
    let words = [&GENESYS[..], &delete].concat();
    refused(&world, &words, 1, "nothing was muted in its copy");
    let requests = world.requests();
    assert!(!requests.iter().any(|request| request.contains("/media/")), "{requests:?}");
    assert_eq!(world.recording("stereo").delete_date, None);
}

#[test]
fn the_word_is_for_the_platform_api_only() {
    let world = world(|_| {});
    let out = world.folder.path("out.wav");
    for args in [
        &["file", CALL, "--windows", "genesys:", "-o", &out][..],
        &["verify", CALL, CALL, "--windows", "genesys:"],
        &["windows", "genesys:"],
        &["recording", "--windows", "genesys:"],
    ] {
        let result = sordino(args);
        assert_eq!(result.status.code(), Some(2), "{args:?}");
        let told = stderr(&result);
        assert!(told.contains("it is for `sordino recording --api platform`"), "{told}");
    }
    for option in
        [&["--unit", "s"][..], &["--windows-format", "list"], &["--redacted-transcript", "t.json"]]
    {
        refused(&world, &[&GENESYS[..], option].concat(), 2, &format!("reading {}", option[0]));
    }
    assert!(world.requests().is_empty());
}
