//! `sordino bench`: its shape, and what it does when it cannot. What it measures depends on the
//! machine, and nothing here does.

use std::process::Stdio;

use serde_json::Value;

use crate::browser::Browser;
use crate::support::*;

/// A bench that is soon done, with its temporary files in this folder.
fn bench(folder: &Folder, args: &[&str]) -> std::process::Output {
    let mut command = command(&["bench", "--runs", "1"]);
    command.args(args).env("TMPDIR", folder.path("")).stdin(Stdio::null());
    command.output().unwrap()
}

/// All numbers, each with its place.
fn numbers(value: &Value, place: &str, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Number(number) => found.push((place.to_owned(), number.as_f64().unwrap())),
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                numbers(value, &format!("{place}/{at}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                numbers(value, &format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn json_is_one_object_of_numbers_above_zero() {
    let folder = Folder::new();
    let result = bench(&folder, &["--length", "2s", "--jobs", "2", "--json"]);
    assert!(result.status.success(), "{}", stderr(&result));
    let json: Value = serde_json::from_slice(&result.stdout).unwrap();
    let mut found = Vec::new();
    numbers(&json, "", &mut found);
    assert!(found.len() > 40, "{json}");
    for (place, number) in &found {
        assert!(*number > 0.0 && number.is_finite(), "{place}: {number}");
    }
    assert_eq!((&json["input"]["frames"], &json["runs"]), (&16_000.into(), &1.into()));
    let names = |key: &str| -> Vec<String> {
        let list = json[key].as_array().unwrap().iter();
        list.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("stages"), ["decode", "whole", "checked"]);
    let once = ["1 at once", "1 at once, self-check"];
    assert_eq!(names("processes")[..2], once);
    assert_eq!(names("processes")[2..], once.map(|name| name.replace('1', "2")));
    for list in ["stages", "processes"] {
        for one in json[list].as_array().unwrap() {
            for key in ["framesPerSecond", "timesRealTime", "megabytesPerSecond"] {
                assert!(one[key].is_number(), "{key} in {one}");
            }
            let cpu = &one["cpuSecondsPerRecordedHour"];
            assert!(cfg!(not(unix)) || cpu.is_number(), "{one}");
            // Stages share one process, whose peak never falls.
            let peak = one["peakMemoryBytes"].as_u64();
            assert_eq!(peak.is_some(), list == "processes", "{one}");
            assert!(peak.is_none_or(|peak| peak > 1_000_000), "{one}");
        }
    }
    assert_eq!(folder.names(), [] as [&str; 0], "nothing is left behind");
}

#[test]
fn any_recording_can_be_measured_and_the_table_names_it() {
    let folder = Folder::new();
    let result = bench(&folder, &[fixture("call.mp3").to_str().unwrap(), "--jobs", "1"]);
    assert!(result.status.success(), "{}", stderr(&result));
    let text = stdout(&result);
    assert!(text.contains("call.mp3 of 38 s: mp3 mp3, 8000 Hz"), "{text}");
    for line in ["decode ", "whole ", "checked ", "1 at once ", "1 at once, self-check "] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} in {text}");
    }
    assert!(!text.contains("2 at once"), "one job needs no second row");
}

#[test]
fn a_bad_call_is_said_before_anything_is_measured() {
    let folder = Folder::new();
    let there = folder.write("there.svg", b"mine");
    let noise = folder.write("noise.txt", b"this is not a recording, and long enough to tell");
    let cut = folder.write("cut.wav", &fixture_bytes("call.wav")[..100_000]);
    let no = folder.path("no.wav");
    for (code, args, why) in [
        (2, vec!["--length", "x"], "reading --length"),
        (2, vec!["--length", "0.1"], "at least a second"),
        (2, vec!["--length", "40:00:00"], "at most 37 hours"),
        (2, vec!["--runs", "0"], "--runs"),
        (2, vec!["--jobs", "0"], "--jobs"),
        (2, vec![CALL, "--length", "2s"], "cannot be used with"),
        (2, vec!["--chart", &there], "it exists already"),
        (2, vec![CALL, "--chart", CALL, "--force"], "this is an input"),
        (2, vec![&no], "No such file"),
        (2, vec!["/"], "this is not a file"),
        (1, vec![&noise], "a text, not a recording"),
        (1, vec![&cut], "the recording is cut off"),
    ] {
        let temporary = Folder::new();
        let result = bench(&temporary, &args);
        assert_eq!(result.status.code(), Some(code), "{args:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(why), "{args:?}: {}", stderr(&result));
        assert!(result.stdout.is_empty());
        assert_eq!(temporary.names(), [] as [&str; 0], "{args:?}");
    }
    assert_eq!(std::fs::read(&there).unwrap(), b"mine");
}

#[test]
fn without_others_on_the_path_they_are_skipped_and_that_is_said() {
    let folder = Folder::new();
    let mut command = command(&["bench", "--length", "1s", "--runs", "1", "--compare"]);
    command.env("TMPDIR", folder.path("")).env("PATH", "");
    let result = command.output().unwrap();
    assert!(result.status.success(), "{}", stderr(&result));
    let text = stdout(&result);
    for name in ["ffmpeg", "cp"] {
        assert!(text.contains(&format!("skipped: {name}: not found on the PATH")), "{text}");
    }
    for name in
        ["µ-law WAV", "FLAC", "FLAC, blocks of 4096", "MP3 32 kbit/s", "Ogg Vorbis", "AAC in M4A"]
    {
        assert!(text.contains(&format!("skipped: {name}: made with ffmpeg")), "{text}");
    }
    for line in ["16-bit WAV", "24 s clip"] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{text}");
    }
    assert_eq!(folder.names(), [] as [&str; 0]);
}

