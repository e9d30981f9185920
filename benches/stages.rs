//! Throughput of the stages of a redaction, in frames per second. See `README.md` in this folder.

use std::hint::black_box;
use std::io::Cursor;
use std::num::NonZeroUsize;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sordino::block::Block;
use sordino::window::Window;
use sordino::{DecodeOptions, Decoder, EvidenceOptions, Redaction, Source, Treatment, Windows};

const CALLS: [&str; 9] = [
    "call.wav",
    "call-alaw.wav",
    "call-mulaw.wav",
    "call.flac",
    "call.mp3",
    "call.ogg",
    "call.m4a",
    "call.opus",
    "call.webm",
];

/// Formats that are decoded in parallel.
const THREADED: [&str; 3] = ["call.flac", "call.mp3", "call.ogg"];

fn bytes(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the fixture is there")
}

fn windows(list: &[(f64, f64)]) -> Windows {
    let windows = list.iter().map(|&(start, end)| Window::from_seconds(start, end));
    Windows::new(windows.map(|window| window.expect("it is a window"))).expect("there is one")
}

fn decode(name: &str, bytes: &[u8], options: DecodeOptions) -> u64 {
    let source = Source::stream(Cursor::new(bytes.to_vec())).with_options(options);
    let mut decoder = Decoder::open(source).expect("it decodes");
    let info = decoder.stream_info().clone();
    let mut block = Block::new(info.format, info.channels);
    while decoder.next(&mut block).unwrap_or_else(|error| panic!("{name}: {error}")) {
        black_box(block.samples());
    }
    decoder.frames()
}

fn redact(bytes: &[u8], windows: &Windows, treatment: Treatment) -> u64 {
    let source = Source::stream(Cursor::new(bytes.to_vec()));
    let evidence = EvidenceOptions { self_check: false, ..EvidenceOptions::default() };
    let redaction = Redaction::new(windows, treatment).with_evidence(evidence);
    redaction.run(source).expect("it is redacted").summary().frames
}

fn stages(criterion: &mut Criterion) {
    let two = windows(&[(10.0, 15.0), (30.5, 35.2)]);
    for name in CALLS {
        let bytes = bytes(name);
        let mut group = criterion.benchmark_group(name);
        let all = DecodeOptions::default();
        group.throughput(Throughput::Elements(decode(name, &bytes, all)));
        group.bench_function("decode", |bencher| bencher.iter(|| decode(name, &bytes, all)));
        if THREADED.contains(&name) {
            let one = DecodeOptions { threads: Some(NonZeroUsize::MIN), ..all };
            group.bench_function("decode-on-one-thread", |bencher| {
                bencher.iter(|| decode(name, &bytes, one));
            });
        }
        group.bench_function("whole", |bencher| {
            bencher.iter(|| redact(&bytes, &two, Treatment::default()));
        });
    }
}

/// One recording, treated from the first frame to the last. The difference from `untouched` is the cost
/// of the treatment.
fn treatments(criterion: &mut Criterion) {
    let bytes = bytes("call.wav");
    let (one_frame, all) = (windows(&[(0.0, 0.0001)]), windows(&[(0.0, 38.0)]));
    let mut group = criterion.benchmark_group("treatment");
    group.throughput(Throughput::Elements(304_000));
    for (name, windows, treatment) in [
        ("untouched", &one_frame, Treatment::default()),
        ("attenuate", &all, Treatment::default()),
        ("silence", &all, Treatment::silence()),
        ("tone", &all, Treatment::tone(1000).expect("a tone")),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| redact(&bytes, windows, treatment)));
    }
}

criterion_group!(benches, stages, treatments);
criterion_main!(benches);
