//! Azure Blob Storage.

use std::sync::Arc;

use object_store::RetryConfig;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use reqwest::Url;

use super::backend::{Backend, Multipart};
use super::config::{Credentials, StoreConfig};
use super::error::Error;
use super::hosts::{Rules, is_loopback};
use super::transport::{Connector, Transport};

/// Variables of a machine that has a managed identity.
const MACHINE: [&str; 3] = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_MSI_ENDPOINT"];

/// Variables with credentials; those in a row are needed together.
const CREDENTIALS: [&[&str]; 8] = [
    &["AZURE_STORAGE_ACCOUNT_KEY"],
    &["AZURE_STORAGE_ACCESS_KEY"],
    &["AZURE_STORAGE_SAS_KEY"],
    &["AZURE_STORAGE_SAS_TOKEN"],
    &["AZURE_STORAGE_TOKEN"],
    &["AZURE_USE_AZURE_CLI"],
    &["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"],
    &["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"],
];

/// A container.
pub(super) fn container(config: &StoreConfig, container: &str) -> Result<Backend, Error> {
    let is_set = |row: &&[&str]| row.iter().all(|name| config.variable(name).is_some());
    let is_emulator = config.flag("AZURE_STORAGE_USE_EMULATOR")?.unwrap_or(false);
    let has_credentials = is_emulator || CREDENTIALS.iter().any(is_set);
    let is_machine = match config.credentials {
        Credentials::Anonymous => false,
        Credentials::Instance => true,
        Credentials::Environment if has_credentials => false,
        Credentials::Environment if config.has_any(&MACHINE) => true,
        Credentials::Environment => {
            let why = "there are no credentials for Azure Blob Storage: set \
                       AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, a SAS token \
                       (AZURE_STORAGE_SAS_TOKEN) or AZURE_CLIENT_ID with AZURE_TENANT_ID and \
                       AZURE_CLIENT_SECRET, or give --cloud-credentials instance on a machine in Azure";
            return Err(Error::Config(why.into()));
        }
    };
    if config.variable("AZURE_STORAGE_ACCOUNT_NAME").is_none() && !is_emulator {
        return Err(Error::Config("AZURE_STORAGE_ACCOUNT_NAME is not set".into()));
    }
    let endpoint = config.variable("AZURE_STORAGE_ENDPOINT").and_then(|url| Url::parse(url).ok());
    let is_local = is_emulator
        || endpoint.is_some_and(|url| {
            url.scheme() == "http" && is_loopback(url.host_str().unwrap_or_default())
        });
    let is_plain = config.flag("AZURE_ALLOW_HTTP")?.unwrap_or(false);
    let rules = Rules { is_machine, is_plain, is_local, creates: false };
    let mut builder = MicrosoftAzureBuilder::new();
    for (name, value) in &config.variables {
        let key: Result<AzureConfigKey, _> = name.to_ascii_lowercase().parse();
        // How connections are made is not for `object_store` to say.
        let Ok(key) = key else { continue };
        if !matches!(key, AzureConfigKey::Client(_)) {
            builder = builder.with_config(key, value);
        }
    }
    let store = builder
        .with_container_name(container)
        .with_skip_signature(config.credentials == Credentials::Anonymous)
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .with_http_connector(Connector(Arc::new(Transport::new(config.limits(), rules)?)))
        .build();
    // Its text may hold the value of a variable.
    let wrong = |_| Error::Config("the AZURE_ variables do not fit together".into());
    let store = Arc::new(store.map_err(wrong)?);
    Ok(Backend { multipart: Multipart::ByObject, uploads: None, store })
}
