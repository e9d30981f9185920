//! Checksums of each fixture, decoded and redacted: `fixtures/golden.txt`, one line for each file.

use sordino::block::{Block, Samples};
use sordino::{Decoder, Source, Treatment};

use crate::support::*;

/// One line: name, rate, channels, frames, CRC-32 of the decoded samples and of the redacted ones.
fn line(name: &str) -> String {
    let mut decoder = Decoder::open(Source::open(fixture(name)).unwrap()).unwrap();
    let recording = decoder.stream_info().clone();
    let mut block = Block::new(recording.format, recording.channels);
    let mut decoded = crc32fast::Hasher::new();
    while decoder.next(&mut block).unwrap() {
        match block.samples() {
            Samples::I16(all) => all.iter().for_each(|s| decoded.update(&s.to_le_bytes())),
            Samples::I32(all) => all.iter().for_each(|s| decoded.update(&s.to_le_bytes())),
            Samples::F32(all) => all.iter().for_each(|s| decoded.update(&s.to_le_bytes())),
            other => panic!("unknown samples {other:?}"),
        }
    }
    let (list, treatment) = match name.starts_with("tiny") {
        true => (["0-0.0001"].as_slice(), Treatment::attenuate(0.5).unwrap()),
        false => (CALL_WINDOWS.as_slice(), Treatment::default()),
    };
    let out = redacted(Source::open(fixture(name)).unwrap(), list, treatment).unwrap();
    format!(
        "{name} {} {} {} {:08x} {:08x}",
        recording.rate,
        recording.channels,
        decoder.frames(),
        decoded.finalize(),
        crc32fast::hash(data_of(&out)),
    )
}

/// Whether lossy decoders compute as when the table was made: with AVX and FMA. Sums of other vector
/// widths differ in the last bit, so on other machines only frames, rate and channels are compared.
fn same_arithmetic() -> bool {
    #[cfg(target_arch = "x86_64")]
    let same = is_x86_feature_detected!("avx") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let same = false;
    if !same {
        eprintln!("skipped: the sums of lossy fixtures are for x86-64 with AVX and FMA");
    }
    same
}

#[test]
fn every_fixture_decodes_and_redacts_to_its_line_in_the_table() {
    let table = String::from_utf8(fixture_bytes("golden.txt")).unwrap();
    let exact = same_arithmetic();
    let (mut actual, mut expected) = (Vec::new(), Vec::new());
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let name = row.split(' ').next().unwrap();
        let lossy = [".mp3", ".ogg", ".m4a"].iter().any(|ending| name.ends_with(ending));
        let columns = if lossy && !exact { 4 } else { 6 };
        let cut = |row: &str| row.split(' ').take(columns).collect::<Vec<_>>().join(" ");
        actual.push(cut(&line(name)));
        expected.push(cut(row));
    }
    assert!(actual == expected, "the table should be:\n{}", actual.join("\n"));
}

#[test]
fn the_table_holds_every_fixture() {
    let table = String::from_utf8(fixture_bytes("golden.txt")).unwrap();
    let in_table = |name: &str| table.lines().any(|row| row.starts_with(&format!("{name} ")));
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_audio = name.starts_with("call") || name.starts_with("tiny-");
        assert!(!is_audio || in_table(&name), "{name} is missing from golden.txt");
    }
}
