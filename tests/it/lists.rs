//! Lists of windows from other tools: each is read correctly or refused with a clear error. None is
//! misread without an error.

use serde_json::Value;

use crate::support::*;

/// Runs `sordino file` on the call with this list; returns its JSON, or the message. A refusal has exit
/// code 2 and leaves no file.
fn run(list: &[u8], more: &[&str]) -> Result<Value, String> {
    let (folder, into) = (Folder::new(), Folder::new());
    let (path, out) = (folder.write("list", list), into.path("o.wav"));
    let args = ["file", CALL, "--windows", &path, "-o", &out, "--json", "--silence"];
    let result = sordino(&[args.as_slice(), more].concat());
    match result.status.code() {
        Some(0) => Ok(serde_json::from_slice(&result.stdout).unwrap()),
        Some(2) => {
            assert_eq!(into.names(), [""; 0], "no file is left");
            assert_eq!(stdout(&result), "");
            Err(stderr(&result))
        }
        other => panic!("{other:?}: {}", stderr(&result)),
    }
}

/// Start, end and channel of each window that was muted.
fn muted(list: &[u8], more: &[&str]) -> Vec<(f64, f64, Option<u64>)> {
    let json = run(list, more).unwrap();
    let windows = json["windows"].as_array().unwrap().iter();
    let of = |window: &Value| {
        let time = |key: &str| window[key].as_f64().unwrap();
        (time("start"), time("end"), window["channel"].as_u64())
    };
    windows.map(of).collect()
}

/// The two windows that every list here asks for.
const BOTH: [(f64, f64, Option<u64>); 2] = [(10.5, 12.25, None), (30.5, 35.2, None)];

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn lists_of_spreadsheets_and_scripts_are_read() {
    let german = "start;end;label\r\n10,5;12,25;Straße\r\n30,5;35,2;Name\r\n";
    let marked = format!("\u{feff}{german}");
    for list in [german, &marked] {
        assert_eq!(muted(list.as_bytes(), &[]), BOTH);
        assert_eq!(muted(&utf16(list, u16::to_le_bytes), &[]), BOTH);
        assert_eq!(muted(&utf16(list, u16::to_be_bytes), &[]), BOTH);
    }
    for list in [
        "10,5;12,25;Karte\n30,5;35,2\n",
        "10.5,12.25\n30.5,35.2\n",
        "Start (ms)\tDuration (ms)\tlabel\n10500\t1750\tcard\n30500\t4700\tname\n",
        "start\tend\tlabel\n10,5\t12,25\tcard\n30,5\t35,2\tname\n",
        "from|to\n10.5|0:12.25\n30.5|0:35.2\n",
        "10.5-12.25=card\n30.5-35.2\n",
        "{\"start\":10.5,\"end\":12.25}\n{\"start\":30.5,\"end\":35.2}\n",
        "[10.5,12.25]\n[30.5,35.2]\n",
        r#"[{"startMs":10500,"endMs":12250},{"startMs":30500,"endMs":35200}]"#,
        r#"[{"BeginOffsetMillis":10500,"EndOffsetMillis":12250},{"start_ms":30500,"end_ms":35200}]"#,
        r#"[{"offset":"PT10.5S","duration":"PT1.75S","lexical":"card"},{"start":30.5,"duration":4.7}]"#,
        r#"[{"start":"00:00:10,500","end":"00:00:12,250"},{"start":"30.5s","end":"35.200s"}]"#,
        r#"[{"startTime":10.5,"endTime":"12.25","word":"4111"},{"startOffset":"30.5s","endOffset":"35.200s"}]"#,
        r#"[{"text":"4111","timestamp":[10.5,12.25]},{"text":"4111","timestamp":[30.5,35.2]}]"#,
    ] {
        assert_eq!(muted(list.as_bytes(), &[]), BOTH, "{list}");
    }
    assert_eq!(muted(b"10.5-12.25\n30.5-\n", &[])[1].0, 30.5);
}

