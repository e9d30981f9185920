//! Pace: when the next request may be sent, by the configuration and by the API's own count.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::config::Event;
use super::error::Error;
use super::request::Request;
use super::send::HttpClient;
use crate::http::NotBefore;

/// Requests that may be sent at once before the pace applies.
const BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// The pace that all tasks share.
#[derive(Debug)]
pub(super) struct Pace {
    configured: DefaultDirectRateLimiter,
    clock: DefaultClock,
    /// What the API says itself.
    pub(super) limit: NotBefore,
}

impl Pace {
    /// A pace of so many requests a minute, at least one.
    pub(super) fn new(requests_a_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(requests_a_minute).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(per_minute.min(BURST));
        let (clock, limit) = (DefaultClock::default(), NotBefore::default());
        Self { configured: RateLimiter::direct(quota), clock, limit }
    }
}

impl HttpClient {
    /// Waits for the configured pace, and while the API allows no request.
    ///
    /// # Errors
    /// [`Error::WaitTooLong`] when the API allows none for longer than the longest wait.
    pub(super) async fn keep_pace(&self, request: Request<'_>) -> Result<(), Error> {
        let step = request.step;
        while let Err(early) = self.pace.configured.check() {
            let wait = early.wait_time_from(self.pace.clock.now());
            self.tell(Event::Paces(step, wait));
            self.config.timer.wait(wait).await;
        }
        let now = self.config.timer.now();
        // Logging in has a limit of its own.
        if let Some(until) = self.pace.limit.until(now).filter(|_| request.has_bearer()) {
            let wait = until.duration_since(now).unwrap_or_default();
            if wait > self.config.longest_wait {
                return Err(Error::WaitTooLong { step, until });
            }
            self.tell(Event::Paces(step, wait));
            self.config.timer.wait(wait).await;
            self.pace.limit.passed(until);
        }
        Ok(())
    }
}
