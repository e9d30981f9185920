//! Spans: windows in frames of one recording.
//!
//! In: [`Windows`], a sample rate in Hz and a channel count. Out: [`Spans`], for each channel (or
//! once for all, where they agree) a sorted list of frame ranges that do not touch. What can go
//! wrong: a channel that the recording lacks, a window wholly past its end, whole numbers of which it is
//! not sure that they are seconds.
//!
//! A window is closed. At rate r, frame n lasts from n/r up to, not including, (n+1)/r. Each frame
//! that meets the window is inside: from floor(start·r) to floor(end·r), both included. The
//! arithmetic is exact, on integer nanoseconds.

use std::time::Duration;

use crate::error::Error;
use crate::window::{Window, Windows};

mod end;
mod timeline;

pub use end::{check_without_length, cut_at_end, over_end};
pub use timeline::{Gap, Timeline};

/// A range of frames, `first` included, `end` not; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first frame inside.
    pub first: u64,
    /// One past the last frame inside.
    pub end: u64,
}

/// The spans of one channel, or of all channels alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpans {
    /// The channel, counted from 0; `None` means that the spans hold for every channel.
    pub channel: Option<usize>,
    /// Sorted; between two neighbours there is at least one frame.
    pub spans: Vec<Span>,
}

/// Everything that is to be treated in one recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    lanes: Vec<ChannelSpans>,
    rate: u32,
}

/// The frame that contains the instant `time` at `rate` frames a second.
pub fn frame_at(time: Duration, rate: u32) -> u64 {
    let frame = time.as_nanos() * u128::from(rate) / 1_000_000_000;
    u64::try_from(frame).unwrap_or(u64::MAX)
}

/// The instant at which `frame` begins at `rate` frames a second, rounded down to a nanosecond.
pub fn time_of(frame: u64, rate: u32) -> Duration {
    let rate = u64::from(rate.max(1));
    let nanos = u128::from(frame % rate) * 1_000_000_000 / u128::from(rate);
    Duration::from_secs(frame / rate) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

impl Span {
    /// The frames that a window touches at `rate` Hz.
    pub(crate) fn covering(window: &Window, rate: u32) -> Self {
        let end = frame_at(window.end(), rate).saturating_add(1);
        Self { first: frame_at(window.start(), rate), end }
    }

    /// How many frames are inside.
    pub fn frames(self) -> u64 {
        self.end - self.first
    }
}

impl Spans {
    /// Turns windows into frames.
    ///
    /// # Errors
    /// [`Error::NoSuchChannel`] for a window on a channel that the recording lacks.
    pub fn new(windows: &Windows, rate: u32, channels: u16) -> Result<Self, Error> {
        let lacks = |window: &&Window| window.channel().is_some_and(|c| c >= channels);
        if let Some(window) = windows.asked().iter().find(lacks) {
            return Err(Error::NoSuchChannel { window: window.to_string(), channels });
        }
        let spans_of = |channel: Option<u16>| {
            let meant = windows.iter().filter(|w| w.channel().is_none() || w.channel() == channel);
            merge(meant.map(|window| Span::covering(window, rate)).collect())
        };
        let lane = |channel: Option<u16>| ChannelSpans {
            channel: channel.map(usize::from),
            spans: spans_of(channel),
        };
        let lanes = if windows.iter().all(|window| window.channel().is_none()) {
            vec![lane(None)]
        } else {
            (0..channels).map(|channel| lane(Some(channel))).collect()
        };
        Ok(Self { lanes, rate })
    }

    /// The spans, one lane for all channels or one for each.
    pub fn channel_spans(&self) -> &[ChannelSpans] {
        &self.lanes
    }

    /// The sample rate that the frames are counted at, in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// How many frames of the output are inside a span on at least one channel.
    pub fn frames_inside(&self, timeline: &Timeline) -> u64 {
        let all = self.lanes.iter().flat_map(|lane| lane.spans.iter().copied()).collect();
        merge(all).into_iter().filter_map(|span| timeline.span(span)).map(Span::frames).sum()
    }

    /// Each span on each of so many channels, by the recording's clock; sorted by the first frame.
    pub(crate) fn by_channel(&self, channels: u16) -> Vec<(u16, Span)> {
        let of_channel = |channel: u16| {
            let is_mine = move |lane: &&ChannelSpans| {
                lane.channel.is_none_or(|only| only == usize::from(channel))
            };
            let spans = self.lanes.iter().filter(is_mine).flat_map(|lane| &lane.spans);
            spans.map(move |&span| (channel, span))
        };
        let mut all: Vec<_> = (0..channels).flat_map(of_channel).collect();
        all.sort_by_key(|(_, span)| span.first);
        all
    }
}

fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.first);
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.first <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Walks along sorted spans with the blocks of a recording. Each span is passed once, so a block
/// costs what it meets, however many windows there are.
#[derive(Debug)]
pub(crate) struct SpanCursor<'a> {
    spans: &'a [Span],
    next: usize,
}

impl<'a> SpanCursor<'a> {
    pub(crate) fn new(spans: &'a [Span]) -> Self {
        Self { spans, next: 0 }
    }

    /// The spans that come within `margin` frames of `first..end`. Blocks are asked about in order.
    pub(crate) fn meeting(&mut self, first: u64, end: u64, margin: u64) -> &'a [Span] {
        let behind = |span: &&Span| span.end.saturating_add(margin) <= first;
        self.next += self.spans[self.next..].iter().take_while(behind).count();
        let rest = &self.spans[self.next..];
        let met = rest.iter().take_while(|span| span.first < end.saturating_add(margin)).count();
        &rest[..met]
    }
}

