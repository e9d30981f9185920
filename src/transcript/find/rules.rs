//! What `--find` can look for.
//!
//! In: names from the command line. Out: [`Rules`]. What can go wrong: a language
//! that has no table.

use super::table::LANGUAGES;

/// The rules of `--find` for `--help`.
pub const RULES_HELP: &str = "\
numbers  4 or more digits in a row, spoken or written; security codes, PINs and expiry dates of any
         length within 10 s after their cue (\"security code\", \"cvv\", \"pin\", \"expires\")
card     4 or more digits within 20 s after or 5 s before a card word, 12 or more anywhere, and
         security codes and expiry dates after their cues; the check digit only names a find
ssn      9 digits anywhere; 4 or more near \"social security\" or \"ssn\"
phone    10 to 12 digits anywhere; 4 or more near \"phone\", \"cell\" or \"call back number\"

In all of them \"double one\", \"triple eight\", \"eleven\", \"forty two\" and \"four hundred\" count
their digits; \"oh\" is a digit beside digits; \"to\", \"too\", \"for\", \"ate\" and \"won\" are digits only
inside a run of 4 or more. Fillers inside a run (\"uh\", \"dash\", \"and then\") are muted with it. A
run goes on over the turns of its channel or speaker, over 3 s of silence, and over 15 s with
fillers or short replies of the other party. Where a reading is open (\"forty two\" is 42 or 402)
the longer one counts. After a number of 8 or more digits, a piece of it of 3 or more that is
said again within 30 s is found too. A number that the file marks counts as a run: digits beside
it are found at any length. Names and addresses that are spelled in letters are not
found.";

/// What `--find` looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Any run of 4 or more digits; codes and expiry dates.
    Numbers,
    /// Payment cards, with their codes and expiry dates.
    Card,
    /// Social security numbers.
    Ssn,
    /// Telephone numbers.
    Phone,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 4] = [Self::Numbers, Self::Card, Self::Ssn, Self::Phone];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Card => "card",
            Self::Ssn => "ssn",
            Self::Phone => "phone",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// The chosen rules, and the languages in which to look.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) languages: Vec<usize>,
}

impl Rules {
    /// These rules, in English.
    #[must_use]
    pub fn new(rules: &[Rule]) -> Self {
        Self { rules: rules.to_vec(), languages: vec![0] }
    }

    /// In these languages instead (`en`, `de`, `es`; `de-AT` is `de`).
    ///
    /// # Errors
    /// The first code that has no table.
    pub fn in_languages<'c>(mut self, codes: &[&'c str]) -> Result<Self, &'c str> {
        self.languages.clear();
        for code in codes {
            let short = code.split(['-', '_']).next().unwrap_or(code).to_lowercase();
            let at = LANGUAGES.iter().position(|table| table.code == short).ok_or(*code)?;
            self.languages.push(at);
        }
        Ok(self)
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn has(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }
}

/// The languages that `--find` knows: code and name.
pub fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
    LANGUAGES.iter().map(|table| (table.code, table.name))
}
