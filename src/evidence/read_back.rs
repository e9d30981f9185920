//! Read back: the output is compared while it is written, by a thread of its own, where that can be; else when it
//! is complete.

use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::failed;
use crate::error::Error;
use crate::spool::{Follower, Spool};

/// Compares what a reader gives with what is expected, piece by piece. `R`: what is found.
type Compare<T, R> = Box<dyn FnOnce(&mut dyn Read, Receiver<T>) -> Result<R, Error> + Send>;

/// The comparison of the output with pieces `T` of what is expected.
pub(super) struct ReadBack<T, R> {
    expected: Sender<T>,
    state: State<T, R>,
}

enum State<T, R> {
    Meanwhile(JoinHandle<Result<R, Error>>),
    Later(Compare<T, R>, Receiver<T>),
}

impl<T: Send + 'static, R: Send + 'static> ReadBack<T, R> {
    /// # Errors
    /// [`Error::Thread`].
    pub(super) fn new(
        follower: Option<Follower>,
        compare: impl FnOnce(&mut dyn Read, Receiver<T>) -> Result<R, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let (expected, pieces) = channel();
        let state = match follower {
            None => State::Later(Box::new(compare), pieces),
            Some(mut follower) => {
                let work = move || compare(&mut follower, pieces);
                State::Meanwhile(thread::Builder::new().spawn(work).map_err(Error::Thread)?)
            }
        };
        Ok(Self { expected, state })
    }

    /// Adds what is expected next.
    pub(super) fn expect(&mut self, piece: T) {
        // Sending fails once the comparison has failed.
        let _ = self.expected.send(piece);
    }

    /// Ends the comparison, when the output is complete.
    ///
    /// # Errors
    /// Those of the comparison; [`Error::ReadBack`].
    pub(super) fn finish(self, spool: &Spool) -> Result<R, Error> {
        drop(self.expected);
        match self.state {
            State::Meanwhile(thread) => {
                thread.join().unwrap_or_else(|_| Err(failed("a reading thread panicked")))
            }
            State::Later(compare, pieces) => {
                compare(&mut spool.reader().map_err(Error::ReadBack)?, pieces)
            }
        }
    }
}
