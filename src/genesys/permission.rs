//! Missing permissions: which ones a refusal of the API names, in words for an administrator.

use serde_json::Value;

use super::error::Error;
use super::wire::WorkflowStep;

/// The error codes of the API that mean a missing permission.
const CODES: [&str; 3] =
    ["missing.permissions", "missing.any.permissions", "missing.division.permission"];

/// The most permissions that are named.
const MOST: usize = 8;

/// The error for a 403 with this body, if a permission is missing. `context_id` is safe to show.
pub(super) fn missing(step: WorkflowStep, body: &[u8], context_id: &str) -> Option<Error> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("code")?.as_str()?;
    if !CODES.contains(&code) {
        return None;
    }
    let params = body.get("messageParams").and_then(Value::as_object);
    let params = params.into_iter().flat_map(|params| params.values().filter_map(Value::as_str));
    let message = body.get("message").and_then(Value::as_str);
    let mut permissions: Vec<String> = Vec::new();
    for name in params.chain(message).flat_map(names) {
        if permissions.len() < MOST && !permissions.contains(&name) {
            permissions.push(name);
        }
    }
    let is_any = permissions.len() > 1 && code == "missing.any.permissions";
    if permissions.is_empty() {
        permissions.extend(documented(step).map(str::to_owned));
    }
    let context_id = context_id.to_owned();
    (!permissions.is_empty()).then_some(Error::MissingPermission {
        step,
        permissions,
        is_any,
        context_id,
    })
}

/// The permissions in a text: `domain:entity:action`.
fn names(text: &str) -> impl Iterator<Item = String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "_*:-".contains(c);
    let words = text.split(move |c| !is_letter(c)).map(str::to_owned);
    words.filter(|word| {
        let parts: Vec<&str> = word.split(':').collect();
        parts.len() == 3 && word.len() <= 100 && parts.iter().all(|part| !part.is_empty())
    })
}

/// The permission that the documentation asks for, where an answer names none.
fn documented(step: WorkflowStep) -> Option<&'static str> {
    match step {
        WorkflowStep::List | WorkflowStep::Locate | WorkflowStep::Transcript => {
            Some("recording:recording:view")
        }
        WorkflowStep::Layout => Some("conversation:communication:view"),
        WorkflowStep::Annotate => Some("recording:annotation:add"),
        WorkflowStep::Retention => Some("recording:recording:editRetention"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(step: WorkflowStep, body: &str) -> Option<String> {
        missing(step, body.as_bytes(), "c-1").map(|error| error.to_string())
    }

    #[test]
    fn the_permission_is_named_wherever_the_answer_has_it() {
        let one = r#"{"code":"missing.permissions","messageParams":{"permissions":"recording:annotation:add"}}"#;
        let expected = "annotate: the permission recording:annotation:add is missing";
        assert!(text(WorkflowStep::Annotate, one).unwrap().starts_with(expected));
        let any = r#"{"code":"missing.any.permissions","message":"at least one of: [recording:recording:view, a:b, recording:screenRecording:view]"}"#;
        let named = text(WorkflowStep::Locate, any).unwrap();
        assert!(
            named.contains("recording:recording:view or recording:screenRecording:view"),
            "{named}"
        );
        assert!(named.contains("c-1") && !named.contains("a:b"), "{named}");
        let none = r#"{"code":"missing.division.permission"}"#;
        let named = text(WorkflowStep::Retention, none).unwrap();
        assert!(named.contains("recording:recording:editRetention"), "{named}");
        let named = text(WorkflowStep::Transcript, none).unwrap();
        assert!(named.contains("recording:recording:view"), "{named}");
        assert_eq!(text(WorkflowStep::Protection, none), None);
    }

    #[test]
    fn another_refusal_is_none_of_a_permission() {
        for body in ["", "[]", "{}", r#"{"code":403}"#, r#"{"code":"not.authorized"}"#, "\u{1b}"] {
            assert_eq!(text(WorkflowStep::Locate, body), None, "{body}");
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let many: Vec<String> = (0..50).map(|n| format!("a:b:c{n}")).collect();
        let body = serde_json::json!({"code": "missing.permissions", "message": many.join(",")});
        let Some(Error::MissingPermission { permissions, .. }) =
            missing(WorkflowStep::Locate, body.to_string().as_bytes(), "")
        else {
            panic!("none")
        };
        assert_eq!(permissions.len(), MOST);
    }
}
