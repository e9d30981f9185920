//! `--dry-run`: what a batch would do.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Value, json};
use sordino::batch::{Filter, Key, Planned, State, WindowsSpec, open_journal_to_read};

use super::super::exit::Failure;
use super::super::report::print;
use super::super::table::table;
use super::super::text::count;
use super::jobs;
use super::plan::Plan;
use super::show::input;

/// The most rows that are shown to people.
const MOST_SHOWN: usize = 50;

/// Shows the jobs that a run would do, and counts those that it would not.
pub(super) fn show(plan: &Plan<'_>, json: bool, retry_failed: bool) -> Result<(), Failure> {
    let known = known(plan)?;
    let (mut rows, mut to_do, mut done, mut failed) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    let mut jobs = plan.jobs()?;
    for job in &mut jobs {
        let job = job.map_err(jobs::failure)?;
        match known.get(&job.key) {
            Some(State::Done) => done += 1,
            Some(State::Unknown) => failed += 1,
            Some(State::Failed) if !retry_failed => failed += 1,
            _ => {
                to_do += 1;
                if json {
                    print(&to_json(&job).to_string())?;
                } else if to_do <= MOST_SHOWN {
                    rows.push(row(&job));
                }
            }
        }
    }
    jobs.tell();
    if json {
        return Ok(());
    }
    let mut text = table(&["line", "recording", "windows", "goes to"], 0..1, &rows);
    if to_do > MOST_SHOWN {
        text += &format!("and {} more; --json shows all\n", to_do - MOST_SHOWN);
    }
    text += &format!("\n{} to redact", count(to_do, "recording"));
    if done > 0 {
        text += &format!(", {done} done already");
    }
    if failed > 0 {
        text += &format!(", {failed} failed before (--retry-failed tries them again)");
    }
    print(&text)
}

/// What an earlier run has made of the jobs.
fn known(plan: &Plan<'_>) -> Result<HashMap<Key, State>, Failure> {
    let mut known = HashMap::new();
    let is_new = !plan.journal.contains("://") && !Path::new(&plan.journal).exists();
    if is_new {
        return Ok(known);
    }
    let reading = |error| Failure::usage("reading the journal", error);
    let mut journal = open_journal_to_read(&plan.journal).map_err(reading)?;
    let each = journal.each(&Filter::default(), &mut |entry| {
        known.insert(entry.key, entry.state);
        ControlFlow::Continue(())
    });
    each.map_err(reading)?;
    Ok(known)
}

fn windows(spec: &WindowsSpec) -> String {
    match spec {
        WindowsSpec::Inline(windows) => windows.join(";"),
        WindowsSpec::Place(place) => place.clone(),
    }
}

fn row(job: &Planned) -> Vec<String> {
    let line = job.line.map_or("-".into(), |line| line.to_string());
    let spec = &job.spec;
    vec![line, input(&spec.input), windows(&spec.windows), spec.output.clone()]
}

fn to_json(job: &Planned) -> Value {
    let spec = &job.spec;
    json!({
        "state": "planned",
        "line": job.line,
        "id": job.id,
        "key": job.key.0,
        "input": input(&spec.input),
        "windows": windows(&spec.windows),
        "treatment": spec.treatment,
        "output": spec.output,
        "receipt": spec.receipt,
    })
}
