//! `sordino batch` as a person uses it, on local files.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{Folder, command, stderr, stdout, wav};

/// A folder with recordings, to run `sordino batch` in.
pub struct Batch {
    pub folder: Folder,
}

/// One second of noise, another for each seed.
pub fn recording(seed: u32, frames: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    let samples: Vec<u8> = (0..frames).flat_map(|_| next().to_le_bytes()).collect();
    wav(1, 8000, 1, 16, &samples)
}

impl Batch {
    /// `0.wav`, `1.wav`, … and `calls.csv`, which lists them.
    pub fn of(count: u32) -> Self {
        let folder = Folder::new();
        let mut manifest = "in,windows\n".to_owned();
        for at in 0..count {
            folder.write(&format!("{at}.wav"), &recording(at, 8000));
            manifest += &format!("{at}.wav,0.25-0.5\n");
        }
        folder.write("calls.csv", manifest.as_bytes());
        Self { folder }
    }

    fn manifest(&self, text: &str) {
        self.folder.write("calls.csv", text.as_bytes());
    }

    /// `sordino batch` with these words, in the folder.
    pub fn command(&self, words: &str) -> std::process::Command {
        let words: Vec<&str> = ["batch"].into_iter().chain(words.split_whitespace()).collect();
        let mut command = command(&words);
        command.current_dir(self.folder.path("")).stdin(Stdio::null());
        command
    }

    pub fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs, checks the exit code, and returns the JSON Lines.
    fn json(&self, words: &str, code: i32) -> Vec<Value> {
        let output = self.run(&format!("{words} --json"));
        assert_eq!(output.status.code(), Some(code), "{words}: {}", stderr(&output));
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last line: the summary.
    fn summary(&self, words: &str, code: i32) -> Value {
        self.json(words, code).pop().unwrap()
    }

    pub fn status(&self) -> Value {
        self.json("status calls.csv.journal", 0).pop().unwrap()
    }

    /// The names of the files below a folder.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.path(folder)) else { return vec![] };
        let mut names = Vec::new();
        for entry in entries.map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                let below = self.files(&format!("{folder}/{name}"));
                names.extend(below.iter().map(|file| format!("{name}/{file}")));
            } else {
                names.push(name);
            }
        }
        names.sort();
        names
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.folder.path(file)).unwrap()
    }

    /// Checks that an output is what `sordino file` makes of its input, to the byte.
    fn check(&self, input: &str, windows: &[&str], output: &str) {
        let _ = std::fs::remove_file(self.folder.path("expected.wav"));
        let mut args = vec!["file", input, "-o", "expected.wav"];
        windows.iter().for_each(|window| args.extend(["-w", window]));
        let made = command(&args).current_dir(self.folder.path("")).output().unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        assert!(self.read("expected.wav") == self.read(output), "{output}");
    }
}

fn numbers(json: &Value, names: [&str; 4]) -> [u64; 4] {
    names.map(|name| json[name].as_u64().unwrap_or_else(|| panic!("{name}: {json}")))
}

const COUNTS: [&str; 4] = ["done", "skipped", "failed", "total"];

#[test]
fn a_batch_does_each_row_and_the_same_command_again_nothing() {
    let batch = Batch::of(5);
    let run = "calls.csv --out clean --receipts evidence -j 2";
    assert_eq!(numbers(&batch.summary(run, 0), COUNTS), [5, 0, 0, 5]);
    let names: Vec<String> = (0..5).map(|at| format!("{at}.wav")).collect();
    assert_eq!(batch.files("clean"), names);
    let receipts = names.iter().map(|name| format!("{name}.receipt.json"));
    let receipts: Vec<String> = receipts.chain(["chain.jsonl".into()]).collect();
    assert_eq!(batch.files("evidence"), receipts);
    for name in &names {
        batch.check(name, &["0.25-0.5"], &format!("clean/{name}"));
    }
    let status = batch.status();
    assert_eq!(numbers(&status, COUNTS), [5, 0, 0, 5]);
    assert_eq!(numbers(&status, ["started", "planned", "unknown", "done"]), [0, 0, 0, 5]);
    assert_eq!(status.as_object().unwrap().len(), 7);
    let before = std::fs::metadata(batch.folder.path("clean/0.wav")).unwrap().modified().unwrap();
    assert_eq!(numbers(&batch.summary(run, 0), COUNTS), [0, 5, 0, 5]);
    let after = std::fs::metadata(batch.folder.path("clean/0.wav")).unwrap().modified().unwrap();
    assert_eq!(before, after);
}

