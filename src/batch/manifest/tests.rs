use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::batch::model::{Input, Key, Planned, WindowsSpec};

fn plan(out: Option<&str>) -> Planning {
    let out = out.map(|out| out.parse().unwrap());
    let receipts = Some("s3://evidence".parse().unwrap());
    Planning {
        out,
        receipts,
        policy: "p".into(),
        api: Api::Recordings,
        encoding: None,
        erases: true,
    }
}

fn manifest(text: impl Into<String>) -> Manifest {
    Manifest::of_bytes("m", text.into().into_bytes().into()).unwrap()
}

/// The jobs, each with its line, or the error.
fn jobs(manifest: &Manifest, plan: &Planning) -> Result<Vec<Planned>, ManifestError> {
    let checked = manifest.check(plan)?;
    let jobs = manifest.jobs(plan, &checked)?.collect::<Result<Vec<_>, _>>()?;
    assert_eq!(jobs.len() as u64, checked.rows);
    assert!(jobs.iter().all(|job| job.key == Key::of(&job.spec)));
    Ok(jobs)
}

/// The errors of a manifest, as lines.
fn errors(text: &str, plan: &Planning) -> Vec<String> {
    match manifest(text).check(plan) {
        Err(ManifestError::Wrong { errors, .. }) => {
            assert_eq!(errors.more, 0);
            errors.shown.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let csv = "in,out,windows,treatment,id\n\
        s3://calls/2026/a.mp3,,10-15; 30-35@1=card no,tone=440,7\n\
        s3://calls/b.wav,eu/b.wav,s3://calls/b.json,,\n";
    let lines = [
        json!({"in": "s3://calls/2026/a.mp3", "windows": ["10-15", "30-35@1=card no"], "treatment": "tone=440", "id": 7}),
        json!({"input": "s3://calls/b.wav", "output": "eu/b.wav", "windows": "s3://calls/b.json", "id": ""}),
    ];
    let lines = lines.map(|line| line.to_string()).join("\n\n");
    let plan = plan(Some("s3://clean/x/"));
    let (rows, lines) =
        (jobs(&manifest(csv), &plan).unwrap(), jobs(&manifest(lines), &plan).unwrap());
    assert_eq!(rows.iter().map(|job| job.line).collect::<Vec<_>>(), [Some(2), Some(3)]);
    assert_eq!(lines.iter().map(|job| job.line).collect::<Vec<_>>(), [Some(1), Some(3)]);
    let unlined = |jobs: &[Planned]| -> Vec<_> {
        jobs.iter().map(|job| Planned { line: None, ..job.clone() }).collect()
    };
    assert_eq!(unlined(&rows), unlined(&lines));
    let first = &rows[0];
    assert_eq!(first.id.as_deref(), Some("7"));
    assert_eq!(first.spec.output, "s3://clean/x/2026/a.wav");
    assert_eq!(first.spec.receipt.as_deref(), Some("s3://evidence/2026/a.wav.receipt.json"));
    let inline = ["10-15", "30-35@1=card no"].map(str::to_owned).to_vec();
    assert_eq!(first.spec.windows, WindowsSpec::Inline(inline));
    assert_eq!(first.spec.treatment.as_deref(), Some("tone=440"));
    assert_eq!((&*rows[1].spec.output, &rows[1].id), ("s3://clean/x/eu/b.wav", &None));
    assert_eq!(rows[1].spec.windows, WindowsSpec::Place("s3://calls/b.json".into()));
}

#[test]
fn recordings_in_genesys_are_rows_too() {
    let csv = "Conversation ID;recording_id;API;delete;windows\n\
        c-1;r-1;;;\"10-15;20-25\"\n\
        c-1;r-2;platform;2030-12-31;genesys:\n";
    let plan = plan(Some("clean"));
    let text = manifest(csv);
    let jobs = jobs(&text, &plan).unwrap();
    let checked = text.check(&plan).unwrap();
    assert_eq!(
        (checked.rows, checked.recordings, checked.platform, checked.deletions),
        (2, 1, 1, 1)
    );
    let [first, second] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!((&*first.spec.output, first.id.as_deref()), ("", Some("c-1/r-1")));
    assert_eq!(first.spec.receipt.as_deref(), Some("s3://evidence/c-1/r-1.receipt.json"));
    assert_eq!(second.spec.output, "clean/c-1/r-2.wav");
    let delete = Some("2030-12-31".to_owned());
    let (conversation, recording) = ("c-1".into(), "r-2".into());
    let input = Input::Genesys { api: Api::Platform, conversation, recording, delete };
    assert_eq!(second.spec.input, input);
    assert_eq!(second.spec.windows, WindowsSpec::Place("genesys:".into()));
}

#[test]
fn an_output_lies_where_the_row_or_the_folder_says() {
    for (out, input, own, expected) in [
        (Some("clean"), "s3://b/2026/a.mp3", "", "clean/2026/a.wav"),
        (Some("s3://c/p"), "s3://b/a", "", "s3://c/p/a.wav"),
        (Some("s3://c/p"), "s3://b/a.1", "", "s3://c/p/a.1.wav"),
        (Some("s3://c/p"), "s3://b/a.WAV", "", "s3://c/p/a.wav"),
        (Some("s3://c/p"), "s3://b/x/../../a.wav", "", "s3://c/p/a.wav"),
        (Some("s3://c/p"), "s3://b/a.wav", "./x//y.wav", "s3://c/p/x/y.wav"),
        (Some("s3://c/p"), "s3://b/a.wav", "s3://d/y.wav", "s3://d/y.wav"),
        (Some("s3://c/p"), "s3://b/a.wav", "/tmp/y.wav", "/tmp/y.wav"),
        (None, "s3://b/a.wav", "x/y.wav", "x/y.wav"),
        (None, "s3://b/a.wav", "../y.wav", "../y.wav"),
    ] {
        let csv = format!("in,out,windows\n{input},{own},1-2\n");
        let jobs = jobs(&manifest(csv), &plan(out)).unwrap();
        assert_eq!(jobs[0].spec.output, expected, "{input} {own}");
        let receipt = jobs[0].spec.receipt.as_deref().unwrap();
        assert!(receipt.starts_with("s3://evidence/") && !receipt.contains(".."), "{receipt}");
    }
    let missing = errors("in,windows\ns3://b/a.wav,1-2\n", &plan(None));
    assert_eq!(missing, ["line 2: `out` is missing; give it in each row, or --out for all"]);
    for own in ["../y.wav", "x/../../y.wav", "x/..", "."] {
        let said = errors(&format!("in,out,windows\ns3://b/a.wav,{own},1-2\n"), &plan(Some("c")));
        assert!(said[0].contains("leads out of --out"), "{own}: {said:?}");
    }
}

#[test]
fn every_row_that_is_wrong_is_named_with_its_line() {
    let csv = "in,out,windows,treatment,id,conversation,recording,api,delete\n\
        s3://b/a.wav,,\"10-15\n20-25\",,,,,,\n\
        s3://b/b.wav,,15-10,loud,,,,,\n\
        \n\
        s3://b/c.wav,,,,,,,,\n\
        ,,1-2,,,,,,\n\
        s3://b/d.wav,,1-2,,,c,r,,\n\
        ,,1-2,,,c,,,\n\
        ,,1-2,,,c,r,other,\n\
        ,,1-2,,,c/d,r,,\n\
        ,x.wav,1-2,,,c,r,recordings,\n\
        ,,1-2,,,c,s,recordings,2030-01-01\n\
        ftp://b/a.wav,,1-2,,,,,,\n\
        s3://b/,,1-2,,,,,,\n\
        s3://b/e.wav,,10:15,,,,,,\n\
        s3://b/f.wav,,nowhere.json,,,,,,\n\
        nowhere.wav,x/,1-2,,,,,,\n\
        s3://b/g.wav,,1-2\n\
        s3://b/h.wav,,1-2,,\"x\ny\",,,,\n\
        s3://b/i\"j\"k.wav,,1-2,,,,,,\n\
        s3://b/k.wav,,genesys:,,,,,platform,\n\
        -,,1-2,,,,,,\n";
    let said = errors(csv, &plan(Some("s3://out")));
    let expected = [
        "line 4: treatment `loud`: it is no treatment; write silence, gain=0.01 or tone=1000",
        "line 4: windows: the window 15-10 does not end after it starts",
        "line 6: `windows` is missing",
        "line 7: `in` is missing",
        "line 8: give `in`, or `conversation` and `recording`, not both",
        "line 9: `recording` is missing",
        "line 10: api `other`: write recordings or platform",
        "line 11: conversation `c/d`: this is no id",
        "line 12: `out` is empty with api recordings",
        "line 13: `delete` is for api platform",
        "line 14: in `ftp://b/a.wav`: `ftp://` is no store",
        "line 15: in `s3://b/`: this is a folder",
        "line 16: windows: `10:15` is one time, not a window",
        "line 17: windows `nowhere.json`: there is no such file",
        "line 18: in `nowhere.wav`: there is no such file",
        "line 18: out `x/`: this is a folder",
        "line 19: the row has 3 cells, the first line 9",
        "line 20: id: there is a line break",
        "line 22: there is a quote inside a cell",
        "line 23: `api` is for recordings in Genesys",
        "line 23: windows genesys: is for api platform",
        "line 24: in `-`: a row has no stdin or stdout",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said} / {expected}");
    }
}

#[test]
fn what_cannot_be_a_manifest_is_said_in_the_line_where_it_shows() {
    let plan = plan(Some("s3://out"));
    for (text, expected) in [
        ("", "line 1: the manifest is empty"),
        (" \n\n", "line 1: the manifest is empty"),
        ("in,windows\n", "line 1: the manifest has no row"),
        ("a,b\n", "line 1: the first line names no column; there are in, out, windows"),
        ("in,windoes\n", "line 1: `windoes` is no column; there are in, out, windows"),
        ("in,input\n", "line 1: the column `in` is there twice"),
        ("[{\"in\": \"a\"}]", "line 1: this is a JSON array; write JSON Lines"),
        ("{\"in\": \"a\", \"im\": 1}", "line 1: `im` is no key; there are in, out"),
        ("{\"in\": \"a\", \"input\": \"b\"}", "line 1: `in` is there twice"),
        ("{\"in\": 5}", "line 1: a value is no text"),
        ("{\"in\": \"a\",\n", "line 1: this is no JSON object in one line, at column 11"),
        ("{\"windows\": []}", "line 1: `in` is missing"),
        (
            "in,windows\ns3://b/a.wav,\"1-2\ns3://b/b.wav,1-2\n",
            "line 2: a quote in this row is not closed",
        ),
        (
            "in,windows\n\ns3://b/\u{1}.wav,1-2\n",
            "line 3: in `s3://b/\u{fffd}.wav`: there is a line break",
        ),
    ] {
        let said = errors(text, &plan);
        assert!(said[0].starts_with(expected), "{text:?}: {said:?}");
    }
    let long = format!("in,windows\n\"{}", "x\n".repeat(600_000));
    assert!(errors(&long, &plan)[0].starts_with("line 2: the row is longer than 1 MiB"));
    let latin = Manifest::of_bytes(
        "m",
        b"in,windows\ns3://b/a.wav,1-2\ns3://b/\xDF.wav,1-2\n".to_vec().into(),
    );
    let error = latin.unwrap().check(&plan).unwrap_err().to_string();
    assert_eq!(error, "m: line 3: the row is not UTF-8; save the manifest as text in UTF-8");
}

/// No message repeats what a row says in a place that has no place for it.
#[test]
fn an_error_of_json_repeats_no_value() {
    let said =
        errors("{\"in\": {\"name\": \"Jane Roe\"}, \"windows\": 4111}", &plan(Some("s3://out")));
    assert!(!said[0].contains("Jane") && !said[0].contains("4111"), "{said:?}");
}

#[test]
fn two_rows_with_one_output_and_an_output_that_is_read_are_errors() {
    let csv = "in,out,windows\n\
        s3://b/a.mp3,,1-2\n\
        s3://b/a.wav,,1-2\n\
        s3://c/x.wav,./a.wav,1-2\n\
        s3://b/d.wav,s3://b/e.wav,1-2\n\
        s3://b/e.wav,f.wav,s3://b/list.json\n\
        s3://b/g.wav,s3://b/list.json,1-2\n\
        s3://b/h.wav,h1.wav,s3://b/list.json\n";
    let expected = [
        "line 3: its output s3://out/a.wav is that of line 2 too",
        "line 3: its receipt s3://evidence/a.wav.receipt.json is that of line 2 too",
        "line 4: its output s3://out/a.wav is that of line 2 too",
        "line 4: its receipt s3://evidence/a.wav.receipt.json is that of line 2 too",
        "line 5: its output s3://b/e.wav is read in line 6",
        "line 7: its output s3://b/list.json is read in line 6",
    ];
    assert_eq!(errors(csv, &plan(Some("s3://out"))), expected);
    let genesys = "conversation,recording,windows\nc,r,1-2\nd,r,3-4\n";
    assert_eq!(
        errors(genesys, &plan(None)),
        ["line 3: its output recording r is that of line 2 too"]
    );
}

#[test]
fn local_files_are_looked_at_and_an_output_replaces_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for name in ["a.wav", "b.wav", "list.json"] {
        fs::write(path(name), "").unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(path("b.wav"), path("link.wav")).unwrap();
    #[cfg(not(unix))]
    fs::hard_link(path("b.wav"), path("link.wav")).unwrap();
    let row = |input: &str, out: &str, windows: &str| {
        format!("\"{}\",\"{}\",\"{}\"\n", path(input), path(out), path(windows))
    };
    let csv = [
        "in,out,windows\n".to_owned(),
        row("a.wav", "new/a.wav", "list.json"),
        row("a.wav", "a.wav", "list.json"),
        row("b.wav", "link.wav", "list.json"),
        row("c.wav", "new/c.wav", "gone.json"),
        row(".", "new/d.wav", "list.json"),
    ];
    let said = errors(&csv.concat(), &plan(None)).join("\n").replace(&path(""), "");
    let expected = "line 3: in `a.wav`: the output would replace it\n\
        line 3: its output a.wav is read in line 2\n\
        line 4: in `b.wav`: the output would replace it\n\
        line 5: in `c.wav`: there is no such file; paths are relative to the current folder\n\
        line 5: windows `gone.json`: there is no such file; paths are relative to the current folder\n\
        line 6: in `.`: this is no file";
    assert_eq!(said, expected);
}

#[test]
fn fifty_errors_are_shown_and_the_others_counted() {
    let csv = format!("in,windows\n{}", "s3://b/a.wav,2-1\n".repeat(120));
    let error = manifest(csv).check(&plan(Some("s3://out"))).unwrap_err().to_string();
    assert!(error.starts_with("m: 120 errors\n  line 2: windows: "), "{error}");
    assert!(error.ends_with("\n  and 70 more"), "{error}");
    assert_eq!(error.lines().count(), 52);
}

#[test]
fn windows_are_told_from_the_place_of_a_file() {
    let place = |text: &str| WindowsSpec::Place(text.into());
    let inline =
        |texts: &[&str]| WindowsSpec::Inline(texts.iter().map(|&text| text.into()).collect());
    let plan = plan(Some("s3://out"));
    for (text, expected) in [
        ("10-15", inline(&["10-15"])),
        (" 10-15 ;; 1:02.5-@0=a.b; ", inline(&["10-15", "1:02.5-@0=a.b"])),
        ("10-15.5", inline(&["10-15.5"])),
        ("1-2=see a/b.json", inline(&["1-2=see a/b.json"])),
        ("s3://b/10-15", place("s3://b/10-15")),
        ("s3://b/20260105-call.json", place("s3://b/20260105-call.json")),
    ] {
        let csv = format!("in,windows\ns3://b/a.wav,\"{text}\"\n");
        assert_eq!(jobs(&manifest(csv), &plan).unwrap()[0].spec.windows, expected, "{text}");
    }
    for (text, expected) in [
        ("20260105-call.json", "windows `20260105-call.json`: there is no such file"),
        ("./10-15", "windows `./10-15`: there is no such file"),
        ("list", "windows `list`: there is no such file"),
        ("10-5", "windows: the window 10-5 does not end"),
        ("10-15;x", "windows: `x` is not a window"),
        ("-1-2", "windows: the time `-1` is negative"),
        ("10", "windows: `10` is not a window"),
        (";", "`windows` holds no window"),
        ("1-2=a\tb", "windows: a label has a control character"),
    ] {
        let said = errors(&format!("in,windows\ns3://b/a.wav,\"{text}\"\n"), &plan);
        assert!(said[0].contains(expected), "{text}: {said:?}");
    }
}

#[test]
fn the_text_may_be_saved_in_any_usual_way() {
    let plain = "in,windows,id\ns3://b/a.wav,\"1-2;3-4\",Straße\ns3://b/b.wav,1-2,\n";
    let plan = plan(Some("s3://out"));
    let expected = jobs(&manifest(plain), &plan).unwrap();
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{plain}");
    let semicolons = plain.replace(',', ";");
    let tabs = plain.replace(',', "\t").replace('\n', "\r\n");
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("no newline at the end", plain.trim_end().as_bytes().to_vec()),
        ("CRLF", plain.replace('\n', "\r\n").into_bytes()),
        ("a mark", marked.clone().into_bytes()),
        ("semicolons", semicolons.into_bytes()),
        ("tabs", tabs.into_bytes()),
        ("blanks", plain.replace(',', " , ").into_bytes()),
        ("capitals", plain.replacen("in,windows,id", "In,WINDOWS,Id", 1).into_bytes()),
        ("UTF-16", wide(&marked, u16::to_le_bytes)),
        ("UTF-16, big", wide(&marked, u16::to_be_bytes)),
        ("UTF-16, no mark", wide(plain, u16::to_le_bytes)),
    ] {
        let path = folder.path().join("m.csv");
        fs::write(&path, &bytes).unwrap();
        for manifest in
            [Manifest::open(&path).unwrap(), Manifest::of_bytes("m", bytes.into()).unwrap()]
        {
            assert_eq!(jobs(&manifest, &plan).unwrap(), expected, "{name}");
        }
    }
    let damaged = Manifest::of_bytes("m", b"\xFF\xFEi\0n".to_vec().into()).unwrap_err().to_string();
    assert!(damaged.starts_with("m: the file is not UTF-8"), "{damaged}");
    let folder = Manifest::open(folder.path()).unwrap_err().to_string();
    assert!(folder.contains("it is no file"), "{folder}");
}

