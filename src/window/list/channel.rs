//! The channel of a window under any name. Keys that may name a channel are used or refused, but
//! never ignored: ignoring one would mute channels that the caller did not ask for.

use serde_json::Value;

use super::super::WindowProblem;
use super::super::flag::parse_channel;
use super::shape;
use super::times::tell;

/// Relation of a key or column title to channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelKey {
    /// The channel of a window.
    Channel,
    /// Related to channels, with a meaning that is not certain: a count, a tag that counts from 1, a
    /// name.
    Ambiguous,
    /// Unrelated.
    Other,
}

/// Names of [`ChannelKey::Channel`]: lower case, letters and digits only, double letters as one.
const CHANNEL: [&str; 5] = ["chanel", "chanels", "chanelindex", "chanelid", "chanelids"];

/// Names of [`ChannelKey::Ambiguous`]: abbreviations, and the word in other languages.
const AMBIGUOUS: [&str; 6] = ["ch", "chan", "chn", "chnl", "kanal", "canal"];

impl ChannelKey {
    pub(super) fn of(key: &str) -> Self {
        let letters = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let mut plain: Vec<char> = letters.collect();
        plain.dedup();
        let plain: String = plain.into_iter().collect();
        if CHANNEL.contains(&plain.as_str()) {
            Self::Channel
        } else if plain.contains("chanel") || AMBIGUOUS.contains(&plain.as_str()) {
            Self::Ambiguous
        } else {
            Self::Other
        }
    }
}

/// The channel of one window, which several keys may give.
#[derive(Default)]
pub(super) struct ChannelField<'a>(Option<(&'a str, u16)>);

impl<'a> ChannelField<'a> {
    /// Reads a key of a JSON object.
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
            None if key == "channel" => Err(WindowProblem::NotAChannel(tell(&value.to_string()))),
            None => Err(unclear(key)),
        }
    }

    /// Reads a CSV cell in the column with this title.
    pub(super) fn csv(&mut self, title: &'a str, cell: &str) -> Result<(), WindowProblem> {
        match parse_channel(cell) {
            Ok(number) => self.add(title, number),
            Err(_) if title.eq_ignore_ascii_case("channel") => {
                Err(WindowProblem::NotAChannel(tell(cell)))
            }
            Err(_) => Err(unclear(title)),
        }
    }

    fn add(&mut self, key: &'a str, number: u16) -> Result<(), WindowProblem> {
        match self.0 {
            Some((first, other)) if other != number => {
                let (first, key) = (short(first), short(key));
                Err(shape(format!("`{first}` and `{key}` name two channels; keep one")))
            }
            _ => {
                self.0 = Some((key, number));
                Ok(())
            }
        }
    }

    /// The channel, if any key gave one.
    pub(super) fn number(&self) -> Option<u16> {
        self.0.map(|(_, number)| number)
    }
}

/// The problem with an ambiguous name.
pub(super) fn ambiguous(key: &str) -> WindowProblem {
    let key = short(key);
    shape(format!(
        "`{key}` may mean a channel; rename it to `channel`, counted from 0, or remove it"
    ))
}

fn unclear(key: &str) -> WindowProblem {
    let key = short(key);
    shape(format!("`{key}` is not one channel; write one number, counted from 0, as `channel`"))
}

/// The first 40 characters of a key, for errors. Many digits may be what was said, in the wrong place.
pub(super) fn short(key: &str) -> String {
    let digits = key.chars().filter(|c| c.is_numeric()).count();
    if digits < 4 { key.chars().take(40).collect() } else { "…".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_recognized_in_every_spelling() {
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
