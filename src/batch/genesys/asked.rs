//! What a job of Genesys Cloud asks for: its ids, its windows, whether its original is to go.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::journal::Claimed;
use super::super::model::{Done, FailureKind, Input, WindowsSpec};
use super::super::places::failure::failed;
use super::super::places::nothing_found;
use super::super::run::Failure;
use super::{Organisation, Rows};
use crate::evidence::EvidenceOptions;
use crate::genesys::platform::deletion_date;
use crate::job::Job;
use crate::policy::{IfNone, Request};
use crate::receipt::Receipt;
use crate::redact::Summary;
use crate::window::Windows;

/// How far ahead the date of a deletion must be, as for `sordino recording`.
const AHEAD: Duration = Duration::from_secs(24 * 3600);

const NOTHING_MUTED: &str = "its original is to be deleted, and nothing was found to mute in it: no copy was made, and the original is kept; leave `delete` empty in this row to copy it unredacted";

/// A job with its windows.
pub(super) struct Asked<'a> {
    pub(super) claimed: &'a Claimed,
    pub(super) ids: Ids<'a>,
    windows: Windows,
    request: Request,
    if_none: Option<IfNone>,
}

/// The ids of a recording.
#[derive(Clone, Copy)]
pub(super) struct Ids<'a> {
    pub(super) conversation: &'a str,
    pub(super) recording: &'a str,
}

impl<'a> Ids<'a> {
    pub(super) fn of(claimed: &'a Claimed) -> Result<Self, Failure> {
        match &claimed.spec.input {
            Input::Genesys { conversation, recording, .. } => Ok(Self { conversation, recording }),
            Input::Place { .. } => {
                Err(failed(FailureKind::Other, "this job is not for Genesys Cloud"))
            }
        }
    }
}

/// Whether the windows are those that the transcript in Genesys marks.
pub(super) fn is_from_genesys(windows: &WindowsSpec) -> bool {
    matches!(windows, WindowsSpec::Place(place) if place == "genesys:")
}

impl Rows {
    /// When the original is to be deleted, if that is allowed and the copy will be able to stand for it.
    pub(super) fn deletion(
        &self,
        organisation: &Organisation,
        claimed: &Claimed,
    ) -> Result<Option<SystemTime>, Failure> {
        let Input::Genesys { delete: Some(date), .. } = &claimed.spec.input else {
            return Ok(None);
        };
        let refused = |why: &str| failed(FailureKind::Refused, why);
        if !organisation.may_delete {
            return Err(refused("its original is to be deleted; add --yes if that is meant"));
        }
        let treatment = self.places.policy.treatment_of(claimed.spec.treatment.as_deref());
        let treatment = treatment.map_err(|why| failed(FailureKind::Windows, why))?;
        if treatment.is_recoverable() {
            return Err(refused(
                "its original is to be deleted, and an attenuated copy keeps speech recoverable; give --silence or --tone",
            ));
        }
        let at = deletion_date(date).ok_or_else(|| {
            refused("its date of deletion is no date; write one such as 2030-12-31, which is 0:00 UTC, or 2030-12-31T18:00:00Z")
        })?;
        if at < SystemTime::now() + AHEAD {
            return Err(refused("its date of deletion is less than 24 h ahead; give a later one"));
        }
        Ok(Some(at))
    }

    /// The windows; `None` if a transcript was searched, nothing was found, and such recordings are left out.
    /// An error if they would be copied unredacted, and the original were to be deleted.
    pub(super) fn asked<'a>(
        &self,
        claimed: &'a Claimed,
        request: Request,
    ) -> Result<Option<Asked<'a>>, Failure> {
        let windows = request.windows();
        let windows = windows.map_err(|error| failed(FailureKind::Windows, error.to_string()))?;
        let if_none = windows.is_empty().then(|| self.places.policy.if_none());
        let deletes = matches!(&claimed.spec.input, Input::Genesys { delete: Some(_), .. });
        match if_none {
            // Before a copy is anywhere: unredacted, it could not stand for its original.
            Some(IfNone::Copy) if deletes => Err(failed(FailureKind::Windows, NOTHING_MUTED)),
            Some(IfNone::Fail) => Err(nothing_found()),
            Some(IfNone::Skip) => Ok(None),
            Some(IfNone::Copy) | None => {
                Ok(Some(Asked { claimed, ids: Ids::of(claimed)?, windows, request, if_none }))
            }
        }
    }

    pub(super) fn job(&self, asked: &Asked<'_>) -> Result<Job, Failure> {
        let treatment = self.places.policy.treatment_of(asked.claimed.spec.treatment.as_deref());
        let treatment = treatment.map_err(|why| failed(FailureKind::Windows, why))?;
        Ok(Job {
            options: self.places.policy.decode_options(self.places.options),
            evidence: EvidenceOptions { receipt: true, ..EvidenceOptions::default() },
            ..Job::new(asked.ids.recording, asked.windows.clone(), treatment)
        })
    }

    /// Adds to a receipt what the redaction does not know.
    pub(super) fn complete(
        &self,
        asked: &Asked<'_>,
    ) -> Arc<dyn Fn(Receipt) -> Receipt + Send + Sync> {
        self.places.complete(asked.claimed, &asked.request)
    }
}

impl Asked<'_> {
    /// What is known of a job before it is known where its output is.
    pub(super) fn done(&self, summary: &Summary) -> Done {
        Done {
            receipt: self.claimed.spec.receipt.clone(),
            frames: summary.frames,
            rate: summary.stream_info.rate,
            redacted_frames: summary.frames_treated,
            windows: self.windows.len() as u64,
            if_none: self.if_none.map(|if_none| if_none.name().to_owned()),
            ..Done::default()
        }
    }
}
