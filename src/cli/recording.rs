//! `sordino recording`: one recording in Genesys Cloud, from its id to a sanitised one beside it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sordino::genesys::{Config, Credentials, Error as GenesysError, Event, Genesys, WorkflowStep};
use sordino::job::{deliver, prepare};
use sordino::spool::Draft;
use sordino::{Job, JobError, Redacted};

use super::args::{ClientArgs, RecordingArgs};
use super::exit::{Failure, INTERRUPTED, say};
use super::plan::{self, Place, time};
use super::progress::Bar;
use super::side_outputs::{self, SideOutputs};
use super::{block_on, report};

/// What is to be done.
pub(crate) struct Plan {
    genesys: Genesys,
    job: Job,
    /// `None` for a dry run.
    conversation_id: Option<String>,
    keep: Option<(Place, bool)>,
    side_outputs: SideOutputs,
    json: bool,
    bar: SharedBar,
    granted: Granted,
}

/// How far the work has come. It is locked while files are written, so that a request to end comes
/// before or after them.
type Granted = Arc<Mutex<State>>;

#[derive(Default)]
struct State {
    new: New,
    /// The file of --keep, hidden until all is done.
    kept: Option<Draft>,
}

/// How far the new recording has come.
#[derive(Default)]
enum New {
    #[default]
    None,
    Created(String),
    Complete(String),
}

fn state(granted: &Granted) -> std::sync::MutexGuard<'_, State> {
    granted.lock().unwrap_or_else(PoisonError::into_inner)
}

type SharedBar = Arc<Mutex<Bar>>;

fn lock(bar: &SharedBar) -> std::sync::MutexGuard<'_, Bar> {
    bar.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks arguments and environment. What is missing is told at once, by name.
pub(crate) fn check(args: &RecordingArgs) -> Result<Plan, Failure> {
    let windows = args.windows.windows()?;
    let treatment = args.treatment.treatment()?;
    let secret = client_secret(&args.client)?;
    let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let (client_id, recording_id) = (set(&args.client.client_id), set(&args.recording_id));
    let conversation_id = set(&args.conversation_id);
    let missing: Vec<&str> = [
        (client_id.is_none(), "GENESYS_CLIENT_ID (or --client-id)"),
        (secret.is_none(), "GENESYS_CLIENT_SECRET (or --client-secret-file)"),
        (recording_id.is_none(), "GENESYS_RECORDING_ID (or --recording-id)"),
        (
            conversation_id.is_none() && !args.dry_run,
            "GENESYS_CONVERSATION_ID (or --conversation-id)",
        ),
    ]
    .into_iter()
    .filter_map(|(missing, name)| missing.then_some(name))
    .collect();
    let (Some(client_id), Some(secret), Some(recording_id), []) =
        (client_id, secret, recording_id, missing.as_slice())
    else {
        let why = format!("missing: {}", missing.join(", "));
        return Err(Failure::usage("reading the configuration", why));
    };
    let (keep, side_outputs) = outputs(args)?;
    let bar: SharedBar = Arc::new(Mutex::new(Bar::new("redacting")));
    let granted = Granted::default();
    let (shown, told) = (Arc::clone(&bar), Arc::clone(&granted));
    let watch = move |event| tell(event, &shown, &told);
    let genesys = client(&args.client, Credentials::new(client_id, secret), watch)?;
    let shown = Arc::clone(&bar);
    let job = Job::new(recording_id, windows, treatment)
        .with_options(args.format.options())
        .with_evidence(side_outputs.proof())
        .with_listener(move |progress, of| lock(&shown).show(progress.bytes, of));
    Ok(Plan {
        genesys,
        job,
        conversation_id: conversation_id.filter(|_| !args.dry_run),
        keep: keep.map(|place| (place, args.force)),
        side_outputs,
        json: args.json,
        bar,
        granted,
    })
}

/// Checks every path that will be written.
fn outputs(args: &RecordingArgs) -> Result<(Option<Place>, SideOutputs), Failure> {
    let inputs = [&args.windows.windows, &args.client.client_secret_file];
    let inputs: Vec<_> = inputs.into_iter().filter_map(Option::as_deref).collect();
    let keep = match &args.keep {
        Some(path) if plan::is_dash(path) => {
            return Err(Failure::usage("reading --keep", "it takes the path of a file"));
        }
        Some(path) => {
            let place = plan::check_output(path, &inputs, args.force)?;
            plan::note_ending(path);
            Some(place)
        }
        None => None,
    };
    let target = keep.as_ref().map(|place| place.target.as_path());
    let side_outputs = SideOutputs::check(&args.proof, &inputs, target, args.force)?;
    Ok((keep, side_outputs))
}

/// The secret, from the file that is named, or the environment; never from an argument, which
/// others on the machine could read.
fn client_secret(args: &ClientArgs) -> Result<Option<String>, Failure> {
    let secret = match &args.client_secret_file {
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(|error| {
            Failure::usage(format!("reading the client secret from {}", path.display()), error)
        })?,
        None => std::env::var("GENESYS_CLIENT_SECRET").ok(),
    };
    Ok(secret.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty()))
}

