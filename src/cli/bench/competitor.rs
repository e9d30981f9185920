//! Other programs, and how each is asked for the same redaction.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use sordino::span::frame_at;
use sordino::window::time_from_seconds;

use super::input::Input;
use super::scratch::Scratch;
use super::stages::OUTPUT;

/// The competitors, and what makes each print its version.
pub(super) const ALL: [(&str, &str); 3] =
    [("ffmpeg", "-version"), ("sox", "--version"), ("cp", "--version")];

/// The competitors on the PATH, with the first line of their version; empty where they have none.
pub(super) fn versions(scratch: &Scratch) -> BTreeMap<&'static str, String> {
    let version = |(name, flag)| {
        let mut command = Command::new(name);
        // An empty part of the PATH is the current folder, where no program of the user's may run.
        command.arg(flag).current_dir(scratch.path("")).stdin(Stdio::null());
        let text = command.output().ok()?.stdout;
        Some((name, String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()))
    };
    ALL.into_iter().filter_map(version).collect()
}

/// `between(t,10,15)+between(t,30.5,35.2)`.
fn inside(input: &Input) -> String {
    let windows = input.windows().into_iter();
    windows.map(|(start, end)| format!("between(t,{start},{end})")).collect::<Vec<_>>().join("+")
}

/// FFmpeg's usual recipe. It is exact to a frame of the filter graph, not to a sample.
pub(super) fn usual_recipe(input: &Input) -> Command {
    let filter = format!("volume=enable='{}':volume=0.001", inside(input));
    ffmpeg(&input.path, &["-af", &filter], OUTPUT.as_ref())
}

/// FFmpeg, exact to the sample: a formula that is evaluated for each of them.
pub(super) fn by_formula(input: &Input) -> Command {
    let filter = format!("aeval='val(ch)*if({},0.001,1)':c=same", inside(input));
    ffmpeg(&input.path, &["-af", &filter], OUTPUT.as_ref())
}

/// FFmpeg, exact to the sample: the recording is cut into parts, which are joined again.
pub(super) fn by_cutting(input: &Input) -> Command {
    let parts = parts(input);
    let count = parts.len();
    let names = |letter: &str| (0..count).map(|at| format!("[{letter}{at}]")).collect::<String>();
    let mut graph = format!("[0:a:0]asplit={count}{}", names("a"));
    for (at, part) in parts.iter().enumerate() {
        let end = part.end.map_or(String::new(), |end| format!(":end_sample={end}"));
        let quiet = if part.inside { ",volume=0.001" } else { "" };
        graph += &format!(";[a{at}]atrim=start_sample={}{end}{quiet}[b{at}]", part.first);
    }
    graph += &format!(";{}concat=n={count}:v=0:a=1[out]", names("b"));
    ffmpeg(&input.path, &["-filter_complex", &graph, "-map", "[out]"], OUTPUT.as_ref())
}

/// FFmpeg, from one file into another.
pub(super) fn ffmpeg(from: &Path, options: &[&str], to: &Path) -> Command {
    // Whatever a path looks like, it is no URL and no option.
    let file = |path: &Path| {
        let mut url = OsString::from("file:");
        url.push(path);
        url
    };
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(file(from)).args(options).arg(file(to));
    command
}

/// SoX, exact to the sample. None of its effects starts and stops, so it reads each part from a SoX
/// of its own and joins them.
pub(super) fn sox(input: &Input) -> Command {
    let path = quoted(&input.path);
    let mut command = Command::new("sox");
    command.arg("-D");
    for part in parts(input) {
        let gain = if part.inside { "-v 0.001 " } else { "" };
        let length = part.end.map_or(String::new(), |end| format!(" {}s", end - part.first));
        command.arg(format!("|sox {gain}{path} -p trim {}s{length}", part.first));
    }
    command.args(["-b", "16", "-e", "signed-integer", OUTPUT]);
    command
}

/// One word for the shell that SoX runs.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// `cp`.
pub(super) fn copy(input: &Input) -> Command {
    let mut command = Command::new("cp");
    command.arg(&input.path).arg(OUTPUT);
    command
}

/// A run of frames, inside a window or outside; without an end it is the last.
#[derive(Debug, PartialEq)]
struct Part {
    first: u64,
    end: Option<u64>,
    inside: bool,
}

/// The recording, cut where a window begins or ends.
fn parts(input: &Input) -> Vec<Part> {
    let frame = |seconds| frame_at(time_from_seconds(seconds).unwrap_or_default(), input.info.rate);
    cut(input.windows().into_iter().map(|(start, end)| (frame(start), frame(end) + 1)))
}

fn cut(spans: impl Iterator<Item = (u64, u64)>) -> Vec<Part> {
    let (mut parts, mut at) = (Vec::new(), 0);
    for (first, end) in spans {
        if first > at {
            parts.push(Part { first: at, end: Some(first), inside: false });
        }
        parts.push(Part { first, end: Some(end), inside: true });
        at = end;
    }
    parts.push(Part { first: at, end: None, inside: false });
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_once() {
        let part = |first, end, inside| Part { first, end, inside };
        assert_eq!(
            cut([(3, 5), (7, 9)].into_iter()),
            [
                part(0, Some(3), false),
                part(3, Some(5), true),
                part(5, Some(7), false),
                part(7, Some(9), true),
                part(9, None, false)
            ]
        );
        assert_eq!(cut([(0, 5)].into_iter()), [part(0, Some(5), true), part(5, None, false)]);
    }

    #[test]
    fn a_path_is_one_word_to_a_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
