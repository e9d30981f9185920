//! Strict check of the seek table of a written FLAC.

use std::io::{self, Read};

use super::failed;
use crate::error::Error;
use crate::flac::{FrameHeader, Head, SeekPoint};

/// The longest header of a frame in bytes.
const LONGEST_HEADER: usize = 16;

/// Checks that the points of the seek table are in order, and that each shows to its frame. `at` reads from
/// a place behind the first frame.
pub(super) fn check_points<R: Read>(
    head: &Head,
    at: impl Fn(u64) -> io::Result<R>,
) -> Result<(), Error> {
    let wrong = || failed("the seek table of the FLAC does not show to its frames");
    let is_point = |point: &&SeekPoint| **point != SeekPoint::PLACEHOLDER;
    let points: Vec<_> = head.points.iter().take_while(is_point).collect();
    let mut rest = head.points[points.len()..].iter();
    if !points.is_sorted_by(|one, next| one.sample < next.sample) || rest.any(|p| is_point(&p)) {
        return Err(wrong());
    }
    for point in points {
        let mut bytes = Vec::new();
        let read = at(point.offset)
            .and_then(|reader| reader.take(LONGEST_HEADER as u64).read_to_end(&mut bytes));
        read.map_err(Error::ReadBack)?;
        let header = FrameHeader::parse(&bytes).ok_or_else(wrong)?;
        if head.info.first_sample(&header) != point.sample
            || header.frames != u32::from(point.frames)
        {
            return Err(wrong());
        }
    }
    Ok(())
}
