//! Jobs on their way into the queue.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::super::{Jobs, LONGEST_BODY, QueueError, next_body};
use super::client::Failed;
use super::{AT_ONCE, Sqs};

impl Sqs {
    pub(super) async fn push_all(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError> {
        let mut pushed = 0;
        let mut held = None;
        loop {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while some.len() < AT_ONCE
                && let Some(body) =
                    held.take().map_or_else(|| next_body(jobs), |body| Ok(Some(body)))?
            {
                // The limit of a message is that of a request too.
                bytes += body.len();
                if bytes > LONGEST_BODY && !some.is_empty() {
                    held = Some(body);
                    break;
                }
                some.push(body);
            }
            if some.is_empty() {
                return Ok(pushed);
            }
            pushed += some.len() as u64;
            self.send(some).await?;
        }
    }

    /// Sends at most ten jobs.
    pub(super) async fn send(&self, bodies: Vec<String>) -> Result<(), QueueError> {
        let entries = bodies.into_iter().enumerate().map(|(at, body)| {
            let entry = SendMessageBatchRequestEntry::builder().id(at.to_string());
            entry.message_body(body).build()
        });
        let entries = entries.collect::<Result<_, _>>();
        let entries = entries.map_err(|error| self.told(Failed::odd(&error)))?;
        let sent = self.client.send_message_batch().queue_url(&self.url);
        let sent = sent.set_entries(Some(entries)).send().await;
        let sent = sent.map_err(|error| self.told(Failed::of(&error)))?;
        match sent.failed.first() {
            None => Ok(()),
            Some(failed) => Err(self.told(Failed::odd(&failed.code))),
        }
    }
}
