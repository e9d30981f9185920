//! `sordino recording --api platform` to a bucket that fails: what stays in it is named, and an original is
//! deleted only for what was read back.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::platform_cli::{World, file, soon, world_with};
use super::support::*;

/// What a bucket does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Refuses to take it.
    Refuse,
    /// Never answers.
    Stall,
    /// Returns other bytes than it took.
    Alter,
}

/// A bucket that keeps what it is given, but for objects with this in their key.
struct Bucket {
    port: u16,
    /// The keys of the requests that are not answered.
    stalled: Receiver<String>,
}

impl Bucket {
    fn that(does: Does, key: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, stalled) = channel();
        std::thread::spawn(move || {
            let (mut objects, mut held) = (HashMap::new(), Vec::new());
            for stream in listener.incoming() {
                held.extend(serve(stream.unwrap(), &mut objects, (does, key), &tell));
            }
        });
        Self { port, stalled }
    }

    fn variables(&self) -> Vec<(String, String)> {
        let url = format!("http://127.0.0.1:{}", self.port);
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", &url),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Answers one request; returns the connection of one that gets no answer.
fn serve(
    mut stream: TcpStream,
    objects: &mut HashMap<String, Vec<u8>>,
    (does, wrong): (Does, &str),
    tell: &Sender<String>,
) -> Option<TcpStream> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut body) = (String::new(), Vec::new());
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    reader.take(length.unwrap_or(0)).read_to_end(&mut body).ok()?;
    let mut words = head.split(' ');
    let (method, key) = (words.next()?, words.next()?.to_owned());
    let is_wrong = key.contains(wrong);
    let (status, body) = match method {
        "PUT" if is_wrong && does == Does::Stall => {
            let _ = tell.send(key);
            return Some(stream);
        }
        "PUT" if is_wrong && does == Does::Refuse => ("403 Forbidden", Vec::new()),
        "PUT" => {
            objects.insert(key, body);
            ("200 OK", Vec::new())
        }
        _ => match objects.get(&key).cloned() {
            Some(mut bytes) => {
                if is_wrong && does == Does::Alter {
                    bytes.reverse();
                }
                ("200 OK", bytes)
            }
            None => ("404 Not Found", Vec::new()),
        },
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nETag: \"1\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(&body).ok()?;
    }
    None
}

fn world() -> World {
    world_with(&[], |_| {})
}

const STEREO: [&str; 5] = ["--recording-id", "stereo", "-w", "10-15", "--silence"];
const SPLIT: [&str; 6] = ["--recording-id", "two", "-w", "10-15", "--silence", "--split"];

#[test]
fn an_object_that_stays_is_named_when_the_next_one_fails() {
    let (world, bucket) = (world(), Bucket::that(Does::Refuse, "two.1"));
    let args = [&SPLIT[..], &["--to", "s3://bucket/calls/"]].concat();
    let result = world.run_with(&bucket.variables(), &args);
    let told = stderr(&result);
    assert_eq!(result.status.code(), Some(1), "{told}");
    let part = "error: the redacted copy is at s3://bucket/calls/c/two.0.wav; writing s3://bucket/calls/c/two.1.wav";
    assert!(told.contains(part), "{told}");
}

#[test]
fn a_receipt_that_cannot_be_written_leaves_the_object_named() {
    let (world, bucket) = (world(), Bucket::that(Does::Refuse, "papers/"));
    let places = ["--to", "s3://bucket/calls/", "--receipt", "s3://bucket/papers/"];
    let result = world.run_with(&bucket.variables(), &[&STEREO[..], &places].concat());
    let told = stderr(&result);
    assert_eq!(result.status.code(), Some(1), "{told}");
    let line = stdout(&result);
    assert!(line.contains("-> s3://bucket/calls/c/stereo.wav; self-check passed\n"), "{line}");
    let part =
        "error: the redacted copy of recording stereo is delivered; writing s3://bucket/papers";
    assert!(told.contains(part), "{told}");
}

#[test]
fn an_original_is_kept_if_the_bucket_returns_something_else() {
    for (does, code) in [(Does::Refuse, 0), (Does::Alter, 1)] {
        // `none` is in no key.
        let key = if code == 0 { "none" } else { "stereo" };
        let (world, bucket) = (world(), Bucket::that(does, key));
        let date = soon();
        let more = ["--to", "s3://bucket/calls/", "--delete-original", &date, "--yes"];
        let result = world.run_with(&bucket.variables(), &[&STEREO[..], &more].concat());
        let told = stderr(&result);
        assert_eq!(result.status.code(), Some(code), "{told}");
        assert_eq!(world.recording("stereo").delete_date.is_some(), code == 0);
        let part = "error: the redacted copy is at s3://bucket/calls/c/stereo.wav; reading the copy back: the original must stay";
        assert_eq!(told.contains(part), code == 1, "{told}");
    }
}

#[cfg(unix)]
fn interrupted(world: &World, bucket: &Bucket, args: &[&str], stalls_at: &str) -> String {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let child = world.spawn(&bucket.variables(), args);
    assert!(bucket.stalled.recv().unwrap().contains(stalls_at));
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let result = child.wait_with_output().unwrap();
    assert_eq!(result.status.code(), Some(130), "{}", stderr(&result));
    stderr(&result)
}

#[cfg(unix)]
#[test]
fn an_interrupt_names_the_objects_that_stay() {
    let (world, bucket) = (world(), Bucket::that(Does::Stall, "two.1"));
    let args = [&SPLIT[..], &["--to", "s3://bucket/calls/"]].concat();
    let told = interrupted(&world, &bucket, &args, "two.1");
    let part = "the redacted copy of recording two is at s3://bucket/calls/c/two.0.wav; its original is kept";
    assert!(told.contains(part), "{told}");
}

/// The file is in its place, and its receipt is on the way to a bucket.
#[cfg(unix)]
#[test]
fn an_interrupt_brings_an_old_file_back_and_leaves_none_hidden() {
    let (world, bucket) = (world(), Bucket::that(Does::Stall, "r.json"));
    world.folder.write("out.wav", b"old");
    let more = ["--to", "out.wav", "--receipt", "s3://bucket/r.json", "--force"];
    let told = interrupted(&world, &bucket, &[&STEREO[..], &more].concat(), "r.json");
    assert!(told.contains("recording stereo was not delivered; its original is kept"), "{told}");
    assert_eq!(world.folder.names(), ["out.wav"]);
    assert!(world.read("out.wav") == b"old");
    // With an annotation, the copy stays.
    let told =
        interrupted(&world, &bucket, &[&STEREO[..], &more, &["--annotate"]].concat(), "r.json");
    assert!(told.contains("the redacted copy of recording stereo is at out.wav"), "{told}");
    assert_eq!(world.folder.names(), ["out.wav"]);
    assert!(world.read("out.wav") == file(&["-w", "10-15", "--silence"]));
}