#[test]
fn results_are_json_lines_with_what_a_program_needs() {
    let batch = Batch::of(1);
    batch.manifest("in,out,windows,id\n0.wav,a/b.wav,0.25-0.5;0.75-,call 1\n");
    let lines = batch.json("calls.csv --out clean --receipts evidence", 0);
    let [result, summary] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(result["state"], "done");
    assert_eq!((&result["line"], &result["id"]), (&2.into(), &"call 1".into()));
    assert_eq!((&result["input"], &result["output"]), (&"0.wav".into(), &"clean/a/b.wav".into()));
    // A window is closed: it takes the frame at 0.5 s too.
    let treated = 4001.0 / 8000.0;
    assert_eq!((&result["seconds"], &result["redactedSeconds"]), (&1.0.into(), &treated.into()));
    assert_eq!((&result["windows"], &result["bytes"]), (&2.into(), &16_044.into()));
    let receipt: Value =
        serde_json::from_slice(&batch.read(result["receipt"].as_str().unwrap())).unwrap();
    assert_eq!(receipt["output"]["sha256"], result["sha256"]);
    assert_eq!(receipt["asked"]["id"], "call 1");
    assert_eq!(summary["state"], "summary");
    assert_eq!(
        (&summary["journal"], &summary["again"]),
        (&"calls.csv.journal".into(), &Value::Null)
    );
    assert_eq!((&summary["audioSeconds"], &summary["bytes"]), (&1.0.into(), &16_044.into()));
}

#[test]
fn a_changed_manifest_does_what_is_new_in_it() {
    let batch = Batch::of(4);
    batch.manifest("in,windows\n0.wav,0.1-0.2\n1.wav,0.1-0.2\n2.wav,0.1-0.2\n");
    batch.summary("calls.csv --out clean", 0);
    // One row goes, one stays at another line, one is new.
    batch.manifest("in,windows\n3.wav,0.1-0.2\n1.wav,0.1-0.2\n2.wav,0.1-0.2\n");
    assert_eq!(numbers(&batch.summary("calls.csv --out clean", 0), COUNTS), [1, 2, 0, 3]);
    assert_eq!(numbers(&batch.status(), COUNTS), [3, 0, 0, 3]);
    // Other windows are another recording, which must not replace the first.
    batch.manifest("in,windows\n1.wav,0.1-0.3\n");
    let summary = batch.summary("calls.csv --out clean", 3);
    assert_eq!(summary["failures"]["exists"], 1, "{summary}");
    batch.check("1.wav", &["0.1-0.2"], "clean/1.wav");
    assert_eq!(batch.summary("calls.csv --out clean --retry-failed --force", 0)["done"], 1);
    batch.check("1.wav", &["0.1-0.3"], "clean/1.wav");
}

#[test]
fn all_that_is_wrong_with_a_manifest_is_listed_before_anything_begins() {
    let batch = Batch::of(2);
    batch.manifest(
        "in,out,windows\n0.wav,a.wav,0.1-0.2\nno.wav,b.wav,0.1-0.2\n1.wav,a.wav,2-1\n1.wav,c.wav,0-1\n0.wav,c.wav,0-1\n",
    );
    let output = batch.run("calls.csv --out clean");
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for line in ["line 3: in `no.wav`", "line 4: windows", "line 6: its output"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(batch.folder.names(), ["0.wav", "1.wav", "calls.csv"]);
}

#[test]
fn one_poison_recording_fails_alone_and_is_tried_again_when_asked() {
    let batch = Batch::of(4);
    let good = batch.read("2.wav");
    batch.folder.write("2.wav", &good[..good.len() - 100]);
    let output = batch.run("calls.csv --out clean");
    assert_eq!(output.status.code(), Some(3));
    let error = stderr(&output);
    assert!(error.starts_with("failed: line 4, 2.wav: the recording is cut off"), "{error}");
    let text = stdout(&output);
    assert!(
        text.contains("done     3")
            && text.contains("sordino batch calls.csv --out clean --retry-failed"),
        "{text}"
    );
    assert_eq!(batch.files("clean"), ["0.wav", "1.wav", "3.wav"]);
    let failed = batch.json("status calls.csv.journal --failed", 0);
    assert_eq!(
        (failed.len(), &failed[0]["line"], &failed[0]["kind"]),
        (1, &4.into(), &"recording".into())
    );
    // It is left alone, and the exit code still says so.
    assert_eq!(numbers(&batch.summary("calls.csv --out clean", 3), COUNTS), [0, 3, 1, 4]);
    batch.folder.write("2.wav", &good);
    assert_eq!(
        numbers(&batch.summary("calls.csv --out clean --retry-failed", 0), COUNTS),
        [1, 3, 0, 4]
    );
    batch.check("2.wav", &["0.25-0.5"], "clean/2.wav");
}

#[test]
fn a_batch_gives_up_at_the_failures_that_halt_names() {
    let batch = Batch::of(40);
    (0..40).for_each(|at| drop(batch.folder.write(&format!("{at}.wav"), b"RIFF")));
    for (halt, most) in [("soon,fail=3", 8), ("now,fail=5", 12)] {
        let words = format!("calls.csv --out clean -j 1 --halt {halt} --retry-failed");
        let summary = batch.summary(&words, 1);
        let failed = summary["failed"].as_u64().unwrap();
        assert!(summary["halted"] == true && failed <= most, "{summary}");
        assert_eq!(failed + summary["planned"].as_u64().unwrap(), 40);
    }
    let wrong = batch.run("calls.csv --out clean --halt later");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("soon,fail=5%"), "{}", stderr(&wrong));
}

