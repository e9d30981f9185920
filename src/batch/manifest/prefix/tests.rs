use std::collections::BTreeSet;
use std::convert::Infallible;

use super::*;
use crate::batch::model::Api;

const SUFFIX: &str = ".transcript.json";

fn plan(out: &str) -> Planning {
    let out = Some(out.parse().unwrap());
    Planning {
        out,
        receipts: None,
        policy: "p".into(),
        api: Api::Recordings,
        encoding: None,
        erases: true,
    }
}

/// Pairs these paths below `prefix`, in the order in which they are given.
fn pair(prefix: &str, paths: &[&str], suffix: &str, plan: &Planning) -> Vec<Paired> {
    let prefix: Place = prefix.parse().unwrap();
    let listing = paths.iter().map(|path| {
        let place = prefix.join(path);
        let version = Some(format!("of {path}"));
        Ok::<_, Infallible>(Listed::below(&prefix, place, version).unwrap())
    });
    Pairing::new(&prefix, listing, suffix, plan).unwrap().map(|Ok(paired)| paired).collect()
}

/// One line for each result.
fn shown(paired: &[Paired]) -> BTreeSet<String> {
    let job = |planned: &Planned| {
        let Input::Place { place, version } = &planned.spec.input else { panic!() };
        let WindowsSpec::Place(windows) = &planned.spec.windows else { panic!() };
        assert_eq!(planned.key, Key::of(&planned.spec));
        let is_of = |place: &str, version: &str| place.ends_with(&version[3..]);
        assert!(version.as_ref().is_some_and(|version| is_of(place, version)));
        let of_windows = planned.spec.windows_version.as_deref();
        assert!(of_windows.is_none_or(|version| is_of(windows, version)));
        format!("{place} + {windows} > {}", planned.spec.output)
    };
    let line = |paired: &Paired| match paired {
        Paired::Job(planned) => {
            assert!(planned.spec.windows_version.is_some(), "{planned:?}");
            job(planned)
        }
        Paired::NoTranscript(planned) => {
            assert_eq!(planned.spec.windows_version, None);
            format!("none: {}", job(planned))
        }
        Paired::TwoTranscripts { recording, transcripts: [one, other] } => {
            format!("two: {recording} + {one} + {other}")
        }
        Paired::SameOutput { output, recordings: [one, other] } => {
            format!("same: {one} {other} > {output}")
        }
        Paired::OutputIsRead { recording, output } => format!("read: {recording} > {output}"),
        Paired::NotKept { recording, why } => format!("not kept: {recording}: {why}"),
        Paired::NoRecording(transcript) => format!("alone: {transcript}"),
    };
    let lines: BTreeSet<_> = paired.iter().map(line).collect();
    assert_eq!(lines.len(), paired.len(), "each once");
    lines
}

#[test]
fn a_transcript_is_beside_its_recording_under_one_of_two_names() {
    let paths = [
        "2026/a.mp3",
        "2026/a.transcript.json",
        "2026/b.WAV",
        "2026/b.WAV.transcript.json",
        "c.opus",
        "c.opus.transcript.json",
        "c.transcript.json",
        "d.wav",
        "e.transcript.json",
        "notes.txt",
        "x.wav.transcript.json.bak",
    ];
    let expected = [
        "s3://in/p/2026/a.mp3 + s3://in/p/2026/a.transcript.json > s3://out/2026/a.wav",
        "s3://in/p/2026/b.WAV + s3://in/p/2026/b.WAV.transcript.json > s3://out/2026/b.wav",
        "two: s3://in/p/c.opus + s3://in/p/c.opus.transcript.json + s3://in/p/c.transcript.json",
        "none: s3://in/p/d.wav + s3://in/p/d.wav.transcript.json > s3://out/d.wav",
        "alone: s3://in/p/e.transcript.json",
    ];
    let expected: BTreeSet<_> = expected.map(str::to_owned).into();
    assert_eq!(shown(&pair("s3://in/p/", &paths, SUFFIX, &plan("s3://out/"))), expected);
    assert_eq!(shown(&pair("s3://in/p", &paths, SUFFIX, &plan("s3://out"))), expected);
}

