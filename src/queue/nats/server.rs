//! The server, its streams and the consumer.

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{self, AckPolicy, PullConsumer};
use async_nats::jetstream::context::{ConsumerInfoErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{self, ConsumerErrorKind, RetentionPolicy, Stream};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{ConnectErrorKind, ConnectOptions};

use super::super::{QueueError, printable};
use super::{Address, Nats, PATIENCE};

/// The oldest server that does not bring acknowledged jobs back after a crash and keep them for ever.
const OLDEST: (u64, u64) = (2, 10);

/// Connects to a server that is new enough.
pub(super) async fn connect(address: &Address) -> Result<Context, QueueError> {
    let queue = || address.shown.clone();
    let mut options = ConnectOptions::new()
        .name("sordino")
        .connection_timeout(PATIENCE)
        .request_timeout(Some(PATIENCE));
    if let Some(path) = &address.credentials {
        options = options.credentials_file(path).await.map_err(|error| QueueError::Wrong {
            queue: queue(),
            reason: format!("the file of its credentials cannot be read: {}", error.kind()),
        })?;
    }
    options = match &address.login {
        Some((user, Some(password))) => options.user_and_password(user.clone(), password.clone()),
        Some((token, None)) => options.token(token.clone()),
        None => options,
    };
    let client = options.connect(&*address.server).await.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            QueueError::Refused {
                queue: queue(),
                reason: "the login is wrong or missing; give USER:PASSWORD@ or TOKEN@ before the host, or the \
                         file of the credentials in NATS_CREDS"
                    .to_owned(),
            }
        }
        ConnectErrorKind::ServerParse => {
            let reason = "the host or the port cannot be meant; write nats://HOST:PORT/STREAM";
            QueueError::Wrong { queue: queue(), reason: reason.to_owned() }
        }
        // The error itself may show the URL.
        kind => QueueError::Unavailable { queue: queue(), reason: kind.to_string() },
    })?;
    // Filled since the connection is there.
    let version = client.server_info().version;
    if !is_new_enough(&version) {
        let reason = format!(
            "its server is NATS {}; 2.10 or later is needed, because an older one keeps jobs that are done after a \
             crash, and its queue is never empty. Debian 12 has 2.9: take a newer one from nats.io",
            printable(&version)
        );
        return Err(QueueError::Wrong { queue: queue(), reason });
    }
    let mut context = jetstream::new(client);
    context.set_timeout(PATIENCE);
    Ok(context)
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|part| part.parse::<u64>().ok());
    let found = (numbers.next().flatten(), numbers.next().flatten());
    matches!(found, (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

impl Nats {
    fn wrong(&self, reason: impl Into<String>) -> QueueError {
        QueueError::Wrong { queue: self.address.shown.clone(), reason: reason.into() }
    }

    /// A stream, if it is there.
    async fn find(&self, name: &str) -> Result<Option<Stream>, QueueError> {
        match self.context.get_stream(name).await {
            Ok(stream) => Ok(Some(stream)),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(None)
                }
                GetStreamErrorKind::JetStream(error)
                    if [
                        ErrorCode::JETSTREAM_NOT_ENABLED,
                        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT,
                    ]
                    .contains(&error.error_code()) =>
                {
                    Err(self.wrong("its server has no JetStream; start it with -js"))
                }
                _ => Err(self.failed("looking for the stream", &error)),
            },
        }
    }

    /// The stream of the jobs.
    pub(super) async fn stream(&self) -> Result<Stream, QueueError> {
        let Some(stream) = self.find(&self.address.stream).await? else {
            let reason = "the server has no such stream; `sordino push` makes one".to_owned();
            return Err(QueueError::Gone { queue: self.address.shown.clone(), reason });
        };
        match stream.cached_info().config.retention {
            RetentionPolicy::WorkQueue => Ok(stream),
            _ => Err(self.wrong(
                "its stream keeps jobs that are done; make another, with the retention `work`",
            )),
        }
    }

    /// The stream of the buried jobs, if it is there.
    pub(super) async fn dead_stream(&self) -> Result<Option<Stream>, QueueError> {
        self.find(&self.address.dead()).await
    }

    /// Makes the streams that are not there. Returns the subject of jobs.
    pub(super) async fn make_stream(&self) -> Result<String, QueueError> {
        if self.find(&self.address.stream).await?.is_none() {
            let subject = self.address.subject.clone();
            let subjects = vec![subject.unwrap_or_else(|| self.address.stream.clone())];
            let name = self.address.stream.clone();
            let retention = RetentionPolicy::WorkQueue;
            self.create(stream::Config { name, subjects, retention, ..Default::default() }).await?;
        }
        self.make_dead_stream().await?;
        self.subject().await
    }

    async fn make_dead_stream(&self) -> Result<(), QueueError> {
        if self.dead_stream().await?.is_some() {
            return Ok(());
        }
        let name = self.address.dead();
        let subjects = vec![name.clone()];
        self.create(stream::Config { name, subjects, ..Default::default() }).await
    }

    async fn create(&self, config: stream::Config) -> Result<(), QueueError> {
        let created = self.context.create_stream(config).await;
        created.map(drop).map_err(|error| self.failed("making the stream", &error))
    }

    /// To what jobs are sent.
    pub(super) async fn subject(&self) -> Result<String, QueueError> {
        if let Some(subject) = &self.address.subject {
            return Ok(subject.clone());
        }
        let stream = self.stream().await?;
        let subjects = &stream.cached_info().config.subjects;
        let plain = subjects.iter().find(|subject| !subject.contains(['*', '>']));
        plain.cloned().ok_or_else(|| {
            self.wrong("its stream takes jobs of many subjects; say which with ?subject=")
        })
    }

    /// What the server says of the consumer, if it is there.
    pub(super) async fn consumer_info(
        &self,
        stream: &Stream,
    ) -> Result<Option<consumer::Info>, QueueError> {
        match stream.consumer_info(&self.address.consumer).await {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("looking for the consumer", &error)),
        }
    }

    /// The consumer as it is, or as a new one is to be.
    async fn consumer_config(&self, stream: &Stream) -> Result<Config, QueueError> {
        let name = &self.address.consumer;
        if self.consumer_info(stream).await?.is_none() {
            let (durable_name, ack_policy) = (Some(name.clone()), AckPolicy::Explicit);
            return Ok(Config { durable_name, ack_policy, ..Config::default() });
        }
        let found: Result<PullConsumer, _> = stream.get_consumer(name).await;
        let found = found.map_err(|error| self.failed("joining the consumer", &error))?;
        let config = found.cached_info().config.clone();
        let config: Config = consumer::FromConsumer::try_from_consumer_config(config)
            .map_err(|_| self.wrong("its consumer pushes jobs; name another with ?consumer="))?;
        if let Some(why) = unusable(&config) {
            return Err(self.wrong(format!("its consumer {why}; name another with ?consumer=")));
        }
        let (most, pending) = (config.max_deliver, config.max_ack_pending);
        if most != -1 || pending != -1 || config.ack_wait != self.lease {
            tracing::warn!(
                consumer = name,
                max_deliver = most,
                max_ack_pending = pending,
                ack_wait = ?config.ack_wait,
                "the consumer is changed: the first two to -1, ack_wait to the lease"
            );
        }
        Ok(config)
    }

    /// The consumer that all workers share, with our lease.
    pub(super) async fn join(&self) -> Result<PullConsumer, QueueError> {
        let stream = self.stream().await?;
        self.make_dead_stream().await?;
        let mut config = self.consumer_config(&stream).await?;
        config.ack_wait = self.lease;
        // After so many deliveries the server would hand a job out no more, and bury it nowhere.
        config.max_deliver = -1;
        // A job that waits is in work to the server, and any number may wait.
        config.max_ack_pending = -1;
        let joined = stream.create_consumer(config).await;
        joined.map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(error)
                if [
                    ErrorCode::CONSUMER_WQ_MULTIPLE_UNFILTERED,
                    ErrorCode::CONSUMER_WQ_CONSUMER_NOT_UNIQUE,
                ]
                .contains(&error.error_code()) =>
            {
                self.wrong(
                    "its stream has another consumer, and takes only one; name it with ?consumer=",
                )
            }
            _ => self.failed("joining the consumer", &error),
        })
    }
}

