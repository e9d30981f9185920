//! The arguments of `sordino recording`.

use std::path::PathBuf;

use clap::Args as Group;

use super::{EvidenceArgs, FormatArgs, TreatmentArgs, WindowArgs};

#[derive(Debug, Group)]
pub(crate) struct RecordingArgs {
    /// The recording to redact
    #[arg(long, env = "GENESYS_RECORDING_ID", value_name = "ID")]
    pub(crate) recording_id: Option<String>,

    /// The conversation that the new recording will belong to
    #[arg(long, env = "GENESYS_CONVERSATION_ID", value_name = "ID")]
    pub(crate) conversation_id: Option<String>,

    /// Everything but grant, upload and complete: nothing changes at Genesys
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Save the redacted WAV here as well, once all is done
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,

    /// Replace the files of --keep, --receipt and --report if they exist
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

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Genesys Cloud")]
pub(crate) struct ClientArgs {
    /// The OAuth client's id (client credentials)
    #[arg(long, env = "GENESYS_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// A file that holds the client secret, in place of GENESYS_CLIENT_SECRET
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// The API host of the organisation's region
    #[arg(long, env = "GENESYS_BASE_URL", value_name = "URL", default_value = sordino::genesys::DEFAULT_BASE_URL)]
    pub(crate) base_url: String,

    /// How often a call is tried again
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) max_retries: u32,

    /// How long the waits of one call may take together
    #[arg(long, value_name = "TIME", default_value = "5:00")]
    pub(crate) max_wait: String,

    /// Requests a minute
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,

    /// Give up when nothing has moved for this long
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: String,
}
