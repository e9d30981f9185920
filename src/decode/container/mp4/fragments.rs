//! Fragments: an index (`moof`) before each part of the audio.
//!
//! One fragment is held at a time, and each of its packets is visited once.

use super::boxes::{BoxHeader, TO_THE_END, be32, be64, child, children, header_error, needed};
use super::tables::SampleBatch;
use crate::error::Error;

/// The largest index of a fragment that is read, in bytes.
const MAX_MOOF: u64 = 16 * 1024 * 1024;

/// What a movie says of the packets of all fragments (`trex`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrackExtends {
    pub(super) track: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
}

impl TrackExtends {
    /// Those of a track, from an `mvex`.
    ///
    /// # Errors
    /// [`Error::Header`] where there are none.
    pub(super) fn of(mvex: &[u8], track: u32) -> Result<Self, Error> {
        for child in children(mvex) {
            let (kind, trex) = child?;
            if kind == *b"trex" && be32(trex, 4) == Some(track) {
                let values = be32(trex, 12).zip(be32(trex, 16));
                let (duration, size) = values.ok_or_else(cut_off)?;
                return Ok(Self { track, duration, size });
            }
        }
        Err(header_error("it lacks what its fragments need (trex)"))
    }
}

/// Packets that lie one after the other (`trun`).
#[derive(Debug, Clone, Copy)]
struct TrackRun {
    /// Packets that are left.
    count: u32,
    /// Where the entry of the next packet stands in the fragment.
    entry: usize,
    flags: u32,
    /// Where the run lies; nothing means after the run before.
    at: Option<u64>,
    duration: u32,
    size: u32,
}

/// One fragment, as far as it tells of one track.
#[derive(Debug, Default)]
pub(super) struct MovieFragment {
    moof: Vec<u8>,
    runs: Vec<TrackRun>,
    next_run: usize,
    /// Where the next packet lies.
    at: u64,
    /// When its first packet is due, in units of the track, where it tells.
    pub(super) time: Option<u64>,
}

impl MovieFragment {
    /// Reads the content of the `moof` that begins at `place`.
    ///
    /// # Errors
    /// [`Error::Header`] where it claims what it does not hold.
    pub(super) fn parse(moof: Vec<u8>, place: u64, defaults: TrackExtends) -> Result<Self, Error> {
        let (mut runs, mut time, mut trafs) = (Vec::new(), None, 0);
        for child in children(&moof) {
            let (kind, traf) = child?;
            if kind != *b"traf" {
                continue;
            }
            let head = needed(traf, b"tfhd")?;
            if be32(head, 4) == Some(defaults.track) {
                if !runs.is_empty() {
                    return Err(header_error("a fragment has two parts of one track"));
                }
                let base = base_of(head, place, trafs == 0)?;
                read_runs(traf, &moof, (base, with_own(head, defaults)?), &mut runs)?;
                time = due(traf)?;
            }
            trafs += 1;
        }
        Ok(Self { moof, runs, next_run: 0, at: place, time })
    }

    /// The next packet; up to `batch` at once where they have one size and one duration.
    ///
    /// # Errors
    /// [`Error::Header`] where it would lie outside every file.
    pub(super) fn next(&mut self, batch: u32) -> Result<Option<SampleBatch>, Error> {
        while let Some(run) = self.runs.get_mut(self.next_run) {
            if let Some(at) = run.at.take() {
                self.at = at;
            }
            if run.count > 0 {
                break;
            }
            self.next_run += 1;
        }
        let Some(run) = self.runs.get_mut(self.next_run) else { return Ok(None) };
        let mut entry = run.entry;
        let mut field = |flag: u32, otherwise: u32| {
            if run.flags & flag == 0 {
                return otherwise;
            }
            entry += 4;
            be32(&self.moof, entry - 4).unwrap_or(0)
        };
        let duration = field(DURATION, run.duration);
        let size = field(SIZE, run.size);
        let alike = run.flags & (DURATION | SIZE) == 0;
        let count = if alike { batch.min(run.count) } else { 1 };
        run.entry += width(run.flags);
        run.count -= count;
        let bytes = u64::from(size) * u64::from(count);
        let at = self.at;
        self.at = at.checked_add(bytes).ok_or_else(cut_off)?;
        Ok(Some(SampleBatch { at, bytes, duration: u64::from(duration) * u64::from(count) }))
    }
}

