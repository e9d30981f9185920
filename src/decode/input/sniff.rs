//! Format detection by the first bytes.
//!
//! In: the first bytes of the format. Out: a [`Container`]. Errors: the bytes belong to an unsupported
//! format, or are not a recording; the error names what they are, if that can be recognised.

use file_format::{FileFormat, Kind};

use crate::decode::format::Container;
use crate::decode::names;
use crate::error::Error;

/// The first four bytes of every Matroska file.
const EBML: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

/// GUID of the outermost chunk of W64.
const W64: &[u8; 16] = b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";

/// Offset of the first packet of an Ogg file: the first page holds one packet, so its header has
/// 27 bytes and one segment size (RFC 3533, 6).
const FIRST_PACKET: usize = 28;

/// Bytes of a GSM 6.10 frame; each begins with the four bits 0xD.
const GSM_FRAME: usize = 33;

/// Number of frames that must look like GSM: random bytes do so with a chance of 2^-40.
const GSM_FRAMES: usize = 10;

/// Detects the container of a recording from its first bytes.
///
/// # Errors
/// [`Error::Foreign`] with the name of the format; [`Error::UnknownFormat`].
pub(in crate::decode) fn container(head: &[u8]) -> Result<Container, Error> {
    let form = head.get(8..12);
    Ok(match head {
        [b'R', b'I', b'F', b'F' | b'X', ..]
        | [b'R', b'F', b'6', b'4', ..]
        | [b'B', b'W', b'6', b'4', ..]
            if form == Some(b"WAVE") =>
        {
            Container::Wav
        }
        [b'F', b'O', b'R', b'M', ..] if matches!(form, Some(b"AIFF" | b"AIFC")) => Container::Aiff,
        _ if head.starts_with(W64) => Container::W64,
        // DEC's variant of AU is little-endian.
        [b'.', b's', b'n', b'd', ..] | [b'd', b'n', b's', b'.', ..] => Container::Au,
        [b'c', b'a', b'f', b'f', ..] => Container::Caf,
        [b'f', b'L', b'a', b'C', ..] => Container::Flac,
        [b'O', b'g', b'g', b'S', ..] if !is_speex(head) => Container::Ogg,
        _ if head.starts_with(&EBML) => Container::Matroska,
        _ if is_mp4(head) => Container::Mp4,
        // ADTS has the sync bits of MPEG audio and layer 0, which MPEG audio reserves.
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Container::Adts,
        [0xFF, second, ..] if second & 0xE0 == 0xE0 && second & 0x06 != 0 => Container::Mpeg,
        _ => return Err(foreign(head)),
    })
}

/// Whether a file of this format must be seekable, because its index may come after its audio.
pub(in crate::decode) fn needs_seeking(head: &[u8]) -> bool {
    matches!(container(head), Ok(Container::Mp4 | Container::Caf))
}

/// Usual first boxes of an MP4 or QuickTime file.
const FIRST: [&[u8; 4]; 6] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"];

/// Rare first boxes, which need a plausible size too.
const EARLY: [&[u8; 4]; 8] =
    [b"styp", b"pdin", b"uuid", b"sidx", b"moof", b"emsg", b"prft", b"pnot"];

/// Whether these are the first bytes of an MP4 or QuickTime file. An unknown first box is skipped if
/// the next one begins in these bytes.
fn is_mp4(head: &[u8]) -> bool {
    let Some((size, rest)) = head.split_first_chunk() else { return false };
    let Some(kind) = rest.first_chunk() else { return false };
    if FIRST.contains(&kind) {
        return true;
    }
    let size = u32::from_be_bytes(*size);
    // Size 1 means that a 64-bit size follows the type (ISO/IEC 14496-12, 4.2).
    let plausible = size == 1 || (8..1 << 24).contains(&size);
    if !plausible || !kind.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return false;
    }
    let next = match size {
        1 => head.get(8..16).and_then(|size| size.try_into().ok()).map_or(0, u64::from_be_bytes),
        size => size.into(),
    };
    let next = usize::try_from(next).ok().filter(|&next| next >= 8);
    EARLY.contains(&kind) || next.and_then(|next| head.get(next..)).is_some_and(is_mp4)
}

