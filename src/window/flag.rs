//! Windows as they are written on a command line: `START-END[@CHANNEL][=LABEL]`.

use super::{Window, WindowError, WindowProblem, parse_time};

/// Reads one `-w` argument. The place named in an error is the argument itself.
///
/// # Errors
/// [`WindowError`] when the text is no window or the window cannot be meant.
///
/// ```
/// let window = sordino::window::parse_flag("30.5-35.2@1=card number")?;
/// assert_eq!(window.channel(), Some(1));
/// assert_eq!(window.label(), Some("card number"));
/// # Ok::<(), sordino::window::WindowError>(())
/// ```
pub fn parse_flag(text: &str) -> Result<Window, WindowError> {
    parse(text).map_err(|problem| problem.at(format!("-w {text}")))
}

fn parse(text: &str) -> Result<Window, WindowProblem> {
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
        parse_time(&format!("-{}", rest.split('-').next().unwrap_or(rest)))?;
    }
    let (start, end) =
        times.split_once('-').ok_or_else(|| WindowProblem::NotAWindow(text.to_owned()))?;
    let mut window = Window::new(parse_time(start)?, parse_time(end)?)?;
    if let Some(channel) = channel {
        window = window.on_channel(channel);
    }
    Ok(match label {
        Some(label) if !label.is_empty() => window.labelled(label),
        _ => window,
    })
}

/// Reads a channel number, counted from 0.
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
    use std::time::Duration;

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
    }

    #[test]
    fn each_mistake_has_its_own_problem() {
        let problem = |text: &str| parse_flag(text).unwrap_err().problem;
        assert!(matches!(problem("10"), WindowProblem::NotAWindow(_)));
        assert!(matches!(problem(""), WindowProblem::NotAWindow(_)));
        assert!(matches!(problem("15-10"), WindowProblem::EndNotAfterStart { .. }));
        assert!(matches!(problem("10-10"), WindowProblem::EndNotAfterStart { .. }));
        assert!(matches!(problem("-5-10"), WindowProblem::Time(TimeError::Negative(_))));
        assert!(matches!(problem("5--10"), WindowProblem::Time(TimeError::Negative(_))));
        assert!(matches!(problem("NaN-10"), WindowProblem::Time(TimeError::Malformed(_))));
        assert!(matches!(problem("0-1e400"), WindowProblem::Time(TimeError::Malformed(_))));
        assert!(matches!(problem("10-"), WindowProblem::Time(TimeError::Malformed(_))));
        assert!(matches!(problem("1-2@left"), WindowProblem::NotAChannel(_)));
        assert!(matches!(problem("1-2@+1"), WindowProblem::NotAChannel(_)));
        assert!(matches!(problem("1-2@65536"), WindowProblem::NotAChannel(_)));
        assert_eq!(
            parse_flag("15-10").unwrap_err().to_string(),
            "-w 15-10: the window 15-10 does not end after it starts; \
             write START-END with the later time last"
        );
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
