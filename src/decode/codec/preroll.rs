//! Decoder pre-roll: the packets to feed so that decoding can start in the middle of a stream and give
//! the same bits.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS};
use symphonia::core::packet::Packet;

use super::mpeg_header;

/// How far before it the main data of an MP3 frame may begin, in bytes: a count of 9 bits
/// (ISO/IEC 11172-3, 2.4.1.7), of 8 where the sample rate is low (ISO/IEC 13818-3, 2.4.1.7).
const RESERVOIR: usize = 511;
const LOW_RATE_RESERVOIR: usize = 255;

/// The packets that a decoder must have seen, for every bit of the next one to be as if it had seen
/// them all.
#[derive(Debug, Clone, Copy)]
pub(super) enum Preroll {
    /// So many. FLAC frames stand alone; a Vorbis packet overlaps with the one before.
    Packets(usize),
    /// So many bytes of main data of an MP3, and two frames: where all of a frame's main data is there,
    /// its spectrum is right; a frame later the overlap too; and behind that one the filter bank holds
    /// nothing older.
    MainData(usize),
}

impl Preroll {
    /// Of a codec at this sample rate in Hz, if it can be told.
    pub(super) fn of(codec: AudioCodecId, rate: u32) -> Option<Self> {
        match codec {
            CODEC_ID_FLAC => Some(Self::Packets(0)),
            CODEC_ID_VORBIS => Some(Self::Packets(1)),
            CODEC_ID_MP3 if rate < 32_000 => Some(Self::MainData(LOW_RATE_RESERVOIR)),
            CODEC_ID_MP3 => Some(Self::MainData(RESERVOIR)),
            _ => None,
        }
    }

    /// How many they are, of those that `backwards` gives: all before the next one, the last one first.
    pub(super) fn count<'a>(self, backwards: impl Iterator<Item = &'a Packet>) -> usize {
        let reservoir = match self {
            Self::Packets(count) => return count,
            Self::MainData(bytes) => bytes,
        };
        let mut main_data = 0;
        let far = backwards.skip(2).take_while(|packet| {
            let short = main_data < reservoir;
            // A frame has at least a byte of it, or is none.
            main_data += mpeg_header::main_data(&packet.data).max(1);
            short
        });
        2 + far.count()
    }
}
