//! Numbers in words, written the same way by all commands.

use std::fmt::Display;
use std::time::Duration;

/// `1 window`, `2 windows`.
pub(crate) fn count<N: TryInto<u64> + Display + Copy>(number: N, noun: &str) -> String {
    let plural = if number.try_into().is_ok_and(|number| number == 1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A level in dB below full scale; `level` is linear, full scale being 1.
pub(crate) fn decibel(level: f64) -> String {
    if level > 0.0 { format!("{:.1}", 20.0 * level.log10()) } else { "-inf".into() }
}

/// `12 ms`, `3.4 s`.
pub(crate) fn elapsed(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// A level in dB below full scale as JSON writes it, to a hundredth; `None` for digital silence.
pub(crate) fn decibel_value(level: f64) -> Option<f64> {
    (level > 0.0).then(|| (2000.0 * level.log10()).round() / 100.0)
}
