//! Huffman codes of AAC, only as far as is needed to pass over them (ISO/IEC 14496-3, 4.A.1).
//!
//! In each codebook, the codes of one length are consecutive numbers that continue after those of the
//! shorter ones. So how many codes have each length says where a code ends. How many signs and escapes
//! follow it depends on the code.

use std::sync::LazyLock;

use super::bits::Bits;

/// Number of bits that a table is indexed by. Longer codes are rare, and a larger table takes longer to make.
const INDEX: u32 = 10;

/// A codebook.
pub(super) struct Book {
    /// Number of coefficients of a code.
    pub(super) size: usize,
    /// Number of codes of each length, beginning with 1 bit.
    pub(super) lengths: &'static [u64],
    /// What follows each code: the number of signs, or `p`, `q` and `r` for 1 sign and 1 escape, 2 and 1,
    /// 2 and 2. Empty if nothing follows any code.
    pub(super) after: &'static [u8],
    /// For each value of the next [`INDEX`] bits: the codes that end in them.
    looks: Box<[Look; 1 << INDEX]>,
}

/// What a look at the next bits shows.
#[derive(Clone, Copy, Default)]
struct Look {
    /// Number of codes, and of their bits with the signs. A code with escapes, or one that is longer than
    /// the look, is not counted.
    codes: u8,
    bits: u8,
    /// The first code, which may have escapes.
    first: Code,
}

/// A code with what follows it.
#[derive(Clone, Copy, Default)]
struct Code {
    /// Number of bits, with the signs; 0 if it is not known.
    bits: u8,
    escapes: u8,
}

impl Book {
    fn new((size, lengths, after): (usize, &'static [u64], &'static str)) -> Self {
        let looks = Box::new([Look::default(); 1 << INDEX]);
        let mut book = Self { size, lengths, after: after.as_bytes(), looks };
        for index in 0..1 << INDEX {
            book.looks[index] = book.look((index as u64) << (64 - INDEX));
        }
        book
    }

    /// The entry of the table for the bits at the head of `word`, which has no others.
    fn look(&self, word: u64) -> Look {
        let mut look = Look::default();
        while u32::from(look.bits) < INDEX {
            let (length, code) = self.code(word << look.bits);
            if u32::from(look.bits) + length > INDEX {
                break;
            }
            if look.codes == 0 {
                look.first = code;
            }
            if code.escapes > 0 {
                break;
            }
            look.bits += code.bits;
            look.codes += 1;
        }
        look
    }

    /// The code at the head of `word`, and its length without the signs.
    fn code(&self, word: u64) -> (u32, Code) {
        let (mut first, mut before, mut length) = (0, 0, 0);
        for count in self.lengths {
            length += 1;
            let place = (word >> (64 - length)) - first;
            if place < *count {
                before += place;
                break;
            }
            before += count;
            first = (first + count) << 1;
        }
        let after = usize::try_from(before).ok().and_then(|index| self.after.get(index));
        let (signs, escapes) = match after {
            Some(b'p') => (1, 1),
            Some(b'q') => (2, 1),
            Some(b'r') => (2, 2),
            Some(digit) => (digit - b'0', 0),
            None => (0, 0),
        };
        // At most 16 and 4.
        let bits = u8::try_from(length).unwrap_or(0) + signs;
        (length, Code { bits, escapes })
    }

    /// Passes over `codes` codes; `None` if one is invalid. The end of the packet is not noticed.
    pub(super) fn skip(&self, bits: &mut Bits, mut codes: usize) -> Option<()> {
        while codes > 0 {
            let (mut word, mut used) = (bits.peek(), 0);
            while codes > 0 && used + INDEX <= Bits::PEEKED {
                let look = self.looks[usize::try_from(word >> (64 - INDEX)).ok()?];
                let (count, length) = match (look.codes, look.first) {
                    (0, first) if used == 0 => (1, self.long(word, first)?),
                    (0, _) => break,
                    (count, _) if usize::from(count) <= codes => (count, look.bits.into()),
                    (_, first) => (1, first.bits.into()),
                };
                codes -= usize::from(count);
                used += length;
                word = word.unbounded_shl(length);
            }
            bits.skip(usize::try_from(used).ok()?);
        }
        Some(())
    }

