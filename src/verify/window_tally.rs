//! The frames of one window on one channel: what was done to them, and which were left open.

use super::Verdict;
use super::codec_noise::CodecNoise;
use super::compare_mode::CompareMode;
use super::presence::{Presence, PresenceDetector};
use super::segment::Segment;
use super::window_audit::{Done, FrameCounter, Leak, WindowAudit};
use crate::span::Span;
use crate::treatment::Treatment;
use crate::window::Window;

/// Samples of two sounds agree by chance, but rarely in a row: where another sound replaces the original,
/// a shorter run of equal samples is no leak.
const CHANCE: u64 = 8;

/// The correlation from which on the window counts as the original at another gain.
const ATTENUATED: f64 = 0.95;

/// The energy, relative to the loudest segment outside, below which a codec may turn silence into
/// noise: -25 dB.
const HUSHED: f64 = 0.003;

/// In [`CompareMode::Quantized`], samples are compared above this many steps, segments below.
const FAINT: f64 = 8.0;

/// How well a treatment explains the redacted window.
struct TreatmentFit {
    treatment: Treatment,
    mismatches: FrameCounter,
    /// The energy of the difference.
    residual: f64,
}

/// Everything that is summed over a window on one channel.
pub(super) struct WindowTally<'a> {
    window: Window,
    pub(super) span: Span,
    /// The windows as they were asked for: what of the channel is no padding. Sorted, never touching.
    asked: &'a [Span],
    channel: u16,
    mode: CompareMode,
    /// Frames in which the original is not silent.
    audible: u64,
    /// Audible frames that are as they were.
    kept: FrameCounter,
    /// Frames that are NaN or infinite now.
    not_finite: FrameCounter,
    fits: Vec<TreatmentFit>,
    all: Segment,
    peak_before: f64,
    peak_after: f64,
    /// The sum of the other channels of the original, against the redacted window.
    others: Segment,
    /// `None` if samples are exact.
    detector: Option<PresenceDetector>,
}