#[test]
fn everybody_who_is_here_is_compared() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let result = bench(&folder, &["--length", "1s", "--jobs", "1", "--compare", "--json"]);
    assert!(result.status.success(), "{}", stderr(&result));
    let json: Value = serde_json::from_slice(&result.stdout).unwrap();
    let comparison = &json["comparison"];
    let rows = comparison["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["input"].as_str().unwrap()).collect();
    let skipped = comparison["skipped"].to_string();
    let version = comparison["versions"]["ffmpeg"].as_str().unwrap();
    assert!(version.starts_with("ffmpeg version "), "{version}");
    for name in [
        "16-bit WAV",
        "µ-law WAV",
        "FLAC",
        "FLAC kept",
        "FLAC kept, no MD5",
        "FLAC, blocks of 4096 kept",
        "MP3 32 kbit/s",
        "Ogg Vorbis",
        "AAC in M4A",
        "24 s clip",
    ] {
        assert!(names.contains(&name) || skipped.contains(name), "{name}: {comparison}");
    }
    for row in rows {
        let ratio = row["timesAsFastAsFfmpeg"].as_f64().unwrap();
        let (ours, theirs) = (&row["sordino"]["seconds"], &row["ffmpeg"]["seconds"]);
        let expected = theirs["median"].as_f64().unwrap() / ours["median"].as_f64().unwrap();
        assert!((ratio - expected).abs() < 1e-9, "{row}");
    }
}

/// Every element is closed in its turn, and attributes are quoted.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    for piece in xml.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>') && tag.matches('"').count() % 2 == 0, "{piece}");
        let entities = text.match_indices('&');
        assert!(entities.into_iter().all(|(at, _)| text[at..].contains(';')), "{text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
}

#[test]
fn the_chart_is_one_picture_that_needs_nothing_else() {
    let folder = Folder::new();
    // A name that must not break out.
    let name = "a & b <i>\"c\".wav";
    let call = folder.write(name, &fixture_bytes("call.wav"));
    let path = folder.path("bench.svg");
    let result = bench(&folder, &[&call, "--jobs", "1", "--chart", &path]);
    assert!(result.status.success(), "{}", stderr(&result));
    assert_eq!(folder.names(), [name, "bench.svg"]);
    let svg = std::fs::read_to_string(&path).unwrap();
    assert_well_formed(&svg);
    assert!(svg.contains("a &amp; b &lt;i&gt;&quot;c&quot;.wav"));
    for part in ["role=\"img\"", "<title id=", "<desc id=", "prefers-color-scheme: dark", ">whole<"]
    {
        assert!(svg.contains(part), "{part}");
    }
    assert_eq!(svg.matches("http").count(), 1, "the namespace");

    let Some(browser) = Browser::open() else { return };
    browser.visit(&path);
    let root = "return [document.documentElement.tagName, document.querySelectorAll('parsererror').length]";
    assert_eq!(browser.run(root), serde_json::json!(["svg", 0]));
    let outside = "return [...document.querySelectorAll('text')].filter(text => {
        const box = text.getBBox(); return box.x < 0 || box.x + box.width > 760 }).length";
    assert_eq!(browser.run(outside), 0, "all words lie inside the picture");
}

#[cfg(unix)]
#[test]
fn a_bench_that_is_ended_leaves_nothing_behind() {
    let folder = Folder::new();
    let mut command = command(&["bench", "--length", "1:00", "--runs", "1000"]);
    command.env("TMPDIR", folder.path("")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while folder.names().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folder.names(), [] as [&str; 0]);
}
