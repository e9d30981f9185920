//! A batch between buckets.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{Said, WINDOW, campaign, is_right};
use crate::batch::{Batch, recording};
use crate::services::{
    Service, carry_object, get_object, make_bucket, open_uploads, put_object, s3_variables,
    start_moto,
};
use crate::support::{Moments, stderr};

/// A recording of so many frames is sent in parts.
const LARGE: u32 = 2_800_000;

/// A store that others wrote, with the buckets `calls`, `clean` and `evidence`.
pub trait Store {
    const SCHEME: &'static str;

    /// Where it listens.
    fn port(&self) -> u16;

    /// The variables with which sordino uses it, by the way of another port.
    fn variables(&self, port: u16) -> Vec<(String, String)>;

    fn put(&self, bucket: &str, key: &str, body: &[u8]);

    fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>>;

    /// Nothing of an upload is left but what is in its place: so many objects.
    fn nothing_is_open(&self, bucket: &str, objects: usize);
}

/// S3, by moto.
struct Moto(Service);

impl Moto {
    fn start() -> Option<Self> {
        let moto = start_moto()?;
        ["calls", "clean", "evidence"].iter().for_each(|bucket| make_bucket(&moto, bucket));
        Some(Self(moto))
    }
}

impl Store for Moto {
    const SCHEME: &'static str = "s3";

    fn port(&self) -> u16 {
        self.0.port
    }

    fn variables(&self, port: u16) -> Vec<(String, String)> {
        let mut variables = s3_variables(&self.0);
        variables.push(("AWS_ENDPOINT_URL".into(), format!("http://127.0.0.1:{port}")));
        variables
    }

    fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        put_object(&self.0, bucket, key, body);
    }

    fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        get_object(&self.0, bucket, key)
    }

    fn nothing_is_open(&self, bucket: &str, _: usize) {
        assert_eq!(open_uploads(&self.0, bucket), 0, "{bucket}");
    }
}

/// A way to a store that a test can break.
struct Proxy {
    port: u16,
    way: Arc<Mutex<Way>>,
}

struct Way {
    leads: Leads,
    /// Connections that are open.
    open: Vec<TcpStream>,
}

#[derive(Clone, Copy)]
enum Leads {
    To(u16),
    Nowhere,
    /// To an answer that the credentials have expired.
    Expired,
}

