//! The chunks of a CAF.

use std::io::{Read, Seek, SeekFrom};

use super::audio_description::{AudioDescription, header_error};
use super::packets::PacketTable;
use crate::decode::input::{Leftover, ReadSeek, read_up_to};
use crate::error::Error;

/// The largest packet table that is read, in bytes. Hours of speech need about a megabyte.
const MAX_TABLE: u64 = 64 * 1024 * 1024;

/// The largest description of a codec, in bytes.
const MAX_COOKIE: u64 = 1024 * 1024;

/// What the chunks of a CAF say.
pub(super) struct CafChunks {
    pub(super) description: AudioDescription,
    /// Where the audio begins, and its bytes.
    pub(super) data: (u64, u64),
    /// The codec's own description.
    pub(super) cookie: Vec<u8>,
    pub(super) table: Option<PacketTable>,
    /// What is dropped.
    pub(super) others: Vec<Leftover>,
}

impl CafChunks {
    /// Goes over all chunks, which must be whole.
    ///
    /// # Errors
    /// [`Error::Header`] where a chunk is cut off, missing or there twice.
    pub(super) fn read(file: &mut Box<dyn ReadSeek>) -> Result<Self, Error> {
        let length = file.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        file.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
        if read_up_to(file, 8)?.get(..6) != Some(b"caff\0\x01") {
            return Err(header_error("its version is unknown"));
        }
        let (mut description, mut data, mut cookie, mut table) = (None, None, None, None);
        let (mut at, mut others) = (8, Vec::new());
        while at < length {
            file.seek(SeekFrom::Start(at)).map_err(Error::Read)?;
            let (kind, size) = header(&read_up_to(file, 12)?)?;
            // Only audio may be of unknown size, and then it is the last.
            let size = if kind == *b"data" && size == u64::MAX { length - at - 12 } else { size };
            let end = (at + 12).checked_add(size).filter(|&end| end <= length);
            let end = end.ok_or_else(|| header_error("it is cut off inside a chunk"))?;
            let twice = match &kind {
                b"desc" => {
                    description.replace(AudioDescription::parse(&read_up_to(file, 32)?)?).is_some()
                }
                b"data" => data.replace((at + 16, size.saturating_sub(4))).is_some(),
                b"kuki" => cookie.replace(limited(file, size, MAX_COOKIE)?).is_some(),
                b"pakt" => table.replace(limited(file, size, MAX_TABLE)?).is_some(),
                b"chan" | b"free" => false,
                _ => {
                    // Thousands of them say no more than a few do.
                    let name = kind.escape_ascii().to_string();
                    if others.len() < 100 {
                        others.push(Leftover { name, bytes: size });
                    }
                    false
                }
            };
            if twice {
                let kind = kind.escape_ascii();
                return Err(header_error(&format!("two chunks \"{kind}\" lie where one should")));
            }
            at = end;
        }
        let missing = |name: &str| header_error(&format!("its chunk \"{name}\" is missing"));
        Ok(Self {
            description: description.ok_or_else(|| missing("desc"))?,
            data: data.ok_or_else(|| missing("data"))?,
            cookie: cookie.unwrap_or_default(),
            table: table.map(PacketTable::parse).transpose()?,
            others,
        })
    }
}

/// The kind and size of the chunk that begins with these bytes.
fn header(head: &[u8]) -> Result<([u8; 4], u64), Error> {
    let parts = head.split_first_chunk::<4>().and_then(|(kind, size)| {
        let size = i64::from_be_bytes(size.try_into().ok()?);
        Some((*kind, size))
    });
    match parts {
        Some((kind, _)) if kind == *b"caff" => {
            Err(header_error("it is two recordings in one file"))
        }
        Some((kind, -1)) if kind == *b"data" => Ok((kind, u64::MAX)),
        Some((kind, size)) => {
            let size = u64::try_from(size);
            Ok((kind, size.map_err(|_| header_error("a chunk has a size below 0"))?))
        }
        None => Err(header_error("it is cut off inside a chunk")),
    }
}

fn limited(file: &mut impl Read, size: u64, limit: u64) -> Result<Vec<u8>, Error> {
    if size > limit {
        return Err(header_error(&format!("a table of {size} bytes is too large")));
    }
    read_up_to(file, size)
}
