//! The edit list (`edts`/`elst`, ISO/IEC 14496-12, 8.6.6) and the iTunes tag `iTunSMPB`. Both give
//! the codec delay at the front of an MP4.
//!
//! In: the boxes of a track. Out: the frames to drop at the front, and at the end a check that the
//! edit list plays everything. What can go wrong: an edit list with more than one entry, with a
//! pause or another speed, or one that begins between two frames.
//!
//! Players start at the media time of the edit, so the delay is not heard. If it were kept, every
//! window would be late by 20 to 260 ms. If the edit list and the tag differ, this follows FFmpeg
//! 5.1 (found by experiment): the delay is that of the tag, or the whole packets that the edit list
//! skips if they are longer. A tag of 0, or of 16,384 frames and more, is ignored. Like FFmpeg,
//! this drops no padding at the end.

use super::boxes::{child, children, first_child, header_error};
use crate::decode::container::bytes::{be32, be64};
use crate::decode::container::error::unsupported;
use crate::decode::container::guard::{DecodeTotals, rescale};
use crate::error::Error;
use crate::span::time_of;
use crate::window;

/// A delay in `iTunSMPB` of this many frames or more is ignored.
const MAX_DELAY: u32 = 16_384;

/// The edit list of an audio track, and the delay in the tag `iTunSMPB`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct EditList {
    /// The media time at which the only edit starts, in units of `timescale`.
    media_time: u64,
    /// Units per second of the track.
    timescale: u32,
    /// The duration of the edit and its units per second, where the list has an entry.
    duration: Option<(u64, u32)>,
    /// The delay in `iTunSMPB`, in frames; `None` without a usable tag.
    pub(super) tag: Option<u32>,
}

impl EditList {
    /// Parses the edit list of a `trak`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a list that does more than skip the codec delay.
    pub(super) fn parse(trak: &[u8], timescale: u32, movie_timescale: u32) -> Result<Self, Error> {
        let none = Self { timescale, ..Self::default() };
        let Some(edts) = child(trak, b"edts")? else { return Ok(none) };
        let Some(elst) = child(edts, b"elst")? else { return Ok(none) };
        let version = elst.first().copied().unwrap_or(0);
        // Version, flags and number of entries; then duration, media time and rate of the first.
        let entry = if version == 1 {
            be64(elst, 8).zip(be64(elst, 16)).zip(be32(elst, 24))
        } else {
            // The media time is signed: -1 marks an empty edit, a pause.
            let time = be32(elst, 12).map(|time| i64::from(time.cast_signed()).cast_unsigned());
            be32(elst, 8).map(u64::from).zip(time).zip(be32(elst, 16))
        };
        let unknown = if version == 1 { u64::MAX } else { u32::MAX.into() };
        match (be32(elst, 4), entry) {
            (Some(0), _) => Ok(none),
            // The rate is 16.16 fixed point: 1.0, or the speed changes.
            (Some(1), Some(((duration, media_time), 0x1_0000)))
                if media_time <= i64::MAX.cast_unsigned() && version <= 1 =>
            {
                // A duration of 0 is that of a fragmented file: its length is not known in advance.
                let known = duration > 0 && duration != unknown && movie_timescale > 0;
                let duration = known.then_some((duration, movie_timescale));
                Ok(Self { media_time, timescale, duration, tag: None })
            }
            (Some(_), Some(_)) => {
                Err(unsupported("an MP4 whose edit list does more than skip the codec delay"))
            }
            _ => Err(header_error("its edit list is cut off")),
        }
    }

