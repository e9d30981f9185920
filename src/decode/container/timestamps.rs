//! Detects gaps: the timestamps of a container against the count of decoded frames.
//!
//! In: each packet, and the frames decoded before it. Out: the frames that are missing before it.
//! What can go wrong: a timestamp that runs backwards, or that starts late without a reason.
//!
//! A position is the count of frames, never a timestamp. But timestamps show when something is
//! missing: packets that were lost, or not sent during silence. symphonia skips damaged pages,
//! clusters and fragments silently. The timestamps of live Matroska recordings come from a
//! machine's clock: they jitter and drift. A missing packet is a jump of its own length.

use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// The tolerance for rounding, as a fraction of a second (5 ms): Matroska counts milliseconds.
const SLACK: i128 = 200;

/// How late the audio of a live recording may begin after its video, as a fraction of a second (50
/// ms).
const LATE: i128 = 20;

/// The longest block of Vorbis, in frames. The first packet decodes to none.
const MAX_VORBIS_BLOCK: i128 = 8192;

/// Compares the timestamps of one track with the count of frames.
#[derive(Debug)]
pub(in crate::decode) struct TimestampCheck {
    kind: TimestampKind,
    /// In Hz.
    rate: u32,
    /// Whether packets overlap, as in Vorbis.
    overlaps: bool,
    detector: GapDetector,
    /// The timestamp of the first frame, in frames.
    begins: i128,
    /// The timestamp of the packet before, in the container's units.
    last: Option<i128>,
    /// Frames that were decoded before that packet.
    before: u64,
}

/// What the timestamps of a container mean.
#[derive(Debug, Clone, Copy)]
pub(in crate::decode) enum TimestampKind {
    /// Nothing reliable. Gaps are found by other means, if at all.
    None,
    /// Frames, without gaps, as in FLAC.
    Frames,
    /// Frames, perhaps with gaps, as in Ogg.
    Granules,
    /// Exact times from an index.
    Index(TimeBase),
    /// Times that a recorder took from its clock as each packet came.
    Live {
        base: TimeBase,
        /// Whether there is no other track that can have begun before the audio.
        only_track: bool,
    },
}

impl TimestampCheck {
    /// A check for a track of `codec` that is decoded at `rate` Hz.
    pub(in crate::decode) fn new(kind: TimestampKind, codec: &str, rate: u32) -> Self {
        let overlaps = codec == "vorbis";
        let (detector, begins) = (GapDetector::default(), 0);
        Self { kind, rate, overlaps, detector, begins, last: None, before: 0 }
    }

    /// The timestamp of the first frame, in frames; 0 if it is less than the longest packet. That
    /// much is rounding: no packet fits in it.
    pub(in crate::decode) fn begins(&self, longest: u64) -> u64 {
        let least = i128::from(longest).max(if self.overlaps { MAX_VORBIS_BLOCK } else { 0 });
        if self.begins < least { 0 } else { clamped(self.begins) }
    }

