//! Files that declare enormous sizes: an error within 512 MiB of address space, and no file left
//! behind.

use std::process::{Command, Stdio};

use crate::caf::{caf, chunk, desc, pakt};
use crate::support::*;

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

/// The place of the content of a box of the M4A.
fn place(m4a: &[u8], kind: &[u8; 4]) -> usize {
    m4a.windows(4).position(|four| four == kind).unwrap() + 4
}

/// Enormous sizes in the boxes of an MP4, by file name.
fn mp4s() -> Vec<(String, Vec<u8>)> {
    let whole = fixture_bytes("call.m4a");
    let mut all = Vec::new();
    for (table, at) in [(b"stsz", 8), (b"stts", 4), (b"stsc", 4), (b"stco", 4), (b"elst", 4)] {
        let mut bytes = whole.clone();
        let at = place(&bytes, table) + at;
        bytes[at..at + 4].fill(0xFF);
        all.push((format!("{}.m4a", table.escape_ascii()), bytes));
    }
    // A packet of 4 GiB, and an index of 2 GiB.
    let mut packet = whole.clone();
    let at = place(&packet, b"stsz") + 12;
    packet[at..at + 4].fill(0xFF);
    let mut index = whole.clone();
    let moov = place(&index, b"moov") - 8;
    index[moov] = 0x7F;
    // A great many tags, as large as an index may be.
    let tag = boxed(b"\xA9nam", &boxed(b"data", &[0, 0, 0, 1, 0, 0, 0, 0, b'x']));
    let list = boxed(b"ilst", &tag.repeat(2_000_000));
    let hdlr = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
    let udta = boxed(b"udta", &boxed(b"meta", &[&[0; 4], hdlr.as_slice(), &list].concat()));
    let inside = &whole[moov + 8..place(&whole, b"udta") - 8];
    // The tags alone are not an error, so there is a packet of 0 bytes too.
    let mut broken = inside.to_vec();
    let first = place(&broken, b"stsz") + 12;
    broken[first..first + 4].fill(0);
    let tags = [&whole[..moov], &boxed(b"moov", &[&broken, udta.as_slice()].concat())].concat();
    // Millions of empty boxes.
    let children = [broken, boxed(b"free", &[]).repeat(7_000_000)].concat();
    let empty = [&whole[..moov], &boxed(b"moov", &children)].concat();
    let fragment = |count: u32, flags: u32| {
        let defaults = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0, 0, 9, 0, 0, 0, 0];
        let mvex = boxed(b"mvex", &boxed(b"trex", &[&[0; 4], defaults.as_slice()].concat()));
        let moov = boxed(b"moov", &[inside, &mvex].concat());
        let trun = boxed(b"trun", &[flags.to_be_bytes(), count.to_be_bytes()].concat());
        let tfhd = boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]);
        let parts = [boxed(b"mfhd", &[0; 8]), boxed(b"traf", &[tfhd, trun].concat())].concat();
        [&whole[..moov_place(&whole)], &moov, &boxed(b"moof", &parts)].concat()
    };
    all.extend([
        ("packet.m4a".into(), packet),
        ("index.m4a".into(), index),
        ("tags.m4a".into(), tags),
        ("empty.m4a".into(), empty),
        ("run.mp4".into(), fragment(u32::MAX, 0)),
        ("sizes.mp4".into(), fragment(u32::MAX, 0x300)),
    ]);
    all
}

fn moov_place(m4a: &[u8]) -> usize {
    place(m4a, b"moov") - 8
}

/// Enormous sizes in the chunks of a CAF, by file name.
fn cafs() -> Vec<(String, Vec<u8>)> {
    let aac = desc(b"aac ", 2, [0, 1024, 2, 0]);
    let audio = chunk(b"data", &[0; 1000]);
    let claim = |kind: &[u8; 4]| [kind.as_slice(), &(1u64 << 60).to_be_bytes(), &[0; 40]].concat();
    let millions = pakt(20_000_000, 0, 0, &[1; 20_000_000]);
    let wide = desc(b"lpcm", 0, [u32::MAX - 1, 1, u32::MAX / 2, 16]);
    let all: [(&str, Vec<u8>); 8] = [
        ("millions.caf", caf(&[&aac, &millions, &audio])),
        ("claims.caf", caf(&[&aac, &pakt(1 << 62, 0, 0, &[1; 20]), &audio])),
        ("pakt.caf", caf(&[&aac, &audio, &claim(b"pakt")])),
        ("kuki.caf", caf(&[&aac, &audio, &claim(b"kuki")])),
        ("data.caf", caf(&[&aac, &claim(b"data")])),
        ("packet.caf", caf(&[&aac, &audio, &pakt(1, 0, 0, &[0x8F, 0xFF, 0xFF, 0xFF, 0x7F])])),
        (
            "frames.caf",
            caf(&[&desc(b"alac", 0, [0, u32::MAX, 2, 0]), &audio, &pakt(1, 0, 0, &[9])]),
        ),
        ("channels.caf", caf(&[&wide, &audio])),
    ];
    all.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn no_claimed_size_takes_512_mib_or_leaves_anything_behind() {
    for (name, bytes) in mp4s().into_iter().chain(cafs()) {
        let folder = Folder::new();
        let input = folder.write(&name, &bytes);
        let output = folder.path("out.wav");
        let limited = "ulimit -v 524288 && exec \"$@\"";
        let sordino = env!("CARGO_BIN_EXE_sordino");
        let args = ["-c", limited, "sh", sordino, "file", &input, "-o", &output, "-w", "0-1"];
        let mut command = Command::new("sh");
        command.args(args).args(["--threads", "1"]).stdin(Stdio::null());
        let done = command.output().unwrap();
        let said = stderr(&done);
        assert_eq!(done.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("error: "), "{name}: {said}");
        assert_eq!(folder.names(), [name.as_str()], "{said}");
    }
}
