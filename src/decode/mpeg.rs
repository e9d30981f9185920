//! What streams without a container need besides: MPEG audio (layers 1 to 3), ADTS, and FLAC of
//! undeclared length. Nothing around their frames says how long they are.
//!
//! An Xing or Info tag may count the frames of an MP3 and name the encoder's delay and padding,
//! which are dropped. Without a count, the bytes are accounted for: frames follow each other without
//! a gap, and symphonia, which looks for the next one behind any damage, must not have skipped any.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::packet::Packet;

use super::source::Transport;
use crate::block::Samples;
use crate::error::Error;

pub(super) fn is_mpeg(codec: AudioCodecId) -> bool {
    matches!(codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3)
}

/// Follows the packets of a stream without a container.
#[derive(Debug, Default)]
pub(super) struct Bare {
    kind: Kind,
    /// Whether a tag declares the number of frames.
    counted: bool,
    /// Bytes of an ID3v2 tag before the first frame.
    leading: u64,
    packets: u64,
    bytes: u64,
    last_packet: Vec<u8>,
    /// Whether padding has been dropped: then no packet may follow.
    ended: bool,
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
    pub(super) fn new(container: &str, counted: bool, leading: u64) -> Self {
        let kind = match container {
            "mp1" | "mp2" | "mp3" => Kind::Mpeg,
            "aac" => Kind::Adts,
            "flac" => Kind::Flac,
            _ => Kind::Contained,
        };
        Self { kind, counted, leading, ..Self::default() }
    }

    /// Applies a packet's trims to what was decoded from it.
    pub(super) fn follow(
        &mut self,
        packet: &Packet,
        channels: usize,
        samples: &mut Samples,
    ) -> Result<(), Error> {
        if self.kind != Kind::Contained && !self.counted {
            self.packets += 1;
            self.bytes += packet.data.len() as u64;
            self.last_packet.clear();
            self.last_packet.extend_from_slice(&packet.data);
        }
        if self.kind != Kind::Mpeg {
            return Ok(());
        }
        if self.ended {
            let what = "an MP3 with more frames than its tag counts (joined files?)".into();
            return Err(Error::Unsupported { what });
        }
        let count = |frames: u64| usize::try_from(frames).unwrap_or(usize::MAX) * channels;
        drop_front(samples, count(packet.trim_start.get()));
        // Without a count symphonia would trim everything.
        if self.counted && packet.trim_end.get() > 0 {
            drop_back(samples, count(packet.trim_end.get()));
            self.ended = true;
        }
        Ok(())
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
        Some(format!("{gap} bytes between its frames are no audio"))
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

/// How many bytes an ID3v2 tag takes that begins like this.
pub(super) fn id3_length(head: &[u8]) -> u64 {
    let [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = *head else { return 0 };
    let size = [a, b, c, d].iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    10 + size + footer
}

/// Removes `count` samples from the front.
pub(super) fn drop_front(samples: &mut Samples, count: usize) {
    match samples {
        Samples::U8(samples) => drop(samples.drain(..count.min(samples.len()))),
        Samples::I16(samples) => drop(samples.drain(..count.min(samples.len()))),
        Samples::I32(samples) => drop(samples.drain(..count.min(samples.len()))),
        Samples::F32(samples) => drop(samples.drain(..count.min(samples.len()))),
    }
}

/// Removes `count` samples from the back.
pub(super) fn drop_back(samples: &mut Samples, count: usize) {
    match samples {
        Samples::U8(samples) => samples.truncate(samples.len().saturating_sub(count)),
        Samples::I16(samples) => samples.truncate(samples.len().saturating_sub(count)),
        Samples::I32(samples) => samples.truncate(samples.len().saturating_sub(count)),
        Samples::F32(samples) => samples.truncate(samples.len().saturating_sub(count)),
    }
}
