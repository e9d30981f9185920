//! Info: what a recording is, before anybody redacts it.
//!
//! In: a [`Source`]. Out: an [`Info`]. The recording is decoded once from its first byte to its last,
//! as for a redaction, so its length is exact and its end is known. What can go wrong: everything that
//! would make a redaction fail.

use std::ops::ControlFlow;

use crate::block::{Block, Recording};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::evidence::Loudness;
use crate::level::levels;
use crate::redact::Progress;

/// What a recording is.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Container, codec, rate, channels and the format of the output.
    pub recording: Recording,
    /// Frames that were decoded.
    pub frames: u64,
    /// Frames of codec delay that were dropped before the first of them.
    pub delay: u64,
    /// How loud each channel is.
    pub channels: Vec<Loudness>,
    /// What the recording holds besides its audio, by name and size.
    pub leftovers: Vec<Leftover>,
    /// Bytes taken from the source.
    pub bytes: u64,
}

impl Info {
    /// Decodes a recording and tells what it is.
    ///
    /// # Errors
    /// [`Error`] when it cannot be redacted: it is not whole, or of a kind that is not read.
    ///
    /// ```
    /// let info = sordino::Info::of(sordino::Source::open("fixtures/call.wav")?)?;
    /// assert_eq!((info.recording.codec, info.frames, info.delay), ("pcm_s16le", 304_000, 0));
    /// # Ok::<(), sordino::Error>(())
    /// ```
    pub fn of(source: Source) -> Result<Self, Error> {
        Self::watched(source, |_| ControlFlow::Continue(()))
    }

    /// Like [`Info::of`]. `watch` is told of the progress after every block, and may break off.
    ///
    /// # Errors
    /// As [`Info::of`]; [`Error::Interrupted`] when `watch` breaks.
    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub fn watched(
        source: Source,
        mut watch: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let mut decoder = Decoder::open(source)?;
        let recording = decoder.recording().clone();
        let mut channels = vec![Loudness::default(); recording.channels.into()];
        let mut block = Block::new(recording.format, recording.channels);
        while decoder.next(&mut block)? {
            for frame in levels(block.samples(), block.format()).chunks(channels.len()) {
                for (loudness, level) in channels.iter_mut().zip(frame) {
                    loudness.see(*level);
                }
            }
            let progress = Progress { bytes: decoder.bytes_received(), frames: block.end() };
            if watch(progress).is_break() {
                return Err(Error::Interrupted);
            }
        }
        let frames = decoder.frames();
        channels.iter_mut().for_each(|loudness| loudness.average(frames.max(1) as f64));
        Ok(Self {
            recording,
            frames,
            delay: decoder.delay(),
            channels,
            leftovers: decoder.leftovers(),
            bytes: decoder.bytes_received(),
        })
    }
}
