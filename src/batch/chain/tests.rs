//! Chains that are published, broken, and walked.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::batch::journal::{Claimed, Counts, Entry, Filter, Jobs, Journal};
use crate::batch::model::{Change, Key};
use crate::digest::Digest;
use crate::signature::{self, AllowedSigners, Signer};

/// A journal that has links, and nothing else.
pub(super) struct Linked(Vec<Link>);

impl Linked {
    pub(super) fn new(count: u64) -> Self {
        let mut links = Vec::<Link>::new();
        for sequence in 1..=count {
            let previous = links.last().map_or(NO_HASH.to_owned(), |link| link.hash.clone());
            let receipt = format!("receipts/{sequence}.json");
            let sha256 = Digest::of(receipt.as_bytes()).sha256;
            let key = Key(format!("{sequence:064x}"));
            let mut link = Link { sequence, key, receipt, sha256, previous, hash: String::new() };
            link.hash = link.hash();
            links.push(link);
        }
        Self(links)
    }

    fn first(&self, count: usize) -> Self {
        Self(self.0[..count].to_vec())
    }

    fn last(&self) -> &Link {
        self.0.last().unwrap()
    }

    /// The receipts, as whoever walks the chain finds them.
    fn receipts(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|link| (link.receipt.clone(), link.sha256.clone())).collect()
    }
}

impl Journal for Linked {
    fn plan(&mut self, _: &str, _: &mut Jobs<'_>) -> Result<Counts, JournalError> {
        unreachable!()
    }
    fn retry_failed(&mut self, _: &str) -> Result<u64, JournalError> {
        unreachable!()
    }
    fn claim(&mut self, _: &str, _: usize) -> Result<Vec<Claimed>, JournalError> {
        unreachable!()
    }
    fn apply(&mut self, _: &[Change]) -> Result<Vec<bool>, JournalError> {
        unreachable!()
    }
    fn lease(&self) -> Option<Duration> {
        unreachable!()
    }
    fn renew(&mut self) -> Result<(), JournalError> {
        unreachable!()
    }
    fn counts(&mut self, _: Option<&str>) -> Result<Counts, JournalError> {
        unreachable!()
    }
    fn each(
        &mut self,
        _: &Filter,
        _: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        unreachable!()
    }
    fn links(&mut self, after: u64, most: usize) -> Result<Vec<Link>, JournalError> {
        Ok(self.0.iter().filter(|link| link.sequence > after).take(most).cloned().collect())
    }
}

fn signer() -> Arc<Signer> {
    Arc::new(signature::tests::signer(1))
}

fn signers() -> AllowedSigners {
    AllowedSigners::parse(&signature::tests::line("pci@example.com", "", 1)).unwrap()
}

fn publisher(folder: &Path, every: usize) -> Publisher {
    Publisher::new(Box::new(FolderShelf::new(folder)), Some(signer()), every)
}

/// The text of a chain with a checkpoint after every 4 links.
fn published(journal: &mut Linked) -> String {
    let folder = tempfile::tempdir().unwrap();
    publisher(folder.path(), 4).publish(journal, true).unwrap();
    fs::read_to_string(folder.path().join("chain.jsonl")).unwrap()
}

fn walk(chain: &str, receipts: &BTreeMap<String, String>, last: Option<&Link>) -> ChainReport {
    let mut digest = |link: &Link| Ok(receipts.get(&link.receipt).cloned());
    let signers = signers();
    let signers = Some((&signers, SystemTime::now()));
    let mut names = receipts.keys().cloned().map(Ok);
    let present = Some(present(&mut names));
    verify(&mut Cursor::new(chain), &mut digest, signers, last, present, None).unwrap()
}

fn present(names: &mut dyn Iterator<Item = Result<String, String>>) -> Present<'_> {
    Present {
        names,
        name: &|receipt| receipt.to_owned(),
        others: Default::default(),
        begun: Default::default(),
        failed: Default::default(),
    }
}

