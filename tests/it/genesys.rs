//! The client against the sandbox: each network fault, over loopback sockets. Waits are recorded, not slept.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sordino::genesys::{Config, Credentials, Error, Genesys, Timer, WorkflowStep};
use sordino::job::{deliver, prepare};
use sordino::sandbox::{Sandbox, SandboxOptions};
use sordino::{EvidenceOptions, Job, JobError, Sanitised, Treatment, sanitise};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::support::*;

/// A timer that records waits and does not sleep.
#[derive(Debug, Default)]
pub struct Recorder(pub Mutex<Vec<Duration>>);

impl Timer for Recorder {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.lock().unwrap().push(wait);
        Box::pin(tokio::task::yield_now())
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

struct World {
    sandbox: Sandbox,
    genesys: Genesys,
    recorder: Arc<Recorder>,
}

const SECRET: &str = "sandbox-secret";

async fn world_with(options: SandboxOptions, faults: &[&str], change: fn(&mut Config)) -> World {
    let sandbox = Sandbox::new(options);
    sandbox.add_recording("call", fixture_bytes("call.wav"));
    faults.iter().for_each(|fault| sandbox.inject(fault.parse().unwrap()));
    let base = sandbox.start(0).await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let mut config = Config::new(&base, Credentials::new("sandbox", SECRET)).unwrap();
    // A high rate: the timer does not sleep, so keeping the pace would be a busy loop.
    config.requests_a_minute = 60_000;
    config.timer = Arc::clone(&recorder) as Arc<dyn Timer>;
    change(&mut config);
    World { sandbox, genesys: Genesys::new(config).unwrap(), recorder }
}

async fn world(faults: &[&str]) -> World {
    world_with(SandboxOptions::default(), faults, |_| {}).await
}

fn job() -> Job {
    let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    Job { evidence, ..Job::new("call", windows(&CALL_WINDOWS), Treatment::silence()) }
}

impl World {
    async fn sanitise(&self) -> Result<String, JobError> {
        self.sanitised().await.map(|done| done.completed.id)
    }

    async fn sanitised(&self) -> Result<Sanitised, JobError> {
        sanitise(&self.genesys, &job(), "conversation").await
    }

    fn waits(&self) -> Vec<u64> {
        let waits = self.recorder.0.lock().unwrap();
        waits.iter().map(Duration::as_secs).filter(|&seconds| seconds > 0).collect()
    }

    fn count(&self, step: WorkflowStep) -> usize {
        self.sandbox.ledger().iter().filter(|entry| entry.step == Some(step)).count()
    }

