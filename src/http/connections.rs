//! The HTTP connections.

use std::time::Duration;

use reqwest::{Client, redirect};

/// Timeout for making a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept. One that has idled through a long download may be dead, which a
/// create would notice too late.
const IDLE: Duration = Duration::from_secs(10);

/// What a pool of connections is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connections {
    /// The hosts are on this machine, or its metadata addresses: no proxy, no certificates.
    pub(crate) is_local: bool,
    /// The timeout of a request.
    pub(crate) timeout: Duration,
    /// Whether an answer must begin, and go on, within the timeout. Not for uploads, whose body may take
    /// longer.
    pub(crate) answers_in_time: bool,
}

/// A pool of connections without redirects, retries and `Referer`.
///
/// # Errors
/// The reason when TLS cannot be set up on this machine.
pub(crate) fn connections(options: Connections) -> Result<Client, String> {
    // Fails if another part of the program has installed a provider, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder();
    if options.is_local {
        // No certificates, so that a sandbox works on a machine that has none. https then fails.
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots);
        // A proxy would carry the secret off this machine.
        builder = builder.tls_backend_preconfigured(tls.with_no_client_auth()).no_proxy();
    }
    if options.answers_in_time {
        builder = builder.read_timeout(options.timeout);
    }
    builder
        .redirect(redirect::Policy::none())
        // On by default; it would show the query of a presigned URL to another host.
        .referer(false)
        .retry(reqwest::retry::never())
        // Shorter than the timeout of the request, so that a connection never made is known as such.
        .connect_timeout((options.timeout / 2).min(CONNECT))
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("sordino/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| format!("TLS is not available: {}", reason(error)))
}

/// The text of an error and its causes, without the URL.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let first: Option<&dyn std::error::Error> = Some(&error);
    let chain = std::iter::successors(first, |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
