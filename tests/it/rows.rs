//! Rows of a batch whose recordings are in Genesys Cloud, through either API: faults at each step, tokens that
//! die, a process that dies. What must not be made twice is not made twice.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use sordino::batch::{
    Api, Cancel, Entry, FailureKind, Filter, Input, Key, Organisation, Places, Planned, Ran, Rows,
    RunOptions, Spec, State, WindowsSpec, open_journal, run,
};
use sordino::digest::Digest;
use sordino::genesys::platform::MediaFormat;
use sordino::genesys::{Config, Credentials, Genesys, Platform, Timer};
use sordino::policy::{IfNone, Settings};
use sordino::sandbox::{Conversation, ConversationRecording, FileState, Sandbox, SandboxOptions};
use sordino::store::{StoreConfig, Stores};
use sordino::transcript::Rule;
use sordino::{DecodeOptions, Policy, Receipt, Treatment};

use crate::genesys::Recorder;
use crate::support::*;

const WINDOWS: [&str; 2] = ["10-15=card number", "30.5-35.2"];

/// An organisation with the recordings `r0`, `r1` … of both APIs, and a folder for what is made.
struct World {
    sandbox: Sandbox,
    base: String,
    folder: Folder,
    stores: Stores,
    runtime: tokio::runtime::Runtime,
}

/// What a row asks for.
struct Row {
    api: Api,
    recording: &'static str,
    windows: Vec<String>,
    treatment: Option<&'static str>,
    out: String,
    delete: Option<String>,
}

fn row(api: Api, recording: &'static str) -> Row {
    let windows = WINDOWS.map(str::to_owned).to_vec();
    let out = match api {
        Api::Recordings => String::new(),
        Api::Platform => format!("{recording}.wav"),
    };
    Row { api, recording, windows, treatment: None, out, delete: None }
}

fn world(recordings: usize, faults: &[&str]) -> World {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(SandboxOptions::default());
    let call = fixture_bytes("call.wav");
    let ids: Vec<_> = (0..recordings).map(|at| format!("r{at}")).collect();
    ids.iter().for_each(|id| sandbox.add_recording(id, call.clone()));
    let of_platform = ids.iter().map(|id| ConversationRecording::new(id).file("S", call.clone()));
    sandbox.add_conversation(Conversation::new("c", of_platform));
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    let world = World {
        sandbox,
        base,
        folder: Folder::new(),
        stores: Stores::new(StoreConfig::with_variables([])),
        runtime,
    };
    world.inject(faults);
    world
}

/// In ten days.
fn later() -> String {
    let date = std::time::SystemTime::now() + std::time::Duration::from_secs(10 * 24 * 3600);
    humantime::format_rfc3339_seconds(date).to_string()
}

fn policy() -> Policy {
    let treatment = Some(Treatment::silence());
    Policy::default().with_flags(Settings { treatment, ..Settings::default() })
}

fn redacted_call() -> Vec<u8> {
    redacted(stream(fixture_bytes("call.wav")), &CALL_WINDOWS, Treatment::silence()).unwrap()
}

impl World {
    fn inject(&self, faults: &[&str]) {
        faults.iter().for_each(|fault| self.sandbox.inject(fault.parse().unwrap()));
    }

    fn rows(&self, change: impl FnOnce(&mut Organisation)) -> Rows {
        rows(&self.base, self.stores.clone(), self.runtime.handle().clone(), change)
    }

    /// Plans these rows, those that failed once more, and does them.
    fn run(&self, rows: &[Row]) -> (Ran, Vec<Entry>) {
        self.run_with(rows, &self.rows(|_| {}), 3)
    }

    fn run_with(&self, rows: &[Row], work: &Rows, jobs: usize) -> (Ran, Vec<Entry>) {
        let planned = planned(&self.folder.path(""), rows);
        run_journal(&self.folder.path("journal"), planned, work, jobs)
    }

    fn creates(&self) -> usize {
        self.sandbox.uploads().len()
    }

