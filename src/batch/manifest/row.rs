//! One row of a manifest, as it is written: CSV or JSON Lines.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::store::Place;

/// What a row says. A cell that is empty or missing says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "in", alias = "input")]
    pub(super) input: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "out", alias = "output")]
    pub(super) output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) windows: Option<WindowsCell>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) treatment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Id>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        alias = "conversationId",
        alias = "conversation_id"
    )]
    pub(super) conversation: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        alias = "recordingId",
        alias = "recording_id"
    )]
    pub(super) recording: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) api: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delete: Option<String>,
}

/// Windows: in one text, or, in JSON, one in each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum WindowsCell {
    One(String),
    Several(Vec<String>),
}

/// A name for the recording. In JSON it may be a number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Id {
    Text(String),
    Number(serde_json::Number),
}

impl Row {
    /// A recording without windows.
    pub fn of_place(place: &Place) -> Self {
        Self { input: Some(place.to_string()), ..Self::default() }
    }

    /// The row that a JSON object is, with the keys of JSON Lines.
    pub fn of_value(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok().map(Self::without_blanks)
    }

    /// Its cells as a JSON object.
    pub fn values(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(values)) => values,
            _ => Map::new(),
        }
    }

    /// The recording, if it is a file or an object.
    pub fn input(&self) -> Option<&str> {
        self.input.as_deref()
    }

    /// The recording, for people: its place, or its ids at Genesys.
    pub fn shown(&self) -> String {
        let ids = [&self.conversation, &self.recording].map(|id| id.as_deref().unwrap_or("?"));
        shown(&self.input.clone().unwrap_or_else(|| ids.join("/")))
    }

    /// Whether it says what is muted.
    pub fn has_windows(&self) -> bool {
        self.windows.is_some()
    }

    /// The row with the windows of this list or transcript.
    #[must_use]
    pub fn with_windows(self, place: &Place) -> Self {
        Self { windows: Some(WindowsCell::One(place.to_string())), ..self }
    }

    /// The row where an empty cell is none.
    fn without_blanks(mut self) -> Self {
        for cell in [
            &mut self.input,
            &mut self.output,
            &mut self.treatment,
            &mut self.conversation,
            &mut self.recording,
            &mut self.api,
            &mut self.delete,
        ] {
            cell.take_if(|cell| cell.is_empty());
        }
        self.windows.take_if(|windows| *windows == WindowsCell::One(String::new()));
        self.id.take_if(|id| *id == Id::Text(String::new()));
        self
    }
}

/// Puts a cell into its place in a row.
type Put = fn(&mut Row, String);

/// The columns, by the names that they may have in CSV.
const COLUMNS: [(&str, Put); 9] = [
    ("in", |row, cell| row.input = Some(cell)),
    ("out", |row, cell| row.output = Some(cell)),
    ("windows", |row, cell| row.windows = Some(WindowsCell::One(cell))),
    ("treatment", |row, cell| row.treatment = Some(cell)),
    ("id", |row, cell| row.id = Some(Id::Text(cell))),
    ("conversation", |row, cell| row.conversation = Some(cell)),
    ("recording", |row, cell| row.recording = Some(cell)),
    ("api", |row, cell| row.api = Some(cell)),
    ("delete", |row, cell| row.delete = Some(cell)),
];

/// Other names of columns.
const SYNONYMS: [(&str, &str); 4] = [
    ("input", "in"),
    ("output", "out"),
    ("conversationid", "conversation"),
    ("recordingid", "recording"),
];

/// The header of a CSV: which column is where.
#[derive(Debug)]
pub(super) struct Header {
    delimiter: char,
    columns: Vec<usize>,
}

