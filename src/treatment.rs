//! Treatment: attenuation, silence or a tone inside the spans.
//!
//! In: a [`Block`], and the [`Spans`] of its recording. Out: the same block, treated. Outside the spans
//! and their fades not a bit changes. Errors: an invalid gain or tone, before the first block: when the
//! treatment is created, or for a tone that is too high when the sample rate is known.

use std::f64::consts::TAU;
use std::ops::Range;
use std::time::Duration;

use crate::block::{Block, SampleFormat, Samples, index_of};
use crate::error::Error;
use crate::span::{Span, SpanCursor, Spans, frame_at};

mod arithmetic;
use arithmetic::{ALaw, Arithmetic, Float32, Int8, Int16, Int24, Int32, MuLaw};

/// The default gain: 0.001, which is -60 dB.
pub const DEFAULT_GAIN: f64 = 0.001;

/// The default frequency of a tone in Hz: the bleep of broadcasters.
pub const DEFAULT_TONE_HZ: u32 = 1000;

/// Peak of a tone: 0.1 of full scale (-20 dBFS), about the level of speech on a telephone line.
pub(crate) const TONE_PEAK: f64 = 0.1;

#[derive(Debug, Clone, Copy, PartialEq)]
enum TreatmentKind {
    Attenuate(f64),
    Silence,
    Tone(u32),
}

/// What happens to the samples inside the spans. The default multiplies them by 0.001 (-60 dB).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Treatment {
    kind: TreatmentKind,
    fade: Duration,
}

impl Default for Treatment {
    fn default() -> Self {
        Self { kind: TreatmentKind::Attenuate(DEFAULT_GAIN), fade: Duration::ZERO }
    }
}

impl Treatment {
    /// Multiplies each sample by `gain`, from 0 to 1. A gain of 0 is [`Treatment::silence`].
    ///
    /// # Errors
    /// [`Error::Treatment`] for any other gain.
    pub fn attenuate(gain: f64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&gain) {
            return Err(Error::Treatment(format!("a gain is a number from 0 to 1, not {gain}")));
        }
        let kind =
            if gain == 0.0 { TreatmentKind::Silence } else { TreatmentKind::Attenuate(gain) };
        Ok(Self { kind, ..Self::default() })
    }

    /// Replaces the audio with digital silence. It cannot be recovered.
    pub fn silence() -> Self {
        Self { kind: TreatmentKind::Silence, ..Self::default() }
    }

    /// Replaces the audio with a sine of `hz` Hz with a peak of -20 dBFS. The audio cannot be recovered.
    ///
    /// # Errors
    /// [`Error::Treatment`] for 0 Hz. A tone that is too high for the sample rate is an error when the
    /// recording is redacted.
    pub fn tone(hz: u32) -> Result<Self, Error> {
        if hz == 0 {
            return Err(Error::Treatment("a tone has at least 1 Hz".into()));
        }
        Ok(Self { kind: TreatmentKind::Tone(hz), ..Self::default() })
    }

    /// The same treatment with fades of this length before and after each span. They change frames
    /// outside the windows; the gain inside stays the same.
    #[must_use]
    pub fn with_fade(mut self, fade: Duration) -> Self {
        self.fade = fade;
        self
    }

    /// Whether the original audio can be recovered from the output: true for every gain above 0.
    pub fn is_recoverable(&self) -> bool {
        matches!(self.kind, TreatmentKind::Attenuate(_))
    }

    /// Gain of the original audio inside a span; 0 for silence and tone.
    pub fn gain(&self) -> f64 {
        match self.kind {
            TreatmentKind::Attenuate(gain) => gain,
            TreatmentKind::Silence | TreatmentKind::Tone(_) => 0.0,
        }
    }

    /// Frequency in Hz, if the treatment is a tone.
    pub fn tone_hz(&self) -> Option<u32> {
        match self.kind {
            TreatmentKind::Tone(hz) => Some(hz),
            _ => None,
        }
    }

    /// `attenuate`, `silence` or `tone`.
    pub fn name(&self) -> &'static str {
        match self.kind {
            TreatmentKind::Attenuate(_) => "attenuate",
            TreatmentKind::Silence => "silence",
            TreatmentKind::Tone(_) => "tone",
        }
    }

    /// Length of the fades before and after each span.
    pub fn fade(&self) -> Duration {
        self.fade
    }
}