#[test]
fn a_published_chain_is_clean_and_signed_to_its_end() {
    let mut journal = Linked::new(10);
    let report = walk(&published(&mut journal), &journal.receipts(), Some(journal.last()));
    assert!(report.is_clean(), "{report:?}");
    let ChainReport { links, signed, covered, principal, .. } = report;
    assert_eq!((links, signed, covered), (10, 3, 10));
    assert_eq!(principal.as_deref(), Some("pci@example.com"));
}

#[test]
fn only_full_pieces_are_published_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (all, mut publisher) = (Linked::new(9), publisher(folder.path(), 4));
    for (links, end, last) in
        [(0, true, 0), (3, false, 0), (4, false, 4), (7, false, 4), (9, true, 9)]
    {
        assert_eq!(publisher.publish(&mut all.first(links), end).unwrap(), last, "{links}");
    }
    let path = folder.path().join("chain.jsonl");
    let before = fs::read(&path).unwrap();
    // Again, by this one and by a new one: nothing changes.
    publisher.publish(&mut all.first(9), true).unwrap();
    self::publisher(folder.path(), 5).publish(&mut all.first(9), true).unwrap();
    assert!(before == fs::read(&path).unwrap());
}

/// A process that was killed leaves any part of what it wrote.
#[test]
fn whatever_a_killed_process_leaves_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut journal) = (folder.path().join("chain.jsonl"), Linked::new(6));
    // Without a key: nothing here is about signatures, which take time.
    let publish = |journal: &mut Linked| {
        let shelf = Box::new(FolderShelf::new(folder.path()));
        Publisher::new(shelf, None, 4).publish(journal, true).unwrap()
    };
    publish(&mut journal);
    let whole = fs::read_to_string(&path).unwrap();
    let ends: Vec<usize> = whole.match_indices('\n').map(|(at, _)| at).collect();
    let near_ends = ends.iter().flat_map(|end| end.saturating_sub(1)..=end + 2);
    for length in near_ends.chain((0..whole.len()).step_by(17)).filter(|at| *at <= whole.len()) {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(publish(&mut journal), 6);
        let text = fs::read_to_string(&path).unwrap();
        let kept = whole[..length].rfind('\n').map_or(0, |end| end + 1);
        assert!(text.starts_with(&whole[..kept]), "what is published stays: {length}");
        let mut digest = |link: &Link| Ok(Some(link.sha256.clone()));
        let last = Some(journal.last());
        let report = verify(&mut Cursor::new(text), &mut digest, None, last, None, None).unwrap();
        assert!(report.is_clean() && report.links == 6, "{length} {report:?}");
    }
}

/// Fails before, or after, each call that writes.
struct Breaks {
    shelf: FolderShelf,
    calls: std::cell::Cell<usize>,
    fails_at: usize,
    after: bool,
}

impl Shelf for Breaks {
    fn next(&self, chain: &str, position: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        self.shelf.next(chain, position)
    }

    fn add(&self, chain: &str, position: u64, piece: &[u8]) -> io::Result<Option<u64>> {
        self.calls.set(self.calls.get() + 1);
        let fails = self.calls.get() == self.fails_at;
        if fails && !self.after {
            return Err(io::Error::other("broken"));
        }
        let added = self.shelf.add(chain, position, piece)?;
        if fails { Err(io::Error::other("broken")) } else { Ok(added) }
    }
}

#[test]
fn a_call_that_failed_can_be_repeated() {
    for (fails_at, after) in (1..=3).flat_map(|call| [(call, false), (call, true)]) {
        let folder = tempfile::tempdir().unwrap();
        let shelf = FolderShelf::new(folder.path());
        let shelf = Box::new(Breaks { shelf, calls: Default::default(), fails_at, after });
        let mut publisher = Publisher::new(shelf, Some(signer()), 4);
        let mut journal = Linked::new(10);
        assert!(publisher.publish(&mut journal, true).is_err());
        assert_eq!(publisher.publish(&mut journal, true).unwrap(), 10);
        let text = fs::read_to_string(folder.path().join("chain.jsonl")).unwrap();
        let report = walk(&text, &journal.receipts(), Some(journal.last()));
        assert!(report.is_clean() && report.links == 10, "{fails_at} {after} {report:?}");
    }
}

