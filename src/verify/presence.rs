//! Presence detection: whether the original is still in a window of a lossy recording.
//!
//! In: the frames of one window on one channel, then the [`CodecNoise`] of the same recording. Out: a
//! [`Presence`]. A segment that matches the original is a leak. A segment that looks muted is evidence of
//! muting; it weighs more, the more rarely a segment outside the windows looks like this. Memory: a few
//! counts for each window, whatever its length.

use super::codec_noise::{ClassHistogram, CodecNoise, LevelCounts, TREATED};
use super::segment::{LEVELS, Segment, SegmentBounds, SegmentClass, energy_at, segment_length};
use super::window_audit::{FrameCounter, Leak};
use crate::span::Span;

/// The largest peak that counts as silence, full scale being 1: -80 dBFS, three steps of 16 bits.
const SILENT: f64 = 1e-4;

/// The same relative to the loudest segment outside: -40 dB.
const FAINT: f64 = 0.01;

/// The evidence that proves muting, as a power of ten: open windows look like this once in 3,000 times.
const ENOUGH: f64 = 3.5;

/// The most evidence of one segment.
const MOST: f64 = 2.0;

/// The most evidence of one [`SegmentClass::Replaced`]: some codecs synthesize unvoiced sounds, such as
/// an s, over several segments.
const MOST_REPLACED: f64 = 1.0;

/// A segment this many steps of 3 dB below the sound that replaces the original is a hole in it.
const HOLE: usize = 4;

/// What can be told of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Presence {
    /// The original is silent.
    Silent,
    /// The original is there.
    Kept(Leak),
    /// Something of the original may be there.
    Unclear,
    /// The original was not found, which proves too little in such a codec.
    Weak,
    /// The original is not there.
    Absent,
}

/// Collects the segments of a window on one channel.
#[derive(Default)]
pub(super) struct PresenceDetector {
    bounds: SegmentBounds,
    segment: Segment,
    /// Fewer matching frames may be chance: 10 ms.
    least: u64,
    /// Segments of the original above this mean energy are judged by their samples, not here.
    ceiling: f64,
    /// The number of segments above the ceiling.
    above: u64,
    histogram: ClassHistogram,
    kept: FrameCounter,
    kept_segments: u64,
    /// The current run of unclear segments, and the longest.
    unclear: u64,
    longest_unclear: u64,
    /// Over all segments: the sum of `cross`, and of its squares.
    cross: (f64, f64),
    all: Segment,
    /// Segments with another sound: their levels, and their sums.
    replaced_levels: LevelCounts,
    replaced: Segment,
    /// Removed segments that are not digital silence.
    removed: u64,
    /// Those of them that correlate with the original.
    attenuated: Segment,
    attenuated_segments: u64,
}

impl PresenceDetector {
    pub(super) fn new(span: Span, rate: u32, ceiling: f64) -> Self {
        Self {
            bounds: SegmentBounds::new(span, rate),
            segment: Segment::starting(span.first),
            least: segment_length(rate) / 2,
            ceiling,
            ..Self::default()
        }
    }

    /// Adds a frame. Frames must come in order.
    pub(super) fn add(&mut self, frame: u64, was: f64, is: f64) {
        if self.bounds.starts_at(frame) {
            self.close();
            self.segment = Segment::starting(frame);
        }
        self.segment.add(was, is);
    }

    fn close(&mut self) {
        let segment = std::mem::take(&mut self.segment);
        if segment.mean(segment.before) > self.ceiling {
            self.above += 1;
            return;
        }
        let class = segment.class();
        self.histogram.add(segment.level(segment.before), class);
        self.unclear = if class == SegmentClass::Unclear { self.unclear + 1 } else { 0 };
        self.longest_unclear = self.longest_unclear.max(self.unclear);
        self.cross.0 += segment.cross;
        self.cross.1 += segment.cross * segment.cross;
        self.all.join(&segment);
        match class {
            SegmentClass::Kept => {
                self.kept_segments += 1;
                // A segment is too coarse to tell padding from the rest.
                (segment.first..segment.end()).for_each(|frame| self.kept.add(frame, true));
            }
            SegmentClass::Louder | SegmentClass::Replaced => {
                self.replaced_levels.0[segment.level(segment.after)] += 1;
                self.replaced.join(&segment);
            }
            SegmentClass::Removed if segment.after > 0.0 => {
                self.removed += 1;
                if segment.correlation().abs() >= 0.7 {
                    self.attenuated_segments += 1;
                    self.attenuated.join(&segment);
                }
            }
            SegmentClass::Removed | SegmentClass::Silent | SegmentClass::Unclear => {}
        }
    }

    /// The gain of the original, if most removed segments hold it.
    pub(super) fn attenuated(&self) -> Option<f64> {
        (self.attenuated_segments * 2 > self.removed).then(|| self.attenuated.gain())
    }

    /// Judges the window. `peak` is that of the original in it.
    pub(super) fn judge(&mut self, channel: usize, noise: &CodecNoise, peak: f64) -> Presence {
        self.close();
        if peak <= SILENT.min(FAINT * noise.loudest.sqrt()) {
            return Presence::Silent;
        }
        let segments = self.histogram.all.total();
        match self.kept.leak() {
            Some(leak) if leak.frames >= self.least && (self.kept_segments > 1 || segments < 3) => {
                return Presence::Kept(leak);
            }
            Some(_) => return Presence::Unclear,
            None => {}
        }
        let is_unclear = self.longest_unclear > 1 || (self.longest_unclear > 0 && segments < 5);
        if is_unclear || self.is_masked() || self.has_holes() {
            return Presence::Unclear;
        }
        let is_absent = self.above > 0 || self.is_proof(&noise.channels[channel]);
        if is_absent { Presence::Absent } else { Presence::Weak }
    }

    /// Whether the original is there, masked by a louder sound: an unrelated sound would correlate with
    /// it positively and negatively by turns.
    fn is_masked(&self) -> bool {
        let (sum, squares) = self.cross;
        self.all.gain().abs() >= 0.3 && sum * sum >= 16.0 * squares
    }

    /// Whether the sound that replaces the original has holes. Codecs smear neighbouring sound into
    /// them, which could hide a softer original. If most segments were removed, these are no holes.
    fn has_holes(&self) -> bool {
        let usual = self.replaced.level(self.replaced.after);
        let holes = &self.replaced_levels.0[..(usual + 1).saturating_sub(HOLE)];
        let removed = self.histogram.of(SegmentClass::Removed).total();
        holes.iter().any(|&count| count > 0) && self.replaced_levels.total() > removed
    }

    /// Whether what was seen is rare enough outside the windows to prove muting. It must cover at least
    /// half of the energy.
    fn is_proof(&self, outside: &ClassHistogram) -> bool {
        let (mut evidence, mut covered, mut all) = (0.0, 0.0, 0.0);
        for level in 0..LEVELS {
            let energy = |count: u64| to_float(count) * energy_at(level);
            all += energy(self.histogram.all.0[level]);
            for class in TREATED {
                let count = self.histogram.of(class).0[level];
                let rarity = outside.rarity(class, level);
                let most = if class == SegmentClass::Replaced { MOST_REPLACED } else { MOST };
                evidence += to_float(count) * rarity.min(most);
                covered += if rarity > 0.0 { energy(count) } else { 0.0 };
            }
        }
        evidence >= ENOUGH && covered >= 0.5 * all
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^52 segments are 2.8 million years")]
fn to_float(count: u64) -> f64 {
    count as f64
}
