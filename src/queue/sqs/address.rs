//! Which queue a URL means.

use super::super::{QueueError, shown};

/// A queue, as a URL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) name: String,
    /// The account that owns it, if it may be another than ours.
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// The URL of the server, if it is none of AWS.
    pub(super) endpoint: Option<String>,
    /// For messages.
    pub(super) shown: String,
}

impl Address {
    /// Reads `sqs://NAME`, `sqs://ACCOUNT/NAME` or `sqs://HOST/ACCOUNT/NAME`, with `?region=REGION`. The host is
    /// that of the queue's own URL.
    pub(super) fn of(url: &str) -> Result<Self, QueueError> {
        let wrong =
            |reason: &str| QueueError::Wrong { queue: shown(url), reason: reason.to_owned() };
        let form = "write sqs:// and the queue's URL behind https://, or sqs://NAME";
        let rest = url.strip_prefix("sqs://").ok_or_else(|| wrong(form))?;
        if rest.contains('@') {
            return Err(wrong("credentials are taken from the environment and from AWS' profiles"));
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let parts: Vec<&str> = path.split('/').collect();
        let (host, account, name) = match parts[..] {
            [name] => (None, None, name),
            [account, name] => (None, Some(account), name),
            [host, account, name] => (Some(host), Some(account), name),
            _ => return Err(wrong(form)),
        };
        let is_account = |account: &str| account.bytes().all(|b| b.is_ascii_digit());
        if parts.iter().any(|part| part.is_empty()) || account.is_some_and(|a| !is_account(a)) {
            return Err(wrong(form));
        }
        let is_name =
            |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if name.ends_with(".fifo") {
            return Err(wrong("it is a FIFO queue; take a standard one: order is of no use here"));
        }
        if !is_name(name) {
            return Err(wrong("the name of a queue has letters, digits, - and _"));
        }
        let mut region = host.and_then(of_aws).map(str::to_owned);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("region", name)) => region = Some(name.to_owned()),
                _ => return Err(wrong("of the words after ? it knows region")),
            }
        }
        let foreign = host.filter(|host| of_aws(host).is_none());
        Ok(Self {
            name: name.to_owned(),
            account: account.map(str::to_owned),
            region,
            endpoint: foreign.map(|host| {
                let scheme = if is_here(host) { "http" } else { "https" };
                format!("{scheme}://{host}")
            }),
            shown: shown(url),
        })
    }
}

/// The region of a host of AWS: `sqs.REGION.amazonaws.com`, or of China.
fn of_aws(host: &str) -> Option<&str> {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    host.strip_prefix("sqs.")?.strip_suffix(".amazonaws.com").filter(|region| !region.is_empty())
}

/// Whether a server is on this machine, where nobody stands between.
fn is_here(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_sqs_names_the_queue_however_short() {
        let parts = |url: &str| {
            let Address { name, account, region, endpoint, .. } = Address::of(url).unwrap();
            [Some(name), account, region, endpoint].map(Option::unwrap_or_default)
        };
        assert_eq!(parts("sqs://calls"), ["calls", "", "", ""]);
        assert_eq!(parts("sqs://123456789012/calls"), ["calls", "123456789012", "", ""]);
        assert_eq!(
            parts("sqs://sqs.eu-central-1.amazonaws.com/123456789012/calls"),
            ["calls", "123456789012", "eu-central-1", ""]
        );
        assert_eq!(parts("sqs://sqs.cn-north-1.amazonaws.com.cn/1/calls")[2], "cn-north-1");
        assert_eq!(
            parts("sqs://127.0.0.1:5000/1/calls?region=us-east-1"),
            ["calls", "1", "us-east-1", "http://127.0.0.1:5000"]
        );
        assert_eq!(parts("sqs://sqs.example/1/calls")[3], "https://sqs.example");
    }

    #[test]
    fn a_url_of_sqs_that_cannot_be_meant_is_refused_and_shows_no_secret() {
        for url in [
            "sqs://",
            "sqs:///calls",
            "sqs://host/calls",
            "sqs://a/b/c/d",
            "sqs://calls.fifo",
            "sqs://ca lls",
            "sqs://key:s3cret@host/1/calls",
            "sqs://calls?secret=s3cret",
        ] {
            let error = Address::of(url).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
