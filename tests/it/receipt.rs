//! Receipts: their shape, their numbers, and how files compare with them.

use std::ops::ControlFlow;
use std::process::Command;

use serde_json::Value;
use sordino::evidence::EvidenceOptions;
use sordino::receipt::{
    Delivery, DeliveryKind, FileMatch, OriginalEntry, OriginalState, ReceiptError, SCHEMA,
    TranscriptState,
};
use sordino::{Receipt, Redacted, Redaction, Source, Spool, Treatment, Windows};

use crate::support::*;

/// A redaction with all evidence.
pub fn proven(source: Source, windows: &Windows, treatment: Treatment) -> (Redacted, Receipt) {
    let all = EvidenceOptions { self_check: true, receipt: true, waveform: true };
    let redacted = Redaction::new(windows, treatment).with_evidence(all).run(source).unwrap();
    let receipt = Receipt::of(&redacted).unwrap();
    (redacted, receipt)
}

/// Violations of the schema.
pub fn shape_errors(text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let receipt: Value = serde_json::from_str(text).unwrap();
    validator.iter_errors(&receipt).map(|error| error.to_string()).collect()
}

fn treatments() -> [Treatment; 4] {
    let faded = Treatment::default().with_fade(std::time::Duration::from_millis(20));
    [Treatment::default(), Treatment::silence(), Treatment::tone(440).unwrap(), faded]
}

#[test]
fn receipts_have_the_shape_of_the_schema_and_can_be_read_back() {
    let windows = windows(&["10-15=card number", "30.5-35.2@0", "11-16", "37-60"]);
    let padded = windows.clone().padded(std::time::Duration::from_millis(200));
    for name in CALLS {
        for treatment in treatments() {
            for windows in [&windows, &padded] {
                let source = Source::open(fixture(name)).unwrap();
                let (_, receipt) = proven(source, windows, treatment);
                let text = receipt.to_json();
                assert_eq!(shape_errors(&text), [] as [String; 0], "{name}");
                let back = Receipt::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(back, receipt);
                assert_eq!(back.windows().unwrap(), *windows);
                assert_eq!(back.treatment().unwrap(), treatment);
            }
        }
    }
}

#[test]
fn a_receipt_has_the_windows_as_requested_and_as_merged() {
    let folder = Folder::new();
    let list = folder.write(
        "w.json",
        br#"[{"start": 12, "end": 15, "label": "number", "reason": "PCI DSS 3.3.1"}, [10, 13]]"#,
    );
    let (out, receipt) = (folder.path("o.wav"), folder.path("r.json"));
    let args = ["file", CALL, "--windows", &list, "-w", "37-60=end", "--pad", "500ms"];
    let papers = ["-o", &out, "--receipt", &receipt];
    assert!(sordino(&[args.as_slice(), &papers].concat()).status.success());
    let text = std::fs::read_to_string(receipt).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["asked"]["pad"], 0.5);
    let list = |key: &Value| -> Vec<(f64, f64)> {
        let pair =
            |window: &Value| (window["start"].as_f64().unwrap(), window["end"].as_f64().unwrap());
        key.as_array().unwrap().iter().map(pair).collect()
    };
    assert_eq!(list(&json["asked"]["windows"]), [(37.0, 60.0), (12.0, 15.0), (10.0, 13.0)]);
    assert_eq!(list(&json["windows"]), [(9.5, 15.5), (36.5, 60.5)]);
    assert_eq!(json["windows"][0]["reason"], "PCI DSS 3.3.1");
    assert_eq!(
        (&json["windows"][0]["cut"], &json["windows"][1]["cut"]),
        (&Value::Null, &true.into())
    );
    assert!(!text.contains(&folder.path("")), "no folder names");
}

