//! The options for windows from transcripts, redaction output, labels and subtitles.

use clap::Args as Group;
use clap::builder::PossibleValuesParser;
use sordino::policy::{LIST, Settings, language};
use sordino::transcript::{Rule, format_names};

use super::super::exit::Failure;

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
    #[arg(long, value_name = "CODE")]
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
    /// Adds what these flags say.
    pub(super) fn add_to(&self, settings: &mut Settings) -> Result<(), Failure> {
        for list in &self.party {
            let added = settings.party.add(list);
            added.map_err(|error| Failure::usage(format!("reading --party {list}"), error))?;
        }
        for code in &self.language {
            let known = language(code);
            let known =
                known.map_err(|why| Failure::usage(format!("reading --language {code}"), why));
            settings.language.push(known?);
        }
        settings.find = self.find.iter().filter_map(|name| Rule::named(name)).collect();
        settings.windows_format.clone_from(&self.windows_format);
        settings.only.clone_from(&self.only);
        settings.speaker.clone_from(&self.speaker);
        settings.tier.clone_from(&self.tier);
        Ok(())
    }
}
