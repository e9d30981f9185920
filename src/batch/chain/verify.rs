//! The walk over a published chain and the receipts that it names.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead};
use std::time::SystemTime;

use super::state::State;
use super::{Line, SignedCheckpoint};
use crate::batch::model::Link;
use crate::signature::{self, AllowedSigners, CHAIN_NAMESPACE};

/// The most findings that are kept; all are counted.
const MOST: usize = 1000;

/// What a walk has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Links.
    pub links: u64,
    /// Checkpoints whose signature counts.
    pub signed: u64,
    /// The last link that such a checkpoint covers.
    pub covered: u64,
    /// Who has signed the last one.
    pub principal: Option<String>,
    /// What is wrong, at most the first 1000.
    pub findings: Vec<Finding>,
    /// How many there are.
    pub found: u64,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The link; 0 if there is none.
    pub sequence: u64,
    /// The receipt, if it is known.
    pub receipt: String,
    /// What it is.
    pub wrong: Wrong,
}

/// What can be wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// A line is neither a link nor a checkpoint as sordino writes it.
    Line(u64),
    /// Links from this one on, up to the one before the number, are gone.
    Missing(u64),
    /// It stands where it does not belong: it was moved, or slipped in.
    Order,
    /// The link was changed.
    Link,
    /// The link follows another one than the one before it.
    Previous,
    /// The receipt is gone.
    ReceiptMissing,
    /// The receipt is another.
    ReceiptChanged,
    /// The receipt cannot be read, so that nothing is known.
    ReceiptUnread(String),
    /// No link knows the receipt: it was slipped in.
    ReceiptUnlinked,
    /// The checkpoint does not fit the links before it.
    Checkpoint,
    /// The signature of the checkpoint does not count.
    Signature(String),
    /// The checkpoint is not signed.
    Unsigned,
    /// No checkpoint covers the end, so that it was cut off, or goes on.
    End,
    /// The journal has another link with this number, or the chain ends before it.
    Journal,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line} was changed: it is no line of a chain"),
            Self::Missing(next) => write!(f, "removed: the next link is {next}"),
            Self::Order => f.write_str("moved or slipped in: it does not belong here"),
            Self::Link => f.write_str("the link was changed"),
            Self::Previous => f.write_str("it follows another link than the one before it"),
            Self::ReceiptMissing => f.write_str("the receipt is gone"),
            Self::ReceiptChanged => f.write_str("the receipt was changed"),
            Self::ReceiptUnread(why) => write!(f, "the receipt cannot be read: {why}"),
            Self::ReceiptUnlinked => f.write_str("no link has this receipt; it was slipped in"),
            Self::Checkpoint => f.write_str("the checkpoint does not fit the links before it"),
            Self::Signature(why) => write!(f, "the checkpoint's signature does not count: {why}"),
            Self::Unsigned => f.write_str("the checkpoint is not signed"),
            Self::End => f.write_str("no checkpoint covers the end; a part was cut off"),
            Self::Journal => f.write_str("the journal has another link, or the end was cut off"),
        }
    }
}

impl ChainReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.found == 0
    }

    fn add(&mut self, sequence: u64, receipt: &str, wrong: Wrong) {
        self.found += 1;
        if self.findings.len() < MOST {
            self.findings.push(Finding { sequence, receipt: receipt.to_owned(), wrong });
        }
    }
}