    fn completed(&self) -> usize {
        self.sandbox.uploads().iter().filter(|upload| upload.completed).count()
    }
}

#[tokio::test]
async fn a_recording_is_sanitised_from_end_to_end() {
    let world = world(&[]).await;
    let id = world.sanitise().await.unwrap();
    let uploads = world.sandbox.uploads();
    assert_eq!((uploads.len(), &uploads[0].id, uploads[0].completed), (1, &id, true));
    let source = stream(fixture_bytes("call.wav"));
    let expected = redacted(source, &CALL_WINDOWS, Treatment::silence()).unwrap();
    assert!(uploads[0].audio.as_ref().unwrap() == &expected);
    let steps: Vec<_> = world.sandbox.ledger().iter().map(|entry| entry.step.unwrap()).collect();
    use WorkflowStep::{Complete, Fetch, Grant, Locate, SignIn, Upload};
    assert_eq!(steps, [SignIn, Locate, Fetch, Grant, Upload, Complete]);
    let put = &world.sandbox.ledger()[4];
    assert_eq!((put.length, put.chunked), (Some(expected.len() as u64), false));
}

/// Invariant 10.
#[tokio::test(flavor = "multi_thread")]
async fn the_bearer_goes_to_the_api_host_only() {
    let world = world(&["fetch=503", "upload=503"]).await;
    world.sanitise().await.unwrap();
    for entry in world.sandbox.ledger() {
        let to_api = entry.path.starts_with("/api/");
        assert_eq!(entry.authorized, to_api, "{entry:?}");
        assert!(!entry.referer, "{entry:?}");
    }
}

/// Faults that pass: the request is retried after the expected waits, and succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_passes_is_retried() {
    for (faults, waits, step, tries) in [
        (&["sign-in=500"][..], &[1][..], WorkflowStep::SignIn, 2),
        (&["sign-in=429:5"], &[5], WorkflowStep::SignIn, 2),
        (&["locate=429"], &[1], WorkflowStep::Locate, 2),
        (&["locate=429:7x2"], &[7, 7], WorkflowStep::Locate, 3),
        (&["locate=500", "locate=502", "locate=504"], &[1, 2, 4], WorkflowStep::Locate, 4),
        (&["locate=html"], &[1], WorkflowStep::Locate, 2),
        (&["locate=reset"], &[1], WorkflowStep::Locate, 2),
        (&["locate=cut:9"], &[1], WorkflowStep::Locate, 2),
        (&["fetch=503:3"], &[3], WorkflowStep::Fetch, 2),
        // Rounded up, never down.
        (&["fetch=503:2.5"], &[3], WorkflowStep::Fetch, 2),
        (&["fetch=code:400:RequestTimeout"], &[1], WorkflowStep::Fetch, 2),
        (&["fetch=reset"], &[1], WorkflowStep::Fetch, 2),
        (&["locate=refused"], &[1, 2, 4], WorkflowStep::Fetch, 0),
        // A broken download starts again from the beginning, with a new URL.
        (&["fetch=cut:500000x2"], &[1, 2], WorkflowStep::Fetch, 3),
        (&["fetch=cut-unsized:500000"], &[1], WorkflowStep::Fetch, 2),
        (&["fetch=length:2000000"], &[1], WorkflowStep::Fetch, 2),
        (&["fetch=expired"], &[], WorkflowStep::Fetch, 2),
        (&["fetch=code:400:ExpiredToken"], &[], WorkflowStep::Fetch, 2),
        (&["fetch=code:403:AccessDenied"], &[], WorkflowStep::Fetch, 2),
        (&["grant=429:2"], &[2], WorkflowStep::Grant, 2),
        (&["grant=503"], &[1], WorkflowStep::Grant, 2),
        (&["upload=500"], &[1], WorkflowStep::Upload, 2),
        (&["upload=lost"], &[1], WorkflowStep::Upload, 2),
        (&["upload=early:503x2"], &[1, 2], WorkflowStep::Upload, 3),
        (&["upload=code:400:RequestTimeout"], &[1], WorkflowStep::Upload, 2),
        (&["complete=504"], &[1], WorkflowStep::Complete, 2),
        (&["complete=lost"], &[1], WorkflowStep::Complete, 2),
        (&["locate=dies"], &[], WorkflowStep::Locate, 2),
        (&["complete=dies"], &[], WorkflowStep::Complete, 2),
    ] {
        let world = world(faults).await;
        let result = world.sanitised().await;
        assert_eq!(world.waits(), waits, "{faults:?} {result:?}");
        assert_eq!(world.count(step), tries, "{faults:?} {result:?}");
        let steps = result.iter().flat_map(|done| &done.receipt.as_ref().unwrap().delivery);
        let entry =
            steps.flat_map(|genesys| &genesys.steps).find(|entry| entry.step == step.name());
        // A fetch from a new URL does not count as a retry.
        let is_expired = ["expired", "ExpiredToken", "AccessDenied"].iter();
        let tries = if is_expired.clone().any(|e| faults[0].ends_with(e)) { 1 } else { tries };
        let is_counted = entry.is_none_or(|entry| entry.retries as usize == tries - 1);
        assert!(is_counted, "{faults:?} {entry:?}");
        // This row stays; `a_fault_that_stays_is_an_error` checks its error.
        let passes = faults[0] != "locate=refused";
        assert_eq!(
            (result.is_ok(), world.completed()),
            (passes, usize::from(passes)),
            "{faults:?}"
        );
    }
}

