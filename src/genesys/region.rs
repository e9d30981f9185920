//! Regions of Genesys Cloud: the hosts of the API and of the login.

use super::error::Error;

/// The regions, as the official SDKs list them.
const REGIONS: [&str; 18] = [
    "mypurecloud.com",
    "usw2.pure.cloud",
    "mypurecloud.ie",
    "euw2.pure.cloud",
    "mypurecloud.de",
    "euc2.pure.cloud",
    "mypurecloud.com.au",
    "mypurecloud.jp",
    "cac1.pure.cloud",
    "sae1.pure.cloud",
    "aps1.pure.cloud",
    "apse1.pure.cloud",
    "apne2.pure.cloud",
    "apne3.pure.cloud",
    "mec1.pure.cloud",
    "mxc1.pure.cloud",
    "use2.us-gov-pure.cloud",
    "edee1.eusc-pure.cloud",
];

/// What a name of a region may end with: domains of Genesys, to which it adds regions. Nobody knows who owns
/// another `mypurecloud.`, so those must be in the list.
const LAST: [&str; 3] = [".pure.cloud", ".us-gov-pure.cloud", ".eusc-pure.cloud"];

/// How many letters may be wrong in a name that is meant.
const NEAR: usize = 3;

/// A region, by the domain of its hosts.
///
/// ```
/// use sordino::genesys::Region;
///
/// let region = Region::named("mypurecloud.de")?;
/// assert_eq!(region.api_url(), "https://api.mypurecloud.de");
/// assert_eq!(region.login_url(), "https://login.mypurecloud.de");
/// assert!(Region::named("frankfurt").is_err());
/// # Ok::<(), sordino::genesys::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    name: String,
}

impl Region {
    /// The region with this name. A name that is not listed is taken if it is of a known family: see
    /// [`Region::is_listed`].
    ///
    /// # Errors
    /// [`Error::Config`], which lists near names, or all of them.
    pub fn named(name: &str) -> Result<Self, Error> {
        let lower = name.trim().to_ascii_lowercase();
        if REGIONS.contains(&lower.as_str()) || is_of_a_family(&lower) {
            return Ok(Self { name: lower });
        }
        let near: Vec<&str> = REGIONS.into_iter().filter(|known| is_near(&lower, known)).collect();
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        Err(Error::Config(match near.as_slice() {
            [] => format!("`{shown}` is no region; give one of {}", REGIONS.join(", ")),
            near => format!("`{shown}` is no region; did you mean {}?", near.join(" or ")),
        }))
    }

    /// The names of all listed regions.
    pub fn names() -> &'static [&'static str] {
        &REGIONS
    }

    /// The region's name, for example `usw2.pure.cloud`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the region is in the list. If not, the caller should warn: it may be newer than this
    /// program, or misspelt.
    pub fn is_listed(&self) -> bool {
        REGIONS.contains(&self.name.as_str())
    }

    /// The URL of its API host, for [`Config::platform`](super::Config::platform).
    pub fn api_url(&self) -> String {
        format!("https://api.{}", self.name)
    }

    /// The URL of its login host.
    pub fn login_url(&self) -> String {
        format!("https://login.{}", self.name)
    }
}

/// Whether a name is below a domain of Genesys.
fn is_of_a_family(name: &str) -> bool {
    let is_label = |text: &str| {
        !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    LAST.iter().any(|last| name.strip_suffix(last).is_some_and(is_label))
}

/// Whether a name is probably meant to be `known`: a few letters differ, or one is a part of the other.
fn is_near(name: &str, known: &str) -> bool {
    let short = known.split('.').next().unwrap_or(known);
    distance(name, known) <= NEAR
        || name == short
        || (name.len() > 3 && (name.contains(known) || known.contains(name)))
}

/// How many letters must be inserted, deleted or replaced (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genesys::protocol::login_of;
    use reqwest::Url;

    #[test]
    fn each_region_has_its_two_hosts() {
        for name in Region::names() {
            let region = Region::named(name).unwrap();
            assert!(region.is_listed(), "{name}");
            let login = login_of(&Url::parse(&region.api_url()).unwrap());
            assert_eq!(login.as_str().trim_end_matches('/'), region.login_url(), "{name}");
        }
        assert_eq!(Region::named(" MyPureCloud.DE ").unwrap().name(), "mypurecloud.de");
    }

    #[test]
    fn a_new_name_of_a_known_family_is_taken() {
        for name in ["euc3.pure.cloud", "usw9.us-gov-pure.cloud", "edee2.eusc-pure.cloud"] {
            let region = Region::named(name).unwrap();
            assert!(!region.is_listed(), "{name}");
        }
    }

    #[test]
    fn another_name_is_an_error_that_lists_near_names() {
        let error = |name: &str| Region::named(name).unwrap_err().to_string();
        for (name, near) in [
            ("mypurecloud", "mypurecloud.com.au"),
            ("mypurcloud.de", "mypurecloud.de"),
            ("usw2", "usw2.pure.cloud"),
            ("usw2.pure.cluod", "usw2.pure.cloud"),
            ("api.mypurecloud.jp", "mypurecloud.jp"),
            ("https://api.euw2.pure.cloud", "euw2.pure.cloud"),
            ("use2", "use2.us-gov-pure.cloud"),
        ] {
            let text = error(name);
            assert!(text.contains("did you mean") && text.contains(near), "{name}: {text}");
        }
        for name in [
            "frankfurt",
            "",
            "evil.example",
            "x.y.pure.cloud",
            "mypurecloud.de/x",
            "mypurecloud.evil.example",
            "mypurecloud.xy.z",
            "mypurecloud.co",
            "mypurecloud.eu",
            "mypurecloud.com.br",
        ] {
            let error = Region::named(name).unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{name}");
        }
        for name in REGIONS {
            assert!(error("frankfurt").contains(name), "{name}");
        }
    }

    #[test]
    fn letters_are_counted() {
        for (a, b, count) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (count, count), "{a} {b}");
        }
    }
}
