//! Log lines on stderr: text for people, or JSON Lines.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::super::args::LogKind;
use super::super::messages::{is_quiet, is_verbose};

/// Begins to log. Lines of other crates are left out: nobody has promised what they name.
pub(super) fn begin(kind: LogKind) {
    let level = match (is_quiet(), is_verbose()) {
        (true, _) => LevelFilter::WARN,
        (_, true) => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    let ours = Targets::new().with_target("sordino", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match kind {
        LogKind::Json => lines.json().flatten_event(true).boxed(),
        LogKind::Text => lines.with_ansi(false).boxed(),
    };
    // A process has one log, so nobody has begun it before.
    let _ = registry().with(lines.with_filter(ours)).try_init();
}

/// A line about no job.
pub(super) fn info(line: &str) {
    tracing::info!("{line}");
}
