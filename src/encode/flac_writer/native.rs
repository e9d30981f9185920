//! Samples in the bit depth of a FLAC. In a block they are aligned to the top of 8, 16 or 24 bits.

use std::borrow::Cow;

use crate::block::{Block, SampleFormat, Samples};

/// Converter from blocks to the integers that a FLAC of this depth holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Native {
    /// How many lower bits of a sample in a block are not in the FLAC.
    shift: u32,
    /// Bytes of a sample, for the MD5.
    width: usize,
    /// Whether the bytes of a block are those for the MD5.
    is_stored: bool,
}

impl Native {
    pub(super) fn of(format: SampleFormat, bits: u8) -> Self {
        let shift = (u32::from(format.bytes()) * 8).saturating_sub(bits.into());
        // A WAV has unsigned samples of 8 bits, a FLAC signed ones.
        let is_stored = shift == 0 && format != SampleFormat::U8;
        Self { shift, width: format.bytes().into(), is_stored }
    }

    /// The samples as the MD5 sees them: signed, in whole bytes, little-endian.
    pub(super) fn bytes<'a>(&self, block: &'a Block) -> Cow<'a, [u8]> {
        if self.is_stored {
            return block.stored();
        }
        let bytes = |sample: i32| (sample >> self.shift).to_le_bytes().into_iter().take(self.width);
        match block.samples() {
            Samples::I16(all) => all.iter().flat_map(|&sample| bytes(sample.into())).collect(),
            Samples::I32(all) => all.iter().flat_map(|&sample| bytes(sample)).collect(),
            // FLAC has integers only.
            Samples::U8(_) | Samples::F32(_) => Cow::Borrowed(&[]),
        }
    }

    /// Fills the lists, one for each channel.
    pub(super) fn split(&self, block: &Block, channels: &mut [Vec<i32>]) {
        let count = channels.len();
        for (channel, list) in channels.iter_mut().enumerate() {
            list.clear();
            match block.samples() {
                Samples::I16(all) => {
                    let mine = all.iter().skip(channel).step_by(count);
                    list.extend(mine.map(|&sample| i32::from(sample) >> self.shift));
                }
                Samples::I32(all) => {
                    let mine = all.iter().skip(channel).step_by(count);
                    list.extend(mine.map(|&sample| sample >> self.shift));
                }
                Samples::U8(_) | Samples::F32(_) => {}
            }
        }
    }
}
