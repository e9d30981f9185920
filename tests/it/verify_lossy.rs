//! The leak audit of lossy recordings: what is open is never clean, what is muted is never a leak, and
//! what cannot be told is said to be so. Encoded on the spot by ffmpeg; without it nothing is tested.

use sordino::verify::{Audit, Done, Verdict};
use sordino::{Options, Source, Treatment, redact, verify};

use crate::support::*;

/// How loud the call is made, from as it is to 50 dB quieter.
const GAINS: [f64; 7] = [1.0, 0.3, 0.12, 0.05, 0.02, 0.01, 0.003];

const CODECS: [(&str, &str); 5] = [
    ("mp3", "libmp3lame"),
    ("ogg", "libvorbis"),
    ("opus", "libopus"),
    ("webm", "libopus"),
    ("m4a", "aac"),
];

/// Windows of 50 ms to 5 s: in the speech of the customer (channel 1) or the agent (0), across its
/// beginning, and across what both say.
const WINDOWS: [&[&str]; 2] = [
    &["0.4-0.6", "4.8-5", "5.5-5.55", "10-15", "20.2-20.5", "30.9-31.9", "35.2-37"],
    &["2-2.05@0", "6-11", "16-16.1", "19-19.2@1", "23-24.5", "27-27.05", "32-32.2"],
];

const RATE: usize = 8000;

/// The samples of the call at this volume.
fn call(gain: f64) -> Vec<i16> {
    let quieter = |sample: i16| (f64::from(sample) * gain).round() as i16;
    samples_16(&fixture_bytes("call.wav")).into_iter().map(quieter).collect()
}

fn file(samples: &[i16]) -> Vec<u8> {
    let bytes: Vec<_> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav(1, RATE as u32, 2, 16, &bytes)
}

/// The call at this volume, muted by sordino.
fn muted(samples: &[i16], list: &[&str], treatment: Treatment) -> Vec<i16> {
    let mut out = Vec::new();
    let done = redact(stream(file(samples)), &windows(list), treatment).unwrap();
    done.write_to(&mut out).unwrap();
    samples_16(&out)
}

/// A WAV of these samples, encoded by ffmpeg with these options.
fn encoded(folder: &Folder, samples: &[i16], ending: &str, options: &[&str]) -> String {
    let input = folder.write("in.wav", &file(samples));
    let output = folder.path(&format!("out.{ending}"));
    ffmpeg(["-i", &input].iter().chain(options).chain(&[output.as_str()]));
    output
}

fn in_codec(folder: &Folder, samples: &[i16], (ending, encoder): (&str, &str)) -> String {
    encoded(folder, samples, ending, &["-c:a", encoder])
}

fn audit(original: &[i16], redacted: &str, list: &[&str]) -> Audit {
    let options = Options { opus_rate: Some(RATE as u32), ..Options::default() };
    let redacted = Source::open(redacted).unwrap().with_options(options);
    verify(stream(file(original)), redacted, &windows(list), None, None).unwrap()
}

/// The loudest sample of the original in each row; none that is close to silence is among them.
fn peaks(audit: &Audit, original: &[i16], gain: f64) -> Vec<f64> {
    let rows = audit.windows.iter().map(|row| {
        let frames = row.span.first as usize..row.span.end as usize;
        let all = frames.map(|frame| original[2 * frame + usize::from(row.channel)]);
        f64::from(all.map(i16::unsigned_abs).max().unwrap()) / 32_768.0
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.iter().all(|&peak| peak == 0.0 || peak > 0.01 * gain), "{rows:?}");
    rows
}

/// At each volume, whether in speech or across it.
fn none_is_clean_that_is_open(codec: (&str, &str)) {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for gain in GAINS {
        let original = call(gain);
        let open = in_codec(&folder, &original, codec);
        for list in WINDOWS {
            let audit = audit(&original, &open, list);
            assert!(!audit.is_clean(), "{codec:?} at {gain}: {audit:?}");
            for (row, peak) in audit.windows.iter().zip(peaks(&audit, &original, gain)) {
                let silent = (row.verdict, row.done) == (Verdict::Clean, Done::Silent);
                assert_eq!(silent, peak == 0.0, "{codec:?} at {gain}: {row:?}");
                assert_eq!(silent, row.verdict == Verdict::Clean, "{codec:?} at {gain}: {row:?}");
            }
        }
    }
}

/// Never a leak; and clean where there is enough to tell.
fn what_is_muted_is_no_leak(codec: (&str, &str)) {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let treatments = [Treatment::silence(), Treatment::default(), Treatment::tone(1000).unwrap()];
    for (number, gain) in GAINS.into_iter().enumerate() {
        let original = call(gain);
        // One treatment each where it may be told or not.
        let all = if gain >= 0.05 { &treatments[..] } else { &treatments[number % 3..][..1] };
        for (turn, &treatment) in all.iter().enumerate() {
            let list = WINDOWS[(number + turn) % 2];
            let muted = muted(&original, list, treatment);
            let audit = audit(&original, &in_codec(&folder, &muted, codec), list);
            let what = format!("{codec:?} at {gain}, {treatment:?}: {audit:?}");
            assert!(audit.windows.iter().all(|row| row.verdict != Verdict::Leak), "{what}");
            assert_eq!(audit.outside.changed, 0, "{what}");
            if gain >= 0.05 {
                let is_short = |frames: u64| frames < RATE as u64 / 5;
                let mut rows = audit.windows.iter();
                let told = rows.all(|row| row.verdict == Verdict::Clean || is_short(row.span.frames()));
                assert!(told, "{what}");
            }
        }
    }
}

macro_rules! for_each_codec {
    ($($number:literal $open:ident $muted:ident)*) => {$(
        #[test]
        fn $open() {
            none_is_clean_that_is_open(CODECS[$number]);
        }
        #[test]
        fn $muted() {
            what_is_muted_is_no_leak(CODECS[$number]);
        }
    )*};
}

for_each_codec! {
    0 no_open_mp3_is_clean a_muted_mp3_is_no_leak
    1 no_open_vorbis_is_clean a_muted_vorbis_is_no_leak
    2 no_open_opus_is_clean a_muted_opus_is_no_leak
    3 no_open_webm_is_clean a_muted_webm_is_no_leak
    4 no_open_aac_is_clean a_muted_aac_is_no_leak
}
