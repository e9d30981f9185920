//! Step 1, sign in: a token for client credentials.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::answer::credentials;
use super::call::{Call, Caller, To};
use super::error::Error;
use super::retry::Repeat;
use super::wire::Step;
use super::{Event, wire};

/// Genesys' tokens live two days at most; one that claims more is renewed all the same.
const LONGEST: Duration = Duration::from_secs(2 * 24 * 3600);

impl Caller {
    /// Asks for a token; gives it with its lifetime. `Tokens` sees to it that this is done once.
    pub(super) async fn sign_in(&self) -> Result<(SecretString, Duration), Error> {
        let step = Step::SignIn;
        self.config.watch.tell(Event::Begins(step));
        let form = wire::SignIn {
            grant_type: "client_credentials".into(),
            client_id: self.config.credentials.client_id.clone(),
            client_secret: self.config.credentials.secret.expose_secret().into(),
        };
        let request = || self.api(reqwest::Method::POST, &[wire::TOKEN]).form(&form);
        let call = Call {
            step,
            repeat: Repeat::Harmless,
            to: To::Api { bearer: false },
            request: &request,
        };
        let (answer, _): (wire::Token, _) = self.json(call).await.map_err(|error| match error {
            Error::Refused { status: 400 | 401, .. } => credentials(error),
            other => other,
        })?;
        let visible = answer.access_token.bytes().all(|byte| byte.is_ascii_graphic());
        if answer.access_token.is_empty() || !visible {
            return Err(Error::Answer { step, reason: "it holds no token".into() });
        }
        Ok((answer.access_token.into(), Duration::from_secs(answer.expires_in).min(LONGEST)))
    }
}
