//! What the page tells of samples and of packets that became silence.

use crate::receipt::OutputEntry;

/// Names and values.
pub(super) fn facts(output: &OutputEntry) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    if let Some(samples) = &output.samples_sha256 {
        facts.push(("SHA-256 of samples".into(), samples.clone()));
    }
    if let Some(done) = &output.done {
        let ranges = done.iter().map(|done| format!("{} to {} s", done.start, done.end));
        let ranges = ranges.collect::<Vec<_>>().join(", ");
        let ranges = if ranges.is_empty() { "nothing".into() } else { ranges };
        facts.push(("Silent, in whole packets".into(), ranges));
    }
    facts
}
