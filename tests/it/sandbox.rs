//! The Platform API of the sandbox, with requests written by hand: each call, each state, each fault.
//! What the client makes of it is tested elsewhere.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use sordino::genesys::WorkflowStep;
use sordino::sandbox::{
    Conversation, ConversationRecording, FileState, ImportStatus, Sandbox, SandboxOptions,
};

use crate::support::*;

const ONE: &str = "/api/v2/conversations/c/recordings/r";
const LIST: &str = "/api/v2/conversations/c/recordings";
const META: &str = "/api/v2/conversations/c/recordingmetadata";
const TRANSCRIPT: &str = "/api/v2/speechandtextanalytics/conversations/c/communications/call";
const BATCH: &str = "/api/v2/recording/batchrequests";
const PROTECTION: &str = "/api/v2/recordings/deletionprotection";
const UPLOADS: &str = "/api/v2/uploads/recordings";
const REPORTS: &str = "/api/v2/recording/uploads/reports";

/// A sandbox with one conversation, and a client of it.
struct World {
    sandbox: Sandbox,
    base: String,
    token: String,
    _runtime: tokio::runtime::Runtime,
}

/// An answer, as far as it came.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.to_ascii_lowercase().starts_with(&format!("{name}: "));
        self.head.lines().find(named).map(|line| &line[name.len() + 2..])
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} {:?}", self.head, self.body))
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The file state of a recording.
    fn state(&self) -> String {
        self.json()["fileState"].as_str().unwrap().to_owned()
    }
}

/// Sends a request; `None` if the connection closes without an answer.
fn request(method: &str, url: &str, head: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut text = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    head.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    if !head.iter().any(|(name, _)| *name == "transfer-encoding") {
        text += &format!("content-length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(&[text.as_bytes(), b"\r\n", body].concat()).unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head, body: all[end + 4..].to_vec() })
}

fn recording(id: &str) -> ConversationRecording {
    ConversationRecording::new(id).file("0", &b"RIFF left"[..]).file("1", &b"RIFF right"[..])
}

/// A conversation with one recording, which `change` changes.
fn with(change: impl FnOnce(&mut Conversation)) -> World {
    let mut conversation = Conversation::new("c", [recording("r")]);
    change(&mut conversation);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(SandboxOptions::default());
    sandbox.add_conversation(conversation);
    let base = runtime.block_on(sandbox.start(0)).unwrap();
    let mut world = World { sandbox, base, token: String::new(), _runtime: runtime };
    let form = b"grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret";
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let token = request("POST", &world.url("/oauth/token"), &[kind], form).unwrap();
    world.token = format!("Bearer {}", token.json()["access_token"].as_str().unwrap());
    world
}

fn world(faults: &[&str]) -> World {
    let world = with(|_| {});
    world.inject(faults);
    world
}

impl World {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn inject(&self, faults: &[&str]) {
        faults.iter().for_each(|fault| self.sandbox.inject(fault.parse().unwrap()));
    }

    fn try_call(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = [("authorization", self.token.as_str()), ("content-type", "application/json")];
        request(method, &self.url(path), &head, body.as_bytes())
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.try_call(method, path, &body).unwrap()
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null)
    }

    /// The link of a file of the recording.
    fn link(&self, key: &str) -> String {
        self.get(ONE).json()["mediaUris"][key]["mediaUri"].as_str().unwrap().to_owned()
    }

    /// The permission that an answer says is missing.
    fn missing(&self, method: &str, path: &str, body: Value) -> String {
        let answer = self.call(method, path, body);
        assert_eq!(answer.status, 403, "{method} {path}");
        answer.json()["messageParams"]["permissions"].as_str().unwrap().to_owned()
    }

    fn steps(&self) -> Vec<WorkflowStep> {
        self.sandbox.ledger().iter().skip(1).map(|entry| entry.step.unwrap()).collect()
    }
}

/// Fetches a presigned URL as a client does: without a token.
fn fetch(url: &str) -> Answer {
    request("GET", url, &[], b"").unwrap()
}

#[test]
fn a_client_signs_in_by_header_or_form_and_in_chunks() {
    let world = world(&[]);
    let url = world.url("/oauth/token");
    let form = ("content-type", "application/x-www-form-urlencoded");
    // sandbox:sandbox-secret
    let basic = ("authorization", "Basic c2FuZGJveDpzYW5kYm94LXNlY3JldA==");
    let grant = b"grant_type=client_credentials";
    let answer = request("POST", &url, &[form, basic], grant).unwrap().json();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("bearer"), &json!(3600)));
    let chunked = ("transfer-encoding", "chunked");
    let chunks = b"1d\r\ngrant_type=client_credentials\r\n0\r\n\r\n";
    assert_eq!(request("POST", &url, &[form, basic, chunked], chunks).unwrap().status, 200);
    let ledger = world.sandbox.ledger();
    assert!(ledger.last().unwrap().chunked && ledger.last().unwrap().authorized);
    let wrong = ("authorization", "Basic c2FuZGJveDp3cm9uZw==");
    for (header, body, status, error) in [
        (wrong, &grant[..], 401, "invalid_client"),
        (("authorization", "Basic !"), &grant[..], 401, "invalid_client"),
        (basic, b"grant_type=password", 400, "unsupported_grant_type"),
    ] {
        let answer = request("POST", &url, &[form, header], body).unwrap();
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)));
    }
}

