//! Stages of a redaction, and whole processes: what each takes of a recording.

use std::process::Command;

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::super::args::Way;
use super::super::exit::Failure;
use super::float;
use super::measure::{Run, last_line};
use super::spread::Spread;
use super::subject::Subject;
use super::workshop::Workshop;

/// What one stage takes. What could not be measured is `None`.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) name: String,
    /// Recordings that are worked on at once.
    pub(super) jobs: u32,
    /// Seconds for all of them.
    pub(super) wall: Option<Spread>,
    /// Seconds on a core for all of them.
    pub(super) cpu: Option<f64>,
    /// The most bytes of memory that one process held.
    pub(super) peak: Option<u64>,
}

impl Figures {
    /// Of some runs.
    pub(super) fn of(name: String, jobs: u32, runs: &[Run]) -> Self {
        Self {
            name,
            jobs,
            wall: above_noise(runs.iter().map(|run| run.wall)),
            cpu: above_noise(runs.iter().filter_map(|run| run.cpu)).map(|spread| spread.median),
            peak: runs.iter().filter_map(|run| run.peak).max(),
        }
    }

    /// The median in seconds.
    pub(super) fn median(&self) -> Option<f64> {
        self.wall.map(|wall| wall.median)
    }

    /// How many of `amount`, which one recording has, are done in a second.
    pub(super) fn per_second(&self, amount: f64) -> Option<f64> {
        self.median().map(|median| amount * f64::from(self.jobs) / median)
    }

    /// Seconds on a core for one hour of recording.
    pub(super) fn cpu_per_hour(&self, subject: &Subject) -> Option<f64> {
        self.cpu.map(|cpu| cpu / (subject.seconds() * f64::from(self.jobs)) * 3600.0)
    }

    pub(super) fn to_json(&self, subject: &Subject) -> Value {
        json!({
            "name": self.name,
            "jobs": self.jobs,
            "seconds": self.wall.map(Spread::to_json),
            "framesPerSecond": self.per_second(float(subject.frames)),
            "timesRealTime": self.per_second(subject.seconds()),
            "megabytesPerSecond": self.per_second(subject.megabytes()),
            "cpuSecondsPerRecordedHour": self.cpu_per_hour(subject),
            "peakMemoryBytes": self.peak,
        })
    }
}

/// A difference of two measurements may come out as nothing, or less; then it is not known.
fn above_noise(seconds: impl Iterator<Item = f64>) -> Option<Spread> {
    Spread::of(seconds).filter(|spread| spread.median > 0.0)
}

/// The ways, in the order in which they take turns.
const WAYS: [Way; 5] = [Way::Decode, Way::First, Way::All, Way::Whole, Way::Checked];

/// Each stage: its name, the way that contains it, and the way to be taken off.
const STAGES: [(&str, Way, Option<Way>); 5] = [
    ("decode", Way::Decode, None),
    ("treat", Way::All, Some(Way::First)),
    ("encode", Way::First, Some(Way::Decode)),
    ("self-check", Way::Checked, Some(Way::Whole)),
    ("whole", Way::Whole, None),
];

/// Measures the stages: all in one process in turn, then the memory of each in one of its own.
pub(super) fn stages(
    workshop: &Workshop,
    subject: &Subject,
    runs: u32,
    say: &dyn Fn(String),
) -> Result<Vec<Figures>, Failure> {
    say("measuring the stages".into());
    let all = in_process(workshop, subject, &WAYS, runs, true)?;
    let of = |way| WAYS.iter().position(|&other| other == way).and_then(|at| all.get(at));
    let stage = |(name, way, less): (&str, Way, Option<Way>)| {
        say(format!("measuring the memory of: {name}"));
        let alone = in_process(workshop, subject, &[way], 1, false)?;
        let runs = difference(of(way), less.and_then(of));
        let mut figures = Figures::of(name.into(), 1, &runs);
        figures.peak = alone.iter().flatten().filter_map(|run| run.peak).max();
        Ok(figures)
    };
    STAGES.into_iter().map(stage).collect()
}

/// Run by run: what one way takes more than the other.
fn difference(runs: Option<&Vec<Run>>, less: Option<&Vec<Run>>) -> Vec<Run> {
    let runs = runs.cloned().unwrap_or_default();
    let Some(less) = less else { return runs };
    let pairs = runs.into_iter().zip(less);
    let take_off = |(run, less): (Run, &Run)| Run {
        wall: run.wall - less.wall,
        cpu: run.cpu.zip(less.cpu).map(|(run, less)| run - less),
        peak: run.peak,
    };
    pairs.map(take_off).collect()
}

fn in_process(
    workshop: &Workshop,
    subject: &Subject,
    ways: &[Way],
    runs: u32,
    warm: bool,
) -> Result<Vec<Vec<Run>>, Failure> {
    let mut command = sordino()?;
    command.args(["bench-stages", "--runs", &runs.to_string()]).args(subject.flags());
    command.args(warm.then_some("--warm"));
    for way in ways.iter().filter_map(Way::to_possible_value) {
        command.args(["--ways", way.get_name()]);
    }
    command.arg("--").arg(&subject.path);
    answer(workshop, &mut command)?.map_err(|why| failed(subject, why))
}

