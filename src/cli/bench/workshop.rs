//! Where a bench works: a folder that goes away, and the one process that runs in it. ctrl-c ends
//! both.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::super::exit::{Failure, INTERRUPTED};

/// How often removing the folder is tried: what was killed may be writing into it still.
const TRIES: u32 = 100;

pub(super) struct Workshop {
    folder: TempDir,
    state: Arc<Mutex<State>>,
}

/// What must be cleared away when the process is told to end. It is held while any of it is made.
#[derive(Default)]
struct State {
    folder: Option<PathBuf>,
    /// The process group of what runs.
    running: Option<u32>,
}

impl Workshop {
    /// An empty folder where temporary files go, and care for signals.
    pub(super) fn open() -> Result<Self, Failure> {
        let state: Arc<Mutex<State>> = Arc::default();
        let mine = Arc::clone(&state);
        let handler = move || {
            // Held to the end, so that nothing starts any more.
            let state = lock(&mine);
            state.running.iter().for_each(|&group| kill(group));
            state.folder.iter().for_each(|folder| remove(folder));
            std::process::exit(INTERRUPTED);
        };
        // Without a handler the process still ends; the folder then stays until the next cleaning.
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

    /// Runs a process to its end. It has no stdin.
    pub(super) fn run(&self, command: &mut Command) -> io::Result<Output> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Nameless files on the same disk as all others.
        command.env("TMPDIR", self.folder.path());
        // Whatever it starts is ended with it, and a terminal's ctrl-c comes to us alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = {
            let mut state = lock(&self.state);
            let child = command.spawn()?;
            state.running = Some(child.id());
            child
        };
        let output = child.wait_with_output();
        lock(&self.state).running = None;
        output
    }
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

/// Elsewhere ctrl-c reaches all of them by itself.
#[cfg(not(unix))]
fn kill(_: u32) {}

fn remove(folder: &Path) {
    for _ in 0..TRIES {
        if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::yield_now();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
