use proptest::prelude::*;

use super::*;
use crate::ebml::fate::{EBML, SIMPLE_BLOCK};

const CALLS: [&[u8]; 3] = [
    include_bytes!("../../../fuzz/seeds/opus/opus.webm"),
    include_bytes!("../../../fuzz/seeds/opus/live.webm"),
    include_bytes!("../../../fuzz/seeds/opus/laced.mka"),
];

/// The pieces of a file that comes in parts of this size.
fn pieces(file: &[u8], part: usize) -> Result<Vec<Piece>, Refusal> {
    let (mut splitter, mut pieces) = (Splitter::default(), Vec::new());
    for part in file.chunks(part) {
        splitter.add(part);
        while let Some(piece) = splitter.next()? {
            pieces.push(piece);
        }
    }
    splitter.finish().map(|()| pieces)
}

fn bytes(piece: &Piece) -> &[u8] {
    let (Piece::Kept(bytes) | Piece::Blank(bytes) | Piece::Packet(bytes)) = piece;
    bytes
}

/// An element with a size of one byte.
fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes().into_iter().skip_while(|&byte| byte == 0);
    let size = 0x80 | u8::try_from(content.len()).unwrap();
    id.chain([size]).chain(content.iter().copied()).collect()
}

/// A WebM with one block, and `more` in its track, its segment and its cluster.
fn webm([in_track, in_segment, in_cluster]: [&[u8]; 3]) -> Vec<u8> {
    let head = b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0";
    let track = [
        element(TRACK_NUMBER, &[1]),
        element(TRACK_TYPE, &[2]),
        element(CODEC_ID, b"A_OPUS"),
        element(CODEC_PRIVATE, head),
        in_track.to_vec(),
    ];
    let tracks = element(0x1654_AE6B, &element(TRACK_ENTRY, &track.concat()));
    let block = element(SIMPLE_BLOCK, &[0x81, 0, 0, 0, 0x48, 7, 7]);
    let cluster = element(CLUSTER, &[&block, in_cluster].concat());
    let segment = [&[0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF][..]];
    let document = element(EBML, &element(DOC_TYPE, b"webm"));
    [&[document.as_slice()], &segment[..], &[&tracks, in_segment, &cluster]].concat().concat()
}

#[test]
fn the_pieces_are_the_file_in_whatever_parts_it_comes() {
    for file in CALLS {
        let whole = pieces(file, file.len()).unwrap();
        assert!(whole.iter().flat_map(bytes).eq(file));
        assert!(whole.iter().any(|piece| matches!(piece, Piece::Packet(_))));
        for part in [1, 2, 7, 100] {
            assert_eq!(pieces(file, part).unwrap(), whole);
        }
        for cut in 0..file.len() {
            if let Ok(less) = pieces(&file[..cut.max(1)], 50) {
                // A live file may end behind any element.
                assert!(less == whole[..less.len()]);
            }
        }
    }
}

