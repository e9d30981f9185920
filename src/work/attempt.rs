//! A worker: one thread that does one job after the other, and tells the queue what became of each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime};

use super::desk::{Desk, Held};
use super::numbers::{Ended, Numbers};
use super::recordings::job_id;
use super::settle::Verbs;
use super::{Options, Redact, Step, pace};
use crate::batch::{Failed, Failure, FailureKind};
use crate::queue::{Again, Delivery, Order, Recording};

/// What all workers share.
pub(super) struct Worker<'a> {
    pub(super) verbs: &'a Verbs<'a>,
    pub(super) redact: &'a dyn Redact,
    pub(super) options: &'a Options,
    pub(super) desk: &'a Desk,
    pub(super) numbers: &'a Numbers,
}

/// What became of a job: the worst of what became of its recordings. Later ones are worse; those that may
/// still become better come after those that cannot, because a job is buried only when nothing of it is left
/// to do.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    Ignored,
    Done,
    /// It failed, and always will.
    Hopeless(String),
    NotYet,
    /// It failed, and may not the next time, after the wait that a server asks for.
    MayPass(Failed, Option<Duration>),
    Interrupted,
}

impl Worker<'_> {
    /// Does jobs until the desk is closed.
    pub(super) fn work(&self) {
        while let Some(held) = self.desk.next() {
            self.numbers.begun();
            let begun = Instant::now();
            let fate = self.fate(&held);
            held.settle();
            let ended = if held.is_lost() { Ended::Lost } else { self.settle(&held, fate) };
            let took = begun.elapsed();
            self.numbers.ended(ended, took);
            tracing::info!(job = held.job, seconds = took.as_secs_f64(), "{}", ended.name());
            self.desk.end(&held);
        }
    }

    /// Does a job, and says what became of it.
    fn fate(&self, held: &Held) -> Fate {
        let recordings = match &held.order {
            Ok(Order::Recordings(recordings)) => recordings,
            Ok(Order::Ignore(why)) => return self.ignored(&held.job, why),
            Err(error) => return Fate::Hopeless(error.to_string()),
        };
        // Whoever fails says so at the last delivery; a worker that dies of a job cannot.
        let deliveries = held.delivery.deliveries;
        if deliveries > self.max_deliveries() {
            let before = deliveries - 1;
            return Fate::Hopeless(format!(
                "it was handed out {before} times, and nobody said what became of it: its workers may have died of it"
            ));
        }
        let each = recordings.iter().map(|recording| self.step(recording, held));
        each.max_by_key(Fate::rank).unwrap_or_else(|| self.ignored(&held.job, "an empty job"))
    }

    /// One recording of a job.
    fn step(&self, recording: &Recording, held: &Held) -> Fate {
        if held.cancel.is_set() {
            return Fate::Interrupted;
        }
        let (job, place) = (job_id(recording), recording.row.input());
        tracing::debug!(job, place, deliveries = held.delivery.deliveries, "begins");
        let attempt = held.delivery.deliveries;
        let begun = Instant::now();
        // What a panic leaves half done is inside this job, which failed.
        let step =
            catch_unwind(AssertUnwindSafe(|| self.redact.redact(recording, attempt, &held.cancel)));
        match step.unwrap_or_else(|_| Err(Failure::panicked(false))) {
            Ok(Step::Done(done)) => {
                self.numbers.redacted(&done, begun);
                Fate::Done
            }
            Ok(Step::Ignored(why)) => self.ignored(&job, why),
            Ok(Step::NotYet) => Fate::NotYet,
            Ok(Step::Refused(why)) => {
                let failed = Failed { kind: FailureKind::Refused, message: why.into() };
                self.failed(&job, failed, None)
            }
            Err(Failure::Interrupted) => Fate::Interrupted,
            Err(Failure::Paused { failed, retry_after }) => {
                self.trouble(failed.kind, Some(retry_after));
                self.failed(&job, failed, Some(retry_after))
            }
            Err(Failure::Failed { failed, retry_after, .. }) => {
                self.trouble(failed.kind, retry_after);
                self.failed(&job, failed, retry_after)
            }
        }
    }

    /// An announcement comes only once, so whoever looks must find why nothing was done for it.
    fn ignored(&self, job: &str, why: &'static str) -> Fate {
        tracing::info!(job, why, "nothing to redact");
        self.numbers.ignored(why);
        Fate::Ignored
    }

    /// What may be the fault of a store or a disk, and then it is that of the next job too.
    fn trouble(&self, kind: FailureKind, asked: Option<Duration>) {
        if matches!(kind, FailureKind::Unavailable | FailureKind::Refused | FailureKind::Storage) {
            self.numbers.trouble(asked);
        }
    }

    fn failed(&self, job: &str, failed: Failed, retry_after: Option<Duration>) -> Fate {
        tracing::warn!(job, kind = failed.kind.name(), "failed");
        tracing::debug!(job, message = failed.message, "failed");
        self.numbers.failed(failed.kind);
        match may_pass(failed.kind) {
            true => Fate::MayPass(failed, retry_after),
            false => Fate::Hopeless(failed.message),
        }
    }

    /// Tells the queue what became of a job.
    fn settle(&self, held: &Held, fate: Fate) -> Ended {
        let (delivery, Options { wait, give_up, .. }) = (&held.delivery, self.options);
        let (told, ended) = match fate {
            Fate::Done => (self.verbs.done(held), Ended::Done),
            Fate::Ignored => (self.verbs.done(held), Ended::Ignored),
            Fate::Interrupted => (self.verbs.hand_back(held), Ended::HandedBack),
            Fate::NotYet => {
                let age = age(delivery);
                if age >= *give_up {
                    let asked = humantime::format_duration(*give_up);
                    let reason = format!(
                        "no list or transcript came within {asked} that is newer than the recording and can be read"
                    );
                    self.numbers.failed(FailureKind::NoWindows);
                    (self.verbs.bury(held, &reason), Ended::Buried)
                } else {
                    let after = pace::not_yet(*wait, age, *give_up);
                    (self.verbs.again(held, after, Again::NotYet), Ended::NotYet)
                }
            }
            Fate::Hopeless(reason) => (self.verbs.bury(held, &reason), Ended::Buried),
            Fate::MayPass(failed, asked) => {
                if delivery.deliveries >= self.max_deliveries() {
                    let (times, why) = (delivery.deliveries, failed.message);
                    let reason = format!("it failed {times} times, at last: {why}");
                    (self.verbs.bury(held, &reason), Ended::Buried)
                } else {
                    let after = pace::again(*wait, delivery.deliveries, asked);
                    (self.verbs.again(held, after, Again::Failed), Ended::Again)
                }
            }
        };
        if told { ended } else { Ended::Lost }
    }

    /// The last delivery that is begun.
    fn max_deliveries(&self) -> u32 {
        // After its own number the engine takes a job away, and gives no reason: one delivery is left to do
        // that with one.
        let most =
            self.verbs.queue.most_deliveries().map_or(u32::MAX, |most| most.saturating_sub(1));
        self.options.max_deliveries.min(most).max(1)
    }
}