#[test]
fn several_processes_publish_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let all = Linked::new(200);
    std::thread::scope(|scope| {
        for every in 5..9 {
            let (folder, mut journal) = (folder.path(), all.first(200));
            scope.spawn(move || {
                let shelf = Box::new(FolderShelf::new(folder));
                let last = Publisher::new(shelf, None, every).publish(&mut journal, true);
                assert_eq!(last.unwrap(), 200);
            });
        }
    });
    let text = fs::read_to_string(folder.path().join("chain.jsonl")).unwrap();
    let mut digest = |link: &Link| Ok(Some(link.sha256.clone()));
    let report =
        verify(&mut Cursor::new(text), &mut digest, None, Some(all.last()), None, None).unwrap();
    assert!(report.is_clean() && report.links == 200, "{report:?}");
}

#[test]
fn the_chain_of_another_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Linked::new(3);
    other.0.remove(0);
    let first = &mut other.0[0];
    (first.sequence, first.previous) = (1, NO_HASH.into());
    first.hash = first.hash();
    other.0.truncate(1);
    publisher(folder.path(), 4).publish(&mut other, true).unwrap();
    let (before, mut mine) = (fs::read(folder.path().join("chain.jsonl")).unwrap(), Linked::new(2));
    let mut second = publisher(folder.path(), 4);
    second.publish(&mut mine, true).unwrap();
    assert_eq!(second.chain(), Some(format!("chain-{}", &mine.0[0].hash[..12]).as_str()));
    assert!(before == fs::read(folder.path().join("chain.jsonl")).unwrap());
    // And what was published is not contradicted.
    let mut changed = Linked::new(2);
    changed.0[1].receipt = "another".into();
    changed.0[1].hash = changed.0[1].hash();
    let error = publisher(folder.path(), 4).publish(&mut changed, true).unwrap_err();
    assert!(matches!(error, ChainError::Differs { sequence: 2, .. }), "{error}");
}

#[test]
fn a_key_that_comes_later_signs_what_was_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Linked::new(5);
    let shelf = Box::new(FolderShelf::new(folder.path()));
    Publisher::new(shelf, None, 4).publish(&mut journal, true).unwrap();
    let path = folder.path().join("chain.jsonl");
    let report = walk(&fs::read_to_string(&path).unwrap(), &journal.receipts(), None);
    assert_eq!((report.found, report.covered), (2, 0));
    assert!(report.findings.iter().all(|finding| finding.wrong == Wrong::Unsigned));
    publisher(folder.path(), 4).publish(&mut journal, true).unwrap();
    let report = walk(&fs::read_to_string(&path).unwrap(), &journal.receipts(), None);
    assert_eq!((report.found, report.noted, report.covered), (0, 2, 5), "{report:?}");
}

