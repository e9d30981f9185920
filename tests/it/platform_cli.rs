//! `sordino recording --api platform` as a person uses it, against a sandbox in this process.

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use sordino::sandbox::{Conversation, ConversationRecording, FileState, Sandbox, SandboxOptions};

use crate::support::*;

const SECRET: &str = "sandbox-secret";

/// A sandbox in this process, used by a command in another process.
pub struct World {
    pub sandbox: Sandbox,
    base: String,
    pub folder: Folder,
    _runtime: tokio::runtime::Runtime,
}

/// The conversation `c`: a call with two keys, its consultation in stereo, its screen, an old call.
fn conversation() -> Conversation {
    let call = fixture_bytes("call.wav");
    let samples = samples_16(&call);
    let side = |at| {
        let samples = samples.iter().skip(at).step_by(2);
        wav(1, 8000, 1, 16, &samples.flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>())
    };
    let two = ConversationRecording::new("two").file("0", side(0)).file("1", side(1));
    let stereo = ConversationRecording::new("stereo").file("S", call);
    let mut screen = ConversationRecording::new("screen").file("0", &b"\x1A\x45"[..]);
    screen.media = "screen".into();
    let mut old = ConversationRecording::new("old").file("S", &b"x"[..]);
    old.state = FileState::Archived;
    Conversation::new("c", [two, stereo, screen, old])
}

pub fn world_with(faults: &[&str], change: impl FnOnce(&mut Conversation)) -> World {
    world_of(SandboxOptions::default(), faults, change)
}

fn world_of(
    options: SandboxOptions,
    faults: &[&str],
    change: impl FnOnce(&mut Conversation),
) -> World {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(options);
    let mut conversation = conversation();
    change(&mut conversation);
    sandbox.add_conversation(conversation);
    faults.iter().for_each(|fault| sandbox.inject(fault.parse().unwrap()));
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    World { sandbox, base, folder: Folder::new(), _runtime: runtime }
}

fn world(faults: &[&str]) -> World {
    world_with(faults, |_| {})
}

impl World {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&[["recording"].as_slice(), args].concat());
        command
            .env("GENESYS_BASE_URL", &self.base)
            .env("GENESYS_CLIENT_ID", "sandbox")
            .env("GENESYS_CLIENT_SECRET", SECRET)
            .env_remove("GENESYS_RECORDING_ID")
            .env_remove("GENESYS_CONVERSATION_ID")
            .env("TMPDIR", self.folder.path(""))
            .current_dir(self.folder.path(""))
            .stdin(Stdio::null());
        command
    }

    /// Runs `recording --api platform` with these arguments, and checks that its output holds no secret.
    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with(&[], args)
    }

    /// Starts it with more variables.
    pub fn spawn(&self, variables: &[(String, String)], args: &[&str]) -> Child {
        let all = [["--api", "platform", "--conversation-id", "c"].as_slice(), args].concat();
        let mut command = self.command(&all);
        command.envs(variables.iter().cloned()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The same, to its end.
    pub fn run_with(&self, variables: &[(String, String)], args: &[&str]) -> Output {
        let output = self.spawn(variables, args).wait_with_output().unwrap();
        for text in [String::from_utf8_lossy(&output.stdout).into_owned(), stderr(&output)] {
            assert!(!text.contains(SECRET) && !text.contains("Signature"), "{text}");
            assert!(!self.sandbox.tokens().iter().any(|token| text.contains(token)), "{text}");
            assert!(!text.contains("panicked"), "{text}");
        }
        output
    }

    pub fn recording(&self, id: &str) -> ConversationRecording {
        self.sandbox.conversation("c").unwrap().recording(id).unwrap().clone()
    }

    fn exists(&self, name: &str) -> bool {
        std::path::Path::new(&self.folder.path(name)).exists()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path(name)).unwrap()
    }

    /// The paths of all requests but those for tokens.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.sandbox.ledger().into_iter();
        let requests = requests.map(|entry| format!("{} {}", entry.method, entry.path));
        requests.filter(|line| !line.contains("/oauth/")).collect()
    }
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

/// What `sordino file` makes of the call with these arguments.
pub fn file(args: &[&str]) -> Vec<u8> {
    let result = sordino(&[["file", CALL, "-o", "-"].as_slice(), args].concat());
    assert!(result.status.success(), "{}", stderr(&result));
    result.stdout
}

/// In three days.
pub fn soon() -> String {
    soon_in(72)
}

fn soon_in(hours: u64) -> String {
    let date = std::time::SystemTime::now() + std::time::Duration::from_secs(hours * 3600);
    humantime::format_rfc3339_seconds(date).to_string()
}

const ONE: [&str; 6] = ["--recording-id", "stereo", "-w", "10-15", "--to", "out.wav"];

