//! What MPEG audio (layers 1 to 3) and ADTS need besides: they have no frame around them that says
//! how long they are.
//!
//! An Xing or Info tag may count the frames and name the encoder's delay and padding. The delay is
//! dropped. The padding is held back, and let go where it turns out not to be the end: the tag was
//! wrong, or files were joined.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::packet::Packet;

use super::source::Transport;
use crate::block::Samples;

pub(super) fn is_mpeg(codec: AudioCodecId) -> bool {
    matches!(codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3)
}

/// Padding that was held back, and what is needed to recognise a last frame that was cut.
#[derive(Debug, Default)]
pub(super) struct Held {
    trims: bool,
    watches_tail: bool,
    padding: Option<Samples>,
    last_packet: Vec<u8>,
}

impl Held {
    /// `counted` says whether a tag declares the number of frames.
    pub(super) fn new(container: &str, counted: bool) -> Self {
        let mpeg = matches!(container, "mp1" | "mp2" | "mp3");
        Self {
            trims: mpeg,
            watches_tail: (mpeg && !counted) || container == "aac",
            ..Self::default()
        }
    }

    /// Applies a packet's trims to what was decoded from it.
    pub(super) fn trim(&mut self, packet: &Packet, channels: usize, samples: &mut Samples) {
        if self.watches_tail {
            self.last_packet.clear();
            self.last_packet.extend_from_slice(&packet.data);
        }
        if !self.trims {
            return;
        }
        let count = |frames: u64| usize::try_from(frames).unwrap_or(usize::MAX) * channels;
        drop_front(samples, count(packet.trim_start.get()));
        if let Some(mut padding) = self.padding.take() {
            // It was not the end after all.
            append(&mut padding, samples);
            *samples = padding;
            self.trims = false;
            return;
        }
        if packet.trim_end.get() > 0 {
            self.padding = Some(split_back(samples, count(packet.trim_end.get())));
        }
    }

    /// The reason to believe that the last frame was cut: what follows the last packet begins
    /// like another.
    pub(super) fn cut_frame(&self, transport: &Transport) -> Option<&'static str> {
        if self.last_packet.is_empty() {
            return None;
        }
        let tail = transport.tail();
        let length = self.last_packet.len();
        let at = tail.windows(length).rposition(|window| window == self.last_packet)?;
        let sync = |rest: &[u8]| match rest {
            [0xFF] => true,
            [0xFF, second, ..] => second & 0xE0 == 0xE0,
            _ => false,
        };
        sync(&tail[at + length..]).then_some("its last frame is not whole")
    }
}

/// Removes `count` samples from the front.
pub(super) fn drop_front(samples: &mut Samples, count: usize) {
    match samples {
        Samples::I16(samples) => drop(samples.drain(..count.min(samples.len()))),
        Samples::I32(samples) => drop(samples.drain(..count.min(samples.len()))),
        Samples::F32(samples) => drop(samples.drain(..count.min(samples.len()))),
    }
}

/// Takes `count` samples off the back.
fn split_back(samples: &mut Samples, count: usize) -> Samples {
    match samples {
        Samples::I16(s) => Samples::I16(s.split_off(s.len().saturating_sub(count))),
        Samples::I32(s) => Samples::I32(s.split_off(s.len().saturating_sub(count))),
        Samples::F32(s) => Samples::F32(s.split_off(s.len().saturating_sub(count))),
    }
}

fn append(to: &mut Samples, from: &mut Samples) {
    match (to, from) {
        (Samples::I16(to), Samples::I16(from)) => to.append(from),
        (Samples::I32(to), Samples::I32(from)) => to.append(from),
        (Samples::F32(to), Samples::F32(from)) => to.append(from),
        _ => unreachable!("blocks of one recording have one type"),
    }
}
