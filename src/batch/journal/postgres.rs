//! PostgreSQL: a journal that many processes on many machines share.
//!
//! A claim is a lease, which ends by the server's clock. Its tables lie in the schema `sordino`.

mod address;
mod lost;
mod open;
mod tls;

use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Statement, Transaction};

use super::engine::{Dialect, Engine, Work};
use super::error::JournalError;
use super::sql;
use address::Address;
use open::Open;

/// How long a claim lasts. Long enough for a process to miss two renewals, and for a server to restart.
const LEASE: Duration = Duration::from_secs(120);

/// Any number that no other program takes for a lock of its own: `sordino` as bytes.
const LOCK: i64 = 0x0073_6F72_6469_6E6F;

/// A session: only this schema, each commit on the disk, and no snapshot older than a statement. A machine
/// that vanishes in the middle of a transaction holds all others up for a minute, not until the server
/// notices that its connection is dead, which takes two hours.
const SESSION: &str = "
SET search_path = sordino;
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '60s';
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off';
";

/// A journal in a database.
pub(crate) struct Postgres {
    address: Address,
    client: Client,
    /// Those of this connection.
    statements: HashMap<&'static str, Statement>,
    dialect: Dialect,
    worker: String,
    writes: bool,
}

impl Postgres {
    /// Connects, and makes the tables if there are none and `writes` is set.
    pub(crate) fn open(url: &str, writes: bool) -> Result<Self, JournalError> {
        let (this, version) = Self::connect(url, writes, writes)?;
        this.of_version(version.as_deref())
    }

    /// Connects to write, if there are tables.
    pub(crate) fn join(url: &str) -> Result<Option<Self>, JournalError> {
        match Self::connect(url, true, false)? {
            (_, None) => Ok(None),
            (this, version) => this.of_version(version.as_deref()).map(Some),
        }
    }

    fn connect(
        url: &str,
        writes: bool,
        makes: bool,
    ) -> Result<(Self, Option<String>), JournalError> {
        let address = Address::of(url)?;
        let mut client = session(&address, writes).map_err(|error| told(&address, &error))?;
        let who = "SELECT coalesce(host(inet_client_addr()), 'local')";
        let who = client.query_one(who, &[]).and_then(|row| row.try_get::<_, String>(0));
        let who = who.map_err(|error| told(&address, &error))?;
        let id = uuid::Uuid::new_v4().simple();
        let worker = format!("{who}-{}-{id}", std::process::id());
        let mut this = Self {
            address,
            client,
            statements: HashMap::new(),
            dialect: dialect(),
            worker,
            writes,
        };
        let version = this.tables(makes).map_err(|error| told(&this.address, &error))?;
        Ok((this, version))
    }

    fn of_version(self, version: Option<&str>) -> Result<Self, JournalError> {
        let no_journal = |reason: String| {
            Err(JournalError::NotAJournal { path: self.address.shown.clone(), reason })
        };
        match version.map(str::parse) {
            Some(Ok(sql::VERSION)) => Ok(self),
            None => no_journal("it has no tables yet".to_owned()),
            Some(Ok(version)) => no_journal(format!(
                "it has version {version}, and this sordino knows {}; take the one that wrote it",
                sql::VERSION
            )),
            Some(Err(_)) => no_journal("the schema sordino belongs to another program".to_owned()),
        }
    }

    /// The version of the tables, which are made if they may be.
    fn tables(&mut self, makes: bool) -> Result<Option<String>, postgres::Error> {
        let mut all = self.client.transaction()?;
        if makes {
            // Two processes that begin at once must not both make them.
            all.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        }
        let found = |all: &mut Transaction<'_>, what: &str| {
            all.query_one(what, &[]).and_then(|row| row.try_get::<_, bool>(0))
        };
        if !found(&mut all, "SELECT to_regclass('sordino.meta') IS NOT NULL")? {
            if !makes {
                return Ok(None);
            }
            // Asked before, because a user who may not create schemas may have been given this one.
            if !found(&mut all, "SELECT to_regnamespace('sordino') IS NOT NULL")? {
                all.batch_execute("CREATE SCHEMA sordino")?;
            }
            all.batch_execute(&self.dialect.of(sql::TABLES))?;
            let version = sql::VERSION.to_string();
            all.execute("INSERT INTO meta VALUES ('version', $1)", &[&version])?;
        }
        let version = all.query_opt("SELECT value FROM meta WHERE name = 'version'", &[])?;
        all.commit()?;
        version.map(|row| row.try_get(0)).transpose()
    }

    /// Runs the work once. `slow`: what it reads or tells in between may take any time.
    fn attempt(&mut self, work: &mut Work<'_>, slow: bool) -> Result<(), Failure> {
        let Self { address, client, statements, dialect, .. } = self;
        let mut transaction = client.transaction().map_err(|error| Failure::of(address, &error))?;
        if slow {
            let unlimited = "SET LOCAL idle_in_transaction_session_timeout = 0";
            let set = transaction.batch_execute(unlimited);
            set.map_err(|error| Failure::of(address, &error))?;
        }
        let mut open = Open { transaction, statements, dialect, address, lost: false };
        if let Err(error) = work(&mut open) {
            return Err(if open.lost { Failure::Lost(error, None) } else { Failure::Final(error) });
        }
        let mut transaction = open.transaction;
        let id = "SELECT pg_current_xact_id_if_assigned()::text";
        let id = transaction.query_one(id, &[]).and_then(|row| row.try_get::<_, Option<String>>(0));
        let id = id.map_err(|error| Failure::of(address, &error))?;
        transaction.commit().map_err(|error| match Failure::of(address, &error) {
            Failure::Lost(error, _) => Failure::Lost(error, id),
            other => other,
        })
    }

    /// A new connection, for one that was lost; not at once, and not for ever.
    fn reconnect(&mut self) -> Result<(), JournalError> {
        self.statements.clear();
        self.client = lost::again(|| session(&self.address, self.writes))
            .map_err(|error| told(&self.address, &error))?;
        Ok(())
    }

    /// Whether this transaction was committed, though the answer was lost.
    fn was_committed(&mut self, id: &str) -> Result<bool, JournalError> {
        let status = "SELECT pg_xact_status($1::text::xid8)";
        let committed = lost::until_known(|| {
            let row = self.client.query_one(status, &[&id])?;
            let status: Option<String> = row.try_get(0)?;
            Ok(match status.as_deref() {
                Some("in progress") => None,
                status => Some(status == Some("committed")),
            })
        });
        committed.map_err(|error| told(&self.address, &error))
    }
}

