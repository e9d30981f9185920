//! Opus in WebM that stays so: nothing is heard in a window, whoever decodes it, and every byte that is not in a
//! packet near a window, and says nothing that only people need, is the input's, at its place.

use std::ops::Range;

use sordino::receipt::{FileMatch, Receipt};
use sordino::verify::Verdict;
use sordino::{
    Error, EvidenceOptions, OutputFormat, Redacted, Redaction, Spool, Treatment, VerifyOptions,
    Windows,
};

use super::kept_opus::{WINDOWS, WRITTEN, check_audio, is_silent, loudest, raw_16, same};
use crate::support::*;

/// Elements that hold elements: segment, tracks and a track, clusters and groups of a block, information.
const MASTERS: [u32; 7] =
    [0x1853_8067, 0x1654_AE6B, 0xAE, 0x1F43_B675, 0xA0, 0x1549_A966, 0x114D_9B74];

/// The elements without others inside, in order: id and place of the whole, and of its content.
fn leaves(webm: &[u8]) -> Vec<(u32, Range<usize>, Range<usize>)> {
    let (mut at, mut all) = (0, Vec::new());
    while at < webm.len() {
        let length = webm[at].leading_zeros() as usize + 1;
        let id = webm[at..at + length].iter().fold(0, |id, &byte| id << 8 | u32::from(byte));
        let digits = webm[at + length].leading_zeros() as usize + 1;
        let begin = at + length + digits;
        let size = webm[at + length..begin].iter().fold(0, |n, &byte| n << 8 | usize::from(byte))
            & ((1 << (7 * digits)) - 1);
        if MASTERS.contains(&id) {
            at = begin;
            continue;
        }
        all.push((id, at..begin + size, begin..begin + size));
        at = begin + size;
    }
    all
}

/// The packets: all of them are in blocks with a header of four bytes.
fn packets(webm: &[u8]) -> Vec<Vec<u8>> {
    let blocks = leaves(webm).into_iter().filter(|leaf| [0xA1, 0xA3].contains(&leaf.0));
    blocks.map(|(.., content)| webm[content][4..].to_vec()).collect()
}

fn run(webm: &[u8], windows: &Windows, evidence: EvidenceOptions) -> Result<Redacted, Error> {
    let source = stream(webm.to_vec()).with_options(same());
    Redaction::new(windows, Treatment::silence()).with_evidence(evidence).run(source)
}

fn kept(webm: &[u8], windows: &Windows) -> Result<Vec<u8>, Error> {
    let redacted = run(webm, windows, EvidenceOptions::default())?;
    assert_eq!(redacted.format(), OutputFormat::WebmOpus);
    let mut out = Vec::new();
    redacted.write_to(&mut out)?;
    Ok(out)
}

/// Five seconds of a call at 48 kHz, encoded by ffmpeg with these arguments.
fn encoded(folder: &Folder, channels: u8, more: &str) -> Vec<u8> {
    let out = folder.path("made.webm");
    let channels = channels.to_string();
    let args = ["-i", CALL, "-t", "5", "-ar", "48000", "-ac", &channels, "-c:a", "libopus"];
    ffmpeg(args.into_iter().chain(more.split_whitespace()).chain(["-f", "webm", out.as_str()]));
    std::fs::read(out).unwrap()
}

/// Checks all that is promised of the result. Returns how many packets are silence.
fn check(name: &str, before: &[u8], after: &[u8], windows: &[(u64, u64)]) -> usize {
    assert_eq!(before.len(), after.len(), "{name}");
    let (old, new) = (leaves(before), leaves(after));
    assert_eq!(old.len(), new.len(), "{name}");
    for ((id, place, content), (new_id, new_place, new_content)) in old.iter().zip(&new) {
        assert_eq!(place, new_place, "{name}");
        match new_id {
            0xEC => assert!(after[new_content.clone()].iter().all(|&byte| byte == 0), "{name}"),
            0xA1 | 0xA3 => {
                let header = place.start..content.start + 4;
                assert!(before[header.clone()] == after[header], "{name}");
            }
            _ => assert!((id, &before[place.clone()]) == (new_id, &after[place.clone()]), "{name}"),
        }
    }
    let private = &old.iter().find(|leaf| leaf.0 == 0x63A2).unwrap().2;
    let skip = u16::from_le_bytes([before[private.start + 10], before[private.start + 11]]);
    check_audio(&packets(before), &packets(after), skip.into(), windows, name)
}