#[test]
fn a_manifest_that_changes_after_the_check_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.csv");
    fs::write(&path, "in,windows\ns3://b/a.wav,1-2\n").unwrap();
    let (manifest, plan) = (Manifest::open(&path).unwrap(), plan(Some("s3://out")));
    let checked = manifest.check(&plan).unwrap();
    fs::write(&path, "in,windows\ns3://b/a.wav,1-3\n").unwrap();
    let found: Vec<_> = manifest.jobs(&plan, &checked).unwrap().collect();
    let changed = ManifestError::Changed(path.display().to_string());
    assert!(matches!(&found[..], [Ok(_), Err(error)] if *error == changed), "{found:?}");
}

/// A corrected list or a replaced recording makes another job, so that it is not skipped as done.
#[test]
fn a_local_file_that_changed_makes_another_job() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.wav"), b"RIFF").unwrap();
    fs::write(path("a.json"), b"[[1, 2]]").unwrap();
    let (input, windows) = (path("a.wav"), path("a.json"));
    let text = format!("in,windows\n{},{}\n", input.display(), windows.display());
    let plan = plan(Some("s3://out"));
    let one = || jobs(&manifest(text.as_str()), &plan).unwrap().remove(0);
    let first = one();
    assert_eq!(first, one(), "nothing changed");
    let Input::Place { version: Some(version), .. } = &first.spec.input else {
        panic!("{first:?}")
    };
    assert!(version.starts_with("4-"), "{version}");
    assert!(first.spec.windows_version.as_deref().unwrap().starts_with("8-"), "{first:?}");
    fs::write(path("a.json"), b"[[1, 20]]").unwrap();
    let second = one();
    assert_ne!(first.key, second.key);
    assert_eq!(first.spec.input, second.spec.input);
    // Of the same size, written a second later.
    let file = fs::File::options().write(true).open(path("a.wav")).unwrap();
    let later = file.metadata().unwrap().modified().unwrap() + std::time::Duration::from_secs(1);
    file.set_modified(later).unwrap();
    let third = one();
    assert_ne!(second.key, third.key);
    assert_eq!(second.spec.windows_version, third.spec.windows_version);
    let of_all = [&first, &second, &third].map(|job| Key::without_versions(&job.spec));
    assert!(of_all.iter().all(|key| *key == of_all[0] && *key != first.key));
    // Nobody is asked about objects, nor about the transcript in Genesys.
    let text = "in,windows,conversation,recording,api\n\
        s3://b/a.wav,s3://b/a.json,,,\n\
        ,genesys:,c,r,platform\n";
    for job in jobs(&manifest(text), &plan).unwrap() {
        assert_eq!(job.spec.windows_version, None);
        assert_eq!(job.key, Key::without_versions(&job.spec));
        assert!(!serde_json::to_string(&job.spec).unwrap().contains("ersion\":"), "{job:?}");
    }
}

