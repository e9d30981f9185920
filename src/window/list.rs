//! Windows from a file: JSON, JSON Lines, CSV, or one `-w` a line.
//!
//! JSON is a list of `[start, end]` pairs, a list of objects, or an object with such a list under `windows`; an `end`
//! of null is that of the recording. JSON Lines has one pair or object a line. CSV has commas, semicolons or tabs,
//! and names its columns in the first line; without that line the columns are start, end and label.
//!
//! Start and end have many names, such as `start` and `end`, `startMs` and `endMs`, `offset` and `duration`: the table
//! in `list/key.rs` has them all. `channel`, `label` and `reason` are optional. Times are numbers, or texts that
//! [`parse_time`](super::parse_time) accepts, with a point or a comma.
//!
//! Other keys and columns are ignored, so that the output of a transcriber can be used unchanged.
//! Exception: other names for a channel (`channels`, `channel_index`, `channelId`) are used if they hold
//! one number, else they are an error. A key must not appear twice.

use super::encoding::decode;
use super::{Unit, Window, WindowError, WindowProblem};

mod channel;
mod csv;
mod json;
mod key;
mod lines;
mod object;
mod times;

use csv::Layout;
use key::Keys;
use times::Times;

/// Parses a list of windows. `name` is the place in errors, usually the file name. A text that begins
/// with `[` or `{` is JSON; the first line tells the kind of any other text.
///
/// `unit` is the unit of numbers that have none; without it they are seconds. Milliseconds are
/// usually whole numbers. So if all times are whole numbers, no key names a unit and `unit` is `None`, the windows are
/// [marked](Window::is_unit_unknown), and a redaction fails if they do not fit the recording as seconds.
///
/// # Errors
/// [`WindowError`] with line and column for malformed JSON, the index for an invalid entry of a JSON
/// list, the line for an invalid row of CSV or JSON Lines. A `unit` that contradicts a key such as `startMs` is an error.
///
/// ```
/// use sordino::window::{Unit, parse_list};
///
/// let windows = parse_list("[[10.0, 15.5]]", "windows.json", None)?;
/// let same = parse_list("[[10000, 15500]]", "windows.json", Some(Unit::Milliseconds))?;
/// assert_eq!(windows, same);
/// assert_eq!(windows, parse_list("Start (ms);Duration (s)\n10000;5,5\n", "windows.csv", None)?);
/// # Ok::<(), sordino::window::WindowError>(())
/// ```
pub fn parse_list(text: &str, name: &str, unit: Option<Unit>) -> Result<Vec<Window>, WindowError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut list = List { times: Times::new(unit), keys: Keys::default() };
    let mut windows = match text.trim_start().chars().next() {
        None => Vec::new(),
        Some('[' | '{') => json::read(text, name, &mut list)?,
        Some(_) => match Layout::of(text, &mut list.keys) {
            Some(layout) => csv::read(text, name, &layout, &mut list)?,
            None if lines::are_here(text) => lines::read(text, name, &mut list.times)?,
            None => return Err(csv::unknown(text).at(format!("{name}, line 1"))),
        },
    };
    if windows.is_empty() {
        return Err(WindowProblem::NoWindows.at(name));
    }
    if let Some(index) = windows.iter().position(has_control) {
        let problem = "a label or reason has a line break or another control character; remove it";
        return Err(shape(problem).at(format!("{name}, window {}", index + 1)));
    }
    if list.times.is_unknown {
        windows.iter_mut().for_each(|window| window.is_unit_unknown = true);
    }
    Ok(windows)
}

/// Like [`parse_list`], for the bytes of a file in UTF-8 or UTF-16.
///
/// # Errors
/// [`WindowProblem::Encoding`] for another encoding, and as [`parse_list`].
pub fn parse_list_bytes(
    bytes: &[u8],
    name: &str,
    unit: Option<Unit>,
) -> Result<Vec<Window>, WindowError> {
    let decoded = decode(bytes).map_err(|error| WindowProblem::from(error).at(name))?;
    parse_list(&decoded.text, name, unit)
}

/// What is known while a list is read.
struct List {
    times: Times,
    keys: Keys,
}

/// Whether what goes onto terminals and pages holds what moves the cursor.
fn has_control(window: &Window) -> bool {
    let texts = [window.label(), window.reason()];
    texts.into_iter().flatten().any(|text| text.contains(char::is_control))
}

