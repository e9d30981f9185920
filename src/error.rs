//! What can go wrong in the audio half. No type of a dependency appears here.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::window::ClockTime;

/// Why a recording was not redacted. Whenever one of these is returned, nothing new is at the output
/// path, and what was there before is there still.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes of the recording could not be obtained.
    #[error("the recording cannot be read")]
    Read(#[source] io::Error),
    /// There are no bytes at all.
    #[error("the recording is empty (0 bytes)")]
    Empty,
    /// There is a header, and no frame behind it.
    #[error("the recording holds a header and no audio")]
    NoAudio,
    /// The bytes begin like no format that is known.
    #[error(
        "this is not a recording in a known format (WAV, W64, AIFF, AU, CAF, FLAC, MP3, Ogg, MP4, Matroska, AAC)"
    )]
    UnknownFormat,
    /// The bytes are of a format that is known by its first bytes and not read, or are no recording.
    #[error("this looks like {what}; {mend}")]
    Foreign {
        /// What it is.
        what: String,
        /// What to do about it.
        mend: String,
    },
    /// The format is known, and cannot be redacted to the sample.
    #[error("{what} is not supported")]
    Unsupported {
        /// The container, codec or variant.
        what: String,
    },
    /// The header contradicts itself or the data.
    #[error("the {container} header cannot be used: {reason}")]
    Header {
        /// The container.
        container: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The container around the audio is damaged.
    #[error("the {container} is damaged: {reason}")]
    Container {
        /// The container.
        container: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A part of the recording does not decode, so what follows it would be out of place.
    #[error("the recording is damaged at frame {frame} ({} s): {reason}", ClockTime(*.time))]
    Damaged {
        /// The first frame that is affected.
        frame: u64,
        /// The place of that frame.
        time: Duration,
        /// What the decoder says.
        reason: String,
    },
    /// Nothing was recorded for a while, by the recording's own clock: packets were lost, or left out
    /// while nobody spoke, or the recording was paused. See [`Gaps`](crate::Gaps).
    #[error(
        "nothing was recorded from {} s to {} s ({} s are missing); --gaps fill puts silence there, so that everything stays at the time that a player shows, and --gaps close joins what is around it",
        ClockTime(*.at), ClockTime(*.at + *.length), ClockTime(*.length)
    )]
    Gap {
        /// Where it begins, by the recording's clock.
        at: Duration,
        /// How long it lasts.
        length: Duration,
    },
    /// The recording ends before its container says that it does.
    #[error("the recording is cut off after {frames} frames ({} s): {reason}", ClockTime(*.time))]
    Truncated {
        /// Frames found.
        frames: u64,
        /// Their length.
        time: Duration,
        /// How that is known.
        reason: String,
    },
    /// The rest of the recording would have to be held in memory, and is larger than allowed.
    #[error(
        "the recording must be read whole before it can be decoded, and is larger than {limit} bytes; allow more memory, or give it as a file"
    )]
    TooLargeForMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// A window asks for a channel that is not there.
    #[error(
        "the window {window} is for a channel that the recording lacks; it has {channels}, counted from 0"
    )]
    NoSuchChannel {
        /// The window, as `-w` takes it.
        window: String,
        /// How many channels there are.
        channels: u16,
    },
    /// A window begins after the recording has ended.
    #[error("the window {window} begins after the end of the recording, which lasts {} s", ClockTime(*.length))]
    WindowPastEnd {
        /// The window, as `-w` takes it.
        window: String,
        /// How long the recording lasts.
        length: Duration,
    },
    /// A list of nothing but whole numbers, which do not fit the recording as seconds.
    #[error(
        "the list of windows does not say its unit: all its times are whole numbers, and as seconds {reason}; say --unit s or --unit ms"
    )]
    UnitUnknown {
        /// Why they may not be seconds.
        reason: String,
    },
    /// A gain or tone that cannot be meant.
    #[error("{0}")]
    Treatment(String),
    /// A WAV file cannot hold so much.
    #[error(
        "the redacted recording would pass 4 GiB, which a WAV file cannot hold; cut the recording into parts"
    )]
    TooLong,
    /// The redacted recording could not be written.
    #[error("the redacted recording cannot be written")]
    Write(#[source] io::Error),
    /// The redacted recording was written, and could not be read again from where it lies: to be
    /// checked, summed or delivered.
    #[error("the redacted recording cannot be read back")]
    ReadBack(#[source] io::Error),
    /// The redacted recording could not be put in its place.
    #[error("cannot write {}", .path.display())]
    Persist {
        /// Where it should have gone.
        path: PathBuf,
        /// Why it did not.
        #[source]
        source: io::Error,
    },
    /// What was written is not what was meant. It has been thrown away.
    #[error("the self-check failed, so the result was thrown away: {reason}")]
    SelfCheck {
        /// What is wrong with it.
        reason: String,
    },
    /// The machine gives no thread to work on.
    #[error("no thread could be started")]
    Thread(#[source] io::Error),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether the call was wrong, rather than the recording or the machine: another window,
    /// unit, channel or treatment would do.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoSuchChannel { .. }
                | Self::WindowPastEnd { .. }
                | Self::UnitUnknown { .. }
                | Self::Treatment(_)
        )
    }
}
