//! Residuals as Rice codes in partitions (RFC 9639, 9.2.7).

use super::bits::BitWriter;

/// The highest order of the partitions: 2^8 of them.
const MAX_ORDER: u32 = 8;

/// The largest parameter that has 4 bits, and the one that has 5; one more is an escape code.
const MAX_NARROW: u32 = 14;
const MAX_WIDE: u32 = 30;

/// How a residual is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partitions {
    order: u32,
    /// The parameter of each partition.
    parameters: Vec<u32>,
    /// How many bits the code has at most.
    pub(super) bits: u64,
}

/// The residual as a number without sign: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4.
fn folded(residual: i32) -> u32 {
    ((residual << 1) ^ (residual >> 31)).cast_unsigned()
}

impl Partitions {
    /// The shortest of the codes that have one parameter for each partition. `warm_up` samples of the
    /// block come before the residual.
    pub(super) fn best(residual: &[i32], warm_up: usize) -> Self {
        let block = residual.len() + warm_up;
        let fits = |order: &u32| block.is_multiple_of(1 << order) && block >> order > warm_up;
        let highest = (0..=MAX_ORDER).rev().find(fits).unwrap_or(0);
        // The sums of the smallest partitions; those of larger ones follow from them.
        let length = block >> highest;
        let (first, rest) = residual.split_at((length - warm_up).min(residual.len()));
        let sum = |part: &[i32]| part.iter().map(|&one| u64::from(folded(one))).sum::<u64>();
        let mut sums: Vec<u64> =
            std::iter::once(sum(first)).chain(rest.chunks(length).map(sum)).collect();
        let mut best = Self::of(&sums, highest, length, warm_up);
        for order in (0..highest).rev() {
            sums = sums.chunks(2).map(|pair| pair.iter().sum()).collect();
            let next = Self::of(&sums, order, block >> order, warm_up);
            if next.bits <= best.bits {
                best = next;
            }
        }
        best
    }

    fn of(sums: &[u64], order: u32, length: usize, warm_up: usize) -> Self {
        let mut bits = 6;
        let cheapest = |(at, &sum): (usize, &u64)| {
            let count = (if at == 0 { length - warm_up } else { length }) as u64;
            let parameter = parameter(sum, count);
            // The quotients together are at most the quotient of the sum.
            bits += 5 + count * u64::from(parameter + 1) + (sum >> parameter);
            parameter
        };
        let parameters = sums.iter().enumerate().map(cheapest).collect();
        Self { order, parameters, bits }
    }

    /// Writes the residual.
    pub(super) fn write(&self, residual: &[i32], warm_up: usize, bits: &mut BitWriter) {
        let is_wide = self.parameters.iter().any(|&parameter| parameter > MAX_NARROW);
        let width = if is_wide { 5 } else { 4 };
        bits.put(is_wide.into(), 2);
        bits.put(self.order, 4);
        let length = (residual.len() + warm_up) >> self.order;
        let mut rest = residual;
        for (at, &parameter) in self.parameters.iter().enumerate() {
            let (part, others) = rest.split_at(if at == 0 { length - warm_up } else { length });
            rest = others;
            bits.put(parameter, width);
            for &one in part {
                let value = folded(one);
                bits.put_unary(value >> parameter);
                bits.put(value, parameter);
            }
        }
    }
}

/// A parameter near the best one for `count` residuals with this sum: the binary logarithm of the mean.
fn parameter(sum: u64, count: u64) -> u32 {
    let mean = sum / count.max(1);
    mean.checked_ilog2().unwrap_or(0).min(MAX_WIDE)
}
