//! What sordino takes: stages of a redaction in this process, and whole `sordino file` processes.

use std::process::Command;
use std::time::Instant;

use serde::Serialize;
use sordino::block::Block;
use sordino::window::{WindowError, parse_flag};
use sordino::{Decoder, Error, EvidenceOptions, Redacted, Redaction, Source, Treatment, Windows};

use super::super::exit::Failure;
use super::Bench;
use super::input::Input;
use super::stats::{Cost, Run, float};

/// What one stage takes, or some processes at once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    pub(super) name: String,
    /// Recordings that are redacted at once.
    pub(super) jobs: u32,
    #[serde(flatten)]
    pub(super) cost: Cost,
    pub(super) frames_per_second: f64,
    pub(super) times_real_time: f64,
    pub(super) megabytes_per_second: f64,
    pub(super) cpu_seconds_per_recorded_hour: Option<f64>,
}

impl Figures {
    fn new(name: String, jobs: u32, cost: Cost, input: &Input) -> Self {
        let per_second = |amount: f64| amount * f64::from(jobs) / cost.seconds.median;
        let hours = input.seconds() * f64::from(jobs) / 3600.0;
        Self {
            name,
            jobs,
            frames_per_second: per_second(float(input.frames)),
            times_real_time: per_second(input.seconds()),
            megabytes_per_second: per_second(input.megabytes()),
            cpu_seconds_per_recorded_hour: cost.cpu_seconds.map(|cpu| cpu / hours),
            cost,
        }
    }
}

/// Measures decoding, and a redaction without and with its self-check, in turn and in this process.
pub(super) fn stages(bench: &Bench, input: &Input) -> Result<Vec<Figures>, Failure> {
    let list = input.flags().map(|flag| parse_flag(&flag));
    let windows = Windows::new(list.collect::<Result<Vec<_>, WindowError>>()?)?;
    let names = ["decode", "whole", "checked"];
    let costs = bench.in_turn("the stages", &names, |&name| {
        let run = run(|| match name {
            "decode" => decode(Source::open(&input.path)?).map(|()| None),
            _ => redact(Source::open(&input.path)?, &windows, name == "checked").map(Some),
        });
        run.map_err(|error| Failure::of(format!("redacting {}", input.name), error))
    })?;
    let named = names.into_iter().zip(costs);
    Ok(named.map(|(name, cost)| Figures::new(name.into(), 1, cost, input)).collect())
}

/// Measures a piece of work. Freeing what it returns does not count.
fn run(work: impl FnOnce() -> Result<Option<Redacted>, Error>) -> Result<Run, Error> {
    let (before, start) = (cpu_seconds(), Instant::now());
    let _made = work()?;
    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds().zip(before).map(|(after, before)| after - before);
    // The peak memory of this process never falls, so it tells nothing about one stage.
    Ok(Run { wall, cpu, peak: None })
}

fn decode(source: Source) -> Result<(), Error> {
    let mut decoder = Decoder::open(source)?;
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    while decoder.next(&mut block)? {
        std::hint::black_box(block.samples());
    }
    Ok(())
}

fn redact(source: Source, windows: &Windows, self_check: bool) -> Result<Redacted, Error> {
    let evidence = EvidenceOptions { self_check, ..EvidenceOptions::default() };
    Redaction::new(windows, Treatment::default()).with_evidence(evidence).run(source)
}

/// CPU seconds of this process so far, in user and system mode.
#[cfg(unix)]
fn cpu_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    Some(float(micros.try_into().ok()?) / 1e6)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

/// Measures `sordino file`, one process alone and `jobs` at once, without and with the self-check, in
/// turn.
pub(super) fn processes(bench: &Bench, input: &Input, jobs: u32) -> Result<Vec<Figures>, Failure> {
    let mut all = Vec::new();
    for jobs in if jobs > 1 { vec![1, jobs] } else { vec![1] } {
        for (check, suffix) in [(false, ""), (true, ", self-check")] {
            all.push((format!("{jobs} at once{suffix}"), jobs, redaction(input, check, jobs)?));
        }
    }
    let costs = bench.in_turn("processes", &all, |(_, jobs, command)| {
        let run = bench.scratch.measure(*jobs, command);
        run.map_err(|why| Failure::failed(format!("measuring {}", input.name), why))
    })?;
    let figures = all.into_iter().zip(costs);
    Ok(figures.map(|((name, jobs, _), cost)| Figures::new(name, jobs, cost, input)).collect())
}

/// `sordino file`. Several at once decode on one thread each, because they keep the cores busy.
pub(super) fn redaction(input: &Input, check: bool, jobs: u32) -> Result<Command, Failure> {
    let program = std::env::current_exe();
    let program = program.map_err(|error| Failure::failed("finding this program", error))?;
    let mut command = Command::new(program);
    command.args(["file", "--output", input.output]).args(input.options);
    command.args(input.flags().map(|flag| format!("--window={flag}")));
    command.args((!check).then_some("--no-self-check"));
    command.args((jobs > 1).then_some("--threads=1"));
    command.arg("--").arg(&input.path);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_at_once_count_together() {
        let folder = tempfile::tempdir().unwrap();
        let input = Input::call(folder.path().join("call.wav"), 8000).unwrap();
        let runs = [Run { wall: 2.0, cpu: None, peak: None }];
        let figures = Figures::new("x".into(), 4, Cost::of(&runs), &input);
        assert_eq!(figures.frames_per_second, 16_000.0);
        assert_eq!(figures.cpu_seconds_per_recorded_hour, None, "unknown, not nothing");
    }
}