/// Applies a treatment to the blocks of one recording.
#[derive(Debug)]
pub(crate) struct Treater<'a> {
    treatment: Treatment,
    rate: u32,
    fade: u64,
    /// Bits of a sample, if they are fewer than the format has.
    bits: Option<u16>,
    /// The channel of each list of spans, and where the last block was in the list.
    cursors: Vec<(Option<usize>, SpanCursor<'a>)>,
}

impl<'a> Treater<'a> {
    /// # Errors
    /// [`Error::Treatment`] for a tone at or above half the sample rate.
    pub(crate) fn new(treatment: Treatment, spans: &'a Spans) -> Result<Self, Error> {
        let rate = spans.rate();
        if treatment.tone_hz().is_some_and(|hz| hz >= rate.div_ceil(2)) {
            return Err(Error::Treatment(format!(
                "a recording at {rate} Hz can only hold tones below {} Hz",
                rate.div_ceil(2)
            )));
        }
        let all = spans.channel_spans().iter();
        let cursors = all.map(|on| (on.channel, SpanCursor::new(&on.spans))).collect();
        Ok(Self { treatment, rate, fade: frame_at(treatment.fade, rate), bits: None, cursors })
    }

    /// The same, for samples with this number of bits where it is given: treated ones have no more.
    pub(crate) fn with_bits(self, bits: Option<u16>) -> Self {
        Self { bits, ..self }
    }

    /// Treats the next block. Blocks must come in order. Returns whether a span, or its fade, meets it.
    /// Of a block that is not decoded nothing more is known.
    pub(crate) fn apply(&mut self, block: &mut Block) -> bool {
        let (first, end) = (block.first(), block.end());
        let (channels, format) = (block.channels(), block.format());
        let mut is_met = false;
        for (channel, cursor) in &mut self.cursors {
            let spans = cursor.meeting(first..end, self.fade);
            if spans.is_empty() {
                continue;
            }
            is_met = true;
            if !block.is_decoded() {
                continue;
            }
            let work = Work {
                treatment: self.treatment,
                rate: self.rate,
                fade: self.fade,
                unused: self.bits.map_or(0, |bits| (format.bytes() * 8).saturating_sub(bits)),
                first,
                end,
                channels,
                channel: *channel,
                spans,
            };
            match (&mut block.samples, format) {
                (Samples::U8(samples), SampleFormat::ALaw) => work.run::<ALaw>(samples),
                (Samples::U8(samples), _) => work.run::<MuLaw>(samples),
                (Samples::I16(samples), SampleFormat::U8) => work.run::<Int8>(samples),
                (Samples::I16(samples), _) => work.run::<Int16>(samples),
                (Samples::I32(samples), SampleFormat::S24) => work.run::<Int24>(samples),
                (Samples::I32(samples), _) => work.run::<Int32>(samples),
                (Samples::F32(samples), _) => work.run::<Float32>(samples),
            }
        }
        is_met
    }
}

/// The part of one block that one list of spans applies to: the frames `first..end` of one channel, or
/// of all channels, and the spans near them.
struct Work<'a> {
    treatment: Treatment,
    rate: u32,
    fade: u64,
    /// The low bits that are 0 in treated samples.
    unused: u16,
    first: u64,
    end: u64,
    channels: usize,
    channel: Option<usize>,
    spans: &'a [Span],
}

