//! How recordings are decoded and encoded, of all commands that do.

use clap::{Args as Group, ValueEnum};
use sordino::{Gaps, RawFormat};

#[derive(Debug, Group)]
#[command(next_help_heading = "How to decode and encode")]
pub(crate) struct FormatArgs {
    /// How samples are stored: `pcm`, or `same`, which keeps A-law and µ-law as they are
    #[arg(long, value_name = "ENCODING", default_value = "pcm", hide_possible_values = true)]
    pub(crate) encoding: EncodingArg,

    /// Read headerless audio: s16le, mulaw, alaw and others; then the rate in Hz, and the channels.
    /// Such as mulaw:8000:1
    #[arg(long, value_name = "FORMAT:RATE:CHANNELS")]
    pub(crate) raw: Option<RawFormat>,

    /// Decode Opus at this rate [default: the one that the recording was made at]
    #[arg(long, value_name = "HZ", value_parser = ["8000", "12000", "16000", "24000", "48000"])]
    pub(crate) opus_rate: Option<String>,

    /// Hold at most so much of a recording in memory, in MiB, if its container cannot be streamed
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) memory_limit: u64,

    /// Decode FLAC, MP3 and Vorbis on so many threads; 1 where many recordings are redacted side by
    /// side [default: one for each core, up to 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: Option<u8>,

    #[command(flatten)]
    pub(crate) gaps: GapsArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum EncodingArg {
    Pcm,
    Same,
}

#[derive(Debug, Clone, Copy, Group)]
pub(crate) struct GapsArgs {
    /// Where nothing was recorded, though the recording's clock ran on: `refuse`, put silence there
    /// (`fill`), or join what is around it (`close`). Windows are meant by the clock, which a player shows
    #[arg(long, value_name = "WAY", default_value = "refuse", hide_possible_values = true)]
    gaps: GapsArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GapsArg {
    Refuse,
    Fill,
    Close,
}

impl GapsArgs {
    pub(crate) fn gaps(self) -> Gaps {
        match self.gaps {
            GapsArg::Refuse => Gaps::Refuse,
            GapsArg::Fill => Gaps::Fill,
            GapsArg::Close => Gaps::Close,
        }
    }
}
