//! SQLite: a journal in a local file, for one writer at a time.
//!
//! Each commit is on the disk when it returns: `synchronous=FULL`. With `NORMAL`, a loss of power could
//! take back the last commits, and with them what was noted before an upload or a create.

mod lock;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::engine::{Cell, Damage, Dialect, Engine, Incoming, Row, Rows, Sql, Value, Work};
use super::error::JournalError;
use super::sql;
use lock::{Lock, create};

/// `SORD`: says in the file that it is ours.
const APPLICATION: i64 = 0x534F_5244;

/// Memory for pages of the file, in KiB. Keys lie scattered: with the usual 2 MiB, a hundred thousand rows
/// would be read and written again and again.
const CACHE: i64 = 8 * 1024;

/// How long a statement waits for another process. Only readers and one writer meet, and none stays long.
const WAIT: Duration = Duration::from_secs(30);

/// A journal in a file.
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
    dialect: Dialect,
    worker: String,
    /// Kept open as long as this process may write.
    lock: Option<Lock>,
}

impl Sqlite {
    /// Opens or creates the journal, to work with it.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        // One file may have several names, and the lock is beside one of them.
        let real = create(path).and_then(|_| path.canonicalize());
        let path = &real.map_err(|error| storage(path, "written", &error))?;
        let lock = Lock::new(path)?;
        let this = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, Some(lock))?;
        this.prepare().map_err(|error| this.error(&error))??;
        Ok(this)
    }

    /// Opens the journal to read it, also while another process works with it.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, JournalError> {
        std::fs::metadata(path).map_err(|error| storage(path, "read", &error))?;
        let this = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, None)?;
        this.check().map_err(|error| this.error(&error))??;
        Ok(this)
    }

    fn connect(path: &Path, flags: OpenFlags, lock: Option<Lock>) -> Result<Self, JournalError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| storage(path, "opened", &error))?;
        // A process has a worker of its own each time, as the one before may have had the same number.
        let worker = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let this = Self { connection, path: path.to_owned(), dialect: dialect(), worker, lock };
        let prepared = this.connection.busy_timeout(WAIT).and_then(|()| {
            this.connection.set_prepared_statement_cache_capacity(64);
            this.connection.pragma_update(None, "foreign_keys", true)
        });
        prepared.map_err(|error| this.error(&error))?;
        Ok(this)
    }

    /// Makes the tables of a new file, and checks that an old one is ours and whole.
    fn prepare(&self) -> rusqlite::Result<Result<(), JournalError>> {
        let objects: i64 =
            self.connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if objects == 0 && self.pragma("application_id")? == 0 {
            self.connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {}; INSERT INTO meta VALUES ('version', '{version}');
                 PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version}; COMMIT;",
                self.dialect.of(sql::TABLES),
                version = sql::VERSION,
            ))?;
        }
        if let Err(error) = self.check()? {
            return Ok(Err(error));
        }
        let health: String =
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if health != "ok" {
            return Ok(Err(self.damaged(health)));
        }
        let mode: String =
            self.connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Ok(
                Err(self.no_journal("it cannot be written ahead; give one on a local disk")),
            );
        }
        self.connection.pragma_update(None, "cache_size", -CACHE)?;
        self.connection.pragma_update(None, "synchronous", "FULL").map(Ok)
    }

    /// Whether the file is a journal of this version.
    fn check(&self) -> rusqlite::Result<Result<(), JournalError>> {
        if self.pragma("application_id")? != APPLICATION {
            let reason = "it is a database of another program; give another with --journal";
            return Ok(Err(self.no_journal(reason)));
        }
        let version = self.pragma("user_version")?;
        Ok(match version {
            sql::VERSION => Ok(()),
            newer if newer > sql::VERSION => Err(self.no_journal(&format!(
                "it has version {newer}, which a newer sordino wrote; take that one"
            ))),
            older => Err(self.no_journal(&format!(
                "it has version {older}, which an older sordino wrote; finish it with that one"
            ))),
        })
    }

    fn pragma(&self, name: &str) -> rusqlite::Result<i64> {
        self.connection.pragma_query_value(None, name, |row| row.get(0))
    }

    fn no_journal(&self, reason: &str) -> JournalError {
        no_journal(&self.path, reason)
    }

    fn damaged(&self, reason: String) -> JournalError {
        JournalError::Damaged { path: self.path.display().to_string(), reason }
    }

    /// What an error of SQLite means.
    fn error(&self, error: &rusqlite::Error) -> JournalError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                self.no_journal("it is another kind of file; give another with --journal")
            }
            Some(ErrorCode::DatabaseCorrupt) => self.damaged(error.to_string()),
            Some(ErrorCode::DiskFull) => storage(
                &self.path,
                "written",
                &"the disk is full; make room, then run the same command again",
            ),
            Some(ErrorCode::ReadOnly) => storage(&self.path, "written", error),
            _ => storage(&self.path, "used", error),
        }
    }
}

