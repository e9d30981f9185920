//! Windows from a file: JSON or CSV.
//!
//! JSON is a list of `[start, end]` pairs, of objects `{"start", "end", "channel", "label",
//! "reason"}`, or an object with such a list under `windows`. CSV has a header with `start` and `end`,
//! and perhaps `channel`, `label` and `reason`, in any order. Other keys and columns are left alone, so that the output
//! of a transcriber can be used as it is. Times are numbers of seconds or any text that
//! [`parse_time`] reads.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::flag::parse_channel;
use super::{Problem, Window, WindowError, parse_time, time_from_seconds};

/// Reads a list of windows. `name` is what errors call the text, usually its file name. A text
/// that begins with `[` or `{` is JSON, anything else CSV.
///
/// # Errors
/// [`WindowError`] with line and column for malformed JSON, the index for a bad entry of a JSON
/// list, the line for a bad row of CSV.
///
/// ```
/// let windows = sordino::window::parse_list("[[10.0, 15.0]]", "windows.json")?;
/// assert_eq!(windows.len(), 1);
/// # Ok::<(), sordino::window::WindowError>(())
/// ```
pub fn parse_list(text: &str, name: &str) -> Result<Vec<Window>, WindowError> {
    let text = text.trim_start_matches('\u{feff}');
    let windows = match text.trim_start().chars().next() {
        None => Vec::new(),
        Some('[' | '{') => json(text, name)?,
        Some(_) => csv(text, name)?,
    };
    if windows.is_empty() {
        return Err(Problem::NoWindows.at(name));
    }
    Ok(windows)
}

fn json(text: &str, name: &str) -> Result<Vec<Window>, WindowError> {
    let list: List = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            let mend =
                r#"expected [[10.0, 15.0], …], [{"start": …, "end": …}, …] or {"windows": […]}"#;
            return Problem::Shape(mend.into()).at(name);
        }
        let place = format!("{name}, line {}, column {}", error.line(), error.column());
        Problem::Shape(format!("this is not JSON ({})", category(&error))).at(place)
    })?;
    match list.problem {
        Some((index, problem)) => Err(problem.at(format!("{name}, index {index}"))),
        None => Ok(list.windows),
    }
}

/// What a JSON list holds. Entries are looked at one by one, as they are read: a list may be long.
#[derive(Default)]
struct List {
    windows: Vec<Window>,
    /// The first entry that is no window.
    problem: Option<(usize, Problem)>,
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of windows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<List, A::Error> {
        let mut list = List::default();
        while let Some(entry) = entries.next_element()? {
            match json_window(&entry) {
                Ok(window) => list.windows.push(window),
                Err(problem) => {
                    // What follows must be JSON all the same.
                    let index = list.windows.len();
                    while entries.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(List { problem: Some((index, problem)), ..list });
                }
            }
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<List, A::Error> {
        let mut list = None;
        while let Some(key) = fields.next_key::<String>()? {
            match key.as_str() {
                "windows" => list = Some(fields.next_value()?),
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        list.ok_or_else(|| A::Error::missing_field("windows"))
    }
}

/// What kind of mistake it is. The library's own message may quote the text, which is user data.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early",
        _ if error.to_string().starts_with("number out of range") => "a number is out of range",
        _ => "a comma, bracket, quote or number is wrong here",
    }
}

fn json_window(entry: &Value) -> Result<Window, Problem> {
    match entry {
        Value::Array(pair) => match pair.as_slice() {
            [start, end] => Window::new(json_time(start)?, json_time(end)?),
            _ => Err(Problem::Shape("expected a pair [start, end]".into())),
        },
        Value::Object(object) => {
            let field = |key: &str| {
                object.get(key).ok_or_else(|| Problem::Shape(format!("`{key}` is missing")))
            };
            let mut window = Window::new(json_time(field("start")?)?, json_time(field("end")?)?)?;
            match object.get("channel") {
                None | Some(Value::Null) => {}
                Some(channel) => {
                    let number = channel.as_u64().and_then(|number| u16::try_from(number).ok());
                    let bad = || Problem::NotAChannel(channel.to_string());
                    window = window.on_channel(number.ok_or_else(bad)?);
                }
            }
            let text = |key: &str| match object.get(key) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(_) => Err(Problem::Shape(format!("`{key}` is not a text"))),
            };
            (window.label, window.reason) = (text("label")?, text("reason")?);
            Ok(window)
        }
        _ => Err(Problem::Shape("expected [start, end] or an object".into())),
    }
}

fn json_time(value: &Value) -> Result<Duration, Problem> {
    match value {
        // Text first: a whole number is exact without a float.
        Value::Number(number) if number.is_u64() => Ok(parse_time(&number.to_string())?),
        Value::Number(number) => Ok(time_from_seconds(number.as_f64().unwrap_or(f64::NAN))?),
        Value::String(text) => Ok(parse_time(text)?),
        _ => Err(Problem::Shape("a time is a number of seconds or a text such as 1:02.5".into())),
    }
}

fn csv(text: &str, name: &str) -> Result<Vec<Window>, WindowError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let bad = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let mend = "this row has not as many columns as the header, or is not UTF-8";
        Problem::Shape(mend.into()).at(format!("{name}, line {line}"))
    };
    let header = reader.headers().map_err(|error| bad(&error))?.clone();
    let column = |key: &str| header.iter().position(|title| title.eq_ignore_ascii_case(key));
    let (Some(start), Some(end)) = (column("start"), column("end")) else {
        let mend = "the first line of CSV names the columns: start,end[,channel][,label][,reason]";
        return Err(Problem::Shape(mend.into()).at(format!("{name}, line 1")));
    };
    let (channel, label, reason) = (column("channel"), column("label"), column("reason"));
    let mut windows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| bad(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: Option<usize>| {
            column.and_then(|column| record.get(column)).filter(|cell| !cell.is_empty())
        };
        let window = csv_window(
            record.get(start).unwrap_or_default(),
            record.get(end).unwrap_or_default(),
            cell(channel),
            (cell(label), cell(reason)),
        );
        windows.push(window.map_err(|problem| problem.at(format!("{name}, line {line}")))?);
    }
    Ok(windows)
}

