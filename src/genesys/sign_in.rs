//! Step 1, sign in: a bearer token for client credentials.

use std::time::Duration;

use secrecy::SecretString;

use super::request::{Host, Request};
use super::send::HttpClient;
use super::token::Bearer;
use super::{Error, Event, WorkflowStep, wire};

/// The longest lifetime of a Genesys token. A token that claims more is renewed after this.
const LONGEST: Duration = Duration::from_secs(2 * 24 * 3600);

impl HttpClient {
    /// The cached token, or a new one. [`HttpClient::send`] asks for it before each attempt.
    pub(super) async fn bearer(&self) -> Result<Bearer, Error> {
        let now = self.config.timer.now();
        let lost = |error: Error| self.tell(Event::TokenNotKept(error.to_string()));
        // Boxed because signing in sends a request, which is a recursion.
        self.tokens.get(now, Box::pin(self.sign_in()), lost).await
    }

    /// Requests a token; returns it with its lifetime.
    async fn sign_in(&self) -> Result<(SecretString, Duration), Error> {
        let step = WorkflowStep::SignIn;
        self.tell(Event::Begins(step));
        let build = || self.protocol.sign_in(self);
        let request = Request { host: Host::Login, ..Request::to_api(step, &build) };
        let (answer, _) = self.send_for_json::<wire::Token>(request).await.map_err(|error| {
            let is_refused = matches!(error, Error::Refused { status: 400 | 401, .. });
            if is_refused { error.into_credentials() } else { error }
        })?;
        let is_visible = answer.access_token.bytes().all(|byte| byte.is_ascii_graphic());
        if answer.access_token.is_empty() || !is_visible {
            return Err(Error::Answer { step, reason: "it contains no valid token".into() });
        }
        Ok((answer.access_token.into(), Duration::from_secs(answer.expires_in).min(LONGEST)))
    }
}
