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
    /// Of one run or more.
    pub(super) fn of(runs: &[Run]) -> Self {
        let cpu: Option<Vec<f64>> = runs.iter().map(|run| run.cpu).collect();
        Self {
            seconds: Stats::of(runs.iter().map(|run| run.wall).collect()),
            cpu_seconds: cpu.map(|cpu| Stats::of(cpu).median),
            peak_memory_bytes: runs.iter().filter_map(|run| run.peak).max(),
        }
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
    /// Of one number or more.
    fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        // Twice the same number where their count is odd.
        let (low, high) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
        let median = f64::midpoint(low, high);
        Self { median, least: numbers[0], most: numbers[numbers.len() - 1] }
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

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        for (numbers, middle, least, most) in [
            (vec![2.0], 2.0, 2.0, 2.0),
            (vec![9.0, 1.0, 2.0], 2.0, 1.0, 9.0),
            (vec![4.0, 1.0, 9.0, 2.0], 3.0, 1.0, 9.0),
        ] {
            assert_eq!(Stats::of(numbers), Stats { median: middle, least, most });
        }
    }

    #[test]
    fn times_have_three_digits_or_so() {
        let shown = [0.000_123, 0.0123, 0.123, 1.234].map(time);
        assert_eq!(shown, ["0.12 ms", "12.3 ms", "123 ms", "1.23 s"]);
        assert_eq!(memory(8 * 1024 * 1024), "8.0 MiB");
    }
}
