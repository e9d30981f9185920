//! Oracle: what each sample should have become.
//!
//! This is found apart from `window`, `span` and `treatment`, which make it so: from the windows as
//! they were asked for, with a merge of its own, and in another arithmetic, so that no single mistake
//! passes unseen.

use std::borrow::Cow;
use std::f64::consts::TAU;
use std::ops::Range;

use crate::block::{Block, SampleFormat, StreamInfo, index_of};
use crate::level::{levels, room};
use crate::span::Span;
use crate::treatment::{TONE_PEAK, Treatment};
use crate::window::Windows;

const NANOS: u128 = 1_000_000_000;

/// The samples of a block, on one scale and as they are stored.
pub(super) struct Samples<'a> {
    first: u64,
    channels: usize,
    levels: Vec<f64>,
    pub(super) stored: Cow<'a, [u8]>,
}

impl<'a> Samples<'a> {
    pub(super) fn of(block: &'a Block) -> Self {
        let levels = levels(block.samples(), block.format());
        let stored = block.stored();
        Self { first: block.first(), channels: block.channels(), levels, stored }
    }
}

/// Where something is to be done, and what.
pub(super) struct Oracle {
    treatment: Treatment,
    format: SampleFormat,
    rate: u32,
    /// The length of a ramp, in frames.
    fade: u64,
    /// The frames inside, on each channel: sorted, and never touching.
    inside: Vec<Vec<Range<u64>>>,
}

impl Oracle {
    pub(super) fn new(treatment: Treatment, windows: &Windows, recording: &StreamInfo) -> Self {
        let frame = |nanos: u128| {
            u64::try_from(nanos * u128::from(recording.rate) / NANOS).unwrap_or(u64::MAX - 1)
        };
        let pad = windows.pad().as_nanos();
        let of_channel = |channel: u16| {
            let asked = windows
                .asked()
                .iter()
                .filter(|window| window.channel().is_none_or(|only| only == channel));
            // Frame n lasts from n to n + 1, and a window ends with the frame that it ends in.
            let frames = asked.map(|window| {
                let start = window.start().as_nanos().saturating_sub(pad);
                frame(start)..frame(window.end().as_nanos() + pad) + 1
            });
            merged(frames.collect())
        };
        Self {
            treatment,
            format: recording.format,
            rate: recording.rate,
            fade: frame(treatment.fade().as_nanos()),
            inside: (0..recording.channels).map(of_channel).collect(),
        }
    }

    /// The frames that may change, on whatever channel.
    pub(super) fn touched(&self) -> Vec<Span> {
        let all = self.inside.iter().flatten().map(|inside| {
            inside.start.saturating_sub(self.fade)..inside.end.saturating_add(self.fade)
        });
        let merged = merged(all.collect());
        merged.into_iter().map(|frames| Span { first: frames.start, end: frames.end }).collect()
    }

    /// The first frame of a run that has not become what it should have.
    pub(super) fn first_wrong(
        &self,
        run: Range<u64>,
        before: &Samples<'_>,
        after: &Samples<'_>,
    ) -> Option<u64> {
        let channels = self.inside.iter().enumerate();
        let wrong = channels.filter_map(|(channel, inside)| {
            let mut next = inside.partition_point(|inside| inside.end <= run.start);
            run.clone().find(|&frame| {
                while inside.get(next).is_some_and(|inside| inside.end <= frame) {
                    next += 1;
                }
                let index = index_of(frame - before.first) * before.channels + channel;
                !self.is_meant(frame, &inside[next.saturating_sub(1)..], index, before, after)
            })
        });
        wrong.min()
    }

    /// Whether the sample at `index` is as it should be. `near` begins at or before the last run of
    /// frames inside that ends before this one.
    fn is_meant(
        &self,
        frame: u64,
        near: &[Range<u64>],
        index: usize,
        before: &Samples<'_>,
        after: &Samples<'_>,
    ) -> bool {
        let (was, is) = (before.levels[index], after.levels[index]);
        let (mut distance, mut since) = (u64::MAX, None);
        for inside in near.iter().take(2) {
            if inside.contains(&frame) {
                since = Some(frame - inside.start);
            }
            let away =
                inside.start.saturating_sub(frame).max((frame + 1).saturating_sub(inside.end));
            distance = distance.min(away);
        }
        let meant = match (since, self.treatment.tone_hz()) {
            (Some(since), Some(hz)) => self.tone(hz, since),
            (Some(_), None) if self.treatment.gain() == 0.0 => {
                return after.sample(index, self.format) == silence(self.format);
            }
            (Some(_), None) => was * self.gain(self.treatment.gain()),
            (None, _) if distance <= self.fade => was * self.gain(self.ramp(distance)),
            (None, _) => return was.to_bits() == is.to_bits(),
        };
        // What is no number stays none.
        let numbers = meant.is_finite() && is.is_finite();
        if numbers {
            (is - meant).abs() <= room(self.format, meant)
        } else {
            is.is_finite() == meant.is_finite()
        }
    }

    /// The gain so many frames away from the nearest frame inside.
    #[expect(clippy::cast_precision_loss, reason = "frames of a fade are far below 2^52")]
    fn ramp(&self, distance: u64) -> f64 {
        let part = distance as f64 / (self.fade + 1) as f64;
        self.treatment.gain() * (1.0 - part) + part
    }

    /// A gain as it is applied: 32-bit integers are wider than a float.
    #[expect(clippy::cast_possible_truncation, reason = "the gain is to be rounded")]
    fn gain(&self, gain: f64) -> f64 {
        if self.format == SampleFormat::S32 { gain } else { f64::from(gain as f32) }
    }

    /// A sine that begins at 0.
    fn tone(&self, hz: u32, since: u64) -> f64 {
        let turns = u128::from(since) * u128::from(hz) % u128::from(self.rate);
        let turns = f64::from(u32::try_from(turns).unwrap_or(0)) / f64::from(self.rate);
        TONE_PEAK * (turns * TAU).sin()
    }
}

impl Samples<'_> {
    /// A sample as it is stored.
    fn sample(&self, index: usize, format: SampleFormat) -> &[u8] {
        let width = usize::from(format.bytes());
        &self.stored[index * width..(index + 1) * width]
    }
}

/// Nothing to be heard, as it is stored.
fn silence(format: SampleFormat) -> &'static [u8] {
    match format {
        SampleFormat::U8 => &[0x80],
        SampleFormat::S16 => &[0; 2],
        SampleFormat::S24 => &[0; 3],
        SampleFormat::S32 | SampleFormat::F32 => &[0; 4],
        SampleFormat::ALaw => &[0xD5],
        SampleFormat::MuLaw => &[0xFF],
    }
}

/// Sorts, and makes one of those that overlap or touch.
fn merged(mut all: Vec<Range<u64>>) -> Vec<Range<u64>> {
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
