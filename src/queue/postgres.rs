//! PostgreSQL: a table beside those of the journal, in the schema `sordino`.
//!
//! The journal itself is no queue: its jobs have their output and policy from the start, stay when they are
//! done, and belong to a manifest. Connection, leases and transactions are the journal's.

mod sql;
mod table;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value as Json;

use super::{
    Again, Dead, Delivery, Jobs, Manage, Queue, QueueError, Status, Verdict, next_body, printable,
};
use crate::batch::JournalError;
use crate::batch::database::{Damage, Engine, Postgres as Database, Row, Sql, Value, Work};
use crate::lock::lock;

/// Jobs that are put into the table at once, and the most bytes of them.
const PUSHED_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// Buried jobs that are held in memory.
const DEAD_AT_ONCE: i64 = 100;

/// How often an empty queue is looked at. A job may come due without anybody saying so.
const LOOK: Duration = Duration::from_millis(200);

/// A queue in a database. The threads of a process share one connection. Without `Debug`, which would show the
/// login.
pub(super) struct Postgres {
    /// None as long as the table is not there.
    database: Mutex<Option<Database>>,
    url: String,
    /// For messages.
    shown: String,
    lease: Duration,
}

impl Postgres {
    fn transaction(&self, work: &mut Work<'_>) -> Result<(), QueueError> {
        let mut database = lock(&self.database);
        let database = database.as_mut().ok_or_else(|| self.gone())?;
        database.transaction(work).map_err(|error| told(&self.shown, error))
    }

    /// Runs a statement on the job of a delivery, which it finds only if it is still that delivery's.
    fn with_held(
        &self,
        delivery: &Delivery,
        statement: &'static str,
        more: &[Value<'_>],
    ) -> Result<(), QueueError> {
        let number = delivery.id.parse().map_err(|_| delivery.lost())?;
        let values = [&[Value::Int(number), Value::Text(&delivery.handle)], more].concat();
        let mut rows = 0;
        self.transaction(&mut |sql| {
            rows = sql.run(statement, &values)?;
            Ok(())
        })?;
        if rows == 1 { Ok(()) } else { Err(delivery.lost()) }
    }

    /// Takes what is there.
    fn take(&self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let asked = Instant::now();
        let claim = uuid::Uuid::new_v4().simple().to_string();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut taken = Vec::new();
        self.transaction(&mut |sql| {
            taken.clear();
            let values = [Value::Text(&claim), Value::Int(millis(self.lease)), Value::Int(most)];
            sql.rows(sql::TAKE, &values, &mut |row| {
                taken.push((row.int::<i64>(0)?, self.delivery(row, &claim, asked)?));
                Ok(ControlFlow::Continue(()))
            })
        })?;
        // A statement that changes rows answers in any order.
        taken.sort_by_key(|(number, _)| *number);
        Ok(taken.into_iter().map(|(_, delivery)| delivery).collect())
    }

    fn delivery(&self, row: Row<'_>, claim: &str, asked: Instant) -> Result<Delivery, Damage> {
        Ok(Delivery {
            id: row.int::<i64>(0)?.to_string(),
            body: row.text(1)?.to_owned(),
            deliveries: row.int(2)?,
            since: Some(time(row.int(3)?)),
            handle: claim.to_owned(),
            pulled: asked,
            until: Delivery::lease(asked, self.lease),
            copied: Arc::default(),
        })
    }

    /// The buried jobs after this number, with their numbers.
    fn some_dead(&self, after: i64) -> Result<Vec<(i64, Dead)>, QueueError> {
        let mut found = Vec::new();
        self.transaction(&mut |sql| {
            found.clear();
            let values = [Value::Int(after), Value::Int(DEAD_AT_ONCE)];
            sql.rows(sql::DEAD, &values, &mut |row| {
                let number = row.int::<i64>(0)?;
                let dead = Dead {
                    id: number.to_string(),
                    body: row.text(1)?.to_owned(),
                    reason: row.maybe_text(4).map(printable),
                    deliveries: Some(row.int(2)?),
                    since: Some(time(row.int(3)?)),
                };
                found.push((number, dead));
                Ok(ControlFlow::Continue(()))
            })
        })?;
        Ok(found)
    }
}

impl Queue for Postgres {
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let end = Instant::now() + wait;
        loop {
            let taken = self.take(most)?;
            let left = end.saturating_duration_since(Instant::now());
            if !taken.is_empty() || left.is_zero() || most == 0 {
                return Ok(taken);
            }
            // Not with the connection in hand, which other threads need.
            sleep(LOOK.min(left));
        }
    }

    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        delivery.check_ours()?;
        let asked = Instant::now();
        self.with_held(delivery, sql::EXTEND, &[Value::Int(millis(self.lease))])?;
        delivery.renewed(asked, self.lease);
        Ok(())
    }

    fn done(&self, delivery: Delivery) -> Result<(), QueueError> {
        self.with_held(&delivery, sql::DONE, &[])
    }

    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError> {
        delivery.check_ours()?;
        let uncounted = i64::from(why == Again::NotYet);
        let more = [Value::Int(millis(after)), Value::Int(uncounted)];
        self.with_held(&delivery, sql::AGAIN, &more)
    }

    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.with_held(&delivery, sql::BURY, &[Value::Text(&printable(reason))])
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn name(&self) -> &str {
        &self.shown
    }
}

