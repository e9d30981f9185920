//! The arguments of `sordino sandbox`.

use std::path::PathBuf;

use clap::Args as Group;

#[derive(Debug, Group)]
pub(crate) struct SandboxArgs {
    /// The port of the API; 0 for any free port
    #[arg(long, default_value_t = 8765)]
    pub(crate) port: u16,

    /// The port of the storage host, for media and uploads; 0 for any free port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) storage_port: u16,

    /// Offer the files of this folder as recordings, each in a conversation of its own too; the id of
    /// both is the file name without its ending
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    /// Offer one more recording, with the id `made`, of this many hours; it is generated while it is sent
    #[arg(long, value_name = "HOURS")]
    pub(crate) made: Option<u32>,

    /// Let a step fail, in the form STEP=KIND[xTIMES]. May be repeated
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<sordino::sandbox::InjectedFault>,

    /// Send downloads at this many bytes a second
    #[arg(long, value_name = "BYTES")]
    pub(crate) throttle: Option<u64>,

    /// How long a token is valid
    #[arg(long, value_name = "TIME", default_value = "1:00:00")]
    pub(crate) token_lifetime: String,

    /// How long a presigned URL is valid
    #[arg(long, value_name = "TIME", default_value = "10:00")]
    pub(crate) url_lifetime: String,

    /// Do not keep uploads; only count their bytes
    #[arg(long)]
    pub(crate) discard: bool,
}