#[test]
fn what_may_say_anything_goes_and_what_is_not_known_is_refused() {
    let plain = webm([&[], &[], &[]]);
    let count = pieces(&plain, 9).unwrap().len();
    let text = |id| element(id, b"4111 4111");
    let secret = |piece: &Piece| matches!(piece, Piece::Blank(bytes) if bytes.ends_with(b"4111"));
    for (place, id) in [
        (0, 0x536E),
        (0, 0x22_B59C),
        (0, 0x25_8688),
        (0, 0xEC),
        (0, 0xBF),
        (1, 0x1254_C367),
        (1, 0x1941_A469),
        (1, 0x1043_A770),
        (1, 0xEC),
        (2, 0xEC),
        (2, 0xBF),
    ] {
        let mut more: [&[u8]; 3] = [&[]; 3];
        let text = text(id);
        more[place] = &text;
        let pieces = pieces(&webm(more), 9).unwrap();
        assert_eq!(pieces.len(), count + 1);
        assert_eq!(pieces.iter().filter(|piece| secret(piece)).count(), 1, "{id:x}");
    }
    let info = element(0x1549_A966, &[text(0x7BA9), text(0x4461), text(0x4D80)].concat());
    let found = pieces(&webm([&[], &info, &[]]), 9).unwrap();
    assert_eq!(found.iter().filter(|piece| secret(piece)).count(), 2);
    // What is unknown; video; another track; encryption; additions; a number that is too long.
    let video = element(0xE0, &[]);
    let track = element(0x1654_AE6B, &element(TRACK_ENTRY, &[]));
    let encrypted = element(0x6D80, &[]);
    let group = element(0xA0, &element(0x75A1, &[0]));
    let long = element(0xE7, &[0; 9]);
    for more in [
        [&text(0x5A5A)[..], &[], &[]],
        [&video, &[], &[]],
        [&encrypted, &[], &[]],
        [&[], &track, &[]],
        [&[], &text(0x5A5A), &[]],
        [&[], &[], &text(0x5A5A)],
        [&[], &[], &group],
        [&[], &[], &long],
    ] {
        assert!(pieces(&webm(more), 9).is_err(), "{more:x?}");
    }
    let other = |from: &[u8], to: &[u8]| {
        let at = plain.windows(from.len()).position(|bytes| bytes == from).unwrap();
        pieces(&[&plain[..at], to, &plain[at + from.len()..]].concat(), 9)
    };
    for (from, to) in [
        (&b"webm"[..], &b"webn"[..]),
        (b"A_OPUS", b"A_MPEG"),
        (b"OpusHead\x01", b"OpusHead\x02"),
        (b"\x83\x81\x02", b"\x83\x81\x01"),
        (b"\xD7\x81\x01", b"\xD7\x81\x02"),
    ] {
        assert!(other(from, to).is_err(), "{to:x?}");
    }
}

#[test]
fn nothing_is_as_long_as_what_it_replaces() {
    for length in (2..400).chain([20_000, 70_000]) {
        let void = void(length);
        let head = parse_header(&void).unwrap().unwrap();
        assert_eq!((head.id, void.len()), (0xEC, length));
        assert_eq!(head.length + usize::try_from(head.size.unwrap()).unwrap(), length);
        assert!(void[head.length..].iter().all(|&byte| byte == 0));
    }
}

proptest! {
    /// Each kind of lacing, as a second hand writes it.
    #[test]
    fn laced_packets_have_the_sizes_that_their_block_says(
        sizes in prop::collection::vec(0usize..700, 1..40),
    ) {
        let total: usize = sizes.iter().sum();
        let count = u8::try_from(sizes.len() - 1).unwrap();
        let mut xiph = vec![count];
        for size in &sizes[..sizes.len() - 1] {
            xiph.resize(xiph.len() + size / 255, 255);
            xiph.push(u8::try_from(size % 255).unwrap());
        }
        let mut ebml = vec![count];
        for at in 0..sizes.len() - 1 {
            let middle = if at == 0 { 0 } else { (1 << 13) - 1 };
            let before = if at == 0 { 0 } else { sizes[at - 1] };
            let value = u16::try_from(sizes[at] + middle - before).unwrap();
            ebml.extend((value | 0x4000).to_be_bytes());
        }
        for (kind, header) in [(2, xiph), (6, ebml)] {
            let block = [&header[..], &vec![9; total]].concat();
            prop_assert_eq!(laces(kind, &block), Some((header.len(), sizes.clone())));
            prop_assert!(sizes.len() == 1 || laces(kind, &header[..header.len() - 1]).is_none());
        }
        let fixed = [&[count][..], &vec![9; sizes.len() * 5]].concat();
        prop_assert_eq!(laces(4, &fixed), Some((1, vec![5; sizes.len()])));
        prop_assert_eq!(laces(4, &fixed[..fixed.len() - 1]).is_none(), sizes.len() > 1);
    }
}
