//! The settings of a policy: what flags or a file say, and what they come to together.

use std::time::Duration;

use crate::decode::{Edge, Encoding, Gaps, RawFormat};
use crate::transcript::{Parties, Rule, Rules, languages};
use crate::treatment::{DEFAULT_TONE_HZ, Treatment};
use crate::window::{TimeError, Unit, parse_time};

/// The name of the plain lists for `windows-format`.
pub const LIST: &str = "list";

/// The sample rates that Opus is decoded at, in Hz.
pub(super) const OPUS_RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// What becomes of a recording for which a search found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfNone {
    /// It fails.
    #[default]
    Fail,
    /// It is left out, and has no output. In a batch only; a single command fails.
    Skip,
    /// It is copied unredacted.
    Copy,
}

/// Settings, in the words of the flags. `None` and an empty list: nothing is said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `gain`, `silence` or `tone`, without `fade`.
    pub treatment: Option<Treatment>,
    /// Length of the fades.
    pub fade: Option<Duration>,
    /// What to look for in the words of a transcript.
    pub find: Vec<Rule>,
    /// The languages to look in, as codes of [`language`].
    pub language: Vec<String>,
    /// Kinds of marks and finds to keep.
    pub only: Vec<String>,
    /// Which party is on which channel.
    pub party: Parties,
    /// Speakers to mute.
    pub speaker: Vec<String>,
    /// Tiers whose labels are muted.
    pub tier: Vec<String>,
    /// Padding before and after each window.
    pub pad: Option<(Duration, Duration)>,
    /// The unit of times in a list that are written without one.
    pub unit: Option<Unit>,
    /// The format that windows are read as: a name of [`format_names`](crate::transcript::format_names),
    /// or [`LIST`].
    pub windows_format: Option<String>,
    /// What to do about gaps.
    pub gaps: Option<Gaps>,
    /// The encoding of the output.
    pub encoding: Option<Encoding>,
    /// What becomes of windows that begin or end inside a packet.
    pub edge: Option<Edge>,
    /// Whether the MD5 of a FLAC that is kept stays unset.
    pub no_md5: Option<bool>,
    /// The format of headerless recordings.
    pub raw: Option<RawFormat>,
    /// The rate that Opus is decoded at, in Hz.
    pub opus_rate: Option<u32>,
    /// What becomes of a recording for which a search found nothing.
    pub if_none: Option<IfNone>,
}

impl IfNone {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Skip, Self::Copy];

    /// `fail`, `skip` or `copy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Copy => "copy",
        }
    }
}

impl Settings {
    /// These settings, and where they say nothing, those of `base`.
    #[must_use]
    pub(super) fn or(self, base: &Self) -> Self {
        let list = |own: Vec<String>, base: &Vec<String>| match own.is_empty() {
            true => base.clone(),
            false => own,
        };
        Self {
            treatment: self.treatment.or(base.treatment),
            fade: self.fade.or(base.fade),
            find: if self.find.is_empty() { base.find.clone() } else { self.find },
            language: list(self.language, &base.language),
            only: list(self.only, &base.only),
            party: if self.party.is_empty() { base.party.clone() } else { self.party },
            speaker: list(self.speaker, &base.speaker),
            tier: list(self.tier, &base.tier),
            pad: self.pad.or(base.pad),
            unit: self.unit.or(base.unit),
            windows_format: self.windows_format.or_else(|| base.windows_format.clone()),
            gaps: self.gaps.or(base.gaps),
            encoding: self.encoding.or(base.encoding),
            edge: self.edge.or(base.edge),
            no_md5: self.no_md5.or(base.no_md5),
            raw: self.raw.or(base.raw),
            opus_rate: self.opus_rate.or(base.opus_rate),
            if_none: self.if_none.or(base.if_none),
        }
    }

    /// The first setting, as a flag, that only transcripts have.
    pub(super) fn of_transcripts(&self) -> Option<&'static str> {
        let said = [
            ("--only", !self.only.is_empty()),
            ("--find", !self.find.is_empty()),
            ("--language", !self.language.is_empty()),
            ("--party", !self.party.is_empty()),
            ("--speaker", !self.speaker.is_empty()),
            ("--tier", !self.tier.is_empty()),
        ];
        said.into_iter().find_map(|(name, said)| said.then_some(name))
    }

    /// What `find` and `language` come to.
    pub(super) fn rules(&self) -> Rules {
        if self.find.is_empty() {
            return Rules::default();
        }
        let rules = Rules::new(&self.find);
        if self.language.is_empty() {
            return rules;
        }
        let codes: Vec<&str> = self.language.iter().map(String::as_str).collect();
        // Only known codes are made into settings; of others English is left.
        rules.in_languages(&codes).unwrap_or_else(|_| Rules::new(&self.find))
    }
}

/// Reads a padding: one time for both sides, or `BEFORE,AFTER`.
///
/// # Errors
/// [`TimeError`].
pub fn parse_pad(text: &str) -> Result<(Duration, Duration), TimeError> {
    let (before, after) = text.split_once(',').unwrap_or((text, text));
    Ok((parse_time(before)?, parse_time(after)?))
}

/// The code of a language as the tables have it: `de` for `de-AT`.
///
/// # Errors
/// What to write instead.
pub fn language(code: &str) -> Result<String, String> {
    let known = || languages().map(|(code, _)| code);
    let short = code.split(['-', '_']).next().unwrap_or(code).to_lowercase();
    match known().any(|known| known == short) {
        true => Ok(short),
        false => {
            let known: Vec<&str> = known().collect();
            Err(format!("no words are known for it; there are {}", known.join(", ")))
        }
    }
}

/// Reads a treatment of one text: `silence`, `gain=0.01`, `tone` or `tone=1000`.
///
/// # Errors
/// What to write instead.
pub fn parse_treatment(text: &str) -> Result<Treatment, String> {
    let (kind, value) = match text.split_once('=') {
        Some((kind, value)) => (kind.trim(), Some(value.trim())),
        None => (text.trim(), None),
    };
    match (kind, value) {
        ("silence", None) => Ok(Treatment::silence()),
        ("gain", Some(gain)) => gain_of(gain),
        ("tone", None) => tone_of(&DEFAULT_TONE_HZ.to_string()),
        ("tone", Some(hz)) => tone_of(hz),
        _ => Err("it is no treatment; write silence, gain=0.01 or tone=1000".into()),
    }
}

/// A treatment by a gain.
pub(super) fn gain_of(text: &str) -> Result<Treatment, String> {
    let gain = text.parse().map_err(|_| "a gain is a number from 0 to 1, such as 0.01")?;
    Treatment::attenuate(gain).map_err(|error| error.to_string())
}

/// A treatment by a tone.
pub(super) fn tone_of(text: &str) -> Result<Treatment, String> {
    let hz = text.parse().map_err(|_| "a tone is a whole number of Hz, such as 1000")?;
    Treatment::tone(hz).map_err(|error| error.to_string())
}
