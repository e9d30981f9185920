//! Publishing: the journal's links, copied beside the receipts.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::SystemTime;

use super::shelf::Shelf;
use super::state::State;
use super::{ChainError, Checkpoint, Line, SignedCheckpoint};
use crate::batch::journal::{Filter, Journal};
use crate::batch::model::Link;
use crate::signature::{CHAIN_NAMESPACE, Signer};

/// The name of the first chain at a place, without its ending.
const CHAIN: &str = "chain";

/// Publishes the chain of one journal. Several may do that at once, on several machines, and each may be
/// killed: what was published stays, and the next call adds what is missing.
///
/// Holds one piece in memory, however long the chain is.
pub struct Publisher {
    shelf: Box<dyn Shelf + Send>,
    signer: Option<Arc<Signer>>,
    /// Links between two checkpoints.
    every: usize,
    /// Once there is a first link.
    name: Option<String>,
    position: u64,
    state: State,
}

impl Publisher {
    /// Publishes here, with a checkpoint after `every` links (1000 is a good number), signed by `signer` if
    /// there is one.
    pub fn new(shelf: Box<dyn Shelf + Send>, signer: Option<Arc<Signer>>, every: usize) -> Self {
        let (name, position, state) = (None, 0, State::new());
        Self { shelf, signer, every: every.max(1), name, position, state }
    }

