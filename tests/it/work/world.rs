//! Recordings, a queue of a real engine, and workers as processes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use sordino::digest::Digest;
use sordino::queue::{Dead, Manage, Options, Status, Verdict, open_to_manage};
use sordino::{Receipt, Treatment};

use super::engine::Engine;
use super::proxy::Proxy;
use crate::batch::recording;
use crate::support::{Folder, command, redacted, stream};

/// What is muted in each recording.
const WINDOW: &str = "0.05-0.15";

pub struct World {
    pub folder: Folder,
    pub engine: Engine,
    pub proxy: Proxy,
    /// The names of all recordings, with their bytes.
    recordings: BTreeMap<String, Vec<u8>>,
    /// Those that cannot be redacted.
    poison: Vec<String>,
    workers: BTreeMap<usize, Child>,
    /// What workers log; nothing when one has ended.
    lines: Receiver<(usize, Option<Value>)>,
    log: Sender<(usize, Option<Value>)>,
    /// All lines so far.
    pub logged: Vec<Value>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// So many recordings, and a job for each in the queue; a tenth of them twice. Every five hundredth is
    /// damaged, every fiftieth longer.
    pub fn of(engine: Engine, count: u32) -> Self {
        Self::with(engine, count, |at| if at % 50 == 7 { 40_000 } else { 1600 })
    }

    /// The same with recordings of so many frames.
    pub fn with(engine: Engine, count: u32, frames: impl Fn(u32) -> u32) -> Self {
        let (folder, (log, lines)) = (Folder::new(), channel());
        ["calls", "clean", "evidence"]
            .iter()
            .for_each(|name| std::fs::create_dir(folder.path(name)).unwrap());
        let (mut recordings, mut poison, mut bodies) = (BTreeMap::new(), Vec::new(), Vec::new());
        for at in 0..count {
            let name = format!("{at}.wav");
            let mut bytes = recording(at, frames(at));
            if at % 500 == 50 {
                bytes.truncate(1000);
                poison.push(name.clone());
            }
            let place = folder.write(&format!("calls/{name}"), &bytes);
            let job = json!({ "sordino": 1, "in": place, "out": name, "windows": WINDOW });
            let times = if at % 10 == 3 { 2 } else { 1 };
            bodies.extend(std::iter::repeat_n(job.to_string(), times));
            recordings.insert(name, bytes);
        }
        let proxy = Proxy::new(engine.port());
        let (workers, logged) = Default::default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let world = Self {
            folder,
            engine,
            proxy,
            recordings,
            poison,
            workers,
            lines,
            log,
            logged,
            runtime,
        };
        world.push(bodies);
        world
    }

    fn manage(&self) -> Box<dyn Manage> {
        let options = Options::new(self.runtime.handle().clone());
        open_to_manage(&self.engine.url(self.engine.port()), &options).unwrap()
    }

    pub fn push(&self, bodies: impl IntoIterator<Item = String>) {
        self.manage().push(&mut bodies.into_iter().map(Ok)).unwrap();
    }

