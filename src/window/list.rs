//! Windows from a file: JSON or CSV.
//!
//! JSON is a list of `[start, end]` pairs, a list of objects `{"start", "end", "channel", "label",
//! "reason"}`, or an object with such a list under `windows`; an `end` of null is that of the recording. CSV has a header with `start`, `end` and
//! optionally `channel`, `label` and `reason`, in any order. Times are numbers, or texts that
//! [`parse_time`](super::parse_time) accepts.
//!
//! Other keys and columns are ignored, so that the output of a transcriber can be used unchanged.
//! Exception: other names for a channel (`channels`, `channel_index`, `channelId`) are used if they hold
//! one number, else they are an error. A key must not appear twice.

use std::time::Duration;

use serde_json::Value;

use super::time::{is_bare_whole, parse_time_in, time_from_number};
use super::{TimeError, Unit, Window, WindowError, WindowProblem};

mod channel;
mod csv;
mod json;

/// Parses a list of windows. `name` is the place in errors, usually the file name. A text that begins
/// with `[` or `{` is JSON, any other text CSV.
///
/// `unit` is the unit of numbers that have none; without it they are seconds. Milliseconds are
/// usually whole numbers. So if all times are whole numbers and `unit` is `None`, the windows are
/// [marked](Window::is_unit_unknown), and a redaction fails if they do not fit the recording as seconds.
///
/// # Errors
/// [`WindowError`] with line and column for malformed JSON, the index for an invalid entry of a JSON
/// list, the line for an invalid row of CSV.
///
/// ```
/// use sordino::window::{Unit, parse_list};
///
/// let windows = parse_list("[[10.0, 15.5]]", "windows.json", None)?;
/// let same = parse_list("[[10000, 15500]]", "windows.json", Some(Unit::Milliseconds))?;
/// assert_eq!(windows, same);
/// # Ok::<(), sordino::window::WindowError>(())
/// ```
pub fn parse_list(text: &str, name: &str, unit: Option<Unit>) -> Result<Vec<Window>, WindowError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut times = Times { unit: unit.unwrap_or(Unit::Seconds), is_unknown: unit.is_none() };
    let mut windows = match text.trim_start().chars().next() {
        None => Vec::new(),
        Some('[' | '{') => json::read(text, name, &mut times)?,
        Some(_) => csv::read(text, name, &mut times)?,
    };
    if windows.is_empty() {
        return Err(WindowProblem::NoWindows.at(name));
    }
    if times.is_unknown {
        windows.iter_mut().for_each(|window| window.is_unit_unknown = true);
    }
    Ok(windows)
}

/// Parses the times of one list, and notes whether their unit is known.
struct Times {
    unit: Unit,
    /// Whether the caller gave no unit, and every time so far is a whole number without one.
    is_unknown: bool,
}

impl Times {
    fn text(&mut self, text: &str) -> Result<Duration, TimeError> {
        self.is_unknown &= is_bare_whole(text);
        parse_time_in(text, self.unit)
    }

    fn json(&mut self, value: &Value) -> Result<Duration, WindowProblem> {
        match value {
            // As text, because a large whole number would lose digits in a float.
            Value::Number(number) if number.is_u64() => Ok(self.text(&number.to_string())?),
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                self.is_unknown &= number.fract() == 0.0;
                Ok(time_from_number(number, self.unit)?)
            }
            Value::String(text) => Ok(self.text(text)?),
            _ => Err(shape("a time is a number or a text such as 1:02.5")),
        }
    }
}

/// The problem with a key or column that appears twice.
fn twice(key: &str) -> WindowProblem {
    shape(format!("`{}` appears twice; keep one", channel::short(key)))
}

