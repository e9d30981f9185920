//! Treatment: what happens inside a span.
//!
//! In: a [`Block`], and the [`Spans`] of its recording. Out: the same block, treated. Outside the
//! spans not a bit changes, unless a fade was asked for. Nothing can go wrong here: gains and tones
//! are checked when they are made.

use std::f64::consts::TAU;
use std::ops::Range;
use std::time::Duration;

use crate::block::{Block, SampleFormat, Samples, index_of};
use crate::error::Error;
use crate::span::{ChannelSpans, Span, SpanCursor, Spans, frame_at};

mod arithmetic;

use arithmetic::{ALaw, Arithmetic, Float32, Int8, Int16, Int24, Int32, MuLaw};

/// The default gain: 0.001, which is -60 dB.
pub const DEFAULT_GAIN: f64 = 0.001;

/// The default frequency of a tone, in Hz: what broadcasters use to cover a word.
pub const DEFAULT_TONE_HZ: u32 = 1000;

/// The peak of a tone: 0.1 of full scale, -20 dBFS, about as loud as speech on a telephone line.
pub(crate) const TONE_PEAK: f64 = 0.1;

#[derive(Debug, Clone, Copy, PartialEq)]
enum TreatmentKind {
    Attenuate(f64),
    Silence,
    Tone(u32),
}

/// What happens inside a span. The default attenuates by 0.001.
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
    /// Multiplies by `gain`, from 0 to 1. A gain of 0 is [`Treatment::silence`].
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

    /// Puts zeros in place of what was there. Nothing of it can be recovered.
    pub fn silence() -> Self {
        Self { kind: TreatmentKind::Silence, ..Self::default() }
    }

    /// Puts a sine of `hz` in place of what was there. Nothing of it can be recovered.
    ///
    /// # Errors
    /// [`Error::Treatment`] for 0 Hz. Whether the recording's rate can carry the tone is asked when
    /// the recording is known.
    pub fn tone(hz: u32) -> Result<Self, Error> {
        if hz == 0 {
            return Err(Error::Treatment("a tone has at least 1 Hz".into()));
        }
        Ok(Self { kind: TreatmentKind::Tone(hz), ..Self::default() })
    }

    /// The same treatment with ramps of this length before and after each span. They change frames
    /// outside the windows and never lift the gain inside.
    #[must_use]
    pub fn with_fade(mut self, fade: Duration) -> Self {
        self.fade = fade;
        self
    }

    /// Whether what was said can be recovered from the output: true for every gain above 0.
    pub fn is_recoverable(&self) -> bool {
        matches!(self.kind, TreatmentKind::Attenuate(_))
    }

    /// The gain inside a span; 0 for silence and tone, which keep nothing.
    pub fn gain(&self) -> f64 {
        match self.kind {
            TreatmentKind::Attenuate(gain) => gain,
            TreatmentKind::Silence | TreatmentKind::Tone(_) => 0.0,
        }
    }

    /// The frequency in Hz, if the treatment is a tone.
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

    /// How long the ramps outside each span are.
    pub fn fade(&self) -> Duration {
        self.fade
    }
}

/// A treatment on its way through one recording.
#[derive(Debug)]
pub(crate) struct Treater<'a> {
    treatment: Treatment,
    rate: u32,
    fade: u64,
    lanes: Vec<(&'a ChannelSpans, SpanCursor<'a>)>,
}

impl<'a> Treater<'a> {
    /// # Errors
    /// [`Error::Treatment`] for a tone that the sample rate cannot carry.
    pub(crate) fn new(treatment: Treatment, spans: &'a Spans) -> Result<Self, Error> {
        let rate = spans.rate();
        if treatment.tone_hz().is_some_and(|hz| hz >= rate.div_ceil(2)) {
            return Err(Error::Treatment(format!(
                "a recording at {rate} Hz can carry tones below {} Hz only",
                rate.div_ceil(2)
            )));
        }
        let lanes =
            spans.channel_spans().iter().map(|lane| (lane, SpanCursor::new(&lane.spans))).collect();
        Ok(Self { treatment, rate, fade: frame_at(treatment.fade, rate), lanes })
    }

