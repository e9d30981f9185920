//! What must never be shown: the client secret, tokens, the query of a presigned URL.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::error::Error;
use super::wire::WorkflowStep;

/// An OAuth client: its id, which may be shown, and its secret, which may not.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: SecretString,
}

impl Credentials {
    /// Credentials of a client with the grant type `client_credentials`.
    pub fn new(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), secret: SecretString::from(secret.into()) }
    }

    /// The secret in each spelling that a server could echo: plain, form-encoded, and escaped in JSON.
    pub(super) fn secret_spellings(&self) -> Vec<String> {
        let secret = self.secret.expose_secret();
        let form = Url::parse_with_params("x:", [("", secret)]).ok();
        let form = form.as_ref().and_then(Url::query).unwrap_or_default().trim_start_matches('=');
        let json = serde_json::Value::from(secret).to_string();
        vec![secret.to_owned(), form.to_owned(), json.trim_matches('"').to_owned()]
    }
}

/// Whether requests to a URL are allowed: `https` to any host, plain `http` to this machine only, never
/// with a user name.
pub(super) fn is_allowed(url: &Url) -> bool {
    let no_user = url.username().is_empty() && url.password().is_none();
    no_user && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A URL on a storage host. Its query grants access, so `Debug` shows scheme and host only.
#[derive(Clone)]
pub(super) struct Presigned(Url);

impl Presigned {
    /// Checks a URL from an answer of the API. `api_is_local`: whether the API itself is on this machine.
    /// Only then may the URL be plain `http`: a remote API must not reach local services through us.
    ///
    /// # Errors
    /// [`Error::Insecure`] for anything but `https`, or `http` on this machine.
    pub(super) fn new(url: Url, api_is_local: bool) -> Result<Self, Error> {
        if is_allowed(&url) && (api_is_local || url.scheme() == "https") {
            return Ok(Self(url));
        }
        Err(Error::Insecure { host: url.host_str().unwrap_or("no host").into() })
    }

    /// Parses and checks a URL from the answer to `step`.
    pub(super) fn parse(step: WorkflowStep, text: &str, api_is_local: bool) -> Result<Self, Error> {
        let invalid = |_| Error::Answer { step, reason: "its URL is not valid".into() };
        Self::new(Url::parse(text).map_err(invalid)?, api_is_local)
    }

    /// The URL with its query, for the request only.
    pub(super) fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

/// Whether a text is a possible Genesys id: safe as one segment of a URL path.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(plain) && !text.trim_matches('.').is_empty()
}

/// Checks an id before it becomes a segment of a path.
///
/// # Errors
/// [`Error::Config`], which names `what` it should identify.
pub(super) fn check_id(what: &str, id: &str) -> Result<(), Error> {
    match is_id(id) {
        true => Ok(()),
        false => {
            let rule = format!("a {what} id has letters, digits, `-`, `_` and `.` only");
            Err(Error::Config(rule))
        }
    }
}

/// The name of a state or a kind, not any text of a server: at most 40 letters, digits and `_`.
pub(super) fn plain_name(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}

/// A date as a server writes it: at most 40 characters of ISO 8601.
pub(super) fn plain_date(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "-:.+".contains(*c)).take(40).collect()
}

/// Makes a text from a server safe to show: one line of at most 300 characters, without control
/// characters, invisible direction marks, `secrets`, and the queries of URLs.
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
        let spellings = Credentials::new("client", "a b\"c").secret_spellings();
        assert_eq!(spellings, ["a b\"c", "a+b%22c", r#"a b\"c"#]);
        let text = "bad s3\u{7}cret at\nhttps://storage.example/a?sig=abc /b?sig=abc now?";
        assert_eq!(
            scrub(text, &["s3cret".into()]),
            "bad *** at https://storage.example/a?*** /b?*** now?"
        );
    }

    #[test]
    fn a_remote_api_may_not_name_a_url_on_this_machine() {
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