    /// Number of bits of the code at the head of `word`, if it has escapes or is longer than a look;
    /// `None` if an escape is too long.
    #[inline]
    fn long(&self, word: u64, first: Code) -> Option<u32> {
        let code = if first.bits > 0 { first } else { self.code(word).1 };
        let mut bits = u32::from(code.bits);
        for _ in 0..code.escapes {
            // Ones, a zero, and four bits more than there were ones.
            let ones = (word << bits).leading_ones();
            if ones > 8 {
                return None;
            }
            bits += 2 * ones + 5;
        }
        Some(bits)
    }
}

/// The codebooks 1 to 11 of spectral data (tables 4.A.2 to 4.A.12).
pub(super) static SPECTRAL: LazyLock<[Book; 11]> = LazyLock::new(|| BOOKS.map(Book::new));

/// The codebook of scale factors (table 4.A.1).
pub(super) static SCALE_FACTORS: LazyLock<Book> = LazyLock::new(|| Book::new(FACTORS));

/// Number of coefficients of a code, number of codes of each length, and what follows each code.
type Codes = (usize, &'static [u64], &'static str);

const BOOKS: [Codes; 11] = [
    (4, &[1, 0, 0, 0, 8, 0, 24, 0, 24, 8, 16], ""),
    (4, &[0, 0, 1, 1, 7, 24, 15, 19, 14], ""),
    (
        4,
        &[1, 0, 0, 4, 2, 6, 3, 5, 15, 15, 8, 9, 3, 3, 5, 2],
        "01111222223234331122323233122122433432324433233322324334423333334444223343444323\
         3",
    ),
    (
        4,
        &[0, 0, 0, 10, 6, 0, 9, 21, 8, 14, 11, 2],
        "43333120222212114444333333333333222222222222111144444433333333343334442222224333\
         3",
    ),
    (2, &[1, 0, 0, 4, 4, 0, 4, 12, 12, 12, 18, 10, 4], ""),
    (2, &[0, 0, 0, 9, 0, 16, 13, 8, 23, 8, 4], ""),
    (
        2,
        &[1, 0, 2, 1, 0, 4, 5, 10, 14, 15, 8, 4],
        "0112221122211222222221122212122222222211222222222222112222222222",
    ),
    (
        2,
        &[0, 0, 1, 5, 7, 10, 14, 15, 8, 4],
        "2212120112222222221122222222221212222222121222222222221212222112",
    ),
    (
        2,
        &[1, 0, 2, 1, 0, 4, 3, 8, 11, 20, 31, 38, 32, 14, 4],
        "01122211222112222222211222222212122222222122222222122212222122221122222222222221\
         22212222222222222222222212212222222122222222222222212212222122222222222222222222\
         222222222",
    ),
    (
        2,
        &[0, 0, 0, 3, 8, 14, 17, 25, 31, 41, 22, 8],
        "22221122222112222022112222222222221212222222222221212222222222222222221222221222\
         22222222222222121222222212222221222222222222222221212122222222222222212122212221\
         222222122",
    ),
    (
        2,
        &[0, 0, 0, 2, 6, 7, 16, 59, 55, 95, 43, 6],
        "02r11222222121222222211222222222222222qqqqq2q121q2qqqq22222qq22qqq22q2qqq2q22qq2\
         221qq222212qq22q2q2222222q221222222122222222222222122222222222p222222p2122222222\
         22222222222222222222221222222222222222222122222222222222222222222222211222222222\
         2222222222222222212212122212222211222212212112112",
    ),
];

const FACTORS: Codes = (1, &[1, 0, 1, 3, 2, 4, 3, 5, 4, 6, 6, 6, 5, 8, 4, 7, 3, 7, 46], "");
