//! How far the work has come: what an interrupt has to say.

use std::sync::{Arc, Mutex};

use sordino::genesys::{Event, WorkflowStep};

use super::super::exit::INTERRUPTED;
use super::super::interrupt::{lock, on_signals};
use super::super::messages::say;
use super::super::progress::ByteProgress;
use super::super::recording::{Shared, show_event};
use super::super::remote;
use super::super::side_outputs::Placed;

/// How far the work has come. Locked while files are written, so that an interrupt comes before or after
/// them.
#[derive(Default)]
pub(super) struct Stage {
    /// What became of the recordings that are done.
    done: Vec<String>,
    now: Option<Now>,
    /// Files in their places, until all is well: dropping them brings back what was there.
    pub(super) placed: Vec<Placed>,
}

/// The recording that is worked on.
struct Now {
    recording_id: String,
    /// Where its redacted copies are.
    copies: Vec<String>,
    /// Whether annotations of its original were begun.
    annotated: bool,
    original: Original,
}

/// What happens to its original.
#[derive(Default, Clone, Copy)]
enum Original {
    #[default]
    Kept,
    /// Its protection was asked for, but not yet its export.
    Asking,
    /// Its export was asked for: the next request sets the date.
    Checked,
    /// The request that sets the date is under way, or was answered.
    Setting,
    /// The recording shows the date.
    Set,
}

impl Stage {
    /// A recording begins.
    pub(super) fn begin(&mut self, recording_id: &str) {
        let recording_id = recording_id.to_owned();
        let (copies, annotated, original) = (Vec::new(), false, Original::Kept);
        self.now = Some(Now { recording_id, copies, annotated, original });
    }

    /// Its copies are in their places.
    pub(super) fn delivered(&mut self, copies: Vec<String>) {
        self.now.iter_mut().for_each(|now| now.copies.clone_from(&copies));
    }

    /// It failed, and what was done stays.
    pub(super) fn fail(&mut self) {
        self.done.extend(self.now.take().as_ref().map(Now::interrupted));
    }

    /// It is done. `fate` is what became of it.
    pub(super) fn end(&mut self, fate: String) {
        self.now = None;
        self.done.push(fate);
    }

    /// Notes what an event says about the original.
    fn note(&mut self, event: &Event) {
        let Some(now) = &mut self.now else { return };
        now.annotated |= *event == Event::Begins(WorkflowStep::Annotate);
        now.original = match (event, now.original) {
            (Event::Begins(WorkflowStep::Protection), _) => Original::Asking,
            (Event::Begins(WorkflowStep::Retention), Original::Asking) => Original::Checked,
            (Event::Begins(WorkflowStep::Retention), Original::Checked) => Original::Setting,
            (Event::DeletionShown, _) => Original::Set,
            (_, original) => original,
        };
    }

    /// What an interrupt says.
    fn interrupted(&self) -> String {
        let mut parts = self.done.clone();
        parts.extend(self.now.as_ref().map(Now::interrupted));
        if parts.is_empty() {
            parts.push("nothing was delivered; originals are kept".into());
        }
        format!("interrupted: {}", parts.join("; "))
    }
}

impl Now {
    fn interrupted(&self) -> String {
        let id = &self.recording_id;
        let copy = match self.copies.as_slice() {
            [] => format!("recording {id} was not delivered"),
            copies => format!("the redacted copy of recording {id} is at {}", copies.join(", ")),
        };
        let original = match self.original {
            Original::Kept | Original::Asking | Original::Checked => "its original is kept",
            Original::Setting => {
                "whether the deletion of its original is set is not known: look at the recording"
            }
            Original::Set => "the deletion of its original is set",
        };
        let annotations = if self.annotated { ", and may have new annotations" } else { "" };
        format!("{copy}; {original}{annotations}")
    }
}

/// Shows an event, and notes what it says.
pub(super) fn on_event(event: &Event, bar: &Mutex<ByteProgress>, stage: &Mutex<Stage>) {
    lock(stage).note(event);
    show_event(event, bar);
}

/// ctrl-c and SIGTERM: nothing unredacted is on a disk; the message says what state each original is in.
pub(super) fn on_interrupt(stage: &Shared<Stage>) {
    let stage = Arc::clone(stage);
    on_signals(move || {
        let mut stage = lock(&stage);
        // The process ends without dropping anything.
        drop(std::mem::take(&mut stage.placed));
        say(&stage.interrupted());
        remote::abort_open();
        std::process::exit(INTERRUPTED);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The real order of events, as the client tells them: at each moment the message may say too little
    /// about a deletion, but never too little about its being set.
    #[test]
    fn an_interrupt_says_what_state_the_original_is_in() {
        let mut stage = Stage::default();
        let expect = |stage: &Stage, part: &str| {
            let text = stage.interrupted();
            assert!(text.contains(part), "{text}");
        };
        expect(&stage, "nothing was delivered");
        stage.begin("r");
        expect(&stage, "recording r was not delivered; its original is kept");
        stage.delivered(vec!["out.wav".into()]);
        expect(&stage, "of recording r is at out.wav; its original is kept");
        for (step, part) in [
            (WorkflowStep::Annotate, "may have new annotations"),
            (WorkflowStep::Protection, "is kept"),
            (WorkflowStep::Retention, "is kept"),
            (WorkflowStep::Retention, "is not known"),
        ] {
            stage.note(&Event::Begins(step));
            expect(&stage, part);
        }
        // A retry of the request that sets the date.
        stage.note(&Event::Waits(WorkflowStep::Retention, Duration::ZERO));
        expect(&stage, "is not known");
        // The request is answered, but the recording does not show the date yet.
        stage.note(&Event::Polls(WorkflowStep::Retention, Duration::ZERO));
        expect(&stage, "is not known");
        stage.note(&Event::DeletionShown);
        expect(&stage, "the deletion of its original is set");
        stage.end("recording r: deletion set".into());
        expect(&stage, "interrupted: recording r: deletion set");
    }
}
