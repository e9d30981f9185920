//! Layout: where Genesys' own export to a bucket puts the recordings of a conversation.

use reqwest::Method;

use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Request, StepRecord};
use crate::genesys::secret::{check_id, is_id};
use crate::genesys::wire::WorkflowStep;

use super::date::date_time;
use super::{Platform, wire};

const STEP: WorkflowStep = WorkflowStep::Layout;

/// The folder of a conversation in the layout of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFolder {
    /// Its path, without a slash at either end.
    pub path: String,
    /// The records of the two requests.
    pub records: Vec<StepRecord>,
}

impl Platform {
    /// Where Genesys' own export to a bucket puts the recordings of a conversation:
    /// `ORGANISATION/year=2026/month=01/day=31/hour=09/conversation_id=CONVERSATION`, by the hour in UTC at
    /// which the conversation began. Of the conversation nothing else is read.
    ///
    /// # Errors
    /// [`Error::Config`] when the id is invalid; [`Error::Answer`] when the API names no organisation, or no
    /// start of the conversation; [`Error::MissingPermission`], [`Error::Refused`].
    pub async fn export_folder(&self, conversation_id: &str) -> Result<ExportFolder, Error> {
        check_id("conversation", conversation_id)?;
        self.0.tell(Event::Begins(STEP));
        let build = || self.0.to_api(Method::GET, &[wire::ORGANISATION]);
        let asked = self.0.send_for_json::<wire::Entity>(Request::to_api(STEP, &build));
        let (organisation, of_organisation) = asked.await?;
        let path = [wire::CONVERSATIONS, &[conversation_id]];
        let build = || self.0.to_api(Method::GET, &path);
        let asked = self.0.send_for_json::<wire::Conversation>(Request::to_api(STEP, &build));
        let (conversation, of_conversation) = asked.await?;
        let path = folder(&organisation.id, conversation_id, &conversation)
            .map_err(|reason| Error::Answer { step: STEP, reason: reason.into() })?;
        Ok(ExportFolder { path, records: vec![of_organisation, of_conversation] })
    }
}

fn folder(
    organisation: &str,
    id: &str,
    conversation: &wire::Conversation,
) -> Result<String, &'static str> {
    if !is_id(organisation) {
        return Err("it contains no valid organisation id");
    }
    if conversation.id != id {
        return Err("it describes another conversation");
    }
    let start = conversation.start_time.as_deref().and_then(date_time);
    let Some(start) = start else {
        return Err("it does not say when the conversation began");
    };
    // `2026-01-31T09:26:53Z`, in UTC.
    let text = humantime::format_rfc3339_seconds(start).to_string();
    let [year, month, day, hour] = [0..4, 5..7, 8..10, 11..13].map(|part| &text[part]);
    Ok(format!(
        "{organisation}/year={year}/month={month}/day={day}/hour={hour}/conversation_id={id}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(organisation: &str, id: &str, start: Option<&str>) -> Result<String, &'static str> {
        let start_time = start.map(str::to_owned);
        folder(organisation, "c-1", &wire::Conversation { id: id.into(), start_time })
    }

    #[test]
    fn the_folder_is_that_of_the_hour_in_utc() {
        for (start, hour) in [
            ("2026-01-31T09:59:59.999Z", "year=2026/month=01/day=31/hour=09"),
            ("2025-12-31T23:00:00Z", "year=2025/month=12/day=31/hour=23"),
            ("2026-01-01T01:00:00+02:00", "year=2025/month=12/day=31/hour=23"),
        ] {
            let expected = format!("o-1/{hour}/conversation_id=c-1");
            assert_eq!(of("o-1", "c-1", Some(start)), Ok(expected));
        }
    }

    #[test]
    fn an_answer_that_could_lead_elsewhere_is_refused() {
        let start = Some("2026-01-31T09:59:59Z");
        for organisation in ["", "..", "a/b", "a\\b", "ä"] {
            assert!(of(organisation, "c-1", start).unwrap_err().contains("organisation"));
        }
        assert!(of("o", "c-2", start).unwrap_err().contains("another conversation"));
        for start in [None, Some(""), Some("yesterday"), Some("2026-01-31T09:59:59")] {
            assert!(of("o", "c-1", start).unwrap_err().contains("when"), "{start:?}");
        }
    }
}
