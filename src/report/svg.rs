//! The waveform, as paths of an SVG: a column is one unit wide, full height is 200.

use std::fmt::Write as _;

use crate::evidence::{Column, Waveform};
use crate::receipt::Receipt;
use crate::span::time_of;

use super::text::clock;

/// One channel.
pub(super) struct Channel {
    /// Counted from 0.
    pub(super) number: usize,
    /// For those who cannot see it.
    pub(super) description: String,
    pub(super) before: String,
    pub(super) after: String,
    /// Left edge and width of each span.
    pub(super) shades: Vec<(String, String)>,
}

/// A silent recording is drawn as silent, not as noise at full height.
const LEAST_PEAK: f32 = 0.01;

/// Marks on the time axis.
const TICKS: u64 = 5;

pub(super) fn channels(waveform: &Waveform, receipt: &Receipt) -> Vec<Channel> {
    let all = waveform.channels.iter().flatten();
    let peak = all.map(|column| column.before.1.max(-column.before.0)).fold(LEAST_PEAK, f32::max);
    // A float may be anything.
    let scale = 99.0 / if peak.is_finite() { peak } else { 1.0 };
    let draw = |(number, columns): (usize, &Vec<Column>)| {
        let mine = receipt.spans.iter().filter(|span| usize::from(span.channel) == number);
        let shades: Vec<_> =
            mine.map(|span| shade(span.first, span.frames, waveform.step)).collect();
        let plural = if shades.len() == 1 { "" } else { "s" };
        Channel {
            number,
            description: format!(
                "Waveform of channel {number} with {} shaded passage{plural}; the table below has their times",
                shades.len()
            ),
            before: path(columns.iter().map(|column| column.before), scale),
            after: path(columns.iter().map(|column| column.after), scale),
            shades,
        }
    };
    waveform.channels.iter().enumerate().map(draw).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn shade(first: u64, frames: u64, step: u64) -> (String, String) {
    let at = |frame: u64| format!("{:.2}", frame as f64 / step as f64);
    (at(first), at(frames))
}

/// Along the upper edge, and back along the lower.
fn path(ranges: impl DoubleEndedIterator<Item = (f32, f32)> + Clone, scale: f32) -> String {
    let y = |level: f32| 100.0 - (level * scale).clamp(-99.0, 99.0);
    let mut path = String::from("M0 100");
    // Writing to a string cannot fail.
    for (index, (_, high)) in ranges.clone().enumerate() {
        let _ = write!(path, "L{index} {:.0}H{}", y(high), index + 1);
    }
    let count = ranges.clone().count();
    for (index, (low, _)) in ranges.rev().enumerate() {
        let right = count - index;
        let _ = write!(path, "L{right} {:.0}H{}", y(low), right - 1);
    }
    path.push('Z');
    path
}

/// Times at even distances, from the beginning to the end.
pub(super) fn ticks(receipt: &Receipt) -> Vec<String> {
    let (rate, frames) = (receipt.input.rate, receipt.output.frames);
    // Whole seconds would say the same twice in a short recording.
    let digits = if frames / u64::from(rate.max(1)) < 2 * TICKS { 2 } else { 0 };
    let time = |tick| clock(time_of(frames * tick / TICKS, rate), digits);
    (0..=TICKS).map(time).collect()
}
