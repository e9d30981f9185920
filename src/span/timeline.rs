//! Timelines: from the clock of a recording to frames of the output.
//!
//! Windows are asked for by the clock of the recording, which a player shows. Where a gap was closed,
//! the output has fewer frames than that clock: what follows moves up, and a window moves with it.

use super::Span;

/// A part of a recording in which nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Where it begins, in frames of the recording's clock.
    pub at: u64,
    /// How many frames it lasts.
    pub frames: u64,
}

/// How the clock of one recording maps to its output. The default has no frames at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Frames in the output.
    frames: u64,
    /// The gaps that were closed, in order, each with the frames of those before it.
    closed: Vec<(Gap, u64)>,
}

impl Timeline {
    /// Of an output of so many frames, with these gaps closed, which come in order.
    pub fn new(frames: u64, closed: &[Gap]) -> Self {
        let before = closed.iter().scan(0_u64, |sum, &gap| {
            let before = *sum;
            *sum = sum.saturating_add(gap.frames);
            Some((gap, before))
        });
        Self { frames, closed: before.collect() }
    }

    /// Frames in the output.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// One past the last frame of the recording's clock.
    pub fn end(&self) -> u64 {
        let closed = self.closed.last().map_or(0, |(gap, before)| before + gap.frames);
        self.frames.saturating_add(closed)
    }

    /// The frame of the output at `frame` of the recording's clock. In a closed gap that is the frame
    /// after the gap.
    pub fn output(&self, frame: u64) -> u64 {
        let met = self.closed.partition_point(|(gap, _)| gap.at < frame);
        let Some((gap, before)) = met.checked_sub(1).map(|last| self.closed[last]) else {
            return frame;
        };
        frame - before - gap.frames.min(frame - gap.at)
    }

    /// What is left of a span in the output: none, if it lies wholly in a closed gap, or past the end.
    pub fn span(&self, span: Span) -> Option<Span> {
        let first = self.output(span.first);
        let end = self.output(span.end).min(self.frames);
        (first < end).then_some(Span { first, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every span on a line of 14 frames with two closed gaps, against a list of the frames that are
    /// left.
    #[test]
    fn spans_move_with_the_audio_when_gaps_are_closed() {
        let gaps = [Gap { at: 3, frames: 2 }, Gap { at: 7, frames: 4 }];
        let inside =
            |frame: u64| gaps.iter().any(|gap| (gap.at..gap.at + gap.frames).contains(&frame));
        let left: Vec<u64> = (0..14).filter(|&frame| !inside(frame)).collect();
        let timeline = Timeline::new(left.len() as u64, &gaps);
        assert_eq!(timeline.end(), 14);
        for first in 0..14 {
            for end in first + 1..=16 {
                let clocked = (0..).zip(&left).filter(|(_, at)| (first..end).contains(*at));
                let meant: Vec<u64> = clocked.map(|(frame, _)| frame).collect();
                let found = timeline.span(Span { first, end });
                let found: Vec<u64> =
                    found.map_or(Vec::new(), |span| (span.first..span.end).collect());
                assert_eq!(found, meant, "{first} {end}");
            }
        }
    }

    #[test]
    fn without_gaps_the_clock_is_the_output() {
        let timeline = Timeline::new(10, &[]);
        assert_eq!((timeline.end(), timeline.output(7)), (10, 7));
        assert_eq!(timeline.span(Span { first: 8, end: 20 }), Some(Span { first: 8, end: 10 }));
        assert_eq!(timeline.span(Span { first: 10, end: 20 }), None);
    }
}
