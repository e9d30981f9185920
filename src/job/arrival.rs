//! Redacts a recording on a thread that may block, while it arrives.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Job, JobError, ProgressListener};
use crate::decode::{DecodeOptions, Source};
use crate::error::Error;
use crate::evidence::EvidenceOptions;
use crate::genesys::{self, Download};
use crate::redact::{OutputFormat, Redacted, Redaction};
use crate::treatment::Treatment;
use crate::window::Windows;

/// How a recording is redacted.
#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) windows: Windows,
    pub(super) treatment: Treatment,
    pub(super) options: DecodeOptions,
    /// What kinds of file the copy may be; none of them means any.
    pub(super) formats: &'static [OutputFormat],
    pub(super) evidence: EvidenceOptions,
    pub(super) listener: Option<ProgressListener>,
    /// Bytes of the recording, if they are known.
    pub(super) length: Option<u64>,
}

/// Redacts what `open` opens. Dropping this future stops the thread after its current block.
pub(super) async fn redact(
    recipe: Recipe,
    open: impl FnOnce() -> Result<Source, Error> + Send + 'static,
) -> Result<Redacted, Error> {
    let wanted = Arc::new(());
    let still_wanted = Arc::downgrade(&wanted);
    let redacted = tokio::task::spawn_blocking(move || {
        let Recipe { windows, treatment, options, formats, evidence, listener, length } = recipe;
        let watch = |progress| {
            if let Some(listener) = &listener {
                listener(progress, length);
            }
            match still_wanted.strong_count() {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        let source = open()?.with_options(options);
        Redaction::new(&windows, treatment)
            .with_evidence(evidence)
            .with_formats(formats)
            .run_watched(source, watch)
    });
    // A panic is a bug, and must not be reported as an error of the recording.
    let result =
        redacted.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    drop(wanted);
    result
}

/// Redacts the recording that `open` makes of its downloads. The inner error is the cause of a broken
/// download, the only one after which a restart may help.
pub(super) async fn redact_arriving(
    job: &Job,
    windows: &Windows,
    downloads: Vec<Download>,
    open: impl FnOnce(Vec<Download>) -> Source + Send + 'static,
) -> Result<Result<Redacted, genesys::Error>, JobError> {
    let lengths = downloads.iter().map(|download| download.length);
    let length = lengths.reduce(|sum, next| sum?.checked_add(next?)).flatten();
    let failures: Vec<_> = downloads.iter().map(Download::failure).collect();
    let recipe = Recipe {
        windows: windows.clone(),
        treatment: job.treatment,
        options: job.options,
        formats: job.formats,
        evidence: job.evidence,
        listener: job.listener.clone(),
        length,
    };
    let result = redact(recipe, move || Ok(open(downloads))).await;
    match (result, failures.iter().find_map(|failure| failure.cause())) {
        // Another download would not make the windows fit.
        (Err(error), _) if error.is_usage() => Err(error.into()),
        // The broken download is the cause, whatever the decoder made of the read error.
        (_, Some(broken)) => Ok(Err(broken.clone())),
        (result, None) => Ok(Ok(result?)),
    }
}
