//! SQS: a standard queue with a dead-letter queue.
//!
//! SQS keeps no state with a message besides how often it was received. So a job that goes back without being
//! counted goes as a copy, whose attributes say since when it is there and how often it was handed out. SQS
//! delays a copy by 15 minutes at most. Between the copy and the end of the original a worker may die: then the
//! job is there twice, which costs a look at a receipt.

mod address;
mod client;
mod dead;
mod push;
mod tags;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use tokio::runtime::Handle;

use super::{
    Again, Dead, Delivery, Jobs, LONGEST_DELAY, Manage, Options, Queue, QueueError, Status,
    Verdict, printable,
};
use client::{Failed, count};
use tags::Tags;

/// The most messages of one request.
const AT_ONCE: usize = 10;

/// The longest that SQS waits for a message.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The shortest lease: SQS waits a second for a message at least, and the lease begins before that.
const SHORTEST_LEASE: Duration = Duration::from_secs(2);

/// How long SQS hides a message in all, from when it was received.
const LONGEST_HIDDEN: Duration = Duration::from_secs(12 * 3600);

/// A queue of SQS.
pub(super) struct Sqs {
    runtime: Handle,
    client: Client,
    /// For messages.
    shown: String,
    /// What SQS calls it.
    url: String,
    dead_url: String,
    /// When SQS itself moves a job to the dead-letter queue.
    most_deliveries: u32,
    lease: Duration,
}

impl Sqs {
    /// Finds the queue and its dead-letter queue.
    pub(super) fn open(url: &str, options: &Options) -> Result<Self, QueueError> {
        let runtime = options.runtime.clone();
        runtime.clone().block_on(async {
            let found = client::find(url).await?;
            let client::Found { client, shown, url, dead_url, most_deliveries } = found;
            let lease = options.lease.max(SHORTEST_LEASE);
            // SQS counts in seconds.
            let lease = Duration::from_secs(seconds(lease));
            Ok(Self { runtime, client, shown, url, dead_url, most_deliveries, lease })
        })
    }

    fn told(&self, failed: Failed) -> QueueError {
        failed.told(&self.shown)
    }

    /// Its name in its account.
    fn own_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// Takes what is there, and gives back what is not due yet.
    async fn take(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let asked = Instant::now();
        let received = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(whole(most.clamp(1, AT_ONCE) as u64))
            .visibility_timeout(whole(self.lease.as_secs()))
            .wait_time_seconds(whole(wait.as_secs()))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| self.told(Failed::of(&error)))?;
        let (mut taken, mut early) = (Vec::new(), Ok(()));
        for message in received.messages.unwrap_or_default() {
            let (delivery, due_in) = self.delivery(message, asked);
            if due_in.is_zero() {
                taken.push(delivery);
            } else if early.is_ok() {
                early = self.put_off(delivery, due_in).await;
            }
            // After an error the lease of those that are taken is not spent on more of them.
        }
        // One that could not be put off comes again by itself. The others are ours all the same.
        match early {
            Err(error) if taken.is_empty() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "a job that is not due yet cannot be put off");
                Ok(taken)
            }
            Ok(()) => Ok(taken),
        }
    }

    /// The delivery that a message is, and how long it is still to wait.
    fn delivery(&self, message: Message, asked: Instant) -> (Delivery, Duration) {
        let tags = Tags::of(&message);
        let delivery = Delivery {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            deliveries: tags.deliveries(),
            since: tags.since(),
            handle: message.receipt_handle.unwrap_or_default(),
            pulled: asked,
            until: Delivery::lease(asked, self.lease),
            copied: Arc::default(),
        };
        (delivery, tags.due_in())
    }

    /// Replaces a job that is not to be counted by a copy that comes later.
    async fn put_off(&self, delivery: Delivery, after: Duration) -> Result<(), QueueError> {
        let after = after.min(LONGEST_DELAY);
        let sent = self.client.send_message().queue_url(&self.url).message_body(&delivery.body);
        let sent = sent.delay_seconds(whole(seconds(after)));
        let tags = Tags::later(&delivery, after);
        let sent = sent.set_message_attributes(Some(tags.attributes()));
        let told = |error| self.told(Failed::of(&error));
        delivery.copy_once(async { sent.send().await.map(drop).map_err(told) }).await?;
        self.end(&delivery).await
    }

    /// Takes a job out of the queue.
    async fn end(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let gone = self.client.delete_message().queue_url(&self.url);
        let gone = gone.receipt_handle(&delivery.handle).send().await;
        gone.map(drop).map_err(|error| self.lost_or(Failed::of(&error), delivery))
    }

    /// Hides a job for this long from now, if it may be hidden that long.
    async fn hide(&self, delivery: &Delivery, time: Duration) -> Result<(), QueueError> {
        let hidden = self.client.change_message_visibility().queue_url(&self.url);
        let hidden =
            hidden.receipt_handle(&delivery.handle).visibility_timeout(whole(seconds(time)));
        let hidden = hidden.send().await;
        hidden.map(drop).map_err(|error| self.lost_or(Failed::of(&error), delivery))
    }

    /// What an error means to a job.
    fn lost_or(&self, failed: Failed, delivery: &Delivery) -> QueueError {
        if failed.is_lost() { delivery.lost() } else { self.told(failed) }
    }

    async fn counts(&self) -> Result<Status, QueueError> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let attributes = |url: &str| {
            let asked = self.client.get_queue_attributes().queue_url(url);
            asked.set_attribute_names(Some(names.to_vec())).send()
        };
        let [jobs, dead] = [attributes(&self.url).await, attributes(&self.dead_url).await];
        let jobs = jobs.map_err(|error| self.told(Failed::of(&error)))?;
        let dead = dead.map_err(|error| self.told(Failed::of(&error)))?;
        let [waiting, in_work, delayed] = names.each_ref().map(|name| count(&jobs, name));
        let buried: Option<Vec<u64>> = names.iter().map(|name| count(&dead, name)).collect();
        Ok(Status { waiting, in_work, delayed, dead: buried.map(|counts| counts.iter().sum()) })
    }
}

