//! The comment header (RFC 7845, 5.2).

use super::Refusal;

const MAGIC: &[u8] = b"OpusTags";

/// The most bytes of the name of an encoder. More is no name.
const LONGEST_VENDOR: usize = 255;

/// The header with the name of the encoder and nothing else: a comment may say anything.
///
/// # Errors
/// The packet is no comment header.
pub(crate) fn bare(packet: &[u8]) -> Result<Vec<u8>, Refusal> {
    let rest = packet.strip_prefix(MAGIC).ok_or("an Ogg Opus without a comment header")?;
    let vendor = rest
        .split_first_chunk()
        .and_then(|(&length, rest)| rest.get(..usize::try_from(u32::from_le_bytes(length)).ok()?));
    let vendor = vendor.ok_or("a comment header of Opus that is cut off")?;
    if vendor.len() > LONGEST_VENDOR {
        return Err("an Ogg Opus whose encoder has a name of more than 255 bytes");
    }
    let length = &rest[..size_of::<u32>()];
    Ok([MAGIC, length, vendor, &[0; 4]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_alone_stays_in_the_comment_header() {
        let bare_one = b"OpusTags\x03\0\0\0lib\0\0\0\0";
        let full = b"OpusTags\x03\0\0\0lib\x01\0\0\0\x06\0\0\0PAN=41 and padding";
        assert_eq!(bare(full).as_deref(), Ok(&bare_one[..]));
        assert_eq!(bare(bare_one).as_deref(), Ok(&bare_one[..]));
        for packet in [&b"OpusTags"[..], b"OpusTags\x03\0\0\0li", b"\x03vorbis", b""] {
            assert!(bare(packet).is_err());
        }
        let long = [b"OpusTags\0\x01\0\0", [b'n'; 256].as_slice(), &[0; 4]].concat();
        assert!(bare(&long).is_err());
    }
}
