//! What no player plays of an Ogg Opus that stays one: packets before the front and behind the end of a stream, which
//! may repeat what is heard beside them. And other streams that no usual encoder makes.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sordino::verify::Verdict;
use sordino::{
    Audit, DecodeOptions, Encoding, Error, EvidenceOptions, Receipt, Redaction, Source, Treatment,
    VerifyOptions, verify,
};

use super::kept_opus::{is_silent, length, split, with_packet};
use crate::support::*;

/// Frames at 48 kHz in a packet of the fixture.
const PACKET: usize = 960;
/// What encoders cut off at the front.
const USUAL: u16 = 312;

/// The packets of a call, without headers, and without the first ones, which are silence.
fn call() -> Vec<Vec<u8>> {
    split(&fixture_bytes("call.opus")).1.split_off(100)
}

/// A head with so many frames at 48 kHz to drop, and a channel mapping with its count.
fn head(channels: u8, front: u16, mapping: &[u8]) -> Vec<u8> {
    let [low, high] = front.to_le_bytes();
    [b"OpusHead\x01", [channels, low, high].as_slice(), b"\x40\x1F\0\0\0\0", mapping].concat()
}

/// A comment header.
fn tags(comments: &[&str]) -> Vec<u8> {
    let mut tags = b"OpusTags\x03\0\0\0lib".to_vec();
    tags.extend((comments.len() as u32).to_le_bytes());
    for comment in comments {
        tags.extend((comment.len() as u32).to_le_bytes());
        tags.extend(comment.bytes());
    }
    tags
}

/// A page without its checksum.
fn page(flags: u8, granule: usize, (serial, number): (u8, u8), packets: &[Vec<u8>]) -> Vec<u8> {
    let lacing: Vec<u8> = packets
        .iter()
        .flat_map(|packet| [vec![255; packet.len() / 255], vec![(packet.len() % 255) as u8]])
        .flatten()
        .collect();
    let mut page = [b"OggS\0", [flags].as_slice(), &granule.to_le_bytes()].concat();
    page.extend([serial, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, lacing.len() as u8]);
    page.extend([lacing, packets.concat()].concat());
    page
}

/// Gives each page its checksum.
fn summed(ogg: &[u8]) -> Vec<u8> {
    with_packet(ogg, usize::MAX, &[])
}

/// An Ogg with these headers and packets, of which so many frames at 48 kHz are cut off at the end.
fn ogg(serial: u8, headers: [Vec<u8>; 2], packets: &[Vec<u8>], end: usize) -> Vec<u8> {
    let (mut ogg, mut coded) = (Vec::new(), 0);
    let pages: Vec<&[Vec<u8>]> = headers.chunks(1).chain(packets.chunks(16)).collect();
    for (number, packets) in pages.iter().enumerate() {
        let is_last = number + 1 == pages.len();
        let length = |packet: &Vec<u8>| length(packet) as usize;
        coded += if number < 2 { 0 } else { packets.iter().map(length).sum() };
        let granule = if is_last { coded - end } else { coded };
        let flags = u8::from(number == 0) << 1 | u8::from(is_last) << 2;
        ogg.extend(page(flags, granule, (serial, number as u8), packets));
    }
    summed(&ogg)
}

/// An Ogg Opus with these packets, of which so many frames at 48 kHz are cut off at the front and at the end.
fn link(serial: u8, front: u16, packets: &[Vec<u8>], end: usize) -> Vec<u8> {
    ogg(serial, [head(1, front, &[0]), tags(&[])], packets, end)
}

/// The same, kept, with one window.
fn kept(ogg: &[u8], window: &str) -> Result<Vec<u8>, Error> {
    let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
    let source = stream(ogg.to_vec()).with_options(options);
    let mut out = Vec::new();
    Redaction::new(&windows(&[window]), Treatment::silence()).run(source)?.write_to(&mut out)?;
    Ok(out)
}

/// Which packets of audio are silence.
fn silent(ogg: &[u8]) -> Vec<bool> {
    let is_header = |packet: &&Vec<u8>| packet.starts_with(b"Opus");
    split(ogg)
        .1
        .iter()
        .filter(|packet| !is_header(packet))
        .map(|packet| is_silent(packet))
        .collect()
}

fn check(before: &[u8], after: &[u8], window: &str) {
    let source = |ogg: &[u8]| stream(ogg.to_vec());
    let list = windows(&[window]);
    let audit = verify(source(before), source(after), &list, VerifyOptions::default()).unwrap();
    assert!(audit.is_clean(), "{window}: {audit:?}");
}

fn audit(before: &[u8], after: &[u8]) -> Audit {
    let (one, two) = (stream(before.to_vec()), stream(after.to_vec()));
    verify(one, two, &windows(&["1-2"]), VerifyOptions::default()).unwrap()
}

