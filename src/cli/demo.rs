//! `sordino demo`: the whole way against a sandbox, audited, in plain words.

use std::io::Read;

use sordino::genesys::{Config, Credentials, Genesys};
use sordino::job::{deliver, prepare};
use sordino::sandbox::{Options, Sandbox};
use sordino::window::parse_flag;
use sordino::{Job, Source, Treatment, VerifyOptions, Windows, verify};

use super::args::DemoArgs;
use super::exit::Failure;
use super::interrupt::Interrupt;
use super::plan::{self, Place};
use super::recording::failure;
use super::sandbox::{CALL, CALL_ID};
use super::side_outputs::{self, SideOutputs};
use super::verify::table;
use super::{block_on, report};

/// What the customer reads aloud in the call.
const WINDOWS: [&str; 2] = ["10-15=card number", "30.5-35.2=expiry date and security code"];

const CONVERSATION_ID: &str = "demo-conversation";

const DOING: &str = "running the demo";

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let output = args.output.as_ref().map(|path| plan::check_output(path, &[], args.force));
    let output = output.transpose()?;
    let target = output.as_ref().map(|place| place.target.as_path());
    let side_outputs = SideOutputs::check(&args.proof, &[], target, args.force)?;
    let windows = WINDOWS.iter().map(|text| parse_flag(text)).collect::<Result<Vec<_>, _>>()?;
    let windows = Windows::new(windows)?;
    block_on(walk(args.force, output, &side_outputs, windows))
}

async fn walk(
    force: bool,
    output: Option<Place>,
    side_outputs: &SideOutputs,
    windows: Windows,
) -> Result<(), Failure> {
    let interrupt = Interrupt::new();
    let options = Options::default();
    let credentials = Credentials::new(&options.client_id, &options.client_secret);
    let sandbox = Sandbox::new(options);
    sandbox.add_recording(CALL_ID, CALL);
    let base = sandbox.start(0).await.map_err(|error| Failure::failed(DOING, error))?;
    let genesys = Config::new(&base, credentials).and_then(Genesys::new);
    let genesys = genesys.map_err(|error| Failure::failed(DOING, error))?;
    let failed = |error| failure(DOING, error);

    say(
        "A call of 38 s lies in a Genesys stand-in on this machine: the agent on the left channel, the",
    )?;
    say("customer on the right. The customer reads a card number aloud, later a security code.\n")?;
    let job =
        Job::new(CALL_ID, windows.clone(), Treatment::default()).with_proof(side_outputs.proof());
    let prepared = prepare(&genesys, &job).await.map_err(failed)?;
    let redacted = &prepared.redacted;
    say(
        "  signed in, located, fetched     decoded while it arrived; nothing of it touched a disk",
    )?;
    let (sentence, checked) = (report::sentence(redacted.summary()), side_outputs.checked());
    say(&format!("  redacted                        {sentence}; {checked}"))?;
    let completed = deliver(&genesys, redacted, CONVERSATION_ID).await.map_err(failed)?;
    say(&format!("  granted, uploaded, completed    as recording {}\n", completed.id))?;

    let back = download(&genesys, &completed.id).await?;
    say("Fetched back, and audited against the original by `sordino verify`:\n")?;
    audit(back, &windows)?;
    let receipt = prepared.receipt(&job, Some((&completed, CONVERSATION_ID)));
    interrupt.deliver(|| {
        let drafts = side_outputs.write("The call of the demo", redacted, receipt.as_ref())?;
        let placed = side_outputs::put(drafts)?;
        if let Some(place) = &output {
            let saved = redacted.persist_copy(&place.target, force);
            saved.map_err(|error| Failure::of(DOING, error))?;
        }
        side_outputs::keep(placed);
        Ok(())
    })?;
    if let Some(place) = &output {
        say(&format!("Saved as {}.\n", place.named.display()))?;
    }
    if let Some(line) = side_outputs.line() {
        say(&format!("Written: {line}.\n"))?;
    }
    next(output.is_some(), side_outputs)
}

/// What to try after this.
fn next(saved: bool, side_outputs: &SideOutputs) -> Result<(), Failure> {
    say("Next:")?;
    if !saved {
        say(
            "  sordino demo -o sanitised.wav                     keep the result, and listen to it",
        )?;
    }
    if side_outputs.line().is_none() {
        say("  sordino demo --report demo.html --report-audio    a page to look at, and to play")?;
    }
    say("  sordino file call.wav -w 10-15 -o redacted.wav    redact a recording of your own")?;
    say(
        "  sordino sandbox                                   try `sordino recording` against a stand-in",
    )?;
    say(
        "  sordino recording --help                          what it needs to know of your organisation",
    )
}

fn say(line: &str) -> Result<(), Failure> {
    report::print(line)
}

/// Holds the sanitised recording against the original, and prints what was found.
fn audit(sanitised: Vec<u8>, windows: &Windows) -> Result<(), Failure> {
    let source = |bytes: Vec<u8>| Source::stream(std::io::Cursor::new(bytes));
    let audit = verify(source(CALL.to_vec()), source(sanitised), windows, VerifyOptions::default());
    let audit = audit.map_err(|error| Failure::of(DOING, error))?;
    for line in table(&audit).lines() {
        say(format!("  {line}").trim_end())?;
    }
    say("")?;
    if audit.is_clean() { Ok(()) } else { Err(Failure::Found) }
}

/// A recording as any client of the API gets it.
async fn download(genesys: &Genesys, id: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::failed(DOING, error);
    let located = genesys.locate(id).await.map_err(failed)?;
    let mut body = genesys.fetch(located).await.map_err(failed)?;
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = read.await.map_err(|error| Failure::failed(DOING, error))?;
    bytes.map_err(|error| Failure::failed(DOING, error))
}