/// Flags of a `trun`: which fields each packet has. The last is of no use to audio.
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FIELDS: [u32; 4] = [DURATION, SIZE, 0x400, 0x800];

/// ByteSource of a packet's entry.
fn width(flags: u32) -> usize {
    FIELDS.iter().filter(|&flag| flags & flag != 0).count() * 4
}

/// What a `tfhd` counts places from.
fn base_of(head: &[u8], moof: u64, first: bool) -> Result<u64, Error> {
    let flags = be32(head, 0).ok_or_else(cut_off)?;
    if flags & 1 != 0 {
        return be64(head, 8).ok_or_else(cut_off);
    }
    if first || flags & 0x2_0000 != 0 {
        return Ok(moof);
    }
    // They would be counted from the end of another track's audio.
    let what = "an MP4 whose fragments do not say where their audio lies".into();
    Err(Error::Unsupported { what })
}

/// The defaults, with those of a `tfhd`.
fn with_own(head: &[u8], mut defaults: TrackExtends) -> Result<TrackExtends, Error> {
    let flags = be32(head, 0).ok_or_else(cut_off)?;
    let mut at = 8 + if flags & 1 == 0 { 0 } else { 8 } + if flags & 2 == 0 { 0 } else { 4 };
    for (flag, value) in [(8, &mut defaults.duration), (0x10, &mut defaults.size)] {
        if flags & flag != 0 {
            *value = be32(head, at).ok_or_else(cut_off)?;
            at += 4;
        }
    }
    Ok(defaults)
}

/// When a fragment is due (`tfdt`).
fn due(traf: &[u8]) -> Result<Option<u64>, Error> {
    let Some(time) = child(traf, b"tfdt")? else { return Ok(None) };
    let long = time.first() == Some(&1);
    let value = if long { be64(time, 4) } else { be32(time, 4).map(u64::from) };
    value.map(Some).ok_or_else(cut_off)
}

/// Reads the runs of a `traf`, which lies in `moof`.
fn read_runs(
    traf: &[u8],
    moof: &[u8],
    (base, defaults): (u64, TrackExtends),
    runs: &mut Vec<TrackRun>,
) -> Result<(), Error> {
    for child in children(traf) {
        let (kind, trun) = child?;
        if kind != *b"trun" {
            continue;
        }
        let (flags, count) = be32(trun, 0).zip(be32(trun, 4)).ok_or_else(cut_off)?;
        let mut from = 8;
        let mut at = runs.is_empty().then_some(base);
        if flags & 1 != 0 {
            let offset = be32(trun, from).ok_or_else(cut_off)?;
            at = Some(base.checked_add_signed(offset.cast_signed().into()).ok_or_else(cut_off)?);
            from += 4;
        }
        from += if flags & 4 == 0 { 0 } else { 4 };
        let room = trun.len().checked_sub(from).ok_or_else(cut_off)?;
        let entries = usize::try_from(count).ok().and_then(|count| count.checked_mul(width(flags)));
        if entries.is_none_or(|entries| entries > room) {
            let reason = format!("a fragment claims {count} packets and is too short");
            return Err(header_error(&reason));
        }
        let entry = offset_in(moof, trun) + from;
        let (duration, size) = (defaults.duration, defaults.size);
        runs.push(TrackRun { count, entry, flags, at, duration, size });
    }
    Ok(())
}

/// Where a part of `whole` stands in it.
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

