//! From an answer to a value or an error. The status counts first, whatever the body is.

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use secrecy::SecretString;

use super::call::{Call, Caller, Mishap};
use super::error::Error;
use super::retry::{Outcome, Repeat, RetryAfter};
use super::secret::scrub;
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
        let body = self.read_body(step, response).await.unwrap_or_default();
        let problem: wire::Problem = serde_json::from_slice(&body).unwrap_or_default();
        let mut secrets: Vec<&SecretString> = vec![&self.config.credentials.secret];
        secrets.extend(bearer.map(|bearer| &bearer.token));
        let clean = |text: &str| scrub(text, &secrets);
        let error = if status.is_redirection() {
            Error::Redirect { step, reason: "the API host does not redirect".into() }
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
        let outcome = Outcome::Status(status.as_u16(), after);
        let harmful = matches!(
            status,
            StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::BAD_GATEWAY
                | StatusCode::GATEWAY_TIMEOUT
        );
        let error = if harmful { unknown(call.repeat, Outcome::Unknown, error) } else { error };
        Mishap { outcome, error }
    }

    pub(super) async fn read_body(
        &self,
        step: Step,
        mut response: Response,
    ) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            match tokio::time::timeout(self.config.timeout, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= LONGEST_ANSWER => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Ok(Some(_))) => {
                    return Err(Error::Answer { step, reason: "it is longer than 1 MiB".into() });
                }
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => return Err(Error::Transport { step, reason: reason(error) }),
                Err(_) => return Err(Error::Stalled { step, after: self.config.timeout }),
            }
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
