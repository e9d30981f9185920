//! `sordino push` and `sordino queue`: fills a queue, and counts its jobs.

use std::error::Error as StdError;

use serde_json::json;
use sordino::batch::{
    Api, Checked, Input, Manifest, ManifestError, Planned, Planning, RowError, RowErrors,
    WindowsSpec,
};
use sordino::queue::{Jobs, Manage, Options, QueueError, Recording, Status, open_to_manage, shown};
use sordino::store::{Place, Stores};
use tokio::runtime::Runtime;

use super::args::{PushArgs, QueueArgs, QueueCommand, QueueCommandArgs, QueueStatusArgs};
use super::batch::manifest;
use super::exit::Failure;
use super::report::print;
use super::runtime;
use super::table::table;
use super::text::count;

pub(crate) fn run(args: &QueueCommandArgs) -> Result<(), Failure> {
    let QueueCommand::Status(args) = &args.command;
    status(args)
}

/// Puts a job into the queue for each row of a manifest.
pub(crate) fn push(args: &PushArgs) -> Result<(), Failure> {
    let runtime = runtime()?;
    let stores = Stores::new(args.store.config());
    let manifest = manifest(&args.manifest, &stores, &runtime)?;
    let checked = manifest.check(&planning());
    let checked = checked.map_err(|error| Failure::usage("reading the manifest", error))?;
    check(&manifest, &checked)?;
    let queue = open(&args.queue, &runtime)?;
    let pushed = queue.push(&mut *jobs(&manifest, &checked)?);
    let pushed = pushed.map_err(|error| failed("pushing the jobs", error))?;
    let queue = shown(&args.queue.url);
    if args.json {
        return print(&json!({ "queue": queue, "pushed": pushed }).to_string());
    }
    print(&format!("{} pushed to {queue}", count(pushed, "job")))
}

/// What rows are checked against. Where outputs go that no row names, only the worker knows; here it matters
/// that they are apart.
fn planning() -> Planning {
    let out = Place::Object { scheme: "s3", bucket: "OUT".to_owned(), key: String::new() };
    Planning {
        out: Some(out),
        receipts: None,
        policy: String::new(),
        api: Api::Recordings,
        encoding: None,
        // So does the policy of the worker.
        erases: true,
    }
}

/// The most rows of which is told that no worker can do them.
const MOST_SHOWN: usize = 50;

/// Refuses rows that mean something else to a worker, or nothing.
fn check(manifest: &Manifest, checked: &Checked) -> Result<(), Failure> {
    let (planning, mut errors) = (planning(), RowErrors::default());
    let reading = |error| Failure::usage("reading the manifest", error);
    for planned in manifest.jobs(&planning, checked).map_err(reading)? {
        let planned = planned.map_err(reading)?;
        let Some(problem) = problem(&planned, &planning) else { continue };
        let line = planned.line.unwrap_or_default();
        match errors.shown.len() {
            MOST_SHOWN => errors.more += 1,
            _ => errors.shown.push(RowError { line, problem: problem.to_owned() }),
        }
    }
    match errors.shown.is_empty() {
        true => Ok(()),
        false => Err(reading(ManifestError::Wrong { name: manifest.name().to_owned(), errors })),
    }
}

/// Why no worker can do a row.
fn problem(planned: &Planned, planning: &Planning) -> Option<&'static str> {
    let spec = &planned.spec;
    let Input::Place { place, .. } = &spec.input else {
        return Some("recordings in Genesys are for `sordino batch`");
    };
    let windows = match &spec.windows {
        WindowsSpec::Place(windows) => Some(windows),
        WindowsSpec::Inline(_) => None,
    };
    let is_relative = |place: &String| {
        let place: Option<Place> = place.parse().ok();
        place.is_some_and(|place| place.local().is_some_and(|path| !path.is_absolute()))
    };
    if std::iter::once(place).chain(windows).any(is_relative) {
        return Some("a relative path is another file for each worker; write the whole path");
    }
    let is_below = spec.output.parse().is_ok_and(|output| planning.is_below_out(&output));
    (!is_below)
        .then_some("`out` is a path below the --out of the workers; write no whole path or URL")
}

/// The bodies of the jobs.
fn jobs<'a>(manifest: &'a Manifest, checked: &'a Checked) -> Result<Box<Jobs<'a>>, Failure> {
    let rows = manifest.rows(checked);
    let rows = rows.map_err(|error| Failure::failed("reading the manifest", error))?;
    let jobs = rows.map(|row| match row {
        Ok((_, row)) => Ok(Recording::of_row(row).body()),
        Err(error) => Err(Box::<dyn StdError + Send + Sync>::from(error)),
    });
    Ok(Box::new(jobs))
}

fn status(args: &QueueStatusArgs) -> Result<(), Failure> {
    let runtime = runtime()?;
    let status = open(&args.queue, &runtime)?.status();
    let status = status.map_err(|error| failed("counting the jobs", error))?;
    let Status { waiting, in_work, delayed, dead } = status;
    if args.json {
        let json =
            json!({ "waiting": waiting, "inWork": in_work, "delayed": delayed, "dead": dead });
        return print(&json.to_string());
    }
    let counts = [("waiting", waiting), ("in work", in_work), ("delayed", delayed), ("dead", dead)];
    let rows = counts.map(|(name, count)| {
        // Some engines cannot know.
        vec![name.to_owned(), count.map_or_else(|| "-".to_owned(), |count| count.to_string())]
    });
    print(table(&["state", "jobs"], 1..2, &rows).trim_end())
}

/// Opens a queue for people. The runtime must outlive it.
pub(super) fn open(args: &QueueArgs, runtime: &Runtime) -> Result<Box<dyn Manage>, Failure> {
    let queue = open_to_manage(&args.url, &Options::new(runtime.handle().clone()));
    queue.map_err(|error| failed("opening the queue", error))
}

/// An error of a queue, sorted into wrong calls and failures.
pub(super) fn failed(doing: &str, error: QueueError) -> Failure {
    match error {
        QueueError::Wrong { .. } | QueueError::Without { .. } => Failure::usage(doing, error),
        error => Failure::failed(doing, error),
    }
}