#[test]
fn nothing_is_heard_in_a_window_and_every_other_byte_stays() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for (channels, mode) in [
        (1, "-application voip -b:a 12k"),
        (2, "-application voip -b:a 24k -fec 1 -packet_loss 30 -frame_duration 60"),
        (2, "-application audio -b:a 64k -frame_duration 40"),
        (1, "-application lowdelay -b:a 48k -frame_duration 2.5"),
        (2, "-application audio -b:a 256k -vbr off -frame_duration 60"),
        // As a browser writes it: clusters without a size, no index, no duration.
        (1, "-b:a 24k -live 1 -cluster_time_limit 500"),
        (2, "-b:a 24k -metadata title=4111 -metadata comment=41111111"),
    ] {
        let before = encoded(&folder, channels, mode);
        let after = kept(&before, &windows(&WRITTEN)).unwrap_or_else(|why| panic!("{mode}: {why}"));
        let made = check(mode, &before, &after, &WINDOWS);
        assert!(made > 10, "{mode}: {made} packets");
        assert!(!after.windows(4).any(|four| four == b"4111"), "{mode}");
        let path = folder.write("kept.webm", &after);
        for decoder in ["opus", "libopus"] {
            let args = ["-c:a", decoder, "-i", &path, "-f", "s16le", "-ar", "48000", "-"];
            assert_eq!(loudest(&raw_16(&ffmpeg(args)), channels, &WINDOWS), 0, "{mode}: {decoder}");
        }
        assert!(kept(&after, &windows(&WRITTEN)).unwrap() == after, "{mode}: kept again");
        assert_eq!(check(mode, &before, &kept(&before, &Windows::none()).unwrap(), &[]), 0);
    }
}

#[test]
fn the_call_stays_and_the_receipt_and_the_audit_know_it() {
    let before = fixture_bytes("call.webm");
    let list = windows(&["10-15", "30.5-35.2"]);
    let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let redacted = run(&before, &list, evidence).unwrap();
    let receipt = Receipt::of(&redacted).unwrap();
    let mut after = Vec::new();
    redacted.write_to(&mut after).unwrap();
    assert_eq!(receipt.output.container.as_deref(), Some("matroska"));
    let done = receipt.output.done.as_ref().unwrap();
    assert!(done.len() == 2 && done[0].start < 10.0 && done[0].end > 15.0);
    let again = Receipt::parse(&receipt.to_json()).unwrap();
    assert_eq!(again.compare(stream(after.clone())).unwrap(), FileMatch::Identical);
    assert_eq!(again.compare(stream(before.clone())).unwrap(), FileMatch::Different);
    assert_eq!(again.reproduce(stream(before.clone())).unwrap(), Vec::<&str>::new());
    let audit = |redacted: &[u8]| {
        let (one, two) = (stream(before.clone()), stream(redacted.to_vec()));
        sordino::verify(one, two, &list, VerifyOptions::default()).unwrap()
    };
    assert!(audit(&after).is_clean() && !audit(&after).is_recoverable());
    assert_eq!(audit(&before).verdict(), Verdict::Leak);
    // One packet outside with another bit, and one inside that is as it was.
    let blocks: Vec<_> = leaves(&before).into_iter().filter(|leaf| leaf.0 == 0xA3).collect();
    let inside = blocks
        .iter()
        .position(|leaf| {
            is_silent(&after[leaf.2.clone()][4..]) && !is_silent(&before[leaf.2.clone()][4..])
        })
        .unwrap()
        + 60;
    let mut open = after.clone();
    open[blocks[inside].2.clone()].copy_from_slice(&before[blocks[inside].2.clone()]);
    assert_eq!(audit(&open).verdict(), Verdict::Leak);
    let mut changed = after.clone();
    changed[blocks[inside + 400].2.end - 1] ^= 1;
    assert_eq!(audit(&changed).verdict(), Verdict::Changed);
}

/// Several packets in a block, and another kind of Matroska.
#[test]
fn laced_packets_become_silence_each() {
    let before = std::fs::read(fixture("../fuzz/seeds/recording/laced.mka")).unwrap();
    let laced = leaves(&before)
        .into_iter()
        .filter(|leaf| [0xA1, 0xA3].contains(&leaf.0) && before[leaf.2.start + 3] & 0x06 != 0);
    assert!(laced.count() > 0);
    let list = windows(&["0.02-0.03"]);
    let redacted = run(&before, &list, EvidenceOptions::default()).unwrap();
    assert_eq!(redacted.format(), OutputFormat::MatroskaOpus);
    let mut after = Vec::new();
    redacted.write_to(&mut after).unwrap();
    assert_eq!(after.len(), before.len());
    let audit = sordino::verify(stream(before), stream(after), &list, VerifyOptions::default());
    assert!(audit.unwrap().is_clean());
}

