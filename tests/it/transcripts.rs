//! Windows from transcripts on their way through a redaction: nothing found, the source in the receipt,
//! the masked transcript, the words on a terminal, padding in the audit.

use serde_json::{Value, json};
use sordino::Receipt;
use sordino::digest::Digest;

use crate::support::*;

const MARKED: &str = "transcripts/deepgram.multichannel.redact.json";
const UNMARKED: &str = "transcripts/openai-whisper.words.json";

/// A search that finds nothing in [`UNMARKED`].
const NOTHING: [&str; 4] = ["--find", "ssn", "--only", "ssn"];

fn path(name: &str) -> String {
    fixture(name).to_str().unwrap().to_owned()
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Runs the command; returns stdout and stderr.
fn run(args: &[&str], code: i32) -> (String, String) {
    let result = sordino(args);
    assert_eq!(
        result.status.code(),
        Some(code),
        "{args:?}: {}{}",
        stdout(&result),
        stderr(&result)
    );
    (stdout(&result), stderr(&result))
}

#[test]
fn nothing_found_is_a_wrong_call_unless_a_copy_is_asked_for() {
    let folder = Folder::new();
    let (transcript, out) = (path(UNMARKED), folder.path("out.wav"));
    let call = [["file", CALL, "--windows", &transcript, "-o", &out].as_slice(), &NOTHING].concat();
    for more in [[].as_slice(), &["--if-none", "fail"]] {
        let (_, said) = run(&[&call, more].concat(), 2);
        assert!(said.contains("nothing to redact") && said.contains("--if-none copy"), "{said}");
        assert_eq!(folder.names(), [""; 0]);
    }
    let (line, said) = run(&[&call[..], &["--if-none", "copy"]].concat(), 0);
    let sentence = format!("nothing was found; 38.0 s copied unredacted, {CALL} -> {out}");
    assert_eq!(line, sentence + "; self-check passed\n");
    assert!(said.contains("note: nothing was found to redact; the recording is copied"), "{said}");
    assert!(!said.contains("recoverable"), "{said}");
    assert!(std::fs::read(&out).unwrap() == fixture_bytes("call.wav"), "every sample is there");
    let (line, _) = run(&[&call[..], &["--if-none", "copy", "--json", "--force"]].concat(), 0);
    let result = parsed(line.as_bytes());
    assert_eq!((&result["windows"], &result["status"]), (&json!([]), &"completed".into()));
    assert_eq!(result["output"]["framesTreated"], 0);
}

/// The same decoder, encoder and rules of format: a copy is what a redaction without effect would be.
#[test]
fn a_copy_is_decoded_and_written_as_a_redaction_is() {
    let transcript = path(UNMARKED);
    let search = [["--windows", &transcript, "--if-none", "copy"].as_slice(), &NOTHING].concat();
    for (name, options) in [
        ("call.flac", [].as_slice()),
        ("call-mulaw.wav", &["--encoding", "same"]),
        ("call.opus", &["--opus-rate", "8000", "--no-self-check"]),
    ] {
        let input = path(name);
        let base = [["file", &input, "-o", "-"].as_slice(), options].concat();
        let copy = sordino(&[&base[..], &search].concat());
        assert_eq!(copy.status.code(), Some(0), "{name}: {}", stderr(&copy));
        let without_effect = sordino(&[&base[..], &["-w", "1-2", "--gain", "1"]].concat());
        assert!(copy.stdout == without_effect.stdout, "{name}");
    }
    // Metadata may hold what was said.
    let folder = Folder::new();
    let mut tagged = fixture_bytes("call.wav");
    tagged.splice(36..36, *b"LIST\x12\0\0\0INFOICMT\x06\0\0\0card 7");
    let tagged = folder.write("tagged.wav", &tagged);
    let (out, receipt) = (folder.path("out.wav"), folder.path("r.json"));
    let files = ["file", &tagged, "-o", &out, "--receipt", &receipt];
    run(&[&files[..], &search].concat(), 0);
    assert!(std::fs::read(&out).unwrap() == fixture_bytes("call.wav"));
    assert_eq!(parsed(&std::fs::read(&receipt).unwrap())["dropped"][0]["bytes"], 6);
}

#[test]
fn the_evidence_of_a_copy_says_that_it_is_one() {
    let folder = Folder::new();
    let (transcript, out) = (path(UNMARKED), folder.path("out.wav"));
    let (receipt, page) = (folder.path("r.json"), folder.path("page.html"));
    let search = [["--windows", &transcript, "--if-none", "copy"].as_slice(), &NOTHING].concat();
    let files = ["file", CALL, "--silence", "-o", &out, "--receipt", &receipt, "--report", &page];
    run(&[&files[..], &search].concat(), 0);
    let text = std::fs::read_to_string(&receipt).unwrap();
    assert_eq!(crate::receipt::shape_errors(&text), [] as [String; 0]);
    let filed = Receipt::parse(&text).unwrap();
    assert!(filed.windows.is_empty() && filed.spans.is_empty() && filed.asked.windows.is_empty());
    assert_eq!((filed.output.frames_treated, filed.output.self_checked), (0, true));
    assert!(filed.windows().unwrap().is_empty());
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("this is an unredacted copy") && page.contains("Unredacted: all"));
    assert!(!page.contains("cannot be recovered"));
    // The receipt, alone and with the original.
    run(&["verify", "--receipt", &receipt, &out], 0);
    let clean = "verdict: clean; there is no window, and the recording is the original";
    let (audit, _) = run(&["verify", "--receipt", &receipt, CALL, &out], 0);
    assert!(audit.contains(clean), "{audit}");
    // The search, again.
    let verify = |file: &str, code, more: &[&str]| {
        run(&[["verify", CALL, file].as_slice(), &search, more].concat(), code).0
    };
    assert!(verify(&out, 0, &[]).contains(clean));
    let json = parsed(verify(&out, 0, &["--json"]).as_bytes());
    assert_eq!((&json["clean"], &json["recoverable"]), (&true.into(), &true.into()));
    let plain = [["verify", CALL, &out, "--windows", &transcript].as_slice(), &NOTHING].concat();
    assert!(run(&plain, 2).1.contains("nothing was found"));
    // Clean means that nothing has changed.
    let mut changed = fixture_bytes("call.wav");
    changed[100_000] ^= 1;
    let changed = folder.write("changed.wav", &changed);
    assert!(verify(&changed, 1, &[]).contains("outside: 1 samples changed"));
    run(&["verify", "--receipt", &receipt, &changed], 1);
    // And a receipt of a redaction does not become one of a copy by losing its windows.
    run(&["file", CALL, "-w", "1-2", "-o", &out, "--receipt", &receipt, "--force"], 0);
    let mut forged = parsed(&std::fs::read(&receipt).unwrap());
    forged["asked"]["windows"] = json!([]);
    forged["windows"] = json!([]);
    assert!(Receipt::parse(&forged.to_string()).is_err());
}

