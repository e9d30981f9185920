//! The pages of a file on their way from the reader to the writer that keeps them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::Page;
use crate::lock::lock;

/// Pages that were read and not taken yet. Shared by the reader and whoever takes them. A reader runs only a few
/// pages ahead of the packets that it gives, so there are never many.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageQueue(Arc<Mutex<Option<VecDeque<Page>>>>);

impl PageQueue {
    /// A queue that takes pages until it is closed; the default one is closed.
    pub(crate) fn open() -> Self {
        Self(Arc::new(Mutex::new(Some(VecDeque::new()))))
    }

    /// Drops all pages and takes no more.
    pub(crate) fn close(&self) {
        *lock(&self.0) = None;
    }

    pub(crate) fn is_open(&self) -> bool {
        lock(&self.0).is_some()
    }

    pub(crate) fn push(&self, page: &Page) {
        if let Some(pages) = lock(&self.0).as_mut() {
            pages.push_back(page.clone());
        }
    }

    /// The first page that was not taken, and the one after it.
    pub(crate) fn first_two(&self) -> Option<[Page; 2]> {
        let pages = lock(&self.0);
        let pages = pages.as_ref()?;
        Some([pages.front()?.clone(), pages.get(1)?.clone()])
    }

    /// The next page in the order of the file.
    pub(crate) fn pop(&self) -> Option<Page> {
        lock(&self.0).as_mut()?.pop_front()
    }
}