    fn original(&self, id: &str) -> ConversationRecording {
        self.sandbox.conversation("c").unwrap().recording(id).unwrap().clone()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path(name)).unwrap()
    }

    fn exists(&self, name: &str) -> bool {
        Path::new(&self.folder.path(name)).exists()
    }
}

fn rows(
    base: &str,
    stores: Stores,
    runtime: tokio::runtime::Handle,
    change: impl FnOnce(&mut Organisation),
) -> Rows {
    let recorder: Arc<dyn Timer> = Arc::<Recorder>::default();
    let config = |mut config: Config| {
        config.timer = Arc::clone(&recorder);
        // The timer does not sleep, so keeping the pace would be a busy loop.
        config.requests_a_minute = 60_000;
        config.retries = 1;
        config
    };
    let credentials = || Credentials::new("sandbox", "sandbox-secret");
    let mut organisation = Organisation {
        recordings: Genesys::new(config(Config::new(base, credentials()).unwrap())).unwrap(),
        platform: Platform::new(config(Config::platform(base, credentials()).unwrap())).unwrap(),
        format: MediaFormat::Wav,
        annotate: true,
        may_delete: true,
    };
    change(&mut organisation);
    let (policy, options, overwrite) = (policy(), DecodeOptions::default(), false);
    let places = Places { stores, policy, options, overwrite, signer: None, runtime };
    Rows { places, genesys: Some(organisation) }
}

fn planned(folder: &str, rows: &[Row]) -> Vec<Planned> {
    let place = |name: &str| match name {
        "" => String::new(),
        name if name.contains("://") => name.to_owned(),
        name => format!("{folder}/{name}"),
    };
    let one = |(row, line): (&Row, u64)| {
        let receipt = Some(format!("{folder}/{}.{line}.receipt.json", row.recording));
        let spec = Spec {
            input: Input::Genesys {
                api: row.api,
                conversation: "c".into(),
                recording: row.recording.into(),
                delete: row.delete.clone(),
            },
            windows: WindowsSpec::Inline(row.windows.clone()),
            windows_version: None,
            treatment: row.treatment.map(str::to_owned),
            output: place(&row.out),
            receipt,
            policy: policy().sha256(),
        };
        Planned { key: Key::of(&spec), line: Some(line), id: None, spec }
    };
    rows.iter().zip(2..).map(one).collect()
}

fn run_journal(
    journal: &str,
    planned: Vec<Planned>,
    work: &Rows,
    jobs: usize,
) -> (Ran, Vec<Entry>) {
    let mut journal = open_journal(journal).unwrap();
    journal.plan("m", &mut planned.into_iter().map(Ok)).unwrap();
    journal.retry_failed("m").unwrap();
    let wait = std::time::Duration::ZERO;
    let options = RunOptions { manifest: "m".into(), jobs, retries: 0, wait, halt: None };
    let ran = run(&mut *journal, work, &options, &Cancel::new(), &mut |_| {}).unwrap();
    let mut entries = Vec::new();
    let each = &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    };
    journal.each(&Filter::default(), each).unwrap();
    (ran, entries)
}

/// State, kind and message of a row that was not done.
fn failure(entry: &Entry) -> (State, FailureKind, &str) {
    let failed = entry.failed.as_ref().unwrap_or_else(|| panic!("{entry:?}"));
    (entry.state, failed.kind, &failed.message)
}