impl Header {
    /// Reads the first line. The delimiter is the first of comma, semicolon and tab that gives at least two
    /// known columns.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let split = [',', ';', '\t'].map(|delimiter| (delimiter, cells(line, delimiter)));
        let split =
            split.into_iter().filter_map(|(delimiter, cells)| Some((delimiter, cells.ok()?)));
        let known =
            |cells: &Vec<String>| cells.iter().filter(|cell| column(cell).is_some()).count();
        let best = split.max_by_key(|(delimiter, cells)| (known(cells), *delimiter == ','));
        let Some((delimiter, cells)) = best.filter(|(_, cells)| known(cells) > 0) else {
            return Err(format!("the first line names no column; there are {}", names()));
        };
        let mut columns = Vec::new();
        for cell in &cells {
            let found = column(cell)
                .ok_or_else(|| format!("`{}` is no column; there are {}", shown(cell), names()))?;
            if columns.contains(&found) {
                return Err(format!("the column `{}` is there twice; keep one", COLUMNS[found].0));
            }
            columns.push(found);
        }
        Ok(Self { delimiter, columns })
    }

    /// Reads a row; `None` if it is blank.
    pub(super) fn row(&self, text: &str) -> Result<Option<Row>, String> {
        let cells = cells(text, self.delimiter)?;
        if cells.iter().all(String::is_empty) {
            return Ok(None);
        }
        if cells.len() != self.columns.len() {
            let (has, wants) = (cells.len(), self.columns.len());
            return Err(format!(
                "the row has {has} cells, the first line {wants}; put quotes around a cell that has a `{}` in it",
                if self.delimiter == '\t' { "tab".to_owned() } else { self.delimiter.to_string() }
            ));
        }
        let mut row = Row::default();
        for (&column, cell) in self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            COLUMNS[column].1(&mut row, cell);
        }
        Ok(Some(row))
    }
}

/// Reads a line of JSON Lines.
pub(super) fn of_json(line: &str) -> Result<Row, String> {
    let read: Result<Row, _> = serde_json::from_str(line);
    read.map(Row::without_blanks).map_err(|error| {
        // Of serde's messages only those that name a key repeat no value.
        let text = error.to_string();
        let names_key = ["unknown field", "duplicate field"].iter().any(|word| text.starts_with(word));
        match (names_key, error.classify()) {
            (true, _) => {
                let key = text.split('`').nth(1).unwrap_or_default();
                let what = if text.starts_with("unknown") { "is no key" } else { "is there twice" };
                format!("`{}` {what}; there are {}", shown(key), names())
            }
            (_, serde_json::error::Category::Data) => {
                "a value is no text; write each row as an object of texts, such as {\"in\": \"call.wav\", \"windows\": \"10-15\"}".to_owned()
            }
            _ => format!("this is no JSON object in one line, at column {}", error.column()),
        }
    })
}

/// The cells of a row. Blanks around a cell without quotes are none of it.
fn cells(text: &str, delimiter: char) -> Result<Vec<String>, String> {
    let wrong = || {
        "there is a quote inside a cell; put quotes around the cell, and write those in it twice"
            .to_owned()
    };
    let blank = |c: char| c == ' ' || c == '\r' || c == '\n';
    let (mut cells, mut rest) = (Vec::new(), text);
    loop {
        let start = rest.trim_start_matches(blank);
        let (cell, after) = match start.strip_prefix('"') {
            Some(quoted) => {
                let (cell, after) = unquoted(quoted).ok_or_else(wrong)?;
                (cell, after.trim_start_matches(blank))
            }
            None => {
                let (cell, after) = start.split_at(start.find(delimiter).unwrap_or(start.len()));
                if cell.contains('"') {
                    return Err(wrong());
                }
                (cell.trim_end_matches(blank).to_owned(), after)
            }
        };
        cells.push(cell);
        match after.strip_prefix(delimiter) {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(cells),
            None => return Err(wrong()),
        }
    }
}

/// The text up to the quote that ends it, and what is behind that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut cell, mut rest) = (String::new(), text);
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => return Some((cell, after)),
        }
    }
}

/// The column of that name.
fn column(name: &str) -> Option<usize> {
    let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect();
    let plain = plain.to_lowercase();
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == plain);
    let plain = synonym.map_or(plain.as_str(), |(_, name)| name);
    COLUMNS.iter().position(|(name, _)| *name == plain)
}

fn names() -> String {
    COLUMNS.map(|(name, _)| name).join(", ")
}

/// What is shown of a text that may be anything.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(80).collect()
}
