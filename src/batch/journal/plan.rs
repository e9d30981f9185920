//! Makes the rows of a manifest jobs.
//!
//! The rows go into a table of their own first. So duplicates are found among all of them, and each step is
//! one statement, however many there are.

use std::ops::ControlFlow;

use super::engine::{Incoming, Sql, Value};
use super::error::JournalError;
use super::{Counts, Jobs, apply, read, sql};
use crate::batch::model::{Api, Input, Planned};

/// Rows that are held in memory.
const AT_ONCE: usize = 500;

pub(super) fn plan(
    sql: &mut dyn Sql,
    worker: &str,
    manifest: &str,
    jobs: &mut Jobs<'_>,
) -> Result<Counts, JournalError> {
    sql.run(sql::INCOMING, &[])?;
    stage(sql, jobs)?;
    sql.run(sql::INCOMING_BY_KEY, &[])?;
    sql.run(sql::INCOMING_BY_OUTPUT, &[])?;
    differing_outputs(sql)?;
    apply::alone(sql)?;
    none_in_work(sql, worker)?;
    let manifest_only = [Value::Text(manifest)];
    let both = [Value::Text(worker), Value::Text(manifest)];
    sql.run(sql::REPLACE, &manifest_only)?;
    sql.run(sql::KNOWN, &manifest_only)?;
    sql.run(sql::LOST, &both)?;
    sql.run(sql::FORGET, &both)?;
    sql.run(sql::DROP, &manifest_only)?;
    // Last, so that the steps before do not look at what is new.
    sql.run(sql::NEW, &manifest_only)?;
    sql.run(sql::NO_INCOMING, &[])?;
    read::counts(sql, Some(manifest))
}

fn stage(sql: &mut dyn Sql, jobs: &mut Jobs<'_>) -> Result<(), JournalError> {
    let mut first = 1;
    loop {
        let some: Result<Vec<_>, _> =
            jobs.take(AT_ONCE).map(|job| job.map(|job| incoming(&job))).collect();
        let some = some.map_err(JournalError::Jobs)?;
        if some.is_empty() {
            return Ok(());
        }
        sql.stage(first, &some)?;
        first += i64::try_from(some.len()).unwrap_or_default();
    }
}

fn incoming(job: &Planned) -> Incoming {
    let spec = &job.spec;
    let (input, returned) = match &spec.input {
        Input::Place { place, .. } => (place.clone(), None),
        Input::Genesys { api, conversation, recording, .. } => {
            let api = match api {
                Api::Recordings => "recordings",
                Api::Platform => "platform",
            };
            let name = format!("genesys:{api}/{conversation}/{recording}");
            (name.clone(), Some(name))
        }
    };
    // One recording is given back to Genesys once, whatever the windows.
    let output = returned.filter(|_| spec.output.is_empty()).unwrap_or_else(|| spec.output.clone());
    Incoming {
        key: job.key.0.clone(),
        line: job.line.and_then(|line| line.try_into().ok()),
        id: job.id.clone(),
        spec: serde_json::to_string(spec).unwrap_or_default(),
        input,
        output,
        receipt: spec.receipt.clone(),
    }
}

fn differing_outputs(sql: &mut dyn Sql) -> Result<(), JournalError> {
    let mut twice = None;
    sql.rows(sql::SAME_OUTPUT, &[], &mut |row| {
        twice = Some(row.text(0)?.to_owned());
        Ok(ControlFlow::Break(()))
    })?;
    let Some(output) = twice else { return Ok(()) };
    let mut lines = Vec::new();
    sql.rows(sql::LINES_OF_OUTPUT, &[Value::Text(&output)], &mut |row| {
        lines.push(row.maybe_int(0)?);
        Ok(ControlFlow::Continue(()))
    })?;
    let lines = [0, 1].map(|at| lines.get(at).copied().flatten());
    Err(JournalError::SameOutput { output, lines })
}

/// Locks the jobs that are to be replaced, unless another process works on one.
fn none_in_work(sql: &mut dyn Sql, worker: &str) -> Result<(), JournalError> {
    let mut in_work = None;
    sql.rows(sql::REPLACED, &[Value::Text(worker)], &mut |row| {
        if row.int::<i64>(1)? == 1 {
            in_work = Some(row.text(0)?.to_owned());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    match in_work {
        Some(output) => Err(JournalError::InWork { output }),
        None => Ok(()),
    }
}
