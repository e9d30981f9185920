//! The argument of `-w`: `START-END[@CHANNEL][=LABEL]`; without END, to the end of the recording.

use std::time::Duration;

use super::{Window, WindowError, WindowProblem, parse_time};

/// Parses one `-w` argument. Errors name the argument as their place.
///
/// # Errors
/// [`WindowError`] when the text is not a valid window.
///
/// ```
/// let window = sordino::window::parse_flag("30.5-35.2@1=card number")?;
/// assert_eq!(window.channel(), Some(1));
/// assert_eq!(window.label(), Some("card number"));
/// # Ok::<(), sordino::window::WindowError>(())
/// ```
pub fn parse_flag(text: &str) -> Result<Window, WindowError> {
    let mut time = |text: &str| Ok(parse_time(text)?);
    parse_with(text, &mut time).map_err(|problem| problem.at(format!("-w {text}")))
}

/// Like [`parse_flag`]; `time` reads the times.
pub(super) fn parse_with(
    text: &str,
    time: &mut impl FnMut(&str) -> Result<Duration, WindowProblem>,
) -> Result<Window, WindowProblem> {
    let (place, label) = match text.split_once('=') {
        Some((place, label)) => (place, Some(label.trim())),
        None => (text, None),
    };
    let (times, channel) = match place.split_once('@') {
        Some((times, channel)) => (times, Some(parse_channel(channel)?)),
        None => (place, None),
    };
    // A leading minus is a negative time, not an empty one.
    if let Some(rest) = times.trim().strip_prefix('-') {
        time(&format!("-{}", rest.split('-').next().unwrap_or(rest)))?;
    }
    let (start, end) = times.split_once('-').ok_or_else(|| not_a_window(text, times))?;
    let mut window = match end.trim() {
        "" => Window::to_the_end(time(start)?)?,
        end => Window::new(time(start)?, time(end)?)?,
    };
    window.channel = channel;
    window.label = label.filter(|label| !label.is_empty()).map(str::to_owned);
    Ok(window)
}

/// The problem with a text without `-`. In `10:15` and `1:30:1:45` a `:` may stand for it: the one
/// nearest to the middle that leaves a start and a later end.
fn not_a_window(text: &str, times: &str) -> WindowProblem {
    let times = times.trim();
    let hints = times.match_indices(':').filter_map(|(at, _)| {
        let (start, end) = (times[..at].trim(), times[at + 1..].trim());
        let fits = parse_time(start).ok()? < parse_time(end).ok()?;
        fits.then(|| (at.abs_diff(times.len() / 2), format!("{start}-{end}")))
    });
    match hints.min() {
        Some((_, hint)) => WindowProblem::ColonForDash { text: times.to_owned(), hint },
        None => WindowProblem::NotAWindow(text.to_owned()),
    }
}

/// Parses a channel number, counted from 0.
pub(super) fn parse_channel(text: &str) -> Result<u16, WindowProblem> {
    let text = text.trim();
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or_else(|| WindowProblem::NotAChannel(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::TimeError;
    use proptest::prelude::*;

    #[test]
    fn every_part_is_read() {
        let window = parse_flag("1:02.5-01:02:03@1=card = number").unwrap();
        assert_eq!(window.start(), Duration::from_millis(62_500));
        assert_eq!(window.end(), Duration::from_secs(3723));
        assert_eq!(window.channel(), Some(1));
        assert_eq!(window.label(), Some("card = number"));
        let plain = parse_flag("10500ms-35.2s").unwrap();
        assert_eq!((plain.channel(), plain.label()), (None, None));
        assert_eq!(parse_flag("1-2=").unwrap().label(), None);
        let open = parse_flag("10-@1=hold").unwrap();
        assert!(open.is_to_the_end() && open.channel() == Some(1) && open.label() == Some("hold"));
        assert_eq!(open.to_string(), "10-@1");
    }

    #[test]
    fn each_mistake_has_its_own_problem() {
        let problem = |text: &str| parse_flag(text).unwrap_err().problem;
        assert!(matches!(problem("10"), WindowProblem::NotAWindow(_)));
        assert!(matches!(problem(""), WindowProblem::NotAWindow(_)));
        assert!(matches!(problem("left:right"), WindowProblem::NotAWindow(_)));
        assert!(matches!(problem("15-10"), WindowProblem::EndNotAfterStart { .. }));
        assert!(matches!(problem("10-10"), WindowProblem::EndNotAfterStart { .. }));
        assert!(matches!(problem("-5-10"), WindowProblem::Time(TimeError::Negative(_))));
        assert!(matches!(problem("5--10"), WindowProblem::Time(TimeError::Negative(_))));
        assert!(matches!(problem("NaN-10"), WindowProblem::Time(TimeError::Malformed(_))));
        assert!(matches!(problem("0-1e400"), WindowProblem::Time(TimeError::Malformed(_))));
        assert!(matches!(problem("-"), WindowProblem::Time(_)));
        assert!(matches!(problem("1-2@left"), WindowProblem::NotAChannel(_)));
        assert!(matches!(problem("1-2@+1"), WindowProblem::NotAChannel(_)));
        assert!(matches!(problem("1-2@65536"), WindowProblem::NotAChannel(_)));
        assert_eq!(
            parse_flag("15-10").unwrap_err().to_string(),
            "-w 15-10: the window 15-10 does not end after it starts; \
             write START-END with the later time last, such as 10-15"
        );
    }

    #[test]
    fn a_colon_between_two_times_hints_at_the_dash() {
        for (text, hint) in [
            ("10:15", "10-15"),
            ("10s:15s@1=card", "10s-15s"),
            ("1:30:1:45", "1:30-1:45"),
            ("00:01:30:00:01:45", "00:01:30-00:01:45"),
            ("10.5 : 15.25", "10.5-15.25"),
        ] {
            let message = parse_flag(text).unwrap_err().to_string();
            let expected = format!("`-` separates start and end: did you mean {hint}?");
            assert!(message.ends_with(&expected), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(
            start in 0u64..90_000_000, length in 1u64..90_000_000, channel in 0u16..9
        ) {
            let start = Duration::from_micros(start * 1000 + start % 1000);
            let end = start + Duration::from_micros(length);
            let window = Window::new(start, end).unwrap().on_channel(channel);
            prop_assert_eq!(parse_flag(&window.to_string()).unwrap(), window);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse_flag(&text);
        }
    }
}