#[test]
fn a_wrong_call_of_a_batch_says_what_is_wrong() {
    let batch = Batch::of(1);
    std::fs::create_dir(batch.folder.path("empty")).unwrap();
    batch.folder.write("file", b"");
    for (words, code, said) in [
        ("missing.csv --out o", 2, "missing.csv: there is no such file"),
        ("calls.csv --out o --format ogg_opus", 2, "it is for rows of the Platform API"),
        (
            "empty --windows-suffix .json --out o --journal j",
            0,
            "warning: empty holds no recording",
        ),
        ("calls.csv --out file/o --journal k", 3, "the folder file/o cannot be made"),
    ] {
        let done = batch.run(words);
        assert!(stderr(&done).contains(said), "{words}: {}", stderr(&done));
        assert_eq!(done.status.code(), Some(code), "{words}");
    }
}

#[test]
fn shards_are_apart_and_together_all() {
    let batch = Batch::of(12);
    let mut seen = BTreeSet::new();
    for shard in 1..=3 {
        let words = format!("calls.csv --out clean --journal {shard}.journal --shard {shard}/3");
        let lines = batch.json(&words, 0);
        for line in &lines[..lines.len() - 1] {
            assert!(seen.insert(line["input"].as_str().unwrap().to_owned()), "{line}");
        }
    }
    assert_eq!((seen.len(), batch.files("clean").len()), (12, 12));
    assert_eq!(batch.run("calls.csv --out x --shard 4/3").status.code(), Some(2));
}

#[test]
fn a_dry_run_shows_what_is_to_do_and_writes_nothing() {
    let batch = Batch::of(3);
    let shown = batch.run("calls.csv --out clean --receipts evidence --dry-run");
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    let text = stdout(&shown);
    assert!(
        text.contains("2.wav")
            && text.contains("clean/2.wav")
            && text.contains("3 recordings to redact"),
        "{text}"
    );
    let lines = batch.json("calls.csv --out clean --receipts evidence --dry-run", 0);
    assert_eq!((lines.len(), &lines[0]["receipt"]), (3, &"evidence/0.wav.receipt.json".into()));
    assert_eq!(batch.folder.names(), ["0.wav", "1.wav", "2.wav", "calls.csv"]);
    batch.summary("calls.csv --out clean", 0);
    batch.manifest("in,windows\n0.wav,0.25-0.5\n1.wav,0.25-0.5\n2.wav,0.1-0.2\n");
    let text = stdout(&batch.run("calls.csv --out clean --dry-run"));
    assert!(text.contains("1 recording to redact, 2 done already"), "{text}");
}

