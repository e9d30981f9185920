//! The documentation, checked: every command is run as it stands there, and output that is shown is
//! compared with what the command prints.
//!
//! A block of ```` ```sh ```` is run with bash, in a folder that has the fixtures under the names that the
//! pages use, with a Genesys sandbox in the environment. The blocks of a page are run one after the
//! other in one folder, as a reader types them. A block of `text` or `json` directly after it is its
//! output, stdout and stderr together; `…` stands for anything. A comment before a block says
//! otherwise:
//!
//! - `<!-- not run: WHY -->`: the commands are only checked against `--help` and the list of tests.
//! - `<!-- needs: PROGRAM -->`: not run where that program is not installed.
//! - `<!-- exit code: 1 -->`: the block ends with this code.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sordino::sandbox::{Conversation, Sandbox, SandboxOptions};

use crate::support::*;

/// Flags of other programs that the pages name.
const FOREIGN_FLAGS: [&str; 6] =
    ["--release", "--all-targets", "--document-private-items", "--test", "--lib", "--features"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages, with their paths from the root.
fn pages() -> Vec<String> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let docs = docs.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let others = ["README.md", "CONTRIBUTING.md", "fuzz/README.md", "fixtures/README.md"];
    docs.chain(others.map(str::to_owned)).collect()
}

/// A fenced block, and the comment before it.
#[derive(Debug, Default)]
struct Block {
    /// The line of the page that it begins in.
    line: usize,
    language: String,
    text: String,
    /// The content of the comment directly before it.
    marker: Option<String>,
    /// Whether it follows another block directly.
    follows: bool,
}

/// The fenced blocks of a page, and its lines outside them.
fn parse(page: &str) -> (Vec<Block>, Vec<&str>) {
    let (mut blocks, mut prose) = (Vec::<Block>::new(), Vec::new());
    let (mut open, mut marker, mut follows) = (None::<Block>, None, false);
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let (line, language) = (index + 1, language.to_owned());
                let marker = marker.take();
                open = Some(Block { line, language, marker, follows, ..Block::default() });
            }
            (Some(_), Some(_)) => {
                blocks.extend(open.take());
                follows = true;
            }
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) if line.is_empty() => {}
            (None, None) => {
                prose.push(line);
                follows = false;
                let comment = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                marker = comment.map(str::to_owned);
            }
        }
    }
    (blocks, prose)
}