impl Fate {
    fn rank(&self) -> u8 {
        match self {
            Self::Ignored => 0,
            Self::Done => 1,
            Self::Hopeless(_) => 2,
            Self::NotYet => 3,
            Self::MayPass(..) => 4,
            Self::Interrupted => 5,
        }
    }
}

/// Whether a failure may pass by itself, or when a person mends a disk or credentials: nothing of that is the
/// job's fault, so it must not bury a whole queue at once.
fn may_pass(kind: FailureKind) -> bool {
    kind.is_retryable() || matches!(kind, FailureKind::Refused | FailureKind::Storage)
}

/// How long a job is in the queue; nothing where nobody knows.
fn age(delivery: &Delivery) -> Duration {
    let since = delivery.since.unwrap_or_else(SystemTime::now);
    since.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_of_a_store_or_a_disk_buries_at_once() {
        use FailureKind as Kind;
        for (kind, expected) in [
            (Kind::Missing, false),
            (Kind::NoWindows, false),
            (Kind::NothingFound, false),
            (Kind::Windows, false),
            (Kind::Recording, false),
            (Kind::Exists, false),
            (Kind::Changed, true),
            (Kind::Refused, true),
            (Kind::Unavailable, true),
            (Kind::Storage, true),
            (Kind::SelfCheck, false),
            (Kind::Other, false),
        ] {
            assert_eq!(may_pass(kind), expected, "{kind:?}");
        }
    }
}
