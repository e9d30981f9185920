//! The heart: keeps all jobs on the desk from being handed out again.

use super::desk::Desk;
use super::settle::Verbs;
use crate::queue::QueueError;

/// How often a lease is extended before it would end.
const BEATS: u32 = 3;

/// Extends the leases of all jobs, until the desk is closed and empty.
pub(super) fn beat(verbs: &Verbs<'_>, desk: &Desk) {
    while !desk.is_over_within(verbs.queue.lease() / BEATS) {
        for held in desk.held() {
            if held.is_lost() || held.is_settling() {
                continue;
            }
            match verbs.extend(&held.delivery) {
                Ok(()) => {}
                Err(QueueError::Lost { .. } | QueueError::Overdue { .. }) if held.is_settling() => {
                }
                Err(error @ (QueueError::Lost { .. } | QueueError::Overdue { .. })) => {
                    tracing::warn!(job = held.job, %error, "lost");
                    held.lose();
                }
                Err(error) => {
                    // All others would wait for the same. Whether a lease has ended nobody can say now: what
                    // is done twice is committed once.
                    tracing::warn!(job = held.job, %error, "jobs cannot be kept");
                    break;
                }
            }
        }
    }
}
