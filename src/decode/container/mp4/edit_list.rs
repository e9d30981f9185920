//! What is dropped at the front of an MP4: the codec's delay, which an edit list tells, or iTunes' tag
//! `iTunSMPB`.
//!
//! Players start at the edit's media time, so the delay is not heard; a window in human time would
//! land late by 20 to 260 ms if it were kept. Where both stand and differ, this follows FFmpeg
//! (5.1, by trial): the tag counts, but never less than the whole packets that the edit list skips.
//! A tag of 0, or of 16,384 frames and more, is no tag. FFmpeg cuts no padding at the end, whatever
//! the tag says; neither does this.

use super::boxes::{be32, be64, child, children, header_error};
use crate::error::Error;

/// A delay of so many frames is not believed.
const MAX_DELAY: u32 = 16_384;

/// What the edit list and the tag of an audio track ask for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct EditList {
    /// What the edit list skips at the start, in units of `scale`.
    pub(super) start: u64,
    /// Units a second of the track.
    pub(super) scale: u32,
    /// The length that is played, in seconds as a fraction, where the list has an entry.
    pub(super) played: Option<(u64, u32)>,
    /// The delay in frames that the tag tells.
    pub(super) tag: Option<u32>,
}

impl EditList {
    /// What the edit list of a track asks for. `movie` is the movie's number of units a second.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a list that does more than skip the delay.
    pub(super) fn of(trak: &[u8], scale: u32, movie: u32) -> Result<Self, Error> {
        let none = Self { scale, ..Self::default() };
        let Some(edts) = child(trak, b"edts")? else { return Ok(none) };
        let Some(list) = child(edts, b"elst")? else { return Ok(none) };
        let version = list.first().copied().unwrap_or(0);
        let edit = if version == 1 {
            be64(list, 8).zip(be64(list, 16)).zip(be32(list, 24))
        } else {
            // -1 as 32 bits stays negative as 64.
            let time = be32(list, 12).map(|time| i64::from(time.cast_signed()).cast_unsigned());
            be32(list, 8).map(u64::from).zip(time).zip(be32(list, 16))
        };
        let unknown = if version == 1 { u64::MAX } else { u32::MAX.into() };
        match (be32(list, 4), edit) {
            (Some(0), _) => Ok(none),
            (Some(1), Some(((length, start), 0x1_0000)))
                if start <= i64::MAX.cast_unsigned() && version <= 1 =>
            {
                let known = length > 0 && length != unknown && movie > 0;
                Ok(Self { start, scale, played: known.then_some((length, movie)), tag: None })
            }
            (Some(_), Some(_)) => Err(Error::Unsupported {
                what: "an MP4 whose edit list does more than skip the codec's delay".into(),
            }),
            _ => Err(header_error("its edit list is cut off")),
        }
    }

    /// Frames to drop at `rate` Hz, where a packet has so many and the codec itself tells `own`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the edit list begins between two frames.
    pub(super) fn delay(self, rate: u32, packet: u64, own: u64) -> Result<u64, Error> {
        let (start, scale) =
            (u128::from(self.start) * u128::from(rate), u128::from(self.scale.max(1)));
        let edit = u64::try_from(start / scale).unwrap_or(u64::MAX);
        if let Some(tag) = self.tag {
            return Ok(u64::from(tag).max(edit - edit % packet.max(1)));
        }
        if start % scale != 0 {
            let what = "an MP4 whose edit list begins between two frames".into();
            return Err(Error::Unsupported { what });
        }
        // An edit list that skips nothing says nothing about Opus, which drops its own pre-skip.
        Ok(if edit > 0 { edit } else { own })
    }
}

/// The delay in frames that the tag `iTunSMPB` of a `udta` tells.
pub(super) fn tagged_delay(udta: &[u8]) -> Option<u32> {
    let inside = |content, kind| children(content).flatten().find(|child| child.0 == kind);
    let (_, meta) = inside(udta, *b"meta")?;
    // In MP4 a version stands before the boxes, in QuickTime it does not.
    let meta = if meta.get(4..8) == Some(b"hdlr") { meta } else { meta.get(4..)? };
    let (_, list) = inside(meta, *b"ilst")?;
    let tags = children(list).flatten().filter(|(kind, _)| kind == b"----");
    let delay = |tag| {
        let (_, name) = inside(tag, *b"name")?;
        let (_, data) = inside(tag, *b"data")?;
        let text = std::str::from_utf8(data.get(8..)?).ok()?;
        (name.get(4..)? == b"iTunSMPB").then(|| parse_tag(text))?
    };
    tags.filter_map(|(_, tag)| delay(tag)).last()
}

/// Numbers in hexadecimal: 0, the delay, the padding, the length, and others.
fn parse_tag(text: &str) -> Option<u32> {
    let mut fields = text.trim_matches('\0').split_ascii_whitespace().skip(1);
    let mut number = || u64::from_str_radix(fields.next()?, 16).ok();
    let (delay, _, _) = (number()?, number()?, number()?);
    u32::try_from(delay).ok().filter(|delay| (1..MAX_DELAY).contains(delay))
}

#[cfg(test)]
mod tests {
    use super::super::boxes::boxed;
    use super::*;

    /// A track with these edits.
    fn trak(edits: &[(u32, i32)]) -> Vec<u8> {
        let mut elst = vec![0; 4];
        elst.extend_from_slice(&u32::try_from(edits.len()).unwrap().to_be_bytes());
        for (length, time) in edits {
            elst.extend_from_slice(&length.to_be_bytes());
            elst.extend_from_slice(&time.to_be_bytes());
            elst.extend_from_slice(&[0, 1, 0, 0]);
        }
        boxed(b"edts", &[&boxed(b"elst", &[&elst])])
    }

    #[test]
    fn the_edit_list_tells_the_priming() {
        let of = |edits: &[(u32, i32)]| EditList::of(&trak(edits), 8000, 1000);
        let none = EditList { scale: 8000, ..EditList::default() };
        let one = EditList { start: 1024, played: Some((12_345, 1000)), ..none };
        assert_eq!(of(&[(12_345, 1024)]).unwrap(), one);
        assert_eq!(of(&[]).unwrap(), none);
        for unknown in [0, u32::MAX] {
            assert_eq!(of(&[(unknown, 1024)]).unwrap(), EditList { played: None, ..one });
        }
        for more in [[(100, -1), (12_345, 1024)].as_slice(), &[(100, -1)], &[(1, 0), (2, 9)]] {
            assert!(of(more).is_err(), "{more:?}");
        }
        let mut cut = trak(&[(12_345, 1024)]);
        cut.truncate(cut.len() - 4);
        cut[3] -= 4;
        cut[11] -= 4;
        assert!(EditList::of(&cut, 8000, 1000).is_err());
    }

    #[test]
    fn a_delay_between_two_frames_is_an_error() {
        let trim = EditList { start: 312, scale: 48_000, ..EditList::default() };
        assert_eq!(trim.delay(48_000, 960, 7).unwrap(), 312);
        assert_eq!(trim.delay(8_000, 160, 7).unwrap(), 52);
        assert!(EditList { start: 311, ..trim }.delay(8_000, 160, 7).is_err());
        assert_eq!(EditList { start: 0, ..trim }.delay(8_000, 160, 7).unwrap(), 7);
    }
}