/// A genuine receipt is never refused, nor is the audit with it.
#[test]
fn a_genuine_receipt_passes_for_all_options() {
    let folder = Folder::new();
    let (out, receipt) = (folder.path("o.wav"), folder.path("r.json"));
    for (name, options) in [
        ("call.wav", ["--fade", "20ms"].as_slice()),
        ("call.wav", &["--silence", "--pad", "12s"]),
        ("call.flac", &["--tone=440", "--fade", "1ms"]),
        ("call-alaw.wav", &["--encoding", "same", "--fade", "20ms"]),
        ("call-mulaw.wav", &["--encoding", "same", "--silence"]),
        ("call-mulaw.wav", &["--encoding", "same", "--gain", "0.985"]),
        ("call.opus", &["--opus-rate", "24000"]),
        ("call.webm", &["--opus-rate", "8000", "--tone"]),
        ("call.mp3", &["--gain", "1"]),
    ] {
        let input = fixture(name).to_str().unwrap().to_owned();
        let windows = ["-w", "7.94-8.76=a", "-w", "2.72-2.9063@1", "-w", "30.5-30.501"];
        let files = ["--force", "-o", &out, "--receipt", &receipt];
        let made = sordino(&[["file", &input].as_slice(), &windows, &files, options].concat());
        assert!(made.status.success(), "{}", stderr(&made));
        for files in [[out.as_str()].as_slice(), &[&input, &out]] {
            let held = sordino(&[["verify", "--receipt", &receipt].as_slice(), files].concat());
            let said = stdout(&held) + &stderr(&held);
            assert_eq!(held.status.code(), Some(0), "{name} {options:?} {files:?}: {said}");
        }
    }
    let text = std::fs::read_to_string(&receipt).unwrap();
    assert!(text.contains("\"start\": 7.94,"), "as in the request");
    let json: Value = serde_json::from_str(&text).unwrap();
    let spans = json["spans"].as_array().unwrap();
    let short = spans.iter().filter(|span| span["before"].is_null());
    assert_eq!(short.count(), 2, "a few samples have no levels, on two channels");
}

#[test]
fn every_time_comes_back_from_a_receipt() {
    let samples = vec![7; 21_000];
    for millis in (1..100_000).step_by(if cfg!(debug_assertions) { 97 } else { 1 }) {
        let end = 100_000 + millis;
        let windows = windows(&[&format!("{millis}ms-{end}ms"), &format!("{end}ms-{}ms", end + 9)]);
        let windows = windows.padded(std::time::Duration::from_millis(millis % 500));
        let source = stream(wav(1, 100, 1, 8, &samples));
        let (_, receipt) = proven(source, &windows, Treatment::silence());
        let back = Receipt::parse(&receipt.to_json()).unwrap_or_else(|e| panic!("{millis}: {e}"));
        assert_eq!(back.windows().unwrap(), windows);
    }
}

/// Compared with another program.
#[test]
fn digests_are_those_of_the_files() {
    let folder = Folder::new();
    let (out, receipt) = (folder.path("o.wav"), folder.path("r.json"));
    for (name, options) in [
        ("call.wav", [].as_slice()),
        ("call.m4a", &[]),
        ("call-mulaw.wav", &["--encoding", "same"]),
    ] {
        let input = fixture(name).to_str().unwrap().to_owned();
        let args = ["file", &input, "-w", "10-15", "--force", "-o", &out, "--receipt", &receipt];
        assert!(sordino(&[args.as_slice(), options].concat()).status.success());
        let json: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
        let samples = folder.write("samples", data_of_any(&std::fs::read(&out).unwrap()));
        for (path, sum) in [
            (&input, &json["inputs"][0]["sha256"]),
            (&out, &json["output"]["sha256"]),
            (&samples, &json["output"]["samplesSha256"]),
        ] {
            let Ok(known) = Command::new("sha256sum").arg(path).output() else { return };
            assert!(stdout(&known).starts_with(sum.as_str().unwrap()), "{name}: {sum}");
        }
        for (path, bytes) in
            [(&input, &json["inputs"][0]["bytes"]), (&out, &json["output"]["bytes"])]
        {
            assert_eq!(*bytes, std::fs::metadata(path).unwrap().len());
        }
    }
}

/// Everything after `data` and its size.
fn data_of_any(wav: &[u8]) -> &[u8] {
    let at = wav.windows(4).position(|word| word == b"data").unwrap();
    &wav[at + 8..]
}

#[test]
fn a_stream_has_the_digest_of_all_its_bytes_and_dropped_tags_are_named() {
    let mut tagged = fixture_bytes("call.wav");
    tagged.extend_from_slice(b"LIST\x12\0\0\0INFOICMT\x06\0\0\0card 7");
    let (_, receipt) = proven(stream(tagged.clone()), &windows(&["1-2"]), Treatment::silence());
    assert_eq!(receipt.inputs[0].bytes, tagged.len() as u64);
    assert!(receipt.dropped.iter().any(|left| left.name.contains("ICMT") && left.bytes == 6));
    assert!(!receipt.to_json().contains("card"));
    if installed("ffmpeg") {
        // The decoder does not read what follows the audio.
        let folder = Folder::new();
        let path = folder.path("faststart.m4a");
        let input = fixture("call.m4a").to_str().unwrap().to_owned();
        ffmpeg(["-i", &input, "-c", "copy", "-movflags", "faststart", &path]);
        let free = [b"\0\x10\0\0free".as_slice(), &[0; (1 << 20) - 8]].concat();
        let whole = [std::fs::read(path).unwrap(), free].concat();
        let (_, receipt) = proven(stream(whole.clone()), &windows(&["1-2"]), Treatment::silence());
        assert_eq!(receipt.inputs[0].bytes, whole.len() as u64);
    }
    let longer = [tagged.as_slice(), b"JUNK\x04\0\0\0skip"].concat();
    let (_, other) = proven(stream(longer.clone()), &windows(&["1-2"]), Treatment::silence());
    assert_eq!(other.inputs[0].bytes, longer.len() as u64);
    assert_ne!(other.inputs[0].sha256, receipt.inputs[0].sha256);
}

