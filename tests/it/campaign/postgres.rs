//! Three processes on one journal in PostgreSQL. They are killed, and so is the server.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::{Said, WINDOW, campaign, is_right};
use crate::batch::{Batch, recording};
use crate::postgres::Server;
use crate::support::{Moments, stderr};

/// A process of the batch.
struct Worker {
    child: Child,
    /// What it says on stdout; read all the time, so that it never waits for its reader.
    lines: Receiver<std::io::Result<String>>,
}

/// Recordings on a disk that all processes see, and the journal that they share.
struct World {
    server: Server,
    batch: Batch,
    recordings: Vec<Vec<u8>>,
    said: Said,
}

const DATABASE: &str = "campaign";

impl World {
    fn of(count: u32) -> Option<Self> {
        let server = Server::start()?;
        server.database(DATABASE);
        let batch = Batch::of(0);
        let recordings: Vec<_> = (0..count).map(|at| recording(at, 8000)).collect();
        let mut manifest = "in,windows\n".to_owned();
        for (at, bytes) in recordings.iter().enumerate() {
            batch.folder.write(&format!("{at}.wav"), bytes);
            manifest += &format!("{at}.wav,{WINDOW}\n");
        }
        batch.folder.write("calls.csv", manifest.as_bytes());
        Some(Self { server, batch, recordings, said: Said::default() })
    }

    fn words(&self) -> String {
        let journal = self.server.url(DATABASE);
        let words = "calls.csv --out clean --receipts evidence -j 2 --json --progress none";
        format!("{words} --journal {journal}")
    }

    fn start(&self) -> Worker {
        let mut command = self.batch.command(&self.words());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().for_each(|line| drop(to.send(line))));
        Worker { child, lines }
    }

    /// Hears all that a process has still to say, until it has ended.
    fn ended(&mut self, mut worker: Worker) -> (Option<i32>, String) {
        self.said.hear_some(&mut worker.lines.iter(), u64::MAX);
        let mut errors = String::new();
        worker.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (worker.child.wait().unwrap().code(), errors)
    }

    /// Kills a process at a moment.
    fn killed(&mut self, mut worker: Worker, moments: &mut Moments) {
        self.said.hear_some(&mut worker.lines.iter(), moments.below(4));
        worker.child.kill().unwrap();
        let dead = worker.child.id();
        self.ended(worker);
        self.server.end_claims(DATABASE, Some(dead));
    }

    /// What the journal says, past sordino.
    fn count(&self, sql: &str) -> i64 {
        self.server.client(DATABASE).query_one(sql, &[]).unwrap().get(0)
    }

    /// Everything is done, once, and right.
    fn everything_is_right(&self) {
        let count = self.recordings.len();
        let all = i64::try_from(count).unwrap();
        assert_eq!(self.count("SELECT count(*) FROM sordino.job"), all);
        assert_eq!(self.count("SELECT count(*) FROM sordino.job WHERE state = 'done'"), all);
        assert_eq!(self.count("SELECT count(DISTINCT key) FROM sordino.link"), all);
        assert_eq!(self.count("SELECT max(sequence) FROM sordino.link"), all);
        let url = self.server.url(DATABASE);
        let walk = self.batch.run(&format!("status {url} --verify --json"));
        let found: Value = serde_json::from_slice(&walk.stdout).unwrap();
        assert_eq!((&found["clean"], &found["links"]), (&true.into(), &count.into()), "{found}");
        for (at, bytes) in self.recordings.iter().enumerate() {
            let read = |name: String| std::fs::read(self.batch.folder.path(&name)).unwrap();
            let receipt = read(format!("evidence/{at}.wav.receipt.json"));
            is_right(bytes, &read(format!("clean/{at}.wav")), receipt);
        }
        assert_eq!(self.batch.files("clean").len(), count);
        assert_eq!(self.batch.files("evidence").len(), count + 1, "and the chain");
    }
}

#[test]
fn three_processes_that_are_killed_with_their_server_do_each_recording_once() {
    let (kills, crashes, count) = (campaign(200), campaign(20), campaign(2000));
    let Some(mut world) = World::of(count) else { return };
    let mut moments = Moments(19);
    let mut workers = [(); 3].map(|()| world.start());
    for kill in 0..kills {
        if kill % (kills / crashes) == kills / crashes / 2 {
            world.server.crash();
        }
        let one = &mut workers[moments.below(3) as usize];
        if kill % 3 == 2 {
            // As if it had been cut off: others take over what it works on, and it knows nothing of that.
            world.server.end_claims(DATABASE, Some(one.child.id()));
        }
        let worker = std::mem::replace(one, world.start());
        world.killed(worker, &mut moments);
    }
    let before = world.said.0.len();
    // It takes over what the dead have left.
    let last = world.batch.run(&world.words());
    assert_eq!(last.status.code(), Some(0), "{}", stderr(&last));
    String::from_utf8(last.stdout).unwrap().lines().for_each(|line| world.said.hear(line));
    for worker in workers {
        let (code, errors) = world.ended(worker);
        // One that was planning when the server died is started again by a person.
        assert!(code == Some(0) || errors.contains("the journal"), "{code:?}: {errors}");
    }
    world.everything_is_right();
    let taken_over = world.count("SELECT count(*) FROM sordino.job WHERE attempt > 1");
    assert!(taken_over > 0, "no kill has met a recording in work");
    println!(
        "{kills} kills and {crashes} crashes of the server over {count} recordings, {before} done before \
         the last kill, {taken_over} begun more than once: all right"
    );
}
