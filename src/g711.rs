//! G.711: conversion between A-law or µ-law codes and 16-bit amplitudes.
//!
//! The formulas are those of ITU-T Recommendation G.711. Amplitudes between two codes are rounded as in
//! the ITU's reference software (G.191), which encodes a negative amplitude by its one's complement.

/// Companding law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Law {
    /// A-law: Europe and most of the world.
    A,
    /// µ-law: North America and Japan.
    Mu,
}

/// A-law codes are stored with their even bits inverted.
const A_MASK: u8 = 0x55;

/// Bias that µ-law adds to an amplitude, so that each segment is twice as long as the one before.
const MU_BIAS: i16 = 0x84;

/// The largest amplitude that does not overflow with the µ-law bias.
const MU_CLIP: i16 = 32_635;

impl Law {
    /// The code for silence: the smallest non-negative amplitude (A-law has no zero).
    pub(crate) const fn silence(self) -> u8 {
        match self {
            Self::A => 0xD5,
            Self::Mu => 0xFF,
        }
    }

    /// The amplitude of each code.
    pub(crate) const fn table(self) -> &'static [i16; 256] {
        match self {
            Self::A => const { &Self::A.amplitudes() },
            Self::Mu => const { &Self::Mu.amplitudes() },
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "an index below 256")]
    const fn amplitudes(self) -> [i16; 256] {
        let mut table = [0; 256];
        let mut code = 0;
        while code < table.len() {
            table[code] = self.decode(code as u8);
            code += 1;
        }
        table
    }

    const fn decode(self, code: u8) -> i16 {
        match self {
            Self::A => {
                let code = code ^ A_MASK;
                let (segment, step) = ((code >> 4) & 7, ((code & 15) as i16) << 4);
                // Half a step (8) is the middle of the interval; from segment 1 on there is a leading 1.
                let size = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
                if code & 0x80 == 0 { -size } else { size }
            }
            Self::Mu => {
                let code = !code;
                let (segment, step) = ((code >> 4) & 7, ((code & 15) as i16) << 3);
                let size = ((step + MU_BIAS) << segment) - MU_BIAS;
                if code & 0x80 == 0 { size } else { -size }
            }
        }
    }

    /// The code for an amplitude.
    pub(crate) fn encode(self, amplitude: i16) -> u8 {
        let (positive, size) = if amplitude < 0 { (0, !amplitude) } else { (0x80, amplitude) };
        match self {
            Self::A => {
                let size = size.cast_unsigned() >> 4;
                let segment = size.checked_ilog2().map_or(0, |bit| bit.saturating_sub(3));
                let step = size >> segment.saturating_sub(1) & 15;
                (positive | byte(segment) << 4 | byte(step.into())) ^ A_MASK
            }
            Self::Mu => {
                let size = (size.min(MU_CLIP) + MU_BIAS).cast_unsigned();
                let segment = size.ilog2() - 7;
                let step = size >> (segment + 3) & 15;
                !((positive ^ 0x80) | byte(segment) << 4 | byte(step.into()))
            }
        }
    }
}

/// Converts a segment or step, which are at most 15.
fn byte(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_the_amplitudes_of_the_recommendation() {
        let a = [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0x80, 5504)];
        let mu = [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xEF, 132)];
        for (law, cases) in [(Law::A, a), (Law::Mu, mu)] {
            for (code, amplitude) in cases {
                assert_eq!(law.table()[code], amplitude, "{law:?} {code:x}");
            }
        }
    }

    /// For every amplitude, the amplitude of its code differs by at most half a step of that segment.
    #[test]
    fn no_code_is_further_than_half_a_step() {
        let cases = [(Law::A, A_MASK, 8, [0x2A, 0xAA]), (Law::Mu, 0xFF, 4, [0x00, 0x80])];
        for (law, mask, least, loudest) in cases {
            for amplitude in -MU_CLIP..=MU_CLIP {
                let code = law.encode(amplitude);
                let segment = (code ^ mask) >> 4 & 7;
                let shift = if law == Law::A { segment.saturating_sub(1) } else { segment };
                let distance = law.table()[usize::from(code)].abs_diff(amplitude);
                assert!(distance <= least << shift, "{law:?} {amplitude} {code:x}");
            }
            assert_eq!([i16::MIN, i16::MAX].map(|full| law.encode(full)), loudest, "{law:?}");
        }
    }

    /// The negative zero of µ-law becomes the positive one; all other codes stay the same.
    #[test]
    fn codes_survive_a_round_trip() {
        for law in [Law::A, Law::Mu] {
            for (code, &amplitude) in (0..=u8::MAX).zip(law.table()) {
                let expected = if amplitude == 0 { law.silence() } else { code };
                assert_eq!(law.encode(amplitude), expected, "{law:?}");
            }
            let least = law.table()[usize::from(law.silence())];
            assert!((0..=8).contains(&least));
        }
    }
}
