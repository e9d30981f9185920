//! `sordino demo`: the whole way against a sandbox, checked sample by sample, in plain words.

use std::io::Read;

use sordino::block::{Block, Samples};
use sordino::genesys::{Config, Credentials, Genesys};
use sordino::job::{deliver, prepare};
use sordino::sandbox::{Options, Sandbox};
use sordino::span::Spans;
use sordino::window::parse_flag;
use sordino::{Decoder, Error, Job, Source, Treatment, Windows};

use super::args::DemoArgs;
use super::exit::Failure;
use super::recording::failure;
use super::sandbox::{CALL, CALL_ID};
use super::{block_on, plan, report};

/// What the customer reads aloud in the call.
const WINDOWS: [&str; 2] = ["10-15=card number", "30.5-35.2=expiry date and security code"];

const DOING: &str = "running the demo";

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        plan::check_output(path, &[], args.force)?;
    }
    let windows = WINDOWS.iter().map(|text| parse_flag(text)).collect::<Result<Vec<_>, _>>()?;
    let windows = Windows::new(windows)?;
    block_on(walk(args, windows))
}

async fn walk(args: &DemoArgs, windows: Windows) -> Result<(), Failure> {
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
    let job = Job::new(CALL_ID, windows.clone(), Treatment::default());
    let redacted = prepare(&genesys, &job).await.map_err(failed)?;
    say(
        "  signed in, located, fetched     decoded while it arrived; nothing of it touched a disk",
    )?;
    say(&format!("  redacted                        {}", report::sentence(redacted.summary())))?;
    let completed = deliver(&genesys, &redacted, "demo-conversation").await.map_err(failed)?;
    say(&format!("  granted, uploaded, completed    as recording {}\n", completed.id))?;

    let back = download(&genesys, &completed.id).await?;
    let (muted, same) = compare(&back, &windows).map_err(|error| Failure::of(DOING, error))?;
    say(&format!(
        "Fetched back and compared with the original: {muted} samples inside the windows are"
    ))?;
    say(&format!("attenuated by 60 dB, {same} samples outside are the same to the bit.\n"))?;
    if let Some(path) = &args.output {
        let saved = redacted.persist_copy(path, args.force);
        saved.map_err(|error| Failure::of(DOING, error))?;
        say(&format!("Saved as {}.\n", path.display()))?;
    }
    say("Next:")?;
    if args.output.is_none() {
        say(
            "  sordino demo -o sanitised.wav                     keep the result, and listen to it",
        )?;
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

/// Holds every sample of the sanitised recording against the original, and the formula; gives how
/// many there are inside the windows and outside.
fn compare(sanitised: &[u8], windows: &Windows) -> Result<(u64, u64), Error> {
    let (before, after) = (decode(CALL.to_vec())?, decode(sanitised.to_vec())?);
    let spans = Spans::new(windows, 8000, 2)?;
    let spans = &spans.lanes()[0].spans;
    let (mut muted, mut same) = (0, 0);
    for (index, (&was, &is)) in before.iter().zip(&after).enumerate() {
        let frame = index as u64 / 2;
        let inside = spans.iter().any(|span| (span.first..span.end).contains(&frame));
        let expected = if inside { (f32::from(was) * 0.001).round_ties_even() } else { was.into() };
        if f32::from(is) != expected {
            let (container, reason) = ("result".into(), format!("frame {frame} is wrong"));
            return Err(Error::Container { container, reason });
        }
        if inside { muted += 1 } else { same += 1 }
    }
    if before.len() != after.len() {
        let (container, reason) = ("result".into(), "it is not as long as the original".into());
        return Err(Error::Container { container, reason });
    }
    Ok((muted, same))
}

fn decode(bytes: Vec<u8>) -> Result<Vec<i16>, Error> {
    let mut decoder = Decoder::open(Source::stream(std::io::Cursor::new(bytes)))?;
    let recording = decoder.recording().clone();
    let mut block = Block::new(recording.format, recording.channels);
    let mut all = Vec::new();
    while decoder.next(&mut block)? {
        if let Samples::I16(samples) = block.samples() {
            all.extend_from_slice(samples);
        }
    }
    Ok(all)
}
