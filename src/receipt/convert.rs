//! Conversions between the library's types and the entries of a receipt.

use std::time::Duration;

use super::model::{
    DoneEntry, DroppedEntry, GapEntry, GapsEntry, InputEntry, LevelsEntry, OutputEntry, Receipt,
    RequestEntry, SpanEntry, ToolEntry, TreatmentEntry, WindowEntry,
};
use super::{VERSION, rfc3339};
use crate::decode::{Gaps, Leftover, Part};
use crate::digest::Digest;
use crate::evidence::{Measurements, SpanLevels};
use crate::level::{Decibels, Levels, SHORTEST_SHOWN_MS};
use crate::redact::{OutputFormat, Redacted, Summary};
use crate::span::{Gap, Span, time_of};
use crate::treatment::Treatment;
use crate::window::{Window, seconds, time_from_seconds};

impl Receipt {
    /// The receipt of a redaction; `None` unless [`EvidenceOptions`](crate::EvidenceOptions) asked for
    /// one.
    pub fn of(redacted: &Redacted) -> Option<Self> {
        let (summary, evidence) = (redacted.summary(), redacted.evidence());
        let measurements = evidence.measurements.as_ref()?;
        let rate = summary.stream_info.rate;
        let dropped = measurements.dropped.iter();
        let input = |(part, digest)| InputEntry::of(part, summary.gaps_policy, digest);
        Some(Self {
            receipt: VERSION,
            tool: ToolEntry { name: "sordino".into(), version: env!("CARGO_PKG_VERSION").into() },
            made: rfc3339(std::time::SystemTime::now()),
            inputs: summary.parts.iter().zip(&measurements.inputs).map(input).collect(),
            asked: RequestEntry::of(summary.windows.asked()),
            windows: WindowEntry::merged(summary),
            treatment: TreatmentEntry::of(summary.treatment),
            spans: measurements.spans.iter().map(|span| SpanEntry::of(span, rate)).collect(),
            output: OutputEntry::of(summary, measurements, evidence.self_checked),
            dropped: dropped.map(DroppedEntry::of).collect(),
            delivery: None,
        })
    }
}

impl InputEntry {
    fn of(part: &Part, policy: Gaps, digest: &Digest) -> Self {
        let info = &part.stream_info;
        let gaps = GapsEntry::of(policy, &part.gaps, info.rate);
        let gaps = Some(gaps).filter(|gaps| !gaps.list.is_empty());
        Self {
            key: part.key.clone(),
            url: None,
            bytes: digest.bytes,
            sha256: digest.sha256.clone(),
            container: info.container.into(),
            codec: info.codec.into(),
            rate: info.rate,
            channels: info.channels,
            frames: part.frames - gaps.as_ref().map_or(0, GapsEntry::filled),
            end_proven: Some(part.end_proven),
            begins_at: Some(seconds(part.begins)).filter(|&begins| begins > 0.0),
            gaps,
            silence: part.silence,
        }
    }
}

impl OutputEntry {
    fn of(summary: &Summary, measurements: &Measurements, self_checked: bool) -> Self {
        let info = &summary.stream_info;
        let is_opus = summary.output == OutputFormat::Opus;
        Self {
            container: summary.output.kept_container().map(str::to_owned),
            done: is_opus.then(|| DoneEntry::of(summary)),
            md5: summary.output.has_md5().then_some(summary.md5),
            bits: info.bits,
            bytes: measurements.output.bytes,
            sha256: measurements.output.sha256.clone(),
            samples_sha256: measurements.samples.as_ref().map(|sum| sum.sha256.clone()),
            format: info.format.to_string(),
            loss: info.loss().map(str::to_owned),
            frames: summary.frames,
            frames_treated: summary.frames_treated,
            self_checked,
        }
    }
}

impl DoneEntry {
    /// What became silence in an Ogg Opus.
    pub fn of(summary: &Summary) -> Vec<Self> {
        let rate = summary.stream_info.rate;
        summary.replaced.iter().map(|&span| Self::new(span, rate)).collect()
    }

    pub(super) fn new(span: Span, rate: u32) -> Self {
        let at = |frame| seconds(time_of(frame, rate));
        Self { start: at(span.first), end: at(span.end), first: span.first, frames: span.frames() }
    }
}

