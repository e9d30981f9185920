//! The commands `sordino recording`, `sandbox` and `demo`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use sordino::sandbox::{LedgerEntry, Sandbox, SandboxOptions};

use crate::support::*;

const SECRET: &str = "sandbox-secret";

/// A sandbox in this process, used by a command in another process.
struct World {
    sandbox: Sandbox,
    base: String,
    folder: Folder,
    _runtime: tokio::runtime::Runtime,
}

fn world(faults: &[&str]) -> World {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(SandboxOptions::default());
    sandbox.add_recording("call", fixture_bytes("call.wav"));
    faults.iter().for_each(|fault| sandbox.inject(fault.parse().unwrap()));
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    World { sandbox, base, folder: Folder::new(), _runtime: runtime }
}

impl World {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&[["recording"].as_slice(), args].concat());
        command
            .env("GENESYS_BASE_URL", &self.base)
            .env("GENESYS_CLIENT_ID", "sandbox")
            .env("GENESYS_CLIENT_SECRET", SECRET)
            .env("GENESYS_RECORDING_ID", "call")
            .env("GENESYS_CONVERSATION_ID", "conversation")
            .env("TMPDIR", self.folder.path(""))
            .stdin(Stdio::null());
        command
    }

    /// Runs the command, and checks that its output holds no secret.
    fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        for text in [stdout(&output), stderr(&output)] {
            assert!(!text.contains(SECRET) && !text.contains("signature"), "{text}");
            assert!(!self.sandbox.tokens().iter().any(|token| text.contains(token)), "{text}");
            assert!(!text.contains("panicked"), "{text}");
        }
        output
    }

    fn completed(&self) -> usize {
        self.sandbox.uploads().iter().filter(|upload| upload.completed).count()
    }
}

const WINDOWS: [&str; 4] = ["-w", "10-15", "-w", "30.5-35.2"];

#[test]
fn a_recording_is_sanitised() {
    let world = world(&[]);
    let result = world.run(&WINDOWS);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let upload = &world.sandbox.uploads()[0];
    assert!(upload.completed);
    let sentence = format!("sanitised 2 windows, 9.7 s of 38.0 s, recording call -> {}", upload.id);
    assert_eq!(stdout(&result), sentence + "; self-check passed\n");
    assert!(stderr(&result).contains("the original recording still exists in Genesys"));
    let file = sordino(&[["file", CALL, "-o", "-"].as_slice(), &WINDOWS].concat());
    assert!(upload.audio.as_ref().unwrap() == &file.stdout, "the same bytes as of `sordino file`");
    assert_eq!(world.folder.names(), [""; 0], "nothing is left on the disk");
}