/// The items whose spans may meet `frames`, where the items are sorted by the first frame of their
/// spans and are asked about with ascending blocks. `passed` counts the leading items that have ended;
/// it starts at 0. An item that ended between two others is still among those returned.
pub(crate) fn meeting<'a, T>(
    items: &'a mut [T],
    passed: &mut usize,
    frames: std::ops::Range<u64>,
    span: impl Fn(&T) -> Span,
) -> &'a mut [T] {
    let has_ended = |item: &&T| span(item).end <= frames.start;
    *passed += items[*passed..].iter().take_while(has_ended).count();
    let rest = &mut items[*passed..];
    let count = rest.iter().take_while(|item| span(item).first < frames.end).count();
    &mut rest[..count]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MILLI: u64 = 1_000_000;

    fn window(start_nanos: u64, end_nanos: u64) -> Window {
        Window::new(Duration::from_nanos(start_nanos), Duration::from_nanos(end_nanos)).unwrap()
    }

    fn covers(spans: &[Span], frame: u64) -> bool {
        spans.iter().any(|span| (span.first..span.end).contains(&frame))
    }

    /// Every pair of windows on a line of 12 frames, at half-frame steps, against a bit set that
    /// is filled by asking each frame whether its place meets a window.
    #[test]
    fn no_touched_frame_survives_on_a_line_of_twelve_frames() {
        const RATE: u32 = 1000;
        let half = MILLI / 2;
        let all: Vec<(u64, u64)> =
            (0..24).flat_map(|s| (s + 1..=24).map(move |e| (s * half, e * half))).collect();
        for &a in &all {
            for &b in &all {
                let windows = Windows::new([window(a.0, a.1), window(b.0, b.1)]).unwrap();
                let spans = Spans::new(&windows, RATE, 1).unwrap();
                let found = &spans.channel_spans()[0].spans;
                for frame in 0..14 {
                    let place = frame * MILLI..(frame + 1) * MILLI;
                    let meets = |w: (u64, u64)| w.0 < place.end && w.1 >= place.start;
                    assert_eq!(covers(found, frame), meets(a) || meets(b), "{a:?} {b:?} {frame}");
                }
                assert!(found.windows(2).all(|pair| pair[0].end < pair[1].first));
            }
        }
    }

    proptest! {
        #[test]
        fn no_touched_frame_survives(
            start in 0u64..40_000_000_000_000, length in 1u64..100_000_000_000,
            rate in prop::sample::select(vec![1u32, 8000, 11_025, 16_000, 22_050, 44_100, 48_000, 768_000])
        ) {
            let windows = Windows::new([window(start, start + length)]).unwrap();
            let span = Spans::new(&windows, rate, 2).unwrap().channel_spans()[0].spans[0];
            // Frame n lies inside [n/rate, (n+1)/rate): compare as fractions, without division.
            let (start, end) = (u128::from(start), u128::from(start + length));
            let begin = |frame: u64| u128::from(frame) * 1_000_000_000;
            let rate = u128::from(rate);
            prop_assert!(begin(span.first) <= start * rate && start * rate < begin(span.first + 1));
            prop_assert!(begin(span.end - 1) <= end * rate && end * rate < begin(span.end));
        }

        #[test]
        fn the_cursor_finds_what_a_search_finds(
            pairs in prop::collection::vec((0u64..500, 1u64..20), 1..30),
            blocks in prop::collection::vec(1u64..60, 1..30),
            margin in 0u64..10,
        ) {
            let spans = merge(pairs.iter().map(|&(f, n)| Span { first: f, end: f + n }).collect());
            let mut cursor = SpanCursor::new(&spans);
            let mut first = 0;
            for block in blocks {
                let end = first + block;
                let expected: Vec<Span> = spans
                    .iter()
                    .filter(|s| s.end + margin > first && s.first < end + margin)
                    .copied()
                    .collect();
                prop_assert_eq!(cursor.meeting(first, end, margin), &expected[..]);
                first = end;
            }
        }
    }

    #[test]
    fn a_window_on_the_grid_takes_both_its_ends() {
        let windows = Windows::new([Window::from_seconds(14.0, 14.111).unwrap()]).unwrap();
        let spans = Spans::new(&windows, 8000, 1).unwrap();
        assert_eq!(spans.channel_spans()[0].spans, [Span { first: 112_000, end: 112_889 }]);
    }

    #[test]
    fn channels_get_lanes_of_their_own_where_windows_differ() {
        let windows = Windows::new([
            Window::from_seconds(1.0, 2.0).unwrap(),
            Window::from_seconds(2.0, 3.0).unwrap().on_channel(1),
        ])
        .unwrap();
        let spans = Spans::new(&windows, 10, 2).unwrap();
        let both = |channel, end| ChannelSpans {
            channel: Some(channel),
            spans: vec![Span { first: 10, end }],
        };
        assert_eq!(spans.channel_spans(), [both(0, 21), both(1, 31)]);
        assert_eq!(spans.frames_inside(&Timeline::new(1000, &[])), 21);
        assert_eq!(spans.frames_inside(&Timeline::new(15, &[])), 5);
        let gap = Gap { at: 12, frames: 5 };
        assert_eq!(spans.frames_inside(&Timeline::new(95, &[gap])), 16);
    }

    #[test]
    fn a_channel_that_the_recording_lacks_is_an_error() {
        let windows =
            Windows::new([Window::from_seconds(1.0, 2.0).unwrap().on_channel(2)]).unwrap();
        let error = Spans::new(&windows, 8000, 2).unwrap_err();
        assert!(matches!(error, Error::NoSuchChannel { channels: 2, .. }));
    }
}
