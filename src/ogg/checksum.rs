//! The checksum of a page: CRC-32 with the polynomial 0x04C11DB7, not reflected, from 0, without a final
//! inversion (RFC 3533, 6).

const POLYNOMIAL: u32 = 0x04C1_1DB7;

/// Bytes that are taken at once.
const SLICES: usize = 16;

/// `TABLES[n][byte]`: the checksum of a byte that `n` zero bytes follow.
static TABLES: [[u32; 256]; SLICES] = tables();

const fn tables() -> [[u32; 256]; SLICES] {
    let mut tables = [[0; 256]; SLICES];
    let mut byte = 0;
    let mut top = 0;
    while byte < 256 {
        let mut crc: u32 = top;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc >> 31 == 1 { crc << 1 ^ POLYNOMIAL } else { crc << 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
        top = top.wrapping_add(1 << 24);
    }
    let mut slice = 1;
    while slice < SLICES {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[slice - 1][byte];
            tables[slice][byte] = before << 8 ^ tables[0][(before >> 24) as usize];
            byte += 1;
        }
        slice += 1;
    }
    tables
}

/// Goes on from the checksum of the bytes before, which is 0 at the start.
pub(crate) fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let (groups, rest) = bytes.as_chunks::<SLICES>();
    // Many bytes at once are several times as fast as one after the other.
    let crc = groups.iter().fold(crc, |crc, group| {
        let mut bytes = *group;
        bytes.iter_mut().zip(crc.to_be_bytes()).for_each(|(byte, crc)| *byte ^= crc);
        let parts = bytes.iter().zip(TABLES.iter().rev());
        parts.fold(0, |sum, (&byte, table)| sum ^ table[usize::from(byte)])
    });
    rest.iter()
        .fold(crc, |crc, &byte| crc << 8 ^ TABLES[0][usize::from(crc.to_be_bytes()[0] ^ byte)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bit by bit, as the specification has it.
    fn slow(bytes: &[u8]) -> u32 {
        bytes.iter().fold(0, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
                if crc >> 31 == 1 { crc << 1 ^ POLYNOMIAL } else { crc << 1 }
            })
        })
    }

    proptest! {
        #[test]
        fn the_checksum_is_that_of_the_bits_in_whatever_pieces(
            bytes: Vec<u8>, cut: prop::sample::Index,
        ) {
            let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(crc32(crc32(0, one), two), slow(&bytes));
        }
    }
}
