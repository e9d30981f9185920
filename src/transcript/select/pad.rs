//! Windows of one run are joined, then padded.

use std::time::Duration;

use super::super::bounds::Bounds;
use super::super::format::Padding;
use super::PlacedWindow;
use super::place::{Candidate, Origin};

/// Windows closer than this belong to one run: a slip of a digit between them would stay audible.
pub(in super::super) const CLOSE: Duration = Duration::from_millis(300);

/// The padding that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pad {
    /// From the user.
    Given { before: Duration, after: Duration },
    /// The default of the format.
    Format(Padding),
}

impl Pad {
    pub(super) fn new(given: Option<(Duration, Duration)>, format: Padding) -> Self {
        given.map_or(Self::Format(format), |(before, after)| Self::Given { before, after })
    }

    /// The window with its padding.
    pub(super) fn apply(self, joined: &Candidate, bounds: Option<&Bounds>) -> PlacedWindow {
        let mut window = joined.window();
        let (before, after) = match self {
            Self::Given { before, after } => (before, after),
            Self::Format(Padding::Around(pad)) => (pad, pad),
            Self::Format(Padding::ToNextWord { before, least, most }) => {
                let next = window
                    .end
                    .and_then(|end| Some((end, bounds?.next_start(joined.own_channel, end)?)));
                let gap = next.map_or(most, |(end, next)| next.saturating_sub(end));
                (before, gap.clamp(least.min(most), most))
            }
        };
        window.start = window.start.saturating_sub(before);
        window.end = window.end.map(|end| end.saturating_add(after));
        window
    }

    /// In words, for the summary.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Given { before, after } => {
                format!("{} before, {} after", shown(before), shown(after))
            }
            Self::Format(Padding::Around(pad)) if pad.is_zero() => "none".to_owned(),
            Self::Format(Padding::Around(pad)) => format!("{} before and after", shown(pad)),
            Self::Format(Padding::ToNextWord { before, least, most }) => {
                let (before, least, most) = (shown(before), shown(least), shown(most));
                format!("{before} before, after to the next word ({least} to {most})")
            }
        }
    }
}

/// A time in milliseconds, or finer where it is.
fn shown(time: Duration) -> String {
    let nanos = time.subsec_nanos() % 1_000_000;
    if nanos == 0 {
        format!("{} ms", time.as_millis())
    } else {
        format!("{}.{nanos:06} ms", time.as_millis())
    }
}

/// Sorts, and joins windows on one channel that meet or are closer than 300 ms. Those of people's
/// labels stay apart unless they are equal: each is meant as it stands.
pub(super) fn join(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| {
        (a.channel, a.start, a.end.is_none(), a.end).cmp(&(
            b.channel,
            b.start,
            b.end.is_none(),
            b.end,
        ))
    });
    let mut out: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for next in candidates {
        match out.last_mut() {
            Some(last) if is_one(last, &next) => take_in(last, next),
            _ => out.push(next),
        }
    }
    out.sort_by_key(|window| (window.start, window.channel));
    out
}

fn is_one(last: &Candidate, next: &Candidate) -> bool {
    if last.channel != next.channel {
        return false;
    }
    if last.origin == Origin::Person || next.origin == Origin::Person {
        return last.start == next.start && last.end == next.end && last.label == next.label;
    }
    last.end.is_none_or(|end| next.start < end.saturating_add(CLOSE))
}

fn take_in(last: &mut Candidate, next: Candidate) {
    let ends = last.end.zip(next.end).map(|(one, other)| one.max(other));
    if next.end.is_none() || next.end > last.end {
        last.own_channel = next.own_channel;
    }
    last.end = ends;
    let is_new = !last.label.split(" + ").any(|label| label == next.label);
    if is_new && last.label.len() < 100 {
        last.label = format!("{} + {}", last.label, next.label);
    }
}