#[test]
fn what_was_said_is_never_a_label() {
    for key in ["text", "word", "content"] {
        let json = format!(r#"[{{"start":10.5,"end":12.25,"{key}":"4111"}}]"#);
        let csv = format!("start;end;{key}\n10,5;12,25;4111\n");
        for list in [json, csv] {
            let result = run(list.as_bytes(), &[]).unwrap().to_string();
            assert!(!result.contains("4111"), "{result}");
        }
    }
}

#[test]
fn a_list_that_may_mean_two_things_is_refused() {
    let cases: [(&str, &[u8], &str); 10] = [
        (
            "thousands",
            b"start,end\n\"10,500\",\"12,250\"\n",
            "line 2: `10,500` may have a decimal sign",
        ),
        ("German, bare", b"start,end\n10,5,12,25\n", "line 2: this row does not have as many"),
        ("German, without names", b"5,10,12,25\n", "line 1: only a start, an end and a label"),
        ("Windows-1252", b"start;end;label\r\n10,5;12,25;Stra\xDFe\r\n", "looks like Windows-1252"),
        ("a spreadsheet", b"PK\x03\x04\x14\0", "looks like a spreadsheet"),
        (
            "WhisperX",
            br#"[{"word":"a","start":1.1,"end":1.2},{"word":"2266"}]"#,
            "index 1: no key gives the start of the window; there is `word`",
        ),
        ("a service", br#"{"result":[{"start_time":"10.5"}]}"#, "the keys are `result`"),
        (
            "characters",
            br#"[{"offset":35,"length":16,"category":"x"}]"#,
            "`length` may count characters",
        ),
        ("two units", br#"[{"startMs":10500,"end":12.25}]"#, "`end` does not; name it in both"),
        (
            "two starts",
            br#"[{"start":10.5,"end":12.25,"startTime":11}]"#,
            "index 0: `start` and `startTime` may both be the start; keep one",
        ),
    ];
    for (name, list, part) in cases {
        let message = run(list, &[]).expect_err(name);
        assert!(message.contains(part), "{name}: {message}");
    }
}

#[test]
fn a_unit_that_contradicts_a_key_is_refused() {
    let list = br#"[{"startMs":10500,"endMs":12250},{"startMs":30500,"endMs":35200}]"#;
    assert_eq!(muted(list, &["--unit", "ms"]), BOTH);
    let message = run(list, &["--unit", "s"]).unwrap_err();
    assert!(message.contains("index 0: `startMs` is in milliseconds"), "{message}");
    let message = run(b"start_s;end_s\n10,5;12,25\n", &["--unit", "ms"]).unwrap_err();
    assert!(message.contains("line 2: `start_s` is in seconds"), "{message}");
}

/// `sordino windows` shows seconds, and must not make them certain for the next command.
#[test]
fn an_open_unit_stays_open_in_the_json_of_windows() {
    let folder = Folder::new();
    let path = folder.write("list", br#"[{"text":"4111","start":2500,"end":3200}]"#);
    let shown = sordino(&["windows", &path, "--json"]);
    assert!(stderr(&shown).contains("say --unit s or --unit ms"), "{}", stderr(&shown));
    let message = run(&shown.stdout, &[]).unwrap_err();
    assert!(message.contains("runs over the end of the recording"), "{message}");
    let known = sordino(&["windows", &path, "--json", "--unit", "ms"]);
    assert_eq!(stderr(&known), "");
    assert_eq!(muted(&known.stdout, &[]), [(2.5, 3.2, None)]);
}

#[test]
fn transcripts_and_labels_are_read_as_what_they_are() {
    let labels = b"10.500000\t12.250000\tcard\n";
    assert_eq!(muted(labels, &[]), [(10.5, 12.25, None)]);
    assert!(run(labels, &["--unit", "ms"]).unwrap_err().contains("has its own unit"));
    for (name, text) in [
        ("SubRip", &b"1\n00:00:10,500 --> 00:00:12,250\nhello\n"[..]),
        ("Whisper's TSV", b"start\tend\ttext\n10500\t12250\tcard\n"),
        ("Whisper", br#"{"text":"x","segments":[{"id":0,"start":10.5,"end":12.25,"text":"x"}]}"#),
    ] {
        let message = run(text, &[]).expect_err(name);
        assert!(message.contains("nothing is marked"), "{name}: {message}");
    }
}

#[test]
fn whole_milliseconds_are_refused_without_their_unit_and_read_with_it() {
    let list = br#"[{"text":"4111","start":2500,"end":3200,"confidence":0.9,"speaker":"B"}]"#;
    let message = run(list, &[]).unwrap_err();
    assert!(
        message.contains("as seconds 2500-3200 runs over the end of the recording, which lasts 38 s; say --unit s or --unit ms"),
        "{message}"
    );
    assert_eq!(muted(list, &["--unit", "ms"]), [(2.5, 3.2, None)]);
    // As seconds they are past the end, which is another error.
    assert!(run(list, &["--unit", "s"]).unwrap_err().contains("begins after the end"));
    // Nor are they labels of Audacity or segments of LosslessCut, whose times are seconds.
    for list in
        [&b"2500\t3200\tcard\n"[..], b"2500,3200,card\n", b"2500;3200;card\n", b"2500-3200\n"]
    {
        assert!(run(list, &[]).unwrap_err().contains("say --unit s or --unit ms"));
        assert_eq!(muted(list, &["--unit", "ms"]), [(2.5, 3.2, None)]);
    }
    let csv = b"start,end\n2500,3200\n10500,12s\n";
    assert_eq!(muted(csv, &["--unit", "ms"]), [(2.5, 3.2, None), (10.5, 12.0, None)]);
}

#[test]
fn whole_seconds_are_accepted_if_they_fit_or_the_unit_is_given() {
    assert_eq!(muted(b"[[10, 15]]", &[]), [(10.0, 15.0, None)]);
    assert!(run(b"[[1, 2], [30, 40]]", &[]).unwrap_err().contains("say --unit s or --unit ms"));
    assert_eq!(muted(b"[[30, 40]]", &["--unit", "s"]), [(30.0, 40.0, None)]);
    // A flag is in seconds, whatever unit the list has, and its unit is never in doubt.
    let flag = ["-w", "37-40"];
    assert_eq!(muted(b"[[10, 15]]", &flag), [(10.0, 15.0, None), (37.0, 40.0, None)]);
    let both = [flag.as_slice(), &["--unit", "ms"]].concat();
    assert_eq!(muted(b"[[2500, 3200]]", &both), [(2.5, 3.2, None), (37.0, 40.0, None)]);
}

#[test]
fn a_unit_without_a_list_is_a_usage_error() {
    for (unit, part) in
        [("ms", "error: reading --unit: it applies to --windows only"), ("min", "min")]
    {
        let result = sordino(&["file", CALL, "-w", "1-2", "--unit", unit, "-o", "-"]);
        assert_eq!(result.status.code(), Some(2));
        assert!(stderr(&result).contains(part), "{}", stderr(&result));
    }
}

/// A stream whose header declares no length: the unit of long windows is questioned before decoding,
/// that of others at the end.
#[test]
fn whole_milliseconds_are_refused_where_the_length_is_not_known() {
    let folder = Folder::new();
    let fed = |list: &[u8], unit: &[&str]| {
        let (path, out) = (folder.write("list", list), folder.path("o.wav"));
        let mut endless = fixture_bytes("call.wav");
        endless[4..8].copy_from_slice(&[0xFF; 4]);
        endless[40..44].copy_from_slice(&[0xFF; 4]);
        let args = ["file", "-", "--windows", &path, "-o", &out, "--force", "--silence"];
        let result = sordino_fed(&[args.as_slice(), unit].concat(), &endless);
        let message = stderr(&result);
        assert_eq!(result.status.code(), Some(if message.is_empty() { 0 } else { 2 }), "{message}");
        assert_eq!(folder.names().len(), if message.is_empty() { 2 } else { 1 });
        message
    };
    assert!(
        fed(b"[[2500, 3200]]", &[]).contains("their median length is 11:40, more than a minute")
    );
    assert!(
        fed(b"[[2500, 2550]]", &[])
            .contains("2500-2550 runs over the end of the recording, which lasts 38 s")
    );
    assert_eq!(fed(b"[[2500, 3200]]", &["--unit", "ms"]), "");
}

#[test]
fn the_audit_asks_for_the_unit_too() {
    let folder = Folder::new();
    let list = folder.write("list", b"[[2500, 3200]]");
    let out = folder.path("o.wav");
    assert!(sordino(&["file", CALL, "-w", "2.5-3.2", "-o", &out]).status.success());
    let args = ["verify", CALL, &out, "--windows", &list];
    let open = sordino(&args);
    assert_eq!(open.status.code(), Some(2));
    assert!(stderr(&open).contains("say --unit s or --unit ms"), "{}", stderr(&open));
    let said = sordino(&[args.as_slice(), &["--unit", "ms"]].concat());
    assert_eq!(said.status.code(), Some(0), "{}{}", stdout(&said), stderr(&said));
}

#[test]
fn a_key_that_appears_twice_is_refused() {
    let message = run(br#"{"windows":[[1,2]],"windows":[[5,6]]}"#, &[]).unwrap_err();
    assert!(message.contains("list: `windows` appears twice; keep one"), "{message}");
    let message = run(br#"[{"start":1,"end":2,"end":6}]"#, &[]).unwrap_err();
    assert!(message.contains("list, index 0: `end` appears twice; keep one"), "{message}");
}

#[test]
fn a_channel_under_any_name_is_read_or_refused() {
    for key in ["channel", "channels", "channel_index", "Channel", "channelId"] {
        let json = format!(r#"[{{"start": 1.5, "end": 2, "{key}": 1}}]"#);
        assert_eq!(muted(json.as_bytes(), &[]), [(1.5, 2.0, Some(1))], "{key}");
        let csv = format!("start,end,{key}\n1.5,2,1\n");
        assert_eq!(muted(csv.as_bytes(), &[]), [(1.5, 2.0, Some(1))], "{key}");
    }
    let message = run(br#"[{"start": 1.5, "end": 2, "channels": [0, 1]}]"#, &[]).unwrap_err();
    assert!(
        message.contains("index 0: `channels` is not one channel; write one number"),
        "{message}"
    );
    let message = run(br#"[{"start": 1.5, "end": 2, "channelTag": 1}]"#, &[]).unwrap_err();
    assert!(message.contains("index 0: `channelTag` may mean a channel"), "{message}");
}
