//! Step 5, annotate: marks a passage of the original recording.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Request, StepRecord};
use crate::genesys::secret::is_id;
use crate::genesys::wire::WorkflowStep;

use super::{Original, Platform, wire};

const STEP: WorkflowStep = WorkflowStep::Annotate;

/// The longest description that the API takes, in characters.
const LONGEST: usize = 500;

/// A passage of a recording, in the time of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it begins.
    pub start: Duration,
    /// Where it ends.
    pub end: Duration,
    /// What kind of passage it is, for example `card number`. Shown to everyone who may see the
    /// recording: never what was said.
    pub label: Option<String>,
}

/// An annotation that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotated {
    /// Its id.
    pub id: String,
    /// The record of this step.
    pub record: StepRecord,
}

impl Passage {
    /// Its annotation. The start is rounded down and the end up to whole milliseconds.
    fn annotation(&self) -> wire::Annotation {
        let millis = |nanos: u128| i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
        let location = millis(self.start.as_nanos());
        let end = millis(self.end.as_nanos().saturating_add(999_999));
        let label = self.label.as_deref().unwrap_or_default();
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = match label.as_str() {
            "" => "muted in a redacted copy".to_owned(),
            label => format!("{label}: muted in a redacted copy"),
        };
        let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        wire::Annotation {
            name: if label.is_empty() {
                "redacted".into()
            } else {
                label.chars().take(60).collect()
            },
            kind: "bookmark".into(),
            location,
            duration_ms: end.saturating_sub(location).max(0),
            description: text,
            ..wire::Annotation::default()
        }
    }
}

/// Passages that a recording has no annotation of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmarked {
    /// The passages.
    pub passages: Vec<Passage>,
    /// The record of this step.
    pub record: StepRecord,
}

impl Platform {
    /// Which of these passages the recording has no annotation of: none with the same type, name, start and
    /// length. So a passage that was marked before is not marked again.
    ///
    /// # Errors
    /// [`Error::MissingPermission`] (`recording:annotation:view`), [`Error::Refused`], [`Error::Answer`].
    pub async fn unmarked(
        &self,
        original: &Original,
        passages: &[Passage],
    ) -> Result<Unmarked, Error> {
        self.0.tell(Event::Begins(STEP));
        let (conversation, recording) = ([original.conversation_id()], [original.recording_id()]);
        let path = annotations(&conversation, &recording);
        let build = || self.0.to_api(Method::GET, &path);
        let request = Request { reads: true, ..Request::to_api(STEP, &build) };
        // The system's own lack fields, or have them as `null`.
        let (found, record) = self.0.send_for_json::<Vec<Value>>(request).await?;
        let is_unmarked =
            |passage: &&Passage| !found.iter().any(|one| is_of(one, &passage.annotation()));
        let passages = passages.iter().filter(is_unmarked).cloned().collect();
        Ok(Unmarked { passages, record })
    }

    /// Marks a passage of the original with an annotation of the type `bookmark`. Not retried when the answer
    /// is lost, which could make a second one.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it is unknown whether the annotation was made;
    /// [`Error::MissingPermission`], [`Error::Refused`].
    pub async fn annotate(
        &self,
        original: &Original,
        passage: &Passage,
    ) -> Result<Annotated, Error> {
        self.0.tell(Event::Begins(STEP));
        let (conversation, recording) = ([original.conversation_id()], [original.recording_id()]);
        let (path, body) = (annotations(&conversation, &recording), passage.annotation());
        let build = || self.0.to_api(Method::POST, &path).json(&body);
        let request = Request::to_api(STEP, &build);
        let (made, record) = self.0.send_for_json::<wire::Annotation>(request).await?;
        if !is_id(&made.id) {
            let reason = "it contains no valid annotation id".into();
            return Err(Error::OutcomeUnknown { step: STEP, reason });
        }
        Ok(Annotated { id: made.id, record })
    }
}

/// The path of the annotations of a recording.
fn annotations<'a>(conversation: &'a [&'a str], recording: &'a [&'a str]) -> [&'a [&'a str]; 5] {
    [wire::CONVERSATIONS, conversation, wire::RECORDINGS, recording, wire::ANNOTATIONS]
}

/// Whether an annotation of the API is this one, whoever made it.
fn is_of(found: &Value, annotation: &wire::Annotation) -> bool {
    let text = |name| found.get(name).and_then(Value::as_str);
    let number = |name| found.get(name).and_then(Value::as_i64);
    text("type").is_some_and(|kind| kind.eq_ignore_ascii_case(&annotation.kind))
        && text("name") == Some(&annotation.name)
        && number("location") == Some(annotation.location)
        && number("durationMs") == Some(annotation.duration_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(start: u64, end: u64, label: Option<&str>) -> wire::Annotation {
        let label = label.map(str::to_owned);
        let (start, end) = (Duration::from_nanos(start), Duration::from_nanos(end));
        Passage { start, end, label }.annotation()
    }

    #[test]
    fn an_annotation_covers_its_passage() {
        let all = annotation(1_999_999, 3_000_001, None);
        assert_eq!((all.location, all.duration_ms), (1, 3));
        let exact = annotation(10_000_000_000, 15_000_000_000, Some("card number"));
        assert_eq!((exact.location, exact.duration_ms), (10_000, 5000));
        let text = "card number: muted in a redacted copy";
        assert_eq!((exact.name.as_str(), exact.description.as_str()), ("card number", text));
        let to_the_end = Passage { start: Duration::ZERO, end: Duration::MAX, label: None };
        assert_eq!(to_the_end.annotation().duration_ms, i64::MAX);
    }

    #[test]
    fn a_long_label_is_cut_and_is_one_line() {
        let long = annotation(0, 1, Some(&"ä\n\u{1b} ".repeat(600)));
        assert_eq!(long.description.chars().count(), LONGEST);
        assert!(!long.description.contains(char::is_control) && long.name.chars().count() == 60);
    }
}
