//! Text tables.

use std::iter::once;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

/// The headings and rows as lines. A column is as wide as its widest cell is on a terminal. The
/// columns in `numbers` are aligned right, the others left.
pub(crate) fn table(headings: &[&str], numbers: Range<usize>, rows: &[Vec<String>]) -> String {
    let headings = headings.iter().map(|&name| name.to_owned()).collect();
    let all: Vec<_> = once(&headings).chain(rows).collect();
    let mut text = String::new();
    for row in &all {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let width = all.iter().map(|row| row[at].width()).max().unwrap_or(0);
            let space = " ".repeat(width - cell.width());
            if numbers.contains(&at) { space + cell } else { cell.clone() + &space }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        // A kanji is two columns wide, a µ one.
        let rows = [["通話", "1 ms", "a"], ["µ-law", "10 ms", "b"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let lines = ["input   time  note", "通話    1 ms  a", "µ-law  10 ms  b", ""];
        assert_eq!(table(&["input", "time", "note"], 1..2, &rows), lines.join("\n"));
    }
}
