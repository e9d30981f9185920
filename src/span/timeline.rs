//! Timelines: from the recording's clock to frames of the output.
//!
//! Windows refer to the recording's clock, which a player shows. Where a gap was closed, the output is
//! shorter than that clock: the audio after the gap moves forward, and so do its windows.

use super::Span;

/// A part of a recording in which nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// First missing frame, by the recording's clock.
    pub at: u64,
    /// Length in frames.
    pub frames: u64,
}

/// Mapping from the clock of one recording to the frames of its output. The default is for an output
/// without frames.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Frames in the output.
    frames: u64,
    /// The closed gaps in order, each with the total length of those before it.
    closed: Vec<(Gap, u64)>,
}

impl Timeline {
    /// The mapping for an output of `frames` frames in which these gaps were closed. `closed` must be
    /// sorted.
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

    /// The output frame for `frame` of the recording's clock. Inside a closed gap it is the first frame
    /// after the gap.
    pub fn output(&self, frame: u64) -> u64 {
        let met = self.closed.partition_point(|(gap, _)| gap.at < frame);
        let Some((gap, before)) = met.checked_sub(1).map(|last| self.closed[last]) else {
            return frame;
        };
        frame - before - gap.frames.min(frame - gap.at)
    }

    /// The part of a span that is in the output; `None` if all of it is in a closed gap or past the end.
    pub fn span(&self, span: Span) -> Option<Span> {
        let first = self.output(span.first);
        let end = self.output(span.end).min(self.frames);
        (first < end).then_some(Span { first, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every span on a line of 14 frames with two closed gaps, against a list of the remaining frames.
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
