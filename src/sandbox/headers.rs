//! What every answer of the API carries: the rate limit, and an id for Genesys support.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use super::state::Sandbox;
use crate::genesys::wire::CORRELATION;

/// Requests a minute that the headers allow. The sandbox counts them, and refuses none: `locate=429` does.
const ALLOWED: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);

/// Requests since the minute began.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    began: Option<Instant>,
    count: u32,
}

impl RateLimit {
    /// Counts a request. Returns how many there were in this minute, and the seconds that are left of it.
    fn count(&mut self, now: Instant) -> (u32, u64) {
        let age = self.began.map_or(MINUTE, |began| now.saturating_duration_since(began));
        if age >= MINUTE {
            (self.began, self.count) = (Some(now), 0);
        }
        self.count += 1;
        let left = if age >= MINUTE { MINUTE } else { MINUTE - age };
        (self.count, left.as_secs())
    }
}

/// Adds the headers. An answer that has an id already, because its body names it, keeps it.
pub(super) fn add(sandbox: &Sandbox, headers: &mut HeaderMap) {
    let (count, left) = sandbox.lock().rate.count(Instant::now());
    headers.insert("inin-ratelimit-count", HeaderValue::from(count));
    headers.insert("inin-ratelimit-allowed", HeaderValue::from(ALLOWED));
    headers.insert("inin-ratelimit-reset", HeaderValue::from(left));
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.entry(CORRELATION).or_insert(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_the_minute() {
        let (mut rate, start) = (RateLimit::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let counts = [0, 1, 59, 60, 61].map(|seconds| rate.count(at(seconds)));
        assert_eq!(counts, [(1, 60), (2, 59), (3, 1), (1, 60), (2, 59)]);
    }
}
