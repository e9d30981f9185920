//! Policy: how recordings are redacted, from a file and from flags, and what it makes of a file of windows.
//!
//! In: the text of a policy (TOML, a key for each flag, of the same name), or [`Settings`] of a program or
//! of flags. Out: the treatment, the options of the decoder, and the [`Request`] that a list or a
//! transcript comes to. Errors: a [`PolicyError`] with its line, a [`RequestError`] without a word that was
//! said.
//!
//! ```
//! use sordino::Policy;
//!
//! let policy = Policy::parse(b"silence = true\nfind = ['numbers']\npad = 0.3\n", Some("pci.toml"))?;
//! assert!(!policy.treatment().is_recoverable());
//! let request = policy.windows_of(b"[[10, 15]]", "call.json", &[])?;
//! assert_eq!(request.windows()?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use crate::decode::DecodeOptions;
use crate::digest::Digest;
use crate::receipt::PolicyEntry;
use crate::transcript::{self, SelectOptions, TranscriptError};
use crate::treatment::Treatment;
use crate::window::encoding::decode;
use crate::window::{Window, parse_list_bytes};

mod canonical;
mod error;
mod read;
mod request;
mod settings;

pub use error::{PolicyError, RequestError};
pub use request::{Request, Searched};
pub use settings::{IfNone, LIST, Settings, language, parse_pad, parse_treatment};

/// How recordings are redacted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// What the file and the flags come to.
    settings: Settings,
    /// What flags say. A flag that does not fit a file of windows is an error; a line of the policy, which
    /// serves many files, is left out there.
    flags: Settings,
    file: Option<PolicyFile>,
}

/// The file that a policy was read from.
#[derive(Debug, Clone, PartialEq)]
struct PolicyFile {
    sha256: String,
    name: Option<String>,
    settings: Settings,
}

