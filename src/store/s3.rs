//! S3, and what speaks it.

use std::sync::Arc;
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer};
use reqwest::{Method, Url};

use super::backend::{Backend, Multipart, Object};
use super::config::{Credentials, StoreConfig};
use super::error::Error;
use super::hosts::{Rules, is_loopback};
use super::transport::{Connector, Transport};

/// The variables that are handed on. Others of `object_store` have no effect here, and are refused.
const VARIABLES: [&str; 21] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_STS",
    "AWS_SKIP_SIGNATURE",
    "AWS_SSE_BUCKET_KEY_ENABLED",
    "AWS_SSE_CUSTOMER_KEY_BASE64",
    "AWS_REQUEST_PAYER",
    "AWS_CHECKSUM_ALGORITHM",
    "AWS_UNSIGNED_PAYLOAD",
    "AWS_CONDITIONAL_PUT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
];

/// Variables of `object_store` that would change how a connection is made.
const REFUSED: [&str; 5] = [
    "AWS_ALLOW_INVALID_CERTIFICATES",
    "AWS_PROXY_URL",
    "AWS_PROXY_CA_CERTIFICATE",
    "AWS_PROXY_EXCLUDES",
    "AWS_S3_EXPRESS",
];

/// Static keys, which an instance role replaces.
const KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// A bucket.
pub(super) fn bucket(config: &StoreConfig, bucket: &str) -> Result<Backend, Error> {
    if let Some(name) = REFUSED.iter().find(|name| config.variable(name).is_some()) {
        return Err(Error::Config(format!("{name} has no effect here; unset it")));
    }
    let is_machine = is_machine(config)?;
    let endpoint = endpoint(config, bucket)?;
    let is_local = endpoint.as_ref().is_some_and(|url| {
        url.scheme() == "http" && is_loopback(url.host_str().unwrap_or_default())
    }) && config.has_any(&KEYS);
    let is_plain = config.flag("AWS_ALLOW_HTTP")?.unwrap_or(false);
    let rules = Rules { is_machine, is_plain, is_local, creates: false };
    let connect =
        |rules| Transport::new(config.limits(), rules).map(|sends| Connector(Arc::new(sends)));
    let connector = connect(rules)?;
    let creating = connect(Rules { creates: true, ..rules })?;
    let builder = builder(config, bucket, endpoint)?;
    let build = |builder: AmazonS3Builder| {
        // Its text may hold the value of a variable.
        let wrong = |_| Error::Config("the AWS_ variables for S3 do not fit together".into());
        builder.build().map_err(wrong)
    };
    let store = build(builder.clone().with_http_connector(connector.clone()))?;
    let credentials = Arc::clone(store.credentials());
    let create = build(builder.with_credentials(credentials).with_http_connector(creating))?;
    let store = Arc::new(store);
    Ok(Backend {
        multipart: Multipart::ById { overwrite: store.clone(), create: Arc::new(create) },
        uploads: Some(Uploads { store: Arc::clone(&store), client: HttpClient::new(connector) }),
        store,
    })
}

/// Whether credentials are asked of an address of this machine, or an error without any.
fn is_machine(config: &StoreConfig) -> Result<bool, Error> {
    let is_anonymous = config.flag("AWS_SKIP_SIGNATURE")?.unwrap_or(false);
    match config.credentials {
        Credentials::Anonymous => return Ok(false),
        Credentials::Instance => return Ok(true),
        Credentials::Environment if is_anonymous => return Ok(false),
        Credentials::Environment => {}
    }
    let has = |name: &str| config.variable(name).is_some();
    match (has(KEYS[0]), has(KEYS[1])) {
        (true, true) => return Ok(false),
        (false, false) => {}
        (true, false) => return Err(Error::Config(format!("{} is not set", KEYS[1]))),
        (false, true) => return Err(Error::Config(format!("{} is not set", KEYS[0]))),
    }
    if has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN") {
        return Ok(false);
    }
    let is_task = has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let is_pod =
        has("AWS_CONTAINER_CREDENTIALS_FULL_URI") && has("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if is_task || is_pod { Ok(true) } else { Err(Error::Config(no_credentials(config))) }
}

