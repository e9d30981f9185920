//! Parts: one recording from one file, or from several with one channel each.
//!
//! In: the [`PartDecoder`] of each file. Out: blocks with a channel for each part. No part runs ahead of
//! another by more than one of its own blocks, so little is held in memory. Errors: those of a part;
//! parts that do not fit together. Parts that end at most 50 ms early are continued with silence.

use std::ops::Range;
use std::time::Duration;

use super::input::{Leftover, PartSource, Source};
use super::{OpusHead, PartDecoder};
use crate::block::{Block, StreamInfo};
use crate::digest::Digest;
use crate::error::Error;
use crate::flac;
use crate::ogg::PageQueue;
use crate::span::{Gap, Timeline};

mod fit;
mod reader;

use fit::{check_begins, check_lengths, joined_info, misfit};
use reader::PartReader;

/// Facts about one file of a recording. Most recordings have one.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The key that [`Source::join`] gave it.
    pub key: Option<String>,
    /// Container, codec, rate, channels and sample format of the file.
    pub stream_info: StreamInfo,
    /// Frames of the file: the decoded ones and the silence that fills gaps.
    pub frames: u64,
    /// Frames of silence after them, because another part is longer.
    pub silence: u64,
    /// The gaps, by the recording's clock.
    pub gaps: Vec<Gap>,
    /// Whether the file proves its end.
    pub end_proven: bool,
    /// The container's timestamp of the first frame.
    pub begins: Duration,
}

/// Decoder of one recording.
pub struct Decoder {
    info: StreamInfo,
    /// At least one.
    parts: Vec<PartReader>,
    /// Frames returned so far, if there are several parts.
    frames: u64,
    failed: bool,
}

