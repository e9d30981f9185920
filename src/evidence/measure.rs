//! How loud each span was, and is.

use crate::block::{Block, index_of};
use crate::level::levels;
use crate::span::{Span, Spans, Timeline};

/// How loud something is, full scale being 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loudness {
    /// The loudest sample.
    pub peak: f64,
    /// The root of the mean square.
    pub rms: f64,
}

impl Loudness {
    /// Takes a sample in. Until [`Loudness::average`], `rms` holds the sum of the squares.
    pub(crate) fn see(&mut self, level: f64) {
        // What is no number is no sound; it would hide all others.
        if level.is_finite() {
            self.peak = self.peak.max(level.abs());
            self.rms += level * level;
        }
    }

    /// Ends a measurement over so many samples.
    pub(crate) fn average(&mut self, samples: f64) {
        self.rms = (self.rms / samples).sqrt();
    }
}

/// One span on one channel, before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The channel, counted from 0.
    pub channel: u16,
    /// The frames of the output, as far as there are any.
    pub span: Span,
    /// What was there.
    pub before: Loudness,
    /// What is there.
    pub after: Loudness,
}

/// Measures while the blocks pass. Until the end, `rms` holds the sum of the squares, and spans are by
/// the recording's clock.
pub(super) struct Meter {
    /// Sorted by their first frame.
    all: Vec<Measured>,
    /// How many lie wholly behind the last block.
    passed: usize,
}

impl Meter {
    pub(super) fn new(spans: &Spans, channels: u16) -> Self {
        let measured = |(channel, span)| {
            let (before, after) = Default::default();
            Measured { channel, span, before, after }
        };
        let all = spans.by_channel(channels).into_iter().map(measured).collect();
        Self { all, passed: 0 }
    }

    pub(super) fn decoded(&mut self, block: &Block) {
        let is_past = |measured: &&Measured| measured.span.end <= block.first();
        self.passed += self.all[self.passed..].iter().take_while(is_past).count();
        self.see(block, |measured| &mut measured.before);
    }

    pub(super) fn treated(&mut self, block: &Block) {
        self.see(block, |measured| &mut measured.after);
    }

    fn see(&mut self, block: &Block, side: impl Fn(&mut Measured) -> &mut Loudness) {
        let rest = &mut self.all[self.passed..];
        let near = rest.iter().take_while(|measured| measured.span.first < block.end()).count();
        if near == 0 {
            return;
        }
        let levels = levels(block.samples(), block.format());
        for measured in &mut rest[..near] {
            let Span { first, end } = measured.span;
            let (first, end) = (first.max(block.first()), end.min(block.end()));
            let channel = usize::from(measured.channel);
            let loudness = side(measured);
            for frame in first..end {
                let index = index_of(frame - block.first());
                let level = levels[index * block.channels() + channel];
                loudness.see(level);
            }
        }
    }

    /// The measures, of those spans of which something is in the output.
    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub(super) fn finish(self, timeline: &Timeline) -> Vec<Measured> {
        let finish = |mut measured: Measured| {
            measured.span = timeline.span(measured.span)?;
            let count = measured.span.frames() as f64;
            for loudness in [&mut measured.before, &mut measured.after] {
                loudness.average(count);
            }
            Some(measured)
        };
        self.all.into_iter().filter_map(finish).collect()
    }
}
