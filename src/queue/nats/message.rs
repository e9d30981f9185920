//! From a message to a delivery, and what headers say of a job.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_nats::HeaderMap;
use async_nats::jetstream::Message;

use super::super::{Dead, Delivery, LONGEST_DELAY, printable};

const SINCE: &str = "Sordino-Since";
const DELIVERIES: &str = "Sordino-Deliveries";
const DUE: &str = "Sordino-Due";
const REASON: &str = "Sordino-Reason";
const SUBJECT: &str = "Sordino-Subject";

/// The server's own: the stream that a message is meant for, and what tells one that is sent twice.
const EXPECTED: &str = "Nats-Expected-Stream";
const MESSAGE_ID: &str = "Nats-Msg-Id";

/// What the headers of a job say. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tags {
    /// When the job came into the queue, if not when this message did.
    since: Option<u64>,
    /// How often it was handed out before this message was made.
    deliveries: u32,
    /// Before this it is not to be handed out.
    due: Option<u64>,
    /// Why it was buried.
    reason: Option<String>,
    /// To what a buried job was sent before.
    pub(super) subject: Option<String>,
    /// Of which delivery this message is a copy.
    copy_of: Option<String>,
}

/// Where a delivery is answered, and to what its job was sent: the two words of its handle.
pub(super) fn words(delivery: &Delivery) -> (&str, &str) {
    delivery.handle.split_once(' ').unwrap_or((&delivery.handle, ""))
}

impl Tags {
    /// Those of a job that was not begun, and is due after this time.
    pub(super) fn later(delivery: &Delivery, after: Duration) -> Self {
        Self {
            since: delivery.since.map(millis),
            deliveries: delivery.deliveries.saturating_sub(1),
            due: Some(millis(SystemTime::now() + after)).filter(|_| !after.is_zero()),
            copy_of: Some(words(delivery).0.to_owned()),
            ..Self::default()
        }
    }

    /// Those of a job that is buried.
    pub(super) fn dead(delivery: &Delivery, reason: String) -> Self {
        Self {
            since: delivery.since.map(millis),
            deliveries: delivery.deliveries,
            reason: Some(reason),
            subject: Some(words(delivery).1.to_owned()),
            copy_of: Some(words(delivery).0.to_owned()),
            ..Self::default()
        }
    }

    /// The headers of a message for this stream.
    pub(super) fn headers(&self, stream: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: Option<String>| {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        };
        put(SINCE, self.since.map(|since| since.to_string()));
        put(DELIVERIES, Some(self.deliveries.to_string()));
        put(DUE, self.due.map(|due| due.to_string()));
        put(REASON, self.reason.clone());
        put(SUBJECT, self.subject.clone());
        put(MESSAGE_ID, self.copy_of.as_ref().map(|of| format!("{of} {stream}")));
        put(EXPECTED, Some(stream.to_owned()));
        headers
    }

    fn of(headers: Option<&HeaderMap>) -> Self {
        let text = |name: &str| headers?.get(name).map(|value| value.as_str().to_owned());
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        Self {
            since: number(SINCE),
            deliveries: number(DELIVERIES).and_then(|n| n.try_into().ok()).unwrap_or_default(),
            due: number(DUE),
            reason: text(REASON).map(|reason| printable(&reason)),
            subject: text(SUBJECT),
            copy_of: None,
        }
    }
}

/// The delivery that a message is, and how long it is still to wait.
pub(super) fn delivery(
    message: &Message,
    asked: Instant,
    lease: Duration,
) -> Result<(Delivery, Duration), async_nats::Error> {
    let info = message.info()?;
    let tags = Tags::of(message.headers.as_ref());
    let delivered = u32::try_from(info.delivered).unwrap_or(u32::MAX);
    // A message that is to wait is delivered once more: when it came, and was sent back.
    let delivered = delivered.saturating_sub(u32::from(tags.due.is_some())).max(1);
    let since = tags.since.map_or_else(|| info.published.into(), time);
    let due = tags.due.map(time).and_then(|due| due.duration_since(SystemTime::now()).ok());
    // Nothing that sordino has sent waits longer.
    let due = due.filter(|due| *due <= LONGEST_DELAY);
    let delivery = Delivery {
        id: info.stream_sequence.to_string(),
        body: String::from_utf8_lossy(&message.payload).into_owned(),
        deliveries: tags.deliveries.saturating_add(delivered),
        since: Some(since),
        handle: format!("{} {}", message.reply.as_deref().unwrap_or_default(), message.subject),
        pulled: asked,
        until: Delivery::lease(asked, lease),
        copied: Arc::default(),
    };
    Ok((delivery, due.unwrap_or_default()))
}

/// The buried job that a message is.
pub(super) fn dead(sequence: u64, headers: &HeaderMap, payload: &[u8]) -> (Dead, Tags) {
    let tags = Tags::of(Some(headers));
    let dead = Dead {
        id: sequence.to_string(),
        body: String::from_utf8_lossy(payload).into_owned(),
        reason: tags.reason.clone(),
        deliveries: Some(tags.deliveries).filter(|deliveries| *deliveries > 0),
        since: tags.since.map(time),
    };
    (dead, tags)
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn time(millis: u64) -> SystemTime {
    // What anybody may have written must not overflow.
    let most = u64::try_from(Duration::from_secs(1 << 40).as_millis()).unwrap_or(u64::MAX);
    UNIX_EPOCH.checked_add(Duration::from_millis(millis.min(most))).unwrap_or(UNIX_EPOCH)
}
