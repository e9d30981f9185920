//! `sordino file` as a person uses it.

#[cfg(unix)]
use std::io::Write;
#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::process::{Command, Stdio};

use crate::support::*;

#[test]
fn the_readme_command_mutes_the_two_windows_and_nothing_else() {
    let folder = Folder::new();
    let out = folder.path("redacted.wav");
    let result = sordino(&["file", CALL, "-w", "10-15", "-w", "30.5-35.2", "-o", &out]);
    assert!(result.status.success(), "{}", stderr(&result));
    let sentence =
        format!("redacted 2 windows, 9.7 s of 38.0 s, {} -> {out}; self-check passed\n", CALL);
    assert_eq!(stdout(&result), sentence);
    assert!(stderr(&result).contains("note: a gain of 0.001 (-60 dB) leaves speech recoverable"));
    assert_eq!(folder.names(), ["redacted.wav"]);

    let (before, after) =
        (samples_16(&fixture_bytes("call.wav")), samples_16(&std::fs::read(&out).unwrap()));
    assert_eq!(before.len(), after.len());
    for (index, (&x, &y)) in before.iter().zip(&after).enumerate() {
        let frame = index / 2;
        let inside = (80_000..=120_000).contains(&frame) || (244_000..=281_600).contains(&frame);
        let expected = (f32::from(x) * 0.001f32).round_ties_even() as i16;
        assert_eq!(y, if inside { expected } else { x }, "frame {frame}");
    }
}

#[test]
fn json_is_one_object_with_the_numbers() {
    let folder = Folder::new();
    let out = folder.path("o.wav");
    let args = ["-w", "1-2@1=card number", "--silence", "--json", "-o", &out];
    let result = sordino(&[["file", CALL].as_slice(), &args].concat());
    let json: serde_json::Value = serde_json::from_slice(&result.stdout).unwrap();
    assert_eq!(json["status"], "completed");
    assert_eq!(
        (&json["frames"], &json["output"]["framesTreated"]),
        (&304_000.into(), &8001.into())
    );
    assert_eq!(json["windows"][0]["label"], "card number");
    assert_eq!(json["windows"][0]["channel"], 1);
    assert_eq!(json["treatment"]["recoverable"], false);
    assert_eq!(json["input"]["codec"], "pcm_s16le");
    assert_eq!(stderr(&result), "", "silence needs no note");
}

#[test]
fn stdin_and_stdout_make_a_pipe() {
    let folder = Folder::new();
    let out = folder.path("o.wav");
    sordino(&["file", CALL, "-w", "10-15", "-o", &out]);
    let piped = sordino_fed(&["file", "-", "-w", "10-15", "-o", "-"], &fixture_bytes("call.wav"));
    assert!(piped.status.success(), "{}", stderr(&piped));
    assert!(piped.stdout == std::fs::read(&out).unwrap());
    assert!(stderr(&piped).contains("redacted 1 window, 5.0 s of 38.0 s, stdin -> stdout"));
}

