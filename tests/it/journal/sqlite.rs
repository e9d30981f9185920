//! Files that are no journal, are damaged or locked, or cannot be written.

use std::fs;
use std::path::Path;
use std::process::Command;

use sordino::batch::{
    Event, Failed, FailureKind, Filter, Journal, JournalError, State, Upload, open_journal,
    open_journal_to_read,
};

use super::{calls, chain, change, entries, is_done, plan};

fn open(path: &Path) -> Result<Box<dyn Journal>, JournalError> {
    open_journal(path.to_str().unwrap())
}

fn refusal(path: &Path) -> String {
    open(path).map(drop).unwrap_err().to_string()
}

fn set(path: &Path, pragma: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(&format!("PRAGMA {pragma}")).unwrap();
}

#[test]
fn a_second_process_is_locked_out_under_any_name_and_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let link = folder.path().join("again.journal");
    let mut journal = open(&path).unwrap();
    plan(journal.as_mut(), "m", calls(3)).unwrap();
    assert!(refusal(&path).starts_with("another sordino works on the journal "));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(open(&link), Err(JournalError::Locked(_))));
    }
    let mut reader = open_journal_to_read(path.to_str().unwrap()).unwrap();
    let first = journal.claim("m", 1).unwrap().remove(0).key;
    assert_eq!(reader.counts(None).unwrap().started, 1);
    assert_eq!(journal.apply(&[is_done(&first)]).unwrap(), [true]);
    assert_eq!(reader.counts(Some("m")).unwrap().done, 1);
    assert_eq!(chain(reader.as_mut()).len(), 1);
    let written = reader.claim("m", 1).unwrap_err().to_string();
    assert!(written.contains("cannot be written"), "{written}");
    drop(journal);
    assert_eq!(open(&path).unwrap().claim("m", 9).unwrap().len(), 2);
}

#[test]
fn reading_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let missing = open_journal_to_read(path.to_str().unwrap()).map(drop).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let mut journal = open(&path).unwrap();
    plan(journal.as_mut(), "m", calls(3)).unwrap();
    let mut files = 0;
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        files += 1;
    }
    assert_eq!(files, 4, "the journal, its log, the log's index and the lock");
}

#[test]
fn a_file_of_another_program_or_version_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("calls.csv");
    fs::write(&text, "in,out\na.wav,b.wav\n".repeat(100)).unwrap();
    assert!(refusal(&text).contains("it is another kind of file"), "{}", refusal(&text));
    assert_eq!(fs::read_to_string(&text).unwrap(), "in,out\na.wav,b.wav\n".repeat(100));

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE job (a)").unwrap();
    assert!(refusal(&other).contains("it is a database of another program"));

    for (version, word) in [(2, "a newer sordino wrote"), (0, "an older sordino wrote")] {
        let path = folder.path().join(format!("{version}.journal"));
        drop(open(&path).unwrap());
        set(&path, &format!("user_version = {version}"));
        assert!(refusal(&path).contains(word), "{}", refusal(&path));
        let reader = open_journal_to_read(path.to_str().unwrap());
        assert!(matches!(reader, Err(JournalError::NotAJournal { .. })));
    }
}

/// Each page in turn is overwritten.
#[test]
fn a_damaged_file_is_an_error_or_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let mut journal = open(&path).unwrap();
    plan(journal.as_mut(), "m", calls(40)).unwrap();
    let keys: Vec<_> = journal.claim("m", 20).unwrap().into_iter().map(|job| job.key).collect();
    journal.apply(&keys.iter().map(is_done).collect::<Vec<_>>()).unwrap();
    let all = entries(journal.as_mut(), &Filter::default());
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let (mut refused, mut pages) = (0, 0);
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..200].fill(0xA5);
        fs::write(&path, damaged).unwrap();
        pages += 1;
        match open(&path) {
            Err(JournalError::Damaged { .. } | JournalError::NotAJournal { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
            Ok(mut journal) => assert_eq!(entries(journal.as_mut(), &Filter::default()), all),
        }
    }
    assert!(pages > 5 && refused > pages / 2, "{refused} of {pages}");
}

#[test]
fn a_row_that_nobody_here_wrote_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let mut journal = open(&path).unwrap();
    plan(journal.as_mut(), "m", calls(2)).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("UPDATE job SET spec = '{}' WHERE line = 3").unwrap();
    let error = journal.claim("m", 2).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    assert_eq!(journal.counts(None).unwrap().planned, 2, "nothing of it was done");
    assert_eq!(journal.claim("m", 1).unwrap().len(), 1);
}

