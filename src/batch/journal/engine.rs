//! What the journal needs of a database, so that its logic is written once.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::error::JournalError;

/// A connection to a database.
pub(crate) trait Engine: Send {
    /// Runs `work` as one transaction, which is durable when this returns; after an error nothing was done.
    /// Where the connection is lost, `work` is run again on a new one, unless the transaction was
    /// committed after all.
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), JournalError>;

    /// The same, for work that cannot be run again: it fails with the connection.
    fn transaction_once(&mut self, work: &mut Work<'_>) -> Result<(), JournalError>;

    /// The name of this process in the column `worker`.
    fn worker(&self) -> String;

    /// How long a claim lasts; none where it lasts as long as the process.
    fn lease(&self) -> Option<Duration>;
}

/// What is done in a transaction.
pub(crate) type Work<'a> = dyn FnMut(&mut dyn Sql) -> Result<(), JournalError> + 'a;

/// What is done with each row.
pub(crate) type Rows<'a> = dyn FnMut(Row<'_>) -> Result<ControlFlow<()>, Damage> + 'a;

/// Statements of [`sql`](super::sql), within a transaction.
pub(crate) trait Sql {
    /// Runs a statement; how many rows it changed.
    fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, JournalError>;

    /// Runs a statement, and calls `each` with each row of the answer, one after the other.
    fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut Rows<'_>,
    ) -> Result<(), JournalError>;

    /// Puts jobs into the table `incoming`. `first`: the number of the first.
    fn stage(&mut self, first: i64, jobs: &[Incoming]) -> Result<(), JournalError>;
}

/// A value of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Maybe(Option<&'a str>),
}

/// A value of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
}

/// A job on its way into the table `job`, in its columns.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) key: String,
    pub(crate) line: Option<i64>,
    pub(crate) id: Option<String>,
    pub(crate) spec: String,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) receipt: Option<String>,
}

/// What differs between the databases.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// What stands in a statement, and what it means in this database.
    pub(crate) words: Vec<(&'static str, String)>,
}

impl Dialect {
    /// The statement in this dialect.
    pub(crate) fn of(&self, sql: &str) -> String {
        self.words.iter().fold(sql.to_owned(), |sql, (word, means)| sql.replace(word, means))
    }
}

/// Why a row is none that was written here.
#[derive(Debug)]
pub(crate) struct Damage(pub(crate) String);

/// A row of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a>(pub(crate) &'a [Cell]);

impl Row<'_> {
    /// The integer in a column, if there is one.
    pub(crate) fn maybe_int<T: TryFrom<i64>>(self, at: usize) -> Result<Option<T>, Damage> {
        let Some(Cell::Int(int)) = self.0.get(at) else { return Ok(None) };
        let fits = T::try_from(*int).map(Some);
        fits.map_err(|_| Damage(format!("{int} stands where it cannot")))
    }

    pub(crate) fn int<T: TryFrom<i64>>(self, at: usize) -> Result<T, Damage> {
        self.maybe_int(at)?.ok_or_else(|| Damage("a number is missing".to_owned()))
    }

    /// The text in a column, if there is one.
    pub(crate) fn maybe_text(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn text(&self, at: usize) -> Result<&str, Damage> {
        self.maybe_text(at).ok_or_else(|| Damage("a text is missing".to_owned()))
    }

    /// What the JSON in a column says, if there is any.
    pub(crate) fn maybe_json<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, Damage> {
        let Some(json) = self.maybe_text(at) else { return Ok(None) };
        serde_json::from_str(json).map(Some).map_err(|error| Damage(error.to_string()))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T, Damage> {
        self.maybe_json(at)?.ok_or_else(|| Damage("a description is missing".to_owned()))
    }

    /// What the word in a column means.
    pub(crate) fn word<T: DeserializeOwned>(&self, at: usize) -> Result<T, Damage> {
        let word: StrDeserializer<'_, serde::de::value::Error> = self.text(at)?.into_deserializer();
        T::deserialize(word).map_err(|error| Damage(error.to_string()))
    }
}
