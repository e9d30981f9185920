//! `sordino sandbox`: a Genesys stand-in that runs until it is stopped.

use std::path::Path;

use sordino::sandbox::{LedgerEntry, Sandbox, SandboxOptions};

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
        throttle: args.throttle,
        discard: args.discard,
        listener: Some(log),
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::new(options.clone());
    sandbox.add_recording(CALL_ID, CALL);
    if let Some(folder) = &args.folder {
        add_folder(&sandbox, folder)?;
    }
    if let Some(hours) = args.made {
        sandbox.add_made_recording("made", hours);
    }
    args.fault.into_iter().for_each(|fault| sandbox.inject(fault));
    block_on(async {
        let doing = format!("listening on port {}", args.port);
        let base = sandbox.start(args.port).await.map_err(|error| Failure::usage(doing, error))?;
        report::print(&introduction(&base, &options, &sandbox))?;
        std::future::pending().await
    })
}

fn introduction(base: &str, options: &SandboxOptions, sandbox: &Sandbox) -> String {
    let (id, secret) = (&options.client_id, &options.client_secret);
    let recordings = sandbox.recordings().join(", ");
    format!(
        "A Genesys stand-in listens on {base}. Recordings: {recordings}. In another terminal:

  export GENESYS_BASE_URL={base} GENESYS_CLIENT_ID={id} GENESYS_CLIENT_SECRET={secret}
  export GENESYS_RECORDING_ID={CALL_ID} GENESYS_CONVERSATION_ID=demo-conversation
  sordino recording -w 10-15 -w 30.5-35.2

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
            sandbox.add_recording(&id, std::fs::read(&path).map_err(failed)?);
        }
    }
    Ok(())
}

/// Prints one line for each request.
fn log(entry: &LedgerEntry) {
    let step = entry.step.map_or("-", sordino::genesys::WorkflowStep::name);
    let answer = entry.status.map_or("dropped".into(), |status| status.to_string());
    messages::tell(&format!("{step:9} {:4} {} {answer}", entry.method, entry.path));
}