/// The problem with JSON or CSV that does not have the expected structure.
fn shape(text: impl Into<String>) -> WindowProblem {
    WindowProblem::Shape(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        parse_list(text, "w", None).unwrap_err().to_string()
    }

    #[test]
    fn each_shape_of_json_means_the_same() {
        let expected = parse_list("[[10.0, 15.0], [30.5, 35.2]]", "w", None).unwrap();
        for text in [
            r#"{"windows": [[10, 15], [30.5, 35.2]]}"#,
            r#"[{"start": 10, "end": 15}, {"start": 30.5, "end": 35.2, "text": "ignored"}]"#,
            r#"[["10s", "0:15"], ["30500ms", "35.2"]]"#,
            "\u{feff}start,end\n10,15\n30.5,35.2\n",
            "confidence,END,Start\n0.9, 15, 10\n0.8, 0:35.2, 30.5s\n",
        ] {
            assert_eq!(parse_list(text, "w", None).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn channels_and_labels_are_read() {
        let json = r#"[{"start": 1, "end": 2, "channel": 1, "label": "card"},
                       {"start": 3, "end": 4, "channel": null, "label": null}]"#;
        let csv = "start,end,channel,label\n1,2,1,card\n3,4,,\n";
        let windows = parse_list(json, "w", None).unwrap();
        assert_eq!(windows, parse_list(csv, "w", None).unwrap());
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

    fn channel_of(text: &str) -> Option<u16> {
        let windows = parse_list(text, "w", None).unwrap_or_else(|error| panic!("{text}: {error}"));
        windows[0].channel()
    }

    #[test]
    fn a_channel_under_a_similar_name_is_read_if_it_is_one_number() {
        for key in ["channels", "channel_index", "Channel", "channelId", "CHANNEL-ID"] {
            for value in ["1", "[1]"] {
                let json = format!(r#"[{{"start": 1, "end": 2.5, "{key}": {value}}}]"#);
                assert_eq!(channel_of(&json), Some(1), "{json}");
            }
            assert_eq!(channel_of(&format!("start,end,{key}\n1,2.5,1\n")), Some(1), "{key}");
            assert_eq!(channel_of(&format!("start,end,{key}\n1,2.5,\n")), None, "{key}");
        }
        let twice =
            r#"[{"start": 1, "end": 2.5, "channel": 1, "channelId": [1], "channels": null}]"#;
        assert_eq!(channel_of(twice), Some(1));
        assert_eq!(channel_of("start,end,channel,Channel\n1,2.5,1,\n"), Some(1));
        assert_eq!(channel_of(r#"{"channels": 2, "windows": [[1, 2.5]]}"#), None, "a count");
    }

    #[test]
    fn an_ambiguous_channel_is_refused_by_its_name() {
        for (key, value) in [
            ("channels", "[0, 1]"),
            ("channels", "[]"),
            ("channel_index", r#""1""#),
            ("channelId", "1.5"),
            ("Channel", "-1"),
            ("channels", "65536"),
            ("channel_tag", "1"),
            ("num_channels", "2"),
            ("ch", "1"),
            ("Kanal", "[1]"),
        ] {
            let json = error(&format!(r#"[[0, 1], {{"start": 1, "end": 2, "{key}": {value}}}]"#));
            assert!(json.starts_with(&format!("w, index 1: `{key}` ")), "{json}");
        }
        assert!(
            error("start,end,channel_id\n1,2,left\n").starts_with("w, line 2: `channel_id` is")
        );
        assert!(error("start,end,Kanal\n1,2,1\n").starts_with("w, line 1: `Kanal` may mean"));
        let differ = r#"[{"start": 1, "end": 2, "channel": 0, "channelId": 1}]"#;
        assert!(error(differ).contains("`channel` and `channelId` name two channels"));
        let differ = error("start,end,channel,Channel\n1,2,0,0\n1,2,0,1\n");
        assert!(differ.starts_with("w, line 3: `channel` and `Channel` name two"), "{differ}");
        for outer in
            [r#"{"channel": 1, "windows": [[1, 2]]}"#, r#"{"windows": [[1, 2]], "channels": [1]}"#]
        {
            assert!(error(outer).contains("is outside the list of windows"), "{outer}");
        }
    }

    #[test]
    fn a_key_that_appears_twice_is_refused() {
        for (text, place) in [
            (r#"{"windows":[[1,2]],"windows":[[5,6]]}"#, "w: `windows` appears twice"),
            (r#"{"windows":[[1,2]],"wind\u006fws":[[1,2]]}"#, "w: `windows` appears twice"),
            (r#"{"id":1,"windows":[[1,2]],"id":1}"#, "w: `id` appears twice"),
            (r#"[[1,2],{"start":1,"end":2,"start":3}]"#, "w, index 1: `start` appears twice"),
            (r#"[{"channel":0,"start":1,"end":2,"channel":1}]"#, "w, index 0: `channel` appears"),
            (
                r#"{"windows":[{"start":1,"text":"","end":2,"text":""}]}"#,
                "w, index 0: `text` appears",
            ),
            ("start,end,start\n1,2,3\n", "w, line 1: `start` appears twice"),
            ("start,end,END\n1,2,2\n", "w, line 1: `end` appears twice"),
            ("start,end,label,label\n1,2,a,b\n", "w, line 1: `label` appears twice"),
        ] {
            assert!(error(text).starts_with(place), "{text}: {}", error(text));
        }
        // The value of an ignored key may be anything.
        assert_eq!(channel_of(r#"[{"start":1,"end":2.5,"words":[{"a":1,"a":2}]}]"#), None);
    }

    #[test]
    fn numbers_without_a_unit_are_in_the_unit_of_the_list() {
        let expected = parse_list("[[2.5, 3.2]]", "w", None).unwrap();
        for text in [
            "[[2500, 3200]]",
            "[[2500.0, 3200.0]]",
            r#"[["2500", "3.2s"]]"#,
            r#"{"windows": [{"start": "2500ms", "end": "00:00:03.200"}]}"#,
            "start,end\n2500,0:03.2\n",
        ] {
            assert_eq!(
                parse_list(text, "w", Some(Unit::Milliseconds)).unwrap(),
                expected,
                "{text}"
            );
        }
        assert_eq!(parse_list("[[2.5, 3.2]]", "w", Some(Unit::Seconds)).unwrap(), expected);
    }

    #[test]
    fn only_a_list_of_whole_numbers_without_units_has_an_unknown_unit() {
        let is_unknown = |text: &str, unit| {
            let windows = parse_list(text, "w", unit).unwrap();
            assert!(windows.windows(2).all(|w| w[0].is_unit_unknown() == w[1].is_unit_unknown()));
            windows[0].is_unit_unknown()
        };
        for text in [
            "[[2500, 3200], [0, 1]]",
            "[[2500.0, 3200]]",
            r#"[["2500", 3200]]"#,
            r#"{"windows": [{"start": 1, "end": 2}]}"#,
            "start,end\n1,2\n3,4\n",
        ] {
            assert!(is_unknown(text, None), "{text}");
            assert!(!is_unknown(text, Some(Unit::Seconds)), "{text}");
            assert!(!is_unknown(text, Some(Unit::Milliseconds)), "{text}");
        }
        for text in [
            "[[2500, 3200], [0, 0.5]]",
            r#"[[2500, 3200], ["0s", 1]]"#,
            r#"[["0:10", "0:20"]]"#,
            "start,end\n1,2\n3,4s\n",
        ] {
            assert!(!is_unknown(text, None), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse_list(&text, "w", None);
        }

        #[test]
        fn no_json_panics(text in "[\\[\\]{}\",:0-9.eE+-]{0,40}") {
            let _ = parse_list(&text, "w", None);
        }
    }
}
