//! Where a chain is published: pieces that are added one after the other, and never changed.

use std::io;

/// A place for chains. A position is where a piece ends; 0 is the beginning.
pub trait Shelf {
    /// The piece after this position, and its own position; `None` if it is not there yet. Whole lines only.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn next(&self, chain: &str, position: u64) -> io::Result<Option<(Vec<u8>, u64)>>;

    /// Adds a piece after this position, durably, and returns its position; `None` if another process has
    /// added one there. What a killed process has left of a piece is replaced.
    ///
    /// # Errors
    /// When the place cannot be written. It may have the piece nevertheless.
    fn add(&self, chain: &str, position: u64, piece: &[u8]) -> io::Result<Option<u64>>;
}
