//! Lossy codecs, where two decoders agree about every frame, but not about its last bits.

use std::path::Path;

use crate::ffmpeg::filter;
use sordino::{DecodeOptions, Source, Treatment, redact};

use crate::support::*;

use super::made::{Nanos, between, floats, holds_at, meets, time_of};

/// Stereo samples of 16 bits, full scale being 32768.
struct Decoded {
    rate: u32,
    samples: Vec<f32>,
}

impl Decoded {
    fn frames(&self) -> u64 {
        self.samples.len() as u64 / 2
    }

    fn frame(&self, n: u64) -> [f32; 2] {
        [self.samples[n as usize * 2], self.samples[n as usize * 2 + 1]]
    }
}

/// Opus at the rate at which FFmpeg decodes it. Where there is no window, this is a mere decoder.
fn ours(name: &str, list: &[Nanos]) -> Decoded {
    let options = DecodeOptions { opus_rate: Some(48_000), ..DecodeOptions::default() };
    let source = Source::open(fixture(name)).unwrap().with_options(options);
    let (list, treatment) = match list {
        [] => (vec!["0-1".to_owned()], Treatment::attenuate(1.0).unwrap()),
        list => (list.iter().map(text).collect(), Treatment::silence()),
    };
    let list: Vec<_> = list.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    let redacted = redact(source, &windows(&list), treatment).unwrap();
    let rate = redacted.summary().stream_info.rate;
    redacted.write_to(&mut out).unwrap();
    Decoded { rate, samples: samples_16(&out).into_iter().map(f32::from).collect() }
}

fn text(&(start, end): &Nanos) -> String {
    format!("{}ms-{}ms", start / 1_000_000, end / 1_000_000)
}

fn theirs(name: &str, graph: &str) -> Decoded {
    let pcm = filter(Path::new(&fixture(name)), graph).unwrap();
    assert_eq!((pcm.format, pcm.channels), ("flt", 2), "{name}");
    let samples = pcm.data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_ne_bytes(bytes));
    Decoded { rate: pcm.rate, samples: samples.map(|sample| sample * 32_768.0).collect() }
}

/// By how many frames `theirs` must be moved to be most like `ours`, and how far apart they are
/// then at most.
fn lag(ours: &Decoded, theirs: &Decoded) -> (i64, f32) {
    const REACH: i64 = 8;
    let pairs = |lag: i64| {
        let all = REACH as u64..ours.frames() - REACH as u64;
        all.map(move |n| (ours.frame(n), theirs.frame(n.checked_add_signed(lag).unwrap())))
    };
    let product = |lag: &i64| -> f64 {
        pairs(*lag).map(|(a, b)| f64::from(a[0] * b[0]) + f64::from(a[1] * b[1])).sum()
    };
    let best = (-REACH..=REACH).max_by(|a, b| product(a).total_cmp(&product(b))).unwrap();
    let apart = |(a, b): ([f32; 2], [f32; 2])| (a[0] - b[0]).abs().max((a[1] - b[1]).abs());
    (best, pairs(best).map(apart).fold(0.0, f32::max))
}

/// A sample of sordino's is FFmpeg's rounded to 16 bits: half a step away, and a tenth for the floats
/// of two decoders. FFmpeg's own decoder of Opus computes otherwise than the reference, which sordino
/// follows: it lies 1/48000 s before it, and comes within 1/32 of full scale. (The reference itself
/// is compared in `corpus`, without that lag.)
#[test]
fn lossy_codecs_lie_where_ffmpeg_has_them() {
    for (name, at, tolerance) in [
        ("call.mp3", 0, 0.6),
        ("call.ogg", 0, 0.6),
        ("call.m4a", 0, 0.6),
        ("call.opus", -1, 1024.0),
        ("call.webm", -1, 1024.0),
    ] {
        let (ours, theirs) = (ours(name, &[]), theirs(name, "anull"));
        assert_eq!((ours.rate, ours.frames()), (theirs.rate, theirs.frames()), "{name}");
        let (lag, apart) = lag(&ours, &theirs);
        assert_eq!(lag, at, "{name}");
        assert!(apart <= tolerance, "{name}: {apart} steps of 16 bits apart");
    }
}

/// Each silences, of its own decoding, exactly the frames that it should, and these are the same.
#[test]
fn lossy_codecs_lose_the_frames_that_ffmpeg_takes() {
    let list = [(10_000_000_000, 15_000_000_000), (30_500_000_000, 35_200_000_000)];
    let graph = format!("asetnsamples=n=4096,aeval='if({},0,val(ch))':c=same", between(&list));
    for name in ["call.mp3", "call.ogg", "call.m4a", "call.opus", "call.webm"] {
        let (whole, out) = (ours(name, &[]), ours(name, &list));
        let (their_whole, their_out) = (theirs(name, "anull"), theirs(name, &graph));
        let (rate, asked) = (whole.rate, floats(&list));
        for n in 0..whole.frames() {
            let in_ours = meets(&list, n, rate);
            let t = time_of(n - n % 4096, rate) + (n % 4096) as f64 / f64::from(rate);
            let in_theirs = holds_at(&asked, t);
            // No boundary of these windows is one that floats misjudge.
            assert_eq!(in_ours, in_theirs, "{name}: frame {n}");
            assert_eq!(out.frame(n), if in_ours { [0.0; 2] } else { whole.frame(n) }, "{name} {n}");
            let theirs = if in_theirs { [0.0; 2] } else { their_whole.frame(n) };
            assert_eq!(their_out.frame(n), theirs, "{name}: FFmpeg's frame {n}");
        }
    }
}
