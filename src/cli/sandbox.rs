//! `sordino sandbox`: a Genesys stand-in that runs until it is stopped.

use std::path::Path;

use sordino::block::{Block, Samples};
use sordino::sandbox::{Conversation, ConversationRecording, LedgerEntry, Sandbox, SandboxOptions};
use sordino::{Decoder, Error, Source};

use super::args::{SandboxArgs, time};
use super::exit::Failure;
use super::messages;
use super::{block_on, report};

/// The recording that is always there: the call of the fixtures.
pub(crate) const CALL: &[u8] = include_bytes!("../../fixtures/call.opus");
/// Its id.
pub(crate) const CALL_ID: &str = "demo-call";

/// Serves, and prints how to use it.
pub(crate) fn run(args: SandboxArgs) -> Result<(), Failure> {
    let options = SandboxOptions {
        token_lifetime: time("--token-lifetime", &args.token_lifetime)?,
        url_lifetime: time("--url-lifetime", &args.url_lifetime)?,
        storage_port: args.storage_port,
        throttle: args.throttle,
        discard: args.discard,
        listener: Some(log),
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::new(options.clone());
    sandbox.add_recording(CALL_ID, CALL);
    let demo = conversation().map_err(|error| Failure::of("decoding the call", error))?;
    sandbox.add_conversation(demo);
    if let Some(folder) = &args.folder {
        add_folder(&sandbox, folder)?;
    }
    if let Some(hours) = args.made {
        sandbox.add_made_recording("made", hours);
    }
    args.fault.into_iter().for_each(|fault| sandbox.inject(fault));
    block_on(async {
        let doing = format!("listening on ports {} and {}", args.port, args.storage_port);
        let base = sandbox.start(args.port).await.map_err(|error| Failure::usage(doing, error))?;
        report::print(&introduction(&base, &options, &sandbox))?;
        std::future::pending().await
    })
}

/// The conversation of the demo, for the Platform API.
pub(crate) fn conversation() -> Result<Conversation, Error> {
    let mut decoder = Decoder::open(Source::stream(CALL))?;
    let info = decoder.stream_info();
    let (rate, mut block) = (info.rate, Block::new(info.format, info.channels));
    let mut stereo = Vec::new();
    while decoder.next(&mut block)? {
        if let Samples::I16(samples) = block.samples() {
            stereo.extend_from_slice(samples);
        }
    }
    Ok(Conversation::demo(rate, &stereo))
}

fn introduction(base: &str, options: &SandboxOptions, sandbox: &Sandbox) -> String {
    let (id, secret) = (&options.client_id, &options.client_secret);
    let (recordings, storage) = (sandbox.recordings().join(", "), sandbox.storage());
    let port = base.rsplit(':').next().unwrap_or_default();
    format!(
        "A Genesys stand-in listens on {base}, with media and uploads on {storage}.

The recordings API has the recordings {recordings}. In another terminal:

  export GENESYS_BASE_URL={base} GENESYS_CLIENT_ID={id} GENESYS_CLIENT_SECRET={secret}
  export GENESYS_RECORDING_ID={CALL_ID} GENESYS_CONVERSATION_ID=demo-conversation
  sordino recording -w 10-15 -w 30.5-35.2

The Platform API has the conversation demo-conversation, with the recordings demo-trunk, demo-consult,
demo-screen and demo-chat. The official SDKs find it so:

  Python      PureCloudPlatformClientV2.ApiClient(host=\"{base}\")
  JavaScript  client.setGateway({{ host: \"127.0.0.1\", protocol: \"http\", port: {port} }})

ctrl-c ends it."
    )
}

fn add_folder(sandbox: &Sandbox, folder: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::usage(format!("reading {}", folder.display()), error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if path.is_file() && !stem.starts_with('.') {
            // An id stands in the path of a URL, so it keeps to characters that need no escape.
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let id: String = stem.chars().map(|c| if plain(c) { c } else { '_' }).collect();
            let audio = bytes::Bytes::from(std::fs::read(&path).map_err(failed)?);
            sandbox.add_recording(&id, audio.clone());
            let recording = ConversationRecording::new(&id).file("S", audio);
            sandbox.add_conversation(Conversation::new(&id, [recording]));
        }
    }
    Ok(())
}

/// Prints one line for each request.
fn log(entry: &LedgerEntry) {
    let step = entry.step.map_or("-", sordino::genesys::WorkflowStep::name);
    let answer = entry.status.map_or("dropped".into(), |status| status.to_string());
    messages::tell(&format!("{step:10} {:4} {} {answer}", entry.method, entry.path));
}
