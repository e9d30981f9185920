//! Consistency check: what became silence in a kept Opus.

use super::model::{DoneEntry, Receipt, SpanEntry};
use crate::span::Span;

/// Checks that what became silence is told of an Opus, with all spans inside, and of nothing else.
pub(super) fn check_done(receipt: &Receipt, is_opus: bool) -> Result<(), String> {
    let output = &receipt.output;
    ensure(
        output.samples_sha256.is_none() == is_opus,
        "samples have a digest, except those of an Opus",
    )?;
    let Some(done) = output.done.as_ref().filter(|_| is_opus) else {
        return ensure(output.done.is_some() == is_opus, "only an Opus tells what became silence");
    };
    let mut end = 0;
    for entry in done {
        let span = Span { first: entry.first, end: entry.first.saturating_add(entry.frames) };
        let is_next = entry.frames > 0 && (end == 0 || span.first > end);
        let is_inside = span.end <= output.frames;
        let is_right = *entry == DoneEntry::new(span, receipt.rate());
        ensure(is_next && is_inside && is_right, "what became silence is out of order")?;
        end = span.end;
    }
    let holds = |span: &SpanEntry| {
        let end = span.first.saturating_add(span.frames);
        done.iter()
            .any(|done| done.first <= span.first && end <= done.first.saturating_add(done.frames))
    };
    ensure(receipt.spans.iter().all(holds), "a span is not among what became silence")
}

fn ensure(condition: bool, otherwise: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}
