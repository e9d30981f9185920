//! What storage hosts say when they refuse a presigned URL: an error in XML, with a `<Code>`.
//!
//! S3, Google Cloud Storage, Azure and CloudFront all write it so. Nothing else of the body is
//! shown: it may repeat the request, whose query is a secret.

use super::retry::{Outcome, RetryAfter};

/// The longest code that is shown; the longest of S3 has about 50 letters.
const LONGEST: usize = 64;

/// The host's own code; nothing, if there is none that is made of letters alone.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let code = code.trim();
    let is_code =
        (1..=LONGEST).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| code.to_owned())
}

/// Whether a new URL may help. Hosts are not precise: S3 and CloudFront say `AccessDenied` of a URL
/// that has expired, Azure `AuthenticationFailed`. What is wrong with the signature or the key is
/// wrong with the next URL too.
pub(super) fn is_expired(status: u16, code: &str) -> bool {
    match status {
        410 => true,
        403 => matches!(
            code,
            "" | "AccessDenied" | "AuthenticationFailed" | "ExpiredToken" | "RequestExpired"
        ),
        400 => code == "ExpiredToken",
        _ => false,
    }
}

/// How the try went. S3 reports a request that came too slowly as 400, and a repeat helps.
pub(super) fn outcome(status: u16, code: &str, after: Option<RetryAfter>) -> Outcome {
    match (status, code) {
        (400, "RequestTimeout") => Outcome::Status(408, after),
        _ => Outcome::Status(status, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_made_of_letters_and_is_short() {
        let of = |code: &str| {
            let xml = "<?xml version=\"1.0\"?>\n<Error><Code>{}</Code><Message>x</Message></Error>";
            super::code(xml.replace("{}", code).as_bytes())
        };
        assert_eq!(of("SignatureDoesNotMatch").as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(of("\n  SlowDown\n").as_deref(), Some("SlowDown"));
        for bad in ["", "Slow Down", "a1", "<b>x</b>", "\u{1b}x", "ä", &"x".repeat(LONGEST + 1)] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(of(&"x".repeat(LONGEST)).map(|code| code.len()), Some(LONGEST));
        for body in
            [&b"<Code>x"[..], b"</Code>x<Code>", b"{\"code\": \"x\"}", b"\xFF<Code>x</Code>"]
        {
            assert_eq!(super::code(body), None);
        }
    }

    #[test]
    fn only_what_a_new_url_may_mend_is_called_expired() {
        for (status, code, expired) in [
            (403, "", true),
            (403, "AccessDenied", true),
            (403, "AuthenticationFailed", true),
            (403, "SignatureDoesNotMatch", false),
            (403, "InvalidAccessKeyId", false),
            (400, "ExpiredToken", true),
            (400, "RequestTimeout", false),
            (400, "", false),
            (410, "", true),
            (404, "ExpiredToken", false),
        ] {
            assert_eq!(is_expired(status, code), expired, "{status} {code}");
        }
    }
}
