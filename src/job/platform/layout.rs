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
        let why =
            || format!("its keys are {names}, so channel 1 would not be key 1; split it (--split)");
        if !counted {
            return Err(why());
        }
        // The file of a lone `0` may have several channels, and all of them are channel 0.
        if keys.len() > 1 {
            return Ok(vec![Group { keys: keys.to_vec(), windows: windows.clone() }]);
        }
    }
    let known = |channel: u16| keys.contains(&channel.to_string());
    let mut channels = windows.asked().iter().filter_map(Window::channel);
    if let Some(channel) = channels.find(|channel| !known(*channel)) {
        let names = keys.join(", ");
        return Err(format!("a window is on channel {channel}, and its keys are {names}"));
    }
    let is_on_a_channel = windows.asked().iter().any(|window| window.channel().is_some());
    let all_channels = keys.iter().find(|key| key.parse::<u16>().is_err());
    if let (true, Some(key)) = (is_on_a_channel, all_channels) {
        return Err(format!(
            "a window is on one channel, and nothing says which channels part {key} holds; \
             give windows without a channel"
        ));
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
    let own: Vec<_> =
        windows.asked().iter().filter(is_of_key).map(Window::on_all_channels).collect();
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
        for names in [&["S"][..], &["0", "1"], &["0", "1", "2"]] {
            let groups = groups(&keys(names), &some, Layout::Joined).unwrap();
            assert_eq!(groups, [Group { keys: keys(names), windows: some.clone() }]);
        }
        for names in [&["1"][..], &["1", "2"], &["0", "2"], &["0", "S"], &["00", "1"]] {
            let refused = groups(&keys(names), &some, Layout::Joined);
            assert!(refused.is_err(), "{names:?}");
        }
    }

    #[test]
    fn every_channel_of_a_lone_key_is_that_key() {
        let lone = |flag| groups(&keys(&["0"]), &windows(&[flag]), Layout::Joined);
        assert_eq!(lone("1-2@0").unwrap()[0].windows, windows(&["1-2"]));
        assert!(lone("1-2@1").unwrap_err().contains("channel 1"));
    }

    #[test]
    fn a_part_of_all_channels_is_not_passed_by_a_window_on_one() {
        for names in [&["0", "S"][..], &["0", "1", "S"]] {
            let split = |flags: &[&str]| groups(&keys(names), &windows(flags), Layout::Split);
            assert!(split(&["1-2@0"]).unwrap_err().contains("part S"));
            assert!(split(&["1-2", "3-4@0"]).is_err());
            for group in split(&["1-2"]).unwrap() {
                assert_eq!(group.windows, windows(&["1-2"]));
            }
        }
    }

    #[test]
    fn a_split_window_keeps_that_its_unit_is_unknown() {
        let list = crate::window::parse_list("[[100, 900]]", "list", None).unwrap();
        let list = Windows::new(list).unwrap();
        for group in groups(&keys(&["0", "1"]), &list, Layout::Split).unwrap() {
            assert!(group.windows.asked()[0].is_unit_unknown());
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
