//! `sordino work`: recordings as they arrive, from a queue, on as many machines as wanted.

use std::sync::Arc;
use std::time::Duration;

use sordino::batch::{Api, Beside, Cancel, Places, Planning};
use sordino::queue;
use sordino::store::Stores;
use sordino::work::{self, Ended, Numbers, Options, Recordings};
use tokio::runtime::Runtime;

use super::args::WorkArgs;
use super::exit::Failure;
use super::interrupt::cancel_on_signals;
use super::many::{below, decode_options, erases, jobs_at_once};
use super::queue::failed;
use super::remote::end_uploads;
use super::runtime;

mod log;
mod summary;

/// How long a call that blocks may still take when all is over: the process ends with it or without it.
const BLOCKED: Duration = Duration::from_secs(2);

/// Works until it is told to end; with `--drain` until the queue is empty.
pub(crate) fn run(args: &WorkArgs) -> Result<(), Failure> {
    let runtime = runtime()?;
    let worked = work(args, &runtime);
    runtime.shutdown_timeout(BLOCKED);
    worked
}

fn work(args: &WorkArgs, runtime: &Runtime) -> Result<(), Failure> {
    let options = options(args)?;
    let stores = Stores::new(args.store.config());
    let recordings = recordings(args, options.jobs, &stores, runtime)?;
    let (lease, handle) = (args.queueing.lease, runtime.handle().clone());
    let opening = queue::Options { lease, runtime: handle };
    let queue = queue::open(&args.queue.url, &opening)
        .map_err(|error| failed("opening the queue", error))?;
    // What counts the jobs is another connection.
    let manage = args.drain.then(|| queue::open_to_manage(&args.queue.url, &opening)).transpose();
    let manage = manage.map_err(|error| failed("opening the queue", error))?;
    let (numbers, stop) = (Arc::new(Numbers::new()), Cancel::new());
    log::begin(args.operation.log);
    listen(args, &numbers, runtime)?;
    cancel_on_signals(&stop, log::info);
    log::info(&format!("works on {}, {} at once", queue.name(), options.jobs));
    let worked = work::run(&*queue, manage.as_deref(), &recordings, &options, &stop, &numbers);
    runtime.block_on(end_uploads(&stores));
    worked.map_err(|error| failed("asking the queue for jobs", error))?;
    summary::print(&numbers, args.json)?;
    match numbers.of(Ended::Buried) {
        _ if stop.is_set() => Err(Failure::Interrupted),
        0 => Ok(()),
        _ => Err(Failure::Several { all: false }),
    }
}

fn options(args: &WorkArgs) -> Result<Options, Failure> {
    let queueing = &args.queueing;
    Ok(Options {
        max_deliveries: queueing.max_deliveries,
        give_up: queueing.give_up,
        wait: queueing.wait,
        grace: queueing.grace,
        ..Options::new(jobs_at_once(&args.share)?)
    })
}

/// What redacts, as the flags of a batch say it too.
fn recordings(
    args: &WorkArgs,
    jobs: usize,
    stores: &Stores,
    runtime: &Runtime,
) -> Result<Recordings, Failure> {
    let policy = args.how.policy()?;
    let planning = Planning {
        out: Some(below("--out", &args.out, stores)?),
        receipts: Some(below("--receipts", &args.receipts, stores)?),
        policy: policy.sha256(),
        api: Api::Recordings,
        encoding: policy.settings().encoding,
        erases: erases(&policy),
    };
    let places = Places {
        stores: stores.clone(),
        policy,
        options: decode_options(&args.share, jobs),
        // Nobody is there to say what may be replaced.
        overwrite: false,
        signer: args.sign.signer()?,
        runtime: runtime.handle().clone(),
    };
    let beside = args.windows_suffix.clone();
    let beside = beside.map(|suffix| Beside { suffix, older: args.older_transcripts });
    let inside = args.inside.iter().map(|text| below("--in", text, stores));
    let recordings = Recordings::new(places, planning, beside, inside.collect::<Result<_, _>>()?);
    recordings.map_err(|error| Failure::usage("pairing transcripts", error))
}

fn listen(args: &WorkArgs, numbers: &Arc<Numbers>, runtime: &Runtime) -> Result<(), Failure> {
    let Some(address) = args.operation.listen else { return Ok(()) };
    let listening = runtime.block_on(work::listen(address, Arc::clone(numbers)));
    let doing = || format!("listening on {address}");
    let address = listening.map_err(|error| Failure::usage(doing(), error))?;
    log::info(&format!("listens on http://{address}"));
    Ok(())
}