    /// The frames to drop at the front, at `rate` Hz. `packet`: the frames of the first packet;
    /// `pre_skip`: the delay that the codec itself declares.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the edit begins between two frames.
    pub(super) fn delay(self, rate: u32, packet: u64, pre_skip: u64) -> Result<u64, Error> {
        let edit = rescale(self.media_time, self.timescale, rate);
        if let Some(tag) = self.tag {
            return Ok(u64::from(tag).max(edit - edit % packet.max(1)));
        }
        let scaled = u128::from(self.media_time) * u128::from(rate);
        if !scaled.is_multiple_of(self.timescale.max(1).into()) {
            return Err(unsupported("an MP4 whose edit list begins between two frames"));
        }
        // An edit list that skips nothing does not cancel the pre-skip of Opus.
        Ok(if edit > 0 { edit } else { pre_skip })
    }

    /// Checks that the edit list plays everything that was decoded. Hidden audio would be in the
    /// output although no player plays it in the original.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where it plays only a part.
    pub(super) fn check_end(self, seen: &DecodeTotals) -> Result<(), Error> {
        let Some((duration, timescale)) = self.duration else { return Ok(()) };
        let played = rescale(duration, timescale, seen.rate);
        // Padding in the last packets, and rounding to the movie's timescale, which is often 1 ms.
        let slack = u64::from(seen.rate / timescale.max(1)) + 2 * seen.longest;
        if seen.frames <= played.saturating_add(slack) {
            return Ok(());
        }
        let all = window::ClockTime(time_of(seen.frames, seen.rate));
        Err(unsupported(format!("an MP4 whose edit list plays only a part of its {all} s")))
    }
}

/// The delay in the tag `iTunSMPB` of a `udta`, in frames.
pub(super) fn itunes_delay(udta: &[u8]) -> Option<u32> {
    let meta = first_child(udta, b"meta")?;
    // In MP4 `meta` begins with a version, in QuickTime it does not.
    let meta = if meta.get(4..8) == Some(b"hdlr") { meta } else { meta.get(4..)? };
    let list = first_child(meta, b"ilst")?;
    let tags = children(list).flatten().filter(|(kind, _)| kind == b"----");
    let delay = |tag| {
        let (name, data) = (first_child(tag, b"name")?, first_child(tag, b"data")?);
        let text = std::str::from_utf8(data.get(8..)?).ok()?;
        (name.get(4..)? == b"iTunSMPB").then(|| parse_tag(text))?
    };
    tags.filter_map(|(_, tag)| delay(tag)).last()
}

/// The delay in the text of the tag, which is a list of hexadecimal numbers: 0, the delay, the
/// padding, the length, and others.
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
        let of = |edits: &[(u32, i32)]| EditList::parse(&trak(edits), 8000, 1000);
        let none = EditList { timescale: 8000, ..EditList::default() };
        let one = EditList { media_time: 1024, duration: Some((12_345, 1000)), ..none };
        assert_eq!(of(&[(12_345, 1024)]).unwrap(), one);
        assert_eq!(of(&[]).unwrap(), none);
        for unknown in [0, u32::MAX] {
            assert_eq!(of(&[(unknown, 1024)]).unwrap(), EditList { duration: None, ..one });
        }
        for more in [[(100, -1), (12_345, 1024)].as_slice(), &[(100, -1)], &[(1, 0), (2, 9)]] {
            assert!(of(more).is_err(), "{more:?}");
        }
        let mut cut = trak(&[(12_345, 1024)]);
        cut.truncate(cut.len() - 4);
        cut[3] -= 4;
        cut[11] -= 4;
        assert!(EditList::parse(&cut, 8000, 1000).is_err());
    }

    #[test]
    fn a_delay_between_two_frames_is_an_error() {
        let list = EditList { media_time: 312, timescale: 48_000, ..EditList::default() };
        assert_eq!(list.delay(48_000, 960, 7).unwrap(), 312);
        assert_eq!(list.delay(8_000, 160, 7).unwrap(), 52);
        assert!(EditList { media_time: 311, ..list }.delay(8_000, 160, 7).is_err());
        assert_eq!(EditList { media_time: 0, ..list }.delay(8_000, 160, 7).unwrap(), 7);
    }
}
