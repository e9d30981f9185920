//! FLAC in Ogg that stays so: what it decodes to is what the WAV holds, and every packet that no window touches
//! is the input's.

use std::process::Command;

use sordino::{
    Error, EvidenceOptions, OutputFormat, Redaction, Spool, Treatment, VerifyOptions, Windows,
};

use super::kept::{encoded, header, noisy_wav, same, sum, touched, treatments, wav_of};
use super::kept_opus::split;
use crate::support::*;

/// The call as FLAC in Ogg: the frames of the fixture, a page each.
pub fn call() -> Vec<u8> {
    let flac = fixture_bytes("call.flac");
    let (mut at, mut last) = (4, false);
    while !last {
        last = flac[at] & 0x80 != 0;
        at += 4 + u32::from_be_bytes([0, flac[at + 1], flac[at + 2], flac[at + 3]]) as usize;
    }
    let begins = |at: &usize| header(&flac[*at..]).is_some();
    let mut places: Vec<usize> = (at..flac.len()).filter(begins).collect();
    // A header inside a frame would have another number.
    let mut next = 0;
    places.retain(|&at| {
        let is_next = header(&flac[at..]).unwrap().2 == next;
        next += u64::from(is_next);
        is_next
    });
    places.push(flac.len());
    let frames: Vec<_> = places.windows(2).map(|pair| flac[pair[0]..pair[1]].to_vec()).collect();
    ogg(9, &flac[8..42], &[block(4, COMMENTS)], &frames)
}

/// A comment header with a card number, and one without.
const COMMENTS: &[u8] = b"\x06\0\0\0vendor\x01\0\0\0\x10\0\0\0COMMENT=41111111";

/// A metadata block, the last one.
fn block(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[0x80 | kind], &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

/// A page of one packet, or of a part that goes on on the next.
fn page(flags: u8, granule: i64, serial: u32, number: u32, body: &[u8], ends: bool) -> Vec<u8> {
    let mut page = [b"OggS\0".as_slice(), &[flags], &granule.to_le_bytes()].concat();
    page.extend(serial.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    let mut lacing = vec![255; body.len() / 255];
    lacing.extend(ends.then_some((body.len() % 255) as u8));
    page.push(lacing.len() as u8);
    page.extend(lacing);
    page.extend(body);
    let crc = checksum(&page);
    page[22..26].copy_from_slice(&crc.to_le_bytes());
    page
}

/// The checksum of a page that has none.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 }
        })
    })
}

/// An Ogg of these packets, each on pages of its own.
fn ogg(serial: u32, info: &[u8], metadata: &[Vec<u8>], frames: &[Vec<u8>]) -> Vec<u8> {
    let first = [b"\x7FFLAC\x01\0\0\x01fLaC\0\0\0\x22".as_slice(), info].concat();
    let mut out = page(2, 0, serial, 0, &first, true);
    let mut number = 1;
    let mut samples = 0;
    for (at, packet) in metadata.iter().chain(frames).enumerate() {
        samples += header(packet).map_or(0, |(.., size)| size as i64);
        let is_last = at + 1 == metadata.len() + frames.len();
        let mut rest = packet.as_slice();
        let mut flags = 0;
        while rest.len() >= 255 * 255 {
            let (part, later) = rest.split_at(255 * 255);
            out.extend(page(flags, -1, serial, number, part, false));
            (rest, flags, number) = (later, 1, number + 1);
        }
        flags |= if is_last { 4 } else { 0 };
        out.extend(page(flags, samples, serial, number, rest, true));
        number += 1;
    }
    out
}

/// The redacted Ogg.
fn kept(oga: &[u8], windows: &Windows, treatment: Treatment, md5: bool) -> Result<Vec<u8>, Error> {
    let source = stream(oga.to_vec()).with_options(same(md5));
    let redacted = Redaction::new(windows, treatment).run(source)?;
    assert_eq!(redacted.format(), OutputFormat::OggFlac);
    let mut out = Vec::new();
    redacted.write_to(&mut out)?;
    Ok(out)
}

