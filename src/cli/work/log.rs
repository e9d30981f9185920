//! Log lines on stderr: text for people, or JSON Lines.

use std::panic::PanicHookInfo;

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
    std::panic::set_hook(Box::new(panicked));
    // A process has one log, so nobody has begun it before.
    let _ = registry().with(lines.with_filter(ours)).try_init();
}

/// Logs where a panic was. What it says may hold words of a caller.
fn panicked(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
    tracing::error!(at, "a panic: what it says is not shown");
}

/// A line about no job.
pub(super) fn info(line: &str) {
    tracing::info!("{line}");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_without_what_it_says() {
        let lines = Lines::default();
        let writer = lines.clone();
        let fmt = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(panicked));
        let panics = || panic!("my card number is {}", 4111);
        let met = tracing::subscriber::with_default(fmt, || std::panic::catch_unwind(panics));
        std::panic::set_hook(usual);
        assert!(met.is_err());
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("log.rs:") && logged.contains("ERROR"), "{logged}");
        assert!(!logged.contains("card") && !logged.contains("4111"), "{logged}");
    }
}
