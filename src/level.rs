//! Levels: samples of any format as amplitudes (full scale is 1), their peak and RMS, and dB.

use std::fmt;

use crate::block::{SampleFormat, Samples};
use crate::g711::Law;

/// The shortest stretch of audio whose level or outline is shown, in milliseconds. Numbers for shorter
/// ones could describe the speech itself.
pub(crate) const SHORTEST_SHOWN_MS: u32 = 20;

/// Samples as amplitudes: full scale is ±1.
pub(crate) fn amplitudes(samples: &Samples, format: SampleFormat) -> Vec<f64> {
    match samples {
        Samples::U8(codes) => {
            let law = if format == SampleFormat::ALaw { Law::A } else { Law::Mu };
            let table = law.table();
            codes.iter().map(|&code| f64::from(table[usize::from(code)]) / 32_768.0).collect()
        }
        Samples::I16(all) => {
            let scale = 1.0 / if format == SampleFormat::U8 { 128.0 } else { 32_768.0 };
            all.iter().map(|&sample| f64::from(sample) * scale).collect()
        }
        Samples::I32(all) => {
            let wide = format == SampleFormat::S32;
            let scale = 1.0 / if wide { 2_147_483_648.0 } else { 8_388_608.0 };
            all.iter().map(|&sample| f64::from(sample) * scale).collect()
        }
        Samples::F32(all) => all.iter().map(|&sample| f64::from(sample)).collect(),
    }
}

/// The largest rounding error of a treated sample of this format, at this level. `bits`: how many it has,
/// if they are fewer than those of the format.
pub(crate) fn rounding_error(format: SampleFormat, bits: Option<u16>, level: f64) -> f64 {
    let level = level.abs();
    // Rounded to the nearest once more.
    let coarse = bits.map_or(0.0, |bits| 0.5_f64.powi(i32::from(bits)));
    // The treatment multiplies in f32 (24 significant bits), except for 32-bit samples.
    let product = level / 4_194_304.0;
    coarse
        + match format {
            // Near 0 the codes are 16 (A-law) or 8 (µ-law) of 32,768 apart, and A-law has no code for 0;
            // above, they are 1/16 of the level apart. The amplitude is rounded before it is coded.
            SampleFormat::ALaw => product + 16.5 / 32_768.0 + level / 32.0,
            SampleFormat::MuLaw => product + 8.5 / 32_768.0 + level / 32.0,
            // The smallest positive f32.
            SampleFormat::F32 => product + 1.5e-45,
            // Rounded down.
            SampleFormat::S24 => product + step(format),
            // Rounded to the nearest; full scale of a tone is one step below 1.
            SampleFormat::S32 => step(format) * (0.5 + level),
            SampleFormat::U8 | SampleFormat::S16 => product + step(format) * (0.5 + level),
        }
}

/// Distance between two neighbouring sample values, where full scale is 1. G.711, whose steps grow with
/// the level, counts as 8 bits; floats count as their 24 significant bits.
pub(crate) fn step(format: SampleFormat) -> f64 {
    match format {
        SampleFormat::U8 | SampleFormat::ALaw | SampleFormat::MuLaw => 1.0 / 128.0,
        SampleFormat::S16 => 1.0 / 32_768.0,
        SampleFormat::S24 | SampleFormat::F32 => 1.0 / 8_388_608.0,
        SampleFormat::S32 => 1.0 / 2_147_483_648.0,
    }
}

/// Peak and root mean square of some samples, full scale being 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Levels {
    /// The largest absolute amplitude.
    pub peak: f64,
    /// The root mean square.
    pub rms: f64,
}

/// Measures the [`Levels`] of a stream of samples.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LevelMeter {
    peak: f64,
    /// The sum of the squares.
    energy: f64,
}

impl LevelMeter {
    /// Adds a sample. NaN and infinities count as silence: one of them would hide all other samples.
    pub(crate) fn add(&mut self, amplitude: f64) {
        if amplitude.is_finite() {
            self.peak = self.peak.max(amplitude.abs());
            self.energy += amplitude * amplitude;
        }
    }

    /// The levels over `count` samples.
    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub(crate) fn levels(self, count: u64) -> Levels {
        Levels { peak: self.peak, rms: (self.energy / count.max(1) as f64).sqrt() }
    }
}

/// A level in dB relative to full scale, or the ratio of two amplitudes in dB. Displays one decimal
/// unless a precision is given, without a unit; digital silence is `-inf`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Decibels(pub f64);

impl Decibels {
    /// The level of an amplitude, full scale being 1.
    pub fn of(amplitude: f64) -> Self {
        Self(20.0 * amplitude.log10())
    }

    /// The amplitude of this level, full scale being 1.
    pub fn amplitude(self) -> f64 {
        10f64.powf(self.0 / 20.0)
    }
}

impl fmt::Display for Decibels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.*}", f.precision().unwrap_or(1), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_display_one_decimal_and_silence_as_minus_infinity() {
        let shown = [1.0, 0.5, 0.001, 0.0].map(|amplitude| Decibels::of(amplitude).to_string());
        assert_eq!(shown, ["0.0", "-6.0", "-60.0", "-inf"]);
        assert_eq!(format!("{:.0} dB", Decibels::of(0.25)), "-12 dB");
        assert!((Decibels(-20.0).amplitude() - 0.1).abs() < 1e-12);
    }
}
