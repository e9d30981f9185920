//! A batch between buckets, killed again and again: each recording is done once, right to the byte, and
//! nothing is left.
//!
//! The seed is fixed, and the numbers are a tenth of those of the campaign: `SORDINO_CAMPAIGN=1` runs it as a
//! whole. `tests/campaigns/record.md` has its records.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use sordino::digest::Digest;
use sordino::{Receipt, Treatment};

use crate::batch::{Batch, recording};
use crate::services::{
    Service, get_object, make_bucket, open_uploads, put_object, s3_variables, start_moto,
};
use crate::support::{Moments, redacted, stderr, stream};

/// What is muted in each recording.
const WINDOW: &str = "0.25-0.5";

/// A recording of so many frames is sent in parts.
const LARGE: u32 = 2_800_000;

fn campaign(whole: u32) -> u32 {
    if std::env::var_os("SORDINO_CAMPAIGN").is_some() { whole } else { whole / 10 }
}

/// A way to S3 that a test can break.
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

fn make_buckets(moto: &Service) {
    ["calls", "clean", "evidence"].iter().for_each(|bucket| make_bucket(moto, bucket));
}

/// Recordings in a bucket, and a manifest of them.
struct World {
    moto: Service,
    proxy: Proxy,
    batch: Batch,
    recordings: Vec<Vec<u8>>,
    /// What was said to be done, in all runs.
    said: BTreeSet<String>,
}

impl World {
    /// `None` where moto is not installed. Every twelfth recording is large.
    fn of(count: u32) -> Option<Self> {
        let moto = start_moto()?;
        let batch = Batch::of(0);
        make_buckets(&moto);
        let mut manifest = "in,windows\n".to_owned();
        let frames = |at| if at % 12 == 5 { LARGE } else { 8000 };
        let recordings: Vec<_> = (0..count).map(|at| recording(at, frames(at))).collect();
        for (at, bytes) in recordings.iter().enumerate() {
            put_object(&moto, "calls", &format!("{at}.wav"), bytes);
            manifest += &format!("s3://calls/{at}.wav,{WINDOW}\n");
        }
        batch.folder.write("calls.csv", manifest.as_bytes());
        std::fs::create_dir(batch.folder.path("tmp")).unwrap();
        let proxy = Proxy::new(moto.port);
        Some(Self { moto, proxy, batch, recordings, said: BTreeSet::new() })
    }

    fn command(&self, more: &str) -> Command {
        let words =
            "calls.csv --out s3://clean/ --receipts s3://evidence/ -j 2 --json --progress none";
        let mut command = self.batch.command(&format!("{words} {more}"));
        command.envs(s3_variables(&self.moto));
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.proxy.port));
        command.env("TMPDIR", self.batch.folder.path("tmp"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, more: &str) -> Child {
        self.command(more).spawn().unwrap()
    }

    /// Takes note of results. No recording is ever done twice.
    fn hear(&mut self, line: &str) {
        // The last line of a killed process may be cut.
        let Ok(json) = serde_json::from_str::<Value>(line) else { return };
        if json["state"] == "done" {
            let input = json["input"].as_str().unwrap().to_owned();
            assert!(self.said.insert(input), "done twice: {line}");
        }
    }

    /// Reads so many results; fewer if the process ends.
    fn hear_some(&mut self, lines: &mut impl Iterator<Item = std::io::Result<String>>, most: u64) {
        for line in lines.take(most as usize).map_while(Result::ok) {
            self.hear(&line);
        }
    }

    /// Runs until a moment, and kills the process there.
    fn killed(&mut self, moments: &mut Moments) {
        let mut child = self.start("");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.hear_some(&mut lines, [0, 1, 1, 2][moments.below(4) as usize]);
        // Somewhere in the work that follows.
        (0..moments.below(4_000_000)).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        self.hear_some(&mut lines, u64::MAX);
        self.nothing_is_readable();
    }

    /// Runs to the end. Returns exit code and summary.
    fn finish(&mut self, more: &str) -> (Option<i32>, Value) {
        let output = self.command(more).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().for_each(|line| self.hear(line));
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
            let made = redacted(stream(bytes.clone()), &[WINDOW], Treatment::default()).unwrap();
            let there = get_object(&self.moto, "clean", &format!("{at}.wav"));
            assert!(there.as_ref() == Some(&made), "{at}");
            let receipt = get_object(&self.moto, "evidence", &format!("{at}.wav.receipt.json"));
            let receipt = String::from_utf8(receipt.unwrap()).unwrap();
            let receipt = Receipt::parse(&receipt).unwrap();
            assert_eq!(receipt.output.sha256, Digest::of(&made).sha256);
        }
        for bucket in ["clean", "evidence"] {
            assert_eq!(open_uploads(&self.moto, bucket), 0, "{bucket}");
        }
        self.nothing_is_readable();
    }
}

