//! The client of the Platform API against the sandbox, and what becomes of an original: each fault of each
//! step, over loopback sockets. Waits are recorded, not slept.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use sordino::genesys::platform::{Listing, Located, MediaFormat, Original, Passage, Unavailable};
use sordino::genesys::{Config, Credentials, Error, Event, Platform, Timer, WorkflowStep};
use sordino::job::platform::{
    Aftermath, Deletion, Layout, NotDelivered, OriginalState, Prepared, TranscriptState, Wishes,
    finish, prepare,
};
use sordino::sandbox::{Conversation, ConversationRecording, FileState, Sandbox, SandboxOptions};
use sordino::{EvidenceOptions, Job, JobError, Treatment, Windows};

use crate::genesys::{Recorder, chain};
use crate::support::*;

const SECRET: &str = "sandbox-secret";

/// `sandbox:sandbox-secret` as HTTP Basic has it.
const BASIC: &str = "c2FuZGJveDpzYW5kYm94LXNlY3JldA==";

pub struct World {
    pub sandbox: Sandbox,
    base: String,
    pub platform: Platform,
    recorder: Arc<Recorder>,
    folder: tempfile::TempDir,
}

/// The conversation `c` with the recording `call`, in one stereo file, and `keys`, in two mono files.
fn conversation() -> Conversation {
    let call = fixture_bytes("call.wav");
    let side = |at| {
        let samples = samples_16(&call);
        let bytes: Vec<u8> =
            samples.iter().skip(at).step_by(2).flat_map(|sample| sample.to_le_bytes()).collect();
        wav(1, 8000, 1, 16, &bytes)
    };
    let keys = ConversationRecording::new("keys").file("0", side(0)).file("1", side(1));
    Conversation::new("c", [ConversationRecording::new("call").file("S", call.clone()), keys])
}

pub async fn world_with(
    faults: &[&str],
    change: impl FnOnce(&mut Conversation),
    configure: impl FnOnce(&mut Config),
) -> World {
    let sandbox = Sandbox::new(SandboxOptions::default());
    let mut conversation = conversation();
    change(&mut conversation);
    sandbox.add_conversation(conversation);
    faults.iter().for_each(|fault| sandbox.inject(fault.parse().unwrap()));
    let base = sandbox.start(0).await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let platform = client(&base, &recorder, configure);
    World { sandbox, base, platform, recorder, folder: tempfile::tempdir().unwrap() }
}

fn client(base: &str, recorder: &Arc<Recorder>, change: impl FnOnce(&mut Config)) -> Platform {
    let mut config = Config::platform(base, Credentials::new("sandbox", SECRET)).unwrap();
    assert_eq!(config.requests_a_minute, 120);
    // A high rate: the timer does not sleep, so keeping the pace would be a busy loop.
    config.requests_a_minute = 60_000;
    config.timer = Arc::clone(recorder) as Arc<dyn Timer>;
    change(&mut config);
    Platform::new(config).unwrap()
}

async fn world(faults: &[&str]) -> World {
    world_with(faults, |_| {}, |_| {}).await
}

fn job(treatment: Treatment) -> Job {
    let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    Job { evidence, ..Job::new("", windows(&CALL_WINDOWS), treatment) }
}

/// In two days.
fn date() -> SystemTime {
    SystemTime::now() + Duration::from_secs(2 * 24 * 3600)
}

impl World {
    async fn locate(&self, id: &str) -> Result<Located, Error> {
        self.platform.locate("c", id, MediaFormat::Wav).await
    }

    pub async fn list(&self) -> Result<Listing, Error> {
        self.platform.locate_all("c", MediaFormat::Wav).await
    }

    async fn prepare(&self, id: &str, layout: Layout) -> Result<Prepared, JobError> {
        let located = self.locate(id).await?;
        prepare(&self.platform, &located, &job(Treatment::silence()), layout).await
    }

    /// Writes the copies and reads them back.
    fn deliver(&self, prepared: &Prepared) -> Vec<PathBuf> {
        let put = |(at, copy): (usize, &sordino::job::platform::RedactedCopy)| {
            let path = self.folder.path().join(format!("{at}.wav"));
            copy.redacted.persist_copy(&path, true).unwrap();
            path
        };
        prepared.copies().iter().enumerate().map(put).collect()
    }

    /// The whole way: fetch, redact, write, annotate, delete.
    async fn run(&self, wait: bool) -> Result<(Prepared, Aftermath), JobError> {
        let prepared = self.prepare("call", Layout::Joined).await?;
        let paths = self.deliver(&prepared);
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let delivered = prepared.delivered(&paths).unwrap();
        let at = if wait { SystemTime::now() } else { date() };
        let delete = Some(Deletion { delivered: &delivered, at, wait });
        let after = finish(
            &self.platform,
            &prepared,
            Wishes { annotate: true, delete, ..Wishes::default() },
        )
        .await;
        Ok((prepared, after))
    }

    /// The waits in milliseconds.
    pub fn waits(&self) -> Vec<u128> {
        let waits = self.recorder.0.lock().unwrap();
        waits.iter().map(Duration::as_millis).filter(|&millis| millis > 20).collect()
    }

    pub fn count(&self, step: WorkflowStep) -> usize {
        self.sandbox.ledger().iter().filter(|entry| entry.step == Some(step)).count()
    }

    fn puts(&self) -> usize {
        self.sandbox.ledger().iter().filter(|entry| entry.method == "PUT").count()
    }

    fn kept(&self, id: &str) -> ConversationRecording {
        self.sandbox.conversation("c").unwrap().recording(id).unwrap().clone()
    }

