//! What is to be done, checked as far as it can be without a request.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sordino::genesys::platform::MediaFormat;
use sordino::genesys::{Credentials, Platform, StepRecord};
use sordino::job::platform::Layout;
use sordino::{Encoding, Job, Policy, Treatment, Windows};

use super::super::args::{
    ClientArgs, FolderLayout, RecordingArgs, WindowsSource, source_of, windows_of,
};
use super::super::connection::{Setting, client_secret, config, invalid, missing, setting};
use super::super::exit::Failure;
use super::super::interrupt::lock;
use super::super::messages::note;
use super::super::progress::ByteProgress;
use super::super::recording::Shared;
use super::deletion::{Deletion, shown};
use super::from_genesys::FromGenesys;
use super::place::{Destination, Places};
use super::stage::{Stage, on_event};

/// What is to be done.
pub(super) struct Plan {
    pub(super) platform: Platform,
    pub(super) conversation_id: String,
    /// `None` for all of the conversation.
    pub(super) recording_id: Option<String>,
    pub(super) format: MediaFormat,
    pub(super) layout: Layout,
    pub(super) job: Job,
    /// Where the windows of each recording come from, unless they are those of the job.
    pub(super) from_genesys: Option<FromGenesys>,
    pub(super) places: Places,
    /// Whether the folder of the copies is laid out as an export.
    pub(super) export: bool,
    /// The records of the steps that were made for all recordings.
    pub(super) steps: Vec<StepRecord>,
    pub(super) force: bool,
    pub(super) same_windows: bool,
    pub(super) dry_run: bool,
    pub(super) annotate: bool,
    pub(super) deletion: Option<Deletion>,
    pub(super) json: bool,
    pub(super) bar: Shared<ByteProgress>,
    pub(super) stage: Shared<Stage>,
}

/// Which recordings, and with which client.
struct Access {
    credentials: Credentials,
    conversation_id: String,
    recording_id: Option<String>,
}

impl Plan {
    /// Checks arguments and environment, and asks whether originals are to be deleted.
    pub(super) fn check(args: &RecordingArgs) -> Result<Self, Failure> {
        args.check_dry_run()?;
        let policy = args.redact.policy()?;
        let from_genesys = FromGenesys::check(args, &policy)?;
        let (windows, source) = match &from_genesys {
            // Each recording gets its own.
            Some(_) => {
                let policy = policy.entry();
                (Windows::none(), WindowsSource { policy, ..WindowsSource::default() })
            }
            None => given_windows(args, &policy)?,
        };
        let access = Access::check(args)?;
        let places = places(args, source, access.recording_id.is_none())?;
        if policy.settings().encoding == Some(Encoding::Same) && !args.platform.split {
            let mend = "with --api platform the files of a recording are joined to one, which is a WAV; give --split to keep each as it is";
            return Err(Failure::usage("reading --encoding same", mend));
        }
        let deletion = deletion(args, policy.treatment(), &places)?;
        let originals = access.originals();
        let bar = Arc::new(Mutex::new(ByteProgress::new("redacting")));
        let stage = Shared::<Stage>::default();
        let (shown, told) = (Arc::clone(&bar), Arc::clone(&stage));
        let mut config = config(&args.client, args.api, access.credentials)?;
        config.poll_limit = args.platform.poll_limit.unwrap_or(config.poll_limit);
        deletion.map_or(Ok(()), |deletion| deletion.check_wait(config.last_poll()))?;
        config.listener = Arc::new(move |event| on_event(&event, &shown, &told));
        let platform = Platform::new(config).map_err(invalid)?;
        let job = job(args, &policy, windows, &places, &bar)?;
        // Last: whoever is asked should not learn of another mistake after it.
        if let Some(deletion) = deletion.filter(|_| !args.platform.yes && !args.dry_run) {
            deletion.confirm(&originals)?;
        }
        Ok(Self {
            platform,
            conversation_id: access.conversation_id,
            recording_id: access.recording_id,
            format: args.platform.media.format(),
            layout: if args.platform.split { Layout::Split } else { Layout::Joined },
            job,
            from_genesys,
            places,
            export: is_export(args),
            steps: Vec::new(),
            force: args.redact.force,
            same_windows: args.platform.same_windows,
            dry_run: args.dry_run,
            annotate: args.platform.annotate && !args.dry_run,
            deletion: deletion.filter(|_| !args.dry_run),
            json: args.redact.json,
            bar,
            stage,
        })
    }

    /// Whether something is to be done at Genesys after the delivery.
    pub(super) fn has_wishes(&self) -> bool {
        self.annotate || self.deletion.is_some()
    }
}

