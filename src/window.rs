//! Windows: the passages to mute, as start and end times.
//!
//! In: `-w` arguments, JSON, tables, or [`Window`]s made by a program. Out: [`Windows`]: sorted, merged and
//! not empty, except for [`Windows::none`], which only a caller who means it makes. Errors: an invalid
//! window, as a [`WindowError`] that says where it is and how to correct it.
//!
//! Times here are exact nanoseconds; `Span::covering` turns a window into frames.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

pub(crate) mod encoding;
mod flag;
mod list;
mod set;
mod time;

pub use encoding::{EncodingError, LooksLike};
pub use flag::parse_flag;
pub use list::{parse_list, parse_list_bytes};
pub use set::Windows;
#[cfg(feature = "transcript")]
pub(crate) use time::iso_fields;
pub use time::{ClockTime, TimeError, Unit, parse_time, seconds, time_from_seconds};

/// One passage to mute: the closed interval from `start` to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    start: Duration,
    end: Duration,
    channel: Option<u16>,
    label: Option<String>,
    reason: Option<String>,
    /// By how much it is widened before its start and after its end.
    pad: (Duration, Duration),
    /// Whether it comes from a list whose times are all whole numbers without a unit.
    is_unit_unknown: bool,
}

impl Window {
    /// The end of a window that lasts to the end of the recording. No recording is as long: 136 years.
    pub const TO_THE_END: Duration = Duration::from_secs(u32::MAX as u64);

    /// A window over all channels, from `start` to `end` inclusive.
    ///
    /// # Errors
    /// [`WindowProblem::EndNotAfterStart`] unless `end` is later than `start`.
    pub fn new(start: Duration, end: Duration) -> Result<Self, WindowProblem> {
        if end <= start {
            return Err(WindowProblem::EndNotAfterStart { start, end });
        }
        let (channel, label, reason) = (None, None, None);
        let pad = (Duration::ZERO, Duration::ZERO);
        Ok(Self { start, end, channel, label, reason, pad, is_unit_unknown: false })
    }

    /// A window over all channels, from `start` to the end of the recording, however long it is.
    ///
    /// # Errors
    /// [`WindowProblem::EndNotAfterStart`] for a start after [`Window::TO_THE_END`].
    pub fn to_the_end(start: Duration) -> Result<Self, WindowProblem> {
        Self::new(start, Self::TO_THE_END)
    }

    /// A window over all channels, from seconds; exact to the nanosecond.
    ///
    /// # Errors
    /// [`WindowProblem`] when a number is negative or not finite, or `end` is not later than `start`.
    pub fn from_seconds(start: f64, end: f64) -> Result<Self, WindowProblem> {
        Self::new(time_from_seconds(start)?, time_from_seconds(end)?)
    }

    /// The same window on one channel only; channels count from 0.
    #[must_use]
    pub fn on_channel(mut self, channel: u16) -> Self {
        self.channel = Some(channel);
        self
    }

    /// The same window with a label such as `card number`. Labels are shown on screen and written to
    /// the receipt: put no transcript text into them.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same window with a reason for the redaction, such as `PCI DSS 3.3.1`. Reasons are written
    /// to the receipt, like labels.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same window, widened by `before` and `after` in addition to the padding that it has.
    #[must_use]
    pub fn padded(mut self, before: Duration, after: Duration) -> Self {
        self.pad = (self.pad.0.saturating_add(before), self.pad.1.saturating_add(after));
        self
    }

    /// The padding before the start and after the end.
    pub fn pad(&self) -> (Duration, Duration) {
        self.pad
    }

    /// Whether it lasts to the end of the recording.
    pub fn is_to_the_end(&self) -> bool {
        self.end >= Self::TO_THE_END
    }

