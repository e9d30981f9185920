//! The page of a batch, in a real browser.

use std::path::Path;

use serde_json::json;
use sordino::batch::{Done, Entry, Failed, FailureKind, Input, Key, Spec, State, WindowsSpec};
use sordino::report::BatchReport;

use crate::browser::Browser;
use crate::support::*;

const EVIL: &str = "</script><script>console.error('x')</script><img src='http://127.0.0.1:9/x'>";

fn entry(number: u64, state: State) -> Entry {
    let receipt = Some(format!("receipts/{number}.json"));
    let done = Done {
        frames: 8000 * 240,
        rate: 8000,
        redacted_frames: 8000 * (number % 20),
        windows: number % 5,
        receipt,
        ..Done::default()
    };
    let message = format!("{EVIL} is not there");
    let place =
        format!("s3://exports/org/year=2026/month=11/day=25/conversation_id={number}/{EVIL}.wav");
    Entry {
        key: Key(number.to_string()),
        line: Some(number + 2),
        id: Some(format!("call-{number}")),
        spec: Spec {
            input: Input::Place { place, version: None },
            windows: WindowsSpec::Place("w.json".into()),
            windows_version: None,
            treatment: number.is_multiple_of(3).then(|| "tone=1000".into()),
            output: "o".into(),
            receipt: None,
            policy: "0123456789abcdef".into(),
        },
        state,
        attempt: 1,
        // Slower and faster.
        at: 1_764_072_000_000 + number * 300 + (number % 1000) * (number % 1000) / 4,
        done: (state == State::Done).then_some(done),
        failed: matches!(state, State::Failed | State::Unknown)
            .then_some(Failed { kind: FailureKind::Missing, message }),
    }
}

/// Writes the page of so many recordings; returns its path.
fn page(folder: &Folder, recordings: u64) -> String {
    let path = folder.path("page.html");
    let mut report = BatchReport::new("calls.journal", Path::new(&path).parent().unwrap());
    for number in 0..recordings {
        report.add(&entry(
            number,
            match number {
                7 => State::Unknown,
                number if number % 50 == 3 => State::Failed,
                _ => State::Done,
            },
        ));
    }
    report.write(&mut std::fs::File::create(&path).unwrap()).unwrap();
    path
}

const ROWS: &str = "return document.querySelectorAll('#recordings tbody tr').length";
const SHOWN: &str = "return document.getElementById('shown').textContent";
const FIRST: &str =
    "return document.querySelector('#recordings tbody tr td:nth-child(3)').textContent";

#[test]
fn a_hundred_thousand_recordings_are_searched_and_sorted() {
    let folder = Folder::new();
    let page = page(&folder, 100_000);
    let Some(browser) = Browser::open() else { return };
    browser.visit(&page);
    assert_eq!(browser.run(ROWS), 100);
    assert_eq!(browser.run(SHOWN), "1 to 100 of 100000 recordings");
    assert_eq!(browser.run(FIRST), "call-7", "the unknown one first");
    // Search by typing, sort and turn pages by keyboard and mouse.
    browser.type_at("#search", "call-99999");
    assert_eq!(browser.run(SHOWN), "1 to 1 of 1 recordings");
    browser.run("const s = document.getElementById('search'); s.value = ''; s.dispatchEvent(new Event('input'))");
    browser.type_at("#recordings thead th:nth-child(2) button", "\u{E007}");
    assert_eq!(browser.run(FIRST), "call-0");
    let sort =
        "return document.querySelector('#recordings th:nth-child(2)').getAttribute('aria-sort')";
    assert_eq!(browser.run(sort), "ascending");
    browser.click("#recordings thead th:nth-child(2) button");
    assert_eq!((browser.run(FIRST), browser.run(sort)), (json!("call-99999"), json!("descending")));
    browser.click("#next");
    assert_eq!(browser.run(SHOWN), "101 to 200 of 100000 recordings");
    // Nothing that a manifest holds has become a part of the page, or has run.
    assert_eq!(browser.run("return document.querySelectorAll('img, iframe').length"), 0);
    assert_eq!(browser.log("browser"), [] as [serde_json::Value; 0]);
    for url in browser.requests() {
        assert!(url.starts_with("file:///") || url.starts_with("data:"), "{url:.80}");
    }
    let link = "return document.querySelector('#recordings a').getAttribute('href')";
    assert!(browser.run(link).as_str().unwrap().starts_with("./"));
}

#[test]
fn the_page_of_a_batch_fits_a_phone_and_is_readable_with_a_screen_reader() {
    let folder = Folder::new();
    let page = page(&folder, 300);
    let Some(browser) = Browser::open() else { return };
    browser.visit(&page);
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let names = |role: &str| -> Vec<&str> {
        let mine = nodes.iter().filter(|node| node["role"]["value"] == role);
        mine.filter_map(|node| node["name"]["value"].as_str()).collect()
    };
    assert_eq!(names("image").len(), 2);
    assert!(
        names("image")[0].starts_with("Hours of audio a minute: at most"),
        "{:?}",
        names("image")
    );
    assert_eq!(names("searchbox"), ["Search ids, paths and reasons"]);
    assert!(names("button").contains(&"Next") && names("button").contains(&"Recording"));
    assert!(names("heading").contains(&"What a person must look at") && names("main").len() == 1);
    assert!(names("columnheader").len() >= 9);
    browser.assert_fits_a_phone_and_follows_the_scheme();
}