impl Work<'_> {
    fn run<A: Arithmetic>(&self, samples: &mut [A::Sample]) {
        for &span in self.spans {
            self.treat::<A>(samples, span);
        }
        if self.fade > 0 {
            self.fade_between::<A>(samples);
        }
    }

    fn treat<A: Arithmetic>(&self, samples: &mut [A::Sample], span: Span) {
        let frames = self.clip(span.first..span.end);
        match self.treatment.kind {
            TreatmentKind::Silence => self.each(samples, frames, |sample| *sample = A::ZERO),
            TreatmentKind::Attenuate(gain) => {
                self.each(samples, frames, |sample| *sample = self.scale::<A>(*sample, gain));
            }
            TreatmentKind::Tone(hz) => self.each_frame(samples, frames, |frame, sample| {
                *sample = A::round(A::level(tone(hz, frame - span.first, self.rate)), self.unused);
            }),
        }
    }

    fn scale<A: Arithmetic>(&self, sample: A::Sample, gain: f64) -> A::Sample {
        A::round(A::scale(sample, gain), self.unused)
    }

    /// Fades before, between and after the spans: the gain falls linearly from 1 to that of the
    /// treatment before a span, and rises after it. Where two fades overlap, the nearer span decides,
    /// whose gain is the lower one.
    fn fade_between<A: Arithmetic>(&self, samples: &mut [A::Sample]) {
        for index in 0..=self.spans.len() {
            let before = index.checked_sub(1).map(|index| self.spans[index].end);
            let after = self.spans.get(index).map(|span| span.first);
            let from = before.or(after.map(|first| first.saturating_sub(self.fade)));
            let to = after.or(before.map(|end| end.saturating_add(self.fade)));
            let frames = self.clip(from.unwrap_or(0)..to.unwrap_or(0));
            self.each_frame(samples, frames, |frame, sample| {
                let left = before.map_or(u64::MAX, |end| frame - end + 1);
                let right = after.map_or(u64::MAX, |first| first - frame);
                let distance = left.min(right);
                if distance <= self.fade {
                    *sample = self.scale::<A>(*sample, self.fade_gain(distance));
                }
            });
        }
    }

    /// The gain at `distance` frames from a span, 1 being the frame next to it.
    #[expect(clippy::cast_precision_loss, reason = "frames of a fade are far below 2^52")]
    fn fade_gain(&self, distance: u64) -> f64 {
        let gain = self.treatment.gain();
        gain + (1.0 - gain) * distance as f64 / (self.fade + 1) as f64
    }

    /// The part of `frames` that is in this block, relative to the block's first frame.
    fn clip(&self, frames: Range<u64>) -> Range<usize> {
        let index = |frame: u64| index_of(frame.clamp(self.first, self.end) - self.first);
        let start = index(frames.start);
        start..index(frames.end).max(start)
    }

    /// Calls `f` with each sample of the channel in `frames`.
    fn each<T>(&self, samples: &mut [T], frames: Range<usize>, f: impl Fn(&mut T)) {
        let part = &mut samples[frames.start * self.channels..frames.end * self.channels];
        match self.channel {
            Some(channel) => part.iter_mut().skip(channel).step_by(self.channels).for_each(f),
            // All channels: consecutive samples, a loop that the compiler vectorises.
            None => part.iter_mut().for_each(f),
        }
    }

    /// Like [`Work::each`], also with the position of the frame in the recording.
    fn each_frame<T>(&self, samples: &mut [T], frames: Range<usize>, f: impl Fn(u64, &mut T)) {
        for index in frames {
            let frame = self.first + index as u64;
            self.each(samples, index..index + 1, |sample| f(frame, sample));
        }
    }
}

/// A sine with phase 0 at frame 0. The phase is computed from integers for each frame, so that it does
/// not drift and does not depend on the block boundaries.
fn tone(hz: u32, frame: u64, rate: u32) -> f64 {
    let turns = u128::from(hz) * u128::from(frame) % u128::from(rate);
    let part = u32::try_from(turns).unwrap_or(0);
    TONE_PEAK * (TAU * f64::from(part) / f64::from(rate)).sin()
}

#[cfg(test)]
mod tests;