impl Manage for Postgres {
    fn push(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError> {
        self.make()?;
        let mut pushed = 0;
        loop {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while some.len() < PUSHED_AT_ONCE
                && bytes < BYTES_AT_ONCE
                && let Some(body) = next_body(jobs)?
            {
                bytes += body.len();
                some.push(Json::from(body));
            }
            if some.is_empty() {
                return Ok(pushed);
            }
            pushed += some.len() as u64;
            let some = Json::from(some).to_string();
            self.transaction(&mut |sql| sql.run(sql::PUSH, &[Value::Text(&some)]).map(drop))?;
        }
    }

    fn status(&self) -> Result<Status, QueueError> {
        let mut status = Status::default();
        self.transaction(&mut |sql: &mut dyn Sql| {
            sql.rows(sql::STATUS, &[], &mut |row| {
                let [waiting, in_work, delayed, dead] = [0, 1, 2, 3].map(|at| row.int(at));
                status = Status {
                    waiting: Some(waiting?),
                    in_work: Some(in_work?),
                    delayed: Some(delayed?),
                    dead: Some(dead?),
                };
                Ok(ControlFlow::Break(()))
            })
        })?;
        Ok(status)
    }

    fn each_dead(&self, each: &mut dyn FnMut(&Dead) -> Verdict) -> Result<(), QueueError> {
        let mut after = 0;
        loop {
            let some = self.some_dead(after)?;
            if some.is_empty() {
                return Ok(());
            }
            for (number, dead) in some {
                after = number;
                let statement = match each(&dead) {
                    Verdict::Keep => continue,
                    Verdict::Retry => sql::RETRY,
                    Verdict::Drop => sql::DROP,
                };
                self.transaction(&mut |sql| sql.run(statement, &[Value::Int(number)]).map(drop))?;
            }
        }
    }
}

/// An error of the database as one of the queue.
fn told(queue: &str, error: JournalError) -> QueueError {
    let queue = queue.to_owned();
    match error {
        JournalError::Refused { reason, .. } => QueueError::Refused { queue, reason },
        JournalError::NoDatabase { reason, .. } => QueueError::Gone { queue, reason },
        JournalError::Storage { reason, .. } => QueueError::Unavailable { queue, reason },
        JournalError::Name { reason, .. } | JournalError::NotAJournal { reason, .. } => {
            QueueError::Wrong { queue, reason }
        }
        other => QueueError::Wrong { queue, reason: other.to_string() },
    }
}

fn millis(time: Duration) -> i64 {
    // Some years, so that the sum with a time of today fits.
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).min(1 << 40)
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}
