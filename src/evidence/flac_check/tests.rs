//! The self-check of a kept FLAC finds every mistake.

use std::io::{Cursor, Seek, SeekFrom, Write};

use super::*;
use crate::block::Samples;
use crate::decode::Encoding;
use crate::encode::{BackgroundWriter, Output, Target};
use crate::flac::{crc8, crc16, metadata_length};
use crate::ogg::Page;
use crate::span::Spans;
use crate::treatment::Treater;
use crate::window::Window;

/// 400 frames of stereo at 8 kHz, in blocks of 64: on its own, and in an Ogg.
fn calls() -> [Vec<u8>; 2] {
    let flac = include_bytes!("../../../fuzz/seeds/flac/b64.flac");
    [flac.to_vec(), include_bytes!("../../../fuzz/seeds/flac/b64.oga").to_vec()]
}

/// Frames 200 to 264: blocks 3 and 4.
fn windows() -> Windows {
    Windows::new([Window::from_seconds(0.025, 0.033).unwrap()]).unwrap()
}

/// Redacts. `meddle` gets the number of each block after its treatment, and whether it was treated, and
/// returns whether it is to be encoded; `edit` changes the file.
fn redact(
    call: &[u8],
    treatment: Treatment,
    meddle: impl Fn(u64, bool, &mut Block) -> bool,
    edit: impl FnOnce(&mut Vec<u8>),
) -> Result<Vec<u8>, Error> {
    let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
    let source = Source::stream(Cursor::new(call.to_vec())).with_options(options);
    let mut decoder = Decoder::open(source).unwrap();
    let info = decoder.stream_info().clone();
    let head = decoder.flac().unwrap().clone();
    decoder.keep_packets(None);
    let spans = Spans::new(&windows(), info.rate, info.channels).unwrap();
    let mut check = FlacCheck::new(treatment, &windows(), &info, head.info);
    let mut treater = Treater::new(treatment, &spans).unwrap();
    let (mut writer, _) = BackgroundWriter::new(Spool::anonymous()).unwrap();
    let mut output = Output::new(&mut writer, &info, Target::Flac { head, md5: true }).unwrap();
    let mut block = Block::new(info.format, info.channels);
    let mut number = 0;
    while decoder.next(&mut block).unwrap() {
        check.decoded(&BlockView::new(&block));
        let treated = treater.apply(&mut block);
        let treated = meddle(number, treated, &mut block);
        check.treated(&BlockView::new(&block));
        check.written(output.write(&block, treated).unwrap());
        number += 1;
    }
    let head = output.finish().unwrap().head.unwrap();
    let mut spool = writer.into_spool().unwrap();
    let mut whole = Vec::new();
    spool.reader().unwrap().read_to_end(&mut whole).unwrap();
    let length = whole.len() as u64;
    edit(&mut whole);
    spool.seek(SeekFrom::Start(0)).unwrap();
    spool.write_all(&whole).unwrap();
    check.finish(&spool, length, &head).map(|()| whole)
}

fn as_it_is(_: u64, treated: bool, _: &mut Block) -> bool {
    treated
}

fn treatments() -> [Treatment; 3] {
    let faded = Treatment::default().with_fade(std::time::Duration::from_millis(2));
    [Treatment::silence(), Treatment::tone(440).unwrap(), faded]
}

/// Each call with each treatment.
fn cases() -> impl Iterator<Item = (Vec<u8>, Treatment)> {
    calls().into_iter().flat_map(|call| treatments().map(|treatment| (call.clone(), treatment)))
}

fn is_found(result: &Result<Vec<u8>, Error>) -> bool {
    matches!(result, Err(Error::SelfCheck { .. }))
}

#[test]
fn a_correct_file_passes_and_a_changed_bit_anywhere_is_found() {
    for (call, treatment) in cases() {
        let length = redact(&call, treatment, as_it_is, |_| ()).unwrap().len();
        for place in 0..length {
            let turn = |file: &mut Vec<u8>| file[place] ^= 1 << (place % 8);
            let result = redact(&call, treatment, as_it_is, turn);
            assert!(is_found(&result), "{treatment:?} {place}");
        }
    }
}

/// The same in an Ogg whose pages have right checksums again.
#[test]
fn a_changed_page_is_found() {
    let [_, call] = calls();
    let whole = redact(&call, Treatment::silence(), as_it_is, |_| ()).unwrap();
    let mut changed = 0;
    for bit in 0..whole.len() * 8 {
        let turn = |file: &mut Vec<u8>| {
            file[bit / 8] ^= 1 << (bit % 8);
            let mut pages = Vec::new();
            for page in Page::cut(file) {
                let made = page.with(page.flags(), page.sequence(), page.lacing(), page.body());
                pages.extend_from_slice(made.unwrap().bytes());
            }
            file[..pages.len()].copy_from_slice(&pages);
            changed += u32::from(*file != whole);
        };
        match redact(&call, Treatment::silence(), as_it_is, turn) {
            // A first byte or a checksum, which came right again.
            Ok(file) => assert!(file == whole, "bit {bit}"),
            Err(error) => assert!(is_found(&Err(error)), "bit {bit}"),
        }
    }
    assert_eq!(changed as usize, (whole.len() - 3 * 9) * 8, "each byte but 9 of each page");
}

/// A packet with speech that is kept, and one without that is not.
#[test]
fn a_packet_that_is_kept_or_made_against_the_windows_is_found() {
    for (call, treatment) in cases() {
        for wrong in 0..7 {
            let turned = |number: u64, treated: bool, _: &mut Block| treated ^ (number == wrong);
            let result = redact(&call, treatment, turned, |_| ());
            assert!(is_found(&result), "{treatment:?} {wrong}");
        }
    }
}

#[test]
fn a_sample_that_was_not_treated_is_found() {
    for (call, treatment) in cases() {
        for frame in [200, 230, 264] {
            let meddle = |_: u64, treated: bool, block: &mut Block| {
                if (block.first()..block.end()).contains(&frame) {
                    let at = index_of(frame - block.first()) * 2;
                    let Samples::I16(all) = &mut block.samples else { unreachable!("16 bits") };
                    all[at] = all[at].wrapping_add(9000);
                }
                treated
            };
            let result = redact(&call, treatment, meddle, |_| ());
            assert!(is_found(&result), "{treatment:?} {frame}");
        }
    }
}

/// A frame whose number is another one, with the right checksums.
#[test]
fn a_new_frame_at_another_place_is_found() {
    let renumber = |file: &mut Vec<u8>| {
        let info = StreamInfoBlock::parse(file).unwrap();
        let mut at = metadata_length(file);
        while file[at + 4] != 3 {
            at += frame_length(&file[at..], &info).unwrap();
        }
        let (length, header) =
            (frame_length(&file[at..], &info).unwrap(), FrameHeader::parse(&file[at..]).unwrap());
        let frame = &mut file[at..at + length];
        frame[4] = 9;
        frame[header.length - 1] = crc8(&frame[..header.length - 1]);
        let checksum = crc16(&frame[..length - 2]);
        frame[length - 2..].copy_from_slice(&checksum.to_be_bytes());
    };
    for treatment in treatments() {
        let Err(Error::SelfCheck { reason }) = redact(&calls()[0], treatment, as_it_is, renumber)
        else {
            panic!("{treatment:?}");
        };
        assert_eq!(reason, "a frame inside the windows has another number or size");
    }
}