#[test]
fn rows_of_both_apis_are_done_with_one_client_each() {
    let world = world(2, &[]);
    let delete = Some(later());
    let mut all = vec![row(Api::Recordings, "r0"), row(Api::Recordings, "r1")];
    all.extend([row(Api::Platform, "r0"), Row { delete, ..row(Api::Platform, "r1") }]);
    let (ran, entries) = world.run(&all);
    let wrong: Vec<_> = entries.iter().filter_map(|entry| entry.failed.clone()).collect();
    assert_eq!((ran.done, ran.failed, wrong), (4, 0, vec![]));
    let expected = redacted_call();
    let uploads = world.sandbox.uploads();
    assert_eq!(uploads.len(), 2);
    for (entry, at) in entries.iter().zip(0..) {
        let done = entry.done.as_ref().unwrap();
        assert_eq!(
            (&done.sha256, done.bytes),
            (&Digest::of(&expected).sha256, expected.len() as u64)
        );
        assert_eq!((done.frames, done.rate, done.windows), (304_000, 8000, 2));
        let receipt = std::fs::read(entry.spec.receipt.as_ref().unwrap()).unwrap();
        assert_eq!(done.receipt_sha256.as_ref().unwrap(), &Digest::of(&receipt).sha256);
        let receipt = Receipt::parse(std::str::from_utf8(&receipt).unwrap()).unwrap();
        let delivery = receipt.delivery.unwrap();
        assert_eq!(delivery.recording_id.as_deref(), Some(["r0", "r1", "r0", "r1"][at]));
        if at < 2 {
            let upload = uploads.iter().find(|upload| upload.id == done.output).unwrap();
            assert!(upload.completed && upload.audio.as_deref() == Some(&expected[..]));
            assert_eq!(delivery.new_recording_id.as_deref(), Some(done.output.as_str()));
        } else {
            assert!(std::fs::read(&done.output).unwrap() == expected);
            let state = serde_json::to_value(delivery.original.unwrap().state).unwrap();
            assert_eq!(state, ["kept", "deletion-set"][at - 2]);
        }
    }
    for (id, is_set) in [("r0", false), ("r1", true)] {
        let original = world.original(id);
        assert_eq!((original.annotations.len(), original.delete_date.is_some()), (2, is_set));
    }
    let tokens = world.sandbox.ledger().into_iter().filter(|entry| entry.path == "/oauth/token");
    assert_eq!(tokens.count(), 2, "one for each API");
    // The same again does nothing.
    let before = world.sandbox.ledger().len();
    let (again, _) = world.run(&all);
    assert_eq!((again.done, again.counts.done), (0, 4));
    assert_eq!(world.sandbox.ledger().len(), before);
}

/// Each fault of the recordings API: what the row is then, how many recordings were created, and how many are
/// there after the same command once more.
#[test]
fn a_create_is_never_repeated_whatever_fails() {
    use FailureKind::{Missing, Other, Refused, Unavailable};
    use State::{Failed, Unknown};
    for (fault, state, kind, creates, then) in [
        ("locate=404", Failed, Missing, 0, 1),
        ("locate=403", Failed, Refused, 0, 1),
        ("locate=503x2", Failed, Unavailable, 0, 1),
        ("locate=state:pending", Failed, Unavailable, 0, 1),
        ("fetch=cut:1000x2", Failed, Unavailable, 0, 1),
        ("sign-in=401", Failed, Refused, 0, 1),
        // Certain that nothing was created.
        ("grant=403", Failed, Refused, 0, 1),
        ("grant=503x2", Failed, Unavailable, 0, 1),
        ("grant=429:4000", Failed, Unavailable, 0, 1),
        // Not certain.
        ("grant=lost", Unknown, Other, 1, 1),
        ("grant=cut:9", Unknown, Other, 1, 1),
        ("grant=reset", Unknown, Other, 0, 0),
        ("grant=500", Unknown, Other, 0, 0),
        // It was created.
        ("upload=404", Unknown, Other, 1, 1),
        ("upload=resetx2", Unknown, Other, 1, 1),
        ("complete=403", Unknown, Other, 1, 1),
        ("complete=lostx2", Unknown, Other, 1, 1),
    ] {
        let world = world(1, &[fault]);
        let rows = [row(Api::Recordings, "r0")];
        let (ran, entries) = world.run(&rows);
        let (found, of_kind, message) = failure(&entries[0]);
        assert_eq!((found, of_kind), (state, kind), "{fault}: {message}");
        assert_eq!((ran.failed, world.creates()), (1, creates), "{fault}: {message}");
        assert!(!message.contains("ignature") && !message.contains("sandbox-secret"), "{message}");
        let (_, entries) = world.run(&rows);
        assert_eq!(world.creates(), then, "{fault}");
        let again = if state == Unknown { Unknown } else { State::Done };
        assert_eq!(entries[0].state, again, "{fault}");
        if let (Unknown, [upload]) = (state, &world.sandbox.uploads()[..])
            && !fault.starts_with("grant")
        {
            assert!(message.contains(&upload.id), "a person can find it: {message}");
        }
    }
}

