//! The walk over a published chain and the receipts that it names.

use std::io::{self, BufRead};
use std::time::SystemTime;

use super::report::{ChainReport, Finding, Present, Wrong};
use super::state::State;
use super::{Checkpoint, Line, SignedCheckpoint};
use crate::batch::model::Link;
use crate::signature::{self, AllowedSigners, CHAIN_NAMESPACE};

/// The most links that are published before their checkpoint.
const PIECE: u64 = 1000;

/// Walks a chain.
///
/// `digest` returns the SHA-256 of a link's receipt, or of its recording if it has no receipt: `None` if it
/// is not there, an error if that is not known. `signers` say whose checkpoints count; without them
/// signatures are not looked at, and whoever can write the chain can make another that is sound. `last` is
/// the last link that the journal knows to be published: without it, missing pieces at the end are not seen.
/// `present` are the receipts that are there, if those without a link are to be found. `later` reads some of the
/// journal's links after a number, if a run goes on: what the chain does not say yet, up to `last`, is held
/// against the journal. A checkpoint that does not count is a note if a later one that counts covers its
/// links, as after a change of the key.
///
/// # Errors
/// Those of `chain` and `later`.
pub fn verify(
    chain: &mut dyn BufRead,
    digest: &mut dyn FnMut(&Link) -> Result<Option<String>, String>,
    signers: Option<(&AllowedSigners, SystemTime)>,
    last: Option<&Link>,
    present: Option<Present<'_>>,
    later: Option<&mut Later<'_>>,
) -> io::Result<ChainReport> {
    let mut walk = Walk::new(digest, signers);
    (walk.last, walk.linked) = (last, present.is_some().then(Vec::new));
    walk.read(chain)?;
    match (later, last) {
        (Some(later), Some(last)) => {
            walk.check_open();
            walk.go_on(later, last.sequence)?;
        }
        _ => walk.check_end(),
    }
    Ok(walk.end(present))
}

/// Reads some of a journal's links after a number; none if there are no more.
pub type Later<'a> = dyn FnMut(u64) -> io::Result<Vec<Link>> + 'a;

/// The receipts that a chain links, as it spells them: all up to the last checkpoint that counts, if there are
/// `signers`. None of a chain whose links do not follow each other.
///
/// # Errors
/// Those of `chain`.
pub fn linked(
    chain: &mut dyn BufRead,
    signers: Option<(&AllowedSigners, SystemTime)>,
) -> io::Result<Vec<String>> {
    // What became of its receipts is looked at with its own journal.
    let mut digest = |link: &Link| Ok(Some(link.sha256.clone()));
    let mut walk = Walk::new(&mut digest, signers);
    walk.linked = Some(Vec::new());
    walk.read(chain)?;
    let mut linked = walk.linked.unwrap_or_default();
    if walk.report.found > 0 {
        linked.clear();
    }
    if signers.is_some() {
        linked.truncate(usize::try_from(walk.report.covered).unwrap_or(usize::MAX));
    }
    Ok(linked)
}

struct Walk<'a> {
    digest: &'a mut dyn FnMut(&Link) -> Result<Option<String>, String>,
    signers: Option<(&'a AllowedSigners, SystemTime)>,
    last: Option<&'a Link>,
    /// The receipts of the links.
    linked: Option<Vec<String>>,
    state: State,
    /// Checkpoints that do not count, and that none that counts has covered yet.
    uncovered: Vec<Finding>,
    report: ChainReport,
}