#[test]
fn what_is_cut_or_damaged_or_not_understood_leaves_nothing() {
    let webm = fixture_bytes("call.webm");
    let list = windows(&["1-2", "20-21"]);
    let folder = Folder::new();
    let out = folder.path("out.webm");
    let fails = |bytes: &[u8], what: &str| {
        let spool = Spool::beside(out.as_ref()).unwrap();
        let source = stream(bytes.to_vec()).with_options(same());
        let redaction = Redaction::new(&list, Treatment::silence()).with_spool(spool);
        assert!(redaction.run(source).is_err(), "{what}");
        assert_eq!(folder.names(), [""; 0], "{what}");
    };
    for cut in [0, 5, 40, 300, webm.len() / 2, webm.len() - 1] {
        fails(&webm[..cut], &format!("cut at {cut}"));
    }
    let all = leaves(&webm);
    let block = all.iter().position(|leaf| leaf.0 == 0xA3).unwrap() + 30;
    // Unknown ids, other sizes, laces, other tracks.
    for (at, turned) in [
        (all[block].1.start, 0x40),
        (all[block].1.start + 1, 0x01),
        (all[block].2.start, 0x02),
        (all[block].2.start + 3, 0x02),
        (all[block].2.start + 3, 0x06),
        (all.iter().find(|leaf| leaf.0 == 0x73C5).unwrap().1.start + 1, 0x01),
    ] {
        let mut bytes = webm.clone();
        bytes[at] ^= turned;
        fails(&bytes, &format!("{turned} turned at {at}"));
    }
    fails(&[webm.clone(), webm.clone()].concat(), "two in one file");
    let bytes = std::io::Cursor::new(webm.clone());
    let source = sordino::Source::stream(Dribble { bytes, sizes: vec![1, 7, 4096, 3], turn: 0 });
    let mut dribbled = Vec::new();
    let redaction = Redaction::new(&list, Treatment::silence());
    redaction.run(source.with_options(same())).unwrap().write_to(&mut dribbled).unwrap();
    assert!(dribbled == kept(&webm, &list).unwrap());
}

#[test]
fn what_has_other_things_than_one_track_of_opus_is_refused_by_name() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let refused = |args: &[&str], out: &str, says: &str| {
        let path = folder.path(out);
        ffmpeg([args, &["-t", "3", &path]].concat());
        let error = kept(&std::fs::read(path).unwrap(), &windows(&["1-2"])).unwrap_err();
        assert!(error.to_string().contains(says), "{out}: {error}");
    };
    let video = ["-f", "lavfi", "-i", "testsrc=size=16x16:rate=5", "-i", CALL, "-c:a", "libopus"];
    refused(&video, "video.webm", "several tracks");
    refused(&["-i", CALL, "-c:a", "flac"], "a.mka", "FLAC");
    refused(&["-i", CALL, "-c:a", "libvorbis"], "vorbis.webm", "vorbis");
}

#[test]
fn the_ending_of_the_output_keeps_it() {
    let folder = Folder::new();
    let (input, out) = (fixture("call.webm"), folder.path("out.webm"));
    let args = ["file", input.to_str().unwrap(), "-w", "1-2"];
    let run = |more: &[&str]| sordino(&[&args[..], more].concat());
    let wrong = run(&["-o", &out]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("add --silence"), "{}", stderr(&wrong));
    let done = run(&["-o", &out, "--silence", "--json"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(stderr(&done).contains("erased in whole packets"), "{}", stderr(&done));
    let json: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(json["output"]["container"], "matroska");
    let piped = run(&["-o", "-", "--silence", "--encoding", "same"]);
    assert!(piped.stdout == std::fs::read(&out).unwrap());
    let verified = sordino(&["verify", args[1], &out, "-w", "1-2"]);
    assert!(verified.status.success(), "{}{}", stdout(&verified), stderr(&verified));
    let info = sordino(&["info", args[1]]);
    assert!(
        stdout(&info).contains("Opus in WebM or Matroska, packet for packet"),
        "{}",
        stdout(&info)
    );
}
