//! Elementary streams: every byte of them is audio, or is known to be something else.

use sordino::block::Block;
use sordino::{Decoder, Error, Treatment};

use crate::formats::plain_mp3;
use crate::support::*;

/// Elementary streams: a name, the container's name in errors, and the bytes.
fn streams() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let flac = seed("a.flac");
    vec![
        ("FLAC", "FLAC", flac.clone()),
        ("FLAC of unknown length", "FLAC", undeclared(flac)),
        ("MP3", "MPEG audio", plain_mp3()),
        ("MP3 with a Xing tag", "MPEG audio", fixture_bytes("call.mp3")),
        ("MP2", "MPEG audio", seed("a.mp2")),
        ("ADTS", "ADTS", seed("adts.aac")),
    ]
}

pub fn seed(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/recording/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

/// A FLAC without a declared length, as written into a pipe.
pub fn undeclared(mut flac: Vec<u8>) -> Vec<u8> {
    flac[21] &= 0xF0;
    flac[22..26].fill(0);
    flac
}

pub fn muted(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    redacted(stream(bytes), &["0-0.0001"], Treatment::silence())
}

/// The leftovers of a whole recording: names and sizes.
fn leftovers(bytes: Vec<u8>) -> Vec<(String, u64)> {
    let mut decoder = Decoder::open(stream(bytes)).unwrap();
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    while decoder.next(&mut block).unwrap() {}
    decoder.leftovers().into_iter().map(|leftover| (leftover.name, leftover.bytes)).collect()
}

/// Pseudo-random numbers, always the same.
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed | 1), |last| {
        let mut next = *last;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        Some(next)
    })
    .skip(8)
    .map(|number| number >> 16)
}

fn noise_bytes(count: usize) -> Vec<u8> {
    noise(7).map(|number| number as u8).take(count).collect()
}

/// The header or the footer of an APE tag of this size.
fn ape(size: usize, flags: u32) -> Vec<u8> {
    let numbers = [2000, size as u32, 1, flags].map(u32::to_le_bytes).concat();
    [b"APETAGEX".to_vec(), numbers, vec![0; 8]].concat()
}

#[test]
fn tags_after_the_last_frame_lose_no_frame_and_are_listed() {
    let item = b"\x0f\0\0\0\0\0\0\0Title\x004111 1111 1111".to_vec();
    let size = item.len() + 32;
    let ape_alone = [item.clone(), ape(size, 0)].concat();
    let ape_whole = [ape(size, 0xA000_0000), item, ape(size, 0x8000_0000)].concat();
    let id3v1 = [b"TAG".to_vec(), vec![b'4'; 125]].concat();
    let extended = [b"TAG+".to_vec(), vec![b'1'; 223], id3v1.clone()].concat();
    let lyrics_1 = b"LYRICSBEGIN4111 1111LYRICSEND".to_vec();
    let lyrics_2 = b"LYRICSBEGINLYR000094111 1111000027LYRICS200".to_vec();
    let id3v2 = b"ID3\x04\0\x10\0\0\0\x05411113DI\x04\0\x10\0\0\0\x05".to_vec();
    let after_zeros = [vec![0; 500], id3v1.clone()].concat();
    let several = [ape_alone.clone(), lyrics_2.clone(), id3v1.clone()].concat();
    /// The bytes after the last frame, and the leftovers that they are listed as.
    type Case<'a> = (&'a [u8], &'a [(&'a str, usize)]);
    let cases: [Case; 9] = [
        (&id3v1, &[("ID3v1", 128)]),
        (&extended, &[("ID3v1", 227), ("ID3v1", 128)]),
        (&ape_alone, &[("APE", size)]),
        (&ape_whole, &[("APE", size + 32)]),
        (&lyrics_1, &[("Lyrics3", lyrics_1.len())]),
        (&lyrics_2, &[("Lyrics3", lyrics_2.len())]),
        (&id3v2, &[("ID3v2", 25)]),
        (&after_zeros, &[("ID3v1", 128)]),
        (&several, &[("APE", size), ("Lyrics3", lyrics_2.len()), ("ID3v1", 128)]),
    ];
    for (name, _, bytes) in streams() {
        let (whole, before) = (muted(bytes.clone()).unwrap(), leftovers(bytes.clone()));
        for (tags, told) in cases {
            let tagged = [&bytes, tags].concat();
            assert!(muted(tagged.clone()).unwrap() == whole, "{name} and {told:?}");
            let mut all = leftovers(tagged);
            for (name, size) in told {
                let tag = all.iter().position(|left| *left == (name.to_string(), *size as u64));
                all.remove(tag.unwrap_or_else(|| panic!("{name} {told:?} {all:?}")));
            }
            assert_eq!(all, before, "{name} and {told:?}");
        }
    }
}

#[test]
fn other_bytes_after_the_last_frame_are_reported_by_their_place() {
    for (name, container, bytes) in streams() {
        let whole = muted(bytes.clone()).unwrap();
        let few = muted([bytes.clone(), vec![0; 3000]].concat()).unwrap();
        assert!(few == whole, "{name} and a few zeros");
        for (kind, junk) in [("zeros", vec![0; 100_000]), ("of unknown kind", noise_bytes(100_000))]
        {
            let result = muted([bytes.clone(), junk].concat());
            // A Xing tag has counted the frames of this one: no audio can follow.
            if name == "MP3 with a Xing tag" && kind == "zeros" {
                assert!(result.unwrap() == whole, "{name} and {kind}");
                continue;
            }
            let error = result.unwrap_err().to_string();
            let place = format!("bytes at byte {} are not audio", bytes.len());
            let told = error.contains(&place) && error.contains(kind);
            assert!(told && error.contains(container), "{name} and {kind}: {error}");
        }
    }
}

