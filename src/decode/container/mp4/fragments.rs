//! Movie fragments (`moof`, ISO/IEC 14496-12, 8.8): an index before each part of the audio.
//!
//! In: the file, box by box. Out: packets in order, and the decode time of each fragment. What can
//! go wrong: a fragment that is missing, out of order, or that declares more packets than it holds.
//!
//! One fragment is in memory at a time, and each of its packets is visited once.

use super::boxes::{TO_THE_END, child, children, header_error, needed};
use super::byte_source::ByteSource;
use super::tables::SampleBatch;
use crate::block::index_of;
use crate::decode::container::bytes::{be32, be64};
use crate::decode::container::error::unsupported;
use crate::error::Error;

/// The largest `moof` that is read, in bytes.
const MAX_MOOF: u64 = 16 * 1024 * 1024;

/// The defaults for the packets of all fragments (`trex`, 8.8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrackExtends {
    pub(super) track: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
}

impl TrackExtends {
    /// The defaults of a track, from the content of `mvex`.
    ///
    /// # Errors
    /// [`Error::Header`] where there are none.
    pub(super) fn parse(mvex: &[u8], track: u32) -> Result<Self, Error> {
        for child in children(mvex) {
            let (kind, trex) = child?;
            if kind == *b"trex" && be32(trex, 4) == Some(track) {
                let values = be32(trex, 12).zip(be32(trex, 16));
                let (duration, size) = values.ok_or_else(cut_off)?;
                return Ok(Self { track, duration, size });
            }
        }
        Err(header_error("the defaults of its fragments (trex) are missing"))
    }
}

/// A run of adjacent packets (`trun`, 8.8.8).
#[derive(Debug, Clone, Copy)]
struct TrackRun {
    /// Packets left.
    count: u32,
    /// The place of the next packet's entry in the fragment.
    entry: usize,
    flags: u32,
    /// The place of the run in the file; `None`: after the run before.
    at: Option<u64>,
    duration: u32,
    size: u32,
}

/// One fragment, as far as one track is concerned.
#[derive(Debug, Default)]
pub(super) struct MovieFragment {
    moof: Vec<u8>,
    runs: Vec<TrackRun>,
    next_run: usize,
    /// The place of the next packet in the file.
    at: u64,
    /// The decode time of its first packet, in units of the track, if it declares one (`tfdt`).
    pub(super) time: Option<u64>,
}

impl MovieFragment {
    /// Parses the content of a `moof` that begins at byte `place` of the file.
    ///
    /// # Errors
    /// [`Error::Header`] where it declares more than it holds.
    pub(super) fn parse(moof: Vec<u8>, place: u64, defaults: TrackExtends) -> Result<Self, Error> {
        let (mut runs, mut time, mut trafs) = (Vec::new(), None, 0);
        for child in children(&moof) {
            let (kind, traf) = child?;
            if kind != *b"traf" {
                continue;
            }
            let head = needed(traf, b"tfhd")?;
            if be32(head, 4) == Some(defaults.track) {
                // Their order would be ambiguous.
                if !runs.is_empty() {
                    return Err(header_error("a fragment has two parts for one track"));
                }
                let base = base_of(head, place, trafs == 0)?;
                read_runs(traf, &moof, (base, with_own(head, defaults)?), &mut runs)?;
                time = decode_time(traf)?;
            }
            trafs += 1;
        }
        Ok(Self { moof, runs, next_run: 0, at: place, time })
    }

