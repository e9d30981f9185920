use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::Policy;
use crate::batch::{Api, Done, ManifestRow};
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
        Self::with(suffix, Policy::default().for_many(), |_, _| {})
    }

    /// The same with another policy, and with whatever else is to be other: of the place of the folder.
    fn with(
        suffix: Option<&str>,
        policy: Policy,
        other: impl FnOnce(&Place, &mut Recordings),
    ) -> Self {
        // Not one whose name begins with a point: what is hidden is ignored.
        let folder = tempfile::Builder::new().prefix("work").tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
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
        let beside = suffix.map(|suffix| Beside { suffix: suffix.into(), older: false });
        let whole = Place::Local(folder.path().to_owned());
        let inside = vec![whole.clone()];
        let mut recordings = Recordings::new(places, planning, beside, inside).unwrap();
        other(&whole, &mut recordings);
        let world = Self { folder, recordings, _runtime: runtime };
        for name in ["calls", "clean", "evidence"] {
            std::fs::create_dir(world.path(name)).unwrap();
        }
        world
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file that has been there for an hour.
    fn write(&self, name: &str, bytes: &[u8]) {
        self.write_before(name, bytes, 3600);
    }

    /// Writes a file as if that had been so many seconds ago.
    fn write_before(&self, name: &str, bytes: &[u8], seconds: u64) {
        std::fs::write(self.path(name), bytes).unwrap();
        let at = SystemTime::now() - Duration::from_secs(seconds);
        let file = std::fs::File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(at).unwrap();
    }

    /// What is done for a job with this body, of the one recording in it.
    fn does(&self, body: &str) -> Result<Step, Failure> {
        let Order::Recordings(all) = Order::read(body).unwrap() else { panic!("{body}") };
        let [recording] = &all[..] else { panic!("{body}") };
        self.recordings.redact(recording, 1, &Cancel::new())
    }

    /// What is done when this file is announced.
    fn announced(&self, name: &str) -> Result<Step, Failure> {
        self.announced_at(&Place::Local(self.path(name)))
    }

    fn announced_at(&self, place: &Place) -> Result<Step, Failure> {
        let row = ManifestRow::of_place(place);
        let recording = Recording { is_announced: true, ..Recording::of_row(row) };
        self.recordings.redact(&recording, 1, &Cancel::new())
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
        Ok(Step::Refused(why)) => (FailureKind::Refused, why.into()),
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
        let step = world.announced_at(&written.parse().unwrap());
        assert!(matches!(step, Ok(Step::Ignored(_))), "{written}");
    }
}

/// A bucket announces all that is put into it.
#[test]
fn what_is_no_recording_need_not_lie_below_in() {
    let world = World::with(Some(SUFFIX), Policy::default(), |whole, it| {
        it.inside = vec![whole.join("calls")];
    });
    for name in
        ["clean/a.wav", "evidence/a.wav.receipt.json", "evidence/a.wav.receipt.json.sig", "b.json"]
    {
        world.write(name, b"x");
        assert!(matches!(world.announced(name), Ok(Step::Ignored(_))), "{name}");
    }
    for name in ["a.wav", "4711"] {
        world.write(name, &call());
        assert!(message(world.announced(name)).1.contains("outside of --in"), "{name}");
    }
}

/// Each list or transcript that sordino reads has an ending that no recording has.
#[test]
fn the_announcement_of_a_transcript_of_any_format_is_ignored() {
    let world = World::new(Some(SUFFIX));
    let mut endings = std::collections::BTreeSet::new();
    for folder in ["fixtures/transcripts", "fixtures/third-party/transcripts"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let text = |path: std::path::PathBuf| Some(path.extension()?.to_str()?.to_owned());
        endings.extend(paths.filter_map(text));
    }
    assert!(endings.len() > 10 && endings.contains("rttm"), "{endings:?}");
    for name in endings.iter().map(|ending| format!("a.{ending}")).chain(["_SUCCESS".into()]) {
        let step = world.announced(&format!("calls/{name}"));
        assert!(matches!(step, Ok(Step::Ignored(_))), "{name}: {step:?}");
    }
}

