//! The client: where it sends, what errors mean, and the queue with its dead-letter queue.

use std::fmt::Display;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Region;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde_json::Value;

use super::super::{QueueError, printable};
use super::LONGEST_WAIT;
use super::address::Address;

/// A queue that was found.
pub(super) struct Found {
    pub(super) client: Client,
    pub(super) shown: String,
    pub(super) url: String,
    pub(super) dead_url: String,
    pub(super) most_deliveries: u32,
}

/// Finds a queue, and what its redrive policy says.
pub(super) async fn find(url: &str) -> Result<Found, QueueError> {
    let Address { name, account, region, endpoint, shown } = Address::of(url)?;
    let client = client(region, endpoint).await;
    let told = |failed: Failed| failed.told(&shown);
    let found = client.get_queue_url().queue_name(&name);
    let found = found.set_queue_owner_aws_account_id(account).send().await;
    let url = found.map_err(|error| told(Failed::of(&error)))?.queue_url.unwrap_or_default();
    let policy = client.get_queue_attributes().queue_url(&url);
    let policy = policy.attribute_names(QueueAttributeName::RedrivePolicy).send().await;
    let policy = policy.map_err(|error| told(Failed::of(&error)))?;
    let policy = policy.attributes().and_then(|all| all.get(&QueueAttributeName::RedrivePolicy));
    let Some((most_deliveries, account, dead)) = policy.and_then(|text| redrive(text)) else {
        return Err(QueueError::Wrong {
            queue: shown,
            reason: "it has no dead-letter queue, so a job that always fails would never be seen; give it a \
                     redrive policy"
                .to_owned(),
        });
    };
    let found = client.get_queue_url().queue_name(dead).queue_owner_aws_account_id(account);
    let found = found.send().await.map_err(|error| told(Failed::of(&error)))?;
    let dead_url = found.queue_url.unwrap_or_default();
    Ok(Found { client, shown, url, dead_url, most_deliveries })
}

/// How often a message may be received, and the account and name of the dead-letter queue.
fn redrive(policy: &str) -> Option<(u32, String, String)> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    // AWS writes a number, or a text of one.
    let most = &policy["maxReceiveCount"];
    let most = most.as_u64().or_else(|| most.as_str()?.parse().ok())?;
    let mut arn = policy["deadLetterTargetArn"].as_str()?.rsplit(':');
    let (name, account) = (arn.next()?, arn.next()?);
    Some((most.try_into().unwrap_or(u32::MAX), account.to_owned(), name.to_owned()))
}

async fn client(region: Option<String>, endpoint: Option<String>) -> Client {
    let https = aws_smithy_http_client::Builder::new();
    let https = https.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    // A long poll is answered late.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(LONGEST_WAIT / 2)
        .operation_attempt_timeout(LONGEST_WAIT + LONGEST_WAIT / 2)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard());
    let config = match region {
        Some(region) => config.region(Region::new(region)),
        None => config,
    };
    let config = match endpoint {
        Some(endpoint) => config.endpoint_url(endpoint),
        None => config,
    };
    Client::new(&config.load().await)
}

/// The number of an attribute.
pub(super) fn count(output: &GetQueueAttributesOutput, name: &QueueAttributeName) -> Option<u64> {
    output.attributes()?.get(name)?.parse().ok()
}

/// What SQS answered, or why it did not.
#[derive(Debug)]
pub(super) struct Failed {
    /// What AWS calls the error; empty without an answer.
    code: String,
    /// In words.
    reason: String,
    /// Whether the request was never sent, because something is missing here.
    is_ours: bool,
}

impl Failed {
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let chain = DisplayErrorContext(error).to_string();
        // The chain ends in the error's inner structure, which is for nobody.
        let chain = chain.split(" (").next().unwrap_or_default();
        let reason = error.message().filter(|_| !code.is_empty()).unwrap_or(chain);
        let is_ours = match error {
            SdkError::ConstructionFailure(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_user(),
            _ => false,
        };
        Self { code, reason: printable(reason), is_ours }
    }

    /// An answer that has no error of its own.
    pub(super) fn odd(reason: &dyn Display) -> Self {
        Self { code: String::new(), reason: printable(&reason.to_string()), is_ours: false }
    }

    /// The code, without the names that stood before it once.
    fn code(&self) -> &str {
        self.code.rsplit(['.', '#']).next().unwrap_or_default()
    }

    /// Whether the handle of a message is one no more.
    pub(super) fn is_lost(&self) -> bool {
        let code = self.code();
        matches!(code, "MessageNotInflight" | "ReceiptHandleIsInvalid" | "InvalidParameterValue")
    }

    /// The error of a queue.
    pub(super) fn told(self, queue: &str) -> QueueError {
        let queue = queue.to_owned();
        let Self { ref code, ref reason, is_ours } = self;
        let refused = [
            "AccessDenied",
            "AccessDeniedException",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSecurity",
            "MissingAuthenticationToken",
            "OptInRequired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ];
        match self.code() {
            "QueueDoesNotExist" | "NonExistentQueue" => {
                let reason = format!("{reason} Look at its name, its account and the region");
                QueueError::Gone { queue, reason }
            }
            code if refused.contains(&code) => {
                let reason = format!("{code}: {reason}");
                QueueError::Refused { queue, reason }
            }
            "" if is_ours || reason.contains("credentials") => {
                let reason = format!(
                    "{reason}; give the region in AWS_REGION, and credentials in the environment, a profile or \
                     the role of the machine"
                );
                QueueError::Refused { queue, reason }
            }
            "" => QueueError::Unavailable { queue, reason: reason.clone() },
            _ => QueueError::Unavailable { queue, reason: format!("{code}: {reason}") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::redrive;

    #[test]
    fn the_redrive_policy_of_sqs_says_how_often_and_where() {
        let arn = "arn:aws:sqs:eu-central-1:123456789012:calls-dead";
        let expected = Some((5, "123456789012".to_owned(), "calls-dead".to_owned()));
        for most in ["5", "\"5\""] {
            let policy =
                format!("{{\"deadLetterTargetArn\":\"{arn}\",\"maxReceiveCount\":{most}}}");
            assert_eq!(redrive(&policy), expected);
        }
        for wrong in ["", "{}", "{\"maxReceiveCount\":5}", "{\"deadLetterTargetArn\":\"a:b\"}"] {
            assert_eq!(redrive(wrong), None, "{wrong}");
        }
    }
}
