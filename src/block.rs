//! Blocks: decoded audio on its way from the decoder to the encoder.
//!
//! A [`Block`] holds consecutive interleaved frames in the sample format of the output, and the position
//! of the first one, so that later steps need not count frames. Where the output keeps the packets of the
//! recording, a block is one packet: its bytes, its frames, and its samples if anybody needs them. The caller passes the same block to the
//! decoder again and again, and the decoder refills it, so the loop does not allocate. A [`StreamInfo`]
//! describes what all blocks of a recording have in common.

use std::borrow::Cow;

mod format;

pub use format::SampleFormat;

/// Interleaved samples in the narrowest type that holds their format exactly.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Samples {
    /// [`SampleFormat::ALaw`] and [`SampleFormat::MuLaw`]: codes, not amplitudes.
    U8(Vec<u8>),
    /// [`SampleFormat::U8`] (minus 128) and [`SampleFormat::S16`].
    I16(Vec<i16>),
    /// [`SampleFormat::S24`] and [`SampleFormat::S32`].
    I32(Vec<i32>),
    /// [`SampleFormat::F32`].
    F32(Vec<f32>),
}

/// Evaluates an expression with the vector of any variant of [`Samples`].
macro_rules! each_format {
    ($samples:expr, $vec:ident => $do:expr) => {
        match $samples {
            Samples::U8($vec) => $do,
            Samples::I16($vec) => $do,
            Samples::I32($vec) => $do,
            Samples::F32($vec) => $do,
        }
    };
}

impl Samples {
    /// Moves the first `count` samples, or all, to the end of `to`, which has the same format.
    pub(crate) fn move_front(&mut self, count: usize, to: &mut Self) {
        let count = count.min(self.len());
        match (self, to) {
            (Self::U8(from), Self::U8(to)) => to.extend(from.drain(..count)),
            (Self::I16(from), Self::I16(to)) => to.extend(from.drain(..count)),
            (Self::I32(from), Self::I32(to)) => to.extend(from.drain(..count)),
            (Self::F32(from), Self::F32(to)) => to.extend(from.drain(..count)),
            _ => {}
        }
    }

    pub(crate) fn clear(&mut self) {
        each_format!(self, samples => samples.clear());
    }

    pub(crate) fn len(&self) -> usize {
        each_format!(self, samples => samples.len())
    }
}

/// Properties of a recording that are known before its first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The container's short name, such as `wave` or `ogg`.
    pub container: &'static str,
    /// The codec's short name, such as `pcm_s16le` or `mp3`.
    pub codec: &'static str,
    /// Sample rate in Hz.
    pub rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// Sample format of the output.
    pub format: SampleFormat,
    /// Bits of a sample, where they are fewer than `format` has: 12 or 20, for example. Treated samples
    /// have no more, so that a codec of that depth can hold them.
    pub bits: Option<u16>,
    /// Number of frames without codec delay, if the container declares it.
    pub frames: Option<u64>,
}

impl StreamInfo {
    /// What precision the output loses because its samples are narrower than those of the input; `None`
    /// if it loses none.
    pub fn loss(&self) -> Option<&'static str> {
        match self.codec {
            "pcm_s64le" | "pcm_s64be" => {
                Some("64-bit integers become 32-bit ones, without their lower half")
            }
            "pcm_f64le" | "pcm_f64be" => Some("64-bit floats are rounded to 32-bit ones"),
            _ => None,
        }
    }

    /// Bytes of one frame in the output.
    pub(crate) fn frame_bytes(&self) -> u64 {
        u64::from(self.format.bytes()) * u64::from(self.channels)
    }
}

/// Converts a count of frames that are in memory, which a `usize` can hold.
pub(crate) fn index_of(frames: u64) -> usize {
    usize::try_from(frames).unwrap_or(usize::MAX)
}

/// Bytes that are best copied at once. From 2 KiB on, glibc copies with an instruction (`rep movsb`) that
/// on AMD's Zen 3 takes ten times as long if the destination is not aligned.
pub(crate) const PIECE: usize = 1024;

/// Appends bytes, piece by piece.
pub(crate) fn append(to: &mut Vec<u8>, bytes: &[u8]) {
    bytes.chunks(PIECE).for_each(|piece| to.extend_from_slice(piece));
}

/// The integer nearest to `value`, ties to even, for values in the range of a 16-bit sample.
///
/// Near 1.5 · 2^23 an `f32` has no bits for a fraction, so the addition rounds, and the lowest bits of
/// the sum are the integer. The result is that of `round_ties_even`, which on baseline x86-64 is a
/// function call for each sample and is not vectorised.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lowest 16 bits are the integer")]
pub(crate) fn whole_16(value: f32) -> i16 {
    ((value + 12_582_912.0).to_bits() as u16).cast_signed()
}

/// Consecutive frames of one recording, with the position of the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    first: u64,
    channels: usize,
    format: SampleFormat,
    pub(crate) samples: Samples,
    /// The packet of the recording that holds these frames, where the output keeps packets.
    packet: Option<Box<[u8]>>,
    /// Frames of the packet, if it was not decoded.
    undecoded: usize,
}

impl Block {
    /// An empty block at position 0. 0 channels count as 1.
    pub fn new(format: SampleFormat, channels: u16) -> Self {
        let samples = match format {
            SampleFormat::ALaw | SampleFormat::MuLaw => Samples::U8(Vec::new()),
            SampleFormat::U8 | SampleFormat::S16 => Samples::I16(Vec::new()),
            SampleFormat::S24 | SampleFormat::S32 => Samples::I32(Vec::new()),
            SampleFormat::F32 => Samples::F32(Vec::new()),
        };
        let channels = usize::from(channels.max(1));
        Self { first: 0, channels, format, samples, packet: None, undecoded: 0 }
    }

