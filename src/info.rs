//! Info: what a recording is, before anybody redacts it.
//!
//! In: a [`Source`]. Out: an [`Info`]. The recording is decoded once from its first byte to its last,
//! as for a redaction, so its length is exact and its end is known. What can go wrong: everything that
//! would make a redaction fail.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::evidence::Loudness;
use crate::level::levels;
use crate::redact::Progress;
use crate::span::Gap;

/// What a recording is.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Container, codec, rate, channels and the format of the output.
    pub recording: StreamInfo,
    /// Frames that were decoded.
    pub frames: u64,
    /// Frames of codec delay that were dropped before the first of them.
    pub delay: u64,
    /// The time of the container's clock at the first frame, which times count from.
    pub begins: Duration,
    /// Whether the file itself tells that its end is the end, by a length, a count or a flag.
    pub end_proven: bool,
    /// The parts in which nothing was recorded, where they are not refused.
    pub gaps: Vec<Gap>,
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
        let recording = decoder.stream_info().clone();
        let mut channels = vec![Loudness::default(); recording.channels.into()];
        let mut block = Block::new(recording.format, recording.channels);
        while decoder.next(&mut block)? {
            for frame in levels(block.samples(), block.format()).chunks(channels.len()) {
                for (loudness, level) in channels.iter_mut().zip(frame) {
                    loudness.see(*level);
                }
            }
            let progress = Progress { bytes: decoder.bytes_received(), frames: decoder.frames() };
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
            begins: decoder.begins(),
            end_proven: decoder.end_proven(),
            gaps: decoder.gaps().to_vec(),
            channels,
            leftovers: decoder.leftovers(),
            bytes: decoder.bytes_received(),
        })
    }
}