#[test]
fn a_recording_is_transcoded_before_it_has_media() {
    let world = with(|conversation| conversation.recordings[0].transcoding = 2);
    for _ in 0..2 {
        let answer = world.get(&format!("{ONE}?formatId=WAV"));
        let view = answer.json();
        assert_eq!((answer.status, view.get("mediaUris")), (202, None));
        assert_eq!(view["estimatedTranscodeTimeMs"], 1500);
    }
    let answer = world.get(&format!("{ONE}?formatId=WAV"));
    let view = answer.json();
    assert_eq!((answer.status, view.get("estimatedTranscodeTimeMs")), (200, None));
    let uris = view["mediaUris"].as_object().unwrap();
    assert_eq!(uris.keys().collect::<Vec<_>>(), ["0", "1"]);
    for (key, content) in [("0", "RIFF left"), ("1", "RIFF right")] {
        let url = uris[key]["mediaUri"].as_str().unwrap();
        assert!(!url.starts_with(&world.base) && url.starts_with(&world.sandbox.storage()));
        for part in ["Expires=", "Signature=", "Key-Pair-Id="] {
            assert!(url.contains(part), "{part}");
        }
        let file = fetch(url);
        assert_eq!((file.status, file.text()), (200, content.to_owned()));
        assert_eq!(file.header("content-type"), Some("audio/wav"));
    }
    assert_eq!((&view["outputSizeInBytes"], &view["fileState"]), (&json!(0), &json!("AVAILABLE")));
    assert_eq!(world.sandbox.ledger()[1].query, "formatId=WAV");
    assert_eq!(world.sandbox.ledger().last().unwrap().query, "", "it holds a signature");
}

#[test]
fn a_request_without_media_is_not_transcoded_and_an_unknown_format_is_refused() {
    let world = with(|conversation| conversation.recordings[0].transcoding = 1);
    let answer = world.get(&format!("{ONE}?formatId=NONE"));
    assert_eq!((answer.status, answer.json().get("mediaUris")), (200, None));
    let answer = world.get(&format!("{ONE}?formatId=wav"));
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("invalid.value")));
    assert_eq!([0; 2].map(|_| world.get(ONE).status), [202, 200]);
}

#[test]
fn a_list_can_be_empty_or_partly_transcoded_before_it_is_complete() {
    let world = with(|conversation| {
        conversation.empty_lists = 2;
        conversation.recordings.push(ConversationRecording { transcoding: 1, ..recording("s") });
    });
    for _ in 0..2 {
        let answer = world.get(LIST);
        assert_eq!((answer.status, answer.json()), (200, json!([])));
    }
    let has_media = |answer: &Answer| {
        let list = answer.json();
        let list = list.as_array().unwrap().iter().map(|one| one.get("mediaUris").is_some());
        list.collect::<Vec<_>>()
    };
    let answer = world.get(LIST);
    assert_eq!((answer.status, has_media(&answer)), (202, vec![true, false]));
    let answer = world.get(LIST);
    assert_eq!((answer.status, has_media(&answer)), (200, vec![true, true]));
}

#[test]
fn faults_play_each_way_of_waiting() {
    let world = with(|conversation| conversation.recordings[0].transcoding = 1);
    world.inject(&["locate=transcoding:700x2", "locate=accepted", "locate=state:ARCHIVED"]);
    for _ in 0..2 {
        let answer = world.get(ONE);
        assert_eq!((answer.status, &answer.json()["estimatedTranscodeTimeMs"]), (202, &json!(700)));
    }
    let answer = world.get(ONE);
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let answer = world.get(ONE);
    assert_eq!((answer.status, answer.state().as_str()), (200, "ARCHIVED"));
    assert!(answer.json().get("mediaUris").is_none());
    assert_eq!([0; 2].map(|_| world.get(ONE).status), [202, 200], "its own time comes after them");
    world.inject(&["locate=none", "locate=accepted", "list=none", "locate=none"]);
    assert_eq!(world.get(LIST).json(), json!([]));
    let answer = world.get(LIST);
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert_eq!(world.get(META).json(), json!([]));
    assert_eq!(world.get(ONE).status, 404);
}