/// Walks a chain.
///
/// `digest` returns the SHA-256 of a link's receipt, or of its recording if it has no receipt: `None` if it
/// is not there, an error if that is not known. `signers` say whose checkpoints count; without them
/// signatures are not looked at, and whoever can write the chain can make another that is sound. `last` is
/// the last link that the journal knows to be published: without it, missing pieces at the end are not seen.
/// `present` are the receipts that are there, if those without a link are to be found.
///
/// # Errors
/// Those of `chain`.
pub fn verify(
    chain: &mut dyn BufRead,
    digest: &mut dyn FnMut(&Link) -> Result<Option<String>, String>,
    signers: Option<(&AllowedSigners, SystemTime)>,
    last: Option<&Link>,
    present: Option<&mut dyn Iterator<Item = String>>,
) -> io::Result<ChainReport> {
    let linked = present.is_some().then(HashSet::new);
    let mut walk =
        Walk { digest, signers, last, linked, state: State::new(), report: ChainReport::default() };
    let (mut line, mut number) = (Vec::new(), 0);
    while {
        line.clear();
        chain.read_until(b'\n', &mut line)?
    } > 0
    {
        number += 1;
        let text = line.strip_suffix(b"\n").and_then(|text| std::str::from_utf8(text).ok());
        match text.and_then(Line::read) {
            Some(Line::Link(link)) => walk.link(&link),
            Some(Line::Checkpoint(checkpoint)) => walk.checkpoint(&checkpoint),
            None => walk.report.add(walk.state.sequence, "", Wrong::Line(number)),
        }
    }
    Ok(walk.end(present))
}

struct Walk<'a> {
    digest: &'a mut dyn FnMut(&Link) -> Result<Option<String>, String>,
    signers: Option<(&'a AllowedSigners, SystemTime)>,
    last: Option<&'a Link>,
    linked: Option<HashSet<String>>,
    state: State,
    report: ChainReport,
}

impl Walk<'_> {
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
        match (self.digest)(link) {
            Ok(Some(found)) if found == link.sha256 => {}
            Ok(Some(_)) => self.report.add(*sequence, receipt, Wrong::ReceiptChanged),
            Ok(None) => self.report.add(*sequence, receipt, Wrong::ReceiptMissing),
            Err(why) => self.report.add(*sequence, receipt, Wrong::ReceiptUnread(why)),
        }
        if let Some(linked) = &mut self.linked {
            linked.insert(receipt.clone());
        }
    }

    fn checkpoint(&mut self, SignedCheckpoint { checkpoint, signature }: &SignedCheckpoint) {
        let sequence = checkpoint.sequence;
        // Once more for the same link only to sign what was not signed.
        let is_news =
            sequence > self.state.covered || (signature.is_some() && !self.state.is_signed);
        if !self.state.fits(checkpoint) || !is_news {
            self.report.add(sequence, "", Wrong::Checkpoint);
        }
        let covers = self.state.fits(checkpoint);
        let text = checkpoint.signed_text();
        match (signature, self.signers) {
            (Some(signature), Some((signers, now))) => {
                let verified = signature::verify(
                    CHAIN_NAMESPACE,
                    text.as_bytes(),
                    signature,
                    signers,
                    None,
                    now,
                );
                match verified {
                    Ok(verified) if covers => {
                        self.report.signed += 1;
                        self.report.covered = sequence;
                        self.report.principal = Some(verified.principal);
                    }
                    Ok(_) => {}
                    Err(error) => {
                        self.report.add(sequence, "", Wrong::Signature(error.to_string()));
                    }
                }
            }
            (None, Some(_)) => self.report.add(sequence, "", Wrong::Unsigned),
            (_, None) => {}
        }
        if covers {
            self.state.cover(signature.is_some());
        }
    }

    fn end(mut self, present: Option<&mut dyn Iterator<Item = String>>) -> ChainReport {
        let State { sequence, covered, .. } = self.state;
        if covered < sequence {
            self.report.add(sequence, "", Wrong::End);
        }
        if let Some(last) = self.last.filter(|last| last.sequence > sequence) {
            self.report.add(last.sequence, &last.receipt, Wrong::Journal);
        }
        let linked = self.linked.unwrap_or_default();
        for receipt in present.into_iter().flatten().filter(|receipt| !linked.contains(receipt)) {
            self.report.add(0, &receipt, Wrong::ReceiptUnlinked);
        }
        self.report
    }
}
