//! The end: what is left is handed back in time, whatever the queue does meanwhile.

use std::time::{Duration, Instant};

use super::desk::Desk;
use super::settle::Verbs;
use crate::batch::Cancel;

/// How often it is looked whether the worker is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until `stop` is set, and ends all work within `grace` from then on. A pull that is under way may take
/// longer than that.
pub(super) fn end(verbs: &Verbs<'_>, desk: &Desk, grace: Duration, stop: &Cancel) {
    while !stop.is_set() {
        if desk.is_over_within(LOOK) {
            return;
        }
    }
    let told = Instant::now();
    verbs.end_at(told + grace);
    verbs.numbers.end();
    std::thread::scope(|scope| {
        for unbegun in desk.close() {
            scope.spawn(move || verbs.hand_back(&unbegun));
        }
        if !desk.is_idle_within(grace.saturating_sub(told.elapsed())) {
            tracing::warn!("the time of grace is over: jobs in flight are handed back");
            desk.cancel_all();
        }
    });
}
