//! The exact formulas for each sample format.
//!
//! They are those of FFmpeg's `volume` filter with its default precision, float (double for 32-bit
//! integers, for which float would lose bits), so that sordino and FFmpeg agree bit for bit.

use crate::block::whole_16;
use crate::g711::Law;

/// Arithmetic of one sample format.
pub(super) trait Arithmetic {
    /// Type of a sample in a block.
    type Sample: Copy;
    /// Silence.
    const ZERO: Self::Sample;
    /// The sample times `gain`, which is between 0 and 1.
    fn scale(sample: Self::Sample, gain: f64) -> Self::Sample;
    /// The sample for a level between -1 and 1.
    fn level(level: f64) -> Self::Sample;
    /// The sample without its lowest `unused` bits. To the nearest, not down: at 12 bits all that is left
    /// of quiet speech would be its sign, and that can be understood.
    fn round(sample: Self::Sample, unused: u16) -> Self::Sample;
}

/// Samples of up to 16 bits, whose largest value is `FULL`.
pub(super) struct Narrow<const FULL: i16>;
/// 8-bit samples, stored as -128 to 127.
pub(super) type Int8 = Narrow<127>;
/// 16-bit samples.
pub(super) type Int16 = Narrow<32_767>;
/// 24-bit samples, stored in 32 bits.
pub(super) struct Int24;
/// 32-bit samples.
pub(super) struct Int32;
/// 32-bit floats.
pub(super) struct Float32;
/// G.711 codes, of µ-law or A-law.
pub(super) struct Codes<const IS_MU: bool>;
/// A-law codes.
pub(super) type ALaw = Codes<false>;
/// µ-law codes.
pub(super) type MuLaw = Codes<true>;

/// `round_ties_even(f32(x) · f32(gain))`. The gain is at most 1, so no clipping is needed.
#[expect(clippy::cast_possible_truncation, reason = "the gain is rounded to f32")]
fn scale_16(sample: i16, gain: f64) -> i16 {
    whole_16(f32::from(sample) * gain as f32)
}

/// Rounds to a multiple of 2 to the power of `unused`, which is at most `full`.
fn round_to(sample: i32, unused: u16, full: i32) -> i32 {
    match unused {
        0 => sample,
        unused => sample.saturating_add(1 << (unused - 1)).min(full) >> unused << unused,
    }
}

/// `round(level · full)`.
#[expect(clippy::cast_possible_truncation, reason = "|level| is at most 1 and full fits")]
fn level_of(level: f64, full: i32) -> i32 {
    (level * f64::from(full)).round() as i32
}

impl<const FULL: i16> Arithmetic for Narrow<FULL> {
    type Sample = i16;
    const ZERO: i16 = 0;

    fn scale(sample: i16, gain: f64) -> i16 {
        scale_16(sample, gain)
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most FULL")]
    fn level(level: f64) -> i16 {
        level_of(level, FULL.into()) as i16
    }

    #[expect(clippy::cast_possible_truncation, reason = "between -FULL - 1 and FULL")]
    fn round(sample: i16, unused: u16) -> i16 {
        round_to(sample.into(), unused, FULL.into()) as i16
    }
}

impl Arithmetic for Int24 {
    type Sample = i32;
    const ZERO: i32 = 0;

    /// FFmpeg converts to 32 bits, rounds, and keeps the upper 24 bits, so the result is a floor.
    #[expect(clippy::cast_possible_truncation, reason = "rounds the gain, clips the product")]
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit an f32")]
    fn scale(sample: i32, gain: f64) -> i32 {
        let product = (sample as f32 / 8_388_608.0) * gain as f32;
        let wide = (product * 2_147_483_648.0).round_ties_even();
        // `as` saturates: it clips.
        (wide as i32) >> 8
    }

    fn level(level: f64) -> i32 {
        level_of(level, 8_388_607)
    }

    fn round(sample: i32, unused: u16) -> i32 {
        round_to(sample, unused, 8_388_607)
    }
}

impl Arithmetic for Int32 {
    type Sample = i32;
    const ZERO: i32 = 0;

    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates: it clips")]
    fn scale(sample: i32, gain: f64) -> i32 {
        (f64::from(sample) * gain).round_ties_even() as i32
    }

    fn level(level: f64) -> i32 {
        level_of(level, i32::MAX)
    }

    fn round(sample: i32, unused: u16) -> i32 {
        round_to(sample, unused, i32::MAX)
    }
}

impl Arithmetic for Float32 {
    type Sample = f32;
    const ZERO: f32 = 0.0;

