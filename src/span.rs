//! Spans: windows in frames of one recording.
//!
//! **`Span::covering` turns a window into frames**, for redactions and for the audit. The self-check
//! repeats the arithmetic on purpose (`evidence/oracle`), so that it does not depend on this file. A
//! window is a closed interval. At rate r, frame n lasts from n/r up to, not including, (n+1)/r. Every
//! frame that overlaps the window is inside: from floor(start·r) to floor(end·r), both included, in exact
//! integer arithmetic on nanoseconds ([`frame_at`]).
//!
//! In: [`Windows`], a sample rate in Hz and a channel count. Out: [`Spans`]: for each channel, or once
//! for all channels, a sorted list of frame ranges with at least one frame between them. Errors: a
//! channel that the recording does not have, a window after its end, a list that gives no unit and whose
//! times cannot be seconds in this recording.

use std::ops::Range;
use std::time::Duration;

use crate::error::Error;
use crate::window::{Window, Windows};

mod end;
mod timeline;

pub use end::{check_without_length, cut_at_end, over_end};
pub use timeline::{Gap, Timeline};

/// A range of frames, `first` included, `end` excluded; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first frame inside.
    pub first: u64,
    /// One past the last frame inside.
    pub end: u64,
}

/// The spans of one channel, or of all channels together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpans {
    /// The channel, counted from 0; `None` means that the spans apply to all channels.
    pub channel: Option<usize>,
    /// Sorted, with at least one frame between two neighbours.
    pub spans: Vec<Span>,
}

/// All spans of one recording, in frames by the recording's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    channels: Vec<ChannelSpans>,
    rate: u32,
}

/// The frame that contains the instant `time`, at `rate` Hz.
pub fn frame_at(time: Duration, rate: u32) -> u64 {
    let frame = time.as_nanos() * u128::from(rate) / 1_000_000_000;
    u64::try_from(frame).unwrap_or(u64::MAX)
}

