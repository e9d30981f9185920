//! NATS: a work queue of JetStream, with a pull consumer that all workers share.
//!
//! The stream `NAME` holds the jobs, the stream `NAME-dead` the buried ones. NATS keeps no state with a
//! message besides how often it was delivered. So a job that goes back without being counted goes as a copy,
//! whose headers say since when it is there, how often it was handed out, and when it is due. Between the copy and
//! the end of the original a worker may die: then the job is there twice, which costs a look at a receipt.

mod address;
mod dead;
mod message;
mod server;

use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt as _;
use tokio::runtime::Handle;

use super::{
    Again, Dead, Delivery, Jobs, LONGEST_DELAY, Manage, Options, Queue, QueueError, Status,
    Verdict, next_body, printable,
};
use address::Address;
use message::Tags;

/// How many jobs are on their way to the server at once.
const PUSHED_AT_ONCE: usize = 256;

/// The longest that the server is asked to keep a job back.
const LONGEST_NAK: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server may take to say that there is no job. The client takes five seconds of silence for that
/// answer, and then a server that is gone would look like a queue that is empty.
const SILENCE: Duration = Duration::from_secs(4);

/// A stream of jobs.
pub(super) struct Nats {
    runtime: Handle,
    address: Address,
    context: Context,
    /// None on the side of people, who take no jobs.
    consumer: Option<PullConsumer>,
    lease: Duration,
}

impl Nats {
    /// Connects. `to_work`: to take jobs, of a stream that exists.
    pub(super) fn open(url: &str, options: &Options, to_work: bool) -> Result<Self, QueueError> {
        let address = Address::of(url)?;
        let runtime = options.runtime.clone();
        runtime.clone().block_on(async {
            let context = server::connect(&address).await?;
            let mut this = Self { runtime, address, context, consumer: None, lease: options.lease };
            if to_work {
                this.consumer = Some(this.join().await?);
            }
            Ok(this)
        })
    }

    /// What happened, in words: it may work later.
    fn failed(&self, what: &str, error: &dyn std::fmt::Display) -> QueueError {
        let reason = printable(&format!("{what}: {error}"));
        QueueError::Unavailable { queue: self.address.shown.clone(), reason }
    }

    /// Says something about a delivery to the server, which confirms that it has heard.
    async fn say(&self, delivery: &Delivery, what: String) -> Result<(), QueueError> {
        let client = self.context.client();
        let said = client.request(message::words(delivery).0.to_owned(), what.into());
        match tokio::time::timeout(PATIENCE, said).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failed("the server does not confirm", &error)),
            Err(late) => Err(self.failed("the server does not confirm", &late)),
        }
    }

    /// Puts a job into a stream, and waits until it is kept.
    async fn put(
        &self,
        stream: &str,
        subject: &str,
        body: String,
        tags: &Tags,
    ) -> Result<(), QueueError> {
        let headers = tags.headers(stream);
        let sent = self.context.publish_with_headers(subject.to_owned(), headers, body.into());
        let kept = sent.await.map_err(|error| self.failed("sending a job", &error))?;
        kept.await.map(drop).map_err(|error| self.failed("sending a job", &error))
    }

    /// Takes what is there, or waits for one.
    async fn take(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let Some(consumer) = &self.consumer else { return Ok(Vec::new()) };
        let asked = Instant::now();
        let failed = |error: &dyn std::fmt::Display| self.failed("asking for jobs", error);
        let batch = if wait.is_zero() {
            consumer.fetch().max_messages(most).messages().await
        } else {
            consumer.batch().max_messages(most).expires(wait).messages().await
        };
        let mut batch = batch.map_err(|error| failed(&error))?;
        let (mut taken, mut early) = (Vec::new(), None);
        let patience = wait + SILENCE;
        let silence = loop {
            // The server says when there is no more.
            match tokio::time::timeout(patience, batch.next()).await {
                Ok(None) => break early,
                Ok(Some(Ok(message))) => match self.received(message, asked, early.is_none()).await
                {
                    Ok(job) => taken.extend(job),
                    // It comes again by itself. The others are ours all the same, and their lease is not spent
                    // on more errors.
                    Err(error) => early = Some(error),
                },
                Ok(Some(Err(error))) => break Some(failed(&error)),
                Err(late) => break Some(failed(&late)),
            }
        };
        match silence {
            Some(silence) if taken.is_empty() => Err(self.gone_or(silence).await),
            Some(error) => {
                tracing::warn!(%error, "not all jobs could be taken or put off");
                Ok(taken)
            }
            None => Ok(taken),
        }
    }

    /// An error, or that the stream is there no more.
    async fn gone_or(&self, error: QueueError) -> QueueError {
        match self.stream().await {
            Err(gone @ QueueError::Gone { .. }) => gone,
            _ => error,
        }
    }

    /// A message as a job, unless it is not due yet: then it is put off, or comes again when its lease ends.
    async fn received(
        &self,
        message: async_nats::jetstream::Message,
        asked: Instant,
        to_put_off: bool,
    ) -> Result<Option<Delivery>, QueueError> {
        let (delivery, due_in) = message::delivery(&message, asked, self.lease)
            .map_err(|error| self.failed("reading a job", &error))?;
        if due_in.is_zero() {
            return Ok(Some(delivery));
        }
        if to_put_off {
            self.say(&delivery, later(due_in)).await?;
        }
        Ok(None)
    }

    async fn push_all(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError> {
        let subject = self.make_stream().await?;
        let failed = |error: &dyn std::fmt::Display| self.failed("sending a job", error);
        let mut pushed = 0;
        loop {
            let mut sent = Vec::new();
            while sent.len() < PUSHED_AT_ONCE
                && let Some(body) = next_body(jobs)?
            {
                let headers = Tags::default().headers(&self.address.stream);
                let kept =
                    self.context.publish_with_headers(subject.clone(), headers, body.into()).await;
                sent.push(kept.map_err(|error| failed(&error))?);
            }
            if sent.is_empty() {
                return Ok(pushed);
            }
            for kept in sent {
                kept.await.map_err(|error| failed(&error))?;
                pushed += 1;
            }
        }
    }

    async fn counts(&self) -> Result<Status, QueueError> {
        let stream = self.stream().await?;
        let dead = self.dead_stream().await?;
        let dead = dead.map_or(0, |dead| dead.cached_info().state.messages);
        let consumer = self.consumer_info(&stream).await?;
        let messages = stream.cached_info().state.messages;
        let (waiting, in_work) = match consumer {
            Some(info) => (info.num_pending, info.num_ack_pending as u64),
            None => (messages, 0),
        };
        // What goes back with a delay is in work to the server.
        let (waiting, in_work) = (Some(waiting), Some(in_work));
        Ok(Status { waiting, in_work, delayed: None, dead: Some(dead) })
    }
}

