//! `sordino push`, `dead` and `queue` as a person uses them.

use super::support::*;

const ROWS: &str =
    "in,windows,id\ns3://calls/a.wav,10-15,one\ns3://calls/b.wav,s3://calls/b.json,\n";

fn manifest(folder: &Folder, text: &str) -> String {
    let path = folder.path("calls.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn refused(args: &[&str], words: &[&str]) {
    let result = sordino(args);
    assert_eq!(result.status.code(), Some(2), "{args:?}: {}", stderr(&result));
    for word in words {
        assert!(stderr(&result).contains(word), "{word} in {}", stderr(&result));
    }
    assert!(!stderr(&result).contains("s3cret"), "{}", stderr(&result));
}

#[test]
fn a_wrong_call_is_refused_before_anything_is_asked_of_the_queue() {
    let folder = Folder::new();
    let wrong = manifest(&folder, "in,windows\ns3://calls/a.wav,\ns3://calls/b.wav,15-10\n");
    let queue = "postgres://me:s3cret@127.0.0.1:1/calls";
    refused(&["push", &wrong, "--queue", queue], &["2 errors", "line 2", "line 3"]);
    let twice = manifest(&folder, "in,out,windows\na.wav,x.wav,1-2\nb.wav,x.wav,1-2\n");
    refused(&["push", &twice, "--queue", queue], &["x.wav"]);
    let good = manifest(&folder, ROWS);
    refused(&["push", &good, "--queue", "kafka://me:s3cret@host/x"], &["give sqs://"]);
    refused(&["push", &good], &["--queue"]);
    refused(&["push", &folder.path(""), "--queue", queue], &["this is a folder"]);
    refused(&["dead", "list", "17", "--queue", queue], &["leave ids"]);
    refused(&["dead", "drop", "--queue", queue], &["--all"]);
    refused(&["dead", "retry", "17", "--all", "--queue", queue], &["cannot be used with"]);
}

#[test]
fn a_row_that_means_something_else_to_a_worker_is_not_pushed() {
    let folder = Folder::new();
    let call = folder.write("a.wav", b"RIFF");
    let rows = format!(
        "in,out,windows\n{call},b.wav,1-2\n{call},/srv/c.wav,1-2\n{call},s3://other/d.wav,1-2\n"
    );
    let (queue, rows) = ("postgres://me:s3cret@127.0.0.1:1/calls", manifest(&folder, &rows));
    refused(
        &["push", &rows, "--queue", queue],
        &["2 errors", "line 3: `out` is", "line 4: `out` is"],
    );
    let rows = manifest(&folder, "conversation,recording,windows\nc,r,1-2\n");
    refused(&["push", &rows, "--queue", queue], &["line 2: recordings in Genesys"]);
    let rows = manifest(&folder, "in,windows\na.wav,1-2\n");
    let mut push = command(&["push", &rows, "--queue", queue]);
    let output = push.current_dir(folder.path("")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("line 2: a relative path"), "{}", stderr(&output));
}

#[cfg(not(any(feature = "nats", feature = "postgres", feature = "sqs")))]
#[test]
fn the_command_says_which_engine_it_was_built_without() {
    for (url, engine, feature) in [
        ("sqs://calls", "SQS", "sqs"),
        ("nats://host/CALLS", "NATS", "nats"),
        ("postgres://host/calls", "PostgreSQL", "postgres"),
    ] {
        let said = [&*format!("built without {engine}"), &format!("--features {feature}")];
        refused(&["queue", "status", "--queue", url], &said);
    }
}

/// What a command prints about this queue, which must have worked.
#[cfg(any(feature = "nats", feature = "postgres"))]
fn said(args: &[&str], url: &str) -> String {
    let result = sordino(&[args, &["--queue", url]].concat());
    assert!(result.status.success(), "{args:?}: {}", stderr(&result));
    stdout(&result)
}

/// From a manifest to buried jobs and back.
#[cfg(any(feature = "nats", feature = "postgres"))]
fn a_queue_is_filled_counted_and_cleared(url: &str, shown: &str) {
    use std::time::Duration;

    use serde_json::{Value, json};
    use sordino::queue::{Options, Order, open};

    let folder = Folder::new();
    let rows = manifest(&folder, ROWS);
    assert_eq!(said(&["push", &rows], url), format!("2 jobs pushed to {shown}\n"));
    let parse = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let pushed = parse(said(&["push", &rows, "--json"], url));
    assert_eq!(pushed, json!({ "queue": shown, "pushed": 2 }));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let queue = open(url, &Options::new(runtime.handle().clone())).unwrap();
    let mut inputs = Vec::new();
    for _ in 0..4 {
        let delivery = queue.pull(1, Duration::from_secs(20)).unwrap().remove(0);
        let Ok(Order::Recordings(recordings)) = Order::read(&delivery.body) else { panic!() };
        inputs.push(recordings[0].row.shown());
        if inputs.len() < 3 { queue.bury(delivery, "it is cut") } else { queue.done(delivery) }
            .unwrap();
    }
    inputs.sort();
    let [a, b] = ["s3://calls/a.wav", "s3://calls/b.wav"];
    assert_eq!(inputs, [a, a, b, b]);
    let status = parse(said(&["queue", "status", "--json"], url));
    assert_eq!(
        (&status["waiting"], &status["inWork"], &status["dead"]),
        (&0.into(), &0.into(), &2.into())
    );
    let table = said(&["queue", "status"], url);
    assert!(table.starts_with("state    jobs\nwaiting     0\n"), "{table}");
    let list = said(&["dead", "list"], url);
    let mut lines: Vec<&str> = list.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(lines[0].ends_with(": it is cut (handed out 1 time)"), "{list}");
    let dead = parse(said(&["dead", "list", "--json"], url).lines().next().unwrap().to_owned());
    assert_eq!((&dead["reason"], &dead["deliveries"]), (&"it is cut".into(), &1.into()));
    let id = dead["id"].as_str().unwrap();
    assert_eq!(said(&["dead", "retry", id], url), "1 job put back into the queue\n");
    let unknown = sordino(&["dead", "drop", id, "--queue", url]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("no buried job has this id"), "{}", stderr(&unknown));
    assert_eq!(said(&["dead", "drop", "--all", "--json"], url), "{\"dropped\":1}\n");
    assert_eq!(said(&["dead", "list"], url), "");
    let last = queue.pull(9, Duration::from_secs(20)).unwrap();
    assert_eq!(last.len(), 1);
}

#[cfg(feature = "postgres")]
#[test]
fn a_queue_in_postgres_is_filled_counted_and_cleared() {
    let Some(server) = crate::postgres::Server::shared() else { return };
    let url = server.database("queue_cli");
    a_queue_is_filled_counted_and_cleared(&url, &url.replace("sordino@", ""));
}

#[cfg(feature = "nats")]
#[test]
fn a_queue_in_nats_is_filled_counted_and_cleared() {
    let Some(nats) = crate::services::start_nats() else { return };
    let url = format!("nats://127.0.0.1:{}/CALLS", nats.port);
    a_queue_is_filled_counted_and_cleared(&url, &url);
}
