//! Opus in Ogg (RFC 7845): the granule positions of pages against the packets that they hold.
//!
//! In: page after page. Out: an [`OpusPage`] each, with the gap before it. What can go wrong: a
//! page that runs backwards.
//!
//! The granule position is the end of the last packet that is completed on the page, at 48 kHz (RFC
//! 7845, 4). To symphonia, a page whose position is lower than the sum of its packets is trimmed.
//! Here each page is compared with the packets before it. The first may begin above 0 (4.5). Others
//! may be a little early or late, as in copies of a WebM recording. Where a page is late by more
//! than most of a packet, packets are missing before it, although 4.1 forbids such a gap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::decode::container::timestamps::GapDetector;
use crate::lock::lock;
use crate::opus::length;

/// Frames in a millisecond at 48 kHz.
const MILLI: i128 = 48;

/// The tolerance for rounding to milliseconds, at 48 kHz.
const SLACK: i128 = 5 * MILLI;

/// The pages that were read and whose packets are not decoded yet. Shared by the reader and the
/// guard.
#[derive(Debug, Clone, Default)]
pub(super) struct OpusPageQueue(Arc<Mutex<VecDeque<OpusPage>>>);

/// The packets that are completed on one page. Frames are at 48 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpusPage {
    /// The number of the chained stream, from 1.
    pub(super) link: u64,
    /// The number of the first packet, counted from the first audio packet.
    first: u64,
    count: u64,
    /// Frames missing before the first packet.
    pub(super) gap: u64,
    /// The timestamp of the first packet, on the first page only.
    pub(super) begins: Option<u64>,
    /// Frames that are heard. Only the last page may be trimmed.
    pub(super) heard: u64,
}

impl OpusPage {
    /// Whether this is the number of the first packet.
    pub(super) fn begins_with(&self, packet: u64) -> bool {
        self.first == packet
    }
}

impl OpusPageQueue {
    /// The page of a packet. Call it in the order of packets: it forgets the pages before.
    pub(super) fn page_of(&self, link: u64, packet: u64) -> Option<OpusPage> {
        let mut pages = lock(&self.0);
        // Links count first, then packets within a link.
        let is_past = |page: &OpusPage| (page.link, page.first + page.count) <= (link, packet);
        while pages.front().is_some_and(is_past) {
            pages.pop_front();
        }
        pages.front().copied().filter(|page| page.link == link)
    }

    /// Whether a stream has more than so many packets.
    pub(super) fn has_more(&self, link: u64, packets: u64) -> bool {
        lock(&self.0).iter().any(|page| page.link == link && page.first + page.count > packets)
    }
}

/// The check of one Opus stream, page by page.
#[derive(Debug, Default)]
pub(super) struct OpusGranuleCheck {
    link: u64,
    /// Whether the comment header was read. The audio begins after it.
    tagged: bool,
    /// The first bytes of the current packet.
    head: Vec<u8>,
    /// Audio packets so far, and their frames.
    packets: u64,
    coded: i128,
    /// The position of the last page with packets.
    end: Option<i64>,
    detector: GapDetector,
}

impl OpusGranuleCheck {
    pub(super) fn new(link: u64) -> Self {
        Self { link, ..Self::default() }
    }