/// Why a consumer that somebody made cannot be that of workers.
fn unusable(config: &Config) -> Option<&'static str> {
    if config.ack_policy != AckPolicy::Explicit {
        Some("takes what is handed out for done")
    } else if !config.backoff.is_empty() {
        Some("has a `backoff`, which would replace the lease")
    } else if config.headers_only {
        Some("has `headers_only`, which leaves out the jobs")
    } else if !config.inactive_threshold.is_zero() {
        Some("has an `inactive_threshold`, which ends it when the queue is quiet")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AckPolicy, Config, is_new_enough, unusable};

    #[test]
    fn a_consumer_of_nats_that_would_lose_jobs_is_refused_with_the_name_of_what_is_wrong() {
        let usable =
            || Config { ack_policy: AckPolicy::Explicit, max_deliver: 2, ..Config::default() };
        assert_eq!(unusable(&usable()), None);
        let second = Duration::from_secs(1);
        for (config, name) in [
            (Config { ack_policy: AckPolicy::None, ..usable() }, "for done"),
            (Config { backoff: vec![second], ..usable() }, "`backoff`"),
            (Config { headers_only: true, ..usable() }, "`headers_only`"),
            (Config { inactive_threshold: second, ..usable() }, "`inactive_threshold`"),
        ] {
            assert!(unusable(&config).is_some_and(|why| why.contains(name)), "{name}");
        }
    }

    #[test]
    fn a_nats_server_older_than_2_10_is_refused() {
        for version in ["2.10.0", "2.10.0-beta.1", "2.15.1", "3.0.0", "10.1.0"] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["2.9.10", "2.9", "1.99.0", "0.0.0", "", "2", "two.ten"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }
}
