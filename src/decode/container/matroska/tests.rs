use super::*;
use crate::error::Error;

/// An element with a size of one byte.
fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let size = 0x80 | u8::try_from(content.len()).unwrap();
    [id_bytes(id), vec![size], content.to_vec()].concat()
}

/// An element of unknown size.
fn live(id: u32, content: &[u8]) -> Vec<u8> {
    [id_bytes(id), vec![0xFF], content.to_vec()].concat()
}

fn id_bytes(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect()
}

/// Reads a file in pieces of `piece` bytes.
fn check(file: &[u8], piece: usize) -> Result<MatroskaStatus, Error> {
    let monitor = Arc::default();
    let mut elements = CheckedElements::new(file, &monitor);
    let status = elements.status();
    let mut buffer = vec![0; piece];
    while elements.read(&mut buffer).is_ok_and(|count| count > 0) {}
    monitor.check().map(|()| status)
}

/// A block of track 1 with these flags and the bytes after them.
fn block_of(id: u32, flags: u8, rest: &[u8]) -> Vec<u8> {
    element(id, &[&[0x81, 0, 0, flags], rest].concat())
}

fn file(segment: fn(u32, &[u8]) -> Vec<u8>, cluster: fn(u32, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let entry = [element(TRACK_NUMBER, &[1]), element(CODEC_DELAY, &[0x63, 0x2E, 0xA0])].concat();
    let tracks = element(TRACKS, &element(TRACK_ENTRY, &entry));
    let padding = element(DISCARD_PADDING, &[0xCD, 0xFE, 0x60]);
    let group = [block_of(BLOCK, 0, b"audio"), padding].concat();
    let first = cluster(CLUSTER, &block_of(SIMPLE_BLOCK, 0x02, &[2, 1, 1, b'a', b'b', b'c']));
    let second = cluster(CLUSTER, &element(BLOCK_GROUP, &group));
    let content = [tracks, first, second].concat();
    [element(EBML, b"head"), segment(SEGMENT, &content)].concat()
}

#[test]
fn delay_and_padding_are_recorded_however_the_bytes_arrive() {
    for whole in [file(element, element), file(live, live), file(element, live)] {
        for piece in [1, 3, 1000] {
            let status = check(&whole, piece).unwrap();
            assert_eq!((status.delay(1), status.delay(2)), (6_500_000, 0));
            // Three packets are laced into the first block.
            assert_eq!(status.padding(1, 2), 0);
            assert_eq!(status.padding(1, 3), -0x32_01A0);
            assert_eq!(status.padding(1, 3), 0, "returned once");
        }
    }
}

#[test]
fn a_file_that_is_cut_is_an_error_wherever_that_shows() {
    let whole = file(element, element);
    for cut in 5..whole.len() {
        assert_eq!(check(&whole[..cut], 7).is_err(), cut > 13, "at {cut}");
    }
    // Written live it may end between two elements, and nowhere else.
    let whole = file(live, element);
    let ends: Vec<_> = (14..=whole.len()).filter(|&cut| check(&whole[..cut], 7).is_ok()).collect();
    let sizes = [5, 20, 17, 21];
    assert_eq!(ends.len(), sizes.len(), "{ends:?}");
    assert_eq!(ends.last(), Some(&whole.len()));
}

#[test]
fn invalid_elements_are_an_error() {
    let large = [id_bytes(0xEC), vec![0x08, 0xFF, 0xFF, 0xFF, 0xFF]].concat();
    for (content, reason) in [
        (element(BLOCK_GROUP, &[0xA1, 0x85, 0x81]), "larger than its parent"),
        (live(BLOCK_GROUP, &[]), "has no size"),
        (live(0xEC, &[]), "has no size"),
        (element(SIMPLE_BLOCK, &[0x81]), "block is too short"),
        (element(SIMPLE_BLOCK, &[]), "block is too short"),
        (vec![0, 0, 0], "bytes that are no element"),
        (large, "larger than 16 MiB"),
        (element(0x1F43_B674, &[]), "an unknown element"),
        (element(CLUSTER, &element(0xB1, &[])), "an unknown element"),
        (element(TRACKS, &element(TRACK_ENTRY, &element(CONTENT_ENCODINGS, &[]))), "compressed"),
        (element(TRACK_ENTRY, &[]).repeat(MAX_TRACKS + 1), "more than 128 tracks"),
        (file(element, element), "several segments"),
    ] {
        let file = live(SEGMENT, &content);
        let error = check(&file, 1).map(drop).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let padded = [file(element, element), vec![0; 9]].concat();
    assert!(check(&padded, 4).is_ok(), "padding after the segment");
    assert!(check(&[file(element, element), file(element, element)].concat(), 4).is_err());
}
