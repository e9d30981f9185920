//! Headerless audio, of which the caller says what it is.
//!
//! What can go wrong: a last frame that is not whole; a file that has a header all the same.

use super::guard::Container;
use super::pcm::{Body, Layout, PcmGuard, PcmReader};
use super::reader::Opened;
use super::riff::begins_a_file;
use crate::decode::codec::pcm_width;
use crate::decode::input::{PeekedSource, RawFormat};
use crate::error::Error;

/// Opens audio of the format that [`DecodeOptions::raw`](crate::DecodeOptions::raw) names.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let RawFormat { codec, rate, channels } = input.options.raw.ok_or(Error::UnknownFormat)?;
    // Its header would be heard, and every window would come late by as much.
    if begins_a_file(input.head()) {
        let what = "a recording with a header, which says itself what it holds".into();
        return Err(Error::Foreign { what, advice: "leave --raw out".into() });
    }
    let width = pcm_width(codec).unwrap_or(1) as u64;
    let block_bytes = width * u64::from(channels);
    let layout = Layout { codec, rate, channels, block_bytes, block_frames: 1 };
    let frames = input.length().filter(|length| length % block_bytes == 0);
    let frames = frames.map(|length| length / block_bytes);
    let monitor = input.monitor.clone();
    let body = Body::new(input.stream(), None, &layout, &monitor, |_| Ok(Vec::new()));
    let reader = PcmReader::new(layout, body.of_whole_frames());
    let guard = PcmGuard { container: Container::Raw, upper_24: false };
    Ok(Opened { frames, ..Opened::new(reader, guard) })
}
