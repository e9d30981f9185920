//! Windows as a table: CSV with commas, semicolons, tabs or bars, with the names of the columns in the first line or
//! without.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord};

use super::super::{TimeError, Window, WindowError, WindowProblem, parse_time};
use super::channel::{self, ChannelField, ChannelKey};
use super::key::{self, Key, Keys, Role, Says};
use super::times::{Bounds, Cell, Found, Named, Times};
use super::{List, shape, twice};

/// What the first line says of a table.
pub(super) struct Layout {
    delimiter: u8,
    /// The names of the columns, unless the first line is a window.
    header: Option<StringRecord>,
}

impl Layout {
    /// Finds the delimiter with which the first line names a time or begins with two times. At most one
    /// does: no name and no time has one inside.
    pub(super) fn of(text: &str, keys: &mut Keys) -> Option<Self> {
        [b'\t', b';', b',', b'|'].into_iter().find_map(|delimiter| {
            let first = first_row(text, delimiter).filter(|row| row.len() > 1)?;
            let is_name = |title: &str| {
                matches!(keys.of(title), Key::Time(Role::Start | Role::End | Role::Duration, _))
            };
            if first.iter().take(2).all(is_like_time) {
                Some(Self { delimiter, header: None })
            } else if first.iter().any(is_name) {
                Some(Self { delimiter, header: Some(first) })
            } else {
                None
            }
        })
    }
}

fn first_row(text: &str, delimiter: u8) -> Option<StringRecord> {
    let mut reader = reader(delimiter).has_headers(false).from_reader(text.as_bytes());
    let mut row = reader.records().next()?.ok()?;
    row.trim();
    Some(row)
}

fn reader(delimiter: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter);
    builder
}

/// Refuses a row with a line break in it. A quote that is not closed makes one of the rows below it: their
/// windows would stay unmuted.
fn one_line(row: &StringRecord) -> Result<(), WindowProblem> {
    if row.iter().any(|cell| cell.contains(['\n', '\r'])) {
        return Err(shape(
            "a quote is not closed, or a cell has several lines; write each row in one line",
        ));
    }
    Ok(())
}

/// Whether a text is a time, perhaps one that is out of range.
pub(super) fn is_like_time(text: &str) -> bool {
    !matches!(parse_time(&text.replace(',', ".")), Err(TimeError::Malformed(_)))
}

/// The problem with a first line that is nothing known. Names of columns have no blanks; with blanks it may be
/// what was said.
pub(super) fn unknown(text: &str) -> WindowProblem {
    let rows = [b'\t', b';', b','].map(|delimiter| first_row(text, delimiter).unwrap_or_default());
    let titles = rows.into_iter().max_by_key(StringRecord::len).unwrap_or_default();
    if titles.len() > 1 && titles.iter().all(is_title) {
        return key::missing(Role::Start, titles.iter());
    }
    shape(
        "the first line is neither the names of columns, such as start,end,channel,label,reason, \
         nor two times, such as 10.5;12.25, nor a window, such as 10.5-12.25",
    )
}

