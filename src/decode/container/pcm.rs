//! Interleaved PCM without packets: the audio of WAV, W64, AIFF, AU, CAF, MP4 and headerless files.
//!
//! In: [`AudioData`], which ends where the audio ends, and its [`PcmLayout`]. Out: packets of whole
//! frames, or of whole ADPCM blocks. What can go wrong: fewer bytes than the header declares, or
//! bytes after the audio that may be audio too.

use std::io::Read;
use std::sync::Arc;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::formats::Track;
use symphonia::core::packet::{Packet, PacketBuilder};
use symphonia::core::units::{Duration, Timestamp};

use super::bytes::ByteOrder;
use super::error::unsupported;
use super::guard::{DecodeTotals, Guard};
use super::reader::{Opened, PacketReader};
use crate::block::{Block, Samples, index_of};
use crate::decode::codec::pcm_width;
use crate::decode::fault::PacketFault;
use crate::decode::input::{InputMonitor, Leftover};
use crate::error::Error;
use crate::span::time_of;

/// Approximate size of a PCM packet, in bytes.
const PACKET: usize = 64 * 1024;

/// Approximate size of an ADPCM packet, in bytes. One byte decodes to two frames.
const ADPCM_PACKET: usize = 16 * 1024;

/// How samples are stored. A block is one frame of PCM, or one block of ADPCM.
#[derive(Debug, Clone)]
pub(in crate::decode) struct PcmLayout {
    pub(in crate::decode) codec: AudioCodecId,
    /// In Hz.
    pub(in crate::decode) rate: u32,
    pub(in crate::decode) channels: u16,
    pub(in crate::decode) block_bytes: u64,
    /// 1 for PCM; 0 where the number of bytes does not tell, as in MPEG audio.
    pub(in crate::decode) block_frames: u64,
    /// Whether the lowest byte of every sample must be zero: 24 bits in 4 bytes are the upper 24,
    /// but old editors have written floats under the same header.
    pub(in crate::decode) upper_24: bool,
}

impl PcmLayout {
    /// Interleaved samples of a PCM codec, one frame per block.
    pub(super) fn interleaved(codec: AudioCodecId, rate: u32, channels: u16) -> Self {
        let width = pcm_width(codec).unwrap_or(1) as u64;
        let block_bytes = width * u64::from(channels);
        Self { codec, rate, channels, block_bytes, block_frames: 1, upper_24: false }
    }

    /// The track that symphonia's types describe this by.
    pub(super) fn track(&self, id: u32) -> Track {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(self.codec)
            .with_sample_rate(self.rate)
            .with_channels(Channels::Discrete(self.channels));
        if self.block_frames > 1 {
            let frames = self.block_frames.saturating_mul(self.packet_blocks() as u64);
            params.with_frames_per_block(self.block_frames).with_max_frames_per_packet(frames);
        }
        let mut track = Track::new(id);
        track.with_codec_params(CodecParameters::Audio(params));
        track
    }

    /// Bytes of a block, at least 1.
    fn block(&self) -> usize {
        index_of(self.block_bytes).max(1)
    }

    /// Blocks of a packet, at least 1.
    fn packet_blocks(&self) -> usize {
        let packet = if self.block_frames > 1 { ADPCM_PACKET } else { PACKET };
        (packet / self.block()).max(1)
    }
}

/// The codec of signed integer samples.
pub(super) fn integer_codec(bits: u32, order: ByteOrder) -> Option<AudioCodecId> {
    Some(match (bits, order) {
        (8, _) => CODEC_ID_PCM_S8,
        (16, ByteOrder::Little) => CODEC_ID_PCM_S16LE,
        (16, ByteOrder::Big) => CODEC_ID_PCM_S16BE,
        (24, ByteOrder::Little) => CODEC_ID_PCM_S24LE,
        (24, ByteOrder::Big) => CODEC_ID_PCM_S24BE,
        (32, ByteOrder::Little) => CODEC_ID_PCM_S32LE,
        (32, ByteOrder::Big) => CODEC_ID_PCM_S32BE,
        _ => return None,
    })
}

/// The codec of floating-point samples.
pub(super) fn float_codec(bits: u32, order: ByteOrder) -> Option<AudioCodecId> {
    Some(match (bits, order) {
        (32, ByteOrder::Little) => CODEC_ID_PCM_F32LE,
        (32, ByteOrder::Big) => CODEC_ID_PCM_F32BE,
        (64, ByteOrder::Little) => CODEC_ID_PCM_F64LE,
        (64, ByteOrder::Big) => CODEC_ID_PCM_F64BE,
        _ => return None,
    })
}

/// Cuts [`AudioData`] into packets.
pub(in crate::decode) struct PcmReader {
    track: [Track; 1],
    data: Box<dyn Read + Send>,
    layout: PcmLayout,
    /// Frames so far.
    frames: u64,
}

impl PcmReader {
    pub(super) fn new(layout: PcmLayout, data: impl Read + Send + 'static) -> Self {
        Self { track: [layout.track(0)], data: Box::new(data), layout, frames: 0 }
    }
}

