//! Whether each packet is where the count of frames says that it is.
//!
//! Positions are counted, never taken from the container. But the container's own timestamps tell
//! when something is missing before the packet at hand: packets that were lost, or left out because
//! nobody spoke. That is a gap, and its length is known. symphonia skips damaged pages, clusters and
//! fragments without a word. In Matroska, whose live recordings are timed by a clock, a packet may
//! come a little early or late, and the clock may drift; a packet that is missing makes a jump of its
//! own length.

use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// Rounding that timestamps may show, as a part of a second: Matroska counts milliseconds.
const SLACK: i128 = 200;

/// How late the first packet of a live recording may be where a picture lies beside it, as a part of
/// a second.
const LATE: i128 = 20;

/// The longest block of Vorbis, in frames: its first packet gives none.
const LAPPED: i128 = 8192;

/// Compares timestamps with the count.
#[derive(Debug)]
pub(in crate::decode) struct TimestampCheck {
    clock: TimestampKind,
    /// In Hz.
    rate: u32,
    /// Whether packets overlap.
    lapped: bool,
    jumps: GapDetector,
    /// Where the audio begins, in frames.
    begins: i128,
    /// The timestamp before, in the container's units.
    last: Option<i128>,
    /// Frames that had been decoded then.
    before: u64,
}

/// What the timestamps of a container are.
#[derive(Debug, Clone, Copy)]
pub(in crate::decode) enum TimestampKind {
    /// There are none that could be trusted; something else tells what is missing.
    None,
    /// They number frames exactly, and none is ever left out, as in FLAC.
    Frames,
    /// They number frames exactly, as in Ogg.
    Granules,
    /// They are times from an index, in units of their own.
    Index(TimeBase),
    /// They are times that a browser takes from its clock, as each packet comes.
    Live {
        base: TimeBase,
        /// Whether there is nothing beside the audio that could have begun before it.
        alone: bool,
    },
}

impl TimestampCheck {
    /// For a track of `codec`, decoded at `rate` Hz.
    pub(in crate::decode) fn new(clock: TimestampKind, codec: &str, rate: u32) -> Self {
        // A Vorbis packet completes the one before it: the first gives no frames.
        let lapped = codec == "vorbis";
        let (jumps, begins) = (GapDetector::default(), 0);
        Self { clock, rate, lapped, jumps, begins, last: None, before: 0 }
    }

    /// Where the audio begins by this clock, in frames. Less than `longest`, the longest packet, is
    /// rounding: it can hide none.
    pub(in crate::decode) fn begins(&self, longest: u64) -> u64 {
        let least = i128::from(longest).max(if self.lapped { LAPPED } else { 0 });
        if self.begins < least { 0 } else { u64::try_from(self.begins).unwrap_or(u64::MAX) }
    }

