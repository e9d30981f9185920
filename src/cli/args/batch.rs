//! The arguments of `sordino batch`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as Group, Subcommand, ValueEnum};
use sordino::Policy;
use sordino::batch::{Halt, Shard};
use sordino::policy::{IfNone, Settings, parse_pad};
use sordino::window::Unit;

use super::super::exit::Failure;
use super::super::help;
use super::format::CodingArgs;
use super::transcript::TranscriptArgs;
use super::{Api, ClientArgs, MediaArgs, SignArgs, StoreArgs, TreatmentArgs};

#[derive(Debug, Group)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BatchArgs {
    #[command(subcommand)]
    pub(crate) command: Option<BatchCommand>,

    #[command(flatten)]
    pub(crate) run: BatchRunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BatchCommand {
    /// Show where the jobs of a journal stand, also while they run
    #[command(after_help = help::BATCH_STATUS_EXAMPLES)]
    Status(StatusArgs),

    /// Make a page of a journal: numbers, failures, and all recordings with their receipts
    Report(BatchReportArgs),
}

/// How progress is shown on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressKind {
    /// One line on a terminal, else a line now and then.
    Line,
    /// JSON Lines.
    Json,
    /// Not at all.
    None,
}

#[derive(Debug, Group)]
pub(crate) struct BatchRunArgs {
    /// The manifest: CSV with a header, or JSON Lines; or with --windows-suffix a folder, or the URL of a
    /// prefix in a bucket
    #[arg(value_name = "MANIFEST|PREFIX", required = true)]
    pub(crate) manifest: Option<String>,

    /// Write the redacted recordings below this folder or URL. May be left out if each row says where
    #[arg(long, value_name = "PLACE")]
    pub(crate) out: Option<String>,

    /// Write a receipt for each recording below this folder or URL
    #[arg(long, value_name = "PLACE")]
    pub(crate) receipts: Option<String>,

    /// Keep here what became of each recording [default: the manifest's name with .journal]
    #[arg(long, value_name = "JOURNAL")]
    pub(crate) journal: Option<String>,

    /// The ending of the list or transcript beside each recording, such as .transcript.json
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) windows_suffix: Option<String>,

    /// Replace recordings that exist. Receipts are never replaced
    #[arg(long)]
    pub(crate) force: bool,

    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a result for each recording as JSON Lines, as soon as it is certain
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) pace: PaceArgs,

    #[command(flatten)]
    pub(crate) how: HowArgs,

    #[command(flatten)]
    pub(crate) sign: SignArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) genesys: GenesysRowArgs,
}

/// For rows whose recordings are in Genesys Cloud.
#[derive(Debug, Group)]
#[command(next_help_heading = "Recordings in Genesys Cloud")]
pub(crate) struct GenesysRowArgs {
    /// The API of rows that name none: `recordings` or `platform`
    #[arg(
        long,
        value_name = "API",
        value_enum,
        default_value = "recordings",
        hide_possible_values = true
    )]
    pub(crate) api: Api,

    /// Mark the muted passages on the originals, those that are not marked yet; with api platform
    #[arg(long)]
    pub(crate) annotate: bool,

    /// Let Genesys delete the originals of rows that say when
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) media: MediaArgs,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// How all recordings are redacted, where their row does not say it.
#[derive(Debug, Group)]
pub(crate) struct HowArgs {
    /// Take from this file what no flag says: treatment, find, only, pad and others, each spelled as its
    /// flag, in TOML. Flags win
    #[arg(long, value_name = "FILE.toml", help_heading = WHAT)]
    policy: Option<PathBuf>,

    /// Widen every window by this time on both sides, or by BEFORE,AFTER [default: 0; for transcripts
    /// what suits the format]
    #[arg(long, value_name = "TIME[,TIME]", allow_hyphen_values = true, help_heading = WHAT)]
    pad: Option<String>,

    /// The unit of times in lists that are written without one: `s` or `ms`
    #[arg(long, value_name = "UNIT", hide_possible_values = true, help_heading = WHAT, value_parser = unit_parser())]
    unit: Option<Unit>,

    /// If a transcript was searched and holds nothing: `fail`, `skip`, which leaves the recording out, or
    /// `copy`, which leaves it unredacted [default: fail]
    #[arg(long, value_name = "fail|skip|copy", hide_possible_values = true, help_heading = WHAT, value_parser = if_none_parser())]
    if_none: Option<IfNone>,