/// Redacts, and checks everything that is promised of the result.
fn check(what: &str, oga: &[u8], windows: &Windows, treatment: Treatment) -> Vec<u8> {
    let wav = wav_of(oga, windows, treatment);
    let out = kept(oga, windows, treatment, true).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(wav == wav_of(&out, &Windows::none(), treatment), "{what}: other samples than the WAV");
    let (old, new) = (split(oga).1, split(&out).1);
    // FFmpeg ends with an empty packet.
    let old_frames: Vec<_> =
        old[1..].iter().filter(|packet| packet.first() == Some(&0xFF)).collect();
    let info = &new[0][17..];
    assert_eq!((new[0].len(), &new[0][..9]), (51, b"\x7FFLAC\x01\0\0\x01".as_slice()), "{what}");
    assert_eq!(new[1], [0x84, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0], "{what}: comments");
    assert_eq!((&old[0][17..21], &old[0][27..30]), (&info[..4], &info[10..13]), "{what}");
    let rate = u64::from(u32::from_be_bytes([0, info[10], info[11], info[12]]) >> 4);
    let touched = touched(windows, treatment, rate);
    assert_eq!(old_frames.len(), new.len() - 2, "{what}");
    let (mut at, mut made) = (0, 0);
    for (old, new) in old_frames.iter().zip(&new[2..]) {
        let (size, numbers) = (header(old).unwrap().3, |frame| {
            let (_, length, number, size) = header(frame).unwrap();
            (length, number, size)
        });
        assert_eq!(numbers(old), numbers(new), "{what}: number and size");
        if touched.iter().any(|range| range.start < at + size && at < range.end) {
            made += 1;
        } else {
            assert!(*old == new, "{what}: the frame at {at} is not the input's");
        }
        at += size;
    }
    assert!(made > 0 || windows.is_empty(), "{what}: no frame was made");
    assert_eq!(u64::from_be_bytes(info[10..18].try_into().unwrap()) & 0xF_FFFF_FFFF, at, "{what}");
    check_pages(what, &split(oga).0[0].2, &out);
    let folder = Folder::new();
    let path = folder.write("kept.oga", &out);
    if installed("flac") {
        let test = Command::new("flac").args(["-t", "-s", &path]).output().unwrap();
        assert!(test.status.success() && stderr(&test).is_empty(), "{what}: {}", stderr(&test));
    }
    // Without the MD5 all but its 16 bytes, and the checksum of its page, is the same.
    let mut without = kept(oga, windows, treatment, false).unwrap();
    assert_eq!(without[63..79], [0; 16], "{what}");
    without[63..79].copy_from_slice(&out[63..79]);
    without[22..26].copy_from_slice(&out[22..26]);
    assert!(without == out, "{what}: without the MD5 more is different");
    assert!(kept(&out, &Windows::none(), treatment, true).unwrap() == out, "{what}: kept again");
    out
}

/// Numbers, flags, granule positions and checksums of all pages.
fn check_pages(what: &str, serial: &[u8; 4], out: &[u8]) {
    let (mut rest, mut number, mut samples, mut packet) = (out, 0_u32, 0, Vec::new());
    while !rest.is_empty() {
        let segments = usize::from(rest[26]);
        let body: usize = rest[27..27 + segments].iter().map(|&size| usize::from(size)).sum();
        let (page, others) = rest.split_at(27 + segments + body);
        let flag = |flag: u8, is_set: bool| if is_set { flag } else { 0 };
        let flags = flag(1, !packet.is_empty()) | flag(2, number == 0) | flag(4, others.is_empty());
        assert_eq!(page[5], flags, "{what}: page {number}");
        assert_eq!((&page[14..18], &page[18..22]), (&serial[..], &number.to_le_bytes()[..]));
        let (mut at, mut granule) = (27 + segments, -1);
        for &size in &page[27..27 + segments] {
            packet.extend_from_slice(&page[at..at + usize::from(size)]);
            at += usize::from(size);
            if size < 255 {
                samples += header(&packet).map_or(0, |(.., size)| size as i64);
                granule = samples;
                packet.clear();
            }
        }
        assert_eq!(page[6..14], granule.to_le_bytes(), "{what}: page {number}");
        let mut blank = page.to_vec();
        blank[22..26].fill(0);
        assert_eq!(page[22..26], checksum(&blank).to_le_bytes(), "{what}: page {number}");
        (rest, number) = (others, number + 1);
    }
    assert!(packet.is_empty(), "{what}");
}

