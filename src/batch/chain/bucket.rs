//! A chain in a bucket: an object for each piece, with a number. No object is ever replaced.

use std::io;

use tokio::runtime::Handle;

use super::shelf::Shelf;
use crate::digest::Digest;
use crate::store::{Error, Place, PutOptions, Stores};

/// The longest piece that is read, in bytes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// A prefix with objects such as `chain/00000001.jsonl`. A position is the number of pieces.
///
/// Its calls block, so they are made outside the runtime.
#[derive(Debug)]
pub struct BucketShelf {
    stores: Stores,
    prefix: Place,
    runtime: Handle,
}

impl BucketShelf {
    /// The chains below this prefix.
    pub fn new(stores: Stores, prefix: Place, runtime: Handle) -> Self {
        Self { stores, prefix, runtime }
    }

    fn place(&self, chain: &str, number: u64) -> Place {
        self.prefix.join(&format!("{chain}/{number:08}.jsonl"))
    }
}

impl Shelf for BucketShelf {
    fn next(&self, chain: &str, position: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        let place = self.place(chain, position + 1);
        match self.runtime.block_on(self.stores.read(&place, LONGEST)) {
            Ok(piece) => Ok(Some((piece, position + 1))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn add(&self, chain: &str, position: u64, piece: &[u8]) -> io::Result<Option<u64>> {
        let place = self.place(chain, position + 1);
        let options = PutOptions {
            content_type: "application/jsonl".into(),
            // Then an answer that was lost is told from a piece of another process.
            sha256: Some(Digest::of(piece).sha256),
            job: None,
            overwrite: false,
        };
        let (reader, bytes) = (io::Cursor::new(piece.to_vec()), piece.len() as u64);
        let put = self.stores.put(&place, reader, bytes, options, |_| Ok(()));
        match self.runtime.block_on(put) {
            Ok(_) => Ok(Some(position + 1)),
            Err(Error::Exists { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