/// Each fault of the Platform API. The same command once more does the rest, and nothing twice.
#[test]
fn a_row_of_the_platform_api_goes_on_where_it_was() {
    use FailureKind::{Missing, Other, Refused, Unavailable};
    for (fault, kind, is_placed) in [
        ("locate=404", Missing, false),
        ("locate=state:ARCHIVED", Missing, false),
        ("locate=acceptedx11", Unavailable, false),
        ("fetch=cut:1000x2", Unavailable, false),
        ("fetch=404", Missing, false),
        ("annotate=403", Refused, true),
        ("annotate=503x2", Unavailable, true),
        ("protection=missing:recording:x:y", Refused, true),
        ("protection=html", Unavailable, true),
        ("retention=resetx2", Unavailable, true),
        ("layout=404", Other, false),
    ] {
        let world = world(1, &[fault]);
        let rows = [Row { delete: Some(later()), ..row(Api::Platform, "r0") }];
        let (_, entries) = world.run(&rows);
        if fault == "layout=404" || (fault == "protection=html") {
            // Not met, or it passes.
            assert_eq!(entries[0].state, State::Done, "{fault}");
        } else {
            let (state, of_kind, message) = failure(&entries[0]);
            assert_eq!((state, of_kind), (State::Failed, kind), "{fault}: {message}");
            assert_eq!(message.contains("the redacted copy is at"), is_placed, "{message}");
            assert_eq!(world.exists("r0.wav"), is_placed, "{fault}");
            assert!(!world.exists("r0.2.receipt.json"), "the receipt is the commit");
        }
        let (_, entries) = world.run(&rows);
        assert_eq!(entries[0].state, State::Done, "{fault}: {:?}", entries[0].failed);
        assert!(world.read("r0.wav") == redacted_call(), "{fault}");
        let original = world.original("r0");
        assert_eq!(
            (original.annotations.len(), original.delete_date.is_some()),
            (2, true),
            "{fault}"
        );
    }
}

/// The answer to an annotation is lost at each place: the next run looks it up.
#[test]
fn an_annotation_is_looked_up_before_it_is_made() {
    // The first request only looks.
    for faults in [
        &["annotate=cut:1000000", "annotate=lost"][..],
        &["annotate=cut:1000000", "annotate=cut:1000000", "annotate=lost"],
        &["annotate=cut:1000000", "annotate=cut:3"],
    ] {
        let world = world(1, faults);
        let rows = [row(Api::Platform, "r0")];
        let (_, entries) = world.run(&rows);
        let (state, kind, message) = failure(&entries[0]);
        assert_eq!((state, kind), (State::Failed, FailureKind::Unavailable), "{message}");
        let made = world.original("r0").annotations.len();
        assert!((1..=2).contains(&made), "{faults:?}");
        assert_eq!(world.run(&rows).1[0].state, State::Done);
        let places: Vec<_> =
            world.original("r0").annotations.iter().map(|one| one["location"].clone()).collect();
        assert_eq!(places, [10_000, 30_500], "{faults:?}");
    }
    // A broken answer to the look-up is asked for again, and a bookmark of somebody else does not count.
    let world = world(1, &["annotate=cut:0"]);
    let mut conversation = world.sandbox.conversation("c").unwrap();
    let other = serde_json::json!({
        "id": "x", "type": "bookmark", "name": "mine", "location": 10_000, "durationMs": 5000,
    });
    let system = serde_json::json!({ "id": "h", "type": "Hold", "name": null, "location": -20 });
    conversation.recordings[0].annotations = vec![other, system];
    world.sandbox.add_conversation(conversation);
    assert_eq!(world.run(&[row(Api::Platform, "r0")]).1[0].state, State::Done);
    assert_eq!(world.original("r0").annotations.len(), 4);
}

