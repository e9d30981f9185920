//! Writes down what happened.

use std::ops::ControlFlow;

use super::engine::{Sql, Value};
use super::error::JournalError;
use super::read::{last_link, word};
use super::sql;
use crate::batch::model::{Change, Done, Event, Failed, Key, Link, Upload};

/// Writes down all changes, and says which of them count.
pub(super) fn apply(
    sql: &mut dyn Sql,
    worker: &str,
    changes: &[Change],
) -> Result<Vec<bool>, JournalError> {
    alone(sql)?;
    let mut chain = None;
    changes.iter().map(|change| one(sql, worker, change, &mut chain)).collect()
}

/// Waits until no other process changes states, and keeps others from it until the transaction ends.
pub(super) fn alone(sql: &mut dyn Sql) -> Result<(), JournalError> {
    sql.rows(sql::ALONE, &[], &mut |_| Ok(ControlFlow::Break(())))
}

fn one(
    sql: &mut dyn Sql,
    worker: &str,
    Change { key, event }: &Change,
    chain: &mut Option<(u64, String)>,
) -> Result<bool, JournalError> {
    let mine = [Value::Text(&key.0), Value::Text(worker)];
    let changed = match event {
        Event::Done(done) => return commit(sql, worker, key, done, chain),
        Event::Upload(upload) => {
            let upload = [Value::Text(&upload.place), Value::Text(&upload.id)];
            sql.run(sql::UPLOAD, &[mine, upload].concat())
        }
        Event::Aborted(upload) => return aborted(sql, worker, key, upload),
        Event::Granting => sql.run(sql::GRANTING, &mine),
        Event::Refused => sql.run(sql::REFUSED, &mine),
        Event::Released => sql.run(sql::RELEASED, &mine),
        Event::Failed(failed) => fail(sql, sql::FAILED, &mine, failed),
        Event::Unknown(failed) => fail(sql, sql::UNKNOWN, &mine[..1], failed),
    };
    changed.map(|rows| rows == 1)
}

fn fail(
    sql: &mut dyn Sql,
    statement: &'static str,
    of: &[Value<'_>],
    failed: &Failed,
) -> Result<u64, JournalError> {
    let kind = word(&failed.kind);
    let retryable = i64::from(failed.kind.is_retryable());
    let message = printable(&failed.message);
    let what = [Value::Text(&kind), Value::Int(retryable), Value::Text(&message)];
    sql.run(statement, &[of, &what].concat())
}

/// Uploads that nobody is going to end, once what is left of abandoned jobs is put in order.
pub(super) fn orphans(sql: &mut dyn Sql, worker: &str) -> Result<Vec<(Key, Upload)>, JournalError> {
    alone(sql)?;
    let me = Value::Text(worker);
    sql.run(sql::ABANDONED, &[me])?;
    sql.run(sql::FORGET_ABANDONED, &[me, Value::Maybe(None)])?;
    let mut orphans = Vec::new();
    sql.rows(sql::ORPHANS, &[me], &mut |row| {
        let upload = Upload { place: row.text(1)?.to_owned(), id: row.text(2)?.to_owned() };
        orphans.push((Key(row.text(0)?.to_owned()), upload));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(orphans)
}

/// An upload is no more, and perhaps its job.
fn aborted(
    sql: &mut dyn Sql,
    worker: &str,
    key: &Key,
    upload: &Upload,
) -> Result<bool, JournalError> {
    let upload = [&key.0, &upload.place, &upload.id].map(|text| Value::Text(text));
    let rows = sql.run(sql::ABORTED, &upload)?;
    sql.run(sql::FORGET_ABANDONED, &[Value::Text(worker), Value::Maybe(Some(&key.0))])?;
    Ok(rows == 1)
}

/// A message without control characters: it may quote a file or a server, and PostgreSQL takes no NUL.
fn printable(message: &str) -> String {
    message.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// The job is done: its row, and its link of the chain. `chain`: the last link, once it was looked up.
fn commit(
    sql: &mut dyn Sql,
    worker: &str,
    key: &Key,
    done: &Done,
    chain: &mut Option<(u64, String)>,
) -> Result<bool, JournalError> {
    let mut found = None;
    sql.rows(sql::NOT_DONE, &[Value::Text(&key.0)], &mut |row| {
        found = Some((row.int(0)?, row.int::<u64>(1)?, row.maybe_int(2)?));
        Ok(ControlFlow::Break(()))
    })?;
    let Some((number, uploads, before)) = found else { return Ok(false) };
    if let Some(before) = before {
        // What it had put there was replaced. Its link stays.
        sql.run(sql::FORGET_JOB, &[Value::Int(before)])?;
    }
    if uploads > 0 {
        sql.run(sql::FORGET_UPLOADS, &[Value::Int(number)])?;
    }
    let json = serde_json::to_string(done).unwrap_or_default();
    sql.run(sql::DONE, &[Value::Text(&json), Value::Text(worker), Value::Int(number)])?;
    let (sequence, previous) = match chain.take() {
        Some(last) => last,
        None => last_link(sql)?,
    };
    let link = link(sequence + 1, previous, key, done);
    add(sql, &link)?;
    *chain = Some((link.sequence, link.hash));
    Ok(true)
}

fn link(sequence: u64, previous: String, key: &Key, done: &Done) -> Link {
    let mut link = Link {
        sequence,
        key: key.clone(),
        receipt: done.receipt.clone().unwrap_or_default(),
        sha256: done.receipt_sha256.as_ref().unwrap_or(&done.sha256).clone(),
        previous,
        hash: String::new(),
    };
    link.hash = link.hash();
    link
}

fn add(sql: &mut dyn Sql, link: &Link) -> Result<(), JournalError> {
    let sequence = i64::try_from(link.sequence).unwrap_or(i64::MAX);
    let texts = [&link.key.0, &link.receipt, &link.sha256, &link.previous, &link.hash];
    let texts = texts.map(|text| Value::Text(text));
    sql.run(sql::ADD_LINK, &[&[Value::Int(sequence)], &texts[..]].concat())?;
    Ok(())
}