/// The problem with a key or column that appears twice.
fn twice(key: &str) -> WindowProblem {
    shape(format!("`{}` appears twice; keep one", channel::short(key)))
}

/// The problem with a file that does not have the expected structure.
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
            r#"[["10,0", "PT15S"], ["00:00:30,500", "PT35.2S"]]"#,
            "[10, 15.0]\n[30.5, 35.2]\n",
            "{\"start\":10,\"end\":15}\r\n\r\n[30.5, 35.2]",
            r#"[{"startMs": 10000, "EndOffsetMillis": 15000}, {"start_s": 30.5, "to": "35.2s"}]"#,
            r#"[{"offset": "PT10S", "duration": "PT5S"}, {"begin": 30.5, "duration": 4.7}]"#,
            r#"[{"startOffset": "10s", "endOffset": "15.000s"}, {"timestamp": [30.5, 35.2]}]"#,
            "10;15\n30,5;35,2\n",
            "10,15\n30.5,35.2\n",
            "10 \t 15\n30,5\t35.2\n",
            "start (s);dauer;Duration (s)\r\n10;x;5\r\n30,5;x;4,7\r\n",
            "10-15\n\n30,5-35.2\n",
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
        assert!(error(r#"[{"start": 1}]"#).contains("no key gives the end of the window"));
        assert!(error(r#"[{"start": -1, "end": 2}]"#).contains("negative"));
        assert!(error(r#"[{"start": 1, "end": 2, "channel": -1}]"#).contains("not a channel"));
        assert!(error(r#"[{"start": 1, "end": 2, "channel": 0.5}]"#).contains("not a channel"));
        assert!(error("[true]").contains("index 0"));
        assert!(error("start,end\n1,2\n9,3\n").starts_with("w, line 3: the window 9-3"));
        assert!(error("start,end\n1,2,3\n").starts_with("w, line 2"));
        assert!(error("hello,you there\n1,2\n").starts_with("w, line 1: the first line"));
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
            ("start,end,END\n1,2,2\n", "w, line 1: `end` and `END` may both be the end"),
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
            r#"{"unit": null, "windows": [{"from": 1, "duration": 2}]}"#,
            "start,end\n1,2\n3,4\n",
            "1;2,0\n",
            "1-2\n3-\n",
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
            "start_s,end_s\n1,2\n",
            r#"[{"startMs": 2500, "endMs": 3200}]"#,
            r#"{"unit": "s", "windows": [[1, 2]]}"#,
        ] {
            assert!(!is_unknown(text, None), "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_key_holds_and_nothing_may_contradict_it() {
        let (seconds, millis) = (Some(Unit::Seconds), Some(Unit::Milliseconds));
        let read =
            |text: &str, unit| parse_list(text, "w", unit).map_err(|error| error.to_string());
        let list = r#"[{"startMs": 2500, "endMs": 3200}]"#;
        assert_eq!(read(list, None), read(list, millis));
        assert_eq!(read(list, None), read("[[2.5, 3.2]]", None));
        for (text, unit, part) in [
            (r#"[{"start": 1, "end": 2, "unit": "s"}]"#, millis, "`start` is in seconds"),
            (list, seconds, "index 0: `startMs` is in milliseconds, which is not the given unit"),
            ("start_s,end\n1,2\n", millis, "line 2: `start_s` is in seconds"),
            (r#"{"unit": "s", "windows": [[1, 2]]}"#, millis, "`unit` says seconds"),
            (
                r#"[{"startMs": 2500, "end": 3}]"#,
                None,
                "`startMs` names its unit and `end` does not",
            ),
            ("start,duration_ms\n1.5,200\n", None, "`duration_ms` names its unit and `start` does"),
            (
                r#"[{"startOffset": 16, "endOffset": 32}]"#,
                None,
                "`startOffset` may count characters",
            ),
            (r#"[{"offset": 16, "length": 16}]"#, None, "`length` may count characters"),
            (
                r#"[{"entity_type": "CREDIT_CARD", "start": 16, "end": 32}]"#,
                None,
                "`start` may count characters; if it is a time, say --unit",
            ),
            ("start,end,entity_type\n16,32,X\n", None, "`start` may count characters"),
        ] {
            let message = read(text, unit).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        for (text, unit) in [
            (r#"[{"startOffset": 2500, "endOffset": 3200}]"#, millis),
            (r#"[{"startOffset": 2.5, "length": 0.7}]"#, None),
            (r#"[{"startMs": 2500, "end": "3.2s"}]"#, None),
            (r#"[{"start": 2500, "end": 3200, "unit": "ms"}]"#, None),
            (r#"[{"startMs": 2500, "end": 3200}]"#, millis),
        ] {
            assert_eq!(read(text, unit), read("[[2.5, 3.2]]", None), "{text}");
        }
    }

    #[test]
    fn two_keys_for_one_time_are_refused_by_their_names() {
        for (text, part) in [
            (
                r#"[{"start": 1, "startTime": 1, "end": 2}]"#,
                "`start` and `startTime` may both be the start",
            ),
            (
                r#"[{"start": 1, "end": 2, "timestamp": [1, 2]}]"#,
                "`start` and `timestamp` may both",
            ),
            (r#"[{"onset": 1, "offset": 2, "duration": 1}]"#, "`offset` and `onset` may both"),
            ("start,end,end_ms\n1,2,2000\n", "line 1: `end` and `end_ms` may both be the end"),
            ("label,start,end,Label\na,1,2,b\n", "`Label` appears twice"),
        ] {
            assert!(error(text).contains(part), "{text}: {}", error(text));
        }
        // An end says more than a duration, and a moment is no pair.
        let expected = parse_list("[[1, 2]]", "w", None);
        let text = r#"[{"start": 1, "end": 2, "duration": 9, "timestamp": "2026-01-01"}]"#;
        assert_eq!(parse_list(text, "w", None), expected);
    }

    #[test]
    fn a_unit_beside_a_window_is_read_or_refused() {
        let expected = parse_list("[[1.5, 2.5]]", "w", None).unwrap();
        for text in [
            r#"[{"start": 1500, "end": 2500, "unit": "milliseconds"}]"#,
            r#"[{"start": 1500, "end": 2500, "Unit": "MS"}]"#,
            r#"{"start": 1500, "end": 2500, "time_unit": "millis"}"#,
            r#"[{"start": 1.5, "end": 2.5, "unit": "seconds"}]"#,
            r#"[{"start": 1.5, "end": 2.5, "unit": null}]"#,
            r#"{"Unit": "seconds", "windows": [[1.5, 2.5]]}"#,
        ] {
            assert_eq!(parse_list(text, "w", None).unwrap(), expected, "{text}");
        }
        for (text, part) in [
            (
                r#"[{"start":0.5,"end":1.5,"unit":"minutes"}]"#,
                "index 0: the unit beside a window is",
            ),
            (r#"[{"start":0.5,"end":1.5,"unit":""}]"#, "neither \"s\" nor \"ms\""),
            (r#"[{"start":0.5,"end":1.5,"UNIT":1}]"#, "`UNIT` is not a text"),
            (r#"[{"start":0.5,"end":1.5,"unit":"s","Unit":"ms"}]"#, "`unit` appears twice"),
            (r#"{"Unit":"ms","windows":[[1,2]]}"#, "`Unit` can only be \"s\""),
            ("start,end,unit\n1500.5,2500.5,ms\n", "line 1: the column `unit` is not read"),
            ("start,end,Unit\n1.5,2.5,\n", "line 1: the column `Unit` is not read"),
            ("1500.5,2500.5,ms\n", "line 1: only a start, an end and a label"),
        ] {
            assert!(error(text).contains(part), "{text}: {}", error(text));
        }
    }

    #[test]
    fn an_end_of_null_beside_a_duration_is_refused() {
        for text in [
            r#"[{"start": 1, "end": null, "duration": 5}]"#,
            r#"[{"start": 1, "to": null, "dur": "5s"}]"#,
        ] {
            assert!(error(text).contains("gives another end; remove one"), "{}", error(text));
        }
        for (text, is_open) in [
            (r#"[{"start": 1, "end": null, "duration": null}]"#, true),
            (r#"[{"start": 1, "end": 2, "duration": 5}]"#, false),
            (r#"[{"start": 1, "duration": 1}]"#, false),
        ] {
            let windows = parse_list(text, "w", None).unwrap();
            assert_eq!(windows[0].is_to_the_end(), is_open, "{text}");
            assert!(is_open || windows[0].end().as_secs() == 2, "{text}");
        }
        assert!(error("start,end,duration\n1,,5\n").contains("`end` is empty"));
    }

    #[test]
    fn a_comma_is_decimal_where_it_cannot_be_anything_else() {
        let start = |text: &str, unit| {
            parse_list(text, "w", unit).map(|windows| windows[0].start().as_millis())
        };
        for text in [
            "10,5;99\n",
            "10,500;99\n",
            "start,end\n\"10,5\",99\n",
            "10,5\t99\n",
            r#"[["10,5s", 99]]"#,
            r#"[["0:10,500", 99]]"#,
            "10,5-99\n",
        ] {
            assert_eq!(start(text, None), Ok(10_500), "{text}");
        }
        for (text, unit) in [
            (r#"[["10,500", 99]]"#, None),
            ("start,end\n\"10,500\",99\n", None),
            ("10,500\t99\n", None),
            ("10,500;99\n", Some(Unit::Milliseconds)),
            ("start_ms;end_ms\n10,500;99\n", None),
            ("start_ms;end_ms\n10.500;99\n", None),
        ] {
            let message = start(text, unit).unwrap_err().to_string();
            assert!(message.contains("500` may have a decimal sign or thousands"), "{message}");
        }
        for text in [r#"[["1.234,5", 99]]"#, r#"[["1,234,5", 99]]"#, "start;end\n1.234,5;99\n"] {
            assert!(error(text).contains("is not a time"), "{text}");
        }
    }

    #[test]
    fn columns_without_names_are_start_end_and_a_label() {
        let windows = parse_list("10;15;card\n20;25\n30;35;\n", "w", None).unwrap();
        let labels: Vec<_> = windows.iter().map(Window::label).collect();
        assert_eq!(labels, [Some("card"), None, None]);
        for text in ["5,10,12,25\n", "1,5,9;9\n", "10;15;1\n", "10;15;card;4\n", "10;15\n1;2;0,5\n"]
        {
            assert!(error(text).contains("need no names"), "{text}: {}", error(text));
        }
        assert!(error("10;15\n20\n").starts_with("w, line 2: `end` is empty"));
        assert!(error("-5;10\n").contains("negative"));
    }

    #[test]
    fn a_quote_that_is_not_closed_swallows_no_window() {
        for text in [
            "start,end,label\n0.1,0.2,\"card\n0.5,0.6,code\n1.0,1.2,name\n",
            "start;end;text\n0,1;0,2;\"card\n0,5;0,6;\"code\"\n",
            "start\tend\tword\n1.5\t2\t\"Hello\n2.5\t3\tyou\n",
            "0.1,0.2,card\r\n0.5,0.6,\"code\r\n1.0,1.2,name\r\n",
            "start,end,label\n0.1,0.2,\"two\nlines\"\n",
            "start,end,label\n0.1,0.2,\"two\rlines\"\n",
            "start,end,label\n0.1,0.2,\"card",
            "start,end,label\n0.1,0.2,\"card\n",
            "start,end,\"label\n0.1,0.2,card\"\n0.5,0.6,code\n",
        ] {
            let message = error(text);
            assert!(message.contains("a quote is not closed"), "{text}: {message}");
            assert!(!message.contains("card") && !message.contains("Hello"), "{message}");
        }
        let text = "start,end,label\n0.1, 0.2 ,\"card, \"\"new\"\"\"\n0.5,0.6,12\" long";
        let windows = parse_list(text, "w", None).unwrap();
        let labels: Vec<_> = windows.iter().map(Window::label).collect();
        assert_eq!(labels, [Some("card, \"new\""), Some("12\" long")]);
    }

    #[test]
    fn a_label_or_reason_with_a_control_character_is_refused() {
        for text in [
            r#"[[1, 2], {"start": 1, "end": 2, "label": "a\nb"}]"#,
            r#"[[1, 2], {"start": 1, "end": 2, "reason": "a\u001b[2J"}]"#,
            "start,end,label\n1,2,a\n1,2,a\u{1b}[2J\n",
            "1,2,a\n1,2,a\u{85}b\n",
            "1-2=a\n1-2=a\u{7f}b\n",
        ] {
            let message = error(text);
            assert!(message.starts_with("w, window 2: a label or reason has"), "{text}: {message}");
        }
    }

    #[test]
    fn unknown_names_are_told_and_what_was_said_is_not() {
        for (text, part) in [
            (
                r#"[{"startMin": 1, "word": "x"}]"#,
                "start of the window; there is `startMin`, `word`; write `start` and `end`, or start_time",
            ),
            (
                "Beginn;Ende\n1;2\n",
                "w, line 1: no key gives the start of the window; there is `Beginn`, `Ende`",
            ),
            (
                r#"{"results": [], "status": "x"}"#,
                "or {\"windows\": […]}; the keys are `results`, `status`",
            ),
        ] {
            assert!(error(text).contains(part), "{text}: {}", error(text));
        }
        let many: String = (0..9).map(|n| format!(r#""k{n}{}": 1,"#, "y".repeat(50))).collect();
        let message = error(&format!(r#"[{{{many}"z": 1}}]"#));
        assert!(message.contains(&format!("`k5{}`, …; write", "y".repeat(38))), "{message}");
        for text in [
            r#"[{"start": "my card is 4111 1111 1111 1111", "end": 2}]"#,
            r#"[{"start": "4111111111111111x", "end": 2}]"#,
            r#"[{"start": "Smith", "end": 2}]"#,
            "my card is,4111 1111 1111 1111\n",
            "to,4111 1111 1111 1111 Smith\n",
            "start,end\n4111111111111111,Smith\n",
            "10-15=card\n4111 1111 1111 1111 Smith\n",
            "10-15\n10-15@Smith=4111 1111\n",
            "10.5;12.25;card\nSmith 4111 1111;x\n",
            "start,end,channel\n1,2,4111111111111111\n",
            "start,end,Channel\n1,2,my name is Smith\n",
            r#"[{"start": 1, "end": 2, "channel": "my card is 4111 1111"}]"#,
            r#"[{"start": 1, "end": 2, "channel": {"name": "Smith"}}]"#,
            r#"[{"start": 1, "end": 2, "channel": 4111111111111111}]"#,
            "to,4111111111111111,Smith\n",
            "to,a4111111111111111\n",
            r#"[{"to": 1, "4111111111111111": 2}]"#,
            r#"{"4111 1111 1111 1111": 2}"#,
            r#"[{"start": 1, "end": 2, "channel_4111111111111111": 2}]"#,
        ] {
            let message = error(text);
            assert!(!message.contains("4111") && !message.contains("Smith"), "{message}");
        }
    }

    #[test]
    fn one_object_is_a_window_unless_there_are_others_in_it() {
        assert_eq!(
            parse_list(r#"{"start": 1, "end": 2.5, "tags": ["a"]}"#, "w", None),
            parse_list("[[1, 2.5]]", "w", None)
        );
        for text in [
            r#"{"start": 1, "end": 2.5, "marks": [{"start": 5, "end": 6}]}"#,
            r#"{"start": 1, "end": 2.5, "more": [[5, 6], [7, 8]]}"#,
            r#"{"more": [ [ "5", "6" ] ], "start": 1, "end": 2.5}"#,
            r#"{"start": 1, "end": 2.5, "more": [5, 6]}"#,
            r#"{"start": 1.5, "end": 2.5, "entity_type": [[5, 6]]}"#,
        ] {
            assert!(error(text).starts_with("w: expected [["), "{text}: {}", error(text));
        }
        for text in [
            r#"{"windows": [[1, 2.5]], "Windows": [[5, 6]]}"#,
            r#"{"WINDOWS": [[1, 2.5]], "windows": [[5, 6]]}"#,
        ] {
            assert!(error(text).contains("`windows` appears twice"), "{text}: {}", error(text));
        }
        for text in [
            r#"{"Windows": [[1, 2.5]]}"#,
            r#"{"timestamp": [1, 2.5], "tags": ["a"], "none": [], "channel": null}"#,
        ] {
            assert_eq!(parse_list(text, "w", None), parse_list("[[1, 2.5]]", "w", None), "{text}");
        }
    }

    #[test]
    fn a_problem_in_json_lines_is_named_with_its_line() {
        let first = "{\"start\":1,\"end\":2}\n\n";
        assert!(error(&format!("{first}[5,4]\n")).starts_with("w, line 3: the window 5-4"));
        assert!(error(&format!("{first}[5 4]\n")).starts_with("w, line 3, column 4: this is not"));
        assert!(error(&format!("{first}5\n")).starts_with("w, line 3: expected [start"));
        assert!(error(&format!("{first}[5,6] [7,8]\n")).starts_with("w, line 3, column 7"));
        // What is ignored may have any depth.
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(error(&format!(r#"[{{"start":{deep}}}]"#)).contains("more than 128 levels"));
        assert!(parse_list(&format!(r#"[{{"start":1,"end":2,"x":{deep}}}]"#), "w", None).is_ok());
    }

    #[test]
    fn files_are_read_in_utf_8_and_utf_16() {
        let text = "start;end;label\n10,5;12,25;Straße\n";
        let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        let expected = parse_list(text, "w", None).unwrap();
        for bytes in [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
            assert_eq!(parse_list_bytes(&bytes, "w", None).unwrap(), expected);
        }
        let old: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let message = parse_list_bytes(&old, "w", None).unwrap_err().to_string();
        assert!(
            message.starts_with("w: the file is not UTF-8 at byte 31, it looks like Windows-1252"),
            "{message}"
        );
    }

    /// Decimal digits of a time in a unit of so many nanoseconds.
    fn written(nanos: u64, unit: u64, point: char) -> String {
        let places = usize::try_from(unit.ilog10()).unwrap();
        format!("{}{point}{:0places$}", nanos / unit, nanos % unit)
    }

    proptest! {
        #[test]
        fn a_list_is_the_same_in_every_shape(
            times in prop::collection::vec((0u64..4_000_000_000_000_000, 1u64..90_000_000_000), 1..8),
            names in 0usize..6,
        ) {
            let windows: Vec<Window> = times.iter().map(|&(start, length)| {
                let time = std::time::Duration::from_nanos;
                Window::new(time(start), time(start + length)).unwrap()
            }).collect();
            let (seconds, millis) = (1_000_000_000, 1_000_000);
            let (start_key, end_key, unit, is_length) = [
                ("start", "end", seconds, false),
                ("start_time", "EndTime", seconds, false),
                ("BeginOffsetMillis", "EndOffsetMillis", millis, false),
                ("start_ms", "durationMs", millis, true),
                ("offset", "duration", seconds, true),
                ("startSec", "to_s", seconds, false),
            ][names];
            let rows = |point| times.iter().map(move |&(start, length)| {
                let last = if is_length { length } else { start + length };
                (written(start, unit, point), written(last, unit, point))
            });
            let json = |(start, end): (String, String)| {
                format!(r#"{{"text":"x","{start_key}":{start},"{end_key}":{end}}}"#)
            };
            let objects: Vec<String> = rows('.').map(json).collect();
            let mut texts = vec![
                format!("[{}]", objects.join(", ")),
                format!(r#"{{"windows":[{}]}}"#, objects.join(",\n")),
                objects.join("\n"),
            ];
            for (delimiter, point) in [(",", '.'), (";", '.'), (";", ','), ("\t", '.'), ("|", '.'), ("\t", ',')] {
                // Nine places, so never the three that may be thousands.
                if unit == millis && point == ',' {
                    continue;
                }
                let lines = rows(point).map(|(start, end)| format!("{end}{delimiter}x{delimiter}{start}\r\n"));
                let lines: String = lines.collect();
                texts.push(format!("{end_key}{delimiter}word{delimiter}{start_key}\r\n{lines}"));
                if !is_length && unit == seconds {
                    texts.push(rows(point).map(|(start, end)| format!("{start}{delimiter}{end}\n")).collect());
                }
            }
            if !is_length && unit == seconds {
                texts.push(rows('.').map(|(start, end)| format!("{start}-{end}\n")).collect());
                let pairs: Vec<_> = rows('.').map(|(start, end)| format!(r#"[{start},"{end}s"]"#)).collect();
                texts.push(format!("[{}]", pairs.join(",")));
                // A pair alone is no list.
                texts.extend((pairs.len() > 1).then(|| pairs.join("\n")));
            }
            for text in texts {
                let read = parse_list(&text, "w", None).map(|mut read| {
                    read.iter_mut().for_each(|window| window.is_unit_unknown = false);
                    read
                });
                prop_assert_eq!(read.as_ref(), Ok(&windows), "{}", text);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse_list(&text, "w", None);
        }

        #[test]
        fn no_table_panics(text in "(start|end_ms|to|offset|[0-9]{1,4})[;,\t|\"a-z0-9.,\n-]{0,40}") {
            let _ = parse_list(&text, "w", None);
        }

        #[test]
        fn no_json_panics(text in "[\\[\\]{}\",:0-9.eE+-]{0,40}") {
            let _ = parse_list(&text, "w", None);
        }
    }
}