/// Whether the first packet of an Ogg file is a Speex header.
fn is_speex(head: &[u8]) -> bool {
    head.get(FIRST_PACKET..).is_some_and(|packet| packet.starts_with(b"Speex   "))
}

/// The error for an unsupported file.
fn foreign(head: &[u8]) -> Error {
    let refused = |what: String, advice: &str| Error::Foreign { what, advice: advice.into() };
    if head.starts_with(b"OggS") {
        return names::not_decoded("an Ogg with Speex");
    }
    if head.starts_with(b"NIST_1A") {
        return names::not_decoded("a NIST SPHERE file (SPH)");
    }
    if is_gsm(head) {
        let what = "GSM 6.10 without a header, which sordino does not decode".into();
        return refused(what, "convert it first, for example with `ffmpeg -f gsm -i IN OUT.wav`");
    }
    if head.len() >= 8 && head.iter().all(|&byte| byte == 0) {
        return refused("zeros in place of a recording".into(), "was it ever written?");
    }
    let format = FileFormat::from_bytes(head);
    match format.kind() {
        _ if format == FileFormat::AdvancedSystemsFormat => {
            names::not_decoded("Windows Media (ASF, WMA)")
        }
        _ if matches!(format, FileFormat::PcapDump | FileFormat::PcapNextGenerationDump) => {
            refused(name(format), "export the calls in it as WAV first, as with Wireshark")
        }
        _ if matches!(format, FileFormat::PgpMessage | FileFormat::AgeEncryption) => {
            refused(name(format), "decrypt it first")
        }
        _ if format == FileFormat::Realmedia => names::not_decoded("RealMedia"),
        Kind::Audio | Kind::Video => names::not_decoded(&name(format)),
        // A WAV or AIFF header that is cut off.
        _ if head.starts_with(b"RIFF") || head.starts_with(b"FORM") => Error::UnknownFormat,
        // Error pages of web servers are text, whatever `file_format` takes them for.
        _ if is_text(head) => refused(text(head).into(), "did the download fail?"),
        Kind::Archive | Kind::Compressed => {
            refused(format!("{}, not a recording", name(format)), "unpack it first")
        }
        Kind::Image | Kind::Document => {
            refused(format!("{}, not a recording", name(format)), "is this the right file?")
        }
        // Other signatures are short, so headerless samples may match them by chance.
        _ => Error::UnknownFormat,
    }
}

/// Name of a format, with its short name first if there is one.
fn name(format: FileFormat) -> String {
    match format.short_name() {
        Some(short) => format!("{short} ({})", format.name()),
        None => format.name().to_owned(),
    }
}

/// Whether these bytes are consecutive GSM 6.10 frames.
fn is_gsm(head: &[u8]) -> bool {
    let frames = || head.chunks_exact(GSM_FRAME);
    frames().len() >= GSM_FRAMES && frames().all(|frame| frame[0] >> 4 == 0xD)
}

/// Whether these bytes are the beginning of a UTF-8 text.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{C}');
    !text.is_empty() && !text.contains(is_control)
}

