//! Claims jobs.

use std::ops::ControlFlow;

use super::engine::{Damage, Row, Sql, Value};
use super::error::JournalError;
use super::{Claimed, sql};
use crate::batch::model::{Key, Upload};

/// At most `most` jobs: those of dead workers first, then planned ones, each in the order of the plan.
pub(super) fn claim(
    sql: &mut dyn Sql,
    worker: &str,
    manifest: &str,
    most: usize,
) -> Result<Vec<Claimed>, JournalError> {
    sql.run(sql::LOST, &[Value::Text(worker), Value::Text(manifest)])?;
    let mut claimed = Vec::new();
    for state in ["started", "planned"] {
        let left = i64::try_from(most.saturating_sub(claimed.len())).unwrap_or(i64::MAX);
        if left == 0 {
            break;
        }
        let words = [worker, state, manifest].map(Value::Text);
        let mut found = Vec::new();
        sql.rows(sql::CLAIM, &[&words[..], &[Value::Int(left)]].concat(), &mut |row| {
            found.push(Found::of(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        // A statement that changes rows answers in any order.
        found.sort_by_key(|found| found.number);
        for Found { number, uploads, mut job } in found {
            if uploads > 0 {
                job.uploads = uploads_of(sql, number)?;
            }
            claimed.push(job);
        }
    }
    Ok(claimed)
}

/// An answer of [`sql::CLAIM`].
struct Found {
    number: i64,
    uploads: u64,
    job: Claimed,
}

impl Found {
    fn of(row: Row<'_>) -> Result<Self, Damage> {
        let job = Claimed {
            key: Key(row.text(1)?.to_owned()),
            line: row.maybe_int(2)?,
            id: row.maybe_text(3).map(str::to_owned),
            spec: row.json(4)?,
            attempt: row.int(5)?,
            uploads: Vec::new(),
            before: row.maybe_json(7)?,
            trace: None,
        };
        Ok(Self { number: row.int(0)?, uploads: row.int(6)?, job })
    }
}

fn uploads_of(sql: &mut dyn Sql, job: i64) -> Result<Vec<Upload>, JournalError> {
    let mut uploads = Vec::new();
    sql.rows(sql::UPLOADS, &[Value::Int(job)], &mut |row| {
        uploads.push(Upload { place: row.text(0)?.to_owned(), id: row.text(1)?.to_owned() });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(uploads)
}
