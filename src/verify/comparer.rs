//! Compares the two recordings side by side, block by block.

use super::codec_noise::NoiseMeter;
use super::compare_mode::CompareMode;
use super::window_tally::WindowTally;
use super::{Audit, OutsideChanges, VerifyOptions};
use crate::block::{Block, SampleFormat, Samples, StreamInfo, index_of};
use crate::level::amplitudes;
use crate::span::{Span, Spans, sweep};
use crate::treatment::{Treater, Treatment};
use crate::window::Windows;

/// A treatment that may have been applied, and what it makes of the current block.
struct Candidate<'a> {
    treatment: Treatment,
    treater: Treater<'a>,
    block: Block,
}

/// Compares two recordings of the same rate and number of channels.
pub(super) struct Comparer<'a> {
    /// If a treatment is expected, it comes first: twice, if the original has fewer bits than its format.
    candidates: Vec<Candidate<'a>>,
    /// Sorted by the first frame.
    tallies: Vec<WindowTally<'a>>,
    /// How many of them end before the current block.
    passed: usize,
    pub(super) mode: CompareMode,
    noise: NoiseMeter<'a>,
    outside: OutsideChanges,
    /// The tolerance outside the windows; `None` if changes are judged by the codec's noise.
    tolerance: Option<f64>,
    channels: usize,
    /// Whether the expected treatment changes frames outside the windows.
    fades: bool,
    /// The peak of the original.
    pub(super) peak: f64,
}

/// The treatments to try, also without rounding to the bits of the original, which other tools do not do.
/// Silence comes before the default gain: of a faint sound, both leave silence.
fn candidates<'a>(
    original: &StreamInfo,
    spans: &'a Spans,
    expected: Option<Treatment>,
) -> Vec<Candidate<'a>> {
    let usual = [Treatment::silence(), Treatment::default()];
    let tone = Treatment::tone(1000).ok();
    let mut candidates: Vec<Candidate<'a>> = Vec::new();
    for treatment in expected.into_iter().chain(usual).chain(tone) {
        let known = candidates.iter().any(|candidate| candidate.treatment == treatment);
        if known {
            continue;
        }
        for bits in original.bits.map(Some).into_iter().chain([None]) {
            // No treater for a tone above half the sample rate.
            let Ok(treater) = Treater::new(treatment, spans) else { continue };
            let treater = treater.with_bits(bits);
            let block = Block::new(original.format, original.channels);
            candidates.push(Candidate { treatment, treater, block });
        }
    }
    candidates
}

/// One tally for each window on each of its channels, sorted by the first frame. `asked` are the spans
/// without padding.
fn tallies<'a>(
    original: &StreamInfo,
    windows: &Windows,
    asked: &'a Spans,
    treatments: &[Treatment],
    mode: CompareMode,
) -> Vec<WindowTally<'a>> {
    let mut tallies = Vec::new();
    for window in windows.iter() {
        let span = Span::covering(window, original.rate);
        let channels =
            (0..original.channels).filter(|&c| window.channel().is_none_or(|only| only == c));
        tallies.extend(channels.map(|channel| {
            let asked = (channel, of_channel(asked, channel.into()));
            WindowTally::new(window, (span, original.rate), asked, treatments, mode)
        }));
    }
    tallies.sort_by_key(|tally| tally.span.first);
    tallies
}

/// The spans of one channel.
fn of_channel(spans: &Spans, channel: usize) -> &[Span] {
    let mut all = spans.channel_spans().iter();
    let mine = all.find(|spans| spans.channel.is_none_or(|only| only == channel));
    mine.map_or(&[], |mine| &mine.spans)
}

impl<'a> Comparer<'a> {
    pub(super) fn new(
        (original, redacted): (&StreamInfo, &StreamInfo),
        windows: &Windows,
        (spans, asked): (&'a Spans, &'a Spans),
        VerifyOptions { treatment: expected, tolerance }: VerifyOptions,
    ) -> Self {
        let mode = CompareMode::of(original, redacted);
        let candidates = candidates(original, spans, expected);
        let treatments: Vec<_> = candidates.iter().map(|candidate| candidate.treatment).collect();
        let channels = usize::from(original.channels);
        let by_channel = (0..channels).map(|channel| of_channel(spans, channel));
        let noise = NoiseMeter::new(by_channel, original.rate, mode.reach(redacted));
        Self {
            candidates,
            tallies: tallies(original, windows, asked, &treatments, mode),
            passed: 0,
            mode,
            noise,
            outside: OutsideChanges::default(),
            tolerance: tolerance.or((mode != CompareMode::Lossy).then(|| mode.tolerance())),
            channels,
            // An expected treatment without a treater is not among the candidates.
            fades: expected.is_some_and(|expected| {
                treatments.first() == Some(&expected) && !expected.fade().is_zero()
            }),
            peak: 0.0,
        }
    }