#[test]
fn tokens_that_die_in_the_middle_are_renewed_and_nothing_is_made_twice() {
    let faults = ["locate=dies", "grant=dies", "complete=dies", "annotate=dies", "retention=dies"];
    let world = world(6, &faults);
    let ids = ["r0", "r1", "r2", "r3", "r4", "r5"];
    let mut all: Vec<_> = ids.into_iter().map(|id| row(Api::Recordings, id)).collect();
    all.extend(ids.into_iter().map(|id| Row { delete: Some(later()), ..row(Api::Platform, id) }));
    let (ran, entries) = world.run(&all);
    let wrong: Vec<_> = entries.iter().filter_map(|entry| entry.failed.clone()).collect();
    assert_eq!((ran.done, ran.failed, wrong), (12, 0, vec![]));
    assert_eq!(world.creates(), 6);
    for id in ids {
        let original = world.original(id);
        assert_eq!((original.annotations.len(), original.delete_date.is_some()), (2, true));
    }
}

#[test]
fn an_original_is_deleted_only_if_that_may_be_and_for_a_copy_that_stands_for_it() {
    let cases = [
        (None, Some("2099-12-31"), false, "add --yes if that is meant"),
        (
            Some("gain=0.001"),
            Some("2099-12-31"),
            true,
            "an attenuated copy keeps speech recoverable",
        ),
        (None, Some("31.12.2099"), true, "its date of deletion is no date"),
        (None, Some("2020-01-01"), true, "less than 24 h ahead"),
    ];
    for (treatment, delete, may_delete, part) in cases {
        let world = world(1, &[]);
        let delete = delete.map(str::to_owned);
        let rows = [Row { treatment, delete, ..row(Api::Platform, "r0") }];
        let work = world.rows(|organisation| organisation.may_delete = may_delete);
        let (_, entries) = world.run_with(&rows, &work, 1);
        let (state, kind, message) = failure(&entries[0]);
        assert_eq!((state, kind), (State::Failed, FailureKind::Refused), "{message}");
        assert!(message.contains(part), "{message}");
        assert_eq!(world.sandbox.ledger(), [], "nothing was asked for");
        assert!(!world.exists("r0.wav"));
    }
    // A file of somebody else at its place stays, and so does the original.
    let world = world(1, &[]);
    world.folder.write("r0.wav", b"mine");
    let (_, entries) = world.run(&[Row { delete: Some(later()), ..row(Api::Platform, "r0") }]);
    assert_eq!(failure(&entries[0]).1, FailureKind::Exists);
    assert_eq!((world.read("r0.wav"), world.original("r0").delete_date), (b"mine".to_vec(), None));
}

/// The journal is lost, and the receipt says that there is a new recording.
#[test]
fn a_receipt_that_is_there_keeps_a_recording_from_being_created_again() {
    let world = world(1, &[]);
    let rows = [row(Api::Recordings, "r0")];
    assert_eq!(world.run(&rows).0.done, 1);
    std::fs::remove_file(world.folder.path("journal")).unwrap();
    let (_, entries) = world.run(&rows);
    let (state, kind, message) = failure(&entries[0]);
    assert_eq!((state, kind), (State::Failed, FailureKind::Exists), "{message}");
    assert!(message.contains("r0.2.receipt.json already"), "{message}");
    assert_eq!(world.creates(), 1);
}