    /// The window with its padding as part of its times. The start stops at 0.
    fn extent(&self) -> Self {
        let (before, after) = self.pad;
        Self {
            start: self.start.saturating_sub(before),
            end: self.end.saturating_add(after).min(Self::TO_THE_END.max(self.end)),
            pad: (Duration::ZERO, Duration::ZERO),
            ..self.clone()
        }
    }

    /// Start of the window without its padding, from the beginning of the recording.
    pub fn start(&self) -> Duration {
        self.start
    }

    /// End of the window without its padding; this instant is still inside.
    pub fn end(&self) -> Duration {
        self.end
    }

    /// The only channel to mute, counted from 0; `None` means all channels.
    pub fn channel(&self) -> Option<u16> {
        self.channel
    }

    /// Name of the window, such as `card number`.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Reason for the redaction.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether its times were read as seconds but may be milliseconds: every time in its list is a
    /// whole number without a unit, and [`parse_list`] got no [`Unit`].
    pub fn is_unit_unknown(&self) -> bool {
        self.is_unit_unknown
    }

    /// The same window on all channels.
    #[cfg(feature = "genesys")]
    pub(crate) fn on_all_channels(&self) -> Self {
        Self { channel: None, ..self.clone() }
    }

    /// Whether `next` is after this window in the order of [`Windows`], without touching it.
    fn is_before(&self, next: &Self) -> bool {
        self.channel < next.channel || (self.channel == next.channel && self.end < next.start)
    }

    /// Merges `next` into this window if both are for the same channels and they touch. `next` must
    /// not start earlier.
    fn absorb(&mut self, next: &Window) -> bool {
        if next.channel != self.channel || next.start > self.end {
            return false;
        }
        self.end = self.end.max(next.end);
        join(&mut self.label, next.label.as_ref());
        join(&mut self.reason, next.reason.as_ref());
        true
    }
}

/// Appends a label or reason, unless it is one of the joined parts already.
fn join(mine: &mut Option<String>, other: Option<&String>) {
    match (mine, other) {
        (Some(mine), Some(other)) if !mine.split(" + ").any(|part| part == other) => {
            mine.push_str(" + ");
            mine.push_str(other);
        }
        (mine @ None, Some(other)) => *mine = Some(other.clone()),
        _ => {}
    }
}

impl fmt::Display for Window {
    /// The syntax of `-w`, without the label.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", ClockTime(self.start))?;
        if !self.is_to_the_end() {
            write!(f, "{}", ClockTime(self.end))?;
        }
        match self.channel {
            Some(channel) => write!(f, "@{channel}"),
            None => Ok(()),
        }
    }
}

/// An invalid window, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct WindowError {
    /// The flag, the file with its line, or the file with its index.
    pub place: String,
    /// What is wrong and how to correct it.
    pub problem: WindowProblem,
}

/// What can be wrong with a window.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WindowProblem {
    /// The window is inverted or has no length.
    #[error(
        "the window {}-{} does not end after it starts; write START-END with the later time last, such as 10-15",
        ClockTime(*.start),
        ClockTime(*.end)
    )]
    EndNotAfterStart {
        /// The start as given.
        start: Duration,
        /// The end as given.
        end: Duration,
    },
    /// An invalid time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No `-` between two times.
    #[error("`{0}` is not a window; write START-END, START-END@CHANNEL or START-END=LABEL")]
    NotAWindow(String),
    /// One time such as `10:15` in place of a window.
    #[error(
        "`{text}` is one time, not a window; `-` separates start and end: did you mean {hint}?"
    )]
    ColonForDash {
        /// The times as given.
        text: String,
        /// The same with `-` in place of one `:`.
        hint: String,
    },
    /// A channel that is not a number from 0 to 65535.
    #[error("`{0}` is not a channel; channels are numbers that count from 0")]
    NotAChannel(String),
    /// A list without windows.
    #[error("there is no window; give at least one, as -w START-END or in a file with --windows")]
    NoWindows,
    /// A file in another encoding than UTF-8 and UTF-16.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// JSON or CSV without the expected structure.
    #[error("{0}")]
    Shape(String),
}

