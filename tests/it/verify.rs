//! The leak audit of lossless recordings: it finds every leak and change, and passes correct outputs.

use std::time::Duration;

use sordino::span::Span;
use sordino::verify::{Audit, Done, Leak, Verdict};
use sordino::{Source, Treatment, VerifyOptions, Window, Windows, verify};

use crate::support::*;

/// One second of loud stereo noise at 8 kHz. No two neighbouring samples are equal.
fn noise() -> Vec<i16> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    (0..16_000).map(|_| (next() % 16_000) as i16 + 2_000).collect()
}

fn file(samples: &[i16]) -> Vec<u8> {
    let bytes: Vec<_> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav(1, 8000, 2, 16, &bytes)
}

fn audit(original: &[u8], redacted: &[u8], windows: &Windows) -> Audit {
    let (original, redacted) = (stream(original.to_vec()), stream(redacted.to_vec()));
    verify(original, redacted, windows, VerifyOptions::default()).unwrap()
}

/// Mutates a correct output. The number selects the kind and the place.
fn mutate(number: usize, before: &[i16], after: &mut Vec<i16>) -> &'static str {
    let place = |from: usize, to: usize| from + number * 7919 % (to - from);
    match number % 8 {
        0 => {
            after[place(3200, 4800)] += 1;
            "a sample inside"
        }
        1 => {
            after[place(6402, 16_000)] -= 1;
            "a sample outside"
        }
        2 => {
            after.splice(0..0, [1, 2]);
            after.truncate(16_000);
            "shifted by one frame"
        }
        3 => {
            after.truncate(15_998);
            "the last frame dropped"
        }
        4 => {
            let at = place(1600, 3000) * 2;
            after[at..at + 160].copy_from_slice(&before[at..at + 160]);
            "ten milliseconds restored"
        }
        5 => {
            after.as_chunks_mut::<2>().0.iter_mut().for_each(|frame| frame.swap(0, 1));
            "channels swapped"
        }
        6 => {
            after.extend([0, 0]);
            "a frame added"
        }
        _ => {
            let at = 2 * place(3300, 7000);
            after[at] = after[at].wrapping_neg();
            "a sample negated"
        }
    }
}

#[test]
fn five_hundred_mutations_are_found_and_five_hundred_correct_outputs_pass() {
    let before = noise();
    let treatments = [
        Treatment::default(),
        Treatment::silence(),
        Treatment::tone(1000).unwrap(),
        Treatment::attenuate(0.001).unwrap(),
    ];
    for number in 0..500 {
        let start = 0.2 + (number % 50) as f64 / 10_000.0;
        let windows = windows(&[&format!("{start}-0.4")]);
        let treatment = treatments[number / 8 % 4];
        let mut out = Vec::new();
        let done = sordino::redact(stream(file(&before)), &windows, treatment).unwrap();
        done.write_to(&mut out).unwrap();
        let passed = audit(&file(&before), &out, &windows);
        assert!(passed.is_clean(), "{number}: {passed:?}");
        let mut after = samples_16(&out);
        let what = mutate(number, &before, &mut after);
        let found = audit(&file(&before), &file(&after), &windows);
        assert!(!found.is_clean(), "{number}, {what}: {found:?}");
    }
}

