//! `sordino work` for real: workers as processes, a queue as a server, and all that can go wrong between them.
//!
//! The seeds are fixed, and the numbers are a tenth of those of the campaign: `SORDINO_CAMPAIGN=1` runs it as
//! a whole. `tests/campaigns/record.md` has its records.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use sordino::Receipt;
#[cfg(feature = "sqs")]
use sordino::{Treatment, digest::Digest};

use crate::batch::recording;
#[cfg(feature = "sqs")]
use crate::services;
use crate::support::{Moments, command, stderr};
#[cfg(feature = "sqs")]
use crate::support::{redacted, stream};

mod engine;
mod proxy;
mod world;

use engine::Engine;
use world::World;

/// Two at once in each worker.
const JOBS: &str = "-j 2";

fn is_whole() -> bool {
    std::env::var_os("SORDINO_CAMPAIGN").is_some()
}

fn whole(count: u32) -> u32 {
    if is_whole() { count } else { count / 10 }
}

/// Three workers, while workers are killed, the engine is killed, and the way to it stalls and breaks.
fn campaign(engine: Engine, count: u32) {
    let mut world = World::of(engine, count);
    let mut moments = Moments(17);
    (0..3).for_each(|worker| world.start(worker, JOBS));
    let (mut kills, mut crashes, mut stalls) = (0, 0, 0);
    let rounds = 12;
    // So few that jobs are left to the end, however fast the workers are.
    let each = u64::from(count) * 4 / 10 / rounds;
    for round in 0..rounds {
        world.hear_done(each / 2 + moments.below(each));
        match round % 4 {
            3 if world.engine.crash() => crashes += 1,
            2 => {
                world.proxy.stall();
                world.hear_done(4);
                if moments.below(2) == 0 {
                    world.proxy.release()
                } else {
                    world.proxy.cut()
                }
                stalls += 1;
            }
            _ => {
                let worker = moments.below(3) as usize;
                world.kill(worker);
                world.start(worker, JOBS);
                kills += 1;
            }
        }
    }
    let memory = (0..3).filter_map(|worker| world.memory(worker)).max();
    // Told to end, they give back what they do not finish.
    for worker in 0..3 {
        let (code, _) = world.end(worker);
        // 143: the signal came before it had begun.
        assert!(matches!(code, Some(130 | 1 | 143)), "{code:?}");
    }
    let (code, summary) = world.drain("");
    assert!(matches!(code, Some(0 | 3)), "{code:?} {summary}");
    world.everything_is_right();
    // 64 MiB and twice 32: the budget of two jobs at once.
    assert!(memory.is_none_or(|most| most <= 128), "{memory:?} MiB");
    let done = world.logged.iter().filter(|line| line["message"] == "done").count();
    println!(
        "{count} recordings, {kills} workers killed, {crashes} deaths of the engine, {stalls} stalls: all right; \
         {done} done lines before the drain, at most {memory:?} MiB; {summary}"
    );
}

#[cfg(feature = "postgres")]
#[test]
fn three_workers_on_postgres_lose_nothing_and_commit_each_recording_once() {
    let Some(engine) = Engine::postgres() else { return };
    campaign(engine, whole(10_000));
}

/// moto answers slowly, and keeps its queues in memory, so it is not killed.
#[cfg(feature = "sqs")]
#[test]
fn three_workers_on_sqs_lose_nothing_and_commit_each_recording_once() {
    // This process fills the queue too, and takes its credentials from the environment.
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "work::three_workers_on_sqs_lose_nothing_and_commit_each_recording_once";
        again.args(["--exact", name, "--nocapture"]);
        again.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
        assert!(again.status().unwrap().success());
        return;
    }
    let Some(engine) = Engine::sqs() else { return };
    campaign(engine, whole(1000));
}

#[cfg(feature = "nats")]
#[test]
fn three_workers_on_nats_lose_nothing_and_commit_each_recording_once() {
    let Some(engine) = Engine::nats() else { return };
    campaign(engine, whole(10_000));
}

