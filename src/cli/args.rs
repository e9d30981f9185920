//! Raw arguments, as clap reads them. What they mean is decided in `plan`.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};

/// Redacts passages of call recordings, in process and to the sample.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 it failed, and nothing was left behind; 2 the call was wrong.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Redact one local recording
    #[command(after_help = FILE_EXAMPLES)]
    File(FileArgs),
}

const FILE_EXAMPLES: &str = "\
Examples:
  Mute two passages:
    sordino file call.wav -w 10-15 -w 30.5-35.2 -o redacted.wav
  Erase what the customer says (channel 1), with a label for the record:
    sordino file call.wav -w '1:02.5-1:10@1=card number' --silence -o redacted.wav
  Take the windows from a transcriber, 200 ms wider on both sides:
    sordino file call.mp3 --windows windows.json --pad 200ms -o redacted.wav
  In a pipe, with a tone:
    fetch-call | sordino file - -w 10-15 --tone -o - | store-call

Output is WAV with the source's own sample format; codecs other than PCM and FLAC or ALAC give 16
bit. Tags and pictures are dropped. Attenuation (the default) leaves speech recoverable by whoever
turns the volume up; --silence and --tone do not.

Exit codes: 0 done; 1 it failed, and nothing was left behind; 2 the call was wrong.";

#[derive(Debug, Group)]
pub(crate) struct FileArgs {
    /// The recording: WAV, AIFF, CAF, FLAC, MP3, Ogg Vorbis, M4A, Matroska, WebM or AAC; `-` for
    /// stdin
    pub(crate) input: PathBuf,

    /// Where the redacted WAV goes; `-` for stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) windows: WindowArgs,

    #[command(flatten)]
    pub(crate) treatment: TreatmentArgs,

    /// Replace OUTPUT if it exists
    #[arg(long)]
    pub(crate) force: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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

    /// Widen every window by this time on both sides
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) pad: Option<String>,
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