#[test]
fn lists_can_be_short_or_have_a_recording_twice() {
    let world = with(|conversation| conversation.recordings.push(recording("s")));
    let ids = |path: &str| {
        let list = world.get(path).json();
        let list =
            list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        list.collect::<Vec<_>>().join(" ")
    };
    for (step, path) in [("locate", LIST), ("list", META)] {
        world.inject(&[&format!("{step}=short"), &format!("{step}=twice")]);
        assert_eq!([0; 3].map(|_| ids(path)), ["r", "r s r", "r s"], "{step}");
    }
    // One recording is no list.
    world.inject(&["locate=short"]);
    assert_eq!((world.get(ONE).status, ids(LIST)), (200, "r".into()));
}

#[test]
fn a_conversation_says_when_it_began_and_who_spoke() {
    let world = with(|conversation| conversation.began += Duration::from_secs(90));
    let conversation = world.get("/api/v2/conversations/c").json();
    assert_eq!(conversation["startTime"], "2026-01-01T10:01:30.000Z");
    assert_eq!(conversation["participants"][0]["address"], "tel:+15550100");
    assert_eq!(world.get("/api/v2/conversations/none").status, 404);
    assert_eq!(world.get("/api/v2/organizations/me").json()["id"], "sandbox-organisation");
}

#[test]
fn a_recording_can_be_archived_while_a_client_waits() {
    let world = with(|conversation| {
        conversation.recordings[0].transcoding = 9;
        conversation.recordings[0].next_state = Some((2, FileState::Archived));
    });
    let answers = [0; 3].map(|_| world.get(ONE));
    assert_eq!(answers.each_ref().map(|answer| answer.status), [202, 202, 200]);
    assert_eq!(answers[2].state(), "ARCHIVED");
}

#[test]
fn every_state_without_media_shows_none() {
    use FileState::{Archived, Available, Deleted, Error, Restored, Restoring, Uploading};
    for state in [Archived, Available, Deleted, Error, Restored, Restoring, Uploading] {
        let world = with(|conversation| conversation.recordings[0].state = state);
        let answer = world.get(ONE);
        let has_media = answer.json().get("mediaUris").is_some();
        assert_eq!((answer.status, answer.state().as_str()), (200, state.name()));
        assert_eq!(has_media, matches!(state, Available | Restored), "{state:?}");
    }
}

#[test]
fn an_expired_link_is_refused_in_xml_and_the_next_answer_has_new_ones() {
    let world = world(&[]);
    let old = world.link("0");
    world.sandbox.expire_urls();
    let answer = fetch(&old);
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("application/xml")));
    assert!(answer.text().contains("<Code>AccessDenied</Code>"), "{}", answer.text());
    assert_eq!(fetch(&world.link("0")).status, 200);
    // A signature is for one path.
    let moved = world.link("0").replace("/r/0?", "/r/1?");
    assert_eq!(fetch(&moved).status, 403);
    world.inject(&["fetch=expired:1"]);
    assert_eq!(fetch(&world.link("0")).status, 200, "another key");
    assert_eq!([0; 2].map(|_| fetch(&world.link("1")).status), [403, 200]);
}

#[test]
fn the_storage_host_refuses_and_counts_bearers_and_referrers() {
    let world = world(&[]);
    let url = world.link("0");
    for header in [("authorization", world.token.as_str()), ("referer", world.base.as_str())] {
        assert_eq!(request("GET", &url, &[header], b"").unwrap().status, 400);
    }
    let grant = world.call("POST", UPLOADS, json!({ "fileName": "a.zip" })).json();
    let url = grant["url"].as_str().unwrap();
    let put = request("PUT", url, &[("authorization", &world.token)], b"x").unwrap();
    assert_eq!(put.status, 400);
    let leaks = world.sandbox.leaks();
    let leaks: Vec<_> = leaks.iter().map(|leak| (leak.authorized, leak.referer)).collect();
    assert_eq!(leaks, [(true, false), (false, true), (true, false)]);
    assert_eq!(world.sandbox.imports()[0].content, None);
}

#[test]
fn metadata_names_the_recordings_without_media_and_system_annotations() {
    let world = with(|conversation| {
        conversation.recordings[0].annotations = vec![json!({ "id": "h", "type": "Hold" })];
        let (media, subtype) = ("chat".into(), String::new());
        let chat = ConversationRecording { media, subtype, ..recording("chat") };
        conversation.recordings.push(chat);
    });
    let note = json!({ "type": "bookmark", "location": 1, "durationMs": 2 });
    assert_eq!(world.call("POST", &format!("{ONE}/annotations"), note).status, 200);
    let list = world.get(META).json();
    assert_eq!(
        (&list[0]["mediaSubtype"], &list[0]["region"]),
        (&json!("Trunk"), &json!("eu-central-1"))
    );
    assert_eq!((&list[1]["media"], list[1].get("mediaSubtype")), (&json!("chat"), None));
    let one = world.get(&format!("{META}/r")).json();
    assert!(one.get("mediaUris").is_none() && one.get("outputDurationMs").is_none());
    assert_eq!(one["annotations"].as_array().unwrap().len(), 1);
    assert_eq!(world.get(ONE).json()["annotations"].as_array().unwrap().len(), 2);
    use WorkflowStep::{Annotate, List, Locate, Retention};
    assert_eq!(world.steps(), [Annotate, List, Retention, Locate]);
}

