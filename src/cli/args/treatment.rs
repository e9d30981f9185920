//! `--gain`, `--silence`, `--tone` and `--fade`: what happens inside the windows.

use clap::Args as Group;
use sordino::Treatment;
use sordino::policy::Settings;

use super::super::exit::Failure;
use super::windows::time;

#[derive(Debug, Group)]
#[command(next_help_heading = "How to redact")]
pub(crate) struct TreatmentArgs {
    /// Multiply by G, from 0 to 1 [default: 0.001, which is -60 dB]. Speech can be recovered, unless G
    /// is 0
    #[arg(long, value_name = "G", conflicts_with_all = ["silence", "tone"], allow_hyphen_values = true)]
    pub(crate) gain: Option<f64>,

    /// Erase: write zeros, so that speech cannot be recovered
    #[arg(long, conflicts_with = "tone")]
    pub(crate) silence: bool,

    /// Erase: write a tone, so that speech cannot be recovered [default frequency: 1000 Hz]
    #[arg(long, value_name = "HZ", num_args = 0..=1, require_equals = true, default_missing_value = "1000")]
    pub(crate) tone: Option<u32>,

    /// Fade the volume for this time before and after each window. Samples outside the windows change
    /// then
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) fade: Option<String>,
}

impl TreatmentArgs {
    /// Adds what these flags say.
    pub(super) fn add_to(&self, settings: &mut Settings) -> Result<(), Failure> {
        let treatment = match (self.silence, self.tone, self.gain) {
            (true, ..) => Some(Ok(Treatment::silence())),
            (_, Some(hz), _) => Some(Treatment::tone(hz)),
            (.., Some(gain)) => Some(Treatment::attenuate(gain)),
            _ => None,
        };
        let treatment = treatment.transpose();
        settings.treatment =
            treatment.map_err(|error| Failure::of("reading the treatment", error))?;
        settings.fade = self.fade.as_deref().map(|fade| time("--fade", fade)).transpose()?;
        Ok(())
    }
}