/// Why a transaction was not done.
enum Failure {
    Final(JournalError),
    /// The connection was lost; with the transaction, if it may have been committed.
    Lost(JournalError, Option<String>),
}

impl Failure {
    fn of(address: &Address, error: &postgres::Error) -> Self {
        let told = told(address, error);
        if lost::is_lost(error) { Self::Lost(told, None) } else { Self::Final(told) }
    }
}

impl Engine for Postgres {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), JournalError> {
        let mut tries = lost::TRIES;
        loop {
            let (error, id) = match self.attempt(work, false) {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Lost(error, id)) => (error, id),
            };
            tries -= 1;
            if tries == 0 {
                return Err(error);
            }
            self.reconnect()?;
            if let Some(id) = id
                && self.was_committed(&id)?
            {
                return Ok(());
            }
        }
    }

    fn transaction_once(&mut self, work: &mut Work<'_>) -> Result<(), JournalError> {
        if self.client.is_closed() {
            self.reconnect()?;
        }
        self.attempt(work, true).map_err(|failure| match failure {
            Failure::Final(error) | Failure::Lost(error, _) => error,
        })
    }

    fn worker(&self) -> String {
        self.worker.clone()
    }

    fn lease(&self) -> Option<Duration> {
        Some(LEASE)
    }
}

/// A connection, as the journal needs it.
fn session(address: &Address, writes: bool) -> Result<Client, postgres::Error> {
    let mut client = address.connect()?;
    client.batch_execute(SESSION)?;
    if !writes {
        client.batch_execute("SET default_transaction_read_only = on")?;
    }
    Ok(client)
}

fn dialect() -> Dialect {
    const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
    let words = [
        ("{number}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY".to_owned()),
        ("{now}", NOW.to_owned()),
        ("{until}", format!("{NOW} + {}", LEASE.as_millis())),
        ("{dead}", format!("(lease_until < {NOW})")),
        ("{known $1}", "CAST($1 AS TEXT) IS NOT NULL".to_owned()),
        ("{lock}", "FOR UPDATE SKIP LOCKED".to_owned()),
        ("{wait}", "FOR UPDATE".to_owned()),
        ("{wait job}", "FOR UPDATE OF job".to_owned()),
        ("{died}", sql::DIED.to_owned()),
    ];
    Dialect { words: words.to_vec() }
}

/// What an error means, and what to do; never with the password.
fn told(address: &Address, error: &postgres::Error) -> JournalError {
    let reason = match (error.as_db_error(), error.source()) {
        (Some(answer), _) => {
            let advice = match *answer.code() {
                SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                    "; give the password in PGPASSWORD"
                }
                SqlState::INSUFFICIENT_PRIVILEGE => {
                    "; the user must own the schema sordino, or be allowed to create it"
                }
                SqlState::DISK_FULL => "; make room, then run the same command again",
                _ => "",
            };
            format!("{}{advice}", answer.message())
        }
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    };
    let path = address.shown.clone();
    match error.code() {
        Some(code) if is_refusal(code) => JournalError::Refused { path, reason },
        Some(code) if is_gone(code) => JournalError::NoDatabase { path, reason },
        _ => JournalError::Storage { path, doing: "used", reason },
    }
}

fn is_gone(code: &SqlState) -> bool {
    [SqlState::INVALID_CATALOG_NAME, SqlState::UNDEFINED_TABLE].contains(code)
}

fn is_refusal(code: &SqlState) -> bool {
    let refusals = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    refusals.contains(code)
}
