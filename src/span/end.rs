//! Checks of windows against the end of a recording.

use std::time::Duration;

use super::{frame_at, time_of};
use crate::error::Error;
use crate::window::{ClockTime, Window, Windows};

/// Windows of unknown unit are taken as seconds up to this median length. Real windows are shorter. A
/// word of 300 ms, read as 300 s, is longer.
const LONGEST_MEDIAN: Duration = Duration::from_secs(60);

/// Checks windows against the end of a recording of `frames` frames at `rate` Hz. Returns the padded and
/// merged windows that run over the end; of these, only the part before the end is redacted.
///
/// # Errors
/// [`Error::WindowPastEnd`] for a requested window that begins at or after the end. The check is on the
/// windows as asked, before padding and merging, which could hide such a window. [`Error::UnitUnknown`]
/// for a window that runs over the end and whose unit is not known.
pub fn cut_at_end(windows: &Windows, rate: u32, frames: u64) -> Result<Vec<Window>, Error> {
    if let Some(window) = over_end(of_unknown_unit(windows), rate, frames).next() {
        let (start, end) = (window.start().as_secs(), window.end().as_secs());
        let length = ClockTime(time_of(frames, rate));
        let reason =
            format!("{start}-{end} runs over the end of the recording, which lasts {length} s");
        return Err(Error::UnitUnknown { reason });
    }
    let past = |window: &&Window| frame_at(window.start(), rate) >= frames;
    if let Some(window) = windows.asked().iter().find(past) {
        let (window, length) = (window.to_string(), time_of(frames, rate));
        return Err(Error::WindowPastEnd { window, length });
    }
    Ok(over_end(windows, rate, frames).cloned().collect())
}

/// The check that is possible before the length of the recording is known.
///
/// # Errors
/// [`Error::UnitUnknown`] when the windows of a list may be in milliseconds, because their median length
/// in seconds is more than a minute.
pub fn check_without_length(windows: &Windows) -> Result<(), Error> {
    let mut lengths: Vec<_> =
        of_unknown_unit(windows).map(|window| window.end() - window.start()).collect();
    lengths.sort_unstable();
    if lengths.is_empty() {
        return Ok(());
    }
    // For an even count, the mean of the two in the middle.
    let median = (lengths[(lengths.len() - 1) / 2] + lengths[lengths.len() / 2]) / 2;
    if median > LONGEST_MEDIAN {
        let median = ClockTime(median);
        let reason = format!("their median length is {median}, more than a minute");
        return Err(Error::UnitUnknown { reason });
    }
    Ok(())
}

/// The windows whose unit the caller did not give.
fn of_unknown_unit(windows: &Windows) -> impl Iterator<Item = &Window> {
    windows.asked().iter().filter(|window| window.is_unit_unknown())
}

