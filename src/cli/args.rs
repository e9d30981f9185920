//! Raw arguments, as clap reads them. What they mean is decided in `plan`.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use sordino::RawFormat;

mod bench;
mod format;
mod genesys;

pub(crate) use bench::BenchArgs;
pub(crate) use format::{EncodingArg, FormatArgs, GapsArgs};
pub(crate) use genesys::{ClientArgs, RecordingArgs};

use super::help::{
    BENCH_EXAMPLES, EXIT_CODES, FILE_EXAMPLES, INFO_EXAMPLES, RECORDING_EXAMPLES, SANDBOX_EXAMPLES,
    VERIFY_EXAMPLES, VERIFY_USAGE,
};

/// Redacts passages of call recordings, in process and to the sample.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Redact one local recording
    #[command(after_help = FILE_EXAMPLES)]
    File(FileArgs),

    /// Redact one recording in Genesys Cloud: fetch, redact, upload
    #[command(after_help = RECORDING_EXAMPLES)]
    Recording(Box<RecordingArgs>),

    /// Show what a recording is, before anybody redacts it
    #[command(after_help = INFO_EXAMPLES)]
    Info(InfoArgs),

    /// Audit a redaction, whoever made it: is every window muted, and nothing else changed?
    #[command(after_help = VERIFY_EXAMPLES, override_usage = VERIFY_USAGE)]
    Verify(VerifyArgs),

    /// Measure how fast redaction is on this machine
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),

    /// Run a Genesys stand-in on this machine
    #[command(after_help = SANDBOX_EXAMPLES)]
    Sandbox(SandboxArgs),

    /// Show the whole way, end to end, with nothing to set up
    Demo(DemoArgs),
}

#[derive(Debug, Group)]
pub(crate) struct FileArgs {
    /// The recording: WAV, W64, AIFF, AU, CAF, FLAC, MP3, Ogg, Opus, M4A, Matroska, WebM or AAC, or
    /// headerless audio with --raw; `-` for stdin
    pub(crate) input: PathBuf,

    /// Where the redacted WAV goes; `-` for stdout. A link stays, and the file that it leads to is
    /// written
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Replace OUTPUT, and what goes with it, if it exists. If that fails, what was there before
    /// stays
    #[arg(long)]
    pub(crate) force: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) windows: WindowArgs,

    #[command(flatten)]
    pub(crate) treatment: TreatmentArgs,

    #[command(flatten)]
    pub(crate) proof: EvidenceArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "What to redact")]
pub(crate) struct WindowArgs {
    /// A window: START-END, perhaps with @CHANNEL (from 0) and =LABEL; times as 10, 10.5s, 10500ms,
    /// 1:02.5 or 01:02:03.250. May be repeated
    #[arg(
        short,
        long = "window",
        value_name = "START-END[@CHANNEL][=LABEL]",
        allow_hyphen_values = true
    )]
    pub(crate) window: Vec<String>,

    /// Windows from a JSON or CSV file; `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) windows: Option<PathBuf>,

    /// What the numbers of --windows are in, where they have no unit: `s` or `ms` [default: seconds;
    /// asked for where whole numbers would not fit the recording]
    #[arg(long, value_name = "UNIT", hide_possible_values = true)]
    pub(crate) unit: Option<UnitArg>,

    /// Widen every window by this time on both sides
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) pad: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum UnitArg {
    S,
    Ms,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "How to redact")]
pub(crate) struct TreatmentArgs {
    /// Multiply by G, from 0 to 1 [default: 0.001, which is -60 dB]
    #[arg(long, value_name = "G", conflicts_with_all = ["silence", "tone"], allow_hyphen_values = true)]
    pub(crate) gain: Option<f64>,

    /// Erase: put zeros in place of what was said
    #[arg(long, conflicts_with = "tone")]
    pub(crate) silence: bool,

    /// Put a tone in place of what was said [default frequency: 1000 Hz]
    #[arg(long, value_name = "HZ", num_args = 0..=1, require_equals = true, default_missing_value = "1000")]
    pub(crate) tone: Option<u32>,

    /// Ramp the volume for this time before and after each window, never inside it
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) fade: Option<String>,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "How to prove it")]
pub(crate) struct EvidenceArgs {
    /// Write what was done, in numbers, as JSON: the evidence to file
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,

    /// Write a page to look at: waveforms, windows, the facts of the receipt
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    /// Put a player of the redacted recording into the page
    #[arg(long, requires = "report")]
    pub(crate) report_audio: bool,

    /// Do not read the result back to hold it against what was meant
    #[arg(long)]
    pub(crate) no_self_check: bool,
}

#[derive(Debug, Group)]
pub(crate) struct InfoArgs {
    /// The recording; `-` for stdin
    pub(crate) input: PathBuf,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, Group)]
pub(crate) struct VerifyArgs {
    /// The recording as it was, and the one that was made of it; with --receipt the latter alone
    /// will do
    #[arg(value_name = "RECORDING", num_args = 1..=2, required = true)]
    pub(crate) recordings: Vec<PathBuf>,

    /// Hold REDACTED against this receipt; windows and treatment come from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["window", "windows", "unit", "pad", "gain", "silence", "tone", "fade", "gaps"])]
    pub(crate) receipt: Option<PathBuf>,

    /// ORIGINAL is headerless audio, as `file --raw` takes it; a receipt says so by itself
    #[arg(long, value_name = "FORMAT:RATE:CHANNELS", conflicts_with = "receipt")]
    pub(crate) raw: Option<RawFormat>,

    /// Let samples outside the windows differ by this, in dB below full scale [default: not at all;
    /// as the codec's own noise allows where REDACTED is lossy]
    #[arg(long, value_name = "DB", allow_hyphen_values = true)]
    pub(crate) tolerance: Option<f64>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) windows: WindowArgs,

    #[command(flatten)]
    pub(crate) treatment: TreatmentArgs,

    #[command(flatten)]
    pub(crate) gaps: GapsArgs,
}

#[derive(Debug, Group)]
pub(crate) struct SandboxArgs {
    /// The port of the API; 0 takes any
    #[arg(long, default_value_t = 8765)]
    pub(crate) port: u16,

    /// Offer the files of this folder as recordings, each under its name without the ending
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    /// Offer a recording `made` of so many hours, which is made while it is sent
    #[arg(long, value_name = "HOURS")]
    pub(crate) made: Option<u32>,

    /// Order a fault: STEP=KIND[xTIMES]
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<sordino::sandbox::InjectedFault>,

    /// Give downloads so many bytes a second
    #[arg(long, value_name = "BYTES")]
    pub(crate) throttle: Option<u64>,

    /// Let tokens die after this time
    #[arg(long, value_name = "TIME", default_value = "1:00:00")]
    pub(crate) token_lifetime: String,

    /// Let presigned URLs die after this time
    #[arg(long, value_name = "TIME", default_value = "10:00")]
    pub(crate) url_lifetime: String,

    /// Count uploads, and do not keep them
    #[arg(long)]
    pub(crate) discard: bool,
}

#[derive(Debug, Group)]
pub(crate) struct DemoArgs {
    /// Save the sanitised recording here
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Replace what is written if it exists
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) proof: EvidenceArgs,
}
