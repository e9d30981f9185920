//! What was measured, as text.

use std::fmt::Write as _;

use super::float;
use super::row::{Comparison, Row, Who};
use super::stages::Figures;
use super::subject::Subject;

/// Stands where there is no number.
const UNKNOWN: &str = "?";
/// Stands where there is nothing to be known.
const NOTHING: &str = "-";

/// Stages or processes, one a line. `what` is the head of the first column.
pub(super) fn figures(what: &str, figures: &[Figures], subject: &Subject) -> String {
    let head = [
        what,
        "median",
        "least",
        "most",
        "frames/s",
        "x real time",
        "MB/s",
        "CPU s/hour",
        "memory",
    ];
    let mut rows = Vec::new();
    for one in figures {
        let [least, median, most] = match one.wall {
            Some(wall) => [wall.least, wall.median, wall.most].map(time),
            None => [UNKNOWN; 3].map(str::to_owned),
        };
        rows.push(vec![
            one.name.clone(),
            median,
            least,
            most,
            known(one.per_second(float(subject.frames)), count),
            known(one.per_second(subject.seconds()), count),
            known(one.per_second(subject.megabytes()), |rate| format!("{rate:.0}")),
            known(one.cpu_per_hour(subject), |seconds| format!("{seconds:.3}")),
            known(one.peak, memory),
        ]);
    }
    columns(&headed(&head, rows.into_iter()))
}

/// Everybody, one input a line: FFmpeg and the promises, then the others.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let ffmpeg = comparison.rows.iter().map(against_ffmpeg);
    let others = comparison.rows.iter().filter(|row| !row.is_exact).map(against_others);
    let mut text = columns(&headed(&AGAINST_FFMPEG, ffmpeg));
    text += "\n";
    text += &columns(&headed(&AGAINST_OTHERS, others));
    for skipped in &comparison.skipped {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "skipped: {skipped}");
    }
    text
}

const AGAINST_FFMPEG: [&str; 8] =
    ["against FFmpeg", "sordino", "checked", "FFmpeg", "ratio", "checked", "promised", "kept"];

fn against_ffmpeg(row: &Row) -> Vec<String> {
    let kept = row.is_kept().map_or(NOTHING, |kept| if kept { "yes" } else { "no" });
    vec![
        row.input.clone(),
        wall(row, Who::Sordino),
        wall(row, Who::Checked),
        wall(row, Who::Ffmpeg),
        ratio(row, Who::Ffmpeg, Who::Sordino),
        ratio(row, Who::Ffmpeg, Who::Checked),
        promised(row),
        kept.into(),
    ]
}

const AGAINST_OTHERS: [&str; 9] =
    ["against others", "sordino", "cp", "ratio", "SoX", "ratio", "memory", "FFmpeg's", "SoX's"];

fn against_others(row: &Row) -> Vec<String> {
    vec![
        row.input.clone(),
        wall(row, Who::Sordino),
        wall(row, Who::Cp),
        ratio(row, Who::Sordino, Who::Cp),
        wall(row, Who::Sox),
        ratio(row, Who::Sox, Who::Sordino),
        there(row.peak(Who::Sordino), memory),
        there(row.peak(Who::Ffmpeg), memory),
        there(row.peak(Who::Sox), memory),
    ]
}

fn wall(row: &Row, who: Who) -> String {
    there(row.wall(who).map(|wall| wall.median), time)
}

fn ratio(row: &Row, who: Who, than: Who) -> String {
    there(row.ratio(who, than), |ratio| format!("{ratio:.2}"))
}

fn headed(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let head = head.iter().map(|&name| name.to_owned()).collect();
    std::iter::once(head).chain(rows).collect()
}

/// `3 x`, `3 x, cp 1.5 x`.
fn promised(row: &Row) -> String {
    let ffmpeg = row.promise.ffmpeg.map(|least| format!("{least} x"));
    let cp = row.promise.cp.map(|most| format!("cp {most} x"));
    let all: Vec<_> = ffmpeg.into_iter().chain(cp).collect();
    if all.is_empty() { NOTHING.into() } else { all.join(", ") }
}

fn known<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or(UNKNOWN.into(), show)
}

fn there<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or(NOTHING.into(), show)
}

/// `1.23 s`, `123 ms`, `12.3 ms`, `0.12 ms`.
pub(super) fn time(seconds: f64) -> String {
    let millis = seconds * 1e3;
    match millis.abs() {
        1000.0.. => format!("{seconds:.2} s"),
        100.0.. => format!("{millis:.0} ms"),
        1.0.. => format!("{millis:.1} ms"),
        _ => format!("{millis:.2} ms"),
    }
}

/// `31.4 M`, `3140`.
fn count(number: f64) -> String {
    if number >= 1e6 { format!("{:.1} M", number / 1e6) } else { format!("{number:.0}") }
}

pub(super) fn memory(bytes: u64) -> String {
    format!("{:.1} MiB", float(bytes) / 1024.0 / 1024.0)
}

/// Columns as wide as what is in them: the first to the left, numbers to the right.
fn columns(rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_or_so() {
        let shown = [0.000_123, 0.0123, 0.123, 1.234, -0.002].map(time);
        assert_eq!(shown, ["0.12 ms", "12.3 ms", "123 ms", "1.23 s", "-2.0 ms"]);
        assert_eq!([950.0, 31.4e6].map(count), ["950", "31.4 M"]);
        assert_eq!(memory(8 * 1024 * 1024), "8.0 MiB");
    }

    #[test]
    fn numbers_stand_below_each_other() {
        let rows = [["µ-law", "1 ms"], ["a", "10 ms"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), "µ-law   1 ms\na      10 ms\n");
    }
}