    /// Nothing that must stay secret is in a text, and none of it has reached the storage host.
    pub fn check_secrets(&self, text: &str, of: &str) {
        for word in ["ignature=", SECRET, BASIC] {
            assert!(!text.contains(word), "{of}: {text}");
        }
        assert!(!self.sandbox.tokens().iter().any(|token| text.contains(token)), "{of}: {text}");
        assert_eq!(self.sandbox.leaks(), [], "{of}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_redacted_annotated_and_deleted() {
    let world = world(&[]).await;
    let (prepared, after) = world.run(true).await.unwrap();
    let source = stream(fixture_bytes("call.wav"));
    let expected = redacted(source, &CALL_WINDOWS, Treatment::silence()).unwrap();
    assert!(std::fs::read(world.folder.path().join("0.wav")).unwrap() == expected);
    assert!(after.failed.is_none(), "{:?}", after.failed);
    use WorkflowStep::{Annotate, Fetch, Locate, Protection, Retention, SignIn};
    let ledger = world.sandbox.ledger();
    let steps: Vec<_> = ledger.iter().map(|entry| entry.step.unwrap()).collect();
    let first = [SignIn, Locate, Fetch, Annotate, Annotate, Protection, Retention, Retention];
    assert_eq!(steps[..8], first);
    assert_eq!(ledger[7].method, "PUT", "after protection and export");
    assert!(steps[8..].iter().all(|step| *step == Retention) && ledger[8].method == "GET");
    assert_eq!(ledger[1].query, "formatId=WAV");
    let recorded = prepared.steps().iter().chain(&after.steps).map(|record| record.step);
    let of_steps = [Locate, Fetch, Annotate, Annotate, Protection];
    assert!(recorded.clone().take(5).eq(of_steps));
    assert_eq!(recorded.skip(5).collect::<Vec<_>>(), [Retention; 4]);
    let original = world.kept("call");
    assert_eq!(original.state, FileState::Deleted);
    assert_eq!(after.original.state, OriginalState::Deleted);
    assert_eq!(after.original.entry().transcript, TranscriptState::Unknown);
    let places: Vec<_> = original
        .annotations
        .iter()
        .map(|made| (made["location"].as_i64().unwrap(), made["durationMs"].as_i64().unwrap()))
        .collect();
    assert_eq!(places, [(10_000, 5000), (30_500, 4700)]);
    assert!(original.annotations.iter().all(|made| made["type"] == "bookmark"));
    let receipt = prepared.receipt(&prepared.copies()[0], Some(&after)).unwrap();
    // Read again, it does not contradict itself.
    let entry = sordino::Receipt::parse(&receipt.to_json()).unwrap().delivery.unwrap();
    assert_eq!((entry.recording_id.as_deref(), entry.new_recording_id), (Some("call"), None));
    assert_eq!(entry.original, Some(after.original.entry()));
    assert_eq!(entry.steps.len(), 9);
    world.check_secrets(&format!("{prepared:?} {after:?} {:?}", world.platform), "success");
}

/// Invariant 10, and what the login host gets.
#[tokio::test(flavor = "multi_thread")]
async fn the_bearer_goes_to_the_api_and_basic_to_the_login() {
    let world = world(&["fetch=503", "fetch=expired"]).await;
    world.run(false).await.unwrap();
    for entry in world.sandbox.ledger() {
        assert_eq!(entry.authorized, !entry.storage, "{entry:?}");
        assert!(!entry.referer, "{entry:?}");
    }
    let login = &world.sandbox.ledger()[0];
    assert_eq!(login.length, Some("grant_type=client_credentials".len() as u64), "no secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn locate_asks_again_until_the_recording_is_transcoded() {
    for (faults, waits) in [
        (&[][..], &[][..]),
        (&["locate=transcoding:4000x2"], &[4000, 4000]),
        (&["locate=transcoding:1"], &[100]),
        (&["locate=transcoding:0"], &[5000]),
        (&["locate=acceptedx7"], &[5000, 5000, 10_000, 15_000, 30_000, 30_000, 60_000]),
        (&["locate=accepted", "locate=transcoding:250", "locate=accepted"], &[5000, 250, 10_000]),
        // Failures between polls have their own count and waits.
        (&["locate=accepted", "locate=503", "locate=accepted"], &[5000, 1000, 5000]),
        (&["locate=429:7", "locate=accepted", "locate=429:3"], &[7000, 5000, 3000]),
        (&["locate=state:AVAILABLE"], &[5000]),
        (&["locate=state:UPLOADING"], &[5000]),
        (&["locate=state:A_NEW_ONE"], &[5000]),
        (&["locate=cut:100"], &[1000]),
    ] {
        for list in [false, true] {
            let world = world(faults).await;
            let located = if list {
                world.list().await.map(|listing| listing.recordings[0].clone())
            } else {
                world.locate("call").await
            };
            let located = located.unwrap_or_else(|error| panic!("{faults:?}: {error}"));
            assert_eq!(located.keys().collect::<Vec<_>>(), ["S"], "{faults:?}");
            assert_eq!(world.waits(), waits, "{faults:?} {list}");
        }
    }
    // Only the list can be empty.
    let world = world(&["locate=nonex3"]).await;
    assert_eq!(world.list().await.unwrap().recordings.len(), 2);
    assert_eq!(world.waits(), [5000, 5000, 10_000]);
    assert_eq!(world.sandbox.ledger()[2].query, "formatId=WAV&maxWaitMs=5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_ends() {
    for (fault, limit, waits, words) in [
        (
            "locate=acceptedxever",
            10,
            &[5000, 5000, 10_000, 15_000, 30_000, 30_000, 60_000, 60_000, 60_000][..],
            "is still being transcoded, after 9 polls in 275 s; try again later, or allow more polls",
        ),
        ("locate=acceptedxever", 2, &[5000, 5000], "after 2 polls in 10 s"),
        ("locate=acceptedxever", 0, &[], "after 0 polls in 0 s"),
        (
            "locate=transcoding:2000xever",
            3,
            &[2000, 2000, 10_000],
            "transcoded (about 2 s, by the API's estimate), after 3 polls in 14 s",
        ),
        ("locate=transcoding:301000", 10, &[], "about 301 s"),
    ] {
        let world = world_with(&[fault], |_| {}, |config| config.poll_limit = limit).await;
        for error in [world.locate("call").await.map(drop), world.list().await.map(drop)] {
            let Err(error @ Error::NotReady { .. }) = error else { continue };
            let text = error.to_string();
            assert!(text.contains(words), "{fault}: {text}");
        }
        let half = world.waits();
        assert_eq!(half[..half.len() / if fault.contains("ever") { 2 } else { 1 }], *waits);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_out_of_reach_says_what_to_do() {
    for (state, reason, words) in [
        ("ARCHIVED", Unavailable::Archived, "the recording call is archived: have it restored"),
        ("RESTORING", Unavailable::Restoring, "being restored from the archive: try again when"),
        ("DELETED", Unavailable::Deleted, "is deleted: there is nothing left"),
        ("ERROR", Unavailable::Failed, "is in the state ERROR"),
    ] {
        // At once, and when it comes to that while it is polled.
        for before in [&[][..], &["locate=acceptedx2"]] {
            let fault = format!("locate=state:{state}");
            let faults: Vec<&str> = before.iter().copied().chain([fault.as_str()]).collect();
            let world = world(&faults).await;
            let error = world.locate("call").await.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            let is_it = matches!(&error, Error::Unavailable { reason: why, .. } if *why == reason);
            assert!(is_it && world.waits().len() == before.len() * 2, "{error:?}");
        }
    }
    let screen = |conversation: &mut Conversation| {
        conversation.recordings[0].media = "screen".into();
    };
    let world = world_with(&[], screen, |_| {}).await;
    let text = world.locate("call").await.unwrap_err().to_string();
    assert!(text.contains("the recording call is `screen`, not audio"), "{text}");
    for (conversation, recording) in [("c", "none"), ("none", "call")] {
        let error = world.platform.locate(conversation, recording, MediaFormat::Wav).await;
        assert!(matches!(error, Err(Error::Refused { status: 404, .. })), "{error:?}");
    }
    for (conversation, recording) in [("", "x"), ("..", "x"), ("c", "a/b")] {
        let error = world.platform.locate(conversation, recording, MediaFormat::Wav).await;
        assert!(matches!(error, Err(Error::Config(_))), "{error:?}");
    }
}

/// While it is polled, the organisation archives the recording.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_archived_while_it_is_polled_is_an_error() {
    let archived = |conversation: &mut Conversation| {
        conversation.recordings[0].transcoding = 9;
        conversation.recordings[0].next_state = Some((3, FileState::Archived));
    };
    let world = world_with(&[], archived, |_| {}).await;
    let error = world.prepare("call", Layout::Joined).await.unwrap_err();
    assert!(chain(&error).contains("is archived"), "{error:?}");
    assert_eq!(world.waits(), [1500, 1500, 10_000]);
    assert_eq!(world.count(WorkflowStep::Fetch), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_recordings_are_listed_or_left_out_with_the_reason() {
    let more = |conversation: &mut Conversation| {
        let new = |id: &str, state| {
            ConversationRecording { state, ..ConversationRecording::new(id) }.file("S", "x")
        };
        let chat = ConversationRecording { media: "chat".into(), ..new("d", FileState::Available) };
        conversation.recordings.extend([
            new("a", FileState::Archived),
            new("b", FileState::Deleted),
            chat,
            new("e", FileState::Restored),
        ]);
        conversation.recordings[1].transcoding = 2;
    };
    let world = world_with(&[], more, |_| {}).await;
    let listing = world.list().await.unwrap();
    let ids = |listing: &Listing| {
        let ids = listing.recordings.iter().map(|found| found.original().recording_id().to_owned());
        let left = listing.left_out.iter();
        let left = left.map(|left| format!("{} {}", left.recording_id, left.reason.name()));
        (ids.collect::<Vec<_>>(), left.collect::<Vec<_>>())
    };
    let (found, left) = ids(&listing);
    assert_eq!(found, ["call", "keys", "e"]);
    assert_eq!(left, ["a archived", "b deleted", "d chat"]);
    assert_eq!(world.waits(), [1500, 1500]);
    assert_eq!(listing.recordings[1].keys().collect::<Vec<_>>(), ["0", "1"]);
    assert_eq!(listing.recordings[0].original().subtype(), Some("Trunk"));
    // One that is never ready does not hold back the others.
    let slow = |conversation: &mut Conversation| conversation.recordings[1].transcoding = 99;
    let world = world_with(&[], slow, |config| config.poll_limit = 2).await;
    let (found, left) = ids(&world.list().await.unwrap());
    assert_eq!((found, left), (vec!["call".into()], vec!["keys not ready".into()]));
}

/// Links die: before the first part, between two, and again.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_link_is_replaced_once_a_part() {
    for (faults, locates, passes) in [
        (&["fetch=expired:0"][..], 2, true),
        (&["fetch=expired:1"], 2, true),
        (&["fetch=expired:0", "fetch=expired:1"], 3, true),
        (&["fetch=expired:1x2"], 2, false),
        (&["fetch=code:403:SignatureDoesNotMatch"], 1, false),
        (&["fetch=404"], 1, false),
    ] {
        let world = world(faults).await;
        let result = world.prepare("keys", Layout::Split).await;
        assert_eq!(result.is_ok(), passes, "{faults:?}: {result:?}");
        assert_eq!(world.count(WorkflowStep::Locate), locates, "{faults:?}");
        let text = result.as_ref().err().map(|error| chain(error)).unwrap_or_default();
        world.check_secrets(&format!("{text} {result:?}"), faults[0]);
    }
}

/// Between locate and fetch of the second key the organisation archives the recording.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_of_an_archived_recording_is_an_error() {
    let world = world(&["fetch=expired:1"]).await;
    let located = world.locate("keys").await.unwrap();
    world.platform.fetch(&located, "0").await.unwrap();
    world.sandbox.inject("locate=state:ARCHIVED".parse().unwrap());
    let error = world.platform.fetch(&located, "1").await.unwrap_err();
    let reason = Unavailable::Archived;
    assert!(
        matches!(&error, Error::Unavailable { reason: why, .. } if *why == reason),
        "{error:?}"
    );
    let error = world.platform.fetch(&located, "2").await.unwrap_err();
    assert!(error.to_string().contains("no part `2`"), "{error}");
}

/// All links of a recording are dead at once.
#[tokio::test(flavor = "multi_thread")]
async fn links_that_die_together_are_all_replaced() {
    let world = world(&[]).await;
    let located = world.locate("keys").await.unwrap();
    world.sandbox.expire_urls();
    let job = job(Treatment::silence());
    let prepared = prepare(&world.platform, &located, &job, Layout::Split).await.unwrap();
    assert_eq!((prepared.copies().len(), world.count(WorkflowStep::Locate)), (2, 3));
}

/// Two mono files, read side by side, are the stereo file that they were made from.
#[tokio::test(flavor = "multi_thread")]
async fn joined_parts_are_redacted_as_one_recording() {
    let whole = fixture_bytes("call.wav");
    let expected =
        redacted(stream(whole), &["10-15@1", "30.5-35.2"], Treatment::silence()).unwrap();
    for (faults, waits, locates) in [
        (&[][..], &[][..], 1),
        (&["fetch=cut:100000"], &[1000], 1),
        (&["fetch=expired:1"], &[], 2),
        (&["fetch=expired:0", "fetch=expired:1"], &[], 3),
        (&["fetch=503", "fetch=reset"], &[1000, 2000], 1),
        // Both parts break in one attempt.
        (&["fetch=cut-unsized:100000", "fetch=cut:1000"], &[1000], 1),
    ] {
        let world = world(faults).await;
        let located = world.locate("keys").await.unwrap();
        let job = Job { windows: windows(&["10-15@1", "30.5-35.2"]), ..job(Treatment::silence()) };
        let prepared = prepare(&world.platform, &located, &job, Layout::Joined).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{faults:?}: {}", chain(&error)));
        let path = world.deliver(&prepared).remove(0);
        assert!(std::fs::read(path).unwrap() == expected, "{faults:?}");
        assert_eq!((world.waits().as_slice(), world.count(WorkflowStep::Locate)), (waits, locates));
        let receipt = prepared.receipt(&prepared.copies()[0], None).unwrap();
        let keys: Vec<_> = receipt.inputs.iter().map(|input| input.key.as_deref()).collect();
        assert_eq!(keys, [Some("0"), Some("1")]);
        world.check_secrets(&format!("{prepared:?}"), "joined");
    }
}

/// A window on both channels is one passage of the recording.
#[tokio::test(flavor = "multi_thread")]
async fn a_passage_on_two_channels_is_one_annotation() {
    let world = world(&[]).await;
    let located = world.locate("keys").await.unwrap();
    let list = windows(&["10-15@0", "10-15@1", "30-"]);
    let job = Job { windows: list, ..job(Treatment::silence()) };
    let prepared = prepare(&world.platform, &located, &job, Layout::Joined).await.unwrap();
    let ends: Vec<_> = prepared.passages().iter().map(|passage| passage.end.as_secs()).collect();
    assert_eq!(ends, [15, 38], "the last one lasts to the end of the recording");
}

#[tokio::test(flavor = "multi_thread")]
async fn split_parts_are_redacted_each_on_its_own() {
    let world = world(&["fetch=cut:100000"]).await;
    let prepared = world.prepare("keys", Layout::Split).await.unwrap();
    let keys: Vec<_> = prepared.copies().iter().map(|copy| copy.keys.clone()).collect();
    assert_eq!(keys, [["0"], ["1"]]);
    for (copy, path) in prepared.copies().iter().zip(world.deliver(&prepared)) {
        let key = &copy.keys[0];
        let original =
            world.kept("keys").files.iter().find(|(name, _)| name == key).unwrap().1.to_vec();
        let expected = redacted(stream(original), &CALL_WINDOWS, Treatment::silence()).unwrap();
        assert!(std::fs::read(path).unwrap() == expected, "{key}");
    }
    assert_eq!(world.waits(), [1000], "the broken download was repeated");
    assert_eq!(prepared.steps()[1].retries, 1);
}

/// One part is cut off, the other is whole: there is no copy at all.
#[tokio::test(flavor = "multi_thread")]
async fn one_broken_part_fails_the_whole_recording() {
    for broken in [0, 1] {
        let cut = |conversation: &mut Conversation| {
            let bytes = &mut conversation.recordings[1].files[broken].1;
            *bytes = bytes.slice(..bytes.len() / 2);
        };
        let world = world_with(&[], cut, |_| {}).await;
        for layout in [Layout::Split, Layout::Joined] {
            let error = world.prepare("keys", layout).await.unwrap_err();
            assert!(matches!(error, JobError::Redact(_)), "{error:?}");
            assert!(chain(&error).contains("cut off"), "{error:?}");
        }
    }
}

/// A fault, what the flow is said to have done, and a part of the error.
const AFTER: &[(&str, usize, OriginalState, usize, &str)] = &[
    (
        "annotate=missing:recording:annotation:add",
        0,
        OriginalState::Kept,
        0,
        "annotate: the permission recording:annotation:add is missing; ask an administrator",
    ),
    (
        "annotate=lost",
        0,
        OriginalState::Kept,
        0,
        "annotate: the answer was lost (annotate: the connection failed",
    ),
    ("annotate=500", 0, OriginalState::Kept, 0, "the annotation may exist: look at the recording"),
    ("annotate=404", 0, OriginalState::Kept, 0, "annotate: the API answers 404"),
    ("annotate=429:301", 0, OriginalState::Kept, 0, "annotate: the API asks to wait until"),
    ("protection=500xever", 2, OriginalState::Kept, 0, "protection: the API answers 500"),
    ("protection=cut:1xever", 2, OriginalState::Kept, 0, "protection: "),
    (
        "protection=401xever",
        2,
        OriginalState::Kept,
        0,
        "protection: the API refuses the credentials",
    ),
    ("retention=404", 2, OriginalState::Kept, 0, "retention: the API answers 404"),
    ("retention=htmlxever", 2, OriginalState::Kept, 0, "retention: the API answers 502"),
    ("retention=redirect", 2, OriginalState::Kept, 0, "retention: a redirect was refused"),
];

/// What was done before a fault is in the result beside the error.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_after_the_delivery_is_told_beside_what_was_done() {
    for &(fault, annotated, state, puts, words) in AFTER {
        let world = world(&[fault]).await;
        let (_, after) = world.run(false).await.unwrap();
        let error = after.failed.as_ref().unwrap_or_else(|| panic!("{fault} passes"));
        assert!(error.to_string().contains(words), "{fault}: {error}");
        assert_eq!((after.annotations.len(), after.original.state), (annotated, state), "{fault}");
        assert_eq!(world.puts(), puts, "{fault}");
        assert_eq!(world.kept("call").delete_date, None, "{fault}");
        assert!(world.count(WorkflowStep::Annotate) <= 2, "{fault}: an annotation was repeated");
        world.check_secrets(&format!("{error} {after:?}"), fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_pass_are_retried_at_every_step() {
    for fault in [
        "sign-in=429:5",
        "sign-in=reset",
        "annotate=503",
        "annotate=429:5",
        "protection=500",
        "protection=reset",
        "protection=cut:1",
        "retention=lost",
        "retention=504",
        "retention=429",
        "retention=cut:20",
    ] {
        let world = world(&[fault]).await;
        let (_, after) = world.run(false).await.unwrap();
        assert!(after.failed.is_none(), "{fault}: {:?}", after.failed);
        assert_eq!((after.annotations.len(), world.waits().len()), (2, 1), "{fault}");
        assert_eq!(world.kept("call").annotations.len(), 2, "{fault}");
        assert_eq!(after.original.state, OriginalState::DeletionSet, "{fault}");
        assert!(world.kept("call").delete_date.is_some(), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_dies_is_renewed_at_every_step() {
    for step in ["locate", "annotate", "protection", "retention", "transcript"] {
        let world = world(&[&format!("{step}=dies")]).await;
        if step == "transcript" {
            world.platform.transcript_links("c", "none").await.unwrap_err();
        } else {
            let (_, after) = world.run(false).await.unwrap();
            assert!(after.failed.is_none(), "{step}: {:?}", after.failed);
        }
        assert_eq!((world.count(WorkflowStep::SignIn), world.waits().len()), (2, 0), "{step}");
    }
}

/// New tokens may die as well, before they are used. The fourth that is refused is told.
#[tokio::test(flavor = "multi_thread")]
async fn three_tokens_of_a_request_may_die() {
    for (times, tokens, passes) in [(3, 4, true), (4, 4, false)] {
        let world = world(&[&format!("protection=401x{times}")]).await;
        let (_, after) = world.run(false).await.unwrap();
        assert_eq!(after.failed.is_none(), passes, "{times}: {:?}", after.failed);
        assert_eq!(
            (world.count(WorkflowStep::SignIn), world.waits().len()),
            (tokens, 0),
            "{times}"
        );
    }
}

/// The annotations are made, and the deletion is refused: the result says both.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_refused_leaves_the_annotations() {
    let due = Some(SystemTime::now() + Duration::from_secs(3600));
    type Change = fn(&mut Conversation, Option<SystemTime>);
    let cases: [(&str, Change); 4] = [
        ("protection: the conversation is protected", |c, _| c.protected = true),
        ("retention: the recording is due to be exported on 2", |c, due| {
            c.recordings[0].export_date = due;
        }),
        ("retention: the recording is due to be exported on 2", |c, due| {
            // It was exported before, and will be again.
            (c.recordings[0].export_date, c.recordings[0].exported_date) =
                (due, Some(SystemTime::UNIX_EPOCH));
        }),
        ("retention: the permission recording:recording:editRetention is missing", |_, _| {}),
    ];
    for (words, change) in cases {
        let world = world_with(&[], |conversation| change(conversation, due), |_| {}).await;
        world.sandbox.revoke("recording:recording:editRetention");
        let (_, after) = world.run(false).await.unwrap();
        let error = after.failed.as_ref().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(after.annotations.len(), 2, "{words}");
        assert_eq!(after.original.state, OriginalState::Kept, "{words}");
        assert_eq!(after.original.entry().transcript, TranscriptState::Kept);
        let kept = world.kept("call");
        assert_eq!((kept.annotations.len(), kept.delete_date), (2, None), "{words}");
        assert_eq!(world.puts(), usize::from(words.contains("permission")), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_the_past_is_told_and_the_archive_date_is_kept() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let exported = |conversation: &mut Conversation| {
        let recording = &mut conversation.recordings[0];
        (recording.export_date, recording.exported_date) = (Some(at), Some(at));
        recording.archive_date = Some(at);
    };
    let world = world_with(&[], exported, |_| {}).await;
    let (_, after) = world.run(false).await.unwrap();
    assert_eq!(after.original.state, OriginalState::DeletionSet);
    assert!(after.original.exported.as_ref().unwrap().starts_with("2023-11-14"), "{after:?}");
    assert_eq!(world.kept("call").archive_date, Some(at));
    let set = world.kept("call").delete_date.unwrap();
    assert!(set > SystemTime::now() + Duration::from_secs(47 * 3600));
}

/// An answer is lost, and the attempt after it is refused: the first may have set the date.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_deletion_is_not_known_whatever_comes_after_it() {
    use std::sync::atomic::{AtomicU32, Ordering};
    for (first, then) in [(504, 404), (504, 403), (504, 409), (503, 404)] {
        let world = world(&[]).await;
        let prepared = world.prepare("call", Layout::Joined).await.unwrap();
        let path = world.deliver(&prepared).remove(0);
        let delivered = prepared.delivered(&[&path]).unwrap();
        let puts = Arc::<AtomicU32>::default();
        let base = host(move |method, path| match (method, path.contains("deletionprotection")) {
            (_, true) => (StatusCode::OK, "[]".to_owned()),
            (&Method::PUT, _) => {
                let is_first = puts.fetch_add(1, Ordering::Relaxed) == 0;
                let status = if is_first { first } else { then };
                (StatusCode::from_u16(status).unwrap(), "{}".to_owned())
            }
            _ => (StatusCode::OK, r#"{"id":"call"}"#.to_owned()),
        })
        .await;
        let platform = client(&base, &world.recorder, |_| {});
        let delete = Some(Deletion { delivered: &delivered, at: date(), wait: false });
        let after = finish(&platform, &prepared, Wishes { delete, ..Wishes::default() }).await;
        let is_lost = matches!(after.failed, Some(Error::OutcomeUnknown { .. }));
        assert_eq!(is_lost, first == 504, "{first} {then}: {:?}", after.failed);
        let state = if is_lost { OriginalState::Unknown } else { OriginalState::Kept };
        assert_eq!(after.original.state, state, "{first} {then}");
    }
}

/// A recording that is deleted earlier keeps that date, and one that is deleted gets none.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_never_put_off() {
    for (shown, state) in [
        (r#""deleteDate":"2001-01-01T00:00:00.000Z""#, OriginalState::DeletionSet),
        (r#""deleteDate":"soon""#, OriginalState::Unknown),
        (r#""fileState":"DELETED""#, OriginalState::Deleted),
    ] {
        let world = world(&[]).await;
        let prepared = world.prepare("call", Layout::Joined).await.unwrap();
        let path = world.deliver(&prepared).remove(0);
        let delivered = prepared.delivered(&[&path]).unwrap();
        let base = host(move |method, path| match (method, path.contains("deletionprotection")) {
            (&Method::PUT, _) => panic!("the date was set"),
            (_, true) => "[]".to_owned(),
            _ => format!(r#"{{"id":"call",{shown}}}"#),
        })
        .await;
        let platform = client(&base, &world.recorder, |_| {});
        let delete = Some(Deletion { delivered: &delivered, at: date(), wait: false });
        let after = finish(&platform, &prepared, Wishes { delete, ..Wishes::default() }).await;
        assert_eq!(after.original.state, state, "{shown}: {:?}", after.failed);
        let is_refused = matches!(after.failed, Some(Error::DeletedEarlier { .. }));
        assert_eq!(is_refused, shown.contains("2001"), "{:?}", after.failed);
    }
}

/// The date comes after the last poll: the deletion is set, and has not happened.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_deletion_ends() {
    let world = world_with(&[], |_| {}, |config| config.poll_limit = 0).await;
    let (_, after) = world.run(true).await.unwrap();
    let error = after.failed.unwrap();
    assert!(matches!(error, Error::NotReady { .. }), "{error:?}");
    assert!(error.to_string().contains("not deleted yet"), "{error}");
    assert_eq!(after.original.state, OriginalState::DeletionSet);
    assert_eq!(after.original.entry().transcript, TranscriptState::Unknown);
}

/// Nothing is deleted unless the copy was checked, silenced, and read back from the disk.
#[tokio::test(flavor = "multi_thread")]
async fn an_original_is_deleted_only_for_a_copy_that_was_read_back() {
    let world = world(&[]).await;
    let prepared = world.prepare("call", Layout::Joined).await.unwrap();
    let path = world.deliver(&prepared).remove(0);
    prepared.delivered(&[&path]).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let longer = [whole.as_slice(), b"x"].concat();
    for bytes in [&whole[..whole.len() - 1], &changed, &longer, b""] {
        std::fs::write(&path, bytes).unwrap();
        let error = prepared.delivered(&[&path]).unwrap_err();
        assert!(matches!(error, NotDelivered::Differs { .. }), "{error:?}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(prepared.delivered(&[&path]), Err(NotDelivered::Differs { .. })));
    assert!(matches!(prepared.delivered(&[]), Err(NotDelivered::Incomplete { .. })));
    let nothing = Job { windows: Windows::none(), ..job(Treatment::silence()) };
    let located = world.locate("call").await.unwrap();
    let copied = prepare(&world.platform, &located, &nothing, Layout::Joined).await.unwrap();
    let path = world.deliver(&copied).remove(0);
    assert!(matches!(copied.delivered(&[&path]), Err(NotDelivered::NothingMuted)));
    let located = world.locate("call").await.unwrap();
    let unchecked = EvidenceOptions { self_check: false, ..EvidenceOptions::default() };
    let unchecked = Job { evidence: unchecked, ..job(Treatment::silence()) };
    for (job, why) in
        [(job(Treatment::default()), "attenuated"), (unchecked, "without the self-check")]
    {
        let prepared = prepare(&world.platform, &located, &job, Layout::Joined).await.unwrap();
        let path = world.deliver(&prepared).remove(0);
        let error = prepared.delivered(&[&path]).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(world.puts(), 0);
}

/// Two clients, as two processes would be, share a file with the token.
#[tokio::test(flavor = "multi_thread")]
async fn two_clients_share_one_token() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("tokens");
    let shared = |config: &mut Config| config.token_cache = Some(cache.clone());
    let world = world_with(&[], |_| {}, shared).await;
    world.locate("call").await.unwrap();
    let other = client(&world.base, &world.recorder, shared);
    other.locate("c", "call", MediaFormat::Wav).await.unwrap();
    assert_eq!(world.count(WorkflowStep::SignIn), 1);
    // The token dies; the one that notices it first renews it for both.
    world.sandbox.forget_tokens();
    other.locate("c", "call", MediaFormat::Wav).await.unwrap();
    assert_eq!(world.count(WorkflowStep::SignIn), 2);
    world.locate("call").await.unwrap();
    assert_eq!(world.count(WorkflowStep::SignIn), 2, "it took the other's token");
    let text = std::fs::read_to_string(&cache).unwrap();
    assert!(
        world.sandbox.tokens().iter().any(|token| text.contains(token)) && !text.contains(SECRET)
    );
    // A file that others may read is refused, before anything is sent.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut config =
            Config::platform("http://127.0.0.1:9", Credentials::new("sandbox", SECRET)).unwrap();
        shared(&mut config);
        let error = Platform::new(config).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_is_fetched_without_the_token() {
    let said = |conversation: &mut Conversation| {
        conversation.recordings[0].transcript = Some(r#"{"transcripts":[]}"#.into());
    };
    for fault in ["retention=503", "transcript=503", "transcript=reset", "transcript=cut:1"] {
        let world = world_with(&[fault], said, |_| {}).await;
        let links = world.platform.transcript_links("c", "call").await.unwrap();
        assert_eq!(links.links[0].recording_id(), Some("call"), "{fault}");
        world.check_secrets(&format!("{links:?} {:?}", links.links), fault);
        let link = links.links.into_iter().next().unwrap();
        let transcript = world.platform.transcript(link).await.unwrap();
        assert_eq!(transcript.bytes, br#"{"transcripts":[]}"#);
        assert!(!format!("{transcript:?}").contains("123,"), "its bytes are not shown");
        let link = world.platform.transcript_link("c", "call").await.unwrap();
        world.sandbox.expire_urls();
        let error = world.platform.transcript(link).await.unwrap_err();
        assert!(matches!(error, Error::Expired { .. }), "{error:?}");
        world.check_secrets(&format!("{error} {error:?}"), fault);
    }
    let world = world(&[]).await;
    let error = world.platform.transcript_links("c", "call").await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 404, .. }), "{error:?}");
    world.sandbox.revoke("speechAndTextAnalytics:data:view");
    let error = world.platform.transcript_link("c", "call").await.unwrap_err();
    assert!(error.to_string().contains("speechAndTextAnalytics:data:view"), "{error}");
}

/// The download itself breaks, not the answer with its link.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transcript_is_downloaded_again() {
    let said = |conversation: &mut Conversation| {
        conversation.recordings[0].transcript = Some(r#"{"transcripts":[]}"#.into());
    };
    for (fault, waits) in [
        ("transcript=cut:1", &[1000][..]),
        ("transcript=cut:5x3", &[1000, 2000, 4000]),
        ("transcript=cut:5xever", &[1000, 2000, 4000]),
    ] {
        let world = world_with(&[], said, |_| {}).await;
        let link = world.platform.transcript_link("c", "call").await.unwrap();
        world.sandbox.inject(fault.parse().unwrap());
        let transcript = world.platform.transcript(link).await;
        assert_eq!(transcript.is_err(), fault.ends_with("ever"), "{fault}");
        if let Ok(transcript) = transcript {
            assert_eq!(transcript.bytes, br#"{"transcripts":[]}"#, "{fault}");
            assert_eq!(transcript.record.retries as usize, waits.len(), "{fault}");
        }
        assert_eq!(world.waits(), waits, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_without_end_is_not_read() {
    let endless = |conversation: &mut Conversation| {
        conversation.recordings[0].transcript = Some(vec![b' '; 64 * 1024 * 1024 + 1].into());
    };
    let world = world_with(&[], endless, |_| {}).await;
    let link = world.platform.transcript_link("c", "call").await.unwrap();
    let read = world.platform.transcript(link).await;
    // The length alone, so that a failure does not print it all.
    let error = read.map(|transcript| transcript.bytes.len()).unwrap_err();
    assert!(error.to_string().contains("longer than 64 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named() {
    let world = world(&["locate=missing:recording:recording:view"]).await;
    let error = world.locate("call").await.unwrap_err();
    let words = "locate: the permission recording:recording:view is missing; ask an administrator";
    assert!(error.to_string().starts_with(words), "{error}");
    assert!(error.to_string().contains("contextId"), "{error}");
}

/// A host that answers as `answer` says, by method and path; signing in always succeeds.
async fn host<A: IntoResponse>(
    answer: impl Fn(&Method, &str) -> A + Clone + Send + Sync + 'static,
) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let route = move |request: Request| {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer: Response = match path.as_str() {
            "/oauth/token" => r#"{"access_token":"t","expires_in":3600}"#.into_response(),
            path => answer(&method, path).into_response(),
        };
        std::future::ready(answer)
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(route)).await });
    base
}

/// The API says that no request is left: the next one waits for the reset, so that no 429 comes.
#[tokio::test(flavor = "multi_thread")]
async fn the_apis_own_count_is_obeyed_before_a_429() {
    for (count, status, waits) in [
        ("179", 200, &[][..]),
        ("180", 200, &[61_000]),
        ("200", 404, &[61_000]),
        // Without `Retry-After` the reset is the wait, once.
        ("180", 429, &[61_000, 61_000, 61_000]),
    ] {
        let base = host(move |_, _| {
            let headers = [
                ("inin-ratelimit-count", count),
                ("inin-ratelimit-allowed", "180"),
                ("inin-ratelimit-reset", "61"),
            ];
            (StatusCode::from_u16(status).unwrap(), headers, "[]")
        })
        .await;
        let recorder = Arc::<Recorder>::default();
        let told = Arc::<std::sync::Mutex<Vec<Event>>>::default();
        let heard = Arc::clone(&told);
        let platform = client(&base, &recorder, |config| {
            config.listener = Arc::new(move |event| heard.lock().unwrap().push(event));
        });
        let original = Original::new("c", "call").unwrap();
        let first = platform.check_protection(&original).await;
        let between = recorder.0.lock().unwrap().len();
        if status != 429 {
            assert_eq!((first.is_ok(), between), (status == 200, 0), "{count} {status}");
            let _ = platform.check_protection(&original).await;
            let paced = told.lock().unwrap().iter().any(|event| {
                matches!(event, Event::Paces(WorkflowStep::Protection, wait) if wait.as_secs() >= 60)
            });
            assert_eq!(paced, !waits.is_empty(), "{count} {status}");
        }
        let seen: Vec<_> = recorder.0.lock().unwrap().iter().map(Duration::as_millis).collect();
        let rounded: Vec<_> = seen.iter().map(|millis| (millis + 500) / 1000 * 1000).collect();
        assert_eq!(rounded, waits, "{count} {status} {seen:?}");
    }
}

/// A pause that is longer than the longest wait is an error that says until when.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_too_long_is_an_error() {
    let base = host(|_, _| {
        let headers = [
            ("inin-ratelimit-count", "9"),
            ("inin-ratelimit-allowed", "9"),
            ("inin-ratelimit-reset", "999"),
        ];
        (headers, "[]")
    })
    .await;
    let recorder = Arc::<Recorder>::default();
    let platform = client(&base, &recorder, |_| {});
    let original = Original::new("c", "call").unwrap();
    platform.check_protection(&original).await.unwrap();
    let error = platform.check_protection(&original).await.unwrap_err();
    assert!(matches!(error, Error::WaitTooLong { .. }), "{error:?}");
    assert!(recorder.0.lock().unwrap().is_empty());
}

/// The API takes the date, or loses the answer: what is said about the original is never more than is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_is_not_shown_is_not_confirmed() {
    for (put, shown, state) in [
        (200, "null", OriginalState::Unknown),
        (200, "\"2099-01-01T00:00:00Z\"", OriginalState::Unknown),
        (500, "null", OriginalState::Unknown),
        (408, "null", OriginalState::Unknown),
        (400, "null", OriginalState::Kept),
    ] {
        let world = world(&[]).await;
        let prepared = world.prepare("call", Layout::Joined).await.unwrap();
        let path = world.deliver(&prepared).remove(0);
        let delivered = prepared.delivered(&[&path]).unwrap();
        let base = host(move |method, path| match (method, path.contains("deletionprotection")) {
            (_, true) => (StatusCode::OK, "[]".to_owned()),
            (&Method::PUT, _) => (StatusCode::from_u16(put).unwrap(), "{}".to_owned()),
            _ => (StatusCode::OK, format!(r#"{{"id":"call","deleteDate":{shown}}}"#)),
        })
        .await;
        let platform = client(&base, &world.recorder, |config| config.poll_limit = 2);
        let delete = Some(Deletion { delivered: &delivered, at: date(), wait: true });
        let after = finish(&platform, &prepared, Wishes { delete, ..Wishes::default() }).await;
        assert_eq!(after.original.state, state, "{put} {shown}: {:?}", after.failed);
        assert_eq!(after.original.delete_date, None, "{put} {shown}");
        let is_pending = matches!(after.failed, Some(Error::NotReady { .. }));
        assert_eq!(is_pending, put == 200, "{:?}", after.failed);
    }
}

/// Answers that do not describe what was asked for are refused.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_something_else_is_refused() {
    for (body, words) in [
        ("", "not the expected JSON"),
        ("[]", "another recording"),
        (
            r#"{"id":"other","mediaUris":{"S":{"mediaUri":"http://127.0.0.1/x?Signature=s"}}}"#,
            "another recording",
        ),
        (
            r#"{"id":"call","mediaUris":{"../x":{"mediaUri":"http://127.0.0.1/x?Signature=s"}}}"#,
            "a key of its media",
        ),
        (
            r#"{"id":"call","mediaUris":{"S":{"mediaUri":"not a url ?Signature=s"}}}"#,
            "its URL is not valid",
        ),
        (
            r#"{"id":"call","mediaUris":{"S":{"mediaUri":"ftp://x/y?Signature=s"}}}"#,
            "a URL on x was refused",
        ),
        (r#"{"id":"call","mediaUris":{"S":{"mediaUri":null}}}"#, "still being transcoded"),
    ] {
        let base = host(move |_, _| body).await;
        let recorder = Arc::<Recorder>::default();
        let platform = client(&base, &recorder, |_| {});
        let error = platform.locate("c", "call", MediaFormat::Wav).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(words) && !text.contains("Signature"), "{body}: {text}");
    }
}

#[tokio::test]
async fn a_passage_is_annotated_with_its_label_alone() {
    let world = world(&[]).await;
    let original = Original::new("c", "call").unwrap();
    let passage = Passage {
        start: Duration::from_millis(10),
        end: Duration::from_millis(25),
        label: Some("card number".into()),
    };
    let made = world.platform.annotate(&original, &passage).await.unwrap();
    let kept = &world.kept("call").annotations[0];
    assert_eq!(kept["id"], made.id.as_str());
    assert_eq!(
        (kept["name"].as_str(), kept["durationMs"].as_i64()),
        (Some("card number"), Some(15))
    );
}
