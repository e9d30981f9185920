//! Peak and RMS of each span before and after its treatment.

use super::view::BlockView;
use crate::block::index_of;
use crate::level::{LevelMeter, Levels};
use crate::span::{Span, Spans, Timeline, sweep};

/// The levels of one span on one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpanLevels {
    /// The channel, counted from 0.
    pub channel: u16,
    /// The span in frames of the output.
    pub span: Span,
    /// Levels of the input.
    pub before: Levels,
    /// Levels of the output.
    pub after: Levels,
}

/// Measures all spans while the blocks pass.
pub(super) struct SpanMeter {
    /// Sorted by the first frame.
    spans: Vec<MeteredSpan>,
    /// How many of them end before the current block.
    passed: usize,
}

/// A span by the recording's clock.
struct MeteredSpan {
    channel: u16,
    span: Span,
    before: LevelMeter,
    after: LevelMeter,
}

impl SpanMeter {
    pub(super) fn new(spans: &Spans, channels: u16) -> Self {
        let metered = |(channel, span)| {
            let (before, after) = Default::default();
            MeteredSpan { channel, span, before, after }
        };
        Self { spans: spans.by_channel(channels).into_iter().map(metered).collect(), passed: 0 }
    }

    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        self.measure(view, |metered| &mut metered.before);
    }

    pub(super) fn treated(&mut self, view: &BlockView<'_>) {
        self.measure(view, |metered| &mut metered.after);
    }

    fn measure(
        &mut self,
        view: &BlockView<'_>,
        meter: impl Fn(&mut MeteredSpan) -> &mut LevelMeter,
    ) {
        let block = view.block;
        let frames = block.first()..block.end();
        let met = sweep(&self.spans, &mut self.passed, frames, |metered| metered.span);
        for metered in &mut self.spans[met] {
            let first = index_of(metered.span.first.max(block.first()) - block.first());
            let end = index_of(metered.span.end.min(block.end()).saturating_sub(block.first()));
            let channel = usize::from(metered.channel);
            let meter = meter(metered);
            for frame in first..end {
                meter.add(view.amplitudes()[frame * block.channels() + channel]);
            }
        }
    }

    /// The levels of all spans of which something is in the output.
    pub(super) fn finish(self, timeline: &Timeline) -> Vec<SpanLevels> {
        let finish = |metered: MeteredSpan| {
            let span = timeline.span(metered.span)?;
            let [before, after] =
                [metered.before, metered.after].map(|meter| meter.levels(span.frames()));
            Some(SpanLevels { channel: metered.channel, span, before, after })
        };
        self.spans.into_iter().filter_map(finish).collect()
    }
}
