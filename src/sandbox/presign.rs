//! Presigned URLs: what the storage host serves without a token, for a limited time.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{FromRequestParts, Query};
use axum::http::header::{AUTHORIZATION, REFERER};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::answer::api_error;
use super::platform::{self, StorageProblem};
use super::state::{Organisation, Sandbox};

/// Nothing listens on port 9 (discard) of a usual machine.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The signatures that were given out, each with its path and the end of its life.
#[derive(Debug, Default)]
pub(super) struct Signatures(HashMap<String, (String, Instant)>);

impl Organisation {
    /// A presigned URL of the recordings API. `refused` lets it lead to no server.
    pub(super) fn presign(&mut self, path: String, lifetime: Duration, refused: bool) -> String {
        let host = if refused { NOWHERE } else { &self.storage };
        let url = format!("{host}/{path}?signature=");
        url + &self.sign(path, lifetime)
    }

    /// A presigned URL of the Platform API, whose query looks like CloudFront's.
    pub(super) fn presign_like_cloudfront(
        &mut self,
        path: String,
        lifetime: Duration,
        refused: bool,
    ) -> String {
        let host = if refused { NOWHERE } else { &self.storage };
        let end = (SystemTime::now() + lifetime).duration_since(SystemTime::UNIX_EPOCH);
        let end = end.map_or(0, |end| end.as_secs());
        let disposition = "response-content-disposition=attachment%3Bfilename%3D%22recording%22";
        let url =
            format!("{host}/{path}?{disposition}&Expires={end}&Key-Pair-Id=SANDBOX&Signature=");
        url + &self.sign(path, lifetime)
    }

    fn sign(&mut self, path: String, lifetime: Duration) -> String {
        let signature = Uuid::new_v4().simple().to_string();
        self.signatures.0.insert(signature.clone(), (path, Instant::now() + lifetime));
        signature
    }

    /// Makes all presigned URLs expire.
    pub(super) fn expire_all(&mut self) {
        self.signatures.0.clear();
    }

    fn is_signed(&self, path: &str, signature: &str) -> bool {
        let known = self.signatures.0.get(signature);
        known.is_some_and(|(signed, until)| signed == path && Instant::now() < *until)
    }
}

/// Requires a presigned URL with a valid signature, and neither a bearer token nor a referrer.
pub(super) struct Presigned;

impl FromRequestParts<Sandbox> for Presigned {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Response> {
        let refuse = |status, code, message| match platform::is_storage(parts.uri.path()) {
            true => StorageProblem(status, code).into_response(),
            false => api_error(status, message),
        };
        if [AUTHORIZATION, REFERER].iter().any(|name| parts.headers.contains_key(name)) {
            let message = "a presigned URL takes no Authorization and no Referer";
            return Err(refuse(400, "InvalidArgument", message));
        }
        let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri).unwrap_or_default();
        let signature = query.get("Signature").or(query.get("signature"));
        let path = parts.uri.path().trim_start_matches('/');
        match sandbox.lock().is_signed(path, signature.map_or("", String::as_str)) {
            true => Ok(Self),
            false => Err(refuse(403, "AccessDenied", "Request has expired")),
        }
    }
}
