//! Blocks: the only currency of the audio half.
//!
//! A [`Block`] holds consecutive frames, interleaved, in their own width, and knows the position of
//! its first frame, so that nobody after the decoder has to count. The buffer is handed in and
//! refilled: the loop over a recording does not allocate. A [`StreamInfo`] says what the blocks of
//! one recording have in common.

use std::borrow::Cow;
use std::fmt;

/// How one sample is stored in a recording and in the WAV made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleFormat {
    /// Unsigned 8-bit integers; in memory as -128 to 127.
    U8,
    /// Signed 16-bit integers; also what ADPCM and lossy codecs become, and A-law and µ-law
    /// unless they are kept.
    S16,
    /// Signed 24-bit integers.
    S24,
    /// Signed 32-bit integers.
    S32,
    /// 32-bit floats, full scale at ±1.
    F32,
    /// A-law codes, where they are kept.
    ALaw,
    /// µ-law codes, where they are kept.
    MuLaw,
}

impl SampleFormat {
    /// Whether samples are codes of A-law or µ-law.
    pub(crate) fn is_g711(self) -> bool {
        matches!(self, Self::ALaw | Self::MuLaw)
    }

    /// Bytes that one sample takes in a WAV file.
    pub fn bytes(self) -> u16 {
        match self {
            Self::U8 | Self::ALaw | Self::MuLaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::S24 => "s24",
            Self::S32 => "s32",
            Self::F32 => "f32",
            Self::ALaw => "alaw",
            Self::MuLaw => "mulaw",
        })
    }
}

/// Interleaved samples in the narrowest type that holds their format exactly.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Samples {
    /// [`SampleFormat::ALaw`] and [`SampleFormat::MuLaw`]: codes, not amplitudes.
    U8(Vec<u8>),
    /// [`SampleFormat::U8`] (less 128) and [`SampleFormat::S16`].
    I16(Vec<i16>),
    /// [`SampleFormat::S24`] and [`SampleFormat::S32`].
    I32(Vec<i32>),
    /// [`SampleFormat::F32`].
    F32(Vec<f32>),
}

impl Samples {
    /// Moves the first `count` samples, or all, to the end of `to`, which is of the same format.
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
        match self {
            Self::U8(samples) => samples.clear(),
            Self::I16(samples) => samples.clear(),
            Self::I32(samples) => samples.clear(),
            Self::F32(samples) => samples.clear(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::I16(samples) => samples.len(),
            Self::I32(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }
}

/// What is known of a recording before its first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The container's short name, such as `wave` or `ogg`.
    pub container: &'static str,
    /// The codec's short name, such as `pcm_s16le` or `mp3`.
    pub codec: &'static str,
    /// Frames a second, in Hz.
    pub rate: u32,
    /// How many channels there are.
    pub channels: u16,
    /// How samples are stored in the output.
    pub format: SampleFormat,
    /// The number of frames, where the container declares it.
    pub frames: Option<u64>,
}

impl StreamInfo {
    /// What the output holds less of than the recording, in words, where its samples are narrower.
    pub fn loss(&self) -> Option<&'static str> {
        match self.codec {
            "pcm_s64le" | "pcm_s64be" => {
                Some("64-bit integers become 32-bit ones, without their lower half")
            }
            "pcm_f64le" | "pcm_f64be" => Some("64-bit floats are rounded to 32-bit ones"),
            _ => None,
        }
    }

    /// Bytes that one frame takes in the output.
    pub(crate) fn frame_bytes(&self) -> u64 {
        u64::from(self.format.bytes()) * u64::from(self.channels)
    }
}

/// A count of frames within a block, whose length is a `usize`, or within a recording in memory.
pub(crate) fn index_of(frames: u64) -> usize {
    usize::try_from(frames).unwrap_or(usize::MAX)
}

/// The whole number nearest to `value`, ties to even, for values that a 16-bit sample can hold.
///
/// Adding 1.5 · 2^23 leaves no room for a fraction, so the addition itself rounds, and the number
/// lies in the lowest bits of the sum. This is as exact as `round_ties_even`, which on plain x86-64
/// is a call for each sample and cannot be vectorised.
#[expect(clippy::cast_possible_truncation, reason = "the lowest 16 bits are the number")]
pub(crate) fn whole_16(value: f32) -> i16 {
    ((value + 12_582_912.0).to_bits() as u16).cast_signed()
}

