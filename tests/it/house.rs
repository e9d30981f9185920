//! The house rules, as tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may know whom: the picture in the crate docs, as a table. `error` shows times, and names
/// nothing else; `lib.rs` knows everybody.
const KNOWS: &[(&str, &[&str])] = &[
    ("window", &[]),
    ("transcript", &["window"]),
    ("span", &["error", "window"]),
    ("block", &[]),
    ("lock", &[]),
    ("g711", &[]),
    ("flac", &["ogg"]),
    ("ogg", &["lock"]),
    ("opus", &[]),
    ("level", &["block", "g711"]),
    ("digest", &[]),
    (
        "decode",
        &["block", "digest", "error", "flac", "g711", "lock", "ogg", "opus", "span", "window"],
    ),
    ("treatment", &["block", "error", "g711", "span", "window"]),
    ("encode", &["block", "error", "flac", "ogg", "opus", "spool"]),
    ("spool", &["error", "lock"]),
    (
        "evidence",
        &[
            "block",
            "decode",
            "digest",
            "error",
            "flac",
            "level",
            "ogg",
            "opus",
            "span",
            "spool",
            "treatment",
            "window",
        ],
    ),
    (
        "redact",
        &["block", "decode", "encode", "error", "evidence", "span", "spool", "treatment", "window"],
    ),
    (
        "receipt",
        &[
            "block",
            "decode",
            "digest",
            "error",
            "evidence",
            "level",
            "redact",
            "span",
            "spool",
            "treatment",
            "window",
        ],
    ),
    ("report", &["batch", "evidence", "level", "receipt", "redact", "span", "window"]),
    ("signature", &[]),
    ("verify", &["block", "decode", "error", "level", "opus", "span", "treatment", "window"]),
    ("info", &["block", "decode", "error", "level", "redact", "span"]),
    ("error", &["window"]),
    ("http", &["lock"]),
    ("genesys", &["digest", "http", "lock", "redact"]),
    (
        "job",
        &[
            "decode",
            "digest",
            "error",
            "evidence",
            "genesys",
            "policy",
            "receipt",
            "redact",
            "spool",
            "store",
            "transcript",
            "treatment",
            "window",
        ],
    ),
    ("policy", &["decode", "digest", "receipt", "transcript", "treatment", "window"]),
    ("store", &["digest", "error", "http", "lock", "spool"]),
    (
        "batch",
        &[
            "decode",
            "digest",
            "error",
            "evidence",
            "genesys",
            "job",
            "lock",
            "policy",
            "receipt",
            "redact",
            "signature",
            "store",
            "treatment",
            "window",
        ],
    ),
    ("queue", &["batch", "lock", "store"]),
    ("work", &["batch", "digest", "lock", "queue", "span", "store"]),
    ("sandbox", &["genesys", "lock"]),
];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The room that a file belongs to: the first part of its path below `src`.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    below.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn each_room_knows_only_the_rooms_that_the_picture_joins_to_it() {
    let knows: BTreeMap<_, _> = KNOWS.iter().copied().collect();
    // What tests need is no part of the house.
    for (path, text) in sources("src").into_iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        let room = room(&path);
        if matches!(room.as_str(), "lib" | "main" | "cli") {
            let inside = text.lines().any(|line| line.starts_with("use crate::"));
            assert!(!inside, "{room} uses the library from outside");
            continue;
        }
        let allowed = knows.get(room.as_str()).unwrap_or_else(|| panic!("{room} is a new room"));
        for line in text.lines().map(str::trim) {
            let Some(rest) = line.strip_prefix("use crate::") else { continue };
            let other = rest.split([':', ';']).next().unwrap();
            let wire = room != "sandbox" || other != "genesys" || rest.starts_with("genesys::wire");
            assert!(wire, "the sandbox shares only the wire with the client");
            let fine = other == room || allowed.contains(&other);
            assert!(fine, "{} may not know {other}", path.display());
        }
    }
}