/// A fault, and a part of its error text.
const STAYS: &[(&str, &str)] = &[
    ("sign-in=401", "sign in: the API refuses the credentials: a fault was injected"),
    ("locate=401xever", "locate: the API refuses the credentials"),
    (
        "locate=403",
        "locate: the API answers 403: a fault was injected (code sandbox.403, contextId ",
    ),
    ("locate=404", "locate: the API answers 404"),
    ("locate=429xever", "locate: the API answers 429"),
    ("locate=429:301", "locate: the API asks to wait until "),
    ("locate=503:date:400", "locate: the API asks to wait until "),
    ("locate=htmlxever", "locate: the API answers 502"),
    ("locate=resetxever", "locate: the connection failed"),
    ("locate=redirect", "locate: a redirect was refused"),
    ("locate=state:pending", "the recording's state is `pending`, not `completed`"),
    ("locate=cut:9xever", "locate: the connection failed"),
    ("locate=refused", "fetch: the connection failed"),
    ("fetch=expiredx2", "fetch: the presigned URL has expired (status 403)"),
    (
        "fetch=code:400:ExpiredTokenx2",
        "fetch: the presigned URL has expired (status 400, code ExpiredToken)",
    ),
    (
        "fetch=code:403:SignatureDoesNotMatch",
        "fetch: the storage host answers 403 (code SignatureDoesNotMatch)",
    ),
    (
        "fetch=code:400:RequestTimeoutxever",
        "fetch: the storage host answers 400 (code RequestTimeout)",
    ),
    ("fetch=redirect", "a URL on evil.example was refused"),
    ("fetch=404", "fetch: the storage host answers 404"),
    ("fetch=cut:1000000xever", "fetch: the connection failed"),
    ("fetch=cut-unsized:1000000xever", "fetch: the connection failed"),
    ("fetch=length:2000000xever", "fetch: the connection failed"),
    ("fetch=length:1000000xever", "redact: the recording is cut off"),
    ("fetch=stall:100000xever", "fetch: no data was transferred for 2 s"),
    ("grant=403", "grant: the API answers 403"),
    ("grant=500", "grant: the answer was lost (grant: the API answers 500"),
    ("grant=lost", "grant: the answer was lost (grant: the connection failed"),
    ("grant=reset", "grant: the answer was lost"),
    ("grant=cut:9", "grant: the answer was lost"),
    (
        "grant=refused",
        "was created and is not complete; another run creates another: upload: the connection",
    ),
    (
        "upload=expired",
        "is not complete; another run creates another: upload: the presigned URL has expired",
    ),
    (
        "upload=code:403:SignatureDoesNotMatch",
        "another run creates another: upload: the storage host answers 403 (code SignatureDoesNotMatch)",
    ),
    (
        "upload=code:400:ExpiredToken",
        "upload: the presigned URL has expired (status 400, code ExpiredToken)",
    ),
    ("upload=early:503xever", "upload: the storage host answers 503"),
    (
        "upload=500xever",
        "is not complete; another run creates another: upload: the storage host answers 500",
    ),
    (
        "upload=redirect",
        "is not complete; another run creates another: upload: a redirect was refused",
    ),
    ("complete=403", "is not complete; another run creates another: complete: the API answers 403"),
    (
        "complete=500xever",
        "whether it is complete is not known: check it before another run: complete",
    ),
];

/// Faults that stay: the error says what happened, and nothing is completed.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_stays_is_an_error() {
    for (fault, words) in STAYS {
        let quick = |config: &mut Config| {
            (config.timeout, config.retries) = (Duration::from_secs(2), 1);
        };
        let world = world_with(SandboxOptions::default(), &[fault], quick).await;
        let Err(error) = world.sanitise().await else { panic!("{fault} passes") };
        let text = chain(&error);
        assert!(text.contains(words), "{fault}: {text}");
        assert_eq!(world.completed(), 0, "{fault}");
        assert!(!text.contains("signature") && !text.contains(SECRET), "{fault}: {text}");
        let all = format!("{text} {error:?} {:?}", world.genesys);
        assert!(!all.contains("signature") && !all.contains(SECRET), "{fault}: {all}");
        assert!(!world.sandbox.tokens().iter().any(|token| all.contains(token)), "{fault}: {all}");
        let granted = world.count(WorkflowStep::Grant);
        assert!(!fault.starts_with("grant") || granted == 1, "{fault}: a create was repeated");
    }
}

