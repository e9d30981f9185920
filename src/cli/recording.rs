//! `sordino recording`: one recording in Genesys Cloud, from its id to a redacted copy beside it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use sordino::genesys::{Completed, Credentials, Error as GenesysError, Genesys, WorkflowStep};
use sordino::job::{deliver, prepare};
use sordino::{Error, Job, JobError, Redacted, spool};

use super::args::{ClientArgs, RecordingArgs, WindowArgs, WindowsSource, source_of, windows_of};
use super::connection::{client_secret, config, invalid, missing, setting};
use super::exit::Failure;
use super::input::is_dash;
use super::interrupt::lock;
use super::messages::{detail, note};
use super::output::{OutputPath, note_ending};
use super::progress::ByteProgress;
use super::side_outputs::{self, Draft, Placed, SideOutputs};
use super::{block_on, remote, report};

mod stage;

/// Follows a 404 of locate.
const NOT_THIS_API: &str = "; if the id and the region are right, the organisation answers another API: give --api platform";

use stage::{NewRecording, Stage, on_event, on_interrupt};
pub(super) use stage::{Shared, detail_step, show_event};

/// One redaction at Genesys, with its arguments checked.
struct RecordingRun {
    genesys: Genesys,
    job: Job,
    /// `None` for a dry run.
    conversation_id: Option<String>,
    keep: Option<OutputPath>,
    force: bool,
    side_outputs: SideOutputs,
    json: bool,
    bar: Shared<ByteProgress>,
    stage: Shared<Stage>,
}

/// Fetches, redacts, uploads, and reports.
pub(crate) fn run(args: &RecordingArgs) -> Result<(), Failure> {
    remote::configure(&args.redact.store);
    let run = check(args)?;
    let original = run.job.recording_id.clone();
    on_interrupt(&run.stage);
    let result = block_on(work(&run));
    lock(&run.bar).clear();
    let (redacted, new_id) = result?;
    let summary = redacted.summary();
    report::notes(summary);
    if new_id.is_some() {
        note("the original recording still exists in Genesys, and is not redacted");
    }
    let line = if run.json {
        let mut json = report::to_json(summary, run.side_outputs.self_check);
        json["status"] = if new_id.is_some() { "completed" } else { "dry run" }.into();
        json["recordingId"] = new_id.into();
        json["originalRecordingId"] = original.into();
        json["conversationId"] = run.conversation_id.into();
        json["output"]["bytes"] = redacted.bytes().into();
        json.to_string()
    } else {
        let (sentence, ending) = (report::sentence(summary), run.side_outputs.ending());
        let (done, new) = match (report::nothing(summary), new_id) {
            (None, Some(id)) => (format!("sanitised {sentence}"), format!(" -> {id}")),
            (None, None) => (format!("dry run: would sanitise {sentence}"), String::new()),
            (Some(nothing), Some(id)) => {
                (format!("{nothing} uploaded unredacted"), format!(" -> {id}"))
            }
            (Some(nothing), None) => {
                (format!("dry run: {nothing} would be uploaded unredacted"), String::new())
            }
        };
        format!("{done}, recording {original}{new}{ending}")
    };
    run.side_outputs.offer_page();
    report::print(&line)
}

/// Checks arguments and environment. Everything that is missing is named in one error.
fn check(args: &RecordingArgs) -> Result<RecordingRun, Failure> {
    if let Some(option) = args.platform.given() {
        let mend = "it is for --api platform; here the redacted recording is uploaded as a new one";
        return Err(Failure::usage(format!("reading {option}"), mend));
    }
    args.check_dry_run()?;
    let policy = args.redact.policy()?;
    let request = args.redact.windows.request(&policy)?;
    let windows = windows_of(&request, policy.if_none())?;
    let source = source_of(&request, &policy, args.redact.redacted_transcript.as_deref())?;
    let secret = client_secret(&args.client)?;
    let set = |flag: &Option<String>, variable| setting(flag.as_ref(), variable).map(|s| s.value);
    let client_id = args.client.client_id.clone().filter(|id| !id.is_empty());
    let recording_id = set(&args.recording_id, "GENESYS_RECORDING_ID");
    let conversation_id = set(&args.conversation_id, "GENESYS_CONVERSATION_ID");
    let conversation_id = conversation_id.filter(|_| !args.dry_run);
    let needs_conversation = conversation_id.is_none() && !args.dry_run;
    let settings = [
        (client_id.is_none(), "GENESYS_CLIENT_ID (or --client-id)"),
        (secret.is_none(), "GENESYS_CLIENT_SECRET (or --client-secret-file)"),
        (recording_id.is_none(), "GENESYS_RECORDING_ID (or --recording-id)"),
        (needs_conversation, "GENESYS_CONVERSATION_ID (or --conversation-id)"),
    ];
    let (Some(client_id), Some(secret), Some(recording_id), false) =
        (client_id, secret, recording_id, needs_conversation)
    else {
        return Err(missing(&settings));
    };
    let (options, formats) = args.redact.format.options_keeping(args.keep.as_deref(), &policy)?;
    let (keep, side_outputs) = outputs(args, source)?;
    let bar = Arc::new(Mutex::new(ByteProgress::new("redacting")));
    let stage = Shared::<Stage>::default();
    let (shown, told) = (Arc::clone(&bar), Arc::clone(&stage));
    let mut config = config(&args.client, args.api, Credentials::new(client_id, secret))?;
    config.listener = Arc::new(move |event| on_event(event, &shown, &told));
    let genesys = Genesys::new(config).map_err(invalid)?;
    let shown = Arc::clone(&bar);
    let job = Job {
        options,
        formats,
        evidence: side_outputs.options(),
        listener: Some(Arc::new(move |progress, of| lock(&shown).show(progress.bytes, of))),
        ..Job::new(recording_id, windows, policy.treatment())
    };
    if job.windows.is_empty() {
        let does = if args.dry_run { "would be" } else { "will be" };
        note(&format!("nothing was found to redact; an unredacted copy {does} uploaded"));
    }
    let (force, json) = (args.redact.force, args.redact.json);
    Ok(RecordingRun { genesys, job, conversation_id, keep, force, side_outputs, json, bar, stage })
}