#[test]
fn annotations_are_added_changed_and_deleted() {
    let world = world(&[]);
    let all = format!("{ONE}/annotations");
    let note =
        json!({ "type": "bookmark", "location": 10_000, "durationMs": 5000, "description": "x" });
    let made = world.call("POST", &all, note.clone()).json();
    let own = format!("{all}/{}", made["id"].as_str().unwrap());
    assert_eq!((&made["location"], made["selfUri"].as_str()), (&json!(10_000), Some(own.as_str())));
    assert_eq!(world.get(&all).json(), json!([made]));
    let changed = world.call("PUT", &own, json!({ "type": "bookmark", "location": 7 })).json();
    assert_eq!((&changed["id"], &changed["location"]), (&made["id"], &json!(7)));
    assert_eq!(world.get(&own).json(), changed);
    let seen = world.sandbox.conversation("c").unwrap().recordings[0].annotations.clone();
    assert_eq!(seen, [changed]);
    assert_eq!(world.call("DELETE", &own, Value::Null).status, 204);
    assert_eq!((world.get(&own).status, world.get(&all).json()), (404, json!([])));
    for wrong in [
        json!({ "description": "x".repeat(501) }),
        json!({ "location": -1 }),
        json!({ "durationMs": 1.5 }),
    ] {
        assert_eq!(world.call("POST", &all, wrong).json()["code"], "invalid.value");
    }
    let long = json!({ "description": "ä".repeat(500) });
    assert_eq!(world.call("POST", &all, long).status, 200);
}

#[test]
fn a_batch_gives_links_errors_and_nothing_for_what_is_sensitive() {
    let world = with(|conversation| {
        let state = FileState::Archived;
        let sensitive = ConversationRecording { sensitive: true, ..recording("secret") };
        let archived = ConversationRecording { state, ..recording("old") };
        conversation.recordings.extend([sensitive, archived]);
    });
    let list = json!([{ "conversationId": "c" }, { "conversationId": "none", "recordingId": "r" }]);
    let job = world.call("POST", BATCH, json!({ "batchDownloadRequestList": list })).json();
    let path = job["selfUri"].as_str().unwrap();
    let first = world.get(path).json();
    let counts = |status: &Value| {
        ["status", "expectedResultCount", "resultCount", "errorCount"]
            .map(|name| status[name].clone())
    };
    assert_eq!(counts(&first), [json!("InProgress"), json!(2), json!(0), json!(0)]);
    let done = world.get(path).json();
    assert_eq!(counts(&done), [json!("Completed"), json!(4), json!(4), json!(2)]);
    let results = done["results"].as_array().unwrap();
    let of = |name: &str| results.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("recordingId"), [json!("r"), json!("r"), json!("old"), Value::Null]);
    assert_eq!(
        of("contentType"),
        [json!("audio/wav"), json!("audio/wav"), Value::Null, Value::Null]
    );
    assert_eq!(fetch(results[1]["resultUrl"].as_str().unwrap()).text(), "RIFF right");
    for count in [0, 1, 100, 101] {
        let list = vec![json!({ "conversationId": "c" }); count];
        let answer = world.call("POST", BATCH, json!({ "batchDownloadRequestList": list }));
        assert_eq!(answer.status == 200, (1..=100).contains(&count), "{count}");
    }
    assert_eq!(world.get(&format!("{BATCH}/no-such")).status, 404);
}

#[test]
fn a_date_in_the_past_deletes_a_recording_its_files_and_its_transcript() {
    let world = with(|conversation| {
        conversation.recordings[0].session = "call".into();
        conversation.recordings[0].transcript = Some("{}".into());
        conversation.recordings[0].export_date = Some(std::time::SystemTime::now());
    });
    let (link, path) = (world.link("0"), format!("{META}/r"));
    let put = world.call(
        "PUT",
        &format!("{ONE}?clearExport=true"),
        json!({
            "deleteDate": "2020-01-01T01:00:00+01:00", "fileState": "ERROR", "media": "chat",
        }),
    );
    let view = put.json();
    assert_eq!((put.status, put.state().as_str()), (200, "AVAILABLE"), "only dates count");
    assert_eq!(
        (&view["deleteDate"], view.get("exportDate")),
        (&json!("2020-01-01T00:00:00.000Z"), None)
    );
    assert_eq!(view["media"], "audio");
    assert_eq!(fetch(&link).status, 200);
    let states = [0; 4].map(|_| world.get(&path).state());
    assert_eq!(states, ["AVAILABLE", "AVAILABLE", "DELETED", "DELETED"]);
    assert_eq!(fetch(&link).status, 404);
    assert!(fetch(&link).text().contains("NoSuchKey"));
    assert_eq!(world.get(&format!("{TRANSCRIPT}/transcripturl")).status, 404);
    assert_eq!(world.call("PUT", ONE, json!({ "deleteDate": "2020-01-01T00:00:00Z" })).status, 404);
}