#[test]
fn the_call_in_an_ogg_stays_so_under_every_treatment() {
    let oga = call();
    for list in [vec!["10-15", "30.5-35.2"], vec!["10-15@0", "12-13@1", "37-38"], vec!["0-1"]] {
        for treatment in treatments() {
            let out = check(&format!("{list:?} {treatment:?}"), &oga, &windows(&list), treatment);
            assert!(!out.windows(5).any(|part| part == b"41111"));
        }
    }
    check("no window", &oga, &Windows::none(), Treatment::silence());
    check("everything", &oga, &windows(&["0-60"]), Treatment::silence());
}

#[test]
fn files_of_flac_stay_exact_in_every_depth_and_block_size() {
    if !installed("flac") {
        return;
    }
    let list = windows(&["0.1-0.15", "0.31-0.35@0"]);
    for (bits, channels, rate, flags) in [
        (8, 2, 11_025, "--ogg -0"),
        (12, 1, 8000, "--ogg -8"),
        (16, 8, 16_000, "--ogg"),
        (20, 2, 48_000, "--ogg -S 10x -T COMMENT=4111"),
        (24, 6, 96_000, "--ogg -b 16384 -l 4"),
        // Frames of several pages; 16 samples a frame.
        (24, 8, 96_000, "--ogg -b 65535 -l 4"),
        (16, 2, 8000, "--ogg -b 16 -l 4"),
    ] {
        let oga = encoded(&noisy_wav(rate, channels, bits, rate as usize / 2), flags);
        for treatment in treatments() {
            check(&format!("{bits} {channels} {rate} {flags}"), &oga, &list, treatment);
        }
    }
}

/// FFmpeg writes no total and other pages, and decodes the result.
#[test]
fn files_of_ffmpeg_stay_exact_and_it_reads_them() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let (source, list) = (folder.path("in.oga"), windows(&["10-15", "30.5-35.2@1"]));
    for more in ["-page_duration 1000", "-page_duration 5000000 -metadata comment=4111"] {
        let args = ["-i", CALL, "-c:a", "flac"].into_iter().chain(more.split(' '));
        ffmpeg(args.chain([source.as_str()]));
        let oga = std::fs::read(&source).unwrap();
        for treatment in treatments() {
            let path = folder.write("out.oga", &check(more, &oga, &list, treatment));
            let decoded = ffmpeg(["-i", &path, "-f", "s16le", "-c:a", "pcm_s16le", "-"]);
            assert!(decoded == data_of(&wav_of(&oga, &list, treatment)), "{more}");
        }
    }
}

