//! Throughput over time, as SVG: a bar for each stretch of time, the full height is 100.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::receipt::rfc3339;

/// The most bars of a chart.
const MOST: u64 = 120;

/// A bar chart.
#[derive(serde::Serialize)]
pub(super) struct Chart {
    title: &'static str,
    /// The text for screen readers, and below the chart.
    description: String,
    path: String,
    columns: u64,
    from: String,
    to: String,
}

/// What was done in each minute.
#[derive(Debug, Default)]
pub(super) struct Minutes(BTreeMap<u64, (f64, f64)>);

impl Minutes {
    /// Adds a recording of so many seconds that was done at this time, in milliseconds since 1970.
    pub(super) fn add(&mut self, at: u64, audio: f64) {
        let (recordings, seconds) = self.0.entry(at / 60_000).or_default();
        *recordings += 1.0;
        *seconds += audio;
    }

    /// Hours of audio and recordings a minute.
    pub(super) fn charts(&self) -> Vec<Chart> {
        let (Some((&first, _)), Some((&last, _))) =
            (self.0.first_key_value(), self.0.last_key_value())
        else {
            return Vec::new();
        };
        let step = (last - first + 1).div_ceil(MOST);
        let mut columns = vec![(0.0, 0.0); usize::try_from((last - first) / step + 1).unwrap_or(0)];
        for (minute, (recordings, seconds)) in &self.0 {
            let at = usize::try_from((minute - first) / step).unwrap_or(0);
            if let Some(column) = columns.get_mut(at) {
                column.0 += recordings;
                column.1 += seconds / 3600.0;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a picture")]
        let per = step as f64;
        let of = |title, unit, bars: Vec<f64>| {
            let bars: Vec<f64> = bars.into_iter().map(|bar| bar / per).collect();
            let most = bars.iter().copied().fold(0.0, f64::max);
            let every = if step == 1 { "minute".into() } else { format!("{step} minutes") };
            let description = format!(
                "{title}: at most {most:.2} {unit} a minute; a bar is a mean of one {every}"
            );
            let columns = bars.len() as u64;
            let (from, to) = (time(first), time(last + 1));
            Chart { title, description, path: path(&bars, most), columns, from, to }
        };
        let (recordings, audio) = columns.into_iter().unzip();
        vec![
            of("Hours of audio a minute", "hours", audio),
            of("Recordings a minute", "recordings", recordings),
        ]
    }
}

fn time(minute: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(minute * 60);
    // Without seconds: `2026-11-25 12:00 UTC`.
    rfc3339(at).get(..16).unwrap_or_default().replace('T', " ") + " UTC"
}

fn path(bars: &[f64], most: f64) -> String {
    let mut path = String::new();
    for (at, bar) in bars.iter().enumerate().filter(|(_, bar)| **bar > 0.0) {
        let top = 100.0 - 96.0 * bar / most;
        // Writing to a string cannot fail.
        let _ = write!(path, "M{at} 100V{top:.1}H{}V100Z", at + 1);
    }
    path
}