#[test]
fn json_names_the_new_recording() {
    let world = world(&[]);
    let result = world.run(&["-w", "1-2", "--silence", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&result.stdout).unwrap();
    assert_eq!(json["recordingId"], world.sandbox.uploads()[0].id.as_str());
    assert_eq!(
        (&json["status"], &json["originalRecordingId"]),
        (&"completed".into(), &"call".into())
    );
    assert_eq!(json["treatment"]["recoverable"], false);
}

/// The receipt lists each step, but no secret and no URL.
#[test]
fn the_receipt_lists_the_steps_at_genesys() {
    let world = world(&["locate=503", "fetch=503", "complete=429:0"]);
    let (receipt, page) = (world.folder.path("r.json"), world.folder.path("page.html"));
    let papers = ["--receipt", &receipt, "--report", &page];
    let result = world.run(&[WINDOWS.as_slice(), &papers].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let text = std::fs::read_to_string(&receipt).unwrap();
    for secret in [SECRET, "signature", "http"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(crate::receipt::shape_errors(&text), [] as [String; 0]);
    let receipt = sordino::Receipt::parse(&text).unwrap();
    let upload = &world.sandbox.uploads()[0];
    let genesys = receipt.delivery.as_ref().unwrap();
    assert_eq!(genesys.recording_id.as_deref(), Some("call"));
    assert_eq!(genesys.conversation_id.as_deref(), Some("conversation"));
    assert_eq!(genesys.new_recording_id.as_ref(), Some(&upload.id));
    let steps: Vec<_> =
        genesys.steps.iter().map(|step| (step.step.as_str(), step.retries)).collect();
    let retried = [("locate", 1), ("fetch", 1), ("grant", 0), ("upload", 0), ("complete", 1)];
    assert_eq!(steps, retried);
    assert!(genesys.steps.is_sorted_by_key(|step| &step.began));
    assert!(genesys.steps[0].correlation_id.is_some() && genesys.steps[1].correlation_id.is_none());
    let uploaded = stream(upload.audio.clone().unwrap().to_vec());
    assert_eq!(receipt.compare(uploaded).unwrap(), sordino::receipt::FileMatch::Identical);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains(&upload.id) && !page.contains("signature"));
}

#[test]
fn a_dry_run_changes_nothing_at_genesys_and_keeps_the_result_if_asked() {
    let world = world(&[]);
    let keep = world.folder.path("kept.wav");
    let mut command = world.command(&["-w", "1-2", "--dry-run", "--keep", &keep]);
    let result = command.env_remove("GENESYS_CONVERSATION_ID").output().unwrap();
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert_eq!(
        stdout(&result),
        "dry run: would sanitise 1 window, 1.0 s of 38.0 s, recording call; self-check passed\n"
    );
    assert_eq!(world.sandbox.uploads(), []);
    assert_eq!(std::fs::read(&keep).unwrap().len(), 1_216_044);
    assert_eq!(world.run(&["-w", "1-2", "--keep", &keep]).status.code(), Some(2), "it exists");
    assert_eq!(world.folder.names(), ["kept.wav"]);
}

/// A search that finds nothing, and a copy that was asked for.
#[test]
fn an_unredacted_copy_is_uploaded_only_if_asked_for_and_is_named_clearly() {
    let transcript = fixture("transcripts/openai-whisper.words.json");
    let transcript = transcript.to_str().unwrap();
    let search = ["--windows", transcript, "--find", "ssn", "--only", "ssn"];
    let world = world(&[]);
    assert_eq!(world.run(&search).status.code(), Some(2));
    assert_eq!(world.sandbox.ledger(), [], "nothing was asked of Genesys");
    let (receipt, masked) = (world.folder.path("r.json"), world.folder.path("masked.json"));
    let copy = [search.as_slice(), &["--if-none", "copy"]].concat();
    let papers = ["--receipt", &receipt, "--redacted-transcript", &masked];
    let result = world.run(&[&copy[..], &papers].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let upload = &world.sandbox.uploads()[0];
    assert!(upload.audio.as_ref().unwrap()[..] == fixture_bytes("call.wav"));
    let sentence =
        format!("nothing was found; 38.0 s uploaded unredacted, recording call -> {}", upload.id);
    assert!(stdout(&result).starts_with(&sentence), "{}", stdout(&result));
    let note = "note: nothing was found to redact; an unredacted copy will be uploaded\n";
    assert!(stderr(&result).contains(note), "{}", stderr(&result));
    let text = std::fs::read_to_string(&receipt).unwrap();
    assert_eq!(crate::receipt::shape_errors(&text), [] as [String; 0]);
    let filed = sordino::Receipt::parse(&text).unwrap();
    assert_eq!(filed.delivery.unwrap().new_recording_id.as_ref(), Some(&upload.id));
    assert_eq!((filed.windows.len(), filed.asked.source.unwrap().format.as_str()), (0, "whisper"));
    let dry = world.run(&[&copy[..], &["--dry-run"]].concat());
    let said = "dry run: nothing was found; 38.0 s would be uploaded unredacted, recording call;";
    assert!(stdout(&dry).starts_with(said), "{}", stdout(&dry));
    assert_eq!(world.completed(), 1);
}

/// The masked transcript appears together with the new recording, or not at all.
#[test]
fn a_masked_transcript_comes_with_the_upload() {
    let transcript = fixture("transcripts/openai-whisper.words.json");
    let transcript = transcript.to_str().unwrap();
    for (fault, code) in [("upload=403xever", 1), ("complete=503", 0)] {
        let world = world(&[fault]);
        let masked = world.folder.path("masked.json");
        let search = ["--windows", transcript, "--find", "numbers"];
        let result = world.run(&[search.as_slice(), &["--redacted-transcript", &masked]].concat());
        assert_eq!(result.status.code(), Some(code), "{fault}: {}", stderr(&result));
        let left = if code == 0 { ["masked.json"].as_slice() } else { &[] };
        assert_eq!(world.folder.names(), left, "{fault}");
    }
}

/// The files of --keep, --receipt and --report are replaced only after the upload is complete.
#[test]
fn a_run_that_fails_loses_nothing_that_was_kept_before() {
    for (fault, code) in [("upload=403xever", 1), ("complete=503", 0)] {
        let world = world(&[fault]);
        let kept = world.folder.write("kept.wav", b"old");
        let receipt = world.folder.write("r.json", b"old");
        let args = ["-w", "1-2", "--force", "--keep", &kept, "--receipt", &receipt];
        let result = world.run(&args);
        assert_eq!(result.status.code(), Some(code), "{fault}: {}", stderr(&result));
        assert_eq!(world.folder.names(), ["kept.wav", "r.json"], "{fault}");
        for path in [kept, receipt] {
            assert_eq!(std::fs::read(&path).unwrap() == b"old", code == 1, "{fault}: {path}");
        }
    }
}

#[test]
fn all_missing_settings_are_named_at_once() {
    let world = world(&[]);
    let mut command = world.command(&["-w", "1-2"]);
    for name in ["CLIENT_ID", "CLIENT_SECRET", "RECORDING_ID", "CONVERSATION_ID"] {
        command.env_remove(format!("GENESYS_{name}"));
    }
    let result = command.output().unwrap();
    assert_eq!(result.status.code(), Some(2));
    let line = "error: reading the configuration: missing: GENESYS_CLIENT_ID (or --client-id), \
                GENESYS_CLIENT_SECRET (or --client-secret-file), \
                GENESYS_RECORDING_ID (or --recording-id), \
                GENESYS_CONVERSATION_ID (or --conversation-id); \
                set them as `sordino recording --help` shows\n";
    assert_eq!(stderr(&result), line);
    assert_eq!(world.sandbox.ledger(), []);
}

#[test]
fn wrong_arguments_exit_with_2_and_refusals_with_1() {
    let world = world(&[]);
    for (args, part) in [
        (&["-w", "15-10"][..], "does not end after it starts"),
        (&["-w", "39-40"], "begins after the end"),
        (&["-w", "1-2@5"], "a channel that the recording does not have"),
        (&["-w", "1-2", "--base-url", "http://api.mypurecloud.com"], "only https"),
        (&["-w", "1-2", "--base-url", "x"], "is not the URL of an API host"),
        (&["-w", "1-2", "--timeout", "soon"], "is not a time"),
        (&["-w", "1-2", "--timeout", "0"], "0 would end every request at once"),
        (&["-w", "1-2", "--keep", "-"], "the path of a file"),
        (&["-w", "1-2", "--recording-id", "a/../b?x"], "letters, digits"),
        (&["-w", "1-2", "--recording-id", ".."], "letters, digits"),
        (&["-w", "1-2", "--client-secret-file", "/none"], "No such file"),
    ] {
        let result = world.run(args);
        assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{args:?}: {}", stderr(&result));
    }
    let result = world.run(&["-w", "1-2", "--recording-id", "no-such"]);
    assert_eq!(result.status.code(), Some(1));
    assert!(stderr(&result).contains("the API answers 404: there is no such recording"));
    let wrong = world.folder.write("secret", b"wrong\n");
    let result = world.run(&["-w", "1-2", "--client-secret-file", &wrong]);
    assert_eq!(result.status.code(), Some(1));
    assert!(stderr(&result).contains("the API refuses the credentials"), "{}", stderr(&result));
    assert_eq!((world.completed(), world.sandbox.uploads().len()), (0, 0));
}

#[test]
fn whole_milliseconds_without_a_unit_create_nothing() {
    let world = world(&[]);
    let (folder, receipt) = (Folder::new(), world.folder.path("r.json"));
    let list = folder.write("w.json", br#"[{"start": 2500, "end": 3200}]"#);
    let args = ["--windows", &list, "--silence", "--receipt", &receipt];
    let result = world.run(&args);
    assert_eq!(result.status.code(), Some(2), "{}", stderr(&result));
    assert!(stderr(&result).contains("say --unit s or --unit ms"), "{}", stderr(&result));
    assert_eq!(world.sandbox.uploads().len(), 0);
    assert_eq!(world.folder.names(), [""; 0]);
    let result = world.run(&[args.as_slice(), &["--unit", "ms"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let text = std::fs::read_to_string(&receipt).unwrap();
    let receipt = sordino::Receipt::parse(&text).unwrap();
    assert_eq!((receipt.windows[0].start, receipt.windows[0].end), (2.5, 3.2));
}

#[test]
fn an_error_shows_the_message_of_the_api() {
    for (fault, part) in [
        (
            "locate=403",
            "error: recording call: locate: the API answers 403: a fault was injected (code sandbox.403, contextId ",
        ),
        ("locate=state:pending", "`pending`"),
        ("grant=lost", "may exist"),
        (
            "upload=expired",
            "is not complete; another run creates another: upload: the presigned URL has expired",
        ),
        ("fetch=cut:700000xever", "fetch: the connection failed"),
    ] {
        let world = world(&[fault]);
        let result = world.run(&["-w", "1-2", "--max-retries", "0"]);
        assert_eq!(result.status.code(), Some(1), "{fault}");
        assert!(stderr(&result).contains(part), "{fault}: {}", stderr(&result));
        assert_eq!(stdout(&result), "", "{fault}");
        assert_eq!((world.completed(), world.folder.names()), (0, vec![]), "{fault}");
    }
}

/// The process is killed after different parts of the download: the temporary folder never holds a passage of
/// the original. The first download breaks at `point`. The second one starts only after the first was
/// decoded, and then the process is killed.
#[cfg(unix)]
#[test]
fn kill_9_leaves_no_unredacted_audio() {
    let original = fixture_bytes("call.wav");
    // The bytes of the speech at 12 s, which is inside a window.
    let secret = &original[44 + 12 * 32_000..][..4000];
    let kill_after = |point: u64| {
        let world = world(&[&format!("fetch=cut:{point}"), "fetch=stall:100"]);
        let mut child = world.command(&WINDOWS).stderr(Stdio::null()).spawn().unwrap();
        let fetched = |entry: &LedgerEntry| entry.path.starts_with("/download");
        while world.sandbox.ledger().iter().filter(|entry| fetched(entry)).count() < 2 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for name in world.folder.names() {
            let left = std::fs::read(world.folder.path(&name)).unwrap();
            assert!(!left.windows(secret.len()).any(|part| part == secret), "{name} at {point}");
        }
        assert_eq!(world.completed(), 0);
    };
    std::thread::scope(|scope| {
        for point in [100, 5000, 400_000, 480_000, 700_000, 1_216_000] {
            scope.spawn(move || kill_after(point));
        }
    });
}

/// ctrl-c while the client waits before it retries complete: the message names the new recording.
#[cfg(unix)]
#[test]
fn ctrl_c_names_the_recording_that_was_created() {
    let world = world(&["complete=429:200"]);
    let kept = world.folder.path("kept.wav");
    let args = [WINDOWS.as_slice(), &["--keep", &kept]].concat();
    let child = world.command(&args).stderr(Stdio::piped()).spawn().unwrap();
    let complete =
        |entry: &LedgerEntry| entry.path.ends_with("/upload/complete") && entry.status.is_some();
    while !world.sandbox.ledger().iter().any(complete) {
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let result = child.wait_with_output().unwrap();
    assert_eq!(result.status.code(), Some(130));
    let id = &world.sandbox.uploads()[0].id;
    let line = format!("interrupted: recording {id} was created and may not be complete");
    assert!(stderr(&result).contains(&line), "{}", stderr(&result));
    assert_eq!((world.completed(), world.folder.names()), (0, vec![]));
}

/// The sandbox in its own process, as in the README; then only curl against it.
#[cfg(unix)]
#[test]
fn a_curl_script_runs_all_steps_against_the_sandbox() {
    struct Running(Child);
    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let mut sandbox = command(&["sandbox", "--port", "0"]);
    let child = sandbox.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let exports: Vec<String> =
        lines.by_ref().skip_while(|line| !line.contains("export")).take(2).collect();
    let variables = exports.iter().flat_map(|line| line.split_whitespace().skip(1));
    let variables: Vec<(&str, &str)> = variables.filter_map(|v| v.split_once('=')).collect();
    assert_eq!(variables.len(), 5, "{exports:?}");

    let recording = command(&[["recording"].as_slice(), &WINDOWS].concat())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert_eq!(recording.status.code(), Some(0), "{}", stderr(&recording));

    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: curl is not installed");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/walk.sh");
    let walk = Command::new("bash").args([script, CALL]).envs(variables).output().unwrap();
    assert!(walk.status.success(), "{}", stderr(&walk));
    assert_eq!(stdout(&walk).trim().len(), 36, "an id");
}

#[test]
fn the_demo_runs_all_steps_and_leaves_no_files() {
    let folder = Folder::new();
    let mut demo = command(&["demo"]);
    // A proxy for all requests, as in companies: requests to this machine must not go through it.
    demo.env("http_proxy", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
    let result = demo.current_dir(folder.path("")).env("TMPDIR", folder.path("")).output().unwrap();
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let text = stdout(&result);
    assert!(text.contains("outside: no sample has changed"), "{text}");
    assert!(text.contains("verdict: clean; speech is only quieter"), "{text}");
    assert!(text.contains("sordino demo --report demo.html"), "{text}");
    assert_eq!(folder.names(), [""; 0]);
    let out = folder.path("redacted.wav");
    let page = folder.path("demo.html");
    assert!(sordino(&["demo", "-o", &out, "--report", &page]).status.success());
    assert!(std::fs::read_to_string(page).unwrap().contains("The call of the demo"));
    let call = fixture("call.opus");
    let call = ["file", call.to_str().unwrap(), "-o", "-"];
    let file = sordino(&[call.as_slice(), &WINDOWS].concat());
    assert!(std::fs::read(&out).unwrap() == file.stdout);
}

/// The receipt goes to a store that never answers. What is delivered by then is told.
#[cfg(unix)]
#[test]
fn ctrl_c_works_while_side_outputs_go_to_a_bucket() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let world = world(&[]);
    let receipt = ["--receipt", "s3://bucket/receipt.json"];
    let recording = world.command(&[&WINDOWS[..], &receipt].concat());
    let demo = command(&[&["demo"][..], &receipt].concat());
    for (mut command, at) in [(recording, "is complete"), (demo, "the demo is over")] {
        let (port, told) = crate::store_cli::stuck();
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        while !told.recv().unwrap().starts_with("PUT") {}
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130), "{at}");
        let says = format!("{at}; what goes with it may be missing");
        assert!(stderr(&ended).contains(&says), "{}", stderr(&ended));
    }
}
