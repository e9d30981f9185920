//! Walk: the two recordings side by side, block by block.

use super::kind::Kind;
use super::noise::{Ears, Noise};
use super::window_tally::WindowTally;
use super::{Outside, VerifyOptions, WindowAudit};
use crate::block::{Block, SampleFormat, Samples, StreamInfo, index_of};
use crate::level::amplitudes;
use crate::span::{Span, Spans};
use crate::treatment::{Treater, Treatment};
use crate::window::Windows;

/// A treatment that may have been applied, and what it makes of the original.
struct Candidate<'a> {
    treatment: Treatment,
    treater: Treater<'a>,
    block: Block,
}

pub(super) struct Walk<'a> {
    candidates: Vec<Candidate<'a>>,
    /// Sorted by their first frame.
    places: Vec<WindowTally>,
    /// How many of the places lie wholly behind the last block.
    passed: usize,
    pub(super) kind: Kind,
    ears: Ears<'a>,
    outside: Outside,
    /// How far samples outside may be apart; none where the codec's noise says what has changed.
    tolerance: Option<f64>,
    channels: usize,
    /// Whether the first candidate was asked for, and changes frames outside the windows.
    fades: bool,
    /// The loudest sample of the original.
    pub(super) peak: f64,
}

/// Treatments to look for; the one that was asked for comes first. Where what was said was faint, a
/// gain leaves nothing either: that is silence.
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
        // A tone may be too high for the recording.
        if let (false, Ok(treater)) = (known, Treater::new(treatment, spans)) {
            let block = Block::new(original.format, original.channels);
            candidates.push(Candidate { treatment, treater, block });
        }
    }
    candidates
}

/// Each window on each of its channels.
fn places(
    original: &StreamInfo,
    windows: &Windows,
    treatments: &[Treatment],
    kind: Kind,
) -> Vec<WindowTally> {
    let places = windows.iter().flat_map(|window| {
        let span = Span::covering(window, original.rate);
        let all = 0..original.channels;
        all.filter(|&channel| window.channel().is_none_or(|only| only == channel)).map(
            move |channel| {
                WindowTally::new(window, (span, original.rate), channel, treatments, kind)
            },
        )
    });
    let mut places: Vec<_> = places.collect();
    places.sort_by_key(|place| place.span.first);
    places
}

/// What of `spans` is on this channel.
fn on_channel(spans: &Spans, channel: usize) -> &[Span] {
    let lane =
        spans.channel_spans().iter().find(|lane| lane.channel.is_none_or(|only| only == channel));
    lane.map_or(&[], |lane| &lane.spans)
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        (original, redacted): (&StreamInfo, &StreamInfo),
        windows: &Windows,
        spans: &'a Spans,
        options: VerifyOptions,
    ) -> Self {
        let VerifyOptions { treatment: expected, tolerance } = options;
        let kind = Kind::of(original, redacted);
        let candidates = candidates(original, spans, expected);
        let treatments: Vec<_> = candidates.iter().map(|candidate| candidate.treatment).collect();
        let places = places(original, windows, &treatments, kind);
        let first = treatments.first().copied();
        let channels = usize::from(original.channels);
        let by_channel = (0..channels).map(|channel| on_channel(spans, channel));
        Self {
            candidates,
            places,
            passed: 0,
            kind,
            ears: Ears::new(by_channel, original.rate, kind.reach(redacted)),
            outside: Outside::default(),
            tolerance: tolerance.or((kind != Kind::Lossy).then(|| kind.tolerance())),
            channels,
            fades: first == expected && expected.is_some_and(|asked| !asked.fade().is_zero()),
            peak: 0.0,
        }
    }

    /// Compares a block of the original with the same frames of the other.
    pub(super) fn compare(&mut self, block: &Block, there: &Samples, format: SampleFormat) {
        let is_past = |place: &&WindowTally| place.span.end <= block.first();
        self.passed += self.places[self.passed..].iter().take_while(is_past).count();
        let rest = &self.places[self.passed..];
        let near = rest.iter().take_while(|place| place.span.first < block.end()).count();
        let alike = || block.samples() == there && is_finite(there);
        if near == 0 && !self.fades && self.kind == Kind::Exact && alike() {
            return;
        }
        let (before, after) =
            (amplitudes(block.samples(), block.format()), amplitudes(there, format));
        self.peak = before.iter().fold(self.peak, |peak, was| peak.max(was.abs()));
        let expected: Vec<_> = self
            .candidates
            .iter_mut()
            .map(|candidate| {
                candidate.block.clone_from(block);
                candidate.treater.apply(&mut candidate.block);
                amplitudes(candidate.block.samples(), block.format())
            })
            .collect();
        let inside = self.look_inside(block, near, (&before, &after), &expected);
        // The candidate that was asked for comes first.
        let outside = if self.fades { &expected[0] } else { &before };
        for (index, (&was, &is)) in outside.iter().zip(&after).enumerate() {
            if !inside[index] {
                let frame = block.first() + (index / self.channels) as u64;
                self.look_outside(frame, index % self.channels, was, is);
            }
        }
    }

    /// Shows the next `near` places what is theirs; gives which samples are inside a window.
    fn look_inside(
        &mut self,
        block: &Block,
        near: usize,
        (before, after): (&[f64], &[f64]),
        expected: &[Vec<f64>],
    ) -> Vec<bool> {
        let mut inside = vec![false; before.len()];
        for place in &mut self.places[self.passed..][..near] {
            // Of those that are near, a short one may be over.
            let frames = place.span.first.max(block.first())..place.span.end.min(block.end());
            for frame in frames {
                let index = index_of(frame - block.first()) * self.channels + place.channel();
                inside[index] = true;
                let Some(&is) = after.get(index) else { continue };
                let meant = expected.iter().map(|levels| levels[index]);
                place.see(frame, before[index], is, meant);
                let all = &before[index - place.channel()..][..self.channels];
                let (left, right) = all.split_at(place.channel());
                place.see_others(left.iter().chain(&right[1..]).copied(), is);
            }
        }
        inside
    }

    fn look_outside(&mut self, frame: u64, channel: usize, was: f64, is: f64) {
        if self.kind != Kind::Exact {
            self.ears.hear(channel, frame, was, is);
        }
        let apart = (was - is).abs();
        // What is not a number is unlike everything.
        let alike = self.tolerance.map_or(apart.is_finite(), |most| apart <= most);
        if !alike {
            let largest = if apart.is_finite() { apart } else { f64::INFINITY };
            self.outside.add(1, frame..frame + 1, largest);
        }
    }

    /// What was found in each window and outside, and how the codec's noise compares with the sound.
    pub(super) fn finish(self) -> Found {
        let (noise, changes) = self.ears.finish();
        let mut outside = self.outside;
        if self.tolerance.is_none() {
            outside.join(&changes);
        }
        let Noise { share, .. } = noise;
        let windows = self.places.into_iter().map(|place| place.judge(&noise)).collect();
        let lossy = self.kind == Kind::Lossy;
        Found { windows, outside, tolerance: self.tolerance, noise: share.filter(|_| lossy) }
    }
}

/// What a walk has found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) windows: Vec<WindowAudit>,
    pub(super) outside: Outside,
    pub(super) tolerance: Option<f64>,
    pub(super) noise: Option<f64>,
}

/// Whether each sample is a number.
fn is_finite(samples: &Samples) -> bool {
    match samples {
        Samples::F32(samples) => samples.iter().all(|sample| sample.is_finite()),
        _ => true,
    }
}