impl Decoder {
    /// Reads the header of a recording, or of each of its parts.
    ///
    /// # Errors
    /// [`Error`] when the source cannot be read, its format is not supported, or its parts do not fit
    /// together.
    pub fn open(source: Source) -> Result<Self, Error> {
        let several = source.parts.len() > 1;
        let open = |part: PartSource| {
            let key = part.key.clone().filter(|_| several);
            PartReader::open(part).map_err(|error| in_part(key, error))
        };
        let parts = source.parts.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { info: joined_info(&parts)?, parts, frames: 0, failed: false })
    }

    /// The decoder of the only part.
    fn only(&self) -> Option<&PartDecoder> {
        if let [part] = self.parts.as_slice() { Some(&part.decoder) } else { None }
    }

    fn decoders(&self) -> impl Iterator<Item = &PartDecoder> {
        self.parts.iter().map(|part| &part.decoder)
    }

    /// Container, codec, rate, channels, sample format, and the length if the container declares it. The
    /// container or codec of parts that differ in it is `mixed`.
    pub fn stream_info(&self) -> &StreamInfo {
        &self.info
    }

    /// What a FLAC in a file of its own, or alone in an Ogg, has before its first frame, if the recording is one and
    /// may be kept.
    pub(crate) fn flac(&self) -> Option<&flac::Head> {
        self.only()?.flac()
    }

    /// The pages of an Ogg Opus, as they are read, if the recording is one and its encoding is to stay.
    pub(crate) fn opus_pages(&self) -> Option<&PageQueue> {
        self.only()?.opus_pages()
    }

    /// Drops the pages of an Ogg Opus that were read, and keeps none from now on, for who keeps packets alone.
    pub(crate) fn let_pages_go(&self) {
        if let Some(only) = self.only() {
            only.let_pages_go();
        }
    }

    /// The head of the stream of an Opus that the last block came from, if the recording is one.
    pub(crate) fn opus_head(&self) -> Option<&OpusHead> {
        self.only()?.opus_head()
    }

    /// From now on the blocks of a recording with one part have their packets. Packets outside the ranges,
    /// if they are given, are not decoded.
    pub(crate) fn keep_packets(&mut self, decoded: Option<Vec<Range<u64>>>) {
        if let [only] = self.parts.as_mut_slice() {
            only.decoder.keep_packets(decoded);
        }
    }

    /// The parts so far: one, unless the source was [joined](Source::join). Final only after
    /// [`Decoder::next`] has returned false.
    pub fn parts(&self) -> Vec<Part> {
        let part = |part: &PartReader| Part {
            key: part.key.clone(),
            stream_info: part.decoder.stream_info().clone(),
            frames: part.decoder.frames(),
            silence: self.frames().saturating_sub(part.decoder.frames()),
            gaps: part.decoder.gaps().to_vec(),
            end_proven: part.decoder.end_proven(),
            begins: part.decoder.begins(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Frames returned so far, silence that fills gaps included; after the end, the length of the output.
    pub fn frames(&self) -> u64 {
        self.only().map_or(self.frames, PartDecoder::frames)
    }

    /// The gaps of all parts so far: parts in which nothing was recorded, by the recording's clock.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut all: Vec<Gap> = self.decoders().flat_map(PartDecoder::gaps).copied().collect();
        all.sort_by_key(|gap| gap.at);
        all
    }

    /// Mapping from the recording's clock to the frames returned so far.
    pub fn timeline(&self) -> Timeline {
        self.only().map_or_else(|| Timeline::new(self.frames, &[]), PartDecoder::timeline)
    }

    /// Whether every file proves its end, by a length, a count or a flag. If it does not, a cut between
    /// two packets cannot be detected. Final only after [`Decoder::next`] has returned false.
    pub fn end_proven(&self) -> bool {
        self.decoders().all(PartDecoder::end_proven)
    }

    /// The container's timestamp of the first frame, of several parts the latest; positions count from
    /// that frame. Less than a packet counts as 0, because it is rounding. Final only after
    /// [`Decoder::next`] has returned false.
    pub fn begins(&self) -> Duration {
        self.decoders().map(PartDecoder::begins).max().unwrap_or_default()
    }

    /// Bytes read from the source so far.
    pub fn bytes_received(&self) -> u64 {
        self.decoders().map(PartDecoder::bytes_received).sum()
    }

    /// Frames of codec delay, of several parts the most. They are dropped from the front and not counted
    /// as output.
    pub fn delay(&self) -> u64 {
        self.decoders().map(PartDecoder::delay).max().unwrap_or_default()
    }

    /// Everything besides the audio that was read so far, such as WAV chunks, tags and pictures: name
    /// and size, never the content.
    pub fn leftovers(&mut self) -> Vec<Leftover> {
        self.parts.iter_mut().flat_map(|part| part.decoder.leftovers()).collect()
    }

    /// The digest of all bytes of each part of a [`digested`](Source::digested) source. To be called
    /// once, after the end.
    ///
    /// # Errors
    /// [`Error::Read`] when the bytes after the decoded audio cannot be read.
    pub(crate) fn digests(&mut self) -> Result<Vec<Digest>, Error> {
        self.each(|part| part.decoder.digest())
    }

    /// Fills `block` with the next frames; returns false at the end of a complete recording.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Truncated`], [`Error::Read`] and others, of one of several parts
    /// inside [`Error::Part`]; [`Error::Parts`]. The blocks so far are not the whole recording. After an
    /// error, every call fails.
    pub fn next(&mut self, block: &mut Block) -> Result<bool, Error> {
        if let [only] = self.parts.as_mut_slice() {
            return only.decoder.next(block);
        }
        if self.failed {
            return Err(misfit("one has failed before"));
        }
        let result = self.pull(block);
        self.failed = result.is_err();
        result
    }

    /// Does something with each part, and names the part in which it fails if there are several.
    fn each<T>(
        &mut self,
        work: impl Fn(&mut PartReader) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let several = self.parts.len() > 1;
        let named = |part: &mut PartReader| {
            work(part).map_err(|error| in_part(part.key.clone().filter(|_| several), error))
        };
        self.parts.iter_mut().map(named).collect()
    }

    fn pull(&mut self, block: &mut Block) -> Result<bool, Error> {
        self.each(PartReader::refill)?;
        let Some(frames) = self.parts.iter().filter_map(PartReader::waiting).min() else {
            return check_begins(&self.parts).map(|()| false);
        };
        block.restart(self.frames);
        // The silence stays where a part has ended.
        block.add_silence(frames);
        for (channel, part) in self.parts.iter_mut().enumerate() {
            part.copy(frames, channel, block);
        }
        self.frames += frames as u64;
        check_lengths(&self.parts, self.frames).map(|()| true)
    }
}

/// An error in the part with this key, or in the only part, which has no key here.
fn in_part(key: Option<String>, error: Error) -> Error {
    match key {
        Some(key) => Error::Part { key, source: Box::new(error) },
        None => error,
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("stream_info", &self.info)
            .field("frames", &self.frames())
            .finish_non_exhaustive()
    }
}