/// Kind of text that begins with these bytes.
fn text(head: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(head).trim_start_matches('\u{FEFF}').to_ascii_lowercase();
    let text = text.trim_start();
    match text.as_bytes() {
        _ if text.contains("<html") || text.starts_with("<!doctype html") => {
            "an HTML page, not a recording"
        }
        [b'<', ..] => "an XML document, not a recording",
        [b'{' | b'[', ..] => "JSON, not a recording",
        _ => "a text, not a recording",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(head: &[u8]) -> String {
        container(head).unwrap_err().to_string()
    }

    #[test]
    fn unsupported_formats_are_named() {
        let padded = |magic: &[u8]| [magic, &[0x11; 600]].concat();
        let mut transport = vec![0x11; 600];
        (0..600).step_by(188).for_each(|packet| transport[packet] = 0x47);
        let gsm = [[0xD5; 1].as_slice(), &[0x37; 32]].concat().repeat(17);
        let speex = [b"OggS".as_slice(), &[0; 24], b"Speex   1.2"].concat();
        let asf = b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
        for (head, name) in [
            (b"#!AMR\n".to_vec(), "AMR"),
            (padded(b"#!AMR-WB\n"), "AMR"),
            (padded(asf), "WMA"),
            (padded(b".RMF\0\0\0\x12"), "RealMedia"),
            (padded(b"FLV\x01"), "FLV"),
            (padded(b"RIFF\x11\x11\x11\x11AVI "), "AVI"),
            (transport, "MPEG-2 Transport Stream"),
            (padded(b"NIST_1A\n   1024\n"), "SPH"),
            (padded(b"wvpk"), "WavPack"),
            (speex, "Speex"),
            (gsm, "GSM 6.10"),
        ] {
            let message = refusal(&head);
            assert!(message.contains(name) && message.contains("convert it first"), "{message}");
        }
    }

    #[test]
    fn files_that_are_not_recordings_are_named() {
        for (head, name, advice) in [
            (b"  \n<!DOCTYPE html><title>403".as_slice(), "an HTML page", "download"),
            (b"\xEF\xBB\xBF<HTML>", "an HTML page", "download"),
            (b"<?xml version='1.0'?><Error>", "an XML document", "download"),
            (b"{\"message\": \"expired\"}", "JSON", "download"),
            ("Zugriff verweigert, f\u{FC}r immer".as_bytes(), "a text", "download"),
            (b"PK\x03\x04\x14\0\x09\0\x08\0secret", "ZIP", "unpack"),
            (b"\x1F\x8B\x08\0\0\0\0\0", "gzip", "unpack"),
            (b"age-encryption.org/v1\n-> X25519", "age", "decrypt"),
            (b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0", "PCAP", "Wireshark"),
            (b"%PDF-1.7\n%\xE2\xE3\xCF\xD3", "PDF", "right file"),
            (b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", "PNG", "right file"),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "JPEG", "right file"),
            (&[0; 500], "zeros in place", "ever written"),
        ] {
            let message = refusal(head);
            assert!(message.contains(name) && message.contains(advice), "{name}: {message}");
        }
        for head in [b"RIFF".as_slice(), b"RIFF\x01", &[0; 3], b"\x01\x02\x03\x04", b"\xFF"] {
            assert!(matches!(container(head), Err(Error::UnknownFormat)), "{head:?}");
        }
    }

    #[test]
    fn an_mp4_may_begin_with_any_box() {
        let boxed = |size: u32, kind: &[u8]| [&size.to_be_bytes(), kind, &[9; 40]].concat();
        for kind in FIRST.iter().chain(&EARLY) {
            assert!(is_mp4(&boxed(48, *kind)), "{}", kind.escape_ascii());
        }
        let unknown = [boxed(48, b"wxyz"), boxed(48, b"ab12"), boxed(48, b"ftyp")].concat();
        assert!(is_mp4(&unknown));
        assert!(!is_mp4(&unknown[..96]), "nothing known is in sight");
        assert!(!is_mp4(&unknown[1..]));
        let long =
            [boxed(1, b"wxyz")[..8].to_vec(), 16u64.to_be_bytes().to_vec(), boxed(48, b"moov")];
        assert!(is_mp4(&long.concat()));
        for other in [b"Dear uuid readers".as_slice(), b"\0\0\0\x07ftyq", b"", b"\0\0\0\x01wxyz"] {
            assert!(!is_mp4(other), "{}", other.escape_ascii());
        }
    }
}
