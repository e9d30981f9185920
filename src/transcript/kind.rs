//! Kinds of marks and finds: one short name for what many services name in many ways.
//!
//! In: the kind as a service, a tag or a person writes it. Out: the name that labels show (`card`)
//! and that `--only` takes. What can go wrong: nothing; a kind that no rule knows keeps its own
//! words.

/// The longest name that is kept of an unknown kind.
const LONGEST: usize = 40;

/// The first rule with a word of the kind gives its name. Order matters: `credit_card_expiration`
/// is an expiry, `ip_address` is no address.
const RULES: &[(&str, &[&str])] = &[
    ("cvv", &["cvv", "cvv2", "cvc", "cvc2", "cvn", "cid", "csc"]),
    ("expiry", &["expiry", "expiration", "expires", "expire", "exp"]),
    ("card", &["card", "cards", "creditcard", "credit", "debit", "pan", "pci"]),
    ("ssn", &["ssn", "social", "sin", "itin"]),
    ("phone", &["phone", "telephone", "fax", "mobile", "phonenumber", "cell"]),
    ("email", &["email", "mail"]),
    ("account", &["account", "bank", "banking", "iban", "routing", "swift", "bic", "sort", "aba"]),
    ("pin", &["pin", "password", "passcode", "passwd", "otp"]),
    ("birth date", &["birth", "dob", "birthday", "birthdate"]),
    (
        "id",
        &[
            "license",
            "licence",
            "passport",
            "vehicle",
            "driver",
            "drivers",
            "id",
            "tax",
            "healthcare",
            "npi",
        ],
    ),
    ("ip", &["ip", "ipaddress", "mac"]),
    ("address", &["address", "street", "zip", "zipcode", "postcode", "postal", "city", "location"]),
    ("name", &["name", "person", "username", "surname"]),
    ("number", &["number", "numbers", "numeric", "numerical", "digits", "numerals", "sequence"]),
    (
        "pii",
        &[
            "pii",
            "phi",
            "redacted",
            "redact",
            "masked",
            "mask",
            "sensitive",
            "private",
            "removed",
            "anonymized",
        ],
    ),
];

/// Names that `--only` takes for several kinds.
const GROUPS: &[(&str, &[&str])] = &[
    ("card", &["card", "cvv", "expiry"]),
    ("bank", &["account"]),
    (
        "numbers",
        &["number", "card", "cvv", "expiry", "ssn", "phone", "account", "pin", "birth date", "id"],
    ),
];

/// The short name of a kind: `card` for `CREDIT_DEBIT_NUMBER`. Holds no digits.
pub(super) fn name(kind: &str) -> String {
    let words = words(kind);
    let has = |word: &str| words.iter().any(|own| own == word);
    if has("security") && (has("code") || has("number")) {
        return if has("social") { "ssn" } else { "cvv" }.to_owned();
    }
    // Services that redact numbers of any meaning say so; it may be a card.
    if has("pii") || has("phi") {
        return "pii".to_owned();
    }
    if let Some((name, _)) =
        RULES.iter().find(|(_, known)| words.iter().any(|word| known.contains(&word.as_str())))
    {
        return (*name).to_owned();
    }
    let own = words.join(" ").chars().filter(|c| !c.is_numeric()).take(LONGEST).collect::<String>();
    let own = own.trim().to_owned();
    if own.is_empty() { "marked".to_owned() } else { own }
}

/// Whether `--only wanted` keeps a mark of this short name. A mark whose kind says nothing
/// (`[PII]`, `####`) is kept by every choice: it may be what was asked for.
pub(super) fn is_kept(name: &str, wanted: &str) -> bool {
    if is_general(name) {
        return true;
    }
    if name == wanted.trim().to_lowercase() {
        return true;
    }
    let wanted_words = words(wanted);
    let wanted_name = wanted_words.join(" ");
    match GROUPS.iter().find(|(group, _)| *group == wanted_name) {
        Some((_, members)) => members.contains(&name),
        None => self::name(wanted) == name,
    }
}

/// Whether a kind of this short name may be anything.
pub(super) fn is_general(name: &str) -> bool {
    matches!(name, "pii" | "masked" | "marked")
}

