//! The packets of a CAF file, by its packet table.
//!
//! In: the file at its first byte of audio, and the table, which stays in memory as it is in the
//! file. Out: packets. What can go wrong: a table that ends before the audio, or the audio before
//! the table.

use std::io::{BufReader, Cursor};

use symphonia::core::formats::Track;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::formats::CafReader as SymphoniaCafReader;

use super::audio_description::{AudioDescription, header_error};
use crate::decode::container::bytes::{be32, be64, read_exactly};
use crate::decode::container::error::unsupported;
use crate::decode::container::guard::Container;
use crate::decode::container::reader::{PacketReader, check_packet_size, open_symphonia};
use crate::decode::fault::PacketFault;
use crate::decode::input::ReadSeek;
use crate::error::Error;

/// The end of the audio, in frames of the description's rate from the first packet on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AudioEnd {
    /// The frames of all packets.
    pub(super) coded: u64,
    /// The frames before the remainder.
    pub(super) valid: u64,
}

/// The Packet Table chunk (`pakt`).
#[derive(Debug, Default)]
pub(super) struct PacketTable {
    /// The number of packets.
    packets: u64,
    /// Frames to drop at the front.
    pub(super) priming: u32,
    /// Frames to drop at the end.
    pub(super) remainder: u32,
    /// Bytes and frames of each packet, as far as they differ.
    entries: Vec<u8>,
    /// The place of the next entry.
    at: usize,
}

impl PacketTable {
    /// Parses the content of a `pakt` chunk.
    pub(super) fn parse(chunk: Vec<u8>) -> Result<Self, Error> {
        let Some((head, entries)) = chunk.split_first_chunk::<24>() else {
            return Err(header_error("its packet table is cut off"));
        };
        // All fields are signed. Bytes 8 to 15 repeat what the others say.
        let packets = be64(head, 0).filter(|&packets| packets <= i64::MAX.cast_unsigned());
        let [priming, remainder] =
            [16, 20].map(|at| be32(head, at).filter(|&frames| frames <= i32::MAX.cast_unsigned()));
        let Some(((packets, priming), remainder)) = packets.zip(priming).zip(remainder) else {
            return Err(header_error("its packet table holds negative numbers"));
        };
        Ok(Self { packets, priming, remainder, entries: entries.to_vec(), at: 0 })
    }

    /// Where the audio ends, if the table declares a remainder.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where packets differ in frames: the head of the table does not tell
    /// the end then.
    pub(super) fn end(
        &self,
        description: &AudioDescription,
        bytes: u64,
    ) -> Result<Option<AudioEnd>, Error> {
        if self.remainder == 0 {
            return Ok(None);
        }
        if description.packet_frames == 0 {
            return Err(unsupported(
                "a CAF with remainder frames and packets of different lengths",
            ));
        }
        let packets = match description.packet_bytes {
            0 => self.packets,
            constant => bytes / u64::from(constant),
        };
        let coded = packets.checked_mul(description.packet_frames.into());
        let end = coded.and_then(|coded| {
            let valid = coded.checked_sub(self.remainder.into())?;
            Some(AudioEnd { coded, valid })
        });
        end.map(Some).ok_or_else(|| header_error("its remainder is longer than all its audio"))
    }

    /// The next number: 7 bits a byte, most significant first; the top bit of all bytes but the
    /// last is 1.
    fn number(&mut self) -> Result<u64, Error> {
        let mut number = 0u64;
        for _ in 0..9 {
            let byte = self.entries.get(self.at);
            let byte = byte.ok_or_else(|| header_error("its packet table is too short"))?;
            self.at += 1;
            number = number << 7 | u64::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(header_error("its packet table holds a number of more than 9 bytes"))
    }
}

/// The track that symphonia makes of the description and the magic cookie.
///
/// It parses a CAF file of these two chunks without audio, so that no size in the real file can
/// mislead it.
pub(super) fn track(description: &AudioDescription, cookie: &[u8]) -> Result<Track, Error> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        [kind.as_slice(), &(content.len() as u64).to_be_bytes(), content].concat()
    };
    // symphonia multiplies the packet size without an overflow check.
    let mut desc = description.bytes;
    desc[16..20].fill(0);
    // It rejects an empty cookie.
    let kuki = if cookie.is_empty() { Vec::new() } else { chunk(b"kuki", cookie) };
    let parts = [b"caff\0\x01\0\0".to_vec(), chunk(b"desc", &desc), kuki, chunk(b"data", &[0; 4])];
    let media = MediaSourceStream::new(Box::new(Cursor::new(parts.concat())), Default::default());
    let reader = open_symphonia(Container::Caf, media, SymphoniaCafReader::try_new)?;
    reader.tracks().first().cloned().ok_or(Error::NoAudio)
}

/// Reads the packets of a CAF file.
pub(super) struct CafReader {
    track: [Track; 1],
    file: BufReader<Box<dyn ReadSeek>>,
    description: AudioDescription,
    table: PacketTable,
    /// Packets and bytes that are left.
    left: (u64, u64),
    /// Frames so far, at the rate of the description.
    frames: u64,
}

impl CafReader {
    /// A reader of `bytes` bytes of audio, the first of which is next in `file`.
    pub(super) fn new(
        track: Track,
        file: Box<dyn ReadSeek>,
        (description, table, bytes): (AudioDescription, PacketTable, u64),
    ) -> Result<Self, Error> {
        let constant = u64::from(description.packet_bytes);
        let packets = match (constant, description.packet_frames) {
            (0, _) | (_, 0) => table.packets,
            _ if bytes % constant != 0 => {
                return Err(header_error("its audio ends inside a packet"));
            }
            _ => bytes / constant,
        };
        let (file, left) = (BufReader::with_capacity(64 * 1024, file), (packets, bytes));
        Ok(Self { track: [track], file, description, table, left, frames: 0 })
    }
}

impl PacketReader for CafReader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn packet(&mut self) -> Result<Option<Packet>, PacketFault> {
        let (packets, bytes) = self.left;
        if packets == 0 && bytes == 0 {
            return Ok(None);
        }
        if packets == 0 {
            return Err(header_error("its packet table ends before its audio").into());
        }
        let size = match self.description.packet_bytes {
            0 => self.table.number()?,
            constant => constant.into(),
        };
        let frames = match self.description.packet_frames {
            0 => self.table.number()?,
            constant => constant.into(),
        };
        check_packet_size(Container::Caf, size, 1)?;
        let rest = bytes.checked_sub(size);
        let rest = rest.ok_or_else(|| header_error("its audio ends before its packet table"))?;
        let data = read_exactly(&mut self.file, size)?;
        self.left = (packets - 1, rest);
        let first = Timestamp::new(i64::try_from(self.frames).unwrap_or(i64::MAX));
        self.frames = self.frames.saturating_add(frames);
        Ok(Some(Packet::new(self.track[0].id, first, Duration::new(frames), data)))
    }
}
