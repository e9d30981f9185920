//! Windows as they are written behind `-w`, one a line: `10-15`, `1:02.5-@1=hold`.

use super::super::flag::parse_with;
use super::super::{Window, WindowError, WindowProblem, parse_time};
use super::times::{Times, tell};

/// Whether the first line is a window of this kind.
pub(super) fn are_here(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let start = first.and_then(|line| line.split_once('-'));
    start.is_some_and(|(start, _)| parse_time(&start.replace(',', ".")).is_ok())
}

pub(super) fn read(text: &str, name: &str, times: &mut Times) -> Result<Vec<Window>, WindowError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let window = |(at, line): (usize, &str)| {
        let window = parse_with(line.trim(), &mut |text| times.text("time", text));
        window.map_err(|problem| discreet(problem).at(format!("{name}, line {}", at + 1)))
    };
    lines.map(window).collect()
}

/// The line may hold a label, and is not shown.
fn discreet(problem: WindowProblem) -> WindowProblem {
    match problem {
        WindowProblem::NotAWindow(text) => WindowProblem::NotAWindow(tell(&text)),
        WindowProblem::NotAChannel(text) => WindowProblem::NotAChannel(tell(&text)),
        other => other,
    }
}
