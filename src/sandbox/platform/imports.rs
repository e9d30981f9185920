//! Imports: a file goes to the storage host, and later becomes a recording, or does not.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body as RawBody, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::super::answer::json as answer;
use super::super::inject::FaultInAnswer;
use super::super::presign::Presigned;
use super::super::routes::{self, SignedIn, drain};
use super::super::state::Sandbox;
use super::body::Body;
use super::error::{Problem, StorageProblem};

/// An import that a client began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its upload key.
    pub key: String,
    /// The name of the file.
    pub file_name: String,
    /// What came; `None` before the upload, empty if uploads are discarded.
    pub content: Option<Bytes>,
    /// What became of it.
    pub status: ImportStatus,
    /// The headers that the upload must have.
    headers: BTreeMap<String, String>,
}

/// What became of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ImportStatus {
    /// It has not arrived.
    Pending,
    /// It is a recording.
    Success,
    /// It is no ZIP, so it cannot be one of the vendor's import packages.
    Failure,
    /// Its conversation is not known yet.
    WaitForConversation,
}

impl ImportStatus {
    /// The status as the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Success => "Success",
            Self::Failure => "Failure",
            Self::WaitForConversation => "WaitForConversation",
        }
    }
}

impl Sandbox {
    /// Sets what became of an import.
    pub fn set_import(&self, key: &str, status: ImportStatus) {
        for import in self.lock().imports.iter_mut().filter(|import| import.key == key) {
            import.status = status;
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    file_name: String,
    content_md5: Option<String>,
    content_type: Option<String>,
    signed_url_timeout_seconds: Option<u64>,
    server_side_encryption: Option<String>,
}

impl Wanted {
    fn check(&self) -> Result<(), Problem> {
        let name = &self.file_name;
        let is_refused = |c: char| c.is_whitespace() || r#"\{^}%`]">[~<#|"#.contains(c);
        if name.is_empty()
            || name.starts_with('.')
            || name.ends_with('/')
            || name.contains(is_refused)
        {
            return Err(Problem::value("fileName has characters that it may not have"));
        }
        if self.signed_url_timeout_seconds.is_some_and(|time| !(1..=604_800).contains(&time)) {
            return Err(Problem::value("signedUrlTimeoutSeconds is from 1 to 604800"));
        }
        if self.server_side_encryption.as_ref().is_some_and(|known| known != "AES256") {
            return Err(Problem::value("serverSideEncryption is AES256"));
        }
        Ok(())
    }

    /// The headers that the upload must have.
    fn headers(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("Content-MD5", &self.content_md5),
            ("Content-Type", &self.content_type),
            ("x-amz-server-side-encryption", &self.server_side_encryption),
        ];
        let given =
            pairs.into_iter().filter_map(|(name, value)| Some((name.into(), value.clone()?)));
        given.chain([("x-amz-tagging".into(), "organizationId=sandbox".into())]).collect()
    }
}

pub(super) async fn grant(
    _: SignedIn,
    fault: FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&["recording:recording:upload"])?;
    wanted.check()?;
    let (key, headers) = (Uuid::new_v4().to_string(), wanted.headers());
    let lifetime = Duration::from_secs(wanted.signed_url_timeout_seconds.unwrap_or(600));
    let path = format!("import/{key}");
    let url = organisation.presign_like_cloudfront(path, lifetime, fault.is_refused());
    let answer = answer(&json!({ "url": url, "uploadKey": key, "headers": headers }));
    let (file_name, status) = (wanted.file_name, ImportStatus::Pending);
    organisation.imports.push(Import { key, file_name, content: None, status, headers });
    Ok(answer)
}

pub(super) async fn receive(
    presigned: Result<Presigned, Response>,
    State(sandbox): State<Sandbox>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: RawBody,
) -> Response {
    let known = sandbox.imports().into_iter().find(|import| import.key == key);
    let sent = |(name, value): (&String, &String)| {
        headers.get(name.as_str()).is_some_and(|sent| sent == value.as_str())
    };
    let refusal = match (presigned, known) {
        (Err(refusal), _) => Some(refusal),
        (_, None) => Some(StorageProblem::of(404).into_response()),
        // The signature covers them.
        (_, Some(import)) if !import.headers.iter().all(sent) => {
            Some(StorageProblem(403, "SignatureDoesNotMatch").into_response())
        }
        _ => None,
    };
    if let Some(refusal) = refusal {
        drain(body).await;
        return refusal;
    }
    let (content, _) = match routes::receive(&headers, body, sandbox.options.discard).await {
        Ok(received) => received,
        Err((status, _)) => return StorageProblem(status, "IncompleteBody").into_response(),
    };
    let is_zip = content.starts_with(b"PK\x03\x04");
    let status = if is_zip || sandbox.options.discard {
        ImportStatus::Success
    } else {
        ImportStatus::Failure
    };
    for import in sandbox.lock().imports.iter_mut().filter(|import| import.key == key) {
        (import.content, import.status) = (Some(content.clone()), status);
    }
    StatusCode::OK.into_response()
}