impl Proxy {
    fn new(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(Mutex::new(Way { leads: Leads::To(to), open: Vec::new() }));
        let shared = Arc::clone(&way);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut way = shared.lock().unwrap();
                way.open.push(client.try_clone().unwrap());
                match way.leads {
                    Leads::Nowhere => drop(client.shutdown(Shutdown::Both)),
                    Leads::Expired => drop(std::thread::spawn(move || expired(client))),
                    Leads::To(port) => {
                        let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                        way.open.push(server.try_clone().unwrap());
                        pump(client.try_clone().unwrap(), server.try_clone().unwrap());
                        pump(server, client);
                    }
                }
            }
        });
        Self { port, way }
    }

    /// Cuts all connections; new ones lead there.
    fn lead(&self, leads: Leads) {
        let mut way = self.way.lock().unwrap();
        way.leads = leads;
        way.open.drain(..).for_each(|open| drop(open.shutdown(Shutdown::Both)));
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// Answers one request, then reads to its end.
fn expired(client: TcpStream) {
    let mut lines = BufReader::new(client.try_clone().unwrap()).lines().map_while(Result::ok);
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let body = "<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>";
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut client = client;
    if client.write_all(answer.as_bytes()).is_ok() {
        let _ = client.shutdown(Shutdown::Write);
        let _ = std::io::copy(&mut client, &mut std::io::sink());
    }
}

/// Recordings in a bucket, and a manifest of them.
pub struct World<S> {
    pub store: S,
    proxy: Proxy,
    batch: Batch,
    recordings: Vec<Vec<u8>>,
    said: Said,
}

impl<S: Store> World<S> {
    /// Every twelfth recording is large.
    pub fn of(store: S, count: u32) -> Self {
        let batch = Batch::of(0);
        let mut manifest = "in,windows\n".to_owned();
        let frames = |at| if at % 12 == 5 { LARGE } else { 8000 };
        let recordings: Vec<_> = (0..count).map(|at| recording(at, frames(at))).collect();
        for (at, bytes) in recordings.iter().enumerate() {
            store.put("calls", &format!("{at}.wav"), bytes);
            manifest += &format!("{}://calls/{at}.wav,{WINDOW}\n", S::SCHEME);
        }
        batch.folder.write("calls.csv", manifest.as_bytes());
        std::fs::create_dir(batch.folder.path("tmp")).unwrap();
        let proxy = Proxy::new(store.port());
        Self { store, proxy, batch, recordings, said: Said::default() }
    }

    fn command(&self, more: &str) -> Command {
        let scheme = S::SCHEME;
        let places = format!("--out {scheme}://clean/ --receipts {scheme}://evidence/");
        let words = format!("calls.csv {places} -j 2 --json --progress none {more}");
        let mut command = self.batch.command(&words);
        command.envs(self.store.variables(self.proxy.port));
        command.env("TMPDIR", self.batch.folder.path("tmp"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, more: &str) -> Child {
        self.command(more).spawn().unwrap()
    }

    /// Runs until a moment, and kills the process there.
    fn killed(&mut self, moments: &mut Moments) {
        let mut child = self.start("");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.said.hear_some(&mut lines, [0, 1, 1, 2][moments.below(4) as usize]);
        // Somewhere in the work that follows.
        (0..moments.below(4_000_000)).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        self.said.hear_some(&mut lines, u64::MAX);
        self.nothing_is_readable();
    }

    /// Runs to the end. Returns exit code and summary.
    fn finish(&mut self, more: &str) -> (Option<i32>, Value) {
        let output = self.command(more).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().for_each(|line| self.said.hear(line));
        let summary = text.lines().last().map(|line| serde_json::from_str(line).unwrap());
        (output.status.code(), summary.unwrap_or_else(|| panic!("{}", stderr(&output))))
    }

    /// No file on this machine holds what is muted.
    fn nothing_is_readable(&self) {
        assert_eq!(self.batch.files("tmp"), [""; 0]);
        let secrets: HashSet<&[u8]> =
            self.recordings.iter().map(|bytes| &bytes[44 + 6000..][..16]).collect();
        for name in self.batch.files(".") {
            let bytes = std::fs::read(self.batch.folder.path(&name)).unwrap_or_default();
            assert!(!bytes.windows(16).any(|some| secrets.contains(some)), "{name}");
        }
    }

    /// Everything is done, once, and right.
    fn everything_is_right(&self) {
        let count = self.recordings.len() as u64;
        let status = self.batch.status();
        assert_eq!((&status["done"], &status["total"]), (&count.into(), &count.into()), "{status}");
        for (at, bytes) in self.recordings.iter().enumerate() {
            let copy = self.store.get("clean", &format!("{at}.wav")).unwrap();
            let receipt = self.store.get("evidence", &format!("{at}.wav.receipt.json"));
            is_right(bytes, &copy, receipt.unwrap());
        }
        self.store.nothing_is_open("clean", self.recordings.len());
        self.nothing_is_readable();
    }
}

/// Kills a batch again and again, then lets it end.
pub fn kill_again_and_again<S: Store>(mut world: World<S>, kills: u32, seed: u64) {
    let mut moments = Moments(seed);
    (0..kills).for_each(|_| world.killed(&mut moments));
    let before = world.said.0.len();
    let (code, summary) = world.finish("");
    assert_eq!((code, &summary["failed"]), (Some(0), &0.into()), "{summary}");
    world.everything_is_right();
    let (scheme, count) = (S::SCHEME, world.recordings.len());
    println!(
        "{scheme}: {kills} kills over {count} recordings, {before} done before the last run: all right"
    );
}

#[test]
fn a_batch_that_is_killed_again_and_again_does_each_recording_once() {
    let Some(moto) = Moto::start() else { return };
    kill_again_and_again(World::of(moto, campaign(300)), campaign(200), 16);
}

/// moto keeps its objects in memory, so what a server keeps on its disk is carried over to the next one,
/// with what was written down of it. The uploads that were open are lost.
#[test]
fn a_store_that_dies_and_comes_back_loses_nothing() {
    let count = campaign(120);
    let Some(moto) = Moto::start() else { return };
    let mut world = World::of(moto, count);
    let mut moments = Moments(17);
    let mut child = world.start("--retries 10");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut deaths = 0;
    for _ in 0..campaign(30) {
        world.said.hear_some(&mut lines, 1 + moments.below(2));
        world.proxy.lead(Leads::Nowhere);
        let next = Moto::start().unwrap();
        for at in 0..world.recordings.len() {
            for (bucket, key) in [
                ("calls", format!("{at}.wav")),
                ("clean", format!("{at}.wav")),
                ("evidence", format!("{at}.wav.receipt.json")),
            ] {
                carry_object(&world.store.0, &next.0, bucket, &key);
            }
        }
        world.store = next;
        world.proxy.lead(Leads::To(world.store.port()));
        deaths += 1;
    }
    world.said.hear_some(&mut lines, u64::MAX);
    let mut ended = (child.wait().unwrap().code(), Value::Null);
    if ended.0 != Some(0) {
        // What the store's absence has failed for good is tried again by a person.
        assert_eq!(ended.0, Some(3), "{}", ended.1);
        ended = world.finish("--retry-failed");
    }
    assert_eq!(ended.0, Some(0), "{}", ended.1);
    world.everything_is_right();
    println!("{deaths} deaths of the store over {count} recordings: all right");
}

#[test]
fn credentials_that_expire_in_the_middle_are_named_and_new_ones_do_the_rest() {
    let Some(moto) = Moto::start() else { return };
    let mut world = World::of(moto, campaign(300));
    let mut child = world.start("--retries 0 --halt soon,fail=4");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    world.said.hear_some(&mut lines, 5);
    world.proxy.lead(Leads::Expired);
    world.said.hear_some(&mut lines, u64::MAX);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{errors}");
    assert!(errors.contains("the credentials have expired: renew them"), "{errors}");
    world.proxy.lead(Leads::To(world.store.port()));
    let (code, summary) = world.finish("--retry-failed");
    assert_eq!(code, Some(0), "{summary}");
    world.everything_is_right();
}

#[test]
fn a_signal_in_the_middle_of_an_upload_leaves_nothing_open() {
    let Some(moto) = Moto::start() else { return };
    let mut world = World::of(moto, 6);
    let mut moments = Moments(18);
    for _ in 0..campaign(100) {
        let mut child = world.start("");
        (0..moments.below(4_000_000)).for_each(|_| std::hint::spin_loop());
        let pid = nix::unistd::Pid::from_raw(child.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.map_while(Result::ok).for_each(|line| world.said.hear(&line));
        let code = child.wait().unwrap().code();
        // Before it handles signals, one ends it at once; it may be over, too.
        assert!(matches!(code, Some(130 | 0) | None), "{code:?}");
        world.store.nothing_is_open("clean", 0);
        world.nothing_is_readable();
    }
    world.finish("");
    world.everything_is_right();
}

/// What a recording can have wrong, and the kind of its failure. An object that is not there is one, too.
#[test]
fn poison_among_good_recordings_fails_alone_each_by_its_kind() {
    let Some(moto) = Moto::start() else { return };
    let mut world = World::of(moto, campaign(300));
    let whole = world.recordings[1].clone();
    let large = world.recordings[5].clone();
    let poisons: [(usize, &[u8], &str); 5] = [
        (1, &whole[..whole.len() - 100], "recording"),
        (5, &large[..large.len() - 1], "recording"),
        (8, b"%PDF-1.7 this is no recording", "recording"),
        (9, b"", "recording"),
        // A recording that is over before the window begins.
        (11, &recording(11, 1000), "windows"),
    ];
    for (at, poison, _) in poisons {
        world.store.put("calls", &format!("{at}.wav"), poison);
    }
    let good = world.recordings.len() - poisons.len();
    let (code, summary) = world.finish("");
    assert_eq!((code, &summary["done"]), (Some(3), &good.into()), "{summary}");
    assert_eq!(summary["failures"], serde_json::json!({ "recording": 4, "windows": 1 }));
    // Nothing of a recording that failed is in its place, not even an upload.
    world.store.nothing_is_open("clean", good);
    for (at, ..) in poisons {
        assert!(world.store.get("clean", &format!("{at}.wav")).is_none(), "{at}");
        assert!(world.store.get("evidence", &format!("{at}.wav.receipt.json")).is_none(), "{at}");
    }
    for (at, ..) in poisons {
        world.store.put("calls", &format!("{at}.wav"), &world.recordings[at]);
    }
    assert_eq!(world.finish("").0, Some(3), "they wait to be asked for");
    let (code, summary) = world.finish("--retry-failed");
    assert_eq!((code, &summary["done"]), (Some(0), &poisons.len().into()), "{summary}");
    world.everything_is_right();
}