    #[expect(clippy::cast_possible_truncation, reason = "the gain is rounded to f32")]
    fn scale(sample: f32, gain: f64) -> f32 {
        sample * gain as f32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the level is rounded to f32")]
    fn level(level: f64) -> f32 {
        level as f32
    }

    /// Floats have no unused bits.
    fn round(sample: f32, _: u16) -> f32 {
        sample
    }
}

impl<const IS_MU: bool> Codes<IS_MU> {
    const LAW: Law = if IS_MU { Law::Mu } else { Law::A };
}

impl<const IS_MU: bool> Arithmetic for Codes<IS_MU> {
    type Sample = u8;
    const ZERO: u8 = Self::LAW.silence();

    /// Scales the amplitude of the code like a 16-bit sample.
    fn scale(code: u8, gain: f64) -> u8 {
        Self::LAW.encode(scale_16(Self::LAW.table()[usize::from(code)], gain))
    }

    fn level(level: f64) -> u8 {
        Self::LAW.encode(Int16::level(level))
    }

    /// Codes have no unused bits.
    fn round(code: u8, _: u16) -> u8 {
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GAINS: [f64; 8] = [0.001, 0.000_1, 0.1, 0.25, 0.333, 0.5, 0.999, 1.0];

    /// Every 16-bit sample, against the plain formula.
    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the formula itself")]
    fn every_16_bit_sample_follows_the_formula() {
        for gain in GAINS {
            for sample in i16::MIN..=i16::MAX {
                let exact = (f32::from(sample) * gain as f32).round_ties_even();
                let expected = exact.clamp(-32768.0, 32767.0) as i16;
                assert_eq!(Int16::scale(sample, gain), expected, "{sample} {gain}");
            }
        }
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the formula itself")]
    fn every_8_bit_sample_follows_the_formula() {
        for gain in GAINS {
            for byte in 0..=u8::MAX {
                let level = (f32::from(byte) - 128.0) / 128.0;
                let expected = (level * gain as f32 * 128.0).round_ties_even() as i16;
                assert_eq!(Int8::scale(i16::from(byte) - 128, gain), expected, "{byte} {gain}");
            }
        }
    }

    #[test]
    fn known_values_of_each_width() {
        let halves = [500, 1500, -500, 2500, 32767, -32768].map(|x| Int16::scale(x, 0.001));
        assert_eq!(halves, [0, 2, 0, 2, 33, -33]);
        // A floor: small negative products become -1, not 0.
        let floors = [1000, -1000, 1999, -1, -4, 8_388_607].map(|x| Int24::scale(x, 0.001));
        assert_eq!(floors, [1, -1, 2, 0, -1, 8388]);
        let wide = [i32::MAX, i32::MIN, 499, 501].map(|x| Int32::scale(x, 0.001));
        assert_eq!(wide, [2_147_484, -2_147_484, 0, 1]);
        // Amplitude 32256 becomes 32, between the A-law codes for 24 and 40.
        assert_eq!([0xAA, 0x2A, 0xD5].map(|code| ALaw::scale(code, 0.001)), [0xD7, 0x54, 0xD5]);
        assert_eq!([0x80, 0x00, 0x7F].map(|code| MuLaw::scale(code, 0.001)), [0xFB, 0x7B, 0xFF]);
        assert_eq!(Float32::scale(0.5, 0.001).to_bits(), (0.5 * 0.001f32).to_bits());
    }

    #[test]
    fn levels_reach_full_scale_and_no_further() {
        assert_eq!((Int8::level(1.0), Int8::level(-1.0)), (127, -127));
        assert_eq!((Int16::level(1.0), Int16::level(-1.0)), (32767, -32767));
        assert_eq!((Int24::level(1.0), Int24::level(-1.0)), (8_388_607, -8_388_607));
        assert_eq!((Int32::level(1.0), Int32::level(-1.0)), (i32::MAX, -i32::MAX));
    }

    #[test]
    fn samples_are_rounded_to_the_nearest_of_so_many_bits() {
        let line = [0, 7, -7, 8, -8, -9, 24, 0x7FE8, 0x7FF0, 0x7FFF, -0x8000];
        let expected = [0, 0, 0, 16, 0, -16, 32, 0x7FF0, 0x7FF0, 0x7FF0, -0x8000];
        assert_eq!(line.map(|sample| Int16::round(sample, 4)), expected);
        let line = [7, -9, 0x7F_FFF0, 0x7F_FFFF, -0x80_0000];
        let expected = [0, -16, 0x7F_FFF0, 0x7F_FFF0, -0x80_0000];
        assert_eq!(line.map(|sample| Int24::round(sample, 4)), expected);
        assert_eq!(line.map(|sample| Int24::round(sample, 0)), line);
        assert_eq!(Int32::round(i32::MAX, 7), i32::MAX - 127);
    }

    proptest! {
        #[test]
        fn scaling_never_grows_a_sample_nor_turns_its_sign(x: i32, gain in 0.0f64..=1.0) {
            let y = i64::from(Int32::scale(x, gain));
            let x = i64::from(x);
            prop_assert!(y.abs() <= x.abs() && y * x >= 0);
        }
    }
}
