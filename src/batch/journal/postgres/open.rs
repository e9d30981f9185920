//! The statements of one transaction.

use std::collections::HashMap;

use bytes::BytesMut;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Statement, Transaction};

use super::super::engine::{Cell, Damage, Dialect, Incoming, Row, Rows, Sql, Value};
use super::super::error::JournalError;
use super::address::Address;
use super::{lost, told};

/// A transaction that is open.
pub(super) struct Open<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) statements: &'a mut HashMap<&'static str, Statement>,
    pub(super) dialect: &'a Dialect,
    pub(super) address: &'a Address,
    /// Whether an error was that the connection was lost.
    pub(super) lost: bool,
}

impl Open<'_> {
    fn statement(&mut self, sql: &'static str) -> Result<Statement, JournalError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let prepared = self.transaction.prepare(&self.dialect.of(sql));
        let prepared = prepared.map_err(|error| self.failed(&error))?;
        // What is made and dropped in each transaction is another table each time.
        if !sql.contains("incoming") {
            self.statements.insert(sql, prepared.clone());
        }
        Ok(prepared)
    }

    fn failed(&mut self, error: &postgres::Error) -> JournalError {
        self.lost |= lost::is_lost(error);
        told(self.address, error)
    }
}

impl Sql for Open<'_> {
    fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, JournalError> {
        let statement = self.statement(sql)?;
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.transaction.execute(&statement, &values).map_err(|error| self.failed(&error))
    }

    fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut Rows<'_>,
    ) -> Result<(), JournalError> {
        let statement = self.statement(sql)?;
        let answer = || -> Result<Result<(), Damage>, postgres::Error> {
            let mut rows = self.transaction.query_raw(&statement, values)?;
            while let Some(row) = rows.next()? {
                let cells = (0..row.len()).map(|at| row.try_get(at));
                match each(Row(&cells.collect::<Result<Vec<Cell>, _>>()?)) {
                    Ok(goes_on) if goes_on.is_continue() => {}
                    ended => return Ok(ended.map(drop)),
                }
            }
            Ok(Ok(()))
        };
        let path = self.address.shown.clone();
        let mut answer = answer;
        let answered = answer().map_err(|error| self.failed(&error))?;
        answered.map_err(|Damage(reason)| JournalError::Damaged { path, reason })
    }

    fn stage(&mut self, first: i64, jobs: &[Incoming]) -> Result<(), JournalError> {
        const STAGE: &str = "
            INSERT INTO incoming SELECT * FROM unnest(
                $1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[]
            )";
        let numbers: Vec<i64> = (first..).take(jobs.len()).collect();
        let texts = |of: fn(&Incoming) -> Option<&str>| jobs.iter().map(of).collect::<Vec<_>>();
        let lines: Vec<_> = jobs.iter().map(|job| job.line).collect();
        let keys = texts(|job| Some(&job.key));
        let ids = texts(|job| job.id.as_deref());
        let specs = texts(|job| Some(&job.spec));
        let inputs = texts(|job| Some(&job.input));
        let outputs = texts(|job| Some(&job.output));
        let receipts = texts(|job| job.receipt.as_deref());
        let statement = self.statement(STAGE)?;
        let values: [&(dyn ToSql + Sync); 8] =
            [&numbers, &keys, &lines, &ids, &specs, &inputs, &outputs, &receipts];
        let staged = self.transaction.execute(&statement, &values);
        staged.map(drop).map_err(|error| self.failed(&error))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        as_type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Int(int) => int.to_sql(as_type, out),
            Self::Text(text) | Self::Maybe(Some(text)) => text.to_sql(as_type, out),
            Self::Maybe(None) => Ok(IsNull::Yes),
        }
    }

    fn accepts(as_type: &Type) -> bool {
        matches!(*as_type, Type::INT8 | Type::TEXT)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(
        from: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *from {
            Type::INT8 => Self::Int(i64::from_sql(from, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(from, raw)?.into()),
            _ => Self::Text(String::from_sql(from, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(from: &Type) -> bool {
        matches!(*from, Type::INT8 | Type::INT4 | Type::TEXT)
    }
}
