//! Stores: objects in S3 (moto), in Azure (Azurite), and in a store that breaks as a script says.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sordino::genesys::platform::MediaFormat;
use sordino::genesys::{Config, Credentials, Platform};
use sordino::job::platform::{Layout, prepare};
use sordino::job::stored::{StoredError, StoredJob, store};
use sordino::sandbox::{Conversation, ConversationRecording, Sandbox, SandboxOptions};
use sordino::store::{Error, Place, PutOptions, StoreConfig, Stores, Timer};
use sordino::{Job, Receipt, Source, Treatment};

use super::services::{
    Service, get_object, head_object, http, make_bucket, moto, open_uploads, put_object,
    s3_variables,
};
use super::support::{CALL_WINDOWS, Folder, fixture_bytes, redacted, windows};

const PART: usize = 5 * 1024 * 1024;

/// A timer that records waits and does not sleep.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Duration>>);

impl Timer for Recorder {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.lock().unwrap().push(wait);
        Box::pin(std::future::ready(()))
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

impl Recorder {
    fn seconds(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn stores(variables: Vec<(String, String)>) -> Stores {
    Stores::new(StoreConfig::with_variables(variables))
}

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

fn options(bytes: &[u8], overwrite: bool) -> PutOptions {
    let sha256 = Some(sordino::digest::Digest::of(bytes).sha256);
    PutOptions { content_type: "audio/wav".into(), sha256, job: Some("job".into()), overwrite }
}

/// Bytes that differ everywhere.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A bucket of moto for one test.
fn bucket(name: &str) -> Option<(Arc<Service>, Stores, String)> {
    let moto = moto()?;
    make_bucket(&moto, name);
    let stores = stores(s3_variables(&moto));
    Some((moto, stores, name.to_owned()))
}

async fn put(stores: &Stores, to: &Place, bytes: &[u8], overwrite: bool) -> Result<bool, Error> {
    let (body, length) = (Cursor::new(bytes.to_vec()), bytes.len() as u64);
    let put = stores.put(to, body, length, options(bytes, overwrite), |_| Ok(())).await?;
    Ok(put.was_there)
}

#[test]
fn what_is_put_is_got_with_its_type_and_metadata() {
    let Some((moto, stores, name)) = bucket("put-get") else { return };
    block_on(async {
        for length in [0, 1, PART, PART + 1, 2 * PART + 3] {
            let to = place(&format!("s3://{name}/a folder/{length}+%20.wav"));
            let bytes = noise(length, length as u64);
            assert!(matches!(stores.head(&to).await, Err(Error::NotFound { .. })));
            let given = options(&bytes, false);
            let seen = Mutex::new(Vec::new());
            let told = |id: &str| {
                // It is open, and has no part yet.
                assert_eq!(open_uploads(&moto, &name), 1);
                seen.lock().unwrap().push(id.to_owned());
                Ok(())
            };
            let body = Cursor::new(bytes.clone());
            let put = stores.put(&to, body, length as u64, given.clone(), told).await.unwrap();
            assert_eq!(seen.lock().unwrap().len(), usize::from(length > PART));
            assert_eq!(open_uploads(&moto, &name), 0);
            let head = stores.head(&to).await.unwrap();
            assert_eq!((head.bytes, &head.etag), (length as u64, &put.etag));
            assert_eq!((head.sha256, head.job), (given.sha256, given.job));
            assert!(stores.read(&to, length as u64).await.unwrap() == bytes, "{length}");
            let mut download = stores.get(&to).await.unwrap();
            let got = tokio::task::spawn_blocking(move || {
                let mut got = Vec::new();
                download.read_to_end(&mut got).map(|_| got)
            });
            assert!(got.await.unwrap().unwrap() == bytes, "{length}");
        }
        let too_large = stores.read(&place(&format!("s3://{name}/a folder/1+%20.wav")), 0).await;
        assert!(matches!(too_large, Err(Error::TooLarge { most: 0, .. })));
        let mut listing = stores.list(&place(&format!("s3://{name}/a folder/"))).unwrap();
        let mut sizes = Vec::new();
        while let Some(entry) = listing.next().await {
            let (place, head) = entry.unwrap();
            assert!(place.to_string().ends_with(&format!("/{}+%20.wav", head.bytes)), "{place}");
            sizes.push(head.bytes as usize);
        }
        sizes.sort_unstable();
        assert_eq!(sizes, [0, 1, PART, PART + 1, 2 * PART + 3]);
    });
}

#[test]
fn an_object_that_exists_is_not_replaced_unless_asked() {
    let Some((moto, stores, name)) = bucket("create-only") else { return };
    block_on(async {
        for length in [10, PART + 10] {
            let to = place(&format!("s3://{name}/{length}"));
            let (first, second) = (noise(length, 1), noise(length, 2));
            assert!(!put(&stores, &to, &first, false).await.unwrap());
            let other = put(&stores, &to, &second, false).await;
            assert!(matches!(other, Err(Error::Exists { .. })), "{other:?}");
            assert!(get_object(&moto, &name, &length.to_string()).unwrap() == first);
            // The same bytes: somebody has made it already.
            assert!(put(&stores, &to, &first, false).await.unwrap());
            assert!(!put(&stores, &to, &second, true).await.unwrap());
            assert!(get_object(&moto, &name, &length.to_string()).unwrap() == second);
            stores.delete(&to).await.unwrap();
            assert_eq!(get_object(&moto, &name, &length.to_string()), None);
        }
        assert_eq!(open_uploads(&moto, &name), 0);
    });
}

#[test]
fn an_object_that_comes_during_a_multipart_upload_is_not_replaced() {
    let Some((moto, stores, name)) = bucket("race") else { return };
    let bytes = noise(PART + 1, 3);
    let raced = block_on(async {
        let to = place(&format!("s3://{name}/call.wav"));
        let told = |_: &str| {
            put_object(&moto, &name, "call.wav", b"another");
            Ok(())
        };
        let length = bytes.len() as u64;
        stores.put(&to, Cursor::new(bytes.clone()), length, options(&bytes, false), told).await
    });
    assert!(matches!(raced, Err(Error::Exists { .. })), "{raced:?}");
    assert_eq!(get_object(&moto, &name, "call.wav").unwrap(), b"another");
    assert_eq!(open_uploads(&moto, &name), 0);
}

/// A reader that fails, or waits for ever, after some bytes.
struct Broken {
    left: usize,
    gate: Option<std::sync::mpsc::Receiver<()>>,
}

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            if let Some(gate) = &self.gate {
                let _ = gate.recv();
            }
            return Err(io::Error::other("the disk is gone"));
        }
        let count = buffer.len().min(self.left);
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn no_failure_leaves_an_upload_open() {
    let Some((moto, stores, name)) = bucket("aborts") else { return };
    let to = place(&format!("s3://{name}/call.wav"));
    let length = 3 * PART;
    block_on(async {
        let zeros = options(&vec![0; length], false);
        let broken = || Broken { left: 2 * PART, gate: None };
        let failed = stores.put(&to, broken(), length as u64, zeros.clone(), |_| Ok(())).await;
        assert!(matches!(failed, Err(Error::Local { .. })), "{failed:?}");
        assert_eq!(open_uploads(&moto, &name), 0);
        // What arrives is not what was said.
        let all = || Cursor::new(vec![0; length]);
        let wrong = options(b"other", false);
        let failed = stores.put(&to, all(), length as u64, wrong, |_| Ok(())).await;
        assert!(matches!(failed, Err(Error::Local { .. })), "{failed:?}");
        let longer = stores.put(&to, all(), length as u64 - 1, zeros.clone(), |_| Ok(())).await;
        assert!(matches!(longer, Err(Error::Local { .. })), "{longer:?}");
        // The caller cannot write it down.
        let refuse = |_: &str| Err("the disk is full".to_owned());
        let failed = stores.put(&to, all(), length as u64, zeros.clone(), refuse).await;
        assert!(matches!(failed, Err(Error::Note { .. })), "{failed:?}");
        assert_eq!(open_uploads(&moto, &name), 0);
        // The future is dropped while the second part is awaited.
        let (open, gate) = std::sync::mpsc::channel();
        let reader = Broken { left: PART, gate: Some(gate) };
        let begun = tokio::sync::Notify::new();
        let told = |_: &str| {
            begun.notify_one();
            Ok(())
        };
        tokio::select! {
            _ = stores.put(&to, reader, length as u64, zeros.clone(), told) => unreachable!(),
            () = begun.notified() => {}
        }
        drop(open);
        // It is aborted in the background; a process that ends now must not leave it to that.
        stores.abort_open().await;
        let mut looks = 0;
        while open_uploads(&moto, &name) > 0 {
            looks += 1;
            assert!(looks < 2000, "it is aborted");
            tokio::task::yield_now().await;
        }
        assert!(matches!(stores.head(&to).await, Err(Error::NotFound { .. })));
    });
}

/// A reader that panics after some bytes.
struct Panics(usize);

impl Read for Panics {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.0);
        assert!(count > 0, "as the test wants it");
        self.0 -= count;
        Ok(count)
    }
}