    /// How many frames are missing before this packet, after `coded` frames, trimmed ones included.
    ///
    /// # Errors
    /// What is wrong with the place of the packet.
    pub(in crate::decode) fn gap(
        &mut self,
        packet: &Packet,
        coded: u64,
    ) -> Result<u64, &'static str> {
        let pts = i128::from(packet.pts.get());
        let repeated = self.last.replace(pts) == Some(pts);
        let (base, live) = match self.clock {
            TimestampKind::None => return Ok(0),
            TimestampKind::Frames | TimestampKind::Granules => {
                return self.gap_in_frames(packet, pts);
            }
            TimestampKind::Index(base) => (base, None),
            TimestampKind::Live { base, alone } => (base, Some(alone)),
        };
        // Packets that are laced into one block have one timestamp.
        if repeated || (self.lapped && coded == 0) {
            return Ok(0);
        }
        let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
        let at = pts * numer * i128::from(self.rate) / denom - i128::from(coded);
        let tick = numer * i128::from(self.rate) / denom + 1;
        let slack = (2 * tick).max(i128::from(self.rate) / SLACK);
        let length = i128::from(coded - std::mem::replace(&mut self.before, coded));
        if self.jumps.expected.is_none() {
            return self.first(at, slack, live);
        }
        let room = if live.is_some() { slack.max(length * 9 / 10) } else { slack };
        let gap = self.jumps.gap(at, length, room, slack)?;
        if live.is_some() {
            self.jumps.follow(length);
        }
        Ok(gap)
    }

    /// The first packet may come late. Where there is audio alone, a player begins with it; a picture
    /// is shown before it, and windows are meant by the clock of both.
    fn first(&mut self, at: i128, slack: i128, live: Option<bool>) -> Result<u64, &'static str> {
        let latest = if live.is_some() { i128::from(self.rate) / LATE } else { 0 };
        let latest = latest + slack + if self.lapped { LAPPED } else { 0 };
        match live {
            None if at > latest => Err(STARTS_LATE),
            Some(false) if at > latest => {
                self.jumps.expected = Some(0);
                self.jumps.gap(at, 0, 0, 0)
            }
            _ => {
                self.begins = at;
                self.jumps.expected = Some(at);
                Ok(0)
            }
        }
    }

    /// Timestamps that number frames leave no room.
    fn gap_in_frames(&mut self, packet: &Packet, pts: i128) -> Result<u64, &'static str> {
        let expected = self.jumps.expected.unwrap_or(pts);
        if self.jumps.expected.is_none() {
            // What comes before 0 is priming.
            self.begins = pts + i128::from(packet.trim_start.get());
        }
        self.jumps.expected = Some(pts + i128::from(packet.block_dur().get()));
        let exact = matches!(self.clock, TimestampKind::Frames);
        if pts < expected || (exact && (pts > expected || self.begins > 0)) {
            return Err(MISSING);
        }
        Ok(length(pts - expected))
    }
}

/// Finds jumps of a clock against a count.
#[derive(Debug, Default)]
pub(super) struct GapDetector {
    /// How far the clock is ahead of the count, once that is known.
    pub(super) expected: Option<i128>,
    /// Frames of all gaps so far.
    missing: i128,
    /// How far the clock was off at the last packet.
    off: i128,
}

impl GapDetector {
    /// How many frames are missing where the clock is `at` frames ahead of the frames that came. The
    /// clock may be off by `room`. Packets of `length` frames have gone missing whole, if that fits to
    /// within `slack`.
    ///
    /// # Errors
    /// The clock runs backwards.
    pub(super) fn gap(
        &mut self,
        at: i128,
        length: i128,
        room: i128,
        slack: i128,
    ) -> Result<u64, &'static str> {
        let at = at - self.missing;
        self.off = at - *self.expected.get_or_insert(at);
        if self.off < -room {
            return Err(MISSING);
        }
        if self.off <= room {
            return Ok(0);
        }
        let whole = (self.off + length / 2) / length.max(1) * length;
        let gap = if (whole - self.off).abs() <= slack && whole > 0 { whole } else { self.off };
        self.missing += gap;
        self.off -= gap;
        Ok(self::length(gap))
    }

    /// Whether the clock has fallen behind.
    pub(super) fn is_behind(&self, at: i128) -> bool {
        self.expected.is_some_and(|expected| at - self.missing < expected)
    }

    /// Follows the clock: clocks drift apart, but none that works by a two-hundredth.
    pub(super) fn follow(&mut self, length: i128) {
        let step = length / 200 + 1;
        if let Some(expected) = &mut self.expected {
            *expected += self.off.clamp(-step, step);
        }
    }
}

fn length(frames: i128) -> u64 {
    u64::try_from(frames).unwrap_or(u64::MAX)
}

const STARTS_LATE: &str = "its audio begins later than the recording itself";
pub(super) const MISSING: &str = "packets are missing before this one, or it is out of order";

#[cfg(test)]
mod tests {
    use super::*;
    use symphonia::core::packet::PacketBuilder;
    use symphonia::core::units::{Duration, Timestamp};

    fn packet(millis: f64) -> Packet {
        #[expect(clippy::cast_possible_truncation, reason = "an hour in milliseconds")]
        let pts = Timestamp::new(millis.round() as i64);
        let builder = PacketBuilder::new().track_id(1).pts(pts).dur(Duration::new(20));
        builder.data(Vec::new()).build()
    }

