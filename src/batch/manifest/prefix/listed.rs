//! An entry of a listing.

use std::path::Component;

use crate::store::Place;

/// A file or object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path below the prefix, with `/` between the parts.
    pub path: String,
    /// Its place.
    pub place: Place,
    /// Its ETag, or size and time of change.
    pub version: Option<String>,
}

impl Listed {
    /// An entry of the listing of a prefix; `None` if it is not below it, or its path is not Unicode.
    pub fn below(prefix: &Place, place: Place, version: Option<String>) -> Option<Self> {
        let path = match (prefix, &place) {
            (Place::Local(folder), Place::Local(path)) => {
                let parts: Option<Vec<&str>> = path
                    .strip_prefix(folder)
                    .ok()?
                    .components()
                    .map(|part| match part {
                        Component::Normal(part) => part.to_str(),
                        _ => None,
                    })
                    .collect();
                parts?.join("/")
            }
            (Place::Object { key: prefix, .. }, Place::Object { key, .. }) => {
                let below = key.strip_prefix(prefix.as_str())?;
                let is_whole = prefix.is_empty() || prefix.ends_with('/');
                if is_whole { below } else { below.strip_prefix('/')? }.to_owned()
            }
            _ => return None,
        };
        Some(Self { path, place, version })
    }
}
