//! `sordino batch`: thousands of recordings, with a journal, so that the same command goes on.

use sordino::batch::{self, Cancel, Counts, Ran, open_journal};

use super::args::{BatchArgs, BatchCommand, BatchRunArgs};
use super::exit::Failure;
use super::interrupt::cancel_on_signals;
use super::messages::say;
use super::report::print;
use super::runtime;
use super::text::count;

mod again;
mod chain;
mod dry_run;
mod jobs;
mod organisation;
mod page;
mod plan;
mod show;
mod status;
mod tally;

pub(super) use plan::manifest;

use chain::Publishing;
use plan::Plan;
use show::Show;
use tally::Tally;
pub(super) use tally::reason;

pub(crate) fn run(args: BatchArgs) -> Result<(), Failure> {
    match args.command {
        Some(BatchCommand::Status(args)) => status::run(&args),
        Some(BatchCommand::Report(args)) => page::run(&args),
        None => start(&args.run),
    }
}

/// Plans the jobs of the manifest, and does those that are not done.
fn start(args: &BatchRunArgs) -> Result<(), Failure> {
    let plan = Plan::read(args, runtime()?)?;
    // Before the journal changes: it finds what is missing, such as credentials.
    let work = plan.work()?;
    if args.dry_run {
        return dry_run::show(&plan, args.json, args.pace.retry_failed);
    }
    let cancel = Cancel::new();
    cancel_on_signals(&cancel, say);
    let journal = open_journal(&plan.journal);
    let mut journal = journal.map_err(plan::wrong)?;
    let counts = plan.write(&mut *journal)?;
    let mut chain = Publishing::begin(&plan, &mut *journal)?;
    let mut tally = Tally::new(counts);
    let mut show = Show::new(args.pace.progress, args.json);
    let ran = batch::run(&mut *journal, &work, &plan.options(), &cancel, &mut |news| {
        tally.count(&news);
        show.news(&news, &tally);
        chain.look(&news, &show);
    });
    plan.end_uploads();
    // A reader of stdout that is gone changes nothing of what was done, so it is told last.
    let shown = show.end(&tally);
    let ran = ran.map_err(|error| Failure::failed("keeping the journal", error))?;
    let published = chain.end(&mut *journal);
    let told = shown.and_then(|()| summary(args, &plan, &tally, ran));
    published?;
    outcome(ran)?;
    told
}

/// What the run did, and the command that does the rest.
fn summary(args: &BatchRunArgs, plan: &Plan<'_>, tally: &Tally, ran: Ran) -> Result<(), Failure> {
    let Counts { failed, planned, .. } = ran.counts;
    let again = (failed > 0 || planned > 0).then(|| again::command(again::words(), failed > 0));
    if args.json {
        let mut json = tally.summary_json(ran.counts);
        json["journal"] = again::without_password(&plan.journal).into();
        json["interrupted"] = ran.interrupted.into();
        json["halted"] = ran.halted.into();
        let until = ran.paused.map(humantime::format_rfc3339_seconds);
        json["pausedUntil"] = until.map(|until| until.to_string()).into();
        json["again"] = again.clone().into();
        return print(&json.to_string());
    }
    let mut text = tally.summary(ran.counts);
    text += &format!("\njournal  {}", again::without_password(&plan.journal));
    if let Some(again) = again {
        let what = if failed > 0 { "try those again that failed" } else { "go on" };
        text += &format!("\n{what}:\n  {again}");
    }
    print(&text)
}

/// The exit code of a run.
fn outcome(ran: Ran) -> Result<(), Failure> {
    let Counts { failed, unknown, .. } = ran.counts;
    match ran {
        Ran { interrupted: true, .. } => Err(Failure::Interrupted),
        Ran { halted: true, .. } => {
            let why = format!(
                "{} failed, which --halt does not allow; mend the cause, then go on with the command above",
                count(ran.failed, "recording")
            );
            Err(Failure::failed("running the batch", why))
        }
        Ran { paused: Some(until), .. } => {
            let until = humantime::format_rfc3339_seconds(until);
            let why = format!(
                "a store wants no request before {until}; the command above goes on then with what is not done"
            );
            Err(Failure::failed("running the batch", why))
        }
        _ if failed + unknown > 0 => Err(Failure::Several { all: false }),
        _ => Ok(()),
    }
}
