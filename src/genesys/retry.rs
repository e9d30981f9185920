//! The retry decision: whether to send a request again, and after which wait ([`wait`], which obeys
//! `Retry-After`).
//!
//! A pure function: the time and a random number are arguments, and sleeping is up to the caller.

use std::time::{Duration, SystemTime};

use super::error::Error;
use super::poll;
use super::wire::WorkflowStep;
use crate::http::{RetryAfter, Wait, wait};

/// An attempt that failed or found nothing ready, and the error to report if there is no retry.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    pub(super) outcome: Outcome,
    idempotent: bool,
    pub(super) error: Error,
}

impl FailedAttempt {
    /// Turns the error into [`Error::OutcomeUnknown`] when the request is not idempotent and the server may
    /// have acted on it.
    pub(super) fn new(
        step: WorkflowStep,
        idempotent: bool,
        outcome: Outcome,
        error: Error,
    ) -> Self {
        let error = match outcome.may_have_had_effect() && !idempotent {
            true => Error::OutcomeUnknown { step, reason: error.to_string() },
            false => error,
        };
        Self { outcome, idempotent, error }
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer with an error status, and its `Retry-After`.
    Status(u16, Option<RetryAfter>),
    /// No connection was made, so the server has not seen the request.
    NotSent,
    /// The connection broke or timed out: the server may or may not have acted on the request.
    Unknown,
    /// A success, but what was asked for is not ready; with the time that the server estimates.
    Pending(Option<Duration>),
}

impl Outcome {
    /// Whether the server may have acted on the request although no success was received.
    pub(super) fn may_have_had_effect(self) -> bool {
        // 503 is sent instead of acting, unlike the other 5xx.
        matches!(self, Self::Unknown | Self::Status(408 | 500..=502 | 504..=599, _))
    }
}

/// The retries, polls and the waiting time of one request: limits, and what was used so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryBudget {
    pub(super) max_retries: u32,
    pub(super) max_polls: u32,
    /// Limit for the sum of all waits.
    pub(super) max_wait: Duration,
    pub(super) retries: u32,
    /// Polls after the first.
    pub(super) polls: u32,
    pub(super) waited: Duration,
    /// Whether the server may have acted on an attempt that failed.
    pub(super) may_have_had_effect: bool,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryDecision {
    Wait(Duration),
    /// A retry would not help, could do harm, or none is left.
    Stop,
    /// `Retry-After` asks for a longer wait than the budget allows.
    TooLong(SystemTime),
}

/// Decides what to do after a failed attempt.
///
/// - Is a retry safe? After 429, 503 or no connection always: the server has done nothing. After 408,
///   another 5xx or a broken connection only if the request is idempotent. After other statuses never.
/// - How long is the wait? As long as `Retry-After` says, never shorter; see [`wait`].
/// - Does the wait fit the budget? If not, stop; a `Retry-After` is reported as a time.
/// - Pending is no failure: it is asked for again at the pace of [`poll::wait`], as often as the budget has
///   polls.
pub(super) fn decide_retry(
    failed: &FailedAttempt,
    budget: &RetryBudget,
    now: SystemTime,
    jitter: f64,
) -> RetryDecision {
    if let Outcome::Pending(hint) = failed.outcome {
        let wait = poll::wait(hint, budget.polls);
        let fits = budget.waited.saturating_add(wait) <= budget.max_wait;
        let is_left = budget.polls < budget.max_polls;
        return if is_left && fits { RetryDecision::Wait(wait) } else { RetryDecision::Stop };
    }
    let safe = match failed.outcome {
        Outcome::Status(429 | 503, _) | Outcome::NotSent => true,
        outcome => outcome.may_have_had_effect() && failed.idempotent,
    };
    if !safe || budget.retries >= budget.max_retries {
        return RetryDecision::Stop;
    }
    let retry_after = match failed.outcome {
        Outcome::Status(_, after) => after,
        _ => None,
    };
    let left = budget.max_wait.saturating_sub(budget.waited);
    match wait(retry_after, budget.retries, left, now, jitter) {
        Wait::For(wait) => RetryDecision::Wait(wait),
        Wait::No => RetryDecision::Stop,
        Wait::TooLong(until) => RetryDecision::TooLong(until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BUDGET: RetryBudget = RetryBudget {
        max_retries: 3,
        max_polls: 10,
        max_wait: Duration::from_secs(300),
        retries: 0,
        polls: 0,
        waited: Duration::ZERO,
        may_have_had_effect: false,
    };
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn failed(outcome: Outcome, idempotent: bool) -> FailedAttempt {
        FailedAttempt::new(WorkflowStep::Grant, idempotent, outcome, Error::Config(String::new()))
    }

    fn decide(retries: u32, outcome: Outcome, idempotent: bool) -> RetryDecision {
        let budget = RetryBudget { retries, ..BUDGET };
        decide_retry(&failed(outcome, idempotent), &budget, NOW, 0.0)
    }

    #[test]
    fn without_retry_after_the_wait_doubles() {
        let busy = Outcome::Status(429, None);
        let waits: Vec<_> = (0..4).map(|retries| decide(retries, busy, true)).collect();
        let seconds = |n| RetryDecision::Wait(Duration::from_secs(n));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(4), RetryDecision::Stop]);
    }

    #[test]
    fn a_create_is_not_repeated_after_an_unknown_outcome() {
        for (outcome, idempotent, again) in [
            (Outcome::Unknown, false, false),
            (Outcome::Status(500, None), false, false),
            (Outcome::Status(502, None), false, false),
            (Outcome::Status(504, None), false, false),
            (Outcome::Status(429, None), false, true),
            (Outcome::Status(503, None), false, true),
            (Outcome::NotSent, false, true),
            (Outcome::Unknown, true, true),
            (Outcome::Status(500, None), true, true),
            (Outcome::Status(400, None), true, false),
            (Outcome::Status(403, None), true, false),
            (Outcome::Status(404, None), true, false),
        ] {
            let decision = decide(0, outcome, idempotent);
            assert_eq!(decision != RetryDecision::Stop, again, "{outcome:?} {idempotent}");
            // Exactly the failures that only an idempotent request may repeat leave the outcome unknown.
            let error = failed(outcome, idempotent).error;
            let unknown = matches!(error, Error::OutcomeUnknown { .. });
            assert_eq!(unknown, !idempotent && !again, "{outcome:?} {idempotent}");
        }
    }

    #[test]
    fn longer_than_the_budget_means_stop_and_say_until_when() {
        let busy = |after| Outcome::Status(429, after);
        let long = Some(RetryAfter::In(Duration::from_secs(301)));
        let until = NOW + Duration::from_secs(301);
        assert_eq!(decide(0, busy(long), true), RetryDecision::TooLong(until));
        let endless = RetryAfter::parse("99999999999999999999999");
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        assert_eq!(decide(0, busy(endless), true), RetryDecision::TooLong(NOW + century));
        let short = busy(Some(RetryAfter::In(Duration::from_secs(200))));
        let used = RetryBudget { retries: 1, waited: Duration::from_secs(101), ..BUDGET };
        let decision = decide_retry(&failed(short, true), &used, NOW, 0.0);
        assert_eq!(decision, RetryDecision::TooLong(NOW + Duration::from_secs(200)));
    }

    #[test]
    fn pending_is_asked_for_again_within_polls_and_time() {
        let decide = |hint, polls, waited, retries| {
            let waited = Duration::from_secs(waited);
            let budget = RetryBudget { polls, waited, retries, ..BUDGET };
            let pending = failed(Outcome::Pending(hint), true);
            decide_retry(&pending, &budget, NOW, 1.0)
        };
        let wait = |seconds| RetryDecision::Wait(Duration::from_secs(seconds));
        let hint = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(decide(hint(4), 0, 0, 0), wait(4));
        assert_eq!(decide(None, 0, 0, 0), wait(5));
        // Retries are for failures: none is left, and this is none.
        assert_eq!(decide(None, 9, 240, 3), wait(60));
        assert_eq!(decide(None, 10, 0, 0), RetryDecision::Stop);
        assert_eq!(decide(None, 9, 241, 0), RetryDecision::Stop);
        assert_eq!(decide(hint(301), 0, 0, 0), RetryDecision::Stop);
    }

    proptest! {
        #[test]
        fn retry_after_is_never_shortened(
            seconds in 0u64..1000, date: bool, retries in 0u32..5, jitter in 0.0..1.0
        ) {
            let wait = Duration::from_secs(seconds);
            let after = if date { RetryAfter::At(NOW + wait) } else { RetryAfter::In(wait) };
            let busy = failed(Outcome::Status(429, Some(after)), true);
            match decide_retry(&busy, &RetryBudget { retries, ..BUDGET }, NOW, jitter) {
                RetryDecision::Wait(chosen) => prop_assert_eq!(chosen, wait),
                RetryDecision::TooLong(until) => prop_assert!(until == NOW + wait && seconds > 300),
                RetryDecision::Stop => prop_assert!(retries >= 3),
            }
        }
    }
}
