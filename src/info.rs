//! Info: what a recording is, without redacting it.
//!
//! In: a [`Source`]. Out: an [`Info`]. The whole recording is decoded once, as for a redaction, so its
//! length is exact and its end is checked. Errors: everything in the recording that would make a
//! redaction fail.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::level::{LevelMeter, Levels, amplitudes};
use crate::redact::Progress;
use crate::span::Gap;

/// Facts about one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Container, codec, rate, channels and the sample format of the output.
    pub stream_info: StreamInfo,
    /// Frames that a redaction would write: the decoded ones and the silence that fills gaps.
    pub frames: u64,
    /// Frames of codec delay that were dropped from the front.
    pub delay: u64,
    /// The container's timestamp of the first frame. All times in sordino count from that frame.
    pub begins: Duration,
    /// Whether the file proves its end, by a length, a count or a flag.
    pub end_proven: bool,
    /// The gaps, unless [`Gaps::Refuse`](crate::Gaps::Refuse) makes them an error.
    pub gaps: Vec<Gap>,
    /// Peak and RMS of each channel.
    pub channels: Vec<Levels>,
    /// Name and size of everything in the recording that is not audio.
    pub leftovers: Vec<Leftover>,
    /// Bytes read from the source.
    pub bytes: u64,
}

impl Info {
    /// Decodes a recording and describes it.
    ///
    /// # Errors
    /// [`Error`] when the recording is damaged, cut off or not supported.
    ///
    /// ```
    /// let info = sordino::Info::of(sordino::Source::open("fixtures/call.wav")?)?;
    /// assert_eq!((info.stream_info.codec, info.frames, info.delay), ("pcm_s16le", 304_000, 0));
    /// # Ok::<(), sordino::Error>(())
    /// ```
    pub fn of(source: Source) -> Result<Self, Error> {
        Self::watched(source, |_| ControlFlow::Continue(()))
    }

    /// Like [`Info::of`]. Calls `watch` after every block, and stops when it returns
    /// [`ControlFlow::Break`].
    ///
    /// # Errors
    /// As [`Info::of`]; [`Error::Interrupted`] when `watch` returns `Break`.
    pub fn watched(
        source: Source,
        mut watch: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let mut decoder = Decoder::open(source)?;
        let stream_info = decoder.stream_info().clone();
        let mut channels = vec![LevelMeter::default(); stream_info.channels.into()];
        let mut block = Block::new(stream_info.format, stream_info.channels);
        while decoder.next(&mut block)? {
            for frame in amplitudes(block.samples(), block.format()).chunks(channels.len()) {
                for (meter, amplitude) in channels.iter_mut().zip(frame) {
                    meter.add(*amplitude);
                }
            }
            let progress = Progress { bytes: decoder.bytes_received(), frames: decoder.frames() };
            if watch(progress).is_break() {
                return Err(Error::Interrupted);
            }
        }
        let frames = decoder.frames();
        Ok(Self {
            stream_info,
            frames,
            delay: decoder.delay(),
            begins: decoder.begins(),
            end_proven: decoder.end_proven(),
            gaps: decoder.gaps(),
            channels: channels.into_iter().map(|meter| meter.levels(frames)).collect(),
            leftovers: decoder.leftovers(),
            bytes: decoder.bytes_received(),
        })
    }
}
