//! What the attributes of a message say of a job. Times are milliseconds since 1970.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};

use super::super::{Delivery, LONGEST_DELAY, printable};

const SINCE: &str = "sordino_since";
const DELIVERIES: &str = "sordino_deliveries";
const DUE: &str = "sordino_due";
const REASON: &str = "sordino_reason";
const QUEUE: &str = "sordino_queue";

/// What a message says of its job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tags {
    /// When the job came into the queue.
    since: Option<u64>,
    /// How often it was handed out before this message was made.
    before: u32,
    /// How often this message was handed out.
    received: u32,
    /// Before this it is not to be handed out.
    due: Option<u64>,
    /// Why it was buried.
    pub(super) reason: Option<String>,
    /// From which queue it was buried, by sordino or by SQS itself.
    queue: Option<String>,
}

impl Tags {
    /// Those of a job that was not begun, and is due after this time.
    pub(super) fn later(delivery: &Delivery, after: Duration) -> Self {
        Self {
            since: delivery.since.map(millis),
            before: delivery.deliveries.saturating_sub(1),
            due: Some(millis(SystemTime::now() + after)).filter(|_| !after.is_zero()),
            ..Self::default()
        }
    }

    /// Those of a job that is buried.
    pub(super) fn dead(delivery: &Delivery, reason: String, queue: &str) -> Self {
        let (since, before) = (delivery.since.map(millis), delivery.deliveries);
        let (reason, queue) = (Some(reason), Some(queue.to_owned()));
        Self { since, before, reason, queue, ..Self::default() }
    }

    /// Those of a message.
    pub(super) fn of(message: &Message) -> Self {
        let own = |name: &str| {
            let value = message.message_attributes.as_ref()?.get(name)?;
            value.string_value.clone()
        };
        let text = |name: MessageSystemAttributeName| message.attributes.as_ref()?.get(&name);
        let system = |name: MessageSystemAttributeName| text(name)?.parse::<u64>().ok();
        let moved_from = text(MessageSystemAttributeName::DeadLetterQueueSourceArn);
        let moved_from = moved_from.and_then(|arn| Some(arn.rsplit(':').next()?.to_owned()));
        let sent = system(MessageSystemAttributeName::SentTimestamp);
        let number = |name: &str| own(name)?.parse::<u64>().ok();
        let small = |number: Option<u64>| number.and_then(|n| n.try_into().ok()).unwrap_or(0);
        Self {
            since: number(SINCE).or(sent),
            before: small(number(DELIVERIES)),
            received: small(system(MessageSystemAttributeName::ApproximateReceiveCount)),
            due: number(DUE),
            // What SQS has moved was not buried by sordino: somebody else has written the reason.
            reason: own(REASON).filter(|_| moved_from.is_none()).map(|reason| printable(&reason)),
            queue: moved_from.or_else(|| own(QUEUE)),
        }
    }

    /// Whether it was buried from another queue than this one.
    pub(super) fn is_foreign(&self, queue: &str) -> bool {
        self.queue.as_ref().is_some_and(|own| own != queue)
    }

    /// How often the job was handed out.
    pub(super) fn deliveries(&self) -> u32 {
        self.before.saturating_add(self.received.max(1))
    }

    /// How often a buried job was handed out; none if SQS moved it.
    pub(super) fn deliveries_before(&self) -> Option<u32> {
        Some(self.before).filter(|before| *before > 0)
    }

    pub(super) fn since(&self) -> Option<SystemTime> {
        self.since.map(time)
    }

    /// How long it is still to wait. What is less than a second was lost when SQS rounded.
    pub(super) fn due_in(&self) -> Duration {
        let due = self.due.map(time).and_then(|due| due.duration_since(SystemTime::now()).ok());
        // Nothing that sordino has sent waits longer; what anybody else has may not stay here for ever.
        let waits = Duration::from_secs(1)..=LONGEST_DELAY;
        due.filter(|left| waits.contains(left)).unwrap_or_default()
    }

    pub(super) fn attributes(&self) -> HashMap<String, MessageAttributeValue> {
        let number = |number: u64| ("Number", number.to_string());
        let before = Some(u64::from(self.before)).filter(|before| *before > 0);
        let all = [
            (SINCE, self.since.map(number)),
            (DELIVERIES, before.map(number)),
            (DUE, self.due.map(number)),
            (REASON, self.reason.clone().map(|reason| ("String", reason))),
            (QUEUE, self.queue.clone().map(|queue| ("String", queue))),
        ];
        let built = all.into_iter().filter_map(|(name, value)| {
            let (kind, text) = value?;
            let value = MessageAttributeValue::builder().data_type(kind).string_value(text);
            Some((name.to_owned(), value.build().ok()?))
        });
        built.collect()
    }
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(own: &[(&str, &str)], moved_from: Option<&str>) -> Message {
        let mut message = Message::builder();
        for (name, value) in own {
            let value = MessageAttributeValue::builder().data_type("String").string_value(*value);
            message = message.message_attributes(*name, value.build().unwrap());
        }
        if let Some(arn) = moved_from {
            message = message.attributes(MessageSystemAttributeName::DeadLetterQueueSourceArn, arn);
        }
        message.build()
    }

    #[test]
    fn a_message_that_anybody_has_written_waits_no_longer_than_our_own_and_forges_no_lines() {
        let due = |from_now: u64| {
            let due = millis(SystemTime::now()) + from_now * 1000;
            Tags::of(&message(&[(DUE, &due.to_string())], None)).due_in()
        };
        assert!(due(600) > Duration::from_secs(590));
        assert_eq!(due(3600), Duration::ZERO);
        assert_eq!(
            Tags::of(&message(&[(DUE, &u64::MAX.to_string())], None)).due_in(),
            Duration::ZERO
        );
        let tags = Tags::of(&message(&[(REASON, "a\nb: forged\u{1b}[2J")], None));
        assert_eq!(tags.reason.as_deref(), Some("a b: forged [2J"));
    }

    #[test]
    fn a_dead_letter_queue_may_be_that_of_several_queues() {
        let arn = |name: &str| format!("arn:aws:sqs:eu-central-1:123456789012:{name}");
        let tags = Tags::of(&message(&[(QUEUE, "calls")], None));
        assert!(!tags.is_foreign("calls") && tags.is_foreign("other"));
        let moved =
            Tags::of(&message(&[(REASON, "forged"), (QUEUE, "calls")], Some(&arn("other"))));
        assert!(moved.is_foreign("calls") && !moved.is_foreign("other"));
        assert_eq!(moved.reason, None, "SQS gives none");
        assert!(!Tags::of(&message(&[], None)).is_foreign("calls"), "nobody says whose it is");
    }
}
