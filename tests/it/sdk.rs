//! Genesys' own SDKs against the sandbox, unchanged. They are installed by `.ci/run`, not by this test:
//! `SORDINO_SDK_PYTHON` is a Python that can import PureCloudPlatformClientV2, and `SORDINO_SDK_NODE` a folder
//! whose `node_modules` has purecloud-platform-client-v2. Without them, the tests say that they skip.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};

use serde_json::{Value, json};
use sordino::sandbox::{Conversation, Sandbox, SandboxOptions};

use crate::support::*;

/// The value of a variable; without it, prints that the test is skipped.
fn sdk(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if found.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    found
}

/// Runs a script against a new sandbox with the demo's conversation, and checks what it found there.
fn drive(command: &mut Command, before_the_url: &[&str], faults: &[&str]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(SandboxOptions::default());
    sandbox.add_conversation(Conversation::demo(8000, &samples_16(&fixture_bytes("call.wav"))));
    faults.iter().for_each(|fault| sandbox.inject(fault.parse().unwrap()));
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    let home = Folder::new();
    let port = base.rsplit(':').next().unwrap();
    // The Python SDK reads it as soon as it is imported, so it must not be there for the other ways.
    if before_the_url == ["config"] {
        fs::create_dir(home.path(".genesyscloudpython")).unwrap();
        let config = format!("[gateway]\nhost = 127.0.0.1\nprotocol = http\nport = {port}\n");
        fs::write(home.path(".genesyscloudpython/config"), config).unwrap();
    }
    let bodies = serde_json::to_vec(&bodies()).unwrap();
    let bodies = fs::File::open(home.write("bodies.json", &bodies)).unwrap();
    let output = command
        .args(before_the_url)
        .arg(&base)
        .env("HOME", home.path(""))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(bodies)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let leaks = sandbox.leaks();
    assert_eq!(leaks, [], "the script sends no bearer to the storage host");
    check(&found);
    if !before_the_url.is_empty() {
        check_models(&found);
    }
    // The same, as the sandbox saw it.
    let conversation = sandbox.conversation("demo-conversation").unwrap();
    let trunk = conversation.recording("demo-trunk").unwrap();
    assert_eq!((trunk.state.name(), trunk.annotations.len()), ("DELETED", 2));
    assert_eq!(trunk.annotations[1]["name"], "muted");
    let imports = sandbox.imports();
    assert_eq!(imports[0].content.as_deref(), Some(&b"PK\x03\x04import"[..]));
}

/// The bodies that `sordino` itself sends to the API, each with the name that the vendor has for it: it passes a
/// recording through its whole way at a sandbox, and a proxy listens.
fn bodies() -> Vec<(&'static str, Value)> {
    let (runtime, folder) = (tokio::runtime::Runtime::new().unwrap(), Folder::new());
    let sandbox = Sandbox::new(SandboxOptions::default());
    sandbox.add_conversation(Conversation::demo(8000, &samples_16(&fixture_bytes("call.wav"))));
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    let heard = Arc::<Mutex<Vec<(&str, Value)>>>::default();
    let proxy = runtime.block_on(proxy(base, Arc::clone(&heard)));
    let args = [
        "recording",
        "--api",
        "platform",
        "--conversation-id",
        "demo-conversation",
        "--recording-id",
        "demo-consult",
        "-w",
        "10-15=card number",
        "--silence",
        "--to",
        &folder.path("out.wav"),
        "--annotate",
        "--delete-original",
        "2099-12-31",
        "--yes",
    ];
    let output = command(&args)
        .env("GENESYS_BASE_URL", proxy)
        .env("GENESYS_CLIENT_ID", "sandbox")
        .env("GENESYS_CLIENT_SECRET", "sandbox-secret")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let heard = heard.lock().unwrap().clone();
    let names: Vec<_> = heard.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Annotation", "ConversationDeletionProtectionQuery", "Recording"]);
    heard
}

/// Passes each request on to `base`, and notes the JSON that is sent.
async fn proxy(base: String, heard: Arc<Mutex<Vec<(&'static str, Value)>>>) -> String {
    let pass = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let (url, heard) = (format!("{base}{uri}"), Arc::clone(&heard));
        async move {
            if let Ok(json) = serde_json::from_slice(&body) {
                let name = match (method.as_str(), uri.path().rsplit('/').next().unwrap()) {
                    ("POST", "annotations") => "Annotation",
                    ("POST", "deletionprotection") => "ConversationDeletionProtectionQuery",
                    ("PUT", "demo-consult") => "Recording",
                    other => panic!("{other:?}"),
                };
                heard.lock().unwrap().push((name, json));
            }
            let mut request = reqwest::Client::new().request(method, url).body(body);
            for name in ["authorization", "content-type"] {
                if let Some(value) = headers.get(name) {
                    request = request.header(name, value);
                }
            }
            let answer = request.send().await.unwrap();
            let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
            (status, answer.bytes().await.unwrap())
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(pass)).await });
    base
}

/// What every SDK must find in the demo's conversation.
fn check(found: &Value) {
    let mono = 44 + 304_000 * 2;
    for (name, expected) in [
        (
            "recordings",
            json!([
                ["demo-trunk", "audio", "Trunk", "AVAILABLE"],
                ["demo-consult", "audio", "Consult", "AVAILABLE"],
                ["demo-screen", "screen", "Screen", "AVAILABLE"],
                ["demo-chat", "chat", null, "AVAILABLE"],
            ]),
        ),
        ("organisation", json!("sandbox-organisation")),
        ("began", json!("2026-01-01T10:00:00+00:00")),
        ("polls", json!([202, 200])),
        ("files", json!({ "0": mono, "1": mono })),
        ("list", json!(["demo-chat", "demo-consult", "demo-screen", "demo-trunk"])),
        ("batch", json!(["InProgress", "Completed", 2, 1, "audio/wav", 44 + 304_000 * 4])),
        ("annotations", json!([["Hold", -20, 120], ["bookmark", 10_000, 5000]])),
        ("transcript", json!("demo-trunk")),
        ("transcripts", json!(["demo-trunk"])),
        ("protected", json!(["demo-conversation"])),
        ("states", json!(["AVAILABLE", "AVAILABLE", "AVAILABLE", "DELETED"])),
        ("deleteDate", json!("2020-01-01T00:00:00+00:00")),
        ("gone", json!(404)),
        ("upload", json!(200)),
        ("report", json!(2)),
        ("refused", json!([[400, "bad.request"], [404, "not.found"], [401, "bad.credentials"]])),
    ] {
        assert_eq!(found[name], expected, "{name}");
    }
}

/// The vendor's models know every field that is sent to them, whoever sends it, but the one that the sandbox adds
/// for clients that do not bear what they do not know.
fn check_models(found: &Value) {
    let names = ["Conversation", "Recording", "RecordingMetadata"];
    let extra = names.map(|name| format!("{name}.aFieldThatNoClientKnows"));
    assert_eq!(found["unknown"], json!(extra));
    assert_eq!(
        found["bodies"],
        json!(["Annotation", "ConversationDeletionProtectionQuery", "Recording"])
    );
}

#[test]
fn the_python_sdk_works_unchanged() {
    let Some(python) = sdk("SORDINO_SDK_PYTHON") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sdk/platform.py");
    for way in ["host", "gateway", "config"] {
        drive(Command::new(&python).arg(script), &[way], &["list=429:0x2"]);
    }
}

#[test]
fn the_javascript_sdk_works_unchanged() {
    let Some(_) = sdk("SORDINO_SDK_NODE") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sdk/platform.mjs");
    drive(Command::new("node").arg(script), &[], &[]);
}