/// The end of a recording is overwritten, as by a full disk or a download in pieces. A few zeros
/// may follow the last frame of any recording, so there are more.
#[test]
fn an_end_that_is_zeros_or_noise_is_an_error() {
    for (name, _, bytes) in streams() {
        let lost = (bytes.len() / 4 + 5).min(30_000);
        for junk in [vec![0; lost + 9000], noise_bytes(lost)] {
            let kept = &bytes[..bytes.len() - lost];
            assert!(muted([kept, &junk].concat()).is_err(), "{name}");
        }
    }
}

#[test]
fn a_second_file_is_never_dropped() {
    let id3 = [b"ID3\x04\0\0\0\0\0\x10TIT2\0\0\0\x06\0\0\x034111".as_slice(), &[0]].concat();
    for (name, _, bytes) in streams() {
        let (once, tagged) = (muted(bytes.clone()).unwrap(), [id3.clone(), bytes.clone()].concat());
        assert!(muted(tagged.clone()).unwrap() == once, "{name} after a tag");
        let error = muted([bytes.clone(), tagged].concat()).unwrap_err().to_string();
        // After a FLAC a tag alone is skipped.
        let (at, kind) = match name.starts_with("FLAC") {
            true => (bytes.len() + id3.len(), "a second FLAC file"),
            false => (bytes.len(), "a second ID3 tag"),
        };
        let place = format!("at byte {at} are not audio: {kind} (joined files?)");
        assert!(error.contains(&place), "{name}: {error}");
        match muted([bytes.clone(), bytes.clone()].concat()) {
            Ok(out) => assert_eq!(data_of(&out).len(), 2 * data_of(&once).len(), "{name}"),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("joined files?"), "{name}: {error}");
                assert!(error.contains(&format!("byte {}", bytes.len())), "{name}: {error}");
            }
        }
    }
}

#[test]
fn zeros_before_the_first_frame_move_nothing() {
    for (name, _, bytes) in streams() {
        if name.starts_with("FLAC") {
            continue;
        }
        for zeros in [1, 300, 30_000] {
            let moved = [vec![0; zeros], bytes.clone()].concat();
            assert!(muted(moved).unwrap() == muted(bytes.clone()).unwrap(), "{name}, {zeros}");
        }
    }
}

/// Flipped bits, and bytes that are added or removed, anywhere: either that is an error, or the
/// length stays the same.
#[test]
fn damage_never_changes_the_length_without_an_error() {
    for (name, _, bytes) in streams() {
        let whole = muted(bytes.clone()).unwrap().len();
        let mut chance = noise(bytes.len() as u64).map(|number| number as usize);
        let mut below = |limit: usize| chance.next().unwrap() % limit;
        let (mut told, rounds) = (0, if bytes.len() > 100_000 { 12 } else { 80 });
        for round in 0..rounds {
            let mut damaged = bytes.clone();
            // The first bytes declare the length. Without one any length is right.
            let at = 64 + below(bytes.len() - 64);
            let count = 1 + below(300);
            let action = ["flip", "cut", "add"][round % 3];
            match action {
                "flip" => damaged[at] ^= 1 << below(8),
                "cut" => drop(damaged.drain(at..(at + count).min(bytes.len() - 1))),
                _ => drop(damaged.splice(at..at, noise_bytes(count))),
            }
            match muted(damaged) {
                Ok(out) => assert_eq!(out.len(), whole, "{name}: {action} {count} at {at}"),
                Err(_) => told += 1,
            }
        }
        assert!(told > rounds / 2, "{name}: {told} of {rounds} are told");
    }
}

#[test]
fn an_adts_stream_that_changes_its_rate_or_channels_is_refused() {
    let adts = seed("adts.aac");
    for (byte, bit) in [(2, 0x04), (3, 0x40)] {
        let mut second = adts.clone();
        second[byte] ^= bit;
        let error = muted([adts.clone(), second].concat()).unwrap_err().to_string();
        assert!(error.contains("changes its sample rate or channels"), "{error}");
    }
}

/// symphonia decodes mixed blocks to noise, and does not find the frames of free format.
#[test]
fn mp3_with_mixed_blocks_or_in_free_format_is_refused_by_name() {
    let mp3 = plain_mp3();
    let frame = (4..).find(|&at| mp3[at..].starts_with(&mp3[..2])).unwrap();
    let mut mixed = mp3.clone();
    let (mono, mpeg_1) = (mp3[3] >> 6 == 3, mp3[1] >> 3 & 3 == 3);
    let flag = 32
        + match (mpeg_1, mono) {
            (true, true) => 18 + 33,
            (true, false) => 20 + 33,
            (false, true) => 9 + 38,
            (false, false) => 10 + 38,
        };
    for at in [flag, flag + 1, flag + 3] {
        mixed[frame + at / 8] |= 0x80 >> (at % 8);
    }
    let error = muted(mixed).unwrap_err().to_string();
    assert!(error.contains("mixed blocks is not supported"), "{error}");
    let mut free = mp3;
    free[2] &= 0x0F;
    let error = muted(free).unwrap_err().to_string();
    assert!(error.contains("free format is not supported"), "{error}");
}