impl Engine for Sqlite {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), JournalError> {
        self.transaction_once(work)
    }

    fn transaction_once(&mut self, work: &mut Work<'_>) -> Result<(), JournalError> {
        let begin = if self.lock.is_some() { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.connection.execute_batch(begin).map_err(|error| self.error(&error))?;
        let done = work(self).and_then(|()| {
            self.connection.execute_batch("COMMIT").map_err(|error| self.error(&error))
        });
        if done.is_err() && !self.connection.is_autocommit() {
            // The first error says more than one of this would.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    fn worker(&self) -> String {
        self.worker.clone()
    }

    fn lease(&self) -> Option<Duration> {
        None
    }
}

impl Sql for Sqlite {
    fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, JournalError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(&self.dialect.of(sql))?;
            statement.execute(params_from_iter(values))
        };
        run().map(|changed| changed as u64).map_err(|error| self.error(&error))
    }

    fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut Rows<'_>,
    ) -> Result<(), JournalError> {
        let fail = |error: rusqlite::Error| self.error(&error);
        let mut statement = self.connection.prepare_cached(&self.dialect.of(sql)).map_err(fail)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values)).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            let cells = (0..columns).map(|at| row.get_ref(at).map(cell));
            let cells = cells.collect::<rusqlite::Result<Vec<_>>>().map_err(fail)?;
            let goes_on = each(Row(&cells)).map_err(|Damage(reason)| self.damaged(reason))?;
            if goes_on.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn stage(&mut self, first: i64, jobs: &[Incoming]) -> Result<(), JournalError> {
        const STAGE: &str = "INSERT INTO incoming VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let stage = || {
            let mut statement = self.connection.prepare_cached(STAGE)?;
            for (n, job) in (first..).zip(jobs) {
                let Incoming { key, line, id, spec, input, output, receipt } = job;
                statement.execute((n, key, line, id, spec, input, output, receipt))?;
            }
            Ok(())
        };
        stage().map_err(|error| self.error(&error))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Int(int) => ToSqlOutput::Owned(Stored::Integer(*int)),
            Self::Text(text) | Self::Maybe(Some(text)) => {
                ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
            }
            Self::Maybe(None) => ToSqlOutput::Owned(Stored::Null),
        })
    }
}

/// No column of ours holds floats or bytes; what is not UTF-8 was not written by us.
fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(int) => Cell::Int(int),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Null,
    }
}

fn dialect() -> Dialect {
    let words = [
        ("{number}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("{now}", "CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
        ("{until}", "NULL"),
        ("{dead}", "(worker <> $1)"),
        ("{known $1}", "true"),
        ("{lock}", ""),
        ("{wait}", ""),
        ("{wait job}", ""),
        ("{died}", sql::DIED),
        // A name, such as `$1`, would get its number where it is met first.
        ("$", "?"),
    ];
    Dialect { words: words.map(|(word, means)| (word, means.to_owned())).to_vec() }
}

fn no_journal(path: &Path, reason: &str) -> JournalError {
    JournalError::NotAJournal { path: path.display().to_string(), reason: reason.to_owned() }
}

fn storage(path: &Path, doing: &'static str, reason: &dyn std::fmt::Display) -> JournalError {
    JournalError::Storage { path: path.display().to_string(), doing, reason: reason.to_string() }
}