impl<'a> Walk<'a> {
    fn new(
        digest: &'a mut dyn FnMut(&Link) -> Result<Option<String>, String>,
        signers: Option<(&'a AllowedSigners, SystemTime)>,
    ) -> Self {
        let (last, linked, uncovered) = (None, None, Vec::new());
        let (state, report) = (State::new(), ChainReport::default());
        Self { digest, signers, last, linked, state, uncovered, report }
    }

    fn read(&mut self, chain: &mut dyn BufRead) -> io::Result<()> {
        let (mut line, mut number) = (Vec::new(), 0);
        while {
            line.clear();
            chain.read_until(b'\n', &mut line)?
        } > 0
        {
            number += 1;
            let text = line.strip_suffix(b"\n").and_then(|text| std::str::from_utf8(text).ok());
            match text.and_then(Line::read) {
                Some(Line::Link(link)) => self.link(&link),
                Some(Line::Checkpoint(checkpoint)) => self.checkpoint(&checkpoint),
                None => self.report.add(self.state.sequence, "", Wrong::Line(number)),
            }
        }
        Ok(())
    }

    fn link(&mut self, link: &Link) {
        let Link { sequence, receipt, .. } = link;
        self.report.links += 1;
        let expected = self.state.sequence + 1;
        if link.hash != link.hash() {
            self.report.add(*sequence, receipt, Wrong::Link);
        }
        if *sequence < expected {
            self.report.add(*sequence, receipt, Wrong::Order);
        } else if *sequence > expected {
            self.report.add(expected, "", Wrong::Missing(*sequence));
        } else if link.previous != self.state.hash {
            self.report.add(*sequence, receipt, Wrong::Previous);
        }
        if self.last.is_some_and(|last| last.sequence == *sequence && last != link) {
            self.report.add(*sequence, receipt, Wrong::Journal);
        }
        // After one that does not belong here the walk goes on from where it was.
        if *sequence >= expected {
            self.state.link(link);
        }
        self.receipt(link);
    }

    fn receipt(&mut self, link: &Link) {
        let Link { sequence, receipt, .. } = link;
        match (self.digest)(link) {
            Ok(Some(found)) if found == link.sha256 => {}
            Ok(Some(_)) => self.report.add(*sequence, receipt, Wrong::ReceiptChanged),
            Ok(None) => self.report.add(*sequence, receipt, Wrong::ReceiptMissing),
            Err(why) => self.report.add(*sequence, receipt, Wrong::ReceiptUnread(why)),
        }
        if let Some(linked) = &mut self.linked {
            linked.push(receipt.clone());
        }
    }

    /// Goes on with the journal's own links, where the chain ends.
    fn go_on(&mut self, later: &mut Later<'_>, last: u64) -> io::Result<()> {
        while self.state.sequence < last {
            let before = self.state.sequence;
            let links = later(before)?;
            for link in links.into_iter().take_while(|link| link.sequence <= last) {
                let follows = link.sequence == self.state.sequence + 1
                    && link.previous == self.state.hash
                    && link.hash == link.hash();
                if !follows {
                    self.report.add(link.sequence, &link.receipt, Wrong::Journal);
                    return Ok(());
                }
                self.state.link(&link);
                self.receipt(&link);
                self.report.pending += 1;
            }
            if self.state.sequence == before {
                break;
            }
        }
        Ok(())
    }

    /// Checks that a checkpoint covers all links but those of a piece that may be just being written. With
    /// signers, one must count.
    fn check_open(&mut self) {
        let State { sequence, covered, .. } = self.state;
        if sequence.saturating_sub(covered) > PIECE {
            self.report.add(sequence, "", Wrong::End);
        }
        if self.signers.is_none() || !self.uncovered.is_empty() || sequence == 0 {
            return;
        }
        if self.report.signed == 0 || sequence.saturating_sub(self.report.covered) > PIECE {
            self.report.add(sequence, "", Wrong::Unsigned);
        }
    }

    /// Checks that a checkpoint covers the last link.
    fn check_end(&mut self) {
        let State { sequence, covered, .. } = self.state;
        if covered < sequence {
            self.report.add(sequence, "", Wrong::End);
        }
    }

    fn checkpoint(&mut self, SignedCheckpoint { checkpoint, signature }: &SignedCheckpoint) {
        let sequence = checkpoint.sequence;
        // Once more for the same link only to sign what was not signed.
        let is_news =
            sequence > self.state.covered || (signature.is_some() && !self.state.is_signed);
        let covers = self.state.fits(checkpoint);
        if !covers || !is_news {
            self.report.add(sequence, "", Wrong::Checkpoint);
        }
        self.judge(checkpoint, signature.as_deref(), covers);
        if covers {
            self.state.cover(signature.is_some());
        }
    }

    /// Whether the signature of a checkpoint counts. `covers`: it fits the links before it.
    fn judge(&mut self, checkpoint: &Checkpoint, signature: Option<&str>, covers: bool) {
        let Some((signers, now)) = self.signers else { return };
        let Checkpoint { sequence, .. } = *checkpoint;
        let wrong = match signature {
            None => Wrong::Unsigned,
            Some(signature) => {
                let text = checkpoint.signed_text();
                let text = text.as_bytes();
                match signature::verify(CHAIN_NAMESPACE, text, signature, signers, None, now) {
                    Ok(verified) if covers => return self.cover(sequence, verified.principal),
                    Ok(_) => return,
                    Err(error) => Wrong::Signature(error.to_string()),
                }
            }
        };
        self.uncovered.push(Finding { sequence, receipt: String::new(), wrong });
    }

    /// A checkpoint that counts covers all links so far, whatever those before it were worth.
    fn cover(&mut self, sequence: u64, principal: String) {
        self.report.signed += 1;
        self.report.covered = sequence;
        self.report.principal = Some(principal);
        for finding in std::mem::take(&mut self.uncovered) {
            if finding.sequence <= sequence {
                self.report.note(finding);
            } else {
                self.uncovered.push(finding);
            }
        }
    }

    fn end(mut self, present: Option<Present<'_>>) -> ChainReport {
        for Finding { sequence, receipt, wrong } in std::mem::take(&mut self.uncovered) {
            self.report.add(sequence, &receipt, wrong);
        }
        let sequence = self.state.sequence;
        match self.last {
            Some(last) if last.sequence > sequence => {
                self.report.add(last.sequence, &last.receipt, Wrong::Journal);
            }
            // Links that the journal does not know.
            Some(last) if last.sequence < sequence => {
                self.report.add(last.sequence + 1, "", Wrong::Journal);
            }
            _ => {}
        }
        let Some(Present { names, name, mut others, begun }) = present else { return self.report };
        others.extend(self.linked.unwrap_or_default().iter().map(|receipt| name(receipt)));
        for receipt in names {
            match receipt {
                Ok(receipt) if others.contains(&receipt) => {}
                Ok(receipt) if begun.contains(&receipt) => self.report.pending += 1,
                Ok(receipt) => self.report.add(0, &receipt, Wrong::ReceiptUnlinked),
                Err(why) => self.report.add(0, "", Wrong::Listing(why)),
            }
        }
        self.report
    }
}
