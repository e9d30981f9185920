//! Error answers of storage hosts to a presigned URL: XML with a `<Code>`, as S3, Google Cloud Storage,
//! Azure and CloudFront write it.
//!
//! Nothing else of the body is used: it may echo the request, whose query is a secret.

/// The longest error code that is shown; the longest of S3 has about 50 letters.
const LONGEST: usize = 64;

/// The error code in a body, if it consists of letters only.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let code = code.trim();
    let is_code =
        (1..=LONGEST).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| code.to_owned())
}

/// Whether a new presigned URL may help. Hosts are not precise: for an expired URL S3 and CloudFront answer
/// `AccessDenied`, Azure `AuthenticationFailed`. A wrong signature or key would be wrong in the next URL too.
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

/// The status that the retry decision uses. S3 answers 400 `RequestTimeout` when a request came too slowly;
/// a retry helps, as after 408.
pub(super) fn meant_status(status: u16, code: &str) -> u16 {
    if (status, code) == (400, "RequestTimeout") { 408 } else { status }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_code_has_letters_only_and_is_short() {
        let of = |code: &str| {
            let xml = "<?xml version=\"1.0\"?>\n<Error><Code>{}</Code><Message>x</Message></Error>";
            super::error_code(xml.replace("{}", code).as_bytes())
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
            assert_eq!(super::error_code(body), None);
        }
    }

    #[test]
    fn an_error_is_expired_only_if_a_new_url_may_help() {
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