    /// The frames that are missing before this packet. `coded`: frames decoded so far, trimmed ones
    /// included.
    ///
    /// # Errors
    /// What is wrong with the timestamp.
    pub(in crate::decode) fn gap(
        &mut self,
        packet: &Packet,
        coded: u64,
    ) -> Result<u64, &'static str> {
        let pts = i128::from(packet.pts.get());
        let repeated = self.last.replace(pts) == Some(pts);
        let (base, live) = match self.kind {
            TimestampKind::None => return Ok(0),
            TimestampKind::Frames | TimestampKind::Granules => {
                return self.gap_in_frames(packet, pts);
            }
            TimestampKind::Index(base) => (base, None),
            TimestampKind::Live { base, only_track } => (base, Some(only_track)),
        };
        // Packets laced into one Matroska block share its timestamp (RFC 9559, 10.3).
        if repeated || (self.overlaps && coded == 0) {
            return Ok(0);
        }
        // How far the timestamp is ahead of the frame count, and the length of one tick, both in
        // frames.
        let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
        let ahead = pts * numer * i128::from(self.rate) / denom - i128::from(coded);
        let tick = numer * i128::from(self.rate) / denom + 1;
        // Two timestamps are rounded, each by up to one tick.
        let slack = (2 * tick).max(i128::from(self.rate) / SLACK);
        // Frames of the packet before this one.
        let length = i128::from(coded - std::mem::replace(&mut self.before, coded));
        if self.detector.expected.is_none() {
            return self.first(ahead, slack, live);
        }
        // A live clock may jitter by nearly a packet. More than that is a packet.
        let tolerance = if live.is_some() { slack.max(length * 9 / 10) } else { slack };
        let gap = self.detector.gap(ahead, length, tolerance, slack)?;
        if live.is_some() {
            self.detector.follow(length);
        }
        Ok(gap)
    }

    /// The gap before the first packet. If there is only audio, a player begins with it, so there
    /// is no gap. If there is video, that is shown before the audio, and windows count from its
    /// start.
    fn first(&mut self, ahead: i128, slack: i128, live: Option<bool>) -> Result<u64, &'static str> {
        // An index is exact. Live audio and video may start up to 50 ms apart without meaning a
        // gap.
        let latest = if live.is_some() { i128::from(self.rate) / LATE } else { 0 };
        let latest = latest + slack + if self.overlaps { MAX_VORBIS_BLOCK } else { 0 };
        match live {
            None if ahead > latest => Err(STARTS_LATE),
            Some(false) if ahead > latest => {
                // The audio should begin at 0 as the video does, so all of `ahead` is a gap.
                self.detector.expected = Some(0);
                self.detector.gap(ahead, 0, 0, 0)
            }
            _ => {
                self.begins = ahead;
                self.detector.expected = Some(ahead);
                Ok(0)
            }
        }
    }

    /// The gap before a packet whose timestamp counts frames: there is no tolerance.
    fn gap_in_frames(&mut self, packet: &Packet, pts: i128) -> Result<u64, &'static str> {
        let expected = self.detector.expected.unwrap_or(pts);
        if self.detector.expected.is_none() {
            // Frames before 0 are trimmed as codec delay.
            self.begins = pts + i128::from(packet.trim_start.get());
        }
        self.detector.expected = Some(pts + i128::from(packet.block_dur().get()));
        // FLAC has no way to leave out frames, so any difference is damage.
        let exact = matches!(self.kind, TimestampKind::Frames);
        if pts < expected || (exact && (pts > expected || self.begins > 0)) {
            return Err(OUT_OF_ORDER);
        }
        Ok(clamped(pts - expected))
    }
}

/// Finds jumps of a clock against a count of frames.
#[derive(Debug, Default)]
pub(super) struct GapDetector {
    /// How far the clock is ahead of the count, in frames. `None` before the first packet.
    pub(super) expected: Option<i128>,
    /// Frames of all gaps so far.
    missing: i128,
    /// How far the clock deviated from `expected` at the last packet.
    off: i128,
}

impl GapDetector {
    /// The frames that are missing where the clock is `ahead` of the count. `tolerance`: the
    /// deviation that is no gap. A gap is rounded to whole packets of `length` frames if that
    /// changes it by no more than `slack`: such packets were lost.
    ///
    /// # Errors
    /// The clock runs backwards.
    pub(super) fn gap(
        &mut self,
        ahead: i128,
        length: i128,
        tolerance: i128,
        slack: i128,
    ) -> Result<u64, &'static str> {
        // Gaps that are known already are no deviation.
        let ahead = ahead - self.missing;
        self.off = ahead - *self.expected.get_or_insert(ahead);
        if self.off < -tolerance {
            return Err(OUT_OF_ORDER);
        }
        if self.off <= tolerance {
            return Ok(0);
        }
        // The nearest number of whole packets.
        let whole = (self.off + length / 2) / length.max(1) * length;
        let gap = if (whole - self.off).abs() <= slack && whole > 0 { whole } else { self.off };
        self.missing += gap;
        self.off -= gap;
        Ok(clamped(gap))
    }

    /// Whether the clock is behind the count.
    pub(super) fn is_behind(&self, ahead: i128) -> bool {
        self.expected.is_some_and(|expected| ahead - self.missing < expected)
    }

    /// Follows the clock by at most 1/200 of `length`. Clocks drift, but no working one by so much.
    pub(super) fn follow(&mut self, length: i128) {
        // A jump of a packet must not be absorbed step by step.
        let step = length / 200 + 1;
        if let Some(expected) = &mut self.expected {
            *expected += self.off.clamp(-step, step);
        }
    }
}

