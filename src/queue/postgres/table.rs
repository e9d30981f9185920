//! The table: whether it is there, and who makes it.
//!
//! Only `push` makes it: the name of a database may be mistaken, and then nothing is left in it.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use super::super::{QueueError, shown};
use super::{Postgres, sql, told};
use crate::batch::database::{Engine as _, Postgres as Database, Value};
use crate::lock::lock;

/// The version of the table.
const VERSION: &str = "1";

impl Postgres {
    /// Connects. `to_work`: to take jobs, of a table that exists.
    pub(in super::super) fn open(
        url: &str,
        lease: Duration,
        to_work: bool,
    ) -> Result<Self, QueueError> {
        let shown = shown(url);
        let mut database = Database::join(url).map_err(|error| told(&shown, error))?;
        let mut is_there = false;
        if let Some(database) = &mut database {
            let looked = database.transaction(&mut |sql| {
                sql.rows(sql::IS_THERE, &[], &mut |_| {
                    is_there = true;
                    Ok(ControlFlow::Break(()))
                })
            });
            looked.map_err(|error| told(&shown, error))?;
        }
        let database = Mutex::new(database.filter(|_| is_there));
        let this = Self { database, url: url.to_owned(), shown, lease };
        match is_there {
            true => this.of_version(),
            false if to_work => Err(this.gone()),
            false => Ok(this),
        }
    }

    /// Makes the table, unless it is there.
    pub(super) fn make(&self) -> Result<(), QueueError> {
        if lock(&self.database).is_some() {
            return Ok(());
        }
        let told = |error| told(&self.shown, error);
        let mut database = Database::open(&self.url, true).map_err(told)?;
        let made = database.transaction(&mut |sql| {
            sql.rows(sql::ALONE, &[], &mut |_| Ok(ControlFlow::Break(())))?;
            sql.run(sql::TABLE, &[])?;
            sql.run(sql::INDEX, &[])?;
            sql.run(sql::SET_VERSION, &[Value::Text(VERSION)]).map(drop)
        });
        made.map_err(told)?;
        *lock(&self.database) = Some(database);
        Ok(())
    }

    fn of_version(self) -> Result<Self, QueueError> {
        let mut version = None;
        self.transaction(&mut |sql| {
            sql.rows(sql::GET_VERSION, &[], &mut |row| {
                version = Some(row.text(0)?.to_owned());
                Ok(ControlFlow::Break(()))
            })
        })?;
        if version.as_deref() != Some(VERSION) {
            let reason = "its table is of another version; take the sordino that made it";
            return Err(QueueError::Wrong { queue: self.shown, reason: reason.to_owned() });
        }
        Ok(self)
    }

    pub(super) fn gone(&self) -> QueueError {
        let reason = "the database has no such table; `sordino push` makes one".to_owned();
        QueueError::Gone { queue: self.shown.clone(), reason }
    }
}
