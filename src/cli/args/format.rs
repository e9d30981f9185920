//! `--encoding`, `--raw`, `--gaps` and others: how recordings are decoded and encoded.

use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args as Group;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use sordino::policy::{Policy, Settings};
use sordino::{DecodeOptions, Edge, Encoding, Gaps, OutputFormat, RawFormat};

use super::super::exit::Failure;
use super::super::input::ending;

#[derive(Debug, Group)]
#[command(next_help_heading = "How to decode and encode")]
pub(crate) struct FormatArgs {
    #[command(flatten)]
    coding: CodingArgs,

    /// Hold at most this many MiB of a recording in memory, if its container cannot be streamed
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    memory_limit: u64,

    /// Decode FLAC, MP3, Vorbis and most AAC on this many threads. Use 1 when many recordings are
    /// redacted at the same time [default: one for each core, up to 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: Option<u8>,
}

/// Of these, what a policy may say too.
#[derive(Debug, Group)]
#[command(next_help_heading = "How to decode and encode")]
pub(crate) struct CodingArgs {
    /// The encoding of the output: `pcm`, a WAV of the samples, or `same`, which keeps FLAC, Ogg
    /// FLAC, Ogg Opus, A-law and µ-law as they are [default: pcm; same if OUTPUT ends in .flac, .oga,
    /// .ogg or .opus]
    #[arg(long, value_name = "ENCODING", hide_possible_values = true, value_parser = PossibleValuesParser::new(["pcm", "same"]).map(|name| if name == "same" { Encoding::Same } else { Encoding::Pcm }))]
    encoding: Option<Encoding>,

    /// If a window begins or ends inside a packet that can only be replaced whole: `widen` the window,
    /// and tell, or refuse, so that it is `exact`. WAV and FLAC are always exact [default: widen]
    #[arg(long, value_name = "EDGE", hide_possible_values = true, value_parser = PossibleValuesParser::new(["widen", "exact"]).map(|name| if name == "exact" { Edge::Exact } else { Edge::Widen }))]
    edge: Option<Edge>,

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

    #[command(flatten)]
    gaps: GapsArgs,
}

impl CodingArgs {
    /// Adds what these flags say.
    pub(super) fn add_to(&self, settings: &mut Settings) {
        settings.encoding = self.encoding;
        settings.edge = self.edge;
        settings.no_md5 = self.no_md5.then_some(true);
        settings.opus_rate = self.opus_rate;
        settings.raw = self.raw;
        self.gaps.add_to(settings);
    }
}

impl FormatArgs {
    /// Adds what these flags say.
    pub(super) fn add_to(&self, settings: &mut Settings) {
        self.coding.add_to(settings);
    }

    /// The options of the decoder under a policy that these flags are part of.
    pub(crate) fn options(&self, policy: &Policy) -> DecodeOptions {
        policy.decode_options(DecodeOptions {
            memory_limit: self.memory_limit.saturating_mul(1024 * 1024),
            threads: self.threads.and_then(|count| NonZeroUsize::new(count.into())),
            ..DecodeOptions::default()
        })
    }

    /// The options of the decoder for a command that takes no policy.
    pub(crate) fn own_options(&self) -> DecodeOptions {
        let mut settings = Settings::default();
        self.add_to(&mut settings);
        self.options(&Policy::default().with_flags(settings))
    }

    /// The options, and the formats that the name of the output stands for.
    pub(crate) fn options_for(
        &self,
        output: &Path,
        policy: &Policy,
    ) -> Result<(DecodeOptions, &'static [OutputFormat]), Failure> {
        let (encoding, formats) = OutputFormat::named(&ending(output), policy.settings().encoding)
            .map_err(|error| Failure::of(format!("writing {}", output.display()), error))?;
        self.check_md5(encoding, formats)?;
        Ok((DecodeOptions { encoding, ..self.options(policy) }, formats))
    }

    /// The same for a recording that is uploaded, of which a copy may be kept: its name does not decide what
    /// is uploaded, so that it must not contradict the encoding.
    pub(crate) fn options_keeping(
        &self,
        keep: Option<&Path>,
        policy: &Policy,
    ) -> Result<(DecodeOptions, &'static [OutputFormat]), Failure> {
        let own = self.options(policy);
        let Some(keep) = keep else {
            self.check_md5(own.encoding, &[])?;
            return Ok((own, &[]));
        };
        let (options, formats) = self.options_for(keep, policy)?;
        if options.encoding != own.encoding {
            let mend = "without --encoding same it is a WAV; add that, or name it .wav";
            return Err(Failure::usage(format!("keeping {}", keep.display()), mend));
        }
        Ok((options, formats))
    }

    /// Checks that `--no-md5` can mean something.
    fn check_md5(&self, encoding: Encoding, formats: &[OutputFormat]) -> Result<(), Failure> {
        let may_be_flac = formats.is_empty() || formats.iter().any(|format| format.has_md5());
        if self.coding.no_md5 && !(encoding == Encoding::Same && may_be_flac) {
            let mend = "only a FLAC that is kept has an MD5; add --encoding same, with an output that ends in .flac or .oga, or leave it out";
            return Err(Failure::usage("reading --no-md5", mend));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, Group)]
pub(crate) struct GapsArgs {
    /// What to do about gaps, where nothing was recorded although the recording's clock ran on:
    /// `refuse`, `fill` them with silence, or `close` them. Windows always mean the clock, which is
    /// what a player shows [default: refuse]
    #[arg(long, value_name = "POLICY", hide_possible_values = true, value_parser = PossibleValuesParser::new(["refuse", "fill", "close"]).map(|name| gaps(&name)))]
    gaps: Option<Gaps>,
}

impl GapsArgs {
    /// Adds what the flag says.
    pub(super) fn add_to(self, settings: &mut Settings) {
        settings.gaps = self.gaps;
    }
}

fn gaps(name: &str) -> Gaps {
    let named = [Gaps::Fill, Gaps::Close].into_iter().find(|policy| policy.name() == name);
    named.unwrap_or_default()
}
