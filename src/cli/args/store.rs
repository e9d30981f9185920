//! The options of buckets: how objects are reached, and how S3 encrypts them.

use clap::{Args as Group, ValueEnum};
use sordino::store::{Credentials, StoreConfig};

#[derive(Debug, Clone, Default, Group)]
#[command(next_help_heading = "Buckets (s3://, gs://, az://)")]
pub(crate) struct StoreArgs {
    /// An S3 endpoint other than AWS [env: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// Where S3 has the bucket: in the `path`, or in the host's name: `virtual` [env:
    /// AWS_VIRTUAL_HOSTED_STYLE_REQUEST] [default: path]
    #[arg(long, value_name = "path|virtual", hide_possible_values = true)]
    pub(crate) addressing: Option<Addressing>,

    /// How S3 encrypts what is written [env: AWS_SERVER_SIDE_ENCRYPTION] [default: as the bucket says]
    #[arg(long, value_name = "AES256|aws:kms")]
    pub(crate) sse: Option<String>,

    /// The KMS key for that [env: AWS_SSE_KMS_KEY_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) sse_kms_key: Option<String>,

    /// Where credentials come from: `env`; the metadata address of an `instance` in a cloud; or `none`,
    /// for a public bucket
    #[arg(
        long,
        value_name = "env|instance|none",
        hide_possible_values = true,
        default_value = "env"
    )]
    pub(crate) cloud_credentials: CloudCredentials,
}

/// Where S3 has the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Addressing {
    Path,
    Virtual,
}

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum CloudCredentials {
    #[default]
    Env,
    Instance,
    None,
}

impl StoreArgs {
    /// The options of stores, from flags and the environment.
    pub(crate) fn config(&self) -> StoreConfig {
        let mut config = StoreConfig::from_env();
        config.endpoint.clone_from(&self.endpoint);
        config.virtual_hosted = self.addressing.map(|addressing| addressing == Addressing::Virtual);
        config.encryption.clone_from(&self.sse);
        config.kms_key.clone_from(&self.sse_kms_key);
        config.credentials = match self.cloud_credentials {
            CloudCredentials::Env => Credentials::Environment,
            CloudCredentials::Instance => Credentials::Instance,
            CloudCredentials::None => Credentials::Anonymous,
        };
        config
    }
}