pub fn chain(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Invariant 12: the answer to the create was lost; there is one new recording, not two.
#[tokio::test]
async fn a_create_is_not_repeated_after_an_unknown_outcome() {
    let world = world(&["grant=lost"]).await;
    let error = world.sanitise().await.unwrap_err();
    assert!(matches!(error, JobError::Genesys(Error::OutcomeUnknown { .. })), "{error:?}");
    assert_eq!(world.sandbox.uploads().len(), 1);
    assert_eq!((world.count(WorkflowStep::Grant), world.waits()), (1, vec![]));
}

/// The answer to complete is lost, so the error says that completion is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_complete_is_reported_as_unknown() {
    let world = world(&["complete=lostxever"]).await;
    let error = world.sanitise().await.unwrap_err();
    assert!(matches!(error, JobError::MaybeCompleted { .. }), "{error:?}");
    assert_eq!(world.completed(), 1);
}

/// A server for both API and storage host, with one connection per request. `put` answers the uploads.
async fn host<F>(put: impl Fn(TcpStream, u64) -> F + Send + 'static) -> (String, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let url = base.clone();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: u64 = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if head.starts_with("put") {
                tokio::spawn(put(stream, length));
                continue;
            }
            read_bytes(&mut stream, length).await;
            let body = if head.starts_with("post /oauth") {
                r#"{"access_token":"t","expires_in":3600}"#.into()
            } else if head.starts_with("post /api/v2/recordings ") {
                format!(r#"{{"id":"new","uploadUrl":"{url}/put"}}"#)
            } else {
                String::new()
            };
            say(&mut stream, 200, &body).await;
        }
    });
    (base, serving)
}

async fn say(stream: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    let close = if status == 200 { "connection: close\r\n" } else { "" };
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{close}\r\n{body}");
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Reads up to `length` bytes and returns how many came.
async fn read_bytes(stream: &mut TcpStream, length: u64) -> u64 {
    let mut limited = stream.take(length);
    tokio::io::copy(&mut limited, &mut tokio::io::sink()).await.unwrap_or(0)
}

/// A redacted recording that is larger than the socket buffers, so that a host must read to receive it.
fn large() -> sordino::Redacted {
    let loud = wav(1, 8000, 2, 16, &vec![1; 30_000_000]);
    sordino::redact(stream(loud), &windows(&["1-2"]), Treatment::silence()).unwrap()
}

/// A success before the whole upload was sent is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_answered_too_early_is_an_error() {
    let (base, _serving) =
        host(|mut stream, _| async move { say(&mut stream, 200, "").await }).await;
    let mut config = Config::new(&base, Credentials::new("id", SECRET)).unwrap();
    config.retries = 0;
    let genesys = Genesys::new(config).unwrap();
    let error = deliver(&genesys, &large(), "conversation").await.unwrap_err();
    assert!(matches!(error, JobError::NotCompleted { .. }), "{error:?}");
}

/// A busy host answers 503 before it has read the body, and reads it during the next attempt: those bytes
/// do not count for the next attempt.
#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_of_an_upload_counts_its_own_bytes() {
    let (second_comes, first_goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let (base, _serving) = host(move |mut stream, length| {
        let (second_comes, first_goes_on) = (Arc::clone(&second_comes), Arc::clone(&first_goes_on));
        let is_first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_first {
                say(&mut stream, 503, "").await;
                second_comes.notified().await;
                read_bytes(&mut stream, length).await;
                first_goes_on.notify_one();
            } else {
                second_comes.notify_one();
                first_goes_on.notified().await;
                read_bytes(&mut stream, length).await;
                say(&mut stream, 200, "").await;
            }
        }
    })
    .await;
    let mut config = Config::new(&base, Credentials::new("id", SECRET)).unwrap();
    config.timer = Arc::<Recorder>::default();
    let genesys = Genesys::new(config).unwrap();
    let completed = deliver(&genesys, &large(), "conversation").await.unwrap();
    assert_eq!((completed.id.as_str(), tries.load(Ordering::SeqCst)), ("new", 2));
}

/// A new URL would be signed with the same key.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_does_not_request_a_new_url() {
    for (code, locates) in [("SignatureDoesNotMatch", 1), ("AccessDenied", 2), ("ExpiredToken", 2)]
    {
        let world = world(&[&format!("fetch=code:403:{code}xever")]).await;
        world.sanitise().await.unwrap_err();
        assert_eq!(world.count(WorkflowStep::Locate), locates, "{code}");
    }
}