/// Tags may hold the caller's data.
#[test]
fn leftover_metadata_is_a_finding_and_its_content_is_not_shown() {
    let folder = Folder::new();
    let out = folder.path("out.wav");
    assert!(sordino(&["file", CALL, "-w", "10-15", "--silence", "-o", &out]).status.success());
    let clean = std::fs::read(&out).unwrap();
    let list = b"LIST\x20\0\0\0INFOICMT\x06\0\0\0card 7ISFT\x06\0\0\0Lavf5\0";
    let with = |part: &[u8], at: usize| {
        let mut tagged = clean.clone();
        tagged.splice(at..at, part.iter().copied());
        let path = folder.write("tagged.wav", &tagged);
        let result = sordino(&["verify", CALL, &path, "-w", "10-15"]);
        (result.status.code(), stdout(&result))
    };
    let (code, table) = with(list, 36);
    assert!(code == Some(1) && table.contains("metadata: LIST ICMT (6 bytes)\n"), "{table}");
    assert!(!table.contains("card") && table.contains("verdict: changed"), "{table}");
    let (code, table) = with(b"bext\x04\0\0\0card", clean.len());
    assert!(code == Some(1) && table.contains("metadata: bext (4 bytes)\n"), "{table}");
    let tool = b"LIST\x12\0\0\0INFOISFT\x06\0\0\0Lavf5\0";
    let (code, table) = with(tool, 36);
    assert_eq!(code, Some(0), "the tool that wrote it is no secret: {table}");
    if installed("ffmpeg") {
        let flac = folder.path("out.flac");
        ffmpeg(["-i", &out, "-metadata", "comment=card 4111", &flac]);
        let result = sordino(&["verify", CALL, &flac, "-w", "10-15", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&result.stdout).unwrap();
        assert_eq!(json["metadata"][0]["bytes"], 9, "{json}");
        assert!(!stdout(&result).contains("card") && json["clean"] == false);
    }
}

#[test]
fn a_leak_is_found_to_the_frame() {
    let before = noise();
    let windows = windows(&["0.25-0.5@1=card"]);
    for treatment in [Treatment::default(), Treatment::silence(), Treatment::tone(700).unwrap()] {
        let mut out = Vec::new();
        let done = sordino::redact(stream(file(&before)), &windows, treatment).unwrap();
        done.write_to(&mut out).unwrap();
        let mut after = samples_16(&out);
        (2100..2200).for_each(|frame| after[2 * frame + 1] = before[2 * frame + 1]);
        let (original, redacted) = (stream(file(&before)), stream(file(&after)));
        let options = VerifyOptions { treatment: Some(treatment), ..VerifyOptions::default() };
        let audit = verify(original, redacted, &windows, options).unwrap();
        let [window] = audit.windows.as_slice() else { panic!("{audit:?}") };
        assert_eq!((window.channel, window.span), (1, Span { first: 2000, end: 4001 }));
        assert_eq!(window.done, Done::Exactly(treatment));
        assert_eq!(
            window.leak,
            Some(Leak { frames: 100, first: 2100, last: 2199, padding_only: false })
        );
        assert!(window.is_recoverable() && audit.outside.changed == 0);
    }
}

/// One frame at a time is left open, in every place of several lists of padded windows.
#[test]
fn an_open_frame_is_in_padding_only_if_it_is_in_no_window_as_asked() {
    let before = &noise()[..400];
    let frame = |frame: u64| Duration::from_nanos(frame * 125_000);
    // Start, last frame, channel, padding before and after, in frames.
    type Asked = (u64, u64, Option<u16>, (u64, u64));
    let lists: [&[Asked]; 4] = [
        &[(50, 70, None, (10, 5))],
        &[(50, 60, None, (10, 10)), (75, 80, None, (8, 0)), (5, 9, Some(1), (9, 3))],
        // The padding of one reaches into the other, on one channel or on both.
        &[(50, 60, Some(0), (0, 30)), (70, 75, None, (2, 2)), (72, 90, Some(1), (9, 9))],
        &[(50, 60, None, (0, 0))],
    ];
    for list in lists {
        let windows = list.iter().map(|&(start, last, channel, (ahead, behind))| {
            let window = Window::new(frame(start), frame(last)).unwrap();
            let window = window.padded(frame(ahead), frame(behind));
            channel.map_or(window.clone(), |channel| window.on_channel(channel))
        });
        let windows = Windows::new(windows).unwrap();
        let mut out = Vec::new();
        let done = sordino::redact(stream(file(before)), &windows, Treatment::silence()).unwrap();
        done.write_to(&mut out).unwrap();
        let muted = samples_16(&out);
        for index in 0..before.len() {
            let (place, channel) = (index as u64 / 2, index as u16 % 2);
            let mine = list.iter().filter(|asked| asked.2.is_none_or(|only| only == channel));
            let is_asked = mine.clone().any(|asked| (asked.0..=asked.1).contains(&place));
            let is_muted = mine.clone().any(|&(start, last, _, (ahead, behind))| {
                (start.saturating_sub(ahead)..=last + behind).contains(&place)
            });
            let mut after = muted.clone();
            after[index] = before[index];
            let audit = audit(&file(before), &file(&after), &windows);
            let open = audit
                .windows
                .iter()
                .find(|window| window.channel == channel && window.leak.is_some());
            let leak = Leak { frames: 1, first: place, last: place, padding_only: !is_asked };
            assert_eq!(open.and_then(|window| window.leak), is_muted.then_some(leak), "{list:?}");
            assert_eq!(audit.is_padding_only(), is_muted && !is_asked, "{list:?} {index}");
        }
    }
}

/// What the windows asked for must be treated exactly: a little quieter is not enough.
#[test]
fn open_padding_beside_words_that_are_only_quieter_is_a_leak_like_any_other() {
    let before = noise();
    let window = Window::from_seconds(0.3, 0.4).unwrap();
    let pad = Duration::from_millis(200);
    let windows = Windows::new([window.padded(pad, pad)]).unwrap();
    for (divisor, expected) in [(2, false), (i16::MAX, true)] {
        let mut after = before.clone();
        (4800..6402).for_each(|index| after[index] /= divisor);
        let audit = audit(&file(&before), &file(&after), &windows);
        assert_eq!((audit.verdict(), audit.is_padding_only()), (Verdict::Leak, expected));
    }
}

#[test]
fn treatments_of_other_tools_are_recognised() {
    let before = noise();
    let windows = windows(&["0.25-0.5"]);
    let with = |make: &dyn Fn(usize, i16) -> i16| {
        let mut after = before.clone();
        (4000..8002).for_each(|index| after[index] = make(index, before[index]));
        audit(&file(&before), &file(&after), &windows)
    };
    let quieter = with(&|_, sample| sample / 10);
    let gain = quieter.windows[0].gain;
    assert!((0.099..0.101).contains(&gain) && quieter.windows[0].done == Done::Attenuated);
    assert!(quieter.is_clean() && quieter.is_recoverable());
    let other = noise();
    let noisy = with(&|index, _| other[15_999 - index] - 9_000);
    assert_eq!(noisy.windows[1].done, Done::Replaced);
    assert!(noisy.is_clean() && !noisy.is_recoverable());
    let open = with(&|_, sample| sample);
    assert!(open.windows.iter().all(|window| window.done == Done::Nothing));
    let leak = Leak { frames: 2001, first: 2000, last: 4000, padding_only: false };
    assert!(!open.is_clean() && open.windows[0].leak == Some(leak));
}

#[test]
fn another_rate_or_channel_count_is_a_finding() {
    let before = file(&noise());
    let windows = windows(&["0.25-0.5"]);
    let mono = wav(1, 8000, 1, 16, data_of(&before));
    let slow = wav(1, 4000, 2, 16, data_of(&before));
    for other in [mono, slow] {
        let audit = audit(&before, &other, &windows);
        assert!(!audit.is_clean() && audit.is_recoverable() && audit.windows.is_empty());
    }
    // The same samples as floats are equal.
    let floats = samples_16(&before).into_iter().enumerate().flat_map(|(index, sample)| {
        let inside = (4000..8002).contains(&index);
        (if inside { 0.0 } else { f32::from(sample) / 32_768.0 }).to_le_bytes()
    });
    let floats = wav(3, 8000, 2, 32, &floats.collect::<Vec<_>>());
    let audit = audit(&before, &floats, &windows);
    assert!(audit.is_clean() && audit.tolerance > Some(0.0), "{audit:?}");
}

/// FFmpeg evaluates `enable` once for each of its own frames, which hold 2048 samples of mono.
#[test]
fn the_usual_ffmpeg_filter_leaks_and_the_table_says_where() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (mono, muted) = (folder.path("mono.wav"), folder.path("muted.wav"));
    let noise = "anoisesrc=r=8000:d=20:a=0.5:seed=7";
    ffmpeg(["-f", "lavfi", "-i", noise, "-ac", "1", "-c:a", "pcm_s16le", &mono]);
    let filter = "volume=enable='between(t,10,15)':volume=0.001";
    ffmpeg(["-i", &mono, "-af", filter, &muted]);
    let result = sordino(&["verify", &mono, &muted, "-w", "10-15=card number"]);
    let table = stdout(&result);
    assert_eq!(result.status.code(), Some(1), "{table}{}", stderr(&result));
    assert!(table.contains("gain 0.001") && table.contains("10-15 card number"), "{table}");
    assert!(table.contains(" frames, 10-10.239875 s (240 ms)"), "{table}");
    assert!(table.contains("outside: 831 samples changed"), "{table}");
    assert!(table.ends_with("verdict: LEAK in 1 of 1 rows\n"), "{table}");
    // The README's example: with stereo, FFmpeg's frames are half as long.
    let filter = "volume=enable='between(t,10.25,15)':volume=0.001";
    ffmpeg(["-i", CALL, "-af", filter, &muted]);
    let window = "10.25-15=card number";
    let result = sordino(&["verify", CALL, &muted, "-w", window]);
    let table = stdout(&result);
    assert_eq!(result.status.code(), Some(1), "{table}{}", stderr(&result));
    assert!(table.contains("944 frames, 10.25-10.367875 s (118 ms)"), "{table}");
    assert!(table.contains("outside: no sample has changed\nverdict: LEAK in 1 of 2"), "{table}");
    let ours = folder.path("ours.wav");
    assert!(sordino(&["file", CALL, "-w", window, "-o", &ours]).status.success());
    assert_eq!(sordino(&["verify", CALL, &ours, "-w", window]).status.code(), Some(0));
}