/// Recordings and transcripts arrive in a bucket, which announces them; one recording twice, one large, one cut.
#[cfg(feature = "sqs")]
#[test]
fn what_s3_announces_to_sqs_is_redacted_from_bucket_to_bucket() {
    let Some(moto) = services::start_moto() else { return };
    let queue = services::make_queue(&moto, "calls", 100);
    ["calls", "clean", "evidence"].iter().for_each(|bucket| services::make_bucket(&moto, bucket));
    services::announce(&moto, "calls", "calls");
    let recordings = [("2026/a%20b", 8000, 2), ("large", 2_800_000, 1), ("cut", 8000, 1)];
    let mut expected = Vec::new();
    for (name, frames, times) in recordings {
        let mut bytes = recording(1, frames);
        bytes.truncate(if name == "cut" { 1000 } else { bytes.len() });
        let put = |ending: &str, body: &[u8]| {
            services::put_object(&moto, "calls", &format!("{name}{ending}"), body);
        };
        (0..times).for_each(|_| put(".wav", &bytes));
        put(".windows.json", b"[[0.25, 0.5]]");
        expected.push((name, bytes));
    }
    let words = format!(
        "work --queue {queue} --out s3://clean/ --receipts s3://evidence/ --windows-suffix .windows.json \
         --wait 100ms --drain --json"
    );
    let mut worker = command(&words.split_whitespace().collect::<Vec<_>>());
    let output = worker.envs(services::s3_variables(&moto)).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The transcripts, and the test event of some versions of moto.
    assert!(matches!(summary["ignored"].as_u64(), Some(3 | 4)), "{summary}");
    assert_eq!(summary["buried"], 1, "{summary}");
    assert_eq!(summary["failures"], json!({ "recording": 1 }), "{summary}");
    for (name, bytes) in expected {
        let there = services::get_object(&moto, "clean", &format!("{name}.wav"));
        let receipt = services::get_object(&moto, "evidence", &format!("{name}.wav.receipt.json"));
        if name == "cut" {
            assert_eq!((there, receipt), (None, None));
            continue;
        }
        let made = redacted(stream(bytes), &["0.25-0.5"], Treatment::default()).unwrap();
        assert!(there.unwrap() == made, "{name}");
        let receipt = Receipt::parse(&String::from_utf8(receipt.unwrap()).unwrap()).unwrap();
        assert_eq!(receipt.output.sha256, Digest::of(&made).sha256, "{name}");
    }
    assert_eq!(services::open_uploads(&moto, "clean"), 0);
}

/// Speed is printed, and not tested: it is that of the machine.
#[cfg(feature = "postgres")]
#[test]
fn workers_on_postgres_share_the_work() {
    let (counts, recordings, frames) =
        if is_whole() { (vec![1, 2, 4], 600, 480_000) } else { (vec![2], 12, 80_000) };
    for workers in counts {
        let Some(engine) = Engine::shared_postgres() else { return };
        let world = World::with(engine, recordings, |_| frames);
        let begun = std::time::Instant::now();
        let start = |_| {
            let mut command = world.command(world.engine.port(), "--drain --json -j 1");
            command.stderr(std::process::Stdio::null()).spawn().unwrap()
        };
        let all: Vec<_> = (0..workers).map(start).collect();
        let all = all.into_iter().map(|child| child.wait_with_output().unwrap());
        let all: Vec<Value> = all.map(|it| serde_json::from_slice(&it.stdout).unwrap()).collect();
        let took = begun.elapsed().as_secs_f64();
        world.everything_is_right();
        let sum = |key: &str| all.iter().map(|one| one[key].as_f64().unwrap()).sum::<f64>();
        let (audio, working, asking) =
            (sum("audioSeconds"), sum("jobSeconds"), sum("queueSeconds"));
        println!(
            "{workers} workers: {:.2} recorded hours a second, the queue's share {:.1} %",
            audio / 3600.0 / took,
            100.0 * asking / (asking + working)
        );
    }
}

#[cfg(feature = "postgres")]
fn world_of(count: u32) -> Option<World> {
    Some(World::of(Engine::shared_postgres()?, count))
}

