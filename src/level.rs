//! Levels: samples of any format on one scale, full scale being 1.

use crate::block::{SampleFormat, Samples};
use crate::g711::Law;

/// Samples with full scale at ±1.
pub(crate) fn levels(samples: &Samples, format: SampleFormat) -> Vec<f64> {
    let scaled = |full: f64| 1.0 / full;
    match samples {
        Samples::U8(codes) => {
            let law = if format == SampleFormat::ALaw { Law::A } else { Law::Mu };
            let table = law.table();
            codes.iter().map(|&code| f64::from(table[usize::from(code)]) / 32_768.0).collect()
        }
        Samples::I16(all) => {
            let scale = scaled(if format == SampleFormat::U8 { 128.0 } else { 32_768.0 });
            all.iter().map(|&sample| f64::from(sample) * scale).collect()
        }
        Samples::I32(all) => {
            let wide = format == SampleFormat::S32;
            let scale = scaled(if wide { 2_147_483_648.0 } else { 8_388_608.0 });
            all.iter().map(|&sample| f64::from(sample) * scale).collect()
        }
        Samples::F32(all) => all.iter().map(|&sample| f64::from(sample)).collect(),
    }
}

/// How far a sample of this format may be from a level that it stands for, for the sake of rounding.
pub(crate) fn room(format: SampleFormat, level: f64) -> f64 {
    let level = level.abs();
    // Products are floats of 24 bits, save for 32-bit samples.
    let product = level / 4_194_304.0;
    match format {
        // Near 0 codes lie 16 (A-law) or 8 (µ-law) of 32,768 apart, and A-law has none for 0; higher up
        // they lie a 16th of the level apart. The level is rounded, too, before it is coded.
        SampleFormat::ALaw => product + 16.5 / 32_768.0 + level / 32.0,
        SampleFormat::MuLaw => product + 8.5 / 32_768.0 + level / 32.0,
        // The smallest float there is.
        SampleFormat::F32 => product + 1.5e-45,
        // A floor.
        SampleFormat::S24 => product + step(format),
        // Rounded; full scale of a tone is a step below 1.
        SampleFormat::S32 => step(format) * (0.5 + level),
        SampleFormat::U8 | SampleFormat::S16 => product + step(format) * (0.5 + level),
    }
}

/// The distance between two neighbouring samples, full scale being 1. G.711, whose steps grow with the
/// level, counts as 8 bits, and floats as the 24 that are significant.
pub(crate) fn step(format: SampleFormat) -> f64 {
    match format {
        SampleFormat::U8 | SampleFormat::ALaw | SampleFormat::MuLaw => 1.0 / 128.0,
        SampleFormat::S16 => 1.0 / 32_768.0,
        SampleFormat::S24 | SampleFormat::F32 => 1.0 / 8_388_608.0,
        SampleFormat::S32 => 1.0 / 2_147_483_648.0,
    }
}
