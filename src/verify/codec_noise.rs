//! Codec noise: what the codec does to the sound outside the windows, where nothing should change.
//!
//! In: the frames outside the windows, channel by channel. Out: how often a segment of each level looks
//! muted although it was not (the rarer that is, the more a muted segment inside a window proves); and
//! the changes that no codec makes. Memory: a few histograms for each channel, whatever the length.

use super::OutsideChanges;
use super::segment::{LEVELS, Segment, SegmentClass, level_of, segment_length};
use crate::span::{Span, SpanCursor};

/// Segments that must have been counted around a level before it is judged: a second of sound.
const ENOUGH: u64 = 50;

/// Codecs keep what is less than this many steps of 3 dB below the loudest segment.
const LOUD: usize = 8;

/// The lowest level that codecs keep, -78 dBFS: four steps of the 16 bits that they are decoded to.
const AUDIBLE: usize = 14;

/// Segments that are joined to detect a change of the level: half a second.
const GROUP: u64 = 25;

/// A change of the energy by this factor, 1 dB, is not a codec's.
const QUIETER: f64 = 1.25;

/// The classes that speak for a treatment.
pub(super) const TREATED: [SegmentClass; 3] =
    [SegmentClass::Removed, SegmentClass::Louder, SegmentClass::Replaced];

/// Number of segments at each level.
#[derive(Debug, Clone, Copy)]
pub(super) struct LevelCounts(pub(super) [u64; LEVELS]);

impl Default for LevelCounts {
    fn default() -> Self {
        Self([0; LEVELS])
    }
}

impl LevelCounts {
    pub(super) fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Number of segments of each class at each level of the original.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClassHistogram {
    /// For each class of [`TREATED`].
    treated: [LevelCounts; 3],
    /// For all classes except [`SegmentClass::Silent`].
    pub(super) all: LevelCounts,
}

impl ClassHistogram {
    pub(super) fn add(&mut self, level: usize, class: SegmentClass) {
        if class == SegmentClass::Silent {
            return;
        }
        self.all.0[level] += 1;
        if let Some(index) = TREATED.iter().position(|&treated| treated == class) {
            self.treated[index].0[level] += 1;
        }
    }

    /// The counts of a class of [`TREATED`].
    pub(super) fn of(&self, class: SegmentClass) -> &LevelCounts {
        let index = TREATED.iter().position(|&treated| treated == class);
        &self.treated[index.unwrap_or(0)]
    }

    /// How rarely an open segment of this level has this class of [`TREATED`], as a power of ten: 2 means
    /// one in a hundred. 0 if that is not known, or more often than one in ten.
    pub(super) fn rarity(&self, class: SegmentClass, level: usize) -> f64 {
        let sum = |counts: &LevelCounts, from: usize| -> u64 {
            counts.0[from..=(level + 1).min(LEVELS - 1)].iter().sum()
        };
        // Where this level is too rare, softer ones are included: codecs keep less of them, so the
        // estimate stays cautious.
        let from = (0..level).rev().find(|&from| sum(&self.all, from) >= ENOUGH);
        let Some(from) = from else { return 0.0 };
        // One more of each: a class that was never seen is not impossible.
        #[expect(clippy::cast_precision_loss, reason = "2^52 segments are 2.8 million years")]
        let share = (sum(self.of(class), from) + 1) as f64 / (sum(&self.all, from) + 1) as f64;
        if share <= 0.1 { -share.log10() } else { 0.0 }
    }
}

/// What was measured outside the windows.
#[derive(Debug)]
pub(super) struct CodecNoise {
    /// Of each channel.
    pub(super) channels: Vec<ClassHistogram>,
    /// The RMS of the residual relative to that of the original; `None` for digital silence.
    pub(super) ratio: Option<f64>,
    /// The mean energy of the loudest segment of the original.
    pub(super) loudest: f64,
}

/// Measures the [`CodecNoise`] block by block.
pub(super) struct NoiseMeter<'a> {
    channels: Vec<ChannelMeter<'a>>,
    length: u64,
    reach: u64,
    /// Changes that no codec makes, by the level of the segment.
    changes: Vec<OutsideChanges>,
    loudest: f64,
    all: Segment,
}

/// One channel of a [`NoiseMeter`].
struct ChannelMeter<'a> {
    spans: SpanCursor<'a>,
    histogram: ClassHistogram,
    segment: Segment,
    group: Segment,
    /// The last segment, if it was a dropout or insertion.
    discontinuity: Option<Discontinuity>,
}

