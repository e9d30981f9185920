//! How far the work at Genesys has come: what is shown while it goes on, and what an interrupt does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sordino::genesys::{Event, StepRecord, WorkflowStep};
use sordino::spool::Draft;

use super::super::exit::INTERRUPTED;
use super::super::interrupt::{lock, on_signals};
use super::super::messages::{detail, say, tell, warn};
use super::super::progress::ByteProgress;
use super::super::remote;
use super::super::side_outputs::Placed;
use super::super::text::elapsed;

pub(in crate::cli) type Shared<T> = Arc<Mutex<T>>;

/// How far the work has come. Locked while files are written, so that an interrupt comes before or
/// after them.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) new: NewRecording,
    /// The file of --keep, hidden until everything else is done.
    pub(super) kept: Option<Draft>,
    /// Files at their places, until the objects are written too: dropping them brings back what was there.
    pub(super) placed: Vec<Placed>,
    /// Objects that go with the recording are being written.
    pub(super) writes_objects: bool,
}

#[derive(Default)]
pub(super) enum NewRecording {
    #[default]
    None,
    Created(String),
    Complete(String),
}

/// Shows what happens at Genesys, and remembers the recording that it creates.
pub(super) fn on_event(event: Event, bar: &Mutex<ByteProgress>, stage: &Mutex<Stage>) {
    match event {
        Event::Granted(id) => {
            // First, so that an interrupt names it whatever becomes of the line.
            lock(stage).new = NewRecording::Created(id.clone());
            detail(&format!("grant: recording {id} was created"));
        }
        other => show_event(&other, bar),
    }
}

/// Shows what happens at Genesys.
pub(in crate::cli) fn show_event(event: &Event, bar: &Mutex<ByteProgress>) {
    match event {
        Event::Begins(step) => {
            detail(&format!("{step}: begins"));
            if *step == WorkflowStep::Upload {
                let mut bar = lock(bar);
                bar.clear();
                *bar = ByteProgress::new("uploading");
            }
        }
        Event::Uploaded { bytes, of } => lock(bar).show(*bytes, Some(*of)),
        Event::Waits(step, wait) if *wait >= Duration::from_secs(1) => {
            tell(&format!("{step}: waiting {:.0} s before another try", wait.as_secs_f64().ceil()));
        }
        Event::Waits(step, wait) => {
            detail(&format!("{step}: waiting {} before another try", elapsed(*wait)));
        }
        Event::Polls(step, wait) if *wait >= Duration::from_secs(1) => {
            tell(&format!("{step}: not ready; asking again in {:.0} s", wait.as_secs_f64().ceil()));
        }
        Event::Polls(step, wait) => {
            detail(&format!("{step}: not ready; asking again in {}", elapsed(*wait)));
        }
        Event::TokenNotKept(why) => warn(&format!("{why}; the next run signs in again")),
        Event::Paces(step, wait) => {
            detail(&format!("{step}: waiting {} to keep the pace of --rate", elapsed(*wait)));
        }
        _ => {}
    }
}

/// Prints what a step took, with `--verbose`.
pub(in crate::cli) fn detail_step(record: &StepRecord) {
    let took = record.answered.duration_since(record.began).unwrap_or_default();
    let retries = match record.retries {
        0 => String::new(),
        1 => ", after 1 retry".into(),
        many => format!(", after {many} retries"),
    };
    let id = record.correlation_id.as_ref();
    let id = id.map_or(String::new(), |id| format!(", correlation id {id}"));
    detail(&format!("{}: answered in {}{retries}{id}", record.step, elapsed(took)));
}

/// ctrl-c and SIGTERM: nothing stays on a disk, but a recording may have been created at Genesys.
pub(super) fn on_interrupt(stage: &Shared<Stage>) {
    let stage = Arc::clone(stage);
    on_signals(move || {
        let mut stage = lock(&stage);
        drop(stage.kept.take());
        // The process ends without dropping anything.
        drop(std::mem::take(&mut stage.placed));
        let at = match &stage.new {
            NewRecording::Created(id) => {
                format!("recording {id} was created and may not be complete")
            }
            NewRecording::Complete(id) => format!("recording {id} is complete"),
            NewRecording::None => "nothing was created".into(),
        };
        let rest = if stage.writes_objects { "; what goes with it may be missing" } else { "" };
        say(&format!("interrupted: {at}{rest}"));
        remote::abort_open();
        std::process::exit(INTERRUPTED);
    });
}
