//! The two checksums of a frame (RFC 9639, 9.1.8 and 9.3).

/// The checksums of all bytes, for a CRC of 8 or 16 bits. One of 8 bits stands in the upper half.
const fn table(polynomial: u16) -> [u16; 256] {
    let mut all = [0; 256];
    let mut byte: u16 = 0;
    while byte < 256 {
        let mut sum = byte << 8;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum << 1) ^ if sum & 0x8000 == 0 { 0 } else { polynomial };
            bit += 1;
        }
        all[byte as usize] = sum;
        byte += 1;
    }
    all
}

/// x^8 + x^2 + x + 1, in the upper half.
static TABLE_8: [u16; 256] = table(0x0700);

/// x^16 + x^15 + x^2 + 1.
static TABLE_16: [u16; 256] = table(0x8005);

/// The CRC-8 of a header. That of a header with its own checksum is 0.
pub(crate) fn crc8(bytes: &[u8]) -> u8 {
    let sum = |sum: u8, byte: &u8| {
        let [upper, _] = TABLE_8[usize::from(sum ^ byte)].to_be_bytes();
        upper
    };
    bytes.iter().fold(0, sum)
}

/// The CRC-16 of a frame. That of a frame with its own checksum is 0.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| {
        let [upper, lower] = sum.to_be_bytes();
        u16::from_be_bytes([lower, 0]) ^ TABLE_16[usize::from(upper ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRCs: CRC-8/SMBUS and CRC-16/UMTS.
    #[test]
    fn the_checksums_are_those_of_the_catalogue() {
        assert_eq!(crc8(b"123456789"), 0xF4);
        assert_eq!(crc16(b"123456789"), 0xFEE8);
    }
}
