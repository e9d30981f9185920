//! Which hosts are asked, and with which credentials.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService};

use super::{Credentials, Error, Place, StoreConfig, Stores};
use crate::lock::lock;

/// A network without hosts, which writes down who was asked.
#[derive(Debug, Default)]
struct Nobody(Mutex<Vec<String>>);

impl HttpService for Nobody {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let signed = request.headers().contains_key("authorization");
        let host = request.uri().host().unwrap_or_default();
        lock(&self.0).push(format!("{host}{}", if signed { ", signed" } else { "" }));
        let error = std::io::Error::other("nobody is there");
        Box::pin(async { Err(HttpError::new(HttpErrorKind::Connect, error)) })
    }
}

/// Asks for an object. Returns the error and who was asked.
fn ask(credentials: Credentials, variables: &[(&str, &str)]) -> (Error, Vec<String>) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut config = StoreConfig::with_variables(variables.iter().map(owned));
    let nobody = Arc::<Nobody>::default();
    config.network = Some(Arc::clone(&nobody) as Arc<dyn HttpService>);
    (config.credentials, config.retries) = (credentials, 0);
    let stores = Stores::new(config);
    let place: Place = "s3://bucket/call.wav".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(stores.head(&place)).unwrap_err();
    let asked = lock(&nobody.0).clone();
    (error, asked)
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "a secret")];

#[test]
fn without_credentials_nobody_is_asked_and_the_error_says_what_to_set() {
    let (error, asked) = ask(Credentials::Environment, &[("AWS_REGION", "eu-north-1")]);
    assert!(matches!(&error, Error::Config(text) if text.contains("AWS_SECRET_ACCESS_KEY")));
    assert_eq!(asked, [""; 0]);
    let (error, asked) = ask(Credentials::Environment, &[("AWS_PROFILE", "work")]);
    let text = error.to_string();
    assert!(
        text.contains("aws configure export-credentials --profile work --format env"),
        "{text}"
    );
    assert_eq!(asked, [""; 0]);
    let (error, _) = ask(Credentials::Environment, &KEYS[..1]);
    assert_eq!(error, Error::Config("AWS_SECRET_ACCESS_KEY is not set".into()));
}

#[test]
fn a_metadata_address_is_asked_only_where_that_is_said() {
    let asked = |credentials, variables: &[(&str, &str)]| ask(credentials, variables).1;
    let aws = "s3.us-east-1.amazonaws.com";
    let signed = format!("{aws}, signed");
    assert_eq!(asked(Credentials::Environment, &KEYS), [signed]);
    assert_eq!(asked(Credentials::Anonymous, &KEYS), [aws]);
    assert_eq!(asked(Credentials::Environment, &[("AWS_SKIP_SIGNATURE", "true")]), [aws]);
    assert_eq!(asked(Credentials::Instance, &KEYS), ["169.254.169.254"]);
    let task = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1")];
    assert_eq!(asked(Credentials::Environment, &task), ["169.254.170.2"]);
    // Keys come first, as in AWS' own tools.
    let both: Vec<_> = KEYS.into_iter().chain(task).collect();
    assert_eq!(asked(Credentials::Environment, &both), [format!("{aws}, signed")]);
}

#[test]
fn options_reach_the_address_of_a_bucket() {
    let host = |variables: &[(&str, &str)]| {
        let all: Vec<_> = KEYS.iter().chain(variables).copied().collect();
        ask(Credentials::Environment, &all).1.join(" ")
    };
    let virtual_hosted = ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true");
    let endpoint = ("AWS_ENDPOINT_URL", "https://minio.example.com:9000");
    assert_eq!(host(&[("AWS_REGION", "eu-north-1")]), "s3.eu-north-1.amazonaws.com, signed");
    assert_eq!(host(&[virtual_hosted]), "bucket.s3.us-east-1.amazonaws.com, signed");
    assert_eq!(host(&[endpoint]), "minio.example.com, signed");
    assert_eq!(host(&[endpoint, virtual_hosted]), "bucket.minio.example.com, signed");
    let plain = ("AWS_ENDPOINT_URL_S3", "http://minio.example.com");
    assert_eq!(host(&[plain]), "");
    assert_eq!(host(&[plain, ("AWS_ALLOW_HTTP", "1")]), "minio.example.com, signed");
}

#[test]
fn a_wrong_option_is_an_error_that_names_it_and_shows_no_secret() {
    for (name, value) in [
        ("AWS_ENDPOINT_URL", "minio:9000/a secret"),
        ("AWS_ENDPOINT_URL", "https://user:a secret@host"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "perhaps"),
        ("AWS_ALLOW_HTTP", "perhaps"),
        ("AWS_PROXY_URL", "http://a secret@proxy"),
        ("AWS_SERVER_SIDE_ENCRYPTION", "rot13"),
        ("AWS_CHECKSUM_ALGORITHM", "a secret"),
    ] {
        let all: Vec<_> = KEYS.into_iter().chain([(name, value)]).collect();
        let (error, asked) = ask(Credentials::Environment, &all);
        let text = format!("{error} {error:?}");
        assert!(matches!(error, Error::Config(_)) && !text.contains("secret"), "{name}: {text}");
        assert_eq!(asked, [""; 0], "{name}");
    }
}

#[test]
fn a_place_that_names_no_object_is_an_error() {
    let owned = KEYS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let stores = Stores::new(StoreConfig::with_variables(owned));
    let check = |text: &str| stores.check(&text.parse().unwrap());
    assert_eq!(check("s3://bucket/a/b c+%20.wav"), Ok(()));
    assert_eq!(check("/local/"), Ok(()));
    for url in
        ["s3://bucket", "s3://bucket/a/", "s3://bucket/a//b", "s3://bucket//a", "s3://bucket/../a"]
    {
        assert!(matches!(check(url), Err(Error::Key { .. })), "{url}");
    }
    #[cfg(not(feature = "gcs"))]
    assert_eq!(check("gs://bucket/a"), Err(Error::Feature { scheme: "gs", feature: "gcs" }));
    #[cfg(not(feature = "azure"))]
    assert_eq!(check("az://bucket/a"), Err(Error::Feature { scheme: "az", feature: "azure" }));
}