/// Packets 199 and 200 are there twice, once out of hearing: before the seam of a chain, and behind it.
#[test]
fn each_copy_of_what_was_said_at_a_seam_becomes_silence() {
    let packets = call();
    let one = link(1, USUAL, &packets[..201], PACKET);
    let chain = [one, link(2, 960, &packets[199..400], 0)].concat();
    let was = silent(&chain);
    assert_eq!(was.len(), 402);
    for said in 196..205 {
        for at in [0.002, 0.010, 0.017] {
            let start = said as f64 * 0.02 - 0.0065 + at;
            let window = format!("{:.4}-{:.4}", start, start + 0.0005);
            let after = kept(&chain, &window).unwrap();
            let now = silent(&after);
            // Packet 199 comes again after packet 200.
            let copies = [(said <= 200).then_some(said), (said >= 199).then_some(said + 2)];
            for copy in copies.into_iter().flatten() {
                assert!(now[copy], "{window}: packet {copy} still says what {said} said");
            }
            assert!(now.iter().filter(|&&silent| silent).count() < 12, "{window}");
            check(&chain, &after, &window);
        }
    }
}

#[test]
fn a_chain_with_more_out_of_hearing_is_refused_by_name() {
    let packets = call();
    let one = link(1, USUAL, &packets[..200], 0);
    let long = link(1, USUAL, &packets[..202], 2 * PACKET);
    let usual = link(2, USUAL, &packets[200..400], 0);
    let cropped = link(2, 3840, &packets[196..400], 0);
    assert!(kept(&[one.clone(), usual.clone()].concat(), "1-2").is_ok());
    for chain in [[one, cropped.clone()].concat(), [long, usual].concat()] {
        let Err(Error::Unsupported { what }) = kept(&chain, "3.9-4.05") else { panic!() };
        assert!(what.contains("parts may overlap"), "{what}");
    }
    // Alone it has nothing to overlap with.
    assert!(kept(&cropped, "1-2").is_ok());
}

#[test]
fn what_is_cut_off_beside_a_window_becomes_silence_and_an_audit_agrees() {
    let packets = call();
    // 80 ms in front of 5.9 s, and 90 ms behind.
    let ogg = link(1, 3840, &packets[..303], 4320);
    assert_eq!(
        kept(&ogg, "2-3").map(|after| silent(&after)[..4].contains(&true)).ok(),
        Some(false)
    );
    for (window, ends) in [
        ("0-0.5", 0..4),
        ("0.012-0.5", 0..4),
        ("5.5-5.88", 299..303),
        ("5.5-5.89", 299..303),
        ("5.5-5.9", 299..303),
        ("5.5-90", 299..303),
    ] {
        let after = kept(&ogg, window).unwrap();
        let open: Vec<_> = ends.filter(|&packet| !silent(&after)[packet]).collect();
        assert!(open.is_empty(), "{window}: {open:?}");
        check(&ogg, &after, window);
    }
}

#[test]
fn more_than_120_ms_that_no_player_plays_are_refused_even_if_a_frame_is_heard_beside_them() {
    let packets = call();
    for (front, end) in [(6000, 0), (USUAL, 6 * PACKET + 900)] {
        let ogg = link(1, front, &packets[..200], end);
        let Err(Error::Unsupported { what }) = kept(&ogg, "1-2") else { panic!() };
        assert!(what.contains("no player plays"), "{what}");
    }
    assert!(kept(&link(1, 5760, &packets[..200], 5760), "1-2").is_ok());
}

