//! Errors of decoding, redaction and storage. Windows, receipts and the Genesys client have their own. No
//! type of a dependency appears here.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::window::ClockTime;

/// Why a recording was not redacted. When a function returns one of these, the output path is
/// unchanged: no new file, and an old file is still there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The source returned an I/O error.
    #[error("the recording cannot be read")]
    Read(#[source] io::Error),
    /// The source has no bytes.
    #[error("the recording is empty (0 bytes)")]
    Empty,
    /// The recording has a header, but no frames.
    #[error("the recording holds a header and no audio")]
    NoAudio,
    /// The first bytes match no known format.
    #[error(
        "this is not a recording in a known format (WAV, W64, AIFF, AU, CAF, FLAC, MP3, Ogg, MP4, Matroska, AAC)"
    )]
    UnknownFormat,
    /// The first bytes match a format that sordino does not read, or something that is not a recording.
    #[error("this looks like {what}; {advice}")]
    Foreign {
        /// Name of the format.
        what: String,
        /// Advice to the user.
        advice: String,
    },
    /// A known format that sordino cannot redact sample-exactly.
    #[error("{what} is not supported")]
    Unsupported {
        /// The container, codec or variant.
        what: String,
    },
    /// The header contradicts itself or the data.
    #[error("the {container} header cannot be used: {reason}")]
    Header {
        /// Name of the container.
        container: String,
        /// What is wrong with its header.
        reason: String,
    },
    /// The container structure is damaged.
    #[error("the {container} is damaged: {reason}")]
    Container {
        /// Name of the container.
        container: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A packet does not decode. Without it, all later frames would be misplaced.
    #[error("the recording is damaged at frame {frame} ({} s): {reason}", ClockTime(*.time))]
    Damaged {
        /// The first affected frame.
        frame: u64,
        /// The time of that frame.
        time: Duration,
        /// The decoder's message.
        reason: String,
    },
    /// The recording has a gap, by its own clock: packets were lost, silence was not recorded, or the
    /// recording was paused. See [`Gaps`](crate::Gaps).
    #[error(
        "nothing was recorded from {} s to {} s ({} s are missing); use --gaps fill to insert silence, so that later audio stays at the time that a player shows, or --gaps close to join the audio before and after",
        ClockTime(*.at), ClockTime(*.at + *.length), ClockTime(*.length)
    )]
    Gap {
        /// Start of the gap, by the recording's clock.
        at: Duration,
        /// Length of the gap.
        length: Duration,
    },
    /// The recording ends earlier than its container declares.
    #[error("the recording is cut off after {frames} frames ({} s): {reason}", ClockTime(*.time))]
    Truncated {
        /// Number of frames found.
        frames: u64,
        /// Length of these frames.
        time: Duration,
        /// How the missing part was detected.
        reason: String,
    },
    /// One of several files that together are one recording cannot be decoded.
    #[error("part {key} of the recording")]
    Part {
        /// The key of the part.
        key: String,
        /// Why it cannot be decoded.
        #[source]
        source: Box<Self>,
    },
    /// Several files are not the channels of one recording. See [`Source::join`](crate::Source::join).
    #[error("the parts of the recording do not fit together: {reason}; redact each on its own")]
    Parts {
        /// What does not fit.
        reason: String,
    },
    /// A stream that must be held in memory is larger than allowed.
    #[error(
        "the recording must be read whole before it can be decoded, and is larger than {limit} bytes; allow more memory, or give it as a file"
    )]
    TooLargeForMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// A window is for a channel that does not exist.
    #[error(
        "the window {window} is for a channel that the recording does not have; it has {channels}, counted from 0"
    )]
    NoSuchChannel {
        /// The window in the syntax of `-w`.
        window: String,
        /// Number of channels.
        channels: u16,
    },
    /// A window begins at or after the end of the recording.
    #[error("the window {window} begins after the end of the recording, which lasts {} s", ClockTime(*.length))]
    WindowPastEnd {
        /// The window in the syntax of `-w`.
        window: String,
        /// Length of the recording.
        length: Duration,
    },
    /// All times of a list are whole numbers without a unit, and do not fit the recording as seconds.
    #[error(
        "the list of windows does not say its unit: all its times are whole numbers, and as seconds {reason}; say --unit s or --unit ms"
    )]
    UnitUnknown {
        /// Why the times may not be seconds.
        reason: String,
    },
    /// An invalid gain or tone, or a receipt with invalid windows or an invalid treatment.
    #[error("{0}")]
    Treatment(String),
    /// The recording cannot become the kind of file that was asked for.
    #[error("{reason}")]
    Format {
        /// Why, and what to do.
        reason: String,
    },
    /// The output would be too large for a WAV file.
    #[error(
        "the redacted recording would be larger than 4 GiB, the limit of a WAV file; split the recording"
    )]
    TooLong,
    /// The output could not be written.
    #[error("the redacted recording cannot be written")]
    Write(#[source] io::Error),
    /// The output was written, but could not be read back for the self-check, the digest or the delivery.
    #[error("the redacted recording cannot be read back")]
    ReadBack(#[source] io::Error),
    /// The output could not be moved to its path.
    #[error("cannot write {}", .path.display())]
    Persist {
        /// The output path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The output differs from the expected output, and was deleted.
    #[error("the self-check failed, so the result was thrown away: {reason}")]
    SelfCheck {
        /// The difference.
        reason: String,
    },
    /// The system could not start a thread.
    #[error("no thread could be started")]
    Thread(#[source] io::Error),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether the caller can correct the error with another window, unit, channel, treatment or encoding.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoSuchChannel { .. }
                | Self::WindowPastEnd { .. }
                | Self::UnitUnknown { .. }
                | Self::Treatment(_)
                | Self::Format { .. }
        )
    }
}
