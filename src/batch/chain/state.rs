//! Where one is in a chain.

use super::{Checkpoint, NO_HASH};
use crate::batch::model::Link;

/// The last link, and the last checkpoint.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// Of the last link; 0 before the first.
    pub(super) sequence: u64,
    /// Its hash.
    pub(super) hash: String,
    /// The last link that a checkpoint covers.
    pub(super) covered: u64,
    /// Whether that checkpoint is signed.
    pub(super) is_signed: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self { sequence: 0, hash: NO_HASH.into(), covered: 0, is_signed: false }
    }

    /// Goes on to a link.
    pub(super) fn link(&mut self, link: &Link) {
        self.sequence = link.sequence;
        self.hash.clone_from(&link.hash);
    }

    /// Whether a checkpoint is that of the last link.
    pub(super) fn fits(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.sequence == self.sequence && checkpoint.hash == self.hash
    }

    /// Notes that a checkpoint covers the last link.
    pub(super) fn cover(&mut self, is_signed: bool) {
        (self.covered, self.is_signed) = (self.sequence, is_signed);
    }
}
