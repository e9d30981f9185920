//! What a batch must survive, done to it again and again: each recording is done once, right to the byte,
//! and nothing is left.
//!
//! | file | what happens to the batch |
//! |---|---|
//! | `bucket` | killed and interrupted; S3 that dies; credentials that expire; recordings that are poison |
//! | `azure` | killed, between containers of Azure; with the feature `azure` |
//! | `full_disk` | a disk that is full: under outputs and receipts, under the journal, under what is too large for the memory |
//! | `postgres` | three processes on one PostgreSQL; both are killed; with the feature `postgres` |
//!
//! The seeds are fixed, and the numbers are a tenth of those of the campaigns: `SORDINO_CAMPAIGN=1` runs them as
//! a whole. `tests/campaigns/record.md` has their records.

use std::collections::BTreeSet;
use std::io::Result;

use serde_json::Value;
use sordino::digest::Digest;
use sordino::{Receipt, Treatment};

use crate::support::{redacted, stream};

#[cfg(feature = "azure")]
mod azure;
mod bucket;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(feature = "postgres")]
mod postgres;

/// What is muted in each recording.
const WINDOW: &str = "0.25-0.5";

fn campaign(whole: u32) -> u32 {
    if std::env::var_os("SORDINO_CAMPAIGN").is_some() { whole } else { whole / 10 }
}

/// The recordings that were said to be done, in all runs.
#[derive(Debug, Default)]
struct Said(BTreeSet<String>);

impl Said {
    /// Takes note of a result. No recording is ever done twice.
    fn hear(&mut self, line: &str) {
        // The last line of a killed process may be cut.
        let Ok(json) = serde_json::from_str::<Value>(line) else { return };
        if json["state"] == "done" {
            let input = json["input"].as_str().unwrap().to_owned();
            assert!(self.0.insert(input), "done twice: {line}");
        }
    }

    /// Reads so many results; fewer if the process ends.
    fn hear_some(&mut self, lines: &mut impl Iterator<Item = Result<String>>, most: u64) {
        lines.take(most as usize).map_while(Result::ok).for_each(|line| self.hear(&line));
    }
}

/// The copy and the receipt of a recording are what one run alone would have made.
fn is_right(recording: &[u8], copy: &[u8], receipt: Vec<u8>) {
    let made = redacted(stream(recording.to_vec()), &[WINDOW], Treatment::default()).unwrap();
    assert!(copy == made);
    let receipt = Receipt::parse(&String::from_utf8(receipt).unwrap()).unwrap();
    assert_eq!(receipt.output.sha256, Digest::of(&made).sha256);
}