fn clamped(frames: i128) -> u64 {
    u64::try_from(frames).unwrap_or(u64::MAX)
}

const STARTS_LATE: &str = "its audio begins later than the recording itself";
const OUT_OF_ORDER: &str = "packets are missing before this one, or it is out of order";

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

    /// The index of the first misplaced packet among packets of 20 ms at 8 kHz, at these times in
    /// ms.
    fn misplaced(
        clock: fn(TimeBase) -> TimestampKind,
        times: impl IntoIterator<Item = f64>,
    ) -> Option<usize> {
        let base = TimeBase::try_from_recip(1000).unwrap();
        let mut check = TimestampCheck::new(clock(base), "opus", 8000);
        let mut packets = times.into_iter().enumerate();
        packets.find_map(|(index, time)| {
            let gap = check.gap(&packet(time), index as u64 * 160);
            (gap != Ok(0)).then_some(index)
        })
    }

    fn steady() -> impl Iterator<Item = f64> {
        (0..180_000).map(|index| f64::from(index) * 20.0)
    }

    fn live(base: TimeBase) -> TimestampKind {
        TimestampKind::Live { base, only_track: true }
    }

    #[test]
    fn a_clock_may_jitter_and_drift_but_no_packet_may_be_missing() {
        assert_eq!(misplaced(live, steady()), None);
        let jittering = steady().zip([0.0, 8.0, -8.0, 3.0, -5.0, 8.0].into_iter().cycle());
        assert_eq!(misplaced(live, jittering.map(|(time, off)| time + off)), None);
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
    fn the_times_of_an_index_are_exact() {
        assert_eq!(misplaced(TimestampKind::Index, steady()), None);
        let off = |by: f64| steady().map(move |time| if time > 100.0 { time + by } else { time });
        assert_eq!(misplaced(TimestampKind::Index, off(4.0)), None);
        assert_eq!(misplaced(TimestampKind::Index, off(8.0)), Some(6));
    }

    /// The gap before each packet, and the timestamp of the first frame.
    fn gaps(clock: TimestampKind, times: &[f64]) -> Result<(Vec<u64>, u64), &'static str> {
        let mut check = TimestampCheck::new(clock, "opus", 8000);
        let packets = times.iter().enumerate();
        let gaps = packets.map(|(index, time)| check.gap(&packet(*time), index as u64 * 160));
        let gaps = gaps.collect::<Result<_, _>>()?;
        Ok((gaps, check.begins(160)))
    }

    #[test]
    fn a_gap_is_as_long_as_the_missing_packets_or_as_the_clock_says() {
        let base = TimeBase::try_from_recip(1000).unwrap();
        // Three packets are missing; later a pause that is not a whole number of packets.
        let times = [0.0, 20.0, 103.0, 120.0, 140.0, 1171.0, 1191.0];
        for clock in [live(base), TimestampKind::Index(base)] {
            let (gaps, _) = gaps(clock, &times).unwrap();
            assert_eq!(gaps, [0, 0, 480, 0, 0, 8088, 0], "{clock:?}");
        }
        assert!(gaps(live(base), &[0.0, 20.0, 0.0]).is_err(), "backwards");
    }

    #[test]
    fn a_late_beginning_is_reported_if_there_is_only_audio() {
        let base = TimeBase::try_from_recip(1000).unwrap();
        let beside = TimestampKind::Live { base, only_track: false };
        assert_eq!(gaps(live(base), &[120.0, 140.0]), Ok((vec![0, 0], 960)));
        assert_eq!(gaps(live(base), &[19.0, 39.0]), Ok((vec![0, 0], 0)), "less than a packet");
        assert_eq!(gaps(beside, &[120.0, 140.0]), Ok((vec![960, 0], 0)));
        assert_eq!(gaps(beside, &[50.0, 70.0]), Ok((vec![0, 0], 400)));
        assert!(gaps(TimestampKind::Index(base), &[10.0, 30.0]).is_err());
    }
}
