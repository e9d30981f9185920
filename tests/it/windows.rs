//! `sordino windows`, and windows from transcripts on the way to a redaction.

use serde_json::Value;

use crate::support::*;

/// A call in Deepgram's layout, read aloud on two channels: a card number and a security code.
const MARKED: &str = "transcripts/deepgram.multichannel.redact.json";
const UNMARKED: &str = "transcripts/openai-whisper.words.json";

fn path(name: &str) -> String {
    fixture(name).to_str().unwrap().to_owned()
}

fn json(args: &[&str]) -> Value {
    let result = sordino(args);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    serde_json::from_str(&stdout(&result)).unwrap()
}

/// The windows of a result, as `start-end@channel`.
fn shown(json: &Value) -> Vec<String> {
    let windows = json["windows"].as_array().unwrap().iter();
    windows
        .map(|window| format!("{}-{}@{}", window["start"], window["end"], window["channel"]))
        .collect()
}

#[test]
fn the_windows_of_a_transcript_are_read_back_as_final() {
    let folder = Folder::new();
    let first = json(&["windows", &path(MARKED), "--json"]);
    assert_eq!(first["format"], "deepgram");
    assert_eq!(first["marks"]["placed"], 5);
    assert_eq!(shown(&first), ["2.99-11.3@0", "14.79-17.0@0", "11.51-13.6@1"]);
    let list = folder.write("windows.json", first.to_string().as_bytes());
    let again = json(&["windows", &list, "--json"]);
    assert_eq!((again["format"].as_str(), shown(&again)), (Some("list"), shown(&first)));
}

#[test]
fn an_open_end_is_the_end_of_the_recording() {
    let folder = Folder::new();
    let open = json(&["windows", "-w", "30-@1", "--json"]);
    assert_eq!(shown(&open), ["30.0-null@1"]);
    let list = folder.write("open.json", open.to_string().as_bytes());
    let out = folder.path("out.wav");
    let receipt = folder.path("receipt.json");
    let args = [
        "file",
        CALL,
        "--windows",
        &list,
        "--silence",
        "-o",
        &out,
        "--receipt",
        &receipt,
        "--json",
    ];
    let result = json(&args);
    assert_eq!(shown(&result), ["30.0-38.0@1"]);
    assert!(sordino(&["verify", CALL, &out, "--windows", &list]).status.success());
    assert!(sordino(&["verify", CALL, &out, "--receipt", &receipt]).status.success());
    let past = sordino(&["file", CALL, "-w", "38-", "-o", &folder.path("past.wav")]);
    assert_eq!(past.status.code(), Some(2), "{}", stderr(&past));
}

#[test]
fn a_transcript_mutes_as_its_windows_say_and_the_receipt_tells_padding_apart() {
    let folder = Folder::new();
    let (out, receipt) = (folder.path("out.wav"), folder.path("receipt.json"));
    let marked = path(MARKED);
    let base = ["file", CALL, "--windows", &marked, "--silence", "-o", &out];
    let result = sordino(&[&base[..], &["--receipt", &receipt]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(stderr(&result).contains("note: Deepgram"), "{}", stderr(&result));
    let filed: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
    let asked = &filed["asked"]["windows"][0];
    assert_eq!((&asked["start"], &asked["end"]), (&3.24.into(), &4.9.into()), "{asked}");
    assert!(asked["pad"][0].as_f64().unwrap() > 0.0, "{asked}");
    let schema: Value = serde_json::from_str(sordino::receipt::SCHEMA).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&filed));
    assert!(sordino(&["verify", CALL, &out, "--receipt", &receipt]).status.success());
    assert!(sordino(&["verify", CALL, &out, "--windows", &marked]).status.success());
    // Without the padding of the format, less would be muted.
    let bare = sordino(&["verify", CALL, &out, "--windows", &marked, "--pad", "0"]);
    assert_eq!(bare.status.code(), Some(1), "{}", stdout(&bare));
}

#[test]
fn numbers_are_found_where_nothing_is_marked() {
    let found = json(&["windows", &path(UNMARKED), "--find", "numbers", "--pad", "0", "--json"]);
    let spans =
        ["3.24-4.9@null", "5.3-7.1@null", "7.6-10.3@null", "11.76-12.6@null", "15.04-16.0@null"];
    assert_eq!(shown(&found), spans);
    let nothing = sordino(&["windows", &path(UNMARKED)]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("--find numbers"), "{}", stderr(&nothing));
    let none = json(&["windows", &path(UNMARKED), "--find", "ssn", "--only", "ssn", "--json"]);
    assert_eq!(shown(&none), [""; 0]);
    let folder = Folder::new();
    let searched = ["--windows", &path(UNMARKED), "--find", "ssn", "--only", "ssn"];
    let out = folder.path("out.wav");
    let file = sordino(&[&["file", CALL, "-o", &out], &searched[..]].concat());
    assert_eq!(file.status.code(), Some(2));
    assert!(stderr(&file).contains("nothing to redact"), "{}", stderr(&file));
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_redacted_transcript_has_no_digit_that_was_said() {
    let folder = Folder::new();
    let out = folder.path("masked.json");
    let args = ["windows", &path(UNMARKED), "--find", "numbers", "--redacted-transcript", &out];
    let result = sordino(&args);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let masked = std::fs::read_to_string(&out).unwrap();
    assert!(masked.contains("[redacted]"));
    assert!(!masked.contains("4111") && !masked.contains("1111"), "{masked}");
    let before: Value = serde_json::from_slice(&fixture_bytes(UNMARKED)).unwrap();
    let after: Value = serde_json::from_str(&masked).unwrap();
    assert_eq!(before["segments"][0]["words"][0], after["segments"][0]["words"][0]);
    // It exists now, and stays.
    assert_eq!(sordino(&args).status.code(), Some(2));
}

#[test]
fn options_of_transcripts_are_refused_where_they_mean_nothing() {
    let folder = Folder::new();
    let list = folder.write("list.json", b"[[1, 2.5]]");
    for (args, why) in [
        (["-w", "1-2", "--find", "numbers"], "applies to --windows only"),
        (["--windows", list.as_str(), "--find", "numbers"], "a list of windows without words"),
        (["--windows", list.as_str(), "--party", "a=0"], "a list of windows without words"),
        (["--windows", list.as_str(), "--windows-format", "nonsense"], "invalid value"),
        (["--windows", &path(MARKED), "--unit", "ms"], "has its own unit"),
        (["--windows", &path(MARKED), "--party", "agent"], "customer=0,agent=1"),
    ] {
        let result = sordino(&[&["windows"], &args[..]].concat());
        assert_eq!(result.status.code(), Some(2), "{args:?}");
        assert!(stderr(&result).contains(why), "{args:?}: {}", stderr(&result));
    }
}

#[test]
fn the_table_of_the_documentation_lists_every_format_in_order() {
    let page = include_str!("../../docs/transcripts.md");
    let (_, table) = page.split_once("| name | what it is |").unwrap();
    let names = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(names.collect::<Vec<_>>(), sordino::transcript::format_names().collect::<Vec<_>>());
}
