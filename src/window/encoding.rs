//! The bytes of a file of windows as text.
//!
//! In: bytes. Out: the text and how it was written. What can go wrong: any other encoding than UTF-8 and
//! UTF-16, as an [`EncodingError`] that names the likely one. Nothing is guessed: in the wrong
//! encoding a label would be wrong, and a redacted transcript could not be written back.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// How the bytes of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// A file as text, without its byte-order mark.
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    #[cfg_attr(
        not(any(feature = "transcript", test)),
        expect(dead_code, reason = "to write transcripts back")
    )]
    pub(crate) encoding: Encoding,
    #[cfg_attr(
        not(any(feature = "transcript", test)),
        expect(dead_code, reason = "to write transcripts back")
    )]
    pub(crate) has_mark: bool,
}

/// Bytes that are neither UTF-8 nor UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the file is not UTF-8 at byte {byte}, it looks like {looks_like}; save it as text in UTF-8"
)]
pub struct EncodingError {
    /// The first byte that does not fit, counted from 0.
    pub byte: usize,
    /// What it probably is.
    pub looks_like: LooksLike,
}

/// What a file that is not UTF-8 probably is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LooksLike {
    /// Text of an older program for Windows.
    Windows1252,
    /// UTF-16 with a wrong or missing byte.
    Utf16,
    /// Text with four bytes for each character.
    Utf32,
    /// A ZIP archive, which spreadsheets (xlsx, ods) are.
    Spreadsheet,
    /// No text at all.
    Binary,
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Windows1252 => "Windows-1252",
            Self::Utf16 => "damaged UTF-16",
            Self::Utf32 => "UTF-32",
            Self::Spreadsheet => "a spreadsheet or another ZIP archive",
            Self::Binary => "a file without text",
        })
    }
}

/// Decodes UTF-8 and UTF-16, the latter with a byte-order mark or with a zero in the first two bytes.
///
/// # Errors
/// [`EncodingError`] for any other encoding.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, EncodingError> {
    let (encoding, mark) = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => return Err(LooksLike::Utf32.at(0)),
        [b'P', b'K', 3, 4, ..] => return Err(LooksLike::Spreadsheet.at(0)),
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16Little, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16Big, 2),
        [0, second, ..] if *second != 0 => (Encoding::Utf16Big, 0),
        [first, 0, ..] if *first != 0 => (Encoding::Utf16Little, 0),
        _ => (Encoding::Utf8, 0),
    };
    let body = bytes.get(mark..).unwrap_or_default();
    let text = match encoding {
        Encoding::Utf8 => {
            let text = std::str::from_utf8(body);
            Cow::Borrowed(text.map_err(|error| likely(body).at(mark + error.valid_up_to()))?)
        }
        Encoding::Utf16Little => Cow::Owned(utf16(body, u16::from_le_bytes)?),
        Encoding::Utf16Big => Cow::Owned(utf16(body, u16::from_be_bytes)?),
    };
    Ok(Decoded { text, encoding, has_mark: mark > 0 })
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, EncodingError> {
    let (pairs, rest) = body.as_chunks::<2>();
    let text = String::from_utf16(&pairs.iter().map(|&pair| unit(pair)).collect::<Vec<u16>>());
    text.ok().filter(|_| rest.is_empty()).ok_or(LooksLike::Utf16.at(0))
}

/// What bytes that are not UTF-8 are. Text has few control characters, and Windows-1252 leaves five
/// bytes undefined.
fn likely(bytes: &[u8]) -> LooksLike {
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let is_undefined = |byte: u8| matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D);
    if bytes.iter().any(|&byte| is_control(byte) || is_undefined(byte)) {
        LooksLike::Binary
    } else {
        LooksLike::Windows1252
    }
}

impl LooksLike {
    fn at(self, byte: usize) -> EncodingError {
        EncodingError { byte, looks_like: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_likely_encoding_is_named() {
        for (bytes, byte, looks_like) in [
            (&b"start;end;label\n1;2;Stra\xDFe\n"[..], 24, LooksLike::Windows1252),
            (b"\xEF\xBB\xBF1;2;\xDF", 7, LooksLike::Windows1252),
            (b"\xFF\xFE1\0;", 0, LooksLike::Utf16),
            (b"\xFF\xFE\x00\xD8", 0, LooksLike::Utf16),
            (b"\xFF\xFE\0\x001\0\0\0", 0, LooksLike::Utf32),
            (b"PK\x03\x04\x14\0", 0, LooksLike::Spreadsheet),
            (b"RIFF\x01\x02\xFF", 6, LooksLike::Binary),
            (b"1;2;\x81", 4, LooksLike::Binary),
        ] {
            let error = decode(bytes).map(|_| ()).unwrap_err();
            assert_eq!(error, EncodingError { byte, looks_like });
        }
        let error = decode(b"\xDF").map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the file is not UTF-8 at byte 0, it looks like Windows-1252; save it as text in UTF-8"
        );
    }

    proptest! {
        #[test]
        fn text_is_read_in_each_encoding(text in "[ -~]\\PC{0,20}") {
            let wide = |mark: &str, bytes: fn(u16) -> [u8; 2]| {
                mark.encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
            };
            let mark = "\u{feff}";
            for (bytes, encoding, has_mark) in [
                (text.as_bytes().to_vec(), Encoding::Utf8, false),
                ([mark, &text].concat().into_bytes(), Encoding::Utf8, true),
                (wide("", u16::to_le_bytes), Encoding::Utf16Little, false),
                (wide(mark, u16::to_le_bytes), Encoding::Utf16Little, true),
                (wide("", u16::to_be_bytes), Encoding::Utf16Big, false),
                (wide(mark, u16::to_be_bytes), Encoding::Utf16Big, true),
            ] {
                let decoded = decode(&bytes).unwrap();
                prop_assert_eq!((&*decoded.text, decoded.encoding), (&*text, encoding));
                prop_assert_eq!(decoded.has_mark, has_mark);
            }
        }
    }
}