    /// Position of the first frame, by the recording's clock. If gaps are closed, a block may begin
    /// later than the previous one ends.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// One past the position of the last frame.
    pub fn end(&self) -> u64 {
        self.first + self.frames() as u64
    }

    /// Number of frames: instants over all channels.
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels + self.undecoded
    }

    /// The packet that holds these frames, where the output keeps packets.
    pub(crate) fn packet(&self) -> Option<&[u8]> {
        self.packet.as_deref()
    }

    /// Whether the samples are there. Those of a packet that is kept as it is may not be.
    pub(crate) fn is_decoded(&self) -> bool {
        self.undecoded == 0
    }

    /// Keeps the packet with its frames.
    pub(crate) fn keep_packet(&mut self, packet: Box<[u8]>) {
        self.packet = Some(packet);
    }

    /// Makes an empty block stand for this number of frames, whose samples are not needed.
    pub(crate) fn leave_undecoded(&mut self, frames: u64) {
        self.undecoded = index_of(frames);
    }

    /// Number of interleaved channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Sample format.
    pub fn format(&self) -> SampleFormat {
        self.format
    }

    /// The samples, interleaved: frame `n`, channel `c` is at `n * channels + c`.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The number of bytes of the samples in a WAV.
    pub(crate) fn stored_len(&self) -> u64 {
        self.samples.len() as u64 * u64::from(self.format.bytes())
    }

    /// The samples as WAV bytes: interleaved, little-endian, 8-bit samples unsigned.
    pub(crate) fn stored(&self) -> Cow<'_, [u8]> {
        let little = cfg!(target_endian = "little");
        match (&self.samples, self.format) {
            (Samples::U8(codes), _) => Cow::Borrowed(codes),
            (Samples::I16(all), SampleFormat::U8) => {
                // The values fit the lowest byte; flipping its highest bit adds 128.
                all.iter().map(|sample| sample.to_le_bytes()[0] ^ 0x80).collect()
            }
            (Samples::I32(all), SampleFormat::S24) => {
                let mut bytes = vec![0; all.len() * 3];
                let places = bytes.as_chunks_mut::<3>().0.iter_mut();
                places.zip(all).for_each(|(to, sample)| {
                    let [a, b, c, _] = sample.to_le_bytes();
                    *to = [a, b, c];
                });
                Cow::Owned(bytes)
            }
            // Memory and file have the same layout.
            (Samples::I16(all), _) if little => Cow::Borrowed(bytemuck::cast_slice(all)),
            (Samples::I32(all), _) if little => Cow::Borrowed(bytemuck::cast_slice(all)),
            (Samples::F32(all), _) if little => Cow::Borrowed(bytemuck::cast_slice(all)),
            (all, _) => {
                each_format!(all, all => all.iter().flat_map(|sample| sample.to_le_bytes()).collect())
            }
        }
    }

    /// Appends `frames` frames of silence.
    pub(crate) fn add_silence(&mut self, frames: usize) {
        let length = self.samples.len() + frames * self.channels;
        match &mut self.samples {
            // G.711 codes for the smallest amplitude: `Law::silence`, which this room may not use.
            Samples::U8(all) if self.format == SampleFormat::ALaw => all.resize(length, 0xD5),
            Samples::U8(all) => all.resize(length, 0xFF),
            Samples::I16(all) => all.resize(length, 0),
            Samples::I32(all) => all.resize(length, 0),
            Samples::F32(all) => all.resize(length, 0.0),
        }
    }

    /// Replaces the frames of one channel by those of a mono block from frame `skip` on. It must have the
    /// same format, and as many frames as there are.
    pub(crate) fn set_channel(&mut self, channel: usize, mono: &Self, skip: usize) {
        fn set<T: Copy>(to: &mut [T], (channel, channels): (usize, usize), from: &[T]) {
            let places = to.iter_mut().skip(channel).step_by(channels);
            places.zip(from).for_each(|(to, from)| *to = *from);
        }
        let place = (channel, self.channels);
        match (&mut self.samples, &mono.samples) {
            (Samples::U8(to), Samples::U8(from)) => set(to, place, &from[skip..]),
            (Samples::I16(to), Samples::I16(from)) => set(to, place, &from[skip..]),
            (Samples::I32(to), Samples::I32(from)) => set(to, place, &from[skip..]),
            (Samples::F32(to), Samples::F32(from)) => set(to, place, &from[skip..]),
            _ => {}
        }
    }

    /// Drops the first `frames` frames, or all if there are fewer, and returns how many were dropped.
    pub(crate) fn drop_front(&mut self, frames: u64) -> u64 {
        let count = self.clip(frames);
        if self.undecoded > 0 {
            self.undecoded -= count;
            return count as u64;
        }
        let samples = count * self.channels;
        each_format!(&mut self.samples, all => drop(all.drain(..samples)));
        count as u64
    }

    /// Drops the last `frames` frames, or all if there are fewer.
    pub(crate) fn drop_back(&mut self, frames: u64) {
        let kept = (self.frames() - self.clip(frames)) * self.channels;
        each_format!(&mut self.samples, all => all.truncate(kept));
    }

    /// `frames`, or the number of frames in the block if that is smaller.
    fn clip(&self, frames: u64) -> usize {
        index_of(frames).min(self.frames())
    }

    /// Empties the block, keeps its buffer, and sets its position to `first`.
    pub(crate) fn restart(&mut self, first: u64) {
        self.first = first;
        self.samples.clear();
        self.packet = None;
        self.undecoded = 0;
    }
}
