//! ctrl-c and SIGTERM: the process removes its hidden file, aborts its uploads, and ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sordino::batch::Cancel;
use sordino::{Error, Spool};

use super::exit::{Failure, INTERRUPTED};
use super::messages::say;
use super::remote;
use super::side_outputs::{self, Placed};

/// Removes the hidden file of a redaction when the process is told to end.
pub(crate) struct Interrupt {
    pending: Arc<Mutex<Pending>>,
}

/// What an interrupt must remove.
#[derive(Default)]
struct Pending {
    hidden: Option<PathBuf>,
    stage: Stage,
}

/// How far the work has come.
#[derive(Default)]
enum Stage {
    #[default]
    Redacting,
    /// The recording is where this says, and what goes with it is still to be written to a bucket.
    Following(String),
    /// Everything is in place. An interrupt comes too late then, and changes nothing.
    Done,
}

impl Interrupt {
    /// Begins to handle both signals.
    pub(crate) fn new() -> Self {
        let pending: Arc<Mutex<Pending>> = Arc::default();
        let mine = Arc::clone(&pending);
        let handler = move || {
            // The lock is held while the file is created and while it is delivered.
            let pending = lock(&mine);
            match (&pending.stage, &pending.hidden) {
                (Stage::Done, _) => return,
                (Stage::Following(at), _) => {
                    say(&format!("interrupted: {at}; what goes with it may be missing"));
                }
                (Stage::Redacting, Some(path)) => {
                    let _ = std::fs::remove_file(path);
                }
                (Stage::Redacting, None) => {}
            }
            // Still locked: nothing is delivered meanwhile.
            remote::abort_open();
            std::process::exit(INTERRUPTED);
        };
        on_signals(handler);
        Self { pending }
    }

    /// A spool beside `output`, or an anonymous one, which leaves nothing to remove.
    pub(crate) fn spool(&self, output: Option<&Path>) -> Result<Spool, Error> {
        let Some(output) = output else { return Ok(Spool::anonymous()) };
        let mut pending = lock(&self.pending);
        let spool = Spool::nameless_beside(output)?;
        pending.hidden = spool.path().map(Path::to_owned);
        Ok(spool)
    }

    /// The recording is where `at` says, and cannot be taken back.
    pub(crate) fn delivered(&self, at: &str) {
        lock(&self.pending).stage = Stage::Following(at.to_owned());
    }

    /// Puts the output in place, then what goes with it. An interrupt waits for files, but not for objects.
    /// `at` says where the recording is then.
    pub(crate) fn deliver_with<T>(
        &self,
        at: &str,
        deliver: impl FnOnce() -> Result<(T, Vec<Placed>), Failure>,
    ) -> Result<T, Failure> {
        let mut pending = lock(&self.pending);
        let (output, mut placed) = deliver()?;
        let mut kept = Ok(());
        if placed.iter().any(Placed::is_object) {
            pending.stage = Stage::Following(at.to_owned());
            // An upload may take long.
            drop(pending);
            kept = side_outputs::upload(&mut placed);
            pending = lock(&self.pending);
        }
        // Without its objects the files are taken back.
        let kept = kept.and_then(|()| side_outputs::keep(placed));
        pending.stage = Stage::Done;
        kept.map(|()| output).map_err(|failure| failure.after(at))
    }
}

/// The first signal runs `end`, which ends the process unless that comes too late. Uploads may take some
/// seconds to be aborted: a second signal does not wait for that.
pub(crate) fn on_signals(end: impl Fn() + Send + Sync + 'static) {
    let (end, is_ending) = (Arc::new(end), Arc::new(AtomicBool::new(false)));
    let handler = move || {
        if is_ending.swap(true, Ordering::SeqCst) {
            say("interrupted again: what was begun may be left as it is");
            std::process::exit(INTERRUPTED);
        }
        let (end, is_ending) = (Arc::clone(&end), Arc::clone(&is_ending));
        let ending = move || {
            end();
            is_ending.store(false, Ordering::SeqCst);
        };
        // On this one, a second signal would not be heard.
        if std::thread::Builder::new().spawn(ending).is_err() {
            std::process::exit(INTERRUPTED);
        }
    };
    // If no handler can be set, the process still ends, without a word. A hidden file that stays then holds
    // redacted audio only.
    let _ = ctrlc::set_handler(handler);
}

/// The first signal sets `cancel`, and `tell` says so; the second ends the process at once.
pub(crate) fn cancel_on_signals(cancel: &Cancel, tell: impl Fn(&str) + Send + 'static) {
    let cancel = cancel.clone();
    let handler = move || {
        if cancel.is_set() {
            std::process::exit(INTERRUPTED);
        }
        cancel.set();
        tell("ending what is in flight; once more to end at once");
    };
    // Without a handler the first signal ends the process, and the next run clears up.
    let _ = ctrlc::set_handler(handler);
}

/// Locks a mutex, poisoned or not.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
