//! A worker: one thread that does one job after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, sync_channel};

use super::super::model::{Change, Event, Key, Upload};
use super::ready::{Ready, Task};
use super::writer::Message;
use super::{Cancel, Failure, Notes, Work};
use crate::lock::lock;

/// Does jobs until there are none.
pub(super) fn work(work: &dyn Work, ready: &Ready, writer: &Sender<Message>, cancel: &Cancel) {
    while let Some(Task { mut job, tries }) = ready.next() {
        let notes = ToWriter {
            key: &job.key,
            writer,
            uploads: Mutex::default(),
            granting: AtomicBool::default(),
        };
        // What a panic leaves half done is inside this job, which failed.
        let result = catch_unwind(AssertUnwindSafe(|| work.perform(&job, &notes, cancel)));
        let granting = notes.granting.into_inner();
        let uploads = notes.uploads.into_inner().unwrap_or_default();
        // The next try aborts what this one may have left open.
        job.uploads.extend(uploads);
        let result = result.unwrap_or_else(|_| Err(Failure::panicked(granting)));
        let task = Box::new(Task { job, tries: tries + 1 });
        if writer.send(Message::Ended(task, result)).is_err() {
            return;
        }
    }
}

/// Notes that the writer makes durable.
struct ToWriter<'a> {
    key: &'a Key,
    writer: &'a Sender<Message>,
    uploads: Mutex<Vec<Upload>>,
    /// Whether [`Event::Granting`] is durable, so that what it speaks of may have been done.
    granting: AtomicBool,
}

impl Notes for ToWriter<'_> {
    fn note(&self, event: Event) -> Result<(), Failure> {
        if let Event::Upload(upload) = &event {
            lock(&self.uploads).push(upload.clone());
        }
        let is_granting = event == Event::Granting;
        let change = Change { key: self.key.clone(), event };
        let (reply, durable) = sync_channel(1);
        let message = Message::Note(change, reply);
        self.writer.send(message).map_err(|_| Failure::Interrupted)?;
        match durable.recv() {
            Ok(true) => {
                self.granting.fetch_or(is_granting, Ordering::SeqCst);
                Ok(())
            }
            _ => Err(Failure::Interrupted),
        }
    }
}
