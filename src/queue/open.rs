//! Opens a queue by its URL.

use std::time::Duration;

use tokio::runtime::Handle;

use super::{Manage, Queue, QueueError};

/// How a queue is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a job that was pulled stays ours without being extended. At least two seconds in SQS, and the
    /// same for all workers of one consumer of NATS.
    pub lease: Duration,
    /// On which engines send and receive. It must go on until the queue is dropped.
    pub runtime: Handle,
}

impl Options {
    /// The usual lease: long enough to miss two renewals, short enough that the jobs of a dead worker do not
    /// wait for long.
    pub const LEASE: Duration = Duration::from_secs(120);

    /// The usual lease, on this runtime.
    pub fn new(runtime: Handle) -> Self {
        Self { lease: Self::LEASE, runtime }
    }
}

/// Both sides of an engine.
trait Engine: Queue + Manage {}
impl<T: Queue + Manage> Engine for T {}

/// Opens a queue to work on its jobs: `sqs://HOST/ACCOUNT/NAME`, `nats://HOST:PORT/STREAM` or
/// `postgres://USER@HOST:PORT/DATABASE`.
///
/// # Errors
/// [`QueueError`], when there is no such queue, or it cannot be used.
pub fn open(url: &str, options: &Options) -> Result<Box<dyn Queue>, QueueError> {
    Ok(engine(url, options, true)?)
}

/// Opens a queue to fill it, to count its jobs, and to look at the buried ones.
///
/// # Errors
/// As [`open`].
pub fn open_to_manage(url: &str, options: &Options) -> Result<Box<dyn Manage>, QueueError> {
    Ok(engine(url, options, false)?)
}

#[cfg_attr(
    not(all(feature = "nats", feature = "postgres", feature = "sqs")),
    allow(unused_variables, reason = "each engine needs some")
)]
fn engine(url: &str, options: &Options, to_work: bool) -> Result<Box<dyn Engine>, QueueError> {
    match url.split_once("://").map(|(scheme, _)| scheme) {
        #[cfg(feature = "sqs")]
        Some("sqs") => Ok(Box::new(super::sqs::Sqs::open(url, options)?)),
        #[cfg(not(feature = "sqs"))]
        Some("sqs") => Err(QueueError::Without { engine: "SQS", feature: "sqs" }),
        #[cfg(feature = "nats")]
        Some("nats" | "tls") => Ok(Box::new(super::nats::Nats::open(url, options, to_work)?)),
        #[cfg(not(feature = "nats"))]
        Some("nats" | "tls") => Err(QueueError::Without { engine: "NATS", feature: "nats" }),
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => {
            Ok(Box::new(super::postgres::Postgres::open(url, options.lease, to_work)?))
        }
        #[cfg(not(feature = "postgres"))]
        Some("postgres" | "postgresql") => {
            Err(QueueError::Without { engine: "PostgreSQL", feature: "postgres" })
        }
        _ => Err(QueueError::Wrong {
            queue: shown(url),
            reason: "give sqs://…, nats://… or postgres://…".to_owned(),
        }),
    }
}

/// The URL of a queue without what may be a secret: login and query.
pub fn shown(url: &str) -> String {
    let is_scheme = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
        return "without a URL".to_owned();
    };
    let (before, query) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
    if query.contains('@') {
        // The end of a login with an odd password, or part of the query: nobody knows.
        return format!("{scheme}://…");
    }
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host);
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    format!("{scheme}://{host}").chars().map(plain).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        for (url, plain) in [
            ("nats://me:s3cret@host:4222/CALLS?x=s3cret", "nats://host:4222/CALLS"),
            ("postgres://me:s3c@r/et@host/calls", "postgres://host/calls"),
            ("postgres://me:s3?c@r/et#@host/calls", "postgres://…"),
            ("postgres://host/calls?password=s3cret", "postgres://host/calls"),
            ("postgres://me@host/calls?password=pa@s3cret", "postgres://…"),
            ("me:s3cret@postgres://host/calls", "without a URL"),
            ("://s3cret", "without a URL"),
            ("sqs://calls", "sqs://calls"),
            ("s3cret", "without a URL"),
            ("a\nb://c", "without a URL"),
            ("ab://c\u{7}", "ab://c\u{fffd}"),
        ] {
            assert_eq!(shown(url), plain);
        }
    }
}