#[test]
fn no_announcement_is_lost_because_of_its_name_or_of_where_outputs_go() {
    let whole = |recordings: &mut Recordings, receipts| match receipts {
        true => recordings.planning.receipts = Some(Place::Local("/".into())),
        false => recordings.planning.out = Some(Place::Local("/".into())),
    };
    for receipts in [false, true] {
        let world = World::with(Some(SUFFIX), Policy::default(), |_, it| whole(it, receipts));
        world.write("calls/a.wav", &call());
        let (kind, why) = message(world.announced("calls/a.wav"));
        assert!(kind == FailureKind::Refused && why.contains("both read and written"), "{why}");
    }
    let world = World::new(Some(SUFFIX));
    for name in ["calls/4711", "calls/a.wav.1", "calls/b.xyz"] {
        world.write(name, &call());
        let (kind, why) = message(world.announced(name));
        assert!(kind == FailureKind::Other && why.contains("does not say"), "{name}: {why}");
    }
    world.write("calls/a.wav", &call());
    let up = Place::Local(world.path("calls/../calls/a.wav"));
    let (kind, why) = message(world.announced_at(&up));
    assert!(kind == FailureKind::Other && why.contains("no whole path"), "{why}");
}

/// The transcript beside two recordings is of one of them.
#[test]
fn two_recordings_of_one_name_are_refused() {
    let world = World::new(Some(SUFFIX));
    for name in ["calls/a.wav", "calls/a.mp3", "calls/b.wav", "calls/b.mp3"] {
        world.write(name, &call());
    }
    assert_eq!(world.announced("calls/a.wav"), Ok(Step::NotYet));
    world.write("calls/a.windows.json", b"[[10, 15]]");
    for name in ["calls/a.wav", "calls/a.mp3"] {
        let (kind, why) = message(world.announced(name));
        assert!(kind == FailureKind::Other && why.contains("would both be written"), "{why}");
    }
    // They have outputs of their own, and each is found by its own name.
    let world = World::with(Some(SUFFIX), Policy::default(), |_, it| {
        it.planning.encoding = Some(crate::decode::Encoding::Same);
    });
    for name in ["calls/a.wav", "calls/a.flac"] {
        world.write(name, &call());
    }
    world.write("calls/a.windows.json", b"[[10, 15]]");
    for name in ["calls/a.wav", "calls/a.flac"] {
        let place = Place::Local(world.path(name));
        let row = ManifestRow::of_place(&place);
        let recording = Recording { is_announced: true, ..Recording::of_row(row) };
        let found = world.recordings.found(&recording, &Cancel::new()).unwrap();
        let Found::Job(planned) = found else { panic!("{name}") };
        let Input::Place { place: input, .. } = &planned.spec.input else { panic!() };
        assert_eq!(*input, place.to_string());
    }
}

#[test]
fn an_output_that_is_another_one_is_buried_with_what_to_do() {
    let world = World::new(Some(SUFFIX));
    world.write("calls/a.wav", &call());
    world.write("calls/a.windows.json", b"[[10, 15]]");
    let Ok(Step::Done(done)) = world.announced("calls/a.wav") else { panic!() };
    world.write("calls/a.windows.json", b"[[10, 16]]");
    let (kind, why) = message(world.announced("calls/a.wav"));
    assert!(kind == FailureKind::Exists && why.contains("with its receipt"), "{why}");
    std::fs::remove_file(done.receipt.as_ref().unwrap()).unwrap();
    let (kind, why) = message(world.announced("calls/a.wav"));
    assert!(kind == FailureKind::Exists && why.contains("never released"), "{why}");
    assert!(!why.contains("--force"), "{why}");
    std::fs::remove_file(&done.output).unwrap();
    assert!(matches!(world.announced("calls/a.wav"), Ok(Step::Done(_))));
}