/// What a worker answers at this path.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(feature = "postgres")]
#[test]
fn a_recording_by_postgres_waits_for_its_transcript_and_no_line_names_it() {
    let Some(mut world) = world_of(0) else { return };
    let number = "+49301234567";
    // Not in a folder whose name begins with a point: what is hidden is ignored.
    let calls = tempfile::Builder::new().prefix("calls").tempdir().unwrap();
    let write = |ending: &str, bytes: &[u8]| {
        let path = calls.path().join(format!("{number}{ending}"));
        std::fs::write(&path, bytes).unwrap();
        // What was written just now may not be whole.
        let before = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        path.display().to_string()
    };
    let place = write(".wav", &recording(1, 8000));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    world.push([json!({ "sordino": 1, "in": place, "trace": trace }).to_string()]);
    let inside = calls.path().display();
    world.start(1, &format!("--in {inside} --windows-suffix .windows.json --listen 127.0.0.1:0"));
    let listens = world
        .hear(|line| line["message"].as_str().is_some_and(|text| text.starts_with("listens on ")));
    let address = listens["message"].as_str().unwrap().strip_prefix("listens on http://").unwrap();
    let waits = world.hear(|line| line["message"] == "not_yet");
    assert!(get(address, "/readyz").starts_with("HTTP/1.1 200"));
    write(".windows.json", b"[[0.25, 0.5]]");
    let done = world.hear(|line| line["message"] == "done");
    assert_eq!(done["job"], waits["job"], "one id, however often it is handed out");
    let page = get(address, "/metrics");
    assert!(page.contains("sordino_jobs_total{outcome=\"done\"} 1\n"), "{page}");
    let (code, text) = world.end(1);
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("done     1 job, 1 recording"), "{text}");
    let receipts: Vec<_> = walk(&world.folder.path("evidence"));
    let [receipt] = &receipts[..] else { panic!("{receipts:?}") };
    let receipt = Receipt::parse(&std::fs::read_to_string(receipt).unwrap()).unwrap();
    assert_eq!(receipt.asked.trace.as_deref(), Some(trace));
    // The lines that are left.
    world.hear_rest();
    let all: String = world.logged.iter().map(Value::to_string).collect();
    for text in [&all, &page, &text] {
        assert!(
            !text.contains(number) && !text.contains(&*calls.path().to_string_lossy()),
            "{text}"
        );
    }
}

fn walk(folder: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| match path.is_dir() {
        true => walk(path.to_str().unwrap()),
        false => vec![path],
    });
    below.collect()
}

#[cfg(feature = "postgres")]
#[test]
fn a_postgres_queue_is_drained_with_the_exit_code_of_a_batch() {
    let Some(world) = world_of(30) else { return };
    let (code, summary) = world.drain("");
    // Three of them are in the queue twice.
    assert_eq!((code, &summary["done"], &summary["recordings"]), (Some(0), &33.into(), &33.into()));
    world.everything_is_right();
    let place = world.folder.write("calls/cut.wav", &recording(1, 8000)[..1000]);
    world.push([json!({ "sordino": 1, "in": place, "windows": "0-0.1" }).to_string()]);
    let (code, summary) = world.drain("");
    assert_eq!((code, &summary["buried"]), (Some(3), &1.into()), "{summary}");
    assert_eq!(summary["failures"], json!({ "recording": 1 }));
}

#[cfg(feature = "postgres")]
#[test]
fn a_worker_whose_postgres_is_not_there_says_so_and_ends() {
    let Some(world) = world_of(0) else { return };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = world.command(nobody, "").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("error: opening the queue: the queue postgres://"));
}

#[test]
fn a_wrong_call_on_postgres_says_what_to_type() {
    for (words, part) in [
        ("work --queue redis://x --out a --receipts b", "give sqs://…, nats://… or postgres://…"),
        ("work --queue postgres://x/y --out a", "--receipts"),
        (
            "work --queue postgres://x/y --out a --receipts b --windows-suffix .wav",
            "none of transcripts",
        ),
        ("work --queue postgres://x/y --out a --receipts b --max-memory 64M", "give 96M or more"),
        (
            "work --queue postgres://x/y --out a --receipts b --grace soon",
            "write a time such as 30s",
        ),
        ("work --queue postgres://x/y --out a --receipts b --lease 0s", "give 1s to 1h"),
        ("work --queue postgres://x/y --out a --receipts b --wait 0s", "give 100ms or more"),
        (
            "work --queue postgres://x/y --out a --receipts b --older-transcripts",
            "--windows-suffix",
        ),
    ] {
        let words: Vec<&str> = words.split_whitespace().collect();
        let output = command(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stderr(&output).contains(part), "{words:?}: {}", stderr(&output));
    }
}
