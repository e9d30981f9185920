//! Where the redacted recording went, and what is left of the original.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the redacted recording went, and for a recording in Genesys Cloud where it came from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// The kind of place.
    pub kind: DeliveryKind,
    /// The URL of the object in a store, without credentials and query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub url: Option<String>,
    /// The entity tag that the store gave the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub etag: Option<String>,
    /// The version that the store gave the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub version: Option<String>,
    /// The id of the recording in Genesys Cloud that was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub recording_id: Option<String>,
    /// The id of its conversation; of kind `genesys`, only if something was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub conversation_id: Option<String>,
    /// Of kind `genesys`: the id of the new, redacted recording; absent if nothing was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub new_recording_id: Option<String>,
    /// What is left of the original at Genesys Cloud, where that was asked for. Of kind `genesys` it is
    /// always kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "OriginalEntry"))]
    pub original: Option<OriginalEntry>,
    /// The steps at Genesys Cloud, in order. Signing in is not among them, because many recordings share
    /// it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepEntry>,
}

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum DeliveryKind {
    /// A new recording in Genesys Cloud. The original stays unchanged.
    Genesys,
    /// An object in a store, such as a bucket.
    Store,
    /// A file, which the receipt does not name.
    #[default]
    File,
}

/// What is left of the original at Genesys Cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginalEntry {
    /// What was done with the audio.
    pub state: OriginalState,
    /// When Genesys Cloud deletes it, as RFC 3339; not of `kept`; `deletion-set` needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date-time")))]
    pub delete_date: Option<String>,
    /// What is known of its transcript.
    pub transcript: TranscriptState,
}

/// What was done with the audio of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OriginalState {
    /// Nothing.
    Kept,
    /// Its deletion is set for a date.
    DeletionSet,
    /// It is deleted.
    Deleted,
    /// Whether its deletion is set is not known, because the answer was lost.
    Unknown,
}

/// What is known of the transcript of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum TranscriptState {
    /// It is still there.
    Kept,
    /// It is not known whether it is still there, or whether there was one.
    Unknown,
}

/// One step at Genesys Cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepEntry {
    /// `layout`, `locate`, `fetch`, `grant`, `upload`, `complete`, `transcript`, `annotate`, `protection` or
    /// `retention`.
    #[cfg_attr(test, schemars(extend("enum" = ["layout", "locate", "fetch", "grant", "upload", "complete", "transcript", "annotate", "protection", "retention"])))]
    pub step: String,
    /// When the step began, as RFC 3339 in UTC.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub began: String,
    /// When the response came (of a fetch: its headers), as RFC 3339 in UTC.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub answered: String,
    /// Number of failed tries before that.
    pub retries: u32,
    /// The API's correlation id of the request, for Genesys' support.
    pub correlation_id: Option<String>,
}