#[test]
fn a_date_in_the_future_deletes_when_it_has_come() {
    let world = world(&[]);
    let (path, day) = (format!("{META}/r"), Duration::from_secs(86_400));
    let tomorrow = humantime::format_rfc3339(std::time::SystemTime::now() + day).to_string();
    assert_eq!(world.call("PUT", ONE, json!({ "deleteDate": tomorrow })).status, 200);
    assert_eq!([0; 5].map(|_| world.get(&path).state()), ["AVAILABLE"; 5]);
    world.sandbox.advance(2 * day);
    assert_eq!([0; 3].map(|_| world.get(&path).state()), ["AVAILABLE", "AVAILABLE", "DELETED"]);
    let world = self::world(&[]);
    assert_eq!(world.call("PUT", ONE, json!({ "deleteDate": tomorrow })).status, 200);
    let archive = json!({ "archiveDate": "2999-01-01T00:00:00.000Z" });
    let view = world.call("PUT", ONE, archive).json();
    assert_eq!(view.get("deleteDate"), None, "what is left out is cleared");
    let wrong = world.call("PUT", ONE, json!({ "deleteDate": "tomorrow" }));
    assert_eq!((wrong.status, &wrong.json()["code"]), (400, &json!("invalid.date")));
}

#[test]
fn a_protected_conversation_is_not_deleted() {
    let world = world(&[]);
    let past = json!({ "deleteDate": "2020-01-01T00:00:00.000Z" });
    let ids = json!({ "conversationIds": ["c", "none"] });
    assert_eq!(world.call("POST", PROTECTION, ids.clone()).json(), json!([]));
    let set = world.call("PUT", &format!("{PROTECTION}?protect=true"), ids.clone()).json();
    assert_eq!(set["failedUpdates"][0]["conversation"]["id"], "none");
    assert_eq!(set["failedUpdates"].as_array().unwrap().len(), 1);
    let protected = json!([{ "id": "c", "selfUri": "/api/v2/conversations/c" }]);
    assert_eq!(world.call("POST", PROTECTION, ids.clone()).json(), protected);
    assert!(world.sandbox.conversation("c").unwrap().protected);
    assert_eq!(world.call("PUT", ONE, past.clone()).status, 400);
    assert_eq!(world.get(&format!("{META}/r")).json().get("deleteDate"), None);
    assert_eq!(world.call("PUT", &format!("{PROTECTION}?protect=false"), ids).status, 200);
    assert_eq!(world.call("PUT", ONE, past).status, 200);
    let many = json!({ "conversationIds": vec!["c"; 101] });
    assert_eq!(world.call("POST", PROTECTION, many).status, 400);
}

#[test]
fn an_archived_recording_is_restored() {
    let world = with(|conversation| conversation.recordings[0].state = FileState::Archived);
    let later = json!({ "archiveDate": "2999-01-01T00:00:00.000Z" });
    world.sandbox.revoke("recording:recording:restore");
    assert_eq!(world.missing("PUT", ONE, later.clone()), "recording:recording:restore");
    let world = with(|conversation| conversation.recordings[0].state = FileState::Archived);
    assert_eq!(world.call("PUT", ONE, later).state(), "RESTORING");
    let states = [0; 3].map(|_| world.get(&format!("{META}/r")).state());
    assert_eq!(states, ["RESTORING", "RESTORING", "RESTORED"]);
    assert_eq!(fetch(&world.link("1")).text(), "RIFF right");
}

