//! FLAC in Ogg (RFC 9639, 10.1): the packets before the audio, each on a page of its own.

use crate::ogg::{Next, Page, Piece, lace};

/// What stands before the signature of FLAC in the first packet: the kind of packet, version 1 of the mapping.
const MAPPING: &[u8] = b"\x7FFLAC\x01";

/// What follows it there: the minor version, and the number of other packets before the audio.
const MORE: [u8; 3] = [0, 0, 1];

/// The comment header, which must be there and is the last block: no name of an encoder, no comments.
const COMMENTS: &[u8] = &[0x84, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];

/// The number of the stream, and its first metadata block with the signature before it. `None` if `file` does
/// not begin with such a page.
pub(super) fn first_block(mut file: &[u8]) -> Option<(u32, Vec<u8>)> {
    let Next::Page(page) = Page::read(&mut file).ok()? else { return None };
    let mut pieces = page.pieces();
    let packet = pieces.next().filter(|piece| piece.ends && page.has(Page::FIRST))?;
    let block = packet.bytes.strip_prefix(MAPPING)?.get(MORE.len()..)?;
    pieces.next().is_none().then(|| (page.serial(), block.to_vec()))
}

/// The pages before the audio. `first`: the first metadata block with the signature before it.
pub(super) fn pages(serial: u32, first: &[u8]) -> Vec<u8> {
    let first = [MAPPING, &MORE, first].concat();
    let page = |flags: u8, number: u32, bytes: &[u8]| {
        let (mut lacing, mut body) = (Vec::new(), Vec::new());
        lace(Piece { bytes, ends: true }, &mut lacing, &mut body);
        // Both are short.
        let page = Page::new(flags, 0, (serial, number), (&lacing, &body));
        page.map_or_else(Vec::new, |page| page.bytes().to_vec())
    };
    [page(Page::FIRST, 0, &first), page(0, 1, COMMENTS)].concat()
}
