//! `--gaps`, of all commands that decode.

use clap::{Args as Group, ValueEnum};
use sordino::Gaps;

#[derive(Debug, Clone, Copy, Group)]
pub(crate) struct GapsArgs {
    /// Where nothing was recorded, though the recording's clock ran on: `refuse`, put silence there
    /// (`fill`), or join what is around it (`close`). Windows are meant by the clock, which a player shows
    #[arg(long, value_name = "WAY", default_value = "refuse", hide_possible_values = true)]
    gaps: GapsArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GapsArg {
    Refuse,
    Fill,
    Close,
}

impl GapsArgs {
    pub(crate) fn gaps(self) -> Gaps {
        match self.gaps {
            GapsArg::Refuse => Gaps::Refuse,
            GapsArg::Fill => Gaps::Fill,
            GapsArg::Close => Gaps::Close,
        }
    }
}
