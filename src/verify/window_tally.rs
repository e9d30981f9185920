//! One window on one channel: what was done there, and where it was not.

use super::count::Count;
use super::kind::Kind;
use super::noise::Noise;
use super::piece::Piece;
use super::sound::{Sound, Told};
use super::{Done, Leak, Span, Treatment, Verdict, WindowAudit};
use crate::window::Window;

/// Samples that are alike by chance come alone. Where something else is in the place of the original,
/// only so many in a row are the original.
const CHANCE: u64 = 8;

/// What is left must be so alike to the original to pass for it at another volume.
const ALIKE: f64 = 0.95;

/// What is 25 dB fainter than the loudest piece may be a codec's noise where there was nothing.
const HUSHED: f64 = 0.003;

/// Where formats differ, samples tell of what is louder than so many steps; the sound tells of the rest.
const FAINT: f64 = 8.0;

/// What a treatment would have left, and where something else is.
struct Miss {
    treatment: Treatment,
    frames: Count,
    /// The energy of the difference.
    apart: f64,
}

/// A window on one channel, being walked through.
pub(super) struct WindowTally {
    window: Window,
    pub(super) span: Span,
    channel: u16,
    kind: Kind,
    frames: u64,
    /// Frames that were heard in the original.
    heard: u64,
    /// Frames that are as they were, of those that were heard.
    kept: Count,
    /// Frames that are no number now.
    broken: Count,
    /// Frames that are not as each treatment would have made them.
    misses: Vec<Miss>,
    sums: (f64, f64, f64),
    peaks: (f64, f64),
    /// The other channels of the original, added up, beside what there is now.
    others: Piece,
    /// Unless samples tell everything.
    sound: Option<Sound>,
}

impl WindowTally {
    pub(super) fn new(
        window: &Window,
        (span, rate): (Span, u32),
        channel: u16,
        treatments: &[Treatment],
        kind: Kind,
    ) -> Self {
        let miss = |&treatment| Miss { treatment, frames: Count::default(), apart: 0.0 };
        let sound = match kind {
            Kind::Exact => None,
            Kind::Rounded(step) => Some(Sound::new(span, rate, (FAINT * step).powi(2))),
            Kind::Lossy => Some(Sound::new(span, rate, f64::INFINITY)),
        };
        Self {
            window: window.clone(),
            span,
            channel,
            kind,
            frames: 0,
            heard: 0,
            kept: Count::default(),
            broken: Count::default(),
            misses: treatments.iter().map(miss).collect(),
            sums: (0.0, 0.0, 0.0),
            peaks: (0.0, 0.0),
            others: Piece::default(),
            sound,
        }
    }

    pub(super) fn channel(&self) -> usize {
        self.channel.into()
    }