#[test]
fn levels_are_those_of_the_samples() {
    let samples: Vec<u8> = (0..8000i16)
        .flat_map(|n| (if n % 2 == 0 { 16_384i16 } else { -8192 }).to_le_bytes())
        .collect();
    let source = stream(wav(1, 8000, 1, 16, &samples));
    let (_, receipt) = proven(source, &windows(&["0.25-0.5"]), Treatment::attenuate(0.5).unwrap());
    let span = &receipt.spans[0];
    assert_eq!((span.channel, span.first, span.frames), (0, 2000, 2001));
    let (before, after) = (span.before.as_ref().unwrap(), span.after.as_ref().unwrap());
    assert_eq!((before.peak_db, after.peak_db), (Some(-6.02), Some(-12.04)));
    // The root of the mean of 1/4 and 1/16.
    assert_eq!((before.rms_db, after.rms_db), (Some(-8.06), Some(-14.08)));
}

/// The JSON pointers of all values that are not lists or objects.
fn leaves(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| leaves(value, &format!("{place}/{key}"), found));
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| leaves(value, &format!("{place}/{index}"), found)),
        _ => found.push(place.into()),
    }
}

#[test]
fn an_edited_receipt_contradicts_itself() {
    let windows = windows(&["10-15=card number", "30.5-35.2@0", "37-60"]);
    let source = Source::open(CALL).unwrap();
    let (_, receipt) = proven(source, &windows, Treatment::silence());
    let json: Value = serde_json::from_str(&receipt.to_json()).unwrap();
    let mut places = Vec::new();
    leaves(&json, "", &mut places);
    assert!(places.len() > 60);
    // Nothing else in a receipt depends on these.
    let free = [
        "/made",
        "/tool",
        "/inputs/0/container",
        "/inputs/0/codec",
        "/inputs/0/bytes",
        "/inputs/0/endProven",
        "/before/",
    ];
    for place in places {
        let mut edited = json.clone();
        let leaf = edited.pointer_mut(&place).unwrap();
        *leaf = match &*leaf {
            Value::Number(number) => (number.as_f64().unwrap() + 2.0).into(),
            Value::String(text) => format!("{text}x").into(),
            Value::Bool(fact) => (!fact).into(),
            _ => 3.into(),
        };
        if let (Some(whole), true) = (leaf.as_f64(), json.pointer(&place).unwrap().is_u64()) {
            *leaf = (whole as u64).into();
        }
        let result = Receipt::parse(&edited.to_string());
        let is_free = free.iter().any(|part| place.contains(part))
            || place == "/output/selfChecked"
            || place == "/treatment/fade";
        assert!(is_free || result.is_err(), "{place}");
    }
}

#[test]
fn an_invalid_receipt_is_refused_with_a_reason() {
    let (_, receipt) =
        proven(Source::open(CALL).unwrap(), &windows(&["1-2"]), Treatment::silence());
    let text = receipt.to_json();
    let other = text.replace("\"receipt\": 2", "\"receipt\": 3");
    assert!(
        matches!(Receipt::parse(&other), Err(ReceiptError::Version(version)) if version == "3")
    );
    let more = text.replace("\"receipt\": 2,", "\"receipt\": 2, \"extra\": 1,");
    for text in ["", "{}", "[]", "null", "{\"receipt\": 1}", "{\"receipt\": 2}", more.as_str()] {
        assert!(matches!(Receipt::parse(text), Err(ReceiptError::Shape(_))), "{text}");
    }
    let folder = Folder::new();
    let path = folder.write("r.json", other.as_bytes());
    let refused = sordino(&["verify", "--receipt", &path, CALL]);
    assert_eq!(refused.status.code(), Some(2));
    let message = "this is a receipt of version 3; only versions 1 to 2 are supported";
    assert!(stderr(&refused).contains(message), "{}", stderr(&refused));
}

