//! The arguments of `sordino file` and `sordino recording`: one redaction.

use std::path::PathBuf;

use clap::Args as Group;

use super::platform::RegionParser;
use super::transcript::FROM_TRANSCRIPTS;
use super::{Api, FormatArgs, IfNone, PlatformArgs, TreatmentArgs, WindowArgs};

#[derive(Debug, Group)]
pub(crate) struct FileArgs {
    /// The recording: WAV, W64, AIFF, AU, CAF, FLAC, MP3, Ogg, Opus, M4A, Matroska, WebM or AAC, or
    /// headerless audio with --raw; `-` for stdin
    pub(crate) input: PathBuf,

    /// Write the redacted recording here, a WAV, or of a FLAC a FLAC if the name ends so; `-` for stdout. If this is a symbolic link, its target is written
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,
}

#[derive(Debug, Group)]
pub(crate) struct RecordingArgs {
    /// The API that the organisation answers: `recordings` takes the redacted recording back as a new
    /// one; `platform`, that of an organisation of today, does not
    #[arg(
        long,
        value_name = "API",
        value_enum,
        default_value = "recordings",
        hide_possible_values = true
    )]
    pub(crate) api: Api,

    /// The recording to redact; with --api platform all of the conversation if there is none
    /// [env: GENESYS_RECORDING_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) recording_id: Option<String>,

    /// The conversation that the recording belongs to [env: GENESYS_CONVERSATION_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) conversation_id: Option<String>,

    /// Fetch and redact only: nothing changes at Genesys, and nothing is delivered
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Save the redacted recording here as well, at the very end; with --api platform for a --dry-run
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,

    #[command(flatten)]
    pub(crate) platform: PlatformArgs,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// What both have in common.
#[derive(Debug, Group)]
pub(crate) struct RedactArgs {
    /// Replace files that exist. If the run fails, the old files stay
    #[arg(long)]
    pub(crate) force: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) windows: WindowArgs,

    /// If --windows was searched and holds nothing: `fail`, or `copy` the recording unredacted
    #[arg(long, value_name = "fail|copy", hide_possible_values = true, default_value = "fail", help_heading = FROM_TRANSCRIPTS)]
    pub(crate) if_none: IfNone,

    /// Write the transcript here, in its own format, with the words of all windows as [redacted]
    #[arg(long, value_name = "OUT", requires = "windows", help_heading = FROM_TRANSCRIPTS)]
    pub(crate) redacted_transcript: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) treatment: TreatmentArgs,

    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "How to prove it")]
pub(crate) struct EvidenceArgs {
    /// Write a receipt: what was done, in numbers, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,

    /// Write an HTML page: waveforms, windows, the facts of the receipt
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    /// Put a player of the redacted recording into the page
    #[arg(long, requires = "report")]
    pub(crate) report_audio: bool,

    /// Skip the self-check, which reads the result back and compares every sample
    #[arg(long)]
    pub(crate) no_self_check: bool,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Genesys Cloud")]
pub(crate) struct ClientArgs {
    /// The id of the OAuth client (grant type: client credentials)
    #[arg(long, env = "GENESYS_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// A file that holds the client secret, instead of GENESYS_CLIENT_SECRET
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// The organisation's region, such as mypurecloud.de or usw2.pure.cloud
    #[arg(long, value_name = "NAME", conflicts_with = "base_url", hide_possible_values = true, value_parser = RegionParser)]
    pub(crate) region: Option<String>,

    /// The API host, instead of a region [env: GENESYS_BASE_URL] [default: https://api.mypurecloud.com]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Keep the token in this file for other runs, which the limit of sign-ins would stop; only its
    /// owner may read it [default: no file]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_cache: Option<PathBuf>,

    /// Repeat a failed API call at most this many times
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) max_retries: u32,

    /// Wait at most this long in total between the attempts of one API call
    #[arg(long, value_name = "TIME", default_value = "5:00")]
    pub(crate) max_wait: String,

    /// Send at most this many requests a minute [default: 300; with --api platform 120]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,

    /// Give up when no data was transferred for this time
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: String,
}