/// What tells the server to hand a job out again after this time.
fn later(after: Duration) -> String {
    // A delay of 0 would be taken for none given, which is the same. One that the server cannot read would be too.
    format!("-NAK {{\"delay\": {}}}", after.min(LONGEST_NAK).as_nanos())
}

impl Queue for Nats {
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let end = Instant::now() + wait;
        self.runtime.block_on(async {
            let taken = self.take(most, Duration::ZERO).await?;
            if !taken.is_empty() || most == 0 {
                return Ok(taken);
            }
            loop {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(Vec::new());
                }
                // One: for more, the server would wait until all are there.
                let taken = self.take(1, left).await?;
                if !taken.is_empty() {
                    return Ok(taken);
                }
            }
        })
    }

    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        delivery.check_ours()?;
        let asked = Instant::now();
        self.runtime.block_on(self.say(delivery, "+WPI".to_owned()))?;
        delivery.renewed(asked, self.lease);
        Ok(())
    }

    fn done(&self, delivery: Delivery) -> Result<(), QueueError> {
        self.runtime.block_on(self.say(&delivery, "+ACK".to_owned()))
    }

    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.runtime.block_on(async {
            if why == Again::Failed {
                return self.say(&delivery, later(after)).await;
            }
            // To where it was sent before: a stream may have a consumer for each subject.
            let (stream, subject) = (&self.address.stream, message::words(&delivery).1);
            let tags = Tags::later(&delivery, after.min(LONGEST_DELAY));
            let copy = self.put(stream, subject, delivery.body.clone(), &tags);
            delivery.copy_once(copy).await?;
            self.say(&delivery, "+ACK".to_owned()).await
        })
    }

    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError> {
        delivery.check_ours()?;
        self.runtime.block_on(async {
            let tags = Tags::dead(&delivery, printable(reason));
            let dead = self.address.dead();
            delivery.copy_once(self.put(&dead, &dead, delivery.buried_body(), &tags)).await?;
            self.say(&delivery, "+ACK".to_owned()).await
        })
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn name(&self) -> &str {
        &self.address.shown
    }
}

impl Manage for Nats {
    fn push(&self, jobs: &mut Jobs<'_>) -> Result<u64, QueueError> {
        self.runtime.block_on(self.push_all(jobs))
    }

    fn status(&self) -> Result<Status, QueueError> {
        self.runtime.block_on(self.counts())
    }

    fn each_dead(&self, each: &mut dyn FnMut(&Dead) -> Verdict) -> Result<(), QueueError> {
        self.runtime.block_on(self.walk_dead(each))
    }
}
