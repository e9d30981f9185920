//! Headerless audio: the caller gives codec, rate and channels.
//!
//! In: samples from the first byte on. Out: packets. What can go wrong: an incomplete last frame; a
//! file that has a header after all.

use super::pcm::{AudioData, PcmLayout};
use super::reader::Opened;
use super::riff::begins_a_file;
use crate::decode::input::{PeekedSource, RawFormat};
use crate::error::Error;

/// Opens audio of the format in [`DecodeOptions::raw`](crate::DecodeOptions::raw).
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let RawFormat { codec, rate, channels } = input.options.raw.ok_or(Error::UnknownFormat)?;
    // A header would be decoded as audio, and every window would be late by its length.
    if begins_a_file(input.head()) {
        let what = "a recording with a header that declares its format".into();
        return Err(Error::Foreign { what, advice: "leave --raw out".into() });
    }
    let layout = PcmLayout::interleaved(codec, rate, channels);
    let frames = input.length().filter(|length| length.is_multiple_of(layout.block_bytes));
    let frames = frames.map(|length| length / layout.block_bytes);
    let monitor = input.monitor.clone();
    let data = AudioData::new(input.stream(), None, &layout, &monitor, |_| Ok(Vec::new()));
    Ok(Opened::pcm(layout, data.of_whole_frames(), frames))
}