/// Checks every path that will be written.
fn outputs(
    args: &RecordingArgs,
    source: WindowsSource,
) -> Result<(Option<OutputPath>, SideOutputs), Failure> {
    let force = args.redact.force;
    let ClientArgs { client_secret_file, token_cache, .. } = &args.client;
    let WindowArgs { windows, policy, .. } = &args.redact.windows;
    let inputs = [windows, policy, client_secret_file, token_cache];
    let mut inputs: Vec<_> = inputs.into_iter().filter_map(Option::as_deref).collect();
    let evidence = &args.redact.evidence;
    inputs.extend(evidence.sign.inputs());
    let keep = match &args.keep {
        Some(path) if is_dash(path) => {
            let mend = "give the path of a file; stdout is not one";
            return Err(Failure::usage("reading --keep", mend));
        }
        Some(path) => Some(OutputPath::check_file(path, &inputs, force)?),
        None => None,
    };
    let target = keep.as_ref().map(|path| path.target.as_path());
    let signer = evidence.signer()?;
    let side_outputs = SideOutputs::check(evidence, source, &inputs, target, force, signer)?;
    Ok((keep, side_outputs))
}

async fn work(run: &RecordingRun) -> Result<(Redacted, Option<String>), Failure> {
    let (doing, began) = (format!("recording {}", run.job.recording_id), Instant::now());
    let failed = |error| failure(&doing, error);
    let prepared = prepare(&run.genesys, &run.job).await.map_err(|error| match error {
        JobError::Genesys(
            error @ GenesysError::Refused { step: WorkflowStep::Locate, status: 404, .. },
        ) => Failure::failed(&*doing, format!("{error}{NOT_THIS_API}")),
        other => failed(other),
    })?;
    let redacted = &prepared.redacted;
    prepared.steps.iter().for_each(detail_step);
    report::details(&doing, redacted.summary(), began.elapsed());
    let write = |delivered: Option<(&Completed, &str)>| {
        let receipt = prepared.receipt(&run.job, delivered);
        run.side_outputs.write(&doing, redacted, receipt)
    };
    {
        let mut stage = lock(&run.stage);
        // A rehearsal: find out what cannot be written before anything is created at Genesys.
        drop(write(None)?);
        if let Some(OutputPath { named, target, .. }) = &run.keep {
            note_ending(named, redacted.format());
            let draft = redacted.draft(target, run.force);
            let doing = format!("keeping {}", named.display());
            stage.kept = Some(draft.map_err(|error| Failure::of(doing, error))?);
        }
    }
    let Some(conversation) = &run.conversation_id else {
        let mut stage = lock(&run.stage);
        let kept = stage.kept.take();
        let side_outputs = write(None)?;
        put(run, stage, side_outputs, kept)?;
        return Ok((prepared.redacted, None));
    };
    detail(&format!("{} bytes of {} to upload", redacted.bytes(), redacted.format()));
    let completed = deliver(&run.genesys, redacted, conversation).await;
    let mut stage = lock(&run.stage);
    let kept = stage.kept.take();
    let completed = completed.map_err(failed)?;
    completed.steps.iter().for_each(detail_step);
    stage.new = NewRecording::Complete(completed.id.clone());
    let side_outputs = write(Some((&completed, conversation)));
    let done = side_outputs.and_then(|side_outputs| put(run, stage, side_outputs, kept));
    done.map_err(|failure| failure.after(&format!("recording {} is complete", completed.id)))?;
    Ok((prepared.redacted, Some(completed.id)))
}

/// Puts everything into its place. The kept recording comes last: until then every old file is in its place.
fn put(
    run: &RecordingRun,
    mut stage: MutexGuard<'_, Stage>,
    side_outputs: Vec<Draft>,
    kept: Option<spool::Draft>,
) -> Result<(), Failure> {
    let all = side_outputs.into_iter().chain(kept.map(Draft::File)).collect();
    let placed = side_outputs::put(all)?;
    let (mut objects, files): (Vec<_>, Vec<_>) = placed.into_iter().partition(Placed::is_object);
    if objects.is_empty() {
        return side_outputs::keep(files);
    }
    (stage.placed, stage.writes_objects) = (files, true);
    // An upload may take long, and ctrl-c must work meanwhile. It takes the files back then.
    drop(stage);
    let written = side_outputs::upload(&mut objects);
    let mut stage = lock(&run.stage);
    stage.writes_objects = false;
    objects.append(&mut stage.placed);
    written.and_then(|()| side_outputs::keep(objects))
}

/// An error of a job, as a wrong call or a failure.
pub(crate) fn failure(doing: &str, error: JobError) -> Failure {
    match error {
        JobError::Redact(error @ Error::Parts { .. }) => {
            Failure::failed(doing, format!("{error}: --split writes a file for each key"))
        }
        JobError::Redact(error) => Failure::of(doing, error),
        // Of all Genesys errors only this one is the caller's: a bad URL in an answer is not.
        JobError::Genesys(error @ GenesysError::Config(_)) => Failure::usage(doing, error),
        other => Failure::failed(doing, other),
    }
}
