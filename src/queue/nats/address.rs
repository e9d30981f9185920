//! Where the server is, and what the stream is called: a URL. Its login is never shown.

use super::super::{QueueError, percent_decoded, shown};

/// The consumer of sordino's workers.
const CONSUMER: &str = "sordino";

/// A stream at a server. Without `Debug`, which would show the login.
pub(super) struct Address {
    /// The URL of the server, without the login.
    pub(super) server: String,
    /// User and password, or a token alone.
    pub(super) login: Option<(String, Option<String>)>,
    pub(super) stream: String,
    pub(super) consumer: String,
    /// To what jobs are sent, if it is not what the stream says.
    pub(super) subject: Option<String>,
    /// A file of credentials.
    pub(super) credentials: Option<String>,
    /// For messages.
    pub(super) shown: String,
}

impl Address {
    /// Reads `nats://USER:PASSWORD@HOST:PORT/STREAM?consumer=NAME&subject=SUBJECT&credentials=FILE`; `tls://` for
    /// a connection that must be encrypted. The file may stand in `NATS_CREDS` instead.
    pub(super) fn of(url: &str) -> Result<Self, QueueError> {
        let wrong =
            |reason: &str| QueueError::Wrong { queue: shown(url), reason: reason.to_owned() };
        let form = "write nats://HOST:PORT/STREAM, with USER:PASSWORD@ before the host, or the file of \
                    the credentials in NATS_CREDS";
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong(form))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (server, stream) = rest.rsplit_once('/').ok_or_else(|| wrong(form))?;
        if server.is_empty() || stream.is_empty() {
            return Err(wrong(form));
        }
        let (login, host) = match server.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, server),
        };
        let login = login.map(|login| {
            let (user, password) = match login.split_once(':') {
                Some((user, password)) => (user, Some(percent_decoded(password)?)),
                None => (login, None),
            };
            Some((percent_decoded(user)?, password))
        });
        let login = match login {
            Some(None) => return Err(wrong("in the login, a % stands before two digits of hex")),
            login => login.flatten(),
        };
        let mut this = Self {
            server: format!("{scheme}://{host}"),
            login,
            stream: stream.to_owned(),
            consumer: CONSUMER.to_owned(),
            subject: None,
            credentials: std::env::var("NATS_CREDS").ok(),
            shown: shown(url),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("consumer", name)) => this.consumer = name.to_owned(),
                Some(("subject", name)) => this.subject = Some(name.to_owned()),
                Some(("credentials", path)) => this.credentials = Some(path.to_owned()),
                _ => {
                    return Err(wrong(
                        "of the words after ? it knows consumer, subject and credentials",
                    ));
                }
            }
        }
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.contains(|c: char| {
                    " .*>/\\".contains(c) || c.is_control() || c.is_whitespace()
                })
        };
        if !is_name(&this.stream) || !is_name(&this.consumer) {
            return Err(wrong(
                "the name of a stream or a consumer has no space and none of . * > / \\",
            ));
        }
        Ok(this)
    }

    /// The stream of the buried jobs, and its subject.
    pub(super) fn dead(&self) -> String {
        format!("{}-dead", self.stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_nats_names_server_and_stream_and_hides_the_login() {
        let address =
            Address::of("nats://me:s3cr%40t@host:4222/CALLS?subject=a.b&consumer=c").ok().unwrap();
        assert_eq!(address.server, "nats://host:4222");
        assert_eq!(address.login, Some(("me".to_owned(), Some("s3cr@t".to_owned()))));
        assert_eq!((&*address.stream, &*address.consumer), ("CALLS", "c"));
        assert_eq!((address.subject.as_deref(), &*address.dead()), (Some("a.b"), "CALLS-dead"));
        assert_eq!(address.shown, "nats://host:4222/CALLS");
        let token = Address::of("tls://s3cret@host/CALLS").ok().unwrap();
        assert_eq!(token.shown, "tls://host/CALLS");
        assert_eq!(token.login, Some(("s3cret".to_owned(), None)));
        for url in [
            "nats://me:s3cret@host",
            "nats://me:s3cret@host/",
            "nats:///s3cret",
            "nats://me:s3cret@host/a.b",
            "nats://me:s3cret@host/A?token=s3cret",
            "nats://me:s3cret@host/A?s3cret",
            "nats://me:s3cret@host/A?consumer=",
            "nats://me:s3cret%@host/A",
        ] {
            let error = Address::of(url).err().unwrap().to_string();
            assert!(url == "nats:///s3cret" || !error.contains("s3cret"), "{error}");
        }
    }
}
