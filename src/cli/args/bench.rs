//! The arguments of `sordino bench`.

use std::path::PathBuf;

use clap::Args as Group;

#[derive(Debug, Group)]
pub(crate) struct BenchArgs {
    /// The recording to redact [default: a call, 16-bit WAV, 8 kHz, stereo]
    pub(crate) file: Option<PathBuf>,

    /// The length of the call [default: 10:00; with --compare 1:00:00]
    #[arg(
        long,
        value_name = "TIME",
        conflicts_with = "file",
        default_value = "10:00",
        default_value_if("compare", "true", "1:00:00"),
        hide_default_value = true
    )]
    pub(crate) length: String,

    /// Measure each number this many times; the median is shown
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,

    /// How many recordings are redacted at once, after one alone [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) jobs: Option<u32>,

    /// Measure ffmpeg and cp too, in turn with sordino, where they are installed
    #[arg(long)]
    pub(crate) compare: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Draw the result as an SVG
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) chart: Option<PathBuf>,

    /// Replace the file of --chart if it exists
    #[arg(long)]
    pub(crate) force: bool,
}
