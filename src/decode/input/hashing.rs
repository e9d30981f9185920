//! The digest of everything that a source gives, whether or not the decoder wants it all.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use crate::digest::{Digest, Digester, digest_of};
use crate::error::Error;
use crate::lock::lock;

/// The SHA-256 of a source, made while it is read.
pub(in crate::decode) enum HashingReader {
    /// Of a stream: as it passes.
    Passing(Arc<Mutex<Passing>>),
    /// Of a file that is sought in: at the end.
    File(File),
}

pub(in crate::decode) struct Passing {
    reader: Box<dyn Read + Send>,
    digester: Option<Digester>,
}

/// One end of a [`Passing`].
struct Tee(Arc<Mutex<Passing>>);

impl HashingReader {
    /// A reader in place of this one, and the digest of all that passes.
    pub(super) fn passing(
        reader: impl Read + Send + 'static,
    ) -> (Box<dyn Read + Send>, Option<Self>) {
        let digester = Some(Digester::new());
        let passing = Arc::new(Mutex::new(Passing { reader: Box::new(reader), digester }));
        (Box::new(Tee(Arc::clone(&passing))), Some(Self::Passing(passing)))
    }

    /// Reads what the decoder has left.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(in crate::decode) fn finish(self) -> Result<Digest, Error> {
        match self {
            Self::Passing(passing) => {
                io::copy(&mut Tee(Arc::clone(&passing)), &mut io::sink()).map_err(Error::Read)?;
                let mut passing = lock(&passing);
                Ok(passing.digester.take().unwrap_or_else(Digester::new).finish())
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
        if let Some(digester) = &mut passing.digester {
            digester.update(&buffer[..count]);
        }
        Ok(count)
    }
}
