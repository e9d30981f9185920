//! `sordino dead`: the jobs that were buried, for a person to look at.

use std::collections::BTreeSet;

use serde_json::json;
use sordino::queue::{Dead, Manage, Order, Verdict};

use super::args::{DeadAction, DeadArgs};
use super::exit::Failure;
use super::queue::{failed, open};
use super::report::print;
use super::runtime;
use super::text::count;

pub(crate) fn run(args: &DeadArgs) -> Result<(), Failure> {
    let is_list = args.action == DeadAction::List;
    if is_list && (args.all || !args.ids.is_empty()) {
        let why = "the list has all of them; leave ids and --all out";
        return Err(Failure::usage("reading the ids", why));
    }
    if !is_list && !args.all && args.ids.is_empty() {
        let why = "give the ids of jobs as `sordino dead list` shows them, or --all";
        return Err(Failure::usage("reading the ids", why));
    }
    let runtime = runtime()?;
    let queue = open(&args.queue, &runtime)?;
    match args.action {
        DeadAction::List => list(&*queue, args.json),
        DeadAction::Retry => end(&*queue, args, Verdict::Retry),
        DeadAction::Drop => end(&*queue, args, Verdict::Drop),
    }
}

/// Prints them, each as soon as it is there.
fn list(queue: &dyn Manage, json: bool) -> Result<(), Failure> {
    let mut printed = Ok(());
    let walked = queue.each_dead(&mut |dead| {
        if printed.is_ok() {
            printed = print(&line(dead, json));
        }
        Verdict::Keep
    });
    walked.map_err(|error| failed("reading the buried jobs", error))?;
    printed
}

fn line(dead: &Dead, json: bool) -> String {
    let inputs = inputs(&dead.body);
    if json {
        let since = dead.since.map(|since| humantime::format_rfc3339_seconds(since).to_string());
        return json!({
            "id": dead.id,
            "inputs": inputs,
            "reason": dead.reason,
            "deliveries": dead.deliveries,
            "since": since,
        })
        .to_string();
    }
    let reason = dead.reason.as_deref().unwrap_or("the queue moved it here, and does not say why");
    let what = if inputs.is_empty() { "no job".to_owned() } else { inputs.join(", ") };
    let times = dead.deliveries.map(|times| format!(" (handed out {})", count(times, "time")));
    format!("{}: {what}: {reason}{}", dead.id, times.unwrap_or_default())
}

/// The recordings that a body asks for; none if it is no order, of which nothing is shown.
fn inputs(body: &str) -> Vec<String> {
    let Ok(Order::Recordings(recordings)) = Order::read(body) else { return Vec::new() };
    recordings.iter().map(|recording| recording.row.shown()).collect()
}

/// Puts them back, or forgets them.
fn end(queue: &dyn Manage, args: &DeadArgs, verdict: Verdict) -> Result<(), Failure> {
    let mut wanted: BTreeSet<&str> = args.ids.iter().map(String::as_str).collect();
    let mut ended = 0_u64;
    let walked = queue.each_dead(&mut |dead| {
        if !args.all && !wanted.remove(dead.id.as_str()) {
            return Verdict::Keep;
        }
        ended += 1;
        verdict
    });
    walked.map_err(|error| failed("going through the buried jobs", error))?;
    let (word, key) = match verdict {
        Verdict::Drop => ("dropped", "dropped"),
        _ => ("put back into the queue", "retried"),
    };
    if args.json {
        print(&json!({ key: ended }).to_string())?;
    } else {
        print(&format!("{} {word}", count(ended, "job")))?;
    }
    match wanted.first() {
        None => Ok(()),
        Some(id) => {
            let why = "no buried job has this id; `sordino dead list` shows those that there are";
            Err(Failure::failed(format!("looking for {id}"), why))
        }
    }
}