#[test]
fn a_list_may_have_a_quarter_of_the_memory_of_a_job() {
    for (bytes, expected) in [(&b"[[10, 15]]"[..], true), (b"[[10, 15] ]", false)] {
        let world = World::with(Some(SUFFIX), Policy::default(), |_, it| {
            it.places.options.memory_limit = 40;
        });
        world.write("calls/a.wav", &call());
        world.write("calls/a.windows.json", bytes);
        match expected {
            true => assert!(world.announced("calls/a.wav").is_ok()),
            false => assert_eq!(message(world.announced("calls/a.wav")).0, FailureKind::Windows),
        }
    }
}

#[test]
fn a_transcript_that_is_older_than_its_recording_is_not_taken() {
    for (older, transcript, expected) in
        [(false, 99, true), (false, 100, true), (false, 101, false), (true, 101, true)]
    {
        let world = World::with(Some(SUFFIX), Policy::default(), |_, it| {
            it.beside.as_mut().unwrap().older = older;
        });
        let now = SystemTime::now();
        for (name, bytes, before) in
            [("calls/a.wav", &call()[..], 100), ("calls/a.windows.json", b"[[10, 15]]", transcript)]
        {
            world.write(name, bytes);
            let file = std::fs::File::options().write(true).open(world.path(name)).unwrap();
            file.set_modified(now - Duration::from_secs(before)).unwrap();
        }
        let step = world.announced("calls/a.wav");
        match expected {
            true => assert!(matches!(step, Ok(Step::Done(_))), "{older} {transcript}: {step:?}"),
            false => assert_eq!(step, Ok(Step::NotYet), "{older} {transcript}"),
        }
    }
}

#[test]
fn a_list_that_may_still_be_being_written_is_waited_for() {
    let world = World::new(Some(".srt"));
    world.write("calls/a.wav", &call());
    let list = "1\n00:00:10,000 --> 00:00:15,000\nx\n";
    // Each cue is followed by another, so it can be read before it is whole.
    world.write_before("calls/a.srt", list.as_bytes(), 0);
    assert_eq!(world.announced("calls/a.wav"), Ok(Step::NotYet));
    let own = format!(
        r#"{{"sordino":1,"in":"{}","windows":"{}"}}"#,
        world.text("calls/a.wav"),
        world.text("calls/a.srt")
    );
    assert_eq!(world.does(&own), Ok(Step::NotYet));
    // What cannot be read may be half of it.
    world.write_before("calls/a.srt", b"1\n00:00:1", 60);
    assert_eq!(world.announced("calls/a.wav"), Ok(Step::NotYet));
    assert_eq!(world.does(&own), Ok(Step::NotYet));
    world.write_before("calls/a.srt", b"1\n00:00:1", 3600);
    assert_eq!(message(world.announced("calls/a.wav")).0, FailureKind::Windows);
    assert_eq!(message(world.does(&own)).0, FailureKind::Windows);
}

