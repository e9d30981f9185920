//! Times as the API writes them: ISO 8601 in UTC with milliseconds.

use std::time::{Duration, SystemTime};

/// A time as the API writes it.
pub(super) fn iso(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// Reads a time: with `Z`, with an offset such as `+01:00`, or without, which is UTC.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    // Behind the date, in which `-` is no sign.
    let sign = text.get(10..)?.find(['+', '-']).map(|at| at + 10);
    let (local, offset) = text.split_at(sign.unwrap_or(text.len()));
    let time = humantime::parse_rfc3339_weak(local).ok()?;
    let Some(ahead) = offset.strip_prefix('+').or(offset.strip_prefix('-')) else {
        return Some(time);
    };
    let (hours, minutes) = ahead.split_once(':')?;
    let offset_by = hours.parse::<u64>().ok()? * 3600 + minutes.parse::<u64>().ok()? * 60;
    let offset_by = Duration::from_secs(offset_by);
    if offset.starts_with('+') { time.checked_sub(offset_by) } else { time.checked_add(offset_by) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset() {
        let noon = "2026-01-01T12:00:00.000Z";
        for text in [
            noon,
            "2026-01-01T12:00:00Z",
            "2026-01-01T12:00:00",
            "2026-01-01T12:00:00+00:00",
            "2026-01-01T13:30:00+01:30",
            "2025-12-31T22:00:00-14:00",
        ] {
            assert_eq!(parse(text).map(iso).as_deref(), Some(noon), "{text}");
        }
        for text in ["", "tomorrow", "2026-01-01", "2026-01-01T12:00:00+", "2026-01-01T12:00:00+1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
