//! How an output ends, and whether the recording can become what its name says, as far as endings show it.

use super::Planning;
use super::place::{ending, with_ending};
use super::row::shown;
use crate::decode::{Edge, Encoding};
use crate::policy::parse_treatment;
use crate::redact::OutputFormat;
use crate::treatment::Treatment;
use crate::window::Windows;

/// Why a recording of the Platform API is not kept as it is.
const JOINED: &str = "the files of a recording with api platform are joined to one, which is a WAV";

impl Planning {
    /// The path of an output that has no name of its own: that of the recording, with the ending of the
    /// format that is written.
    pub(super) fn named_as(&self, recording: &str) -> Result<String, String> {
        let ending = ending(recording);
        let kept = match self.encoding {
            Some(Encoding::Same) => OutputFormat::kept_as(ending),
            Some(Encoding::Pcm) | None => None,
        };
        match kept {
            Some([]) => Err(never_kept(ending)),
            Some(kept) if !kept.contains(&OutputFormat::Wav) => {
                Ok(with_ending(recording, &ending.to_ascii_lowercase()))
            }
            _ => Ok(with_ending(recording, OutputFormat::Wav.ending())),
        }
    }

    /// The same for a recording of a folder, which has no treatment of its own.
    pub(super) fn named_in_folder(&self, recording: &str) -> Result<String, String> {
        self.check_treatment(recording, None, None)?;
        self.named_as(recording)
    }

    /// Checks that the recording can become what the name of its output says.
    pub(super) fn check_format(&self, recording: &str, output: &str) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("out `{}`: {why}", shown(output)));
        let (encoding, formats) = match OutputFormat::named(ending(output), self.encoding) {
            Ok(named) => named,
            Err(error) => return wrong(&error.to_string()),
        };
        match OutputFormat::kept_as(ending(recording)) {
            Some(kept) if encoding == Encoding::Same => match kept {
                [] => Err(never_kept(ending(recording))),
                _ if formats.is_empty() || kept.iter().any(|kept| formats.contains(kept)) => Ok(()),
                [kept, ..] => {
                    let (from, to) = (ending(recording), kept.ending());
                    wrong(&format!("a recording in .{from} stays {kept}; name the output .{to}"))
                }
            },
            _ => Ok(()),
        }
    }

    /// Checks that what can only be an Opus that is kept is erased. `output`: the name of the output, if it has one
    /// of its own; `treatment`: that of the row, if it has one.
    pub(super) fn check_treatment(
        &self,
        recording: &str,
        output: Option<&str>,
        treatment: Option<&str>,
    ) -> Result<(), String> {
        let named = output.and_then(|name| OutputFormat::named(ending(name), self.encoding).ok());
        let (encoding, named) = named.unwrap_or((self.encoding.unwrap_or_default(), &[]));
        let kept = OutputFormat::kept_as(ending(recording)).unwrap_or_default();
        if encoding != Encoding::Same || ![kept, named].contains(&&[OutputFormat::Opus][..]) {
            return Ok(());
        }
        let check = |own| OutputFormat::Opus.check(&Windows::none(), own, Edge::Widen);
        match treatment.and_then(|own| parse_treatment(own).ok()) {
            Some(own) => check(own).map_err(|error| error.to_string()),
            None if self.erases => Ok(()),
            None => check(Treatment::default()).map_err(|error| error.to_string()),
        }
    }

    /// Checks that the copy of a recording of the Platform API, whose files are joined, is to be a WAV.
    pub(super) fn check_joined(&self, output: Option<&str>) -> Result<(), String> {
        let named = OutputFormat::of_ending(ending(output.unwrap_or_default()));
        match output {
            _ if self.encoding == Some(Encoding::Same) => {
                Err(format!("{JOINED}; leave out --encoding same"))
            }
            Some(output) if !named.is_empty() && !named.contains(&OutputFormat::Wav) => {
                Err(format!("out `{}`: {JOINED}; name it .wav", shown(output)))
            }
            _ => Ok(()),
        }
    }
}

fn never_kept(ending: &str) -> String {
    let ending = shown(ending);
    format!(
        "a recording in .{ending} cannot be kept as it is; use --encoding pcm, which makes a WAV"
    )
}
