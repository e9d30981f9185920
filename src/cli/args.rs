//! The arguments of all commands, as clap reads them, and what they mean in terms of the library.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};
use sordino::{Policy, RawFormat};

mod batch;
mod bench;
mod format;
mod platform;
mod queue;
mod redact;
mod request;
mod sandbox;
mod sign;
mod store;
mod transcript;
mod treatment;
mod windows;
mod work;

pub(crate) use batch::{
    BatchArgs, BatchCommand, BatchReportArgs, BatchRunArgs, GenesysRowArgs, ProgressKind,
    ShareArgs, StatusArgs,
};
pub(crate) use bench::BenchArgs;
pub(crate) use format::{FormatArgs, GapsArgs};
pub(crate) use platform::{Api, FolderLayout, MediaArgs, PlatformArgs};
pub(crate) use queue::{
    DeadAction, DeadArgs, PushArgs, QueueArgs, QueueCommand, QueueCommandArgs, QueueStatusArgs,
};
pub(crate) use redact::{ClientArgs, EvidenceArgs, FileArgs, IfNoneArgs, RecordingArgs};
pub(crate) use request::{WindowsSource, source_of, windows_of};
pub(crate) use sandbox::SandboxArgs;
pub(crate) use sign::SignArgs;
pub(crate) use store::StoreArgs;
pub(crate) use treatment::TreatmentArgs;
pub(crate) use windows::{WindowArgs, time};
pub(crate) use work::{LogKind, WorkArgs};

use super::exit::Failure;
use super::help;

/// Mutes passages of call recordings, exactly to the sample, without ffmpeg.
#[derive(Debug, Parser)]
#[command(name = "sordino", version, max_term_width = 100, after_help = help::OVERVIEW)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) verbosity: VerbosityArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Group)]
pub(crate) struct VerbosityArgs {
    /// Print no notes and no progress; the result, warnings and errors stay
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Messages")]
    pub(crate) quiet: bool,

    /// Print details: formats, times, bytes, requests and retries; never a secret or a label
    #[arg(short, long, global = true, help_heading = "Messages")]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Redact one local recording
    #[command(after_help = help::FILE_EXAMPLES, override_usage = help::FILE_USAGE)]
    File(FileArgs),

    /// Redact recordings in Genesys Cloud: fetch, redact, deliver
    #[command(after_help = help::recording(), override_usage = help::RECORDING_USAGE)]
    Recording(Box<RecordingArgs>),

    /// Redact thousands of recordings, with a journal; the same command again does the rest
    #[command(after_help = help::BATCH_EXAMPLES, override_usage = help::BATCH_USAGE)]
    Batch(Box<BatchArgs>),

    /// Redact recordings as they arrive: jobs from a queue, on as many machines as wanted
    #[command(after_help = help::WORK_EXAMPLES)]
    Work(Box<WorkArgs>),

    /// Put a job into a queue for each row of a manifest
    #[command(after_help = help::PUSH_EXAMPLES)]
    Push(PushArgs),

    /// List, retry or drop the jobs of a queue that failed for good
    #[command(after_help = help::DEAD_EXAMPLES)]
    Dead(DeadArgs),

    /// Look at a queue
    Queue(QueueCommandArgs),

    /// Show what a recording is, and whether it can be redacted
    #[command(after_help = help::INFO_EXAMPLES)]
    Info(InfoArgs),

    /// Show which windows a list, a transcript or labels would mute; needs no audio
    #[command(after_help = help::windows())]
    Windows(WindowsArgs),

    /// Audit a redaction of any program: is every window muted, and nothing else changed?
    #[command(after_help = help::VERIFY_EXAMPLES, override_usage = help::VERIFY_USAGE)]
    Verify(VerifyArgs),

    /// Measure how fast redaction is on this machine
    #[command(after_help = help::BENCH_EXAMPLES)]
    Bench(BenchArgs),

    /// Run a Genesys stand-in on this machine
    #[command(after_help = help::SANDBOX_EXAMPLES)]
    Sandbox(SandboxArgs),

