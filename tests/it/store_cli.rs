//! Buckets as a person uses them: URLs where a command takes a path.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use serde_json::Value;

use super::platform_cli::{file, json, world_with};
use super::services::{
    Service, get_object, make_bucket, moto, open_uploads, put_object, s3_variables,
};
use super::support::*;

const WINDOW: [&str; 3] = ["-w", "10-15", "--silence"];

/// A bucket of moto, and the command with its variables.
struct Bucket {
    moto: Arc<Service>,
    name: String,
    folder: Folder,
}

impl Bucket {
    fn new(name: &str) -> Option<Self> {
        let moto = moto()?;
        make_bucket(&moto, name);
        put_object(&moto, name, "call.wav", &fixture_bytes("call.wav"));
        put_object(&moto, name, "windows.json", br#"[{"start": 10.0, "end": 15.0}]"#);
        Some(Self { moto, name: name.into(), folder: Folder::new() })
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.envs(s3_variables(&self.moto)).env("HOME", self.folder.path(""));
        command.env("TMPDIR", self.folder.path("")).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        get_object(&self.moto, &self.name, key)
    }
}

#[test]
fn every_file_of_a_redaction_may_be_in_a_bucket() {
    let Some(bucket) = Bucket::new("cli-all") else { return };
    let [call, list, out] =
        ["call.wav", "windows.json", "clean/call.wav"].map(|key| bucket.url(key));
    let [receipt, page] = ["clean/call.json", "clean/call.html"].map(|key| bucket.url(key));
    let args = ["file", &call, "--windows", &list, "--silence", "-o", &out];
    let more = ["--receipt", &receipt, "--report", &page, "--json"];
    let done = bucket.run(&[&args[..], &more].concat());
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(json(&done)["outputFile"], out.as_str());
    assert!(bucket.get("clean/call.wav").unwrap() == file(&WINDOW));
    assert!(bucket.get("clean/call.html").unwrap().starts_with(b"<!doctype html>"));
    let made: Value = serde_json::from_slice(&bucket.get("clean/call.json").unwrap()).unwrap();
    assert_eq!(
        (&made["delivery"]["kind"], &made["delivery"]["url"]),
        (&"store".into(), &out.as_str().into())
    );
    assert_eq!(made["inputs"][0]["url"], call.as_str());
    // Nothing of it was on the disk.
    assert_eq!(bucket.folder.names(), [""; 0]);
    for args in [
        vec!["verify", &call, &out, "--windows", &list],
        vec!["verify", "--receipt", &receipt, &out],
        vec!["verify", "--receipt", &receipt, &call, &out],
        vec!["info", &call],
        vec!["windows", &list],
    ] {
        let read = bucket.run(&args);
        assert!(read.status.success(), "{args:?}: {}{}", stdout(&read), stderr(&read));
    }
}

#[test]
fn an_object_is_replaced_only_with_force_and_a_failure_leaves_nothing() {
    let Some(bucket) = Bucket::new("cli-force") else { return };
    let (call, out) = (bucket.url("call.wav"), bucket.url("out.wav"));
    let receipt = bucket.folder.path("receipt.json");
    put_object(&bucket.moto, &bucket.name, "out.wav", b"old");
    let args = ["file", &call, "-o", &out, "--receipt", &receipt];
    let args = [&args[..], &WINDOW].concat();
    let refused = bucket.run(&args);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("give --force"), "{}", stderr(&refused));
    assert_eq!((bucket.get("out.wav").unwrap(), bucket.folder.names()), (b"old".to_vec(), vec![]));
    let done = bucket.run(&[&args[..], &["--force"]].concat());
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(bucket.get("out.wav").unwrap() == file(&WINDOW));
    assert_eq!(bucket.folder.names(), ["receipt.json"]);
    // The input is never overwritten.
    let same = bucket.run(&[&["file", &call, "-o", &call, "--force"][..], &WINDOW].concat());
    assert_eq!(same.status.code(), Some(2));
    assert!(bucket.get("call.wav").unwrap() == fixture_bytes("call.wav"));
    // Another bucket, which is not there: the receipt does not stay alone.
    std::fs::remove_file(&receipt).unwrap();
    let lost = ["file", &call, "-o", "s3://cli-no-such-bucket/out.wav", "--receipt", &receipt];
    let lost = bucket.run(&[&lost[..], &WINDOW].concat());
    assert_eq!(lost.status.code(), Some(1), "{}", stderr(&lost));
    assert_eq!(bucket.folder.names(), [""; 0]);
}

#[test]
fn a_wrong_url_is_a_wrong_call_that_says_what_to_do() {
    let folder = Folder::new();
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(args);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
            command.env_remove(name);
        }
        command.env("HOME", folder.path("")).envs(variables.iter().copied());
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let info = |url: &str| run(&["info", url], &[]);
    let (code, text) = info("s3://bucket/call.wav");
    assert!(code == Some(2) && text.contains("set AWS_ACCESS_KEY_ID"), "{text}");
    let (code, text) = run(&["info", "s3://bucket/call.wav"], &[("AWS_PROFILE", "work")]);
    assert!(code == Some(2) && text.contains("export-credentials --profile work"), "{text}");
    std::fs::create_dir(folder.path(".aws")).unwrap();
    folder.write(".aws/config", b"[default]");
    let (code, text) = info("s3://bucket/call.wav");
    assert!(code == Some(2) && text.contains("export-credentials --format env"), "{text}");
    let (code, text) = info("ftp://bucket/call.wav");
    assert!(code == Some(2) && text.contains("give s3://, gs://, az:// or a path"), "{text}");
    let (code, text) = info("s3://bucket/calls/");
    assert!(code == Some(2) && text.contains("name an object"), "{text}");
    #[cfg(not(feature = "gcs"))]
    {
        let (code, text) = info("gs://bucket/call.wav");
        assert!(code == Some(2) && text.contains("--features gcs"), "{text}");
    }
    // Where only a file can be written.
    let keep = ["recording", "-w", "1-2", "--keep", "s3://bucket/call.wav", "--dry-run"];
    let ids = ["--recording-id", "r", "--client-id", "c"];
    let secret = [("GENESYS_CLIENT_SECRET", "s")];
    let (code, text) = run(&[&keep[..], &ids].concat(), &secret);
    assert!(code == Some(2) && text.contains("only a file"), "{text}");
}

