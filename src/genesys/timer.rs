//! Time, as the client needs it. Tests put another in its place, and read what was asked for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// A clock that can wait.
pub trait Timer: fmt::Debug + Send + Sync {
    /// The time.
    fn now(&self) -> SystemTime;

    /// Is ready after `wait`.
    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// A number from 0 to 1, at random.
    fn jitter(&self) -> f64;
}

/// The clock of this machine.
#[derive(Debug)]
pub(super) struct Clock;

impl Timer for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(wait))
    }

    fn jitter(&self) -> f64 {
        // A random id is made of good random bytes; one of them is enough here.
        f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0
    }
}