    #[command(flatten)]
    transcript: TranscriptArgs,

    #[command(flatten)]
    treatment: TreatmentArgs,

    #[command(flatten)]
    coding: CodingArgs,
}

/// The heading of the options about windows.
const WHAT: &str = "What to redact";

fn unit_parser() -> impl TypedValueParser<Value = Unit> {
    let named = |name: String| if name == "ms" { Unit::Milliseconds } else { Unit::Seconds };
    PossibleValuesParser::new(["s", "ms"]).map(named)
}

fn if_none_parser() -> impl TypedValueParser<Value = IfNone> {
    let named = |name: String| IfNone::ALL.into_iter().find(|it| it.name() == name);
    PossibleValuesParser::new(IfNone::ALL.map(IfNone::name))
        .map(move |name| named(name).unwrap_or_default())
}

impl HowArgs {
    /// The policy that file and flags come to, for rows of all kinds.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let Self { policy, pad, unit, if_none, transcript, treatment, coding } = self;
        let pad = pad.as_deref().map(parse_pad).transpose();
        let pad = pad.map_err(|error| Failure::usage("reading --pad", error))?;
        let mut flags = Settings { pad, unit: *unit, if_none: *if_none, ..Settings::default() };
        transcript.add_to(&mut flags)?;
        treatment.add_to(&mut flags)?;
        coding.add_to(&mut flags);
        Ok(super::windows::policy(policy.as_deref(), flags)?.for_many())
    }
}

/// How much of the machine is used.
#[derive(Debug, Group)]
#[command(next_help_heading = "How to run")]
pub(crate) struct ShareArgs {
    /// Redact this many recordings at once [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) jobs: Option<u16>,

    /// Use at most about this much memory, such as 512M; fewer recordings are redacted at once then
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_memory: Option<u64>,
}

/// How many at once, how often, and when to give up.
#[derive(Debug, Group)]
#[command(next_help_heading = "How to run")]
pub(crate) struct PaceArgs {
    #[command(flatten)]
    pub(crate) share: ShareArgs,

    /// Try a recording again this many times if the failure may pass
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) retries: u32,

    /// Try those again that failed in an earlier run
    #[arg(long)]
    pub(crate) retry_failed: bool,

    /// Give up at so many failures: `soon` finishes what is in flight, `now` does not; such as
    /// soon,fail=5% (counted after 20 recordings) or now,fail=10
    #[arg(long, value_name = "WHEN,fail=N")]
    pub(crate) halt: Option<Halt>,

    /// Do a part of the manifest only, such as 2/8 on the second of eight machines
    #[arg(long, value_name = "PART/OF")]
    pub(crate) shard: Option<Shard>,

    /// How progress is shown on stderr
    #[arg(long, value_name = "line|json|none", value_enum, hide_possible_values = true)]
    pub(crate) progress: Option<ProgressKind>,
}

#[derive(Debug, Group)]
pub(crate) struct StatusArgs {
    /// The journal
    pub(crate) journal: String,

    /// List the recordings that failed, and why
    #[arg(long)]
    pub(crate) failed: bool,

    /// Print JSON: the counts, or with --failed a line for each recording
    #[arg(long)]
    pub(crate) json: bool,

    /// Walk the chain beside the receipts: was one removed, changed, moved or slipped in?
    #[arg(long, conflicts_with = "failed")]
    pub(crate) verify: bool,

    /// The folder or URL of the receipts, if the chain is not found
    #[arg(long, value_name = "PLACE", requires = "verify")]
    pub(crate) receipts: Option<String>,

    /// Whose signatures of the chain count: a file of allowed signers, as ssh-keygen has it
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub(crate) signers: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Group)]
pub(crate) struct BatchReportArgs {
    /// The journal
    pub(crate) journal: String,

    /// Write the page here
    #[arg(long, value_name = "FILE.html")]
    pub(crate) html: PathBuf,

    /// Replace the page if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// Reads a size in bytes: `512M`, `2G`, `300000K`.
fn size(text: &str) -> Result<u64, String> {
    let read = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let shift = match unit {
            "K" | "k" => 10,
            "M" | "m" => 20,
            "G" | "g" => 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(1 << shift)
    };
    read().ok_or_else(|| "write a number and K, M or G, such as 512M".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("2g"), Ok(2 << 30));
        for wrong in ["", "M", "512", "-1M", "1.5G", "9999999999999G", "5µ"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
