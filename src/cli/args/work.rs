//! The arguments of `sordino work`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args as Group, ValueEnum};

use super::batch::{HowArgs, ShareArgs};
use super::{QueueArgs, SignArgs, StoreArgs};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogKind {
    /// For people.
    Text,
    /// JSON Lines.
    Json,
}

#[derive(Debug, Group)]
pub(crate) struct WorkArgs {
    #[command(flatten)]
    pub(crate) queue: QueueArgs,

    /// Write the redacted recordings below this folder or URL
    #[arg(long, value_name = "PLACE")]
    pub(crate) out: String,

    /// Write a receipt for each recording below this folder or URL. It decides who was first: give all
    /// workers of a queue the same place
    #[arg(long, value_name = "PLACE")]
    pub(crate) receipts: String,

    /// The ending of the list or transcript beside each recording, such as .transcript.json; for recordings
    /// that the store announces
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) windows_suffix: Option<String>,

    /// Take a list or transcript that is older than the recording beside it
    #[arg(long, requires = "windows_suffix")]
    pub(crate) older_transcripts: bool,

    /// Read only below this folder or URL; again for more. Jobs that no store announces are done with it only
    #[arg(long = "in", value_name = "PLACE")]
    pub(crate) inside: Vec<String>,

    /// End when the queue is empty
    #[arg(long)]
    pub(crate) drain: bool,

    /// Print the summary at the end as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) share: ShareArgs,

    #[command(flatten)]
    pub(crate) queueing: QueueingArgs,

    #[command(flatten)]
    pub(crate) operation: OperationArgs,

    #[command(flatten)]
    pub(crate) how: HowArgs,

    #[command(flatten)]
    pub(crate) sign: SignArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// How jobs are held, given back and given up.
#[derive(Debug, Group)]
#[command(next_help_heading = "How to run")]
pub(crate) struct QueueingArgs {
    /// Bury a job that failed this many times, or killed its workers so often
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) max_deliveries: u32,

    /// Bury a recording whose list or transcript is not there after this time
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "24h")]
    pub(crate) give_up: Duration,

    /// Wait this long before a job comes again for the first time; later ones wait longer, up to 15m
    #[arg(long, value_name = "TIME", value_parser = a_wait, default_value = "10s")]
    pub(crate) wait: Duration,

    /// A job of a worker that died comes again after this time
    #[arg(long, value_name = "TIME", value_parser = a_lease, default_value = "2m")]
    pub(crate) lease: Duration,

    /// When told to end, let jobs in flight end within this time; then hand them back
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) grace: Duration,
}

/// What operators see.
#[derive(Debug, Group)]
#[command(next_help_heading = "Operation")]
pub(crate) struct OperationArgs {
    /// Answer /healthz, /readyz and /metrics (Prometheus) here, such as 127.0.0.1:9100
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,

    /// How log lines look, on stderr: `text` or `json`. With --verbose they name places
    #[arg(
        long,
        value_name = "text|json",
        value_enum,
        default_value = "text",
        hide_possible_values = true
    )]
    pub(crate) log: LogKind,
}

/// Reads a time: `30s`, `2m`, `24h`, `1h 30m`.
fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "write a time such as 30s, 2m or 24h".into())
}

/// Shorter ones would ask all the time.
fn a_wait(text: &str) -> Result<Duration, String> {
    let wait = duration(text)?;
    let is_fine = wait >= Duration::from_millis(100);
    is_fine.then_some(wait).ok_or_else(|| "give 100ms or more".into())
}

/// Shorter ones end before they are renewed; longer ones keep the jobs of a worker that died.
fn a_lease(text: &str) -> Result<Duration, String> {
    let (lease, seconds) = (duration(text)?, Duration::from_secs);
    let is_fine = (seconds(1)..=seconds(3600)).contains(&lease);
    is_fine.then_some(lease).ok_or_else(|| "give 1s to 1h".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let times = ["100ms", "30s", "2m", "24h", "1h 30m"].map(|text| duration(text).unwrap());
        assert_eq!(
            times.map(|time| time.as_millis()),
            [100, 30_000, 120_000, 86_400_000, 5_400_000]
        );
        for wrong in ["", "soon", "30", "-1s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert!(a_wait("100ms").is_ok() && a_lease("1s").is_ok() && a_lease("1h").is_ok());
        for wrong in ["0s", "99ms"] {
            assert!(a_wait(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0s", "999ms", "1h 1s", "900000000y", "5"] {
            assert!(a_lease(wrong).is_err(), "{wrong}");
        }
    }
}