#[test]
fn a_recording_in_which_nothing_is_found_is_a_matter_of_policy() {
    let nothing = "WEBVTT\n\n00:00.000 --> 00:00.500\nhello there\n";
    let found = "WEBVTT\n\n00:00.250 --> 00:00.500\n4111 1111 1111 1111\n";
    for (if_none, code, counts, files) in [
        ("", 3, [1, 0, 1, 2], vec!["1.wav"]),
        ("--if-none skip", 0, [1, 1, 0, 2], vec!["1.wav"]),
        ("--if-none copy", 0, [2, 0, 0, 2], vec!["0.wav", "1.wav"]),
    ] {
        let batch = Batch::of(2);
        batch.folder.write("0.vtt", nothing.as_bytes());
        batch.folder.write("1.vtt", found.as_bytes());
        batch.manifest("in,windows\n0.wav,0.vtt\n1.wav,1.vtt\n");
        let words = format!("calls.csv --out clean --find numbers {if_none}");
        batch.summary(&words, code);
        assert_eq!(numbers(&batch.status(), COUNTS), counts, "{if_none}");
        assert_eq!(batch.files("clean"), files);
        if files.len() == 2 {
            assert_eq!(batch.read("clean/0.wav"), batch.read("0.wav"), "it is as it was");
        }
    }
}

#[test]
fn a_flag_for_transcripts_leaves_rows_with_plain_windows_alone() {
    let batch = Batch::of(3);
    batch.folder.write("1.vtt", b"WEBVTT\n\n00:00.250 --> 00:00.500\n4111 1111 1111 1111\n");
    batch.folder.write("2.csv", b"start,end\n0.25,0.5\n");
    batch.manifest("in,windows\n0.wav,0.25-0.5\n1.wav,1.vtt\n2.wav,2.csv\n");
    batch.summary("calls.csv --out clean --find numbers --pad 0", 0);
    assert_eq!(numbers(&batch.status(), COUNTS), [3, 0, 0, 3]);
}

#[test]
fn a_folder_is_paired_with_its_transcripts() {
    let batch = Batch::of(3);
    let transcript = b"[[0.25, 0.5]]";
    for name in ["a/0.wav", "a/0.windows.json", "1.wav", "1.wav.windows.json", "2.wav"] {
        let path = batch.folder.path(&format!("calls/{name}"));
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        let number = name.rsplit('/').next().unwrap().get(..1).unwrap();
        let bytes = if name.ends_with("json") {
            transcript.to_vec()
        } else {
            batch.read(&format!("{number}.wav"))
        };
        std::fs::write(path, bytes).unwrap();
    }
    let words = "calls --windows-suffix .windows.json --out clean";
    let unnamed = batch.run(words);
    assert_eq!(unnamed.status.code(), Some(2));
    assert!(stderr(&unnamed).contains("--journal"), "{}", stderr(&unnamed));
    let words = format!("{words} --journal calls.csv.journal");
    let output = batch.run(&words);
    assert_eq!(output.status.code(), Some(3));
    let text = stderr(&output);
    assert!(text.contains("calls/2.wav has no transcript"), "{text}");
    assert!(
        text.contains(
            "failed: calls/2.wav: there is no list or transcript at calls/2.wav.windows.json"
        ),
        "{text}"
    );
    assert_eq!(batch.files("clean"), ["1.wav", "a/0.wav"]);
    batch.check("calls/a/0.wav", &["0.25-0.5"], "clean/a/0.wav");
    std::fs::write(batch.folder.path("calls/2.wav.windows.json"), transcript).unwrap();
    assert_eq!(batch.summary(&format!("{words} --retry-failed"), 0)["done"], 1);
    std::fs::write(batch.folder.path("calls/2.windows.json"), transcript).unwrap();
    let output = batch.run(&words);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("has two transcripts"), "{}", stderr(&output));
}

/// The journal is lost, the recordings and receipts are not.
#[test]
fn what_is_in_its_place_already_counts_as_done() {
    let batch = Batch::of(3);
    let words = "calls.csv --out clean --receipts evidence";
    batch.summary(words, 0);
    let receipt = batch.read("evidence/1.wav.receipt.json");
    for file in [
        "calls.csv.journal",
        "calls.csv.journal-wal",
        "calls.csv.journal-shm",
        "evidence/chain.jsonl",
        "clean/2.wav",
    ] {
        let _ = std::fs::remove_file(batch.folder.path(file));
    }
    assert_eq!(numbers(&batch.summary(words, 0), COUNTS), [3, 0, 0, 3]);
    assert_eq!(batch.read("evidence/1.wav.receipt.json"), receipt, "the first one stays");
    batch.check("2.wav", &["0.25-0.5"], "clean/2.wav");
    // What is not ours stays too.
    for file in ["calls.csv.journal", "evidence/chain.jsonl"] {
        std::fs::remove_file(batch.folder.path(file)).unwrap();
    }
    batch.folder.write("clean/0.wav", b"another");
    let summary = batch.summary(words, 3);
    assert_eq!((&summary["done"], &summary["failures"]["exists"]), (&2.into(), &1.into()));
    assert_eq!(batch.read("clean/0.wav"), b"another");
}