#[test]
fn windows_come_from_files_stdin_and_flags_together() {
    let folder = Folder::new();
    let json = folder.write("w.json", br#"[[10, 15], {"start": "0:30.5", "end": 35.2}]"#);
    let csv = folder.write("w.csv", b"start,end,label\n10,15,card\n30.5,35.2,code\n");
    let mut seen = Vec::new();
    for args in [
        vec!["--windows", &json],
        vec!["--windows", &csv],
        vec!["-w", "10-13", "-w", "12.5-15", "-w", "30.5-35.2"],
        vec!["-w", "10.1-14.9", "-w", "30.6-35.1", "--pad", "100ms"],
    ] {
        let all = [["file", CALL, "-o", "-"].as_slice(), &args].concat();
        let result = sordino(&all);
        assert!(result.status.success(), "{}", stderr(&result));
        seen.push(result.stdout);
    }
    let fed =
        sordino_fed(&["file", CALL, "-o", "-", "--windows", "-"], &std::fs::read(json).unwrap());
    seen.push(fed.stdout);
    assert!(seen.iter().all(|wav| *wav == seen[0]));
}

#[test]
fn treatments_do_what_they_say() {
    let treated = |args: &[&str]| {
        let all = [["file", CALL, "-w", "11-13@1", "-o", "-"].as_slice(), args].concat();
        let result = sordino(&all);
        assert!(result.status.success(), "{}", stderr(&result));
        let samples = samples_16(&result.stdout);
        samples.chunks(2).map(|pair| pair[1]).collect::<Vec<_>>()
    };
    let inside = 88_000..104_001;
    assert!(treated(&["--silence"])[inside.clone()].iter().all(|&sample| sample == 0));
    assert_eq!(treated(&["--gain", "0"]), treated(&["--silence"]));
    let tone = treated(&["--tone"]);
    assert_eq!(tone, treated(&["--tone=1000"]));
    // 1000 Hz at 8000 Hz: eight frames for each period, 0.1 of full scale.
    assert_eq!(tone[88_000..88_008], [0, 2317, 3277, 2317, 0, -2317, -3277, -2317]);
    let original: Vec<_> =
        samples_16(&fixture_bytes("call.wav")).chunks(2).map(|pair| pair[1]).collect();
    let faded = treated(&["--silence", "--fade", "10ms"]);
    assert_eq!(faded[..87_920], original[..87_920]);
    assert_ne!(faded[87_920..88_000], original[87_920..88_000]);
    assert!(faded[inside].iter().all(|&sample| sample == 0));
}

#[test]
fn a_window_over_the_end_is_cut_with_a_warning() {
    let result = sordino(&["file", CALL, "-w", "37-60", "-o", "-", "--silence"]);
    assert!(result.status.success());
    let warning = "warning: the window 37-1:00 runs over the end and was cut there";
    assert!(stderr(&result).contains(warning), "{}", stderr(&result));
}

/// Padding that runs over the end is cut too, without a warning.
#[test]
fn only_a_window_that_runs_over_the_end_without_its_padding_gets_a_warning() {
    let warnings = |last: &str| {
        let args = ["-w", "1-2", "-w", last, "--pad", "200ms", "--silence", "-o", "-"];
        let result = sordino(&[["file", CALL].as_slice(), &args].concat());
        assert!(result.status.success(), "{}", stderr(&result));
        let (samples, said) = (samples_16(&result.stdout), stderr(&result));
        assert_eq!(samples.len(), 608_000);
        let first = 2 * 8 * 37_800;
        assert!(samples[first..].iter().all(|&sample| sample == 0), "{last}");
        said.lines()
            .filter(|line| line.starts_with("warning"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings("37.9-37.99"), [""; 0]);
    let warning = "warning: the window 37.9-38.005 runs over the end and was cut there";
    assert_eq!(warnings("37.9-38.005"), [warning]);
}

#[test]
fn an_output_that_exists_is_replaced_only_by_force() {
    let folder = Folder::new();
    let out = folder.write("o.wav", b"mine");
    let args = ["file", CALL, "-w", "1-2", "-o", &out];
    let result = sordino(&args);
    assert_eq!(result.status.code(), Some(2));
    assert!(stderr(&result).contains("give --force to replace it"));
    assert_eq!(std::fs::read(&out).unwrap(), b"mine");
    assert!(sordino(&[args.as_slice(), &["--force"]].concat()).status.success());
    assert_eq!(std::fs::read(&out).unwrap().len(), 1_216_044);
    assert_eq!(folder.names(), ["o.wav"]);
}

/// A link to something that is not a file is refused, and the link stays.
#[cfg(unix)]
#[test]
fn a_link_to_a_pipe_or_device_is_no_more_replaced_than_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = Folder::new();
    let (fifo, link, device) = (folder.path("fifo"), folder.path("link"), folder.path("device"));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    symlink("fifo", &link).unwrap();
    symlink("/dev/null", &device).unwrap();
    for path in [&fifo, &link, &device] {
        let receipt = ["-o", "-", "--receipt", path];
        for args in [["-o", path].as_slice(), &receipt, &["-o", "-", "--report", path]] {
            let result =
                sordino(&[["file", CALL, "-w", "1-2", "--force"].as_slice(), args].concat());
            assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
            let mend = "this is not a file; to write into a pipe or device, give -o - and redirect";
            assert!(stderr(&result).contains(mend), "{args:?}: {}", stderr(&result));
        }
    }
    assert!(std::fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("fifo"));
    assert_eq!(std::fs::read_link(&device).unwrap(), Path::new("/dev/null"));
    assert_eq!(folder.names(), ["device", "fifo", "link"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_stays_and_the_file_is_replaced() {
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let real = elsewhere.write("real.wav", b"old");
    let (link, other, nowhere) =
        (folder.path("link.wav"), folder.path("other.wav"), folder.path("nowhere.wav"));
    symlink(&real, &link).unwrap();
    symlink(&real, &other).unwrap();
    symlink(elsewhere.path("missing"), &nowhere).unwrap();
    let run = |args: &[&str]| {
        let result = sordino(&[["file", CALL, "-w", "1-2"].as_slice(), args].concat());
        (result.status.code(), stderr(&result) + &stdout(&result))
    };
    for (args, part) in [
        (["-o", &link].as_slice(), "give --force to replace it"),
        (&["-o", &nowhere], "give --force to replace it"),
        (&["-o", &nowhere, "--force"], "this is a link to nothing"),
        (&["-o", &link, "--receipt", &other, "--force"], "another output goes there"),
    ] {
        let (code, said) = run(args);
        assert!(code == Some(2) && said.contains(part), "{args:?}: {said}");
    }
    assert_eq!(std::fs::read(&real).unwrap(), b"old");
    let (code, said) = run(&["-o", &link, "--force"]);
    assert!(code == Some(0) && said.contains(&format!("-> {link}; self-check")), "{said}");
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(&real));
    assert_eq!(std::fs::read(&real).unwrap().len(), 1_216_044);
    assert_eq!(elsewhere.names(), ["real.wav"]);
    assert_eq!(folder.names(), ["link.wav", "nowhere.wav", "other.wav"]);
    // The input may not be written through a link either.
    let (code, said) = (sordino(&["file", &real, "-w", "1-2", "-o", &link, "--force"]), "an input");
    assert!(code.status.code() == Some(2) && stderr(&code).contains(said), "{}", stderr(&code));
}

/// While the recording is redacted, a folder appears at its output path, so that it cannot be delivered.
/// The side outputs are in place by then.
#[cfg(unix)]
#[test]
fn a_run_that_fails_at_the_end_loses_nothing_old() {
    for (force, old) in [(true, true), (true, false), (false, false)] {
        let folder = Folder::new();
        let paths = ["o.wav", "r.json", "page.html"].map(|name| folder.path(name));
        if old {
            paths[1..].iter().for_each(|path| std::fs::write(path, "old").unwrap());
        }
        let mut args = vec!["file", "-", "-w", "1-2", "-o", &paths[0], "--receipt", &paths[1]];
        args.extend(["--report", &paths[2]]);
        args.extend(force.then_some("--force"));
        let mut command = command(&args);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut pipe, bytes) = (child.stdin.take().unwrap(), fixture_bytes("call.wav"));
        // More than the buffer of a pipe: when this returns, the paths have been checked.
        pipe.write_all(&bytes[..600_000]).unwrap();
        std::fs::create_dir(&paths[0]).unwrap();
        pipe.write_all(&bytes[600_000..]).unwrap();
        drop(pipe);
        let result = child.wait_with_output().unwrap();
        assert_eq!(result.status.code(), Some(1), "{}", stderr(&result));
        let part = format!("error: delivering the redacted recording: cannot write {}", paths[0]);
        assert!(stderr(&result).starts_with(&part), "{}", stderr(&result));
        let names: &[&str] = if old { &["o.wav", "page.html", "r.json"] } else { &["o.wav"] };
        assert_eq!(folder.names(), names, "force {force}, old {old}");
        for path in paths[1..].iter().filter(|_| old) {
            assert_eq!(std::fs::read(path).unwrap(), b"old", "{path}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_output_gets_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (out, other) = (folder.path("o.wav"), folder.write("other", b""));
    assert!(sordino(&["file", CALL, "-w", "1-2", "-o", &out]).status.success());
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&out), mode(&other));
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let help = sordino(&["file", "--help"]);
    assert!(help.status.success());
    let text = stdout(&help);
    assert!(text.contains("sordino file call.wav -w 10-15 -w 30.5-35.2 -o redacted.wav"));
    assert!(text.contains("Exit codes: 0 done; 1 it failed"));
}
