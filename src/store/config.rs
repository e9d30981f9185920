//! Options of stores: from flags, and from the environment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::client::HttpService;

use super::error::Error;
use super::paused::Paused;
use crate::http::{SystemTimer, Timer};

/// The prefixes of the variables that stores know.
const PREFIXES: [&str; 6] = ["AWS_", "AZURE_", "GOOGLE_", "GCE_", "IDENTITY_", "MSI_"];

/// Variables that say something of the machine, besides those with a prefix.
const MACHINE: [&str; 4] = ["HOME", "USERPROFILE", "K_SERVICE", "CLOUD_RUN_JOB"];

/// How stores are reached. The options of S3 also have variables, as AWS' own tools and `object_store` name
/// them; a field that is set wins.
#[derive(Clone)]
pub struct StoreConfig {
    /// The URL of an S3 endpoint other than AWS: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// The region of S3: `AWS_REGION`, `AWS_DEFAULT_REGION`; otherwise `us-east-1`.
    pub region: Option<String>,
    /// Whether the bucket is part of the host's name in S3, and not of the path:
    /// `AWS_VIRTUAL_HOSTED_STYLE_REQUEST`.
    pub virtual_hosted: Option<bool>,
    /// How S3 encrypts what is written: `AES256`, `aws:kms` or `aws:kms:dsse`;
    /// `AWS_SERVER_SIDE_ENCRYPTION`.
    pub encryption: Option<String>,
    /// The KMS key of that: `AWS_SSE_KMS_KEY_ID`.
    pub kms_key: Option<String>,
    /// Where credentials come from.
    pub credentials: Credentials,
    /// How often a request is sent again.
    pub retries: u32,
    /// The longest total wait between the attempts of one request. A longer `Retry-After` ends it; it is never
    /// shortened.
    pub longest_wait: Duration,
    /// How long a request may go without any data transferred.
    pub timeout: Duration,
    /// The clock. Tests replace it by one that records waits instead of sleeping.
    pub timer: Arc<dyn Timer>,
    pub(super) variables: BTreeMap<String, String>,
    /// Which hosts take no request now; shared by all buckets.
    paused: Arc<Paused>,
    /// A test's network.
    pub(super) network: Option<Arc<dyn HttpService>>,
}

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credentials {
    /// The environment: keys, a web identity, or the task role of a container.
    #[default]
    Environment,
    /// The metadata address of this machine in a cloud.
    Instance,
    /// None: requests are not signed, for public buckets.
    Anonymous,
}

/// What the transport needs of the options.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) retries: u32,
    pub(super) longest_wait: Duration,
    pub(super) timeout: Duration,
    pub(super) timer: Arc<dyn Timer>,
    pub(super) paused: Arc<Paused>,
    pub(super) network: Option<Arc<dyn HttpService>>,
}

impl StoreConfig {
    /// The options that the environment gives.
    pub fn from_env() -> Self {
        Self::with_variables(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// The options that these variables give. Defaults: 3 retries, at most 4 minutes of waiting per request,
    /// because a signed request is valid for a quarter of an hour at most; a timeout of 30 s.
    pub fn with_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_known = |name: &str| {
            PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || MACHINE.contains(&name)
        };
        let variables = variables.into_iter().filter(|(name, value)| {
            // Tools of AWS take an empty variable as absent.
            is_known(name) && !value.is_empty()
        });
        Self {
            endpoint: None,
            region: None,
            virtual_hosted: None,
            encryption: None,
            kms_key: None,
            credentials: Credentials::default(),
            retries: 3,
            longest_wait: Duration::from_secs(240),
            timeout: Duration::from_secs(30),
            timer: Arc::new(SystemTimer),
            variables: variables.collect(),
            paused: Arc::default(),
            network: None,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            retries: self.retries,
            longest_wait: self.longest_wait,
            timeout: self.timeout,
            timer: Arc::clone(&self.timer),
            paused: Arc::clone(&self.paused),
            network: self.network.clone(),
        }
    }

    /// A variable, if it is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether one of these variables is set.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.variables.contains_key(*name))
    }

    /// A variable that is yes or no.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let Some(value) = self.variable(name) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" | "y" => Ok(Some(true)),
            "0" | "false" | "no" | "off" | "n" => Ok(Some(false)),
            _ => Err(Error::Config(format!("{name} is neither true nor false"))),
        }
    }
}

impl fmt::Debug for StoreConfig {
    /// Without the variables, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