#[test]
fn each_dependency_is_named_in_its_room_only() {
    for (name, home) in [
        ("symphonia::", "decode"),
        ("file_format::", "decode"),
        ("hound::", "encode"),
        ("md5::", "encode"),
        ("minijinja::", "report, cli"),
        ("roxmltree::", "transcript"),
        ("toml::", "policy"),
        ("humantime::", "receipt, signature, genesys, store, batch, work, sandbox, cli"),
        ("ssh_key::", "signature"),
        ("zeroize::", "signature"),
        ("schemars::", "receipt"),
        ("ring::digest", "digest"),
        ("twox_hash::", "evidence, ogg"),
        // `bench` works in a folder that goes away.
        // So does the token cache, until it is renamed.
        ("tempfile::", "spool, genesys, cli"),
        ("clap::", "cli"),
        ("clap_complete::", "cli"),
        ("clap_mangen::", "cli"),
        ("unicode_width::", "cli"),
        ("wait4::", "cli"),
        ("indicatif::", "cli"),
        ("ctrlc::", "cli"),
        ("reqwest::", "http, genesys, store"),
        ("object_store::", "store"),
        ("rusqlite::", "batch"),
        ("tokio_postgres_rustls::", "batch"),
        ("aws_config::", "queue"),
        ("aws_sdk_sqs::", "queue"),
        ("async_nats::", "queue"),
        ("governor::", "genesys"),
        ("axum::", "sandbox, work"),
        ("tracing::", "queue, work, cli"),
        ("tracing_subscriber::", "cli"),
    ] {
        // Tests may use what they need.
        let is_test = |path: &Path| TESTS.iter().any(|name| path.ends_with(name));
        for (path, text) in sources("src").into_iter().filter(|(path, _)| !is_test(path)) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            let named = code
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(name));
            let at_home = home.split(", ").any(|home| home == room(&path));
            assert!(!named || at_home, "{name} in {}", path.display());
        }
    }
}

/// The rooms that a feature brings. All others are the core.
const FEATURES: &[(&str, &str)] = &[
    ("transcript", "transcript"),
    ("report", "report"),
    ("signature", "sign"),
    ("http", "http"),
    ("genesys", "genesys"),
    ("job", "genesys"),
    ("policy", "policy"),
    ("store", "store"),
    ("batch", "batch"),
    ("queue", "work"),
    ("work", "work"),
    ("sandbox", "sandbox"),
];

#[test]
fn each_room_outside_the_core_has_its_feature() {
    let (_, text) = sources("src").into_iter().find(|(path, _)| path.ends_with("lib.rs")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(room) = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")) else {
            continue;
        };
        let room = room.trim_end_matches(';');
        let feature = FEATURES.iter().find(|(gated, _)| *gated == room);
        let gate = feature.map(|(_, feature)| format!("#[cfg(feature = \"{feature}\")]"));
        let found = lines[at - 1].starts_with("#[cfg(").then(|| lines[at - 1].to_owned());
        assert_eq!(found, gate, "{room}");
    }
}

/// Crates that the core links, itself included; those that only run while it is compiled are not counted.
const MOST_CRATES: usize = 57;

/// What a program that redacts must not have to compile.
const NOT_IN_THE_CORE: [&str; 9] =
    ["tokio", "reqwest", "hyper", "rustls", "axum", "clap", "indicatif", "ctrlc", "tracing"];

#[test]
fn the_core_is_light() {
    let tree = ["tree", "--locked", "--offline", "--no-default-features"];
    let shape = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{lib}"];
    let mut cargo = std::process::Command::new(env!("CARGO"));
    let done = cargo.args(tree).args(shape).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    let mut crates: Vec<&str> =
        text.lines().map(|line| line.trim_end_matches(" (*)")).filter(|l| !l.is_empty()).collect();
    crates.sort_unstable();
    crates.dedup();
    assert!(crates.contains(&"symphonia_core"), "{crates:?}");
    assert!(crates.len() <= MOST_CRATES, "{}: {crates:?}", crates.len());
    assert!(!crates.iter().any(|name| NOT_IN_THE_CORE.contains(name)), "{crates:?}");
}

/// The first bytes decide which guard opens a recording: symphonia's own probe is never asked.
#[test]
fn symphonia_alone_never_decides_what_a_file_is() {
    for (path, text) in sources("src") {
        assert!(!text.contains("get_probe"), "{}", path.display());
    }
}

