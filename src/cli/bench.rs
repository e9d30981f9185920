//! `sordino bench`: how fast this machine redacts, to size a fleet by.
//!
//! In: noise that is made on the spot, or a recording. Out: what each stage takes, and whole
//! processes, one alone and several at once; with `--compare`, what others take for the same work.
//! Everything is measured in other processes (`measure`), so that memory is that of the work alone.
//! What can go wrong: a recording that does not decode; a disk without room. What cannot be measured
//! here is unknown, and what is not installed is skipped, which is said.

use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use serde_json::{Value, json};
use sordino::span::frame_at;
use sordino::spool::Draft;
use sordino::window::ClockTime;

use super::args::BenchArgs;
use super::exit::{Failure, say};
use super::plan::{self, time};
use super::progress::Status;
use super::report;

mod chart;
mod compare;
mod measure;
mod rival;
mod row;
mod speech;
mod spread;
mod stages;
mod subject;
mod table;
mod usage;
mod workshop;

pub(crate) use measure::{processes_here, stages_here};
use row::Comparison;
use stages::Figures;
use subject::Subject;
use workshop::Workshop;

/// Without `--length`: long enough that starting does not count for much.
const LENGTH: &str = "10:00";
/// What the promises are made for.
const HOUR: &str = "1:00:00";

/// All that was measured.
struct Measured {
    subject: Subject,
    runs: u32,
    stages: Vec<Figures>,
    processes: Vec<Figures>,
    comparison: Option<Comparison>,
}

pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let frames = frames(args)?;
    let inputs: Vec<&Path> = args.file.as_deref().into_iter().collect();
    let chart = args.chart.as_ref().map(|path| plan::check_output(path, &inputs, args.force));
    let chart = chart.transpose()?;
    if cfg!(debug_assertions) {
        say(
            "note: this is a build for debugging, which is many times slower; build with --release",
        );
    }
    let status = Status::new();
    let workshop = Workshop::open()?;
    let measured = measure(args, frames, &workshop, &|what| status.say(what));
    status.clear();
    let measured = measured?;
    if let Some(place) = &chart {
        draw(&measured, &place.target, args.force)?;
    }
    report::print(
        if args.json { measured.to_json().to_string() } else { measured.text() }.trim_end(),
    )
}

/// How much noise is made.
fn frames(args: &BenchArgs) -> Result<u64, Failure> {
    let usual = if args.compare { HOUR } else { LENGTH };
    let length = time("--length", args.length.as_deref().unwrap_or(usual))?;
    let frames = frame_at(length, speech::RATE);
    if frames < u64::from(speech::RATE) || frames > speech::MOST_FRAMES {
        let why = "a second at least, and 37 hours at most, which is what a WAV can hold";
        return Err(Failure::usage("reading --length", why));
    }
    Ok(frames)
}

fn measure(
    args: &BenchArgs,
    frames: u64,
    workshop: &Workshop,
    say: &dyn Fn(String),
) -> Result<Measured, Failure> {
    say("making a recording".into());
    let subject = match &args.file {
        Some(path) => Subject::given(path)?,
        None => Subject::made(workshop.path("noise.wav"), frames)?,
    };
    let jobs = args.jobs.unwrap_or_else(cores);
    let stages = stages::stages(workshop, &subject, args.runs, say)?;
    let processes = stages::processes(workshop, &subject, args.runs, jobs, say)?;
    let given = args.file.is_some();
    let compare = || compare::compare(workshop, &subject, given, args.runs, say);
    let comparison = args.compare.then(compare).transpose()?;
    Ok(Measured { subject, runs: args.runs, stages, processes, comparison })
}

impl Measured {
    fn text(&self) -> String {
        let (subject, runs) = (&self.subject, self.runs);
        let plural = if runs == 1 { "one run".into() } else { format!("medians of {runs} runs") };
        let mut parts = vec![
            format!("{}\n{}; {plural}\n", self.about(), machine()),
            table::figures("stage", &self.stages, subject),
            table::figures("processes", &self.processes, subject),
        ];
        if let Some(comparison) = &self.comparison {
            parts.push(table::comparison(comparison));
            let promised = comparison.rows.iter().any(|row| row.promise.ffmpeg.is_some());
            if promised && self.subject.frames != 3600 * u64::from(speech::RATE) {
                parts.push("The promises are made for one hour: --length 1:00:00.".into());
            }
        }
        parts.join("\n")
    }

    /// `speech-like noise of 10:00: wave pcm_s16le, 8000 Hz, 2 channels, 19.2 MB`.
    fn about(&self) -> String {
        let Subject { name, recording, .. } = &self.subject;
        let length = sordino::span::time_of(self.subject.frames, recording.rate);
        let unit = if length < Duration::from_secs(60) { " s" } else { "" };
        format!(
            "{name} of {}{unit}: {} {}, {} Hz, {} channels, {:.1} MB",
            ClockTime(length),
            recording.container,
            recording.codec,
            recording.rate,
            recording.channels,
            self.subject.megabytes()
        )
    }

    fn to_json(&self) -> Value {
        let all = |figures: &[Figures]| -> Vec<Value> {
            figures.iter().map(|one| one.to_json(&self.subject)).collect()
        };
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "machine": machine(),
            "cores": cores(),
            "runs": self.runs,
            "input": self.subject.to_json(),
            "stages": all(&self.stages),
            "processes": all(&self.processes),
            "comparison": self.comparison.as_ref().map(Comparison::to_json),
        })
    }
}

fn draw(measured: &Measured, path: &Path, force: bool) -> Result<(), Failure> {
    let mut panels = vec![chart::stages(&measured.stages, &measured.subject)];
    panels.extend(measured.comparison.as_ref().and_then(chart::ratios));
    let title = format!("How fast sordino {} redacts", env!("CARGO_PKG_VERSION"));
    let svg = chart::draw(&title, [&machine(), &measured.about()], &panels);
    let draft = Draft::write(path, force, |out| out.write_all(svg.as_bytes()));
    draft.and_then(Draft::put).map_err(|error| Failure::of("drawing the chart", error))
}

fn cores() -> u32 {
    available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok()).unwrap_or(1)
}

/// `linux x86_64, 2 cores, Intel(R) Xeon(R)`.
fn machine() -> String {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    // Linux names it; others are asked in other ways.
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = line.map_or(String::new(), |(_, name)| format!(", {}", name.trim()));
    format!("{system} {processor}, {} cores{model}", cores())
}

/// A count, to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts of bytes and frames are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