#[test]
fn words_and_manifests_are_told_apart() {
    let batch = Batch::of(1);
    std::fs::rename(batch.folder.path("calls.csv"), batch.folder.path("status")).unwrap();
    assert_eq!(batch.summary("./status --out clean", 0)["done"], 1);
    assert_eq!(batch.run("status").status.code(), Some(2), "the journal is missing");
    assert_eq!(batch.run("").status.code(), Some(2));
    assert_eq!(batch.run("status nothing.journal").status.code(), Some(2));
    let folder = batch.run(". --out clean");
    assert_eq!(folder.status.code(), Some(2));
    assert!(stderr(&folder).contains("--windows-suffix"), "{}", stderr(&folder));
    let little = batch.run("./status --out clean --max-memory 10M");
    assert_eq!(little.status.code(), Some(2));
}

/// A server that takes connections and never answers.
struct Silent(TcpListener);

impl Silent {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// A command that takes this for S3.
    fn client(&self, command: &mut std::process::Command) -> Child {
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.0.local_addr().unwrap()));
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_REGION", "us-east-1");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// Starts a batch with a row that waits for the server, and waits for that.
fn stuck(batch: &Batch, server: &Silent) -> (Child, Vec<std::net::TcpStream>) {
    batch.manifest("in,out,windows\n0.wav,0.wav,0.1-0.2\ns3://calls/1.wav,1.wav,0.1-0.2\n");
    let mut command = batch.command("calls.csv --out clean -j 1 --json");
    let mut child = server.client(&mut command);
    let mut first = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("\"done\""), "{first}");
    let (connection, _) = server.0.accept().unwrap();
    (child, vec![connection])
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

#[test]
fn status_reads_while_the_batch_runs_and_a_signal_ends_it_in_order() {
    for (which, text) in [(Signal::SIGINT, "SIGINT"), (Signal::SIGTERM, "SIGTERM")] {
        let (batch, server) = (Batch::of(1), Silent::new());
        let (mut child, _open) = stuck(&batch, &server);
        let status = batch.status();
        assert_eq!(numbers(&status, ["done", "started", "planned", "total"]), [1, 1, 0, 2]);
        let second = batch.run("calls.csv --out clean");
        assert!(
            stderr(&second).contains("another sordino works on the journal"),
            "{}",
            stderr(&second)
        );
        signal(&child, which);
        let mut rest = String::new();
        child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
        let summary: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
        assert_eq!((&summary["interrupted"], &summary["planned"]), (&true.into(), &1.into()));
        let status = batch.status();
        assert_eq!(numbers(&status, ["done", "started", "planned", "failed"]), [1, 0, 1, 0]);
        assert_eq!(batch.files("clean"), ["0.wav"]);
    }
}

