//! Levels: samples of every format on one scale, where full scale is 1. Peak and RMS are measured on it.

use crate::block::{SampleFormat, Samples};
use crate::g711::Law;

/// The shortest stretch of audio whose level or outline is shown, in milliseconds. A few numbers for
/// shorter ones would describe the speech itself.
pub(crate) const SHORTEST_SHOWN_MS: u32 = 20;

/// Converts samples to levels, with full scale at ±1.
pub(crate) fn levels(samples: &Samples, format: SampleFormat) -> Vec<f64> {
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

/// The largest rounding error of a treated sample of this format, at this level.
pub(crate) fn room(format: SampleFormat, level: f64) -> f64 {
    let level = level.abs();
    // The treatment multiplies in f32 (24 significant bits), except for 32-bit samples.
    let product = level / 4_194_304.0;
    match format {
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
