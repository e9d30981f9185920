//! `--sign`: who vouches for receipts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as Group;
use sordino::signature::{Passphrase, Signer};

use super::super::exit::Failure;
use super::super::passphrase;

#[derive(Debug, Clone, Default, Group)]
pub(crate) struct SignArgs {
    /// Sign each receipt with this OpenSSH key, into a file beside it that ends in .sig; with a public
    /// key (.pub), ssh-agent signs
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,

    /// A file that holds the passphrase of the key; without it a terminal is asked
    /// [env: SORDINO_SIGN_PASSPHRASE_FILE]
    #[arg(long, value_name = "FILE", requires = "sign")]
    pub(crate) sign_passphrase_file: Option<PathBuf>,
}

impl SignArgs {
    /// The key, opened, so that whatever is wrong with it is known before any work begins.
    pub(crate) fn signer(&self) -> Result<Option<Arc<Signer>>, Failure> {
        let Some(path) = &self.sign else { return Ok(None) };
        let doing = format!("opening the key {}", path.display());
        let ask = || match self.passphrase_file() {
            Some(file) => Passphrase::from_file(&file)
                .map_err(|error| Failure::usage("reading the passphrase of --sign", error)),
            None => passphrase::ask(path),
        };
        let signer = Signer::open(path, || ask().map_err(Opening::Passphrase));
        let signer = signer.map_err(|error| match error {
            Opening::Passphrase(failure) => failure,
            Opening::Key(error) => Failure::usage(doing, error),
        })?;
        Ok(Some(Arc::new(signer)))
    }

    /// The files that are read, and must not be overwritten.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Path> {
        [&self.sign, &self.sign_passphrase_file].into_iter().flatten().map(PathBuf::as_path)
    }

    fn passphrase_file(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os("SORDINO_SIGN_PASSPHRASE_FILE");
        let file = self.sign_passphrase_file.clone().or_else(|| variable().map(PathBuf::from));
        file.filter(|file| !file.as_os_str().is_empty())
    }
}

/// What can go wrong with a key, and while its passphrase is found out.
enum Opening {
    Key(sordino::signature::SignError),
    Passphrase(Failure),
}

impl From<sordino::signature::SignError> for Opening {
    fn from(error: sordino::signature::SignError) -> Self {
        Self::Key(error)
    }
}