/// Whether a text looks like the name of a column, not like what was said.
fn is_title(title: &str) -> bool {
    title.starts_with(char::is_alphabetic)
        && title.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

pub(super) fn read(
    text: &str,
    name: &str,
    layout: &Layout,
    list: &mut List,
) -> Result<Vec<Window>, WindowError> {
    let header = layout.header.as_ref();
    header.map_or(Ok(()), one_line).map_err(|problem| problem.at(format!("{name}, line 1")))?;
    list.times.has_decimal_comma = layout.delimiter == b';';
    let columns = header.map(|header| Columns::of(header, &mut list.keys)).transpose();
    let columns = columns.map_err(|problem| problem.at(format!("{name}, line 1")))?;
    let mut reader = reader(layout.delimiter);
    let mut reader = reader
        .has_headers(columns.is_some())
        .flexible(columns.is_none())
        // The last row ends with a line break too, so that an open quote has one in it.
        .from_reader(text.as_bytes().chain(b"\n".as_slice()));
    let mut windows = Vec::new();
    for record in reader.records() {
        let mut record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            let problem = "this row does not have as many columns as the header, or is not UTF-8";
            shape(problem).at(format!("{name}, line {line}"))
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let window = one_line(&record).and_then(|()| {
            record.trim();
            match &columns {
                Some(columns) => columns.window(&record, &mut list.times),
                None => without_names(&record, &mut list.times),
            }
        });
        windows.push(window.map_err(|problem| problem.at(format!("{name}, line {line}")))?);
    }
    Ok(windows)
}

/// A row of a table whose columns have no names: start, end and perhaps a label.
fn without_names(row: &StringRecord, times: &mut Times) -> Result<Window, WindowProblem> {
    let cell = |column| row.get(column).unwrap_or_default();
    let label = Some(cell(2)).filter(|label| !label.is_empty());
    // With a number in it, or another delimiter, the commas may be decimal.
    let is_doubtful = |label: &str| {
        is_like_time(label) || key::unit(label).is_some() || label.contains(['\t', ';', '|'])
    };
    if label.is_some_and(is_doubtful) || row.iter().skip(3).any(|cell| !cell.is_empty()) {
        return Err(shape(
            "only a start, an end and a label that is no number and no unit need no names; write the names of the \
             columns into the first line, such as start,end,channel,label,reason",
        ));
    }
    let mut window = Window::new(times.text("start", cell(0))?, times.text("end", cell(1))?)?;
    window.label = label.map(str::to_owned);
    Ok(window)
}

/// Positions of the columns that are read.
struct Columns<'a> {
    bounds: Bounds<'a, usize>,
    label: Option<usize>,
    reason: Option<usize>,
    /// All columns that may give the channel, with their titles.
    channels: Vec<(usize, &'a str)>,
}

impl<'a> Columns<'a> {
    fn of(header: &'a StringRecord, keys: &mut Keys) -> Result<Self, WindowProblem> {
        let mut found = Found::new();
        let (mut label, mut reason, mut channels) = (None, None, Vec::new());
        let mut is_entity = false;
        for (column, title) in header.iter().enumerate() {
            match keys.of(title) {
                Key::Time(role, says) => {
                    found.add(role, Named { key: title, says, value: column })?;
                }
                Key::Channel(ChannelKey::Channel) => channels.push((column, title)),
                Key::Channel(_) => return Err(channel::ambiguous(title)),
                Key::Label => only(&mut label, column, title)?,
                Key::Unit => {
                    return Err(shape(format!(
                        "the column `{}` is not read; name the unit in the columns of the times, such as \
                         start_ms,end_ms, or say --unit, and remove it",
                        channel::short(title)
                    )));
                }
                Key::Reason => only(&mut reason, column, title)?,
                Key::Entity => is_entity = true,
                Key::Other => {}
            }
        }
        if is_entity {
            found.all_say(Says::Doubt);
        }
        // If one of them looks like no name, the others may not be names either.
        let are_names = header.iter().all(is_title);
        let titles = || header.iter().filter(|title| are_names || Key::of(title) != Key::Other);
        let bounds = found.bounds().map_err(|role| key::missing(role, titles()))?;
        Ok(Self { bounds, label, reason, channels })
    }

    fn window(&self, row: &StringRecord, times: &mut Times) -> Result<Window, WindowProblem> {
        let cell = |column| row.get(column).filter(|cell| !cell.is_empty());
        let time = |column| Cell::Text(row.get(column).unwrap_or_default());
        let mut window = self.bounds.window(times, time)?;
        let mut field = ChannelField::default();
        for &(column, title) in &self.channels {
            if let Some(cell) = cell(column) {
                field.csv(title, cell)?;
            }
        }
        window.channel = field.number();
        window.label = self.label.and_then(cell).map(str::to_owned);
        window.reason = self.reason.and_then(cell).map(str::to_owned);
        Ok(window)
    }
}

/// Notes the only column with this title.
fn only(slot: &mut Option<usize>, column: usize, title: &str) -> Result<(), WindowProblem> {
    match slot.replace(column) {
        Some(_) => Err(twice(title)),
        None => Ok(()),
    }
}
