//! A worker: one thread that does one job after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, sync_channel};

use super::super::model::{Change, Event, Failed, FailureKind, Key, Upload};
use super::ready::{Ready, Task};
use super::writer::Message;
use super::{Cancel, Failure, Notes, Work};
use crate::lock::lock;

/// Does jobs until there are none.
pub(super) fn work(work: &dyn Work, ready: &Ready, writer: &Sender<Message>, cancel: &Cancel) {
    while let Some(Task { mut job, tries }) = ready.next() {
        let notes = ToWriter { key: &job.key, writer, uploads: Mutex::default() };
        // What a panic leaves half done is inside this job, which failed.
        let result = catch_unwind(AssertUnwindSafe(|| work.perform(&job, &notes, cancel)));
        let uploads = notes.uploads.into_inner().unwrap_or_default();
        // The next try aborts what this one may have left open.
        job.uploads.extend(uploads);
        let result = result.unwrap_or_else(|_| Err(panicked()));
        let task = Box::new(Task { job, tries: tries + 1 });
        if writer.send(Message::Ended(task, result)).is_err() {
            return;
        }
    }
}

/// The message of a panic may hold anything, so it is not shown here.
fn panicked() -> Failure {
    let message = "sordino itself failed at this recording; please report that";
    Failed { kind: FailureKind::Other, message: message.into() }.into()
}

/// Notes that the writer makes durable.
struct ToWriter<'a> {
    key: &'a Key,
    writer: &'a Sender<Message>,
    uploads: Mutex<Vec<Upload>>,
}

impl Notes for ToWriter<'_> {
    fn note(&self, event: Event) -> Result<(), Failure> {
        if let Event::Upload(upload) = &event {
            lock(&self.uploads).push(upload.clone());
        }
        let change = Change { key: self.key.clone(), event };
        let (reply, durable) = sync_channel(1);
        let message = Message::Note(change, reply);
        self.writer.send(message).map_err(|_| Failure::Interrupted)?;
        match durable.recv() {
            Ok(true) => Ok(()),
            _ => Err(Failure::Interrupted),
        }
    }
}
