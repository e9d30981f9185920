//! The buried jobs: those of the dead-letter queue.
//!
//! SQS shows messages only by handing them out. They are hidden while they are looked at, and shown again in
//! the end. Those of other queues that share the dead-letter queue are left alone.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};

use super::super::{Dead, QueueError, Verdict};
use super::client::Failed;
use super::tags::Tags;
use super::{AT_ONCE, Sqs, whole};

/// How long messages are hidden while they are looked at. A walk that takes longer sees some again.
const LOOK: Duration = Duration::from_secs(300);

/// After so many answers in a row with nothing new there is nothing new.
const KNOWN: u32 = 3;

/// How long is waited for more. With a wait, SQS asks all its servers.
const WAIT: Duration = Duration::from_secs(1);

impl Sqs {
    pub(super) async fn walk_dead(
        &self,
        each: &mut dyn FnMut(&Dead) -> Verdict,
    ) -> Result<(), QueueError> {
        let mut hidden = Vec::new();
        let walked = self.look_at_all(each, &mut hidden).await;
        for handle in hidden {
            let shown = self.client.change_message_visibility().queue_url(&self.dead_url);
            // One that stays hidden is there again after some minutes.
            let _ = shown.receipt_handle(handle).visibility_timeout(0).send().await;
        }
        walked
    }

    /// Looks at each message once. `hidden`: the handles of those that stay.
    async fn look_at_all(
        &self,
        each: &mut dyn FnMut(&Dead) -> Verdict,
        hidden: &mut Vec<String>,
    ) -> Result<(), QueueError> {
        let (mut seen, mut retried, mut known) = (BTreeSet::new(), BTreeSet::new(), 0);
        // Also when messages come back that were looked at: what is hidden is not hidden for ever.
        while known < KNOWN {
            let messages = self.receive_dead().await?;
            if messages.is_empty() {
                return Ok(());
            }
            known += 1;
            for message in messages {
                let handle = message.receipt_handle.clone().unwrap_or_default();
                let tags = Tags::of(&message);
                let dead = dead(message, &tags);
                let is_new = seen.insert(dead.id.clone());
                known = if is_new { 0 } else { known };
                // A worker may have buried it again meanwhile, and would do so for ever. A second one of the
                // same body stays for the next time.
                let is_back = retried.contains(&dead.body);
                let is_ours = is_new && !is_back && !tags.is_foreign(self.own_name());
                let verdict = if is_ours { each(&dead) } else { Verdict::Keep };
                if verdict == Verdict::Keep {
                    hidden.push(handle);
                    continue;
                }
                if verdict == Verdict::Retry {
                    self.send(vec![dead.body.clone()]).await?;
                    retried.insert(dead.body);
                }
                let gone = self.client.delete_message().queue_url(&self.dead_url);
                let gone = gone.receipt_handle(handle).send().await;
                gone.map_err(|error| self.told(Failed::of(&error)))?;
            }
        }
        Ok(())
    }

    async fn receive_dead(&self) -> Result<Vec<Message>, QueueError> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.dead_url)
            .max_number_of_messages(whole(AT_ONCE as u64))
            .visibility_timeout(whole(LOOK.as_secs()))
            .wait_time_seconds(whole(WAIT.as_secs()))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await;
        let received = received.map_err(|error| self.told(Failed::of(&error)))?;
        Ok(received.messages.unwrap_or_default())
    }
}

fn dead(message: Message, tags: &Tags) -> Dead {
    Dead {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        deliveries: tags.deliveries_before(),
        since: tags.since(),
        reason: tags.reason.clone(),
    }
}
