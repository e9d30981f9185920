//! Opens a journal by its name.

use std::path::Path;

use super::sqlite::Sqlite;
use super::table::Table;
use super::{Journal, JournalError};

/// The schemes of a URL of PostgreSQL.
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// Opens a journal to work with it: a file, which is created if it is not there and which no other process
/// may work with, or a database `postgres://…`, which many processes share.
///
/// # Errors
/// [`JournalError`], when it is no journal, is in use, or cannot be opened.
pub fn open_journal(name: &str) -> Result<Box<dyn Journal>, JournalError> {
    if is_postgres(name) {
        return postgres(name, true);
    }
    Ok(Box::new(Table { engine: Sqlite::open(Path::new(name))? }))
}

/// Opens a journal to look at it, also while others work with it. It must be there. What would change it
/// fails.
///
/// # Errors
/// As [`open_journal`].
pub fn open_journal_to_read(name: &str) -> Result<Box<dyn Journal>, JournalError> {
    if is_postgres(name) {
        return postgres(name, false);
    }
    Ok(Box::new(Table { engine: Sqlite::open_to_read(Path::new(name))? }))
}

fn is_postgres(name: &str) -> bool {
    POSTGRES.iter().any(|scheme| name.starts_with(scheme))
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, to_write: bool) -> Result<Box<dyn Journal>, JournalError> {
    Ok(Box::new(Table { engine: super::postgres::Postgres::open(url, to_write)? }))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: bool) -> Result<Box<dyn Journal>, JournalError> {
    Err(JournalError::Name {
        name: "postgres://…".to_owned(),
        reason: "this sordino was built without PostgreSQL; build it with `--features postgres`, or give \
                 a file"
            .to_owned(),
    })
}
