//! A channel under whatever name. It is read where it is clear, refused where it is not, and never
//! left alone as other keys are: that would mute channels that nobody named.

use serde_json::Value;

use super::super::WindowProblem;
use super::super::flag::parse_channel;

/// What the name of a key or column has to do with channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelKey {
    /// It names the channel of a window.
    Channel,
    /// It has to do with channels, and what it holds cannot be relied on: a count, a tag that counts
    /// from 1, a name.
    Ambiguous,
    /// Nothing.
    Other,
}

/// Keys and columns that are read under no other name.
pub(super) const READ: [&str; 4] = ["start", "end", "label", "reason"];

/// Spelled without case, spaces and signs, and with no letter doubled.
const NAMES: [&str; 5] = ["chanel", "chanels", "chanelindex", "chanelid", "chanelids"];

/// Short forms, and the word in other languages.
const LIKE: [&str; 6] = ["ch", "chan", "chn", "chnl", "kanal", "canal"];

impl ChannelKey {
    pub(super) fn of(key: &str) -> Self {
        // These are in every entry.
        if READ.contains(&key) {
            return Self::Other;
        }
        let letters = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let mut plain: Vec<char> = letters.collect();
        plain.dedup();
        let plain: String = plain.into_iter().collect();
        if NAMES.contains(&plain.as_str()) {
            Self::Channel
        } else if plain.contains("chanel") || LIKE.contains(&plain.as_str()) {
            Self::Ambiguous
        } else {
            Self::Other
        }
    }
}

/// The channel of one window, which may be said under several names.
#[derive(Default)]
pub(super) struct ChannelField<'a>(Option<(&'a str, u16)>);

impl<'a> ChannelField<'a> {
    /// Takes in what a key of a JSON object says.
    pub(super) fn json(&mut self, key: &'a str, value: &Value) -> Result<(), WindowProblem> {
        if value.is_null() {
            return Ok(());
        }
        let value = match value {
            Value::Array(list) if list.len() == 1 => &list[0],
            other => other,
        };
        match (ChannelKey::of(key), value) {
            (ChannelKey::Other, _) | (_, Value::Null) => return Ok(()),
            (ChannelKey::Ambiguous, _) => return Err(ambiguous(key)),
            (ChannelKey::Channel, _) => {}
        }
        let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
        match number {
            Some(number) => self.add(key, number),
            None if key == "channel" => Err(WindowProblem::NotAChannel(value.to_string())),
            None => Err(unclear(key)),
        }
    }

    /// Takes in what a cell of CSV says in the column of this title.
    pub(super) fn csv(&mut self, title: &'a str, cell: &str) -> Result<(), WindowProblem> {
        match parse_channel(cell) {
            Ok(number) => self.add(title, number),
            Err(problem) if title.eq_ignore_ascii_case("channel") => Err(problem),
            Err(_) => Err(unclear(title)),
        }
    }

    fn add(&mut self, key: &'a str, number: u16) -> Result<(), WindowProblem> {
        match self.0 {
            Some((first, other)) if other != number => {
                let (first, key) = (short(first), short(key));
                Err(WindowProblem::Shape(format!(
                    "`{first}` and `{key}` name two channels; keep one"
                )))
            }
            _ => {
                self.0 = Some((key, number));
                Ok(())
            }
        }
    }

    /// The channel; none, if nothing was said.
    pub(super) fn number(&self) -> Option<u16> {
        self.0.map(|(_, number)| number)
    }
}

/// What is wrong with a name that has to do with channels.
pub(super) fn ambiguous(key: &str) -> WindowProblem {
    let key = short(key);
    WindowProblem::Shape(format!(
        "`{key}` may mean a channel, and is not read; name the channel `channel`, counted from 0, or \
         leave the key out"
    ))
}

fn unclear(key: &str) -> WindowProblem {
    let key = short(key);
    WindowProblem::Shape(format!(
        "`{key}` is not one channel; give one number, counted from 0, as `channel`"
    ))
}

/// A key, as far as an error shows it.
pub(super) fn short(key: &str) -> String {
    key.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_however_they_are_spelled() {
        for key in [
            "channel",
            "Channel",
            "CHANNEL",
            " channel ",
            "channels",
            "channel_index",
            "channelIndex",
            "channel-id",
            "channelId",
            "Channel ID",
            "chanel",
            "channell",
        ] {
            assert_eq!(ChannelKey::of(key), ChannelKey::Channel, "{key}");
        }
        for key in [
            "channelTag",
            "channel_count",
            "numChannels",
            "audio_channel",
            "ch",
            "Kanal",
            "channel_label",
        ] {
            assert_eq!(ChannelKey::of(key), ChannelKey::Ambiguous, "{key}");
        }
        for key in ["", "start", "end", "text", "change", "chance", "speaker", "track", "Chapter"] {
            assert_eq!(ChannelKey::of(key), ChannelKey::Other, "{key}");
        }
    }
}
