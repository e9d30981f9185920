//! What must never be shown: the client secret, tokens, the query of a presigned URL.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::error::Error;

/// An OAuth client: an id, which may be shown, and a secret, which may not.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: SecretString,
}

impl Credentials {
    /// The credentials of a client that may use the grant `client_credentials`.
    pub fn new(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), secret: SecretString::from(secret.into()) }
    }
}

/// Whether a URL may be talked to: `https` anywhere, plain `http` on this machine only.
pub(super) fn is_allowed(url: &Url) -> bool {
    let no_user = url.username().is_empty() && url.password().is_none();
    no_user && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A URL on a storage host whose query lets anyone in. It is shown without it.
#[derive(Clone)]
pub(super) struct Presigned(Url);

impl Presigned {
    /// # Errors
    /// [`Error::Insecure`] for anything but `https`, or `http` on this machine.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text).map_err(|_| Error::Insecure { host: "no host".into() })?;
        Self::new(url)
    }

    pub(super) fn new(url: Url) -> Result<Self, Error> {
        if is_allowed(&url) {
            return Ok(Self(url));
        }
        Err(Error::Insecure { host: url.host_str().unwrap_or("no host").into() })
    }

    /// The URL itself, for the request and nothing else.
    pub(super) fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

/// A text from outside, fit to be shown: known secrets and the queries of URLs replaced, on one
/// line, of bearable length.
pub(super) fn scrub(text: &str, secrets: &[&SecretString]) -> String {
    const LONGEST: usize = 300;
    let mut clean = text.to_owned();
    for secret in secrets.iter().map(|secret| secret.expose_secret()) {
        if !secret.is_empty() {
            clean = clean.replace(secret, "***");
        }
    }
    let words = clean.split_whitespace().map(|word| match word.split_once('?') {
        Some((place, _)) if place.contains("://") => format!("{place}?***"),
        _ => word.to_owned(),
    });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_allowed() {
        for (url, allowed) in [
            ("https://api.mypurecloud.com", true),
            ("http://127.0.0.1:8080/x", true),
            ("http://127.9.9.9/x", true),
            ("http://[::1]:1/x", true),
            ("http://localhost:1/x", true),
            ("http://localhost.evil.org/x", false),
            ("http://127.0.0.1.evil.org/x", false),
            ("http://10.0.0.1/x", false),
            ("https://user:password@host/x", false),
            ("ftp://localhost/x", false),
        ] {
            assert_eq!(is_allowed(&Url::parse(url).unwrap()), allowed, "{url}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let credentials = Credentials::new("client", "s3cret");
        assert!(!format!("{credentials:?}").contains("s3cret"));
        let url = Presigned::parse("https://storage.example/a/b?signature=s3cret").unwrap();
        assert_eq!(format!("{url:?}"), "https://storage.example/…");
        let secret = SecretString::from("s3cret");
        let text = "bad s3cret\u{7} at\nhttps://storage.example/a?sig=abc now?";
        assert_eq!(scrub(text, &[&secret]), "bad *** at https://storage.example/a?*** now?");
    }
}