/// What to do without credentials.
fn no_credentials(config: &StoreConfig) -> String {
    let home = config.variable("HOME").or_else(|| config.variable("USERPROFILE"));
    let folder = home.map(|home| std::path::Path::new(home).join(".aws"));
    let is_file = |name: &str| folder.as_ref().is_some_and(|folder| folder.join(name).is_file());
    let has_profile = config.has_any(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
        || is_file("config")
        || is_file("credentials");
    let set = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --cloud-credentials instance \
               on a machine in AWS that has a role, or none for a public bucket";
    if has_profile {
        let profile = config.variable("AWS_PROFILE");
        let profile = profile.map_or(String::new(), |name| format!(" --profile {name}"));
        format!(
            "there are no credentials for S3: profiles and SSO are not read; run \
             eval \"$(aws configure export-credentials{profile} --format env)\" first, or {set}"
        )
    } else {
        format!("there are no credentials for S3: {set}")
    }
}

/// The endpoint, if it is not AWS'. With the bucket in its host's name if that is asked for.
fn endpoint(config: &StoreConfig, bucket: &str) -> Result<Option<Url>, Error> {
    let given = config.endpoint.as_deref().map(|url| ("--endpoint", url));
    let variable = |name: &'static str| config.variable(name).map(|url| (name, url));
    let given = given.or_else(|| variable("AWS_ENDPOINT_URL_S3"));
    let given = given.or_else(|| variable("AWS_ENDPOINT_URL")).or_else(|| variable("AWS_ENDPOINT"));
    let Some((name, text)) = given else { return Ok(None) };
    let wrong =
        || Error::Config(format!("{name} is not the URL of an S3 endpoint, such as https://HOST"));
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    let has_more = url.query().is_some() || url.fragment().is_some() || !url.username().is_empty();
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https") && !has_more);
    let host = host.ok_or_else(wrong)?.to_owned();
    if virtual_hosted(config)? {
        url.set_host(Some(&format!("{bucket}.{host}"))).map_err(|_| wrong())?;
    }
    Ok(Some(url))
}

fn virtual_hosted(config: &StoreConfig) -> Result<bool, Error> {
    let variable = config.flag("AWS_VIRTUAL_HOSTED_STYLE_REQUEST")?;
    Ok(config.virtual_hosted.or(variable).unwrap_or(false))
}

/// The options of both connections to a bucket.
fn builder(
    config: &StoreConfig,
    bucket: &str,
    endpoint: Option<Url>,
) -> Result<AmazonS3Builder, Error> {
    let mut builder = AmazonS3Builder::new();
    for name in VARIABLES {
        let is_replaced = config.credentials != Credentials::Environment && KEYS.contains(&name);
        let Some(value) = config.variable(name).filter(|_| !is_replaced) else { continue };
        let key: AmazonS3ConfigKey = match name.to_ascii_lowercase().parse() {
            Ok(key) => key,
            Err(_) => return Err(Error::Config(format!("{name} is not known"))),
        };
        builder = builder.with_config(key, value);
    }
    let set = |builder: AmazonS3Builder, key: &str, value: Option<&str>| match (key.parse(), value)
    {
        (Ok(key), Some(value)) => builder.with_config(key, value),
        _ => builder,
    };
    let encryption = config.encryption.as_deref();
    let encryption = encryption.or_else(|| config.variable("AWS_SERVER_SIDE_ENCRYPTION"));
    let kms_key = config.kms_key.as_deref().or_else(|| config.variable("AWS_SSE_KMS_KEY_ID"));
    let encryption = encryption.or(kms_key.map(|_| "aws:kms"));
    if !matches!(encryption, None | Some("AES256" | "aws:kms" | "aws:kms:dsse" | "sse-c")) {
        let known = "the server-side encryption is AES256, aws:kms or aws:kms:dsse";
        return Err(Error::Config(known.into()));
    }
    if kms_key.is_some() && !encryption.is_some_and(|kind| kind.starts_with("aws:kms")) {
        return Err(Error::Config("a KMS key needs the encryption aws:kms or aws:kms:dsse".into()));
    }
    builder = set(builder, "aws_server_side_encryption", encryption);
    builder = set(builder, "aws_sse_kms_key_id", kms_key);
    builder = set(builder, "aws_region", config.region.as_deref());
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    Ok(builder
        .with_bucket_name(bucket)
        .with_virtual_hosted_style_request(virtual_hosted(config)?)
        .with_skip_signature(
            config.credentials == Credentials::Anonymous
                || config.flag("AWS_SKIP_SIGNATURE")?.unwrap_or(false),
        )
        // Alibaba and others have no bulk request.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() }))
}

/// The open uploads of a bucket, which `object_store` does not list.
#[derive(Debug)]
pub(super) struct Uploads {
    store: Arc<AmazonS3>,
    client: HttpClient,
}

impl Uploads {
    /// The ids of the open uploads to an object. A page of a thousand is enough: more for one key are a
    /// fault of somebody else.
    pub(super) async fn of(&self, object: &Object) -> Result<Vec<String>, Error> {
        let query = [("uploads", ""), ("prefix", object.path.as_ref())];
        let options = SignedUrlOptions::default().with_query(query);
        let (root, minute) = (Path::default(), Duration::from_secs(60));
        let url = self.store.signed_url_opts(Method::GET, &root, minute, &options).await;
        let url = url.map_err(|error| object.error(&error))?;
        let unusable = || Error::Answer {
            place: object.place.to_string(),
            reason: "open uploads cannot be listed".into(),
        };
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = url.as_str().parse().map_err(|_| unusable())?;
        let response = self.client.execute(request).await.map_err(|_| unusable())?;
        if !response.status().is_success() {
            return Err(Error::Refused {
                place: object.place.to_string(),
                status: response.status().as_u16(),
                code: String::new(),
                region: None,
            });
        }
        let body = response.into_body().bytes().await.map_err(|_| unusable())?;
        Ok(ids(&String::from_utf8_lossy(&body), object.path.as_ref()))
    }
}

/// The ids of the uploads to this key in an answer. A key that XML must escape is not found: its upload is
/// left to the bucket's rule.
fn ids(xml: &str, key: &str) -> Vec<String> {
    let text = |part: &str, name: &str| {
        let (_, rest) = part.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.to_owned())
    };
    let uploads = xml.split("<Upload>").skip(1);
    let of_key = uploads.filter(|part| text(part, "Key").as_deref() == Some(key));
    of_key.filter_map(|part| text(part, "UploadId")).collect()
}