    /// Redact a call in a Genesys stand-in from end to end; needs no setup
    Demo(DemoArgs),

    /// Print the completions for a shell
    #[command(after_help = help::COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),

    /// Print a manual page, or write all of them
    #[command(after_help = help::MAN_EXAMPLES)]
    Man(ManArgs),
}

#[derive(Debug, Group)]
pub(crate) struct WindowsArgs {
    /// The list, transcript, label track or subtitles; `-` for stdin. The same as --windows
    #[arg(value_name = "FILE", conflicts_with = "windows")]
    pub(crate) file: Option<PathBuf>,

    /// Print the windows as one JSON object, which --windows reads as final
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the transcript here, in its own format, with the words of all windows as [redacted]
    #[arg(long, value_name = "OUT")]
    pub(crate) redacted_transcript: Option<PathBuf>,

    /// Show the words of each window in brackets, with up to three before and after; on a terminal only
    #[arg(long, conflicts_with = "json")]
    pub(crate) show_text: bool,

    /// Replace OUT if it exists
    #[arg(long, requires = "redacted_transcript")]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) windows: WindowArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
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

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Group)]
pub(crate) struct VerifyArgs {
    /// The original and the redacted recording; with --receipt the redacted one alone is enough, with
    /// --signers none
    #[arg(value_name = "RECORDING", num_args = 1..=2, required_unless_present = "signers")]
    pub(crate) recordings: Vec<PathBuf>,

    /// Compare REDACTED with this receipt; windows and treatment come from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["policy", "window", "windows", "windows_format", "only", "find", "party", "speaker", "tier", "unit", "pad", "if_none", "gain", "silence", "tone", "fade", "gaps"])]
    pub(crate) receipt: Option<PathBuf>,

    /// Check the signature of the receipt: OpenSSH's list of who may sign, as for `ssh-keygen -Y verify`
    #[arg(long, value_name = "FILE", requires = "receipt")]
    pub(crate) signers: Option<PathBuf>,

    /// It must be the signature of this principal
    #[arg(long, value_name = "PRINCIPAL", requires = "signers")]
    pub(crate) identity: Option<String>,

    /// The signature [default: the receipt's name with .sig]
    #[arg(long, value_name = "FILE", requires = "signers")]
    pub(crate) signature: Option<PathBuf>,

    /// Read ORIGINAL as headerless audio, like `file --raw`; not needed with a receipt
    #[arg(long, value_name = "FORMAT:RATE:CHANNELS", conflicts_with = "receipt")]
    pub(crate) raw: Option<RawFormat>,

    /// Let samples outside the windows differ by up to this level in dBFS, from -200 to 0, for example
    /// -60 [default: not at all; for a lossy REDACTED, as much as the codec's noise]
    #[arg(long, value_name = "DB", allow_hyphen_values = true)]
    pub(crate) tolerance: Option<f64>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) windows: WindowArgs,

    #[command(flatten)]
    pub(crate) if_none: IfNoneArgs,

    #[command(flatten)]
    pub(crate) treatment: TreatmentArgs,

    #[command(flatten)]
    pub(crate) gaps: GapsArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

impl VerifyArgs {
    /// The policy that file and flags come to.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let mut flags = self.windows.settings()?;
        self.treatment.add_to(&mut flags)?;
        self.gaps.add_to(&mut flags);
        flags.raw = self.raw;
        self.if_none.add_to(&mut flags);
        self.windows.policy(flags)
    }
}

#[derive(Debug, Group)]
pub(crate) struct DemoArgs {
    /// The API to show: with `platform` the redacted copy stays here, and the original is to be deleted
    #[arg(long, value_name = "API", value_enum, default_value = "recordings")]
    pub(crate) api: Api,

    /// Save the redacted recording here
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Replace files that exist
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
}

#[derive(Debug, Group)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Group)]
pub(crate) struct ManArgs {
    /// The command whose page is printed [default: the page of sordino]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub(crate) command: Option<String>,

    /// Write all pages into this folder; pages that exist are replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
