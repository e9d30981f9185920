//! HE-AAC: its core alone is half of what was said, at half the rate. It is refused, whoever tells.

use crate::elementary::{muted, seed};
use crate::support::*;

/// The bits of bytes, the highest first.
fn bits(bytes: &[u8]) -> Vec<bool> {
    bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect()
}

/// An ADTS stream whose packets get what `more` holds, as bits, before their end.
fn with_elements(adts: &[u8], more: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), adts);
    while !rest.is_empty() {
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3;
        let (frame, later) = rest.split_at(length | usize::from(rest[5] >> 5));
        let (header, packet) = frame.split_at(7);
        let mut packet = bits(packet);
        // The end is three ones; zeros fill the last byte.
        packet.truncate(packet.iter().rposition(|&bit| bit).unwrap() - 2);
        packet.extend(more.bytes().filter(|bit| *bit != b' ').map(|bit| bit == b'1'));
        packet.extend([true; 3]);
        let byte =
            |bits: &[bool]| bits.iter().zip(0..).map(|(&bit, at)| u8::from(bit) << (7 - at)).sum();
        let packet: Vec<u8> = packet.chunks(8).map(byte).collect();
        let (mut header, length) = (header.to_vec(), packet.len() + 7);
        header[3] = header[3] & !3 | (length >> 11) as u8;
        header[4] = (length >> 3) as u8;
        header[5] = header[5] & 0x1F | (length << 5) as u8;
        out.extend([header, packet].concat());
        rest = later;
    }
    out
}

#[test]
fn he_aac_is_refused_by_what_is_in_its_packets() {
    let adts = seed("adts.aac");
    let whole = muted(adts.clone()).unwrap();
    let payload = "10100101".repeat(11);
    let filling = format!("110 1011 {payload}");
    let long = format!("110 1111 00000100 1101{}", "01101001".repeat(18).split_at(4).1);
    let sbr = format!("110 1011 1101{}", payload.split_at(4).1);
    let checked = format!("110 1011 1110{}", payload.split_at(4).1);
    // Filling is none, nor is other data that stands where SBR would.
    for more in ["", &filling, "110 0000", &format!("110 0001 00001101 {filling}")] {
        assert!(muted(with_elements(&adts, more)).unwrap() == whole, "{more}");
    }
    let data = "100 0000 0 00000001 01010101";
    for more in
        [&sbr, &checked, &long, &format!("{sbr}{filling}{filling}"), &format!("{sbr}{data}")]
    {
        let error = muted(with_elements(&adts, more)).unwrap_err().to_string();
        assert!(
            error.contains("HE-AAC, which sordino does not decode; convert it first"),
            "{more}: {error}"
        );
    }
}

/// The header of an MP4 may declare it; where it does not, the packets are what they are.
#[test]
fn he_aac_is_refused_in_other_containers_too() {
    let mut declared = fixture_bytes("call.m4a");
    let core = [0x15, 0x90, 0x56, 0xE5, 0x00];
    let at = declared.windows(5).rposition(|here| here == core).unwrap();
    declared[at + 4] = 0x98;
    let mut all = vec![("declared.m4a", declared)];
    if installed("ffmpeg") {
        let folder = Folder::new();
        let sbr = format!("110 1011 1101{}", "10100101".repeat(11).split_at(4).1);
        let adts = folder.write("he.aac", &with_elements(&seed("adts.aac"), &sbr));
        for name in ["he.m4a", "he.mka"] {
            let path = folder.path(name);
            ffmpeg(["-i", &adts, "-c", "copy", "-bsf:a", "aac_adtstoasc", &path]);
            all.push((name, std::fs::read(path).unwrap()));
        }
    }
    for (name, bytes) in all {
        let error = muted(bytes).unwrap_err().to_string();
        assert!(
            error.contains("HE-AAC, which sordino does not decode; convert it first"),
            "{name}: {error}"
        );
    }
}