    /// The next packet; or up to `batch` of them, if they have the same size and duration.
    ///
    /// # Errors
    /// [`Error::Header`] where its place is beyond the end of any file.
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
        // Without fields of their own, all packets of the run have the defaults.
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

/// Flags of `trun` (8.8.8): the fields of each packet. Sample flags and composition time are not
/// used.
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FIELDS: [u32; 4] = [DURATION, SIZE, 0x400, 0x800];

/// Bytes of an entry.
fn width(flags: u32) -> usize {
    FIELDS.iter().filter(|&flag| flags & flag != 0).count() * 4
}

/// The place that offsets in a fragment count from (`tfhd`, 8.8.7).
fn base_of(head: &[u8], moof: u64, first: bool) -> Result<u64, Error> {
    let flags = be32(head, 0).ok_or_else(cut_off)?;
    // base-data-offset-present
    if flags & 1 != 0 {
        return be64(head, 8).ok_or_else(cut_off);
    }
    // default-base-is-moof
    if first || flags & 0x2_0000 != 0 {
        return Ok(moof);
    }
    // They count from the end of the data of the track before.
    Err(unsupported("an MP4 whose fragments do not declare the place of their audio"))
}

/// The defaults, or those of `tfhd` where it has its own.
fn with_own(head: &[u8], mut defaults: TrackExtends) -> Result<TrackExtends, Error> {
    let flags = be32(head, 0).ok_or_else(cut_off)?;
    // Base data offset and sample description index come before them, if present.
    let mut at = 8 + if flags & 1 == 0 { 0 } else { 8 } + if flags & 2 == 0 { 0 } else { 4 };
    for (flag, value) in [(8, &mut defaults.duration), (0x10, &mut defaults.size)] {
        if flags & flag != 0 {
            *value = be32(head, at).ok_or_else(cut_off)?;
            at += 4;
        }
    }
    Ok(defaults)
}

/// The decode time of a fragment (`tfdt`, 8.8.12).
fn decode_time(traf: &[u8]) -> Result<Option<u64>, Error> {
    let Some(time) = child(traf, b"tfdt")? else { return Ok(None) };
    let long = time.first() == Some(&1);
    let value = if long { be64(time, 4) } else { be32(time, 4).map(u64::from) };
    value.map(Some).ok_or_else(cut_off)
}

/// Parses the runs of a `traf` inside `moof`.
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
        // data-offset-present
        if flags & 1 != 0 {
            let offset = be32(trun, from).ok_or_else(cut_off)?;
            at = Some(base.checked_add_signed(offset.cast_signed().into()).ok_or_else(cut_off)?);
            from += 4;
        }
        // first-sample-flags-present
        from += if flags & 4 == 0 { 0 } else { 4 };
        let room = trun.len().checked_sub(from).ok_or_else(cut_off)?;
        let entries = index_of(count.into()).checked_mul(width(flags));
        if entries.is_none_or(|entries| entries > room) {
            return Err(header_error(format!(
                "a fragment declares {count} packets, but is too short"
            )));
        }
        let entry = offset_in(moof, trun) + from;
        let (duration, size) = (defaults.duration, defaults.size);
        runs.push(TrackRun { count, entry, flags, at, duration, size });
    }
    Ok(())
}

/// The place of `part` in `whole`, of which it is a slice.
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

fn cut_off() -> Error {
    header_error("the index of a fragment is cut off")
}

/// A pass over the fragments of a file.
pub(super) struct FragmentCursor {
    extends: TrackExtends,
    /// The place of the next box in the file.
    at: u64,
    /// The sequence number of the fragment before.
    number: Option<u32>,
    pub(super) fragment: MovieFragment,
    /// The decode time that counts as 0: that of the first fragment, in a live recording.
    base: Option<u64>,
}

impl FragmentCursor {
    /// `only_track`: no other track can have begun before this one, so that times count from its
    /// start.
    pub(super) fn new(extends: TrackExtends, only_track: bool) -> Self {
        let base = if only_track { None } else { Some(0) };
        Self { extends, at: 0, number: None, fragment: MovieFragment::default(), base }
    }

    /// Goes to the next fragment and sets `time` to its decode time. Returns false at the end.
    pub(super) fn advance(
        &mut self,
        source: &mut ByteSource,
        time: &mut u64,
    ) -> Result<bool, Error> {
        loop {
            let place = self.at;
            let Some(header) = source.header(place)? else { return Ok(false) };
            self.at = place.saturating_add(header.size);
            if header.kind != *b"moof" {
                continue;
            }
            if header.size == TO_THE_END || header.size > MAX_MOOF {
                return Err(header_error("the index of a fragment is larger than 16 MiB"));
            }
            let moof = source.read(place + header.length, header.size - header.length)?;
            // Mostly the audio comes next. Skip it before it is read, so as not to seek back.
            if let Some(next) = source.header(self.at)?.filter(|next| next.kind == *b"mdat") {
                self.at = self.at.saturating_add(next.size);
            }
            self.check_number(&moof)?;
            self.fragment = MovieFragment::parse(moof, place, self.extends)?;
            if let Some(decode_time) = self.fragment.time {
                // A live recording counts from the start of the machine's clock.
                let base = *self.base.get_or_insert(if *time == 0 { decode_time } else { 0 });
                let relative = decode_time.checked_sub(base);
                *time = relative.ok_or_else(|| header_error("its fragments are out of order"))?;
            }
            return Ok(true);
        }
    }

    /// Checks that sequence numbers (`mfhd`, 8.8.5) count up by one. They may wrap.
    fn check_number(&mut self, moof: &[u8]) -> Result<(), Error> {
        let number = needed(moof, b"mfhd").ok().and_then(|mfhd| be32(mfhd, 4));
        let follows = |before: u32| before.checked_add(1) == number || before == u32::MAX;
        if number.is_none() || self.number.is_some_and(|before| !follows(before)) {
            return Err(header_error("a fragment is missing"));
        }
        self.number = number;
        Ok(())
    }
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
