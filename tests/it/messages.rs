//! What the command says besides its result: `--quiet`, `--verbose`, wrong calls, completions and
//! manual pages. And the words of its JSON, which are those of the receipt.

use serde_json::Value;
use sordino::sandbox::{Sandbox, SandboxOptions};

use crate::support::*;

const MUTE: [&str; 6] = ["file", CALL, "-w", "37-60=card number", "-o", "-"];

/// What `sordino` prints on stderr with these arguments and one more flag.
fn said(args: &[&str], flag: &str) -> String {
    let result = sordino(&[args, &[flag]].concat());
    assert!(result.status.success(), "{flag}: {}", stderr(&result));
    stderr(&result)
}

#[test]
fn quiet_prints_warnings_and_errors_only() {
    let warning = "warning: the window 37-1:00 runs over the end and was cut there\n";
    assert_eq!(said(&MUTE, "--quiet"), warning);
    let normal = sordino(&MUTE);
    assert!(stderr(&normal).contains("note: a gain of 0.001"), "{}", stderr(&normal));
    assert!(stderr(&normal).contains("redacted 1 window"), "{}", stderr(&normal));
    let wrong = sordino(&["file", "-q", CALL, "-w", "40-41", "-o", "-"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).starts_with("error: redacting"), "{}", stderr(&wrong));
    // JSON was asked for, so it stays.
    let json = said(&[&MUTE[..], &["--json"]].concat(), "-q");
    let json = json.strip_prefix(warning).unwrap();
    assert_eq!(serde_json::from_str::<Value>(json).unwrap()["status"], "completed");
    // The result on stdout stays too.
    let info = sordino(&["info", CALL, "-q"]);
    assert_eq!((stderr(&info), stdout(&info)), (String::new(), stdout(&sordino(&["info", CALL]))));
}

#[test]
fn verbose_prints_formats_bytes_and_times() {
    let text = said(&MUTE, "-v");
    for part in [
        ": wave pcm_s16le, 8000 Hz, 2 channels, 304000 frames\n",
        "detail: done in ",
        "; 8000 frames treated\n",
        "detail: 1216044 bytes read; 1216044 bytes of WAV go to stdout\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!stderr(&sordino(&MUTE)).contains("detail: "));
    let details = text.lines().filter(|line| line.starts_with("detail: "));
    assert!(details.clone().count() >= 3 && details.clone().all(|line| !line.contains("card")));
    let folder = Folder::new();
    let out = folder.path("o.wav");
    assert!(sordino(&["file", CALL, "-w", "1-2", "-o", &out]).status.success());
    let text = said(&["verify", CALL, &out, "-w", "1-2"], "--verbose");
    assert!(text.contains("detail: redacted: wave pcm_s16le, 8000 Hz"), "{text}");
    assert!(said(&["info", CALL], "-v").contains("detail: decoded 1216044 bytes in "));
}

#[test]
fn both_at_once_are_a_wrong_call() {
    let result = sordino(&["info", CALL, "-q", "-v"]);
    assert_eq!(result.status.code(), Some(2), "{}", stderr(&result));
    assert!(stderr(&result).contains("cannot be used with"), "{}", stderr(&result));
}

/// Every visible command takes both flags, and shows them in its help.
#[test]
fn quiet_and_verbose_are_flags_of_every_command() {
    for command in COMMANDS {
        let help = stdout(&sordino(&[command, "--help"]));
        assert!(
            help.contains("-q, --quiet") && help.contains("-v, --verbose"),
            "{command}: {help}"
        );
    }
}

#[test]
fn verbose_shows_the_steps_at_genesys_and_no_secret() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = SandboxOptions::default();
    let sandbox = Sandbox::new(options.clone());
    sandbox.add_recording("call", fixture_bytes("call.wav"));
    ["locate=429:0", "upload=503"].iter().for_each(|fault| sandbox.inject(fault.parse().unwrap()));
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    let run = |flag: &str| {
        let mut command = command(&["recording", "-w", "1-2=card number", flag]);
        command
            .env("GENESYS_BASE_URL", &base)
            .env("GENESYS_CLIENT_ID", &options.client_id)
            .env("GENESYS_CLIENT_SECRET", &options.client_secret)
            .env("GENESYS_RECORDING_ID", "call")
            .env("GENESYS_CONVERSATION_ID", "conversation");
        let result = command.output().unwrap();
        assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
        stderr(&result)
    };
    let text = run("--verbose");
    for part in [
        "detail: locate: begins\n",
        "upload: waiting ",
        ", after 1 retry, correlation id ",
        "detail: fetch: answered in ",
        "detail: grant: recording ",
        "detail: upload: answered in ",
        "detail: 1216044 bytes of WAV to upload\n",
        "detail: complete: answered in ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for secret in [options.client_secret.as_str(), "signature", "http", "Bearer", "card"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(!sandbox.tokens().iter().any(|token| text.contains(token)), "{text}");
    assert_eq!(run("--quiet"), "");
}

/// Somebody who has never used it types something, and reads what to type instead.
#[test]
fn a_wrong_call_says_what_to_type() {
    let folder = Folder::new();
    let out = folder.path("o.wav");
    for (args, part) in [
        (&[][..], "sordino demo "),
        (&["file"], "Usage: sordino file INPUT -w START-END -o OUTPUT"),
        (&["file", CALL], "Usage: sordino file INPUT -w START-END -o OUTPUT"),
        (
            &["file", CALL, "-o", &out],
            "add one, for example `-w 10-15` for 10 s to 15 s, or a list",
        ),
        (&["recording"], "no window is given; add one"),
        (
            &["verify", CALL],
            "two recordings are needed: `sordino verify ORIGINAL REDACTED -w START",
        ),
        (&["verify", CALL, CALL], "no window is given; add one"),
        (&["verify", CALL, CALL, "-w", "1-2", "--tolerance", "5"], "for example -60"),
        (&["file", CALL, "-w", "10", "15", "-o", &out], "tip: a window is one word: -w 10-15"),
        (&["file", CALL, "-w", "1-2", "--tone", "440", "-o", &out], "tip: write --tone=440"),
        (&["file", "fixtures", "-w", "1-2", "-o", &out], "this is a folder; give the path of a"),
        (&["info", "fixtures"], "this is a folder; give the path of a recording"),
        (
            &["man", "fiel"],
            "sordino has no command `fiel`; give one of file, recording, batch, work",
        ),
        (&["completions", "cmd"], "possible values: bash, elvish, fish, powershell, zsh"),
        (&["fil"], "a similar subcommand exists: 'file'"),
    ] {
        let result = sordino(args);
        assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
        assert!(stderr(&result).contains(part), "{args:?}: {}", stderr(&result));
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn completions_offer_every_command_and_no_hidden_one() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let result = sordino(&["completions", shell]);
        assert!(result.status.success(), "{}", stderr(&result));
        let script = stdout(&result);
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
        assert!(script.contains("no-self-check") && !script.contains("bench-stages"), "{shell}");
    }
    // bash is on every machine that runs these tests on Unix.
    #[cfg(unix)]
    {
        let script = stdout(&sordino(&["completions", "bash"]));
        let ask =
            "COMP_WORDS=(sordino ver); COMP_CWORD=1; _sordino sordino ver; echo ${COMPREPLY[*]}";
        let asked = std::process::Command::new("bash").args(["-c", &(script + ask)]).output();
        assert_eq!(stdout(&asked.unwrap()), "verify\n");
    }
}

#[test]
fn manual_pages_are_printed_and_written() {
    let page = stdout(&sordino(&["man"]));
    assert!(page.contains(".TH sordino 1") && page.contains("sordino\\-file(1)"), "{page}");
    let page = stdout(&sordino(&["man", "file"]));
    assert!(page.contains("sordino\\-file") && page.contains("\\-\\-no\\-self\\-check"), "{page}");
    assert!(page.contains("Exit codes: 0 done"), "{page}");
    let folder = Folder::new();
    let result = sordino(&["man", "--out", &folder.path("man1")]);
    assert_eq!(stderr(&result), format!("note: the manual pages are in {}\n", folder.path("man1")));
    let written = std::fs::read_dir(folder.path("man1")).unwrap();
    let mut names: Vec<_> =
        written.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut expected: Vec<_> = COMMANDS.iter().map(|name| format!("sordino-{name}.1")).collect();
    expected.push("sordino.1".into());
    expected.sort();
    assert_eq!(names, expected);
    let file = std::fs::read_to_string(folder.path("man1/sordino-file.1")).unwrap();
    assert_eq!(file.trim_end(), page.trim_end());
}

/// Checks that whatever stands in both, at the same place, is the same; returns how many values are.
fn agree(result: &Value, receipt: &Value, place: &str) -> usize {
    match (result, receipt) {
        (Value::Object(one), Value::Object(other)) => one
            .iter()
            .filter_map(|(key, value)| Some((key, value, other.get(key)?)))
            .map(|(key, value, other)| agree(value, other, &format!("{place}.{key}")))
            .sum(),
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{place}");
            let pairs = one.iter().zip(other).enumerate();
            pairs.map(|(at, (one, other))| agree(one, other, &format!("{place}[{at}]"))).sum()
        }
        (one, other) => {
            assert_eq!(one, other, "{place}");
            1
        }
    }
}

