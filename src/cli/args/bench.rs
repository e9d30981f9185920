//! The arguments of `sordino bench`, and of the processes that it measures in.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

#[derive(Debug, Group)]
pub(crate) struct BenchArgs {
    /// The recording to measure with [default: speech-like noise, made on the spot: 16-bit WAV at
    /// 8 kHz, stereo]
    pub(crate) file: Option<PathBuf>,

    /// How long the noise is [default: 10:00; with --compare 1:00:00, which is what the promises
    /// are made for]
    #[arg(long, value_name = "TIME", conflicts_with = "file")]
    pub(crate) length: Option<String>,

    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,

    /// How many recordings are redacted at once, beside one alone [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) jobs: Option<u32>,

    /// Measure ffmpeg, sox and cp too, in turn with sordino, where they are installed
    #[arg(long)]
    pub(crate) compare: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Draw the result, as an SVG
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) chart: Option<PathBuf>,

    /// Replace the file of --chart if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// Measures parts of a redaction in this process.
#[derive(Debug, Group)]
pub(crate) struct BenchStagesArgs {
    pub(crate) file: PathBuf,

    #[arg(long)]
    pub(crate) runs: u32,

    /// Run all of them once before it counts
    #[arg(long)]
    pub(crate) warm: bool,

    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) ways: Vec<Way>,

    #[arg(long = "window")]
    pub(crate) window: Vec<String>,
}

/// What is done with a recording while the clock runs. Stages are these, or differences of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Decode, and drop the blocks.
    Decode,
    /// Redact the first frame.
    First,
    /// Redact all frames.
    All,
    /// Redact the windows.
    Whole,
    /// Redact the windows, with the self-check.
    Checked,
}

/// Measures processes: as many at once, each in a folder of its own.
#[derive(Debug, Group)]
pub(crate) struct BenchProcessesArgs {
    #[arg(long, required = true)]
    pub(crate) folder: Vec<PathBuf>,

    #[arg(last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}