/// Each of these is refused, and leaves no file.
#[test]
fn what_is_cut_or_damaged_or_not_alone_is_refused_and_leaves_nothing() {
    let oga = call();
    let list = windows(&["10-15"]);
    let folder = Folder::new();
    let out = folder.path("out.oga");
    let fails = |bytes: &[u8], what: &str| {
        for md5 in [true, false] {
            let spool = Spool::beside(out.as_ref()).unwrap();
            let source = stream(bytes.to_vec()).with_options(same(md5));
            let redaction = Redaction::new(&list, Treatment::silence()).with_spool(spool);
            let Err(error) = redaction.run(source) else { panic!("{what} was kept") };
            assert!(!error.to_string().contains("4111"), "{error}");
            assert_eq!(folder.names(), [""; 0], "{what}");
        }
    };
    for cut in [0, 3, 20, 60, 90, 200, oga.len() / 2, oga.len() - 1] {
        fails(&oga[..cut], &format!("cut at {cut}"));
    }
    for at in (0..oga.len()).step_by(oga.len() / 40) {
        let mut bytes = oga.clone();
        bytes[at] ^= 1 << (at % 8);
        fails(&bytes, &format!("a bit turned in byte {at}"));
    }
    let packets = split(&oga).1;
    let (info, frames) = (packets[0][17..].to_vec(), packets[2..].to_vec());
    let comments = [packets[1].clone()];
    let with = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut frames = frames.clone();
        edit(&mut frames);
        ogg(9, &info, &comments, &frames)
    };
    assert!(with(&|_| ()) == oga);
    fails(&with(&|all| drop(all.pop())), "the last packet is missing");
    for (at, place) in [(1, "the first"), (frames.len() / 2, "the middle"), (3, "the third")] {
        fails(&with(&|all| drop(all.remove(at))), &format!("a packet missing at {place}"));
        fails(&with(&|all| all.swap(at, at + 1)), &format!("two packets swapped at {place}"));
        fails(&with(&|all| all.insert(at, all[at].clone())), &format!("one twice at {place}"));
        fails(&with(&|all| all[at].extend(b"4111")), &format!("more behind {place}"));
        fails(&with(&|all| all[at].truncate(40)), &format!("less in {place}"));
        let last = |all: &mut Vec<Vec<u8>>| *all[at].last_mut().unwrap() ^= 1;
        fails(&with(&last), &format!("a wrong checksum of {place}"));
    }
    // With a right checksum of the frame, bytes behind it.
    let more = |all: &mut Vec<Vec<u8>>| {
        let text = b"4111 4111";
        let checksum = (sum(text, 0x8005, 16) as u16).to_be_bytes();
        all[3].extend([text.as_slice(), &checksum].concat());
    };
    fails(&with(&more), "a text behind a frame");
    fails(&[oga.clone(), oga.clone()].concat(), "two of them in a chain");
    // The last page says that a part of it is not to be heard.
    let mut short = oga.clone();
    let last = (0..short.len() - 4).rfind(|&at| short[at..].starts_with(b"OggS\0")).unwrap();
    let granule = i64::from_le_bytes(short[last + 6..last + 14].try_into().unwrap()) - 10;
    short[last + 6..last + 14].copy_from_slice(&granule.to_le_bytes());
    short[last + 22..last + 26].fill(0);
    let crc = checksum(&short[last..]);
    short[last + 22..last + 26].copy_from_slice(&crc.to_le_bytes());
    fails(&short, "an end inside a frame");
    // Another stream beside it, of which nothing is known.
    let (first, rest) = oga.split_at(27 + 1 + 51);
    let beside = [page(2, 0, 77, 0, b"fishead\0", true), page(4, 0, 77, 1, b"", true)];
    fails(&[first, &beside[0], rest, &beside[1]].concat(), "a stream beside it");
    fails(&[&beside[0], first, rest, &beside[1]].concat(), "a stream before it");
}

/// Blocks of metadata may be anywhere before a frame, and go; so does what follows the last page.
#[test]
fn nothing_but_the_audio_is_left() {
    let packets = split(&call()).1;
    let picture = [b"\0\0\0\x03\0\0\0\x09image/png\0\0\0\x024111".as_slice(), &[0; 20]].concat();
    let metadata =
        [block(6, &picture), block(2, b"ABCD41111"), block(1, &[0; 9]), block(4, COMMENTS)];
    let oga = ogg(9, &packets[0][17..], &metadata, &packets[2..]);
    let list = windows(&["10-15"]);
    let out = check("tagged", &oga, &list, Treatment::silence());
    let behind = [&oga[..], b"TAG4111"].concat();
    assert!(out == kept(&behind, &list, Treatment::silence(), true).unwrap());
    assert!(!out.windows(4).any(|part| part == b"4111"));
    assert!(out == kept(&call(), &list, Treatment::silence(), true).unwrap());
    let proof = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let redaction = Redaction::new(&list, Treatment::silence()).with_evidence(proof);
    let redacted = redaction.run(stream(oga).with_options(same(true))).unwrap();
    let dropped = &redacted.evidence().measurements.as_ref().unwrap().dropped;
    assert!(dropped.iter().any(|one| one.name == "COMMENT" && one.bytes == 8), "{dropped:?}");
}

#[test]
fn the_way_of_arrival_makes_no_difference() {
    let list = windows(&["10-15", "20-21@1"]);
    let whole = kept(&call(), &list, Treatment::default(), true).unwrap();
    let bytes = std::io::Cursor::new(call());
    let source = sordino::Source::stream(Dribble { bytes, sizes: vec![1, 7, 4096, 3], turn: 0 });
    let mut out = Vec::new();
    let redaction = Redaction::new(&list, Treatment::default());
    redaction.run(source.with_options(same(true))).unwrap().write_to(&mut out).unwrap();
    assert!(out == whole);
}