#[test]
fn an_original_is_deleted_only_after_its_copy_was_read_back_from_the_bucket() {
    let Some(bucket) = Bucket::new("cli-platform") else { return };
    let world = world_with(&[], |_| {});
    let to = bucket.url("calls/");
    let receipts = bucket.url("evidence/");
    let date = humantime::format_rfc3339_seconds(
        std::time::SystemTime::now() + std::time::Duration::from_secs(3 * 24 * 3600),
    );
    let date = date.to_string();
    let args = ["--recording-id", "stereo", "--to", &to, "--receipt", &receipts, "--yes"];
    let args = [&args[..], &WINDOW, &["--delete-original", &date]].concat();
    let done = world.run_with(&s3_variables(&bucket.moto), &args);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(bucket.get("calls/c/stereo.wav").unwrap() == file(&WINDOW));
    assert!(world.recording("stereo").delete_date.is_some());
    let receipt = bucket.get("evidence/c/stereo.json").unwrap();
    let receipt: Value = serde_json::from_slice(&receipt).unwrap();
    assert_eq!(receipt["delivery"]["url"], bucket.url("calls/c/stereo.wav"));
    assert_eq!(receipt["delivery"]["original"]["state"], "deletion-set");
}

/// A store that takes no part of an upload: it never answers one. Tells what it is asked.
pub fn stuck() -> (u16, std::sync::mpsc::Receiver<String>) {
    stuck_at(&["PUT"])
}

/// The same for requests with these methods.
fn stuck_at(methods: &'static [&'static str]) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            held.extend(serve(stream.unwrap(), methods, &tell));
        }
    });
    (port, told)
}

/// Answers one request; returns the connection of one that gets no answer.
fn serve(mut stream: TcpStream, stuck: &[&str], tell: &Sender<String>) -> Option<TcpStream> {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next()?.ok()?;
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    let body = "<R><Bucket>b</Bucket><Key>k</Key><UploadId>the-id</UploadId></R>";
    let method = request.split(' ').next()?;
    if stuck.contains(&method) {
        let _ = tell.send(request);
        return Some(stream);
    }
    let (status, body) = match method {
        "POST" => ("200 OK", body),
        "DELETE" => ("204 No Content", ""),
        _ => ("404 Not Found", ""),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).ok()?;
    let _ = tell.send(request);
    None
}

#[cfg(unix)]
#[test]
fn an_interrupt_aborts_an_upload() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let folder = Folder::new();
    let long = folder.write("long.wav", &wav(1, 8000, 1, 16, &vec![1; 6 * 1024 * 1024]));
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (port, told) = stuck();
        let mut command = command(&["file", &long, "-w", "1-2", "-o", "s3://bucket/out.wav"]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        while !told.recv().unwrap().starts_with("PUT") {}
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        let asked: Vec<String> = told.try_iter().collect();
        let is_abort = |line: &String| line.starts_with("DELETE /bucket/out.wav?uploadId=the-id");
        assert!(asked.iter().any(is_abort), "{signal}: {asked:?}");
    }
}

/// The first ends what is open, which this store does not answer.
#[cfg(unix)]
#[test]
fn a_second_interrupt_waits_for_nothing() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let folder = Folder::new();
    let long = folder.write("long.wav", &wav(1, 8000, 1, 16, &vec![1; 6 * 1024 * 1024]));
    let (port, told) = stuck_at(&["PUT", "DELETE"]);
    let mut command = command(&["file", &long, "-w", "1-2", "-o", "s3://bucket/out.wav"]);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    for next in ["PUT", "DELETE"] {
        while !told.recv().unwrap().starts_with(next) {}
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    }
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    assert!(stderr(&ended).contains("interrupted again"), "{}", stderr(&ended));
}

#[test]
fn a_large_recording_goes_in_parts_and_leaves_none_open() {
    let Some(bucket) = Bucket::new("cli-large") else { return };
    let long = wav(1, 8000, 1, 16, &vec![1; 11 * 1024 * 1024]);
    put_object(&bucket.moto, &bucket.name, "long.wav", &long);
    let (long, out) = (bucket.url("long.wav"), bucket.url("out.wav"));
    let args = [&["file", &long, "-o", &out][..], &WINDOW].concat();
    let done = bucket.run(&args);
    assert!(done.status.success(), "{}", stderr(&done));
    let clean = bucket.get("out.wav").unwrap();
    let expected = bucket.run(&[&["file", &long, "-o", "-"][..], &WINDOW].concat());
    assert!(clean == expected.stdout && clean.len() > 11 * 1024 * 1024);
    assert_eq!(open_uploads(&bucket.moto, &bucket.name), 0);
}
