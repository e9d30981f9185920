//! `sordino bench`: how fast this machine redacts, to size a fleet by.
//!
//! In: a call, or a recording. Out: the time of each stage in this process, and of whole
//! `sordino file` processes, one alone and several at once; with `--compare`, the time of other
//! programs for the same work. What can go wrong: a recording that does not decode; a full disk.

use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use serde::Serialize;
use sordino::span::{frame_at, time_of};
use sordino::spool::Draft;
use sordino::window::ClockTime;

use super::args::{BenchArgs, time};
use super::exit::Failure;
use super::messages::note;
use super::output::OutputPath;
use super::progress::Status;
use super::report;
use super::table::table;

mod chart;
mod compare;
mod input;
mod scratch;
mod stages;
mod stats;

use compare::Comparison;
use input::{Input, MOST_FRAMES, RATE};
use scratch::Scratch;
use stages::Figures;
use stats::{Cost, Run, Stats, known, memory};

/// What every measurement needs.
struct Bench {
    scratch: Scratch,
    status: Status,
    runs: u32,
}

impl Bench {
    /// Measures all of these in turn, so that a busy moment of the machine does not hit one alone.
    fn in_turn<T>(
        &self,
        what: &str,
        all: &[T],
        measure: impl Fn(&T) -> Result<Run, Failure>,
    ) -> Result<Vec<Cost>, Failure> {
        let mut runs = vec![Vec::new(); all.len()];
        for run in 1..=self.runs {
            self.status.say(format!("measuring {what}, run {run} of {}", self.runs));
            for (one, runs) in all.iter().zip(&mut runs) {
                runs.push(measure(one)?);
            }
        }
        Ok(runs.iter().map(|runs| Cost::of(runs)).collect())
    }
}

/// All that was measured, as `--json` prints it.
#[derive(Serialize)]
struct Measured {
    version: &'static str,
    machine: String,
    cores: u32,
    runs: u32,
    input: Input,
    stages: Vec<Figures>,
    processes: Vec<Figures>,
    comparison: Option<Comparison>,
}

pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let frames = frames(args)?;
    let inputs: Vec<&Path> = args.file.as_deref().into_iter().collect();
    let chart = args.chart.as_ref().map(|path| OutputPath::check_file(path, &inputs, args.force));
    let chart = chart.transpose()?;
    if cfg!(debug_assertions) {
        note("this is a debug build, which is many times slower; build with --release");
    }
    let bench = Bench { scratch: Scratch::open()?, status: Status::new(), runs: args.runs };
    let measured = measure(&bench, args, frames);
    bench.status.clear();
    let measured = measured?;
    if let Some(place) = &chart {
        let drawing = |error| Failure::failed("drawing the chart", error);
        let svg = chart::draw(&measured).map_err(drawing)?;
        let draft = Draft::write(&place.target, args.force, |out| out.write_all(svg.as_bytes()));
        draft.and_then(Draft::put).map_err(|error| Failure::of("writing the chart", error))?;
    }
    if args.json {
        let json = serde_json::to_string(&measured);
        return report::print(&json.map_err(|error| Failure::failed("writing JSON", error))?);
    }
    report::print(measured.text().trim_end())
}

/// The length of the call in frames.
fn frames(args: &BenchArgs) -> Result<u64, Failure> {
    let frames = frame_at(time("--length", &args.length)?, RATE);
    if frames < u64::from(RATE) || frames > MOST_FRAMES {
        let why = "at least a second, and at most 37 hours, the most that a WAV can hold";
        return Err(Failure::usage("reading --length", why));
    }
    Ok(frames)
}

fn measure(bench: &Bench, args: &BenchArgs, frames: u64) -> Result<Measured, Failure> {
    bench.status.say("making a recording".into());
    let input = match &args.file {
        Some(path) => Input::given(path)?,
        None => Input::call(bench.scratch.path("call.wav"), frames)?,
    };
    // Stages last, because they make this process grow: the peak memory that Linux reports for a
    // child includes that of this process when it started the child.
    let processes = stages::processes(bench, &input, args.jobs.unwrap_or_else(cores))?;
    let compare = || compare::compare(bench, &input, args.file.is_some());
    let comparison = args.compare.then(compare).transpose()?;
    let stages = stages::stages(bench, &input)?;
    let (version, runs) = (env!("CARGO_PKG_VERSION"), bench.runs);
    let (machine, cores) = (machine(), cores());
    Ok(Measured { version, machine, cores, runs, input, stages, processes, comparison })
}

impl Measured {
    fn text(&self) -> String {
        let runs = match self.runs {
            1 => "one run".into(),
            runs => format!("medians of {runs} runs"),
        };
        let headings = [
            "measured", "median", "least", "most", "frames/s", "realtime", "MB/s", "CPU s/h",
            "memory",
        ];
        let rows: Vec<_> = self.stages.iter().chain(&self.processes).map(cells).collect();
        let mut text = format!("{}\n{}; {runs}\n\n", self.about(), self.machine);
        text += &table(&headings, 1..9, &rows);
        if let Some(comparison) = &self.comparison {
            text += &format!("\n{}", comparison.text());
        }
        text
    }

    /// `a call of 10:00: wave pcm_s16le, 8000 Hz, 2 channels, 19.2 MB`.
    fn about(&self) -> String {
        let Input { name, info, frames, .. } = &self.input;
        let length = time_of(*frames, info.rate);
        let unit = if length < Duration::from_secs(60) { " s" } else { "" };
        format!(
            "{name} of {}{unit}: {} {}, {} Hz, {} channels, {:.1} MB",
            ClockTime(length),
            info.container,
            info.codec,
            info.rate,
            info.channels,
            self.input.megabytes()
        )
    }
}

/// The cells of one line of the table.
fn cells(figures: &Figures) -> Vec<String> {
    let Stats { median, least, most } = figures.cost.seconds;
    let [median, least, most] = [median, least, most].map(stats::time);
    let frames = format!("{:.1} M", figures.frames_per_second / 1e6);
    let real_time = format!("{:.0} x", figures.times_real_time);
    let megabytes = format!("{:.0}", figures.megabytes_per_second);
    let cpu = known(figures.cpu_seconds_per_recorded_hour, |seconds| format!("{seconds:.3}"));
    let memory = known(figures.cost.peak_memory_bytes, memory);
    vec![figures.name.clone(), median, least, most, frames, real_time, megabytes, cpu, memory]
}

fn cores() -> u32 {
    available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok()).unwrap_or(1)
}

/// `linux x86_64, 2 cores, Intel(R) Xeon(R)`.
fn machine() -> String {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    // Linux names the processor here.
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = line.map_or(String::new(), |(_, name)| format!(", {}", name.trim()));
    format!("{system} {processor}, {} cores{model}", cores())
}
