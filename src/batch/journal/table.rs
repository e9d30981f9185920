//! A journal in the tables of a database, whichever.

use std::ops::ControlFlow;
use std::time::Duration;

use super::engine::{Engine, Value};
use super::error::JournalError;
use super::{Change, Claimed, Counts, Entry, Filter, Jobs, Journal, Key, Link, Upload};
use super::{apply, claim, plan, read, sql};

/// A journal in this database.
pub(super) struct Table<E> {
    pub(super) engine: E,
}

impl<E: Engine> Journal for Table<E> {
    fn plan(&mut self, manifest: &str, jobs: &mut Jobs<'_>) -> Result<Counts, JournalError> {
        let worker = self.engine.worker();
        let mut counts = Counts::default();
        self.engine.transaction_once(&mut |sql| {
            counts = plan::plan(sql, &worker, manifest, jobs)?;
            Ok(())
        })?;
        Ok(counts)
    }

    fn retry_failed(&mut self, manifest: &str) -> Result<u64, JournalError> {
        let mut retried = 0;
        self.engine.transaction(&mut |sql| {
            apply::alone(sql)?;
            retried = sql.run(sql::RETRY, &[Value::Text(manifest)])?;
            Ok(())
        })?;
        Ok(retried)
    }

    fn claim(&mut self, manifest: &str, most: usize) -> Result<Vec<Claimed>, JournalError> {
        let worker = self.engine.worker();
        let mut claimed = Vec::new();
        self.engine.transaction(&mut |sql| {
            claimed = claim::claim(sql, &worker, manifest, most)?;
            Ok(())
        })?;
        Ok(claimed)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Vec<bool>, JournalError> {
        let worker = self.engine.worker();
        let mut counted = Vec::new();
        self.engine.transaction(&mut |sql| {
            counted = apply::apply(sql, &worker, changes)?;
            Ok(())
        })?;
        Ok(counted)
    }

    fn orphans(&mut self) -> Result<Vec<(Key, Upload)>, JournalError> {
        let worker = self.engine.worker();
        let mut orphans = Vec::new();
        self.engine.transaction(&mut |sql| {
            orphans = apply::orphans(sql, &worker)?;
            Ok(())
        })?;
        Ok(orphans)
    }

    fn lease(&self) -> Option<Duration> {
        self.engine.lease()
    }

    fn renew(&mut self) -> Result<(), JournalError> {
        if self.engine.lease().is_none() {
            return Ok(());
        }
        let worker = self.engine.worker();
        self.engine.transaction(&mut |sql| {
            sql.run(sql::RENEW, &[Value::Text(&worker)])?;
            Ok(())
        })
    }

    fn counts(&mut self, manifest: Option<&str>) -> Result<Counts, JournalError> {
        let mut counts = Counts::default();
        self.engine.transaction(&mut |sql| {
            counts = read::counts(sql, manifest)?;
            Ok(())
        })?;
        Ok(counts)
    }

    fn each(
        &mut self,
        filter: &Filter,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.engine.transaction_once(&mut |sql| read::each(sql, filter, each))
    }

    fn links(&mut self, after: u64, most: usize) -> Result<Vec<Link>, JournalError> {
        let mut links = Vec::new();
        self.engine.transaction(&mut |sql| {
            links = read::links(sql, after, most)?;
            Ok(())
        })?;
        Ok(links)
    }
}