#[test]
fn a_transcript_is_behind_a_link_of_its_own() {
    let world = with(|conversation| {
        conversation.recordings[0].session = "call".into();
        conversation.recordings[0].transcript = Some("{\"phrases\":[]}".into());
    });
    let url = world.get(&format!("{TRANSCRIPT}/transcripturl")).json();
    let all = world.get(&format!("{TRANSCRIPT}/transcripturls")).json();
    assert_eq!(
        (&all["communicationId"], &all["conversation"]["id"]),
        (&json!("call"), &json!("c"))
    );
    assert_eq!(all["urls"][0]["recording"]["id"], "r");
    for url in [&url["url"], &all["urls"][0]["url"]] {
        assert_eq!(fetch(url.as_str().unwrap()).text(), "{\"phrases\":[]}");
    }
    assert_eq!(world.steps(), [WorkflowStep::Transcript; 4]);
    let other = TRANSCRIPT.replace("/call", "/other");
    assert_eq!(world.get(&format!("{other}/transcripturl")).status, 404);
    world.inject(&["transcript=expired"]);
    let url = world.get(&format!("{TRANSCRIPT}/transcripturl")).json();
    assert_eq!(
        fetch(url["url"].as_str().unwrap()).status,
        403,
        "the link, not the call, has expired"
    );
    world.sandbox.revoke("speechAndTextAnalytics:data:view");
    let missing = world.missing("GET", &format!("{TRANSCRIPT}/transcripturl"), Value::Null);
    assert_eq!(missing, "speechAndTextAnalytics:data:view");
}

#[test]
fn an_import_takes_exactly_the_headers_that_were_granted() {
    let world = world(&[]);
    let wanted = json!({
        "fileName": "a.zip", "contentMd5": "x==", "contentType": "application/zip",
        "serverSideEncryption": "AES256", "signedUrlTimeoutSeconds": 60,
    });
    let grant = world.call("POST", UPLOADS, wanted).json();
    let (url, headers) = (grant["url"].as_str().unwrap(), grant["headers"].as_object().unwrap());
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    assert!(headers.contains(&("Content-MD5", "x==")), "{headers:?}");
    for left_out in 0..headers.len() {
        let mut some = headers.clone();
        some.remove(left_out);
        let answer = request("PUT", url, &some, b"PK\x03\x04").unwrap();
        assert_eq!(answer.status, 403, "{left_out}");
        assert!(answer.text().contains("SignatureDoesNotMatch"));
    }
    let import = |at: usize| world.sandbox.imports()[at].clone();
    assert_eq!((import(0).status, import(0).content), (ImportStatus::Pending, None));
    assert_eq!(request("PUT", url, &headers, b"PK\x03\x04").unwrap().status, 200);
    assert_eq!((import(0).status, import(0).file_name.as_str()), (ImportStatus::Success, "a.zip"));
    assert_eq!(import(0).key, grant["uploadKey"].as_str().unwrap());
    for name in ["", ".zip", "a/", "a b", "a\\", "a{", "a^", "a}", "a%", "a`", "a]", "a\"", "a>"] {
        let answer = world.call("POST", UPLOADS, json!({ "fileName": name }));
        assert_eq!(answer.json()["code"], "invalid.value", "{name}");
    }
    for (seconds, status) in [(0, 400), (1, 200), (604_800, 200), (604_801, 400)] {
        let wanted = json!({ "fileName": "a", "signedUrlTimeoutSeconds": seconds });
        assert_eq!(world.call("POST", UPLOADS, wanted).status, status, "{seconds}");
    }
}

#[test]
fn a_report_lists_the_imports_with_its_status() {
    let world = world(&[]);
    let put = |name: &str, content: &[u8]| {
        let grant = world.call("POST", UPLOADS, json!({ "fileName": name })).json();
        let tag = grant["headers"]["x-amz-tagging"].as_str().unwrap();
        let url = grant["url"].as_str().unwrap();
        assert_eq!(request("PUT", url, &[("x-amz-tagging", tag)], content).unwrap().status, 200);
        grant["uploadKey"].as_str().unwrap().to_owned()
    };
    let waits = put("waits", b"PK\x03\x04");
    world.sandbox.set_import(&waits, ImportStatus::WaitForConversation);
    put("package", b"PK\x03\x04");
    put("plain", b"RIFF");
    world.call("POST", UPLOADS, json!({ "fileName": "pending" }));
    for (status, name) in [
        ("WaitForConversation", "waits"),
        ("Success", "package"),
        ("Failure", "plain"),
        ("Pending", "pending"),
    ] {
        let wanted = json!({ "dateSince": "2026-01-01T00:00:00.000Z", "uploadStatus": status });
        let report = world.call("POST", REPORTS, wanted).json();
        let path = report["selfUri"].as_str().unwrap();
        let states = [0; 2].map(|_| world.get(path).json());
        assert_eq!([&states[0]["state"], &states[1]["state"]], ["InProgress", "Completed"]);
        let file = fetch(states[1]["signedUrl"].as_str().unwrap()).text();
        let lines: Vec<_> = file.lines().skip(1).collect();
        assert_eq!(lines.len(), 1, "{file}");
        assert!(lines[0].ends_with(&format!(",{name},{status}")), "{file}");
    }
    let wrong = world.call("POST", REPORTS, json!({ "dateSince": "lately" }));
    assert_eq!(wrong.json()["code"], "invalid.date");
}

