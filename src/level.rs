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