    /// Packets of 20 ms at 8 kHz, at these times in milliseconds: the first that is misplaced.
    fn misplaced(
        clock: fn(TimeBase) -> TimestampKind,
        times: impl IntoIterator<Item = f64>,
    ) -> Option<usize> {
        let base = TimeBase::try_from_recip(1000).unwrap();
        let mut place = TimestampCheck::new(clock(base), "opus", 8000);
        let mut packets = times.into_iter().enumerate();
        packets.find_map(|(index, time)| {
            let gap = place.gap(&packet(time), index as u64 * 160);
            (gap != Ok(0)).then_some(index)
        })
    }

    fn steady() -> impl Iterator<Item = f64> {
        (0..180_000).map(|index| f64::from(index) * 20.0)
    }

    fn live(base: TimeBase) -> TimestampKind {
        TimestampKind::Live { base, alone: true }
    }

    #[test]
    fn a_clock_may_tremble_and_drift_and_a_packet_may_not_be_missing() {
        assert_eq!(misplaced(live, steady()), None);
        let trembling = steady().zip([0.0, 8.0, -8.0, 3.0, -5.0, 8.0].into_iter().cycle());
        assert_eq!(misplaced(live, trembling.map(|(time, off)| time + off)), None);
        for drift in [1.0002, 0.9998] {
            assert_eq!(misplaced(live, steady().map(|time| time * drift)), None);
        }
        let without = |gone: usize| steady().enumerate().filter(move |(index, _)| *index != gone);
        for gone in [1, 1000, 179_998] {
            let rest = without(gone).map(|(_, time)| time * 1.0002);
            assert_eq!(misplaced(live, rest), Some(gone));
            assert_eq!(
                misplaced(TimestampKind::Index, without(gone).map(|(_, time)| time)),
                Some(gone)
            );
        }
    }

    #[test]
    fn what_an_index_says_is_exact() {
        assert_eq!(misplaced(TimestampKind::Index, steady()), None);
        let off = |by: f64| steady().map(move |time| if time > 100.0 { time + by } else { time });
        assert_eq!(misplaced(TimestampKind::Index, off(4.0)), None);
        assert_eq!(misplaced(TimestampKind::Index, off(8.0)), Some(6));
    }

    /// What is missing before each packet, and where the audio begins.
    fn gaps(clock: TimestampKind, times: &[f64]) -> Result<(Vec<u64>, u64), &'static str> {
        let mut check = TimestampCheck::new(clock, "opus", 8000);
        let packets = times.iter().enumerate();
        let gaps = packets.map(|(index, time)| check.gap(&packet(*time), index as u64 * 160));
        let gaps = gaps.collect::<Result<_, _>>()?;
        Ok((gaps, check.begins(160)))
    }

    #[test]
    fn a_gap_is_as_long_as_the_packets_that_are_missing_or_as_the_clock_says() {
        let base = TimeBase::try_from_recip(1000).unwrap();
        // Three packets; then a pause that is no whole number of them.
        let times = [0.0, 20.0, 103.0, 120.0, 140.0, 1171.0, 1191.0];
        for clock in [live(base), TimestampKind::Index(base)] {
            let (gaps, _) = gaps(clock, &times).unwrap();
            assert_eq!(gaps, [0, 0, 480, 0, 0, 8088, 0], "{clock:?}");
        }
        assert!(gaps(live(base), &[0.0, 20.0, 0.0]).is_err(), "backwards");
    }

    #[test]
    fn a_late_beginning_is_told_where_there_is_audio_alone() {
        let base = TimeBase::try_from_recip(1000).unwrap();
        let beside = TimestampKind::Live { base, alone: false };
        assert_eq!(gaps(live(base), &[120.0, 140.0]), Ok((vec![0, 0], 960)));
        assert_eq!(gaps(live(base), &[19.0, 39.0]), Ok((vec![0, 0], 0)), "less than a packet");
        assert_eq!(gaps(beside, &[120.0, 140.0]), Ok((vec![960, 0], 0)));
        assert_eq!(gaps(beside, &[50.0, 70.0]), Ok((vec![0, 0], 400)));
        assert!(gaps(TimestampKind::Index(base), &[10.0, 30.0]).is_err());
    }
}
