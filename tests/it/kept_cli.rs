//! FLAC that stays FLAC, and Opus that stays Opus, as a person uses it: files, buckets, batches, Genesys.

use serde_json::Value;
use sordino::genesys::{Config, Credentials, Genesys};
use sordino::sandbox::{ConversationRecording, Sandbox, SandboxOptions};
use sordino::{DecodeOptions, Encoding, Job, Treatment, sanitise};

use super::batch::Batch;
use super::kept::{encoded, noisy_wav};
use super::parts::of_call;
use super::platform_cli::world_with;
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

/// G.711 has a writer in WAV alone.
#[test]
fn codes_of_another_container_become_a_wav_and_that_is_told() {
    let folder = Folder::new();
    let codes: Vec<u8> = (0..16_000u32).map(|n| (n * 7 % 256) as u8).collect();
    let header = [0x2E73_6E64, 24, 16_000, 1, 8000, 1u32].map(u32::to_be_bytes);
    let au = folder.write("in.au", &[header.as_flattened(), &codes].concat());
    let raw = folder.write("in.ul", &codes);
    let out = folder.path("out.wav");
    for (input, kind, more) in [(&au, "au", &[][..]), (&raw, "raw", &["--raw", "ulaw:8000:1"][..])]
    {
        let call = ["file", input, "-w", "1-1.5", "--silence", "-o", &out, "--force"];
        let done = sordino(&[&call[..], &["--encoding", "same"], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        let told = format!("the {kind} becomes a WAV; its samples are as they were");
        assert!(stderr(&done).contains(&told), "{}", stderr(&done));
        let written = read(&out);
        assert_eq!(written[20..22], [7, 0], "µ-law");
        let samples = &written[written.len() - codes.len()..];
        // The frame at the end of the window is in it.
        assert!(samples[..8000] == codes[..8000] && samples[12_001..] == codes[12_001..]);
        assert!(samples[8000..=12_000].iter().all(|&code| code == 0xFF));
    }
}

#[test]
fn the_page_tells_what_became_silence_in_an_opus() {
    let folder = Folder::new();
    let (out, page) = (folder.path("out.opus"), folder.path("page.html"));
    let input = fixture("call.opus").to_str().unwrap().to_owned();
    let call = ["file", &input, "-w", "10-15", "--silence", "-o", &out, "--report", &page];
    let done = sordino(&call);
    assert!(done.status.success(), "{}", stderr(&done));
    let page = String::from_utf8(read(&page)).unwrap();
    assert!(page.contains("Silent, in whole packets"));
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
    sandbox.add_recording("ogg", super::kept_ogg_flac::call());
    let base_url = sandbox.start(0).await.unwrap();
    let credentials = Credentials::new("sandbox", "sandbox-secret");
    let genesys = Genesys::new(Config::new(&base_url, credentials).unwrap()).unwrap();
    for (name, encoding, signature) in [
        ("call", Encoding::Same, b"fLaC"),
        ("ogg", Encoding::Same, b"OggS"),
        ("call", Encoding::Pcm, b"RIFF"),
    ] {
        let job = Job {
            options: DecodeOptions { encoding, ..DecodeOptions::default() },
            ..Job::new(name, windows(&["10-15"]), Treatment::silence())
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

/// The same for an Opus, which can only be erased.
#[test]
fn a_batch_keeps_an_opus_that_is_erased() {
    let batch = Batch::of(1);
    let folder = &batch.folder;
    let opus = fixture("call.opus").to_str().unwrap().to_owned();
    folder.write("b.opus", &fixture_bytes("call.opus"));
    folder.write("c.ogg", &fixture_bytes("call.opus"));
    // The name lies; so the row fails, and says why.
    folder.write("d.wav", &fixture_bytes("call.opus"));
    folder.write("same.toml", b"encoding = 'same'\nsilence = true\n");
    let list = "in,windows\n0.wav,0.25-0.5\nb.opus,10-15\nc.ogg,10-15\nd.wav,10-15\n";
    folder.write("calls.csv", list.as_bytes());
    let done = batch.run("calls.csv --out clean --receipts evidence --policy same.toml --json");
    assert_eq!(done.status.code(), Some(3), "{}", stderr(&done));
    assert!(stdout(&done).contains("name the output .opus, or .wav with --encoding pcm"));
    assert_eq!(batch.files("clean"), ["0.wav", "b.opus", "c.ogg"]);
    let alone = folder.path("alone.opus");
    let made = sordino(&["file", &opus, "-o", &alone, "-w", "10-15", "--silence"]);
    assert!(made.status.success(), "{}", stderr(&made));
    for name in ["b.opus", "c.ogg"] {
        let out = folder.path(&format!("clean/{name}"));
        let receipt = folder.path(&format!("evidence/{name}.receipt.json"));
        assert!(read(&alone) == read(&out), "{name}");
        let held = sordino(&["verify", "--receipt", &receipt, &opus, &out]);
        assert!(held.status.success(), "{name}: {}{}", stdout(&held), stderr(&held));
    }
    // What the names rule out is told before anything begins.
    folder.write("calls.csv", b"in,windows\nb.opus,10-15\n");
    let wrong = batch.run("calls.csv --out none --encoding same --journal none.journal");
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    assert!(
        stderr(&wrong).contains("Opus can only be erased: add --silence"),
        "{}",
        stderr(&wrong)
    );
    // A channel is seen in the row; so it fails alone.
    folder.write("calls.csv", b"in,windows\nb.opus,10-15@1\nc.ogg,10-15\n");
    let done = batch.run("calls.csv --out some --policy same.toml --journal some.journal --json");
    assert_eq!(done.status.code(), Some(3), "{}", stderr(&done));
    assert!(stdout(&done).contains("leave out @CHANNEL"), "{}", stdout(&done));
    assert_eq!((batch.files("none"), batch.files("some")), (vec![], vec!["c.ogg".into()]));
}

/// Depths that fill no whole bytes: the samples are those of the WAV, for FFmpeg too.
#[test]
fn samples_of_12_and_20_bits_stay_exact_from_end_to_end() {
    if !installed("flac") || !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let [out, wav, again, receipt] =
        ["out.flac", "out.wav", "again.wav", "r.json"].map(|name| folder.path(name));
    let run = |args: &[&str]| {
        let done = sordino(args);
        assert!(done.status.success(), "{args:?}: {}{}", stdout(&done), stderr(&done));
    };
    for (bits, format) in [(12, "s16le"), (20, "s24le")] {
        let input = folder.write("in.flac", &encoded(&noisy_wav(8000, 2, bits, 16_000), ""));
        for treatment in
            [&["--silence"][..], &[], &["--gain", "0.3"], &["--tone=440", "--fade", "10ms"]]
        {
            let windows = ["-w", "0.5-0.7", "-w", "1.2-1.3@1"];
            let args = [&["file", &input, "--force"], &windows[..], treatment].concat();
            run(&[&args[..], &["-o", &wav]].concat());
            run(&[&args[..], &["-o", &out, "--receipt", &receipt]].concat());
            run(&["file", &out, "-w", "0-1", "--gain", "1", "-o", &again, "--force"]);
            let flac = read(&out);
            // The streaminfo block has it less one, in five bits.
            assert_eq!((u32::from(flac[20] & 1) << 4 | u32::from(flac[21] >> 4)) + 1, bits);
            assert!(read(&again) == read(&wav), "{bits} bits, {treatment:?}");
            let codec = format!("pcm_{format}");
            let decoded = ffmpeg(["-i", &out, "-f", format, "-c:a", &codec, "-"]);
            let samples = read(&wav);
            assert!(decoded == data_of(&samples), "{bits} bits, {treatment:?}: FFmpeg");
            let tested = std::process::Command::new("flac").args(["-ts", &out]).output().unwrap();
            assert!(tested.status.success() && stderr(&tested).is_empty(), "{}", stderr(&tested));
            run(&["verify", "--receipt", &receipt, &out]);
            run(&["verify", "--receipt", &receipt, &input, &out]);
            run(&[&["verify", &input, &out], &windows[..], treatment].concat());
        }
    }
}

/// Each file of a recording of the Platform API stays what it is, where each gets a file of its own.
#[test]
fn keys_that_are_split_stay_what_they_are_each() {
    if !installed("ffmpeg") {
        return;
    }
    let parts = [of_call(0, "a.flac", &[]), of_call(1, "a.opus", &[])];
    let [flac, opus] = parts.clone();
    let world = world_with(&[], |conversation| {
        let two = ConversationRecording::new("kept").file("0", flac).file("1", opus);
        let mp3 = fixture_bytes("call.mp3");
        conversation.recordings.extend([two, ConversationRecording::new("mp3").file("S", mp3)]);
    });
    let args = ["-w", "10-15@1", "-w", "20-21", "--silence", "--encoding", "same", "--split"];
    let files = ["--to", "copies/", "--receipt", "papers/"];
    let done = world.run(&[&["--recording-id", "kept"], &args[..], &files].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let windows = [&["-w", "20-21"][..], &["-w", "10-15", "-w", "20-21"]];
    for ((key, ending), (part, windows)) in
        [("0", "flac"), ("1", "opus")].into_iter().zip(parts.iter().zip(windows))
    {
        let input = world.folder.write(&format!("in.{ending}"), part);
        let alone = world.folder.path(&format!("alone.{ending}"));
        let made = sordino(&[&["file", &input, "-o", &alone, "--silence"], windows].concat());
        assert!(made.status.success(), "{}", stderr(&made));
        let copy = world.folder.path(&format!("copies/c/kept.{key}.{ending}"));
        assert!(read(&copy) == read(&alone), "{key}");
        let receipt = world.folder.path(&format!("papers/c/kept.{key}.json"));
        let held = sordino(&["verify", "--receipt", &receipt, &copy]);
        assert!(held.status.success(), "{key}: {}{}", stdout(&held), stderr(&held));
    }
    // One that cannot stay leaves nothing.
    let wrong = world.run(&[&["--recording-id", "mp3"], &args[2..], &["--to", "others/"]].concat());
    assert_ne!(wrong.status.code(), Some(0));
    assert!(stderr(&wrong).contains("mp3 cannot be kept as it is"), "{}", stderr(&wrong));
    assert!(!std::path::Path::new(&world.folder.path("others/c")).exists());
    let joined = &args[..args.len() - 1];
    let wrong = world.run(&[&["--recording-id", "kept", "--to", "o.wav"], joined].concat());
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    assert!(stderr(&wrong).contains("give --split"), "{}", stderr(&wrong));
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
