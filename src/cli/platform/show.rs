//! What became of recordings and their originals: sentences for people, JSON for programs.

use serde_json::{Value, json};
use sordino::genesys::platform::LeftOut;
use sordino::job::platform::{Fate, OriginalState};

use super::super::exit::Failure;
use super::super::report;
use super::super::text::count;
use super::deliver::DoneCopy;
use super::plan::Plan;
use super::work::{All, Outcome};

const TRANSCRIPT: &str = "its transcript, if there is one, a copy of what was said too,";

/// The result of one recording: its copies, then its original.
pub(super) fn text(plan: &Plan, outcome: &Outcome) -> String {
    format!("{}\n{}", done(plan, outcome), original(&outcome.original))
}

/// The result of all recordings of a conversation.
pub(super) fn text_of_all(plan: &Plan, all: &All) -> String {
    let mut lines = Vec::new();
    for outcome in &all.outcomes {
        lines.push(done(plan, outcome));
    }
    for (id, _) in &all.failed {
        lines.push(format!("failed: recording {id}"));
    }
    lines.push(originals(all));
    lines.join("\n")
}

/// What was done, in a line for each copy.
fn done(plan: &Plan, outcome: &Outcome) -> String {
    let lines: Vec<_> = outcome.copies.iter().map(|copy| done_copy(plan, outcome, copy)).collect();
    lines.join("\n")
}

fn done_copy(plan: &Plan, outcome: &Outcome, copy: &DoneCopy) -> String {
    let Outcome { recording_id, annotations, .. } = outcome;
    let sentence = match report::nothing(&copy.summary) {
        Some(nothing) if plan.dry_run => format!("dry run: {nothing} would be copied unredacted"),
        Some(nothing) => format!("{nothing} copied unredacted"),
        None if plan.dry_run => {
            format!("dry run: would sanitise {}", report::sentence(&copy.summary))
        }
        None => format!("sanitised {}", report::sentence(&copy.summary)),
    };
    let keys = match copy.keys.as_slice() {
        [only] => format!("key {only}"),
        several => format!("keys {}", several.join(", ")),
    };
    let place = copy.place.as_ref().map_or(String::new(), |place| format!(" -> {place}"));
    let made = match annotations.len() {
        0 => String::new(),
        made => format!("; {}", count(made, "annotation")),
    };
    format!("{sentence}, recording {recording_id} ({keys}){place}{}{made}", copy.ending)
}

/// What became of one original, in words.
fn original(fate: &Fate) -> String {
    let date = fate.delete_date.as_deref().unwrap_or("its date");
    let exported = match &fate.exported {
        Some(date) => format!("; it was exported on {date}, and an unredacted copy lies there"),
        None => String::new(),
    };
    let text = match fate.state {
        OriginalState::Kept => {
            let retention = match &fate.retention {
                Some(date) => format!("; its own retention deletes it on {date}"),
                None => String::new(),
            };
            format!(
                "the original is kept in Genesys, unredacted{retention}; {TRANSCRIPT} is kept with it"
            )
        }
        OriginalState::DeletionSet => format!(
            "the original will be deleted on {date}, and is there unredacted until then; {TRANSCRIPT} should go with it, but check"
        ),
        OriginalState::Deleted => {
            format!("the original is deleted; {TRANSCRIPT} should be gone with it, but check")
        }
        OriginalState::Unknown => format!(
            "the original is in Genesys, unredacted; whether its deletion is set is not known: look at the recording; {TRANSCRIPT} goes the same way"
        ),
    };
    text + &exported
}

/// What became of all originals, in a line.
fn originals(all: &All) -> String {
    if let ([outcome], []) = (all.outcomes.as_slice(), all.failed.as_slice()) {
        return original(&outcome.original);
    }
    let of = |state: OriginalState| {
        all.outcomes.iter().filter(|outcome| outcome.original.state == state).count()
    };
    let kept = of(OriginalState::Kept) + all.failed.len();
    let states = [
        (kept, "kept in Genesys, unredacted"),
        (of(OriginalState::DeletionSet), "to be deleted, and there unredacted until then"),
        (of(OriginalState::Deleted), "deleted"),
        (of(OriginalState::Unknown), "in a state that is not known: look at them"),
    ];
    let states = states.iter().filter(|(count, _)| *count > 0);
    let states: Vec<_> = states.map(|(count, what)| format!("{count} {what}")).collect();
    let exported = all.outcomes.iter().filter(|one| one.original.exported.is_some()).count();
    let exported = match exported {
        0 => String::new(),
        some => format!("; {some} exported before, and unredacted copies lie there"),
    };
    let is_dated = |fate: &Fate| fate.state == OriginalState::Kept && fate.retention.is_some();
    let retention = match all.outcomes.iter().filter(|one| is_dated(&one.original)).count() {
        0 => String::new(),
        some => format!("; the retention of {some} of those kept deletes it on a date"),
    };
    let transcripts = "their transcripts, copies of what was said too, go the same way";
    format!("originals: {}{retention}; {transcripts}{exported}", states.join(", "))
}

/// The result of one recording, for programs.
pub(super) fn json(plan: &Plan, outcome: &Outcome) -> Value {
    let copy = |copy: &DoneCopy| {
        let mut json = report::to_json(&copy.summary, plan.job.evidence.self_check);
        json["output"]["bytes"] = copy.bytes.into();
        json["keys"] = copy.keys.clone().into();
        json["outputFile"] = copy.place.clone().into();
        json
    };
    let mut copies: Vec<Value> = outcome.copies.iter().map(copy).collect();
    // A recording with one copy has its facts where that of the recordings API has them.
    let mut json = match copies.len() {
        1 => copies.remove(0),
        _ => json!({ "copies": copies }),
    };
    json["status"] = match &outcome.failure {
        Some(_) => "delivered",
        None if plan.dry_run => "dry run",
        None => "completed",
    }
    .into();
    json["recordingId"] = outcome.recording_id.clone().into();
    json["conversationId"] = plan.conversation_id.clone().into();
    json["annotations"] = outcome.annotations.clone().into();
    json["original"] = fate(&outcome.original);
    if let Some(line) = outcome.failure.as_ref().and_then(Failure::line) {
        json["error"] = line.into();
    }
    json
}

/// What became of an original, as in a receipt.
fn fate(fate: &Fate) -> Value {
    // Strings and words alone, which JSON always has.
    let mut json = serde_json::to_value(fate.entry()).unwrap_or_default();
    json["deleteDate"] = fate.delete_date.clone().into();
    if let Some(date) = &fate.retention {
        json["retentionDate"] = date.clone().into();
    }
    if let Some(exported) = &fate.exported {
        json["exportedDate"] = exported.clone().into();
    }
    json
}

/// The result of all recordings of a conversation, for programs.
pub(super) fn json_of_all(plan: &Plan, all: &All) -> Value {
    let done = all.outcomes.iter().map(|outcome| json(plan, outcome));
    let failed = all.failed.iter().map(|(id, failure)| {
        let state = OriginalState::Kept;
        let kept = Fate { state, delete_date: None, retention: None, exported: None };
        json!({
            "status": "failed",
            "recordingId": id,
            "conversationId": plan.conversation_id,
            "original": fate(&kept),
            "error": failure.line(),
        })
    });
    let left_out = |LeftOut { recording_id, reason }: &LeftOut| json!({ "recordingId": recording_id, "reason": reason.name() });
    json!({
        "recordings": done.chain(failed).collect::<Vec<_>>(),
        "leftOut": all.left_out.iter().map(left_out).collect::<Vec<_>>(),
    })
}
