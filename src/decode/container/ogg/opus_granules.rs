//! Opus in Ogg: what the granule positions of its pages say, against the packets that are there.
//!
//! A page's granule position is the place of the end of the last packet that is completed on it
//! (RFC 7845, 4). symphonia carries it over to the next page, and believes that every page which
//! says less than its packets hold is to be trimmed. Here each page is held against the packets before
//! it. The first may begin above 0 (4.5); others may come a little early or late, as those do that
//! were copied from a WebM recording; and where one comes later than a packet lasts, packets are
//! missing before it, though 4.1 forbids it. What can go wrong: a page that runs backwards.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::decode::container::timestamps::GapDetector;
use crate::decode::input::locked;

/// Frames of 48 kHz in a millisecond.
const MILLI: i128 = 48;

/// Rounding of a clock that counts milliseconds, at 48 kHz.
const SLACK: i128 = 5 * MILLI;

/// The pages that have been read, for whoever decodes their packets.
#[derive(Debug, Clone, Default)]
pub(super) struct OpusPageQueue(Arc<Mutex<VecDeque<OpusPage>>>);

/// What is known of the packets that are completed on one page. Frames are at 48 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpusPage {
    /// The chained recording that they belong to, counted from 1.
    pub(super) link: u64,
    /// The first of them, among the packets of audio.
    first: u64,
    count: u64,
    /// Frames that are missing before the first.
    pub(super) gap: u64,
    /// Where they begin, if they are the first of all.
    pub(super) begins: Option<u64>,
    /// Whether it is the last page, which alone is trimmed.
    pub(super) is_last: bool,
}

impl OpusPage {
    /// Whether a packet is the first of them.
    pub(super) fn begins_with(&self, packet: u64) -> bool {
        self.first == packet
    }
}

impl OpusPageQueue {
    /// What is known of a packet. Packets are asked for in order.
    pub(super) fn of(&self, link: u64, packet: u64) -> Option<OpusPage> {
        let mut notes = locked(&self.0);
        let is_past = |note: &OpusPage| (note.link, note.first + note.count) <= (link, packet);
        while notes.front().is_some_and(is_past) {
            notes.pop_front();
        }
        notes.front().copied().filter(|note| note.link == link)
    }
}

/// One Opus stream, page by page.
#[derive(Debug, Default)]
pub(super) struct OpusGranuleCheck {
    link: u64,
    /// Whether the tags have come, behind which the audio begins.
    tagged: bool,
    /// The first bytes of a packet that goes on.
    head: Vec<u8>,
    /// Packets of audio so far, and their frames.
    packets: u64,
    coded: i128,
    jumps: GapDetector,
}

impl OpusGranuleCheck {
    pub(super) fn new(link: u64) -> Self {
        Self { link, ..Self::default() }
    }

    /// Reads a page: its granule position, the sizes of its segments and its body.
    ///
    /// # Errors
    /// It runs backwards.
    pub(super) fn page(
        &mut self,
        granule: i64,
        (segments, body): (&[u8], &[u8]),
        is_last: bool,
        notes: &OpusPageQueue,
    ) -> Result<(), &'static str> {
        let (count, sum, longest) = self.packets_of(segments, body);
        if count == 0 {
            return Ok(());
        }
        let (first, start) = (self.packets, i128::from(granule) - sum);
        // The only page may be trimmed, and then it begins at 0.
        let start = if first == 0 && is_last { start.max(0) } else { start };
        let at = start - self.coded;
        let begins = (first == 0).then(|| u64::try_from(at).unwrap_or(0));
        let room = longest * 9 / 10;
        let gap = if first > 0 && is_last && self.jumps.is_behind(at) {
            0
        } else {
            self.jumps.gap(at, longest, room, SLACK.min(room))?
        };
        self.jumps.follow(sum);
        self.packets += count;
        self.coded += sum;
        let note = OpusPage { link: self.link, first, count, gap, begins, is_last };
        locked(&notes.0).push_back(note);
        Ok(())
    }

    /// How many packets of audio are completed on a page, their frames, and those of the longest.
    fn packets_of(&mut self, segments: &[u8], mut body: &[u8]) -> (u64, i128, i128) {
        let (mut count, mut sum, mut longest) = (0, 0, 0);
        for &size in segments {
            let (segment, rest) = body.split_at(usize::from(size).min(body.len()));
            body = rest;
            let room = LOOK.saturating_sub(self.head.len()).min(segment.len());
            self.head.extend_from_slice(&segment[..room]);
            if size == 255 {
                continue;
            }
            if self.tagged {
                let frames = duration(&self.head);
                (count, sum, longest) = (count + 1, sum + frames, longest.max(frames));
            }
            self.tagged |= self.head == TAGS;
            self.head.clear();
        }
        (count, sum, longest)
    }
}

