//! Bits of a packet, the highest of each byte first.

/// A reader of bits. Behind the end it reads zeros, and fails as soon as it is asked for a number.
#[derive(Debug, Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Position in bits.
    at: usize,
}

impl<'a> Bits<'a> {
    /// Number of bits that [`Bits::peek`] shows at least.
    pub(super) const PEEKED: u32 = 57;

    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits, [`Bits::PEEKED`] or more, the first one highest. Does not move.
    pub(super) fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => {
                rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte))
                    << (8 * (8 - rest.len()) % 64)
            }
        };
        word << (self.at % 8)
    }

    /// Moves on. The end is noticed later.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// The next 1 to 32 bits as a number; `None` at the end.
    pub(super) fn take(&mut self, count: usize) -> Option<usize> {
        let value = self.peek() >> (64 - count);
        self.skip(count);
        self.is_inside().then_some(usize::try_from(value).ok()?)
    }

    /// The next bit; `None` at the end.
    pub(super) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// Moves to the next whole byte.
    pub(super) fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// The number of bits up to the end.
    pub(super) fn left(&self) -> usize {
        (8 * self.bytes.len()).saturating_sub(self.at)
    }

    /// Whether all bits so far were there.
    pub(super) fn is_inside(&self) -> bool {
        self.at <= 8 * self.bytes.len()
    }
}