/// Measures `sordino file` as a process: one alone and `jobs` at once, with and without the
/// self-check, in turn.
pub(super) fn processes(
    workshop: &Workshop,
    subject: &Subject,
    runs: u32,
    jobs: u32,
    say: &dyn Fn(String),
) -> Result<Vec<Figures>, Failure> {
    let mut cases = vec![(1, false), (1, true)];
    if jobs > 1 {
        cases.extend([(jobs, false), (jobs, true)]);
    }
    let mut seen = vec![Vec::new(); cases.len()];
    for run in 1..=runs {
        say(format!("measuring processes, run {run} of {runs}"));
        for (&(jobs, check), seen) in cases.iter().zip(&mut seen) {
            let run = process(workshop, jobs, redaction(subject, check, jobs)?)?;
            seen.push(run.map_err(|why| failed(subject, why))?);
        }
    }
    let figures = cases.iter().zip(&seen).map(|(&(jobs, check), seen)| {
        let check = if check { ", self-check" } else { "" };
        Figures::of(format!("{jobs} at once{check}"), jobs, seen)
    });
    Ok(figures.collect())
}

fn failed(subject: &Subject, why: String) -> Failure {
    Failure::failed(format!("measuring {}", subject.name), why)
}

/// `sordino file`, into the file `out.wav` of the folder that it runs in. Where several run at once
/// the cores have enough to do, and one thread each decodes.
pub(super) fn redaction(subject: &Subject, check: bool, jobs: u32) -> Result<Command, Failure> {
    let mut command = sordino()?;
    command.args(["file", "--output", OUTPUT]).args(subject.flags());
    command.args((!check).then_some("--no-self-check"));
    command.args((jobs > 1).then_some("--threads=1"));
    command.arg("--").arg(&subject.path);
    Ok(command)
}

/// What every process that is measured writes.
pub(super) const OUTPUT: &str = "out.wav";

/// This program.
fn sordino() -> Result<Command, Failure> {
    let path = std::env::current_exe();
    Ok(Command::new(path.map_err(|error| Failure::failed("finding this program", error))?))
}

/// Measures a command, `jobs` times at once. Each starts in an empty folder, and what it makes is
/// thrown away before the next. The inner error is what the command complained of.
pub(super) fn process(
    workshop: &Workshop,
    jobs: u32,
    command: Command,
) -> Result<Result<Run, String>, Failure> {
    let making = |error| Failure::failed("making a temporary folder", error);
    let folders: Vec<_> = (0..jobs).map(|job| workshop.path(&format!("job-{job}"))).collect();
    let mut measured = sordino()?;
    measured.arg("bench-processes");
    for folder in &folders {
        std::fs::create_dir(folder).map_err(making)?;
        measured.arg("--folder").arg(folder);
    }
    measured.arg("--").arg(command.get_program()).args(command.get_args());
    let run = answer(workshop, &mut measured);
    for folder in &folders {
        std::fs::remove_dir_all(folder).map_err(making)?;
    }
    run
}

/// What one of our own processes prints; the inner error is what it complained of.
fn answer<T: serde::de::DeserializeOwned>(
    workshop: &Workshop,
    command: &mut Command,
) -> Result<Result<T, String>, Failure> {
    let doing = "starting a process to measure in";
    let output = workshop.run(command).map_err(|error| Failure::failed(doing, error))?;
    if !output.status.success() {
        return Ok(Err(last_line(&output.stderr).unwrap_or_else(|| output.status.to_string())));
    }
    let answer = serde_json::from_slice(&output.stdout);
    answer.map(Ok).map_err(|error| Failure::failed("reading what was measured", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall: f64, cpu: Option<f64>) -> Run {
        Run { wall, cpu, peak: Some(7) }
    }

    #[test]
    fn a_stage_that_drowns_in_the_noise_is_unknown() {
        let (whole, part) = (vec![run(2.0, Some(1.0)); 3], vec![run(2.5, Some(0.5)); 3]);
        let figures = Figures::of("x".into(), 1, &difference(Some(&whole), Some(&part)));
        assert_eq!((figures.wall, figures.cpu, figures.peak), (None, Some(0.5), Some(7)));
        let figures = Figures::of("x".into(), 1, &difference(Some(&part), Some(&whole)));
        assert_eq!((figures.median(), figures.cpu), (Some(0.5), None));
    }

    #[test]
    fn jobs_at_once_count_together() {
        let figures = Figures::of("x".into(), 4, &[run(2.0, None)]);
        assert_eq!(figures.per_second(10.0), Some(20.0));
        assert_eq!(figures.cpu, None, "not told is not nothing");
    }
}