#[test]
fn a_reader_that_panics_leaves_no_object() {
    let Some((moto, stores, name)) = bucket("panics") else { return };
    block_on(async {
        let to = place(&format!("s3://{name}/call.wav"));
        for (length, read) in [(10, 5), (3 * PART, 0), (3 * PART, 2 * PART)] {
            let (given, length) = (options(&vec![0; length], false), length as u64);
            let failed = stores.put(&to, Panics(read), length, given, |_| Ok(())).await;
            assert!(matches!(failed, Err(Error::Local { .. })), "{failed:?}");
            assert_eq!(
                (get_object(&moto, &name, "call.wav"), open_uploads(&moto, &name)),
                (None, 0)
            );
        }
    });
}

#[test]
fn a_local_file_is_whole_or_not_there() {
    let folder = Folder::new();
    let path = folder.path("new/folders/call.wav");
    let (stores, to) = (stores(Vec::new()), place(&path));
    let written = |wanted: &'static [u8]| {
        let body = Cursor::new(b"recording".to_vec());
        block_on(stores.put(&to, body, 9, options(wanted, false), |_| Ok(())))
    };
    let other = written(b"recordinG");
    assert!(matches!(other, Err(Error::Local { .. })) && !Path::new(&path).exists(), "{other:?}");
    assert!(!written(b"recording").unwrap().was_there);
    assert_eq!(std::fs::read(&path).unwrap(), b"recording");
    assert!(written(b"recording").unwrap().was_there);
}

