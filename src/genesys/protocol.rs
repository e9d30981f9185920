//! Protocol: what the two APIs do not share. A protocol builds requests and reads answers; it never sends.
//!
//! Only signing in differs for all steps, so only that is here. The other requests and answers of the
//! recordings API are in the files beside this one, those of the Platform API in `platform`.

use reqwest::{Method, RequestBuilder, Url};
use secrecy::ExposeSecret;

use super::send::HttpClient;
use super::wire;

/// What [`wire::SignIn`] asks for.
const GRANT_TYPE: &str = "client_credentials";

/// Which API the organisation speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// The recordings API: id and secret in a form, to the API host.
    Recordings,
    /// The Platform API: id and secret as HTTP Basic, to the login host.
    Platform,
}

impl Protocol {
    /// The request for a token.
    pub(super) fn sign_in(self, client: &HttpClient) -> RequestBuilder {
        let credentials = &client.config.credentials;
        let (id, secret) = (&credentials.client_id, credentials.secret.expose_secret());
        match self {
            Self::Recordings => {
                let form = wire::SignIn {
                    grant_type: GRANT_TYPE.into(),
                    client_id: id.clone(),
                    client_secret: secret.to_owned(),
                };
                client.to_api(Method::POST, &[wire::TOKEN]).form(&form)
            }
            Self::Platform => {
                let login = login_of(&client.config.base);
                let request = client.to_host(&login, Method::POST, &[wire::TOKEN], &[]);
                request.basic_auth(id, Some(secret)).form(&[("grant_type", GRANT_TYPE)])
            }
        }
    }
}

/// The login host beside an API host: `login.…` beside `api.…`, otherwise the same host.
pub(super) fn login_of(base: &Url) -> Url {
    let mut login = base.clone();
    let domain = base.host_str().and_then(|host| host.strip_prefix("api."));
    if let Some(domain) = domain {
        // Cannot fail: it was a valid host with another first label.
        let _ = login.set_host(Some(&format!("login.{domain}")));
    }
    login
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_host_stands_beside_the_api_host() {
        for (base, login) in [
            ("https://api.mypurecloud.de", "https://login.mypurecloud.de/"),
            ("https://api.usw2.pure.cloud/prefix", "https://login.usw2.pure.cloud/prefix"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("https://gateway.example", "https://gateway.example/"),
            ("https://apis.example", "https://apis.example/"),
        ] {
            assert_eq!(login_of(&Url::parse(base).unwrap()).as_str(), login);
        }
    }
}
