//! `--policy` on its way through each command: what the file says counts, flags go before it, and the
//! receipt names it.

use serde_json::{Value, json};
use sordino::digest::Digest;
use sordino::{Policy, Receipt, Treatment};

use crate::support::*;

/// Runs the command; returns stdout and stderr.
fn run(args: &[&str], code: i32) -> (String, String) {
    let result = sordino(args);
    let (said, line) = (stderr(&result), stdout(&result));
    assert_eq!(result.status.code(), Some(code), "{args:?}: {line}{said}");
    (line, said)
}

fn parsed(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn transcript() -> String {
    fixture("transcripts/openai-whisper.words.json").to_str().unwrap().to_owned()
}

/// What a file says is what the same flags say, to the byte.
#[test]
fn a_policy_file_is_its_flags() {
    let folder = Folder::new();
    let policy = folder.write(
        "p.toml",
        b"tone = 440\nfade = '5ms'\npad = 0.25\nfind = 'numbers'\nencoding = 'same'\nparty = 'agent=0'\n",
    );
    let (call, windows) = (fixture("call-mulaw.wav"), transcript());
    let base = ["file", call.to_str().unwrap(), "--windows", &windows, "-o", "-"];
    let flags =
        ["--tone=440", "--fade", "5ms", "--pad", "0.25", "--find", "numbers", "--encoding", "same"];
    let by_file = sordino(&[&base[..], &["--policy", &policy]].concat());
    let by_flags = sordino(&[&base[..], &flags].concat());
    assert_eq!(by_file.status.code(), Some(0), "{}", stderr(&by_file));
    assert!(by_file.stdout == by_flags.stdout && by_file.stdout.len() > 100_000);
    // Flags go before the file.
    let more = ["--silence", "--encoding", "pcm", "--fade", "0"];
    let changed = sordino(&[&base[..], &["--policy", &policy], &more].concat());
    let same = sordino(&[&base[..], &["--silence", "--pad", "0.25", "--find", "numbers"]].concat());
    assert!(changed.stdout == same.stdout && changed.stdout != by_file.stdout);
}

#[test]
fn the_receipt_names_the_policy_and_says_whether_flags_changed_it() {
    let folder = Folder::new();
    let bytes = b"silence = true\npad = 0.1\n";
    let policy = folder.write("pci.toml", bytes);
    let (out, receipt) = (folder.path("out.wav"), folder.path("r.json"));
    let base = ["file", CALL, "-w", "10-15", "-o", &out, "--receipt", &receipt, "--force"];
    let sha256 = Digest::of(bytes).sha256;
    for (flags, entry) in [
        (&["--policy", &policy][..], Some(json!({"sha256": sha256, "name": "pci.toml"}))),
        (&["--policy", &policy, "--silence"], Some(json!({"sha256": sha256, "name": "pci.toml"}))),
        (
            &["--policy", &policy, "--pad", "0.2"],
            Some(json!({"sha256": sha256, "name": "pci.toml", "changed": true})),
        ),
        (&["--silence"], None),
    ] {
        run(&[&base[..], flags].concat(), 0);
        let made = parsed(&receipt);
        assert_eq!(made["asked"].get("policy"), entry.as_ref(), "{flags:?}");
        assert_eq!(made["treatment"]["kind"], "silence");
        let read = Receipt::parse(&std::fs::read_to_string(&receipt).unwrap()).unwrap();
        assert_eq!(read.asked.policy.is_some(), entry.is_some());
        assert_eq!(read.treatment().unwrap(), Treatment::silence());
        // Who has the receipt can still check the file with it.
        run(&["verify", &out, "--receipt", &receipt], 0);
    }
}

#[test]
fn verify_and_windows_follow_the_policy_too() {
    let folder = Folder::new();
    let policy = folder.write("p.toml", b"silence = true\nfind = ['numbers']\npad = '0.5,0.25'\n");
    let (out, windows) = (folder.path("out.wav"), transcript());
    let asked = ["--windows", &windows, "--policy", &policy];
    run(&[&["file", CALL, "-o", &out][..], &asked].concat(), 0);
    run(&[&["verify", CALL, &out][..], &asked].concat(), 0);
    let wider = [&["verify", CALL, &out][..], &asked, &["--pad", "1"]].concat();
    let (found, _) = run(&wider, 1);
    assert!(found.contains("LEAK in padding only"), "{found}");
    let (by_policy, _) = run(&[&["windows", "--json"][..], &asked].concat(), 0);
    let flags = ["windows", "--json", &windows, "--find", "numbers", "--pad", "0.5,0.25"];
    assert_eq!(by_policy, run(&flags, 0).0);
    assert!(by_policy.contains("\"windows\":[{"), "{by_policy}");
    // A receipt is complete without it.
    run(&["verify", &out, "--receipt", "r.json", "--policy", &policy], 2);
}

#[test]
fn nothing_found_ends_as_the_policy_says() {
    let folder = Folder::new();
    let windows = transcript();
    let call = |if_none: &str, more: &[&str], code| {
        let text = format!("find = 'ssn'\nonly = 'ssn'\nif-none = '{if_none}'\n");
        let policy = folder.write("p.toml", text.as_bytes());
        let out = folder.path("out.wav");
        let base =
            ["file", CALL, "--windows", &windows, "--policy", &policy, "-o", &out, "--force"];
        run(&[&base[..], more].concat(), code)
    };
    for if_none in ["fail", "skip"] {
        let (_, said) = call(if_none, &[], 2);
        assert!(said.contains("nothing to redact") && said.contains("--if-none copy"), "{said}");
    }
    call("fail", &["--if-none", "copy"], 0);
    call("copy", &[], 0);
    call("copy", &["--if-none", "fail"], 2);
}

#[test]
fn what_is_wrong_with_a_policy_is_said_before_anything_is_read() {
    let folder = Folder::new();
    let policy = folder.write("p.toml", b"silence = true\n\nfnid = ['card']\n");
    let gone = folder.path("gone.toml");
    for (path, expected) in [
        (&policy, "p.toml: line 3: `fnid` is no setting; did you mean `find`?"),
        (&gone, "reading the policy"),
    ] {
        for command in [
            &["file", "no-such.wav", "-w", "1-2", "-o", "x.wav"][..],
            &["verify", "no-such.wav", "none.wav", "-w", "1-2"],
            &["windows", "no-such.json"],
            &["recording", "-w", "1-2"],
        ] {
            let (_, said) = run(&[command, &["--policy", path]].concat(), 2);
            assert!(said.contains(expected), "{command:?}: {said}");
        }
    }
    // It is read, so it is never replaced.
    let before = std::fs::read(&policy).unwrap();
    let good = folder.write("good.toml", b"silence = true\n");
    let call = ["file", CALL, "-w", "1-2", "-o", &good, "--policy", &good, "--force"];
    let (_, said) = run(&call, 2);
    assert!(said.contains("this is an input, which is never overwritten"), "{said}");
    assert_eq!(std::fs::read(&policy).unwrap(), before);
}

/// A list takes what applies to it; a flag that does not apply is refused as before.
#[test]
fn a_policy_for_transcripts_serves_lists() {
    let folder = Folder::new();
    let policy =
        folder.write("p.toml", b"find = 'card'\nonly = 'card'\nparty = 'agent=0'\nunit = 'ms'\n");
    let list = folder.write("list.json", b"[[1000, 2000]]");
    let (printed, _) = run(&["windows", &list, "--policy", &policy], 0);
    assert!(
        printed.lines().any(|line| line.split_whitespace().take(2).eq(["1", "2"])),
        "{printed}"
    );
    let (_, said) = run(&["windows", &list, "--policy", &policy, "--find", "card"], 2);
    assert!(said.contains("reading --find") && said.contains("a list of windows"), "{said}");
    let (_, said) = run(&["windows", &list, "--language", "en"], 2);
    assert!(said.contains("reading --language"), "{said}");
}

/// Other programs may write policies: what is canonical can be read.
#[test]
fn the_canonical_text_is_a_policy_that_the_command_takes() {
    let folder = Folder::new();
    let policy =
        Policy::parse(b"gain = 0.5\nfind = ['ssn', 'card']\nif-none = 'copy'\n", None).unwrap();
    let path = folder.write("c.toml", policy.canonical().as_bytes());
    let (_, said) = run(&["windows", &transcript(), "--policy", &path, "--quiet"], 0);
    assert_eq!(said, "");
}