#[test]
fn uploads_of_a_process_that_died_are_ended() {
    let Some((moto, stores, name)) = bucket("left-over") else { return };
    let to = place(&format!("s3://{name}/call.wav"));
    let begin = |key: &str| {
        let (status, body) = http(&moto, "POST", &format!("/{name}/{key}?uploads"), b"");
        assert_eq!(status, 200);
        let body = String::from_utf8(body).unwrap();
        let (_, rest) = body.split_once("<UploadId>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let (first, ..) = (begin("call.wav"), begin("call.wav"), begin("call.wav.json"));
    block_on(async {
        stores.abort(&to, &first).await.unwrap();
        assert_eq!(open_uploads(&moto, &name), 2);
        stores.abort(&to, &first).await.unwrap();
        assert_eq!(stores.abort_all(&to).await, Ok(1));
        assert_eq!(stores.abort_all(&to).await, Ok(0));
    });
    // Of another object.
    assert_eq!(open_uploads(&moto, &name), 1);
}

#[test]
fn a_recording_goes_from_bucket_to_bucket_and_again() {
    let Some((moto, stores, name)) = bucket("stored") else { return };
    for file in ["call.wav", "call.flac"] {
        put_object(&moto, &name, file, &fixture_bytes(file));
        let at = |folder: &str| place(&format!("s3://{name}/{folder}/{file}"));
        let mut job = StoredJob::new(
            place(&format!("s3://{name}/{file}")),
            at("clean"),
            windows(&CALL_WINDOWS),
            Treatment::silence(),
        );
        job.receipt = Some(at("evidence"));
        job.key = Some("key".into());
        let expected = redacted(
            Source::stream(Cursor::new(fixture_bytes(file))),
            &CALL_WINDOWS,
            Treatment::silence(),
        );
        let first = block_on(store(&stores, &job, |_| Ok(()))).unwrap();
        let (clean, evidence) = (format!("clean/{file}"), format!("evidence/{file}"));
        assert!(get_object(&moto, &name, &clean).unwrap() == expected.unwrap(), "{file}");
        let receipt = get_object(&moto, &name, &evidence).unwrap();
        let read = Receipt::parse(std::str::from_utf8(&receipt).unwrap()).unwrap();
        assert_eq!(read, first.receipt);
        let delivery = read.delivery.clone().unwrap();
        assert_eq!(delivery.url.unwrap(), format!("s3://{name}/{clean}"));
        assert_eq!(read.inputs[0].url.as_ref().unwrap(), &format!("s3://{name}/{file}"));
        assert_eq!((&delivery.etag, false), (&first.output.etag, first.output.was_there));
        // Again: nothing is written, and the receipt is the one that is there.
        let again = block_on(store(&stores, &job, |_| Ok(()))).unwrap();
        assert!(again.output.was_there);
        assert_eq!((again.receipt, again.receipt_sha256), (first.receipt, first.receipt_sha256));
        assert_eq!(get_object(&moto, &name, &evidence).unwrap(), receipt);
        // Other windows: what is there is another's.
        job.windows = windows(&["1-2"]);
        let other = block_on(store(&stores, &job, |_| Ok(())));
        let exists = matches!(other, Err(StoredError::Store(Error::Exists { .. })));
        assert!(exists, "{other:?}");
        job.overwrite = true;
        let forced = block_on(store(&stores, &job, |_| Ok(()))).unwrap();
        assert!(!forced.output.was_there);
        // The receipt of the first stays; the other is beside it.
        assert_eq!(get_object(&moto, &name, &evidence).unwrap(), receipt);
        let beside = format!("{evidence}.key.receipt.json");
        assert_eq!(forced.receipt_place, Some(place(&format!("s3://{name}/{beside}"))));
        let text = get_object(&moto, &name, &beside).unwrap();
        let read = Receipt::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        assert_eq!(read, forced.receipt);
    }
}

#[test]
fn an_original_may_go_only_for_a_copy_that_came_back_from_its_store() {
    let call = ConversationRecording::new("call").file("S", fixture_bytes("call.wav"));
    let sandbox = Sandbox::new(SandboxOptions::default());
    sandbox.add_conversation(Conversation::new("c", [call]));
    let stores = stores(Vec::new());
    let folder = Folder::new();
    block_on(async {
        let base = sandbox.start(0).await.unwrap();
        let credentials = Credentials::new("sandbox", "sandbox-secret");
        let platform = Platform::new(Config::platform(&base, credentials).unwrap()).unwrap();
        let located = platform.locate("c", "call", MediaFormat::Wav).await.unwrap();
        let job = Job::new("call", windows(&CALL_WINDOWS), Treatment::silence());
        let prepared = prepare(&platform, &located, &job, Layout::Joined).await.unwrap();
        let mut copy = Vec::new();
        prepared.copies()[0].redacted.reader().unwrap().read_to_end(&mut copy).unwrap();
        let mut other = copy.clone();
        *other.last_mut().unwrap() ^= 1;
        let longer = [&copy[..], b"x"].concat();
        let (short, empty) = (&copy[..copy.len() - 1], &[][..]);
        for (bytes, is_proof) in
            [(&copy[..], true), (&other, false), (&longer, false), (short, false), (empty, false)]
        {
            let to = place(&folder.path("copy.wav"));
            put(&stores, &to, bytes, true).await.unwrap();
            let download = stores.get(&to).await.unwrap();
            let proof = prepared.delivered_to_store(vec![(to, download)]);
            assert_eq!(proof.is_ok(), is_proof, "{proof:?}");
        }
        assert!(prepared.delivered_to_store(Vec::new()).is_err());
    });
}

/// A store that answers as a script says: one connection for each answer.
struct Scripted {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let (mut answers, mine) = (answers.into_iter().collect::<VecDeque<_>>(), Arc::clone(&seen));
        std::thread::spawn(move || {
            while let Some(answer) = answers.pop_front() {
                let (stream, _) = listener.accept().unwrap();
                mine.lock().unwrap().push(head_of(&stream));
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { port, seen }
    }

    fn stores(&self, timer: &Arc<Recorder>) -> Stores {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret-key".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
        ];
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
        let mut config = StoreConfig::with_variables(pairs);
        config.timer = Arc::clone(timer) as Arc<dyn Timer>;
        Stores::new(config)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// The head of a request, in lower case.
fn head_of(stream: &TcpStream) -> String {
    let mut head = String::new();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            break;
        }
        head += &(line.to_lowercase() + "\n");
    }
    head
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = if headers.contains("Content-Length") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}{length}\r\n{body}")
}

/// The first bytes of an object of 10, and then nothing.
fn cut(body: &str) -> String {
    answer("200 OK", "ETag: \"one\"\r\nContent-Length: 10\r\n", body)
}

fn rest(etag: &str, from: usize, body: &str) -> String {
    let range = format!("Content-Range: bytes {from}-9/10\r\n");
    answer(
        "206 Partial Content",
        &format!("ETag: \"{etag}\"\r\n{range}Content-Length: {}\r\n", 10 - from),
        body,
    )
}

fn read(scripted: &Scripted, timer: &Arc<Recorder>) -> Result<Vec<u8>, Error> {
    block_on(scripted.stores(timer).read(&place("s3://bucket/call"), 100))
}

#[test]
fn a_cut_download_goes_on_from_where_it_was() {
    let script = [cut("0123"), rest("one", 4, "45"), rest("one", 6, "6789")];
    let (scripted, timer) = (Scripted::new(script), Arc::<Recorder>::default());
    assert_eq!(read(&scripted, &timer).unwrap(), b"0123456789");
    let seen = scripted.seen();
    assert!(seen[1].contains("range: bytes=4-9\n") && seen[1].contains("if-match: \"one\"\n"));
    assert!(seen[2].contains("range: bytes=6-9\n") && seen[2].contains("if-match: \"one\"\n"));
    assert_eq!(timer.seconds(), [1, 2]);
}

#[test]
fn a_download_that_never_goes_on_is_given_up() {
    let script = [cut("0123"), rest("one", 4, ""), rest("one", 4, ""), rest("one", 4, "")];
    let (scripted, timer) = (Scripted::new(script), Arc::<Recorder>::default());
    let failed = read(&scripted, &timer);
    assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
    assert_eq!(timer.seconds(), [1, 2, 4]);
}

#[test]
fn an_object_that_changed_is_an_error_and_no_mixture() {
    let precondition = answer("412 Precondition Failed", "", "<Code>PreconditionFailed</Code>");
    let gone = answer("404 Not Found", "", "<Code>NoSuchKey</Code>");
    // A store that does not look at If-Match or at Range.
    let whole = answer("200 OK", "ETag: \"one\"\r\n", "0123456789");
    let longer = rest("one", 4, "456789").replace("4-9/10", "4-9/11");
    for second in [precondition, gone, rest("two", 4, "456789"), longer, whole] {
        let scripted = Scripted::new([cut("0123"), second.clone()]);
        let failed = read(&scripted, &Arc::default());
        let is_told =
            matches!(failed, Err(Error::Changed { .. })) || second.starts_with("HTTP/1.1 200");
        assert!(failed.is_err() && is_told, "{second}: {failed:?}");
    }
}

#[test]
fn retry_after_is_never_shortened() {
    let busy = |after: &str| answer("503 Slow Down", &format!("Retry-After: {after}\r\n"), "");
    let whole = || answer("200 OK", "ETag: \"one\"\r\n", "0123456789");
    let (scripted, timer) =
        (Scripted::new([busy("100"), busy("130"), whole()]), Arc::<Recorder>::default());
    assert_eq!(read(&scripted, &timer).unwrap(), b"0123456789");
    assert_eq!(timer.seconds(), [100, 130]);
    // Longer than there is time: the second of these, and the date.
    let date = "Thu, 01 Jan 1970 00:05:00 GMT";
    for (script, waits, until) in [
        (vec![busy("100"), busy("200")], vec![100], 200),
        (vec![busy(date)], vec![], 300),
        (vec![busy("9999")], vec![], 9999),
        // No retry is left.
        (vec![busy("10"), busy("20"), busy("30"), busy("40")], vec![10, 20, 30], 40),
    ] {
        let (scripted, timer) = (Scripted::new(script), Arc::<Recorder>::default());
        let failed = read(&scripted, &timer);
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(until);
        let is_told =
            matches!(&failed, Err(Error::Unavailable { until, .. }) if *until == Some(at));
        assert!(is_told, "{failed:?}");
        assert_eq!(timer.seconds(), waits);
    }
    // Its body breaks off.
    let broken = answer("503 Slow Down", "Retry-After: 100\r\nContent-Length: 10\r\n", "<");
    let (scripted, timer) = (Scripted::new([broken, whole()]), Arc::<Recorder>::default());
    assert_eq!(read(&scripted, &timer).unwrap(), b"0123456789");
    assert_eq!(timer.seconds(), [100]);
}

/// Buckets of one host: in a batch each row would ask, and be told the same.
#[test]
fn what_one_request_is_told_all_of_that_host_wait_for() {
    let busy = |after: &str| answer("503 Slow Down", &format!("Retry-After: {after}\r\n"), "");
    let whole = || answer("200 OK", "ETag: \"one\"\r\n", "0123456789");
    let head = |stores: &Stores, url: &str| block_on(stores.head(&place(url)));
    // Longer than a request waits: no other is sent, and each is told until when.
    let (scripted, timer) = (Scripted::new([busy("9999")]), Arc::<Recorder>::default());
    let stores = scripted.stores(&timer);
    for url in ["s3://bucket/1", "s3://bucket/2", "s3://another/1"] {
        let failed = head(&stores, url);
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(9999);
        let is_told =
            matches!(&failed, Err(Error::Unavailable { until, .. }) if *until == Some(at));
        assert!(is_told, "{failed:?}");
    }
    assert_eq!((scripted.seen().len(), timer.seconds()), (1, vec![]));
    // Not longer: the next one waits first, once.
    let create = answer("500 Internal Server Error", "Retry-After: 100\r\n", "");
    let script = [answer("404 Not Found", "", ""), create, whole(), whole()];
    let (scripted, timer) = (Scripted::new(script), Arc::<Recorder>::default());
    let stores = scripted.stores(&timer);
    let large = noise(PART + 1, 1);
    let failed = block_on(put(&stores, &place("s3://bucket/1"), &large, false));
    assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
    assert_eq!(timer.seconds(), [0; 0], "the creation of an upload is not repeated");
    for url in ["s3://bucket/2", "s3://another/3"] {
        assert_eq!(head(&stores, url).unwrap().bytes, 10);
        assert_eq!(timer.seconds(), [100]);
    }
    // Another host is another matter.
    let (first, second) = (Scripted::new([busy("9999")]), Scripted::new([whole()]));
    assert!(head(&first.stores(&timer), "s3://bucket/1").is_err());
    assert_eq!(head(&second.stores(&timer), "s3://bucket/1").unwrap().bytes, 10);
}

/// Ending an upload takes load away, so it does not wait for what another request was told.
#[test]
fn an_upload_is_ended_while_its_host_asks_to_wait() {
    let begun = "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>call</Key>\
                 <UploadId>one</UploadId></InitiateMultipartUploadResult>";
    let busy = answer("503 Slow Down", "Retry-After: 300\r\n", "");
    let (missing, ended) = (answer("404 Not Found", "", ""), answer("204 No Content", "", ""));
    let script = [missing, answer("200 OK", "", begun), busy, ended];
    let (scripted, timer) = (Scripted::new(script), Arc::<Recorder>::default());
    let (stores, to) = (scripted.stores(&timer), place("s3://bucket/call"));
    let bytes = noise(PART + 1, 1);
    block_on(async {
        let (length, options) = (bytes.len() as u64, options(&bytes, false));
        let fails = |_: &str| Err("full".to_owned());
        let failed = stores.put(&to, Cursor::new(bytes.clone()), length, options, fails).await;
        assert!(matches!(failed, Err(Error::Note { .. })), "{failed:?}");
        // The request that was to end it was refused.
        assert_eq!(stores.open_uploads(), [(to.clone(), "one".to_owned())]);
        assert!(matches!(stores.head(&to).await, Err(Error::Unavailable { until: Some(_), .. })));
        stores.abort_open().await;
        assert_eq!(stores.open_uploads(), []);
    });
    let seen = scripted.seen();
    assert!(
        seen.len() == 4 && seen[2..].iter().all(|head| head.starts_with("delete ")),
        "{seen:?}"
    );
    assert_eq!(timer.seconds(), [0; 0]);
}

#[test]
fn what_is_written_is_encrypted_with_the_key_that_was_named() {
    let Some((moto, _, name)) = bucket("put-kms") else { return };
    let mut config = StoreConfig::with_variables(s3_variables(&moto));
    config.kms_key = Some("arn:aws:kms:us-east-1:123456789012:key/calls".into());
    let stores = Stores::new(config.clone());
    // In one request, and in parts.
    for length in [1, PART + 1] {
        let to = place(&format!("s3://{name}/{length}"));
        block_on(put(&stores, &to, &noise(length, 1), false)).unwrap();
        let head = head_object(&moto, &name, &length.to_string());
        assert!(head.contains("x-amz-server-side-encryption: aws:kms\r\n"), "{head}");
        let key = "x-amz-server-side-encryption-aws-kms-key-id: ";
        assert!(head.contains(&format!("{key}{}\r\n", config.kms_key.as_ref().unwrap())), "{head}");
    }
    // As the bucket says, where nothing is said.
    let to = place(&format!("s3://{name}/plain"));
    block_on(put(&Stores::new(StoreConfig::with_variables(s3_variables(&moto))), &to, b"1", false))
        .unwrap();
    assert!(!head_object(&moto, &name, "plain").contains("kms"));
}

#[test]
fn an_upload_that_must_wait_asks_for_nothing_meanwhile() {
    let bytes = noise(PART + 1, 1);
    let sha256 = options(&bytes, false).sha256.unwrap();
    let headers =
        format!("x-amz-meta-sordino_sha256: {sha256}\r\nContent-Length: {}\r\n", PART + 1);
    // The creation of a multipart upload is not repeated after a 500.
    for (status, seconds) in [("503 Slow Down", 300), ("500 Internal Server Error", 100)] {
        let missing = answer("404 Not Found", "", "");
        let busy = answer(status, &format!("Retry-After: {seconds}\r\n"), "");
        // A look would find the same bytes.
        let script = [missing, busy, answer("200 OK", &headers, "")];
        let (scripted, timer) = (Scripted::new(script), Arc::<Recorder>::default());
        let stores = scripted.stores(&timer);
        let failed = block_on(put(&stores, &place("s3://bucket/call"), &bytes, false));
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let is_told =
            matches!(&failed, Err(Error::Unavailable { until, .. }) if *until == Some(at));
        assert!(is_told, "{failed:?}");
        assert_eq!((scripted.seen().len(), timer.seconds()), (2, vec![]));
    }
}

/// A signal may come between the request that begins an upload and its answer.
#[test]
fn an_upload_that_is_dropped_while_it_begins_is_ended() {
    let bytes = noise(PART + 1, 1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, begins) = tokio::sync::oneshot::channel();
    let (go_on, dropped) = std::sync::mpsc::channel();
    let store = std::thread::spawn(move || {
        let next = || {
            let (stream, _) = listener.accept().unwrap();
            (head_of(&stream), stream)
        };
        let (head, mut stream) = next();
        assert!(head.starts_with("head "), "nothing is there: {head}");
        stream.write_all(answer("404 Not Found", "", "").as_bytes()).unwrap();
        let (head, mut stream) = next();
        assert!(head.starts_with("post "), "it begins: {head}");
        asked.send(()).unwrap();
        dropped.recv().unwrap();
        let id = "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>";
        stream.write_all(answer("200 OK", "", id).as_bytes()).unwrap();
        let (head, mut stream) = next();
        stream.write_all(answer("204 No Content", "", "").as_bytes()).unwrap();
        head
    });
    let scripted = Scripted { port, seen: Arc::default() };
    let (stores, to) = (scripted.stores(&Arc::default()), place("s3://bucket/call"));
    block_on(async {
        tokio::select! {
            _ = put(&stores, &to, &bytes, false) => unreachable!(),
            asked = begins => asked.unwrap(),
        }
        go_on.send(()).unwrap();
        stores.abort_open().await;
    });
    // Where nothing was aborted, this is what the store hears next; otherwise it is gone.
    let _ = TcpStream::connect(("127.0.0.1", port));
    let last = store.join().unwrap();
    assert!(last.starts_with("delete ") && last.contains("uploadid=one"), "{last}");
}

#[test]
fn an_error_has_the_code_of_the_store_and_no_other_text_of_it() {
    let echo = "<Error><Code>AccessDenied</Code><Message>x-secret</Message></Error>";
    for (status, kind) in [
        ("403 Forbidden", "refused"),
        ("400 Bad Request", "refused"),
        ("404 Not Found", "missing"),
        ("500 Internal Server Error", "unavailable"),
        ("301 Moved Permanently", "refused"),
    ] {
        let region = "x-amz-bucket-region: eu-north-1\r\n";
        let script = vec![answer(status, region, echo); 4];
        let failed = read(&Scripted::new(script), &Arc::default()).unwrap_err();
        let is_kind = match kind {
            "refused" => matches!(failed, Error::Refused { .. }),
            "missing" => matches!(failed, Error::NotFound { .. }),
            _ => matches!(failed, Error::Unavailable { .. }),
        };
        let text = format!("{failed} {failed:?}");
        assert!(is_kind && text.contains("AccessDenied"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(
            text.contains("AWS_REGION=eu-north-1"),
            status.starts_with("301") || status.starts_with("400")
        );
    }
}

#[cfg(feature = "azure")]
#[test]
fn azure_keeps_what_s3_keeps() {
    use super::services::azure::{azurite, make_container, variables};
    let Some(azurite) = azurite() else { return };
    make_container(&azurite, "calls");
    let stores = stores(variables(&azurite));
    block_on(async {
        for length in [0, 10, 2 * PART + 3] {
            let to = place(&format!("az://calls/a folder/{length}.wav"));
            let (first, second) = (noise(length, 1), noise(length, 2));
            assert!(matches!(stores.head(&to).await, Err(Error::NotFound { .. })));
            assert!(!put(&stores, &to, &first, false).await.unwrap());
            let head = stores.head(&to).await.unwrap();
            assert_eq!(head.sha256, options(&first, false).sha256);
            assert_eq!((head.bytes as usize, head.job.as_deref()), (length, Some("job")));
            assert!(stores.read(&to, length as u64).await.unwrap() == first);
            assert!(put(&stores, &to, &first, false).await.unwrap());
            if length > 0 {
                let other = put(&stores, &to, &second, false).await;
                assert!(matches!(other, Err(Error::Exists { .. })), "{other:?}");
                assert!(!put(&stores, &to, &second, true).await.unwrap());
                assert!(stores.read(&to, length as u64).await.unwrap() == second);
            }
        }
        // A reader that fails leaves no object.
        let to = place("az://calls/broken.wav");
        let broken = Broken { left: 2 * PART, gate: None };
        let zeros = options(&vec![0; 3 * PART], false);
        let failed = stores.put(&to, broken, 3 * PART as u64, zeros, |_| Ok(())).await;
        assert!(matches!(failed, Err(Error::Local { .. })), "{failed:?}");
        assert!(matches!(stores.head(&to).await, Err(Error::NotFound { .. })));
        let mut listing = stores.list(&place("az://calls/a folder")).unwrap();
        let mut count = 0;
        while let Some(entry) = listing.next().await {
            entry.unwrap();
            count += 1;
        }
        assert_eq!(count, 3);
    });
    put_and_store(&stores, "az://calls");
}

/// A recording goes from place to place in this bucket.
#[cfg(feature = "azure")]
fn put_and_store(stores: &Stores, bucket: &str) {
    let at = |key: &str| place(&format!("{bucket}/{key}"));
    let call = fixture_bytes("call.wav");
    block_on(put(stores, &at("call.wav"), &call, false)).unwrap();
    let treatment = Treatment::silence();
    let mut job =
        StoredJob::new(at("call.wav"), at("clean.wav"), windows(&CALL_WINDOWS), treatment);
    job.receipt = Some(at("clean.json"));
    block_on(store(stores, &job, |_| Ok(()))).unwrap();
    let clean = block_on(stores.read(&at("clean.wav"), u64::MAX)).unwrap();
    let source = Source::stream(Cursor::new(call));
    assert!(clean == redacted(source, &CALL_WINDOWS, treatment).unwrap());
    assert!(block_on(store(stores, &job, |_| Ok(()))).unwrap().output.was_there);
}
