//! CAF: chunks as Apple's and other programs write them.

use sordino::{Error, Source, Treatment};

use crate::support::*;

pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [kind.as_slice(), &(content.len() as u64).to_be_bytes(), content].concat()
}

/// A description at 8 kHz. `numbers`: bytes and frames of a packet, channels, bits.
pub fn desc(code: &[u8; 4], flags: u32, numbers: [u32; 4]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
    let head = [&8000f64.to_be_bytes(), code.as_slice(), &flags.to_be_bytes()].concat();
    chunk(b"desc", &head.into_iter().chain(numbers).collect::<Vec<_>>())
}

/// A packet table.
pub fn pakt(packets: u64, priming: u32, remainder: u32, entries: &[u8]) -> Vec<u8> {
    let trim = [priming.to_be_bytes(), remainder.to_be_bytes()].concat();
    chunk(b"pakt", &[&packets.to_be_bytes(), [0; 8].as_slice(), &trim, entries].concat())
}

pub fn caf(chunks: &[&[u8]]) -> Vec<u8> {
    [b"caff\0\x01\0\0", chunks.concat().as_slice()].concat()
}

fn data(audio: &[u8]) -> Vec<u8> {
    chunk(b"data", &[&[0; 4], audio].concat())
}

fn decoded(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let folder = Folder::new();
    let path = folder.write("a.caf", bytes);
    let out = |source| redacted(source, &["0-0.0001"], Treatment::attenuate(1.0).unwrap());
    let of_file = out(Source::open(path).unwrap());
    let streamed = out(stream(bytes.to_vec()));
    assert_eq!(of_file.as_ref().ok(), streamed.as_ref().ok(), "a stream gives something else");
    of_file
}

fn refusal(bytes: &[u8]) -> String {
    decoded(bytes).unwrap_err().to_string()
}

#[test]
fn pcm_of_all_widths_is_what_a_wav_says() {
    let ramp: Vec<u8> = (0..=255).cycle().take(9600).collect();
    let little = |width: usize| ramp.chunks(width).flat_map(|s| s.iter().rev().copied()).collect();
    for (flags, bits, wav_tag) in [(0, 16, 1), (0, 24, 1), (0, 32, 1), (1, 32, 3)] {
        let frame = 2 * bits / 8;
        let turned: Vec<u8> = little(bits as usize / 8);
        let expected = decoded(&wav(wav_tag, 8000, 2, bits as u16, &turned)).unwrap();
        let big = desc(b"lpcm", flags, [frame, 1, 2, bits]);
        let small = desc(b"lpcm", flags | 2, [frame, 1, 2, bits]);
        assert!(decoded(&caf(&[&big, &data(&ramp)])).unwrap() == expected, "{bits}, big-endian");
        let out = decoded(&caf(&[&small, &data(&turned)])).unwrap();
        assert!(out == expected, "{bits}, little-endian");
    }
    // 8-bit samples are signed in CAF, but not in WAV.
    let turned: Vec<u8> = ramp.iter().map(|sample| sample ^ 0x80).collect();
    let expected = decoded(&wav(1, 8000, 2, 8, &turned)).unwrap();
    let eight = desc(b"lpcm", 0, [2, 1, 2, 8]);
    assert!(decoded(&caf(&[&eight, &data(&ramp)])).unwrap() == expected);
    let padded = desc(b"lpcm", 0, [8, 1, 2, 24]);
    assert!(refusal(&caf(&[&padded, &data(&ramp)])).contains("this kind of PCM (lpcm) in CAF"));
}

#[test]
fn audio_of_unknown_size_goes_to_the_end() {
    let head = desc(b"lpcm", 0, [4, 1, 2, 16]);
    let known = decoded(&caf(&[&head, &data(&[5; 4000])])).unwrap();
    let unknown = [b"data".as_slice(), &[0xFF; 8], &[0; 4], &[5; 4000]].concat();
    assert!(decoded(&caf(&[&head, &unknown])).unwrap() == known);
}