/// The instant at which `frame` begins at `rate` Hz, rounded down to a nanosecond.
pub fn time_of(frame: u64, rate: u32) -> Duration {
    let rate = u64::from(rate.max(1));
    let nanos = u128::from(frame % rate) * 1_000_000_000 / u128::from(rate);
    Duration::from_secs(frame / rate) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

impl Span {
    /// All frames that overlap a window, at `rate` Hz.
    pub(crate) fn covering(window: &Window, rate: u32) -> Self {
        let end = frame_at(window.end(), rate).saturating_add(1);
        Self { first: frame_at(window.start(), rate), end }
    }

    /// The number of frames inside.
    pub fn frames(self) -> u64 {
        self.end - self.first
    }
}

impl Spans {
    /// Converts windows to spans, for a recording with this `rate` in Hz and this number of channels.
    ///
    /// # Errors
    /// [`Error::NoSuchChannel`] for a window on a channel that the recording does not have.
    pub fn new(windows: &Windows, rate: u32, channels: u16) -> Result<Self, Error> {
        let is_missing = |window: &&Window| window.channel().is_some_and(|c| c >= channels);
        if let Some(window) = windows.asked().iter().find(is_missing) {
            return Err(Error::NoSuchChannel { window: window.to_string(), channels });
        }
        let on = |channel: Option<u16>| {
            let windows =
                windows.iter().filter(|w| w.channel().is_none() || w.channel() == channel);
            let spans = merge(windows.map(|window| Span::covering(window, rate)).collect());
            ChannelSpans { channel: channel.map(usize::from), spans }
        };
        let channels = if windows.iter().all(|window| window.channel().is_none()) {
            vec![on(None)]
        } else {
            (0..channels).map(|channel| on(Some(channel))).collect()
        };
        Ok(Self { channels, rate })
    }

    /// The spans: one entry for all channels, or one for each.
    pub fn channel_spans(&self) -> &[ChannelSpans] {
        &self.channels
    }

    /// The sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The frames that are inside a span, or a fade of this length around it, on at least one channel.
    /// Sorted, never touching.
    pub(crate) fn touched(&self, fade: Duration) -> Vec<Range<u64>> {
        let fade = frame_at(fade, self.rate);
        let all = self.channels.iter().flat_map(|channel| &channel.spans);
        let wide = all.map(|span| Span {
            first: span.first.saturating_sub(fade),
            end: span.end.saturating_add(fade),
        });
        merge(wide.collect()).into_iter().map(|span| span.first..span.end).collect()
    }

    /// The number of output frames that are inside a span on at least one channel.
    pub fn frames_inside(&self, timeline: &Timeline) -> u64 {
        let all = self.channels.iter().flat_map(|channel| channel.spans.iter().copied()).collect();
        merge(all).into_iter().filter_map(|span| timeline.span(span)).map(Span::frames).sum()
    }

    /// Every span on every one of `channels` channels, sorted by the first frame.
    pub(crate) fn by_channel(&self, channels: u16) -> Vec<(u16, Span)> {
        let mut all = Vec::new();
        for channel in 0..channels {
            for ChannelSpans { channel: only, spans } in &self.channels {
                if only.is_none_or(|only| only == usize::from(channel)) {
                    all.extend(spans.iter().map(|&span| (channel, span)));
                }
            }
        }
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

/// The spans of one channel, visited in order together with the blocks of a recording.
#[derive(Debug)]
pub(crate) struct SpanCursor<'a> {
    spans: &'a [Span],
    passed: usize,
}

impl<'a> SpanCursor<'a> {
    pub(crate) fn new(spans: &'a [Span]) -> Self {
        Self { spans, passed: 0 }
    }

    /// The spans within `margin` frames of `frames`, which must not begin earlier than in the last call.
    pub(crate) fn meeting(&mut self, frames: Range<u64>, margin: u64) -> &'a [Span] {
        let frames = frames.start.saturating_sub(margin)..frames.end.saturating_add(margin);
        &self.spans[sweep(self.spans, &mut self.passed, frames, |span| *span)]
    }
}

/// The one sweep over spans that are sorted by their first frames: returns the indices of the items
/// whose spans may meet `frames`. `frames` must not begin earlier than in the last call. `passed`
/// counts the leading items that have ended, and starts at 0: they are skipped only once, so a block
/// costs as much as the items that it meets, however many there are in all.
///
/// Where spans overlap, those of several channels, an item that has ended between two others is still
/// among those returned.
pub(crate) fn sweep<T>(
    items: &[T],
    passed: &mut usize,
    frames: Range<u64>,
    span: impl Fn(&T) -> Span,
) -> Range<usize> {
    let has_ended = |item: &&T| span(item).end <= frames.start;
    *passed += items[*passed..].iter().take_while(has_ended).count();
    let rest = &items[*passed..];
    let count = rest.iter().take_while(|item| span(item).first < frames.end).count();
    *passed..*passed + count
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

    /// Every pair of windows on a line of 12 frames, at half-frame steps, against a test of each frame:
    /// does its interval meet a window?
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
                prop_assert_eq!(cursor.meeting(first..end, margin), &expected[..]);
                first = end;
            }
        }
    }

    #[test]
    fn a_window_on_frame_boundaries_includes_both_ends() {
        let windows = Windows::new([Window::from_seconds(14.0, 14.111).unwrap()]).unwrap();
        let spans = Spans::new(&windows, 8000, 1).unwrap();
        assert_eq!(spans.channel_spans()[0].spans, [Span { first: 112_000, end: 112_889 }]);
    }

    #[test]
    fn channels_have_their_own_spans_where_windows_differ() {
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
    fn a_channel_that_the_recording_does_not_have_is_an_error() {
        let windows =
            Windows::new([Window::from_seconds(1.0, 2.0).unwrap().on_channel(2)]).unwrap();
        let error = Spans::new(&windows, 8000, 2).unwrap_err();
        assert!(matches!(error, Error::NoSuchChannel { channels: 2, .. }));
    }
}
