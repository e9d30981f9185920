//! The head of a file: the signature, the streaminfo block and the seek table (RFC 9639, 8).

use super::frame::FrameHeader;
use super::mapping;

/// The first bytes of a file.
const SIGNATURE: &[u8] = b"fLaC";

/// Types of metadata blocks, and the bit that marks the last one.
const STREAM_INFO: u8 = 0;
const SEEK_TABLE: u8 = 3;
const LAST: u8 = 0x80;

/// Bytes of the streaminfo block, and of a seek point.
const INFO: usize = 34;
const POINT: usize = 18;

/// The streaminfo metadata block (RFC 9639, 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StreamInfoBlock {
    /// Frames (samples per channel) of the smallest and of the largest block. If all blocks have the same
    /// size, it is the first of the two.
    pub(crate) blocks: (u16, u16),
    /// Bytes of the smallest and of the largest frame; 0: unknown.
    pub(crate) sizes: (u32, u32),
    /// In Hz.
    pub(crate) rate: u32,
    pub(crate) channels: u8,
    pub(crate) bits: u8,
    /// Frames of the stream; 0: unknown.
    pub(crate) frames: u64,
    /// MD5 of the samples; zeros: unknown.
    pub(crate) md5: [u8; 16],
}

/// A point of the seek table (RFC 9639, 8.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeekPoint {
    /// The number of the first sample in the frame.
    pub(crate) sample: u64,
    /// The place of the frame: bytes from the first frame.
    pub(crate) offset: u64,
    /// Frames (samples per channel) in the frame.
    pub(crate) frames: u16,
}

impl SeekPoint {
    /// A point that stands for none.
    pub(crate) const PLACEHOLDER: Self = Self { sample: u64::MAX, offset: 0, frames: 0 };
}

/// What a FLAC that sordino writes has before its first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) info: StreamInfoBlock,
    /// The points of the seek table; none: there is no table.
    pub(crate) points: Vec<SeekPoint>,
    /// The number of the stream, if the FLAC is in an Ogg, which has no seek table.
    pub(crate) serial: Option<u32>,
}

impl StreamInfoBlock {
    /// Parses the first bytes of a file.
    pub(crate) fn parse(head: &[u8]) -> Option<Self> {
        let body = head.strip_prefix(SIGNATURE)?.get(4..)?;
        let number = |at: usize, count: usize| {
            let field = body.get(at..at + count)?;
            Some(field.iter().fold(0, |value: u64, &byte| value << 8 | u64::from(byte)))
        };
        let short = |at| u16::try_from(number(at, 2)?).ok();
        let size = |at| u32::try_from(number(at, 3)?).ok();
        // Rate (20 bits), channels - 1 (3), bits - 1 (5), frames (36).
        let bits = number(10, 8)?;
        let field = |shift: u32, mask: u64| (bits >> shift) & mask;
        Some(Self {
            blocks: (short(0)?, short(2)?),
            sizes: (size(4)?, size(7)?),
            rate: u32::try_from(field(44, 0xF_FFFF)).ok()?,
            channels: u8::try_from(field(41, 7)).ok()? + 1,
            bits: u8::try_from(field(36, 31)).ok()? + 1,
            frames: field(0, 0xF_FFFF_FFFF),
            md5: body.get(18..INFO)?.try_into().ok()?,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let bits = u64::from(self.rate) << 44
            | u64::from(self.channels - 1) << 41
            | u64::from(self.bits - 1) << 36
            | self.frames & 0xF_FFFF_FFFF;
        let (smallest, largest) = (self.sizes.0.to_be_bytes(), self.sizes.1.to_be_bytes());
        [
            self.blocks.0.to_be_bytes().as_slice(),
            &self.blocks.1.to_be_bytes(),
            &smallest[1..],
            &largest[1..],
            &bits.to_be_bytes(),
            &self.md5,
        ]
        .concat()
    }

    /// How a frame differs from the stream in its format, in words; `None` if it does not, or no frame
    /// begins here.
    pub(crate) fn change(&self, bytes: &[u8]) -> Option<String> {
        match FrameHeader::parse(bytes)? {
            FrameHeader { rate: Some(rate), .. } if rate != self.rate => {
                Some(format!("sample rate, from {} to {rate} Hz,", self.rate))
            }
            FrameHeader { channels, .. } if channels != self.channels => {
                Some(format!("number of channels, from {} to {channels},", self.channels))
            }
            FrameHeader { bits: Some(bits), .. } if bits != self.bits => {
                Some(format!("bit depth, from {} to {bits},", self.bits))
            }
            _ => None,
        }
    }

    /// The number of the first sample in a frame.
    pub(crate) fn first_sample(&self, frame: &FrameHeader) -> u64 {
        if frame.is_variable { frame.number } else { frame.number * u64::from(self.blocks.0) }
    }
}

impl Head {
    /// Parses the metadata of a file, of an Ogg the first page of it. `None` if the streaminfo block is not the
    /// first.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if let Some((serial, blocks)) = mapping::first_block(bytes) {
            return Some(Self { serial: Some(serial), ..Self::parse(&blocks)? });
        }
        let info = StreamInfoBlock::parse(bytes)?;
        let mut head = Self { info, points: Vec::new(), serial: None };
        let mut blocks = Blocks::of(bytes);
        let is_info =
            blocks.next().is_some_and(|(kind, body)| (kind, body.len()) == (STREAM_INFO, INFO));
        if let Some((_, table)) = blocks.find(|&(kind, _)| kind == SEEK_TABLE) {
            let (points, _) = table.as_chunks::<POINT>();
            head.points = points.iter().map(SeekPoint::parse).collect();
        }
        is_info.then_some(head)
    }

