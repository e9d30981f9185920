//! What streams without a container need besides: MPEG audio (layers 1 to 3), ADTS, and FLAC of
//! undeclared length. Nothing around their frames says how long they are.
//!
//! An Xing or Info tag may count the frames of an MP3 and name the encoder's delay and padding,
//! which are dropped; where more frames come than it counts, several files have been joined, and only
//! the first delay is. The bytes are accounted for: frames follow each other without a gap, and
//! symphonia, which looks for the next one behind any damage, must not have skipped any.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::packet::Packet;

use super::transport::Transport;
use crate::block::Samples;

pub(super) fn is_mpeg(codec: AudioCodecId) -> bool {
    matches!(codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3)
}

/// Follows the packets of a stream without a container.
#[derive(Debug, Default)]
pub(super) struct Bare {
    kind: Kind,
    /// The frames that a tag counts, delay and padding included.
    counted: Option<u64>,
    /// Frames so far, delay and padding included.
    coded: u64,
    /// Bytes of tags before the first frame of audio.
    leading: u64,
    packets: u64,
    bytes: u64,
    last_packet: Vec<u8>,
    /// Whether more frames have come than the tag counts.
    joined: bool,
    /// The padding that was dropped: it stays, if anything follows.
    padding: Vec<i16>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Contained,
    Mpeg,
    Adts,
    Flac,
}

impl Bare {
    pub(super) fn new(container: &str, counted: Option<u64>, leading: u64) -> Self {
        let kind = match container {
            "mp1" | "mp2" | "mp3" => Kind::Mpeg,
            "aac" => Kind::Adts,
            "flac" => Kind::Flac,
            _ => Kind::Contained,
        };
        Self { kind, counted, leading, ..Self::default() }
    }

    /// Applies a packet's trims to what was decoded from it.
    pub(super) fn follow(&mut self, packet: &Packet, channels: usize, samples: &mut Samples) {
        if self.kind != Kind::Contained {
            self.packets += 1;
            self.bytes += packet.data.len() as u64;
            self.last_packet.clear();
            self.last_packet.extend_from_slice(&packet.data);
        }
        let (Kind::Mpeg, Samples::I16(samples)) = (self.kind, samples) else { return };
        if self.counted.is_some_and(|counted| self.coded >= counted) {
            self.counted = None;
            self.joined = true;
            samples.splice(..0, self.padding.drain(..));
        }
        self.coded += (samples.len() / channels) as u64;
        let count = |frames: u64| {
            usize::try_from(frames)
                .unwrap_or(usize::MAX)
                .saturating_mul(channels)
                .min(samples.len())
        };
        let (start, end) = (count(packet.trim_start.get()), count(packet.trim_end.get()));
        // Without a count symphonia would trim everything.
        if self.counted.is_some() {
            self.padding.extend(samples.drain(samples.len() - end..));
        }
        samples.drain(..start.min(samples.len()));
    }

    /// The reason to believe that a frame was cut or skipped.
    pub(super) fn missing(&self, transport: &Transport) -> Option<String> {
        if self.last_packet.is_empty() {
            return None;
        }
        let tail = transport.tail();
        let length = self.last_packet.len();
        // Behind a long tag the last packet is out of sight.
        let at = tail.windows(length).rposition(|window| window == self.last_packet)?;
        let behind = &tail[at + length..];
        if self.is_sync(behind) {
            return Some("its last frame is not whole".into());
        }
        // ADTS headers, of 7 bytes or 9 with a checksum, are not in symphonia's packets.
        let is_header = |size: usize| at >= size && self.is_sync(&tail[at - size..]);
        let header: u64 = match self.kind {
            Kind::Flac | Kind::Contained => return None,
            Kind::Adts if is_header(9) && !is_header(7) => 9,
            Kind::Adts => 7,
            Kind::Mpeg => 0,
        };
        let known = self.leading + self.bytes + self.packets * header + behind.len() as u64;
        let gap = transport.received().checked_sub(known).filter(|&gap| gap > 0)?;
        let joined = if self.joined { " (joined files with a tag each?)" } else { "" };
        Some(format!("{gap} bytes between its frames are no audio{joined}"))
    }

    fn is_sync(&self, bytes: &[u8]) -> bool {
        let mask = if self.kind == Kind::Mpeg { 0xE0 } else { 0xF0 };
        match bytes {
            [0xFF] => true,
            [0xFF, second, ..] => second & mask == mask,
            _ => false,
        }
    }
}

/// The bytes of side information in a frame of layer 3, whose header has this fourth byte.
fn side_information(is_mpeg_1: bool, fourth: u8) -> usize {
    let mono = fourth >> 6 == 3;
    match (is_mpeg_1, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    }
}

/// The bytes of main data that a frame of layer 3 carries.
pub(super) fn main_data(frame: &[u8]) -> usize {
    let [_, second, _, fourth, ..] = *frame else { return 0 };
    let checksum = if second & 1 == 0 { 2 } else { 0 };
    frame.len().saturating_sub(4 + checksum + side_information(second >> 3 & 3 == 3, fourth))
}

/// How many bytes of a frame show whether it is a tag.
pub(super) const TAG_FRAME: u64 = 64;

/// The length of an Xing, Info or VBRI tag's frame in bytes, if `frame` is the beginning of one;
/// else 0.
pub(super) fn tag_frame(frame: &[u8]) -> u64 {
    let [0xFF, second, third, fourth, ..] = *frame else { return 0 };
    // Layer 3 only, of MPEG 1, 2 or 2.5.
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if version == 1 || layer != 1 {
        return 0;
    }
    let side = side_information(version == 3, fourth);
    let is = |at: usize, id: &[u8]| frame.get(at..at + 4) == Some(id);
    if !is(4 + side, b"Xing") && !is(4 + side, b"Info") && !is(36, b"VBRI") {
        return 0;
    }
    let (rates, kilobits) = (&[44_100, 48_000, 32_000], usize::from(third >> 4));
    let Some(rate) = rates.get(usize::from(third >> 2 & 3)) else { return 0 };
    let (rate, kilobits, factor) = match version {
        3 => (*rate, MPEG_1[kilobits], 144_000),
        2 => (rate / 2, MPEG_2[kilobits], 72_000),
        _ => (rate / 4, MPEG_2[kilobits], 72_000),
    };
    factor * kilobits / rate + u64::from(third >> 1 & 1)
}

/// Kilobits a second of layer 3, by the index in a frame's header.
const MPEG_1: [u64; 16] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const MPEG_2: [u64; 16] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];

/// How many bytes an ID3v2 tag takes that begins like this.
pub(super) fn id3_length(head: &[u8]) -> u64 {
    let [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = *head else { return 0 };
    let size = [a, b, c, d].iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    10 + size + footer
}
