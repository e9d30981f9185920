//! Whether a decoder gives again what it gave before.

/// The distance in frames of the places that are looked at: a prime, and a small part of the 1024
/// frames of a packet.
const STEP: usize = 61;

/// What the packet before was, and gave.
#[derive(Debug, Default)]
pub(super) struct Stale {
    packet: Vec<u8>,
    /// Its samples in a few places, as bits, channel by channel.
    channels: Vec<Vec<u32>>,
}

impl Stale {
    /// Whether a channel of these interleaved samples, which were decoded from `packet`, is that of the
    /// packet before. What stays at one level may be, and what equal packets give.
    pub(super) fn follow(&mut self, packet: &[u8], samples: &[f32], channels: usize) -> bool {
        let seen = |channel: usize| {
            let places = samples.iter().skip(channel).step_by(channels * STEP);
            places.map(|sample| sample.to_bits()).collect()
        };
        let now: Vec<Vec<u32>> = (0..channels).map(seen).collect();
        let is_level = |seen: &[u32]| seen.iter().all(|bits| *bits == seen[0]);
        let mut pairs = now.iter().zip(&self.channels);
        let is_stale =
            self.packet != packet && pairs.any(|(now, before)| now == before && !is_level(now));
        packet.clone_into(&mut self.packet);
        self.channels = now;
        is_stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_stays_is_seen_unless_it_is_level_or_the_packet_is_the_same() {
        let frames = |left: f32, right: f32| {
            let frame = |n: u16| [left * f32::from(n), right * f32::from(n)];
            (0..1024).flat_map(frame).collect::<Vec<f32>>()
        };
        let mut stale = Stale::default();
        let mut is_stale = |byte, left, right| stale.follow(&[byte], &frames(left, right), 2);
        assert!(!is_stale(1, 0.1, 0.2), "nothing was before");
        assert!(!is_stale(2, 0.3, 0.4));
        assert!(is_stale(3, 0.5, 0.4), "the right channel");
        assert!(is_stale(4, 0.5, 0.1), "the left channel");
        assert!(!is_stale(4, 0.5, 0.1), "the same packet again");
        assert!(!is_stale(5, 0.0, 0.3));
        assert!(!is_stale(6, 0.0, 0.2), "one that is silent");
    }
}
