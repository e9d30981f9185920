//! ctrl-c and SIGTERM: the process ends at once, and its hidden file with it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sordino::{Error, Spool};

use super::exit::{Failure, INTERRUPTED};

/// Removes the hidden file of a redaction when the process is told to end.
pub(crate) struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    hidden: Option<PathBuf>,
    /// The output is in its place: a request to end comes too late, and changes nothing.
    delivered: bool,
}

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn new() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let mine = Arc::clone(&state);
        let handler = move || {
            // The lock is held while the file is made and while it is delivered.
            let state = lock(&mine);
            if state.delivered {
                return;
            }
            if let Some(path) = &state.hidden {
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(INTERRUPTED);
        };
        // Without a handler the process still ends; the hidden file then holds redacted audio only.
        let _ = ctrlc::set_handler(handler);
        Self { state }
    }

    /// A spool beside `output`, or an anonymous one, which needs no care.
    pub(crate) fn spool(&self, output: Option<&Path>) -> Result<Spool, Error> {
        let Some(output) = output else { return Ok(Spool::anonymous()) };
        let mut state = lock(&self.state);
        let spool = Spool::beside(output)?;
        state.hidden = spool.path().map(Path::to_owned);
        Ok(spool)
    }

    /// Puts the output in its place, and is not interrupted in it.
    pub(crate) fn deliver<T>(
        &self,
        deliver: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut state = lock(&self.state);
        let result = deliver();
        state.delivered = result.is_ok();
        result
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
