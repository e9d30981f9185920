//! Publishing while a run goes on. No commit waits for a store: a thread of its own reads the journal, and
//! writes the pieces.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{ChainError, Publisher};
use crate::batch::journal::Journal;

/// A publisher at work. It publishes the first link at once, so that a place that cannot be written is known
/// early; then full pieces, and after some time also what fills none.
pub struct Background {
    /// With whether the rest is wanted too.
    wake: SyncSender<bool>,
    /// With how many links fill no piece yet.
    told: Receiver<(Result<u64, ChainError>, usize)>,
    thread: JoinHandle<Publisher>,
    every: usize,
    wait: Duration,
    /// Links since the thread was woken.
    links: usize,
    woken: Option<Instant>,
    /// When it was woken before that.
    before: Option<Instant>,
    /// The last link that is published.
    last: u64,
}

impl Background {
    /// Begins. `journal`: a connection of its own. `wait`: the longest that a link waits for a full piece.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(
        mut publisher: Publisher,
        mut journal: Box<dyn Journal>,
        wait: Duration,
    ) -> io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let (tell, told) = channel();
        let every = publisher.every();
        let thread = thread::Builder::new().name("chain".into()).spawn(move || {
            while let Ok(rest) = woken.recv() {
                // Whoever does not listen learns of it at the end.
                let told = publisher.publish(&mut *journal, rest);
                // After an error the rest is tried again when its time has come.
                let open = told
                    .as_ref()
                    .map_or(1, |last| journal.links(*last, every).map_or(1, |links| links.len()));
                let _ = tell.send((told, open));
            }
            publisher
        })?;
        Ok(Self { wake, told, thread, every, wait, links: 0, woken: None, before: None, last: 0 })
    }

    /// Wakes the thread if it is time; `is_link`: the journal has one more. Never waits. What the thread says
    /// of what it has done since: the last link that is published.
    pub fn look(&mut self, is_link: bool) -> Option<Result<u64, ChainError>> {
        self.links += usize::from(is_link);
        let is_late = self.links > 0 && self.woken.is_none_or(|at| at.elapsed() >= self.wait);
        // One that has not begun with what it was woken for is woken at another look.
        if (is_late || self.links >= self.every) && self.wake.try_send(is_late).is_ok() {
            (self.links, self.before) = (0, self.woken);
            self.woken = Some(Instant::now());
        }
        let (told, open) = self.told.try_recv().ok()?;
        // Perhaps more than there are: then it is woken once too often.
        self.links += open;
        if let Ok(last) = told {
            // What was not published has waited since then.
            if last == self.last && open > 0 {
                self.woken = self.before;
            }
            self.last = last;
        }
        Some(told)
    }

    /// Waits until the thread has ended what it does. Returns the publisher, for the rest.
    pub fn end(self) -> Publisher {
        drop(self.wake);
        // A panic is a bug, and must not be taken for an error of the chain.
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

#[cfg(test)]
mod tests {
    use super::super::FolderShelf;
    use super::super::tests::Linked;
    use super::*;

    /// How often the chain is published, for so many links one after the other.
    fn times(wait: Duration, links: usize) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let publisher = Publisher::new(Box::new(FolderShelf::new(folder.path())), None, 4);
        let mut background = Background::start(publisher, Box::new(Linked::new(9)), wait).unwrap();
        assert!(background.look(false).is_none());
        let mut times = 0;
        for _ in 0..links {
            let told = background.look(true);
            if background.links == 0 {
                let told = told.unwrap_or_else(|| background.told.recv().unwrap().0);
                assert_eq!(told.unwrap(), 9, "all that are there");
                times += 1;
            }
        }
        background.end();
        let chain = std::fs::read_to_string(folder.path().join("chain.jsonl")).unwrap();
        assert_eq!(chain.lines().count(), 9 + 3, "with a checkpoint after each piece");
        times
    }

    #[test]
    fn a_link_waits_for_a_full_piece_or_for_its_time() {
        let hour = Duration::from_secs(3600);
        // The first waits for nothing.
        assert_eq!([1, 2, 4, 5, 8, 9].map(|links| times(hour, links)), [1, 1, 1, 2, 2, 3]);
        assert_eq!([1, 2, 4].map(|links| times(Duration::ZERO, links)), [1, 2, 4]);
    }
}