/// Before anything begins, not when the row starts.
#[test]
fn a_date_of_deletion_is_looked_at_with_its_row() {
    let text = "conversation,recording,api,windows,delete\n\
        c,r,platform,1-2,2030-12-31\n\
        c,s,platform,1-2,31.12.2030\n\
        c,t,platform,1-2,2030-12-31T18:00:00\n";
    let said = errors(text, &plan(Some("s3://out")));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("line 3: delete `31.12.2030`: write a date"), "{said:?}");
    assert!(said[1].starts_with("line 4: delete `2030-12-31T18:00:00`: write a date"), "{said:?}");
}

/// A row as people may write it: whatever a cell may hold.
fn row() -> impl Strategy<Value = [String; 5]> {
    let name = "[a-z \"',;é\\[{]{0,6}[a-z]";
    let label = prop_oneof![Just(String::new()), "=[a-z \",'é]{0,8}"];
    let window = (0_u32..900, 1_u32..100, label)
        .prop_map(|(start, length, label)| format!("{start}-{}{label}", start + length));
    let windows = prop::collection::vec(window, 1..4).prop_map(|windows| windows.join(";"));
    let treatment = prop::sample::select(vec!["", "silence", "gain=0.5", "tone"]);
    (name, name, windows, treatment, "[ -~é]{0,8}").prop_map(
        |(input, out, windows, treatment, id)| {
            [
                format!("s3://in/{input}.wav"),
                out,
                windows,
                treatment.to_owned(),
                id.trim().to_owned(),
            ]
        },
    )
}

