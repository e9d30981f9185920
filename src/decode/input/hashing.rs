//! The digest of all bytes of a source, including those that the decoder does not read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::mem;
use std::sync::{Arc, Mutex};

use crate::digest::{Digest, Digester, digest_of};
use crate::error::Error;
use crate::lock::lock;

/// Computes the SHA-256 of a source.
pub(in crate::decode) enum HashingReader {
    /// Of a stream, while it is read.
    Passing(Arc<Mutex<Passing>>),
    /// Of a seekable file, at the end.
    File(File),
}

pub(in crate::decode) struct Passing {
    reader: Box<dyn Read + Send>,
    digester: Digester,
}

/// A handle on a [`Passing`].
struct Tee(Arc<Mutex<Passing>>);

impl HashingReader {
    /// Wraps `reader`: returns the reader to use in its place, and the digest of what is read from it.
    pub(super) fn passing(
        reader: impl Read + Send + 'static,
    ) -> (Box<dyn Read + Send>, Option<Self>) {
        let passing = Passing { reader: Box::new(reader), digester: Digester::new() };
        let passing = Arc::new(Mutex::new(passing));
        (Box::new(Tee(Arc::clone(&passing))), Some(Self::Passing(passing)))
    }

    /// Reads the bytes that the decoder did not read, and returns the digest.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(in crate::decode) fn finish(self) -> Result<Digest, Error> {
        match self {
            Self::Passing(passing) => {
                io::copy(&mut Tee(Arc::clone(&passing)), &mut io::sink()).map_err(Error::Read)?;
                let mut passing = lock(&passing);
                Ok(mem::replace(&mut passing.digester, Digester::new()).finish())
            }
            Self::File(mut file) => {
                file.seek(SeekFrom::Start(0)).and_then(|_| digest_of(file)).map_err(Error::Read)
            }
        }
    }
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut passing = lock(&self.0);
        let count = passing.reader.read(buffer)?;
        passing.digester.update(&buffer[..count]);
        Ok(count)
    }
}