const TAGS: &[u8] = b"OpusTags";
const LOOK: usize = TAGS.len();

/// Frames of a packet at 48 kHz (RFC 6716, 3.1).
fn duration(head: &[u8]) -> i128 {
    let Some(&toc) = head.first() else { return 0 };
    let frame = match toc >> 3 {
        config @ 0..12 => [10, 20, 40, 60][usize::from(config & 3)] * MILLI,
        config @ 12..16 => [10, 20][usize::from(config & 1)] * MILLI,
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => head.get(1).map_or(0, |count| i128::from(count & 0x3F)),
    };
    frame * frames
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CheckedPages of so many packets of 20 ms, ending at these granule positions: what is missing before
    /// each packet, where the first begins, and which packets may be trimmed.
    fn read(pages: &[(u8, i64)]) -> Result<(Vec<u64>, u64, Vec<bool>), &'static str> {
        let (mut stream, notes) = (OpusGranuleCheck::new(1), OpusPageQueue::default());
        stream.page(0, (&[8], b"OpusHead"), false, &notes)?;
        stream.page(0, (&[9], b"OpusTags."), false, &notes)?;
        for (index, &(count, granule)) in pages.iter().enumerate() {
            // Mono, wideband, 20 ms, one frame a packet; the second packet of a page is long.
            let segments: Vec<u8> =
                (0..count).flat_map(|n| if n == 1 { vec![255, 3] } else { vec![3] }).collect();
            let body: Vec<u8> = (0..count)
                .flat_map(|n| [vec![9 << 3, 1, 2], vec![7; if n == 1 { 255 } else { 0 }]].concat())
                .collect();
            stream.page(granule, (&segments, &body), index + 1 == pages.len(), &notes)?;
        }
        let count: u64 = pages.iter().map(|&(count, _)| u64::from(count)).sum();
        let found: Vec<OpusPage> = (0..count).map(|packet| notes.of(1, packet).unwrap()).collect();
        let gap =
            |(packet, note): (u64, &OpusPage)| if note.begins_with(packet) { note.gap } else { 0 };
        let gaps = (0..).zip(&found).map(gap).collect();
        let trimmed = found.iter().map(|note| note.is_last).collect();
        Ok((gaps, found[0].begins.unwrap(), trimmed))
    }

    #[test]
    fn a_gap_lies_before_the_page_that_tells_of_it() {
        let whole = Ok((vec![0; 4], 0, vec![false, false, true, true]));
        assert_eq!(read(&[(2, 1920), (2, 3840)]), whole);
        assert_eq!(read(&[(2, 1920), (2, 3500)]), whole, "trimmed");
        assert_eq!(read(&[(2, 1920 - 400), (2, 3840)]), whole, "a clock that trembles");
        let (gaps, begins, _) =
            read(&[(2, 1920 + 500), (2, 3840 + 2380), (1, 4800 + 2380)]).unwrap();
        assert_eq!((gaps, begins), (vec![0, 0, 1920, 0, 0], 500));
        let (gaps, ..) = read(&[(2, 1920), (2, 3840 + 1400), (1, 4800 + 1400)]).unwrap();
        assert_eq!(gaps, [0, 0, 1400, 0, 0], "no whole number of packets");
        assert!(read(&[(2, 1920), (2, 1920), (2, 3840)]).is_err(), "backwards");
        assert_eq!(read(&[(2, 100)]).unwrap().1, 0, "one page, trimmed");
    }

    #[test]
    fn the_length_of_a_packet_stands_in_its_first_bytes() {
        let lengths = [0u8, 3, 12, 15, 16, 19, 31].map(|config| duration(&[config << 3]) / 12);
        assert_eq!(lengths, [40, 240, 40, 80, 10, 80, 80]);
        assert_eq!(duration(&[16 << 3 | 3, 48]), 48 * 120);
        assert_eq!((duration(&[9 << 3 | 1]), duration(&[]), duration(&[3])), (1920, 0, 0));
    }
}
