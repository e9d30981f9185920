//! What a walk over a chain finds.

use std::collections::HashSet;
use std::fmt;

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
    /// Receipts that are not in the chain yet: the journal links them, or their jobs are not done.
    pub pending: u64,
    /// Checkpoints that do not count, whose links a later one covers: nothing is wrong, at most the first
    /// 1000.
    pub notes: Vec<Finding>,
    /// How many there are.
    pub noted: u64,
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
    /// The journal has another link with this number, or ends before it; or the chain ends before it.
    Journal,
    /// The receipts cannot be listed to the end, so that one without a link may be there.
    Listing(String),
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
            Self::Journal => {
                f.write_str("the journal has another link or none, or the end was cut off")
            }
            Self::Listing(why) => {
                write!(f, "not all receipts were seen, as their listing broke off: {why}")
            }
        }
    }
}

impl ChainReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.found == 0
    }

    pub(super) fn add(&mut self, sequence: u64, receipt: &str, wrong: Wrong) {
        self.found += 1;
        if self.findings.len() < MOST {
            self.findings.push(Finding { sequence, receipt: receipt.to_owned(), wrong });
        }
    }

    pub(super) fn note(&mut self, finding: Finding) {
        self.noted += 1;
        if self.notes.len() < MOST {
            self.notes.push(finding);
        }
    }
}

/// The receipts that are there.
pub struct Present<'a> {
    /// Their names, and perhaps why there are no more.
    pub names: &'a mut dyn Iterator<Item = Result<String, String>>,
    /// The name among `names` of a link's receipt.
    pub name: &'a dyn Fn(&str) -> String,
    /// The names of those that other chains link.
    pub others: HashSet<String>,
    /// The names of those that may be there before they are linked: their jobs are not done.
    pub begun: HashSet<String>,
}

impl fmt::Debug for Present<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Present").field("others", &self.others).finish_non_exhaustive()
    }
}