/// Consecutive frames of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    first: u64,
    channels: usize,
    format: SampleFormat,
    pub(crate) samples: Samples,
}

impl Block {
    /// An empty block at frame 0.
    pub fn new(format: SampleFormat, channels: u16) -> Self {
        let samples = match format {
            SampleFormat::ALaw | SampleFormat::MuLaw => Samples::U8(Vec::new()),
            SampleFormat::U8 | SampleFormat::S16 => Samples::I16(Vec::new()),
            SampleFormat::S24 | SampleFormat::S32 => Samples::I32(Vec::new()),
            SampleFormat::F32 => Samples::F32(Vec::new()),
        };
        Self { first: 0, channels: usize::from(channels.max(1)), format, samples }
    }

    /// The position of the first frame, by the clock of the recording. Where gaps are closed, a block
    /// may begin later than the one before it ends.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// One past the position of the last frame, by the same clock.
    pub fn end(&self) -> u64 {
        self.first + self.frames() as u64
    }

    /// How many frames there are: instants over all channels.
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }

    /// How many channels are interleaved.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// How a sample is stored.
    pub fn format(&self) -> SampleFormat {
        self.format
    }

    /// The samples, interleaved: frame `n`, channel `c` is at `n * channels + c`.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples as a WAV stores them: interleaved, little-endian, 8 bits unsigned.
    pub(crate) fn stored(&self) -> Cow<'_, [u8]> {
        let little = cfg!(target_endian = "little");
        match (&self.samples, self.format) {
            (Samples::U8(codes), _) => Cow::Borrowed(codes),
            (Samples::I16(all), SampleFormat::U8) => {
                // From -128 to 127, so the lowest byte is all there is; turning its highest bit adds 128.
                all.iter().map(|sample| sample.to_le_bytes()[0] ^ 0x80).collect()
            }
            (Samples::I32(all), SampleFormat::S24) => {
                all.iter().flat_map(|sample| sample.to_le_bytes().into_iter().take(3)).collect()
            }
            // In memory they lie as in the file.
            (Samples::I16(all), _) if little => Cow::Borrowed(bytemuck::cast_slice(all)),
            (Samples::I32(all), _) if little => Cow::Borrowed(bytemuck::cast_slice(all)),
            (Samples::F32(all), _) if little => Cow::Borrowed(bytemuck::cast_slice(all)),
            (Samples::I16(all), _) => all.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            (Samples::I32(all), _) => all.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            (Samples::F32(all), _) => all.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        }
    }

    /// Appends so many frames of silence.
    pub(crate) fn add_silence(&mut self, frames: usize) {
        let length = self.samples.len() + frames * self.channels;
        match &mut self.samples {
            // The codes nearest to 0; A-law has none for it.
            Samples::U8(all) if self.format == SampleFormat::ALaw => all.resize(length, 0xD5),
            Samples::U8(all) => all.resize(length, 0xFF),
            Samples::I16(all) => all.resize(length, 0),
            Samples::I32(all) => all.resize(length, 0),
            Samples::F32(all) => all.resize(length, 0.0),
        }
    }

    /// Drops the first `frames` frames, or all; those behind move up. Gives how many there were.
    pub(crate) fn drop_front(&mut self, frames: u64) -> u64 {
        let count = self.clip(frames);
        let samples = count * self.channels;
        match &mut self.samples {
            Samples::U8(all) => drop(all.drain(..samples)),
            Samples::I16(all) => drop(all.drain(..samples)),
            Samples::I32(all) => drop(all.drain(..samples)),
            Samples::F32(all) => drop(all.drain(..samples)),
        }
        count as u64
    }

    /// Drops the last `frames` frames, or all.
    pub(crate) fn drop_back(&mut self, frames: u64) {
        let kept = (self.frames() - self.clip(frames)) * self.channels;
        match &mut self.samples {
            Samples::U8(all) => all.truncate(kept),
            Samples::I16(all) => all.truncate(kept),
            Samples::I32(all) => all.truncate(kept),
            Samples::F32(all) => all.truncate(kept),
        }
    }

    /// So many frames, and no more than there are.
    fn clip(&self, frames: u64) -> usize {
        index_of(frames).min(self.frames())
    }

    /// Empties the block, keeping its buffer, and moves it to `first`.
    pub(crate) fn restart(&mut self, first: u64) {
        self.first = first;
        self.samples.clear();
    }
}
