//! Windows against the end of a recording.

use super::{frame_at, time_of};
use crate::error::Error;
use crate::window::{Window, Windows};

/// The windows, widened and merged, that run over the end of a recording of `frames` frames, and are
/// cut there.
///
/// # Errors
/// [`Error::WindowPastEnd`] for a window that, as it was asked for, begins at or after the end.
/// Padding does not bring it back, and it is not hidden by the window it was merged into.
pub fn cut_at_end(windows: &Windows, rate: u32, frames: u64) -> Result<Vec<Window>, Error> {
    let past = |window: &&Window| frame_at(window.start(), rate) >= frames;
    if let Some(window) = windows.asked().iter().find(past) {
        let (window, length) = (window.to_string(), time_of(frames, rate));
        return Err(Error::WindowPastEnd { window, length });
    }
    Ok(over_end(windows, rate, frames).cloned().collect())
}

/// Those of these windows that run over the end of a recording of `frames` frames.
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
    use std::time::Duration;

    /// What becomes of windows, in seconds, in a recording of 10 s at 8000 Hz.
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

    #[test]
    fn windows_over_the_end_are_told_as_asked() {
        let asked = [(1.0, 2.0), (9.0, 10.002), (9.5, 9.9)]
            .map(|(start, end)| Window::from_seconds(start, end).unwrap());
        let windows = Windows::new(asked).unwrap().padded(Duration::from_millis(200));
        let over: Vec<_> = over_end(windows.asked(), 8000, 80_000).map(|w| w.to_string()).collect();
        assert_eq!(over, ["9-10.002"]);
    }
}
