//! Bad input: the message, the exit code, and that nothing is left behind.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::*;

/// Runs `sordino file` into an empty folder. Checks the exit code and that the folder is still empty,
/// and returns the message.
fn fails(code: i32, args: &[&str]) -> String {
    let folder = Folder::new();
    let out = folder.path("o.wav");
    let result = sordino(&[["file", "-o", &out].as_slice(), args].concat());
    let message = stderr(&result);
    assert_eq!(result.status.code(), Some(code), "{args:?}: {message}");
    assert_eq!(folder.names(), [""; 0], "{args:?}");
    assert_eq!(stdout(&result), "", "{args:?}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

#[test]
fn a_bad_input_file_is_named() {
    let folder = Folder::new();
    let missing = folder.path("missing.wav");
    let message = fails(2, &[&missing, "-w", "1-2"]);
    assert!(message.starts_with(&format!("error: opening {missing}: No such file")), "{message}");
    assert!(
        fails(2, &[&folder.path(""), "-w", "1-2"])
            .contains("this is a folder; give the path of a recording")
    );
    let file = |name: &str, bytes: &[u8]| fails(1, &[&folder.write(name, bytes), "-w", "1-2"]);
    assert!(file("empty.wav", b"").contains("is empty (0 bytes)"));
    assert!(file("text.wav", b"four one one one one").contains("a text, not a recording"));
    assert!(file("short.wav", b"RIFF").contains("not a recording in a known"));
    let header = &fixture_bytes("call.wav")[..44];
    assert!(file("cut.wav", header).contains("is cut off after 0 frames"));
    let mut only = header.to_vec();
    only[40..44].copy_from_slice(&[0; 4]);
    assert!(file("only.wav", &only).contains("a header and no audio"));
    assert!(file("half.wav", &header[..30]).contains("its fmt chunk is too short"));
}

#[test]
fn each_bad_window_is_named_with_its_place_and_what_to_write_instead() {
    for (window, part) in [
        ("15-10", "error: reading the windows: -w 15-10: the window 15-10 does not end after"),
        ("10-10", "does not end after it starts; write START-END"),
        ("-5-10", "the time `-5` is negative; a recording begins at 0"),
        ("NaN-10", "`NaN` is not a time; write seconds"),
        ("1-1e400", "`1e400` is not a time"),
        ("ten", "is not a window; write START-END"),
        ("1-2@x", "`x` is not a channel"),
    ] {
        let message = fails(2, &[CALL, "-w", window]);
        assert!(message.contains(part), "{window}: {message}");
    }
    let past = fails(2, &[CALL, "-w", "1-2", "-w", "40-41"]);
    assert!(
        past.contains("the window 40-41 begins after the end of the recording, which lasts 38 s")
    );
    // Neither padding nor merging with another window makes it valid.
    for (more, named) in [
        (["-w", "38.1-39", "--pad", "200ms"], "the window 38.1-39 begins after the end"),
        (["-w", "36-39", "-w", "38.5-39"], "the window 38.5-39 begins after the end"),
    ] {
        let message = fails(2, &[[CALL, "-w", "1-2"].as_slice(), &more].concat());
        assert!(message.contains(named), "{message}");
    }
    let channel = fails(2, &[CALL, "-w", "1-2@7"]);
    assert!(
        channel.contains(
            "the window 1-2@7 is for a channel that the recording does not have; it has 2"
        )
    );
    assert!(fails(2, &[CALL]).contains("no window is given; add one, for example `-w 10-15`"));
}

#[test]
fn each_bad_list_is_named_with_line_or_index() {
    let folder = Folder::new();
    for (text, part) in [
        ("[[1, 2],\n [3, 4", "w, line 2, column 6: this is not JSON"),
        ("[[1, 2], [9, 3]]", "w, index 1: the window 9-3 does not end"),
        ("[]", "w: there is no window"),
        ("", "w: there is no window"),
        ("start,end\n1,2\n5,x\n", "w, line 3: `x` is not a time"),
    ] {
        let path = folder.write("w", text.as_bytes());
        let message = fails(2, &[CALL, "--windows", &path]);
        assert!(message.contains(part), "{text}: {message}");
    }
    assert!(fails(2, &[CALL, "--windows", &folder.path("no")]).contains("No such file"));
    assert!(fails(2, &["-", "--windows", "-"]).contains("cannot be both"));
}

#[test]
fn a_bad_treatment_is_a_wrong_call() {
    for args in [
        ["--gain", "2"],
        ["--gain", "-1"],
        ["--gain", "NaN"],
        ["--gain", "x"],
        ["--tone=0", "--json"],
        ["--tone=4000", "--json"],
        ["--pad", "-1"],
        ["--fade", "x"],
        ["--silence", "--tone"],
    ] {
        fails(2, &[[CALL, "-w", "1-2"].as_slice(), &args].concat());
    }
    let message = fails(2, &[CALL, "-w", "1-2", "--tone=4000"]);
    assert!(message.contains("can only hold tones below 4000 Hz"), "{message}");
}

#[test]
fn an_encoding_that_cannot_be_is_a_wrong_call() {
    let [flac, opus, mp3] = ["call.flac", "call.opus", "call.mp3"]
        .map(|name| fixture(name).to_str().unwrap().to_owned());
    let same = ["--encoding", "same"];
    for (input, more, part) in [
        (CALL, &["--no-md5"][..], "only a FLAC that is kept has an MD5"),
        (&flac, &["--no-md5"], "only a FLAC that is kept has an MD5"),
        (&flac, &["--no-md5", "--encoding", "pcm"], "add --encoding same"),
        (CALL, &["--encoding", "flac"], "invalid value 'flac'"),
        (CALL, &["--edge", "near"], "invalid value 'near'"),
        (&flac, &same, "name the output .flac, or .wav with --encoding pcm"),
        (&opus, &same, "name the output .opus, or .wav with --encoding pcm"),
        (&mp3, &same, "mp3 cannot be kept as it is; use --encoding pcm"),
    ] {
        let message = fails(2, &[&[input, "-w", "1-2"], more].concat());
        assert!(message.contains(part), "{more:?}: {message}");
    }
    // Where the name of the output says what is kept.
    let folder = Folder::new();
    for (input, output, more, part) in [
        (CALL, "o.flac", &["--no-md5"][..], "only FLAC stays so, and this recording is"),
        (&flac, "o.opus", &["--silence"], "a recording of flac stays FLAC"),
        (&flac, "o.flac", &["--encoding", "pcm"], "makes a WAV; name the output .wav"),
        (&opus, "o.opus", &["--silence", "--no-md5"], "only a FLAC that is kept has an MD5"),
        (&opus, "o.flac", &["--silence"], "name the output .opus"),
    ] {
        let out = folder.path(output);
        let result = sordino(&[&["file", input, "-w", "1-2", "-o", &out], more].concat());
        assert_eq!(result.status.code(), Some(2), "{output} {more:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{output} {more:?}: {}", stderr(&result));
        assert_eq!(folder.names(), [""; 0]);
    }
}

/// A bit of a frame that nobody decodes, in a run and in the file that was there before.
#[test]
fn a_damaged_flac_leaves_no_file_and_the_old_one_as_it_was() {
    let folder = Folder::new();
    let mut bytes = fixture_bytes("call.flac");
    let last = bytes.len() - 3000;
    bytes[last] ^= 1;
    let (input, out) = (folder.write("in.flac", &bytes), folder.path("out.flac"));
    for more in [&[][..], &["--no-md5"]] {
        for old in [None, Some(b"old")] {
            old.map(|old| folder.write("out.flac", old));
            let args = ["file", &input, "-w", "1-2", "-o", &out, "--force"];
            let result = sordino(&[&args[..], more].concat());
            assert_eq!(result.status.code(), Some(1), "{more:?}: {}", stderr(&result));
            assert!(stderr(&result).contains("damaged"), "{more:?}: {}", stderr(&result));
            assert_eq!(std::fs::read(&out).ok(), old.map(|old| old.to_vec()), "{more:?}");
        }
        std::fs::remove_file(&out).unwrap();
        assert_eq!(folder.names(), ["in.flac"]);
    }
}

#[test]
fn a_bad_output_path_is_a_wrong_call() {
    let folder = Folder::new();
    let input = folder.write("in.wav", &fixture_bytes("call.wav"));
    let to = |out: &str, more: &[&str]| {
        let result = sordino(&[["file", &input, "-w", "1-2", "-o", out].as_slice(), more].concat());
        assert_eq!(result.status.code(), Some(2), "{out}: {}", stderr(&result));
        stderr(&result)
    };
    assert!(to(&input, &["--force"]).contains("this is an input, which is never overwritten"));
    assert!(to(&folder.path("no/o.wav"), &[]).contains("its folder does not exist"));
    assert!(to(&folder.path(""), &["--force"]).contains("this is a folder"));
    #[cfg(unix)]
    assert!(to("/dev/null", &["--force"]).contains("this is not a file"));
    assert_eq!(std::fs::read(&input).unwrap(), fixture_bytes("call.wav"), "the input is untouched");
    assert_eq!(folder.names(), ["in.wav"]);
}

/// Audio that does not arrive is a failure, and no message says that it was delivered.
#[cfg(target_os = "linux")]
#[test]
fn audio_that_cannot_be_delivered_to_stdout_is_a_failure() {
    let folder = Folder::new();
    let (receipt, page) = (folder.path("r.json"), folder.path("page.html"));
    let audio = ["file", CALL, "-w", "1-2", "-o", "-", "--receipt", &receipt, "--report", &page];
    let fails = |result: Output, part: &str| {
        assert_eq!(result.status.code(), Some(1), "{part}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{part}: {}", stderr(&result));
        assert!(!stderr(&result).contains("redacted 1 window"), "{part}: {}", stderr(&result));
        assert_eq!(folder.names(), [""; 0], "{part}");
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    fails(command(&audio).stdout(full).output().unwrap(), "No space left on device");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    fails(command(&audio).stdout(writer).output().unwrap(), "Broken pipe");
    let readable = std::fs::File::open(CALL).unwrap();
    fails(command(&audio).stdout(readable).output().unwrap(), "Bad file descriptor");
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" >&-", env!("CARGO_BIN_EXE_sordino")]).args(audio);
    fails(shell.output().unwrap(), "stdout is closed");
    // `> /dev/null` is a choice, and succeeds.
    let nowhere = command(&audio).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!((nowhere.code(), folder.names().len()), (Some(0), 2));
}

#[cfg(unix)]
#[test]
fn text_that_nobody_reads_is_no_failure() {
    let folder = Folder::new();
    let out = folder.path("o.wav");
    let list = ["file", CALL, "-w", "1-2", "-o", &out, "--silence"];
    for args in [list.as_slice(), &["verify", CALL, &out, "-w", "1-2"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let result = command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(result.status.code(), Some(0), "{args:?}: {}", stderr(&result));
    }
    assert_eq!(folder.names(), ["o.wav"]);
}

/// Runs on a file system of 256 KiB, where one can be mounted.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let folder = Folder::new();
    let mount = ["-t", "tmpfs", "-o", "size=256k", "none", &folder.path("")];
    if !Command::new("mount").args(mount).output().is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    }
    let out = folder.path("o.wav");
    let result = sordino(&["file", CALL, "-w", "1-2", "-o", &out]);
    let names = folder.names();
    let unmounted = Command::new("umount").arg(folder.path("")).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(result.status.code(), Some(1), "{}", stderr(&result));
    assert!(stderr(&result).contains("No space left on device"), "{}", stderr(&result));
    assert_eq!(names, [""; 0]);
}

