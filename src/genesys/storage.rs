//! What the error answers of storage hosts to a presigned URL mean.

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
