//! Clock of a client. Tests replace it to record waits instead of sleeping.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// A clock that can wait.
pub trait Timer: fmt::Debug + Send + Sync {
    /// The current time.
    fn now(&self) -> SystemTime;

    /// A future that is ready after `wait`.
    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// A random number from 0 to 1.
    fn jitter(&self) -> f64;
}

/// The clock of this machine.
#[derive(Debug)]
pub(crate) struct SystemTimer;

impl Timer for SystemTimer {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(wait))
    }

    fn jitter(&self) -> f64 {
        // One random byte is enough; a random UUID avoids another dependency.
        f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0
    }
}