#[test]
fn a_batch_that_is_killed_again_and_again_does_each_recording_once() {
    let (kills, count) = (campaign(200), campaign(300));
    let Some(mut world) = World::of(count) else { return };
    let mut moments = Moments(16);
    (0..kills).for_each(|_| world.killed(&mut moments));
    let before = world.said.len();
    let (code, summary) = world.finish("");
    assert_eq!((code, &summary["failed"]), (Some(0), &0.into()), "{summary}");
    world.everything_is_right();
    println!("{kills} kills over {count} recordings, {before} done before the last run: all right");
}

/// All that a bucket of moto holds.
fn dump(moto: &Service, recordings: usize) -> BTreeMap<(&'static str, String), Vec<u8>> {
    let mut all = BTreeMap::new();
    for at in 0..recordings {
        for (bucket, key) in [
            ("calls", format!("{at}.wav")),
            ("clean", format!("{at}.wav")),
            ("evidence", format!("{at}.wav.receipt.json")),
        ] {
            all.extend(get_object(moto, bucket, &key).map(|bytes| ((bucket, key), bytes)));
        }
    }
    all
}

/// moto keeps its objects in memory, so what a server keeps on its disk is carried over to the next one.
/// The uploads that were open are lost.
#[test]
fn a_store_that_dies_and_comes_back_loses_nothing() {
    let count = campaign(120);
    let Some(mut world) = World::of(count) else { return };
    let mut moments = Moments(17);
    let mut child = world.start("--retries 10");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut deaths = 0;
    for _ in 0..campaign(30) {
        world.hear_some(&mut lines, 1 + moments.below(2));
        world.proxy.lead(Leads::Nowhere);
        let kept = dump(&world.moto, world.recordings.len());
        world.moto = start_moto().unwrap();
        make_buckets(&world.moto);
        for ((bucket, key), bytes) in &kept {
            put_object(&world.moto, bucket, key, bytes);
        }
        world.proxy.lead(Leads::To(world.moto.port));
        deaths += 1;
    }
    world.hear_some(&mut lines, u64::MAX);
    let code = child.wait().unwrap().code();
    // What the store's absence has failed for good is tried again by a person.
    if code != Some(0) {
        assert_eq!(code, Some(3));
        assert_eq!(world.finish("--retry-failed").0, Some(0));
    }
    world.everything_is_right();
    println!("{deaths} deaths of the store over {count} recordings: all right");
}

#[test]
fn credentials_that_expire_in_the_middle_are_named_and_new_ones_do_the_rest() {
    let Some(mut world) = World::of(campaign(300)) else { return };
    let mut child = world.start("--retries 0 --halt soon,fail=4");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    world.hear_some(&mut lines, 5);
    world.proxy.lead(Leads::Expired);
    world.hear_some(&mut lines, u64::MAX);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{errors}");
    assert!(errors.contains("the credentials have expired: renew them"), "{errors}");
    world.proxy.lead(Leads::To(world.moto.port));
    let (code, summary) = world.finish("--retry-failed");
    assert_eq!(code, Some(0), "{summary}");
    world.everything_is_right();
}

#[test]
fn a_signal_in_the_middle_of_an_upload_leaves_nothing_open() {
    let Some(mut world) = World::of(6) else { return };
    let mut moments = Moments(18);
    for _ in 0..campaign(100) {
        let mut child = world.start("");
        (0..moments.below(4_000_000)).for_each(|_| std::hint::spin_loop());
        let pid = nix::unistd::Pid::from_raw(child.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.map_while(Result::ok).for_each(|line| world.hear(&line));
        let code = child.wait().unwrap().code();
        // Before it handles signals, one ends it at once; it may be over, too.
        assert!(matches!(code, Some(130 | 0) | None), "{code:?}");
        assert_eq!(open_uploads(&world.moto, "clean"), 0);
        world.nothing_is_readable();
    }
    world.finish("");
    world.everything_is_right();
}
