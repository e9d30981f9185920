//! How to reach an organisation: host, credentials and limits, from flags and the environment.

use sordino::genesys::{Config, Credentials, DEFAULT_BASE_URL, Error, Region};

use super::args::{Api, ClientArgs, time};
use super::exit::Failure;
use super::messages::{detail, note, warn};

const DOING: &str = "reading the configuration";

/// A setting, from its flag or from the environment.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) value: String,
    /// Whether no flag gave it.
    pub(crate) from_environment: bool,
}

/// The setting of a flag, or else of a variable; `None` if both are empty. Not clap's `env`, which does not
/// tell the two apart, and shows the value in `--help`.
pub(crate) fn setting(flag: Option<&String>, variable: &str) -> Option<Setting> {
    let some = |value: String, from_environment| {
        (!value.is_empty()).then_some(Setting { value, from_environment })
    };
    match flag {
        Some(value) => some(value.clone(), false),
        None => std::env::var(variable).ok().and_then(|value| some(value, true)),
    }
}

/// The error that names everything that is missing.
pub(crate) fn missing(settings: &[(bool, &str)]) -> Failure {
    let missing = settings.iter().filter_map(|(missing, name)| missing.then_some(*name));
    let names = missing.collect::<Vec<_>>().join(", ");
    Failure::usage(DOING, format!("missing: {names}; set them as `sordino recording --help` shows"))
}

/// The secret, from the file that is named or from the environment. Never from an argument, which
/// other users of the machine can read.
pub(crate) fn client_secret(args: &ClientArgs) -> Result<Option<String>, Failure> {
    let secret = match &args.client_secret_file {
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(|error| {
            Failure::usage(format!("reading the client secret from {}", path.display()), error)
        })?,
        None => std::env::var("GENESYS_CLIENT_SECRET").ok(),
    };
    Ok(secret.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty()))
}

pub(crate) fn invalid(error: Error) -> Failure {
    Failure::usage(DOING, error)
}

/// The configuration of a client. Tells which host it is, and why.
pub(crate) fn config(
    args: &ClientArgs,
    api: Api,
    credentials: Credentials,
) -> Result<Config, Failure> {
    let timeout = time("--timeout", &args.timeout)?;
    if timeout.is_zero() {
        let mend = "0 would end every request at once; give a time, for example 30s";
        return Err(Failure::usage("reading --timeout", mend));
    }
    let (base, why) = base_url(args, api)?;
    let config = match api {
        Api::Recordings => Config::new(&base, credentials),
        Api::Platform => Config::platform(&base, credentials),
    };
    let mut config = config.map_err(invalid)?;
    // Now that it is known to hold no password.
    detail(&format!("the API host is {} ({why})", host_of(&base)));
    config.retries = args.max_retries;
    config.longest_wait = time("--max-wait", &args.max_wait)?;
    config.requests_a_minute = args.rate.unwrap_or(config.requests_a_minute);
    config.token_cache.clone_from(&args.token_cache);
    config.timeout = timeout;
    Ok(config)
}

/// The URL of the API host, and what says so.
fn base_url(args: &ClientArgs, api: Api) -> Result<(String, String), Failure> {
    const VARIABLE: &str = "GENESYS_BASE_URL";
    let given = setting(args.base_url.as_ref(), VARIABLE);
    let Some(name) = &args.region else {
        return Ok(match given {
            Some(Setting { value, from_environment: true }) => (value, VARIABLE.into()),
            Some(Setting { value, .. }) => (value, "--base-url".into()),
            None => (DEFAULT_BASE_URL.to_owned(), "the default".into()),
        });
    };
    let region = Region::named(name).map_err(|error| Failure::usage("reading --region", error))?;
    if !region.is_listed() {
        let name = region.name();
        warn(&format!("the region {name} is not one that sordino knows; check its name"));
    }
    let url = region.api_url();
    if given.is_some_and(|given| given.value.trim_end_matches('/') != url) {
        note(&format!("--region counts, not {VARIABLE}: the API host is {}", host_of(&url)));
    }
    Ok(match api {
        // Its login is at the same host.
        Api::Recordings => (url, "--region".into()),
        Api::Platform => {
            let login = region.login_url();
            (url, format!("--region; the login host is {}", host_of(&login)))
        }
    })
}

/// Host and port of a URL.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}
