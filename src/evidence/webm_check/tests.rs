//! The self-check of a kept WebM finds every mistake.

use std::io::{Cursor, Seek, SeekFrom, Write};

use super::*;
use crate::block::Block;
use crate::decode::{DecodeOptions, Decoder, Encoding, Source};
use crate::encode::{BackgroundWriter, Output, Target};
use crate::evidence::self_check::{Kept, SelfCheck};
use crate::evidence::view::BlockView;
use crate::treatment::Treatment;
use crate::window::{Window, Windows};

/// A twentieth of a second: three packets, tags.
const CALL: &[u8] = include_bytes!("../../../fuzz/seeds/opus/opus.webm");

/// Erases the first packet, edits the file, and checks it.
fn redact(treated: bool, edit: impl FnOnce(&mut [u8])) -> Result<Vec<u8>, Error> {
    let options = DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() };
    let source = Source::stream(Cursor::new(CALL)).with_options(options);
    let mut decoder = Decoder::open(source).unwrap();
    let info = decoder.stream_info().clone();
    let windows = Windows::new([Window::from_seconds(0.0, 0.001).unwrap()]).unwrap();
    let treatment = Treatment::silence();
    let mut check = SelfCheck::new(treatment, &windows, &info, Kept::MatroskaOpus);
    let bytes = decoder.opus_bytes().unwrap().clone();
    decoder.keep_packets(None);
    let mut writer = BackgroundWriter::new(Spool::anonymous()).unwrap();
    let target = Target::MatroskaOpus { bytes };
    let mut output = Output::new(&mut writer, &info, target).unwrap();
    let mut block = Block::new(info.format, info.channels);
    while decoder.next(&mut block).unwrap() {
        check.decoded(&BlockView::new(&block));
        output.write(&block, treated && block.first() == 0).unwrap();
    }
    let opus = output.finish().unwrap().opus;
    let (changed, hash) = (opus.changed, opus.hash);
    let changes = Changes { changed, hash, ..Changes::default() };
    let mut spool = writer.into_spool().unwrap();
    let mut whole = Vec::new();
    spool.reader().unwrap().read_to_end(&mut whole).unwrap();
    edit(&mut whole);
    spool.seek(SeekFrom::Start(0)).unwrap();
    spool.write_all(&whole).unwrap();
    check.finish(&spool, (0, CALL.len() as u64), None, &changes).map(|()| whole)
}

#[test]
fn a_correct_file_passes_and_a_changed_bit_anywhere_is_found() {
    let whole = redact(true, |_| ()).unwrap();
    assert_eq!(whole.len(), CALL.len());
    for place in 0..whole.len() {
        let result = redact(true, |file| file[place] ^= 1 << (place % 8));
        assert!(matches!(result, Err(Error::SelfCheck { .. })), "{place}: {result:?}");
    }
}

#[test]
fn a_packet_that_was_left_open_is_found() {
    let result = redact(false, |_| ());
    assert!(matches!(result, Err(Error::SelfCheck { .. })), "{result:?}");
}
