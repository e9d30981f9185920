//! The formats: one file each, tried in order; the first that recognises the document reads it.

use std::time::Duration;

// The files of the formats take all they need from here: `use super::{Document, Node, …}`.
use super::TranscriptError;
use super::document::Document;
use super::error::TranscriptProblem;
use super::json::Node;
use super::model::{Mark, Place, Remark, Repeat, Text, TimeRange, Transcript, Turn, Word};
use super::time::{self, Round, TimeError};

mod deepgram;
mod gladia;
mod revai;
mod speechmatics;
mod speechmatics_v1;
mod google;
mod ibm;
mod kaldi_json;
mod huggingface;
mod genesys_transcript;
mod genesys_annotations;
mod twilio;
mod common;
mod whisper_words;
mod contact_lens;
mod aws_call_analytics;
mod contact_lens_realtime;
mod aws_transcribe;
mod aws_streaming;
mod aws_pca;
mod comprehend;
mod azure_batch;
mod azure_conversation;
mod azure_realtime;
mod assemblyai;
mod assemblyai_streaming;
mod whisper_cpp;
mod whisperx;
mod whisper_timestamped;
mod whisper;
mod vcon;
mod vcon_body;
mod subtitle;
mod speaker_name;
mod cue_text;
mod webvtt;
mod srt;
mod ttml;
mod textgrid;
mod eaf;
mod rttm;
mod ctm;
mod edl;
mod cmx3600;
mod audacity;
mod rev_nlp;
mod whisper_tsv;
mod wall_clock;
mod pause_log;
mod lossless_cut;

/// How far windows of a source reach beyond the times it gives, unless `--pad` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// As far before as after.
    Around(Duration),
    /// Before by `before`. After: to the start of the next word on the channel, at least `least`
    /// and at most `most`.
    ToNextWord {
        /// Before the window.
        before: Duration,
        /// After the window, if the next word begins sooner.
        least: Duration,
        /// After the window, if the next word begins later.
        most: Duration,
    },
}

impl Padding {
    /// 250 ms: where nothing better is known of a recogniser.
    pub(super) const USUAL: Self = Self::Around(Duration::from_millis(250));
    /// 150 ms: recognisers whose word times agree within some 20 ms.
    pub(super) const CLOSE: Self = Self::Around(Duration::from_millis(150));
    /// 400 ms: recognisers whose word times are off by several 100 ms.
    pub(super) const WIDE: Self = Self::Around(Duration::from_millis(400));
    /// Deepgram ends a word after 0.5 s at the latest, while its speech may go on.
    pub(super) const DEEPGRAM: Self = Self::ToNextWord {
        before: Duration::from_millis(250),
        least: Duration::from_millis(250),
        most: Duration::from_secs(1),
    };
    /// None: times that a person set.
    pub(super) const NONE: Self = Self::Around(Duration::ZERO);
}

/// On what the reader of a format was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A real file of the service.
    Sample,
    /// Documentation and source code alone.
    Documentation,
}

