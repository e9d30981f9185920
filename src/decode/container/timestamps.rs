//! Whether each packet is where the count of frames says that it is.
//!
//! Positions are counted, never taken from the container. But the container's own timestamps tell
//! when a packet is missing before the one at hand, and then everything behind it would be out of
//! place. symphonia skips damaged pages, clusters and fragments without a word. In Matroska, whose
//! live recordings are timed by a clock, a packet may come a little early or late, and the clock may
//! drift; a packet that is missing makes a jump of its own length.

use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// Rounding that timestamps may show, as a part of a second: Matroska counts milliseconds.
const SLACK: i128 = 200;

/// How late the first packet of a live recording may be, as a part of a second.
const LATE: i128 = 20;

/// Compares timestamps with the count.
#[derive(Debug)]
pub(in crate::decode) struct TimestampCheck {
    clock: Clock,
    /// In Hz.
    rate: u32,
    /// Whether packets overlap.
    lapped: bool,
    /// What the next timestamp should be, or where the count began, once that is known.
    expected: Option<i128>,
    /// The timestamp before, in the container's units.
    last: Option<i128>,
    /// Frames that had been decoded then.
    before: u64,
}

/// What the timestamps of a container are.
#[derive(Debug, Clone, Copy)]
pub(in crate::decode) enum Clock {
    /// There are none that could be trusted; the bytes are accounted for instead.
    None,
    /// They number frames exactly, as in Ogg and FLAC.
    Frames,
    /// They are times from an index, in units of their own.
    Index(TimeBase),
    /// They are times that a browser takes from its clock, as each packet comes.
    Live(TimeBase),
}

impl TimestampCheck {
    /// For a track of `codec`, decoded at `rate` Hz.
    pub(in crate::decode) fn new(clock: Clock, codec: &str, rate: u32) -> Self {
        // A Vorbis packet completes the one before it: the first gives no frames.
        let lapped = codec == "vorbis";
        Self { clock, rate, lapped, expected: None, last: None, before: 0 }
    }

    /// What is wrong with the place of this packet, after `coded` frames, trimmed ones included.
    pub(in crate::decode) fn check(
        &mut self,
        packet: &Packet,
        coded: u64,
    ) -> Result<(), &'static str> {
        let pts = i128::from(packet.pts.get());
        let repeated = self.last.replace(pts) == Some(pts);
        let (base, by_hand) = match self.clock {
            Clock::None => return Ok(()),
            Clock::Frames => return self.check_frames(packet, pts),
            Clock::Index(base) => (base, false),
            Clock::Live(base) => (base, true),
        };
        let (rate, lapped) = (self.rate, self.lapped);
        // Packets that are laced into one block have one timestamp.
        if repeated || (lapped && coded == 0) {
            return Ok(());
        }
        let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
        let at = pts * numer * i128::from(rate) / denom - i128::from(coded);
        let tick = numer * i128::from(rate) / denom + 1;
        let slack = (2 * tick).max(i128::from(rate) / SLACK);
        let latest = if by_hand { i128::from(rate) / LATE } else { 0 };
        let latest = latest + slack + if lapped { 8192 } else { 0 };
        if self.expected.is_none() && at > latest {
            return Err(STARTS_LATE);
        }
        let expected = self.expected.get_or_insert(at);
        let length = i128::from(coded - std::mem::replace(&mut self.before, coded));
        let (off, room) = (at - *expected, if by_hand { length * 9 / 10 } else { 0 });
        if by_hand {
            // Clocks drift apart; no clock that works by a two-hundredth.
            let step = length / 200 + 1;
            *expected += off.clamp(-step, step);
        }
        if off.abs() > slack.max(room) { Err(MISSING) } else { Ok(()) }
    }

    /// Timestamps that number frames leave no room.
    fn check_frames(&mut self, packet: &Packet, pts: i128) -> Result<(), &'static str> {
        let wrong = match self.expected {
            // What comes before 0 is priming.
            None => pts > 0,
            Some(expected) => pts != expected,
        };
        self.expected = Some(pts + i128::from(packet.block_dur().get()));
        if wrong { Err(MISSING) } else { Ok(()) }
    }
}

const STARTS_LATE: &str = "its audio begins later than the recording itself";
const MISSING: &str = "packets are missing before this one, or it is out of order";

#[cfg(test)]
mod tests {
    use super::*;
    use symphonia::core::packet::PacketBuilder;
    use symphonia::core::units::{Duration, Timestamp};

    /// Packets of 20 ms at 8 kHz, at these times in milliseconds: the first that is misplaced.
    fn misplaced(
        clock: fn(TimeBase) -> Clock,
        times: impl IntoIterator<Item = f64>,
    ) -> Option<usize> {
        let base = TimeBase::try_from_recip(1000).unwrap();
        let mut place = TimestampCheck::new(clock(base), "opus", 8000);
        let mut packets = times.into_iter().enumerate();
        packets.find_map(|(index, time)| {
            #[expect(clippy::cast_possible_truncation, reason = "an hour in milliseconds")]
            let pts = Timestamp::new(time.round() as i64);
            let builder = PacketBuilder::new().track_id(1).pts(pts).dur(Duration::new(20));
            let packet = builder.data(Vec::new()).build();
            place.check(&packet, index as u64 * 160).err().map(|_| index)
        })
    }

    fn steady() -> impl Iterator<Item = f64> {
        (0..180_000).map(|index| f64::from(index) * 20.0)
    }

    #[test]
    fn a_clock_may_tremble_and_drift_and_a_packet_may_not_be_missing() {
        assert_eq!(misplaced(Clock::Live, steady()), None);
        let trembling = steady().zip([0.0, 8.0, -8.0, 3.0, -5.0, 8.0].into_iter().cycle());
        assert_eq!(misplaced(Clock::Live, trembling.map(|(time, off)| time + off)), None);
        for drift in [1.0002, 0.9998] {
            assert_eq!(misplaced(Clock::Live, steady().map(|time| time * drift)), None);
        }
        let without = |gone: usize| steady().enumerate().filter(move |(index, _)| *index != gone);
        for gone in [1, 1000, 179_998] {
            let rest = without(gone).map(|(_, time)| time * 1.0002);
            assert_eq!(misplaced(Clock::Live, rest), Some(gone));
            assert_eq!(misplaced(Clock::Index, without(gone).map(|(_, time)| time)), Some(gone));
        }
    }

    #[test]
    fn what_an_index_says_is_exact() {
        assert_eq!(misplaced(Clock::Index, steady()), None);
        let off = |by: f64| steady().map(move |time| if time > 100.0 { time + by } else { time });
        assert_eq!(misplaced(Clock::Index, off(4.0)), None);
        assert_eq!(misplaced(Clock::Index, off(8.0)), Some(6));
    }

    #[test]
    fn a_late_beginning_is_an_error() {
        let clocks: [(fn(TimeBase) -> Clock, f64); 2] = [(Clock::Live, 50.0), (Clock::Index, 0.0)];
        for (clock, latest) in clocks {
            let from = |late: f64| misplaced(clock, steady().take(9).map(|time| time + late));
            assert_eq!((from(latest), from(latest + 10.0)), (None, Some(0)));
        }
    }
}
