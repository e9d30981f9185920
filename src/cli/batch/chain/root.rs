//! The place of receipts and chains: what is there, and how a chain spells it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sordino::store::{Error, Place};

use super::super::super::exit::Failure;
use super::walk::Walk;

/// What is below a place of receipts.
#[derive(Default)]
pub(super) struct Listed {
    /// The receipts, below the place as it is given.
    pub(super) receipts: Vec<String>,
    /// The names of the chains, and where each ended: that is looked at before the journal, which so knows
    /// at least as much.
    pub(super) chains: BTreeMap<String, u64>,
    /// Why there may be more.
    pub(super) broken: Option<String>,
}

/// How a chain spells the place of its receipts. They may have been moved since, and the place may be given in
/// another way, such as `./proof`.
pub(super) struct Spelling {
    /// The place as it is given.
    root: Place,
    /// As the chain has it; none if that is not known.
    base: Option<Place>,
}

impl Walk {
    /// Lists receipts and chains.
    pub(super) fn list(&self, root: &Place) -> Result<Listed, Failure> {
        let _inside = self.runtime.enter();
        let listing = self.stores.list(root);
        let mut listing =
            listing.map_err(|error| Failure::failed("listing the receipts", error))?;
        let (mut listed, mut is_first) = (Listed::default(), true);
        while let Some(next) = self.runtime.block_on(listing.next()) {
            match next {
                Ok((place, head)) => listed.add(root, &place, head.bytes),
                // There is no such folder.
                Err(Error::NotFound { .. }) if is_first => break,
                Err(error) => {
                    listed.broken = Some(error.to_string());
                    break;
                }
            }
            is_first = false;
        }
        Ok(listed)
    }

    /// How a chain that links these receipts spells the place of its receipts.
    pub(super) fn spelling<'a>(
        &self,
        root: &Place,
        receipts: impl IntoIterator<Item = &'a String>,
    ) -> Spelling {
        let is_there = |below: &str| {
            let place = root.join(below);
            self.runtime.block_on(self.stores.head(&place)).is_ok()
        };
        let base = receipts.into_iter().find_map(|receipt| base(root, receipt, &is_there));
        Spelling { root: root.clone(), base }
    }
}

impl Listed {
    fn add(&mut self, root: &Place, place: &Place, bytes: u64) {
        let Some(name) = below(root, place) else { return };
        if name.ends_with(".receipt.json") {
            self.receipts.push(root.join(&name).to_string());
        } else if let Some((chain, piece)) = chain_of(&name) {
            let end = self.chains.entry(chain.to_owned()).or_default();
            *end = piece.unwrap_or(bytes).max(*end);
        }
    }
}

impl Spelling {
    /// The place of a receipt below the place as it is given; one that is elsewhere as the chain spells it.
    pub(super) fn name(&self, receipt: &str) -> String {
        let place = receipt.parse::<Place>().ok();
        let name = self.base.as_ref().zip(place).and_then(|(base, place)| below(base, &place));
        name.map_or_else(|| receipt.to_owned(), |name| self.root.join(&name).to_string())
    }
}

/// The folder or prefix in a receipt's name that is now this place. The longest rest of the name that is there
/// is taken: a shorter one could be another receipt.
fn base(root: &Place, receipt: &str, is_there: &dyn Fn(&str) -> bool) -> Option<Place> {
    let place: Place = receipt.parse().ok()?;
    if below(root, &place).is_some() {
        return Some(root.clone());
    }
    let ends = receipt.match_indices('/').map(|(at, _)| at);
    let mut bases = ends.filter_map(|at| receipt[..at].parse::<Place>().ok());
    bases.find(|base| below(base, &place).is_some_and(|name| is_there(&name)))
}

/// The name of a place below another.
fn below(root: &Place, place: &Place) -> Option<String> {
    let name = match (root, place) {
        (Place::Local(root), Place::Local(path)) => {
            let (root, path) = (absolute(root), absolute(path));
            path.strip_prefix(root).ok()?.to_string_lossy().into_owned()
        }
        (
            Place::Object { scheme, bucket, key: prefix },
            Place::Object { scheme: same_scheme, bucket: same_bucket, key },
        ) if (scheme, bucket) == (same_scheme, same_bucket) => {
            let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
            key.strip_prefix(&format!("{prefix}{slash}"))?.to_owned()
        }
        _ => return None,
    };
    Some(name).filter(|name| !name.is_empty())
}

/// Without `.`, and from the root of the disk.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The chain that has a file of this name below the place of receipts; in a bucket, the number of its piece.
fn chain_of(name: &str) -> Option<(&str, Option<u64>)> {
    let stem = name.strip_suffix(".jsonl")?;
    let (stem, piece) = match stem.split_once('/') {
        Some((stem, piece)) => (stem, Some(piece.parse().ok()?)),
        None => (stem, None),
    };
    let is_hash = |hash: &str| hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let is_chain = stem == "chain" || stem.strip_prefix("chain-").is_some_and(is_hash);
    is_chain.then_some((stem, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_below_a_place_is_found_however_that_is_spelled() {
        let here = std::env::current_dir().unwrap().join("proof");
        for root in ["proof", "./proof", "proof/", here.to_str().unwrap()] {
            assert_eq!(below(&place(root), &place("proof/a/1")).as_deref(), Some("a/1"), "{root}");
        }
        for (root, name) in [("s3://b", "p/1"), ("s3://b/p", "1"), ("s3://b/p/", "1")] {
            assert_eq!(below(&place(root), &place("s3://b/p/1")).as_deref(), Some(name), "{root}");
        }
        for (root, other) in [("s3://b/p", "s3://b/p2/1"), ("s3://b", "gs://b/1"), ("a", "b/a/1")] {
            assert_eq!(below(&place(root), &place(other)), None);
        }
    }

    #[test]
    fn receipts_that_were_moved_are_found_by_the_longest_rest_of_their_name() {
        let moved = place("/mnt/moved");
        let spelled = |receipt: &str, there: &[&str]| {
            base(&moved, receipt, &|name: &str| there.contains(&name))
        };
        let receipt = "proof/a/1.receipt.json";
        let both = ["a/1.receipt.json", "1.receipt.json"];
        assert_eq!(spelled(receipt, &both), Some(place("proof")));
        assert_eq!(spelled(receipt, &[]), None);
        let spelling = Spelling { root: moved.clone(), base: spelled(receipt, &both) };
        assert_eq!(spelling.name("proof/b/2"), "/mnt/moved/b/2");
        assert_eq!(spelling.name("elsewhere/2"), "elsewhere/2");
    }

    #[test]
    fn only_chains_are_taken_for_chains() {
        let own = "chain-0123456789ab";
        for (name, chain) in [
            ("chain.jsonl", Some(("chain", None))),
            ("chain/00000001.jsonl", Some(("chain", Some(1)))),
            ("chain/100000002.jsonl", Some(("chain", Some(100_000_002)))),
            ("chain/one.jsonl", None),
            ("chain-0123456789ab.jsonl", Some((own, None))),
            ("chain-0123456789ab/00000001.jsonl", Some((own, Some(1)))),
            ("chain-old.jsonl", None),
            ("a/chain.jsonl", None),
        ] {
            assert_eq!(chain_of(name), chain, "{name}");
        }
    }
}
