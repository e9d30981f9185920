//! A temporary folder, and the processes that are measured in it. Ctrl-c and SIGTERM end both.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wait4::{ResUse, Wait4 as _};

use super::super::exit::{Failure, INTERRUPTED};
use super::super::interrupt::lock;
use super::stats::Run;

/// How often removing the folder is tried: a process that was just killed may still be writing.
const TRIES: u32 = 100;

/// The file with the stderr of a process.
const STDERR: &str = "stderr.txt";

pub(super) struct Scratch {
    folder: TempDir,
    state: Arc<Mutex<State>>,
}

/// What a signal must clear away. Locked while any of it is made.
#[derive(Default)]
struct State {
    folder: Option<PathBuf>,
    /// The processes that run, each the leader of its process group.
    running: Vec<u32>,
}

impl Scratch {
    /// Makes the folder, and handles signals.
    pub(super) fn open() -> Result<Self, Failure> {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let handler = move || {
            // Held to the end, so that no process starts any more.
            let state = lock(&shared);
            state.running.iter().for_each(|&group| kill(group));
            state.folder.iter().for_each(|folder| remove(folder));
            std::process::exit(INTERRUPTED);
        };
        // Without a handler the process still ends; the folder then stays.
        let _ = ctrlc::set_handler(handler);
        let mut held = lock(&state);
        let folder = tempfile::Builder::new().prefix("sordino-bench-").tempdir();
        let folder = folder.map_err(|error| Failure::failed("making a temporary folder", error))?;
        held.folder = Some(folder.path().to_owned());
        drop(held);
        Ok(Self { folder, state })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `jobs` copies of a command at once, each in an empty folder that is removed afterwards.
    /// Measures from the first start to the last end. The error says why a process failed.
    pub(super) fn measure(&self, jobs: u32, command: &Command) -> Result<Run, String> {
        let folders: Vec<_> = (0..jobs).map(|job| self.path(&format!("job-{job}"))).collect();
        let run = self.measure_in(&folders, command);
        // Where a folder stays, making it for the next run fails.
        folders.iter().for_each(|folder| drop(fs::remove_dir_all(folder)));
        run
    }

    fn measure_in(&self, folders: &[PathBuf], command: &Command) -> Result<Run, String> {
        let text = |error: io::Error| error.to_string();
        let prepared = folders.iter().map(|folder| self.prepare(command, folder));
        let mut prepared = prepared.collect::<io::Result<Vec<_>>>().map_err(text)?;
        let start = Instant::now();
        let mut state = lock(&self.state);
        // All start before the first is waited for.
        let started: Vec<_> = prepared.iter_mut().map(Command::spawn).collect();
        state.running = started.iter().flatten().map(Child::id).collect();
        drop(state);
        let ended = started.into_iter().map(|child| child?.wait4());
        let ended: Vec<io::Result<ResUse>> = ended.collect();
        let wall = start.elapsed().as_secs_f64();
        lock(&self.state).running.clear();
        let (mut cpu, mut peak) = (Duration::ZERO, 0);
        for (ended, folder) in ended.into_iter().zip(folders) {
            let ResUse { status, rusage } = ended.map_err(text)?;
            if !status.success() {
                return Err(last_line(folder).unwrap_or_else(|| status.to_string()));
            }
            cpu += rusage.utime + rusage.stime;
            peak = peak.max(rusage.maxrss);
        }
        Ok(Run { wall, cpu: Some(cpu.as_secs_f64()), peak: Some(peak) })
    }

    /// A copy of the command, to run in a new folder.
    fn prepare(&self, command: &Command, folder: &Path) -> io::Result<Command> {
        fs::create_dir(folder)?;
        let mut copy = Command::new(command.get_program());
        copy.args(command.get_args()).current_dir(folder);
        // Unnamed temporary files lie on the same disk as all others.
        copy.env("TMPDIR", self.folder.path());
        copy.stdin(Stdio::null()).stdout(Stdio::null());
        copy.stderr(File::create(folder.join(STDERR))?);
        // A group of its own: it ends with what it starts, and a terminal's ctrl-c comes here only.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut copy, 0);
        Ok(copy)
    }
}

/// The last line that a process in this folder wrote to stderr.
fn last_line(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join(STDERR)).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(line.strip_prefix("error: ").unwrap_or(line).to_owned())
}

/// Ends a process and all that it has started.
#[cfg(unix)]
fn kill(group: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    if let Ok(group) = i32::try_from(group) {
        // It may have ended just now.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

/// Elsewhere ctrl-c reaches all processes by itself.
#[cfg(not(unix))]
fn kill(_: u32) {}

fn remove(folder: &Path) {
    for _ in 0..TRIES {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_with_text_says_why_a_process_failed() {
        let folder = tempfile::tempdir().unwrap();
        for (text, line) in [
            ("note: a\nerror: it is full\n\n", Some("it is full")),
            ("sox FAIL formats: no\n", Some("sox FAIL formats: no")),
            (" \n", None),
        ] {
            fs::write(folder.path().join(STDERR), text).unwrap();
            assert_eq!(last_line(folder.path()).as_deref(), line);
        }
    }
}