/// Whether `--only` knows the word without looking into the file.
pub(super) fn is_known(wanted: &str) -> bool {
    let words = words(wanted);
    let all = RULES.iter().flat_map(|(name, known)| known.iter().chain([name]));
    let mut all = all.chain(GROUPS.iter().map(|(group, _)| group));
    all.any(|known| words.iter().any(|word| word == known)) || is_general(wanted)
}

/// Whether a label in brackets says of itself that it stands for something sensitive.
pub(super) fn is_telling(label: &str) -> bool {
    let words = words(label);
    let known = |word: &String| RULES.iter().any(|(_, known)| known.contains(&word.as_str()));
    words.iter().any(known)
        || (words.iter().any(|w| w == "security") && words.iter().any(|w| w == "code"))
}

/// Whether a word of the label can stand for nothing but what was taken out. A phone, a card or a
/// street may also be seen or heard.
pub(super) fn is_certain(label: &str) -> bool {
    let words = words(label);
    let is_named = |name: &str| {
        let known = RULES.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, known)| known);
        words.iter().any(|word| known.contains(&word.as_str()))
    };
    let has = |word: &str| words.iter().any(|own| own == word);
    ["number", "pii", "ssn", "cvv", "expiry"].into_iter().any(is_named)
        || (has("security") && has("code"))
}

/// The words of a kind in lower case: `CREDIT_CARD_1` and `credit-card 1` are `credit`, `card`.
pub(super) fn words(kind: &str) -> Vec<String> {
    let parts = kind.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut out: Vec<String> = Vec::new();
    for part in parts.filter(|word| !word.chars().all(char::is_numeric)) {
        // `CreditCardNumber` has its words joined.
        let mut is_lower = false;
        let mut word = String::new();
        for c in part.chars() {
            if c.is_uppercase() && is_lower {
                out.push(std::mem::take(&mut word));
            }
            is_lower = c.is_lowercase();
            word.extend(c.to_lowercase());
        }
        out.push(word);
    }
    out
}

/// A label that a person wrote, with its digits masked.
pub(super) fn shown_label(label: &str) -> String {
    let masked = label.trim().chars().map(|c| if c.is_numeric() { '#' } else { c });
    masked.filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_name_one_kind_in_many_ways() {
        let rows = [
            ("CREDIT_CARD", "card"),
            ("CREDIT_DEBIT_NUMBER", "card"),
            ("card number", "card"),
            ("credit_card_number", "card"),
            ("CreditCardNumber", "card"),
            ("CREDIT_DEBIT_CVV", "cvv"),
            ("CVV", "cvv"),
            ("security code", "cvv"),
            ("credit_card_expiration", "expiry"),
            ("us_social_security_number", "ssn"),
            ("PHONE_NUMBER", "phone"),
            ("BANK_ROUTING", "account"),
            ("NUMERICAL_PII", "pii"),
            ("PII", "pii"),
            ("name_given", "name"),
            ("ip_address", "ip"),
            ("date_of_birth", "birth date"),
            ("medical_condition", "medical condition"),
            ("4111", "marked"),
        ];
        for (kind, wanted) in rows {
            assert_eq!(name(kind), wanted, "{kind}");
        }
    }

    #[test]
    fn card_keeps_all_of_a_card_and_what_may_be_one() {
        for kind in [
            "CREDIT_CARD",
            "CREDIT_DEBIT_NUMBER",
            "card number",
            "CVV",
            "EXPIRY",
            "PII",
            "NUMERICAL_PII",
        ] {
            assert!(is_kept(&name(kind), "card"), "{kind}");
        }
        assert!(!is_kept("ssn", "card"));
        assert!(!is_kept("name", "card"));
        assert!(is_kept("card", "credit_card"));
        assert!(is_kept("medical condition", "medical_condition"));
        assert!(is_kept("cvv", "CVV"));
    }

    #[test]
    fn digits_of_labels_are_masked() {
        assert_eq!(shown_label(" card 4111 ch\u{0661}\n"), "card #### ch#");
    }
}
