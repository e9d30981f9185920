//! The leak audit of lossy recordings: an open window is never clean, a muted one is never a leak, and
//! what cannot be told is reported so. Recordings are encoded by ffmpeg; without it the tests are skipped.

use sordino::verify::{Audit, Done, Verdict};
use sordino::{DecodeOptions, Source, Treatment, VerifyOptions, redact, verify};

use crate::support::*;

/// Gains of the call, from unchanged to 50 dB quieter.
const GAINS: [f64; 7] = [1.0, 0.3, 0.12, 0.05, 0.02, 0.01, 0.003];

const CODECS: [(&str, &str); 5] = [
    ("mp3", "libmp3lame"),
    ("ogg", "libvorbis"),
    ("opus", "libopus"),
    ("webm", "libopus"),
    ("m4a", "aac"),
];

/// Windows of 50 ms to 5 s: within the speech of the customer (channel 1) or the agent (0), across its
/// start, and across the speech of both.
const WINDOWS: [&[&str]; 2] = [
    &["0.4-0.6", "4.8-5", "5.5-5.55", "10-15", "20.2-20.5", "30.9-31.9", "35.2-37"],
    &["2-2.05@0", "6-11", "16-16.1", "19-19.2@1", "23-24.5", "27-27.05", "32-32.2"],
];

const RATE: usize = 8000;

/// The samples of the call at this gain.
fn call(gain: f64) -> Vec<i16> {
    let quieter = |sample: i16| (f64::from(sample) * gain).round() as i16;
    samples_16(&fixture_bytes("call.wav")).into_iter().map(quieter).collect()
}

fn file(samples: &[i16]) -> Vec<u8> {
    let bytes: Vec<_> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav(1, RATE as u32, 2, 16, &bytes)
}

/// These samples, redacted by sordino.
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
    let options = DecodeOptions { opus_rate: Some(RATE as u32), ..DecodeOptions::default() };
    let redacted = Source::open(redacted).unwrap().with_options(options);
    verify(stream(file(original)), redacted, &windows(list), VerifyOptions::default()).unwrap()
}

/// The peak of the original in each row: digital silence or clearly above it.
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

/// At each gain, within speech and across it.
fn assert_open_is_never_clean(codec: (&str, &str)) {
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

/// Never a leak, and clean where the sound is loud and long enough to tell.
fn assert_muted_is_never_a_leak(codec: (&str, &str)) {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let treatments = [Treatment::silence(), Treatment::default(), Treatment::tone(1000).unwrap()];
    for (number, gain) in GAINS.into_iter().enumerate() {
        let original = call(gain);
        // Where the sound may be too faint to tell, one treatment for each gain is enough.
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
                let told =
                    rows.all(|row| row.verdict == Verdict::Clean || is_short(row.span.frames()));
                assert!(told, "{what}");
            }
        }
    }
}

