//! A share of the jobs: `2/8` is the second of eight.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::model::Key;

/// One of several equal shares of all jobs, by the hash that a key is. Each job is in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: u32,
    of: u32,
}

/// A text that is no [`Shard`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no share; write N/ALL, such as 2/8 for the second of eight")]
pub struct ShardError(String);

impl Shard {
    /// Whether the job with this key is in this share.
    pub fn has(self, key: &Key) -> bool {
        // The first 64 bits of SHA-256: as good as random.
        let hash = key.0.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        hash.unwrap_or(0) % u64::from(self.of) == u64::from(self.number - 1)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let number = |text: &str| text.trim().parse().ok().filter(|&number: &u32| number > 0);
        let both = text.split_once('/').and_then(|(one, all)| number(one).zip(number(all)));
        match both {
            Some((number, of)) if number <= of => Ok(Self { number, of }),
            _ => Err(ShardError(text.chars().filter(|c| !c.is_control()).take(40).collect())),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::Digest;

    #[test]
    fn a_share_is_a_number_of_a_number_from_one() {
        assert_eq!("2/8".parse(), Ok(Shard { number: 2, of: 8 }));
        assert_eq!("8/8".parse::<Shard>().unwrap().to_string(), "8/8");
        for text in ["", "2", "0/8", "9/8", "2/0", "-1/8", "2/8/1", "a/b", "1/5000000000"] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError(text.into())));
        }
    }

    proptest! {
        #[test]
        fn each_job_is_in_exactly_one_share(text in ".*", of in 1_u32..200) {
            let key = Key(Digest::of(text.as_bytes()).sha256);
            let has = |number| Shard { number, of }.has(&key);
            prop_assert_eq!((1..=of).filter(|&number| has(number)).count(), 1);
        }
    }

    #[test]
    fn shares_are_alike_in_size() {
        let keys: Vec<_> =
            (0..8000).map(|n: u32| Key(Digest::of(&n.to_le_bytes()).sha256)).collect();
        for number in 1..=8 {
            let size = keys.iter().filter(|key| Shard { number, of: 8 }.has(key)).count();
            assert!((900..1100).contains(&size), "{number}: {size}");
        }
    }
}
