//! Progress on stderr: drawn on a terminal only, never with `--quiet`.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::messages::is_quiet;

/// Work that is done before this shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// Steps between two readings of the clock.
const STEPS: u64 = 64;

/// A progress bar that counts bytes.
pub(crate) struct ByteProgress {
    bar: ProgressBar,
    verb: &'static str,
    since: Instant,
    steps: u64,
    drawn: bool,
}

impl ByteProgress {
    /// A hidden bar; it appears when the work takes longer than [`PATIENCE`].
    pub(crate) fn new(verb: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, verb, since: Instant::now(), steps: 0, drawn: false }
    }

    /// Moves the bar to `bytes`, out of `of` where that is known.
    pub(crate) fn show(&mut self, bytes: u64, of: Option<u64>) {
        self.steps += 1;
        if is_quiet() || !self.steps.is_multiple_of(STEPS) || self.since.elapsed() < PATIENCE {
            return;
        }
        if !self.drawn {
            self.drawn = true;
            self.bar.set_style(style(self.verb, of.is_some()));
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            of.inspect(|&of| self.bar.set_length(of));
        }
        self.bar.set_position(bytes);
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line on stderr that says what is going on. It is drawn only when it changes, so that no timer runs
/// during a measurement.
pub(crate) struct Status(ProgressBar);

impl Status {
    /// An empty line.
    pub(crate) fn new() -> Self {
        let target =
            if is_quiet() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    /// Replaces the text of the line.
    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
        self.0.tick();
    }

    /// Prints something else above the line.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Removes the line.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn style(verb: &str, known: bool) -> ProgressStyle {
    let rest = if known {
        "{bar:30} {percent:>3} % of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
    } else {
        "{spinner} {binary_bytes}, {binary_bytes_per_sec}"
    };
    let style = ProgressStyle::with_template(&format!("{verb} {rest}"));
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}