/// The files below `src/decode` that a `use` of this one names.
fn known_to(path: &Path, text: &str, all: &[PathBuf]) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lines = text.split("#[cfg(test)]").next().unwrap().split("use ").skip(1);
    let known = lines.filter_map(|line| {
        let line = line.split([';', '{']).next().unwrap();
        let from = line.strip_prefix("crate::").map(|rest| (src.clone(), rest)).or_else(|| {
            // A file's own folder is named as it is; `super` is the folder that it lies in.
            line.strip_prefix("super::").map(|rest| (path.parent().unwrap().to_owned(), rest))
        });
        let (folder, rest) = from?;
        let mut file = None;
        let mut place = folder;
        for part in rest.split("::") {
            place = place.join(part.trim());
            let this = place.with_extension("rs");
            file = all.contains(&this).then_some(this).or(file);
        }
        file
    });
    known.filter(|file| file != path).collect()
}

/// Whoever reads a file of the decoder has read those below it, and needs no other.
#[test]
fn no_files_of_the_decoder_know_each_other_in_a_circle() {
    let files = sources("src/decode");
    let mut all: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let mut below: BTreeMap<PathBuf, Vec<PathBuf>> =
        files.iter().map(|(path, text)| (path.clone(), known_to(path, text, &all))).collect();
    assert!(below.values().map(Vec::len).sum::<usize>() > 80, "uses are read: {below:?}");
    while !all.is_empty() {
        let before = all.len();
        let ground: Vec<_> = all.iter().filter(|path| below[*path].is_empty()).cloned().collect();
        all.retain(|path| !ground.contains(path));
        below.values_mut().for_each(|known| known.retain(|path| !ground.contains(path)));
        assert!(
            all.len() < before,
            "a circle: {:?}",
            below.iter().filter(|(p, _)| all.contains(p)).collect::<Vec<_>>()
        );
    }
}

#[test]
fn what_is_unsafe_lies_in_one_file() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        if path.ends_with("house.rs") {
            continue;
        }
        let here =
            text.lines().any(|line| line.contains("unsafe_code") || line.contains("unsafe {"));
        assert_eq!(here, path.ends_with("ffmpeg/raw.rs"), "{}", path.display());
    }
}

/// Files that may have 500 lines, because one type is whole in them.
const WHOLE: [&str; 1] = ["src/transcript/select/place.rs"];

/// Files of `src` that are compiled for tests only.
const TESTS: [&str; 5] = ["tests.rs", "samples.rs", "proofs.rs", "layouts.rs", "leaks.rs"];

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    for (path, text) in sources("src") {
        let code = text.split("#[cfg(test)]").next().unwrap().lines().count();
        let most = if WHOLE.iter().any(|whole| path.ends_with(whole)) { 500 } else { 300 };
        let is_test = TESTS.iter().any(|name| path.ends_with(name));
        assert!(code <= most || is_test, "{} has {code}", path.display());
    }
}

/// The image is built of what is copied into it, not of the whole repository.
#[test]
fn what_is_compiled_in_is_copied_into_the_image() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let image = fs::read_to_string(root.join("examples/work/Containerfile")).unwrap();
    let copied: Vec<_> = image.lines().filter_map(|line| line.strip_prefix("COPY ")).collect();
    let mut seen = 0;
    for (path, text) in sources("src") {
        if TESTS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for include in code.split("include_bytes!(").chain(code.split("include_str!(")) {
            let Some(file) =
                include.trim_start().strip_prefix("\"").and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            seen += 1;
            let file = path.parent().unwrap().join(file).canonicalize().unwrap();
            let file = file.strip_prefix(root.canonicalize().unwrap()).unwrap().to_owned();
            let is_copied = copied.iter().any(|copy| {
                let (from, to) = copy.split_once(' ').unwrap();
                from == to && file.starts_with(from)
            });
            assert!(is_copied, "{} is not in the image", file.display());
        }
    }
    assert!(seen > 0);
}

#[test]
fn no_test_sleeps() {
    let words = ["thread::sleep", "time::sleep", "#[ignore"].map(|word| word.to_owned());
    let of_src = sources("src").into_iter().filter_map(|(path, text)| {
        let (_, tests) = text.split_once("#[cfg(test)]")?;
        Some((path, tests.to_owned()))
    });
    for (path, text) in of_src.chain(sources("tests")) {
        let here = path.ends_with("house.rs");
        assert!(here || !words.iter().any(|word| text.contains(word)), "{}", path.display());
    }
}
