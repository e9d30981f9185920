//! Parity with FFmpeg, which runs in this process: `cargo test --features ffmpeg parity`.
//!
//! Asked about every sample, FFmpeg treats what sordino treats, to the bit, save for frames at the
//! boundary of a window, and of each of those it is known beforehand:
//!
//! - A window that opens in the middle of a frame takes that frame here. FFmpeg asks where the frame
//!   begins, which is before the window, and leaves it open.
//! - FFmpeg compares floats. Of two numbers that are equal, one may come out larger: then it leaves
//!   the first or the last frame of a window open.
//!
//! So FFmpeg never treats a frame that sordino leaves. Asked as it usually is, once for many
//! frames, it leaves far more.

use std::path::Path;

use crate::ffmpeg::filter;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sordino::Treatment;

use crate::support::*;

mod lossy;
mod made;

use made::*;

/// Sets of windows for each width, rate and number of channels.
const CASES: u32 = 6;

/// Asks `holds` of as many cases that the strategy makes.
fn each<S: Strategy>(
    cases: u32,
    strategy: S,
    holds: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, holds).unwrap();
}

fn gains() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.001), 0.000_01..1.0]
}

/// Both agree with what each is said to do, and differ at boundaries only.
fn agree(made: &Made, list: &[Nanos], gain: f64) -> Result<(), TestCaseError> {
    let volume = format!("volume={gain}:precision={}", made.width.precision());
    let treated = made.filtered(&volume);
    let graph = format!("asetnsamples=n=1:p=0,{volume}:enable='{}'", between(list));
    let theirs = made.filtered(&graph);
    let ours = made.redacted(list, Treatment::attenuate(gain).unwrap());

    let asked = floats(list);
    let in_theirs = |n: u64| holds_at(&asked, time_of(n, made.rate));
    let in_ours = |n: u64| meets(list, n, made.rate);
    same(made, &theirs, &made.with(&treated, in_theirs), "FFmpeg's are not those foretold")?;
    same(made, &ours, &made.with(&treated, in_ours), "sordino's are not those promised")?;
    for n in 0..made.frames() {
        let place = n as usize * made.block()..(n as usize + 1) * made.block();
        if in_theirs(n) == in_ours(n) {
            prop_assert_eq!(&theirs[place.clone()], &ours[place], "frame {}", n);
        } else {
            prop_assert!(in_ours(n), "FFmpeg treats frame {n}, sordino does not");
            prop_assert!(at_a_boundary(list, n, made.rate), "frame {n} is at no boundary");
        }
    }
    Ok(())
}

/// Two recordings are the same; if not, the first frame that differs is told.
fn same(made: &Made, is: &[u8], should: &[u8], what: &str) -> Result<(), TestCaseError> {
    let of = |data: &[u8]| data.chunks(made.block()).map(<[u8]>::to_vec).collect::<Vec<_>>();
    if is != should {
        let at = of(is).iter().zip(of(should)).position(|(is, should)| *is != should);
        let lengths = (is.len(), should.len());
        prop_assert!(false, "{}, first frame {:?}, bytes {:?}: {}", what, at, lengths, made.path);
    }
    Ok(())
}

/// Every rate with every number of channels.
fn shapes() -> impl Iterator<Item = (u32, u16)> {
    RATES.into_iter().flat_map(|rate| CHANNELS.map(|channels| (rate, channels)))
}

/// Up to a quarter of a second.
fn lengths(rate: u32) -> impl Strategy<Value = u64> {
    1..u64::from(rate / 4)
}

fn wavs_agree(width: Width) {
    let folder = Folder::new();
    let path = folder.path("noise.wav");
    for (rate, channels) in shapes() {
        let case = lengths(rate).prop_flat_map(move |frames| {
            (Just(frames), any::<u64>(), some_windows(rate, frames), gains())
        });
        each(CASES, case, |(frames, seed, list, gain)| {
            let made = Made::noise(&path, width, rate, channels, frames, seed);
            agree(&made, &list, gain)
        });
    }
}

