//! When a run gives up: `soon,fail=5%`, `now,fail=10`.

use std::str::FromStr;

use thiserror::Error;

/// A percentage counts from this many finished jobs on: one failure of two says little.
const LEAST: u64 = 20;

/// When a run gives up, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halt {
    /// Whether jobs in flight are interrupted. If not, they are finished, and no new one begins.
    pub now: bool,
    limit: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Failures(u64),
    Percent(u64),
}

/// A text that says no halt.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` is neither WHEN,fail=NUMBER nor WHEN,fail=PERCENT%; write for example soon,fail=5% or now,fail=10"
)]
pub struct HaltError(String);

impl Halt {
    /// Whether so many failures among so many finished jobs are too many.
    pub fn is_reached(self, failed: u64, finished: u64) -> bool {
        match self.limit {
            Limit::Failures(most) => failed >= most,
            Limit::Percent(most) => {
                finished >= LEAST && failed > 0 && failed.saturating_mul(100) >= most * finished
            }
        }
    }
}

impl FromStr for Halt {
    type Err = HaltError;

    fn from_str(text: &str) -> Result<Self, HaltError> {
        let parse = || {
            let (when, limit) = text.split_once(",fail=")?;
            let now = match when {
                "now" => true,
                "soon" => false,
                _ => return None,
            };
            let limit = match limit.strip_suffix('%') {
                Some(percent) => {
                    Limit::Percent(percent.parse().ok().filter(|n| (1..=100).contains(n))?)
                }
                None => Limit::Failures(limit.parse().ok().filter(|&n| n > 0)?),
            };
            Some(Self { now, limit })
        };
        parse().ok_or_else(|| HaltError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_says_when_and_at_how_many_failures() {
        let halt = |text: &str| text.parse::<Halt>();
        assert_eq!(halt("now,fail=10"), Ok(Halt { now: true, limit: Limit::Failures(10) }));
        assert_eq!(halt("soon,fail=5%"), Ok(Halt { now: false, limit: Limit::Percent(5) }));
        for wrong in [
            "",
            "soon",
            "fail=5%",
            "later,fail=1",
            "now,fail=0",
            "now,fail=0%",
            "now,fail=101%",
            "now,fail=-1",
        ] {
            assert_eq!(halt(wrong), Err(HaltError(wrong.into())), "{wrong}");
        }
    }

    #[test]
    fn a_percentage_counts_after_twenty_jobs_and_a_number_at_once() {
        let percent: Halt = "soon,fail=10%".parse().unwrap();
        let number: Halt = "soon,fail=2".parse().unwrap();
        for finished in 0..=60 {
            for failed in 0..=finished {
                let expected = finished >= 20 && failed > 0 && failed * 10 >= finished;
                assert_eq!(
                    percent.is_reached(failed, finished),
                    expected,
                    "{failed} of {finished}"
                );
                assert_eq!(number.is_reached(failed, finished), failed >= 2);
            }
        }
    }
}
