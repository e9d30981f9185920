//! The arguments of `sordino recording` that only the Platform API has, and those that say which API and
//! which host.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Args as Group, Command, ValueEnum};
use sordino::genesys::Region;
use sordino::genesys::platform::MediaFormat;

/// How files lie in the folder of `--to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FolderLayout {
    /// CONVERSATION/RECORDING.wav.
    Plain,
    /// As in an export to a bucket.
    Export,
}

/// Which API the organisation speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Api {
    /// The redacted recording is uploaded as a new one.
    Recordings,
    /// The redacted copy stays here.
    Platform,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "With --api platform")]
pub(crate) struct PlatformArgs {
    /// Where the redacted copy goes: a file, `-` for stdout, or a folder (it exists, or ends in `/`),
    /// which gets CONVERSATION/RECORDING.wav. Without --recording-id: a folder
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Option<PathBuf>,

    /// How files lie in the folder of --to: `plain`, CONVERSATION/RECORDING.wav; or `export`, as in
    /// Genesys' export to a bucket, with a RECORDING.wav_metadata.json beside each [default: plain]
    #[arg(long, value_name = "NAME", value_enum, hide_possible_values = true)]
    pub(crate) layout: Option<FolderLayout>,

    /// Write a file for each key of the recording, RECORDING.KEY.wav; @1 then means key 1
    #[arg(long)]
    pub(crate) split: bool,

    /// Mute the same windows in all recordings of the conversation
    #[arg(long)]
    pub(crate) same_windows: bool,

    #[command(flatten)]
    pub(crate) media: MediaArgs,

    /// Ask at most this many times again for what is not ready [default: 10]
    #[arg(long, value_name = "N")]
    pub(crate) poll_limit: Option<u32>,

    /// After delivery: mark each window on the original with an annotation
    #[arg(long)]
    pub(crate) annotate: bool,

    /// After delivery: let Genesys delete the original on this date, such as 2030-12-31 (0:00 UTC) or
    /// 2030-12-31T18:00:00Z; at least 24 h ahead
    #[arg(long, value_name = "DATE")]
    pub(crate) delete_original: Option<String>,

    /// Allow a DATE that is less than 24 h ahead, or past
    #[arg(long, requires = "delete_original")]
    pub(crate) now: bool,

    /// Wait until Genesys says that the original is deleted
    #[arg(long, requires = "delete_original")]
    pub(crate) wait_deleted: bool,

    /// Delete without being asked
    #[arg(long, requires = "delete_original")]
    pub(crate) yes: bool,
}

impl PlatformArgs {
    /// The first of these options that is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--to", self.to.is_some()),
            ("--layout", self.layout.is_some()),
            ("--split", self.split),
            ("--same-windows", self.same_windows),
            ("--format", self.media.format.is_some()),
            ("--poll-limit", self.poll_limit.is_some()),
            ("--annotate", self.annotate),
            ("--delete-original", self.delete_original.is_some()),
        ];
        given.into_iter().find_map(|(name, given)| given.then_some(name))
    }
}

/// What the Platform API is asked for.
#[derive(Debug, Group)]
pub(crate) struct MediaArgs {
    /// The format that Genesys transcodes to [default: wav]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(MediaFormat::ALL.map(MediaFormat::name)))]
    format: Option<String>,
}

impl MediaArgs {
    /// The format to ask for.
    pub(crate) fn format(&self) -> MediaFormat {
        // Only names of formats pass the parser.
        self.format.as_deref().and_then(|name| name.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn is_given(&self) -> bool {
        self.format.is_some()
    }
}

/// Any text, and the names of the regions for completion: a region may be newer than this program.
#[derive(Clone)]
pub(super) struct RegionParser;

impl TypedValueParser for RegionParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Region::names().iter().map(PossibleValue::new)))
    }
}
