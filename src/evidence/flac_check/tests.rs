//! The self-check of a kept FLAC finds every mistake.

use std::io::{Cursor, Seek, SeekFrom, Write};

use super::*;
use crate::block::Samples;
use crate::encode::{BackgroundWriter, Output, Target};
use crate::span::Spans;
use crate::treatment::Treater;
use crate::window::Window;

/// 400 frames of stereo at 8 kHz, in blocks of 64.
const CALL: &[u8] = include_bytes!("../../../fuzz/seeds/flac/b64.flac");

/// Frames 200 to 264: blocks 3 and 4.
fn windows() -> Windows {
    Windows::new([Window::from_seconds(0.025, 0.033).unwrap()]).unwrap()
}

/// Redacts. `meddle` gets the number of each block after its treatment, and whether it was treated, and
/// returns whether it is to be encoded; `edit` changes the file.
fn redact(
    treatment: Treatment,
    meddle: impl Fn(u64, bool, &mut Block) -> bool,
    edit: impl FnOnce(&mut Vec<u8>),
) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::open(Source::stream(Cursor::new(CALL))).unwrap();
    let info = decoder.stream_info().clone();
    let head = decoder.flac().unwrap().clone();
    decoder.keep_packets(None);
    let spans = Spans::new(&windows(), info.rate, info.channels).unwrap();
    let mut check = FlacCheck::new(treatment, &windows(), &info, head.info);
    let mut treater = Treater::new(treatment, &spans).unwrap();
    let mut writer = BackgroundWriter::new(Spool::anonymous()).unwrap();
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

#[test]
fn a_correct_file_passes_and_a_changed_bit_anywhere_is_found() {
    for treatment in treatments() {
        let length = redact(treatment, as_it_is, |_| ()).unwrap().len();
        for place in 0..length {
            let turn = |file: &mut Vec<u8>| file[place] ^= 1 << (place % 8);
            let result = redact(treatment, as_it_is, turn);
            assert!(matches!(result, Err(Error::SelfCheck { .. })), "{treatment:?} {place}");
        }
    }
}

/// A packet with speech that is kept, and one without that is not.
#[test]
fn a_packet_that_is_kept_or_made_against_the_windows_is_found() {
    for treatment in treatments() {
        for wrong in 0..7 {
            let turned = |number: u64, treated: bool, _: &mut Block| treated ^ (number == wrong);
            let result = redact(treatment, turned, |_| ());
            assert!(matches!(result, Err(Error::SelfCheck { .. })), "{treatment:?} {wrong}");
        }
    }
}

#[test]
fn a_sample_that_was_not_treated_is_found() {
    for treatment in treatments() {
        for frame in [200, 230, 264] {
            let meddle = |_: u64, treated: bool, block: &mut Block| {
                if (block.first()..block.end()).contains(&frame) {
                    let at = index_of(frame - block.first()) * 2;
                    let Samples::I16(all) = &mut block.samples else { unreachable!("16 bits") };
                    all[at] = all[at].wrapping_add(9000);
                }
                treated
            };
            let result = redact(treatment, meddle, |_| ());
            assert!(matches!(result, Err(Error::SelfCheck { .. })), "{treatment:?} {frame}");
        }
    }
}
