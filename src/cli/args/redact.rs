//! The arguments of `sordino file` and `sordino recording`: one redaction.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as Group;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use sordino::policy::{IfNone, Policy, Settings};
use sordino::signature::Signer;

use super::super::exit::Failure;
use super::platform::RegionParser;
use super::transcript::FROM_TRANSCRIPTS;
use super::{Api, FormatArgs, PlatformArgs, SignArgs, StoreArgs, TreatmentArgs, WindowArgs};

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

impl RecordingArgs {
    /// Refuses evidence of a dry run, which delivers nothing.
    pub(crate) fn check_dry_run(&self) -> Result<(), Failure> {
        let files = [
            ("--receipt", self.redact.evidence.receipt.is_some()),
            ("--report", self.redact.evidence.report.is_some()),
            ("--redacted-transcript", self.redact.redacted_transcript.is_some()),
        ];
        match files.into_iter().find(|(_, given)| *given && self.dry_run) {
            None => Ok(()),
            Some((option, _)) => Err(Failure::usage(
                format!("reading {option}"),
                "a dry run delivers nothing that it could go with, and writes nothing but --keep; leave out one of the two",
            )),
        }
    }
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

    #[command(flatten)]
    pub(crate) if_none: IfNoneArgs,

    /// Write the transcript here, in its own format, with the words of all windows as [redacted]
    #[arg(long, value_name = "OUT", requires = "windows", help_heading = FROM_TRANSCRIPTS)]
    pub(crate) redacted_transcript: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) treatment: TreatmentArgs,

    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

impl RedactArgs {
    /// The policy that file and flags come to.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let mut flags = self.windows.settings()?;
        self.treatment.add_to(&mut flags)?;
        self.format.add_to(&mut flags);
        self.if_none.add_to(&mut flags);
        self.windows.policy(flags)
    }
}

#[derive(Debug, Clone, Copy, Group)]
pub(crate) struct IfNoneArgs {
    /// If --windows was searched and holds nothing: `fail`, or `copy`, which leaves the recording
    /// unredacted [default: fail]
    #[arg(long, value_name = "fail|copy", hide_possible_values = true, help_heading = FROM_TRANSCRIPTS, value_parser = PossibleValuesParser::new(["fail", "copy"]).map(|name| if name == "copy" { IfNone::Copy } else { IfNone::Fail }))]
    if_none: Option<IfNone>,
}

impl IfNoneArgs {
    /// Adds what the flag says.
    pub(super) fn add_to(self, settings: &mut Settings) {
        settings.if_none = self.if_none;
    }
}

#[derive(Debug, Clone, Group)]
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

    #[command(flatten)]
    pub(crate) sign: SignArgs,
}

impl EvidenceArgs {
    /// The key that signs the receipt, opened.
    pub(crate) fn signer(&self) -> Result<Option<Arc<Signer>>, Failure> {
        if self.sign.sign.is_some() && self.receipt.is_none() {
            let mend = "there is no receipt to sign; give --receipt FILE too";
            return Err(Failure::usage("reading --sign", mend));
        }
        self.sign.signer()
    }
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