    /// Checks before a run that its journal is not a new one in the place of one that was lost: redone in
    /// another order, the links of these jobs could not go on in the chain that is there. Chains of other
    /// batches may lie there, also with some of these jobs: only the job of the first link counts.
    ///
    /// # Errors
    /// [`ChainError::NewJournal`]; [`ChainError`].
    pub fn check_new(&self, journal: &mut dyn Journal, manifest: &str) -> Result<(), ChainError> {
        let piece = self.shelf.next(CHAIN, 0);
        let piece = piece.map_err(|error| failed(CHAIN, "read", &error))?;
        let line = piece.as_ref().and_then(|(piece, _)| lines(piece).next());
        // In this order: another machine may publish its first links now.
        let Some(Line::Link(first)) = line.and_then(|line| Line::read(&line)) else {
            return Ok(());
        };
        if !journal.links(0, 1)?.is_empty() {
            return Ok(());
        }
        let (mut is_planned, filter) = (false, Filter::default());
        journal.each(&Filter { manifest: Some(manifest.into()), ..filter }, &mut |entry| {
            is_planned = entry.key == first.key;
            if is_planned { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if is_planned {
            let (name, sequence) = (CHAIN.into(), first.sequence);
            return Err(ChainError::NewJournal { name, sequence });
        }
        Ok(())
    }

    /// Adds full pieces; at the `end` of a run also the rest, so that all links are covered. Cheap when there
    /// is nothing to add. Returns the sequence number of the last link that is published.
    ///
    /// # Errors
    /// [`ChainError`]. The call can be repeated.
    pub fn publish(&mut self, journal: &mut dyn Journal, end: bool) -> Result<u64, ChainError> {
        if self.name.is_none() && !self.choose(journal)? {
            return Ok(0);
        }
        self.meet(journal)?;
        loop {
            let links = journal.links(self.state.sequence, self.every)?;
            let is_full = links.len() == self.every;
            let must_sign = self.signer.is_some() && !self.state.is_signed;
            let is_open = self.state.covered < self.state.sequence || must_sign;
            if !is_full && !(end && (!links.is_empty() || is_open)) {
                return Ok(self.state.sequence);
            }
            let (piece, state) = self.piece(&links)?;
            match self.shelf.add(self.name(), self.position, &piece) {
                Ok(Some(position)) => (self.position, self.state) = (position, state),
                // Another process was faster.
                Ok(None) => self.meet(journal)?,
                Err(error) => return Err(self.failed("written", &error)),
            }
        }
    }

    /// Links between two checkpoints.
    pub(super) fn every(&self) -> usize {
        self.every
    }

    /// The name of the chain beside the receipts, without its ending, once there is one.
    pub fn chain(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn failed(&self, doing: &'static str, error: &std::io::Error) -> ChainError {
        failed(self.name(), doing, error)
    }

    /// Chooses the name: the first that is free, or has this journal's first link. False without links.
    fn choose(&mut self, journal: &mut dyn Journal) -> Result<bool, ChainError> {
        let Some(first) = journal.links(0, 1)?.pop() else { return Ok(false) };
        let own = format!("chain-{}", first.hash.get(..12).unwrap_or_default());
        for name in [CHAIN.to_owned(), own] {
            self.name = Some(name);
            let piece = self.shelf.next(self.name(), 0);
            let piece = piece.map_err(|error| self.failed("read", &error))?;
            let line = piece.as_ref().and_then(|(piece, _)| lines(piece).next());
            match line {
                None => return Ok(true),
                Some(line) if Line::read(&line) == Some(Line::Link(first.clone())) => {
                    return Ok(true);
                }
                Some(_) => {}
            }
        }
        let name = self.name.take().unwrap_or_default();
        Err(ChainError::Differs { name, sequence: 1 })
    }

    /// Catches up. Another journal that began at once may have taken the name that was free: then another is
    /// chosen.
    fn meet(&mut self, journal: &mut dyn Journal) -> Result<(), ChainError> {
        match self.catch_up(journal) {
            Err(ChainError::Differs { sequence: 1, .. }) if self.position == 0 => {
                self.choose(journal)?;
                self.catch_up(journal)
            }
            met => met,
        }
    }

    /// Reads what was published since, and compares it with the journal.
    fn catch_up(&mut self, journal: &mut dyn Journal) -> Result<(), ChainError> {
        loop {
            let next = self.shelf.next(self.name(), self.position);
            let next = next.map_err(|error| self.failed("read", &error))?;
            let Some((piece, position)) = next else { return Ok(()) };
            let mut state = self.state.clone();
            let mut links = Vec::new().into_iter();
            for line in lines(&piece) {
                let differs = |sequence| {
                    let name = self.name().to_owned();
                    Err(ChainError::Differs { name, sequence })
                };
                match Line::read(&line) {
                    Some(Line::Link(link)) => {
                        if links.len() == 0 {
                            links = journal.links(state.sequence, self.every)?.into_iter();
                        }
                        if links.next().as_ref() != Some(&link) {
                            return differs(state.sequence + 1);
                        }
                        state.link(&link);
                    }
                    Some(Line::Checkpoint(SignedCheckpoint { checkpoint, signature }))
                        if state.fits(&checkpoint) =>
                    {
                        state.cover(signature.is_some());
                    }
                    _ => return differs(state.sequence),
                }
            }
            (self.position, self.state) = (position, state);
        }
    }

    /// A piece with these links, and where it leads.
    fn piece(&self, links: &[Link]) -> Result<(Vec<u8>, State), ChainError> {
        let mut state = self.state.clone();
        let mut text = String::new();
        for link in links {
            // The journal's own numbers and hashes, but never blindly.
            let follows = link.sequence == state.sequence + 1 && link.previous == state.hash;
            if !follows || link.hash != link.hash() {
                let (name, sequence) = (self.name().to_owned(), link.sequence);
                return Err(ChainError::Differs { name, sequence });
            }
            state.link(link);
            text += &Line::Link(link.clone()).write();
            text.push('\n');
        }
        let checkpoint = Checkpoint::of(state.sequence, &state.hash, SystemTime::now());
        let signature = match &self.signer {
            Some(signer) => {
                Some(signer.sign(CHAIN_NAMESPACE, checkpoint.signed_text().as_bytes())?)
            }
            None => None,
        };
        state.cover(signature.is_some());
        text += &Line::Checkpoint(SignedCheckpoint { checkpoint, signature }).write();
        text.push('\n');
        Ok((text.into_bytes(), state))
    }
}

fn failed(name: &str, doing: &'static str, error: &std::io::Error) -> ChainError {
    ChainError::Place { name: name.to_owned(), doing, reason: error.to_string() }
}

fn lines(piece: &[u8]) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(String::from_utf8_lossy)
}