    /// Compares a block of the original with the same frames of the redacted recording.
    pub(super) fn compare(&mut self, block: &Block, redacted: &Samples, format: SampleFormat) {
        let frames = block.first()..block.end();
        let met = sweep(&self.tallies, &mut self.passed, frames, |tally| tally.span);
        let met = &mut self.tallies[met];
        let is_equal = || block.samples() == redacted && is_finite(redacted);
        if met.is_empty() && !self.fades && self.mode == CompareMode::Exact && is_equal() {
            return;
        }
        let before = amplitudes(block.samples(), block.format());
        let after = amplitudes(redacted, format);
        self.peak = before.iter().fold(self.peak, |peak, was| peak.max(was.abs()));
        // Outside the windows, only the fade of the expected treatment matters.
        let expected = self.candidates.first().filter(|_| self.fades).map(|first| first.treatment);
        let is_fading = |candidate: &&Candidate<'_>| Some(candidate.treatment) == expected;
        let fading = self.candidates.iter().take_while(is_fading).count();
        let needed = if met.is_empty() { fading } else { self.candidates.len() };
        let treated = self.candidates.iter_mut().take(needed).map(|candidate| {
            candidate.block.clone_from(block);
            candidate.treater.apply(&mut candidate.block);
            amplitudes(candidate.block.samples(), block.format())
        });
        let treated: Vec<_> = treated.collect();
        let inside = add_inside(met, block, (&before, &after), &treated);
        let faded = &treated[..fading];
        for (index, (&was, &is)) in before.iter().zip(&after).enumerate() {
            if !inside[index] {
                let mut all = faded.iter().map(|levels| levels[index]);
                let first = all.next().unwrap_or(was);
                let was = all.find(|&level| level == is).unwrap_or(first);
                let frame = block.first() + (index / self.channels) as u64;
                self.add_outside(frame, index % self.channels, was, is);
            }
        }
    }

    fn add_outside(&mut self, frame: u64, channel: usize, was: f64, is: f64) {
        if self.mode != CompareMode::Exact {
            self.noise.add(channel, frame, was, is);
        }
        let difference = (was - is).abs();
        // NaN is not equal to anything.
        let is_equal = self.tolerance.map_or(difference.is_finite(), |most| difference <= most);
        if !is_equal {
            let largest = if difference.is_finite() { difference } else { f64::INFINITY };
            self.outside.add(1, frame..frame + 1, largest);
        }
    }

    /// Writes the findings into `audit`.
    pub(super) fn finish(self, audit: &mut Audit) {
        let (noise, changes) = self.noise.finish();
        audit.outside = self.outside;
        if self.tolerance.is_none() {
            audit.outside.join(&changes);
        }
        audit.tolerance = self.tolerance;
        audit.noise = noise.ratio.filter(|_| self.mode == CompareMode::Lossy);
        audit.windows = self.tallies.into_iter().map(|tally| tally.judge(&noise)).collect();
    }
}

/// Adds the frames of a block to the windows that it meets. Returns which samples are inside a window.
fn add_inside(
    tallies: &mut [WindowTally<'_>],
    block: &Block,
    (before, after): (&[f64], &[f64]),
    treated: &[Vec<f64>],
) -> Vec<bool> {
    let channels = block.channels();
    let mut inside = vec![false; before.len()];
    for tally in tallies {
        // Empty for a window that ended before this block, after a longer one.
        for frame in tally.span.first.max(block.first())..tally.span.end.min(block.end()) {
            let start = index_of(frame - block.first()) * channels;
            let index = start + tally.channel();
            inside[index] = true;
            // The redacted recording may be shorter.
            let Some(&is) = after.get(index) else { continue };
            tally.add(frame, before[index], is, treated.iter().map(|levels| levels[index]));
            let all = &before[start..start + channels];
            let (left, right) = all.split_at(tally.channel());
            tally.add_others(left.iter().chain(&right[1..]).copied(), is);
        }
    }
    inside
}

/// Whether no sample is NaN or infinite.
fn is_finite(samples: &Samples) -> bool {
    match samples {
        Samples::F32(samples) => samples.iter().all(|sample| sample.is_finite()),
        _ => true,
    }
}