#[test]
fn an_interrupted_batch_goes_on_where_it_was() {
    let batch = Batch::of(60);
    let mut command = batch.command("calls.csv --out clean --receipts evidence -j 2 --json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    signal(&child, Signal::SIGINT);
    let rest = lines.map_while(Result::ok).count() as u64;
    let code = child.wait().unwrap().code();
    let status = batch.status();
    let done = status["done"].as_u64().unwrap();
    // The summary is one of the lines.
    assert_eq!((code, done, status["started"].as_u64()), (Some(130), rest, Some(0)), "{status}");
    assert_eq!(batch.files("clean").len() as u64, done);
    let summary = batch.summary("calls.csv --out clean --receipts evidence -j 2", 0);
    assert_eq!(numbers(&summary, COUNTS), [60 - done, done, 0, 60]);
    let (recordings, evidence) = (batch.files("clean").len(), batch.files("evidence").len());
    assert_eq!((recordings, evidence), (60, 61), "and the chain");
}

#[test]
fn progress_is_for_whoever_watches() {
    let batch = Batch::of(2);
    let quiet = batch.run("calls.csv --out a --progress none");
    assert_eq!(stderr(&quiet), "");
    let json = batch.run("calls.csv --out b --progress json --journal b.journal");
    let last = stderr(&json);
    let last: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!((&last["done"], &last["total"]), (&2.into(), &2.into()));
}

#[test]
fn the_chain_shows_a_receipt_that_was_removed_changed_or_slipped_in() {
    let batch = Batch::of(4);
    batch.summary("calls.csv --out clean --receipts evidence", 0);
    let verify = "status calls.csv.journal --verify";
    let clean = batch.json(verify, 0).pop().unwrap();
    assert_eq!((&clean["clean"], &clean["links"]), (&true.into(), &4.into()), "{clean}");
    let receipt = batch.read("evidence/1.wav.receipt.json");
    let changed =
        String::from_utf8(receipt.clone()).unwrap().replace("\"silence\"", "\"tone\"") + " ";
    let place = "evidence/1.wav.receipt.json";
    for (bytes, problem) in
        [(Some(changed.into_bytes()), "the receipt was changed"), (None, "the receipt is gone")]
    {
        match bytes {
            Some(bytes) => drop(batch.folder.write(place, &bytes)),
            None => std::fs::remove_file(batch.folder.path(place)).unwrap(),
        }
        let found = batch.json(verify, 1).pop().unwrap();
        assert_eq!(found["findings"][0]["problem"], problem, "{found}");
    }
    batch.folder.write(place, &receipt);
    batch.folder.write("evidence/9.wav.receipt.json", &receipt);
    let found = batch.json(verify, 1).pop().unwrap();
    assert_eq!(found["findings"][0]["problem"], "no link has this receipt; it was slipped in");
}

/// What is done and not in the chain yet is told from what was slipped in.
#[test]
fn the_chain_is_published_while_the_batch_runs() {
    let (batch, server) = (Batch::of(3), Silent::new());
    let mut manifest = "in,out,windows\n".to_owned();
    for name in ["0.wav", "1.wav", "2.wav"] {
        manifest += &format!("{name},{name},0.1-0.2\n");
    }
    batch.manifest(&(manifest.clone() + "s3://calls/1.wav,3.wav,0.1-0.2\n"));
    let mut command = batch.command("calls.csv --out clean --receipts evidence -j 1 --json -v");
    let mut child = server.client(&mut command);
    let done = BufReader::new(child.stdout.take().unwrap()).lines().take(3);
    assert_eq!(done.filter(|line| line.as_ref().unwrap().contains("\"done\"")).count(), 3);
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains("the chain is published up to link")));
    let (_open, _) = server.0.accept().unwrap();
    let verify = "status calls.csv.journal --verify";
    let pending = |code| {
        let found = batch.json(verify, code).pop().unwrap();
        (found["links"].as_u64().unwrap(), found["pending"].as_u64().unwrap(), found)
    };
    let (links, more, found) = pending(0);
    assert!(links >= 1 && links + more == 3, "{found}");
    signal(&child, Signal::SIGKILL);
    child.wait().unwrap();
    // As if it had died before more was published.
    let chain = batch.read("evidence/chain.jsonl");
    let first = chain.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    batch.folder.write("evidence/chain.jsonl", &chain[..first]);
    assert_eq!(pending(0).0, 1);
    let text = stdout(&batch.run(verify));
    assert!(text.contains("2 receipts not in the chain yet"), "{text}");
    let receipt = batch.read("evidence/1.wav.receipt.json");
    let place = "evidence/3.wav.receipt.json";
    for (name, links, more) in [("evidence/9.wav.receipt.json", 1, 2), (place, 1, 3)] {
        // Of a recording that is begun, it may be there; of any other, somebody has put it there.
        batch.folder.write(name, &receipt);
        let code = i32::from(name != place);
        assert_eq!((pending(code).0, pending(code).1), (links, more), "{name}");
        std::fs::remove_file(batch.folder.path(name)).unwrap();
    }
    batch.folder.write("evidence/1.wav.receipt.json", b"{}");
    assert_eq!(pending(1).2["findings"][0]["problem"], "the receipt was changed");
    batch.folder.write("evidence/1.wav.receipt.json", &receipt);
    // Without the recording that nobody can fetch.
    batch.manifest(&manifest);
    batch.summary("calls.csv --out clean --receipts evidence", 0);
    assert_eq!((pending(0).0, pending(0).1), (3, 0));
}

