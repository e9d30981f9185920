use std::path::Path;

use serde_json::Value;

use super::BatchReport;
use crate::batch::{Done, Entry, Failed, FailureKind, Input, Key, Spec, State, WindowsSpec};

/// What would run if it were not escaped.
const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u{2028}&quot;\"'\u{202e}ROWS-OF-THE-BATCH";

pub(super) fn entry(number: u64, state: State) -> Entry {
    let input = Input::Place { place: format!("s3://calls/{number}.wav"), version: None };
    let done = Done {
        frames: 8000 * 3600,
        rate: 8000,
        redacted_frames: 8000 * 6,
        windows: 2,
        receipt: Some(format!("receipts/{number}.json")),
        ..Done::default()
    };
    let failed = Failed { kind: FailureKind::Missing, message: "it is not there".into() };
    Entry {
        key: Key(format!("{number}")),
        line: Some(number + 1),
        id: Some(format!("call {number}")),
        spec: Spec {
            input,
            windows: WindowsSpec::Inline(vec!["1-2=card of Mrs Miller".into()]),
            windows_version: None,
            treatment: number.is_multiple_of(2).then(|| "silence".into()),
            output: "o".into(),
            receipt: None,
            policy: "0123456789abcdef".into(),
        },
        state,
        attempt: 1,
        at: 1_764_072_000_000 + number * 20_000,
        done: (state == State::Done).then_some(done),
        failed: matches!(state, State::Failed | State::Unknown).then_some(failed),
    }
}

fn page(entries: impl IntoIterator<Item = Entry>) -> String {
    let mut report = BatchReport::new("calls.journal", Path::new("/pages"));
    entries.into_iter().for_each(|entry| report.add(&entry));
    let mut page = Vec::new();
    report.write(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn rows(page: &str) -> Vec<Value> {
    let (_, json) = page.split_once("id=\"rows\">").unwrap();
    serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_adds_up() {
    let states = [State::Done, State::Done, State::Failed, State::Done, State::Unknown];
    let page = page(states.into_iter().enumerate().map(|(at, state)| entry(at as u64, state)));
    let sentence = "3 of 5 recordings are done: 3.0 hours of audio, in which 6 windows, 18.0 seconds in all, were muted.";
    assert!(page.contains(sentence), "{page}");
    assert!(page.contains("1 recording unknown: a person must look"));
    assert!(page.contains("<th scope=\"row\">silence</th><td class=\"number\">1</td><td class=\"number\">2</td><td class=\"number\">6.0 seconds</td>"), "{page}");
    assert!(page.contains("policy 0123456789ab</th><td class=\"number\">2</td>"));
    assert!(page.contains("Check the manifest, and whether the recording was moved or deleted."));
    // The unknown one first.
    let unknown = page.find("<td class=\"state unknown\">").unwrap();
    assert!(unknown < page.find("<td class=\"state failed\">").unwrap());
    let rows = rows(&page);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[0][5], 6.0);
    let here = std::env::current_dir().unwrap();
    let down = here.components().skip(1).map(|part| format!("/{}", part.as_os_str().display()));
    let link = format!("./..{}/receipts/0.json", down.collect::<String>());
    assert_eq!(rows[0][8], link);
    // Two bars of a minute each: three recordings in the first, none of the others is done.
    assert!(page.contains("Recordings a minute: at most 2.00 recordings a minute"), "{page}");
    assert!(!page.contains("Miller"), "no label");
}

#[test]
fn hostile_ids_and_paths_stay_text() {
    let mut evil = entry(1, State::Failed);
    evil.id = Some(EVIL.into());
    evil.spec.input = Input::Place { place: EVIL.into(), version: None };
    evil.spec.treatment = Some(EVIL.into());
    evil.failed = Some(Failed { kind: FailureKind::Other, message: EVIL.into() });
    let mut done = entry(2, State::Done);
    done.done.as_mut().unwrap().receipt = Some("javascript:alert(1)".into());
    done.spec.treatment = Some(EVIL.into());
    let mut report = BatchReport::new(EVIL, Path::new("/"));
    [&evil, &done].into_iter().for_each(|entry| report.add(entry));
    let mut page = Vec::new();
    report.write(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert_eq!(page.matches("<script").count(), 2, "ours alone");
    assert!(!page.contains("<img") && !page.contains("alert(1)</script>"));
    let rows = rows(&page);
    assert!(rows[0][2].as_str().unwrap().starts_with("</script>"), "it is shown as it was");
    assert!(!rows[0][2].as_str().unwrap().contains('\u{202e}'));
    let href = rows[1][8].as_str().unwrap();
    assert!(href.starts_with("./") && href.ends_with("/javascript%3Aalert%281%29"), "{href}");
    let mut bucket = entry(3, State::Done);
    bucket.done.as_mut().unwrap().receipt = Some("s3://evidence/3.json".into());
    assert_eq!(self::rows(&self::page([bucket]))[0][8], Value::Null);
}

#[test]
fn a_hundred_thousand_recordings_are_a_page_of_few_megabytes() {
    let state = |at| if at % 10 == 0 { State::Failed } else { State::Done };
    let page = page((0..100_000).map(|at| entry(at, state(at))));
    assert_eq!(rows(&page).len(), 100_000);
    assert!(page.len() < 25_000_000, "{}", page.len());
    assert!(page.contains("and 9500 more"), "the table without scripts is short");
    assert!(page.matches('L').count() < 10_000 && page.matches("100V").count() < 300, "few bars");
}

#[test]
fn an_empty_batch_has_a_page() {
    let page = page([]);
    assert!(page.contains("0 of 0 recordings are done") && rows(&page).is_empty());
}
