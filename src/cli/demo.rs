//! `sordino demo`: one redaction at a Genesys stand-in from end to end, audited and explained.

use std::io::Read;

use sordino::genesys::{Config, Credentials, Genesys};
use sordino::job::{deliver, prepare};
use sordino::sandbox::{Sandbox, SandboxOptions};
use sordino::window::parse_flag;
use sordino::{Job, Source, Treatment, VerifyOptions, Windows, verify};

use super::args::{Api, DemoArgs, WindowsSource};
use super::block_on;
use super::exit::Failure;
use super::interrupt::Interrupt;
use super::output::OutputPath;
use super::recording::{detail_step, failure};
use super::report::{self, print as say};
use super::sandbox::{CALL, CALL_ID};
use super::side_outputs::{self, SideOutputs};
use super::verify::table;

mod platform;

/// What the customer reads aloud in the call.
const WINDOWS: [&str; 2] = ["10-15=card number", "30.5-35.2=expiry date and security code"];

const CONVERSATION_ID: &str = "demo-conversation";

const DOING: &str = "running the demo";

const INTRODUCTION: &str = "\
A call of 38 s is stored in a Genesys stand-in on this machine: the agent on the left channel, the
customer on the right. The customer reads a card number aloud, and later a security code.";

const LAST_STEPS: &str = "  \
  sordino file call.wav -w 10-15 -o redacted.wav    redact a recording of your own
  sordino sandbox                                   try `sordino recording` against a stand-in
  sordino demo --api platform                       the same with the API of an organisation of today
  sordino recording --help                          redact a recording in your organisation";

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let output = args.output.as_ref().map(|path| OutputPath::check_file(path, &[], args.force));
    let output = output.transpose()?;
    let target = output.as_ref().map(|path| path.target.as_path());
    let (evidence, source) = (&args.evidence, WindowsSource::default());
    let signer = evidence.signer()?;
    let side_outputs = SideOutputs::check(evidence, source, &[], target, args.force, signer)?;
    match args.api {
        Api::Recordings => {
            let windows = windows(WINDOWS)?;
            block_on(walk(args.force, output, &side_outputs, windows))
        }
        Api::Platform => {
            let windows = windows(platform::WINDOWS)?;
            block_on(platform::walk(args.force, output, &side_outputs, windows))
        }
    }
}

fn windows(flags: [&str; 2]) -> Result<Windows, Failure> {
    let windows = flags.iter().map(|text| parse_flag(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Windows::new(windows)?)
}

async fn walk(
    force: bool,
    output: Option<OutputPath>,
    side_outputs: &SideOutputs,
    windows: Windows,
) -> Result<(), Failure> {
    let interrupt = Interrupt::new();
    let options = SandboxOptions::default();
    let credentials = Credentials::new(&options.client_id, &options.client_secret);
    let sandbox = Sandbox::new(options);
    sandbox.add_recording(CALL_ID, CALL);
    let base = sandbox.start(0).await.map_err(|error| Failure::failed(DOING, error))?;
    let genesys = Config::new(&base, credentials).and_then(Genesys::new);
    let genesys = genesys.map_err(|error| Failure::failed(DOING, error))?;
    let failed = |error| failure(DOING, error);

    say(&format!("{INTRODUCTION}\n"))?;
    let evidence = side_outputs.options();
    let job = Job { evidence, ..Job::new(CALL_ID, windows.clone(), Treatment::default()) };
    let prepared = prepare(&genesys, &job).await.map_err(failed)?;
    let redacted = &prepared.redacted;
    say("  signed in, located, fetched     decoded while it arrived; none of it touched a disk")?;
    let (sentence, checked) = (report::sentence(redacted.summary()), side_outputs.checked());
    say(&format!("  redacted                        {sentence}; {checked}"))?;
    let completed = deliver(&genesys, redacted, CONVERSATION_ID).await.map_err(failed)?;
    prepared.steps.iter().chain(&completed.steps).for_each(detail_step);
    say(&format!("  granted, uploaded, completed    as recording {}\n", completed.id))?;

    let back = download(&genesys, &completed.id).await?;
    say("Fetched back and audited against the original, as `sordino verify` does:\n")?;
    audit(back, &windows)?;
    let receipt = prepared.receipt(&job, Some((&completed, CONVERSATION_ID)));
    let at = match &output {
        Some(path) => format!("the recording is at {}", path.named.display()),
        None => "the demo is over".to_owned(),
    };
    interrupt.deliver_with(&at, || {
        let drafts = side_outputs.write("The call of the demo", redacted, receipt)?;
        let placed = side_outputs::put(drafts)?;
        if let Some(path) = &output {
            let saved = redacted.persist_copy(&path.target, force);
            saved.map_err(|error| Failure::of(DOING, error))?;
        }
        Ok(((), placed))
    })?;
    if let Some(path) = &output {
        say(&format!("Saved as {}.\n", path.named.display()))?;
    }
    if let Some(paths) = side_outputs.paths() {
        say(&format!("Written: {paths}.\n"))?;
    }
    next_steps("sordino demo", output.is_some(), side_outputs, LAST_STEPS)
}

/// What to try after this.
fn next_steps(
    demo: &str,
    saved: bool,
    side_outputs: &SideOutputs,
    last: &str,
) -> Result<(), Failure> {
    let line =
        |options: &str, what: &str| say(&format!("  {:<49} {what}", format!("{demo} {options}")));
    say("Next:")?;
    if !saved {
        line("-o redacted.wav", "keep the result, and listen to it")?;
    }
    if side_outputs.paths().is_none() {
        line("--report demo.html", "a page to look at; with --report-audio to play")?;
    }
    say(last)
}

/// Audits the redacted recording against the original, and prints the result.
fn audit(redacted: Vec<u8>, windows: &Windows) -> Result<(), Failure> {
    let source = |bytes: Vec<u8>| Source::stream(std::io::Cursor::new(bytes));
    let audit = verify(source(CALL.to_vec()), source(redacted), windows, VerifyOptions::default());
    let audit = audit.map_err(|error| Failure::of(DOING, error))?;
    for line in table(&audit).lines() {
        say(format!("  {line}").trim_end())?;
    }
    say("")?;
    if audit.is_clean() { Ok(()) } else { Err(Failure::Found) }
}

/// Downloads a recording as any client of the API does.
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
