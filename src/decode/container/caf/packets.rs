//! The packets of a CAF, one after the other.
//!
//! The packet table stays as it lies in the file, and is read as the packets are.

use std::io::{BufReader, Cursor};
use std::sync::Arc;

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::formats::CafReader as Sketch;

use super::audio_description::{AudioDescription, header_error};
use crate::decode::container::guard::Container;
use crate::decode::container::reader::{PacketReader, PacketSource};
use crate::decode::input::{InputMonitor, Media, ReadSeek, read_up_to};
use crate::error::Error;

/// The end of the audio, in frames of the description's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AudioEnd {
    /// The frames of all packets.
    pub(super) all: u64,
    /// Those before the remainder.
    pub(super) audio: u64,
}

/// The largest packet, in bytes.
const MAX_PACKET: u64 = 16 * 1024 * 1024;

/// The packet table (`pakt`).
#[derive(Debug, Default)]
pub(super) struct PacketTable {
    /// How many packets there are.
    packets: u64,
    /// Frames to drop at the front.
    pub(super) priming: u32,
    /// Frames to drop at the end.
    pub(super) remainder: u32,
    /// Sizes and numbers of frames, 7 bits a byte.
    entries: Vec<u8>,
    /// The next entry.
    at: usize,
}

impl PacketTable {
    /// Reads the content of a `pakt`.
    pub(super) fn parse(chunk: Vec<u8>) -> Result<Self, Error> {
        let Some((head, entries)) = chunk.split_first_chunk::<24>() else {
            return Err(header_error("its packet table is cut off"));
        };
        let [packets, _] = [0, 8].map(|at| {
            let number = head[at..at + 8].try_into();
            number.map_or(-1, i64::from_be_bytes)
        });
        let [priming, remainder] = [16, 20].map(|at| {
            let number = head[at..at + 4].try_into();
            u32::try_from(number.map_or(-1, i32::from_be_bytes)).ok()
        });
        let packets = u64::try_from(packets).ok();
        let Some(((packets, priming), remainder)) = packets.zip(priming).zip(remainder) else {
            return Err(header_error("its packet table counts below 0"));
        };
        Ok(Self { packets, priming, remainder, entries: entries.to_vec(), at: 0 })
    }

    /// Where the audio ends that has a remainder after it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where packets differ in frames: the end cannot be told from the table's
    /// head.
    pub(super) fn end(
        &self,
        description: &AudioDescription,
        bytes: u64,
    ) -> Result<Option<AudioEnd>, Error> {
        if self.remainder == 0 {
            return Ok(None);
        }
        if description.packet_frames == 0 {
            let what = "a CAF with a remainder after packets of different length".into();
            return Err(Error::Unsupported { what });
        }
        let packets = match description.packet_bytes {
            0 => self.packets,
            constant => bytes / u64::from(constant),
        };
        let all = packets.checked_mul(description.packet_frames.into());
        let both = all.and_then(|all| Some((all, all.checked_sub(self.remainder.into())?)));
        let end = both.map(|(all, audio)| AudioEnd { all, audio });
        end.map(Some).ok_or_else(|| header_error("its remainder is longer than all its audio"))
    }

    /// The next number.
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
        Err(header_error("its packet table holds what is no number"))
    }
}

/// What symphonia makes of the description of a codec.
pub(super) fn track(description: &AudioDescription, cookie: &[u8]) -> Result<Track, Error> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        [kind.as_slice(), &(content.len() as u64).to_be_bytes(), content].concat()
    };
    // symphonia would multiply the size of a packet without looking.
    let mut desc = description.bytes;
    desc[16..20].fill(0);
    // Without a cookie it must be without the chunk too.
    let kuki = if cookie.is_empty() { Vec::new() } else { chunk(b"kuki", cookie) };
    let parts = [b"caff\0\x01\0\0".to_vec(), chunk(b"desc", &desc), kuki, chunk(b"data", &[0; 4])];
    let media = Media::seekable(Box::new(Cursor::new(parts.concat())))?;
    let reader = PacketReader::open(Container::Caf, media, Sketch::try_new)?;
    reader.tracks().first().cloned().ok_or(Error::NoAudio)
}

/// Reads the packets of a CAF.
pub(super) struct CafReader {
    track: [Track; 1],
    file: BufReader<Box<dyn ReadSeek>>,
    description: AudioDescription,
    table: PacketTable,
    /// Packets and bytes that are left.
    left: (u64, u64),
    /// Frames so far, as the description counts them.
    frames: u64,
    monitor: Arc<InputMonitor>,
}

impl CafReader {
    /// A reader of so many bytes, which `file` is at the beginning of.
    pub(super) fn new(
        track: Track,
        file: Box<dyn ReadSeek>,
        (description, table, bytes): (AudioDescription, PacketTable, u64),
        monitor: Arc<InputMonitor>,
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
        Ok(Self { track: [track], file, description, table, left, frames: 0, monitor })
    }
}

impl PacketSource for CafReader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn packet(&mut self) -> Result<Option<Packet>, Error> {
        let (packets, bytes) = self.left;
        if packets == 0 && bytes == 0 {
            return Ok(None);
        }
        if packets == 0 {
            return Err(header_error("its packet table ends before its audio"));
        }
        let size = match self.description.packet_bytes {
            0 => self.table.number()?,
            constant => constant.into(),
        };
        let frames = match self.description.packet_frames {
            0 => self.table.number()?,
            constant => constant.into(),
        };
        if size == 0 || size > MAX_PACKET {
            let reason = format!("a packet has {size} bytes, which cannot be");
            return Err(header_error(&reason));
        }
        let rest = bytes.checked_sub(size);
        let rest = rest.ok_or_else(|| header_error("its audio ends before its packet table"))?;
        let data = read_up_to(&mut self.file, size)?;
        if (data.len() as u64) < size {
            return Err(Error::Read(std::io::ErrorKind::UnexpectedEof.into()));
        }
        self.left = (packets - 1, rest);
        let first = Timestamp::new(i64::try_from(self.frames).unwrap_or(i64::MAX));
        self.frames = self.frames.saturating_add(frames);
        Ok(Some(Packet::new(self.track[0].id, first, Duration::new(frames), data)))
    }

    fn monitor(&self) -> &InputMonitor {
        &self.monitor
    }
}