impl<'a> WindowTally<'a> {
    pub(super) fn new(
        window: &Window,
        (span, rate): (Span, u32),
        (channel, asked): (u16, &'a [Span]),
        treatments: &[Treatment],
        mode: CompareMode,
    ) -> Self {
        let fit = |&treatment| TreatmentFit {
            treatment,
            mismatches: FrameCounter::default(),
            residual: 0.0,
        };
        let ceiling = match mode {
            CompareMode::Exact => None,
            CompareMode::Quantized(step) => Some((FAINT * step).powi(2)),
            CompareMode::Lossy => Some(f64::INFINITY),
        };
        Self {
            window: window.clone(),
            span,
            asked: &asked[asked.partition_point(|asked| asked.end <= span.first)..],
            channel,
            mode,
            audible: 0,
            kept: FrameCounter::default(),
            not_finite: FrameCounter::default(),
            fits: treatments.iter().map(fit).collect(),
            all: Segment::default(),
            peak_before: 0.0,
            peak_after: 0.0,
            others: Segment::default(),
            detector: ceiling.map(|ceiling| PresenceDetector::new(span, rate, ceiling)),
        }
    }

    pub(super) fn channel(&self) -> usize {
        self.channel.into()
    }

    /// Adds a frame: the sample before, after, and as each treatment makes it. NaN compares unequal to
    /// everything, so conditions test for equality.
    pub(super) fn add(
        &mut self,
        frame: u64,
        was: f64,
        is: f64,
        expected: impl Iterator<Item = f64>,
    ) {
        let tolerance = self.mode.tolerance();
        let is_asked = self.is_asked(frame);
        let is_faint = was.abs() <= 2.0 * tolerance;
        if !is_faint {
            self.audible += 1;
            if (was - is).abs() <= tolerance {
                self.kept.add(frame, is_asked);
            }
        }
        for (fit, expected) in self.fits.iter_mut().zip(expected) {
            let is_equal = (expected - is).abs() <= tolerance;
            if !is_equal {
                fit.mismatches.add(frame, is_asked);
            }
            fit.residual += (expected - is) * (expected - is);
        }
        if !is.is_finite() {
            self.not_finite.add(frame, is_asked);
            self.peak_after = f64::INFINITY;
        }
        if was.is_finite() && is.is_finite() {
            self.peak_before = self.peak_before.max(was.abs());
            self.peak_after = self.peak_after.max(is.abs());
        }
        self.all.add(was, is);
        if let Some(detector) = &mut self.detector {
            detector.add(frame, was, is);
        }
    }

    /// Whether a frame, which must not be before those of earlier calls, is no padding.
    fn is_asked(&mut self, frame: u64) -> bool {
        while let [first, rest @ ..] = self.asked
            && first.end <= frame
        {
            self.asked = rest;
        }
        self.asked.first().is_some_and(|span| span.first <= frame)
    }

    /// Adds the other channels of the original at the same frame.
    pub(super) fn add_others(&mut self, others: impl Iterator<Item = f64>, is: f64) {
        if self.detector.is_some() {
            self.others.add(others.sum(), is);
        }
    }

    pub(super) fn judge(mut self, noise: &CodecNoise) -> WindowAudit {
        let presence = self.presence(noise);
        let (done, leak) = match (self.mode, presence) {
            (CompareMode::Lossy, Some(presence)) => self.by_presence(presence, noise),
            _ => self.by_samples(),
        };
        // No treatment makes NaN or infinities.
        let leak = leak.or(self.not_finite.leak()).map(|leak| Leak {
            padding_only: leak.padding_only && self.is_treated_as_asked(),
            ..leak
        });
        let verdict = match (leak, presence) {
            (Some(_), _) => Verdict::Leak,
            (None, Some(Presence::Unclear | Presence::Weak | Presence::Kept(_))) => {
                Verdict::CannotTell
            }
            (None, _) => Verdict::Clean,
        };
        let done = if verdict == Verdict::CannotTell { Done::Unknown } else { done };
        let attenuated = self.attenuated().filter(|_| done == Done::Attenuated);
        WindowAudit {
            verdict,
            done,
            leak,
            gain: attenuated.unwrap_or(self.all.gain()),
            correlation: self.all.correlation(),
            peak: self.peak_after,
            rms: self.all.mean(self.all.after).sqrt(),
            window: self.window,
            channel: self.channel,
            span: self.span,
        }
    }

    /// Whether the original is present, where samples do not tell.
    fn presence(&mut self, noise: &CodecNoise) -> Option<Presence> {
        let (channel, peak) = (self.channel(), self.peak_before);
        let presence = self.detector.as_mut()?.judge(channel, noise, peak);
        // A silent channel that now holds the others: channels were swapped or mixed.
        let is_mixed =
            !self.is_below(HUSHED * noise.loudest) && self.others.correlation().abs() >= 0.5;
        Some(if presence == Presence::Silent && is_mixed { Presence::Unclear } else { presence })
    }

    /// Judges by the samples.
    fn by_samples(&self) -> (Done, Option<Leak>) {
        let best = self.fits.iter().min_by_key(|fit| fit.mismatches.frames);
        let best = best.filter(|fit| fit.mismatches.frames * 2 < self.all.frames.max(1));
        match best {
            _ if self.audible == 0 && self.peak_after == 0.0 => (Done::Silent, None),
            Some(fit) => (Done::Exactly(fit.treatment), fit.mismatches.leak()),
            None if self.kept.frames * 2 > self.audible => (Done::Nothing, self.kept.leak()),
            None if self.all.correlation().abs() > ATTENUATED => {
                (Done::Attenuated, self.kept.leak())
            }
            None if self.kept.longest < CHANCE => (Done::Replaced, None),
            None => (Done::Replaced, self.kept.leak()),
        }
    }

    /// Whether a treatment explains every sample that is no padding. Only exact samples prove that.
    fn is_treated_as_asked(&self) -> bool {
        self.mode == CompareMode::Exact && self.fits.iter().any(|fit| fit.mismatches.asked == 0)
    }

    /// Judges a lossy window by the presence of the original.
    fn by_presence(&self, presence: Presence, noise: &CodecNoise) -> (Done, Option<Leak>) {
        let after = self.all.after;
        let is_tone = |fit: &&TreatmentFit| {
            fit.treatment.tone_hz().is_some() && after > 0.0 && fit.residual <= 0.1 * after
        };
        let tone = self.fits.iter().find(is_tone).map(|fit| Done::Exactly(fit.treatment));
        let is_hushed = self.is_below(HUSHED * noise.loudest);
        let is_muted = self.is_below(0.1 * self.all.mean(self.all.before));
        let done = match (presence, tone) {
            (Presence::Kept(leak), _) => return (Done::Nothing, Some(leak)),
            (Presence::Unclear | Presence::Weak, _) => Done::Unknown,
            (_, Some(tone)) => tone,
            (Presence::Silent, None) if is_hushed => Done::Silent,
            (Presence::Absent, None) if after == 0.0 => Done::Exactly(Treatment::silence()),
            (Presence::Absent, None) if self.attenuated().is_some() => Done::Attenuated,
            (Presence::Absent, None) if is_muted => Done::Muted,
            (Presence::Silent | Presence::Absent, None) => Done::Replaced,
        };
        (done, None)
    }

    fn attenuated(&self) -> Option<f64> {
        self.detector.as_ref().and_then(PresenceDetector::attenuated)
    }

    /// Whether the mean energy of the redacted window is at most this.
    fn is_below(&self, energy: f64) -> bool {
        self.all.mean(self.all.after) <= energy
    }
}
