//! From an answer to a value or an error. The status counts first, whatever the body is.

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode, Url};
use secrecy::ExposeSecret;

use super::call::{Call, Caller, Mishap, To};
use super::error::Error;
use super::retry::{Outcome, Repeat, RetryAfter};
use super::secret::scrub;
use super::storage;
use super::token::Bearer;
use super::wire::{self, Step};

/// The longest JSON that is read.
const LONGEST_ANSWER: usize = 1024 * 1024;

impl Caller {
    /// Makes an error of an answer that is no success. The status counts, whatever the body is.
    pub(super) async fn refused(
        &self,
        call: &Call<'_>,
        response: Response,
        bearer: Option<&Bearer>,
    ) -> Mishap {
        let (step, status) = (call.step, response.status());
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let after = RetryAfter::parse(&header(RETRY_AFTER.as_str()));
        let correlation_id = header(wire::CORRELATION);
        let url = response.url().clone();
        let body = self.read_body(step, response).await.unwrap_or_default();
        let is_storage = !matches!(call.to, To::Api { .. });
        let problem = if is_storage { Said::by_storage(&body, &url) } else { Said::parse(&body) };
        let secrets = self.secrets(bearer);
        let clean = |text: &str| scrub(text, &secrets);
        let error = if status.is_redirection() {
            Error::Redirect { step, reason: "the API host does not redirect".into() }
        } else if is_storage && storage::is_expired(status.as_u16(), &problem.code) {
            Error::Expired { step, status: status.as_u16(), code: clean(&problem.code) }
        } else {
            Error::Refused {
                step,
                status: status.as_u16(),
                message: clean(&problem.message),
                code: clean(&problem.code),
                context_id: clean(&problem.context_id),
                correlation_id: clean(&correlation_id),
            }
        };
        let outcome = match is_storage {
            true => storage::outcome(status.as_u16(), &problem.code, after),
            false => Outcome::Status(status.as_u16(), after),
        };
        let harmful = status == StatusCode::REQUEST_TIMEOUT
            || (status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE);
        let error = if harmful { unknown(call.repeat, Outcome::Unknown, error) } else { error };
        Mishap { outcome, error }
    }

    /// What the API calls a request that was a success.
    pub(super) fn correlation_id(
        &self,
        call: &Call<'_>,
        response: &Response,
        bearer: Option<&Bearer>,
    ) -> Option<String> {
        let To::Api { .. } = call.to else { return None };
        let id = response.headers().get(wire::CORRELATION)?.to_str().ok()?;
        Some(scrub(id, &self.secrets(bearer)))
    }

    /// Everything that must not be shown, in each spelling that a server could echo.
    fn secrets(&self, bearer: Option<&Bearer>) -> Vec<String> {
        let secret = self.config.credentials.secret.expose_secret();
        let form = serde_json::json!({ "": secret });
        let mut secrets = vec![secret.to_owned()];
        // As it stands in a form, and as it stands in JSON.
        secrets.extend(
            Url::parse_with_params("x:", [("", secret)])
                .ok()
                .and_then(|url| url.query().map(|query| query.trim_start_matches('=').to_owned())),
        );
        secrets.push(form[""].to_string().trim_matches('"').to_owned());
        secrets.extend(bearer.map(|bearer| bearer.token.expose_secret().to_owned()));
        secrets
    }

    pub(super) async fn read_body(&self, step: Step, response: Response) -> Result<Vec<u8>, Error> {
        // One limit for all of it: a byte now and then is no answer.
        match tokio::time::timeout(self.config.timeout, read_all(step, response)).await {
            Ok(body) => body,
            Err(_) => Err(Error::Stalled { step, after: self.config.timeout }),
        }
    }
}

async fn read_all(step: Step, mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LONGEST_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => {
                return Err(Error::Answer { step, reason: "it is longer than 1 MiB".into() });
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(Error::Transport { step, reason: reason(error) }),
        }
    }
}

/// What an error says of itself, as far as it can be understood.
#[derive(Default)]
struct Said {
    message: String,
    code: String,
    context_id: String,
}

impl Said {
    /// A presigned host knows nothing of this protocol, and may well echo the URL: its code is taken,
    /// and only if it is no part of the query.
    fn by_storage(body: &[u8], url: &Url) -> Self {
        let query = url.query().unwrap_or_default();
        let code = storage::code(body).filter(|code| !query.contains(code.as_str()));
        Self { code: code.unwrap_or_default(), ..Self::default() }
    }

    /// Takes each text that is one; the rest of the body may be whatever it is.
    fn parse(body: &[u8]) -> Self {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| body.get(*name)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        Self {
            // The API's own, then those of OAuth.
            message: text(&["message", "error_description", "description", "error"]),
            code: text(&["code"]),
            context_id: text(&["contextId"]),
        }
    }
}

/// What an error is called when it leaves open whether something was made.
pub(super) fn unknown(repeat: Repeat, outcome: Outcome, error: Error) -> Error {
    match (repeat, outcome) {
        (Repeat::MakesAnother, Outcome::Unknown) => {
            Error::OutcomeUnknown { reason: error.to_string() }
        }
        _ => error,
    }
}

pub(super) fn credentials(error: Error) -> Error {
    match error {
        Error::Refused { step, message, .. } => Error::Credentials { step, message },
        other => other,
    }
}

/// What a transport error says, down to its cause, without the URL that it would show.
pub(super) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