#[test]
fn wav_of_8_bits_is_treated_as_ffmpeg_treats_each_sample() {
    wavs_agree(Width::U8);
}

#[test]
fn wav_of_16_bits_is_treated_as_ffmpeg_treats_each_sample() {
    wavs_agree(Width::S16);
}

#[test]
fn wav_of_24_bits_is_treated_as_ffmpeg_treats_each_sample() {
    wavs_agree(Width::S24);
}

#[test]
fn wav_of_32_bits_is_treated_as_ffmpeg_treats_each_sample() {
    wavs_agree(Width::S32);
}

#[test]
fn wav_of_floats_is_treated_as_ffmpeg_treats_each_sample() {
    wavs_agree(Width::F32);
}

/// Noise of every shape, in these codecs, which one process of FFmpeg makes of as many WAVs.
fn lossless(ending: &str, codecs: [(Width, &[&str]); 2]) {
    const FRAMES: u64 = 3_000;
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (mut inputs, mut outputs, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for ((rate, channels), (width, codec)) in shapes().flat_map(|shape| codecs.map(|c| (shape, c)))
    {
        let name = format!("{width:?}-{rate}-{channels}");
        let wav = folder.path(&format!("{name}.wav"));
        let made = Made::noise(&wav, width, rate, channels, FRAMES, u64::from(rate));
        let encoded = folder.path(&format!("{name}.{ending}"));
        outputs.extend(["-map".into(), all.len().to_string()]);
        outputs.extend(codec.iter().map(|&word| word.to_owned()));
        outputs.push(encoded.clone());
        inputs.extend(["-i".to_owned(), wav]);
        all.push(Made { path: encoded, ..made });
    }
    ffmpeg(inputs.into_iter().chain(outputs));
    for made in &all {
        each(3, (some_windows(made.rate, FRAMES), gains()), |(list, gain)| {
            agree(made, &list, gain)
        });
    }
}

#[test]
fn flac_is_treated_as_ffmpeg_treats_each_sample() {
    let wide: &[&str] = &["-c:a", "flac", "-sample_fmt", "s32"];
    lossless("flac", [(Width::S16, &["-c:a", "flac"]), (Width::S24, wide)]);
}

#[test]
fn alac_is_treated_as_ffmpeg_treats_each_sample() {
    let wide: &[&str] = &["-c:a", "alac", "-sample_fmt", "s32p"];
    lossless("m4a", [(Width::S16, &["-c:a", "alac"]), (Width::S24, wide)]);
}

/// The call, as it comes and as G.711, for which FFmpeg decodes 16 bits too.
#[test]
fn a_call_is_treated_as_ffmpeg_treats_each_sample() {
    for name in ["call.wav", "call-alaw.wav", "call-mulaw.wav", "call.flac"] {
        let path = fixture(name).to_str().unwrap().to_owned();
        let data = filter(Path::new(&path), "anull").unwrap().data;
        let made = Made { path, width: Width::S16, rate: 8000, channels: 2, data };
        let list = [(10_000_000_000, 15_000_000_000), (30_500_000_000, 35_200_000_001)];
        agree(&made, &list, 0.001).unwrap();
    }
}

/// Another way to ask about every sample. It computes in doubles, so the arithmetic is sordino's for
/// 32-bit integers and for silence. Its time is that of a block plus that of a sample in it.
#[test]
fn the_graph_with_an_expression_for_each_sample_gives_the_same() {
    let folder = Folder::new();
    let path = folder.path("noise.wav");
    let widths = [Width::U8, Width::S16, Width::S24, Width::S32, Width::F32];
    for (width, (rate, channels)) in widths.into_iter().flat_map(|w| shapes().map(move |s| (w, s)))
    {
        let case = lengths(rate).prop_flat_map(move |frames| {
            (Just(frames), any::<u64>(), some_windows(rate, frames), 1..5_000u64)
        });
        each(1, case, |(frames, seed, list, block)| {
            let made = Made::noise(&path, width, rate, channels, frames, seed);
            let (gain, inside) = match width {
                Width::S32 => (0.001, "val(ch)*0.001"),
                _ => (0.0, "0"),
            };
            let graph = |when: &str| {
                format!("asetnsamples=n={block}:p=0,aeval='if({when},{inside},val(ch))':c=same")
            };
            let treated = made.filtered(&graph("1"));
            let theirs = made.filtered(&graph(&between(&list)));
            let ours = made.redacted(&list, Treatment::attenuate(gain).unwrap());
            let asked = floats(&list);
            let in_theirs = |n: u64| {
                let t = time_of(n - n % block, rate) + (n % block) as f64 / f64::from(rate);
                holds_at(&asked, t)
            };
            same(
                &made,
                &theirs,
                &made.with(&treated, in_theirs),
                "FFmpeg's are not those foretold",
            )?;
            let in_ours = |n: u64| meets(&list, n, rate);
            same(&made, &ours, &made.with(&treated, in_ours), "sordino's are not those promised")
        });
    }
}

/// Frame 72 begins at 0.009 s, where the first window ends. FFmpeg multiplies 72 by a float that is a
/// little more than 1/8000, and takes the frame for a later one. The second window begins at 0.017 s
/// with frame 816, which FFmpeg takes for an earlier one, 1/48000 being a little less.
#[test]
fn a_window_on_the_grid_loses_a_frame_to_floats_in_ffmpeg_only() {
    let folder = Folder::new();
    for (rate, list, (first, end), lost) in [
        (8_000, (5_000_000, 9_000_000), (40, 73), 72),
        (48_000, (17_000_000, 20_000_000), (816, 961), 816),
    ] {
        let made = Made::noise(&folder.path("noise.wav"), Width::S16, rate, 2, 2_000, 1);
        let graph = format!("asetnsamples=n=1:p=0,volume=0:enable='{}'", between(&[list]));
        assert_eq!(made.spared(&made.filtered(&graph), (first, end)), [lost], "{rate} Hz");
        let ours = made.redacted(&[list], Treatment::silence());
        assert_eq!(made.changed(&ours), (first, end), "{rate} Hz");
        assert!(made.spared(&ours, (first, end)).is_empty(), "{rate} Hz");
    }
}

/// Of the whole milliseconds of a minute that begin a frame, so many are so misjudged.
#[test]
fn floats_misjudge_one_in_seven_milliseconds_at_8_khz_and_two_in_nine_at_48() {
    let counts = [8_000u32, 16_000, 48_000, 96_000].map(|rate| {
        let misjudged = |ms: &u64| {
            let instant = floats(&[(ms * 1_000_000, ms * 1_000_000)]);
            !holds_at(&instant, time_of(ms * u64::from(rate) / 1000, rate))
        };
        (0..60_000).filter(misjudged).count()
    });
    assert_eq!(counts, [8_278, 8_278, 13_266, 13_266]);
}

/// How the usual recipe is asked for these windows.
fn usual(list: &[Nanos]) -> String {
    format!("volume=enable='{}':volume=0.001", between(list))
}

/// The usual recipe asks once for what the decoder gives in one piece, so it opens late and closes
/// late. These are the numbers in the documentation.
#[test]
fn the_usual_recipe_leaks_a_quarter_of_a_second_where_sordino_leaks_nothing() {
    let folder = Folder::new();
    let made = Made::noise(&folder.path("mono.wav"), Width::S16, 8000, 1, 16 * 8000, 1);
    let list = [(10_000_000_000, 15_000_000_000)];
    let theirs = made.filtered(&usual(&list));
    // Pieces of 2048 frames: 10.240 to 15.104 s, which leaves 1920 frames, 240 ms, as they were.
    assert_eq!(made.changed(&theirs), (81_920, 120_832));
    let ours = made.redacted(&list, Treatment::default());
    assert_eq!(made.changed(&ours), (80_000, 120_001));
    assert!(made.spared(&ours, (80_000, 120_001)).is_empty());

    let made = Made::noise(&folder.path("stereo.wav"), Width::S16, 8000, 2, 16 * 8000, 2);
    let list = [(9_333_000_000, 14_111_000_000)];
    // Pieces of 1024 frames: 9.344 to 14.208 s.
    assert_eq!(made.changed(&made.filtered(&usual(&list))), (74_752, 113_664));
    let ours = made.redacted(&list, Treatment::default());
    assert_eq!(made.changed(&ours), (74_664, 112_889));
}

/// Pieces of 4096 frames begin at 1.024 and 1.536 s.
#[test]
fn the_usual_recipe_mutes_nothing_of_a_short_window_in_mu_law() {
    let folder = Folder::new();
    let codes: Vec<u8> = (0..16_000u32).map(|n| (n * 37 % 113) as u8).collect();
    let path = folder.write("mulaw.wav", &wav(7, 8000, 1, 8, &codes));
    let data = filter(Path::new(&path), "anull").unwrap().data;
    let made = Made { path, width: Width::S16, rate: 8000, channels: 1, data };
    let list = [(1_100_000_000, 1_200_000_000)];
    assert_eq!(made.filtered(&usual(&list)), made.data);
    let ours = made.redacted(&list, Treatment::default());
    assert_eq!(made.changed(&ours), (8800, 9601));
}

/// What is said here of FFmpeg is true of the command too.
#[test]
fn the_command_leaks_what_ffmpeg_leaks_in_this_process() {
    if !installed("ffmpeg") {
        return;
    }
    let recipe = usual(&[(10_000_000_000, 15_000_000_000), (30_500_000_000, 35_200_000_000)]);
    for name in ["call.wav", "call-alaw.wav", "call-mulaw.wav", "call.flac"] {
        let path = fixture(name);
        let file = path.to_str().unwrap();
        let command = ffmpeg(["-i", file, "-af", &recipe, "-f", "s16le", "-"]);
        assert!(command == filter(&path, &recipe).unwrap().data, "{name}");
    }
}

/// Each way in and out of FFmpeg, those by an error too. `.ci/run` has valgrind watch it.
#[test]
fn the_bridge_gives_a_recording_or_says_why_not() {
    let folder = Folder::new();
    let made = Made::noise(&folder.path("stereo.wav"), Width::S16, 8000, 2, 9000, 1);
    let pcm = filter(Path::new(&made.path), "anull").unwrap();
    assert_eq!((pcm.format, pcm.rate, pcm.channels, pcm.width), ("s16", 8000, 2, 2));
    assert_eq!((pcm.frames(), &pcm.data), (9000, &made.data));
    let halved = filter(Path::new(&made.path), "aresample=4000,pan=mono|c0=c0").unwrap();
    assert_eq!((halved.rate, halved.channels, halved.frames()), (4000, 1, 4500));

    let empty = folder.write("empty.wav", &wav(1, 8000, 1, 16, &[]));
    assert_eq!(filter(Path::new(&empty), "anull").unwrap().frames(), 0);

    let (nowhere, socket) = (folder.path("nowhere.wav"), "tcp://127.0.0.1:1".to_owned());
    let text = folder.write("text.wav", b"no recording at all, but a line of text");
    let cut = folder.write("cut.flac", &fixture_bytes("call.flac")[..50_000]);
    for (path, graph, reason) in [
        (&nowhere, "anull", "open the file: No such file or directory"),
        (&socket, "anull", "open the file: No such file or directory"),
        (&text, "anull", "open the file: Invalid data found when processing input"),
        (&cut, "anull", "decode a packet: Invalid data found when processing input"),
        (&made.path, "nonsense", "build the graph: Invalid argument"),
        (&made.path, "anull\0", "build the graph: nul byte found in provided data"),
        (&made.path, "asplit", "build the graph: Invalid argument"),
    ] {
        let error = filter(Path::new(path), graph).unwrap_err().to_string();
        assert!(error.starts_with(&format!("FFmpeg cannot {reason}")), "{path} {graph}: {error}");
    }
}