/// Done anew, the links would be in another order.
#[test]
fn a_new_journal_beside_the_chain_of_its_recordings_is_refused_before_anything_begins() {
    let batch = Batch::of(3);
    let words = "calls.csv --out clean --receipts evidence";
    batch.summary(words, 0);
    for file in ["calls.csv.journal", "clean/1.wav"] {
        std::fs::remove_file(batch.folder.path(file)).unwrap();
    }
    for _ in 0..2 {
        let refused = batch.run(words);
        let text = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains("this journal is new") && text.contains("--receipts"), "{text}");
        assert_eq!(batch.files("clean"), ["0.wav", "2.wav"], "nothing was done");
    }
    std::fs::rename(batch.folder.path("evidence/chain.jsonl"), batch.folder.path("old")).unwrap();
    batch.summary(words, 0);
    let found = batch.json("status calls.csv.journal --verify", 0);
    assert_eq!(found[0]["links"], 3, "{found:?}");
}

#[test]
fn two_journals_may_share_the_place_of_their_receipts() {
    let batch = Batch::of(2);
    batch.summary("calls.csv --out clean --receipts evidence", 0);
    batch.folder.write("other.wav", &recording(9, 8000));
    batch.folder.write("other.csv", b"in,windows\nother.wav,0.25-0.5\n");
    batch.summary("other.csv --out clean --receipts evidence", 0);
    let whole = batch.folder.path("evidence");
    for receipts in ["", " --receipts ./evidence", &format!(" --receipts {whole}")] {
        for (journal, links) in [("calls.csv.journal", 2), ("other.csv.journal", 1)] {
            let found = batch.json(&format!("status {journal} --verify{receipts}"), 0);
            assert_eq!(found[0]["links"], links, "{found:?}");
        }
    }
    // Receipts and chains that were moved together.
    std::fs::rename(&whole, batch.folder.path("moved")).unwrap();
    batch.json("status calls.csv.journal --verify --receipts moved", 0);
    std::fs::remove_file(batch.folder.path("moved/0.wav.receipt.json")).unwrap();
    let found = batch.json("status calls.csv.journal --verify --receipts moved", 1);
    assert_eq!(found[0]["problems"], 1, "{found:?}");
    assert_eq!(found[0]["findings"][0]["problem"], "the receipt is gone");
}

#[test]
fn an_emptied_journal_is_held_against_the_chain() {
    let batch = Batch::of(2);
    let verify = "status calls.csv.journal --verify --receipts evidence";
    batch.summary("calls.csv --out clean --receipts evidence", 0);
    std::fs::rename(batch.folder.path("calls.csv.journal"), batch.folder.path("old")).unwrap();
    for rest in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(batch.folder.path(&format!("calls.csv.journal{rest}")));
    }
    // A journal of recordings that fail: it has no link.
    batch.folder.write("bad.wav", b"no recording");
    batch.manifest("in,windows\nbad.wav,0.25-0.5\n");
    batch.summary("calls.csv --out b", 3);
    let found = batch.json(verify, 1).pop().unwrap();
    assert_eq!((&found["clean"], &found["links"]), (&false.into(), &2.into()), "{found}");
    assert!(found["findings"][0]["problem"].as_str().unwrap().contains("journal"), "{found}");
    let none = batch.json("status calls.csv.journal --verify", 0).pop().unwrap();
    assert_eq!((&none["clean"], &none["problems"]), (&true.into(), &0.into()), "{none}");
}

#[test]
fn a_receipt_is_never_replaced_and_the_chain_stays_clean() {
    let batch = Batch::of(2);
    batch.summary("calls.csv --out clean --receipts evidence", 0);
    let before = batch.read("evidence/1.wav.receipt.json");
    batch.manifest("in,windows\n0.wav,0.25-0.5\n1.wav,0.5-0.75\n");
    batch.summary("calls.csv --out clean --receipts evidence --force", 0);
    assert!(before == batch.read("evidence/1.wav.receipt.json"));
    let found = batch.json("status calls.csv.journal --verify", 0).pop().unwrap();
    assert_eq!((&found["clean"], &found["links"]), (&true.into(), &3.into()), "{found}");
}

#[test]
fn a_page_tells_what_became_of_a_batch() {
    let batch = Batch::of(2);
    batch.summary("calls.csv --out clean --receipts evidence", 0);
    let output = batch.run("report calls.csv.journal --html page.html");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = String::from_utf8(batch.read("page.html")).unwrap();
    assert!(page.contains("1.wav") && page.contains("evidence/1.wav.receipt.json"));
}