/// Each job is bound to what was there when it was found.
#[test]
fn what_is_replaced_while_it_is_read_is_not_redacted() {
    let world = World::new(Some(SUFFIX));
    world.write("calls/a.wav", &call());
    world.write("calls/a.windows.json", b"[[10, 15]]");
    let place = Place::Local(world.path("calls/a.wav"));
    let own = format!(
        r#"{{"sordino":1,"in":"{place}","windows":"{}"}}"#,
        world.text("calls/a.windows.json")
    );
    let Ok(Order::Recordings(all)) = Order::read(&own) else { panic!() };
    let announced =
        Recording { is_announced: true, ..Recording::of_row(ManifestRow::of_place(&place)) };
    for recording in [&announced, &all[0]] {
        for name in ["calls/a.wav", "calls/a.windows.json"] {
            world.write("calls/a.wav", &call());
            world.write("calls/a.windows.json", b"[[10, 15]]");
            let found = world.recordings.found(recording, &Cancel::new()).unwrap();
            let Found::Job(planned) = found else { panic!() };
            let Planned { key, line, id, spec } = *planned;
            let (uploads, before, trace, attempt) = (Vec::new(), None, None, 1);
            let job = Claimed { key, line, id, spec, attempt, uploads, before, trace };
            let bytes = std::fs::read(world.path(name)).unwrap();
            world.write_before(name, &bytes, 1800);
            let result = world.recordings.places.perform(&job, &Unwritten, &Cancel::new());
            let Err(Failure::Failed { failed, .. }) = result else { panic!("{name}") };
            let (kind, why) = message(world.recordings.after(&job, failed));
            assert!(kind == FailureKind::Changed && why.contains("was replaced"), "{name}: {why}");
        }
    }
    assert!(std::fs::read_dir(world.path("clean")).unwrap().next().is_none());
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
        world.does(&format!(r#"{{"sordino":1,"in":"{place}","windows":"{place}.json"}}"#))
    else {
        panic!()
    };
    let (kind, why) = message(world.announced("calls/a.wav"));
    assert!(kind == FailureKind::Refused && why.contains("--windows-suffix"), "{why}");
}

#[test]
fn a_job_of_sordinos_own_without_windows_keeps_all_that_it_says() {
    let world = World::new(Some(SUFFIX));
    world.write("calls/a.wav", &call());
    let place = world.text("calls/a.wav");
    let job = format!(
        r#"{{"sordino":1,"in":"{place}","treatment":"silence","id":"4711","out":"x/b.wav"}}"#
    );
    assert_eq!(world.does(&job), Ok(Step::NotYet));
    world.write("calls/a.windows.json", b"[[10, 15]]");
    let Ok(Step::Done(done)) = world.does(&job) else { panic!() };
    assert_eq!(done.output, world.text("clean/x/b.wav"));
    let receipt = world.receipt_of(&done);
    assert_eq!(receipt.asked.id.as_deref(), Some("4711"));
    // Muted for good: not one sample is left of what the windows cover.
    let redacted = std::fs::read(&done.output).unwrap();
    let (original, bytes) = (call(), redacted.len());
    assert_eq!(original.len(), bytes);
    let samples = bytes - 304_000 * 4;
    let of_window = samples + 80_000 * 4..samples + 120_000 * 4;
    assert!(redacted[of_window.clone()].iter().all(|&byte| byte == 0));
    assert!(original[of_window].iter().any(|&byte| byte != 0));
    // Somebody asks for just these, so they are not forgotten.
    for name in ["calls/.a.wav", "calls/a.txt", "calls/b.windows.json", "clean/x/b.wav"] {
        world.write(name, &call());
        let job = format!(r#"{{"sordino":1,"in":"{}"}}"#, world.text(name));
        let (kind, why) = message(world.does(&job));
        assert!(
            kind == FailureKind::Other && why.contains("no recording to redact"),
            "{name}: {why}"
        );
    }
}

#[test]
fn who_writes_into_the_queue_does_not_say_what_is_read() {
    let lists = |_: &Place, it: &mut Recordings| it.inside.clear();
    let world = World::with(Some(SUFFIX), Policy::default(), lists);
    for name in ["calls/a.wav", "secret.wav"] {
        world.write(name, &call());
    }
    world.write("calls/a.windows.json", b"[[10, 15]]");
    world.write("secret.json", b"[[10, 15]]");
    let (calls, secret) = (world.text("calls/a.wav"), world.text("secret.wav"));
    let job = |place: &str, windows: &str| {
        format!(r#"{{"sordino":1,"in":"{place}","windows":"{windows}"}}"#)
    };
    let without = format!(r#"{{"sordino":1,"in":"{calls}"}}"#);
    for body in [&job(&calls, "10-15"), &without] {
        let (kind, why) = message(world.does(body));
        assert!(kind == FailureKind::Refused && why.contains("--in"), "{why}");
    }
    assert!(matches!(world.announced("calls/a.wav"), Ok(Step::Done(_))));
    let mut world = world;
    world.recordings.inside = vec![Place::Local(world.path("calls"))];
    let up = format!("{}/../secret.wav", world.text("calls"));
    let secret_list = world.text("secret.json");
    for body in [
        job(&secret, "10-15"),
        job(&up, "10-15"),
        job("s3://calls/a.wav", "10-15"),
        job(&calls, &secret_list),
        format!(r#"{{"sordino":1,"in":"{secret}"}}"#),
    ] {
        let (kind, why) = message(world.does(&body));
        assert!(kind == FailureKind::Other && why.contains("outside of --in"), "{body}: {why}");
    }
    let (kind, why) = message(world.announced("secret.wav"));
    assert!(kind == FailureKind::Other && why.contains("outside of --in"), "{why}");
    for body in [job("calls/a.wav", "10-15"), job(&calls, "lists/a.csv")] {
        let (kind, why) = message(world.does(&body));
        assert!(kind == FailureKind::Other && why.contains("relative"), "{body}: {why}");
    }
}

#[test]
fn a_job_cannot_ask_for_less_than_the_policy() {
    let silence = Policy::parse(b"silence = true", None).unwrap();
    for (policy, treatment, expected) in [
        (Policy::default(), "gain=1", false),
        (Policy::default(), "gain=0.01", false),
        (Policy::default(), "gain=0.0001", true),
        (Policy::default(), "silence", true),
        (Policy::default(), "tone=1000", true),
        (silence.clone(), "gain=1", false),
        (silence.clone(), "tone", false),
        (silence, "silence", true),
    ] {
        let world = World::with(None, policy, |_, _| {});
        world.write("calls/a.wav", &call());
        let body = format!(
            r#"{{"sordino":1,"in":"{}","windows":"10-15","treatment":"{treatment}"}}"#,
            world.text("calls/a.wav")
        );
        assert_eq!(world.does(&body).is_ok(), expected, "{treatment}");
    }
}

/// To open a pipe waits for who writes it.
#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let world = World::new(Some(SUFFIX));
    world.write("calls/a.wav", &call());
    for name in ["calls/pipe.wav", "calls/pipe.json", "calls/b.windows.json"] {
        nix::unistd::mkfifo(&world.path(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    world.write("calls/b.wav", &call());
    let (calls, pipe) = (world.text("calls/a.wav"), world.text("calls/pipe.wav"));
    let list = world.text("calls/pipe.json");
    for body in [
        format!(r#"{{"sordino":1,"in":"{pipe}","windows":"10-15"}}"#),
        format!(r#"{{"sordino":1,"in":"{calls}","windows":"{list}"}}"#),
        format!(r#"{{"sordino":1,"in":"{pipe}"}}"#),
    ] {
        let (kind, why) = message(world.does(&body));
        assert!(kind == FailureKind::Other && why.contains("no regular file"), "{body}: {why}");
    }
    for name in ["calls/pipe.wav", "calls/b.wav"] {
        assert!(message(world.announced(name)).1.contains("no regular file"), "{name}");
    }
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
    let new = |suffix: &str| {
        let beside = Beside { suffix: suffix.into(), older: false };
        Recordings::new(places.clone(), planning.clone(), Some(beside), Vec::new())
    };
    assert!(matches!(new(".wav"), Err(PairingError::Suffix(_))));
    let nowhere = Planning { out: None, ..planning.clone() };
    assert!(matches!(
        Recordings::new(places.clone(), nowhere, None, Vec::new()),
        Err(PairingError::NoOut)
    ));
}

/// Each recording would be taken for an output or a receipt, and be ignored.
#[test]
fn recordings_do_not_lie_below_what_is_written() {
    let world = World::new(None);
    let Recordings { places, planning, .. } = world.recordings;
    let place = |name: &str| -> Place { format!("s3://data/{name}").parse().unwrap() };
    for (out, receipts, inside, expected) in [
        ("x/", "y/", "x/calls/", false),
        ("y/", "x/", "x/calls/", false),
        ("x/calls/", "y/", "x/calls/", false),
        ("", "y/", "x/calls/", false),
        ("x/clean/", "x/evidence/", "x/calls/", true),
        ("calls/clean/", "evidence/", "calls/", true),
        ("x/", "y/", "x2/calls/", true),
    ] {
        let planning =
            Planning { out: Some(place(out)), receipts: Some(place(receipts)), ..planning.clone() };
        let made = Recordings::new(places.clone(), planning, None, vec![place(inside)]);
        match expected {
            true => assert!(made.is_ok(), "{out} {receipts} {inside}"),
            false => assert!(matches!(made, Err(PairingError::Written(..))), "{out} {receipts}"),
        }
    }
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
