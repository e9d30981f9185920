//! Where the database is: a URL as libpq has it. The password is never shown.

use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::error::JournalError;
use super::tls::{self, Trust};

/// How long connecting may take, and how long sent bytes may stay unanswered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a database is, and how to connect to it.
pub(super) struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    /// For messages.
    pub(super) shown: String,
}

impl Address {
    /// Reads a URL `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…&sslrootcert=…`; the password
    /// may stand in `PGPASSWORD` instead.
    pub(super) fn of(url: &str) -> Result<Self, JournalError> {
        // The error of a parser could show a part of the password.
        let refused = |reason: &str| JournalError::Name {
            name: "postgres://…".to_owned(),
            reason: reason.to_owned(),
        };
        let (url, ssl) = split(url);
        let mut config: Config = url.parse().map_err(|_| {
            refused(
                "write postgres://USER@HOST:PORT/DATABASE, and the password in PGPASSWORD, or in the URL with \
                 %XX for all but letters and digits",
            )
        })?;
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("sordino");
        }
        config.connect_timeout(PATIENCE).tcp_user_timeout(PATIENCE).keepalives_idle(PATIENCE);
        let (mode, trust) = match ssl.mode.as_deref() {
            Some("disable") => (SslMode::Disable, Trust::Any),
            Some("prefer") => (SslMode::Prefer, Trust::Any),
            Some("require") if ssl.roots.is_none() => (SslMode::Require, Trust::Any),
            // As in libpq, with roots `require` is more than encryption; here, the most.
            Some("require" | "verify-ca" | "verify-full") => (SslMode::Require, Trust::Known),
            None if is_here(&config) => (SslMode::Prefer, Trust::Any),
            None => (SslMode::Require, Trust::Known),
            Some(_) => return Err(refused("sslmode is disable, prefer, require or verify-full")),
        };
        config.ssl_mode(mode);
        let tls = tls::connector(trust, ssl.roots.as_deref()).map_err(|reason| refused(&reason))?;
        let shown = shown(&config);
        Ok(Self { config, tls, shown })
    }

    pub(super) fn connect(&self) -> Result<Client, postgres::Error> {
        self.config.connect(self.tls.clone())
    }
}

/// What the URL says of TLS, in words that the crate does not know.
#[derive(Debug, Default, PartialEq)]
struct Ssl {
    mode: Option<String>,
    roots: Option<String>,
}

/// Takes these words out of the URL.
fn split(url: &str) -> (String, Ssl) {
    let mut ssl = Ssl::default();
    let Some((before, query)) = url.split_once('?') else { return (url.to_owned(), ssl) };
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => ssl.mode = Some(mode.to_owned()),
            Some(("sslrootcert", path)) => ssl.roots = Some(path.to_owned()),
            _ => rest.push(pair),
        }
    }
    let mark = if rest.is_empty() { "" } else { "?" };
    (format!("{before}{mark}{}", rest.join("&")), ssl)
}

/// Whether the server is on this machine, where nobody stands between.
fn is_here(config: &Config) -> bool {
    let is_loopback = |address: &std::net::IpAddr| address.is_loopback();
    let hosts = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip| is_loopback(&ip)),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    hosts && config.get_hostaddrs().iter().all(is_loopback)
}

/// The URL without what must not be shown.
fn shown(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let ports = config.get_ports();
        let port = ports.get(at).or(ports.first()).map(|port| format!(":{port}"));
        let host = match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        host + &port.unwrap_or_default()
    });
    let hosts: Vec<_> = hosts.collect();
    let database = config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("postgres://{user}{}{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_in_no_message() {
        let whole =
            Address::of("postgres://me:s3cr%40t@db.example:5433/calls?sslmode=require").unwrap();
        assert_eq!(whole.shown, "postgres://me@db.example:5433/calls");
        for url in [
            "postgres://me:s3cret/@db/calls",
            "postgres://me:s3cret?x@db/calls",
            "postgres://me:s3cret&y=1@db:x/calls",
            "postgres://me:s3cret@db:99999999/calls",
            "postgres://me:s3cret@db/calls?sslmode=s3cret",
            "postgres://me:p@db/calls?s3cret=1",
        ] {
            // Some are right, however odd they look.
            let shown = match Address::of(url) {
                Ok(address) => address.shown,
                Err(error) => error.to_string(),
            };
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn a_server_elsewhere_must_show_who_it_is_unless_the_url_says_otherwise() {
        let mode = |url: &str| Address::of(url).unwrap().config.get_ssl_mode();
        for here in ["localhost", "127.0.0.1:5433", "[::1]", "%2Fvar%2Frun"] {
            assert_eq!(mode(&format!("postgres://me@{here}/calls")), SslMode::Prefer, "{here}");
        }
        for (said, means) in [
            ("", SslMode::Require),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=prefer", SslMode::Prefer),
            ("?connect_timeout=3&sslmode=verify-full", SslMode::Require),
        ] {
            assert_eq!(mode(&format!("postgres://me@db.example/calls{said}")), means, "{said}");
        }
    }

    #[test]
    fn words_of_tls_are_taken_out_of_the_url() {
        let (url, ssl) = split("postgres://h/d?a=1&sslmode=require&b=2&sslrootcert=/etc/ca.pem");
        assert_eq!(url, "postgres://h/d?a=1&b=2");
        let [mode, roots] = ["require", "/etc/ca.pem"].map(|text| Some(text.to_owned()));
        assert_eq!(ssl, Ssl { mode, roots });
        assert_eq!(split("postgres://h/d?sslmode=require").0, "postgres://h/d");
    }
}
