//! A progress bar on stderr, for work that takes long enough to wonder about.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sordino::Progress;

/// Nobody wonders before this.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many blocks pass between two looks at the clock.
const BLOCKS: u64 = 256;

pub(crate) struct Bar {
    bar: ProgressBar,
    since: Instant,
    blocks: u64,
    drawn: bool,
}

impl Bar {
    /// `bytes` is the length of the input, where it is known. Nothing is drawn unless stderr is a
    /// terminal.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        let bar = match bytes {
            Some(bytes) => ProgressBar::new(bytes).with_style(style(
                "redacting {bar:30} {percent:>3} % {bytes}, {binary_bytes_per_sec}, {eta} left",
            )),
            None => ProgressBar::no_length()
                .with_style(style("redacting {spinner} {bytes}, {binary_bytes_per_sec}")),
        };
        bar.set_draw_target(ProgressDrawTarget::hidden());
        Self { bar, since: Instant::now(), blocks: 0, drawn: false }
    }

    /// Moves the bar; never breaks off.
    pub(crate) fn show(&mut self, progress: Progress) -> ControlFlow<()> {
        self.blocks += 1;
        if self.blocks.is_multiple_of(BLOCKS) && self.since.elapsed() > PATIENCE {
            if !self.drawn {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
                self.drawn = true;
            }
            self.bar.set_position(progress.bytes);
        }
        ControlFlow::Continue(())
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
