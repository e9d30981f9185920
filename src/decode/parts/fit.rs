//! Whether parts are the channels of one recording.

use std::collections::HashSet;
use std::time::Duration;

use super::reader::PartReader;
use crate::block::StreamInfo;
use crate::decode::codec::MAX_CHANNELS;
use crate::error::Error;
use crate::span::time_of;
use crate::window::ClockTime;

/// The largest difference between the begins, and between the ends, of two parts.
const LARGEST_DIFFERENCE: Duration = Duration::from_millis(50);

/// Container or codec of parts that differ in it.
const MIXED: &str = "mixed";

/// The properties of a recording with these parts.
///
/// # Errors
/// [`Error::Parts`] if they do not fit together.
pub(super) fn joined_info(parts: &[PartReader]) -> Result<StreamInfo, Error> {
    let [first, others @ ..] = parts else { return Err(Error::Empty) };
    let mut info = first.decoder.stream_info().clone();
    if others.is_empty() {
        return Ok(info);
    }
    let channels = u16::try_from(parts.len()).ok().filter(|&count| count <= MAX_CHANNELS);
    let too_many = || Error::Unsupported { what: format!("a recording in {} parts", parts.len()) };
    info.channels = channels.ok_or_else(too_many)?;
    let mut keys = HashSet::new();
    for part in parts {
        if !keys.insert(part.key()) {
            return Err(misfit(format!("two of them have the key {}", part.key())));
        }
        let (one, other) = (first.decoder.stream_info(), part.decoder.stream_info());
        check_alike((first.key(), one), (part.key(), other))?;
        if other.container != one.container {
            info.container = MIXED;
        }
        if other.codec != one.codec {
            info.codec = MIXED;
        }
        if other.bits != one.bits {
            info.bits = None;
        }
        info.frames = info.frames.zip(other.frames).map(|(one, other)| one.max(other));
    }
    Ok(info)
}

/// Checks that a part has one channel, and the rate and the sample format of the first part.
fn check_alike(
    (first, one): (&str, &StreamInfo),
    (key, other): (&str, &StreamInfo),
) -> Result<(), Error> {
    if other.channels != 1 {
        return Err(misfit(format!("part {key} has {} channels, not one", other.channels)));
    }
    if other.rate != one.rate {
        let (rate, known) = (other.rate, one.rate);
        return Err(misfit(format!("part {key} has {rate} Hz, and part {first} has {known} Hz")));
    }
    // A loss is told for the whole recording, by its codec.
    let is_lossless = one.loss().is_none() && other.loss().is_none();
    if other.format != one.format || !(other.codec == one.codec || is_lossless) {
        let names = (other.codec, other.format, one.codec, one.format);
        let (codec, format, known_codec, known) = names;
        return Err(misfit(format!(
            "part {key} is {codec} ({format}), and part {first} is {known_codec} ({known})"
        )));
    }
    Ok(())
}

pub(super) fn misfit(reason: impl Into<String>) -> Error {
    Error::Parts { reason: reason.into() }
}

/// Checks that no part has ended too early for a recording that has `joined` frames so far.
///
/// # Errors
/// [`Error::Parts`].
pub(super) fn check_lengths(parts: &[PartReader], joined: u64) -> Result<(), Error> {
    let ended = parts.iter().filter(|part| part.ended);
    let Some(first) = ended.min_by_key(|part| part.decoder.frames()) else { return Ok(()) };
    let (frames, rate) = (first.decoder.frames(), first.decoder.stream_info().rate);
    // In frames, because a time would be rounded.
    let missing = u128::from(joined - frames) * 1000;
    if missing > u128::from(rate) * LARGEST_DIFFERENCE.as_millis() {
        let (key, length) = (first.key(), ClockTime(time_of(frames, rate)));
        return Err(misfit(format!(
            "part {key} lasts {length} s, and another is more than 50 ms longer"
        )));
    }
    Ok(())
}

/// Checks that the parts begin together, by the timestamps of their containers. To be called after the
/// end.
///
/// # Errors
/// [`Error::Parts`].
pub(super) fn check_begins(parts: &[PartReader]) -> Result<(), Error> {
    let begins = |part: &&PartReader| part.decoder.begins();
    let first = parts.iter().min_by_key(begins);
    let last = parts.iter().max_by_key(begins);
    let Some((first, last)) = first.zip(last) else { return Ok(()) };
    if begins(&last) - begins(&first) > LARGEST_DIFFERENCE {
        let (early, late) = (ClockTime(begins(&first)), ClockTime(begins(&last)));
        return Err(misfit(format!(
            "by its timestamps part {} begins at {early} s, and part {} at {late} s",
            first.key(),
            last.key()
        )));
    }
    Ok(())
}
