//! The self-check of a kept Ogg Opus finds every mistake.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use super::*;
use crate::block::Block;
use crate::decode::{DecodeOptions, Decoder, Encoding, Source};
use crate::encode::{BackgroundWriter, Output, Target};
use crate::ogg::{Next, Page, Piece, lace};
use crate::span::Spans;
use crate::treatment::Treater;
use crate::window::Window;

/// 24 packets of 2.5 ms, twice in a chain.
const CALL: &[u8] = include_bytes!("../../../fuzz/seeds/opus/lowdelay-48k-2.5.opus");

/// In each half.
fn windows() -> Windows {
    let window = |from, to| Window::from_seconds(from, to).unwrap();
    Windows::new([window(0.0395, 0.041), window(0.060, 0.061)]).unwrap()
}

/// Where the comment header has the name of the encoder.
const VENDOR: Range<usize> = 12..18;

fn pages_of(mut bytes: &[u8]) -> Vec<Page> {
    let next = || match Page::read(&mut bytes).unwrap() {
        Next::Page(page) => Some(page),
        _ => None,
    };
    std::iter::from_fn(next).collect()
}

/// Redacts. `meddle` gets the number of each packet and whether it is touched, and says whether it is to be;
/// `edit` changes the pages of the file, of which it also gets those of the recording.
fn redact(
    meddle: impl Fn(usize, bool) -> bool,
    edit: impl FnOnce(&mut Vec<Page>, &[Page]),
) -> Result<Vec<Page>, Error> {
    let call = CALL.repeat(2);
    let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
    let source = Source::stream(Cursor::new(call.clone())).with_options(options);
    let mut decoder = Decoder::open(source).unwrap();
    let info = decoder.stream_info().clone();
    let pages = decoder.opus_pages().unwrap().clone();
    decoder.keep_packets(Some(Vec::new()));
    let spans = Spans::new(&windows(), info.rate, info.channels).unwrap();
    let mut check = OpusCheck::new(Treatment::silence(), &windows(), &info, None)?;
    let mut treater = Treater::new(Treatment::silence(), &spans).unwrap();
    let (mut writer, _) = BackgroundWriter::new(Spool::anonymous()).unwrap();
    let mut output = Output::new(&mut writer, &info, Target::Opus { pages }).unwrap();
    let mut block = Block::new(info.format, info.channels);
    let mut number = 0;
    while decoder.next(&mut block).unwrap() {
        check.decoded(&BlockView::new(&block));
        let treated = meddle(number, treater.apply(&mut block));
        output.write(&block, treated).unwrap();
        number += 1;
    }
    let outline = output.finish().unwrap().opus.outline;
    let mut file = Vec::new();
    writer.into_spool().unwrap().reader().unwrap().read_to_end(&mut file).unwrap();
    let mut pages = pages_of(&file);
    edit(&mut pages, &pages_of(&call));
    let mut spool = Spool::anonymous();
    spool.seek(SeekFrom::Start(0)).unwrap();
    pages.iter().for_each(|page| spool.write_all(page.bytes()).unwrap());
    check.finish(&spool, &outline).map(|()| pages)
}

fn as_it_is(_: usize, touched: bool) -> bool {
    touched
}