/// A folder as the pages assume it, a sandbox, and a shell in it.
struct Scratch {
    folder: Folder,
    variables: Vec<(&'static str, String)>,
    _runtime: tokio::runtime::Runtime,
}

impl Scratch {
    fn new() -> Self {
        let folder = Folder::new();
        symlink(root().join("fixtures"), folder.path("fixtures")).unwrap();
        for name in ["call.wav", "call.mp3", "call.flac", "call.opus", "call.webm"] {
            folder.write(name, &fixture_bytes(name));
        }
        let law = fixture_bytes("call-mulaw.wav");
        folder.write("mulaw.wav", &law);
        folder.write("call.ulaw", &law[law.len() - 608_000..]);
        folder.write("windows.json", br#"[{"start": 10.0, "end": 15.0, "label": "card number"}]"#);
        folder.write("windows.csv", b"start,end\n10.0,15.0\n");
        folder.write("words.json", br#"[{"word": "four", "start": 10250, "end": 10600}]"#);
        folder.write("pci.toml", include_bytes!("../../examples/pci.toml"));
        fs::create_dir(folder.path("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_sordino"), folder.path("bin/sordino")).unwrap();
        for (name, script) in [
            ("fetch-call", "cat call.wav"),
            ("store-call", "cat > stored.wav"),
            // `cargo run … -- ARGS` runs the command; other calls are noted, and checked later.
            (
                "cargo",
                "case $1 in\nrun) while [ $# -gt 0 ] && [ $1 != -- ]; do shift; done; shift; exec sordino \"$@\";;\n\
                 *) echo \"$@\" >> cargo-calls;;\nesac",
            ),
        ] {
            let path =
                folder.write(&format!("bin/{name}"), format!("#!/bin/bash\n{script}\n").as_bytes());
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = SandboxOptions::default();
        let sandbox = Sandbox::new(options.clone());
        sandbox.add_recording("demo-call", fixture_bytes("call.flac"));
        sandbox.add_conversation(Conversation::demo(8000, &samples_16(&fixture_bytes("call.wav"))));
        let base = runtime.block_on(sandbox.start(0)).unwrap();
        let path = format!("{}:{}", folder.path("bin"), std::env::var("PATH").unwrap());
        let variables = vec![
            ("PATH", path),
            ("HOME", folder.path("")),
            ("GENESYS_BASE_URL", base),
            ("GENESYS_CLIENT_ID", options.client_id),
            ("GENESYS_CLIENT_SECRET", options.client_secret),
            ("GENESYS_RECORDING_ID", "demo-call".into()),
            ("GENESYS_CONVERSATION_ID", "demo-conversation".into()),
        ];
        Self { folder, variables, _runtime: runtime }
    }

    /// Runs a script; its exit code, and what it prints on both streams.
    fn run(&self, script: &str) -> (Option<i32>, String) {
        // The reader's own settings; the sandbox's stand in the environment.
        let lines = script.lines().filter(|line| !line.starts_with("export GENESYS_"));
        let script = lines.fold("exec 2>&1\n".to_owned(), |all, line| all + line + "\n");
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &script]).stdin(Stdio::null());
        command.current_dir(self.folder.path("")).envs(self.variables.iter().cloned());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What `cargo` was called with.
    fn cargo_calls(&self) -> String {
        fs::read_to_string(self.folder.path("cargo-calls")).unwrap_or_default()
    }
}

/// Whether a text is as it is shown; `…` is anything within a line, and a line of it any lines.
fn is_shown(shown: &str, printed: &str) -> bool {
    fn lines(shown: &[&str], printed: &[&str]) -> bool {
        match (shown, printed) {
            ([], []) => true,
            (["…", rest @ ..], _) => {
                (0..=printed.len()).any(|skip| lines(rest, &printed[skip..]))
            }
            ([one, shown @ ..], [other, printed @ ..]) => line(one, other) && lines(shown, printed),
            _ => false,
        }
    }
    fn line(shown: &str, printed: &str) -> bool {
        let mut parts = shown.split('…');
        let Some(mut rest) = printed.strip_prefix(parts.next().unwrap()) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        true
    }
    let (shown, printed): (Vec<_>, Vec<_>) = (shown.lines().collect(), printed.lines().collect());
    lines(&shown, &printed)
}

/// What the pages are checked against besides running them.
struct Known {
    /// The help of each command.
    help: Vec<(&'static str, String)>,
    /// The full names of all tests.
    tests: Vec<String>,
}

impl Known {
    fn new() -> Self {
        let mut help = COMMANDS.map(|name| (name, stdout(&sordino(&[name, "--help"]))));
        // The words below these have flags of their own.
        for (command, word) in [("batch", "status"), ("batch", "report"), ("queue", "status")] {
            let (_, text) = help.iter_mut().find(|(name, _)| *name == command).unwrap();
            *text += &stdout(&sordino(&[command, word, "--help"]));
        }
        let mut tests = Vec::new();
        find_tests(&root().join("src"), "", "tests::", &mut tests);
        find_tests(&root().join("tests/it"), "", "", &mut tests);
        Self { help: help.to_vec(), tests }
    }

    /// What is wrong with a command that is not run: a command or a flag that does not exist, a name of
    /// a test that matches none.
    fn mistakes(&self, command: &str) -> Vec<String> {
        // Without the comment after it.
        let command = command.split(" #").next().unwrap();
        let words: Vec<&str> =
            command.split([' ', '|', ';']).filter(|word| !word.is_empty()).collect();
        let mut wrong = Vec::new();
        for at in (0..words.len()).filter(|&at| words[at] == "sordino") {
            let Some(name) = words.get(at + 1).filter(|name| !name.starts_with('-')) else {
                continue;
            };
            // The word that stands for any command.
            if *name == "COMMAND" {
                continue;
            }
            match self.help.iter().find(|(known, _)| known == name) {
                None => wrong.push(format!("there is no command `{name}`")),
                Some((_, help)) => {
                    let flags = words[at..].iter().filter(|word| word.starts_with("--"));
                    let flags = flags.map(|flag| flag.split('=').next().unwrap());
                    wrong.extend(
                        flags
                            .filter(|flag| !has_flag(help, flag))
                            .map(|flag| format!("{name} has no {flag}")),
                    );
                }
            }
        }
        if let Some(filters) = command.strip_prefix("cargo test") {
            let mut words = filters.split_whitespace().peekable();
            while let Some(word) = words.next() {
                match word {
                    "--test" | "--features" => drop(words.next()),
                    "--" | "--lib" => {}
                    name if self.tests.iter().any(|test| test.contains(name)) => {}
                    name => wrong.push(format!("no test is called `{name}`")),
                }
            }
        }
        wrong
    }
}

/// Whether a help text has this flag, and not only one that begins with it.
fn has_flag(help: &str, flag: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    help.match_indices(flag).any(|(at, _)| is_end(&help[at + flag.len()..]))
}

/// The tests in the files of a folder, with the paths that cargo gives them. Read from the source, since
/// those of a feature that is off are not in this binary.
fn find_tests(folder: &Path, module: &str, inner: &str, tests: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{module}{}::", path.file_stem().unwrap().to_str().unwrap());
        if path.is_dir() {
            find_tests(&path, &name, inner, tests);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().map(str::trim);
        let is_test = |line: &str| line == "#[test]" || line.starts_with("#[tokio::test");
        while lines.by_ref().any(is_test) {
            let line = lines.find(|line| line.contains("fn ")).unwrap();
            let (_, function) = line.split_once("fn ").unwrap();
            tests.push(format!("{name}{inner}{}", function.split('(').next().unwrap()));
        }
    }
}

/// Checks the blocks of a page in this folder; what is wrong, each with its line.
fn mistakes_of_blocks(blocks: &[Block], scratch: &Scratch, known: &Known) -> Vec<String> {
    let mut wrong = Vec::new();
    // What the block before has printed, if it was run.
    let mut printed: Option<String> = None;
    for block in blocks {
        let mut say = |what: String| wrong.push(format!("line {}: {what}", block.line));
        if block.language != "sh" {
            if let Some(printed) = printed.take().filter(|_| block.follows) {
                if !is_shown(&block.text, &printed) {
                    say(format!("it prints something else:\n{printed}"));
                }
            } else if block.text.lines().any(|line| line.starts_with("sordino ")) {
                say("a command in a block that is not `sh`".into());
            }
            continue;
        }
        printed = None;
        let marker = block.marker.as_deref().unwrap_or_default().split_once(": ");
        if let Some(("not run", why)) = marker {
            assert!(why.len() > 5, "line {}: say why it is not run", block.line);
            block.text.lines().flat_map(|line| known.mistakes(line)).for_each(say);
            continue;
        }
        if matches!(marker, Some(("needs", program)) if !installed(program)) {
            continue;
        }
        let expected = match marker {
            Some(("exit code", code)) => code.parse().unwrap(),
            _ => 0,
        };
        let (code, output) = scratch.run(&block.text);
        if code != Some(expected) {
            say(format!("exit code {code:?}, not {expected}:\n{output}"));
        }
        printed = Some(output);
    }
    let calls = scratch.cargo_calls();
    let calls = calls.lines().map(|line| format!("cargo {line}"));
    wrong.extend(calls.flat_map(|call| known.mistakes(&call)));
    wrong
}

/// The code spans of prose.
fn spans<'a>(prose: &[&'a str]) -> Vec<&'a str> {
    prose.iter().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// What is wrong with the code spans of a page.
fn mistakes_of_spans(prose: &[&str], known: &Known) -> Vec<String> {
    let mut wrong = Vec::new();
    for span in spans(prose) {
        wrong.extend(known.mistakes(span));
        let flag = span.split([' ', '=']).next().unwrap();
        let is_path = ["src/", "tests/", "fuzz/", "docs/", "benches/", "examples/", ".ci/"]
            .iter()
            .any(|folder| span.starts_with(folder));
        if is_path && !root().join(span).exists() {
            wrong.push(format!("there is no {span}"));
        }
        let is_known = || known.help.iter().any(|(_, help)| has_flag(help, flag));
        if flag.len() > 2 && flag.starts_with("--") && !FOREIGN_FLAGS.contains(&flag) && !is_known()
        {
            wrong.push(format!("no command has `{flag}`"));
        }
    }
    wrong
}

/// The name of a heading in links.
fn anchor(heading: &str) -> String {
    let plain = heading.trim().to_lowercase();
    let kept = plain.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The links of a page that lead nowhere.
fn dead_links(page: &Path, prose: &[&str]) -> Vec<String> {
    let text = prose.join("\n");
    let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let mut dead = Vec::new();
    for link in links.filter(|link| !link.starts_with("http")) {
        let (path, heading) = link.split_once('#').unwrap_or((link, ""));
        let target: PathBuf =
            if path.is_empty() { page.into() } else { page.parent().unwrap().join(path) };
        let Ok(text) =
            fs::read_to_string(&target).or_else(|_| fs::metadata(&target).map(|_| String::new()))
        else {
            dead.push(format!("{link} is not there"));
            continue;
        };
        let headings: BTreeSet<_> = text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| anchor(line.trim_start_matches('#')))
            .collect();
        if !heading.is_empty() && !headings.contains(heading) {
            dead.push(format!("{link} has no such heading"));
        }
    }
    dead
}

#[test]
fn every_command_of_the_documentation_does_what_it_says() {
    let known = &Known::new();
    let wrong = std::thread::scope(|scope| {
        let checks: Vec<_> = pages()
            .into_iter()
            .map(|name| {
                scope.spawn(move || {
                    let text = fs::read_to_string(root().join(&name)).unwrap();
                    let (blocks, prose) = parse(&text);
                    let mut wrong = mistakes_of_blocks(&blocks, &Scratch::new(), known);
                    wrong.extend(mistakes_of_spans(&prose, known));
                    wrong.extend(dead_links(&root().join(&name), &prose));
                    wrong.into_iter().map(|what| format!("{name}: {what}")).collect::<Vec<_>>()
                })
            })
            .collect();
        checks.into_iter().flat_map(|check| check.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_examples_of_each_help_are_commands_and_flags_that_exist() {
    let known = Known::new();
    for (name, help) in &known.help {
        let lines = help.lines().map(str::trim).filter(|line| line.contains("sordino "));
        let wrong: Vec<_> = lines.flat_map(|line| known.mistakes(line)).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
    }
}

/// The files with which workers are run: their flags exist, and systemd takes the unit.
#[test]
fn the_examples_for_operators_call_sordino_as_it_is() {
    let known = Known::new();
    let (_, help) = known.help.iter().find(|(name, _)| *name == "work").unwrap();
    let (mut seen, folder) = (0, root().join("examples/work"));
    for name in ["Containerfile", "kubernetes.yaml", "sordino-work.service"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        // Flags of cargo and podman stand in the Containerfile, and its own call is in a comment.
        let lines =
            text.lines().filter(|line| name != "Containerfile" || line.contains("sordino work"));
        let words = lines.flat_map(|line| line.rsplit("sordino work").next().unwrap().split(' '));
        for flag in words.filter(|word| word.starts_with("--") && *word != "---") {
            seen += 1;
            let flag = flag.split(['=', ',']).next().unwrap();
            assert!(has_flag(help, flag), "{name}: work has no {flag}");
        }
    }
    assert!(seen > 15, "{seen}");
    if installed("systemd-analyze") {
        let unit = fs::read_to_string(folder.join("sordino-work.service")).unwrap();
        let unit = unit.replace("/usr/local/bin/sordino", env!("CARGO_BIN_EXE_sordino"));
        let scratch = Folder::new();
        let path = scratch.write("sordino-work.service", unit.as_bytes());
        let checked = Command::new("systemd-analyze").args(["verify", &path]).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success() && said.is_empty(), "{said}");
    }
}

/// The README is read in a minute, and the pages have one purpose each.
#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words < 500, "{words} words");
    for page in pages().iter().filter(|page| page.starts_with("docs/")) {
        assert!(readme.contains(&format!("({page}")), "{page} is not linked");
    }
}

/// The Rust of the pages is that of an example, which is compiled.
#[test]
fn the_rust_of_the_documentation_is_compiled() {
    let example = include_str!("../../examples/redact.rs");
    let lines: BTreeSet<_> = example.lines().map(str::trim).collect();
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for block in parse(&text).0.iter().filter(|block| block.language == "rust") {
            seen += 1;
            for line in block.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                assert!(lines.contains(line), "{page}: `{line}` is not in examples/redact.rs");
            }
        }
    }
    assert!(seen > 0);
}

/// The check finds each kind of mistake.
#[test]
fn a_page_that_is_wrong_is_found() {
    let known = Known::new();
    let check = |page: &str| {
        let (blocks, prose) = parse(page);
        let wrong = mistakes_of_blocks(&blocks, &Scratch::new(), &known);
        [wrong, mistakes_of_spans(&prose, &known), dead_links(&root().join("README.md"), &prose)]
            .concat()
            .join("; ")
    };
    let good = "```sh\nsordino info call.wav\n```\n\n```text\ncall.wav\n  container …\n…\n```\n";
    assert_eq!(check(good), "");
    for (page, part) in [
        (
            "```sh\nsordino info missing.wav\n```\n",
            "line 1: exit code Some(2), not 0:\nerror: opening",
        ),
        ("x\n\n```sh\nsordino fiel call.wav\n```\n", "line 3: exit code Some(2)"),
        (
            "```sh\nsordino info call.wav\n```\n\n```text\ncall.mp3\n…\n```\n",
            "line 5: it prints something else",
        ),
        (
            "```sh\nsordino info call.wav\n```\n```text\ncall.wav\n```\n",
            "line 4: it prints something else",
        ),
        ("<!-- exit code: 1 -->\n```sh\nsordino info call.wav\n```\n", "exit code Some(0), not 1"),
        (
            "<!-- not run: takes minutes -->\n```sh\nsordino bench --comapre\n```\n",
            "bench has no --comapre",
        ),
        (
            "<!-- not run: takes minutes -->\n```sh\nsordino bnech\n```\n",
            "there is no command `bnech`",
        ),
        ("```sh\ncargo test no_such_test_anywhere\n```\n", "no test is called"),
        ("```sh\ncargo run --release -- fiel\n```\n", "exit code Some(2)"),
        ("```\nsordino info call.wav\n```\n", "a command in a block that is not `sh`"),
        ("See `sordino file --silent`.", "file has no --silent"),
        ("See `--silent`.", "no command has `--silent`"),
        ("See `src/no/such.rs`.", "there is no src/no/such.rs"),
        ("By `cargo test no_such_test_anywhere`.", "no test is called"),
        ("[x](docs/no.md)", "docs/no.md is not there"),
        ("[x](docs/formats.md#no)", "has no such heading"),
    ] {
        let wrong = check(page);
        assert!(wrong.contains(part), "{page}: {wrong}");
    }
}

#[test]
#[should_panic(expected = "say why it is not run")]
fn a_block_that_is_not_run_without_a_reason_is_refused() {
    let (blocks, _) = parse("<!-- not run:  -->\n```sh\nsordino bench\n```\n");
    mistakes_of_blocks(&blocks, &Scratch::new(), &Known::new());
}
