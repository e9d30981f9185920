//! The processes in which is measured, from inside: their whole output is one line of JSON.
//!
//! They are processes of their own because the peak of a process never falls, and because a process
//! learns of its children only what they have used together.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sordino::block::Block;
use sordino::window::parse_flag;
use sordino::{
    Decoder, Error, EvidenceOptions, Redaction, Source, Treatment, WindowError, Windows,
};

use super::super::args::{BenchProcessesArgs, BenchStagesArgs, Way};
use super::super::exit::Failure;
use super::super::report;
use super::usage;

/// One run: seconds by the clock, seconds on a core, and the peak of memory in bytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) wall: f64,
    pub(super) cpu: Option<f64>,
    pub(super) peak: Option<u64>,
}

/// What a process says on its stderr, beside its name.
pub(super) const COMPLAINTS: &str = "stderr.txt";

/// Measures each way in turn, again and again; prints the runs of each.
pub(crate) fn stages_here(args: &BenchStagesArgs) -> Result<(), Failure> {
    let named = |texts: &[String]| {
        let list = texts.iter().map(|text| parse_flag(text));
        Windows::new(list.collect::<Result<Vec<_>, WindowError>>()?)
    };
    let windows = Asked {
        first: named(&["0-0.000000001".into()])?,
        // Longer than any WAV: where it runs over the end, it is cut.
        all: named(&["0-1000000000".into()])?,
        usual: named(&args.window)?,
    };
    let mut runs = vec![Vec::new(); args.ways.len()];
    for round in 0..args.runs + u32::from(args.warm) {
        for (runs, &way) in runs.iter_mut().zip(&args.ways) {
            let run = stage(&args.file, way, &windows);
            let run = run.map_err(|error| Failure::of("redacting", error))?;
            if round > 0 || !args.warm {
                runs.push(run);
            }
        }
    }
    print(&runs)
}

/// What each way redacts.
struct Asked {
    first: Windows,
    all: Windows,
    usual: Windows,
}

fn stage(file: &Path, way: Way, windows: &Asked) -> Result<Run, Error> {
    let before = usage::own().cpu;
    let since = Instant::now();
    let source = Source::open(file)?;
    // Giving back what it has made is no part of it.
    let made = match way {
        Way::Decode => {
            decode(source)?;
            None
        }
        Way::First => Some(redact(source, &windows.first, false)?),
        Way::All => Some(redact(source, &windows.all, false)?),
        Way::Whole => Some(redact(source, &windows.usual, false)?),
        Way::Checked => Some(redact(source, &windows.usual, true)?),
    };
    let wall = since.elapsed().as_secs_f64();
    let used = usage::own();
    drop(made);
    Ok(Run { wall, cpu: difference(used.cpu, before), peak: used.peak })
}

fn decode(source: Source) -> Result<(), Error> {
    let mut decoder = Decoder::open(source)?;
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    while decoder.next(&mut block)? {
        std::hint::black_box(block.samples());
    }
    Ok(())
}

fn redact(source: Source, windows: &Windows, self_check: bool) -> Result<sordino::Redacted, Error> {
    let proof = EvidenceOptions { self_check, ..EvidenceOptions::default() };
    Redaction::new(windows, Treatment::default()).with_evidence(proof).run(source)
}

/// Runs the command in each of the folders, all at once; prints one run: from the first start to the
/// last end.
pub(crate) fn processes_here(args: &BenchProcessesArgs) -> Result<(), Failure> {
    let program = args.command.first().and_then(|path| Path::new(path).file_name());
    let program = program.unwrap_or_default().display().to_string();
    let failed = |error| Failure::failed(program.as_str(), error);
    let since = Instant::now();
    let started = args.folder.iter().map(|folder| start(args, folder));
    // All of them are started before the first is waited for.
    let started: Vec<_> = started.collect();
    let mut complaint = None;
    for (child, folder) in started.into_iter().zip(&args.folder) {
        let status = child.and_then(|mut child| child.wait()).map_err(failed)?;
        if !status.success() {
            complaint = Some(complaint_in(folder).unwrap_or_else(|| status.to_string()));
        }
    }
    let wall = since.elapsed().as_secs_f64();
    if let Some(complaint) = complaint {
        return Err(Failure::failed(program, complaint));
    }
    let used = usage::children();
    print(&Run { wall, cpu: used.cpu.map(|cpu| cpu.as_secs_f64()), peak: used.peak })
}

fn start(args: &BenchProcessesArgs, folder: &Path) -> std::io::Result<Child> {
    let mut words = args.command.iter();
    let mut command = Command::new(words.next().ok_or(std::io::ErrorKind::InvalidInput)?);
    command.args(words).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(File::create(folder.join(COMPLAINTS))?).spawn()
}

/// The last words of a process in this folder.
fn complaint_in(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join(COMPLAINTS)).ok()?;
    last_line(&text)
}

/// The last line that says something.
pub(super) fn last_line(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(line.strip_prefix("error: ").unwrap_or(line).to_owned())
}

fn difference(after: Option<Duration>, before: Option<Duration>) -> Option<f64> {
    Some(after?.saturating_sub(before?).as_secs_f64())
}

fn print(result: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(result);
    report::print(&json.map_err(|error| Failure::failed("printing", error))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_says_something_is_the_complaint() {
        let line = |text: &str| last_line(text.as_bytes());
        assert_eq!(line("note: a\nerror: it is full\n\n").as_deref(), Some("it is full"));
        assert_eq!(line("sox FAIL formats: no\n").as_deref(), Some("sox FAIL formats: no"));
        assert_eq!(line(" \n"), None);
    }
}