#[test]
fn a_file_is_compared_with_the_receipt() {
    let (redacted, receipt) =
        proven(Source::open(CALL).unwrap(), &windows(&["10-15"]), Treatment::default());
    let mut out = Vec::new();
    redacted.write_to(&mut out).unwrap();
    let compare = |bytes: Vec<u8>| receipt.compare(stream(bytes)).unwrap();
    assert_eq!(compare(out.clone()), FileMatch::Identical);
    let tagged = [out.as_slice(), b"LIST\x04\0\0\0INFO"].concat();
    assert_eq!(compare(tagged), FileMatch::SameSamples);
    assert_eq!(compare(fixture_bytes("call.wav")), FileMatch::Different);
    let mut other = out.clone();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(compare(other), FileMatch::Different);
    // The same bytes of samples, at another rate.
    let slow = wav(1, 4000, 2, 16, data_of(&out));
    assert_eq!(compare(slow), FileMatch::Different);
    assert_eq!(compare(fixture_bytes("call.m4a")[..9000].to_vec()), FileMatch::Different);
    let again = |receipt: &Receipt, name| receipt.reproduce(Source::open(fixture(name)).unwrap());
    assert_eq!(again(&receipt, "call.wav").unwrap(), [""; 0]);
    assert_eq!(again(&receipt, "call.flac").unwrap(), ["input"], "the same samples");
    assert_eq!(again(&receipt, "call.mp3").unwrap(), ["input", "spans", "output"]);
    let mut lie = receipt.clone();
    lie.spans[1].before.as_mut().unwrap().peak_db = Some(-3.0);
    assert_eq!(again(&lie, "call.wav").unwrap(), ["spans"]);
    lie.output.samples_sha256 = Some("0".repeat(64));
    assert_eq!(again(&lie, "call.wav").unwrap(), ["spans", "output"]);
    assert_eq!(lie.compare(stream(out)).unwrap(), FileMatch::Different);
}

