//! Whether each packet is where the count of frames says that it is.
//!
//! Positions are counted, never taken from the container. But the container's own timestamps tell
//! when a packet is missing before the one at hand, and then everything behind it would be out of
//! place. symphonia skips damaged pages, clusters and fragments without a word.

use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// Rounding that timestamps may show, as a part of a second: Matroska counts milliseconds.
const SLACK: i128 = 200;

/// Compares timestamps with the count.
#[derive(Debug)]
pub(super) struct Place {
    clock: Clock,
    /// What the next timestamp should be, or where the count began, once that is known.
    expected: Option<i128>,
    /// The timestamp before, in the container's units.
    last: Option<i128>,
}

#[derive(Debug)]
enum Clock {
    /// The container has none that could be trusted; its bytes are accounted for instead.
    None,
    /// It numbers frames exactly, as Ogg and FLAC do.
    Frames,
    /// It tells time in units of its own.
    Time { base: TimeBase, rate: u32, latest_start: i128, lapped: bool },
}

impl Place {
    /// For a track of `codec` in `container`.
    pub(super) fn new(container: &str, codec: &str, base: Option<TimeBase>, rate: u32) -> Self {
        // A Vorbis packet completes the one before it: the first gives no frames.
        let lapped = codec == "vorbis";
        let clock = match (container, base) {
            ("ogg" | "flac", _) => Clock::Frames,
            ("isomp4", Some(base)) => Clock::Time { base, rate, latest_start: 0, lapped },
            // Live recordings in Matroska may begin a little late.
            ("matroska", Some(base)) => {
                Clock::Time { base, rate, latest_start: rate.into(), lapped }
            }
            _ => Clock::None,
        };
        Self { clock, expected: None, last: None }
    }

    /// What is wrong with the place of this packet, after `coded` frames, trimmed ones included.
    pub(super) fn check(&mut self, packet: &Packet, coded: u64) -> Result<(), &'static str> {
        let pts = i128::from(packet.pts.get());
        let repeated = self.last.replace(pts) == Some(pts);
        match &self.clock {
            Clock::None => Ok(()),
            Clock::Frames => {
                let wrong = match self.expected {
                    // What comes before 0 is priming.
                    None => pts > 0,
                    Some(expected) => pts != expected,
                };
                self.expected = Some(pts + i128::from(packet.block_dur().get()));
                if wrong { Err(MISSING) } else { Ok(()) }
            }
            &Clock::Time { base, rate, latest_start, lapped } => {
                // Packets that are laced into one block have one timestamp.
                if repeated || (lapped && coded == 0) {
                    return Ok(());
                }
                let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
                let at = pts * numer * i128::from(rate) / denom - i128::from(coded);
                let tick = numer * i128::from(rate) / denom + 1;
                let slack = (2 * tick).max(i128::from(rate) / SLACK);
                let start = *self.expected.get_or_insert(at);
                let late = start > latest_start + slack + if lapped { 8192 } else { 0 };
                if late || (at - start).abs() > slack { Err(MISSING) } else { Ok(()) }
            }
        }
    }
}

const MISSING: &str = "packets are missing before this one, or it is out of order";
