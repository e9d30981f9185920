//! What `--find` can look for, what a find can be, and what a marked word may have been.
//!
//! In: names from the command line, kinds of marks. Out: [`Rules`], [`Kind`]s and [`Marked`]s. What can go wrong: a language
//! that has no table.

use super::super::kind;
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

/// What a marked word may have been: services leave single digits beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Marked {
    /// No number: a name, a place.
    Other,
    /// Anything: the mark does not say.
    Any,
    /// A number of this kind.
    Number(Kind),
}

impl Marked {
    /// What a mark of this kind stands for, in the words of the service.
    pub(in super::super) fn of(kind: &str) -> Self {
        let name = kind::name(kind);
        match name.as_str() {
            "card" => Self::Number(Kind::Card),
            "cvv" => Self::Number(Kind::Cvv),
            "expiry" => Self::Number(Kind::Expiry),
            "ssn" => Self::Number(Kind::Ssn),
            "phone" => Self::Number(Kind::Phone),
            "account" => Self::Number(Kind::Account),
            "pin" => Self::Number(Kind::Pin),
            // "Number" is what a service says that does not look at the meaning.
            "number" => Self::Any,
            _ if kind::is_general(&name) => Self::Any,
            _ if kind::is_kept(&name, "numbers") => Self::Number(Kind::Number),
            _ => Self::Other,
        }
    }

    /// Whether digits beside it are what the rule looks for.
    pub(super) fn is_for(self, rule: Rule) -> bool {
        match self {
            Self::Other => false,
            Self::Any => true,
            Self::Number(kind) => match rule {
                Rule::Numbers => true,
                Rule::Card => matches!(kind, Kind::Card | Kind::Cvv | Kind::Expiry),
                Rule::Ssn => kind == Kind::Ssn,
                Rule::Phone => kind == Kind::Phone,
            },
        }
    }
}

/// The languages that `--find` knows: code and name.
pub fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
    LANGUAGES.iter().map(|table| (table.code, table.name))
}

/// What a find is. Of two that share words the later in this list names both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Kind {
    /// Digits that nothing names.
    Number,
    /// A piece of a number that was said before.
    NumberRepeat,
    /// A piece of a card number that was said before.
    CardRepeat,
    /// A bank's sort code.
    SortCode,
    /// A bank's routing number.
    Routing,
    /// An account number.
    Account,
    /// A telephone number.
    Phone,
    /// A social security number.
    Ssn,
    /// A PIN or one-time code.
    Pin,
    /// An expiry date.
    Expiry,
    /// A security code.
    Cvv,
    /// A payment card number.
    Card,
}

impl Kind {
    /// The name, as `--only` takes it and a label shows it.
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::NumberRepeat => "number-repeat",
            Self::CardRepeat => "card-repeat",
            Self::SortCode => "sort-code",
            Self::Routing => "routing",
            Self::Account => "account",
            Self::Phone => "phone",
            Self::Ssn => "ssn",
            Self::Pin => "pin",
            Self::Expiry => "expiry",
            Self::Cvv => "cvv",
            Self::Card => "card",
        }
    }
}