/// How long a job that is in work for this long may be hidden from now, in whole seconds.
fn left_to_hide(held: Duration) -> Duration {
    // A second less, because the clock of SQS is not ours.
    Duration::from_secs((LONGEST_HIDDEN.as_secs() - 1).saturating_sub(seconds(held)))
}

/// Whole seconds, and one more for what is left.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// A number as SQS takes it; all are within its limits.
fn whole(number: u64) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

impl Queue for Sqs {
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let end = Instant::now() + wait;
        self.runtime.block_on(async {
            loop {
                let left = end.saturating_duration_since(Instant::now());
                // Rounded up, so that the last part of a second is no busy loop.
                let wait = Duration::from_secs(seconds(left)).min(LONGEST_WAIT);
                let taken = self.take(most, wait).await?;
                if !taken.is_empty() || left <= wait {
                    return Ok(taken);
                }
            }
        })
    }

    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        delivery.check_ours()?;
        let asked = Instant::now();
        let lease = self.lease.min(left_to_hide(asked.duration_since(delivery.pulled)));
        if lease.is_zero() {
            let reason = "SQS hides a job for 12 hours in all";
            return Err(QueueError::Overdue { id: delivery.id.clone(), reason });
        }
        self.runtime.block_on(self.hide(delivery, lease))?;
        delivery.renewed(asked, lease);
        Ok(())
    }

    fn done(&self, delivery: Delivery) -> Result<(), QueueError> {
        self.runtime.block_on(self.end(&delivery))
    }

    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError> {
        delivery.check_ours()?;
        if why == Again::NotYet {
            return self.runtime.block_on(self.put_off(delivery, after));
        }
        let most = left_to_hide(delivery.pulled.elapsed());
        self.runtime.block_on(self.hide(&delivery, after.min(most)))
    }

    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.runtime.block_on(async {
            let tags = Tags::dead(&delivery, printable(reason), self.own_name());
            let sent = self.client.send_message().queue_url(&self.dead_url);
            let sent = sent.message_body(delivery.buried_body());
            let sent = sent.set_message_attributes(Some(tags.attributes()));
            let told = |error| self.told(Failed::of(&error));
            delivery.copy_once(async { sent.send().await.map(drop).map_err(told) }).await?;
            self.end(&delivery).await
        })
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn most_deliveries(&self) -> Option<u32> {
        Some(self.most_deliveries)
    }

    fn name(&self) -> &str {
        &self.shown
    }
}

impl Manage for Sqs {
    fn push(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError> {
        self.runtime.block_on(self.push_all(jobs))
    }

    fn status(&self) -> Result<Status, QueueError> {
        self.runtime.block_on(self.counts())
    }

    fn each_dead(&self, each: &mut dyn FnMut(&Dead) -> Verdict) -> Result<(), QueueError> {
        self.runtime.block_on(self.walk_dead(each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_hidden_for_twelve_hours_in_all_and_to_the_last_second() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(left_to_hide(Duration::ZERO), hours(12) - Duration::from_secs(1));
        assert_eq!(left_to_hide(hours(11)), hours(1) - Duration::from_secs(1));
        assert_eq!(
            left_to_hide(hours(11) + Duration::from_millis(1)),
            hours(1) - Duration::from_secs(2)
        );
        assert_eq!(left_to_hide(hours(12)), Duration::ZERO);
        assert_eq!(left_to_hide(hours(13)), Duration::ZERO);
    }
}