/// Counts the bytes that are read.
struct Counted(Cursor<Vec<u8>>, Arc<AtomicUsize>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

#[test]
fn pages_without_a_packet_of_audio_are_not_collected_to_the_end() {
    let other = [b"\x80theora".to_vec(), vec![1; 60_000]];
    let unknown: Vec<u8> = (0..60)
        .flat_map(|number| {
            let first = u8::from(number == 0) << 1;
            page(first, 0, (9, number), &other[usize::from(number > 0)..][..1])
        })
        .collect();
    let chain = [link(1, USUAL, &call()[..200], 0), unknown.clone()].concat();
    let untagged = [link(1, USUAL, &[], 0), unknown.clone()].concat();
    for bytes in [unknown, chain, untagged] {
        let (read, bytes) = (Arc::new(AtomicUsize::new(0)), summed(&bytes));
        let whole = bytes.len();
        let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
        let source = Source::stream(Counted(Cursor::new(bytes), Arc::clone(&read)));
        let list = windows(&["1-2"]);
        let done = Redaction::new(&list, Treatment::silence()).run(source.with_options(options));
        assert!(done.is_err());
        let read = read.load(Ordering::Relaxed);
        assert!(read < whole * 3 / 4, "{read} of {whole} bytes");
    }
}

#[test]
fn an_audit_finds_another_head_and_a_changed_packet_that_is_not_heard() {
    let packets = call();
    let before = link(1, 3840, &packets[..300], 0);
    let after = kept(&before, "1-2").unwrap();
    assert_eq!(audit(&before, &after).verdict(), Verdict::Clean);
    // One dB more.
    let mut louder = after.clone();
    louder[28 + 17] = 1;
    assert_eq!(audit(&before, &summed(&louder)).verdict(), Verdict::Changed);
    let mut packet = packets[1].clone();
    *packet.last_mut().unwrap() ^= 1;
    let changed = audit(&before, &with_packet(&after, 3, &packet));
    assert_eq!((changed.verdict(), changed.outside.changed), (Verdict::Changed, 1));
}

#[test]
fn several_streams_in_a_packet_are_kept_and_an_audit_finds_another_mapping() {
    let packets = call();
    // The first stream has its length before it.
    let both = |(one, two): (&Vec<u8>, &Vec<u8>)| {
        assert!(one.len() < 252 && one[0] & 3 == 0, "{}", one.len());
        [&one[..1], &[one.len() as u8 - 1], &one[1..], two].concat()
    };
    let short = |packet: &&Vec<u8>| packet.len() < 252 && packet[0] & 3 == 0;
    let short: Vec<&Vec<u8>> = packets.iter().filter(short).collect();
    let both: Vec<_> =
        short[..300].iter().copied().zip(short[300..600].iter().copied()).map(both).collect();
    let mapped = |mapping: [u8; 2]| {
        let mapping = [[1, 2, 0].as_slice(), &mapping].concat();
        ogg(1, [head(2, USUAL, &mapping), tags(&[])], &both, 0)
    };
    let before = mapped([0, 1]);
    let after = kept(&before, "1-2").unwrap();
    assert_eq!(audit(&before, &after).verdict(), Verdict::Clean);
    let other = kept(&mapped([1, 0]), "1-2").unwrap();
    assert_eq!(audit(&before, &other).verdict(), Verdict::Changed);
}

#[test]
fn the_comments_of_all_parts_of_a_chain_are_told() {
    let packets = call();
    let comments = ["COMMENT=card 4111"];
    let one = ogg(1, [head(1, USUAL, &[0]), tags(&comments)], &packets[..200], 0);
    let chain = [one, link(2, USUAL, &packets[200..400], 0)].concat();
    let is_told =
        |left: &sordino::decode::Leftover| (left.name.as_str(), left.bytes) == ("COMMENT", 9);
    let found = audit(&chain, &chain);
    assert!(found.leftovers.iter().any(is_told), "{:?}", found.leftovers);
    let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let list = windows(&["1-2"]);
    let redaction = Redaction::new(&list, Treatment::silence()).with_evidence(evidence);
    let receipt = Receipt::of(&redaction.run(stream(chain)).unwrap()).unwrap();
    let told = receipt.dropped.iter().filter(|left| left.name == "COMMENT" && left.bytes == 9);
    assert_eq!(told.count(), 1, "{:?}", receipt.dropped);
}

/// One packet of many: RFC 6716, 3.2.5.
fn merged(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![packets[0][0] | 3, packets.len() as u8 | 0x80];
    for packet in &packets[..packets.len() - 1] {
        assert!(packet.len() < 253 && packet[0] == packets[0][0], "{}", packet.len());
        bytes.push(packet.len() as u8 - 1);
    }
    packets.iter().for_each(|packet| bytes.extend(&packet[1..]));
    bytes
}

/// 48 frames of 2.5 ms.
#[test]
fn packets_of_more_frames_than_31_are_as_long_as_their_frames() {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/opus/lowdelay-48k-2.5.opus");
    let short = split(&std::fs::read(seed).unwrap()).1.split_off(2);
    let short: Vec<Vec<u8>> = short.iter().cycle().take(48 * 20).cloned().collect();
    let long: Vec<Vec<u8>> = short.chunks(48).map(merged).collect();
    let (short, long) = (link(1, USUAL, &short, 1000), link(1, USUAL, &long, 1000));
    let wav =
        |ogg: &[u8]| redacted(stream(ogg.to_vec()), &["1-1.1"], Treatment::silence()).unwrap();
    assert!(wav(&long) == wav(&short));
    let after = kept(&long, "1-1.1").unwrap();
    check(&long, &after, "1-1.1");
    assert!(silent(&after).contains(&true) && silent(&after).contains(&false));
}
