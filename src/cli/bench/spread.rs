//! Statistics of a few runs.

use serde_json::{Value, json};

/// The middle of some numbers, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of any numbers that are finite; `None` when there is none.
    pub(super) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> =
            numbers.into_iter().filter(|number| number.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        let half = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            f64::midpoint(sorted[half - 1], sorted[half])
        };
        Some(Self { least, median, most })
    }

    pub(super) fn to_json(self) -> Value {
        json!({ "median": self.median, "least": self.least, "most": self.most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let spread = |numbers: &[f64]| Spread::of(numbers.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[2.0]), Some(Spread { least: 2.0, median: 2.0, most: 2.0 }));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { least: 1.0, median: 2.0, most: 9.0 }));
        assert_eq!(
            spread(&[4.0, 1.0, 9.0, 2.0]),
            Some(Spread { least: 1.0, median: 3.0, most: 9.0 })
        );
    }

    #[test]
    fn what_is_no_number_does_not_count() {
        let spread = Spread::of([f64::NAN, 1.0, f64::INFINITY]);
        assert_eq!(spread, Some(Spread { least: 1.0, median: 1.0, most: 1.0 }));
        assert_eq!(Spread::of([f64::NAN]), None);
    }
}