impl Policy {
    /// Reads a policy from the bytes of its file: TOML in UTF-8 or UTF-16. `name`: what receipts call it.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(bytes: &[u8], name: Option<&str>) -> Result<Self, PolicyError> {
        let settings = read::read(&decode(bytes)?.text)?;
        let (sha256, name) = (Digest::of(bytes).sha256, name.map(str::to_owned));
        let file = Some(PolicyFile { sha256, name, settings: settings.clone() });
        Ok(Self { settings, flags: Settings::default(), file })
    }

    /// The same policy, with flags, which win.
    #[must_use]
    pub fn with_flags(mut self, flags: Settings) -> Self {
        self.settings = flags.clone().or(&self.settings);
        self.flags = flags.or(&self.flags);
        self
    }

    /// The same policy for many recordings, whose windows come from lists, transcripts and rows: a flag that
    /// does not fit one of them is left out there, like a line of the file.
    #[must_use]
    pub fn for_many(self) -> Self {
        Self { flags: Settings::default(), ..self }
    }

    /// What the file and the flags come to.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the policy is, as SHA-256 in hex: of the file's bytes, or, where there is none or flags change
    /// it, of the settings, however they were spelled.
    pub fn sha256(&self) -> String {
        match &self.file {
            Some(file) if !self.is_changed() => file.sha256.clone(),
            _ => Digest::of(self.canonical().as_bytes()).sha256,
        }
    }

    /// The settings as the text of a policy.
    pub fn canonical(&self) -> String {
        canonical::text(&self.settings)
    }

    /// What receipts say of the policy; `None` without a file.
    pub fn entry(&self) -> Option<PolicyEntry> {
        let PolicyFile { sha256, name, .. } = self.file.as_ref()?;
        let changed = self.is_changed();
        Some(PolicyEntry { sha256: sha256.clone(), name: name.clone(), changed })
    }

    /// Whether flags change what the file says.
    fn is_changed(&self) -> bool {
        let said = |settings: &Settings| canonical::text(settings);
        self.file.as_ref().is_some_and(|file| said(&file.settings) != said(&self.settings))
    }

    /// The treatment that the policy names; `None` if it names none.
    pub fn named_treatment(&self) -> Option<Treatment> {
        let is_named = self.settings.treatment.is_some() || self.settings.fade.is_some();
        is_named.then(|| self.treatment())
    }

    /// The treatment, or the default.
    pub fn treatment(&self) -> Treatment {
        self.faded(self.settings.treatment.unwrap_or_default())
    }

    /// The treatment of one recording, which a manifest may name for it; else that of the policy. Fades
    /// are the policy's.
    ///
    /// # Errors
    /// What to write instead of `own`.
    pub fn treatment_of(&self, own: Option<&str>) -> Result<Treatment, String> {
        own.map_or(Ok(self.treatment()), |own| Ok(self.faded(parse_treatment(own)?)))
    }

    fn faded(&self, treatment: Treatment) -> Treatment {
        treatment.with_fade(self.settings.fade.unwrap_or(Duration::ZERO))
    }

    /// `options` with what the policy says of decoding and encoding.
    pub fn decode_options(&self, options: DecodeOptions) -> DecodeOptions {
        let Settings { gaps, encoding, edge, no_md5, raw, opus_rate, .. } = self.settings;
        DecodeOptions {
            gaps: gaps.unwrap_or(options.gaps),
            encoding: encoding.unwrap_or(options.encoding),
            edge: edge.unwrap_or(options.edge),
            md5: no_md5.map_or(options.md5, |no_md5| !no_md5),
            raw: raw.or(options.raw),
            opus_rate: opus_rate.or(options.opus_rate),
            ..options
        }
    }

    /// What becomes of a recording for which a search found nothing.
    pub fn if_none(&self) -> IfNone {
        self.settings.if_none.unwrap_or_default()
    }

    /// What is selected from transcripts.
    pub fn select_options(&self) -> SelectOptions {
        let Settings { only, party, speaker, tier, pad, .. } = &self.settings;
        SelectOptions {
            only: only.clone(),
            find: self.settings.rules(),
            parties: party.clone(),
            speakers: speaker.clone(),
            tiers: tier.clone(),
            pad: *pad,
        }
    }

    /// The windows of a file, a list or a transcript, behind those that were given besides. All get their
    /// padding. `name`: the file's, for errors.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn windows_of(
        &self,
        bytes: &[u8],
        name: &str,
        given: &[Window],
    ) -> Result<Request, RequestError> {
        let transcript = self.transcript_of(bytes, name)?;
        let mut windows = self.padded(given);
        match &transcript {
            Some(searched) => {
                windows.extend(searched.selection.to_windows().map_err(RequestError::Placing)?);
            }
            None => windows.extend(self.padded(&self.list_of(bytes, name)?)),
        }
        Ok(Request { windows, transcript })
    }

    /// Windows that were given without a file.
    ///
    /// # Errors
    /// [`RequestError::Option`] for a flag that is about a file.
    pub fn windows_given(&self, given: &[Window]) -> Result<Request, RequestError> {
        let unit = self.flags.unit.map(|_| "--unit");
        if let Some(option) = unit.or(self.flags.of_transcripts()) {
            let why = "it applies to --windows only; give the file with `--windows FILE`".into();
            return Err(RequestError::Option { option, why });
        }
        Ok(Request { windows: self.padded(given), transcript: None })
    }

    /// The windows with the padding of the policy, if there is one.
    pub fn padded(&self, windows: &[Window]) -> Vec<Window> {
        let (before, after) = self.settings.pad.unwrap_or_default();
        windows.iter().map(|window| window.clone().padded(before, after)).collect()
    }

    /// The file as a transcript, if it is one.
    fn transcript_of(&self, bytes: &[u8], name: &str) -> Result<Option<Searched>, RequestError> {
        let format = self.settings.windows_format.as_deref();
        if format == Some(LIST) {
            return Ok(None);
        }
        let read = match transcript::read(bytes, format) {
            // A plain list, which has errors of its own that say more.
            Err(
                TranscriptError::NotRecognised { .. }
                | TranscriptError::Json { .. }
                | TranscriptError::KeyTwice { .. }
                | TranscriptError::Empty,
            ) if format.is_none() => return Ok(None),
            read => {
                read.map_err(|error| RequestError::Transcript { name: name.to_owned(), error })?
            }
        };
        if self.flags.unit.is_some() {
            let why = format!("{name} is a transcript ({}), which has its own unit", read.title());
            return Err(RequestError::Option { option: "--unit", why });
        }
        let is_lost = !self.flags.language.is_empty() && self.settings.find.is_empty();
        if is_lost {
            let why = "it is for --find; say what to look for, such as --find numbers".into();
            return Err(RequestError::Option { option: "--language", why });
        }
        let options = self.select_options();
        let selection = read.select(&options);
        let selection =
            selection.map_err(|error| RequestError::Select { name: name.to_owned(), error })?;
        let (parties, sha256) = (options.parties, Digest::of(bytes).sha256);
        Ok(Some(Searched { read, selection, parties, sha256 }))
    }

    /// The file as a plain list.
    fn list_of(&self, bytes: &[u8], name: &str) -> Result<Vec<Window>, RequestError> {
        if let Some(option) = self.flags.of_transcripts() {
            let why = format!("{name} is a list of windows without words; it is for transcripts");
            return Err(RequestError::Option { option, why });
        }
        Ok(parse_list_bytes(bytes, name, self.settings.unit)?)
    }
}

#[cfg(test)]
mod tests;
