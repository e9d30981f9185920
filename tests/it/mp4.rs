//! MP4 and QuickTime: boxes as other programs write them, and as nobody honest does.

use sordino::{Decoder, Error, Source, Treatment};

use crate::support::*;

/// Boxes that hold boxes.
const PARENTS: [&[u8; 4]; 8] =
    [b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl", b"udta", b"mvex"];

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

/// A box with a size of 64 bits.
fn wide(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = (content.len() as u64 + 16).to_be_bytes();
    [&[0, 0, 0, 1], kind.as_slice(), &size, content].concat()
}

/// The boxes in these bytes.
fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut all = Vec::new();
    while bytes.len() >= 8 {
        let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        all.push((bytes[4..8].try_into().unwrap(), &bytes[8..size]));
        bytes = &bytes[size..];
    }
    all
}

/// Makes a box anew.
type Change<'a> = dyn Fn(&[u8; 4], &[u8]) -> Option<Vec<u8>> + 'a;

/// The same boxes, where `change` makes a box anew of its kind and content; nothing leaves it out.
/// Boxes inside come first.
fn rewritten(bytes: &[u8], change: &Change) -> Vec<u8> {
    let all = boxes(bytes).into_iter().filter_map(|(kind, content)| {
        let inside = PARENTS.contains(&&kind).then(|| rewritten(content, change));
        change(&kind, inside.as_deref().unwrap_or(content))
    });
    all.collect::<Vec<_>>().concat()
}

/// The M4A with this change, whose audio stays where it was.
fn call(change: impl Fn(&[u8; 4], &[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    rewritten(&fixture_bytes("call.m4a"), &|kind, content| match kind {
        b"ftyp" | b"free" | b"mdat" => Some(boxed(kind, content)),
        _ => change(kind, content),
    })
}

/// The M4A whose audio lies so many bytes further on.
fn moved(by: u32) -> Vec<u8> {
    call(|kind, content| {
        let mut content = content.to_vec();
        if kind == b"stco" {
            let place = u32::from_be_bytes(content[8..12].try_into().unwrap());
            let place = place.wrapping_add(by);
            content[8..12].copy_from_slice(&place.to_be_bytes());
        }
        Some(boxed(kind, &content))
    })
}

/// What it is decoded to, as a file and as a stream.
fn decoded(bytes: &[u8]) -> Vec<i16> {
    let folder = Folder::new();
    let path = folder.write("a.mp4", bytes);
    let samples = |source| {
        let out = redacted(source, &["0-0.0001"], Treatment::attenuate(1.0).unwrap());
        out.map(|out| samples_16(&out))
    };
    let of_file = samples(Source::open(path).unwrap()).unwrap();
    assert!(samples(stream(bytes.to_vec())).unwrap() == of_file, "a stream gives something else");
    of_file
}

fn refusal(bytes: Vec<u8>) -> String {
    let error = redacted(stream(bytes.clone()), &["1-2"], Treatment::silence()).unwrap_err();
    let folder = Folder::new();
    let path = folder.write("a.mp4", &bytes);
    let of_file = redacted(Source::open(path).unwrap(), &["1-2"], Treatment::silence());
    assert!(of_file.is_err(), "as a file it is not refused: {error}");
    error.to_string()
}

fn plain() -> Vec<i16> {
    decoded(&fixture_bytes("call.m4a"))
}

#[test]
fn a_first_box_of_any_kind_moves_nothing() {
    let plain = plain();
    for kind in [b"styp", b"pdin", b"uuid", b"sidx", b"free", b"wxyz", b"\xA9abc"] {
        // Some are longer than what is looked at to recognise a format.
        let known = matches!(kind, b"styp" | b"uuid" | b"free");
        let first = boxed(kind, &[3; 44].repeat(if known { 20 } else { 1 }));
        let bytes = [first.clone(), moved(first.len() as u32)].concat();
        if kind[0].is_ascii() {
            assert!(decoded(&bytes) == plain, "{}", kind.escape_ascii());
        } else {
            assert!(matches!(Decoder::open(stream(bytes)), Err(Error::UnknownFormat)));
        }
    }
    // QuickTime had no `ftyp` once.
    let bytes = moved(0);
    let ftyp = boxes(&bytes)[0].1.len() + 8;
    let without = [boxed(b"wide", &[]), moved(8u32.wrapping_sub(ftyp as u32))[ftyp..].to_vec()];
    assert!(decoded(&without.concat()) == plain);
}

#[test]
fn sizes_of_64_bits_at_any_level_move_nothing() {
    let plain = plain();
    let levels: [&[u8; 4]; 12] = [
        b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"stbl", b"stsd",
        b"stsz", b"udta",
    ];
    for level in levels {
        let bytes = call(|kind, content| {
            Some(if kind == level { wide(kind, content) } else { boxed(kind, content) })
        });
        assert!(decoded(&bytes) == plain, "{}", level.escape_ascii());
    }
    assert!(decoded(&call(|kind, content| Some(wide(kind, content)))) == plain);
    let audio = rewritten(&moved(8), &|kind, content| {
        Some(if kind == b"mdat" { wide(kind, content) } else { boxed(kind, content) })
    });
    assert!(decoded(&audio) == plain);
}

/// `udta` with iTunes' tag of this delay.
fn tag(delay: u32) -> Vec<u8> {
    let zeros = " 00000000".repeat(8);
    let text = format!(" 00000000 {delay:08X} 00000380 000000000004A380{zeros}");
    let data = boxed(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], text.as_bytes()].concat());
    let mean = boxed(b"mean", b"\0\0\0\0com.apple.iTunes");
    let name = boxed(b"name", b"\0\0\0\0iTunSMPB");
    let list = boxed(b"ilst", &boxed(b"----", &[mean, name, data].concat()));
    let hdlr = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
    boxed(b"meta", &[&[0; 4], hdlr.as_slice(), list.as_slice()].concat())
}