/// One format.
pub(super) struct Format {
    /// The name for `--windows-format`: lower case, words joined by `-`.
    pub(super) name: &'static str,
    /// The name for people: `Deepgram (pre-recorded)`.
    pub(super) title: &'static str,
    /// Padding if none is given.
    pub(super) padding: Padding,
    /// On what it was built.
    pub(super) seen: Seen,
    /// Whether the document is of this format. Looks at few places and never fails.
    pub(super) recognise: fn(&Document<'_>) -> bool,
    /// Reads it. `Transcript::format` is set by the caller.
    pub(super) read: fn(&Document<'_>) -> Result<Transcript, TranscriptError>,
}

/// All formats in the order in which they are tried.
pub(super) const FORMATS: &[Format] = &[
    vcon::FORMAT,
    contact_lens::FORMAT,
    aws_call_analytics::FORMAT,
    contact_lens_realtime::FORMAT,
    aws_transcribe::FORMAT,
    aws_streaming::FORMAT,
    aws_pca::FORMAT,
    comprehend::FORMAT,
    azure_batch::FORMAT,
    azure_conversation::FORMAT,
    azure_realtime::FORMAT,
    deepgram::FORMAT,
    assemblyai::FORMAT,
    assemblyai_streaming::FORMAT,
    gladia::FORMAT,
    revai::FORMAT,
    speechmatics::FORMAT,
    speechmatics_v1::FORMAT,
    google::FORMAT,
    ibm::FORMAT,
    kaldi_json::FORMAT,
    genesys_transcript::FORMAT,
    genesys_annotations::FORMAT,
    twilio::FORMAT,
    whisper_cpp::FORMAT,
    whisperx::FORMAT,
    whisper_timestamped::FORMAT,
    whisper::FORMAT,
    huggingface::FORMAT,
    webvtt::FORMAT,
    srt::FORMAT,
    ttml::FORMAT,
    textgrid::FORMAT,
    eaf::FORMAT,
    rttm::FORMAT,
    ctm::FORMAT,
    edl::FORMAT,
    cmx3600::FORMAT,
    audacity::FORMAT,
    rev_nlp::FORMAT,
    whisper_tsv::FORMAT,
    pause_log::FORMAT,
    lossless_cut::FORMAT,
];

/// The unit of the times of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    /// 100 ns.
    Ticks,
    /// `12.300s`.
    Suffixed,
    /// `PT2.28S`.
    Iso,
    Clock,
}

/// The text of a time, in `unit`.
pub(super) fn duration(text: &str, unit: Unit, round: Round) -> Result<Duration, TimeError> {
    match unit {
        Unit::Seconds => time::seconds(text, round),
        Unit::Millis => time::millis(text, round),
        Unit::Ticks => time::ticks(text, round),
        Unit::Suffixed => time::suffixed_seconds(text, round),
        Unit::Iso => time::iso_duration(text, round),
        Unit::Clock => time::clock(text, round),
    }
}

/// The time that a number or string of JSON holds. The error names the path.
pub(super) fn moment(
    format: &'static str,
    node: Node<'_>,
    unit: Unit,
    round: Round,
) -> Result<Duration, TranscriptError> {
    let text = node.scalar().ok_or(TranscriptProblem::Expected("a time"));
    let time = text.and_then(|text| duration(&text, unit, round).map_err(TranscriptProblem::from));
    time.map_err(|problem| TranscriptError::at(format, node.path(), problem))
}

/// Start and end under two keys of an object; none if both are absent or `null`. One without the
/// other is no time either: such a word is bounded by its neighbours.
pub(super) fn optional_range(
    format: &'static str,
    node: Node<'_>,
    start: &str,
    end: &str,
    unit: Unit,
) -> Result<Option<TimeRange>, TranscriptError> {
    let start = node.get(start).map(|node| moment(format, node, unit, Round::Down)).transpose()?;
    let end = node.get(end).map(|node| moment(format, node, unit, Round::Up)).transpose()?;
    Ok(start.zip(end).map(|(start, end)| TimeRange::new(start, end)))
}

/// Start and length under two keys of an object; none if one of them is absent or `null`.
pub(super) fn optional_length(
    format: &'static str,
    node: Node<'_>,
    start: &str,
    length: &str,
    unit: Unit,
) -> Result<Option<TimeRange>, TranscriptError> {
    let (Some(start), Some(length)) = (node.get(start), node.get(length)) else { return Ok(None) };
    let from = moment(format, start, unit, Round::Down)?;
    let end = time::add(
        moment(format, start, unit, Round::Up)?,
        moment(format, length, unit, Round::Up)?,
    );
    let end = end.map_err(|problem| TranscriptError::at(format, length.path(), problem))?;
    Ok(Some(TimeRange::new(from, end)))
}

/// The word that a string or number of JSON holds, without time, with its bytes in the file.
pub(super) fn text_word(node: Node<'_>) -> Word {
    let text = node.scalar().unwrap_or_default();
    Word { text: Text::new(text.trim()), source: Some(node.range()), ..Word::default() }
}
