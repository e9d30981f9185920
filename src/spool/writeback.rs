//! Writing to the disk while more is made.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use super::Hidden;

/// Syncs the file again and again while it is written, so that the final sync is short: a disk may take as
/// long for its own cache as for the data. An hour of WAV that another codec becomes took 375 instead of
/// 450 ms.
#[derive(Debug, Default)]
pub(super) struct Writeback {
    /// Bytes that were written since the thread was asked.
    waiting: u64,
    thread: Syncer,
}

#[derive(Debug, Default)]
enum Syncer {
    /// Most files are too short for it.
    #[default]
    None,
    Asked(SyncSender<()>),
    Failed,
}

impl Writeback {
    /// Bytes between two requests.
    const STEP: u64 = 4 * 1024 * 1024;

    pub(super) fn wrote(&mut self, count: u64, file: &Hidden) {
        self.waiting += count;
        if self.waiting < Self::STEP {
            return;
        }
        self.waiting = 0;
        if let Syncer::None = self.thread {
            self.thread = start(file).map_or(Syncer::Failed, Syncer::Asked);
        }
        let Syncer::Asked(thread) = &self.thread else { return };
        // One that waits is enough.
        if let Err(TrySendError::Disconnected(())) = thread.try_send(()) {
            self.thread = Syncer::Failed;
        }
    }
}

/// Starts a thread that syncs the file when it is asked, and ends with the sender. What fails here fails in the
/// final sync too: the system reports an error once to each that has opened the file.
fn start(file: &Hidden) -> Option<SyncSender<()>> {
    // Only there it is known how errors are reported.
    if !cfg!(target_os = "linux") {
        return None;
    }
    let file = file.reopen().ok()?;
    let (ask, asked) = sync_channel(1);
    let work = move || asked.iter().take_while(|()| file.sync_data().is_ok()).for_each(drop);
    thread::Builder::new().spawn(work).ok().map(|_| ask)
}