    /// The bytes before the first frame. They have the same length whatever the numbers are.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.serial {
            None => self.blocks(),
            Some(serial) => mapping::pages(serial, &self.blocks()),
        }
    }

    /// The signature and the metadata blocks that both kinds of file have.
    fn blocks(&self) -> Vec<u8> {
        let last = |is_last: bool| if is_last { LAST } else { 0 };
        let mut all = SIGNATURE.to_vec();
        let mut block = |kind: u8, body: &[u8]| {
            // Three bytes of length: the input's table had no more.
            let [_, length @ ..] = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
            all.push(kind);
            all.extend(length);
            all.extend(body);
        };
        let is_last = self.points.is_empty() && self.serial.is_none();
        block(STREAM_INFO | last(is_last), &self.info.bytes());
        if !self.points.is_empty() {
            let table: Vec<u8> = self.points.iter().flat_map(|point| point.bytes()).collect();
            block(SEEK_TABLE | LAST, &table);
        }
        all
    }
}

impl SeekPoint {
    fn parse(
        &[s0, s1, s2, s3, s4, s5, s6, s7, o0, o1, o2, o3, o4, o5, o6, o7, f0, f1]: &[u8; POINT],
    ) -> Self {
        Self {
            sample: u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]),
            offset: u64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]),
            frames: u16::from_be_bytes([f0, f1]),
        }
    }

    fn bytes(self) -> impl Iterator<Item = u8> {
        let (sample, offset) = (self.sample.to_be_bytes(), self.offset.to_be_bytes());
        sample.into_iter().chain(offset).chain(self.frames.to_be_bytes())
    }
}

/// The metadata blocks of a file: type without the mark of the last, and body.
struct Blocks<'a> {
    rest: &'a [u8],
    ended: bool,
}

impl<'a> Blocks<'a> {
    fn of(file: &'a [u8]) -> Self {
        Self { rest: file.get(SIGNATURE.len()..).unwrap_or_default(), ended: false }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[kind, a, b, c], rest) = self.rest.split_first_chunk().filter(|_| !self.ended)?;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let (body, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        self.ended = kind & LAST != 0;
        Some((kind & !LAST, body))
    }
}

/// The length of the signature and the metadata blocks; that of all bytes if the blocks are cut off.
pub(crate) fn metadata_length(bytes: &[u8]) -> usize {
    let mut blocks = Blocks::of(bytes);
    blocks.by_ref().for_each(drop);
    if blocks.ended { bytes.len() - blocks.rest.len() } else { bytes.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let info = StreamInfoBlock {
            blocks: (4096, 4097),
            sizes: (14, 9000),
            rate: 96_000,
            channels: 8,
            bits: 24,
            frames: 0xF_1234_5678,
            md5: *b"0123456789abcdef",
        };
        let point = SeekPoint { sample: 4096, offset: 77_777, frames: 4096 };
        Head { info, points: vec![point, SeekPoint::PLACEHOLDER], serial: None }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let plain = Head { points: Vec::new(), ..head() };
        for head in [head(), plain] {
            let bytes = head.bytes();
            assert_eq!(Head::parse(&bytes), Some(head));
            let more = [bytes.as_slice(), &[0xFF, 0xF8, 1, 2]].concat();
            assert_eq!(metadata_length(&more), bytes.len());
        }
    }

    #[test]
    fn what_is_written_in_an_ogg_is_read_again() {
        let head = Head { points: Vec::new(), serial: Some(0x0102_0304), ..head() };
        assert_eq!(Head::parse(&head.bytes()), Some(head));
    }

    #[test]
    fn metadata_that_does_not_begin_with_the_streaminfo_is_not_read() {
        let mut bytes = head().bytes();
        bytes[4] = 1;
        assert_eq!(Head::parse(&bytes), None);
        assert_eq!(Head::parse(b"fLaC"), None);
        assert_eq!(metadata_length(&bytes[..60]), 60);
    }
}