/// A few pages of room: planning fails, then goes on where there is room again.
#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"])
        .arg(folder.path())
        .output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let path = folder.path().join("calls.journal");
    let held = std::panic::catch_unwind(|| {
        let mut journal = open(&path).unwrap();
        plan(journal.as_mut(), "small", calls(20)).unwrap();
        let error = plan(journal.as_mut(), "large", calls(5000)).unwrap_err().to_string();
        assert!(error.contains("the disk is full; make room"), "{error}");
        let claimed = journal.claim("small", 5).unwrap();
        assert_eq!(claimed.len(), 5);
        assert_eq!(journal.apply(&[is_done(&claimed[0].key)]).unwrap(), [true]);
        drop(journal);
        let mut journal = open(&path).unwrap();
        let counts = journal.counts(None).unwrap();
        assert_eq!((counts.done, counts.total()), (1, 20));
        assert_eq!(chain(journal.as_mut()).len(), 1);
    });
    let unmounted = Command::new("umount").arg(folder.path()).status().unwrap();
    assert!(unmounted.success());
    held.unwrap();
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("read-only");
    fs::create_dir(&inside).unwrap();
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o555)).unwrap();
    let path = inside.join("calls.journal");
    if fs::write(inside.join("probe"), "").is_ok() {
        // Root may write anywhere but here.
        let path = Path::new("/proc/calls.journal");
        let error = refusal(path);
        assert!(
            error.starts_with("the journal /proc/calls.journal cannot be written: "),
            "{error}"
        );
        return;
    }
    let error = refusal(&path);
    assert!(error.contains("read-only/calls.journal cannot be written: "), "{error}");
}

#[test]
fn a_state_is_found_by_its_filter() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("calls.journal")).unwrap();
    plan(journal.as_mut(), "m", calls(9)).unwrap();
    journal.claim("m", 4).unwrap();
    let filter = Filter { manifest: None, state: Some(State::Started) };
    let started = entries(journal.as_mut(), &filter);
    assert_eq!(started.iter().map(|job| job.line.unwrap()).collect::<Vec<_>>(), [2, 3, 4, 5]);
}

/// The SQL of the page is run, each statement alone.
#[test]
fn the_sql_of_the_docs_finds_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let mut journal = open(&path).unwrap();
    plan(journal.as_mut(), "m", calls(20)).unwrap();
    let keys: Vec<_> = journal.claim("m", 20).unwrap().into_iter().map(|job| job.key).collect();
    let missing = || Failed { kind: FailureKind::Missing, message: "gone".to_owned() };
    let upload = Upload { place: "s3://clean/a".to_owned(), id: "1".to_owned() };
    let changes = [
        is_done(&keys[0]),
        change(&keys[1], Event::Failed(missing())),
        change(&keys[2], Event::Upload(upload)),
        change(&keys[15], Event::Unknown(missing())),
        change(&keys[16], Event::Unknown(missing())),
    ];
    assert_eq!(journal.apply(&changes).unwrap(), [true; 5]);
    let other = rusqlite::Connection::open(&path).unwrap();
    let page = include_str!("../../../docs/batch.md");
    let blocks = page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut met = 0;
    for statement in blocks.flat_map(str::lines) {
        let mut prepared = other.prepare(statement).unwrap();
        let rows = if prepared.column_count() == 0 {
            prepared.execute([]).unwrap()
        } else {
            let mut rows = prepared.query([]).unwrap();
            std::iter::from_fn(|| rows.next().unwrap().map(drop)).count()
        };
        assert!(rows > 0, "{statement}");
        met += 1;
    }
    assert!(met > 5, "{met}");
    let counts = journal.counts(None).unwrap();
    assert_eq!((counts.planned, counts.failed, counts.unknown), (1, 2, 0));
    assert_eq!(journal.claim("m", 1).unwrap()[0].key, keys[15]);
}

/// Released, failed for a reason that is known, or dead: only the second is sure that nothing was created.
#[test]
fn what_was_being_created_at_genesys_is_never_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.journal");
    let mut journal = open(&path).unwrap();
    plan(journal.as_mut(), "m", calls(3)).unwrap();
    let keys: Vec<_> = journal.claim("m", 3).unwrap().into_iter().map(|job| job.key).collect();
    let granting: Vec<_> = keys.iter().map(|key| change(key, Event::Granting)).collect();
    assert_eq!(journal.apply(&granting).unwrap(), [true; 3]);
    let refused = Failed { kind: FailureKind::Refused, message: "no permission".to_owned() };
    let ends = [change(&keys[0], Event::Released), change(&keys[1], Event::Failed(refused))];
    assert_eq!(journal.apply(&ends).unwrap(), [true; 2]);
    drop(journal);
    let mut journal = open(&path).unwrap();
    assert!(journal.claim("m", 3).unwrap().is_empty());
    let counts = journal.counts(None).unwrap();
    assert_eq!((counts.unknown, counts.failed), (2, 1));
    assert_eq!(journal.retry_failed("m").unwrap(), 1);
    assert_eq!(journal.claim("m", 3).unwrap()[0].key, keys[1]);
}
