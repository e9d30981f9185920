//! ctrl-c and SIGTERM: the process ends at once, and its hidden file with it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sordino::{Error, Spool};

use super::exit::INTERRUPTED;

/// Removes the hidden file of a redaction when the process is told to end.
pub(crate) struct Interrupt {
    hidden: Arc<Mutex<Option<PathBuf>>>,
}

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn new() -> Self {
        let hidden: Arc<Mutex<Option<PathBuf>>> = Arc::default();
        let mine = Arc::clone(&hidden);
        let handler = move || {
            // The lock is held while the file is made, so it is either not there or known.
            let path = mine.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(path) = &*path {
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(INTERRUPTED);
        };
        // Without a handler the process still ends; the hidden file then holds redacted audio only.
        let _ = ctrlc::set_handler(handler);
        Self { hidden }
    }

    /// A spool beside `output`, or an anonymous one, which needs no care.
    pub(crate) fn spool(&self, output: Option<&Path>) -> Result<Spool, Error> {
        let Some(output) = output else { return Ok(Spool::anonymous()) };
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let spool = Spool::beside(output)?;
        *hidden = spool.path().map(Path::to_owned);
        Ok(spool)
    }
}