fn csv_window(
    start: &str,
    end: &str,
    channel: Option<&str>,
    (label, reason): (Option<&str>, Option<&str>),
) -> Result<Window, Problem> {
    let mut window = Window::new(parse_time(start)?, parse_time(end)?)?;
    if let Some(channel) = channel {
        window = window.on_channel(parse_channel(channel)?);
    }
    (window.label, window.reason) = (label.map(str::to_owned), reason.map(str::to_owned));
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        parse_list(text, "w").unwrap_err().to_string()
    }

    #[test]
    fn each_shape_of_json_means_the_same() {
        let expected = parse_list("[[10.0, 15.0], [30.5, 35.2]]", "w").unwrap();
        for text in [
            r#"{"windows": [[10, 15], [30.5, 35.2]]}"#,
            r#"[{"start": 10, "end": 15}, {"start": 30.5, "end": 35.2, "text": "ignored"}]"#,
            r#"[["10s", "0:15"], ["30500ms", "35.2"]]"#,
            "\u{feff}start,end\n10,15\n30.5,35.2\n",
            "confidence,END,Start\n0.9, 15, 10\n0.8, 0:35.2, 30.5s\n",
        ] {
            assert_eq!(parse_list(text, "w").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn channels_and_labels_are_read() {
        let json = r#"[{"start": 1, "end": 2, "channel": 1, "label": "card"},
                       {"start": 3, "end": 4, "channel": null, "label": null}]"#;
        let csv = "start,end,channel,label\n1,2,1,card\n3,4,,\n";
        let windows = parse_list(json, "w").unwrap();
        assert_eq!(windows, parse_list(csv, "w").unwrap());
        assert_eq!(windows[0].channel(), Some(1));
        assert_eq!(windows[0].label(), Some("card"));
        assert_eq!((windows[1].channel(), windows[1].label()), (None, None));
    }

    #[test]
    fn malformed_json_is_named_with_line_and_column() {
        assert!(error("[[1, 2],\n [3 4]]").starts_with("w, line 2, column 5: this is not JSON"));
        assert!(error("[[1, 2]").contains("ends too early"));
        assert!(error("[[15, 10], [1 2]]").starts_with("w, line 1, column 15: this is not JSON"));
        assert!(error(r#"{"windows": [[1, 2]], }"#).contains("not JSON"));
        assert!(error("[[0, 1e400]]").contains("out of range"));
        assert!(error("[[NaN, 1]]").contains("not JSON"));
    }

    #[test]
    fn a_bad_entry_is_named_with_its_index_or_line() {
        assert!(error("[[1, 2], [15, 10]]").starts_with("w, index 1: the window 15-10"));
        assert!(error("[[1, 2, 3]]").starts_with("w, index 0: expected a pair"));
        assert!(error(r#"[{"start": 1}]"#).contains("`end` is missing"));
        assert!(error(r#"[{"start": -1, "end": 2}]"#).contains("negative"));
        assert!(error(r#"[{"start": 1, "end": 2, "channel": -1}]"#).contains("not a channel"));
        assert!(error(r#"[{"start": 1, "end": 2, "channel": 0.5}]"#).contains("not a channel"));
        assert!(error("[true]").contains("index 0"));
        assert!(error("start,end\n1,2\n9,3\n").starts_with("w, line 3: the window 9-3"));
        assert!(error("start,end\n1,2,3\n").starts_with("w, line 2"));
        assert!(error("from,to\n1,2\n").starts_with("w, line 1: the first line"));
    }

    #[test]
    fn an_empty_list_is_an_error() {
        for text in ["", " \n", "[]", r#"{"windows": []}"#, "start,end\n"] {
            assert!(error(text).contains("there is no window"), "{text}");
        }
        for text in ["{}", r#"{"windows": 5}"#, r#"{"window": [[1, 2]]}"#] {
            assert!(error(text).starts_with("w: expected"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse_list(&text, "w");
        }

        #[test]
        fn no_json_panics(text in "[\\[\\]{}\",:0-9.eE+-]{0,40}") {
            let _ = parse_list(&text, "w");
        }
    }
}