/// Those of `windows` that run over the end of a recording of `frames` frames at `rate` Hz.
pub fn over_end<'a>(
    windows: impl IntoIterator<Item = &'a Window>,
    rate: u32,
    frames: u64,
) -> impl Iterator<Item = &'a Window> {
    windows.into_iter().filter(move |window| frame_at(window.end(), rate) > frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{parse_flag, parse_list};

    /// Checks windows, in seconds, against a recording of 10 s at 8000 Hz.
    fn cut(list: &[(f64, f64)], pad_ms: u64) -> Result<Vec<String>, String> {
        let asked = list.iter().map(|&(start, end)| Window::from_seconds(start, end).unwrap());
        let windows = Windows::new(asked).unwrap().padded(Duration::from_millis(pad_ms));
        match cut_at_end(&windows, 8000, 80_000) {
            Ok(cut) => Ok(cut.iter().map(ToString::to_string).collect()),
            Err(Error::WindowPastEnd { window, .. }) => Err(window),
            Err(other) => panic!("{other}"),
        }
    }

    fn one(window: &str) -> Result<Vec<String>, String> {
        Ok(vec![window.into()])
    }

    #[test]
    fn a_window_past_the_end_is_an_error_and_one_over_the_end_is_cut() {
        assert_eq!(cut(&[(0.0, 10.0)], 0), Ok(vec![]));
        assert_eq!(cut(&[(9.0, 10.001)], 0), one("9-10.001"));
        assert_eq!(cut(&[(9.999_9, 11.0)], 0), one("9.9999-11"));
        assert_eq!(cut(&[(10.0, 11.0)], 0), Err("10-11".into()));
    }

    #[test]
    fn padding_does_not_bring_back_a_window_past_the_end() {
        for pad in [0, 100, 200, 5000] {
            assert_eq!(cut(&[(10.1, 11.0)], pad), Err("10.1-11".into()), "{pad} ms");
            assert_eq!(cut(&[(1.0, 2.0), (10.0, 11.0)], pad), Err("10-11".into()), "{pad} ms");
        }
        assert_eq!(cut(&[(9.5, 9.9)], 200), one("9.3-10.1"));
    }

    #[test]
    fn a_window_past_the_end_is_named_as_it_was_asked_for() {
        assert_eq!(cut(&[(9.0, 10.0), (10.0, 11.0)], 0), Err("10-11".into()), "touching");
        assert_eq!(cut(&[(1.0, 60.0), (40.0, 41.0)], 300), Err("40-41".into()), "overlapping");
    }

    fn listed(list: &str, flags: &[&str]) -> Windows {
        let flags = flags.iter().map(|text| parse_flag(text).unwrap());
        Windows::new(parse_list(list, "w", None).unwrap().into_iter().chain(flags)).unwrap()
    }

    #[test]
    fn whole_numbers_past_the_end_ask_for_their_unit() {
        let reason =
            |list: &str, flags: &[&str]| match cut_at_end(&listed(list, flags), 8000, 80_000) {
                Ok(cut) => format!("{} cut", cut.len()),
                Err(Error::UnitUnknown { reason }) => reason,
                Err(other) => other.to_string(),
            };
        let over =
            |window: &str| format!("{window} runs over the end of the recording, which lasts 10 s");
        assert_eq!(reason("[[1, 2], [2500, 3200]]", &[]), over("2500-3200"));
        assert_eq!(reason("[[1, 2], [9, 11]]", &[]), over("9-11"));
        assert_eq!(reason("[[1, 2], [9, 10]]", &[]), "0 cut");
        assert_eq!(reason("[[1.5, 2], [9, 11]]", &[]), "1 cut", "not all are whole");
        assert_eq!(reason("[[1, 2], [3, 4]]", &["9-11"]), "1 cut", "never for a flag");
        assert!(reason("[[1.5, 2], [2500, 3200]]", &[]).contains("begins after the end"));
    }

    #[test]
    fn whole_numbers_of_long_windows_ask_for_their_unit_before_the_length_is_known() {
        let asks = |list: &str, flags: &[&str]| {
            matches!(check_without_length(&listed(list, flags)), Err(Error::UnitUnknown { .. }))
        };
        assert!(asks("[[2500, 3200]]", &[]));
        assert!(asks("[[0, 61]]", &[]) && !asks("[[0, 60]]", &[]));
        assert!(asks("[[0, 10], [20, 131]]", &[]) && !asks("[[0, 10], [20, 130]]", &[]));
        assert!(
            asks("[[0, 10], [20, 81], [0, 99]]", &[]) && !asks("[[0, 10], [20, 80], [0, 99]]", &[])
        );
        assert!(!asks("[[0.5, 61], [100, 900]]", &[]), "not all are whole");
        assert!(!asks("[[0, 1]]", &["0-500", "0-600"]), "never for a flag");
    }

    #[test]
    fn windows_past_the_end_are_reported_as_asked() {
        let asked = [(1.0, 2.0), (9.0, 10.002), (9.5, 9.9)]
            .map(|(start, end)| Window::from_seconds(start, end).unwrap());
        let windows = Windows::new(asked).unwrap().padded(Duration::from_millis(200));
        let over: Vec<_> = over_end(windows.asked(), 8000, 80_000).map(|w| w.to_string()).collect();
        assert_eq!(over, ["9-10.002"]);
    }
}
