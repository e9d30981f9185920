//! Redacts a recording while it arrives. In: its downloads. Out: a [`Redacted`], or the cause of a broken
//! download.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Job, JobError};
use crate::decode::Source;
use crate::genesys::{self, Download};
use crate::redact::{Redacted, Redaction};
use crate::window::Windows;

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
    let (job, windows) = (job.clone(), windows.clone());
    // Dropping this future drops `wanted`, which stops the blocking task after its current block.
    let wanted = Arc::new(());
    let still_wanted = Arc::downgrade(&wanted);
    let redacted = tokio::task::spawn_blocking(move || {
        let watch = |progress| {
            if let Some(listener) = &job.listener {
                listener(progress, length);
            }
            match still_wanted.strong_count() {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        let source = open(downloads).with_options(job.options);
        Redaction::new(&windows, job.treatment)
            .with_evidence(job.evidence)
            .run_watched(source, watch)
    });
    // A panic is a bug, and must not be reported as an error of the recording.
    let result =
        redacted.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    drop(wanted);
    match (result, failures.iter().find_map(|failure| failure.cause())) {
        // Another download would not make the windows fit.
        (Err(error), _) if error.is_usage() => Err(error.into()),
        // The broken download is the cause, whatever the decoder made of the read error.
        (_, Some(broken)) => Ok(Err(broken.clone())),
        (result, None) => Ok(Ok(result?)),
    }
}