#[test]
fn an_audit_knows_it() {
    let list = windows(&["10-15"]);
    let out = kept(&call(), &list, Treatment::silence(), true).unwrap();
    let audit = |redacted: Vec<u8>| {
        let options = VerifyOptions::default();
        sordino::verify(stream(call()), stream(redacted), &list, options).unwrap()
    };
    assert!(audit(out).is_clean());
    assert!(!audit(call()).is_clean());
}

/// Files, batches, receipts, as a person uses them.
#[test]
fn the_ending_of_the_output_keeps_it() {
    let folder = Folder::new();
    let input = folder.write("in.oga", &call());
    let [out, ogg, receipt] = ["out.oga", "out.ogg", "r.json"].map(|name| folder.path(name));
    let args = ["file", &input, "-w", "10-15@1", "-w", "20-21"];
    let run = |more: &[&str]| sordino(&[&args[..], more].concat());
    let done = run(&["-o", &out, "--json", "--receipt", &receipt]);
    assert!(done.status.success() && !stderr(&done).contains("although"), "{}", stderr(&done));
    let json: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    let output = &json["output"];
    assert_eq!((&output["container"], &output["md5"]), (&"ogg".into(), &true.into()));
    assert!(run(&["-o", &ogg]).status.success());
    let bytes = |path: &str| std::fs::read(path).unwrap();
    assert!(bytes(&out).starts_with(b"OggS") && bytes(&out) == bytes(&ogg));
    assert!(run(&["-o", "-", "--encoding", "same"]).stdout == bytes(&out));
    assert!(run(&["-o", "-"]).stdout.starts_with(b"RIFF"));
    for files in [&[out.as_str()][..], &[&input, &out]] {
        let held = sordino(&[&["verify", "--receipt", &receipt], files].concat());
        assert!(held.status.success(), "{files:?}: {}{}", stdout(&held), stderr(&held));
    }
    let leak = sordino(&["verify", "--receipt", &receipt, &input]);
    assert_eq!(leak.status.code(), Some(1), "{}", stdout(&leak));
    let info = sordino(&["info", &input]);
    assert!(stdout(&info).contains("Ogg FLAC, frame for frame"), "{}", stdout(&info));
    for (name, more) in [("x.flac", &[][..]), ("x.opus", &[]), ("x.oga", &["--encoding", "pcm"])] {
        let path = folder.path(name);
        let wrong = run(&[&["-o", &path], more].concat());
        assert_eq!(wrong.status.code(), Some(2), "{name}: {}", stderr(&wrong));
    }
    // Vorbis has the same endings.
    let vorbis = fixture("call.ogg").to_str().unwrap().to_owned();
    let wrong = sordino(&["file", &vorbis, "-w", "10-15", "-o", &folder.path("v.oga")]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    assert!(stderr(&wrong).contains("only Ogg Opus or Ogg FLAC stays so"), "{}", stderr(&wrong));
    assert_eq!(folder.names(), ["in.oga", "out.oga", "out.ogg", "r.json"]);
}

/// What an ending leaves open, the row shows: an Ogg may hold Opus, which can only be erased, or FLAC.
#[test]
fn a_batch_keeps_it() {
    let batch = super::batch::Batch::of(1);
    let folder = &batch.folder;
    folder.write("a.oga", &call());
    folder.write("b.ogg", &call());
    folder.write("c.ogg", &fixture_bytes("call.opus"));
    folder.write("calls.csv", b"in,windows\na.oga,10-15@1\nb.ogg,10-15@1\nc.ogg,10-15\n");
    let done = batch.run("calls.csv --out clean --receipts evidence --encoding same --json");
    assert_eq!(done.status.code(), Some(3), "{}", stderr(&done));
    assert!(stdout(&done).contains("Opus can only be erased"), "{}", stdout(&done));
    assert_eq!(batch.files("clean"), ["a.oga", "b.ogg"]);
    let expected = kept(&call(), &windows(&["10-15@1"]), Treatment::default(), true).unwrap();
    for name in ["a.oga", "b.ogg"] {
        assert!(std::fs::read(folder.path(&format!("clean/{name}"))).unwrap() == expected);
        let receipt = folder.path(&format!("evidence/{name}.receipt.json"));
        let out = folder.path(&format!("clean/{name}"));
        let held = sordino(&["verify", "--receipt", &receipt, &folder.path("a.oga"), &out]);
        assert!(held.status.success(), "{name}: {}{}", stdout(&held), stderr(&held));
    }
}
