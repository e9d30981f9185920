//! Treated samples in the bit depth of their recording.

use crate::block::{Block, Samples};

/// Rounds integers to this number of bits. Those that were not treated have no more. To the nearest, not
/// down: at 12 bits all that is left of quiet speech would be its sign, and that can be understood.
pub(super) fn round_to(bits: u16, block: &mut Block) {
    let unused = (block.format().bytes() * 8).saturating_sub(bits);
    if unused == 0 {
        return;
    }
    // A gain is at most 1, so that adding a half cannot go past the largest number of so many bits.
    match &mut block.samples {
        Samples::I16(all) => {
            let half = 1 << (unused - 1);
            all.iter_mut().for_each(|sample| *sample = (*sample + half) >> unused << unused);
        }
        Samples::I32(all) => {
            let half = 1 << (unused - 1);
            all.iter_mut().for_each(|sample| *sample = (*sample + half) >> unused << unused);
        }
        Samples::U8(_) | Samples::F32(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::SampleFormat;

    #[test]
    fn samples_are_rounded_to_the_nearest_of_so_many_bits() {
        let mut block = Block::new(SampleFormat::S16, 1);
        block.samples = Samples::I16(vec![0, 7, -7, 8, -8, -9, 24, 0x7FE8, 0x7FF0, -0x8000]);
        round_to(12, &mut block);
        let expected = vec![0, 0, 0, 16, 0, -16, 32, 0x7FF0, 0x7FF0, -0x8000];
        assert_eq!(block.samples, Samples::I16(expected));
        let mut block = Block::new(SampleFormat::S24, 1);
        block.samples = Samples::I32(vec![7, -9, 0x7F_FFF0]);
        round_to(20, &mut block);
        assert_eq!(block.samples, Samples::I32(vec![0, -16, 0x7F_FFF0]));
        let mut same = block.clone();
        round_to(24, &mut same);
        assert_eq!(same, block);
    }
}
