//! Google Cloud Storage.

use std::sync::Arc;

use object_store::RetryConfig;
use object_store::gcp::GoogleCloudStorageBuilder;

use super::backend::{Backend, Multipart};
use super::config::{Credentials, StoreConfig};
use super::error::Error;
use super::hosts::Rules;
use super::transport::{Connector, Transport};

/// Variables with credentials.
const CREDENTIALS: [&str; 5] = [
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BEARER_TOKEN",
];

/// Variables of machines that have a metadata server.
const MACHINE: [&str; 3] = ["GCE_METADATA_HOST", "K_SERVICE", "CLOUD_RUN_JOB"];

/// A bucket.
pub(super) fn bucket(config: &StoreConfig, bucket: &str) -> Result<Backend, Error> {
    let home = config.variable("HOME").map(std::path::Path::new);
    let has_login = home.is_some_and(|home| {
        home.join(".config/gcloud/application_default_credentials.json").is_file()
    });
    let has_credentials = has_login || config.has_any(&CREDENTIALS);
    let is_anonymous = config.credentials == Credentials::Anonymous
        || config.flag("GOOGLE_SKIP_SIGNATURE")?.unwrap_or(false);
    let is_machine = match config.credentials {
        _ if is_anonymous => false,
        Credentials::Instance => true,
        _ if has_credentials => false,
        _ if config.has_any(&MACHINE) => true,
        _ => {
            let why = "there are no credentials for Google Cloud Storage: set \
                       GOOGLE_APPLICATION_CREDENTIALS, run `gcloud auth application-default login`, \
                       or give --cloud-credentials instance on a machine in Google Cloud";
            return Err(Error::Config(why.into()));
        }
    };
    let rules = Rules { is_machine, ..Rules::default() };
    let mut builder = GoogleCloudStorageBuilder::new();
    let names = CREDENTIALS.iter().filter(|_| config.credentials == Credentials::Environment);
    for (name, value) in names.filter_map(|name| Some((name, config.variable(name)?))) {
        if let Ok(key) = name.to_ascii_lowercase().parse() {
            builder = builder.with_config(key, value);
        }
    }
    if is_anonymous {
        // Without any, it would ask the metadata address even so.
        builder = builder.with_bearer_token("");
    }
    let store = builder
        .with_bucket_name(bucket)
        .with_skip_signature(is_anonymous)
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .with_http_connector(Connector(Arc::new(Transport::new(config.limits(), rules)?)))
        .build();
    // Its text may hold the value of a variable.
    let wrong = |_| Error::Config("the GOOGLE_ variables do not fit together".into());
    let store = Arc::new(store.map_err(wrong)?);
    let multipart = Multipart::ById { overwrite: store.clone(), create: store.clone() };
    Ok(Backend { multipart, uploads: None, store })
}
