//! What must hold for any bytes as a manifest, and for any names in a folder.

use std::collections::BTreeSet;
use std::convert::Infallible;

use sordino::batch::{
    Api, Input, Key, Listed, Manifest, Paired, Pairing, Planned, Planning, WindowsSpec,
};
use sordino::policy::parse_treatment;
use sordino::store::Place;
use sordino::window::parse_flag;

fn planning() -> Planning {
    let place = |text: &str| Some(text.parse().expect("a place"));
    let (out, receipts) = (place("s3://out/o"), place("s3://out/r"));
    Planning { out, receipts, policy: "p".into(), api: Api::Platform, encoding: None, erases: true }
}

/// Errors, each in one line; or as many jobs as rows, whose outputs are apart and lie where they may.
pub fn manifest(bytes: &[u8]) {
    let plan = planning();
    let Ok(manifest) = Manifest::of_bytes("m", bytes.into()) else { return };
    let checked = match manifest.check(&plan) {
        Ok(checked) => checked,
        Err(error) => {
            let said = error.to_string();
            assert!(
                said.lines().count() <= 52 && !said.replace('\n', "").contains(char::is_control),
                "{said:?}"
            );
            return;
        }
    };
    let mut outputs = BTreeSet::new();
    let mut count = 0;
    let mut last = 0;
    for job in manifest.jobs(&plan, &checked).expect("it was checked") {
        let Planned { key, line, spec, .. } = job.expect("it was checked");
        count += 1;
        assert_eq!(key, Key::of(&spec));
        assert!(line.expect("a row has a line") > last);
        last = line.unwrap_or_default();
        assert!(spec.treatment.is_none_or(|treatment| parse_treatment(&treatment).is_ok()));
        if let WindowsSpec::Inline(windows) = &spec.windows {
            assert!(!windows.is_empty() && windows.iter().all(|window| parse_flag(window).is_ok()));
        }
        match &spec.input {
            Input::Genesys { api: Api::Recordings, .. } => assert_eq!(spec.output, ""),
            input => {
                assert!(outputs.insert(spec.output.clone()), "{} twice", spec.output);
                let place: Place = spec.output.parse().expect("an output is a place");
                assert!(
                    !matches!(input, Input::Place { place: input, .. } if *input == spec.output)
                );
                if let Place::Object { key, .. } = place {
                    assert!(!key.is_empty() && !key.ends_with('/'));
                }
            }
        }
        let receipt = spec.receipt.expect("receipts have a place");
        let below = receipt.strip_prefix("s3://out/r/").expect("a receipt lies below its folder");
        assert!(below.split('/').all(|part| !part.is_empty() && part != ".."), "{receipt}");
    }
    assert_eq!(count, checked.rows);
}

/// Lines as the names in a folder: each recording comes once, and a job's transcript is one of its two.
pub fn pairing(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let names: BTreeSet<&str> = text.lines().filter(|name| !name.is_empty()).collect();
    let (plan, prefix) =
        (planning(), Place::Object { scheme: "s3", bucket: "in".into(), key: String::new() });
    let listing = names.iter().map(|name| {
        let place = prefix.join(name);
        Ok::<_, Infallible>(Listed { path: (*name).to_owned(), place, version: None })
    });
    let pairing = Pairing::new(&prefix, listing, ".t.json", &plan).expect("the places are apart");
    let mut recordings = BTreeSet::new();
    for Ok(paired) in pairing {
        let recording = match paired {
            Paired::Job(planned) | Paired::NoTranscript(planned) => {
                let Input::Place { place, .. } = planned.spec.input else { panic!("a place") };
                let WindowsSpec::Place(windows) = planned.spec.windows else { panic!("a place") };
                let of = windows.strip_suffix(".t.json").expect("it has the suffix");
                assert!(place == of || place.rsplit_once('.').is_some_and(|(stem, _)| stem == of));
                place
            }
            Paired::TwoTranscripts { recording, .. }
            | Paired::OutputIsRead { recording, .. }
            | Paired::NotKept { recording, .. } => recording.to_string(),
            Paired::SameOutput { recordings: [_, recording], .. } => recording.to_string(),
            Paired::NoRecording(transcript) => transcript.to_string(),
        };
        assert!(recordings.insert(recording.clone()), "{recording} twice");
        assert!(names.contains(recording.strip_prefix("s3://in/").expect("it is of the folder")));
    }
    for name in names.iter().filter(|name| !name.split('/').any(|part| part.starts_with('.'))) {
        let is_recording =
            sordino::decode::recording_stem(name).is_some() && !name.ends_with(".t.json");
        assert!(!is_recording || recordings.contains(&format!("s3://in/{name}")), "{name} is lost");
    }
}