/// The windows are those that the transcript in Genesys marks, placed by the clock of the file; one that does not fit
/// is an error, and nothing is written.
#[test]
fn windows_may_come_from_the_transcript_in_genesys() {
    for (longer, is_fit) in [(0, true), (5000, false)] {
        let world = world(0, &[]);
        let mut demo = Conversation::demo(8000, &samples_16(&fixture_bytes("call.wav")));
        demo.id = "c".into();
        demo.recordings[0].duration += std::time::Duration::from_millis(longer);
        world.sandbox.add_conversation(demo);
        let out = "marked.wav".to_owned();
        let rows = [Row { windows: Vec::new(), out, ..row(Api::Platform, "demo-trunk") }];
        let mut planned = planned(&world.folder.path(""), &rows);
        planned[0].spec.windows = WindowsSpec::Place("genesys:".into());
        let work = world.rows(|_| {});
        let (_, entries) = run_journal(&world.folder.path("journal"), planned, &work, 1);
        if !is_fit {
            let (state, kind, message) = failure(&entries[0]);
            assert_eq!((state, kind), (State::Failed, FailureKind::Windows), "{message}");
            assert!(message.starts_with("the clocks do not fit"), "{message}");
            assert!(!world.exists("marked.wav"));
            continue;
        }
        assert_eq!(entries[0].state, State::Done, "{:?}", entries[0].failed);
        let (original, copy) = (samples_16(&fixture_bytes("call.wav")), world.read("marked.wav"));
        let copy = samples_16(&copy);
        let is_silent = |second: usize| copy[second * 16_000..][..16_000].iter().all(|s| *s == 0);
        assert!((11..14).chain(31..34).all(is_silent), "the card number and the code");
        assert!(copy[..8 * 16_000] == original[..8 * 16_000], "nothing else");
        let receipt = world.read("demo-trunk.2.receipt.json");
        let receipt = Receipt::parse(std::str::from_utf8(&receipt).unwrap()).unwrap();
        assert_eq!(receipt.asked.source.unwrap().format, "genesys-transcript");
        let steps = receipt.delivery.unwrap().steps;
        let steps: Vec<_> = steps.iter().map(|step| step.step.as_str()).take(4).collect();
        assert_eq!(steps, ["locate", "transcript", "transcript", "fetch"]);
    }
}

/// The copy would be unredacted, and nobody takes it away again.
#[test]
fn nothing_found_and_a_deletion_put_no_copy_in_its_place() {
    let world = world(0, &[]);
    let mut demo = Conversation::demo(8000, &samples_16(&fixture_bytes("call.wav")));
    demo.id = "c".into();
    let said = demo.recordings[0].transcript.take().unwrap();
    let mut said = String::from_utf8(said.to_vec()).unwrap();
    for mark in ["[card number]", "[card expiry date]", "[cvv]"] {
        said = said.replace(mark, "hello");
    }
    demo.recordings[0].transcript = Some(said.into());
    world.sandbox.add_conversation(demo);
    let mut work = world.rows(|_| {});
    let (find, if_none) = (vec![Rule::Card], Some(IfNone::Copy));
    let settings = Settings { find, if_none, ..Settings::default() };
    work.places.policy = policy().with_flags(settings);
    for (delete, is_copied) in [(Some(later()), false), (None, true)] {
        let out = "marked.wav".to_owned();
        let rows = [Row { windows: Vec::new(), out, delete, ..row(Api::Platform, "demo-trunk") }];
        let mut planned = planned(&world.folder.path(""), &rows);
        planned[0].spec.windows = WindowsSpec::Place("genesys:".into());
        planned[0].key = Key::of(&planned[0].spec);
        let (_, entries) = run_journal(&world.folder.path("journal"), planned, &work, 1);
        assert_eq!(world.exists("marked.wav"), is_copied, "{entries:?}");
        assert_eq!(world.exists("demo-trunk.2.receipt.json"), is_copied);
        if !is_copied {
            let (state, kind, message) = failure(&entries[0]);
            assert_eq!((state, kind), (State::Failed, FailureKind::Windows), "{message}");
            assert!(message.contains("nothing was found to mute"), "{message}");
        }
        assert_eq!(world.original("demo-trunk").delete_date, None);
    }
}