/// With overflow checks, which tests have, this file makes symphonia panic.
#[test]
fn a_decoder_that_panics_is_an_error_like_any_other() {
    let mut bytes = std::fs::read(fixture("../fuzz/findings/wav/ms-coefficients.wav")).unwrap();
    // An unknown size: everything after the header is audio.
    let data = (0..).find(|&at| bytes[at..].starts_with(b"data")).unwrap();
    bytes[data + 4..data + 8].fill(0xFF);
    let folder = Folder::new();
    let finding = folder.path("finding.wav");
    std::fs::write(&finding, bytes).unwrap();
    let message = fails(1, &[&finding, "-w", "0-0.001"]);
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("a decoder gave up on it"), "{message}");
}

/// Half of a recording is sent, so that the output is open; then the signal comes.
#[cfg(unix)]
#[test]
fn a_signal_half_way_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let folder = Folder::new();
        let out = folder.path("o.wav");
        let mut command = command(&["file", "-", "-w", "1-2", "-o", &out]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // More than the buffer of a pipe: when this returns, the command is reading.
        pipe.write_all(&fixture_bytes("call.wav")[..600_000]).unwrap();
        if cfg!(target_os = "linux") {
            let open = std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
            let mut open = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
            let folder = std::fs::canonicalize(folder.path("")).unwrap();
            assert!(open.any(|path| path.starts_with(&folder)), "the output is being written");
        } else {
            assert_eq!(folder.names().len(), 1, "the hidden file is there");
        }
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(folder.names(), [""; 0], "{signal}");
        drop(pipe);
    }
}