#[test]
fn each_call_needs_its_permission() {
    let view = "recording:recording:view";
    let note = format!("{ONE}/annotations");
    let ids = json!({ "conversationIds": ["c"] });
    for (permission, method, path, body) in [
        ("recording:annotation:view", "GET", note.as_str(), Value::Null),
        ("recording:annotation:add", "POST", &note, json!({})),
        ("recording:annotation:edit", "PUT", &format!("{note}/x"), json!({})),
        ("recording:annotation:delete", "DELETE", &format!("{note}/x"), Value::Null),
        ("recording:recording:editRetention", "PUT", ONE, json!({})),
        ("conversation:communication:view", "GET", "/api/v2/conversations/c", Value::Null),
        (
            "recording:deletionProtection:apply",
            "PUT",
            &format!("{PROTECTION}?protect=true"),
            ids.clone(),
        ),
        ("recording:deletionProtection:revoke", "PUT", &format!("{PROTECTION}?protect=false"), ids),
        ("recording:recording:upload", "POST", UPLOADS, json!({ "fileName": "a" })),
        (
            "recording:uploadReport:add",
            "POST",
            REPORTS,
            json!({ "dateSince": "2026-01-01T00:00:00Z" }),
        ),
    ] {
        let world = world(&[]);
        let before = world.call(method, path, body.clone()).status;
        assert!(before == 200 || before == 404, "{permission}: {before}");
        world.sandbox.revoke(permission);
        assert_eq!(world.missing(method, path, body), permission);
    }
    let world = world(&[]);
    world.sandbox.revoke(view);
    assert_eq!(world.get(ONE).status, 200, "any of four is enough");
    for kind in ["recordingSegment", "snippetRecording", "screenRecording"] {
        world.sandbox.revoke(&format!("recording:{kind}:view"));
    }
    for path in [ONE, LIST, META] {
        let answer = world.get(path);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &json!("missing.any.permissions"))
        );
        assert!(answer.json()["messageParams"]["permissions"].as_str().unwrap().contains(view));
    }
}

#[test]
fn errors_have_the_form_of_genesys_and_answers_its_headers() {
    let world = world(&[]);
    let head = [("authorization", world.token.as_str()), ("content-type", "application/json")];
    let unknown = request("GET", &world.url(ONE), &[("authorization", "Bearer x")], b"").unwrap();
    let broken = request("PUT", &world.url(ONE), &head, b"{").unwrap();
    let kind = request("PUT", &world.url(ONE), &head[..1], b"{}").unwrap();
    for (answer, status, code) in [
        (world.get("/api/v2/conversations/x/recordings"), 404, "not.found"),
        (world.get("/api/v2/conversations/c/recordings/x"), 404, "not.found"),
        (world.get("/api/v2/conversations/c/what"), 404, "not.found"),
        (unknown, 401, "bad.credentials"),
        (broken, 400, "bad.request"),
        (kind, 415, "unsupported.media.type"),
    ] {
        let body = answer.json();
        assert_eq!(
            (answer.status, &body["code"], &body["status"]),
            (status, &json!(code), &json!(status))
        );
        assert!(
            body["message"].is_string() && body["details"].is_array() && body["errors"].is_array()
        );
        assert_eq!(answer.header("inin-correlation-id"), body["contextId"].as_str());
    }
    let counts = [0; 2].map(|_| {
        let answer = world.get(ONE);
        let number = |name| answer.header(name).unwrap().parse::<u32>().unwrap();
        assert_eq!(number("inin-ratelimit-allowed"), 300);
        assert!(number("inin-ratelimit-reset") <= 60);
        assert_eq!(answer.header("inin-correlation-id").unwrap().len(), 36);
        number("inin-ratelimit-count")
    });
    assert_eq!(counts[1], counts[0] + 1);
    assert_eq!(fetch(&world.link("0")).header("inin-ratelimit-count"), None);
}

