//! The options for windows from transcripts, redaction output, labels and subtitles.

use std::time::Duration;

use clap::Args as Group;
use clap::builder::PossibleValuesParser;
use sordino::transcript::{Parties, Rule, Rules, SelectOptions, format_names};

use super::super::exit::Failure;

/// The name of the plain lists for `--windows-format`.
pub(super) const LIST: &str = "list";

/// The heading of the options that only transcripts have.
pub(super) const FROM_TRANSCRIPTS: &str = "What a transcript says";

#[derive(Debug, Group)]
#[command(next_help_heading = FROM_TRANSCRIPTS)]
pub(crate) struct TranscriptArgs {
    /// Read --windows as this format instead of recognising it
    #[arg(long, value_name = "NAME", hide_possible_values = true, value_parser = PossibleValuesParser::new(names()))]
    pub(crate) windows_format: Option<String>,

    /// Keep only marks and finds of this kind, such as card, ssn, phone, CREDIT_CARD. May be repeated
    #[arg(long, value_name = "KIND")]
    pub(crate) only: Vec<String>,

    /// Look for what nothing marks: numbers, card, ssn or phone; `sordino windows --help` has the rules.
    /// May be repeated
    #[arg(long, value_name = "RULE", hide_possible_values = true, value_parser = PossibleValuesParser::new(Rule::ALL.map(Rule::name)))]
    pub(crate) find: Vec<String>,

    /// The language for --find, such as en, de, es. May be repeated [default: en]
    #[arg(long, value_name = "CODE", requires = "find")]
    pub(crate) language: Vec<String>,

    /// Which channel each party is on, such as customer=0,agent=1. Unknown parties are muted on all
    #[arg(long, value_name = "NAME=CHANNEL")]
    pub(crate) party: Vec<String>,

    /// Mute all that this speaker says. May be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) speaker: Vec<String>,

    /// Mute the labels of this tier (TextGrid, EAF). May be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) tier: Vec<String>,
}

/// All names for `--windows-format`.
fn names() -> Vec<&'static str> {
    std::iter::once(LIST).chain(format_names()).collect()
}

impl TranscriptArgs {
    /// The first option that only transcripts have.
    pub(super) fn given(&self) -> Option<&'static str> {
        let lists = [
            ("--only", &self.only),
            ("--find", &self.find),
            ("--party", &self.party),
            ("--speaker", &self.speaker),
            ("--tier", &self.tier),
        ];
        lists.into_iter().find(|(_, list)| !list.is_empty()).map(|(name, _)| name)
    }

    /// The options in the library's terms.
    pub(super) fn options(
        &self,
        pad: Option<(Duration, Duration)>,
    ) -> Result<SelectOptions, Failure> {
        let mut parties = Parties::default();
        for list in &self.party {
            let added = parties.add(list);
            added.map_err(|error| Failure::usage(format!("reading --party {list}"), error))?;
        }
        let (only, speakers, tiers) = (self.only.clone(), self.speaker.clone(), self.tier.clone());
        Ok(SelectOptions { only, find: self.rules()?, parties, speakers, tiers, pad })
    }

    fn rules(&self) -> Result<Rules, Failure> {
        if self.find.is_empty() {
            return Ok(Rules::default());
        }
        let rules: Vec<Rule> = self.find.iter().filter_map(|name| Rule::named(name)).collect();
        let rules = Rules::new(&rules);
        if self.language.is_empty() {
            return Ok(rules);
        }
        let codes: Vec<&str> = self.language.iter().map(String::as_str).collect();
        rules.in_languages(&codes).map_err(|code| {
            let known: Vec<&str> = sordino::transcript::languages().map(|(code, _)| code).collect();
            let mend = format!("no words are known for it; there are {}", known.join(", "));
            Failure::usage(format!("reading --language {code}"), mend)
        })
    }
}