#[test]
fn the_command_compares_files_with_a_receipt() {
    let folder = Folder::new();
    let (out, receipt) = (folder.path("o.wav"), folder.path("r.json"));
    let args = ["file", CALL, "-w", "10.3-15=card", "-o", &out, "--receipt", &receipt];
    let made = sordino(&args);
    assert!(stdout(&made).ends_with(&format!("; receipt {receipt}\n")), "{}", stdout(&made));
    assert_eq!(folder.names(), ["o.wav", "r.json"]);
    let run = |files: &[&str]| {
        let result = sordino(&[["verify", "--receipt", &receipt].as_slice(), files].concat());
        (result.status.code(), stdout(&result) + &stderr(&result))
    };
    let (code, text) = run(&[&out]);
    assert!(code == Some(0) && text.contains("file: the one that the receipt describes"), "{text}");
    let (code, text) = run(&[CALL, &out]);
    assert!(code == Some(0) && text.contains("verdict: clean; speech is only quieter"));
    assert!(text.contains("original: redacting it again gives what the receipt says"), "{text}");
    let (code, text) = run(&[CALL, CALL, "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["clean"]), (Some(1), &false.into()));
    assert_eq!(json["receipt"], serde_json::json!({ "file": "another", "otherwise": [] }));
    assert_eq!(run(&[&out, "-w", "1-2"]).0, Some(2));
    assert_eq!(run(&[CALL, &out, &out]).0, Some(2));
}

#[test]
fn receipts_and_pages_never_overwrite_and_fail_before_the_redaction() {
    let folder = Folder::new();
    let (out, mine) = (folder.path("o.wav"), folder.write("mine", b"mine"));
    for (receipt, code) in [
        (mine.as_str(), 2),
        (&out, 2),
        (&folder.path("./o.wav"), 2),
        (CALL, 2),
        ("-", 2),
        (&folder.path("no/r.json"), 2),
        // A full disk.
        ("/dev/full", 2),
    ] {
        let result = sordino(&["file", CALL, "-w", "1-2", "-o", &out, "--receipt", receipt]);
        assert_eq!(result.status.code(), Some(code), "{receipt}: {}", stderr(&result));
        assert_eq!(folder.names(), ["mine"], "{receipt}");
    }
    let twice = ["--receipt", &folder.path("x"), "--report", &folder.path("x")];
    let result = sordino(&[["file", CALL, "-w", "1-2", "-o", &out].as_slice(), &twice].concat());
    assert_eq!(result.status.code(), Some(2));
    let both = ["file", CALL, "-w", "1-2", "-o", &out, "--receipt", &mine, "--force"];
    assert!(sordino(&both).status.success());
    assert!(Receipt::parse(&std::fs::read_to_string(&mine).unwrap()).is_ok());
}

/// The hidden file is removed before it is read back. That is not a failed self-check.
#[test]
fn an_unreadable_output_is_a_read_back_error() {
    for (self_check, receipt) in [(true, false), (false, true)] {
        let folder = Folder::new();
        let spool = Spool::beside(folder.path("o.wav").as_ref()).unwrap();
        let hidden = spool.path().unwrap().to_owned();
        let evidence = EvidenceOptions { self_check, receipt, waveform: false };
        let meddle = |_| {
            let _ = std::fs::remove_file(&hidden);
            ControlFlow::Continue(())
        };
        let (source, windows) = (Source::open(CALL).unwrap(), windows(&["1-2"]));
        let redaction = Redaction::new(&windows, Treatment::silence()).with_evidence(evidence);
        let error = redaction.with_spool(spool).run_watched(source, meddle).unwrap_err();
        assert!(matches!(error, sordino::Error::ReadBack(_)), "{error}");
        assert_eq!(error.to_string(), "the redacted recording cannot be read back");
    }
}

/// Violations of the schema of version 1.
fn shape_errors_1(text: &str) -> usize {
    let schema: Value =
        serde_json::from_str(include_str!("../../src/receipt/schema-1.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(&serde_json::from_str(text).unwrap()).count()
}

/// Receipts that sordino wrote before version 2, with the recording that each is of.
const VERSION_1: [(&str, &str); 2] = [
    (include_str!("../../fixtures/receipts/v1-file.json"), "call.wav"),
    (include_str!("../../fixtures/receipts/v1-genesys.json"), "call.opus"),
];

#[test]
fn a_receipt_of_version_1_still_verifies() {
    for (text, original) in VERSION_1 {
        assert_eq!(shape_errors_1(text), 0, "{original}");
        let receipt = Receipt::parse(text).unwrap();
        let again = receipt.reproduce(Source::open(fixture(original)).unwrap());
        assert_eq!(again.unwrap(), [""; 0], "{original}");
        let (windows, treatment) = (receipt.windows().unwrap(), receipt.treatment().unwrap());
        let source = Source::open(fixture(original)).unwrap();
        let mut out = Vec::new();
        sordino::redact(source, &windows, treatment).unwrap().write_to(&mut out).unwrap();
        assert_eq!(receipt.compare(stream(out.clone())).unwrap(), FileMatch::Identical);
        *out.last_mut().unwrap() ^= 1;
        assert_eq!(receipt.compare(stream(out)).unwrap(), FileMatch::Different);
        // It is written as version 2.
        let new = receipt.to_json();
        assert_eq!(shape_errors(&new), [] as [String; 0], "{original}");
        assert!(shape_errors_1(&new) > 0 && !shape_errors(text).is_empty());
        assert_eq!(Receipt::parse(&new).unwrap(), receipt, "{original}");
    }
    let genesys = Receipt::parse(VERSION_1[1].0).unwrap().delivery.unwrap();
    assert_eq!((genesys.kind, genesys.steps.len()), (DeliveryKind::Genesys, 5));
    assert_eq!(genesys.recording_id.as_deref(), Some("demo-call"));
    assert_eq!(genesys.conversation_id.as_deref(), Some("demo-conversation"));
    assert!(genesys.new_recording_id.is_some());
}

#[test]
fn the_command_verifies_a_receipt_of_version_1() {
    let folder = Folder::new();
    let (out, path) = (folder.path("o.wav"), fixture("receipts/v1-file.json"));
    let windows = ["-w", "10-15", "-w", "30.5-35.2@0", "-w", "37-60", "--pad", "200ms"];
    let made = sordino(&[["file", CALL, "--silence", "-o", &out].as_slice(), &windows].concat());
    assert!(made.status.success());
    let held = sordino(&["verify", "--receipt", path.to_str().unwrap(), CALL, &out]);
    assert_eq!(held.status.code(), Some(0), "{}{}", stdout(&held), stderr(&held));
    let edited = VERSION_1[0].0.replace("\"framesTreated\": 9", "\"framesTreated\": 8");
    assert_ne!(edited, VERSION_1[0].0);
    let edited = folder.write("r.json", edited.as_bytes());
    let held = sordino(&["verify", "--receipt", &edited, &out]);
    assert_eq!(held.status.code(), Some(2));
    assert!(stderr(&held).contains("the receipt contradicts itself"), "{}", stderr(&held));
}

#[test]
fn a_corrupted_receipt_of_version_1_is_refused() {
    let (text, _) = VERSION_1[1];
    let json: Value = serde_json::from_str(text).unwrap();
    let edited = |change: fn(&mut Value)| {
        let mut json = json.clone();
        change(&mut json);
        assert_ne!(json.to_string(), serde_json::from_str::<Value>(text).unwrap().to_string());
        Receipt::parse(&json.to_string()).unwrap_err()
    };
    let shapes: [fn(&mut Value); 13] = [
        |json| json["receipt"] = 2.into(),
        |json| json["extra"] = 1.into(),
        |json| json["inputs"] = serde_json::json!([json["input"]]),
        |json| json["delivery"] = serde_json::json!({ "kind": "file" }),
        |json| json["input"]["extra"] = 1.into(),
        |json| json["input"]["key"] = "0".into(),
        |json| json["input"]["silence"] = 1.into(),
        |json| json["genesys"]["kind"] = "genesys".into(),
        |json| drop(json["genesys"].as_object_mut().unwrap().remove("recordingId")),
        without_windows,
        |json| json["windows"] = serde_json::json!([]),
        |json| json["asked"]["windows"] = serde_json::json!([]),
        |json| json["asked"]["source"] = source_entry(0, false),
    ];
    for (index, change) in shapes.into_iter().enumerate() {
        let error = edited(change);
        assert!(matches!(error, ReceiptError::Shape(_)), "{index}: {error}");
    }
    let contradictions: [fn(&mut Value); 5] = [
        |json| json["input"]["frames"] = 303_999.into(),
        |json| json["input"]["rate"] = 8001.into(),
        |json| json["output"]["bytes"] = 1.into(),
        |json| json["windows"][0]["end"] = 16.into(),
        |json| json["genesys"]["steps"][0]["answered"] = "2000-01-01T00:00:00Z".into(),
    ];
    for (index, change) in contradictions.into_iter().enumerate() {
        let error = edited(change);
        assert!(matches!(error, ReceiptError::Contradiction(_)), "{index}: {error}");
    }
    let twice = text.replace("\"made\":", "\"made\": \"\", \"made\":");
    assert!(matches!(Receipt::parse(&twice).unwrap_err(), ReceiptError::Shape(_)));
}

/// Makes a receipt one of an unredacted copy.
fn without_windows(json: &mut Value) {
    for list in ["windows", "spans"] {
        json[list] = serde_json::json!([]);
    }
    json["asked"]["windows"] = serde_json::json!([]);
    json["output"]["framesTreated"] = 0.into();
}

fn source_entry(placed: u64, is_found: bool) -> Value {
    let finds = if is_found { serde_json::json!({ "card": 2 }) } else { serde_json::json!({}) };
    let marks = serde_json::json!({ "found": 3, "placed": placed });
    serde_json::json!({ "format": "x", "sha256": "0".repeat(64), "marks": marks, "finds": finds })
}

#[test]
fn a_receipt_without_windows_has_a_source_that_holds_none() {
    let (_, receipt) = proven(
        Source::open(fixture("call.wav")).unwrap(),
        &windows(&["10-15"]),
        Treatment::silence(),
    );
    let parsed = |source: Option<Value>, key: Option<&str>| {
        let mut json: Value = serde_json::from_str(&receipt.to_json()).unwrap();
        without_windows(&mut json);
        if let Some(source) = source {
            json["asked"]["source"] = source;
        }
        if let Some(key) = key {
            json["inputs"][0]["key"] = key.into();
        }
        Receipt::parse(&json.to_string())
    };
    assert!(parsed(None, None).is_ok(), "`Windows::none` of a caller");
    assert!(parsed(Some(source_entry(0, false)), None).is_ok());
    for (placed, is_found) in [(3, false), (0, true), (1, true)] {
        let error = parsed(Some(source_entry(placed, is_found)), None).unwrap_err();
        assert!(error.to_string().contains("there is no window, but marks were placed"), "{error}");
        // The windows are in the file of another channel.
        assert!(parsed(Some(source_entry(placed, is_found)), Some("0")).is_ok());
    }
}

/// Two parts of different lengths.
fn parts() -> [Vec<u8>; 2] {
    let bytes = |frames: usize| (0..frames * 2).map(|n| (n % 251) as u8).collect::<Vec<_>>();
    [wav(1, 8000, 1, 16, &bytes(80_000)), wav(1, 8000, 1, 16, &bytes(79_700))]
}

fn joined(parts: [Vec<u8>; 2]) -> Source {
    Source::join(["0", "1"].into_iter().zip(parts.map(stream)))
}

#[test]
fn a_receipt_lists_the_parts_of_a_recording() {
    let windows = windows(&["2-3=card number", "4-5@1"]);
    let (redacted, receipt) = proven(joined(parts()), &windows, Treatment::silence());
    let text = receipt.to_json();
    assert_eq!(shape_errors(&text), [] as [String; 0]);
    assert_eq!(Receipt::parse(&text).unwrap(), receipt);
    let [first, second] = receipt.inputs.as_slice() else { panic!("two inputs") };
    let told =
        [first, second].map(|input| (input.key.as_deref().unwrap(), input.frames, input.silence));
    assert_eq!(told, [("0", 80_000, 0), ("1", 79_700, 300)]);
    assert_eq!([first.bytes, second.bytes], parts().map(|part| part.len() as u64));
    assert_ne!(first.sha256, second.sha256);
    assert_eq!((receipt.rate(), receipt.channels(), receipt.output.frames), (8000, 2, 80_000));
    let mut out = Vec::new();
    redacted.write_to(&mut out).unwrap();
    assert_eq!(receipt.compare(stream(out)).unwrap(), FileMatch::Identical);
    assert_eq!(receipt.reproduce(joined(parts())).unwrap(), [""; 0]);
    let [first, second] = parts();
    assert_eq!(receipt.reproduce(joined([second, first])).unwrap(), ["input", "output"]);
    let named = ["left", "right"].into_iter().zip(parts().map(stream));
    assert_eq!(receipt.reproduce(Source::join(named)).unwrap(), [""; 0], "keys are names");
}

#[test]
fn a_receipt_whose_parts_do_not_fit_contradicts_itself() {
    let (_, receipt) = proven(joined(parts()), &windows(&["2-3"]), Treatment::silence());
    let inputs: [fn(&mut sordino::receipt::InputEntry); 7] = [
        |input| input.key = None,
        |input| input.key = Some("0".into()),
        |input| input.channels = 2,
        |input| input.rate = 8001,
        |input| input.frames += 1,
        |input| (input.frames, input.silence) = (79_599, 401),
        |input| input.sha256 = "0".into(),
    ];
    for (index, change) in inputs.into_iter().enumerate() {
        let mut edited = receipt.clone();
        change(&mut edited.inputs[1]);
        let error = Receipt::parse(&edited.to_json()).unwrap_err();
        assert!(matches!(error, ReceiptError::Contradiction(_)), "{index}: {error}");
    }
    let mut most = receipt.clone();
    (most.inputs[1].frames, most.inputs[1].silence) = (79_600, 400);
    assert!(Receipt::parse(&most.to_json()).is_ok(), "50 ms");
    // One of them is the longest.
    (most.inputs[0].frames, most.inputs[0].silence) = (79_999, 1);
    assert!(Receipt::parse(&most.to_json()).is_err());
    most.inputs.clear();
    assert!(Receipt::parse(&most.to_json()).is_err());
}

#[test]
fn a_delivery_has_the_shape_of_the_schema() {
    let (_, receipt) =
        proven(Source::open(CALL).unwrap(), &windows(&["1-2"]), Treatment::silence());
    let json: Value = serde_json::from_str(&receipt.to_json()).unwrap();
    let with = |delivery: &str| {
        let mut json = json.clone();
        json["delivery"] = serde_json::from_str(delivery).unwrap();
        json.to_string()
    };
    let step = r#"{"step":"retention","began":"2026-01-01T00:00:00Z","answered":"2026-01-01T00:00:01Z","retries":0,"correlationId":null}"#;
    let ids = r#""recordingId":"r","conversationId":"c""#;
    for delivery in [
        r#"{"kind":"file"}"#.to_owned(),
        r#"{"kind":"store","url":"s3://bucket/key.wav","etag":"e","version":"v"}"#.into(),
        r#"{"kind":"genesys","recordingId":"r"}"#.into(),
        format!(r#"{{"kind":"genesys",{ids},"newRecordingId":"n","steps":[{step}]}}"#),
        format!(
            r#"{{"kind":"store","url":"s3://b/k",{ids},"original":{{"state":"kept","transcript":"kept"}}}}"#
        ),
        format!(
            r#"{{"kind":"file",{ids},"steps":[{step}],"original":{{"state":"deletion-set","deleteDate":"2026-02-01T00:00:00.000Z","transcript":"unknown"}}}}"#
        ),
        format!(
            r#"{{"kind":"file",{ids},"original":{{"state":"deleted","transcript":"unknown"}}}}"#
        ),
    ] {
        let text = with(&delivery);
        assert_eq!(shape_errors(&text), [] as [String; 0], "{delivery}");
        let receipt = Receipt::parse(&text).unwrap_or_else(|error| panic!("{delivery}: {error}"));
        let written: Value = serde_json::from_str(&receipt.to_json()).unwrap();
        assert_eq!(written["delivery"], serde_json::from_str::<Value>(&delivery).unwrap());
    }
    for delivery in [
        r#"{}"#.to_owned(),
        r#"{"kind":"ftp"}"#.into(),
        r#"{"kind":"file","path":"/home"}"#.into(),
        format!(r#"{{"kind":"file",{ids},"original":{{"state":"gone","transcript":"kept"}}}}"#),
        format!(
            r#"{{"kind":"file",{ids},"original":{{"state":"kept","transcript":"kept","x":1}}}}"#
        ),
    ] {
        let text = with(&delivery);
        assert!(!shape_errors(&text).is_empty(), "{delivery}");
        let error = Receipt::parse(&text).unwrap_err();
        assert!(matches!(error, ReceiptError::Shape(_)), "{delivery}: {error}");
    }
    for delivery in [
        r#"{"kind":"store"}"#.to_owned(),
        r#"{"kind":"store","url":"https://host/k?signature=1"}"#.into(),
        r#"{"kind":"genesys"}"#.into(),
        format!(
            r#"{{"kind":"file",{ids},"original":{{"state":"deletion-set","deleteDate":"soon","transcript":"kept"}}}}"#
        ),
    ] {
        let error = Receipt::parse(&with(&delivery)).unwrap_err();
        assert!(matches!(error, ReceiptError::Contradiction(_)), "{delivery}: {error}");
    }
}

#[test]
fn the_page_shows_the_parts_and_what_is_left_of_the_original() {
    let (redacted, mut receipt) = proven(joined(parts()), &windows(&["2-3"]), Treatment::silence());
    let page = |receipt: &Receipt| {
        let mut page = Vec::new();
        sordino::Report::new("call", receipt, &redacted).write(&mut page).unwrap();
        String::from_utf8(page).unwrap()
    };
    let first = page(&receipt);
    for text in ["Input, part 0", "Input, part 1", "79700 frames; 300 frames of silence follow"] {
        assert!(first.contains(text), "{text}");
    }
    assert!(!first.contains("Genesys") && !first.contains("Delivery"));
    receipt.delivery = Some(Delivery::store("s3://bucket"));
    assert!(page(&receipt).contains("bucket"));
    for (state, date, text) in [
        (OriginalState::Kept, None, "kept, not redacted"),
        (
            OriginalState::DeletionSet,
            Some("2026-02-01"),
            "will be deleted at 2026-02-01; until then",
        ),
        (OriginalState::Deleted, None, "<dd>deleted</dd>"),
    ] {
        let (delete_date, transcript) = (date.map(str::to_owned), TranscriptState::Unknown);
        let original = Some(OriginalEntry { state, delete_date, transcript });
        let (recording_id, conversation_id) = (Some("rec".into()), Some("conv".into()));
        let delivery =
            Delivery { recording_id, conversation_id, original, ..Delivery::store("s3://bucket") };
        receipt.delivery = Some(delivery);
        let page = page(&receipt);
        for text in [text, "<dd>rec</dd>", "<dd>conv</dd>", "Genesys Cloud", "not known"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("New recording"));
    }
}

#[test]
fn the_command_compares_the_result_of_several_parts_alone() {
    let folder = Folder::new();
    let (redacted, receipt) = proven(joined(parts()), &windows(&["2-3"]), Treatment::silence());
    let mut out = Vec::new();
    redacted.write_to(&mut out).unwrap();
    let (out, path) = (folder.write("o.wav", &out), folder.path("r.json"));
    std::fs::write(&path, receipt.to_json()).unwrap();
    let held = sordino(&["verify", "--receipt", &path, &out]);
    assert_eq!(held.status.code(), Some(0), "{}{}", stdout(&held), stderr(&held));
    let part = folder.write("0.wav", &parts()[0]);
    let refused = sordino(&["verify", "--receipt", &path, &part, &out]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("give the redacted recording alone"), "{}", stderr(&refused));
}
