//! A place: a local path, or the URL of an object or prefix in a store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

/// A local path, or an object or prefix in a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A local file or folder.
    Local(PathBuf),
    /// An object or a prefix in a store.
    Object {
        /// `s3`, `gs` or `az`.
        scheme: &'static str,
        /// The bucket; in Azure, the container.
        bucket: String,
        /// The key, without a leading `/`, as the store has it: nothing is encoded. A prefix ends in `/` or
        /// is empty.
        key: String,
    },
}

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The URL has a scheme that no store has.
    #[error("`{0}://` is no store; give s3://, gs://, az:// or a path")]
    Scheme(String),
    /// The URL names no bucket.
    #[error("the URL names no bucket; write {0}://BUCKET/KEY")]
    NoBucket(&'static str),
}

/// The schemes of stores, and the other spellings that people have for them.
const SCHEMES: [(&str, &str); 6] =
    [("s3", "s3"), ("s3a", "s3"), ("gs", "gs"), ("az", "az"), ("abfs", "az"), ("abfss", "az")];

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let is_scheme = |scheme: &str| {
            scheme.len() > 1
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        };
        let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme))
        else {
            return Ok(Self::Local(PathBuf::from(text)));
        };
        let lower = scheme.to_ascii_lowercase();
        let Some((_, scheme)) = SCHEMES.iter().find(|(known, _)| *known == lower) else {
            return Err(PlaceError::Scheme(scheme.to_owned()));
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(PlaceError::NoBucket(scheme));
        }
        Ok(Self::Object { scheme, bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(f),
            Self::Object { scheme, bucket, key } => write!(f, "{scheme}://{bucket}/{key}"),
        }
    }
}

impl Place {
    /// Whether it is in a store.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object { .. })
    }

    /// The path, if it is local.
    pub fn local(&self) -> Option<&Path> {
        match self {
            Self::Local(path) => Some(path),
            Self::Object { .. } => None,
        }
    }

    /// The URL of an object: its key with `%`, `?` and `#` encoded, which would mean something else in a URL.
    /// Of a local file the path.
    pub fn url(&self) -> String {
        match self {
            Self::Local(_) => self.to_string(),
            Self::Object { scheme, bucket, key } => {
                let key = key.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                format!("{scheme}://{bucket}/{key}")
            }
        }
    }

    /// The place below this folder or prefix. A relative path with `..` stays as it is written: check it
    /// before.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        match self {
            Self::Local(folder) => Self::Local(folder.join(below)),
            Self::Object { scheme, bucket, key } => {
                let slash = if key.is_empty() || key.ends_with('/') { "" } else { "/" };
                let key = format!("{key}{slash}{below}");
                Self::Object { scheme, bucket: bucket.clone(), key }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_a_store_is_an_object_and_all_else_a_path() {
        let object = |scheme, bucket: &str, key: &str| Place::Object {
            scheme,
            bucket: bucket.into(),
            key: key.into(),
        };
        for (text, place) in [
            ("s3://calls/2026/a b+%20.wav", object("s3", "calls", "2026/a b+%20.wav")),
            ("S3A://calls", object("s3", "calls", "")),
            ("gs://calls/", object("gs", "calls", "")),
            ("az://calls//a", object("az", "calls", "/a")),
            ("calls.wav", Place::Local("calls.wav".into())),
            ("C:/calls.wav", Place::Local("C:/calls.wav".into())),
            ("./s3://calls", Place::Local("./s3://calls".into())),
        ] {
            assert_eq!(text.parse(), Ok(place), "{text}");
        }
        assert_eq!("http://h/a".parse::<Place>(), Err(PlaceError::Scheme("http".into())));
        assert_eq!("s3:///a".parse::<Place>(), Err(PlaceError::NoBucket("s3")));
    }

    #[test]
    fn a_place_below_a_prefix_has_one_slash_between() {
        for prefix in ["s3://calls/clean", "s3://calls/clean/"] {
            let place: Place = prefix.parse().unwrap();
            assert_eq!(place.join("a/b.wav").to_string(), "s3://calls/clean/a/b.wav");
        }
        let bucket: Place = "s3://calls".parse().unwrap();
        assert_eq!(bucket.join("a.wav").to_string(), "s3://calls/a.wav");
    }
}
