//! The waveforms as SVG paths: a column is one unit wide, the full height is 200.

use std::fmt::Write as _;

use super::text::{clock, plural};
use crate::evidence::{Column, Waveform};
use crate::receipt::Receipt;
use crate::span::time_of;

/// The plot of one channel.
#[derive(serde::Serialize)]
pub(super) struct ChannelPlot {
    /// Counted from 0.
    pub(super) number: usize,
    /// The text for screen readers.
    pub(super) description: String,
    pub(super) before: String,
    pub(super) after: String,
    /// Left edge and width of each span.
    pub(super) shades: Vec<(String, String)>,
}

/// The lowest full-scale level: a nearly silent recording is not drawn as loud noise.
const LEAST_PEAK: f32 = 0.01;

/// Intervals on the time axis.
const TICKS: u64 = 5;

pub(super) fn plots(waveform: &Waveform, receipt: &Receipt) -> Vec<ChannelPlot> {
    let all = waveform.channels.iter().flatten();
    let peak = all.map(|column| column.before.1.max(-column.before.0)).fold(LEAST_PEAK, f32::max);
    // Float samples may be infinite.
    let scale = 99.0 / if peak.is_finite() { peak } else { 1.0 };
    let plot = |(number, columns): (usize, &Vec<Column>)| {
        let mine = receipt.spans.iter().filter(|span| usize::from(span.channel) == number);
        let shades: Vec<_> =
            mine.map(|span| shade(span.first, span.frames, waveform.step)).collect();
        ChannelPlot {
            number,
            description: format!(
                "Waveform of channel {number} with {}; the table below lists their times",
                plural(shades.len(), "shaded passage")
            ),
            before: path(columns.iter().map(|column| column.before), scale),
            after: path(columns.iter().map(|column| column.after), scale),
            shades,
        }
    };
    waveform.channels.iter().enumerate().map(plot).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn shade(first: u64, frames: u64, step: u64) -> (String, String) {
    let at = |frame: u64| format!("{:.2}", frame as f64 / step as f64);
    (at(first), at(frames))
}

/// A closed path: along the upper edge, and back along the lower one.
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

/// The labels of the time axis, from start to end.
pub(super) fn ticks(receipt: &Receipt) -> Vec<String> {
    let (rate, frames) = (receipt.rate(), receipt.output.frames);
    // In a short recording, neighbouring ticks would show the same second.
    let digits = if frames / u64::from(rate.max(1)) < 2 * TICKS { 2 } else { 0 };
    let label = |tick| clock(time_of(frames * tick / TICKS, rate), digits);
    (0..=TICKS).map(label).collect()
}