    /// `sordino work` on this queue, by the port of its engine or by another that leads there.
    pub fn command(&self, port: u16, more: &str) -> Command {
        let url = self.engine.url(port);
        let words = format!(
            "work --queue {url} --in calls --out clean --receipts evidence --lease 2s --wait 100ms --grace 5s --log json {more}"
        );
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut command = command(&words);
        command.current_dir(self.folder.path("")).envs(self.engine.variables());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts a worker, whose log is read from now on. The first one goes by the proxy.
    pub fn start(&mut self, worker: usize, more: &str) {
        let port = if worker == 0 { self.proxy.port } else { self.engine.port() };
        let mut child = self.command(port, more).spawn().unwrap();
        let (stderr, log) = (child.stderr.take().unwrap(), self.log.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // The last line of one that is killed may be cut.
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                let _ = log.send((worker, Some(line)));
            }
            let _ = log.send((worker, None));
        });
        self.workers.insert(worker, child);
    }

    /// Waits for a line of any worker.
    pub fn hear(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (worker, line) = self.lines.recv().unwrap();
            let Some(line) = line else {
                self.revive(worker);
                continue;
            };
            self.logged.push(line.clone());
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Takes in what is left of the log, when all workers have ended.
    pub fn hear_rest(&mut self) {
        let mut open = self.lines.try_iter().collect::<Vec<_>>();
        while open.last().is_none_or(|(_, line)| line.is_some()) {
            open.push(self.lines.recv().unwrap());
        }
        self.logged.extend(open.into_iter().filter_map(|(_, line)| line));
    }

    /// Waits until so many more jobs are done.
    pub fn hear_done(&mut self, count: u64) {
        (0..count).for_each(|_| drop(self.hear(|line| line["message"] == "done")));
    }

    /// Starts a worker again that has ended while it was not told to, as an orchestrator does.
    fn revive(&mut self, worker: usize) {
        let Some(mut child) = self.workers.remove(&worker) else { return };
        match child.try_wait().unwrap() {
            // It is another process of this name that has ended: the one that was killed.
            None => drop(self.workers.insert(worker, child)),
            Some(_) => self.start(worker, super::JOBS),
        }
    }

    /// Kills a worker at once.
    pub fn kill(&mut self, worker: usize) {
        let Some(mut child) = self.workers.remove(&worker) else { return };
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Tells a worker to end. Its exit code, as a shell has it, and what it prints.
    pub fn end(&mut self, worker: usize) -> (Option<i32>, String) {
        let child = self.workers.remove(&worker).unwrap();
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
        let output = child.wait_with_output().unwrap();
        let code = output.status.code().or_else(|| Some(128 + output.status.signal()?));
        (code, String::from_utf8(output.stdout).unwrap())
    }

    /// The most memory that a worker has had so far, in MiB.
    pub fn memory(&self, worker: usize) -> Option<u64> {
        let pid = self.workers.get(&worker)?.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
    }

    /// Works until the queue is empty. The exit code, and the summary.
    pub fn drain(&self, more: &str) -> (Option<i32>, Value) {
        let command = &mut self.command(self.engine.port(), &format!("--drain --json {more}"));
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let summary = serde_json::from_str(&text);
        let why = || panic!("{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code(), summary.unwrap_or_else(|_| why()))
    }

    pub fn status(&self) -> Status {
        self.manage().status().unwrap()
    }

    pub fn dead(&self) -> Vec<Dead> {
        let mut all = Vec::new();
        let keep = &mut |dead: &Dead| {
            all.push(dead.clone());
            Verdict::Keep
        };
        self.manage().each_dead(keep).unwrap();
        all
    }

    /// The names in a folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Nothing is lost, each output is right and committed once, what is damaged is buried with its reason, and
    /// the queue is empty.
    pub fn everything_is_right(&self) {
        let Status { waiting, in_work, delayed, dead } = self.status();
        assert_eq!([waiting, in_work, delayed].map(Option::unwrap_or_default), [0; 3]);
        assert_eq!(dead, Some(self.poison.len() as u64));
        for buried in self.dead() {
            let body: Value = serde_json::from_str(&buried.body).unwrap();
            assert!(self.poison.contains(&body["out"].as_str().unwrap().to_owned()), "{buried:?}");
            let reason = buried.reason.unwrap();
            assert!(reason.contains("cut") || reason.contains("end"), "{reason}");
        }
        let good = || self.recordings.iter().filter(|(name, _)| !self.poison.contains(name));
        let mut expected: Vec<_> = good().map(|(name, _)| name.clone()).collect();
        assert_eq!(self.names("clean"), expected);
        expected.iter_mut().for_each(|name| *name += ".receipt.json");
        expected.sort();
        assert_eq!(self.names("evidence"), expected);
        for (name, bytes) in good() {
            let made = redacted(stream(bytes.clone()), &[WINDOW], Treatment::default()).unwrap();
            let there = std::fs::read(self.folder.path(&format!("clean/{name}"))).unwrap();
            assert!(there == made, "{name}");
            let receipt = self.folder.path(&format!("evidence/{name}.receipt.json"));
            let receipt = Receipt::parse(&std::fs::read_to_string(receipt).unwrap()).unwrap();
            assert_eq!(receipt.output.sha256, Digest::of(&made).sha256, "{name}");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.workers.values_mut().for_each(|child| drop(child.kill()));
        self.workers.values_mut().for_each(|child| drop(child.wait()));
    }
}
