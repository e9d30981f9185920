//! The error code of a storage host: XML with a `<Code>`, as S3, Google Cloud Storage, Azure and CloudFront
//! write it.
//!
//! Nothing else of the body is used: it may echo the request, whose query may be a secret.

/// The longest error code that is shown; the longest of S3 has about 50 letters.
const LONGEST: usize = 64;

/// The error code in a body, if it consists of letters only.
pub(crate) fn error_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let code = code.trim();
    let is_code =
        (1..=LONGEST).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| code.to_owned())
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
}