impl RequestEntry {
    fn of(asked: &[Window]) -> Self {
        let first = asked.first().map_or((Duration::ZERO, Duration::ZERO), Window::pad);
        // One number where it serves for all.
        let is_common = first.0 == first.1 && asked.iter().all(|window| window.pad() == first);
        let pad = if is_common { first.0 } else { Duration::ZERO };
        let windows = asked.iter().map(|window| {
            let (before, after) = window.pad();
            let own =
                Some([seconds(before), seconds(after)]).filter(|_| (before, after) != (pad, pad));
            WindowEntry { pad: own, ..WindowEntry::of(window, false) }
        });
        let (source, policy, id, trace) = Default::default();
        Self { windows: windows.collect(), pad: seconds(pad), source, policy, id, trace }
    }
}

impl WindowEntry {
    /// The windows of a redaction after padding, sorted and merged.
    pub fn merged(summary: &Summary) -> Vec<Self> {
        let entry = |window| Self {
            in_gap: summary.vanished.contains(window),
            ..Self::of(window, summary.cut.contains(window))
        };
        summary.windows.iter().map(entry).collect()
    }

    pub(super) fn of(window: &Window, cut: bool) -> Self {
        Self {
            start: seconds(window.start()),
            end: seconds(window.end()),
            channel: window.channel(),
            label: window.label().map(str::to_owned),
            reason: window.reason().map(str::to_owned),
            pad: None,
            cut,
            in_gap: false,
        }
    }

    /// The window; `None` if its times are invalid.
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

impl GapsEntry {
    /// The gaps of a recording with this sample rate, and what is done to them.
    pub fn of(policy: Gaps, gaps: &[Gap], rate: u32) -> Self {
        let entry = |&Gap { at, frames }: &Gap| GapEntry {
            at: seconds(time_of(at, rate)),
            first: at,
            frames,
        };
        Self { treatment: policy.name().into(), list: gaps.iter().map(entry).collect() }
    }

    /// What was done to the gaps; `None` if the entry is invalid.
    pub(super) fn policy(&self) -> Option<Gaps> {
        [Gaps::Fill, Gaps::Close].into_iter().find(|policy| policy.name() == self.treatment)
    }

    /// The gaps; `None` if they overlap, are out of order, or time and frame disagree.
    pub(super) fn gaps(&self, rate: u32) -> Option<Vec<Gap>> {
        let mut end = 0_u64;
        let gap = |entry: &GapEntry| {
            let GapEntry { at, first, frames } = *entry;
            let is_valid = first >= end && frames > 0 && at == seconds(time_of(first, rate));
            end = first.checked_add(frames)?;
            is_valid.then_some(Gap { at: first, frames })
        };
        self.list.iter().map(gap).collect()
    }

    /// The number of silent frames that fill the gaps.
    pub(super) fn filled(&self) -> u64 {
        let frames = self.list.iter().map(|gap| gap.frames);
        if self.policy() == Some(Gaps::Fill) { frames.fold(0, u64::saturating_add) } else { 0 }
    }
}

impl TreatmentEntry {
    /// The entry of a treatment.
    pub fn of(treatment: Treatment) -> Self {
        Self {
            kind: treatment.name().into(),
            gain: treatment.gain(),
            tone_hz: treatment.tone_hz(),
            fade: seconds(treatment.fade()),
            recoverable: treatment.is_recoverable(),
        }
    }

    /// The treatment; `None` if the entry is invalid.
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

impl SpanEntry {
    fn of(measured: &SpanLevels, rate: u32) -> Self {
        let frames = measured.span.frames();
        let levels = |levels| has_levels(frames, rate).then(|| LevelsEntry::of(levels));
        Self {
            channel: measured.channel,
            first: measured.span.first,
            frames,
            before: levels(measured.before),
            after: levels(measured.after),
        }
    }
}

impl DroppedEntry {
    /// The entry of a part that is not audio.
    pub fn of(left: &Leftover) -> Self {
        Self { name: left.name.clone(), bytes: left.bytes }
    }
}

impl LevelsEntry {
    /// The entry of these levels.
    pub fn of(levels: Levels) -> Self {
        let rounded = |amplitude: f64| {
            (amplitude > 0.0).then(|| (100.0 * Decibels::of(amplitude).0).round() / 100.0)
        };
        Self { peak_db: rounded(levels.peak), rms_db: rounded(levels.rms) }
    }
}

/// Whether a span of this many frames is long enough that its levels reveal no single sample.
pub(super) fn has_levels(frames: u64, rate: u32) -> bool {
    u128::from(frames) * 1000 >= u128::from(rate) * u128::from(SHORTEST_SHOWN_MS)
}
