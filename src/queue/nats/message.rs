//! From a message to a delivery, and what headers say of a job.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_nats::HeaderMap;
use async_nats::jetstream::Message;

use super::super::{Dead, Delivery};

const SINCE: &str = "Sordino-Since";
const DELIVERIES: &str = "Sordino-Deliveries";
const DUE: &str = "Sordino-Due";
const REASON: &str = "Sordino-Reason";

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
}

impl Tags {
    /// Those of a job that was not begun, and is due after this time.
    pub(super) fn later(delivery: &Delivery, after: Duration) -> Self {
        Self {
            since: delivery.since.map(millis),
            deliveries: delivery.deliveries.saturating_sub(1),
            due: Some(millis(SystemTime::now() + after)),
            reason: None,
        }
    }

    /// Those of a job that is buried.
    pub(super) fn dead(delivery: &Delivery, reason: String) -> Self {
        Self {
            since: delivery.since.map(millis),
            deliveries: delivery.deliveries,
            due: None,
            reason: Some(reason),
        }
    }

    pub(super) fn headers(&self) -> HeaderMap {
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
        headers
    }

    fn of(headers: Option<&HeaderMap>) -> Self {
        let text = |name: &str| headers?.get(name).map(|value| value.as_str().to_owned());
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        Self {
            since: number(SINCE),
            deliveries: number(DELIVERIES).and_then(|n| n.try_into().ok()).unwrap_or_default(),
            due: number(DUE),
            reason: text(REASON),
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
    let delivery = Delivery {
        id: info.stream_sequence.to_string(),
        body: String::from_utf8_lossy(&message.payload).into_owned(),
        deliveries: tags.deliveries.saturating_add(delivered),
        since: Some(since),
        handle: message.reply.as_ref().map(ToString::to_string).unwrap_or_default(),
        pulled: asked,
        until: Delivery::lease(asked, lease),
    };
    Ok((delivery, due.unwrap_or_default()))
}

/// The buried job that a message is.
pub(super) fn dead(sequence: u64, headers: &HeaderMap, payload: &[u8]) -> Dead {
    let tags = Tags::of(Some(headers));
    Dead {
        id: sequence.to_string(),
        body: String::from_utf8_lossy(payload).into_owned(),
        reason: tags.reason,
        deliveries: Some(tags.deliveries).filter(|deliveries| *deliveries > 0),
        since: tags.since.map(time),
    }
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
