//! ctrl-c and SIGTERM: the process removes its hidden file, aborts its uploads, and ends.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sordino::batch::Cancel;
use sordino::{Error, Spool};

use super::exit::{Failure, INTERRUPTED};
use super::messages::say;
use super::remote;

/// Removes the hidden file of a redaction when the process is told to end.
pub(crate) struct Interrupt {
    pending: Arc<Mutex<Pending>>,
}

/// What an interrupt must remove.
#[derive(Default)]
struct Pending {
    hidden: Option<PathBuf>,
    /// The output is in place. An interrupt comes too late then, and changes nothing.
    delivered: bool,
}

impl Interrupt {
    /// Begins to handle both signals.
    pub(crate) fn new() -> Self {
        let pending: Arc<Mutex<Pending>> = Arc::default();
        let mine = Arc::clone(&pending);
        let handler = move || {
            // The lock is held while the file is created and while it is delivered.
            let pending = lock(&mine);
            if pending.delivered {
                return;
            }
            if let Some(path) = &pending.hidden {
                let _ = std::fs::remove_file(path);
            }
            drop(pending);
            remote::abort_open();
            std::process::exit(INTERRUPTED);
        };
        // If no handler can be set, the process still ends. The hidden file that stays then holds
        // redacted audio only.
        let _ = ctrlc::set_handler(handler);
        Self { pending }
    }

    /// A spool beside `output`, or an anonymous one, which leaves nothing to remove.
    pub(crate) fn spool(&self, output: Option<&Path>) -> Result<Spool, Error> {
        let Some(output) = output else { return Ok(Spool::anonymous()) };
        let mut pending = lock(&self.pending);
        let spool = Spool::beside(output)?;
        pending.hidden = spool.path().map(Path::to_owned);
        Ok(spool)
    }

    /// Puts the output in place. An interrupt waits until that is done.
    pub(crate) fn deliver<T>(
        &self,
        deliver: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut pending = lock(&self.pending);
        let result = deliver();
        pending.delivered = result.is_ok();
        result
    }
}

/// The first signal sets `cancel`; the second ends the process at once.
pub(crate) fn cancel_on_signals(cancel: &Cancel) {
    let cancel = cancel.clone();
    let handler = move || {
        if cancel.is_set() {
            std::process::exit(INTERRUPTED);
        }
        cancel.set();
        say("ending what is in flight; once more to end at once");
    };
    // Without a handler the first signal ends the process, and the next run clears up.
    let _ = ctrlc::set_handler(handler);
}

/// Locks a mutex, poisoned or not.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