/// A segment in which sound disappeared or appeared.
#[derive(Clone, Copy)]
struct Discontinuity {
    level: usize,
    segment: Segment,
    /// Whether it is among the changes.
    recorded: bool,
}

impl<'a> NoiseMeter<'a> {
    /// `spans` are those of each channel; `reach` is how many frames the codec spreads what happens
    /// inside them.
    pub(super) fn new(spans: impl Iterator<Item = &'a [Span]>, rate: u32, reach: u64) -> Self {
        let channel = |spans| ChannelMeter {
            spans: SpanCursor::new(spans),
            histogram: ClassHistogram::default(),
            segment: Segment::default(),
            group: Segment::default(),
            discontinuity: None,
        };
        Self {
            channels: spans.map(channel).collect(),
            length: segment_length(rate),
            reach,
            changes: vec![OutsideChanges::default(); LEVELS],
            loudest: 0.0,
            all: Segment::default(),
        }
    }

    /// Adds a frame of a channel. Frames must come in order, without those inside windows.
    pub(super) fn add(&mut self, channel: usize, frame: u64, was: f64, is: f64) {
        let segment = &self.channels[channel].segment;
        if frame != segment.end() || frame / self.length != segment.first / self.length {
            self.close(channel);
            self.channels[channel].segment = Segment::starting(frame);
        }
        self.channels[channel].segment.add(was, is);
    }

    /// Counts the current segment of a channel, unless it is short or within reach of a window.
    fn close(&mut self, channel: usize) {
        let meter = &mut self.channels[channel];
        let segment = std::mem::take(&mut meter.segment);
        let near = meter.spans.meeting(segment.first..segment.end(), self.reach);
        if !near.is_empty() || segment.frames * 2 < self.length {
            meter.discontinuity = None;
            return;
        }
        meter.histogram.add(segment.level(segment.before), segment.class());
        self.loudest = self.loudest.max(segment.mean(segment.before));
        self.all.join(&segment);
        let number = |segment: &Segment| segment.first / self.length / GROUP;
        if number(&segment) != number(&meter.group) {
            record_group(&mut self.changes, &meter.group);
            meter.group = Segment::starting(segment.first);
        }
        meter.group.join(&segment);
        meter.record_discontinuity(&mut self.changes, segment);
    }

    /// The noise, and the changes that no codec makes.
    pub(super) fn finish(mut self) -> (CodecNoise, OutsideChanges) {
        for channel in 0..self.channels.len() {
            self.close(channel);
            record_group(&mut self.changes, &self.channels[channel].group);
        }
        let lowest = level_of(self.loudest).saturating_sub(LOUD).max(AUDIBLE);
        let mut outside = OutsideChanges::default();
        self.changes.iter().skip(lowest).for_each(|change| outside.join(change));
        let ratio = (self.all.before > 0.0).then(|| (self.all.residual / self.all.before).sqrt());
        let channels = self.channels.into_iter().map(|channel| channel.histogram).collect();
        (CodecNoise { channels, ratio, loudest: self.loudest }, outside)
    }
}

impl ChannelMeter<'_> {
    /// Records two consecutive discontinuities as a change. A single one may be the codec's own.
    fn record_discontinuity(&mut self, changes: &mut [OutsideChanges], segment: Segment) {
        let before = self.discontinuity.take();
        let is_discontinuous = match segment.class() {
            SegmentClass::Removed | SegmentClass::Louder => true,
            SegmentClass::Silent => segment.after > 0.0,
            SegmentClass::Kept | SegmentClass::Replaced | SegmentClass::Unclear => false,
        };
        if !is_discontinuous {
            return;
        }
        let level = segment.level(segment.before.max(segment.after));
        let before = before.filter(|before| before.segment.end() == segment.first);
        if let Some(before) = before {
            // Both count at the level of the softer one.
            let level = level.min(before.level);
            changes[level].add_segment(&segment);
            if !before.recorded {
                changes[level].add_segment(&before.segment);
            }
        }
        self.discontinuity = Some(Discontinuity { level, segment, recorded: before.is_some() });
    }
}

/// Records half a second in which the level changed, or another sound is in place of the original.
fn record_group(changes: &mut [OutsideChanges], group: &Segment) {
    let quieter = group.cross > QUIETER * group.after;
    let louder = group.cross > QUIETER * group.before;
    let replaced = group.residual > 0.75 * group.before;
    if group.before > 0.0 && (quieter || louder || replaced) {
        changes[group.level(group.before)].add_segment(group);
    }
}