/// What somebody may do to a chain and its receipts.
#[derive(Debug, Clone)]
enum Mutation {
    Remove(usize),
    Repeat(usize),
    Swap(usize, usize),
    Flip(usize, u8),
    /// A link of one's own, with everything after it linked anew.
    Insert(usize),
    /// The digest of a link, with everything after it linked anew.
    Relink(usize),
    Cut(usize),
    RemoveReceipt(usize),
    ChangeReceipt(usize),
    AddReceipt,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    let of = |count: usize| at().prop_map(move |index| index.index(count));
    prop_oneof![
        // Not a checkpoint before the last one: then the later ones still cover all links.
        of(13).prop_filter("a checkpoint", |at| ![4, 9].contains(at)).prop_map(Mutation::Remove),
        of(13).prop_map(Mutation::Repeat),
        (of(13), of(13)).prop_map(|(one, other)| Mutation::Swap(one, other)),
        (of(100_000), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        of(10).prop_map(Mutation::Insert),
        of(10).prop_map(Mutation::Relink),
        of(100_000).prop_map(Mutation::Cut),
        of(10).prop_map(Mutation::RemoveReceipt),
        of(10).prop_map(Mutation::ChangeReceipt),
        Just(Mutation::AddReceipt),
    ]
}

/// Links the lines of a chain anew from the beginning, as far as somebody without the key can.
fn relink(lines: &mut [Line]) {
    let mut state = state::State::new();
    for line in lines {
        match line {
            Line::Link(link) => {
                (link.sequence, link.previous) = (state.sequence + 1, state.hash.clone());
                link.hash = link.hash();
                state.link(link);
            }
            Line::Checkpoint(signed) => {
                signed.checkpoint.sequence = state.sequence;
                signed.checkpoint.hash.clone_from(&state.hash);
            }
        }
    }
}

/// Does it; false if that changes nothing.
fn mutate(
    mutation: &Mutation,
    chain: &mut Vec<u8>,
    receipts: &mut BTreeMap<String, String>,
) -> bool {
    let text = String::from_utf8(chain.clone()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let name = |at: usize| format!("receipts/{}.json", at + 1);
    let whole = |lines: &[&str]| {
        lines.iter().flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
    };
    match *mutation {
        Mutation::Remove(at) => drop(lines.remove(at)),
        Mutation::Repeat(at) => lines.insert(at, lines[at]),
        Mutation::Swap(one, other) => lines.swap(one, other),
        Mutation::Flip(at, bit) => {
            let at = at % chain.len();
            chain[at] ^= 1 << bit;
            return true;
        }
        Mutation::Insert(at) | Mutation::Relink(at) => {
            let mut all: Vec<Line> = lines.iter().map(|line| Line::read(line).unwrap()).collect();
            let place = all.iter().position(
                |line| matches!(line, Line::Link(link) if link.sequence == at as u64 + 1),
            );
            let Line::Link(mut link) = all[place.unwrap()].clone() else { unreachable!() };
            link.sha256 = Digest::of(b"forged").sha256;
            if let Mutation::Insert(_) = mutation {
                link.receipt = "receipts/forged.json".into();
                all.insert(place.unwrap(), Line::Link(link.clone()));
            } else {
                all[place.unwrap()] = Line::Link(link.clone());
            }
            receipts.insert(link.receipt, link.sha256);
            relink(&mut all);
            *chain = all.iter().map(|line| line.write() + "\n").collect::<String>().into_bytes();
            return true;
        }
        Mutation::Cut(at) => {
            chain.truncate(at % chain.len());
            return true;
        }
        Mutation::RemoveReceipt(at) => return receipts.remove(&name(at)).is_some(),
        Mutation::ChangeReceipt(at) => {
            return receipts.insert(name(at), Digest::of(b"other").sha256).is_some();
        }
        Mutation::AddReceipt => {
            return receipts.insert("receipts/new.json".into(), String::new()).is_none();
        }
    }
    let changed = whole(&lines);
    let is_news = *chain != changed;
    *chain = changed;
    is_news
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn one_change_anywhere_is_found(mutation in mutation()) {
        static PUBLISHED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        let mut journal = Linked::new(10);
        let chain = PUBLISHED.get_or_init(|| published(&mut journal));
        let (mut chain, mut receipts) = (chain.clone().into_bytes(), journal.receipts());
        prop_assume!(mutate(&mutation, &mut chain, &mut receipts));
        let signers = signers();
        let mut digest = |link: &Link| Ok(receipts.get(&link.receipt).cloned());
        let mut names = receipts.keys().cloned().map(Ok);
        let report = verify(
            &mut Cursor::new(chain),
            &mut digest,
            Some((&signers, SystemTime::now())),
            Some(journal.last()),
            Some(present(&mut names)),
            None,
        );
        let report = report.unwrap();
        // A bit of a signature that a later checkpoint makes up for.
        let is_noted = matches!(mutation, Mutation::Flip(..)) && report.noted > 0;
        prop_assert!(!report.is_clean() || is_noted);
    }
}

/// Findings name the link and the receipt.
#[test]
fn findings_say_where() {
    let mut journal = Linked::new(10);
    let (text, receipts) = (published(&mut journal), journal.receipts());
    let found = |text: &str, receipts: &BTreeMap<String, String>, last| {
        let report = walk(text, receipts, last);
        let shown = report.findings.into_iter().map(|f| (f.sequence, f.receipt, f.wrong));
        shown.collect::<Vec<_>>()
    };
    let lines: Vec<&str> = text.lines().collect();
    let without = |at: usize| {
        lines
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != at)
            .map(|(_, line)| format!("{line}\n"))
            .collect::<String>()
    };
    let mut fewer = receipts.clone();
    fewer.remove("receipts/3.json");
    assert_eq!(found(&text, &fewer, None), [(3, "receipts/3.json".into(), Wrong::ReceiptMissing)]);
    fewer.insert("receipts/3.json".into(), "other".into());
    assert_eq!(found(&text, &fewer, None), [(3, "receipts/3.json".into(), Wrong::ReceiptChanged)]);
    let mut more = receipts.clone();
    more.insert("receipts/x.json".into(), "x".into());
    assert_eq!(found(&text, &more, None), [(0, "receipts/x.json".into(), Wrong::ReceiptUnlinked)]);
    let removed = [
        (3, String::new(), Wrong::Missing(4)),
        (0, "receipts/3.json".into(), Wrong::ReceiptUnlinked),
    ];
    assert_eq!(found(&without(2), &receipts, None), removed);
    // The last piece, with its checkpoint: the journal knows.
    let cut: String = lines[..10].iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(found(&cut, &fewer_than(&receipts, 8), None), []);
    let last = journal.last();
    assert_eq!(
        found(&cut, &fewer_than(&receipts, 8), Some(last)),
        [(10, "receipts/10.json".into(), Wrong::Short)]
    );
    // The last checkpoint alone.
    let open: String = lines[..12].iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(found(&open, &receipts, None), [(10, String::new(), Wrong::End)]);
}

/// Checkpoints of somebody who may not sign, and signatures that were made for something else.
#[test]
fn a_checkpoint_counts_only_if_its_signature_does() {
    let mut journal = Linked::new(10);
    let folder = tempfile::tempdir().unwrap();
    let foreign = Arc::new(signature::tests::signer(2));
    let shelf = Box::new(FolderShelf::new(folder.path()));
    Publisher::new(shelf, Some(foreign), 4).publish(&mut journal, true).unwrap();
    let foreign = fs::read_to_string(folder.path().join("chain.jsonl")).unwrap();
    let of_receipts = resigned(&published(&mut journal), |checkpoint| {
        let text = checkpoint.signed_text();
        signer().sign(signature::RECEIPT_NAMESPACE, text.as_bytes()).unwrap()
    });
    for text in [foreign, of_receipts] {
        let report = walk(&text, &journal.receipts(), Some(journal.last()));
        assert_eq!((report.found, report.signed, report.covered), (3, 0, 0), "{report:?}");
        let is_signature = |finding: &Finding| matches!(finding.wrong, Wrong::Signature(_));
        assert!(report.findings.iter().all(is_signature), "{report:?}");
    }
}

/// The chain with other signatures.
fn resigned(chain: &str, sign: impl Fn(&Checkpoint) -> String) -> String {
    let line = |line: &str| match Line::read(line).unwrap() {
        Line::Checkpoint(SignedCheckpoint { checkpoint, .. }) => {
            let signature = Some(sign(&checkpoint));
            Line::Checkpoint(SignedCheckpoint { checkpoint, signature }).write() + "\n"
        }
        link => link.write() + "\n",
    };
    chain.lines().map(line).collect()
}

/// After a change of the key, the new one covers what the old one has signed, once there is a new link.
#[test]
fn a_later_checkpoint_makes_up_for_those_before_it() {
    let (mut journal, folder) = (Linked::new(10), tempfile::tempdir().unwrap());
    let old = Some(Arc::new(signature::tests::signer(2)));
    let shelf = || Box::new(FolderShelf::new(folder.path()));
    Publisher::new(shelf(), old, 4).publish(&mut journal.first(5), true).unwrap();
    Publisher::new(shelf(), Some(signer()), 4).publish(&mut journal, true).unwrap();
    let text = fs::read_to_string(folder.path().join("chain.jsonl")).unwrap();
    let report = walk(&text, &journal.receipts(), Some(journal.last()));
    assert_eq!((report.found, report.noted, report.covered), (0, 2, 10), "{report:?}");
    // Without the new ones nothing makes up for them.
    let old: String = text.lines().take(7).map(|line| format!("{line}\n")).collect();
    let first = journal.first(5);
    let report = walk(&old, &first.receipts(), Some(first.last()));
    assert_eq!((report.found, report.noted, report.covered), (2, 0, 0), "{report:?}");
}

#[test]
fn a_journal_that_was_cut_is_found() {
    let mut journal = Linked::new(10);
    let (text, receipts) = (published(&mut journal), journal.receipts());
    let report = walk(&text, &receipts, Some(journal.first(7).last()));
    let (found, finding) = (report.found, &report.findings[0]);
    assert_eq!((found, finding.sequence, &finding.wrong), (1, 8, &Wrong::Journal));
}

#[test]
fn receipts_of_other_chains_are_linked_and_a_listing_that_breaks_off_is_found() {
    let mut journal = Linked::new(4);
    let text = published(&mut journal);
    let more = ["b.json".into(), "c.json".into(), "e.json".into()];
    let names = journal.receipts().into_keys().chain(more);
    let mut names = names.map(Ok).chain([Err("broken".into())]);
    let name = |receipt: &str| receipt.to_owned();
    let others = ["b.json".to_owned()].into();
    let (begun, failed) = (["d.json".to_owned()].into(), ["e.json".to_owned()].into());
    let present = Present { names: &mut names, name: &name, others, begun, failed };
    let mut digest = |link: &Link| Ok(Some(link.sha256.clone()));
    let report =
        verify(&mut Cursor::new(text), &mut digest, None, None, Some(present), None).unwrap();
    let wrong: Vec<_> = report.findings.iter().map(|f| (f.receipt.as_str(), &f.wrong)).collect();
    let broken = Wrong::Listing("broken".into());
    let failed = ("e.json", &Wrong::ReceiptOfFailed);
    assert_eq!(wrong, [("c.json", &Wrong::ReceiptUnlinked), failed, ("", &broken)]);
}

/// What the chain does not say yet is held against the journal, so nothing is excused.
#[test]
fn what_a_run_has_done_since_is_not_taken_for_slipped_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Linked::new(6);
    publisher(folder.path(), 4).publish(&mut journal, false).unwrap();
    let chain = fs::read_to_string(folder.path().join("chain.jsonl")).unwrap();
    let torn = chain.lines().take(4).map(|line| format!("{line}\n")).collect::<String>();
    let walk = |chain: &str, receipts: &BTreeMap<String, String>, rest: &Linked, goes_on: bool| {
        let mut digest = |link: &Link| Ok(receipts.get(&link.receipt).cloned());
        let mut names = receipts.keys().cloned().chain(["begun.json".into()]).map(Ok);
        let mut present = present(&mut names);
        present.begun.insert("begun.json".into());
        let mut later = |after: u64| {
            let links = rest.0.iter().filter(|link| link.sequence > after);
            Ok(links.take(1).cloned().collect())
        };
        let later: Option<&mut Later<'_>> = if goes_on { Some(&mut later) } else { None };
        let last = Some(journal.last());
        let present = Some(present);
        verify(&mut Cursor::new(chain), &mut digest, None, last, present, later).unwrap()
    };
    let mut receipts = journal.receipts();
    // Also while the checkpoint is being written.
    for chain in [&chain, &torn] {
        let report = walk(chain, &receipts, &journal, true);
        assert_eq!((report.found, report.links, report.pending), (0, 4, 3), "{report:?}");
        assert!(!walk(chain, &receipts, &journal, false).is_clean());
    }
    let mut other = journal.first(6);
    other.0[4].key = Key("other".into());
    other.0[4].hash = other.0[4].hash();
    let wrong = |report: ChainReport| report.findings[0].wrong.clone();
    let last = Linked(vec![journal.0[5].clone()]);
    for (rest, is_wrong) in [
        (other.first(6), Wrong::Journal),
        (other.first(5), Wrong::Short),
        (journal.first(5), Wrong::Short),
        (last, Wrong::Journal),
    ] {
        assert_eq!(wrong(walk(&chain, &receipts, &rest, true)), is_wrong);
    }
    receipts.insert("receipts/6.json".into(), "another".into());
    assert_eq!(wrong(walk(&chain, &receipts, &journal, true)), Wrong::ReceiptChanged);
    receipts.remove("receipts/6.json");
    assert_eq!(wrong(walk(&chain, &receipts, &journal, true)), Wrong::ReceiptMissing);
}