/// Results, `info` and `verify` name a fact as the receipt does, at the same place.
#[test]
fn json_speaks_the_language_of_the_receipt() {
    let folder = Folder::new();
    let (out, receipt) = (folder.path("o.wav"), folder.path("r.json"));
    let args = ["file", CALL, "-w", "1-2@1=card", "-w", "37-60", "-o", &out, "--receipt", &receipt];
    let parse = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let result = parse(stdout(&sordino(&[&args[..], &["--json"]].concat())));
    let mut receipt = parse(std::fs::read_to_string(receipt).unwrap());
    // A result has one input, and a receipt a list of files.
    receipt["input"] = receipt["inputs"][0].take();
    // Two windows with five words each and one `cut`, five of the treatment, five of the input
    // besides gaps and the beginning, four of the output.
    assert_eq!(agree(&result, &receipt, ""), 25, "{result}\n{receipt}");
    assert_eq!(result["input"]["gaps"], serde_json::json!({ "treatment": "refuse", "list": [] }));
    let info = parse(stdout(&sordino(&["info", CALL, "--json"])));
    // bytes, container, codec, rate, channels, frames, endProven; format.
    assert_eq!(agree(&info, &receipt, ""), 8, "{info}");
    let audit = parse(stdout(&sordino(&[
        "verify",
        CALL,
        &out,
        "-w",
        "1-2@1=card",
        "-w",
        "37-60",
        "--json",
    ])));
    let after = |window: &Value| window["after"].clone();
    let spans = receipt["spans"].as_array().unwrap();
    for window in audit["windows"].as_array().unwrap() {
        let same = |span: &&Value| ["channel", "first"].iter().all(|key| span[key] == window[key]);
        assert_eq!(spans.iter().find(same).map(after), Some(after(window)), "{window}");
    }
    for (side, key) in [("original", "input"), ("redacted", "output")] {
        assert_eq!(audit[side]["frames"], receipt[key]["frames"]);
    }
}