/// A transcript that was replaced after the batch was planned is not read as the one that was planned.
#[test]
fn windows_whose_file_changed_since_the_plan_are_refused() {
    let world = world(1, &[]);
    let list = world.folder.write("list.json", b"[[10, 15], [30.5, 35.2]]");
    let place = list.parse().unwrap();
    let version = world.runtime.block_on(world.stores.head(&place)).unwrap().identity();
    for (version, is_done) in [("1-1".to_owned(), false), (version, true)] {
        let mut planned = planned(&world.folder.path(""), &[row(Api::Platform, "r0")]);
        planned[0].spec.windows = WindowsSpec::Place(list.clone());
        planned[0].spec.windows_version = Some(version);
        planned[0].key = Key::of(&planned[0].spec);
        let work = world.rows(|_| {});
        let (_, entries) = run_journal(&world.folder.path("journal"), planned, &work, 1);
        assert_eq!(world.exists("r0.wav"), is_done, "{entries:?}");
        if !is_done {
            let (state, kind, message) = failure(&entries[0]);
            assert_eq!((state, kind), (State::Failed, FailureKind::Changed), "{message}");
            assert!(message.contains("changed since the batch was planned"), "{message}");
        }
    }
}

#[test]
fn genesys_is_asked_for_the_format_that_was_named() {
    let world = world(1, &[]);
    let manifest = "conversation,recording,api,windows,out\nc,r0,platform,10-15,r0.wav\n";
    world.folder.write("calls.csv", manifest.as_bytes());
    let mut batch = command(&["batch", "calls.csv", "--format", "ogg_opus"]);
    batch.current_dir(world.folder.path("")).env("GENESYS_BASE_URL", &world.base);
    batch.env("GENESYS_CLIENT_ID", "sandbox").env("GENESYS_CLIENT_SECRET", "sandbox-secret");
    let done = batch.output().unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    let ledger = world.sandbox.ledger();
    let asked: Vec<_> = ledger.iter().filter(|entry| entry.query.contains("formatId")).collect();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|entry| entry.query.contains("formatId=OGG_OPUS")), "{asked:?}");
}

/// The process dies after the receipt, and when the row is done again its original goes meanwhile, as was set.
#[test]
fn an_original_that_is_deleted_meanwhile_is_what_its_receipt_says() {
    let world = world(1, &[]);
    let rows = [Row { delete: Some(later()), ..row(Api::Platform, "r0") }];
    assert_eq!(world.run(&rows).0.done, 1);
    let receipt = world.read("r0.2.receipt.json");
    std::fs::remove_file(world.folder.path("journal")).unwrap();
    let mut conversation = world.sandbox.conversation("c").unwrap();
    // After it was located: there is nothing to fetch of one that is gone before.
    conversation.recordings[0].next_state = Some((1, FileState::Deleted));
    world.sandbox.add_conversation(conversation);
    let (_, entries) = world.run(&rows);
    assert_eq!(world.original("r0").state, FileState::Deleted);
    assert_eq!(entries[0].state, State::Done, "{:?}", entries[0].failed);
    assert!(receipt == world.read("r0.2.receipt.json"), "it is not replaced");
}

/// Other windows for a recording that became a new one already: another new one would stand beside it.
#[test]
fn a_recording_that_was_returned_is_not_returned_again_with_other_windows() {
    let world = world(1, &[]);
    assert_eq!(world.run(&[row(Api::Recordings, "r0")]).0.done, 1);
    let other = Row { windows: vec!["1-2".into()], ..row(Api::Recordings, "r0") };
    let (_, entries) = world.run(&[other]);
    let failed: Vec<_> = entries.iter().filter(|entry| entry.failed.is_some()).collect();
    let (state, kind, message) = failure(failed[0]);
    assert_eq!((state, kind), (State::Failed, FailureKind::Exists), "{message}");
    assert!(message.contains(&world.sandbox.uploads()[0].id), "{message}");
    assert_eq!(world.creates(), 1);
}

