//! Writing to the disk while more is made.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::Hidden;

/// Syncs the file again and again while it is written, so that the final sync is short: a disk may take as
/// long for its own cache as for the data. An hour of FLAC became a WAV in 426 instead of 503 ms.
#[derive(Debug, Default)]
pub(super) struct Writeback {
    /// Bytes that were written since the thread was asked.
    waiting: u64,
    /// Most files are too short for it.
    thread: Option<Syncer>,
}

/// A thread that syncs the file when it is asked, and ends with the sender.
#[derive(Debug)]
struct Syncer {
    ask: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
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
        // Without the thread, the final sync does it all.
        self.thread = self.thread.take().or_else(|| start(file).ok());
        if let Some(Syncer { ask, .. }) = &self.thread {
            // One request that waits is enough. A thread that has failed says so in the end.
            let _ = ask.try_send(());
        }
    }

    /// Waits for the thread.
    ///
    /// # Errors
    /// What it could not sync. The system may tell nobody else.
    pub(super) fn finish(self) -> io::Result<()> {
        let Some(Syncer { ask, thread }) = self.thread else { return Ok(()) };
        drop(ask);
        thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread that syncs panicked")))
    }
}

fn start(file: &Hidden) -> io::Result<Syncer> {
    let file = file.reopen()?;
    let (ask, asked) = sync_channel(1);
    let work = move || asked.iter().try_for_each(|()| file.sync_data());
    Ok(Syncer { ask, thread: thread::Builder::new().spawn(work)? })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::spool::{Spool, SpoolStorage};

    #[test]
    fn what_could_not_be_synced_meanwhile_is_not_placed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let persist = |fails| {
            let mut spool = Spool::beside(&target).unwrap();
            spool.write_all(&vec![7; 5 << 20]).unwrap();
            let SpoolStorage::Beside { writeback, .. } = &mut spool.0 else { unreachable!() };
            let syncer = writeback.thread.as_mut().unwrap();
            if fails {
                let failed = || Err(io::ErrorKind::StorageFull.into());
                syncer.thread = thread::spawn(failed);
            }
            spool.persist(&target, false)
        };
        assert!(persist(true).is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        persist(false).unwrap();
        assert_eq!(target.metadata().unwrap().len(), 5 << 20);
    }
}
