//! FLAC that stays FLAC, as a person uses it: files, buckets, batches, Genesys.

use serde_json::Value;
use sordino::genesys::{Config, Credentials, Genesys};
use sordino::sandbox::{Sandbox, SandboxOptions};
use sordino::{DecodeOptions, Encoding, Job, Treatment, sanitise};

use super::batch::Batch;
use super::services::{get_object, make_bucket, media_type, moto, put_object, s3_variables};
use crate::support::*;

fn flac() -> String {
    fixture("call.flac").to_str().unwrap().to_owned()
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn the_ending_of_the_output_chooses_the_format() {
    let folder = Folder::new();
    let (out, none, wav) = (folder.path("out.flac"), folder.path("out"), folder.path("out.wav"));
    let input = flac();
    let run = |more: &[&str]| {
        sordino(&[["file", &input, "-w", "10-15", "--silence"].as_slice(), more].concat())
    };
    let done = run(&["-o", &out, "--json"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(stderr(&done), "");
    let json: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(
        (&json["output"]["container"], &json["output"]["md5"]),
        (&"flac".into(), &true.into())
    );
    assert!(read(&out).starts_with(b"fLaC"));
    // Without an ending, and in a pipe, a WAV is the default.
    assert!(run(&["-o", &none]).status.success());
    assert!(read(&none).starts_with(b"RIFF"));
    assert!(run(&["-o", "-"]).stdout.starts_with(b"RIFF"));
    assert!(run(&["-o", "-", "--encoding", "same"]).stdout == read(&out));
    let exact = ["-o", "-", "--encoding", "same", "--edge", "exact"];
    assert!(run(&exact).stdout == read(&out));
    assert!(run(&["-o", &none, "--encoding", "same", "--force"]).status.success());
    assert!(read(&none) == read(&out));
    let quick = run(&["-o", &none, "--encoding", "same", "--no-md5", "--force", "--json"]);
    let json: Value = serde_json::from_str(&stdout(&quick)).unwrap();
    assert_eq!(json["output"]["md5"], false);
    assert_eq!(read(&none)[26..42], [0; 16]);
    let verified = sordino(&["verify", &input, &out, "-w", "10-15"]);
    assert_eq!(verified.status.code(), Some(0), "{}{}", stdout(&verified), stderr(&verified));
    // A call that contradicts itself.
    for (path, encoding) in [(&out, "pcm"), (&wav, "same")] {
        let wrong = run(&["-o", path, "--encoding", encoding, "--force"]);
        assert_eq!(wrong.status.code(), Some(2), "{encoding}: {}", stderr(&wrong));
    }
    assert!(!folder.names().contains(&"out.wav".into()));
    // Other endings get a WAV, or what was asked for, with a note.
    let other = folder.path("out.mp3");
    let noted = run(&["-o", &other]);
    assert!(stderr(&noted).contains("is written as WAV, although its name ends in .mp3"));
    let noted = run(&["-o", &other, "--encoding", "same", "--force"]);
    assert!(stderr(&noted).contains("is written as FLAC, although its name ends in .mp3"));
}

#[test]
fn what_is_no_flac_does_not_become_one() {
    let folder = Folder::new();
    let out = folder.path("out.flac");
    for name in ["call.wav", "call.mp3", "call.webm", "call-mulaw.wav"] {
        let input = fixture(name).to_str().unwrap().to_owned();
        let wrong = sordino(&["file", &input, "-w", "10-15", "-o", &out]);
        assert_eq!(wrong.status.code(), Some(2), "{name}: {}", stderr(&wrong));
        assert!(stderr(&wrong).contains("name the output .wav"), "{name}: {}", stderr(&wrong));
    }
    for name in ["call.mp3", "call.ogg", "call.m4a", "call.webm"] {
        let input = fixture(name).to_str().unwrap().to_owned();
        let wrong = sordino(&["file", &input, "-w", "10-15", "-o", "-", "--encoding", "same"]);
        assert_eq!(wrong.status.code(), Some(2), "{name}");
        assert!(stderr(&wrong).contains("--encoding pcm"), "{name}: {}", stderr(&wrong));
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_receipt_and_a_page_know_the_flac() {
    let folder = Folder::new();
    let (out, receipt, page) =
        (folder.path("out.flac"), folder.path("r.json"), folder.path("page.html"));
    let input = flac();
    for options in [["--silence"].as_slice(), &["--tone=440", "--no-md5"], &["--fade", "20ms"]] {
        let args = ["file", &input, "-w", "10-15", "-w", "30.5-35.2@1", "-o", &out, "--force"];
        let files = ["--receipt", &receipt, "--report", &page, "--report-audio"];
        let done = sordino(&[args.as_slice(), &files, options].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(String::from_utf8(read(&page)).unwrap().contains("data:audio/flac;base64,ZkxhQ"));
        for files in [[out.as_str()].as_slice(), &[&input, &out]] {
            let held = sordino(&[["verify", "--receipt", &receipt].as_slice(), files].concat());
            let said = stdout(&held) + &stderr(&held);
            assert_eq!(held.status.code(), Some(0), "{options:?} {files:?}: {said}");
        }
    }
    let json: Value = serde_json::from_slice(&read(&receipt)).unwrap();
    assert_eq!(
        (&json["output"]["container"], &json["output"]["md5"]),
        (&"flac".into(), &true.into())
    );
    // The original is not what the receipt describes.
    let leak = sordino(&["verify", "--receipt", &receipt, &input]);
    assert_eq!(leak.status.code(), Some(1), "{}", stdout(&leak));
    let text = std::fs::read_to_string(&receipt).unwrap();
    for (was, is) in [
        ("\"md5\": true,", ""),
        ("\"container\": \"flac\",\n    \"md5\"", "\"container\": \"ogg\",\n    \"md5\""),
    ] {
        assert!(text.contains(was));
        let wrong = folder.write("wrong.json", text.replace(was, is).as_bytes());
        assert_eq!(sordino(&["verify", "--receipt", &wrong, &out]).status.code(), Some(2), "{was}");
    }
}

/// A recording in Genesys stays a FLAC, and is uploaded as one: the sandbox refuses another type.
#[tokio::test]
async fn a_recording_is_uploaded_as_what_it_is() {
    let sandbox = Sandbox::new(SandboxOptions::default());
    sandbox.add_recording("call", fixture_bytes("call.flac"));
    let base_url = sandbox.start(0).await.unwrap();
    let credentials = Credentials::new("sandbox", "sandbox-secret");
    let genesys = Genesys::new(Config::new(&base_url, credentials).unwrap()).unwrap();
    for (encoding, signature) in [(Encoding::Same, b"fLaC"), (Encoding::Pcm, b"RIFF")] {
        let job = Job {
            options: DecodeOptions { encoding, ..DecodeOptions::default() },
            ..Job::new("call", windows(&["10-15"]), Treatment::silence())
        };
        let sanitised = sanitise(&genesys, &job, "conversation").await.unwrap();
        let uploads = sandbox.uploads();
        let upload = uploads.iter().find(|upload| upload.id == sanitised.completed.id).unwrap();
        assert!(upload.completed && upload.audio.as_ref().unwrap().starts_with(signature));
    }
}

/// A row gets what its output is named as, and without a name what its recording is named as.
#[test]
fn a_batch_keeps_what_its_policy_says() {
    let batch = Batch::of(1);
    let folder = &batch.folder;
    folder.write("b.flac", &fixture_bytes("call.flac"));
    // The name lies; so the row fails, and says why.
    folder.write("c.wav", &fixture_bytes("call.flac"));
    folder.write("same.toml", b"encoding = 'same'\nsilence = true\n");
    folder.write("calls.csv", b"in,windows\n0.wav,0.25-0.5\nb.flac,10-15\nc.wav,10-15\n");
    let run = "calls.csv --out clean --receipts evidence --policy same.toml --json";
    let done = batch.run(run);
    assert_eq!(done.status.code(), Some(3), "{}", stderr(&done));
    assert!(stdout(&done).contains("name the output .flac, or .wav with --encoding pcm"));
    assert_eq!(batch.files("clean"), ["0.wav", "b.flac"]);
    let [out, receipt] = ["clean/b.flac", "evidence/b.flac.receipt.json"].map(|f| folder.path(f));
    let alone = folder.path("alone.flac");
    let made = sordino(&["file", &flac(), "-o", &alone, "-w", "10-15", "--silence"]);
    assert!(made.status.success() && read(&alone) == read(&out));
    let held = sordino(&["verify", "--receipt", &receipt, &flac(), &out]);
    assert!(held.status.success(), "{}{}", stdout(&held), stderr(&held));
    // Named in the row, without a word about the encoding.
    folder.write("calls.csv", b"in,out,windows\nb.flac,d.flac,10-15\nb.flac,d.wav,10-15\n");
    let done = batch.run("calls.csv --out named --silence --no-md5 --journal named.journal");
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(read(&folder.path("named/d.wav")).starts_with(b"RIFF"));
    let named = read(&folder.path("named/d.flac"));
    assert!(named.starts_with(b"fLaC") && named[26..42] == [0; 16]);
    // What the names rule out is told before anything begins.
    folder.write("calls.csv", b"in,windows\nb.flac,10-15\n0.mp3,1-2\n");
    folder.write("0.mp3", b"");
    let wrong = batch.run("calls.csv --out none --encoding same --journal none.journal");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("line 3: a recording in .mp3 cannot be kept"));
    assert_eq!(batch.files("none"), [""; 0]);
}

#[test]
fn a_bucket_is_told_what_it_gets() {
    let Some(moto) = moto() else { return };
    make_bucket(&moto, "kept");
    put_object(&moto, "kept", "call.flac", &fixture_bytes("call.flac"));
    let folder = Folder::new();
    let run = |args: &[&str]| {
        let mut command = command(args);
        command.envs(s3_variables(&moto)).current_dir(folder.path(""));
        let done = command.output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", stderr(&done));
        assert!(!stderr(&done).contains("is written as"), "{args:?}: {}", stderr(&done));
    };
    for (name, media) in [("x.flac", "audio/flac"), ("x.wav", "audio/wav")] {
        let out = format!("s3://kept/{name}");
        run(&["file", "s3://kept/call.flac", "-o", &out, "-w", "10-15", "--silence"]);
        assert_eq!(media_type(&moto, "kept", name), media);
    }
    folder.write("calls.csv", b"in,windows\ns3://kept/call.flac,10-15\n");
    for (encoding, name, media) in
        [("same", "call.flac", "audio/flac"), ("pcm", "call.wav", "audio/wav")]
    {
        let (out, journal) = (format!("s3://kept/{encoding}"), format!("{encoding}.journal"));
        let args = ["batch", "calls.csv", "--out", &out, "--journal", &journal];
        run(&[&args[..], &["--silence", "--encoding", encoding]].concat());
        assert_eq!(media_type(&moto, "kept", &format!("{encoding}/{name}")), media);
        if encoding == "same" {
            let kept = get_object(&moto, "kept", "same/call.flac").unwrap();
            assert!(kept == get_object(&moto, "kept", "x.flac").unwrap());
        }
    }
}