fn client(
    args: &ClientArgs,
    credentials: Credentials,
    watch: impl Fn(Event) + Send + Sync + 'static,
) -> Result<Genesys, Failure> {
    let wrong = |error: GenesysError| Failure::usage("reading the configuration", error);
    let timeout = time("--timeout", &args.timeout)?;
    if timeout.is_zero() {
        return Err(Failure::usage("reading --timeout", "nothing can happen in no time"));
    }
    let config = Config::new(&args.base_url, credentials)
        .map_err(wrong)?
        .with_retries(args.max_retries)
        .with_longest_wait(time("--max-wait", &args.max_wait)?)
        .with_rate(args.rate)
        .with_timeout(timeout)
        .with_listener(watch);
    Genesys::new(config).map_err(wrong)
}

fn tell(event: Event, bar: &SharedBar, granted: &Granted) {
    match event {
        Event::Granted(id) => {
            state(granted).new = New::Created(id);
        }
        Event::Begins(WorkflowStep::Upload) => {
            lock(bar).clear();
            *lock(bar) = Bar::new("uploading");
        }
        Event::Uploaded { bytes, of } => lock(bar).show(bytes, Some(of)),
        Event::Waits(step, wait) if wait >= Duration::from_secs(1) => {
            say(&format!("{step}: waiting {:.0} s before another try", wait.as_secs_f64().ceil()));
        }
        _ => {}
    }
}

/// ctrl-c and SIGTERM: nothing stays on a disk, but a recording may have been created.
fn on_interrupt(granted: &Granted) {
    let granted = Arc::clone(granted);
    // Without a handler the process ends as well, and only says less.
    let _ = ctrlc::set_handler(move || {
        let mut state = state(&granted);
        drop(state.kept.take());
        say(&match &state.new {
            New::Created(id) => {
                format!("interrupted: recording {id} was created and may not be complete")
            }
            New::Complete(id) => format!("interrupted: recording {id} is complete"),
            New::None => "interrupted: nothing was created".into(),
        });
        std::process::exit(INTERRUPTED);
    });
}

/// Fetches, redacts, uploads, and reports.
pub(crate) fn run(plan: Plan) -> Result<(), Failure> {
    let recording = plan.job.recording_id.clone();
    on_interrupt(&plan.granted);
    let result = block_on(work(&plan));
    lock(&plan.bar).clear();
    let (redacted, new_id) = result?;
    let summary = redacted.summary();
    report::notes(summary);
    if new_id.is_some() {
        say("note: the original recording still exists in Genesys, and is not redacted");
    }
    let line = if plan.json {
        let mut json = report::to_json(summary);
        json["status"] = if new_id.is_some() { "completed" } else { "dry run" }.into();
        json["recordingId"] = new_id.into();
        json["originalRecordingId"] = recording.into();
        json["conversationId"] = plan.conversation_id.into();
        json["selfCheck"] = plan.side_outputs.verdict().into();
        json["bytes"] = redacted.bytes().into();
        json.to_string()
    } else {
        let (sentence, ending) = (report::sentence(summary), plan.side_outputs.ending());
        match new_id {
            Some(id) => format!("sanitised {sentence}, recording {recording} -> {id}{ending}"),
            None => format!("dry run: would sanitise {sentence}, recording {recording}{ending}"),
        }
    };
    plan.side_outputs.offer_page();
    report::print(&line)
}

async fn work(plan: &Plan) -> Result<(Redacted, Option<String>), Failure> {
    let doing = format!("recording {}", plan.job.recording_id);
    let failed = |error| failure(&doing, error);
    let prepared = prepare(&plan.genesys, &plan.job).await.map_err(failed)?;
    let redacted = &prepared.redacted;
    let write = |delivered| {
        let receipt = prepared.receipt(&plan.job, delivered);
        plan.side_outputs.write(&doing, redacted, receipt.as_ref())
    };
    {
        let mut state = state(&plan.granted);
        // A rehearsal: what cannot be written is better known before anything is created.
        drop(write(None)?);
        if let Some((Place { named, target }, force)) = &plan.keep {
            let draft = redacted.draft(target, *force);
            let doing = format!("keeping {}", named.display());
            state.kept = Some(draft.map_err(|error| Failure::of(doing, error))?);
        }
    }
    // The recording comes last, if it is kept. Until then everything old is in its place.
    let put = |side_outputs: Vec<Draft>, kept| {
        side_outputs::put(side_outputs.into_iter().chain(kept).collect()).map(side_outputs::keep)
    };
    let Some(conversation) = &plan.conversation_id else {
        let mut state = state(&plan.granted);
        let kept = state.kept.take();
        put(write(None)?, kept)?;
        return Ok((prepared.redacted, None));
    };
    let completed = deliver(&plan.genesys, redacted, conversation).await;
    let mut state = state(&plan.granted);
    let kept = state.kept.take();
    let completed = completed.map_err(failed)?;
    state.new = New::Complete(completed.id.clone());
    let done =
        write(Some((&completed, conversation))).and_then(|side_outputs| put(side_outputs, kept));
    done.map_err(|failure| failure.after(&format!("recording {} is complete", completed.id)))?;
    drop(state);
    Ok((prepared.redacted, Some(completed.id)))
}

/// An error of a job, as a wrong call or a failure.
pub(crate) fn failure(doing: &str, error: JobError) -> Failure {
    match error {
        JobError::Redact(error) => Failure::of(doing, error),
        // A URL that the API names is not the caller's doing, however bad it is.
        JobError::Genesys(error @ GenesysError::Config(_)) => Failure::usage(doing, error),
        other => Failure::failed(doing, other),
    }
}
