//! Which packets become silence.
//!
//! A packet that a span touches does, and so do packets around it. In front at least 20 ms, because a
//! decoder goes on with the sound of the packet before for up to 5 ms. Behind at least 40 ms and two packets:
//! the first packet behind may carry a second, coarser copy of the frame before it (FEC, at most 60 ms, never
//! further back than one frame), and what comes next is predicted from up to 21 ms before it.
//!
//! Only frames that are heard count. Those that are cut off at the ends of a stream may repeat what is said beside
//! them, so they become silence together with it.

use std::collections::VecDeque;

/// At least so many frames in front of the first touched packet, at 48 kHz.
const IN_FRONT: u64 = 20 * 48;
/// At least so many frames, and packets, behind the last one.
const BEHIND: (u64, u32) = (40 * 48, 2);

/// Decides about packets, one after the other. What it decides lags behind, because packets in front of a
/// touched one are replaced too.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// How long each packet that is not decided is heard, and whether it becomes silence.
    open: VecDeque<(u64, bool)>,
    /// Frames and packets that are still to be replaced behind the last touched packet.
    behind: (u64, u32),
    /// Frames in `open`.
    frames: u64,
    is_over: bool,
}

impl Plan {
    /// Adds the next packet, of which `length` frames at 48 kHz are heard.
    pub(crate) fn add(&mut self, length: u32, touched: bool) {
        let length = u64::from(length);
        if touched {
            self.behind = BEHIND;
            let mut covered = 0;
            for (length, replaced) in self.open.iter_mut().rev() {
                if covered >= IN_FRONT {
                    break;
                }
                *replaced = true;
                covered += *length;
            }
        }
        let replaced = touched || self.behind != (0, 0);
        if !touched {
            let (frames, packets) = self.behind;
            self.behind = (frames.saturating_sub(length), packets.saturating_sub(1));
        }
        self.open.push_back((length, replaced));
        self.frames += length;
    }

    /// No packet follows.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether the next packet becomes silence; `None` until that is decided.
    pub(crate) fn next(&mut self) -> Option<bool> {
        let &(length, replaced) = self.open.front()?;
        let is_decided = self.is_over || self.frames - length >= IN_FRONT;
        if !is_decided {
            return None;
        }
        self.frames -= length;
        self.open.pop_front();
        Some(replaced)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(packets: &[(u32, bool)]) -> Vec<bool> {
        let mut plan = Plan::default();
        let mut decided = Vec::new();
        for &(length, touched) in packets {
            plan.add(length, touched);
            decided.extend(std::iter::from_fn(|| plan.next()));
        }
        plan.end();
        decided.extend(std::iter::from_fn(|| plan.next()));
        decided
    }

    /// The first and the last packet that become silence, if packet 50 of 100 is touched.
    fn around(length: u32) -> (usize, usize) {
        let packets: Vec<_> = (0..100).map(|n| (length, n == 50)).collect();
        let decided = plan(&packets);
        assert_eq!(decided.len(), 100);
        let (first, last) = (decided.iter().position(|&r| r), decided.iter().rposition(|&r| r));
        let (first, last) = (first.unwrap(), last.unwrap());
        assert!(decided[first..=last].iter().all(|&r| r));
        (50 - first, last - 50)
    }

    #[test]
    fn at_least_20_ms_in_front_and_40_ms_behind_become_silence() {
        let of = [120, 240, 480, 960, 1920, 2880, 5760].map(around);
        assert_eq!(of, [(8, 16), (4, 8), (2, 4), (1, 2), (1, 2), (1, 2), (1, 2)]);
    }

    proptest! {
        /// By a second reckoning, which asks each packet what is around it.
        #[test]
        fn every_packet_near_a_touched_one_becomes_silence_and_no_other(
            packets in prop::collection::vec(
                (prop::sample::select(vec![0u32, 120, 240, 480, 960, 1920, 2880, 5760]), prop::bool::weighted(0.1)),
                0..80,
            ),
        ) {
            let between = |from: usize, to: usize| {
                packets[from..to].iter().map(|&(length, _)| u64::from(length)).sum::<u64>()
            };
            let expected: Vec<bool> = (0..packets.len()).map(|n| {
                let touched = |other: &usize| packets[*other].1;
                let next = (n..packets.len()).find(touched);
                let last = (0..=n).rfind(touched);
                let in_front = next.is_some_and(|next| next <= n + 1 || between(n + 1, next) < 960);
                let behind = last.is_some_and(|last| n <= last + 2 || between(last + 1, n) < 1920);
                in_front || behind
            }).collect();
            prop_assert_eq!(plan(&packets), expected);
        }
    }
}