/// The M4A with this edit list and this tag.
fn trimmed(edit: Option<u32>, delay: Option<u32>) -> Vec<u8> {
    call(|kind, content| match (kind, edit, delay) {
        (b"edts", None, _) => None,
        (b"elst", Some(start), _) => {
            let mut content = content.to_vec();
            content[12..16].copy_from_slice(&start.to_be_bytes());
            Some(boxed(kind, &content))
        }
        (b"udta", _, Some(delay)) => Some(boxed(kind, &tag(delay))),
        _ => Some(boxed(kind, content)),
    })
}

/// What FFmpeg 5.1 drops: the tag counts, but no less than the whole packets of the edit list.
#[test]
fn the_delay_stands_in_an_edit_list_or_in_a_tag() {
    let all = decoded(&trimmed(None, None));
    assert!(plain()[..] == all[2 * 1024..]);
    for (edit, delay, dropped) in [
        (None, Some(2112), 2112),
        (None, Some(500), 500),
        (None, Some(0), 0),
        (None, Some(16_383), 16_383),
        (None, Some(16_384), 0),
        (Some(0), Some(2112), 2112),
        (Some(1024), Some(1024), 1024),
        (Some(1024), Some(2112), 2112),
        (Some(1024), Some(500), 1024),
        (Some(1500), None, 1500),
        (Some(1500), Some(700), 1024),
        (Some(1500), Some(1200), 1200),
    ] {
        let bytes = trimmed(edit, delay);
        let out = decoded(&bytes);
        assert!(out[..] == all[2 * dropped..], "{edit:?} and {delay:?}");
        // It cuts the end where an edit list begins elsewhere.
        if installed("ffmpeg") && edit.is_none_or(|edit| edit == 1024) {
            let folder = Folder::new();
            let path = folder.write("a.m4a", &bytes);
            let theirs = ffmpeg(["-i", &path, "-f", "s16le", "-"]).len() / 2;
            assert_eq!(out.len(), theirs, "{edit:?} and {delay:?}");
        }
    }
}

/// The call in fragments of about a second, without encoding it anew.
fn in_fragments(flags: &str) -> Option<Vec<u8>> {
    if !installed("ffmpeg") {
        return None;
    }
    let source = fixture("call.m4a");
    let args = ["-c", "copy", "-movflags", flags, "-frag_duration", "1000000", "-f", "mp4", "-"];
    Some(ffmpeg([&["-i", source.to_str().unwrap()], args.as_slice()].concat()))
}

#[test]
fn fragments_decode_whatever_duration_their_index_claims() {
    let Some(bytes) = in_fragments("frag_keyframe+empty_moov") else { return };
    // Without an edit list the delay stays.
    let all = decoded(&trimmed(None, None));
    assert!(decoded(&bytes) == all);
    for duration in [1u32, 1_000_000, u32::MAX] {
        let claimed = rewritten(&bytes, &|kind, content| {
            let mut content = content.to_vec();
            let at = match kind {
                b"mvhd" | b"mdhd" => 16,
                b"tkhd" => 20,
                _ => return Some(boxed(kind, &content)),
            };
            content[at..at + 4].copy_from_slice(&duration.to_be_bytes());
            Some(boxed(kind, &content))
        });
        assert!(decoded(&claimed) == all, "{duration}");
    }
    let Some(bytes) = in_fragments("frag_keyframe+delay_moov") else { return };
    assert!(decoded(&bytes) == plain());
}