#[test]
fn chunks_that_are_cut_or_there_twice_are_an_error() {
    let head = desc(b"lpcm", 0, [4, 1, 2, 16]);
    let whole = caf(&[&head, &data(&[5; 4000]), &chunk(b"info", &[7; 20])]);
    assert!(decoded(&whole).is_ok());
    for cut in [1, 21, 40, 1000, 4030] {
        let error = refusal(&whole[..whole.len() - cut]);
        assert!(error.contains("cut off"), "less {cut}: {error}");
    }
    let twice = [whole.clone(), whole.clone()].concat();
    assert!(refusal(&twice).contains("two recordings in one file"));
    let two = caf(&[&head, &data(&[5; 4000]), &data(&[5; 4000])]);
    assert!(refusal(&two).contains("two \"data\" chunks"));
    assert!(refusal(&caf(&[&head])).contains("\"data\" is missing"));
    assert!(refusal(&caf(&[&data(&[5; 40])])).contains("\"desc\" is missing"));
    let below = [b"free".as_slice(), &[0xFF; 8]].concat();
    assert!(refusal(&caf(&[&head, &below])).contains("a negative size"));
}

/// The AAC of the call in a CAF, with this priming and remainder, as Apple's programs write it.
fn aac(priming: u32, remainder: u32, change: impl Fn(&mut Vec<usize>)) -> Vec<u8> {
    let m4a = fixture_bytes("call.m4a");
    let place = |name: &[u8]| m4a.windows(4).position(|four| four == name).unwrap() + 4;
    let number = |at: usize| u32::from_be_bytes(m4a[at..at + 4].try_into().unwrap()) as usize;
    let (sizes, audio) = (place(b"stsz"), place(b"mdat"));
    let mut sizes: Vec<_> = (0..number(sizes + 8)).map(|n| number(sizes + 12 + 4 * n)).collect();
    let audio = &m4a[audio..audio + sizes.iter().sum::<usize>()];
    let esds = place(b"esds");
    let cookie = chunk(b"kuki", &m4a[esds + 4..esds - 8 + number(esds - 8)]);
    change(&mut sizes);
    let entries: Vec<_> =
        sizes.iter().flat_map(|size| [0x80 | (size >> 7) as u8, (size & 0x7F) as u8]).collect();
    let table = pakt(sizes.len() as u64, priming, remainder, &entries);
    caf(&[&desc(b"aac ", 2, [0, 1024, 2, 0]), &cookie, &data(audio), &table])
}

#[test]
fn priming_and_remainder_are_dropped() {
    let all = decoded(&aac(0, 0, |_| {})).unwrap();
    let all = samples_16(&all);
    assert_eq!(all.len(), 2 * 298 * 1024);
    for (priming, remainder) in [(1024, 0), (0, 100), (2112, 1000), (1, 1), (1024, 1024), (0, 3000)]
    {
        let out = decoded(&aac(priming, remainder, |_| {})).unwrap();
        let kept = 2 * priming as usize..all.len() - 2 * remainder as usize;
        assert!(samples_16(&out) == all[kept], "{priming} and {remainder}");
    }
    assert!(refusal(&aac(0, 400_000, |_| {})).contains("longer than all its audio"));
}

#[test]
fn a_packet_table_that_does_not_fit_the_audio_is_an_error() {
    assert!(refusal(&aac(0, 0, |sizes| sizes.truncate(297))).contains("before its audio"));
    assert!(refusal(&aac(0, 0, |sizes| sizes.push(9))).contains("before its packet table"));
    assert!(refusal(&aac(0, 0, |sizes| sizes[100] = 0)).contains("0 bytes"));
    let head = desc(b"aac ", 2, [0, 1024, 2, 0]);
    let short = caf(&[&head, &data(&[1; 500]), &pakt(1 << 62, 0, 0, &[0x80])]);
    assert!(refusal(&short).contains("too short"));
}

#[test]
fn codecs_that_are_not_read_are_named() {
    let named = |code| caf(&[&desc(code, 0, [34, 64, 1, 0]), &data(&[0; 340])]);
    for (code, name) in [(b"ima4", "IMA ADPCM (ima4) in CAF"), (b"aach", "HE-AAC (aach) in CAF")] {
        let message = refusal(&named(code));
        assert!(message.contains(name) && message.contains("convert it first"), "{message}");
    }
}
