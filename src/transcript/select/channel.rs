//! Which channel of the recording a turn is on.

use std::collections::BTreeMap;

use thiserror::Error;

use super::super::model::Turn;

/// Parties and their channels, as `--party customer=0,agent=1` gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parties(BTreeMap<String, u16>);

/// Why a value of `--party` cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PartyError {
    /// Not `NAME=CHANNEL`.
    #[error("expected NAME=CHANNEL, such as customer=0,agent=1")]
    Shape,
    /// The channel is no number from 0.
    #[error("a channel is a number from 0")]
    Channel,
    /// One party on two channels.
    #[error("a party is named twice")]
    Twice,
}

impl Parties {
    /// Adds what one `--party` says.
    ///
    /// # Errors
    /// [`PartyError`].
    pub fn add(&mut self, list: &str) -> Result<(), PartyError> {
        for item in list.split(',') {
            let (name, channel) = item.rsplit_once('=').ok_or(PartyError::Shape)?;
            let name = name.trim().to_lowercase();
            if name.is_empty() {
                return Err(PartyError::Shape);
            }
            let channel = channel.trim().parse().map_err(|_| PartyError::Channel)?;
            if self.0.insert(name, channel).is_some_and(|before| before != channel) {
                return Err(PartyError::Twice);
            }
        }
        Ok(())
    }

    /// The parties, in lower case, and their channels.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u16)> {
        self.0.iter().map(|(name, channel)| (name.as_str(), *channel))
    }

    /// Whether no party was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The channel of the party of that name, whatever its case.
    #[must_use]
    pub fn channel(&self, party: &str) -> Option<u16> {
        self.0.get(&party.trim().to_lowercase()).copied()
    }

    /// Names that no party of `turns` has.
    pub(super) fn strangers<'a>(&'a self, turns: &[Turn]) -> impl Iterator<Item = &'a str> {
        let known: std::collections::BTreeSet<String> = turns
            .iter()
            .filter_map(|turn| Some(turn.party.as_ref()?.expose().trim().to_lowercase()))
            .collect();
        self.0.keys().filter(move |name| !known.contains(*name)).map(String::as_str)
    }
}

/// Finds channels of turns.
#[derive(Clone, Copy)]
pub(super) struct Channels<'a> {
    pub(super) turns: &'a [Turn],
    pub(super) parties: &'a Parties,
}

impl Channels<'_> {
    /// The channel of the recording for a turn: what the user said of its party, else the number in
    /// the file.
    pub(super) fn of(&self, turn: usize) -> Option<u16> {
        let turn = self.turns.get(turn)?;
        channel_of(turn, self.parties)
    }
}

/// As [`Channels::of`], for one turn.
pub(in super::super) fn channel_of(turn: &Turn, parties: &Parties) -> Option<u16> {
    turn.party.as_ref().and_then(|party| parties.channel(party.expose())).or(turn.channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_named_in_one_list_or_in_several() {
        let mut parties = Parties::default();
        parties.add("Customer=0, agent=1").unwrap();
        parties.add("2=1").unwrap();
        assert_eq!(parties.channel("CUSTOMER"), Some(0));
        assert_eq!(parties.channel("agent"), Some(1));
        assert_eq!(parties.channel("2"), Some(1));
        assert_eq!(parties.channel("system"), None);
    }

    #[test]
    fn a_party_without_a_channel_is_an_error() {
        let mut parties = Parties::default();
        assert_eq!(parties.add("agent"), Err(PartyError::Shape));
        assert_eq!(parties.add("=1"), Err(PartyError::Shape));
        assert_eq!(parties.add("agent=left"), Err(PartyError::Channel));
        assert_eq!(parties.add("agent=0,AGENT=1"), Err(PartyError::Twice));
    }
}