impl PacketReader for PcmReader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn packet(&mut self) -> Result<Option<Packet>, PacketFault> {
        let block = self.layout.block();
        let wanted = block.saturating_mul(self.layout.packet_blocks());
        let mut bytes = vec![0; wanted];
        let mut read = 0;
        while read < wanted {
            match self.data.read(&mut bytes[read..]).map_err(Error::Read)? {
                0 => break,
                more => read += more,
            }
        }
        bytes.truncate(read);
        let (whole, part) = (bytes.len() / block, bytes.len() % block);
        let in_part = self.layout.adpcm_frames(part as u64);
        let mut frames = whole as u64 * self.layout.block_frames;
        let mut excess = 0;
        if in_part > 0 {
            // Only complete blocks decode: pad the last one with zeros and trim what they become.
            bytes.resize((whole + 1) * block, 0);
            frames += self.layout.block_frames;
            excess = self.layout.block_frames - in_part;
        } else {
            bytes.truncate(whole * block);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first = Timestamp::new(i64::try_from(self.frames).unwrap_or(i64::MAX));
        self.frames += frames;
        let packet = PacketBuilder::new()
            .track_id(0)
            .pts(first)
            .dur(Duration::new(frames - excess))
            .trim_end(Duration::new(excess))
            .data(bytes);
        Ok(Some(packet.build()))
    }
}

impl Opened {
    /// PCM of this layout, from the first byte of `data` to the last. `frames`: their number, where
    /// the header declares it.
    pub(super) fn pcm(
        layout: PcmLayout,
        data: impl Read + Send + 'static,
        frames: Option<u64>,
    ) -> Self {
        let guard = PcmGuard { frames, upper_24: layout.upper_24 };
        Self::new(PcmReader::new(layout, data), guard)
    }
}

/// The guard of these containers. [`AudioData`] checks the length and what follows the audio.
struct PcmGuard {
    frames: Option<u64>,
    upper_24: bool,
}

impl Guard for PcmGuard {
    fn declared(&self, _: &Track, _: u32) -> Option<u64> {
        self.frames
    }

    fn decoded(&mut self, packet: &Packet, _: u32, block: &mut Block) -> Result<(), PacketFault> {
        if self.upper_24 && !is_upper_24(block.samples()) {
            let what = "24-bit WAV with 4-byte samples that use all 32 bits (floats?)";
            return Err(unsupported(what).into());
        }
        block.drop_back(packet.trim_end.get());
        Ok(())
    }

    fn verdict(&mut self, _: &DecodeTotals) -> Result<(), Error> {
        Ok(())
    }
}

/// Whether the lowest byte of every sample is zero.
fn is_upper_24(samples: &Samples) -> bool {
    !matches!(samples, Samples::I32(samples) if samples.iter().any(|sample| sample & 0xFF != 0))
}

/// Checks what follows the audio. Returns what is skipped there.
type After<R> = Box<dyn FnOnce(&mut R) -> Result<Vec<Leftover>, Error> + Send>;

/// The bytes of the audio, from the first to the last and no further.
pub(super) struct AudioData<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    /// Bytes that are left; `None`: up to the end of the source.
    left: Option<u64>,
    /// Bytes so far.
    given: u64,
    layout: PcmLayout,
    /// Whether an incomplete last frame is an error where the size is unknown.
    whole: bool,
    after: Option<After<R>>,
}

impl<R: Read> AudioData<R> {
    /// The next `bytes` bytes of `inner`, or all. `after` checks what follows them.
    pub(super) fn new(
        inner: R,
        bytes: Option<u64>,
        layout: &PcmLayout,
        monitor: &Arc<InputMonitor>,
        after: impl FnOnce(&mut R) -> Result<Vec<Leftover>, Error> + Send + 'static,
    ) -> Self {
        let (monitor, layout) = (Arc::clone(monitor), layout.clone());
        let after: Option<After<R>> = Some(Box::new(after));
        Self { inner, monitor, left: bytes, given: 0, layout, whole: false, after }
    }

    /// The same data, where an incomplete last frame is an error if the size is unknown.
    pub(super) fn of_whole_frames(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Checks the end of the audio, or of the source.
    fn end(&mut self) -> Result<(), Error> {
        let Some(after) = self.after.take() else { return Ok(()) };
        let block = self.layout.block_bytes.max(1);
        let part = self.given % block;
        match self.left {
            // All declared bytes came. Now what follows them must not be audio.
            Some(0) => self.monitor.left_out(after(&mut self.inner)?),
            Some(left) => {
                let declared = self.given + left;
                return Err(self.cut(format!("{} of {declared} bytes of audio", self.given)));
            }
            // Without a declared size, half a frame at the end is the only sign of a cut.
            None if self.whole && part > 0 => {
                return Err(self.cut(format!("{part} of the {block} bytes of its last frame")));
            }
            None => {}
        }
        Ok(())
    }

    /// The error for audio that is cut off. `there`: how much of it there is.
    fn cut(&self, there: String) -> Error {
        let PcmLayout { rate, block_bytes, block_frames, .. } = self.layout;
        let frames = self.given / block_bytes.max(1) * block_frames;
        let reason = format!("{there} are there");
        if block_frames == 0 {
            let container = "recording".into();
            return Error::Container { container, reason: format!("it is cut off: {reason}") };
        }
        Error::Truncated { frames, time: time_of(frames, rate), reason }
    }
}

impl<R: Read> Read for AudioData<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = self.left.map_or(buffer.len(), |left| index_of(left).min(buffer.len()));
        let count = if room == 0 { 0 } else { self.inner.read(&mut buffer[..room])? };
        self.given += count as u64;
        if let Some(left) = &mut self.left {
            *left -= count as u64;
        }
        if count == 0
            && !buffer.is_empty()
            && let Err(error) = self.end()
        {
            return self.monitor.fail_read(error);
        }
        Ok(count)
    }
}
