//! The page in a real browser.

use serde_json::json;

use crate::browser::Browser;
use crate::support::*;

/// A label that tries to inject HTML.
const EVIL: &str = r#"1-2=</td><script>console.error('run')</script><img src="http://127.0.0.1:9/x" onerror="console.error('x')">"#;

/// Redacts the call with a page; returns its path.
fn page(folder: &Folder, more: &[&str]) -> String {
    let (out, page) = (folder.path("o.wav"), folder.path("page.html"));
    let args = ["file", CALL, "-w", "10-15=card number", "-w", "30.5-35.2@1", "-w", EVIL];
    let papers = ["-o", &out, "--report", &page];
    let result = sordino(&[args.as_slice(), &papers, more].concat());
    assert!(result.status.success(), "{}", stderr(&result));
    page
}

/// Asserts that the page made no request and logged no error.
fn assert_quiet(browser: &Browser) {
    let requests = browser.requests();
    assert!(!requests.is_empty());
    for url in requests {
        assert!(url.starts_with("file:///") || url.starts_with("data:"), "{url:.80}");
    }
    assert_eq!(browser.log("browser"), [] as [serde_json::Value; 0]);
}

#[test]
fn the_page_is_self_contained_and_its_buttons_move_the_player() {
    let folder = Folder::new();
    let page = page(&folder, &["--report-audio"]);
    let Some(browser) = Browser::open() else { return };
    browser.visit(&page);
    assert_quiet(&browser);
    let ready = "return new Promise(done => { const p = document.getElementById('player');
        if (p.readyState > 0) done(p.duration); p.onloadedmetadata = () => done(p.duration); })";
    assert_eq!(browser.run(ready), 38);
    let labels = "return [...document.querySelectorAll('td:nth-child(4)')].map(c => c.textContent)";
    assert_eq!(browser.run(labels), json!([EVIL.split_once('=').unwrap().1, "card number", ""]));
    // Two buttons by mouse, one by keyboard.
    let expect = |start: f64| {
        let place = browser.run("return seeked").as_f64().unwrap();
        assert!((start..start + 2.0).contains(&place), "{place}");
    };
    let listen = "const p = document.getElementById('player');
        window.seeked = new Promise(done => p.addEventListener('seeked',
            () => done(p.currentTime), { once: true }))";
    for (row, start) in [(2, 10.0), (3, 30.5)] {
        browser.run(listen);
        browser.click(&format!("tbody tr:nth-child({row}) button"));
        expect(start);
    }
    browser.run(listen);
    browser.type_at("tbody tr:nth-child(1) button", "\u{E007}");
    expect(1.0);
    assert_quiet_after(&browser);
}

/// The same while it plays.
fn assert_quiet_after(browser: &Browser) {
    for url in browser.requests() {
        assert!(url.starts_with("data:"), "{url:.80}");
    }
    assert_eq!(browser.log("browser"), [] as [serde_json::Value; 0]);
}

#[test]
fn the_page_fits_a_phone_and_follows_the_colour_scheme() {
    let folder = Folder::new();
    let page = page(&folder, &[]);
    let Some(browser) = Browser::open() else { return };
    browser.visit(&page);
    assert_eq!(browser.run("return document.querySelectorAll('audio, button, script').length"), 0);
    browser.assert_fits_a_phone_and_follows_the_scheme();
    assert_quiet(&browser);
}

/// For screen readers: every picture has a text, every column a header, every control a name.
#[test]
fn the_page_is_readable_with_a_screen_reader() {
    let folder = Folder::new();
    let page = page(&folder, &["--report-audio"]);
    let Some(browser) = Browser::open() else { return };
    browser.visit(&page);
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let names = |role: &str| -> Vec<&str> {
        let mine = nodes.iter().filter(|node| node["role"]["value"] == role);
        mine.filter_map(|node| node["name"]["value"].as_str()).collect()
    };
    assert_eq!(names("image").len(), 2, "a waveform for each channel");
    assert!(names("image").iter().all(|name| name.starts_with("Waveform of channel")));
    assert!(
        names("button").contains(&"Play from 0:01.000 – 0:02.000"),
        "the triangle is hidden from screen readers"
    );
    assert!(names("columnheader").len() >= 7 && names("rowheader").len() == 3);
    assert!(names("heading").contains(&"Windows") && names("main").len() == 1);
}