/// Another chain's links count up to its last good checkpoint, and not at all if they were changed.
#[test]
fn links_of_another_chain_count_as_far_as_they_are_signed() {
    let mut journal = Linked::new(10);
    let text = published(&mut journal);
    let signers = signers();
    let count = |text: String, signed: bool| {
        let signers = signed.then_some((&signers, SystemTime::now()));
        linked(&mut Cursor::new(text), signers).unwrap().len()
    };
    let part = |lines: usize| text.lines().take(lines).map(|line| format!("{line}\n")).collect();
    assert_eq!((count(text.clone(), true), count(text.clone(), false)), (10, 10));
    assert_eq!((count(part(7), true), count(part(7), false)), (4, 6));
    let changed = text.replacen("receipts/2.json", "receipts/x.json", 1);
    assert_eq!((count(changed.clone(), true), count(changed, false)), (0, 0));
}

/// Another journal begins at the same place, after this one has looked.
struct Slow(FolderShelf, Linked);

impl Shelf for Slow {
    fn next(&self, chain: &str, position: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        self.0.next(chain, position)
    }

    fn add(&self, chain: &str, position: u64, piece: &[u8]) -> io::Result<Option<u64>> {
        if chain == "chain" {
            let shelf = Box::new(FolderShelf::new(&self.0.folder));
            let mut other = self.1.first(self.1.0.len());
            Publisher::new(shelf, None, 4).publish(&mut other, true).unwrap();
        }
        self.0.add(chain, position, piece)
    }
}