/// The fragments, with what `change` makes of the time of each, by its number.
fn at_times(bytes: &[u8], change: impl Fn(usize, u64) -> u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let is_time = |at: &usize| bytes[*at..].starts_with(b"tfdt\x01");
    let places: Vec<_> = (0..bytes.len() - 16).filter(is_time).collect();
    for (number, at) in places.into_iter().enumerate() {
        let time = at + 8..at + 16;
        let was = u64::from_be_bytes(bytes[time.clone()].try_into().unwrap());
        bytes[time].copy_from_slice(&change(number, was).to_be_bytes());
    }
    bytes
}

#[test]
fn the_clock_of_fragments_may_begin_anywhere_and_a_gap_is_an_error() {
    let Some(bytes) = in_fragments("frag_keyframe+empty_moov") else { return };
    let all = decoded(&bytes);
    assert!(decoded(&at_times(&bytes, |_, time| time + 13_000_000_000_000)) == all);
    // A browser's clock trembles.
    let trembling = |number: usize, time| time + [0, 100, 30, 90][number % 4];
    assert!(decoded(&at_times(&bytes, trembling)) == all);
    let gap = at_times(&bytes, |number, time| if number > 20 { time + 1024 } else { time });
    assert!(refusal(gap).contains("nothing was recorded from"));
    let back = at_times(&bytes, |number, time| if number == 20 { 0 } else { time + 1024 });
    assert!(refusal(back).contains("out of order"));
}

#[test]
fn a_copy_from_webm_is_decoded_in_spite_of_its_rounding() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let live = folder.path("live.webm");
    let copy = folder.path("copy.mp4");
    ffmpeg(["-i", CALL, "-c:a", "libopus", "-f", "webm", "-live", "1", &live]);
    ffmpeg(["-i", &live, "-c", "copy", &copy]);
    let decoder = |path: &str| Decoder::open(Source::open(path).unwrap()).unwrap();
    let rate = decoder(&copy).stream_info().rate as usize;
    let theirs = ffmpeg(["-c:a", "libopus", "-i", &copy, "-f", "s16le", "-"]).len() / 4;
    let ours = decoded(&std::fs::read(&copy).unwrap()).len() / 2;
    assert_eq!(ours, theirs * rate / 48_000);
    let bytes = std::fs::read(&copy).unwrap();
    // An edit list that skips nothing does not keep the pre-skip.
    assert!(bytes.windows(4).any(|kind| kind == b"elst"));
}

#[test]
fn pcm_and_g711_in_quicktime_are_what_they_were() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let codecs = [
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be",
        "pcm_f32le",
        "pcm_f32be",
        "pcm_f64le",
        "pcm_f64be",
        "pcm_u8",
        "pcm_s8",
        "pcm_alaw",
        "pcm_mulaw",
    ];
    for codec in codecs {
        let (mov, wav) = (folder.path("a.mov"), folder.path("a.wav"));
        ffmpeg(["-i", CALL, "-c:a", codec, &mov]);
        let width = match codec {
            "pcm_u8" | "pcm_s8" => "pcm_u8",
            "pcm_s24le" | "pcm_s24be" => "pcm_s24le",
            "pcm_s32le" | "pcm_s32be" => "pcm_s32le",
            float if float.contains("_f") => "pcm_f32le",
            _ => "pcm_s16le",
        };
        ffmpeg(["-i", &mov, "-c:a", width, &wav]);
        let out = |path: &str| {
            redacted(Source::open(path).unwrap(), &CALL_WINDOWS, Treatment::silence()).unwrap()
        };
        assert!(out(&mov) == out(&wav), "{codec}");
        let mut decoder = Decoder::open(Source::open(&mov).unwrap()).unwrap();
        let leftovers = decoder.leftovers();
        assert!(leftovers.iter().any(|tag| tag.name == "udta"), "{leftovers:?}");
        let streamed =
            redacted(stream(std::fs::read(&mov).unwrap()), &CALL_WINDOWS, Treatment::silence());
        assert!(streamed.unwrap() == out(&wav), "{codec}, streamed");
    }
}

#[test]
fn codecs_that_are_not_read_are_named() {
    for (code, name) in [
        (b"samr", "AMR (samr)"),
        (b"sawb", "AMR-WB (sawb)"),
        (b"ac-3", "Dolby Digital (ac-3)"),
        (b"QDM2", "QDesign audio (QDM2)"),
        (b"agsm", "GSM 6.10 (agsm)"),
        (b"ima4", "IMA ADPCM (ima4)"),
        (b"ms\0\x11", "IMA ADPCM (ms\\x00\\x11)"),
        (b"wxyz", "the codec (wxyz)"),
    ] {
        let named = call(|kind, content| {
            let mut content = content.to_vec();
            if kind == b"stsd" {
                content[12..16].copy_from_slice(code);
            }
            Some(boxed(kind, &content))
        });
        let message = refusal(named);
        assert!(message.starts_with(&format!("this looks like {name} in MP4, which")), "{message}");
        assert!(message.ends_with("convert it first, for example with `ffmpeg -i IN OUT.wav`"));
    }
    let twice = call(|kind, content| {
        let once = boxed(kind, content);
        Some(if kind == b"trak" { once.repeat(2) } else { once })
    });
    assert!(refusal(twice).contains("2 audio tracks"));
}