/// Marks that `--only` leaves out are not nothing.
#[test]
fn a_recording_with_marks_that_only_leaves_out_is_not_copied() {
    let folder = Folder::new();
    let (marked, out) = (path(MARKED), folder.path("out.wav"));
    for command in [["file", CALL, "-o", &out].as_slice(), &["verify", CALL, CALL]] {
        for if_none in ["copy", "fail"] {
            let only = ["--windows", &marked, "--only", "ssn", "--if-none", if_none];
            let (_, said) = run(&[command, &only].concat(), 2);
            assert!(said.contains("--only leaves out 5 passages"), "{said}");
        }
    }
    // The same for what was looked for and found.
    let found = path(UNMARKED);
    let only = ["--windows", &found, "--find", "numbers", "--only", "ssn", "--if-none", "copy"];
    let (_, said) = run(&[["file", CALL, "-o", &out].as_slice(), &only].concat(), 2);
    assert!(said.contains("--only leaves out"), "{said}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn only_what_was_searched_may_hold_nothing() {
    let folder = Folder::new();
    let out = folder.path("out.wav");
    let found = sordino(&[["windows", &path(UNMARKED), "--json"].as_slice(), &NOTHING].concat());
    for (name, list) in [
        ("a.json", b"[]".as_slice()),
        ("b.json", br#"{"windows": []}"#),
        ("c.csv", b"start,end\n"),
        ("d.txt", b""),
        ("e.json", &found.stdout),
    ] {
        let list = folder.write(name, list);
        for command in [["file", CALL, "-o", &out].as_slice(), &["verify", CALL, CALL]] {
            run(&[command, &["--windows", &list, "--if-none", "copy"]].concat(), 2);
        }
        std::fs::remove_file(list).unwrap();
    }
    // Words that nobody searched.
    let transcript = path(UNMARKED);
    let search = ["--windows", &transcript, "--if-none", "copy"];
    let (_, said) = run(&[["file", CALL, "-o", &out].as_slice(), &search].concat(), 2);
    assert!(said.contains("--find numbers"), "{said}");
    assert_eq!(folder.names(), [""; 0]);
    // A window besides is a window.
    let with = [["file", CALL, "-o", &out, "-w", "1-2"].as_slice(), &search, &NOTHING].concat();
    assert!(run(&with, 0).0.starts_with("redacted 1 window, 1.0 s"));
    assert!(sordino::Windows::new([]).is_err());
}

#[test]
fn the_receipt_tells_where_the_windows_came_from_and_nothing_that_was_said() {
    let folder = Folder::new();
    let (out, receipt) = (folder.path("out.wav"), folder.path("r.json"));
    let page = folder.path("page.html");
    let transcript = path(UNMARKED);
    let files = ["-o", &out, "--receipt", &receipt, "--report", &page, "--force"];
    let receipt_of = |windows: &[&str]| {
        run(&[["file", CALL].as_slice(), &files, windows].concat(), 0);
        let text = std::fs::read_to_string(&receipt).unwrap();
        assert_eq!(crate::receipt::shape_errors(&text), [] as [String; 0]);
        assert!(!text.contains("4111") && !text.contains("security"), "{text}");
        run(&["verify", "--receipt", &receipt, CALL, &out], 0);
        parsed(text.as_bytes())
    };
    let found = ["--windows", &transcript, "--find", "numbers"];
    let source = receipt_of(&found)["asked"]["source"].clone();
    let sha256 = Digest::of(&fixture_bytes(UNMARKED)).sha256;
    assert_eq!((&source["format"], &source["sha256"]), (&"whisper".into(), &sha256.into()));
    let windows = run(&["windows", &transcript, "--find", "numbers", "--json"], 0).0;
    let windows = parsed(windows.as_bytes());
    // The same words at the same place.
    assert_eq!((&source["marks"], &source["finds"]), (&windows["marks"], &windows["finds"]));
    assert!(source["finds"].as_object().is_some_and(|finds| !finds.is_empty()), "{source}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(
        html.contains("Transcript of the windows")
            && html.contains(source["sha256"].as_str().unwrap())
    );
    let marked = receipt_of(&["--windows", &path(MARKED), "-w", "1-2"]);
    let marks = &marked["asked"]["source"]["marks"];
    assert_eq!(marks, &json!({ "found": 5, "placed": 5 }));
    // A receipt that contradicts itself.
    let mut wrong = marked.clone();
    wrong["asked"]["source"]["marks"]["placed"] = 6.into();
    assert!(Receipt::parse(&wrong.to_string()).is_err());
    let mut wrong = marked;
    wrong["asked"]["source"]["sha256"] = "no digest".into();
    assert!(Receipt::parse(&wrong.to_string()).is_err());
    // A list has no source.
    assert_eq!(receipt_of(&["-w", "1-2"])["asked"]["source"], Value::Null);
}

#[test]
fn a_redaction_writes_the_transcript_masked_for_all_windows() {
    let folder = Folder::new();
    let (out, masked) = (folder.path("out.wav"), folder.path("masked.json"));
    let transcript = path(UNMARKED);
    let windows = ["--windows", &transcript, "--find", "numbers", "-w", "0.5-0.9"];
    let masks = ["--redacted-transcript", &masked];
    let (line, _) = run(&[["file", CALL, "-o", &out].as_slice(), &windows, &masks].concat(), 0);
    assert!(line.ends_with(&format!("; transcript {masked} (7 words masked)\n")), "{line}");
    assert_eq!(folder.names(), ["masked.json", "out.wav"]);
    let said = |file: &Value| -> Vec<String> {
        let segments = file["segments"].as_array().unwrap().iter();
        let words = segments.flat_map(|segment| segment["words"].as_array().unwrap());
        words.map(|word| word["word"].as_str().unwrap().trim().to_owned()).collect()
    };
    let after = std::fs::read(&masked).unwrap();
    let words = said(&parsed(&after));
    // `can` and `you` are in the window of -w, `ending in` is in none.
    let expected = "[redacted] [redacted] read me the card number sure [redacted] mhm [redacted] [redacted] ending in [redacted] yes and the security code is [redacted]";
    assert_eq!(words.join(" "), expected);
    // The padding of -w reaches into the words beside it, and masks none of them.
    let again = folder.path("again.json");
    let windows = ["windows", &transcript, "--find", "numbers", "-w", "0.5-0.9", "--pad", "400ms"];
    run(&[&windows[..], &["--redacted-transcript", &again]].concat(), 0);
    assert!(std::fs::read(&again).unwrap() == after, "`sordino windows` writes the same");
    // Also where stdout is the recording.
    let piped = ["file", CALL, "-o", "-", "--windows", &transcript, "--find", "numbers", "--force"];
    run_bytes(&[&piped[..], &masks].concat());
    assert_ne!(std::fs::read(&masked).unwrap(), after, "without the window of -w");
}

/// Runs a command whose stdout is a recording.
fn run_bytes(args: &[&str]) {
    let result = sordino(args);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(result.stdout.starts_with(b"RIFF"));
}

#[test]
fn a_masked_transcript_is_never_left_when_the_run_fails() {
    let transcript = path(UNMARKED);
    let search = ["--windows", &transcript, "--find", "numbers"];
    let folder = Folder::new();
    let (out, masked) = (folder.path("out.wav"), folder.path("masked.json"));
    let files = ["file", CALL, "-o", &out, "--redacted-transcript", &masked];
    let base = [files.as_slice(), &search].concat();
    run(&[&base[..], &["-w", "39-40"]].concat(), 2);
    assert_eq!(folder.names(), [""; 0]);
    // An old file stays, whatever fails.
    folder.write("masked.json", b"old");
    run(&base, 2);
    run(&[&base[..], &["-w", "39-40", "--force"]].concat(), 2);
    assert_eq!(std::fs::read(&masked).unwrap(), b"old");
    assert_eq!(folder.names(), ["masked.json"]);
    run(&[&base[..], &["--force"]].concat(), 0);
    assert_ne!(std::fs::read(&masked).unwrap(), b"old");
    // What it must not be.
    let list = folder.write("list.json", b"[[1, 2]]");
    let other = folder.path("other.json");
    for (target, windows, why) in [
        (&out, &search[..], "another output goes there"),
        (&transcript, &search, "an input, which is never overwritten"),
        (&"-".to_owned(), &search, "the path of a file"),
        (&other, &["--windows", &list], "a list, which has no words"),
        (&other, &["-w", "1-2"], "--windows"),
    ] {
        let files = ["file", CALL, "-o", &out, "--force", "--redacted-transcript", target];
        let (_, said) = run(&[&files[..], windows].concat(), 2);
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(folder.names(), ["list.json", "masked.json", "out.wav"]);
}

#[test]
fn the_words_are_shown_on_a_terminal_only() {
    let transcript = path(UNMARKED);
    let show = ["windows", &transcript, "--find", "numbers", "--show-text"];
    let (shown, said) = run(&show, 2);
    assert_eq!(shown, "");
    assert!(said.contains("a terminal only") && !said.contains("4111"), "{said}");
    run(&[&show[..], &["--json"]].concat(), 2);
    #[cfg(unix)]
    {
        let (code, text) = on_a_terminal(&show);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("sure [4111]") && text.contains("ending in [1111]"), "{text}");
        assert!(text.contains(" security code is [123]"), "{text}");
        let (code, text) = on_a_terminal(&["windows", "-w", "1-2", "--show-text"]);
        assert!(code == Some(2) && text.contains("no words"), "{text}");
        let (_, text) = on_a_terminal(&show[..4]);
        assert!(!text.contains("4111"), "only when asked: {text}");
    }
}

/// What a word could do to a terminal, it does not do.
#[cfg(unix)]
#[test]
fn words_cannot_steer_the_terminal() {
    let folder = Folder::new();
    let text = String::from_utf8(fixture_bytes(UNMARKED)).unwrap();
    let evil = text.replace("\" sure\"", "\" \\u001b[2Jsure\"");
    assert_ne!(text, evil);
    let evil = folder.write("evil.json", evil.as_bytes());
    let (code, text) = on_a_terminal(&["windows", &evil, "--find", "numbers", "--show-text"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\u{fffd}[2Jsure") && !text.contains('\u{1b}'), "{text:?}");
}

/// Runs the command with a terminal as stdout and stderr; its exit code, and what the terminal got.
#[cfg(unix)]
fn on_a_terminal(args: &[&str]) -> (Option<i32>, String) {
    use std::io::Read;
    let nix::pty::OpenptyResult { master, slave } = nix::pty::openpty(None, None).unwrap();
    let mut command = command(args);
    command.stdin(std::process::Stdio::null()).stdout(slave.try_clone().unwrap()).stderr(slave);
    let mut child = command.spawn().unwrap();
    // The command holds the other end too, and the terminal ends when all are closed.
    drop(command);
    let mut bytes = Vec::new();
    // Linux reports the end as an error.
    let _ = std::fs::File::from(master).read_to_end(&mut bytes);
    (child.wait().unwrap().code(), String::from_utf8(bytes).unwrap())
}

#[test]
fn the_audit_tells_open_padding_from_open_words() {
    let folder = Folder::new();
    let (out, marked) = (folder.path("out.wav"), path(MARKED));
    let windows = ["--windows", &marked];
    let bare = ["file", CALL, "--silence", "-o", &out, "--pad", "0"];
    run(&[&bare[..], &windows].concat(), 0);
    let verify = ["verify", CALL, &out, "--windows", &marked];
    let (audit, said) = run(&verify, 1);
    assert!(audit.contains(" ms) (padding only)\n"), "{audit}");
    let verdict = "verdict: LEAK in padding only, in 3 of 3 rows: what the windows asked for is muted, their padding is not\n";
    assert!(audit.ends_with(verdict), "{audit}");
    let padding =
        "note: the windows are audited with their padding: up to 250 ms before and 1.0 s after";
    assert!(said.contains(padding), "{said}");
    let json = parsed(run(&[&verify[..], &["--json"]].concat(), 1).0.as_bytes());
    let leaks = json["windows"].as_array().unwrap().iter().map(|window| &window["leak"]);
    assert!(leaks.clone().all(|leak| leak["paddingOnly"] == true), "{json}");
    assert!(!run(&[&verify[..], &["--pad", "0"]].concat(), 0).1.contains("audited with"));
    // Some words are open too: those after 15.5 s on channel 0.
    let bare = ["file", CALL, "--silence", "-o", &out, "--force", "-w", "3.24-10.3@0"];
    run(&[&bare[..], &["-w", "15.04-15.5@0", "-w", "11.76-12.6@1"]].concat(), 0);
    let (audit, _) = run(&verify, 1);
    assert_eq!(audit.matches("(padding only)").count(), 2, "{audit}");
    assert!(audit.ends_with("verdict: LEAK in 3 of 3 rows\n"), "{audit}");
}
