//! The arguments of `sordino push`, `dead` and `queue`.

use clap::{Args as Group, Subcommand, ValueEnum};

use super::super::help;
use super::StoreArgs;

/// Which queue.
#[derive(Debug, Group)]
pub(crate) struct QueueArgs {
    /// The queue: sqs://…, nats://HOST:PORT/STREAM or postgres://USER@HOST/DATABASE
    #[arg(long = "queue", value_name = "URL", env = "SORDINO_QUEUE", hide_env_values = true)]
    pub(crate) url: String,
}

#[derive(Debug, Group)]
pub(crate) struct PushArgs {
    /// The manifest: CSV with a header, or JSON Lines; a file, or an object in a bucket
    pub(crate) manifest: String,

    #[command(flatten)]
    pub(crate) queue: QueueArgs,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Group)]
pub(crate) struct DeadArgs {
    /// `list` shows them, `retry` puts them back into the queue, `drop` forgets them
    #[arg(value_name = "list|retry|drop", value_enum, hide_possible_values = true)]
    pub(crate) action: DeadAction,

    /// The jobs to retry or drop, by the ids of the list
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// Retry or drop all of them
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) queue: QueueArgs,

    /// Print JSON: of `list` a line for each job
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is done with buried jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeadAction {
    List,
    Retry,
    Drop,
}

#[derive(Debug, Group)]
pub(crate) struct QueueCommandArgs {
    #[command(subcommand)]
    pub(crate) command: QueueCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Show how many jobs wait, are in work, and are buried
    #[command(after_help = help::QUEUE_STATUS_EXAMPLES)]
    Status(QueueStatusArgs),
}

#[derive(Debug, Group)]
pub(crate) struct QueueStatusArgs {
    #[command(flatten)]
    pub(crate) queue: QueueArgs,

    /// Print the counts as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
