//! The escapes of JSON strings, and the bytes that each character takes.

use std::ops::Range;

/// A text with its escapes resolved.
pub(super) fn unescape(inner: &str) -> String {
    characters(inner).map(|(c, _)| c).collect()
}

/// The characters of the content of a JSON string with the bytes that each takes. Halves of
/// surrogate pairs without their other half become U+FFFD.
pub(in super::super) fn characters(inner: &str) -> impl Iterator<Item = (char, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = inner.get(at..)?;
        let first = rest.chars().next()?;
        let (c, length) = if first == '\\' { escaped(rest) } else { (first, first.len_utf8()) };
        let place = at..at + length;
        at += length;
        Some((c, place))
    })
}

/// The character of the escape at the beginning of `rest`, and how many bytes it takes.
fn escaped(rest: &str) -> (char, usize) {
    let unit = |from: usize| {
        let is_unit = rest.get(from..from + 2) == Some("\\u");
        rest.get(from + 2..from + 6)
            .filter(|_| is_unit)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    if let Some(high) = unit(0) {
        if (0xD800..0xDC00).contains(&high)
            && let Some(low) = unit(6).filter(|low| (0xDC00..0xE000).contains(low))
        {
            let joined = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return (char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
        }
        return (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
    }
    let Some(second) = rest.chars().nth(1) else { return ('\\', 1) };
    let c = match second {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    };
    (c, 1 + second.len_utf8())
}
