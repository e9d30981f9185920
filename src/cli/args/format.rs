//! `--encoding`, `--raw`, `--gaps` and others: how recordings are decoded and encoded.

use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args as Group;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use sordino::{DecodeOptions, Encoding, Gaps, OutputFormat, RawFormat};

use super::super::exit::Failure;
use super::super::input::ending;

#[derive(Debug, Group)]
#[command(next_help_heading = "How to decode and encode")]
pub(crate) struct FormatArgs {
    /// The encoding of the output: `pcm`, a WAV of the samples, or `same`, which keeps FLAC, A-law and
    /// µ-law as they are [default: pcm; same if OUTPUT ends in .flac]
    #[arg(long, value_name = "ENCODING", hide_possible_values = true, value_parser = PossibleValuesParser::new(["pcm", "same"]).map(|name| if name == "same" { Encoding::Same } else { Encoding::Pcm }))]
    pub(crate) encoding: Option<Encoding>,

    /// Leave the MD5 of a FLAC that is kept unset. It is not decoded as a whole then, only around the
    /// windows
    #[arg(long)]
    no_md5: bool,

    /// Read headerless audio: its format (s16le, mulaw, alaw and others), rate in Hz and channels, for
    /// example mulaw:8000:1
    #[arg(long, value_name = "FORMAT:RATE:CHANNELS")]
    raw: Option<RawFormat>,

    /// Decode Opus at this rate [default: the rate that it was recorded at]
    #[arg(long, value_name = "HZ", value_parser = PossibleValuesParser::new(["8000", "12000", "16000", "24000", "48000"]).try_map(|rate| rate.parse::<u32>()))]
    opus_rate: Option<u32>,

    /// Hold at most this many MiB of a recording in memory, if its container cannot be streamed
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    memory_limit: u64,

    /// Decode FLAC, MP3 and Vorbis on this many threads. Use 1 when many recordings are redacted at
    /// the same time [default: one for each core, up to 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: Option<u8>,

    #[command(flatten)]
    gaps: GapsArgs,
}

impl FormatArgs {
    /// The options of the decoder.
    pub(crate) fn options(&self) -> DecodeOptions {
        DecodeOptions {
            encoding: self.encoding.unwrap_or_default(),
            md5: !self.no_md5,
            opus_rate: self.opus_rate,
            memory_limit: self.memory_limit.saturating_mul(1024 * 1024),
            threads: self.threads.and_then(|count| NonZeroUsize::new(count.into())),
            gaps: self.gaps.gaps,
            raw: self.raw,
        }
    }

    /// The options, and the format that the ending of the output demands, if it is one that sordino
    /// writes.
    pub(crate) fn options_for(
        &self,
        output: &Path,
    ) -> Result<(DecodeOptions, Option<OutputFormat>), Failure> {
        let format = match ending(output).as_str() {
            "flac" => Some(OutputFormat::Flac),
            "wav" | "wave" => Some(OutputFormat::Wav),
            _ => None,
        };
        let mut options = self.options();
        match (self.encoding, format) {
            (Some(Encoding::Pcm), Some(OutputFormat::Flac)) => {
                let mend =
                    "--encoding pcm makes a WAV; name the output .wav, or leave out --encoding";
                return Err(Failure::usage(format!("writing {}", output.display()), mend));
            }
            (None, Some(OutputFormat::Flac)) => options.encoding = Encoding::Same,
            _ => {}
        }
        Ok((options, format))
    }
}

#[derive(Debug, Clone, Copy, Group)]
pub(crate) struct GapsArgs {
    /// What to do about gaps, where nothing was recorded although the recording's clock ran on:
    /// `refuse`, `fill` them with silence, or `close` them. Windows always mean the clock, which is
    /// what a player shows
    #[arg(long, value_name = "POLICY", default_value = "refuse", hide_possible_values = true, value_parser = PossibleValuesParser::new(["refuse", "fill", "close"]).map(|name| gaps(&name)))]
    pub(crate) gaps: Gaps,
}

fn gaps(name: &str) -> Gaps {
    let named = [Gaps::Fill, Gaps::Close].into_iter().find(|policy| policy.name() == name);
    named.unwrap_or_default()
}
