//! `sordino recording --api platform`: recordings of a conversation in Genesys Cloud, each from its id to a
//! redacted copy here, and then what happens to its original.
//!
//! [`plan`] reads the arguments, [`place`] says where files go, [`work`] and
//! [`deliver`] do it, [`show`] tells the result;
//! [`from_genesys`] finds windows in the transcript of a recording,
//! [`deletion`] is `--delete-original`, [`stage`] what an interrupt says.

use super::args::RecordingArgs;
use super::block_on;
use super::exit::Failure;
use super::interrupt::lock;
use super::messages::{say, tell};
use super::{remote, report};

mod deletion;
mod deliver;
mod folders;
mod from_genesys;
mod place;
mod plan;
mod show;
mod stage;
mod work;

use place::Destination;
use plan::Plan;

/// Fetches, redacts, delivers, and reports.
pub(crate) fn run(args: &RecordingArgs) -> Result<(), Failure> {
    remote::configure(&args.redact.store);
    let mut plan = Plan::check(args)?;
    stage::on_interrupt(&plan.stage);
    match plan.recording_id.clone() {
        Some(id) => run_one(&mut plan, &id),
        None => run_all(&mut plan),
    }
}

fn run_one(plan: &mut Plan, recording_id: &str) -> Result<(), Failure> {
    let outcome = block_on(async {
        work::find_folder(plan).await?;
        let located = work::locate(plan, recording_id).await?;
        work::one(plan, &located).await
    });
    lock(&plan.bar).clear();
    let outcome = outcome?;
    let result = match plan.json {
        true => show::json(plan, &outcome).to_string(),
        false => show::text(plan, &outcome),
    };
    print(plan, &result)?;
    outcome.failure.map_or(Ok(()), Err)
}

fn run_all(plan: &mut Plan) -> Result<(), Failure> {
    let all = block_on(async {
        work::find_folder(plan).await?;
        work::all(plan).await
    });
    lock(&plan.bar).clear();
    let all = all?;
    let result = match plan.json {
        true => show::json_of_all(plan, &all).to_string(),
        false => show::text_of_all(plan, &all),
    };
    print(plan, &result)?;
    match all.failures() {
        0 => Ok(()),
        failures => Err(Failure::Several { all: failures == all.wanted() }),
    }
}

/// Prints the result to stdout, unless the recording is there.
fn print(plan: &Plan, result: &str) -> Result<(), Failure> {
    match (&plan.places.copies, plan.json) {
        (Destination::Stdout(_), true) => say(result),
        (Destination::Stdout(_), false) => tell(result),
        _ => return report::print(result),
    }
    Ok(())
}
