//! What the fuzz targets hold, held for their seeds and for every input that was once a finding.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sordino::Treatment;

use crate::support::*;

#[path = "../../fuzz/properties.rs"]
mod properties;
#[cfg(feature = "transcript")]
#[path = "../../fuzz/transcripts.rs"]
mod transcripts;

#[cfg(feature = "batch")]
#[path = "../../fuzz/manifests.rs"]
mod manifests;
#[cfg(feature = "work")]
#[path = "../../fuzz/orders.rs"]
mod orders;
#[cfg(feature = "policy")]
#[path = "../../fuzz/policies.rs"]
mod policies;

fn replay(target: &str, property: fn(&[u8])) {
    let mut count = 0;
    for kind in ["seeds", "findings"] {
        let folder = format!("{}/fuzz/{kind}/{target}", env!("CARGO_MANIFEST_DIR"));
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            eprintln!("{}", path.display());
            property(&std::fs::read(path).unwrap());
            count += 1;
        }
    }
    assert!(count >= 10, "{count} inputs for {target}");
}

#[test]
fn seeds_and_findings_of_recordings_hold() {
    replay("recording", properties::recording);
}

#[test]
fn seeds_and_findings_of_wavs_hold() {
    replay("wav", properties::wav);
}

#[test]
fn seeds_and_findings_of_flacs_hold() {
    replay("flac", properties::flac);
}

#[test]
fn seeds_and_findings_of_opus_hold() {
    replay("opus", properties::opus);
}

/// Each recording with three places to cut it at.
#[test]
fn seeds_and_findings_of_guards_hold() {
    for path in ["fuzz/seeds/recording", "fuzz/seeds/wav"].into_iter().flat_map(recordings) {
        let bytes = std::fs::read(&path).unwrap();
        for place in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 2] {
            let place = u16::try_from(place).unwrap().to_le_bytes();
            properties::guards(&[&bytes, place.as_slice()].concat());
        }
    }
}

#[test]
fn seeds_and_findings_of_windows_hold() {
    replay("windows", properties::windows);
}

#[cfg(feature = "policy")]
#[test]
fn seeds_and_findings_of_policies_hold() {
    replay("policy", policies::policy);
    policies::policy(include_bytes!("../../examples/pci.toml"));
}

#[cfg(feature = "batch")]
#[test]
fn seeds_and_findings_of_manifests_hold() {
    replay("manifest", manifests::manifest);
    replay("manifest", manifests::pairing);
}

#[cfg(feature = "work")]
#[test]
fn seeds_and_findings_of_orders_hold() {
    replay("order", orders::order);
}

/// The seeds of transcripts are the fixtures, each as it is, and in formats that it is not.
#[cfg(feature = "transcript")]
#[test]
fn seeds_and_findings_of_transcripts_hold() {
    let folders = ["fixtures/transcripts", "fixtures/third-party/transcripts"];
    let fixtures = folders.into_iter().flat_map(recordings);
    let findings = |target: &str, property: fn(&[u8])| {
        let folder = format!("{}/fuzz/findings/{target}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            eprintln!("{}", path.display());
            property(&std::fs::read(path).unwrap());
        }
    };
    let mut count = 0;
    for path in fixtures {
        eprintln!("{}", path.display());
        let bytes = std::fs::read(&path).unwrap();
        transcripts::transcript_json(&bytes);
        // A few of the formats for each file.
        for name in [count % 40, (count + 13) % 40] {
            let named = [&[name], bytes.as_slice()].concat();
            transcripts::transcript_json(&named);
            transcripts::transcript_text(&named);
        }
        count += 1;
    }
    assert!(count >= 60, "{count} transcripts");
    findings("transcript_json", transcripts::transcript_json);
    findings("transcript_text", transcripts::transcript_text);
    findings("selection", transcripts::selection);
}

/// Random calls in each layout: mostly digits of one voice, with times of their own.
#[cfg(feature = "transcript")]
#[test]
fn made_calls_hold_in_each_layout() {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    for turn in 0..60_u8 {
        let words = (0..40).flat_map(|_| {
            let [said, time, how, mix] = [byte(), byte(), byte(), byte()];
            if mix < 160 { [said % 9, time & 0xCF, 3] } else { [said, time, how] }
        });
        let words: Vec<u8> = words.collect();
        transcripts::selection(&[&[turn], words.as_slice()].concat());
    }
}

/// Recordings whose containers do not say how long they are: cut between two of their parts, they
/// are whole recordings of less.
const OPEN_ENDED: [&str; 8] = [
    "a.mp2",
    "adts.aac",
    "chained.opus",
    "live.webm",
    "noise.aac",
    "piped.au",
    "piped.wav",
    "plain.mp3",
];

/// Cuts every recording there is at 200 places: an error, or the beginning of what the whole gives.
#[test]
fn a_cut_recording_is_an_error_or_a_whole_and_correct_prefix() {
    let folders = ["fixtures", "fuzz/seeds/recording", "fuzz/seeds/wav"];
    let mut passed = BTreeSet::new();
    for path in folders.into_iter().flat_map(recordings) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let all = redacted(stream(bytes.clone()), &["0-0.0001"], Treatment::silence());
        let all = all.unwrap_or_else(|error| panic!("{name}: {error}"));
        for part in 0..200 {
            let cut = bytes[..bytes.len() * part / 200].to_vec();
            let out = redacted(stream(cut), &["0-0.0001"], Treatment::silence());
            let Ok(out) = out else { continue };
            if out == all {
                // Nothing but an index or a tag was cut.
                continue;
            }
            passed.insert(name.to_owned());
            assert!(OPEN_ENDED.contains(&name), "{name} cut at {part}/200");
            assert!(data_of(&all).starts_with(data_of(&out)), "{name} cut at {part}/200");
        }
    }
    assert!(passed.contains("piped.wav"), "a pipe that ends is no error: {passed:?}");
}

/// Sets every byte of each MP4 and CAF to others: an error or a recording, soon, and no panic in what is
/// read here. The audio itself is left alone: what a codec makes of it is another matter.
#[test]
fn any_byte_of_an_index_may_be_wrong() {
    let is_index = |path: &PathBuf| {
        let name = path.to_str().unwrap();
        ["m4a", "mp4", "caf"].iter().any(|end| name.ends_with(end))
    };
    for path in recordings("fuzz/seeds/recording").into_iter().filter(is_index) {
        let bytes = std::fs::read(&path).unwrap();
        let number = |from: usize| {
            bytes[from..from + 4].iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte))
        };
        let place = |name: &[u8; 4]| bytes.windows(4).position(|kind| kind == name);
        let audio = match place(b"mdat") {
            Some(at) => at + 4..at - 4 + number(at - 4),
            // Of a size of 64 bits the lower half; before the audio stand four bytes more.
            None => place(b"data").map(|at| at + 16..at + 12 + number(at + 8)).unwrap(),
        };
        for at in (0..bytes.len()).filter(|at| !audio.contains(at)) {
            for value in [0, 1, 0x7F, 0xFF, bytes[at] ^ 0x80, bytes[at].wrapping_add(1)] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let done = redacted(stream(changed), &["0-0.0001"], Treatment::silence());
                let Err(error) = done else { continue };
                let error = error.to_string();
                assert!(!error.contains("gave up"), "{path:?}, byte {at} = {value}: {error}");
            }
        }
    }
}

fn recordings(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let other = ["md", "sh", "py", "txt"];
    let is_other = |path: &PathBuf| other.iter().any(|end| path.extension().unwrap() == *end);
    paths.filter(|path| path.is_file() && !is_other(path)).collect()
}
