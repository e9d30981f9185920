//! Bits, the highest of each number first, as FLAC stores them.

/// A sequence of bits on its way to bytes.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// The last bits, fewer than 8 between two calls, in the lowest places.
    rest: u64,
    count: u32,
}

impl BitWriter {
    /// Continues after these bytes.
    pub(super) fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, rest: 0, count: 0 }
    }

    /// Appends the lowest `count` bits of `value`, at most 32.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        let value = u64::from(value) & ((1 << count) - 1);
        self.rest = self.rest << count | value;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let [.., byte] = (self.rest >> self.count).to_be_bytes();
            self.bytes.push(byte);
        }
    }

    /// Appends the lowest `count` bits of a number in two's complement.
    pub(super) fn put_signed(&mut self, value: i32, count: u32) {
        self.put(value.cast_unsigned(), count);
    }

    /// Appends `zeros` zeros and a one.
    pub(super) fn put_unary(&mut self, mut zeros: u32) {
        while zeros >= 32 {
            self.put(0, 32);
            zeros -= 32;
        }
        self.put(1, zeros + 1);
    }

    /// The bytes, after zeros up to a whole one.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(0, (8 - self.count) % 8);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bit_comes_first() {
        let mut bits = BitWriter::after(vec![7]);
        bits.put(0b101, 3);
        bits.put_unary(2);
        bits.put_signed(-1, 2);
        assert_eq!(bits.finish(), [7, 0b1010_0111]);
        let mut bits = BitWriter::default();
        bits.put_unary(40);
        bits.put(u32::MAX, 32);
        assert_eq!(bits.finish(), [0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x80]);
    }
}