impl Delivery {
    /// The delivery to an object in a store. Credentials, query and fragment of the URL are left out.
    pub fn store(url: &str) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let url = match url.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let host = host.rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{host}{path}")
            }
            None => url.to_owned(),
        };
        Self { kind: DeliveryKind::Store, url: Some(url), ..Self::default() }
    }

    /// Returns what contradicts its kind. Times are checked elsewhere.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let is_kind = |kind| self.kind == kind;
        let has_object = self.url.is_some() || self.etag.is_some() || self.version.is_some();
        let is_bare = |url: &str| Self::store(url).url.as_deref() == Some(url);
        let has_url = self.url.as_deref().is_some_and(is_bare);
        if has_url != is_kind(DeliveryKind::Store) || has_object != has_url {
            return Some(
                "a store has a URL without credentials and query, and no other place has one",
            );
        }
        let is_from_genesys = self.recording_id.is_some();
        let has_facts = !self.steps.is_empty()
            || self.conversation_id.is_some()
            || self.new_recording_id.is_some()
            || self.original.is_some();
        if !is_from_genesys && (has_facts || is_kind(DeliveryKind::Genesys)) {
            return Some("facts of Genesys Cloud are without a recording");
        }
        let is_foreign = if is_kind(DeliveryKind::Genesys) {
            self.original.is_some()
                || self.new_recording_id.is_some() != self.conversation_id.is_some()
        } else {
            self.new_recording_id.is_some()
        };
        if is_foreign {
            return Some("the new recording does not fit the kind of delivery");
        }
        let is_dated = |original: &OriginalEntry| match original.state {
            OriginalState::Kept => original.delete_date.is_none(),
            OriginalState::DeletionSet => original.delete_date.is_some(),
            OriginalState::Deleted | OriginalState::Unknown => true,
        };
        let is_dated = self.original.as_ref().is_none_or(is_dated);
        (!is_dated)
            .then_some("the date of the deletion does not fit what was done with the original")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_store_has_no_secret() {
        for (url, kept) in [
            ("s3://bucket/a/b.wav", "s3://bucket/a/b.wav"),
            ("https://host/a.wav?sig=1#x", "https://host/a.wav"),
            ("https://user:pass@host/a@b.wav", "https://host/a@b.wav"),
            ("https://user:p@ss@host", "https://host"),
            ("a.wav?x", "a.wav"),
        ] {
            let delivery = Delivery::store(url);
            assert_eq!(delivery.url.as_deref(), Some(kept));
            assert_eq!(delivery.contradiction(), None);
            let told = Delivery { url: Some(url.into()), ..delivery };
            assert_eq!(told.contradiction().is_some(), url != kept, "{url}");
        }
    }

    #[test]
    fn what_does_not_fit_the_kind_is_a_contradiction() {
        let some = || Some("id".to_owned());
        let file = Delivery::default;
        let step = StepEntry {
            step: "locate".into(),
            began: String::new(),
            answered: String::new(),
            retries: 0,
            correlation_id: None,
        };
        let kept = |state, delete_date| {
            let transcript = TranscriptState::Unknown;
            Some(OriginalEntry { state, delete_date, transcript })
        };
        let fetched = || Delivery { recording_id: some(), conversation_id: some(), ..file() };
        let genesys = || Delivery { kind: DeliveryKind::Genesys, recording_id: some(), ..file() };
        let uploaded =
            || Delivery { conversation_id: some(), new_recording_id: some(), ..genesys() };
        let state = |state, date| Delivery { original: kept(state, date), ..fetched() };
        let fine = [
            file(),
            fetched(),
            genesys(),
            uploaded(),
            Delivery { etag: some(), version: some(), ..Delivery::store("s3://a/b") },
            Delivery {
                recording_id: some(),
                steps: vec![step.clone()],
                ..Delivery::store("s3://a/b")
            },
            state(OriginalState::Kept, None),
            state(OriginalState::DeletionSet, some()),
            state(OriginalState::Deleted, None),
            state(OriginalState::Deleted, some()),
            state(OriginalState::Unknown, None),
        ];
        let wrong = [
            Delivery { url: some(), ..file() },
            Delivery { etag: some(), ..file() },
            Delivery { version: some(), ..genesys() },
            Delivery { url: None, ..Delivery::store("s3://a/b") },
            Delivery { recording_id: None, ..fetched() },
            Delivery { recording_id: None, ..genesys() },
            Delivery { steps: vec![step], ..file() },
            Delivery { new_recording_id: some(), ..fetched() },
            Delivery { new_recording_id: some(), ..genesys() },
            Delivery { conversation_id: some(), ..genesys() },
            Delivery { original: kept(OriginalState::Kept, None), ..file() },
            Delivery { original: kept(OriginalState::Kept, None), ..uploaded() },
            state(OriginalState::Kept, some()),
            state(OriginalState::DeletionSet, None),
        ];
        fine.iter().for_each(|one| assert_eq!(one.contradiction(), None, "{one:?}"));
        wrong.iter().for_each(|one| assert!(one.contradiction().is_some(), "{one:?}"));
    }
}