/// Fifty tasks share a client whose token is refused: only one of them signs in again.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_tasks_share_one_refresh() {
    let world = world(&[]).await;
    world.genesys.locate("call").await.unwrap();
    assert_eq!(world.count(WorkflowStep::SignIn), 1);
    world.sandbox.forget_tokens();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let genesys = world.genesys.clone();
            tokio::spawn(async move { genesys.locate("call").await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(world.count(WorkflowStep::SignIn), 2);
}

#[tokio::test]
async fn a_token_in_its_last_minute_is_not_used() {
    let options =
        SandboxOptions { token_lifetime: Duration::from_secs(59), ..SandboxOptions::default() };
    let world = world_with(options, &[], |_| {}).await;
    for _ in 0..3 {
        world.genesys.locate("call").await.unwrap();
    }
    assert_eq!(world.count(WorkflowStep::SignIn), 3);
}

/// After the burst each request waits to keep the pace.
#[tokio::test]
async fn requests_keep_the_pace() {
    let slow = |config: &mut Config| config.requests_a_minute = 2;
    let world = world_with(SandboxOptions::default(), &[], slow).await;
    world.genesys.locate("call").await.unwrap();
    let waits = world.recorder.0.lock().unwrap().clone();
    assert!(waits.is_empty(), "a burst of two goes at once: {waits:?}");
    let (genesys, recorder) = (world.genesys.clone(), Arc::clone(&world.recorder));
    let third = tokio::spawn(async move { genesys.locate("call").await.map(drop) });
    while recorder.0.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    third.abort();
    let wait = recorder.0.lock().unwrap()[0];
    assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let config = |url| Config::new(url, Credentials::new("id", "secret"));
    assert!(config("https://api.mypurecloud.de").is_ok());
    assert!(config("http://127.0.0.1:1").is_ok());
    assert!(matches!(config("http://api.mypurecloud.de"), Err(Error::Insecure { .. })));
    assert!(matches!(config("nonsense"), Err(Error::Config(_))));
    assert!(matches!(config("mailto:x@y"), Err(Error::Config(_))));
}

/// The listener does not speak TLS at all.
#[tokio::test(flavor = "multi_thread")]
async fn an_https_host_that_cannot_be_verified_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let mut config = Config::new(&url, Credentials::new("id", "secret")).unwrap();
    config.retries = 0;
    match Genesys::new(config) {
        Ok(genesys) => assert!(genesys.locate("x").await.is_err()),
        // On a machine without root certificates.
        Err(error) => assert!(matches!(error, Error::Config(_))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_do_not_fit_create_nothing() {
    let world = world(&[]).await;
    let job = Job::new("call", windows(&["39-40"]), Treatment::silence());
    let error = sanitise(&world.genesys, &job, "conversation").await.unwrap_err();
    assert!(matches!(error, JobError::Redact(sordino::Error::WindowPastEnd { .. })), "{error:?}");
    assert_eq!(world.count(WorkflowStep::Grant), 0);
}

/// The cause of a broken download is available without the decoder.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_keeps_the_cause_of_its_failure() {
    for (fault, broken) in [("fetch=cut:700000", true), ("complete=500", false)] {
        let world = world(&[fault]).await;
        let located = world.genesys.locate("call").await.unwrap();
        let mut download = world.genesys.fetch(located).await.unwrap();
        let failure = download.failure();
        assert!(failure.cause().is_none());
        let read =
            tokio::task::spawn_blocking(move || std::io::copy(&mut download, &mut std::io::sink()));
        assert_eq!(read.await.unwrap().is_err(), broken);
        let is_transport = matches!(failure.cause(), Some(Error::Transport { .. }));
        assert_eq!((is_transport, failure.cause().is_some()), (broken, broken), "{fault}");
    }
}

/// `prepare` and `deliver` can be called separately.
#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_recording_can_be_delivered_twice() {
    let world = world(&[]).await;
    let redacted = prepare(&world.genesys, &job()).await.unwrap().redacted;
    let first = deliver(&world.genesys, &redacted, "a").await.unwrap();
    let second = deliver(&world.genesys, &redacted, "b").await.unwrap();
    assert_ne!(first.id, second.id);
    let uploads = world.sandbox.uploads();
    assert_eq!(uploads[0].audio, uploads[1].audio);
    // A completed upload can be located like any recording.
    world.genesys.locate(&second.id).await.unwrap();
}