#[test]
fn a_recording_becomes_a_file_and_its_original_is_kept() {
    let world = world(&[]);
    let result = world.run(&[&ONE[..], &["-w", "30.5-35.2@1"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let expected = "sanitised 2 windows, 9.7 s of 38.0 s, recording stereo (key S) -> out.wav; self-check passed\n\
         the original is kept in Genesys, unredacted; its transcript, if there is one, a copy of what was said too, is kept with it\n";
    assert_eq!(stdout(&result), expected);
    assert!(world.read("out.wav") == file(&["-w", "10-15", "-w", "30.5-35.2@1"]));
    assert_eq!(world.folder.names(), ["out.wav"]);
    let changes = |line: &String| !line.starts_with("GET ");
    assert_eq!(world.requests().iter().filter(|line| changes(line)).count(), 0);
}

#[test]
fn an_original_that_its_own_retention_deletes_is_told() {
    let at = std::time::SystemTime::now() + std::time::Duration::from_secs(24 * 3600);
    let date = humantime::format_rfc3339_millis(at).to_string();
    let world = world_with(&[], |conversation| {
        conversation.recordings.iter_mut().for_each(|one| one.delete_date = Some(at));
    });
    let result = world.run(&[&ONE[..], &["--receipt", "r.json"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let last = stdout(&result).lines().last().unwrap().to_owned();
    let part =
        format!("is kept in Genesys, unredacted; its own retention deletes it on {date}; its");
    assert!(last.contains(&part), "{last}");
    // The receipt says what was done: nothing.
    let receipt =
        sordino::Receipt::parse(&String::from_utf8(world.read("r.json")).unwrap()).unwrap();
    let original = serde_json::to_value(receipt.delivery.unwrap().original).unwrap();
    assert_eq!(original, serde_json::json!({"state": "kept", "transcript": "kept"}));
    let both = ["-w", "10-15", "--same-windows", "--to", "copies/"];
    let line = stdout(&world.run(&both));
    let part =
        "2 kept in Genesys, unredacted; the retention of 2 of those kept deletes it on a date";
    assert!(line.contains(part), "{line}");
    let json = json(&world.run(&[&both[..], &["--force", "--json"]].concat()));
    let original = &json["recordings"][0]["original"];
    assert_eq!((&original["state"], &original["retentionDate"]), (&"kept".into(), &date.into()));
    assert_eq!(original["deleteDate"], Value::Null);
}

#[test]
fn two_keys_become_one_file_with_a_channel_for_each() {
    let world = world(&[]);
    let args = ["--recording-id", "two", "-w", "10-15@1", "-w", "20-21", "--silence"];
    let result = world.run(&[&args[..], &["--to", "copies/", "--receipt", "copies/"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(stdout(&result).contains("recording two (keys 0, 1) -> copies/c/two.wav;"));
    assert!(world.read("copies/c/two.wav") == file(&["-w", "10-15@1", "-w", "20-21", "--silence"]));
    let receipt = String::from_utf8(world.read("copies/c/two.json")).unwrap();
    assert_eq!(crate::receipt::shape_errors(&receipt), [] as [String; 0]);
    let receipt = sordino::Receipt::parse(&receipt).unwrap();
    let copy = stream(world.read("copies/c/two.wav"));
    assert_eq!(receipt.compare(copy).unwrap(), sordino::receipt::FileMatch::Identical);
}

#[test]
fn split_makes_a_file_for_each_key() {
    let world = world(&[]);
    let args = ["--recording-id", "two", "-w", "10-15@1", "-w", "20-21", "--split", "--json"];
    let result = world.run(&[&args[..], &["--to", "copies/", "--receipt", "papers/"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let both = samples_16(&file(&["-w", "10-15@1", "-w", "20-21"]));
    for (at, key) in ["0", "1"].into_iter().enumerate() {
        let side: Vec<i16> = both.iter().skip(at).step_by(2).copied().collect();
        assert!(samples_16(&world.read(&format!("copies/c/two.{key}.wav"))) == side, "{key}");
        assert!(world.exists(&format!("papers/c/two.{key}.json")));
    }
    let json = json(&result);
    assert_eq!(json["copies"][1]["outputFile"], "copies/c/two.1.wav");
    assert_eq!((&json["copies"][1]["keys"][0], &json["recordingId"]), (&"1".into(), &"two".into()));
}

#[test]
fn all_recordings_of_a_conversation_are_done_each_on_its_own() {
    let world = world(&[]);
    let args = ["-w", "10-15", "--same-windows", "--to", "copies/"];
    let result = world.run(&args);
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    for id in ["two", "stereo"] {
        assert!(world.read(&format!("copies/c/{id}.wav")) == file(&["-w", "10-15"]), "{id}");
    }
    let told = stderr(&result);
    assert!(told.contains("note: left out: the recording screen is `screen`, not audio"), "{told}");
    assert!(told.contains("warning: left out: the recording old is archived"), "{told}");
    assert!(stdout(&result).contains("originals: 2 kept in Genesys, unredacted"));
    // A second run would replace them.
    let again = world.run(&args);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("it exists already; give --force"), "{}", stderr(&again));
    let json = json(&world.run(&[&args[..], &["--force", "--json"]].concat()));
    let ids: Vec<_> = (0..2).map(|at| json["recordings"][at]["recordingId"].clone()).collect();
    assert_eq!(ids, ["two", "stereo"]);
    assert_eq!(json["recordings"][0]["original"]["state"], "kept");
    assert_eq!(json["leftOut"][1], serde_json::json!({"recordingId": "old", "reason": "archived"}));
}

#[test]
fn the_same_windows_for_several_recordings_must_be_meant() {
    let world = world(&[]);
    let list = world.folder.write("w.json", b"[[10.5, 15]]");
    for windows in [["-w", "10-15"], ["--windows", &list]] {
        let result = world.run(&[&windows[..], &["--to", "copies/"]].concat());
        assert_eq!(result.status.code(), Some(2));
        let part =
            "two, stereo, old, each with its own times, and nothing was fetched; name one with";
        assert!(stderr(&result).contains(part), "{}", stderr(&result));
        assert!(!world.exists("copies"));
    }
    assert!(!world.sandbox.ledger().iter().any(|entry| entry.storage), "nothing was fetched");
    // With one recording it is clear what they mean, whatever its conversation has that is not heard.
    let one = world_with(&[], |conversation| {
        conversation.recordings.retain(|one| ["stereo", "screen", "old"].contains(&&*one.id));
        conversation.recordings[2].state = FileState::Deleted;
    });
    assert_eq!(one.run(&["-w", "10-15", "--to", "copies/"]).status.code(), Some(0));
}

/// They could be meant for the other one, and would be muted in this one, whose original would go.
#[test]
fn windows_of_one_recording_are_not_used_while_another_is_out_of_reach() {
    let date = soon();
    let args = ["-w", "10-15", "--silence", "--to", "copies/", "--delete-original", &date, "--yes"];
    for state in [FileState::Uploading, FileState::Archived, FileState::Error] {
        let world = world_with(&[], |conversation| {
            conversation.recordings.retain(|one| one.id == "stereo" || one.id == "two");
            conversation.recordings[0].state = state;
        });
        let result = world.run(&[&args[..], &["--poll-limit", "0"]].concat());
        let told = stderr(&result);
        assert_eq!(result.status.code(), Some(2), "{state:?}: {told}");
        assert!(
            told.contains("it has the recordings stereo, two, each with its own times"),
            "{told}"
        );
        assert_eq!(world.folder.names(), [""; 0]);
        assert_eq!(world.recording("stereo").delete_date, None, "{state:?}");
        // Both are meant.
        let both = world.run(&[&args[..], &["--poll-limit", "0", "--same-windows"]].concat());
        assert!(world.exists("copies/c/stereo.wav"), "{state:?}: {}", stderr(&both));
    }
}

#[test]
fn some_failed_recordings_are_exit_code_3_and_all_are_1() {
    // The first download is that of `two`.
    let world = world(&["fetch=404"]);
    let args = ["-w", "10-15", "--same-windows", "--max-retries", "0", "--to", "copies/", "--json"];
    let result = world.run(&args);
    assert_eq!(result.status.code(), Some(3), "{}", stderr(&result));
    assert!(stderr(&result).contains("error: recording two: fetch"), "{}", stderr(&result));
    assert!(!world.exists("copies/c/two.wav") && world.exists("copies/c/stereo.wav"));
    let json = json(&result);
    let of = |at: usize| {
        let one = &json["recordings"][at];
        (one["recordingId"].clone(), one["status"].clone(), one["original"]["state"].clone())
    };
    assert_eq!(of(0), ("stereo".into(), "completed".into(), "kept".into()));
    assert_eq!(of(1), ("two".into(), "failed".into(), "kept".into()));
    let none = world_with(&["fetch=404xever"], |_| {});
    assert_eq!(none.run(&args).status.code(), Some(1));
    assert_eq!(none.folder.names(), [""; 0]);
}

#[test]
fn a_part_that_fails_delivers_nothing() {
    // The second part ends early, again and again.
    for fault in ["fetch=cut:20000xever", "fetch=expired:1xever"] {
        let world = world(&[fault]);
        let args = ["--recording-id", "two", "-w", "10-15", "--max-retries", "0", "--to"];
        for to in ["out.wav", "copies/"] {
            let result = world.run(&[&args[..], &[to]].concat());
            assert_eq!(result.status.code(), Some(1), "{fault}: {}", stderr(&result));
        }
        assert_eq!(world.folder.names(), [""; 0], "{fault}");
    }
}

#[test]
fn parts_that_do_not_fit_are_an_error_that_names_split() {
    let world = world_with(&[], |conversation| {
        let two = conversation.recordings.iter().find(|one| one.id == "two").unwrap();
        let (long, short) = (two.files[1].1.clone(), wav(1, 8000, 1, 16, &[0; 16_000]));
        let odd = ConversationRecording::new("odd").file("0", short).file("1", long);
        // Of the same length.
        let slow = || wav(1, 8000, 1, 16, &[0; 32_000]);
        let fast = || wav(1, 16_000, 1, 16, &[0; 64_000]);
        let rates = ConversationRecording::new("rates").file("0", slow()).file("1", fast());
        let gap = ConversationRecording::new("gap").file("0", slow()).file("2", slow());
        conversation.recordings.extend([odd, rates, gap]);
    });
    for (id, part) in [
        ("odd", "redact each on its own: --split writes a file for each key"),
        ("rates", "redact each on its own: --split writes a file for each key"),
        ("gap", "its keys are 0, 2, so channel 1 would not be key 1; split it (--split)"),
    ] {
        let args = ["--recording-id", id, "-w", "0-1", "--to"];
        let result = world.run(&[&args[..], &["out.wav"]].concat());
        let told = stderr(&result);
        assert_eq!(result.status.code(), Some(1), "{told}");
        assert!(told.contains(part), "{told}");
        assert_eq!(world.folder.names(), [""; 0]);
        let result = world.run(&[&args[..], &["keys/", "--split"]].concat());
        assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
        std::fs::remove_dir_all(world.folder.path("keys")).unwrap();
    }
}

#[test]
fn stdout_takes_one_recording() {
    let world = world(&[]);
    let args = ["--recording-id", "stereo", "-w", "10-15", "--to", "-"];
    let result = world.run(&[&args[..], &["--annotate"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(result.stdout == file(&["-w", "10-15"]));
    let told = stderr(&result);
    assert!(
        told.contains("(key S) -> stdout; self-check passed; 1 annotation\nthe original is kept")
    );
    assert_eq!(world.recording("stereo").annotations.len(), 1);
    assert_eq!(world.folder.names(), [""; 0]);
}

#[test]
fn a_dry_run_changes_nothing_and_keeps_the_copy_if_asked() {
    let world = world(&[]);
    let args = ["--recording-id", "stereo", "-w", "10-15", "--silence", "--dry-run", "--annotate"];
    let more = ["--delete-original", &soon(), "--to", "copies/", "--keep", "kept.wav"];
    let result = world.run(&[&args[..], &more].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    assert!(stdout(&result).starts_with("dry run: would sanitise 1 window"));
    assert!(stderr(&result).contains("it would annotate the original, and let it be deleted on"));
    assert_eq!(world.folder.names(), ["kept.wav"]);
    let kept = world.recording("stereo");
    assert!(kept.annotations.is_empty() && kept.delete_date.is_none());
    let alone = world.run(&args);
    assert_eq!((alone.status.code(), world.folder.names()), (Some(0), vec!["kept.wav".into()]));
}

#[test]
fn a_dry_run_gives_no_evidence_of_what_was_not_delivered() {
    let world = world(&[]);
    let list = world.folder.write("w.json", b"[[10.5, 15]]");
    for (option, value) in
        [("--receipt", "r.json"), ("--report", "r.html"), ("--redacted-transcript", "t.json")]
    {
        for api in ["platform", "recordings"] {
            let args = ["--api", api, "--recording-id", "stereo", "--conversation-id", "c"];
            let more = ["--windows", &list, "--dry-run", option, value];
            let result = world.command(&[&args[..], &more].concat()).output().unwrap();
            assert_eq!(result.status.code(), Some(2), "{option}: {}", stderr(&result));
            let part =
                format!("reading {option}: a dry run delivers nothing that it could go with");
            assert!(stderr(&result).contains(&part), "{option}: {}", stderr(&result));
        }
    }
    assert_eq!((world.folder.names(), world.sandbox.ledger()), (vec!["w.json".into()], vec![]));
}

/// The folder of the receipts, for a listener that has no captures.
static PAPERS: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// The annotation is made, and meanwhile the folder of the receipt goes: what is said of the receipt is what
/// is there.
#[test]
fn a_receipt_that_is_lost_after_the_delivery_is_not_named() {
    let folder = Folder::new();
    PAPERS.set(folder.path("papers")).unwrap();
    let listener = |entry: &sordino::sandbox::LedgerEntry| {
        if entry.path.ends_with("/annotations") {
            std::fs::remove_dir_all(PAPERS.get().unwrap()).unwrap();
        }
    };
    let options = SandboxOptions { listener: Some(listener), ..SandboxOptions::default() };
    let world = World { folder, ..world_of(options, &[], |_| {}) };
    let result = world.run(&[&ONE[..], &["--annotate", "--receipt", "papers/"]].concat());
    assert_eq!(result.status.code(), Some(1), "{}", stderr(&result));
    let line = stdout(&result);
    let part = "-> out.wav; self-check passed; 1 annotation\nthe original is kept in Genesys";
    assert!(line.contains(part) && !line.contains("papers"), "{line}");
    let error = "error: the redacted copy of recording stereo is delivered; writing the receipt";
    assert!(stderr(&result).contains(error), "{}", stderr(&result));
    assert!(world.read("out.wav") == file(&["-w", "10-15"]));
    assert_eq!(world.folder.names(), ["out.wav"]);
    assert_eq!(world.recording("stereo").annotations.len(), 1);
}

#[test]
fn an_original_is_annotated_and_its_deletion_is_set() {
    let world = world(&[]);
    let date = soon();
    let args = ["-w", "30-31=card number", "--silence", "--annotate", "--delete-original", &date];
    let result =
        world.run(&[&ONE[..], &args, &["--yes", "--json", "--receipt", "r.json"]].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let json = json(&result);
    assert_eq!(
        (&json["status"], &json["annotations"].as_array().unwrap().len()),
        (&"completed".into(), &2)
    );
    let original = &json["original"];
    assert_eq!(
        (&original["state"], &original["transcript"]),
        (&"deletion-set".into(), &"unknown".into())
    );
    let receipt = String::from_utf8(world.read("r.json")).unwrap();
    let delivery = sordino::Receipt::parse(&receipt).unwrap().delivery.unwrap();
    assert_eq!(delivery.recording_id.as_deref(), Some("stereo"));
    assert_eq!(serde_json::to_value(delivery.original).unwrap(), *original);
    assert!(original["deleteDate"].as_str().unwrap().starts_with(date.trim_end_matches('Z')));
    let recording = world.recording("stereo");
    assert_eq!(humantime::format_rfc3339_seconds(recording.delete_date.unwrap()).to_string(), date);
    let marks: Vec<_> = recording.annotations.iter().map(|mark| mark["location"].clone()).collect();
    assert_eq!(marks, [10_000, 30_000]);
    let steps: Vec<_> =
        world.requests().into_iter().skip_while(|line| !line.contains("annotations")).collect();
    let own = "/api/v2/conversations/c";
    assert_eq!(
        steps,
        [
            format!("POST {own}/recordings/stereo/annotations"),
            format!("POST {own}/recordings/stereo/annotations"),
            "POST /api/v2/recordings/deletionprotection".into(),
            format!("GET {own}/recordingmetadata/stereo"),
            format!("PUT {own}/recordings/stereo"),
            format!("GET {own}/recordingmetadata/stereo"),
        ]
    );
}

#[test]
fn a_deletion_that_is_waited_for_is_told() {
    let world = world(&[]);
    let args = ["--silence", "--delete-original", "2020-01-01", "--now", "--wait-deleted", "--yes"];
    let result = world.run(&[&ONE[..], &args].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let last = stdout(&result).lines().last().unwrap().to_owned();
    assert!(last.starts_with(
        "the original is deleted; its transcript, if there is one, a copy of what was"
    ));
    assert_eq!(world.recording("stereo").state, FileState::Deleted);
}

/// Nobody waits for it, and the first look at the recording finds it deleted.
#[test]
fn a_deletion_that_is_seen_is_told() {
    let options = SandboxOptions { reads_before_change: 0, ..SandboxOptions::default() };
    let world = world_of(options, &[], |_| {});
    let args = ["--silence", "--delete-original", "2020-01-01", "--now", "--yes"];
    let result = world.run(&[&ONE[..], &args].concat());
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let last = stdout(&result).lines().last().unwrap().to_owned();
    assert!(last.starts_with("the original is deleted; its transcript"), "{last}");
}

#[test]
fn a_refused_deletion_leaves_copy_and_annotation_and_is_told() {
    for (permission, protected, told) in [
        (
            Some("recording:recording:editRetention"),
            false,
            "recording:recording:editRetention is missing",
        ),
        (None, true, "the conversation is protected from deletion"),
    ] {
        let world = world_with(&[], |conversation| conversation.protected = protected);
        permission.into_iter().for_each(|permission| world.sandbox.revoke(permission));
        let args = ["--silence", "--annotate", "--delete-original", &soon(), "--yes"];
        let result = world.run(&[&ONE[..], &args].concat());
        assert_eq!(result.status.code(), Some(1));
        assert!(world.exists("out.wav"));
        let line = stdout(&result);
        assert!(
            line.contains("-> out.wav; self-check passed; 1 annotation\nthe original is kept"),
            "{line}"
        );
        let error = stderr(&result);
        assert!(
            error.contains(
                "error: the redacted copy of recording stereo is delivered; recording stereo: "
            ),
            "{error}"
        );
        assert!(error.contains(told), "{error}");
        let recording = world.recording("stereo");
        assert_eq!((recording.annotations.len(), recording.delete_date), (1, None));
    }
}

#[test]
fn a_deletion_whose_answer_is_lost_is_not_known() {
    // The first is for the export, and changes nothing.
    let world = world(&["retention=cut:1000000", "retention=lost"]);
    let args = ["--silence", "--delete-original", &soon(), "--yes", "--max-retries", "0", "--json"];
    let result = world.run(&[&ONE[..], &args].concat());
    assert_eq!(result.status.code(), Some(1), "{}", stderr(&result));
    let json = json(&result);
    let original = &json["original"];
    assert_eq!((&json["status"], &original["state"]), (&"delivered".into(), &"unknown".into()));
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .contains("the redacted copy of recording stereo is delivered")
    );
    assert!(world.recording("stereo").delete_date.is_some());
}

#[test]
fn an_original_is_not_deleted_unless_its_copy_can_stand_for_it() {
    let world = world(&[]);
    let (date, tomorrow) = (soon(), soon_in(23));
    // Before --max-wait ends, but after the last look within it.
    let late = std::time::SystemTime::now() + std::time::Duration::from_secs(295);
    let late = humantime::format_rfc3339_seconds(late).to_string();
    let base = ["--recording-id", "stereo", "-w", "10-15"];
    for (args, part) in [
        (&["--to", "o.wav", "--yes", "--delete-original", &date][..], "give --silence or --tone"),
        (
            &["--to", "o.wav", "--yes", "--delete-original", &date, "--silence", "--no-self-check"],
            "leave out --no-self-check",
        ),
        (
            &["--to", "-", "--yes", "--delete-original", &date, "--silence"],
            "what goes to stdout cannot be read back",
        ),
        (
            &["--to", "o.wav", "--yes", "--delete-original", &tomorrow, "--silence"],
            "less than 24 h ahead",
        ),
        (
            &["--to", "o.wav", "--yes", "--delete-original", "2020-01-01", "--silence"],
            "less than 24 h ahead",
        ),
        (
            &[
                "--to",
                "o.wav",
                "--yes",
                "--delete-original",
                &late,
                "--silence",
                "--now",
                "--wait-deleted",
            ],
            "it looks for the last time after 275 s",
        ),
        (
            &["--to", "o.wav", "--yes", "--delete-original", "soon", "--silence"],
            "`soon` is no date",
        ),
        (
            &["--to", "o.wav", "--delete-original", &date, "--silence"],
            "nobody can be asked here; add --yes",
        ),
    ] {
        let result = world.run(&[&base[..], args].concat());
        assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{args:?}: {}", stderr(&result));
    }
    assert_eq!((world.folder.names(), world.sandbox.ledger()), (vec![], vec![]));
}

/// Runs these wrong calls: each has exit code 2 and its text, and changes nothing.
fn wrong(world: &World, calls: &[(Vec<&str>, &str)]) {
    let there = world.folder.write("there.wav", b"old");
    for (args, part) in calls {
        let result = world.run(args);
        assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{args:?}: {}", stderr(&result));
        assert_eq!(world.folder.names(), ["there.wav"], "{args:?}");
    }
    assert_eq!((std::fs::read(there).unwrap(), world.sandbox.ledger()), (b"old".to_vec(), vec![]));
}

#[test]
fn wrong_places_exit_with_2_and_say_what_to_do() {
    let one = ["--recording-id", "stereo", "-w", "10-15"];
    let all = ["-w", "10-15"];
    let calls = [
        ([&one[..]].concat(), "missing: --to (or --dry-run)"),
        ([&one[..], &["--to", "there.wav"]].concat(), "it exists already"),
        ([&one[..], &["--to", "there.wav/"]].concat(), "there.wav is a file"),
        ([&one[..], &["--to", "none/out.wav"]].concat(), "its folder does not exist"),
        ([&one[..], &["--to", "o.wav", "--keep", "k.wav"]].concat(), "--to is where the copy goes"),
        ([&one[..], &["--dry-run", "--keep", "-"]].concat(), "stdout is not one"),
        (
            [&one[..], &["--to", "o.wav", "--receipt", "o.wav"]].concat(),
            "another output goes there",
        ),
        ([&one[..], &["--to", "o.wav", "--receipt", "-"]].concat(), "stdout is not one"),
        (
            [&one[..], &["--to", "o.wav", "--split"]].concat(),
            "--split makes a file for each key; give a folder",
        ),
        (
            [&one[..], &["--to", "o/", "--split", "--receipt", "r"]].concat(),
            "give a folder, such as r/",
        ),
        (
            [&all[..], &["--to", "o.wav"]].concat(),
            "without --recording-id there is a file for each recording; give a folder, such as o.wav/",
        ),
        ([&all[..], &["--to", "-"]].concat(), "and stdout holds one"),
        (
            [&all[..], &["--to", "o/", "--report", "p.html"]].concat(),
            "give a folder, such as p.html/",
        ),
    ];
    wrong(&world(&[]), &calls);
}

#[test]
fn wrong_settings_exit_with_2_and_say_what_to_do() {
    let one = ["--recording-id", "stereo", "-w", "10-15"];
    let calls = [
        ([&one[..], &["--to", "o.wav", "--now"]].concat(), "--delete-original"),
        ([&one[..], &["--to", "o.wav", "--format", "flac"]].concat(), "ogg_opus"),
        (
            [&one[..], &["--to", "o.wav", "--region", "frankfurt"]].concat(),
            "is no region; give one of mypurecloud.com",
        ),
        (
            [&one[..], &["--to", "o.wav", "--region", "usw2"]].concat(),
            "did you mean usw2.pure.cloud?",
        ),
        (
            [&one[..], &["--to", "o.wav", "--region", "mypurecloud.de", "--base-url", "x"]]
                .concat(),
            "cannot be used with",
        ),
        ([&one[..], &["--to", "o.wav", "--token-cache", "none/t"]].concat(), "none/t"),
        (vec!["-w", "10-15", "--to", "o.wav", "--recording-id", "a/b"], "letters, digits"),
        (
            vec!["-w", "10-15", "--to", "o/", "--recording-id", ""],
            "it is empty; for all recordings",
        ),
    ];
    wrong(&world(&[]), &calls);
}

#[test]
fn options_of_the_other_api_are_wrong_calls() {
    let world = world(&[]);
    for args in [
        &["--to", "o.wav"][..],
        &["--layout", "export"],
        &["--split"],
        &["--same-windows"],
        &["--format", "mp3"],
        &["--poll-limit", "3"],
        &["--annotate"],
        &["--delete-original", "2030-01-01"],
    ] {
        let base = ["--recording-id", "stereo", "--conversation-id", "c", "-w", "10-15"];
        let result = world.command(&[&base[..], args].concat()).output().unwrap();
        assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
        let part = format!("error: reading {}: it is for --api platform", args[0]);
        assert!(stderr(&result).contains(&part), "{args:?}: {}", stderr(&result));
    }
    assert_eq!(world.sandbox.ledger(), []);
}

#[test]
fn ids_of_the_environment_are_said_aloud() {
    let world = world(&[]);
    let args = ["--api", "platform", "-w", "10-15", "--to", "out.wav"];
    let mut command = world.command(&args);
    command.env("GENESYS_RECORDING_ID", "stereo").env("GENESYS_CONVERSATION_ID", "c");
    let result = command.output().unwrap();
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    for part in [
        "the conversation is c (GENESYS_CONVERSATION_ID)",
        "the recording is stereo (GENESYS_RECORDING_ID)",
    ] {
        assert!(stderr(&result).contains(part), "{}", stderr(&result));
    }
    let missing = world.command(&["--api", "platform", "-w", "1-2"]).output().unwrap();
    let part = "missing: GENESYS_CONVERSATION_ID (or --conversation-id), --to (or --dry-run)";
    assert!(stderr(&missing).contains(part), "{}", stderr(&missing));
    let mut empty = world.command(&args[..4]);
    let empty = empty.args(["--to", "copies/", "--conversation-id", "c"]);
    let empty = empty.env("GENESYS_RECORDING_ID", "").output().unwrap();
    assert_eq!(empty.status.code(), Some(2));
    assert!(stderr(&empty).contains("unset GENESYS_RECORDING_ID"), "{}", stderr(&empty));
}

/// The host that is told is the one that requests would go to. The last setting is wrong, so that none is sent.
#[test]
fn the_host_is_that_of_the_region_then_of_the_environment() {
    let world = world(&[]);
    let wrong = [
        "--api",
        "platform",
        "-v",
        "-w",
        "1-2",
        "--conversation-id",
        "c",
        "--dry-run",
        "--token-cache",
        "none/t",
    ];
    let told = |args: &[&str], base: Option<&str>| {
        let mut command = world.command(&[&wrong[..], args].concat());
        match base {
            Some(base) => command.env("GENESYS_BASE_URL", base),
            None => command.env_remove("GENESYS_BASE_URL"),
        };
        let result = command.output().unwrap();
        assert_eq!(result.status.code(), Some(2), "{}", stderr(&result));
        stderr(&result)
    };
    for name in sordino::genesys::Region::names() {
        let text = told(&["--region", name], None);
        let expected = format!(
            "detail: the API host is api.{name} (--region; the login host is login.{name})"
        );
        assert!(text.contains(&expected) && !text.contains("warning"), "{text}");
    }
    // The recordings API signs in at the same host.
    let both = ["--region", "mypurecloud.de", "--api", "recordings", "--recording-id", "r"];
    let more = ["-v", "-w", "1-2", "--conversation-id", "c", "--token-cache", "none/t"];
    let result = world.command(&[&both[..], &more].concat()).output().unwrap();
    let text = stderr(&result);
    assert!(text.contains("detail: the API host is api.mypurecloud.de (--region)\n"), "{text}");
    let url = "https://api.mypurecloud.jp";
    let text = told(&["--region", "mypurecloud.de"], Some(url));
    let part = "note: --region counts, not GENESYS_BASE_URL: the API host is api.mypurecloud.de";
    assert!(text.contains(part), "{text}");
    let text = told(&["--base-url", "https://api.mypurecloud.ie"], Some(url));
    assert!(text.contains("the API host is api.mypurecloud.ie (--base-url)"), "{text}");
    assert!(told(&[], Some(url)).contains("the API host is api.mypurecloud.jp (GENESYS_BASE_URL)"));
    assert!(told(&[], None).contains("the API host is api.mypurecloud.com (the default)"));
    let text = told(&["--region", "euc9.pure.cloud"], None);
    assert!(
        text.contains("warning: the region euc9.pure.cloud is not one that sordino knows"),
        "{text}"
    );
}

#[test]
fn completions_know_the_regions() {
    let script = stdout(&sordino(&["completions", "bash"]));
    for name in sordino::genesys::Region::names() {
        assert!(script.contains(name), "{name}");
    }
}

#[test]
fn a_token_cache_saves_the_second_sign_in() {
    let world = world(&[]);
    let args = ["--recording-id", "stereo", "-w", "10-15", "--dry-run", "--token-cache", "token"];
    for _ in 0..2 {
        let result = world.run(&args);
        assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    }
    let ledger = world.sandbox.ledger();
    assert_eq!(ledger.iter().filter(|entry| entry.path == "/oauth/token").count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(world.folder.path("token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Off by default.
    assert_eq!(world.run(&args[..5]).status.code(), Some(0));
    assert_eq!(world.sandbox.ledger().iter().filter(|e| e.path == "/oauth/token").count(), 2);
}

#[test]
fn what_is_not_ready_is_asked_for_again_in_the_format_that_was_named() {
    let world = world(&["locate=transcoding:100x2"]);
    let args = ["--recording-id", "stereo", "-w", "10-15", "--dry-run", "--format", "ogg_opus"];
    assert_eq!(world.run(&[&args[..], &["--poll-limit", "2"]].concat()).status.code(), Some(0));
    world.sandbox.inject("locate=transcoding:100xever".parse().unwrap());
    let result = world.run(&[&args[..], &["--poll-limit", "1"]].concat());
    assert_eq!(result.status.code(), Some(1));
    assert!(stderr(&result).contains("after 1 polls"), "{}", stderr(&result));
}

#[test]
fn a_404_of_the_recordings_api_names_the_other_one() {
    let world = world(&[]);
    let args = ["--recording-id", "stereo", "--conversation-id", "c", "-w", "10-15"];
    let result = world.command(&args).output().unwrap();
    assert_eq!(result.status.code(), Some(1));
    assert!(stderr(&result).contains("locate: the API answers 404"), "{}", stderr(&result));
    assert!(stderr(&result).contains("give --api platform"), "{}", stderr(&result));
    let result = world.run(&["--recording-id", "none", "-w", "10-15", "--to", "o.wav"]);
    assert!(!stderr(&result).contains("give --api platform"), "{}", stderr(&result));
}

#[test]
fn an_old_file_stays_until_all_is_well() {
    let world = world(&["fetch=404"]);
    let (copy, receipt) =
        (world.folder.write("out.wav", b"old"), world.folder.write("r.json", b"old"));
    let args = [&ONE[..], &["--force", "--receipt", "r.json", "--max-retries", "0"]].concat();
    for code in [1, 0] {
        let result = world.run(&args);
        assert_eq!(result.status.code(), Some(code), "{}", stderr(&result));
        assert_eq!(world.folder.names(), ["out.wav", "r.json"]);
        for path in [&copy, &receipt] {
            assert_eq!(std::fs::read(path).unwrap() == b"old", code == 1, "{path}");
        }
    }
}

/// The process ends at each request, as by a failing machine: what is on the disk is redacted, and no date is
/// set before the copy is there.
#[cfg(unix)]
#[test]
fn kill_9_at_any_request_leaves_no_plaintext_and_no_deletion_without_a_copy() {
    let original = fixture_bytes("call.wav");
    let secret = &original[44 + 12 * 32_000..][..4000];
    let kill_at = |request: usize| {
        let world = world(&[]);
        let args = [
            "--api",
            "platform",
            "--conversation-id",
            "c",
            "--silence",
            "--annotate",
            "--delete-original",
            &soon(),
            "--yes",
        ];
        let child = world
            .command(&[&ONE[..], &args].concat())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        kill_at(child, &world.sandbox, request);
        for name in world.folder.names() {
            let left = world.read(&name);
            assert!(!left.windows(secret.len()).any(|part| part == secret), "{name} at {request}");
        }
        let is_set = world.recording("stereo").delete_date.is_some();
        assert!(
            !is_set || world.read("out.wav") == file(&["-w", "10-15", "--silence"]),
            "{request}"
        );
        is_set
    };
    let set: Vec<bool> = std::thread::scope(|scope| {
        let runs: Vec<_> = (1..=8).map(|request| scope.spawn(move || kill_at(request))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(!set[0] && !set[1], "{set:?}");
    assert!(set.contains(&true), "some get as far as the deletion: {set:?}");
}

/// The message of an interrupt says what state the original is in.
#[cfg(unix)]
#[test]
fn ctrl_c_says_what_state_the_original_is_in() {
    for (faults, request, part) in [
        (
            &["fetch=stall:1000"][..],
            "GET /media",
            "recording stereo was not delivered; its original is kept",
        ),
        (
            &["protection=429:200"],
            "POST /api/v2/recordings/deletionprotection",
            "is at out.wav; its original is kept",
        ),
        (&["retention=cut:1000000", "retention=429:200"], "PUT ", "is set is not known"),
    ] {
        let world = world(faults);
        let args = [
            "--api",
            "platform",
            "--conversation-id",
            "c",
            "--silence",
            "--delete-original",
            &soon(),
            "--yes",
        ];
        let child =
            world.command(&[&ONE[..], &args].concat()).stderr(Stdio::piped()).spawn().unwrap();
        let is_there = |entry: &sordino::sandbox::LedgerEntry| {
            let line = format!("{} {}", entry.method, entry.path);
            line.starts_with(request) && entry.status.is_some()
        };
        while !world.sandbox.ledger().iter().any(is_there) {
            std::thread::yield_now();
        }
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let result = child.wait_with_output().unwrap();
        assert_eq!(result.status.code(), Some(130), "{request}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{request}: {}", stderr(&result));
        assert_eq!(world.exists("out.wav"), !request.contains("media"), "{request}");
        assert_eq!(world.recording("stereo").delete_date, None, "{request}");
    }
}

#[test]
fn the_demo_of_the_platform_api_leaves_no_files() {
    let folder = Folder::new();
    let mut demo = command(&["demo", "--api", "platform"]);
    let result = demo.current_dir(folder.path("")).env("TMPDIR", folder.path("")).output().unwrap();
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let text = stdout(&result);
    for part in [
        "the original will be deleted on 20",
        "outside: no sample has changed",
        "verdict: clean; speech cannot be recovered",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(folder.names(), [""; 0]);
    let (out, page) = (folder.path("redacted.wav"), folder.path("demo.html"));
    let demo = ["demo", "--api", "platform", "-o", &out, "--report", &page];
    assert!(sordino(&demo).status.success());
    assert!(std::fs::read_to_string(page).unwrap().contains("The call of the demo"));
    let windows = ["-w", "10-15@1", "-w", "30.5-35.2@1", "--silence"];
    let call = fixture("call.opus");
    let call = ["file", call.to_str().unwrap(), "-o", "-"];
    assert!(std::fs::read(out).unwrap() == sordino(&[&call[..], &windows].concat()).stdout);
}

#[test]
fn the_help_tells_each_api_in_one_screen() {
    let help = stdout(&sordino(&["recording", "--help"]));
    let (_, examples) = help.split_once("The recordings API, which").unwrap();
    let (recordings, platform) = examples.split_once("The Platform API, which").unwrap();
    for part in [recordings, platform] {
        assert!(
            part.lines().count() <= 40 && part.contains("Exit codes: 0 done; 1 it failed"),
            "{part}"
        );
    }
}
