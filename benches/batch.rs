//! What journal, store and receipts of a batch cost: `sordino batch -j 2` beside the same redactions in two
//! threads of one process, in turn. See `README.md` in this folder.
//!
//! `cargo bench --bench batch -- [CLIPS] [RUNS] [FOLDER]`; 1000 clips of 24 s, 3 runs, the temporary folder.
//! The folder needs 0.8 MB for each clip.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sordino::spool::Spool;
use sordino::window::Window;
use sordino::{DecodeOptions, EvidenceOptions, Redaction, Source, Treatment, Windows};
use wait4::Wait4 as _;

/// Redactions at once.
const JOBS: usize = 2;

/// Seconds of a clip: 8 kHz, two channels of 16 bits.
const SECONDS: u32 = 24;

/// What is muted in each clip.
const WINDOWS: [(f64, f64); 2] = [(5.0, 8.0), (15.0, 17.5)];

/// Clips that differ; the others are further names of these.
const DIFFERENT: usize = 100;

/// The word that makes this program a process that is measured.
const ALONE: &str = "redact-alone";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == ALONE) {
        return redact_alone(Path::new(&words[1]), number(&words[2]));
    }
    let clips = words.first().map_or(1000, |word| number(word));
    let runs = words.get(1).map_or(3, |word| number(word));
    let parent = words.get(2).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent).expect("a folder can be made");
    make_clips(folder.path(), clips);
    measure(folder.path(), clips, runs);
}

fn number(word: &str) -> usize {
    word.parse().unwrap_or_else(|_| panic!("{word} is no number"))
}

/// `0.wav` and so on, and `calls.csv`, which lists them.
fn make_clips(folder: &Path, clips: usize) {
    let mut manifest = "in,windows\n".to_owned();
    let [(a, b), (c, d)] = WINDOWS;
    for at in 0..clips {
        let (path, first) = (clip(folder, at), clip(folder, at % DIFFERENT));
        if at < DIFFERENT {
            std::fs::write(&path, noise(at)).expect("a clip can be written");
        } else {
            std::fs::hard_link(first, path).expect("a clip can have another name");
        }
        manifest += &format!("{at}.wav,{a}-{b};{c}-{d}\n");
    }
    std::fs::write(folder.join("calls.csv"), manifest).expect("the manifest can be written");
}

fn clip(folder: &Path, at: usize) -> PathBuf {
    folder.join(format!("{at}.wav"))
}

/// A clip of noise, another for each seed.
fn noise(seed: usize) -> Vec<u8> {
    let size = SECONDS * 8000 * 4;
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + size).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend_from_slice(&8000_u32.to_le_bytes());
    wav.extend_from_slice(&32_000_u32.to_le_bytes());
    wav.extend_from_slice(b"\x04\0\x10\0data");
    wav.extend_from_slice(&size.to_le_bytes());
    let mut state = seed as u64;
    wav.extend((0..size).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[1]
    }));
    wav
}

/// The same redactions as those of the batch, with the self-check and all that a receipt says, each saved
/// durably; without journal, store and receipts.
fn redact_alone(folder: &Path, clips: usize) {
    let next = AtomicUsize::new(0);
    let windows = WINDOWS.map(|(start, end)| Window::from_seconds(start, end).expect("a window"));
    let windows = Windows::new(windows).expect("a list");
    let options = DecodeOptions { threads: Some(NonZeroUsize::MIN), ..DecodeOptions::default() };
    let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let work = || {
        while let at = next.fetch_add(1, Ordering::SeqCst)
            && at < clips
        {
            let target = folder.join("clean").join(format!("{at}.wav"));
            let spool = Spool::nameless_beside(&target).expect("the folder can be written");
            let redaction = Redaction::new(&windows, Treatment::default());
            let redaction = redaction.with_evidence(evidence).with_spool(spool);
            let source = Source::open(clip(folder, at)).expect("the clip is there");
            let redacted = redaction.run(source.with_options(options)).expect("it is redacted");
            redacted.persist(&target).expect("it is saved");
        }
    };
    std::thread::scope(|scope| (0..JOBS).for_each(|_| drop(scope.spawn(work))));
}

/// Seconds: on the clock, and of processors.
#[derive(Clone, Copy)]
struct Took {
    clock: f64,
    cpu: f64,
}

fn measure(folder: &Path, clips: usize, runs: usize) {
    let names = ["two threads", "batch", "batch --receipts"];
    let mut all = [const { Vec::new() }; 3];
    for run in 0..runs {
        for (which, took) in all.iter_mut().enumerate() {
            let mut command = command(folder, clips, which);
            let one = time(&mut command);
            println!("run {run}: {}: {:.2} s, {:.2} s of CPU", names[which], one.clock, one.cpu);
            took.push(one);
            clear(folder);
        }
    }
    let median = |of: &dyn Fn(&Took) -> f64, took: &[Took]| {
        let mut all: Vec<f64> = took.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let clock = |at: usize| median(&|took| took.clock, &all[at]);
    let cpu = |at: usize| median(&|took| took.cpu, &all[at]);
    println!("\n{clips} clips of {SECONDS} s, -j {JOBS}, medians of {runs}");
    for (at, name) in names.iter().enumerate() {
        let per_second = f64::from(u32::try_from(clips).expect("few")) / clock(at);
        println!(
            "{name:16} {:8.2} s {per_second:7.1} clips/s {:5.1} %   CPU {:8.2} s {:5.1} %",
            clock(at),
            100.0 * clock(0) / clock(at),
            cpu(at),
            100.0 * cpu(0) / cpu(at),
        );
    }
}

fn command(folder: &Path, clips: usize, which: usize) -> Command {
    std::fs::create_dir(folder.join("clean")).expect("a folder can be made");
    if which == 0 {
        let this = std::env::current_exe().expect("this program has a path");
        let mut alone = Command::new(this);
        alone.arg(ALONE).arg(folder).arg(clips.to_string());
        return alone;
    }
    let mut batch = Command::new(env!("CARGO_BIN_EXE_sordino"));
    let jobs = JOBS.to_string();
    batch.args(["batch", "calls.csv", "--out", "clean", "--progress", "none", "-j", &jobs]);
    if which == 2 {
        batch.args(["--receipts", "evidence"]);
    }
    batch.current_dir(folder);
    batch
}

fn time(command: &mut Command) -> Took {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    let used = child.wait4().expect("it ends");
    assert!(used.status.success(), "{command:?}");
    let cpu = used.rusage.utime + used.rusage.stime;
    Took { clock: began.elapsed().as_secs_f64(), cpu: cpu.as_secs_f64() }
}

/// Removes what a run has made.
fn clear(folder: &Path) {
    for name in ["clean", "evidence"] {
        let _ = std::fs::remove_dir_all(folder.join(name));
    }
    for name in ["calls.csv.journal", "calls.csv.journal.lock"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
}