fn reason(result: Result<Vec<Page>, Error>) -> String {
    match result {
        Err(Error::SelfCheck { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// The page with other packets.
fn with_packets(page: &Page, packets: &[&[u8]]) -> Page {
    let (mut lacing, mut body) = (Vec::new(), Vec::new());
    packets
        .iter()
        .for_each(|bytes| assert!(lace(Piece { bytes, ends: true }, &mut lacing, &mut body)));
    page.with(page.flags(), page.sequence(), &lacing, &body).unwrap()
}

fn packets(page: &Page) -> Vec<&[u8]> {
    page.pieces().map(|piece| piece.bytes).collect()
}

#[test]
fn a_correct_file_passes_and_a_changed_bit_anywhere_is_found() {
    let right = redact(as_it_is, |_, _| ()).unwrap();
    assert_eq!(right.len(), pages_of(CALL).len() * 2);
    let file: Vec<u8> = right.iter().flat_map(|page| page.bytes().to_vec()).collect();
    for place in 0..file.len() {
        let mut turned = file.clone();
        turned[place] ^= 1 << (place % 8);
        let turn = |pages: &mut Vec<Page>, _: &[Page]| *pages = vec![Page::unchecked(turned)];
        reason(redact(as_it_is, turn));
    }
}

/// A packet with speech that is kept, and one that is silenced without a reason.
#[test]
fn a_packet_that_is_kept_or_made_against_the_windows_is_found() {
    let count = redact(as_it_is, |_, _| ()).unwrap().iter().flat_map(packets).count() - 4;
    let mut reasons = std::collections::HashSet::new();
    for wrong in 0..count {
        let turned = |number, touched| touched ^ (number == wrong);
        // One that is touched beside others may be silent for their sake.
        match redact(turned, |_, _| ()) {
            Ok(pages) => assert!(pages == redact(as_it_is, |_, _| ()).unwrap(), "{wrong}"),
            wrong => drop(reasons.insert(reason(wrong))),
        }
    }
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}

/// Each packet in turn becomes another one, with the right checksum.
#[test]
fn a_packet_of_another_place_or_length_is_found() {
    let right = redact(as_it_is, |_, _| ()).unwrap();
    for at in 0..right.len() {
        let is_audio = packets(&right[at]).len() > 1;
        for packet in 0..packets(&right[at]).len() {
            let change = |make: &dyn Fn(&[&[u8]]) -> Vec<u8>| {
                redact(as_it_is, |pages, _| {
                    let mut all = packets(&right[at]);
                    let made = make(&all);
                    all[packet] = &made;
                    pages[at] = with_packets(&right[at], &all);
                })
            };
            for byte in 0..packets(&right[at])[packet].len() {
                // The name of the encoder, which may be any.
                if at % 3 == 1 && VENDOR.contains(&byte) {
                    continue;
                }
                reason(change(&|all| {
                    let mut bytes = all[packet].to_vec();
                    bytes[byte] ^= 1;
                    bytes
                }));
            }
            if is_audio {
                // 20 ms of silence.
                assert!(reason(change(&|_| vec![0xF8, 0xFF, 0xFE])).contains("at its place"));
                let next = (packet + 1) % packets(&right[at]).len();
                // Silence beside silence is the same.
                if packets(&right[at])[next] != packets(&right[at])[packet] {
                    reason(change(&|all| all[next].to_vec()));
                }
            }
        }
    }
}

#[test]
fn pages_that_are_missing_or_say_something_else_are_found() {
    let right = redact(as_it_is, |_, _| ()).unwrap();
    for at in 0..right.len() {
        reason(redact(as_it_is, |pages, _| drop(pages.remove(at))));
        reason(redact(as_it_is, |pages, _| pages.insert(at, right[at].clone())));
        let numbered = |by: u32| {
            let page = &right[at];
            page.with(page.flags(), page.sequence() + by, page.lacing(), page.body()).unwrap()
        };
        let reason = reason(redact(as_it_is, |pages, _| pages[at] = numbered(1)));
        assert!(reason.contains("at its place"), "{reason}");
    }
    reason(redact(as_it_is, |pages, _| pages.push(right[0].clone())));
    reason(redact(as_it_is, |pages, _| pages.clear()));
}

#[test]
fn comments_and_the_whole_recording_are_found() {
    let comments = |pages: &mut Vec<Page>, all: &[Page]| pages[1] = all[1].clone();
    assert_eq!(reason(redact(as_it_is, comments)), "the written file has comments");
    reason(redact(as_it_is, |pages, all| {
        let packets = packets(&all[2]);
        pages[2] = with_packets(&pages[2].clone(), &packets);
    }));
}
