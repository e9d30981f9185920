//! What a find can be, and what a marked word may have been.
//!
//! In: the kind of a mark. Out: [`Kind`]s and [`Marked`]s. What can go wrong: nothing.

use super::super::kind;

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
}
