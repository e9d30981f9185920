//! What was read of a file, on its way from the reader to the writer that keeps it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::Page;
use crate::lock::lock;

/// The pages of an Ogg.
pub(crate) type PageQueue = Queue<Page>;

/// The bytes of another file, in pieces of any size.
pub(crate) type ByteQueue = Queue<Vec<u8>>;

/// Pieces of a file that were read and not taken yet. Shared by the reader and whoever takes them. A reader runs only
/// a little ahead of the packets that it gives, so there are never many.
#[derive(Debug, Clone)]
pub(crate) struct Queue<T>(Arc<Mutex<Option<VecDeque<T>>>>);

impl<T> Default for Queue<T> {
    /// A queue that takes nothing.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }
}

impl<T> Queue<T> {
    /// A queue that takes pieces until it is closed.
    pub(crate) fn open() -> Self {
        Self(Arc::new(Mutex::new(Some(VecDeque::new()))))
    }

    /// Drops all pieces and takes no more.
    pub(crate) fn close(&self) {
        *lock(&self.0) = None;
    }

    pub(crate) fn is_open(&self) -> bool {
        lock(&self.0).is_some()
    }

    /// Adds a piece, if it is taken.
    pub(crate) fn push(&self, piece: impl FnOnce() -> T) {
        if let Some(pieces) = lock(&self.0).as_mut() {
            pieces.push_back(piece());
        }
    }

    /// Takes the pieces that are there, in the order of the file.
    pub(crate) fn take(&self) -> impl Iterator<Item = T> + use<T> {
        lock(&self.0).as_mut().map(std::mem::take).into_iter().flatten()
    }
}

impl PageQueue {
    /// The first page that was not taken, and the one after it.
    pub(crate) fn first_two(&self) -> Option<[Page; 2]> {
        let pages = lock(&self.0);
        let pages = pages.as_ref()?;
        Some([pages.front()?.clone(), pages.get(1)?.clone()])
    }
}

impl ByteQueue {
    /// The first bytes that were not taken, at most so many.
    pub(crate) fn first_bytes(&self, most: usize) -> Vec<u8> {
        let pieces = lock(&self.0);
        pieces.iter().flatten().flatten().take(most).copied().collect()
    }
}
