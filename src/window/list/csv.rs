//! Windows as CSV.

use csv::StringRecord;

use super::super::{Window, WindowError, WindowProblem};
use super::channel::{self, ChannelField, ChannelKey};
use super::{Times, shape, twice};

pub(super) fn read(text: &str, name: &str, times: &mut Times) -> Result<Vec<Window>, WindowError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let bad = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let problem = "this row does not have as many columns as the header, or is not UTF-8";
        shape(problem).at(format!("{name}, line {line}"))
    };
    let header = reader.headers().map_err(|error| bad(&error))?.clone();
    let columns = Columns::of(&header).map_err(|problem| problem.at(format!("{name}, line 1")))?;
    let mut windows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| bad(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let window = columns.window(&record, times);
        windows.push(window.map_err(|problem| problem.at(format!("{name}, line {line}")))?);
    }
    Ok(windows)
}

/// Positions of the columns that are read.
struct Columns<'a> {
    start: usize,
    end: usize,
    label: Option<usize>,
    reason: Option<usize>,
    /// All columns that may give the channel, with their titles.
    channels: Vec<(usize, &'a str)>,
}

impl<'a> Columns<'a> {
    fn of(header: &'a StringRecord) -> Result<Self, WindowProblem> {
        let (Some(start), Some(end)) = (column(header, "start")?, column(header, "end")?) else {
            let problem = "the first line of CSV names the columns, with commas: start,end[,channel][,label][,reason]";
            return Err(shape(problem));
        };
        if let Some(title) =
            header.iter().find(|title| ChannelKey::of(title) == ChannelKey::Ambiguous)
        {
            return Err(channel::ambiguous(title));
        }
        let titles = header.iter().enumerate();
        let channels =
            titles.filter(|(_, title)| ChannelKey::of(title) == ChannelKey::Channel).collect();
        let (label, reason) = (column(header, "label")?, column(header, "reason")?);
        Ok(Self { start, end, label, reason, channels })
    }

    fn window(&self, row: &StringRecord, times: &mut Times) -> Result<Window, WindowProblem> {
        let time = |column| row.get(column).unwrap_or_default();
        let cell = |column| row.get(column).filter(|cell| !cell.is_empty());
        let mut window = Window::new(times.text(time(self.start))?, times.text(time(self.end))?)?;
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

/// The only column with this title; case is ignored.
fn column(header: &StringRecord, key: &str) -> Result<Option<usize>, WindowProblem> {
    let is_it = |(_, title): &(usize, &str)| title.eq_ignore_ascii_case(key);
    let mut found = header.iter().enumerate().filter(is_it).map(|(column, _)| column);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(twice(key)),
        (one, None) => Ok(one),
    }
}