    /// Checks a page: its granule position, the sizes of its segments, and its body.
    ///
    /// # Errors
    /// The page runs backwards.
    pub(super) fn page(
        &mut self,
        granule: i64,
        (segments, body): (&[u8], &[u8]),
        is_last: bool,
        queue: &OpusPageQueue,
    ) -> Result<(), &'static str> {
        let (count, sum, longest) = self.packets_of(segments, body);
        if count == 0 {
            return Ok(());
        }
        // The position is the end of the page's last packet, so its packets begin `sum` before.
        let (first, start) = (self.packets, i128::from(granule) - sum);
        // A single page may be trimmed; it begins at 0 then.
        let start = if first == 0 && is_last { start.max(0) } else { start };
        let ahead = start - self.coded;
        let begins = (first == 0).then(|| u64::try_from(ahead).unwrap_or(0));
        // Jitter of less than a packet hides none.
        let tolerance = longest * 9 / 10;
        // The last page may end early, to trim the last packets (RFC 7845, 4.4).
        let gap = if first > 0 && is_last && self.detector.is_behind(ahead) {
            0
        } else {
            self.detector.gap(ahead, longest, tolerance, SLACK.min(tolerance))?
        };
        self.detector.follow(sum);
        // A single page begins at 0.
        let left = i128::from(granule) - i128::from(self.end.replace(granule).unwrap_or(0));
        let heard = if is_last { left.clamp(0, sum) } else { sum };
        let heard = u64::try_from(heard).unwrap_or(0);
        self.packets += count;
        self.coded += sum;
        let page = OpusPage { link: self.link, first, count, gap, begins, heard };
        lock(&queue.0).push_back(page);
        Ok(())
    }

    /// The number of audio packets that are completed on a page, their frames, and those of the
    /// longest.
    fn packets_of(&mut self, segments: &[u8], mut body: &[u8]) -> (u64, i128, i128) {
        let (mut count, mut sum, mut longest) = (0, 0, 0);
        for &size in segments {
            let (segment, rest) = body.split_at(usize::from(size).min(body.len()));
            body = rest;
            let room = MAX_KEPT.saturating_sub(self.head.len()).min(segment.len());
            self.head.extend_from_slice(&segment[..room]);
            // A packet ends with a segment of fewer than 255 bytes (RFC 3533, 5).
            if size == 255 {
                continue;
            }
            if self.tagged {
                let frames = i128::from(length(&self.head));
                (count, sum, longest) = (count + 1, sum + frames, longest.max(frames));
            }
            // Only the first bytes are kept: those are its magic signature.
            self.tagged |= self.head == TAGS;
            self.head.clear();
        }
        (count, sum, longest)
    }
}

const TAGS: &[u8] = b"OpusTags";
const MAX_KEPT: usize = TAGS.len();

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of some packets of 20 ms, ending at these granule positions. Returns the gap before
    /// each packet, the timestamp of the first, and how much of the page of each packet is heard.
    fn read(pages: &[(u8, i64)]) -> Result<(Vec<u64>, u64, Vec<u64>), &'static str> {
        let (mut stream, queue) = (OpusGranuleCheck::new(1), OpusPageQueue::default());
        stream.page(0, (&[8], b"OpusHead"), false, &queue)?;
        stream.page(0, (&[9], b"OpusTags."), false, &queue)?;
        for (index, &(count, granule)) in pages.iter().enumerate() {
            // Mono, wideband, 20 ms, one frame a packet; the second packet of a page is long.
            let segments: Vec<u8> =
                (0..count).flat_map(|n| if n == 1 { vec![255, 3] } else { vec![3] }).collect();
            let body: Vec<u8> = (0..count)
                .flat_map(|n| [vec![9 << 3, 1, 2], vec![7; if n == 1 { 255 } else { 0 }]].concat())
                .collect();
            stream.page(granule, (&segments, &body), index + 1 == pages.len(), &queue)?;
        }
        let count: u64 = pages.iter().map(|&(count, _)| u64::from(count)).sum();
        assert!(queue.has_more(1, count - 1) && !queue.has_more(1, count));
        assert!(!queue.has_more(2, 0));
        let found: Vec<OpusPage> =
            (0..count).map(|packet| queue.page_of(1, packet).unwrap()).collect();
        let gap =
            |(packet, page): (u64, &OpusPage)| if page.begins_with(packet) { page.gap } else { 0 };
        let gaps = (0..).zip(&found).map(gap).collect();
        let heard = found.iter().map(|page| page.heard).collect();
        Ok((gaps, found[0].begins.unwrap(), heard))
    }

    #[test]
    fn a_gap_is_before_the_page_that_shows_it() {
        let whole = |last| Ok((vec![0; 4], 0, vec![1920, 1920, last, last]));
        assert_eq!(read(&[(2, 1920), (2, 3840)]), whole(1920));
        assert_eq!(read(&[(2, 1920), (2, 3500)]), whole(1580), "trimmed");
        assert_eq!(read(&[(2, 1920 - 400), (2, 3840)]), whole(1920), "a clock that jitters");
        let (gaps, begins, _) =
            read(&[(2, 1920 + 500), (2, 3840 + 2380), (1, 4800 + 2380)]).unwrap();
        assert_eq!((gaps, begins), (vec![0, 0, 1920, 0, 0], 500));
        let (gaps, ..) = read(&[(2, 1920), (2, 3840 + 1400), (1, 4800 + 1400)]).unwrap();
        assert_eq!(gaps, [0, 0, 1400, 0, 0], "not a whole number of packets");
        assert!(read(&[(2, 1920), (2, 1920), (2, 3840)]).is_err(), "backwards");
        assert_eq!(read(&[(2, 100)]).unwrap().1, 0, "one page, trimmed");
    }
}
