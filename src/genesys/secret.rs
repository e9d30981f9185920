//! What must never be shown: the client secret, tokens, the query of a presigned URL.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use secrecy::SecretString;

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
    /// A URL that the API names. `local` says whether the API itself is on this machine: only then
    /// may the URL be; an API elsewhere has no business with the services of this machine.
    ///
    /// # Errors
    /// [`Error::Insecure`] for anything but `https`, or `http` on this machine.
    pub(super) fn new(url: Url, local: bool) -> Result<Self, Error> {
        if is_allowed(&url) && (local || url.scheme() == "https") {
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

/// Whether a text can be the id of something at Genesys, and one segment of a path.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(plain) && !text.trim_matches('.').is_empty()
}

/// A text from outside, fit to be shown: on one line, of bearable length, without anything that
/// moves a terminal's cursor, without known secrets and the queries of URLs.
pub(super) fn scrub(text: &str, secrets: &[String]) -> String {
    const LONGEST: usize = 300;
    let moves = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}');
    let mut clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean.retain(|c| !c.is_control() && !moves(c));
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        clean = clean.replace(secret.as_str(), "***");
    }
    let words = clean.split(' ').map(|word| match word.split_once('?') {
        Some((place, query)) if query.contains('=') => format!("{place}?***"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
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
        let url = Url::parse("https://storage.example/a/b?signature=s3cret").unwrap();
        let url = Presigned::new(url, false).unwrap();
        assert_eq!(format!("{url:?}"), "https://storage.example/…");
        let text = "bad s3\u{7}cret at\nhttps://storage.example/a?sig=abc /b?sig=abc now?";
        assert_eq!(
            scrub(text, &["s3cret".into()]),
            "bad *** at https://storage.example/a?*** /b?*** now?"
        );
    }

    #[test]
    fn an_api_elsewhere_names_no_url_on_this_machine() {
        let url = Url::parse("http://127.0.0.1:1/x").unwrap();
        assert!(Presigned::new(url.clone(), true).is_ok());
        assert!(Presigned::new(url, false).is_err());
    }

    #[test]
    fn an_id_is_one_segment_of_a_path() {
        for id in ["8f9ce567-b1cf-4dd3-8637-a03b509b6c50", "call_1.v2", "a"] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", ".", "..", "a/b", "a?b", "a b", ".\t.", "\u{1b}[31m", "ä", &"a".repeat(129)]
        {
            assert!(!is_id(id), "{id}");
        }
    }
}