#[test]
fn two_recordings_in_one_file_are_an_error() {
    let one = fixture_bytes("call.m4a");
    assert!(refusal([one.clone(), one.clone()].concat()).contains("two recordings in one file"));
    // With the index first, as streams have it.
    let index = [fixture_bytes("call.m4a"), boxed(b"moov", &[])].concat();
    assert!(refusal(index).contains("two recordings in one file"));
    if installed("ffmpeg") {
        let folder = Folder::new();
        let path = folder.path("first.m4a");
        let source = fixture("call.m4a");
        let first = ["-c", "copy", "-movflags", "+faststart", &path];
        ffmpeg([&["-i", source.to_str().unwrap()], first.as_slice()].concat());
        let one = std::fs::read(path).unwrap();
        assert!(decoded(&one) == plain());
        assert!(refusal([one.clone(), one.clone()].concat()).contains("two recordings"));
        for cut in [1, 500, one.len() / 2] {
            assert!(refusal(one[..one.len() - cut].to_vec()).contains("cut off"), "less {cut}");
        }
    }
}

/// The M4A with so many of these bytes of a table anew.
fn with_table(table: &[u8; 4], at: usize, bytes: &[u8]) -> Vec<u8> {
    call(|kind, content| {
        let mut content = content.to_vec();
        if kind == table {
            content[at..at + bytes.len()].copy_from_slice(bytes);
        }
        Some(boxed(kind, &content))
    })
}

#[test]
fn tables_that_claim_what_they_do_not_hold_are_an_error() {
    for (table, at) in [(b"stsz", 8), (b"stts", 4), (b"stsc", 4), (b"stco", 4)] {
        for claim in [u32::MAX, 1 << 20, 0] {
            let bytes = with_table(table, at, &claim.to_be_bytes());
            let error = refusal(bytes);
            assert!(error.contains("table"), "{} {claim}: {error}", table.escape_ascii());
        }
    }
    // One size for all, and more of them than the file has bytes.
    let many = call(|kind, content| {
        let all = u32::MAX.to_be_bytes();
        let content = match kind {
            b"stsz" => [&[0, 0, 0, 0, 0, 0, 0, 1], all.as_slice()].concat(),
            b"stts" => [&[0, 0, 0, 0, 0, 0, 0, 1], all.as_slice(), &[0, 0, 4, 0]].concat(),
            b"stsc" => [&content[..12], &all, &[0, 0, 0, 1]].concat(),
            _ => content.to_vec(),
        };
        Some(boxed(kind, &content))
    });
    refusal(many);
    let large = with_table(b"stsz", 12 + 40, &u32::MAX.to_be_bytes());
    assert!(refusal(large).contains("which cannot be"));
    let empty = with_table(b"stsz", 12 + 40, &[0; 4]);
    assert!(refusal(empty).contains("a packet has 0 bytes"));
}

/// So many fragments of no packets, and then one that is damaged where it is.
#[test]
fn fifty_thousand_empty_fragments_are_passed_over() {
    let Some(bytes) = in_fragments("frag_keyframe+empty_moov") else { return };
    let all = decoded(&bytes);
    let audio = bytes.windows(4).position(|kind| kind == b"moof").unwrap() - 4;
    let fragment = |number: u32| {
        let head = boxed(b"mfhd", &[[0; 4], number.to_be_bytes()].concat());
        let tfhd = boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]);
        let trun = boxed(b"trun", &[0; 8]);
        let moof = boxed(b"moof", &[head, boxed(b"traf", &[tfhd, trun].concat())].concat());
        [moof, boxed(b"mdat", &[])].concat()
    };
    // Before the others, which count from 1.
    let count = 50_000u32;
    let empty: Vec<_> = (0..count).map(|n| fragment(1u32.wrapping_sub(count - n))).collect();
    let empty = empty.concat();
    let mut later = bytes[audio..].to_vec();
    let is_base = |at: &usize| later[*at..].starts_with(b"tfhd\0\0\0\x39");
    for at in (0..later.len() - 24).filter(is_base).collect::<Vec<_>>() {
        let place = at + 12..at + 20;
        let was = u64::from_be_bytes(later[place.clone()].try_into().unwrap());
        later[place].copy_from_slice(&(was + empty.len() as u64).to_be_bytes());
    }
    let bytes = [&bytes[..audio], &empty, &later].concat();
    assert!(decoded(&bytes) == all);
}
