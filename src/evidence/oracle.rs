//! Oracle: the expected output samples, computed a second time.
//!
//! It does not use the merging of `window`, nor `span`, nor the arithmetic of `treatment`. It starts from
//! the requested windows, merges them itself and computes with other formulas, so that a mistake in one
//! of those rooms does not go undetected.

use std::f64::consts::TAU;
use std::ops::Range;

use super::view::BlockView;
use crate::block::{SampleFormat, StreamInfo, index_of};
use crate::level::rounding_error;
use crate::treatment::{TONE_PEAK, Treatment};
use crate::window::Windows;

const NANOS: u128 = 1_000_000_000;

/// The treatment, and the frames that it applies to.
pub(super) struct Oracle {
    treatment: Treatment,
    format: SampleFormat,
    /// Bits of a sample, if they are fewer than the format has.
    bits: Option<u16>,
    rate: u32,
    /// The length of a ramp, in frames.
    fade: u64,
    /// The frames inside windows, for each channel: sorted, never touching.
    inside: Vec<Vec<Range<u64>>>,
}

impl Oracle {
    pub(super) fn new(treatment: Treatment, windows: &Windows, info: &StreamInfo) -> Self {
        let frame = |nanos: u128| {
            u64::try_from(nanos * u128::from(info.rate) / NANOS).unwrap_or(u64::MAX - 1)
        };
        let of_channel = |channel: u16| {
            let asked = windows.asked().iter();
            let mine = asked.filter(|window| window.channel().is_none_or(|only| only == channel));
            // Frame n lasts from n to n + 1, and the frame that holds the end of a window is inside.
            let frames = mine.map(|window| {
                let (before, after) = window.pad();
                let start = window.start().as_nanos().saturating_sub(before.as_nanos());
                frame(start)..frame(window.end().as_nanos() + after.as_nanos()) + 1
            });
            merged(frames.collect())
        };
        Self {
            treatment,
            format: info.format,
            bits: info.bits,
            rate: info.rate,
            fade: frame(treatment.fade().as_nanos()),
            inside: (0..info.channels).map(of_channel).collect(),
        }
    }

    /// The frames that may change on some channel: windows and fades. Sorted, never touching.
    pub(super) fn touched(&self) -> Vec<Range<u64>> {
        let all = self.inside.iter().flatten().map(|inside| {
            inside.start.saturating_sub(self.fade)..inside.end.saturating_add(self.fade)
        });
        merged(all.collect())
    }

    /// The first frame of `run` that is not as expected. `before` holds the amplitudes of the block as
    /// decoded, `after` the block as treated.
    pub(super) fn first_wrong(
        &self,
        run: Range<u64>,
        before: &[f64],
        after: &BlockView<'_>,
    ) -> Option<u64> {
        let channels = self.inside.iter().enumerate();
        let wrong = channels.filter_map(|(channel, inside)| {
            let mut next = inside.partition_point(|inside| inside.end <= run.start);
            run.clone().find(|&frame| {
                while inside.get(next).is_some_and(|inside| inside.end <= frame) {
                    next += 1;
                }
                let index =
                    index_of(frame - after.block.first()) * after.block.channels() + channel;
                let near = &inside[next.saturating_sub(1)..];
                !self.is_expected(frame, near, before[index], index, after)
            })
        });
        wrong.min()
    }

    /// Whether the sample at `index` of `after`, which was `was`, is as expected. `near` starts at or
    /// before the last range inside that ends before `frame`.
    fn is_expected(
        &self,
        frame: u64,
        near: &[Range<u64>],
        was: f64,
        index: usize,
        after: &BlockView<'_>,
    ) -> bool {
        let is = after.amplitudes()[index];
        // Frames to the nearest window, and frames since the start of the one around.
        let (mut distance, mut since) = (u64::MAX, None);
        for inside in near.iter().take(2) {
            if inside.contains(&frame) {
                since = Some(frame - inside.start);
            }
            let away =
                inside.start.saturating_sub(frame).max((frame + 1).saturating_sub(inside.end));
            distance = distance.min(away);
        }
        let expected = match (since, self.treatment.tone_hz()) {
            (Some(since), Some(hz)) => self.tone(hz, since),
            (Some(_), None) if self.treatment.gain() == 0.0 => {
                // Compared as stored: -0.0 is not silence.
                let width = usize::from(self.format.bytes());
                return after.stored()[index * width..][..width] == *silence(self.format);
            }
            (Some(_), None) => was * self.rounded(self.treatment.gain()),
            (None, _) if distance <= self.fade => was * self.rounded(self.ramp(distance)),
            (None, _) => return was.to_bits() == is.to_bits(),
        };
        if expected.is_finite() && is.is_finite() {
            let most = rounding_error(self.format, self.bits, expected);
            (is - expected).abs() <= most
        } else {
            is.is_finite() == expected.is_finite()
        }
    }

    /// The gain of a fade, `distance` frames from the nearest frame inside.
    #[expect(clippy::cast_precision_loss, reason = "frames of a fade are far below 2^52")]
    fn ramp(&self, distance: u64) -> f64 {
        let part = distance as f64 / (self.fade + 1) as f64;
        self.treatment.gain() * (1.0 - part) + part
    }

    /// A gain in the precision in which it is applied: `f32`, except for 32-bit integers.
    #[expect(clippy::cast_possible_truncation, reason = "the gain is to be rounded")]
    fn rounded(&self, gain: f64) -> f64 {
        if self.format == SampleFormat::S32 { gain } else { f64::from(gain as f32) }
    }

    /// A sine that starts at 0.
    fn tone(&self, hz: u32, since: u64) -> f64 {
        let turns = u128::from(since) * u128::from(hz) % u128::from(self.rate);
        let turns = f64::from(u32::try_from(turns).unwrap_or(0)) / f64::from(self.rate);
        TONE_PEAK * (turns * TAU).sin()
    }
}

/// A silent sample as a WAV stores it.
fn silence(format: SampleFormat) -> &'static [u8] {
    match format {
        SampleFormat::U8 => &[0x80],
        SampleFormat::S16 => &[0; 2],
        SampleFormat::S24 => &[0; 3],
        SampleFormat::S32 | SampleFormat::F32 => &[0; 4],
        // ITU-T G.711: the codes of the smallest positive amplitude, even bits of A-law inverted.
        SampleFormat::ALaw => &[0xD5],
        SampleFormat::MuLaw => &[0xFF],
    }
}

/// Sorts ranges and joins those that overlap or touch.
pub(super) fn merged(mut all: Vec<Range<u64>>) -> Vec<Range<u64>> {
    all.sort_by_key(|frames| (frames.start, frames.end));
    all.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
    all
}
