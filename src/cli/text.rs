//! Numbers in words, written the same way by all commands.

use std::fmt::Display;
use std::time::Duration;

/// `1 window`, `2 windows`.
pub(crate) fn count<N: TryInto<u64> + Display + Copy>(number: N, noun: &str) -> String {
    let plural = if number.try_into().is_ok_and(|number| number == 1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `12 ms`, `3.4 s`.
pub(crate) fn elapsed(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
