//! Samples that lie one after the other, without packets: WAV, AIFF and their like.
//!
//! In: a [`AudioData`], which ends where the audio ends, and what a frame looks like. Out: packets of whole
//! frames, or of whole ADPCM blocks.

use std::io::Read;
use std::sync::Arc;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::{Error as Symphonia, Result as SymphoniaResult};
use symphonia::core::formats::Track;
use symphonia::core::packet::{Packet, PacketBuilder};
use symphonia::core::units::{Duration, Timestamp};

use super::guard::{Container, DecodeTotals, Guard};
use crate::block::{Block, Samples};
use crate::decode::fault::Fault;
use crate::decode::input::{InputMonitor, Leftover};
use crate::error::Error;
use crate::span::time_of;

/// How many bytes a packet has, about.
const PACKET: usize = 64 * 1024;

/// The same of ADPCM, of which a byte becomes two frames.
const ADPCM_PACKET: usize = 16 * 1024;

/// What one block of samples is: a frame of PCM, or a block of ADPCM.
#[derive(Debug, Clone)]
pub(in crate::decode) struct PcmLayout {
    pub(in crate::decode) codec: AudioCodecId,
    /// In Hz.
    pub(in crate::decode) rate: u32,
    pub(in crate::decode) channels: u16,
    pub(in crate::decode) block_bytes: u64,
    /// 1 for PCM; 0 where the bytes do not tell, as in MPEG audio.
    pub(in crate::decode) block_frames: u64,
}

/// Cuts a [`AudioData`] into packets.
pub(in crate::decode) struct PcmReader {
    track: [Track; 1],
    body: Box<dyn Read + Send>,
    layout: PcmLayout,
    /// Frames in part of an ADPCM block, by its bytes.
    part: fn(&PcmLayout, u64) -> u64,
    frames: u64,
}

impl PcmReader {
    pub(super) fn new(layout: PcmLayout, body: impl Read + Send + 'static) -> Self {
        Self::with_parts(layout, body, |_, _| 0)
    }

    /// A reader of blocks, of which the last may be short.
    pub(super) fn with_parts(
        layout: PcmLayout,
        body: impl Read + Send + 'static,
        part: fn(&PcmLayout, u64) -> u64,
    ) -> Self {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(layout.codec)
            .with_sample_rate(layout.rate)
            .with_channels(Channels::Discrete(layout.channels));
        if layout.block_frames > 1 {
            let blocks = Self::blocks(&layout) as u64;
            params
                .with_frames_per_block(layout.block_frames)
                .with_max_frames_per_packet(layout.block_frames.saturating_mul(blocks));
        }
        let mut track = Track::new(0);
        track.with_codec_params(CodecParameters::Audio(params));
        Self { track: [track], body: Box::new(body), layout, part, frames: 0 }
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.track
    }

    /// How many blocks a packet has.
    fn blocks(layout: &PcmLayout) -> usize {
        let bytes = usize::try_from(layout.block_bytes).unwrap_or(usize::MAX).max(1);
        let packet = if layout.block_frames > 1 { ADPCM_PACKET } else { PACKET };
        (packet / bytes).max(1)
    }

    pub(super) fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        let block = usize::try_from(self.layout.block_bytes).unwrap_or(usize::MAX).max(1);
        let wanted = block.saturating_mul(Self::blocks(&self.layout));
        let mut bytes = Vec::with_capacity(wanted);
        let read = self.body.by_ref().take(wanted as u64).read_to_end(&mut bytes);
        read.map_err(Symphonia::IoError)?;
        let (whole, part) = (bytes.len() / block, bytes.len() % block);
        let in_part = (self.part)(&self.layout, part as u64);
        let mut frames = whole as u64 * self.layout.block_frames;
        let mut excess = 0;
        if in_part > 0 {
            // Only whole blocks decode: zeros fill it up, and what they become is taken away again.
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

/// The guard of these containers: their [`AudioData`] has seen to the rest.
pub(super) struct PcmGuard {
    pub(super) container: Container,
    /// Whether the lowest byte of every sample must be zero: 24 bits in four bytes are the upper
    /// ones, unless an old editor has put floats there under the same header.
    pub(super) upper_24: bool,
}

impl Guard for PcmGuard {
    fn container(&self) -> Container {
        self.container
    }

    fn decoded(&mut self, packet: &Packet, _: u64, _: u32, block: &mut Block) -> Result<(), Fault> {
        if self.upper_24 && !is_upper_24(block.samples()) {
            let what = "24-bit WAV whose 4-byte samples use all bits (floats?)";
            return Err(Fault::Unsupported(what.into()));
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

/// Looks at what follows the audio: gives what is passed over there.
type After<R> = Box<dyn FnOnce(&mut R) -> Result<Vec<Leftover>, Error> + Send>;

/// The audio of a recording, from its first byte to its last and no further.
pub(super) struct AudioData<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    /// Bytes still to come; `None` means up to the end of the source.
    left: Option<u64>,
    given: u64,
    layout: PcmLayout,
    /// Whether a last frame that is not whole is an error, where the size is not known.
    whole: bool,
    after: Option<After<R>>,
}

impl<R: Read> AudioData<R> {
    /// The next `bytes` of `inner`, or all. `after` looks at what follows those.
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

    /// The same body, whose last frame must be whole where its size is not known.
    pub(super) fn of_whole_frames(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Called where the audio ends or the source does.
    fn end(&mut self) -> Result<(), Error> {
        let Some(after) = self.after.take() else { return Ok(()) };
        let block = self.layout.block_bytes.max(1);
        let part = self.given % block;
        match self.left {
            Some(0) => self.monitor.left_out(after(&mut self.inner)?),
            Some(left) => {
                let declared = self.given + left;
                return Err(self.cut(format!("{} of {declared} bytes of audio", self.given)));
            }
            None if self.whole && part > 0 => {
                return Err(self.cut(format!("{part} of the {block} bytes of its last frame")));
            }
            None => {}
        }
        Ok(())
    }

    /// The error for audio of which only this is there.
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
        let room = self.left.map_or(buffer.len(), |left| {
            usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()))
        });
        let count = if room == 0 { 0 } else { self.inner.read(&mut buffer[..room])? };
        self.given += count as u64;
        if let Some(left) = &mut self.left {
            *left -= count as u64;
        }
        if count == 0
            && !buffer.is_empty()
            && let Err(error) = self.end()
        {
            return self.monitor.failed(error);
        }
        Ok(count)
    }
}
