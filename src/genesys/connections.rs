//! The HTTP connections.

use std::time::Duration;

use reqwest::{Client, redirect};

use super::answer;
use super::config::Config;
use super::error::Error;

/// Timeout for making a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept. One that has idled through a long download may be dead, which a
/// create would notice too late.
const IDLE: Duration = Duration::from_secs(10);

/// A pool of connections without redirects, retries and `Referer`.
pub(super) fn connections(config: &Config) -> Result<Client, Error> {
    let mut builder = Client::builder();
    if config.is_local() {
        // No certificates, so that a sandbox works on a machine that has none. https then fails.
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots);
        // A proxy would carry the secret off this machine.
        builder = builder.tls_backend_preconfigured(tls.with_no_client_auth()).no_proxy();
    }
    builder
        .redirect(redirect::Policy::none())
        // On by default; it would show the query of a presigned URL to another host.
        .referer(false)
        .retry(reqwest::retry::never())
        // Shorter than the timeout of the request, so that a connection never made is known as such.
        .connect_timeout((config.timeout / 2).min(CONNECT))
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("sordino/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Config(format!("TLS is not available: {}", answer::reason(error))))
}
