//! Statistics of a few runs, and numbers as text.

use serde::Serialize;

/// One run: seconds by the clock, CPU seconds, and the peak memory in bytes. `None`: not measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) wall: f64,
    pub(super) cpu: Option<f64>,
    pub(super) peak: Option<u64>,
}

/// What the same work took in several runs.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    pub(super) seconds: Stats,
    /// The median.
    pub(super) cpu_seconds: Option<f64>,
    /// The most of all runs.
    pub(super) peak_memory_bytes: Option<u64>,
}

impl Cost {
    /// `None` without runs.
    pub(super) fn of(runs: &[Run]) -> Option<Self> {
        let cpu = Stats::of(runs.iter().filter_map(|run| run.cpu));
        Some(Self {
            seconds: Stats::of(runs.iter().map(|run| run.wall))?,
            cpu_seconds: cpu.map(|cpu| cpu.median),
            peak_memory_bytes: runs.iter().filter_map(|run| run.peak).max(),
        })
    }
}

/// The median of some numbers, and their range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Stats {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Stats {
    /// Of finite numbers; `None` when there are none.
    fn of(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.filter(|number| number.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        // Twice the same number where their count is odd.
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), least, most })
    }
}

/// A count of bytes or frames, to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts of bytes and frames are far below 2^53")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// `1.23 s`, `123 ms`, `12.3 ms`, `0.12 ms`.
pub(super) fn time(seconds: f64) -> String {
    let millis = seconds * 1e3;
    match millis {
        1000.0.. => format!("{seconds:.2} s"),
        100.0.. => format!("{millis:.0} ms"),
        1.0.. => format!("{millis:.1} ms"),
        _ => format!("{millis:.2} ms"),
    }
}

/// `8.0 MiB`.
pub(super) fn memory(bytes: u64) -> String {
    format!("{:.1} MiB", float(bytes) / 1024.0 / 1024.0)
}

/// A number as text, `-` where there is none.
pub(super) fn known<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or("-".into(), show)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(numbers: &[f64]) -> Option<(f64, f64, f64)> {
        let Stats { least, median, most } = Stats::of(numbers.iter().copied())?;
        Some((least, median, most))
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(stats(&[]), None);
        assert_eq!(stats(&[2.0]), Some((2.0, 2.0, 2.0)));
        assert_eq!(stats(&[9.0, 1.0, 2.0]), Some((1.0, 2.0, 9.0)));
        assert_eq!(stats(&[4.0, 1.0, 9.0, 2.0]), Some((1.0, 3.0, 9.0)));
    }

    #[test]
    fn what_is_no_number_does_not_count() {
        assert_eq!(stats(&[f64::NAN, 1.0, f64::INFINITY]), Some((1.0, 1.0, 1.0)));
        assert_eq!(stats(&[f64::NAN]), None);
    }

    #[test]
    fn times_have_three_digits_or_so() {
        let shown = [0.000_123, 0.0123, 0.123, 1.234].map(time);
        assert_eq!(shown, ["0.12 ms", "12.3 ms", "123 ms", "1.23 s"]);
        assert_eq!(memory(8 * 1024 * 1024), "8.0 MiB");
    }
}