#[test]
fn of_two_journals_that_begin_at_once_each_gets_a_chain() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Linked::new(1);
    other.0[0].receipt = "receipts/other.json".into();
    other.0[0].hash = other.0[0].hash();
    let mut journal = Linked::new(6);
    let shelf = Slow(FolderShelf::new(folder.path()), other);
    let mut publisher = Publisher::new(Box::new(shelf), None, 4);
    assert_eq!(publisher.publish(&mut journal, true).unwrap(), 6);
    let own = format!("chain-{}", &journal.0[0].hash[..12]);
    assert_eq!(publisher.chain(), Some(own.as_str()));
    let links = |name: &str| {
        let text = fs::read(folder.path().join(format!("{name}.jsonl"))).unwrap();
        linked(&mut Cursor::new(text), None).unwrap().len()
    };
    assert_eq!((links("chain"), links(&own)), (1, 6));
}

fn fewer_than(receipts: &BTreeMap<String, String>, most: u64) -> BTreeMap<String, String> {
    let number = |name: &str| {
        name.trim_start_matches("receipts/").trim_end_matches(".json").parse::<u64>().unwrap()
    };
    receipts
        .iter()
        .filter(|(name, _)| number(name) <= most)
        .map(|(name, digest)| (name.clone(), digest.clone()))
        .collect()
}