fn cut_off() -> Error {
    header_error("the index of a fragment is cut off")
}

/// The size of the `moof` with this header, where it is not too large.
pub(super) fn size_of(header: BoxHeader) -> Result<u64, Error> {
    if header.size == TO_THE_END || header.size > MAX_MOOF {
        return Err(header_error("the index of a fragment is larger than 16 MiB"));
    }
    Ok(header.size)
}

#[cfg(test)]
mod tests {
    use super::super::boxes::boxed;
    use super::*;

    const DEFAULTS: TrackExtends = TrackExtends { track: 7, duration: 1024, size: 5 };

    fn tfhd(flags: u32, fields: &[u8]) -> Vec<u8> {
        boxed(b"tfhd", &[&flags.to_be_bytes(), &[0, 0, 0, 7], fields])
    }

    /// A run with these flags, of so many packets.
    fn trun(flags: u32, count: u32, fields: &[u32]) -> Vec<u8> {
        let fields: Vec<_> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
        boxed(b"trun", &[&flags.to_be_bytes(), &count.to_be_bytes(), &fields])
    }

    /// Places, sizes and durations of the packets of a fragment that begins at 1000.
    fn packets(parts: &[&[u8]]) -> Result<Vec<(u64, u64, u64)>, Error> {
        let mut fragment = MovieFragment::parse(boxed(b"traf", parts), 1000, DEFAULTS)?;
        let next = || fragment.next(1).transpose();
        std::iter::from_fn(next).map(|s| s.map(|s| (s.at, s.bytes, s.duration))).collect()
    }

    #[test]
    fn each_field_of_a_fragment_is_where_its_flags_say() {
        let plain = tfhd(0x2_0000, &[]);
        let two = vec![(1100, 5, 1024), (1105, 5, 1024)];
        assert_eq!(packets(&[&plain, &trun(1, 2, &[100])]).unwrap(), two);
        // A base, a description, and defaults of its own.
        let own = [0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 3];
        let own = tfhd(0x1B, &own);
        assert_eq!(packets(&[&own, &trun(0, 2, &[])]).unwrap(), [(50, 3, 9), (53, 3, 9)]);
        // Every field there is: a place, flags of the first, then four for each.
        let all = trun(0xB05, 2, &[8, 0, 11, 6, 1, 12, 7, 2]);
        assert_eq!(packets(&[&plain, &all]).unwrap(), [(1008, 6, 11), (1014, 7, 12)]);
        // A second run follows the first, and one before its base is there too.
        let runs = [trun(1, 1, &[8]), trun(0x200, 1, &[4]), trun(1, 1, &[(-8i32).cast_unsigned()])];
        let runs = runs.concat();
        let three = [(1008, 5, 1024), (1013, 4, 1024), (992, 5, 1024)];
        assert_eq!(packets(&[&plain, &runs]).unwrap(), three);
        let other = boxed(b"tfhd", &[&[0; 7], &[8]]);
        assert_eq!(packets(&[&other, &trun(1, 2, &[100])]).unwrap(), []);
    }

    #[test]
    fn runs_that_are_empty_or_claim_too_much() {
        let plain = tfhd(0x2_0000, &[]);
        let empty = trun(1, 0, &[100]).repeat(99_000);
        let one = vec![(1100, 5, 1024)];
        assert_eq!(packets(&[&plain, &empty, &trun(0, 1, &[])]).unwrap(), one);
        for flags in [0x100, 0x200, 0x400, 0x800, 0xF00] {
            assert!(packets(&[&plain, &trun(flags, u32::MAX, &[1, 2, 3, 4])]).is_err(), "{flags}");
        }
        assert!(
            packets(&[&plain, &trun(1, 1, &[(-1001i32).cast_unsigned()])]).is_err(),
            "before the file"
        );
        assert!(packets(&[&trun(0, 1, &[])]).is_err(), "no head");
    }
}
