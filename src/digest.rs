//! Digests: SHA-256 of bytes while they pass. Only this file uses ring.

use std::io::{self, Read, Write};

use ring::digest::{Context, SHA256};

/// Length and SHA-256 of a byte sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Number of bytes.
    pub bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digester = Digester::new();
        digester.update(bytes);
        digester.finish()
    }
}

/// Computes a [`Digest`] piece by piece.
pub(crate) struct Digester {
    context: Context,
    bytes: u64,
}

impl Digester {
    pub(crate) fn new() -> Self {
        Self { context: Context::new(&SHA256), bytes: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(crate) fn finish(self) -> Digest {
        let digest = self.context.finish();
        let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Digest { bytes: self.bytes, sha256 }
    }
}

impl Write for Digester {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The digest of everything that a reader returns.
pub(crate) fn digest_of(reader: impl Read) -> io::Result<Digest> {
    let mut digester = Digester::new();
    // Larger pieces than those of `io::copy`, because each SHA-256 update has a fixed cost.
    io::copy(&mut io::BufReader::with_capacity(256 * 1024, reader), &mut digester)?;
    Ok(digester.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn abc_has_the_digest_of_the_standard() {
        let digest = digest_of(&b"abc"[..]).unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest, Digest { bytes: 3, sha256: known.into() });
    }
}
