//! What kind of file the output is.

use std::fmt;

use crate::block::StreamInfo;
use crate::decode::{DecodeOptions, Decoder, Encoding};
use crate::encode::Target;
use crate::error::Error;

/// The largest plausible ratio of the bytes of a WAV to those of the input, except for digital silence.
const MOST_FROM_A_BYTE: u64 = 32;

/// The most bits of a sample in a FLAC that is kept.
const MOST_BITS: u8 = 24;

/// A kind of file that sordino writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// A WAV of all samples.
    Wav,
    /// The FLAC of the input, of which only frames that hold treated samples are new.
    Flac,
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wav => "WAV",
            Self::Flac => "FLAC",
        })
    }
}

impl OutputFormat {
    /// The media type (MIME).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
        }
    }

    /// The usual ending of a file name, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
        }
    }

    /// The size of the output, if it is known and the header of the recording is not a lie. Too little only
    /// costs speed; that of a FLAC is not known, and what is too much would stay reserved.
    pub(super) fn likely_bytes(self, info: &StreamInfo, length: Option<u64>) -> u64 {
        let length = length.unwrap_or(0);
        match (self, info.frames) {
            (Self::Flac, _) | (_, None) => 0,
            (Self::Wav, Some(frames)) => {
                let most = length.saturating_mul(MOST_FROM_A_BYTE);
                frames.saturating_mul(info.frame_bytes()).min(most)
            }
        }
    }
}

/// What is written of this recording.
///
/// # Errors
/// [`Error::Format`] when the encoding is to stay and there is no writer for it, or when something else is
/// `expected`.
pub(super) fn choose(
    decoder: &Decoder,
    options: DecodeOptions,
    expected: Option<OutputFormat>,
) -> Result<(OutputFormat, Target), Error> {
    use OutputFormat::{Flac, Wav};
    let head = decoder.flac().filter(|head| head.info.bits <= MOST_BITS);
    let input = input(decoder.stream_info());
    let wrong = |reason: String| Err(Error::Format { reason });
    match (options.encoding, head, expected) {
        (Encoding::Same, Some(_), Some(Wav)) => wrong(
            "with --encoding same a FLAC stays a FLAC; name the output .flac, or use --encoding pcm"
                .into(),
        ),
        (Encoding::Same, Some(head), _) => {
            Ok((Flac, Target::Flac { head: head.clone(), md5: options.md5 }))
        }
        (_, _, Some(Flac)) => wrong(format!(
            "a FLAC can only be made of a FLAC, and this recording is {input}; name the output .wav"
        )),
        (Encoding::Same, None, _) if !is_pcm(decoder) => wrong(format!(
            "the recording cannot be kept as {input}; use --encoding pcm, which makes a WAV"
        )),
        _ => Ok((Wav, Target::Wav)),
    }
}

/// Whether the samples of all parts are PCM or G.711, which a WAV holds as they are.
fn is_pcm(decoder: &Decoder) -> bool {
    decoder.parts().iter().all(|part| part.stream_info.codec.starts_with("pcm_"))
}

/// The codec and container of a recording, in words.
fn input(info: &StreamInfo) -> String {
    let StreamInfo { codec, container, .. } = info;
    if codec == container { (*codec).into() } else { format!("{codec} in {container}") }
}
