//! What the windows cover on one channel.

use std::time::Duration;

use super::super::bounds::{Bound, How};
use super::super::select::PlacedWindow;

/// A longer overlap with a word that has no time of its own counts as holding it: 0.5 s.
const ENOUGH: Duration = Duration::from_millis(500);

/// Windows of one channel, merged and sorted.
pub(super) struct Cover(Vec<(Duration, Duration)>);

impl Cover {
    /// The windows that are on `channel` or on all channels; all windows if the channel is not
    /// known.
    pub(super) fn of(windows: &[PlacedWindow], channel: Option<u16>) -> Self {
        let is_here = |window: &&PlacedWindow| {
            window.channel.is_none() || channel.is_none() || window.channel == channel
        };
        let ranges = windows
            .iter()
            .filter(is_here)
            .map(|window| (window.start, window.end.unwrap_or(Duration::MAX)));
        Self(merged(ranges.collect(), Duration::ZERO))
    }

    /// Whether the windows hold the word of that bound. A word with a time of its own: if they
    /// meet. One that is only somewhere inside a range: if they may hold it, so not where they
    /// merely graze the range. Windows within one of `spared` do not count.
    pub(super) fn has(&self, bound: Bound, spared: &[(Duration, Duration)]) -> bool {
        let (start, end) = (bound.start, bound.end.unwrap_or(Duration::MAX));
        let first = self.0.partition_point(|window| window.1 < start);
        let near =
            self.0.get(first..).unwrap_or_default().iter().take_while(|window| window.0 <= end);
        let is_spared = |window: &(Duration, Duration)| {
            bound.how != How::Said
                && spared.iter().any(|stamp| stamp.0 <= window.0 && window.1 <= stamp.1)
        };
        near.filter(|window| !is_spared(window)).any(|&(from, to)| {
            let overlap = to.min(end).saturating_sub(from.max(start));
            if bound.how == How::Said || end <= start {
                return !overlap.is_zero() || end <= start;
            }
            let is_inside = start <= from && to <= end;
            is_inside || overlap > ENOUGH || overlap.saturating_mul(2) >= end.saturating_sub(start)
        })
    }
}

/// Sorted ranges; those that meet, or are closer than `gap`, become one.
pub(super) fn merged(
    mut ranges: Vec<(Duration, Duration)>,
    gap: Duration,
) -> Vec<(Duration, Duration)> {
    ranges.sort_unstable();
    let mut out: Vec<(Duration, Duration)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match out.last_mut() {
            Some(last) if start <= last.1 || start < last.1.saturating_add(gap) => {
                last.1 = last.1.max(end)
            }
            _ => out.push((start, end)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn cover(windows: &[(u64, u64)]) -> Cover {
        Cover(windows.iter().map(|&(start, end)| (ms(start), ms(end))).collect())
    }

    fn bound(start: u64, end: u64, how: How) -> Bound {
        Bound { start: ms(start), end: Some(ms(end)), how }
    }

    #[test]
    fn a_timed_word_is_held_where_it_meets_a_window() {
        let cover = cover(&[(1000, 2000)]);
        assert!(cover.has(bound(1900, 2200, How::Said), &[]));
        assert!(!cover.has(bound(2000, 2200, How::Said), &[]));
        assert!(!cover.has(bound(700, 1000, How::Said), &[]));
    }

    #[test]
    fn a_cue_beside_a_window_is_only_grazed() {
        let cover = cover(&[(1000, 2000)]);
        assert!(!cover.has(bound(1900, 4000, How::Unit), &[]));
        assert!(cover.has(bound(0, 4000, How::Unit), &[]));
        assert!(cover.has(bound(1000, 2000, How::Unit), &[]));
        assert!(cover.has(bound(1400, 9000, How::Unit), &[]));
    }

    #[test]
    fn a_window_that_a_tag_already_stands_for_is_spared() {
        let cover = cover(&[(1000, 2000)]);
        assert!(!cover.has(bound(0, 4000, How::Unit), &[(ms(1000), ms(2000))]));
        assert!(cover.has(bound(0, 4000, How::Unit), &[(ms(1000), ms(1900))]));
    }
}
