//! A block as several consumers need it, each form computed at most once.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use crate::block::Block;
use crate::level::amplitudes;

/// A block, its bytes and its amplitudes.
pub(super) struct BlockView<'a> {
    pub(super) block: &'a Block,
    stored: OnceCell<Cow<'a, [u8]>>,
    amplitudes: OnceCell<Arc<Vec<f64>>>,
}

impl<'a> BlockView<'a> {
    pub(super) fn new(block: &'a Block) -> Self {
        Self { block, stored: OnceCell::new(), amplitudes: OnceCell::new() }
    }

    /// The samples as a WAV stores them.
    pub(super) fn stored(&self) -> &[u8] {
        self.stored.get_or_init(|| self.block.stored())
    }

    /// The samples as amplitudes, full scale being 1. Shared, so that they can outlive the block.
    pub(super) fn amplitudes(&self) -> &Arc<Vec<f64>> {
        let compute = || Arc::new(amplitudes(self.block.samples(), self.block.format()));
        self.amplitudes.get_or_init(compute)
    }
}