/// What is expected of a folder, by comparing each name with each.
fn expected(paths: &[&str], suffix: &str) -> BTreeSet<String> {
    let is_transcript = |path: &&&str| path.strip_suffix(suffix).is_some_and(|of| !of.is_empty());
    let recordings: Vec<&str> = paths.iter().filter(|path| !is_transcript(path)).copied().collect();
    let recordings: Vec<(&str, &str)> =
        recordings.into_iter().filter_map(|path| Some((path, recording_stem(path)?))).collect();
    let mut lines = BTreeSet::new();
    for (at, (path, stem)) in recordings.iter().enumerate() {
        let there = |of: &str| paths.iter().find(|path| **path == format!("{of}{suffix}"));
        let twin = recordings[..at].iter().rfind(|(_, other)| other == stem);
        lines.insert(match (there(path), there(stem), twin) {
            (.., Some((twin, _))) => {
                format!("same: s3://in/{twin} s3://in/{path} > s3://out/{stem}.wav")
            }
            (Some(one), Some(other), _) => {
                format!("two: s3://in/{path} + s3://in/{one} + s3://in/{other}")
            }
            (Some(one), None, _) | (None, Some(one), _) => {
                format!("s3://in/{path} + s3://in/{one} > s3://out/{stem}.wav")
            }
            (None, None, _) => {
                format!("none: s3://in/{path} + s3://in/{path}{suffix} > s3://out/{stem}.wav")
            }
        });
    }
    for path in paths.iter().filter(is_transcript) {
        let of = path.strip_suffix(suffix).unwrap();
        if !recordings.iter().any(|(path, stem)| *path == of || *stem == of) {
            lines.insert(format!("alone: s3://in/{path}"));
        }
    }
    lines
}

/// All sets of names that may be taken for each other, with each suffix, in the order of a store.
#[test]
fn whatever_lies_in_a_folder_each_recording_gets_its_transcript() {
    for suffix in [SUFFIX, "_t.json", ".json"] {
        let made = |of: &str| format!("{of}{suffix}");
        let mut names: Vec<String> =
            ["a.wav", "a.mp3", "a.wav.mp3", "a1.wav", "a-b.wav", "a/b.wav"]
                .map(str::to_owned)
                .into();
        let stems = ["a", "a.wav", "a.mp3", "a1", "a-b", "a/b"];
        names.extend(stems.map(made));
        names.sort();
        assert_eq!(names.len(), 12);
        for set in 0..1_u32 << names.len() {
            let chosen: Vec<&str> = names
                .iter()
                .enumerate()
                .filter(|(at, _)| set & (1 << at) != 0)
                .map(|(_, name)| name.as_str())
                .collect();
            let paired = pair("s3://in", &chosen, suffix, &plan("s3://out"));
            assert_eq!(shown(&paired), expected(&chosen, suffix), "{chosen:?}");
        }
    }
}

/// A local listing gives a folder's files first, then its folders.
#[test]
fn folder_by_folder_gives_the_same() {
    let by_bytes = ["a.transcript.json", "a.wav", "a/b.wav", "a/b.wav.transcript.json", "ab.wav"];
    let by_folder = ["a.transcript.json", "a.wav", "ab.wav", "a/b.wav", "a/b.wav.transcript.json"];
    let paired = |paths: &[&str]| shown(&pair("s3://in", paths, SUFFIX, &plan("s3://out")));
    assert_eq!(paired(&by_bytes), paired(&by_folder));
    assert_eq!(paired(&by_bytes).len(), 3);
}

#[test]
fn an_export_of_genesys_carries_both_ids() {
    let folder = "org/year=2026/month=01/day=05/hour=09/conversation_id=c-1";
    let paths = ["r-1.opus", "r-1.opus.t.json", "r-1_metadata.json", "r-2.wav"];
    let paths = paths.map(|name| format!("{folder}/{name}"));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let paired = pair("s3://in", &paths, ".t.json", &plan("s3://out"));
    let ids: Vec<_> = paired
        .iter()
        .map(|paired| match paired {
            Paired::Job(planned) | Paired::NoTranscript(planned) => planned.id.clone().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["c-1/r-1", "c-1/r-2"]);
    let plain = pair("s3://in", &["a/r-1.wav"], SUFFIX, &plan("s3://out"));
    assert!(matches!(&plain[..], [Paired::NoTranscript(planned)] if planned.id.is_none()));
}

#[test]
fn what_is_hidden_or_written_is_not_read() {
    let paths =
        [".a.wav", ".trash/b.wav", "clean/c.wav", "cleaner/d.wav", "evidence/e.wav", "f/.g/h.wav"];
    let receipts = Some("s3://in/evidence".parse().unwrap());
    let plan = Planning { receipts, ..plan("s3://in/clean/") };
    let lines = shown(&pair("s3://in/", &paths, SUFFIX, &plan));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines.first().unwrap().starts_with("none: s3://in/cleaner/d.wav"), "{lines:?}");
}