impl WindowProblem {
    /// The problem together with its place.
    pub(crate) fn at(self, place: impl Into<String>) -> WindowError {
        WindowError { place: place.into(), problem: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(start: u64, end: u64) -> Window {
        Window::new(Duration::from_secs(start), Duration::from_secs(end)).unwrap()
    }

    #[test]
    fn overlapping_and_touching_windows_merge_and_keep_their_labels() {
        let windows = Windows::new([
            window(20, 30).labelled("expiry"),
            window(5, 10).labelled("card"),
            window(10, 12).labelled("code"),
            window(11, 15).labelled("card"),
        ])
        .unwrap();
        let shown: Vec<_> = windows.iter().map(|w| (w.to_string(), w.label())).collect();
        assert_eq!(shown, [("5-15".into(), Some("card + code")), ("20-30".into(), Some("expiry"))]);
    }

    /// `Windows::new` keeps a list that is sorted and merged already; these lists are not.
    #[test]
    fn touching_windows_in_order_merge_and_channels_are_sorted() {
        let shown = |windows: [Window; 2]| {
            let windows = Windows::new(windows).unwrap();
            windows.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown([window(5, 10), window(10, 12)]), ["5-12"]);
        assert_eq!(shown([window(5, 10), window(11, 12)]), ["5-10", "11-12"]);
        let by_channel = [window(1, 2).on_channel(1), window(5, 6).on_channel(0)];
        assert_eq!(shown(by_channel), ["5-6@0", "1-2@1"]);
    }

    #[test]
    fn windows_of_different_channels_stay_apart() {
        let windows =
            Windows::new([window(1, 5), window(2, 6).on_channel(1), window(3, 4).on_channel(0)]);
        assert_eq!(windows.unwrap().len(), 3);
    }

    #[test]
    fn padding_widens_stops_at_zero_and_merges() {
        let windows = Windows::new([window(1, 5), window(8, 9)]).unwrap();
        let padded = windows.padded(Duration::from_secs(2));
        let shown: Vec<_> = padded.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["0-11"]);
    }

    #[test]
    fn an_invalid_window_is_an_error() {
        let second = Duration::from_secs(1);
        assert!(matches!(Window::new(second, second), Err(WindowProblem::EndNotAfterStart { .. })));
        assert!(matches!(
            Window::from_seconds(15.0, 10.0),
            Err(WindowProblem::EndNotAfterStart { .. })
        ));
        assert!(Window::from_seconds(f64::NAN, 1.0).is_err());
        assert!(Window::from_seconds(-1.0, 1.0).is_err());
        assert_eq!(Windows::new([]).unwrap_err().problem, WindowProblem::NoWindows);
    }

    proptest! {
        #[test]
        fn merged_windows_cover_the_same_instants(
            pairs in prop::collection::vec((0u64..200, 1u64..30, 0u16..3), 1..40)
        ) {
            let asked: Vec<Window> = pairs
                .iter()
                .map(|&(start, length, channel)| {
                    let window = window(start, start + length);
                    if channel == 0 { window } else { window.on_channel(channel) }
                })
                .collect();
            let merged = Windows::new(asked.clone()).unwrap();
            // Half seconds distinguish touching windows from windows with a gap between them.
            let covered = |windows: &[Window], half: u64, channel: Option<u16>| {
                let at = Duration::from_millis(half * 500);
                windows.iter().any(|w| w.channel == channel && w.start <= at && at <= w.end)
            };
            for half in 0..480 {
                for channel in [None, Some(1), Some(2)] {
                    prop_assert_eq!(
                        covered(&asked, half, channel),
                        covered(&merged.merged, half, channel)
                    );
                }
            }
            for pair in merged.merged.windows(2) {
                prop_assert!(pair[0].channel < pair[1].channel || pair[0].end < pair[1].start);
            }
        }
    }
}
