//! What a redaction did.

use std::ops::Range;
use std::time::Duration;

use super::OutputFormat;
use crate::block::StreamInfo;
use crate::decode::{DecodeOptions, Decoder, Gaps, Part};
use crate::error::Error;
use crate::span::{Gap, Span, Spans, Timeline, cut_at_end, time_of};
use crate::treatment::Treatment;
use crate::window::{Window, Windows};

/// What a redaction did.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Container, codec, rate and channels of the input, and the sample format of the output.
    pub stream_info: StreamInfo,
    /// What kind of file the output is.
    pub output: OutputFormat,
    /// Whether a FLAC states the MD5 of its samples.
    pub md5: bool,
    /// Frames in the output: the decoded ones, and the silence in gaps and after shorter parts.
    pub frames: u64,
    /// Frames that were treated on at least one channel.
    pub frames_treated: u64,
    /// Of an Opus: the frames that became silence. They are those of whole packets, more than the windows.
    /// Sorted, with at least one frame between two neighbours.
    pub replaced: Vec<Span>,
    /// The requested windows; iterating yields them padded, sorted and merged.
    pub windows: Windows,
    /// Merged windows that ran past the end and were cut there.
    pub cut: Vec<Window>,
    /// Merged windows that lie wholly in closed gaps, so that they held no frame to treat.
    pub vanished: Vec<Window>,
    /// What was done to the gaps.
    pub gaps_policy: Gaps,
    /// The gaps of all parts by the recording's clock, which windows refer to.
    pub gaps: Vec<Gap>,
    /// The files of the recording: one, unless the source was [joined](crate::Source::join).
    pub parts: Vec<Part>,
    /// Whether every file proves its end by a length, a count or a flag. If not, a cut between two
    /// packets leaves no trace.
    pub end_proven: bool,
    /// The container's timestamp of the first frame, often 0. Windows count from that frame.
    pub begins: Duration,
    /// What was done inside the windows.
    pub treatment: Treatment,
}

impl Summary {
    /// The summary of a redaction whose decoder has reached the end.
    ///
    /// # Errors
    /// [`Error::WindowPastEnd`].
    pub(super) fn of(
        decoder: &Decoder,
        (windows, spans): (&Windows, &Spans),
        treatment: Treatment,
        (options, output, replaced): (DecodeOptions, OutputFormat, Vec<Range<u64>>),
    ) -> Result<Self, Error> {
        let stream_info = decoder.stream_info().clone();
        let (timeline, rate) = (decoder.timeline(), stream_info.rate);
        let windows = windows.for_length(time_of(timeline.end(), rate));
        Ok(Self {
            stream_info,
            output,
            md5: output.has_md5() && options.md5,
            replaced: replaced
                .into_iter()
                .map(|range| Span { first: range.start, end: range.end })
                .collect(),
            frames: decoder.frames(),
            frames_treated: spans.frames_inside(&timeline),
            cut: cut_at_end(&windows, rate, timeline.end())?,
            vanished: vanished(&windows, rate, &timeline),
            windows,
            gaps_policy: options.gaps,
            gaps: decoder.gaps(),
            parts: decoder.parts(),
            end_proven: decoder.end_proven(),
            begins: decoder.begins(),
            treatment,
        })
    }

    /// The map from the recording's clock, which windows refer to, to frames of the output.
    pub fn timeline(&self) -> Timeline {
        let closed = if self.gaps_policy == Gaps::Close { self.gaps.as_slice() } else { &[] };
        Timeline::new(self.frames, closed)
    }
}

/// The windows that lie wholly in closed gaps.
pub(crate) fn vanished(windows: &Windows, rate: u32, timeline: &Timeline) -> Vec<Window> {
    let is_vanished = |window: &&Window| timeline.span(Span::covering(window, rate)).is_none();
    windows.iter().filter(is_vanished).cloned().collect()
}