#[test]
fn the_command_prints_json_and_exits_by_its_verdict() {
    let folder = Folder::new();
    let out = folder.path("out.wav");
    let silence = ["file", CALL, "-w", "10-15", "--silence", "-o", &out];
    assert!(sordino(&silence).status.success());
    let clean = sordino(&["verify", CALL, &out, "-w", "10-15"]);
    assert_eq!(clean.status.code(), Some(0), "{}", stdout(&clean));
    assert!(stdout(&clean).ends_with("verdict: clean; speech cannot be recovered\n"));
    // A pipe can be read once only.
    if cfg!(unix) {
        let args = ["verify", "/dev/stdin", &out, "-w", "10-15"];
        let piped = sordino_fed(&args, &fixture_bytes("call.wav"));
        assert_eq!(piped.status.code(), Some(0), "{}{}", stdout(&piped), stderr(&piped));
    }
    let json = sordino(&["verify", CALL, CALL, "-w", "10-15", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["clean"], &json["windows"][1]["first"]), (&false.into(), &80_000.into()));
    assert_eq!(json["windows"][1]["done"], "the original");
    for (args, part) in [
        ([CALL, "/nowhere.wav", "-w", "1-2"], "No such file"),
        ([CALL, CALL, "-w", "40-41"], "begins after the end"),
        ([CALL, CALL, "-w", "1-2@5"], "a channel that the recording does not have"),
        ([CALL, CALL, "-w", "2-1"], "does not end after"),
    ] {
        let wrong = sordino(&[["verify"].as_slice(), &args].concat());
        assert_eq!(wrong.status.code(), Some(2), "{args:?}");
        assert!(stderr(&wrong).contains(part), "{}", stderr(&wrong));
    }
    let text = folder.write("text", b"four one one one");
    assert_eq!(sordino(&["verify", CALL, &text, "-w", "1-2"]).status.code(), Some(2));
}