    /// One frame: what was there, what is there, and what each treatment would have put there. What is
    /// not a number is unlike everything, so comparisons ask for what is alike.
    pub(super) fn see(&mut self, frame: u64, was: f64, is: f64, meant: impl Iterator<Item = f64>) {
        let tolerance = self.kind.tolerance();
        self.frames += 1;
        let faint = was.abs() <= 2.0 * tolerance;
        if !faint {
            self.heard += 1;
            if (was - is).abs() <= tolerance {
                self.kept.add(frame);
            }
        }
        for (miss, meant) in self.misses.iter_mut().zip(meant) {
            let alike = (meant - is).abs() <= tolerance;
            if !alike {
                miss.frames.add(frame);
            }
            miss.apart += (meant - is) * (meant - is);
        }
        if !is.is_finite() {
            self.broken.add(frame);
            self.peaks.1 = f64::INFINITY;
        }
        if was.is_finite() && is.is_finite() {
            let (before, after, both) = self.sums;
            self.sums = (before + was * was, after + is * is, both + was * is);
            self.peaks = (self.peaks.0.max(was.abs()), self.peaks.1.max(is.abs()));
        }
        if let Some(sound) = &mut self.sound {
            sound.hear(frame, was, is);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub(super) fn judge(mut self, noise: &Noise) -> WindowAudit {
        let (before, after, both) = self.sums;
        let mut gain = if before > 0.0 { both / before } else { 0.0 };
        let energy = (before * after).sqrt();
        let correlation = if energy > 0.0 { both / energy } else { 0.0 };
        let told = self.told(noise);
        let (done, leak) = match (self.kind, told) {
            (Kind::Lossy, Some(told)) => self.by_sound(told, noise),
            _ => self.by_samples(correlation),
        };
        // A sample that is no number is not what anybody meant.
        let leak = leak.or(self.broken.leak());
        let verdict = match (leak, told) {
            (Some(_), _) => Verdict::Leak,
            (None, Some(Told::Unclear | Told::Weak | Told::Kept(_))) => Verdict::CannotTell,
            (None, _) => Verdict::Clean,
        };
        let done = if verdict == Verdict::CannotTell { Done::Unknown } else { done };
        if let (Done::Attenuated, Some(sound)) = (done, &self.sound) {
            gain = sound.attenuated().unwrap_or(gain);
        }
        let rms = (after / self.frames.max(1) as f64).sqrt();
        let (window, channel, span, peak) = (self.window, self.channel, self.span, self.peaks.1);
        WindowAudit { window, channel, span, verdict, done, leak, gain, correlation, peak, rms }
    }

    /// What the sound tells, where it is asked.
    fn told(&mut self, noise: &Noise) -> Option<Told> {
        let (channel, peak) = (self.channel(), self.peaks.0);
        let told = self.sound.as_mut()?.tell(channel, noise, peak);
        // Nothing was there, and now the other channels are: swapped, or mixed into one.
        let is_mixed =
            !self.is_below(HUSHED * noise.loudest) && self.others.correlation().abs() >= 0.5;
        Some(if told == Told::Silent && is_mixed { Told::Unclear } else { told })
    }

    /// The other channels of the original at a frame, added up. Only the sound is asked about them.
    pub(super) fn see_others(&mut self, others: impl Iterator<Item = f64>, is: f64) {
        if self.sound.is_some() {
            self.others.add(others.sum(), is);
        }
    }

    /// By the samples, as they are.
    fn by_samples(&self, correlation: f64) -> (Done, Option<Leak>) {
        let best = self.misses.iter().min_by_key(|miss| miss.frames.frames);
        let exact = best.filter(|miss| miss.frames.frames * 2 < self.frames.max(1));
        match exact {
            _ if self.heard == 0 && self.peaks.1 == 0.0 => (Done::Silent, None),
            Some(miss) => (Done::Exactly(miss.treatment), miss.frames.leak()),
            None if self.kept.frames * 2 > self.heard => (Done::Nothing, self.kept.leak()),
            None if correlation.abs() > ALIKE => (Done::Attenuated, self.kept.leak()),
            None if self.kept.longest < CHANCE => (Done::Replaced, None),
            None => (Done::Replaced, self.kept.leak()),
        }
    }

    /// By the sound, in which no sample is as it was.
    fn by_sound(&self, told: Told, noise: &Noise) -> (Done, Option<Leak>) {
        let after = self.sums.1;
        let is_tone = |miss: &&Miss| {
            miss.treatment.tone_hz().is_some() && after > 0.0 && miss.apart <= 0.1 * after
        };
        let tone = self.misses.iter().find(is_tone).map(|miss| Done::Exactly(miss.treatment));
        let attenuated = self.sound.as_ref().and_then(Sound::attenuated);
        let done = match (told, tone) {
            (Told::Unclear | Told::Weak, _) => Done::Unknown,
            (Told::Kept(_), _) => Done::Nothing,
            (_, Some(tone)) => tone,
            (Told::Silent, None) if self.is_below(HUSHED * noise.loudest) => Done::Silent,
            (Told::Muted, None) if after == 0.0 => Done::Exactly(Treatment::silence()),
            (Told::Muted, None) if attenuated.is_some() => Done::Attenuated,
            (Told::Muted, None) if self.is_below(0.1 * self.mean(self.sums.0)) => Done::Muted,
            (Told::Silent | Told::Muted, None) => Done::Replaced,
        };
        let leak = if let Told::Kept(leak) = told { Some(leak) } else { None };
        (done, leak)
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    fn mean(&self, energy: f64) -> f64 {
        energy / self.frames.max(1) as f64
    }

    /// Whether what there is now is fainter than such a share of the energy of a frame.
    fn is_below(&self, energy: f64) -> bool {
        self.mean(self.sums.1) <= energy
    }
}
