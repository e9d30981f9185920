//! Windows, spans and treatments as a receipt writes them, and back.

use serde::{Deserialize, Serialize};

use crate::decode::Gaps;
use crate::evidence::{Loudness, Measured};
use crate::level::SHORTEST_SHOWN_MS;
use crate::redact::Summary;
use crate::span::{Gap, time_of};
use crate::treatment::Treatment;
use crate::window::{Window, seconds, time_from_seconds};

/// A window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowEntry {
    /// Where it opens.
    pub start: f64,
    /// Where it closes; this instant is still inside.
    pub end: f64,
    /// The one channel that it is for, counted from 0; `null` for all.
    pub channel: Option<u16>,
    /// What it is called.
    pub label: Option<String>,
    /// Why it is redacted.
    pub reason: Option<String>,
    /// Whether it ran over the end of the recording, and was cut there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Whether it lies wholly in gaps that were closed: nothing was there, and nothing was treated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_gap: bool,
}

impl WindowEntry {
    pub(super) fn of(window: &Window, cut: bool) -> Self {
        Self {
            start: seconds(window.start()),
            end: seconds(window.end()),
            channel: window.channel(),
            label: window.label().map(str::to_owned),
            reason: window.reason().map(str::to_owned),
            cut,
            in_gap: false,
        }
    }

    /// The window; none, if it cannot be one.
    pub(crate) fn window(&self) -> Option<Window> {
        let mut window = Window::from_seconds(self.start, self.end).ok()?;
        if let Some(channel) = self.channel {
            window = window.on_channel(channel);
        }
        if let Some(label) = &self.label {
            window = window.labelled(label);
        }
        if let Some(reason) = &self.reason {
            window = window.because(reason);
        }
        Some(window)
    }
}

/// The parts of a recording in which nothing was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GapsEntry {
    /// What became of them: `fill`, silence was put there, or `close`, what is around them was joined.
    pub treatment: String,
    /// Each of them.
    pub list: Vec<GapEntry>,
}

/// A part in which nothing was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GapEntry {
    /// Where it begins, by the clock that windows are meant by.
    pub at: f64,
    /// The same in frames.
    pub first: u64,
    /// How many frames it lasts.
    pub frames: u64,
}

impl GapsEntry {
    /// None, where there is no gap.
    pub(super) fn of(summary: &Summary) -> Option<Self> {
        let rate = summary.stream_info.rate;
        let entry = |&Gap { at, frames }: &Gap| GapEntry {
            at: seconds(time_of(at, rate)),
            first: at,
            frames,
        };
        let treatment = summary.gaps_policy.name().into();
        let list: Vec<_> = summary.gaps.iter().map(entry).collect();
        (!list.is_empty()).then_some(Self { treatment, list })
    }

    /// What became of them; none, if that cannot be.
    pub(super) fn policy(&self) -> Option<Gaps> {
        [Gaps::Fill, Gaps::Close].into_iter().find(|policy| policy.name() == self.treatment)
    }

    /// The gaps; none, if they are out of order, or not where their time is.
    pub(super) fn gaps(&self, rate: u32) -> Option<Vec<Gap>> {
        let mut end = 0_u64;
        let gap = |entry: &GapEntry| {
            let GapEntry { at, first, frames } = *entry;
            let place = first >= end && frames > 0 && at == seconds(time_of(first, rate));
            end = first.checked_add(frames)?;
            place.then_some(Gap { at: first, frames })
        };
        self.list.iter().map(gap).collect()
    }

    /// Frames of silence that they were filled with.
    pub(super) fn filled(&self) -> u64 {
        let frames = self.list.iter().map(|gap| gap.frames);
        if self.policy() == Some(Gaps::Fill) { frames.fold(0, u64::saturating_add) } else { 0 }
    }
}

/// A treatment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TreatmentEntry {
    /// `attenuate`, `silence` or `tone`.
    pub kind: String,
    /// The gain inside a window; 0 where nothing is kept.
    pub gain: f64,
    /// The frequency of a tone.
    pub tone_hz: Option<u32>,
    /// How long the ramps outside the windows are.
    pub fade: f64,
    /// Whether what was said can be recovered from the output.
    pub recoverable: bool,
}

impl TreatmentEntry {
    pub(super) fn of(treatment: Treatment) -> Self {
        Self {
            kind: treatment.name().into(),
            gain: treatment.gain(),
            tone_hz: treatment.tone_hz(),
            fade: seconds(treatment.fade()),
            recoverable: treatment.is_recoverable(),
        }
    }

    /// The treatment; none, if it cannot be one.
    pub(super) fn treatment(&self) -> Option<Treatment> {
        let treatment = match (self.kind.as_str(), self.tone_hz) {
            ("silence", None) => Treatment::silence(),
            ("attenuate", None) => Treatment::attenuate(self.gain).ok()?,
            ("tone", Some(hz)) => Treatment::tone(hz).ok()?,
            _ => return None,
        };
        Some(treatment.with_fade(time_from_seconds(self.fade).ok()?))
    }
}

/// One span on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpanEntry {
    /// The channel, counted from 0.
    pub channel: u16,
    /// The first frame.
    pub first: u64,
    /// How many frames.
    pub frames: u64,
    /// How loud it was; `null` for a span of less than 20 ms, whose level would be a part of what was
    /// said.
    pub before: Option<Level>,
    /// How loud it is; `null` where `before` is.
    pub after: Option<Level>,
}

/// How loud something is, in dB below full scale; `null` is digital silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Level {
    /// The loudest sample.
    pub peak_db: Option<f64>,
    /// The root of the mean square.
    pub rms_db: Option<f64>,
}

impl SpanEntry {
    pub(super) fn of(measured: &Measured, rate: u32) -> Self {
        let frames = measured.span.frames();
        let level = |loudness| is_long(frames, rate).then(|| Level::of(loudness));
        Self {
            channel: measured.channel,
            first: measured.span.first,
            frames,
            before: level(measured.before),
            after: level(measured.after),
        }
    }
}

impl Level {
    fn of(loudness: Loudness) -> Self {
        Self { peak_db: decibel(loudness.peak), rms_db: decibel(loudness.rms) }
    }
}

/// Whether so many frames are enough that one number says nothing of what was said in them.
pub(super) fn is_long(frames: u64, rate: u32) -> bool {
    u128::from(frames) * 1000 >= u128::from(rate) * u128::from(SHORTEST_SHOWN_MS)
}

/// To a hundredth of a dB.
fn decibel(level: f64) -> Option<f64> {
    (level > 0.0).then(|| (2000.0 * level.log10()).round() / 100.0)
}