proptest! {
    /// Whatever is written as CSV, in each way, and as JSON Lines, is read as the same jobs.
    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(row(), 1..12),
        delimiter in prop::sample::select(b",;\t".to_vec()),
        crlf in any::<bool>(),
        order in Just((0..5).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let names = ["in", "out", "windows", "treatment", "id"];
        let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(end).from_writer(Vec::new());
        writer.write_record(order.iter().map(|&at| names[at])).unwrap();
        let mut lines = String::new();
        for (at, row) in rows.iter().enumerate() {
            // Each has an output of its own.
            let mut row = row.clone();
            row[1] = format!("{at}/{}", row[1]);
            writer.write_record(order.iter().map(|&at| &row[at])).unwrap();
            let object: serde_json::Map<_, _> =
                order.iter().map(|&at| (names[at].to_owned(), row[at].clone().into())).collect();
            lines += &format!("{}\n", serde_json::Value::from(object));
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let plan = plan(Some("s3://out"));
        let read = |text: &str, header: u64| -> Vec<Planned> {
            let jobs = jobs(&manifest(text), &plan).unwrap();
            for (at, job) in jobs.iter().enumerate() {
                assert_eq!(job.line, Some(at as u64 + 1 + header));
            }
            jobs.into_iter().map(|job| Planned { line: None, ..job }).collect()
        };
        let (csv, json) = (read(&text, 1), read(&lines, 0));
        prop_assert_eq!(&csv, &json);
        for (job, row) in csv.iter().zip(&rows) {
            let Input::Place { place, .. } = &job.spec.input else { panic!() };
            prop_assert_eq!(place, &row[0]);
            prop_assert_eq!(job.id.as_deref().unwrap_or_default(), &row[4]);
            prop_assert_eq!(job.spec.treatment.as_deref().unwrap_or_default(), &row[3]);
        }
    }

    #[test]
    fn no_text_makes_a_manifest_panic(text in "(in,|out,|windows,|\\PC|\n|\"|;|\\{){0,60}") {
        let plan = plan(Some("s3://out"));
        drop(manifest(text.as_str()).check(&plan));
        drop(manifest(format!("in,windows,id\n{text}")).check(&plan));
        drop(manifest(format!("{{\"in\":{text}")).check(&plan));
    }
}

#[test]
fn a_format_that_is_kept_says_how_an_output_ends() {
    let with = |encoding| Planning { encoding, ..plan(Some("s3://clean")) };
    let (same, pcm, none) = (Some(Encoding::Same), Some(Encoding::Pcm), None);
    // Input, out cell, encoding; where it goes, or what is wrong.
    for (input, out, encoding, expected) in [
        ("a.flac", "", none, Ok("s3://clean/a.wav")),
        ("a.flac", "", pcm, Ok("s3://clean/a.wav")),
        ("a.FLAC", "", same, Ok("s3://clean/a.flac")),
        ("a.wav", "", same, Ok("s3://clean/a.wav")),
        ("a.au", "", same, Ok("s3://clean/a.wav")),
        ("a.bin", "", same, Ok("s3://clean/a.bin.wav")),
        ("a.mp3", "", same, Err("cannot be kept as it is; use --encoding pcm")),
        ("a.mp3", "", none, Ok("s3://clean/a.wav")),
        ("a.flac", "b.flac", none, Ok("s3://clean/b.flac")),
        ("a.flac", "b.flac", same, Ok("s3://clean/b.flac")),
        ("a.flac", "b.flac", pcm, Err("out `b.flac`: --encoding pcm makes a WAV")),
        ("a.flac", "b.wav", none, Ok("s3://clean/b.wav")),
        ("a.flac", "b.wav", same, Err("out `b.wav`: a recording in .flac stays FLAC; name")),
        ("a.wav", "b.flac", none, Err("out `b.flac`: a recording in .wav stays WAV; name")),
        ("a.mp3", "b.flac", none, Err("cannot be kept as it is; use --encoding pcm")),
        ("a.mp3", "b.wav", same, Err("cannot be kept as it is; use --encoding pcm")),
        ("a.bin", "b.flac", none, Ok("s3://clean/b.flac")),
        ("a.mka", "b.flac", none, Ok("s3://clean/b.flac")),
        ("a.opus", "", same, Ok("s3://clean/a.opus")),
        ("a.opus", "", none, Ok("s3://clean/a.wav")),
        ("a.ogg", "b.opus", none, Ok("s3://clean/b.opus")),
        ("a.opus", "b.wav", same, Err("out `b.wav`: a recording in .opus stays Ogg Opus; name")),
        ("a.wav", "b.opus", none, Err("out `b.opus`: a recording in .wav stays WAV; name")),
    ] {
        let row = manifest(format!("in,out,windows\ns3://calls/{input},{out},10-15\n"));
        let done = jobs(&row, &with(encoding)).map(|jobs| jobs[0].spec.output.clone());
        match (done, expected) {
            (Ok(output), Ok(expected)) => assert_eq!(output, expected),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{input} {out}: {error}");
            }
            (done, _) => panic!("{input} {out} {encoding:?}: {done:?}"),
        }
    }
    // The files of a recording of the Platform API are joined.
    let row = |out: &str| {
        format!("conversation,recording,api,out,windows\nc,r,platform,{out},genesys:\n")
    };
    assert_eq!(jobs(&manifest(row("")), &with(none)).unwrap()[0].spec.output, "s3://clean/c/r.wav");
    for (out, encoding) in [("x.flac", none), ("", same), ("x.wav", same)] {
        let said = errors(&row(out), &with(encoding)).join("\n");
        assert!(said.contains("are joined to one, which is a WAV"), "{said}");
    }
}

#[test]
fn an_opus_that_is_kept_and_not_erased_is_an_error_of_the_manifest() {
    let (same, none) = (Some(Encoding::Same), None);
    for (input, out, treatment, encoding, erases, is_wrong) in [
        ("a.opus", "", "", same, true, false),
        ("a.opus", "", "", same, false, true),
        ("a.opus", "", "silence", same, false, false),
        ("a.opus", "", "tone=500", same, true, true),
        ("a.opus", "b.opus", "", none, false, true),
        ("a.ogg", "b.opus", "", none, false, true),
        ("a.opus", "b.wav", "", none, false, false),
        ("a.flac", "", "", same, false, false),
    ] {
        let row = format!("in,out,windows,treatment\ns3://calls/{input},{out},10-15,{treatment}\n");
        let plan = Planning { encoding, erases, ..plan(Some("s3://clean")) };
        match jobs(&manifest(row), &plan) {
            Ok(_) => assert!(!is_wrong, "{input} {out} {treatment}"),
            Err(error) => {
                assert!(is_wrong && error.to_string().contains("add --silence"), "{error}");
            }
        }
    }
}