/// One request at each step, and what it is answered without a fault.
const STEPS: [(&str, &str, &str, &str, u16); 12] = [
    ("locate", "GET", ONE, "", 200),
    ("locate", "GET", LIST, "", 200),
    ("list", "GET", META, "", 200),
    ("layout", "GET", "/api/v2/organizations/me", "", 200),
    ("layout", "GET", "/api/v2/conversations/c", "", 200),
    ("locate", "POST", BATCH, r#"{"batchDownloadRequestList":[{"conversationId":"c"}]}"#, 200),
    ("grant", "POST", UPLOADS, r#"{"fileName":"a"}"#, 200),
    ("complete", "POST", REPORTS, r#"{"dateSince":"2026-01-01T00:00:00Z"}"#, 200),
    ("annotate", "POST", "/api/v2/conversations/c/recordings/r/annotations", "{}", 200),
    ("protection", "POST", PROTECTION, r#"{"conversationIds":["c"]}"#, 200),
    ("retention", "PUT", ONE, "{}", 200),
    ("retention", "GET", "/api/v2/conversations/c/recordingmetadata/r", "", 200),
];

#[test]
fn every_step_can_fail_in_every_way() {
    let world = world(&[]);
    for (step, method, path, body, status) in STEPS {
        let body = serde_json::from_str(body).unwrap_or_default();
        let call = || world.try_call(method, path, &body);
        let fails = |kind: &str| {
            world.inject(&[&format!("{step}={kind}")]);
            let answer = call();
            assert_eq!(call().unwrap().status, status, "{step}={kind} happens once");
            answer
        };
        for (code, name) in
            [(403, "not.authorized"), (429, "too.many.requests"), (503, "service.unavailable")]
        {
            let answer = fails(&code.to_string()).unwrap();
            assert_eq!((answer.status, &answer.json()["code"]), (code, &json!(name)), "{step}");
            assert_eq!(answer.header("retry-after"), None);
        }
        let wait = |kind| fails(kind).unwrap().header("retry-after").map(str::to_owned);
        assert_eq!(wait("429:7").as_deref(), Some("7"));
        assert!(httpdate::parse_http_date(&wait("503:date:9").unwrap()).is_ok());
        assert!(fails("reset").is_none() && fails("lost").is_none());
        let missing = fails("missing:recording:x:y").unwrap().json();
        assert_eq!(missing["messageParams"]["permissions"], "recording:x:y");
        if step != "complete" {
            let cut = fails("cut:1").unwrap();
            assert_eq!((cut.status, cut.body.len()), (status, 1), "{step}");
            assert_ne!(cut.header("content-length"), Some("1"), "{step}");
        }
        assert_eq!(fails("html").unwrap().status, 502);
    }
}

#[test]
fn the_storage_host_can_fail_in_every_way() {
    let world = world(&["fetch=503", "fetch=404", "fetch=code:400:RequestTimeout", "fetch=cut:4"]);
    let link = world.link("0");
    for (status, code) in [(503, "SlowDown"), (404, "NoSuchKey"), (400, "RequestTimeout")] {
        let answer = fetch(&link);
        assert_eq!(answer.status, status);
        assert!(answer.text().contains(&format!("<Code>{code}</Code>")), "{}", answer.text());
    }
    let cut = fetch(&link);
    assert_eq!((cut.text().as_str(), cut.header("content-length")), ("RIFF", Some("9")));
    world.inject(&["locate=refused"]);
    assert!(world.link("0").starts_with("http://127.0.0.1:9/"));
    assert_eq!(fetch(&link).status, 200);
}

#[test]
fn dead_tokens_are_unknown_to_the_platform_api_too() {
    let world = world(&["annotate=dies"]);
    let note = world.call("POST", &format!("{ONE}/annotations"), json!({}));
    assert_eq!((note.status, &note.json()["code"]), (401, &json!("bad.credentials")));
    assert_eq!(world.get(ONE).status, 401);
}

/// The demo's transcript fits its call: what the platform redacted is where the numbers are spoken.
#[test]
fn the_demo_is_a_call_in_two_files_with_a_transcript_that_fits() {
    let call = samples_16(&fixture_bytes("call.wav"));
    let demo = Conversation::demo(8000, &call);
    let trunk = demo.recording("demo-trunk").unwrap();
    let file = |key| &trunk.files.iter().find(|(name, _)| name == key).unwrap().1;
    let [left, right] = ["0", "1"].map(|key| samples_16(file(key)));
    assert_eq!(trunk.duration, Duration::from_secs(38));
    let pairs = call.as_chunks::<2>().0.iter().copied();
    assert!(left.into_iter().zip(right).map(|(left, right)| [left, right]).eq(pairs));
    let consult = demo.recording("demo-consult").unwrap();
    assert_eq!(consult.files[0].1, fixture_bytes("call.wav"), "with the same header");
    let folder = Folder::new();
    let transcript = folder.write("t.json", trunk.transcript.as_ref().unwrap());
    let windows = sordino(&["windows", &transcript, "--json"]);
    assert!(windows.status.success(), "{}", stderr(&windows));
    let list: Value = serde_json::from_slice(&windows.stdout).unwrap();
    let list = list["windows"].as_array().unwrap();
    let times: Vec<_> =
        list.iter().map(|one| (one["start"].as_f64(), one["end"].as_f64())).collect();
    let inside = |time: Option<f64>, from: f64, to: f64| (from..=to).contains(&time.unwrap());
    assert_eq!(times.len(), 2, "{times:?}");
    assert!(inside(times[0].0, 9.5, 10.2) && inside(times[0].1, 14.8, 15.3), "{times:?}");
    assert!(inside(times[1].0, 30.0, 30.7) && inside(times[1].1, 34.8, 35.4), "{times:?}");
}
