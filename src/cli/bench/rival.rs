//! Other programs, and how they are asked for the same work.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use sordino::span::frame_at;
use sordino::window::time_from_seconds;

use super::stages::OUTPUT;
use super::subject::Subject;

/// Where a program is, if it is on the PATH. An empty part of it, which means the current folder, is
/// passed over.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders = env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty());
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    folders.map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// `between(t,10,15)+between(t,30.5,35.2)`.
fn inside(subject: &Subject) -> String {
    let windows = subject.windows().into_iter();
    windows.map(|(start, end)| format!("between(t,{start},{end})")).collect::<Vec<_>>().join("+")
}

/// FFmpeg as most people ask it. It opens and closes where a frame of its filter graph begins.
pub(super) fn usual_recipe(ffmpeg: &Path, subject: &Subject) -> Command {
    let filter = format!("volume=enable='{}':volume=0.001", inside(subject));
    filtered(ffmpeg, subject, &["-af", &filter])
}

/// FFmpeg, to the sample: a formula for each of them.
pub(super) fn by_formula(ffmpeg: &Path, subject: &Subject) -> Command {
    let filter = format!("aeval='val(ch)*if({},0.001,1)':c=same", inside(subject));
    filtered(ffmpeg, subject, &["-af", &filter])
}

/// FFmpeg, to the sample: cut into parts, and put together again.
pub(super) fn by_cutting(ffmpeg: &Path, subject: &Subject) -> Command {
    let parts = parts(subject);
    let count = parts.len();
    let names = |letter: &str| (0..count).map(|at| format!("[{letter}{at}]")).collect::<String>();
    let mut graph = format!("[0:a:0]asplit={count}{}", names("a"));
    for (at, part) in parts.iter().enumerate() {
        let end = part.end.map_or(String::new(), |end| format!(":end_sample={end}"));
        let quiet = if part.inside { ",volume=0.001" } else { "" };
        graph += &format!(";[a{at}]atrim=start_sample={}{end}{quiet}[b{at}]", part.first);
    }
    graph += &format!(";{}concat=n={count}:v=0:a=1[out]", names("b"));
    filtered(ffmpeg, subject, &["-filter_complex", &graph, "-map", "[out]"])
}

fn filtered(ffmpeg: &Path, subject: &Subject, filter: &[&str]) -> Command {
    let mut command = quiet_ffmpeg(ffmpeg, &subject.path);
    command.args(filter).arg(OUTPUT);
    command
}

/// FFmpeg makes a recording of another kind.
pub(super) fn convert(ffmpeg: &Path, from: &Path, options: &[&str], to: &Path) -> Command {
    let mut command = quiet_ffmpeg(ffmpeg, from);
    command.args(options).arg(file_url(to));
    command
}

fn quiet_ffmpeg(ffmpeg: &Path, input: &Path) -> Command {
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-v", "error", "-i"]).arg(file_url(input));
    command
}

/// Whatever a path looks like, it is a file.
fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// SoX, to the sample: it has no effect that begins and ends, so it reads parts from itself and puts
/// them together.
pub(super) fn sox(sox: &Path, subject: &Subject) -> Command {
    let (program, input) = (quoted(sox), quoted(&subject.path));
    let mut command = Command::new(sox);
    command.arg("-D");
    for part in parts(subject) {
        let gain = if part.inside { "-v 0.001 " } else { "" };
        let length = part.end.map_or(String::new(), |end| format!(" {}s", end - part.first));
        command.arg(format!("|{program} {gain}{input} -p trim {}s{length}", part.first));
    }
    command.args(["-b", "16", "-e", "signed-integer", OUTPUT]);
    command
}

/// For the shell that SoX asks.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// `cp` of the WAV.
pub(super) fn copy(cp: &Path, wav: &Path) -> Command {
    let mut command = Command::new(cp);
    command.arg(wav).arg(OUTPUT);
    command
}

/// A run of frames, inside the windows or outside; the last goes on to the end.
#[derive(Debug, PartialEq)]
struct Part {
    first: u64,
    end: Option<u64>,
    inside: bool,
}

/// The recording, cut at each boundary of a window.
fn parts(subject: &Subject) -> Vec<Part> {
    let frame =
        |seconds| frame_at(time_from_seconds(seconds).unwrap_or_default(), subject.recording.rate);
    cut(subject.windows().into_iter().map(|(start, end)| (frame(start), frame(end) + 1)))
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
