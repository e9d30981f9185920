//! FFmpeg in process, for the parity tests to compare with. Needs the feature `ffmpeg` and the system's
//! libraries, FFmpeg 5.1 or later.
//!
//! In: a file, and a filter graph as the command line writes it. Out: [`Pcm`], all that the graph
//! gave. What can go wrong: whatever FFmpeg refuses, in its own words, as an [`FfmpegError`].

use std::path::Path;

use thiserror::Error;

mod raw;

/// What FFmpeg refused, and why.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("FFmpeg cannot {doing}: {reason}")]
pub struct FfmpegError {
    doing: &'static str,
    reason: String,
}

impl FfmpegError {
    fn new(doing: &'static str, reason: impl Into<String>) -> Self {
        Self { doing, reason: reason.into() }
    }
}

/// Decoded and filtered audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pcm {
    /// FFmpeg's name of the sample format: `u8`, `s16`, `s32`, `flt` or `dbl`, as the recording
    /// decodes to. 24-bit integers are the upper bits of `s32`.
    pub format: &'static str,
    /// Frames a second, in Hz.
    pub rate: u32,
    /// How many channels are interleaved.
    pub channels: usize,
    /// Bytes that one sample takes.
    pub width: usize,
    /// The samples, interleaved, in the byte order of this machine.
    pub data: Vec<u8>,
}

impl Pcm {
    /// How many frames there are: instants over all channels.
    pub fn frames(&self) -> usize {
        self.data.len() / (self.channels * self.width).max(1)
    }
}

/// Decodes the best audio stream of a file and runs it through `graph`, such as `anull` or
/// `volume=enable='between(t,10,15)':volume=0.001`.
///
/// `t` counts from the first decoded frame, whatever the container says. What a filter takes as one
/// frame is what the decoder gives for a packet, so a graph leaks here as it does on the command line.
///
/// # Errors
/// [`FfmpegError`] when the file cannot be read or decoded to its end, or the graph is none.
pub fn filter(path: &Path, graph: &str) -> Result<Pcm, FfmpegError> {
    let mut input = raw::Input::open(path)?;
    let mut graph = raw::Graph::new(&input, graph)?;
    while let Some(frame) = input.next()? {
        graph.push(frame)?;
    }
    graph.finish()
}
