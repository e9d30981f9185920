//! Injected faults: each way in which the network can fail, on demand.
//!
//! A fault is written `STEP=KIND[xTIMES]`, where TIMES is a number or `ever`; see [`FaultKind`].

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::genesys::wire::WorkflowStep;

/// A fault at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectedFault {
    /// The step that fails.
    pub step: WorkflowStep,
    /// How it fails.
    pub kind: FaultKind,
    /// How often; `u32::MAX` is for ever.
    pub times: u32,
}

/// The kinds of faults, each with its syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// `429`, `503` …: this status, with a message and ids in JSON.
    Status(u16),
    /// `429:SECONDS`: this status with `Retry-After` in seconds; fractions are allowed (`429:2.5`).
    StatusIn(u16, Duration),
    /// `429:date:SECONDS`: this status with `Retry-After` as a date, that many seconds from now.
    StatusAt(u16, u64),
    /// `code:STATUS:CODE`: an error in XML, as storage hosts write it.
    Code(u16, String),
    /// `early:STATUS`: this status before the request's body has arrived. The body is still read.
    Early(u16),
    /// `html`: status 502 with an HTML page.
    Html,
    /// `reset`: closes the connection without an answer, before anything is done.
    Reset,
    /// `lost`: closes the connection without an answer, after the request was carried out.
    Lost,
    /// `refused`: the presigned URL leads to a port where nothing listens.
    Refused,
    /// `expired`: the presigned URL has expired.
    Expired,
    /// `expired:KEY`: the presigned URL of this key of a conversation's recording has expired.
    ExpiredKey(String),
    /// `dies`: all tokens become unknown.
    Dies,
    /// `state:NAME`: the recording is in another state, such as `pending`, or `ARCHIVED` at the Platform API.
    State(String),
    /// `transcoding:MS`: status 202, with this many milliseconds as a hint and no media.
    Transcoding(u64),
    /// `accepted`: status 202 without a body.
    Accepted,
    /// `none`: the list of recordings is empty, as it can be while they are transcoded.
    EmptyList,
    /// `short`: the list of recordings lacks the last one.
    ShortList,
    /// `twice`: the list of recordings has the first one twice.
    DoubleList,
    /// `missing:PERMISSION`: status 403, because the client lacks this permission.
    Missing(String),
    /// `cut:N`: the body ends after N bytes, fewer than announced.
    Cut(u64),
    /// `cut-unsized:N`: the body ends after N bytes; no length is announced.
    CutUnsized(u64),
    /// `stall:N`: after N bytes no more data is sent.
    Stall(u64),
    /// `length:N`: announces N bytes, whatever follows.
    Length(u64),
    /// `redirect`: a redirect to another host.
    Redirect,
}

/// A text that is not a valid fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a fault; write STEP=KIND[xTIMES] with STEP sign-in, locate, fetch, grant, upload, \
     complete, list, layout, transcript, annotate, protection or retention, KIND a status (429, 429:7, \
     429:2.5, 429:date:7), code:STATUS:CODE, early:STATUS, html, reset, lost, refused, expired, \
     expired:KEY, dies, state:NAME, transcoding:MS, accepted, none, short, twice, missing:PERMISSION, \
     cut:N, cut-unsized:N, stall:N, length:N or redirect, TIMES a number or `ever`"
)]
pub struct FaultError(String);