    /// Treats the next block. Blocks come in order.
    pub(crate) fn apply(&mut self, block: &mut Block) {
        let (first, end) = (block.first(), block.end());
        let (channels, format) = (block.channels(), block.format());
        for (lane, cursor) in &mut self.lanes {
            let spans = cursor.meeting(first, end, self.fade);
            if spans.is_empty() {
                continue;
            }
            let work = Work {
                treatment: self.treatment,
                rate: self.rate,
                fade: self.fade,
                first,
                end,
                channels,
                channel: lane.channel,
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
    }
}

/// One lane of one block: frames `first..end` and the spans that meet them.
struct Work<'a> {
    treatment: Treatment,
    rate: u32,
    fade: u64,
    first: u64,
    end: u64,
    channels: usize,
    channel: Option<usize>,
    spans: &'a [Span],
}

impl Work<'_> {
    fn run<A: Arithmetic>(&self, samples: &mut [A::Sample]) {
        for &span in self.spans {
            self.inside::<A>(samples, span);
        }
        if self.fade > 0 {
            self.ramps::<A>(samples);
        }
    }

    fn inside<A: Arithmetic>(&self, samples: &mut [A::Sample], span: Span) {
        let frames = self.clip(span.first, span.end);
        match self.treatment.kind {
            TreatmentKind::Silence => self.each(samples, frames, |sample| *sample = A::ZERO),
            TreatmentKind::Attenuate(gain) => {
                self.each(samples, frames, |sample| *sample = A::scale(*sample, gain));
            }
            TreatmentKind::Tone(hz) => self.each_frame(samples, frames, |frame, sample| {
                *sample = A::level(tone(hz, frame - span.first, self.rate));
            }),
        }
    }

    /// Ramps in the gaps around the spans: the gain falls evenly from 1 to the treatment's over
    /// the frames before a span and rises evenly after it. Where two ramps meet, the nearer span
    /// decides, which is the lower gain.
    fn ramps<A: Arithmetic>(&self, samples: &mut [A::Sample]) {
        for gap in 0..=self.spans.len() {
            let before = gap.checked_sub(1).map(|index| self.spans[index].end);
            let after = self.spans.get(gap).map(|span| span.first);
            let from = before.or(after.map(|first| first.saturating_sub(self.fade)));
            let to = after.or(before.map(|end| end.saturating_add(self.fade)));
            let frames = self.clip(from.unwrap_or(0), to.unwrap_or(0));
            self.each_frame(samples, frames, |frame, sample| {
                let left = before.map_or(u64::MAX, |end| frame - end + 1);
                let right = after.map_or(u64::MAX, |first| first - frame);
                let distance = left.min(right);
                if distance <= self.fade {
                    *sample = A::scale(*sample, self.ramp(distance));
                }
            });
        }
    }

    /// The gain at `distance` frames from a span, 1 being the frame next to it.
    #[expect(clippy::cast_precision_loss, reason = "frames of a fade are far below 2^52")]
    fn ramp(&self, distance: u64) -> f64 {
        let gain = self.treatment.gain();
        gain + (1.0 - gain) * distance as f64 / (self.fade + 1) as f64
    }

    /// The part of a frame range that lies in this block, counted from the block's first frame.
    fn clip(&self, from: u64, to: u64) -> Range<usize> {
        let (from, to) = (from.clamp(self.first, self.end), to.clamp(self.first, self.end));
        let index = |frame: u64| index_of(frame - self.first);
        index(from)..index(to).max(index(from))
    }

    /// Calls `f` with each sample of the lane in `frames`.
    fn each<T>(&self, samples: &mut [T], frames: Range<usize>, f: impl Fn(&mut T)) {
        let part = &mut samples[frames.start * self.channels..frames.end * self.channels];
        match self.channel {
            Some(channel) => part.iter_mut().skip(channel).step_by(self.channels).for_each(f),
            // All channels alike: one run of samples, which the compiler turns into vectors.
            None => part.iter_mut().for_each(f),
        }
    }

    /// Calls `f` with each sample of the lane in `frames`, and its frame's place in the recording.
    fn each_frame<T>(&self, samples: &mut [T], frames: Range<usize>, f: impl Fn(u64, &mut T)) {
        for index in frames {
            let frame = self.first + index as u64;
            self.each(samples, index..index + 1, |sample| f(frame, sample));
        }
    }
}

/// A sine that begins at 0 with its span. The phase is taken from exact integers, so that it does
/// not depend on how the frames arrive, nor drift.
fn tone(hz: u32, frame: u64, rate: u32) -> f64 {
    let turns = u128::from(hz) * u128::from(frame) % u128::from(rate);
    let part = u32::try_from(turns).unwrap_or(0);
    TONE_PEAK * (TAU * f64::from(part) / f64::from(rate)).sin()
}

#[cfg(test)]
mod tests;
