//! The walk over the chain of a journal: where it is, and what it is held against.

use std::collections::HashSet;
use std::io::{self, BufReader, Read};
use std::time::SystemTime;

use sordino::batch::chain::{ChainReport, Later, Present, Shelf, linked, verify};
use sordino::batch::{Journal, JournalError, Key, Link};
use sordino::digest::Digest;
use sordino::signature::AllowedSigners;
use sordino::store::{Error, Place, Stores};
use tokio::runtime::Runtime;

use super::super::super::args::StatusArgs;
use super::super::super::exit::Failure;
use super::root::{Listed, Spelling};
use super::{EVERY, Known, shelf};

/// The longest receipt or recording whose digest is taken, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024 * 1024;

/// Where the links of a journal begin and end.
pub(super) struct Ends {
    pub(super) first: Option<Link>,
    /// The last one; number 0 if there is none.
    last: Link,
    /// The first and the last receipt, as they are spelled. A recording that was left out has none.
    receipts: Vec<String>,
}

impl Ends {
    pub(super) fn of(journal: &mut dyn Journal) -> Result<Self, JournalError> {
        let (none, key) = (String::new, Key(String::new()));
        let (receipt, sha256, previous, hash) = (none(), none(), none(), none());
        let last = Link { sequence: 0, key, receipt, sha256, previous, hash };
        let mut ends = Self { first: None, last, receipts: Vec::new() };
        loop {
            let links = journal.links(ends.last.sequence, EVERY)?;
            let Some(last) = links.last() else { return Ok(ends) };
            for link in links.iter().filter(|link| !link.receipt.is_empty()) {
                ends.receipts.truncate(1);
                ends.receipts.push(link.receipt.clone());
            }
            ends.first = ends.first.or_else(|| links.first().cloned());
            ends.last = last.clone();
        }
    }
}

/// What a walk reads from.
pub(super) struct Walk {
    pub(super) stores: Stores,
    pub(super) runtime: Runtime,
}

impl Walk {
    /// Where the chain is, and its name: in the folder of `--receipts`, or in one above the first receipt.
    pub(super) fn find(
        &self,
        args: &StatusArgs,
        first: &Link,
        ends: &Ends,
    ) -> Result<(Place, String), Failure> {
        let doing = "looking for the chain";
        let own = format!("chain-{}", first.hash.get(..12).unwrap_or_default());
        let receipt = ends.receipts.first().map_or("", String::as_str);
        let above = || receipt.rmatch_indices('/').map(|(at, _)| &receipt[..at]);
        let given = args.receipts.as_deref();
        for folder in given.into_iter().chain(above().filter(|_| given.is_none())) {
            let Ok(place) = folder.parse::<Place>() else { continue };
            let shelf = shelf(&place, &self.stores, &self.runtime);
            for name in [&own, "chain"] {
                let piece = shelf.next(name, 0);
                let piece = piece.map_err(|error| Failure::failed(doing, error))?;
                if piece.is_some() {
                    return Ok((place, name.to_owned()));
                }
            }
        }
        let why = "there is none beside the receipts; say with --receipts where these are. A batch without receipts publishes none, and one that was killed publishes it when it is run again";
        Err(Failure::failed(doing, why))
    }

    /// The SHA-256 of a link's receipt or recording.
    fn digest(
        &self,
        link: &Link,
        spelling: &Spelling,
        known: &Known,
    ) -> Result<Option<String>, String> {
        let place = match known.outputs.get(&link.key) {
            Some(output) if output.is_empty() => return Ok(Some(Digest::of(&[]).sha256)),
            Some(output) => output.clone(),
            None => spelling.name(&link.receipt),
        };
        let place: Place = place.parse().map_err(|error| format!("{error}"))?;
        match self.runtime.block_on(self.stores.read(&place, LONGEST)) {
            Ok(bytes) => Ok(Some(Digest::of(&bytes).sha256)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Walks a chain, and looks at the receipts that are there.
    pub(super) fn report(
        &self,
        (root, name): (&Place, &str),
        listed: Listed,
        ends: &Ends,
        known: &Known,
        later: Option<&mut Later<'_>>,
        signers: Option<(&AllowedSigners, SystemTime)>,
    ) -> Result<ChainReport, Failure> {
        let reading = |error: io::Error| Failure::failed("reading the chain", error);
        let end = |name: &str| listed.chains.get(name).copied().unwrap_or(u64::MAX);
        let mut others = HashSet::new();
        for other in listed.chains.keys().filter(|other| *other != name) {
            let mut linked =
                linked(&mut self.chain(root, other, end(other)), signers).map_err(reading)?;
            linked.retain(|receipt| !receipt.is_empty());
            let spelling = self.spelling(root, linked.first().into_iter().chain(linked.last()));
            others.extend(linked.iter().map(|receipt| spelling.name(receipt)));
        }
        let spelling = self.spelling(root, &ends.receipts);
        let mut digest = |link: &Link| self.digest(link, &spelling, known);
        let end = end(name);
        let mut names = listed.receipts.into_iter().map(Ok).chain(listed.broken.map(Err));
        let name_of = |receipt: &str| spelling.name(receipt);
        let begun = known.begun.iter().map(|receipt| spelling.name(receipt)).collect();
        let present = Some(Present { names: &mut names, name: &name_of, others, begun });
        let mut chain = self.chain(root, name, end);
        verify(&mut chain, &mut digest, signers, Some(&ends.last), present, later).map_err(reading)
    }

    fn chain(&self, root: &Place, name: &str, end: u64) -> BufReader<Pieces> {
        let shelf = shelf(root, &self.stores, &self.runtime);
        let (name, piece) = (name.to_owned(), io::Cursor::new(Vec::new()));
        BufReader::new(Pieces { shelf, name, position: 0, end, piece })
    }
}

/// A published chain as one stream.
struct Pieces {
    shelf: Box<dyn Shelf + Send>,
    name: String,
    position: u64,
    /// What comes after this is not looked at.
    end: u64,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if self.position >= self.end {
                return Ok(0);
            }
            let Some((mut piece, position)) = self.shelf.next(&self.name, self.position)? else {
                return Ok(0);
            };
            // Of a file, a piece may be longer; its end may have been seen in the middle of a line.
            if let Some(more @ 1..) = position.checked_sub(self.end) {
                let whole = piece.len().saturating_sub(usize::try_from(more).unwrap_or(usize::MAX));
                let end = piece[..whole].iter().rposition(|byte| *byte == b'\n');
                piece.truncate(end.map_or(0, |end| end + 1));
            }
            (self.piece, self.position) = (io::Cursor::new(piece), position);
        }
    }
}