impl FromStr for InjectedFault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse(text).ok_or_else(|| FaultError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<InjectedFault> {
    let (step, rest) = text.split_once('=')?;
    let step = STEPS.into_iter().find(|known| known.name().replace(' ', "-") == step)?;
    let times = |text: &str| if text == "ever" { Some(u32::MAX) } else { text.parse().ok() };
    let (kind, times) = match rest.rsplit_once('x').map(|(kind, text)| (kind, times(text))) {
        Some((kind, Some(times))) => (kind, times),
        _ => (rest, 1),
    };
    let kind = parse_kind(kind)?;
    (kind.fits(step) && times > 0).then_some(InjectedFault { step, kind, times })
}

fn parse_kind(kind: &str) -> Option<FaultKind> {
    let (name, value) = kind.split_once(':').unwrap_or((kind, ""));
    let number = || value.parse().ok();
    let status = |text: &str| text.parse().ok().filter(|status| (300..600).contains(status));
    Some(match (name, value) {
        ("html", "") => FaultKind::Html,
        ("reset", "") => FaultKind::Reset,
        ("lost", "") => FaultKind::Lost,
        ("refused", "") => FaultKind::Refused,
        ("expired", "") => FaultKind::Expired,
        ("expired", key) => FaultKind::ExpiredKey(key.to_owned()),
        ("dies", "") => FaultKind::Dies,
        ("redirect", "") => FaultKind::Redirect,
        ("accepted", "") => FaultKind::Accepted,
        ("none", "") => FaultKind::EmptyList,
        ("short", "") => FaultKind::ShortList,
        ("twice", "") => FaultKind::DoubleList,
        ("missing", permission) if !permission.is_empty() => {
            FaultKind::Missing(permission.to_owned())
        }
        ("transcoding", _) => FaultKind::Transcoding(number()?),
        ("state", state) if !state.is_empty() => FaultKind::State(state.to_owned()),
        ("cut", _) => FaultKind::Cut(number()?),
        ("cut-unsized", _) => FaultKind::CutUnsized(number()?),
        ("stall", _) => FaultKind::Stall(number()?),
        ("length", _) => FaultKind::Length(number()?),
        ("early", value) => FaultKind::Early(status(value)?),
        ("code", value) => {
            let (text, code) = value.split_once(':')?;
            let plain = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            FaultKind::Code(status(text)?, plain.then(|| code.to_owned())?)
        }
        (text, value) => {
            let status = status(text)?;
            match value.strip_prefix("date:") {
                Some(seconds) => FaultKind::StatusAt(status, seconds.parse().ok()?),
                None if value.is_empty() => FaultKind::Status(status),
                None => FaultKind::StatusIn(status, seconds(value)?),
            }
        }
    })
}

impl FaultKind {
    /// Whether this can happen at a step.
    fn fits(&self, step: WorkflowStep) -> bool {
        use WorkflowStep::{Complete, Fetch, Grant, List, Locate, Transcript, Upload};
        match self {
            Self::Transcoding(_) | Self::Accepted => step == Locate,
            Self::State(_) | Self::EmptyList | Self::ShortList | Self::DoubleList => {
                matches!(step, List | Locate)
            }
            Self::Refused => matches!(step, Locate | Grant | Transcript),
            Self::ExpiredKey(_) | Self::Stall(_) | Self::Length(_) => step == Fetch,
            Self::Missing(_) => !matches!(step, Fetch | Upload),
            Self::Cut(_) | Self::CutUnsized(_) => !matches!(step, Upload | Complete),
            Self::Code(..) => matches!(step, Fetch | Upload | Transcript),
            Self::Early(_) => step == Upload,
            Self::StatusAt(_, seconds) => *seconds < FAR,
            _ => true,
        }
    }

    /// Whether a request of the fault's step, at the storage host or at the API, meets it. It matters where
    /// a step has a request to each of them, or one for each key.
    pub(super) fn meets(&self, storage: bool, path: &str) -> bool {
        match self {
            Self::ExpiredKey(key) => path.rsplit('/').next() == Some(key),
            Self::Code(..) => storage,
            Self::Missing(_) | Self::Refused => !storage,
            Self::ShortList | Self::DoubleList => {
                ["/recordings", "/recordingmetadata"].iter().any(|list| path.ends_with(list))
            }
            // Of the two requests for a transcript, the second has a presigned URL.
            Self::Expired => storage || !path.contains("/transcripturl"),
            _ => true,
        }
    }
}

/// Parses seconds with an optional fraction.
fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// The steps at which a fault can happen.
const STEPS: [WorkflowStep; 12] = [
    WorkflowStep::SignIn,
    WorkflowStep::Locate,
    WorkflowStep::Fetch,
    WorkflowStep::Grant,
    WorkflowStep::Upload,
    WorkflowStep::Complete,
    WorkflowStep::List,
    WorkflowStep::Layout,
    WorkflowStep::Transcript,
    WorkflowStep::Annotate,
    WorkflowStep::Protection,
    WorkflowStep::Retention,
];

/// Limit for the date of a `Retry-After`, in seconds from now: 30 years.
const FAR: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_parsed_as_documented() {
        for (text, kind, times) in [
            ("locate=429", FaultKind::Status(429), 1),
            ("locate=429:7x2", FaultKind::StatusIn(429, Duration::from_secs(7)), 2),
            ("locate=429:2.5", FaultKind::StatusIn(429, Duration::from_millis(2500)), 1),
            ("locate=503:date:9xever", FaultKind::StatusAt(503, 9), u32::MAX),
            ("locate=htmlx3", FaultKind::Html, 3),
            ("locate=state:pending", FaultKind::State("pending".into()), 1),
            ("locate=cut:10x2", FaultKind::Cut(10), 2),
            ("locate=cut-unsized:10", FaultKind::CutUnsized(10), 1),
            ("locate=expired", FaultKind::Expired, 1),
            ("locate=state:mixing", FaultKind::State("mixing".into()), 1),
            ("locate=transcoding:1500x3", FaultKind::Transcoding(1500), 3),
            ("locate=accepted", FaultKind::Accepted, 1),
            ("locate=nonex2", FaultKind::EmptyList, 2),
            (
                "locate=missing:recording:recording:view",
                FaultKind::Missing("recording:recording:view".into()),
                1,
            ),
        ] {
            let step = WorkflowStep::Locate;
            assert_eq!(text.parse(), Ok(InjectedFault { step, kind, times }), "{text}");
        }
        let (step, times) = (WorkflowStep::Upload, 2);
        let kind = FaultKind::Code(400, "RequestTimeout".into());
        assert_eq!(
            "upload=code:400:RequestTimeoutx2".parse(),
            Ok(InjectedFault { step, kind, times })
        );
        let kind = FaultKind::Early(503);
        assert_eq!("upload=early:503x2".parse(), Ok(InjectedFault { step, kind, times }));
        for step in STEPS {
            let text = format!("{}=503", step.name().replace(' ', "-"));
            let fault = InjectedFault { step, kind: FaultKind::Status(503), times: 1 };
            assert_eq!(text.parse(), Ok(fault));
        }
        let (step, kind) = (WorkflowStep::Fetch, FaultKind::ExpiredKey("1".into()));
        assert_eq!("fetch=expired:1".parse(), Ok(InjectedFault { step, kind, times: 1 }));
    }

    #[test]
    fn what_is_not_a_fault_is_refused() {
        for text in [
            "",
            "locate",
            "locate=expired:1",
            "fetch=transcoding:5",
            "locate=transcoding:soon",
            "fetch=none",
            "retention=accepted",
            "upload=missing:recording:recording:view",
            "annotate=missing",
            "x=429",
            "locate=",
            "locate=999",
            "locate=cut:x",
            "locate=429x0",
            "upload=cut:5",
            "fetch=refused",
            "locate=429:date:99999999999",
            "locate=429:-1",
            "locate=code:403:AccessDenied",
            "fetch=early:503",
            "upload=early:200",
            "upload=code:403:",
            "upload=code:403",
            "upload=code:403:a<b",
        ] {
            assert!(text.parse::<InjectedFault>().is_err(), "{text}");
        }
    }
}
