//! Reads the journal.

use std::ops::ControlFlow;

use serde::Serialize;

use super::engine::{Damage, Row, Sql, Value};
use super::error::JournalError;
use super::{Counts, Entry, Filter, Link, sql};
use crate::batch::model::{Failed, Key, State};

/// The hash before the first link.
const NO_LINK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub(super) fn counts(sql: &mut dyn Sql, manifest: Option<&str>) -> Result<Counts, JournalError> {
    let mut counts = Counts::default();
    let mut count = |row: Row<'_>| {
        let of_state = match row.word(0)? {
            State::Planned => &mut counts.planned,
            State::Started => &mut counts.started,
            State::Done => &mut counts.done,
            State::Failed => &mut counts.failed,
            State::Unknown => &mut counts.unknown,
        };
        *of_state = row.int(1)?;
        Ok(ControlFlow::Continue(()))
    };
    match manifest {
        Some(manifest) => sql.rows(sql::COUNTS, &[Value::Text(manifest)], &mut count)?,
        None => sql.rows(sql::ALL_COUNTS, &[], &mut count)?,
    }
    Ok(counts)
}

pub(super) fn each(
    sql: &mut dyn Sql,
    filter: &Filter,
    each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), JournalError> {
    let state = filter.state.as_ref().map(word);
    let values = [Value::Maybe(filter.manifest.as_deref()), Value::Maybe(state.as_deref())];
    sql.rows(sql::EACH, &values, &mut |row| Ok(each(entry(row)?)))
}

fn entry(row: Row<'_>) -> Result<Entry, Damage> {
    let failed = |message: &str| Ok(Failed { kind: row.word(8)?, message: message.to_owned() });
    Ok(Entry {
        key: Key(row.text(0)?.to_owned()),
        line: row.maybe_int(1)?,
        id: row.maybe_text(2).map(str::to_owned),
        spec: row.json(3)?,
        state: row.word(4)?,
        attempt: row.int(5)?,
        at: row.int(6)?,
        done: row.maybe_json(7)?,
        failed: row.maybe_text(9).map(failed).transpose()?,
    })
}

pub(super) fn links(sql: &mut dyn Sql, after: u64, most: usize) -> Result<Vec<Link>, JournalError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut links = Vec::new();
    sql.rows(sql::LINKS, &[Value::Int(after), Value::Int(most)], &mut |row| {
        let text = |at| row.text(at).map(str::to_owned);
        links.push(Link {
            sequence: row.int(0)?,
            key: Key(text(1)?),
            receipt: text(2)?,
            sha256: text(3)?,
            previous: text(4)?,
            hash: text(5)?,
        });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(links)
}

/// Sequence and hash of the last link.
pub(super) fn last_link(sql: &mut dyn Sql) -> Result<(u64, String), JournalError> {
    let mut last = (0, NO_LINK.to_owned());
    sql.rows(sql::LAST_LINK, &[], &mut |row| {
        last = (row.int(0)?, row.text(1)?.to_owned());
        Ok(ControlFlow::Break(()))
    })?;
    Ok(last)
}

/// The word of a state or of a kind of failure, as JSON has it.
pub(super) fn word(of: &impl Serialize) -> String {
    let json = serde_json::to_value(of).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}
