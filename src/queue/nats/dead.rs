//! The buried jobs.

use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};

use super::super::{Dead, QueueError, Verdict};
use super::Nats;
use super::message::{self, Tags};

impl Nats {
    pub(super) async fn walk_dead(
        &self,
        each: &mut dyn FnMut(&Dead) -> Verdict,
    ) -> Result<(), QueueError> {
        self.stream().await?;
        let Some(stream) = self.dead_stream().await? else { return Ok(()) };
        let state = &stream.cached_info().state;
        let (mut next, last) = (state.first_sequence, state.last_sequence);
        while next <= last
            && let Some(dead) = self.next_dead(&stream, next).await?
        {
            let (sequence, dead, tags) = dead;
            let verdict = each(&dead);
            if verdict == Verdict::Retry {
                let subject = match tags.subject {
                    Some(subject) => subject,
                    None => self.subject().await?,
                };
                let stream = &self.address.stream;
                self.put(stream, &subject, dead.body, &Tags::default()).await?;
            }
            if verdict != Verdict::Keep {
                let dropped = stream.delete_message(sequence).await;
                dropped.map_err(|error| self.failed("dropping a job", &error))?;
            }
            next = sequence + 1;
        }
        Ok(())
    }

    /// The next buried job from this number on.
    async fn next_dead(
        &self,
        stream: &Stream,
        from: u64,
    ) -> Result<Option<(u64, Dead, Tags)>, QueueError> {
        let subject = self.address.dead();
        let next = stream.raw_message_builder().sequence(from).next_by_subject(subject).send();
        match next.await {
            Ok(found) => {
                let (dead, tags) = message::dead(found.sequence, &found.headers, &found.payload);
                Ok(Some((found.sequence, dead, tags)))
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.failed("reading a buried job", &error)),
        }
    }
}