/// Lossy recordings are compared by the energy of segments.
#[test]
fn a_lossy_recording_is_audited_by_its_segments() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (out, lossy) = (folder.path("out.wav"), folder.path("out.mka"));
    assert!(sordino(&["file", CALL, "-w", "10-15", "-o", &out]).status.success());
    for (input, clean) in [(out.as_str(), true), (CALL, false)] {
        ffmpeg(["-i", input, "-c:a", "libvorbis", "-q:a", "6", &lossy]);
        let (original, redacted) = (Source::open(CALL).unwrap(), Source::open(&lossy).unwrap());
        let audit =
            verify(original, redacted, &windows(&["10-15"]), VerifyOptions::default()).unwrap();
        assert!(audit.tolerance.is_none() && audit.noise > Some(0.0));
        let left = audit.windows.iter().all(|window| window.leak.is_none());
        assert_eq!((left, audit.outside.changed), (clean, 0), "{audit:?}");
    }
}

fn floats(samples: &[f32]) -> Vec<u8> {
    let bytes: Vec<_> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav(3, 8000, 2, 32, &bytes)
}

/// Every comparison with NaN is false, which must not count as equal.
#[test]
fn nan_and_infinities_equal_nothing() {
    let before: Vec<_> = noise().iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    let windows = windows(&["0.25-0.5"]);
    for treatment in [Treatment::silence(), Treatment::default(), Treatment::tone(1000).unwrap()] {
        let mut out = Vec::new();
        let done = sordino::redact(stream(floats(&before)), &windows, treatment).unwrap();
        done.write_to(&mut out).unwrap();
        let words = data_of(&out).as_chunks::<4>().0;
        let muted: Vec<_> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        assert!(audit(&floats(&before), &floats(&muted), &windows).is_clean());
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let with = |samples: &[f32], first: usize, count: usize| {
                let mut samples = samples.to_vec();
                samples[first..first + count].fill(odd);
                floats(&samples)
            };
            let outside = audit(&floats(&before), &with(&muted, 1000, 100), &windows);
            assert_eq!((outside.verdict(), outside.outside.changed), (Verdict::Changed, 100));
            assert_eq!((outside.outside.first, outside.outside.last), (Some(500), Some(549)));
            let both = audit(&with(&before, 1000, 100), &with(&muted, 1000, 100), &windows);
            assert_eq!((both.verdict(), both.outside.changed), (Verdict::Changed, 100));
            let inside = audit(&floats(&before), &with(&muted, 5000, 100), &windows);
            assert_eq!(inside.verdict(), Verdict::Leak);
            let leak = Leak { frames: 50, first: 2500, last: 2549, padding_only: false };
            assert!(inside.windows.iter().all(|row| row.leak == Some(leak)), "{inside:?}");
            let all = audit(&floats(&before), &with(&muted, 4000, 4002), &windows);
            assert_eq!(all.verdict(), Verdict::Leak, "{all:?}");
            // In another sample format, and only in the original.
            let narrow = audit(&file(&noise()), &with(&muted, 5000, 100), &windows);
            assert_eq!(narrow.verdict(), Verdict::Leak);
            let healed = audit(&with(&before, 1000, 100), &floats(&muted), &windows);
            assert_eq!((healed.verdict(), healed.outside.changed), (Verdict::Changed, 100));
        }
    }
}

