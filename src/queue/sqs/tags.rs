//! What the attributes of a message say of a job. Times are milliseconds since 1970.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};

use super::super::Delivery;

const SINCE: &str = "sordino_since";
const DELIVERIES: &str = "sordino_deliveries";
const DUE: &str = "sordino_due";
const REASON: &str = "sordino_reason";

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
}

impl Tags {
    /// Those of a job that was not begun, and is due after this time.
    pub(super) fn later(delivery: &Delivery, after: Duration) -> Self {
        Self {
            since: delivery.since.map(millis),
            before: delivery.deliveries.saturating_sub(1),
            due: Some(millis(SystemTime::now() + after)),
            ..Self::default()
        }
    }

    /// Those of a job that is buried.
    pub(super) fn dead(delivery: &Delivery, reason: String) -> Self {
        let (since, before) = (delivery.since.map(millis), delivery.deliveries);
        Self { since, before, reason: Some(reason), ..Self::default() }
    }

    /// Those of a message.
    pub(super) fn of(message: &Message) -> Self {
        let own = |name: &str| {
            let value = message.message_attributes.as_ref()?.get(name)?;
            value.string_value.clone()
        };
        let system = |name: MessageSystemAttributeName| {
            message.attributes.as_ref()?.get(&name)?.parse::<u64>().ok()
        };
        let number = |name: &str| own(name)?.parse::<u64>().ok();
        let small = |number: Option<u64>| number.and_then(|n| n.try_into().ok()).unwrap_or(0);
        Self {
            since: number(SINCE).or_else(|| system(MessageSystemAttributeName::SentTimestamp)),
            before: small(number(DELIVERIES)),
            received: small(system(MessageSystemAttributeName::ApproximateReceiveCount)),
            due: number(DUE),
            reason: own(REASON),
        }
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
        due.filter(|left| *left >= Duration::from_secs(1)).unwrap_or_default()
    }

    pub(super) fn attributes(&self) -> HashMap<String, MessageAttributeValue> {
        let number = |number: u64| ("Number", number.to_string());
        let before = Some(u64::from(self.before)).filter(|before| *before > 0);
        let all = [
            (SINCE, self.since.map(number)),
            (DELIVERIES, before.map(number)),
            (DUE, self.due.map(number)),
            (REASON, self.reason.clone().map(|reason| ("String", reason))),
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