#[test]
fn an_output_among_the_inputs_is_an_error() {
    let paths = ["calls/a.wav", "a.wav"];
    let lines = shown(&pair("s3://b/calls", &paths, SUFFIX, &plan("s3://b")));
    let expected = [
        "none: s3://b/calls/a.wav + s3://b/calls/a.wav.transcript.json > s3://b/a.wav",
        "read: s3://b/calls/calls/a.wav > s3://b/calls/a.wav",
    ];
    assert_eq!(lines, expected.map(str::to_owned).into());
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("calls");
    std::fs::create_dir(&inside).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&inside, folder.path().join("link")).unwrap();
    #[cfg(not(unix))]
    std::fs::create_dir(folder.path().join("link")).unwrap();
    let text = |path: &str| folder.path().join(path).display().to_string();
    let error = |prefix: &str, out: &str, suffix: &str| {
        let listing = std::iter::empty::<Result<Listed, Infallible>>();
        Pairing::new(&prefix.parse().unwrap(), listing, suffix, &plan(out)).err()
    };
    assert_eq!(
        error("s3://b/calls", "s3://b/calls/", SUFFIX),
        Some(PairingError::Same("s3://b/calls/".parse().unwrap()))
    );
    assert_eq!(error("s3://b/calls", "s3://c/calls", SUFFIX), None);
    assert_eq!(error("s3://b/calls", "s3://b/calls-clean", SUFFIX), None);
    for (prefix, out) in [
        ("calls", "calls/."),
        ("calls/", "x/../calls"),
        #[cfg(unix)]
        ("link", "calls"),
    ] {
        let error = error(&text(prefix), &text(out), SUFFIX);
        assert!(matches!(error, Some(PairingError::Same(_))), "{prefix} {out}");
    }
    assert_eq!(error(&text("calls"), &text("calls/new/clean"), SUFFIX), None);
    for suffix in ["", ".", "a/b.json", ".wav", "/"] {
        assert!(
            matches!(error("s3://b", "s3://c", suffix), Some(PairingError::Suffix(_))),
            "{suffix}"
        );
    }
    let no_out = Planning { out: None, ..plan("x") };
    let listing = std::iter::empty::<Result<Listed, Infallible>>();
    let error = Pairing::new(&"s3://b".parse().unwrap(), listing, SUFFIX, &no_out).err();
    assert_eq!(error, Some(PairingError::NoOut));
}

/// Of many names only those are kept that may still meet another.
#[test]
fn a_long_listing_is_not_kept() {
    let prefix: Place = "s3://in".parse().unwrap();
    let paths = (0..20_000).flat_map(|n| {
        let name = format!("day/call-{n:05}");
        [format!("{name}.transcript.json"), format!("{name}.wav")]
    });
    let of = prefix.clone();
    let listing = paths
        .map(move |path| Ok::<_, Infallible>(Listed::below(&of, of.join(&path), None).unwrap()));
    let plan = plan("s3://out");
    let mut pairing = Pairing::new(&prefix, listing, SUFFIX, &plan).unwrap();
    let mut jobs = 0;
    while let Some(Ok(paired)) = pairing.next() {
        assert!(matches!(paired, Paired::Job(_)));
        jobs += 1;
        assert!(pairing.pending.len() + pairing.ready.len() <= 4);
    }
    assert_eq!(jobs, 20_000);
}

#[test]
fn what_is_kept_keeps_its_ending() {
    let paths = ["a.flac", "a.transcript.json", "a.wav", "b.mp3", "c.Flac"];
    let plan = Planning { encoding: Some(crate::decode::Encoding::Same), ..plan("s3://out") };
    let expected = [
        "s3://in/a.flac + s3://in/a.transcript.json > s3://out/a.flac",
        "s3://in/a.wav + s3://in/a.transcript.json > s3://out/a.wav",
        "not kept: s3://in/b.mp3: a recording in .mp3 cannot be kept as it is; use --encoding pcm, which makes a WAV",
        "none: s3://in/c.Flac + s3://in/c.Flac.transcript.json > s3://out/c.flac",
    ];
    assert_eq!(shown(&pair("s3://in", &paths, SUFFIX, &plan)), expected.map(str::to_owned).into());
}
