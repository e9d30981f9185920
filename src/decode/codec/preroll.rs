//! Decoder pre-roll: the packets to feed so that decoding can start mid-stream bit-exactly.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS,
};
use symphonia::core::packet::Packet;

use super::mpeg_header;

/// Size of the MP3 bit reservoir in bytes: main data may begin this far before its frame. The field
/// main_data_begin has 9 bits (ISO/IEC 11172-3, 2.4.1.7), at low sample rates 8 (ISO/IEC 13818-3,
/// 2.4.1.7).
const RESERVOIR: usize = 511;
const LOW_RATE_RESERVOIR: usize = 255;

/// The packets that a decoder needs before the next one decodes exactly as in a whole stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Preroll {
    /// This number of packets. FLAC frames are independent; a Vorbis packet overlaps with the previous
    /// one. So does an AAC packet, which needs more: see `aac::noise`.
    Packets(usize),
    /// For MP3: packets with this many bytes of main data, and two more. With the main data complete,
    /// a frame's spectrum is exact; one frame later the overlap of the transform is exact too; after
    /// that frame the state of the filter bank is exact.
    MainData(usize),
}

impl Preroll {
    /// The pre-roll of a codec at this sample rate in Hz; `None` if it is not known.
    pub(super) fn of(codec: AudioCodecId, rate: u32) -> Option<Self> {
        match codec {
            CODEC_ID_FLAC => Some(Self::Packets(0)),
            CODEC_ID_VORBIS | CODEC_ID_AAC => Some(Self::Packets(1)),
            CODEC_ID_MP3 if rate < 32_000 => Some(Self::MainData(LOW_RATE_RESERVOIR)),
            CODEC_ID_MP3 => Some(Self::MainData(RESERVOIR)),
            _ => None,
        }
    }

    /// Number of pre-roll packets. `backwards` are the packets before the next one, last one first.
    pub(super) fn count<'a>(self, backwards: impl Iterator<Item = &'a Packet>) -> usize {
        let reservoir = match self {
            Self::Packets(count) => return count,
            Self::MainData(bytes) => bytes,
        };
        let mut main_data = 0;
        let far = backwards.skip(2).take_while(|packet| {
            let short = main_data < reservoir;
            // At least one, so that a damaged frame cannot extend the pre-roll without limit.
            main_data += mpeg_header::main_data(&packet.data).max(1);
            short
        });
        2 + far.count()
    }
}
