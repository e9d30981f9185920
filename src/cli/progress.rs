//! A progress bar on stderr, for work that takes long enough to wonder about.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nobody wonders before this.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many steps pass between two looks at the clock.
const STEPS: u64 = 64;

pub(crate) struct Bar {
    bar: ProgressBar,
    verb: &'static str,
    since: Instant,
    steps: u64,
    drawn: bool,
}

impl Bar {
    /// Nothing is drawn unless stderr is a terminal.
    pub(crate) fn new(verb: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, verb, since: Instant::now(), steps: 0, drawn: false }
    }

    /// Moves the bar to `bytes`, of so many where that is known.
    pub(crate) fn show(&mut self, bytes: u64, of: Option<u64>) {
        self.steps += 1;
        if !self.steps.is_multiple_of(STEPS) || self.since.elapsed() < PATIENCE {
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

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line on stderr that says what is going on. It is drawn only when it changes, so that nothing runs
/// beside what is being measured.
pub(crate) struct Status(ProgressBar);

impl Status {
    /// Nothing is drawn unless stderr is a terminal.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
        self.0.tick();
    }

    /// Takes the line away.
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
