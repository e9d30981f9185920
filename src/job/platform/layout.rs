//! Layout: how the parts of a recording become files, and which windows belong to each.

use crate::window::{Window, WindowError, Windows};

/// How the parts of a recording become files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// One file with a channel for each key, so that channel 1 is key `1`.
    #[default]
    Joined,
    /// One file for each key. A window on channel 1 belongs to the file of key `1`.
    Split,
}

/// The parts that become one file, and its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) keys: Vec<String>,
    pub(super) windows: Windows,
}

/// The files of a recording with these keys.
///
/// # Errors
/// The reason when a channel would not be the key that it is taken for.
pub(super) fn groups(
    keys: &[String],
    windows: &Windows,
    layout: Layout,
) -> Result<Vec<Group>, String> {
    // A lone `S` is a file with all channels: nothing to join or split.
    if let [only] = keys
        && only.parse::<u16>().is_err()
    {
        return Ok(vec![Group { keys: keys.to_vec(), windows: windows.clone() }]);
    }
    if layout == Layout::Joined {
        let counted = keys.iter().enumerate().all(|(at, key)| *key == at.to_string());
        let names = keys.join(", ");
        let why = || format!("its keys are {names}, so channel 1 would not be key 1; split it");
        let group = Group { keys: keys.to_vec(), windows: windows.clone() };
        return if counted { Ok(vec![group]) } else { Err(why()) };
    }
    let known = |channel: u16| keys.contains(&channel.to_string());
    let mut channels = windows.asked().iter().filter_map(Window::channel);
    if let Some(channel) = channels.find(|channel| !known(*channel)) {
        let names = keys.join(", ");
        return Err(format!("a window is on channel {channel}, and its keys are {names}"));
    }
    let group = |key: &String| {
        let windows = windows_of(key, windows).map_err(|problem| problem.to_string())?;
        Ok(Group { keys: vec![key.clone()], windows })
    };
    keys.iter().map(group).collect()
}

/// The windows for all channels and those on the channel of this key, all of them for the only channel of its
/// file. If there are none, nobody asked for anything in that file, and it passes as it is.
fn windows_of(key: &str, windows: &Windows) -> Result<Windows, WindowError> {
    let is_of_key =
        |window: &&Window| window.channel().is_none_or(|channel| key.parse() == Ok(channel));
    let mut own = Vec::new();
    for window in windows.asked().iter().filter(is_of_key) {
        let (before, after) = window.pad();
        let mut same = Window::new(window.start(), window.end())
            .map_err(|problem| problem.at("windows"))?
            .padded(before, after);
        if let Some(label) = window.label() {
            same = same.labelled(label);
        }
        if let Some(reason) = window.reason() {
            same = same.because(reason);
        }
        own.push(same);
    }
    if own.is_empty() { Ok(Windows::none()) } else { Windows::new(own) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::parse_flag;

    fn windows(flags: &[&str]) -> Windows {
        Windows::new(flags.iter().map(|flag| parse_flag(flag).unwrap())).unwrap()
    }

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn joined_keys_count_from_0() {
        let some = windows(&["1-2@1"]);
        for names in [&["S"][..], &["0"], &["0", "1"], &["0", "1", "2"]] {
            let groups = groups(&keys(names), &some, Layout::Joined).unwrap();
            assert_eq!(groups, [Group { keys: keys(names), windows: some.clone() }]);
        }
        for names in [&["1"][..], &["1", "2"], &["0", "2"], &["0", "S"], &["00", "1"]] {
            let refused = groups(&keys(names), &some, Layout::Joined);
            assert!(refused.is_err(), "{names:?}");
        }
    }

    #[test]
    fn a_window_on_a_channel_goes_to_the_file_of_its_key() {
        let all = windows(&["1-2@0=card", "3-4", "5-6@1", "7-"])
            .padded(std::time::Duration::from_millis(5));
        let split = groups(&keys(&["0", "1"]), &all, Layout::Split).unwrap();
        let of = |at: usize| {
            let windows = split[at].windows.asked();
            windows.iter().map(|window| (window.start().as_secs(), window.channel())).collect()
        };
        let (first, second): (Vec<_>, Vec<_>) = (of(0), of(1));
        assert_eq!(first, [(1, None), (3, None), (7, None)]);
        assert_eq!(second, [(3, None), (5, None), (7, None)]);
        let kept = &split[0].windows.asked()[0];
        assert_eq!((kept.label(), kept.pad().0.as_millis()), (Some("card"), 5));
        assert!(split[1].windows.asked()[2].is_to_the_end());
    }

    #[test]
    fn every_window_has_a_file_and_a_file_without_one_passes_as_it_is() {
        let refused = |names: &[&str], flags: &[&str]| {
            groups(&keys(names), &windows(flags), Layout::Split).unwrap_err()
        };
        let split = groups(&keys(&["0", "1"]), &windows(&["1-2@0"]), Layout::Split).unwrap();
        assert_eq!(split[0].windows, windows(&["1-2"]));
        assert_eq!(split[1].windows, Windows::none());
        assert!(refused(&["0", "1"], &["1-2", "1-2@2"]).contains("channel 2"));
        // A lone stereo file keeps its channels.
        let stereo = groups(&keys(&["S"]), &windows(&["1-2@1"]), Layout::Split).unwrap();
        assert_eq!(stereo[0].windows, windows(&["1-2@1"]));
    }
}