impl Access {
    /// Reads ids and credentials. Everything that is missing is named in one error.
    fn check(args: &RecordingArgs) -> Result<Self, Failure> {
        let secret = client_secret(&args.client)?;
        let client_id = args.client.client_id.clone().filter(|id| !id.is_empty());
        let conversation = setting(args.conversation_id.as_ref(), "GENESYS_CONVERSATION_ID");
        let has_to = args.platform.to.is_some() || args.dry_run;
        let settings = [
            (client_id.is_none(), "GENESYS_CLIENT_ID (or --client-id)"),
            (secret.is_none(), "GENESYS_CLIENT_SECRET (or --client-secret-file)"),
            (conversation.is_none(), "GENESYS_CONVERSATION_ID (or --conversation-id)"),
            (!has_to, "--to (or --dry-run)"),
        ];
        let (Some(client_id), Some(secret), Some(conversation), true) =
            (client_id, secret, conversation, has_to)
        else {
            return Err(missing(&settings));
        };
        let recording = setting(args.recording_id.as_ref(), "GENESYS_RECORDING_ID");
        // An empty variable of a script must not mean all recordings.
        let given = args.recording_id.clone().or(std::env::var("GENESYS_RECORDING_ID").ok());
        if recording.is_none() && given.is_some() {
            let mend = "it is empty; for all recordings of the conversation, leave out --recording-id and unset GENESYS_RECORDING_ID";
            return Err(Failure::usage("reading the recording id", mend));
        }
        let conversation_id = told("conversation", "GENESYS_CONVERSATION_ID", conversation);
        let recording_id = recording.map(|id| told("recording", "GENESYS_RECORDING_ID", id));
        let credentials = Credentials::new(client_id, secret);
        Ok(Self { credentials, conversation_id, recording_id })
    }

    /// What `--delete-original` is about, for the question.
    fn originals(&self) -> String {
        match &self.recording_id {
            Some(id) => format!("the original of recording {id}"),
            None => format!("all audio originals of conversation {}", self.conversation_id),
        }
    }
}

/// The id; says aloud that it comes from the environment, where nobody sees it.
fn told(what: &str, variable: &str, id: Setting) -> String {
    if id.from_environment {
        note(&format!("the {what} is {} ({variable})", id.value));
    }
    id.value
}

/// The windows of flags and a file, and where they come from.
fn given_windows(
    args: &RecordingArgs,
    policy: &Policy,
) -> Result<(Windows, WindowsSource), Failure> {
    let request = args.redact.windows.request(policy)?;
    let windows = windows_of(&request, policy.if_none())?;
    Ok((windows, source_of(&request, policy, args.redact.redacted_transcript.as_deref())?))
}

/// Checks where files go.
fn places(args: &RecordingArgs, source: WindowsSource, is_all: bool) -> Result<Places, Failure> {
    if args.keep.is_some() && !args.dry_run {
        let mend = "with --api platform it is for a --dry-run; --to is where the copy goes";
        return Err(Failure::usage("reading --keep", mend));
    }
    let several = match (args.platform.split, is_all) {
        (true, _) => Some("--split makes a file for each key"),
        (_, true) => Some("without --recording-id there is a file for each recording"),
        _ => None,
    };
    let of_copies = several.or(is_export(args).then_some("--layout export makes folders"));
    let ClientArgs { client_secret_file, token_cache, .. } = &args.client;
    let list = args.redact.windows.windows.as_ref();
    let list = list.filter(|_| !args.redact.windows.is_from_genesys());
    let policy = args.redact.windows.policy.as_ref();
    let inputs = [list, policy, client_secret_file.as_ref(), token_cache.as_ref()];
    let evidence = &args.redact.evidence;
    let mut inputs: Vec<PathBuf> = inputs.into_iter().flatten().cloned().collect();
    inputs.extend(evidence.sign.inputs().map(Path::to_owned));
    let force = args.redact.force;
    let to = args.platform.to.as_deref().map(|path| ("--to", path));
    if !args.dry_run {
        let signer = evidence.signer()?;
        return Places::check(to, evidence, source, inputs, force, of_copies, signer);
    }
    // It must be right, but nothing goes there.
    let no_source = WindowsSource::default();
    Places::check(to, evidence, no_source, inputs.clone(), force, of_copies, None)?;
    let keep = args.keep.as_deref().map(|path| ("--keep", path));
    let signer = evidence.signer()?;
    Places::check(keep, evidence, source, inputs, force, several, signer)
}

fn is_export(args: &RecordingArgs) -> bool {
    args.platform.layout == Some(FolderLayout::Export)
}

/// Checks the deletion.
fn deletion(
    args: &RecordingArgs,
    treatment: Treatment,
    places: &Places,
) -> Result<Option<Deletion>, Failure> {
    let is_self_checked = !args.redact.evidence.no_self_check;
    let to_stdout = matches!(places.copies, Destination::Stdout(_));
    let deletion = Deletion::check(&args.platform, treatment, is_self_checked, to_stdout)?;
    if args.dry_run {
        tell_wishes(args.platform.annotate, deletion);
    }
    Ok(deletion)
}

/// Says what a dry run leaves out.
fn tell_wishes(annotate: bool, deletion: Option<Deletion>) {
    let annotate = annotate.then(|| "annotate the original".to_owned());
    let delete = deletion.map(|deletion| format!("let it be deleted on {}", shown(deletion.at)));
    let wishes: Vec<_> = annotate.into_iter().chain(delete).collect();
    if !wishes.is_empty() {
        note(&format!("without --dry-run it would {}", wishes.join(", and ")));
    }
}

fn job(
    args: &RecordingArgs,
    policy: &Policy,
    windows: Windows,
    places: &Places,
    bar: &Shared<ByteProgress>,
) -> Result<Job, Failure> {
    let shown = Arc::clone(bar);
    let (options, formats) = args.redact.format.options_keeping(args.keep.as_deref(), policy)?;
    Ok(Job {
        options,
        formats,
        evidence: places.evidence(),
        listener: Some(Arc::new(move |progress, of| lock(&shown).show(progress.bytes, of))),
        // The id of each recording is in what the client has located.
        ..Job::new("", windows, policy.treatment())
    })
}