macro_rules! for_each_codec {
    ($($number:literal $open:ident $muted:ident)*) => {$(
        #[test]
        fn $open() {
            assert_open_is_never_clean(CODECS[$number]);
        }
        #[test]
        fn $muted() {
            assert_muted_is_never_a_leak(CODECS[$number]);
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

/// The customer speaks here.
const CARD: &[&str] = &["10-15"];

/// `to`, with these frames of `from`, on both channels.
fn with(to: &[i16], from: &[i16], frames: std::ops::Range<usize>) -> Vec<i16> {
    let mut all = to.to_vec();
    let samples = 2 * frames.start..2 * frames.end;
    all[samples.clone()].copy_from_slice(&from[samples]);
    all
}

/// Changes all samples outside the window.
fn outside(samples: &[i16], change: impl Fn(usize, i16) -> i16) -> Vec<i16> {
    let is_inside = |index: usize| (160_000..240_002).contains(&index);
    let one = |(index, &sample)| if is_inside(index) { sample } else { change(index, sample) };
    samples.iter().enumerate().map(one).collect()
}

#[test]
fn a_leak_of_60_ms_in_5_s_is_never_clean() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let treatments = [Treatment::silence(), Treatment::tone(1000).unwrap()];
    let places = [82_400, 86_560, 92_000, 96_000, 100_800, 106_400, 112_000].into_iter().cycle();
    let mut places = places.map(|first| first..first + 480);
    for gain in [1.0, 0.05, 0.003] {
        let original = call(gain);
        for codec in [CODECS[0], CODECS[1], CODECS[2], CODECS[4]] {
            for treatment in treatments {
                let place = places.next().unwrap();
                let leaky = with(&muted(&original, CARD, treatment), &original, place.clone());
                let audit = audit(&original, &in_codec(&folder, &leaky, codec), CARD);
                let row = &audit.windows[1];
                assert!(row.verdict != Verdict::Clean, "{codec:?} at {gain}, {place:?}: {row:?}");
                assert!(row.is_recoverable() && audit.windows[0].verdict == Verdict::Clean);
                if treatment == Treatment::silence() {
                    let leak = row.leak.unwrap();
                    let near = |frame: u64, to: usize| frame.abs_diff(to as u64) <= 200;
                    assert!(
                        near(leak.first, place.start) && near(leak.last, place.end),
                        "{leak:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_change_outside_is_found_unless_the_codec_made_it() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let original = call(0.3);
    let muted = muted(&original, CARD, Treatment::silence());
    let quieter = outside(&muted, |_, sample| (f64::from(sample) * 0.708) as i16);
    let seed = |index: usize| (index as u32).wrapping_mul(2_654_435_761) >> 19;
    let noisy = outside(&muted, |index, sample| sample + (seed(index) % 1000) as i16 - 500);
    let cut = outside(
        &muted,
        |index, sample| {
            if (360_000..363_200).contains(&index) { 0 } else { sample }
        },
    );
    let late = [vec![0; 400], muted[..muted.len() - 400].to_vec()].concat();
    for codec in [CODECS[0], CODECS[4]] {
        for (what, samples) in
            [("quieter", &quieter), ("noisy", &noisy), ("cut", &cut), ("late", &late)]
        {
            let audit = audit(&original, &in_codec(&folder, samples, codec), CARD);
            assert_eq!(audit.verdict(), Verdict::Changed, "{codec:?}, {what}: {audit:?}");
            let range = audit.outside.first.unwrap()..audit.outside.last.unwrap();
            let at_cut = range.start >= 179_000 && range.end < 185_000;
            assert!(what != "cut" || at_cut, "{codec:?}: {range:?}");
        }
    }
}

/// Without sound outside, the codec cannot be measured. Exact files need no measurement.
#[test]
fn a_window_over_everything_cannot_be_told() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (original, all) = (call(1.0), &["0-38"]);
    let muted = muted(&original, all, Treatment::silence());
    let audit_of = |path: &str| audit(&original, path, all);
    let lossy = audit_of(&in_codec(&folder, &muted, CODECS[0]));
    assert_eq!(lossy.verdict(), Verdict::CannotTell);
    assert!(lossy.windows.iter().all(|row| row.done == Done::Unknown && row.leak.is_none()));
    assert!(audit_of(&folder.write("exact.wav", &file(&muted))).is_clean());
}

/// An original that is masked by a beep, or inverted, is still there.
#[test]
fn a_masked_or_inverted_original_is_never_clean() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for gain in [1.0, 0.05] {
        let original = call(gain);
        let beep = |index: usize| (((index / 2) as f64 * 0.35).sin() * 2000.0) as i16;
        let masked: Vec<_> = original
            .iter()
            .enumerate()
            .map(|(index, sample)| sample.saturating_add(beep(index)))
            .collect();
        let inverted: Vec<_> = original.iter().map(|sample| sample.saturating_neg()).collect();
        for variant in [masked, inverted] {
            let samples = with(&original, &variant, 80_000..120_001);
            for codec in [CODECS[0], CODECS[2]] {
                let row = &audit(&original, &in_codec(&folder, &samples, codec), CARD).windows[1];
                assert!(row.verdict != Verdict::Clean, "{codec:?} at {gain}: {row:?}");
            }
        }
    }
}

/// A silent channel may have received the sound of the other.
#[test]
fn channels_that_were_swapped_or_mixed_in_a_window_are_never_clean() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let original = call(0.3);
    let frames = original.as_chunks::<2>().0;
    let swapped: Vec<_> = frames.iter().flat_map(|&[agent, customer]| [customer, agent]).collect();
    let mixed: Vec<_> = frames.iter().flat_map(|&[a, c]| [a / 2 + c / 2, a / 2 + c / 2]).collect();
    for variant in [swapped, mixed] {
        let samples = with(&original, &variant, 82_000..120_001);
        for codec in [CODECS[0], CODECS[2]] {
            let audit = audit(&original, &in_codec(&folder, &samples, codec), &["10.25-15@0"]);
            assert_eq!(audit.windows[0].verdict, Verdict::CannotTell, "{codec:?}: {audit:?}");
        }
    }
}

#[test]
fn a_lossy_original_is_audited_as_well() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let muted = redacted(Source::open(fixture("call.mp3")).unwrap(), CARD, Treatment::default());
    let open =
        redacted(Source::open(fixture("call.mp3")).unwrap(), &["37.9-38"], Treatment::silence());
    for (samples, verdict) in [(muted, Verdict::Clean), (open, Verdict::Leak)] {
        let lossy = in_codec(&folder, &samples_16(&samples.unwrap()), CODECS[0]);
        let both = (Source::open(fixture("call.mp3")).unwrap(), Source::open(&lossy).unwrap());
        let audit = verify(both.0, both.1, &windows(CARD), VerifyOptions::default()).unwrap();
        assert_eq!(audit.verdict(), verdict, "{audit:?}");
    }
}

#[test]
fn a_tolerance_counts_outside_and_never_inside() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let original = call(0.05);
    let open = outside(&original, |_, sample| sample / 2);
    let lossy = Source::open(in_codec(&folder, &open, CODECS[0])).unwrap();
    let half = VerifyOptions { tolerance: Some(0.5), ..VerifyOptions::default() };
    let audit = verify(stream(file(&original)), lossy, &windows(CARD), half).unwrap();
    assert_eq!((audit.outside.changed, audit.tolerance), (0, Some(0.5)));
    assert_eq!(audit.verdict(), Verdict::Leak);
    let exact = stream(file(&open));
    let audit = verify(stream(file(&original)), exact, &windows(CARD), half).unwrap();
    assert_eq!((audit.outside.changed, audit.verdict()), (0, Verdict::Leak));
    assert_eq!(audit.windows[1].done, Done::Nothing);
}

/// A codec fills its last packet with near silence. Speech there is no padding.
#[test]
fn padding_is_silent_and_no_longer_than_a_packet() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let all = muted(&call(1.0), CARD, Treatment::silence());
    let original = &call(1.0)[..2 * 22 * RATE];
    for (silent, more, padding) in [(true, 800, 800), (true, 8000, 0), (false, 800, 0)] {
        let mut samples = all[..2 * (22 * RATE + more)].to_vec();
        samples[2 * 22 * RATE..]
            .iter_mut()
            .for_each(|sample| *sample = if silent { 0 } else { 9000 });
        let audit = audit(original, &in_codec(&folder, &samples, CODECS[0]), CARD);
        assert_eq!(audit.padding, padding, "{silent}, {more}");
        assert_eq!(audit.is_clean(), padding > 0, "{silent}, {more}: {audit:?}");
    }
}

#[test]
#[cfg(feature = "cli")]
fn the_command_says_what_cannot_be_told_and_exits_as_it_says() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let run = |original: &[i16], redacted: &str, more: &[&str]| {
        let original = folder.write("original.wav", &file(original));
        let result = sordino(&[&["verify", &original, redacted], more].concat());
        (result.status.code(), stdout(&result))
    };
    for (number, gain) in GAINS.into_iter().enumerate() {
        let original = call(gain);
        let open = in_codec(&folder, &original, CODECS[number % 5]);
        let (code, table) = run(&original, &open, &["-w", "10-15", "-w", "20.2-20.25"]);
        assert!(code == Some(1) && table.contains("verdict: LEAK in "), "{gain}: {table}");
    }
    let original = call(1.0);
    let silence = muted(&original, CARD, Treatment::silence());
    for codec in [CODECS[2], CODECS[3], CODECS[4]] {
        let (code, table) = run(&original, &in_codec(&folder, &silence, codec), &["-w", "10-15"]);
        assert_eq!(code, Some(0), "{table}");
        assert!(
            table.ends_with("verdict: clean; no speech of the original was found\n"),
            "{table}"
        );
        assert!(codec.0 != "m4a" || table.contains("128 frames of padding"), "{table}");
    }
    let all = muted(&original, &["0-38"], Treatment::silence());
    let all = in_codec(&folder, &all, CODECS[0]);
    let (code, table) = run(&original, &all, &["-w", "0-38"]);
    assert!(code == Some(1) && table.contains("CANNOT BE TOLD in 2 of 2 rows"), "{table}");
    let (code, json) = run(&original, &all, &["-w", "0-38", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, &json["clean"], &json["verdict"]),
        (Some(1), &false.into(), &"cannot tell".into())
    );
    assert_eq!(json["windows"][0]["verdict"], "cannot tell");
}