/// The copy goes into a bucket, is read back from there, and only then the original may go.
#[test]
fn a_copy_in_a_bucket_is_read_back_before_the_original_goes() {
    let Some(moto) = crate::services::moto() else { return };
    crate::services::make_bucket(&moto, "genesys-rows");
    let mut world = world(1, &[]);
    let variables = crate::services::s3_variables(&moto);
    world.stores = Stores::new(StoreConfig::with_variables(variables));
    let out = "s3://genesys-rows/c/r0.wav".to_owned();
    let rows = [Row { out, delete: Some(later()), ..row(Api::Platform, "r0") }];
    let (_, entries) = world.run(&rows);
    let done = entries[0].done.as_ref().unwrap_or_else(|| panic!("{entries:?}"));
    assert_eq!(done.output, "s3://genesys-rows/c/r0.wav");
    assert!(
        crate::services::get_object(&moto, "genesys-rows", "c/r0.wav").unwrap() == redacted_call()
    );
    assert!(world.original("r0").delete_date.is_some());
    let receipt = world.read("r0.2.receipt.json");
    let receipt = Receipt::parse(std::str::from_utf8(&receipt).unwrap()).unwrap();
    let delivery = receipt.delivery.unwrap();
    assert_eq!(delivery.url.as_deref(), Some("s3://genesys-rows/c/r0.wav"));
    assert_eq!((delivery.etag, delivery.recording_id), (done.etag.clone(), Some("r0".into())));
}

/// The process dies at each request. Whatever comes after it, no recording is created twice, and a row that was
/// creating one is left to a person.
#[cfg(unix)]
#[test]
fn kill_9_at_any_request_creates_nothing_twice() {
    let at = |request: usize, api: Api| {
        let world = world(1, &[]);
        let program = std::env::current_exe().unwrap();
        let child = std::process::Command::new(program)
            .args(["--exact", "rows::the_process_that_dies", "--nocapture"])
            .env("SORDINO_ROWS_BASE", &world.base)
            .env("SORDINO_ROWS_FOLDER", world.folder.path(""))
            .env("SORDINO_ROWS_API", if api == Api::Platform { "platform" } else { "recordings" })
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        kill_at(child, &world.sandbox, request);
        let was_creating = world.creates() > 0;
        let (_, entries) = world.run(&[row(api, "r0")]);
        let state = entries[0].state;
        match api {
            Api::Recordings => {
                assert!(world.creates() <= 1, "{request}");
                assert!(state == State::Done || state == State::Unknown, "{request}: {entries:?}");
                assert!(!was_creating || world.creates() == 1, "{request}");
                // Whatever is done has its one recording.
                let complete = world.sandbox.uploads().iter().filter(|one| one.completed).count();
                assert!(state != State::Done || complete == 1, "{request}");
            }
            Api::Platform => {
                assert_eq!(state, State::Done, "{request}: {entries:?}");
                assert!(world.read("r0.wav") == redacted_call(), "{request}");
                assert_eq!(world.original("r0").annotations.len(), 2, "{request}");
            }
        }
        state
    };
    let states: Vec<_> = std::thread::scope(|scope| {
        let of = |api| (1..=7).map(move |request| (request, api));
        let all = of(Api::Recordings).chain(of(Api::Platform));
        let runs: Vec<_> =
            all.map(|(request, api)| scope.spawn(move || at(request, api))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    // Killed at the sign-in, it has created nothing.
    assert_eq!(states[0], State::Done);
}

/// Not a test by itself: the process that `kill_9_at_any_request_creates_nothing_twice` ends.
#[cfg(unix)]
#[test]
fn the_process_that_dies() {
    // Nobody ends it.
    let Ok(base) = std::env::var("SORDINO_ROWS_BASE") else { return };
    let variable = |name: &str| std::env::var(name).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = match variable("SORDINO_ROWS_API").as_str() {
        "platform" => Api::Platform,
        _ => Api::Recordings,
    };
    let folder = variable("SORDINO_ROWS_FOLDER");
    let stores = Stores::new(StoreConfig::with_variables([]));
    let work = rows(&base, stores, runtime.handle().clone(), |_| {});
    let planned = planned(&folder, &[row(api, "r0")]);
    let (ran, _) = run_journal(&format!("{folder}/journal"), planned, &work, 1);
    assert_eq!(ran.done, 1);
}