/// A sound of one or two quantization steps cannot be judged by its samples.
#[test]
fn a_quiet_recording_left_open_in_eight_bits_is_never_clean() {
    for divisor in [1, 4, 10, 20, 40, 80] {
        let quiet: Vec<_> =
            samples_16(&fixture_bytes("call.wav")).iter().map(|s| s / divisor).collect();
        let bytes = |samples: &[i16]| {
            let code = |sample: &i16| (((f64::from(*sample) / 256.0).round() as i16) + 128) as u8;
            wav(1, 8000, 2, 8, &samples.iter().map(code).collect::<Vec<_>>())
        };
        for list in [&["10-15"][..], &["5.5-5.55", "20.2-20.5"]] {
            let windows = windows(list);
            let open = audit(&file(&quiet), &bytes(&quiet), &windows);
            assert!(!open.is_clean(), "{divisor}: {open:?}");
            let mut muted = Vec::new();
            let done =
                sordino::redact(stream(file(&quiet)), &windows, Treatment::silence()).unwrap();
            done.write_to(&mut muted).unwrap();
            let muted = audit(&file(&quiet), &bytes(&samples_16(&muted)), &windows);
            assert!(muted.verdict() != Verdict::Leak && muted.outside.changed == 0, "{muted:?}");
            assert!(divisor > 4 || muted.is_clean(), "{divisor}: {muted:?}");
        }
    }
}
