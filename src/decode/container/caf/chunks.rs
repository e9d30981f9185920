//! The chunks of a CAF file.

use std::io::{Read, Seek, SeekFrom};

use super::audio_description::{AudioDescription, header_error};
use super::packets::PacketTable;
use crate::decode::container::bytes::be64;
use crate::decode::input::{Leftover, ReadSeek, read_up_to};
use crate::error::Error;

/// The largest packet table that is read, in bytes. Hours of speech need about a megabyte.
const MAX_TABLE: u64 = 64 * 1024 * 1024;

/// The largest magic cookie (the codec's own description), in bytes.
const MAX_COOKIE: u64 = 1024 * 1024;

/// The largest number of skipped chunks that are listed.
const MAX_OTHERS: usize = 100;

/// Bytes of the header of a chunk: type and size.
const HEADER: u64 = 12;

/// What the chunks of a CAF file say.
pub(super) struct CafChunks {
    pub(super) description: AudioDescription,
    /// The place of the first byte of audio.
    pub(super) data_start: u64,
    pub(super) data_bytes: u64,
    /// The magic cookie: the codec's own description.
    pub(super) cookie: Vec<u8>,
    pub(super) table: Option<PacketTable>,
    /// The chunks that are skipped.
    pub(super) others: Vec<Leftover>,
}

impl CafChunks {
    /// Reads all chunks of the file. They must be complete.
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
            let content = at + HEADER;
            let (kind, size) = header(&read_up_to(file, HEADER)?)?;
            // Only audio may have an unknown size. It is the last chunk then.
            let size = size.unwrap_or(length.saturating_sub(content));
            let end = content.checked_add(size).filter(|&end| end <= length);
            let end = end.ok_or_else(|| header_error("it is cut off inside a chunk"))?;
            let twice = match &kind {
                b"desc" => {
                    let parsed = AudioDescription::parse(&read_up_to(file, 32)?)?;
                    description.replace(parsed).is_some()
                }
                // The samples come after an edit count of 4 bytes.
                b"data" => data.replace((content + 4, size.saturating_sub(4))).is_some(),
                b"kuki" => cookie.replace(limited(file, size, MAX_COOKIE)?).is_some(),
                b"pakt" => table.replace(limited(file, size, MAX_TABLE)?).is_some(),
                b"chan" | b"free" => false,
                _ => {
                    if others.len() < MAX_OTHERS {
                        let name = kind.escape_ascii().to_string();
                        others.push(Leftover { name, bytes: size });
                    }
                    false
                }
            };
            if twice {
                let kind = kind.escape_ascii();
                return Err(header_error(format!("it has two \"{kind}\" chunks")));
            }
            at = end;
        }
        let missing = |name: &str| header_error(format!("its chunk \"{name}\" is missing"));
        let (data_start, data_bytes) = data.ok_or_else(|| missing("data"))?;
        Ok(Self {
            description: description.ok_or_else(|| missing("desc"))?,
            data_start,
            data_bytes,
            cookie: cookie.unwrap_or_default(),
            table: table.map(PacketTable::parse).transpose()?,
            others,
        })
    }
}

/// The type of a chunk, and its size; `None`: up to the end of the file, for audio only.
fn header(head: &[u8]) -> Result<([u8; 4], Option<u64>), Error> {
    let size = be64(head, 4).map(u64::cast_signed);
    let Some((kind, size)) = head.first_chunk::<4>().copied().zip(size) else {
        return Err(header_error("it is cut off inside a chunk"));
    };
    match (&kind, u64::try_from(size)) {
        (b"caff", _) => Err(header_error("it holds two recordings in one file")),
        (_, Ok(size)) => Ok((kind, Some(size))),
        (b"data", Err(_)) if size == -1 => Ok((kind, None)),
        (_, Err(_)) => Err(header_error("a chunk declares a negative size")),
    }
}

fn limited(file: &mut impl Read, size: u64, limit: u64) -> Result<Vec<u8>, Error> {
    if size > limit {
        return Err(header_error(format!("a table of {size} bytes is too large")));
    }
    read_up_to(file, size)
}
