//! `sordino demo --api platform`: the redacted copy stays here, and the original is to be deleted.

use std::fs;
use std::time::{Duration, SystemTime};

use sordino::genesys::platform::{Located, MediaFormat};
use sordino::genesys::{Config, Credentials, Platform};
use sordino::job::platform::{Aftermath, Deletion, Layout, Prepared, Wishes, finish, prepare};
use sordino::sandbox::{Sandbox, SandboxOptions};
use sordino::{Error, Job, Treatment, Windows};

use super::super::exit::Failure;
use super::super::output::OutputPath;
use super::super::recording::{detail_step, failure};
use super::super::report::{self, print as say};
use super::super::sandbox::conversation;
use super::super::side_outputs::{self, SideOutputs};
use super::super::text::count;
use super::{CONVERSATION_ID, DOING, audit, next_steps};

/// What the customer reads aloud in the call, on channel 1: key 1 of the recording.
pub(super) const WINDOWS: [&str; 2] =
    ["10-15@1=card number", "30.5-35.2@1=expiry date and security code"];

/// The recording of the call.
const RECORDING_ID: &str = "demo-trunk";

/// How far ahead the original is to be deleted.
const AHEAD: Duration = Duration::from_secs(2 * 24 * 3600);

const INTRODUCTION: &str = "\
A call of 38 s is stored in a Genesys stand-in on this machine, as an organisation of today keeps it:
a conversation with a mono file for each side. The agent is key 0, the customer key 1. The customer
reads a card number aloud, and later a security code.";

const LAST_STEPS: &str = "  \
  sordino file call.wav -w 10-15 -o redacted.wav    redact a recording of your own
  sordino sandbox                                   try `sordino recording` against a stand-in
  sordino recording --help                          redact a recording in your organisation";

pub(super) async fn walk(
    force: bool,
    output: Option<OutputPath>,
    side_outputs: &SideOutputs,
    windows: Windows,
) -> Result<(), Failure> {
    let failed = |error| failure(DOING, error);
    let (platform, located) = locate().await?;
    say(&format!("{INTRODUCTION}\n"))?;
    let evidence = side_outputs.options();
    let job = Job { evidence, ..Job::new(RECORDING_ID, windows.clone(), Treatment::silence()) };
    let prepared = prepare(&platform, &located, &job, Layout::Joined).await.map_err(failed)?;
    let [copy] = prepared.copies() else {
        return Err(Failure::failed(DOING, "the recording is not one file"));
    };
    say("  signed in, located, fetched     both keys at once, decoded while they arrived")?;
    let sentence = report::sentence(copy.redacted.summary());
    say(&format!("  redacted                        {sentence}; {}", side_outputs.checked()))?;
    let undelivered = |error: Error| Failure::of(DOING, error);
    let folder = tempfile::tempdir().map_err(|error| Failure::failed(DOING, error))?;
    let path = output.as_ref().map_or(folder.path().join("redacted.wav"), |o| o.target.clone());
    copy.redacted.persist_copy(&path, force).map_err(undelivered)?;
    let after = annotate_and_delete(&platform, &prepared, &path).await?;
    prepared.steps().iter().chain(&after.steps).for_each(detail_step);

    let back = fs::read(&path).map_err(|error| Failure::failed(DOING, error))?;
    say("The copy, audited against the original, as `sordino verify` does:\n")?;
    audit(back, &windows)?;
    let receipt = prepared.receipt(copy, Some(&after));
    let drafts = side_outputs.write("The call of the demo", &copy.redacted, receipt)?;
    side_outputs::put(drafts).and_then(side_outputs::keep)?;
    if let Some(path) = &output {
        say(&format!("Saved as {}.\n", path.named.display()))?;
    }
    if let Some(paths) = side_outputs.paths() {
        say(&format!("Written: {paths}.\n"))?;
    }
    next_steps("sordino demo --api platform", output.is_some(), side_outputs, LAST_STEPS)
}

/// Starts a stand-in, and finds the recording there.
async fn locate() -> Result<(Platform, Located), Failure> {
    let options = SandboxOptions::default();
    let credentials = Credentials::new(&options.client_id, &options.client_secret);
    let sandbox = Sandbox::new(options);
    sandbox.add_conversation(conversation().map_err(|error| Failure::of(DOING, error))?);
    let base = sandbox.start(0).await.map_err(|error| Failure::failed(DOING, error))?;
    let platform = Config::platform(&base, credentials).and_then(Platform::new);
    let platform = platform.map_err(|error| Failure::failed(DOING, error))?;
    let located = platform.locate(CONVERSATION_ID, RECORDING_ID, MediaFormat::Wav).await;
    let located = located.map_err(|error| failure(DOING, error.into()))?;
    Ok((platform, located))
}

/// What is done to the original once its copy is at `path`.
async fn annotate_and_delete(
    platform: &Platform,
    prepared: &Prepared,
    path: &std::path::Path,
) -> Result<Aftermath, Failure> {
    let delivered = prepared.delivered(&[path]).map_err(|error| Failure::failed(DOING, error))?;
    say("  delivered                       to a file here, and read back from the disk")?;
    let deletion = Deletion { delivered: &delivered, at: SystemTime::now() + AHEAD, wait: false };
    let wishes = Wishes { annotate: true, delete: Some(deletion), ..Wishes::default() };
    let mut after = finish(platform, prepared, wishes).await;
    if let Some(error) = after.failed.take() {
        return Err(failure(DOING, error.into()));
    }
    let passages = count(after.annotations.len(), "passage");
    say(&format!("  annotated                       {passages} of the original, by label"))?;
    let date = after.original.delete_date.clone().unwrap_or_default();
    let date = date.split('T').next().unwrap_or_default();
    say(&format!("  protection, retention           the original will be deleted on {date}\n"))?;
    Ok(after)
}
