//! What kind of file the output is.

use std::fmt;

use crate::block::{SampleFormat, StreamInfo};
use crate::decode::{DecodeOptions, Decoder, Edge, Encoding};
use crate::encode::Target;
use crate::error::Error;
use crate::treatment::Treatment;
use crate::window::Windows;

/// The largest plausible ratio of the bytes of a WAV to those of the input, except for digital silence.
const MOST_FROM_A_BYTE: u64 = 32;

/// What to do where a FLAC cannot be kept.
const AS_WAV: &str = "make a WAV, with --encoding pcm and an OUTPUT that ends in .wav";

/// Endings of recordings of PCM and G.711, which a WAV holds as they are.
const PCM: &[&str] = &[
    "aif", "aifc", "aiff", "al", "alaw", "au", "caf", "pcm", "raw", "rf64", "sln", "snd", "ul",
    "ulaw", "w64", "wav", "wave",
];

/// Endings of recordings in codecs that cannot be kept.
const LOSSY: &[&str] = &["aac", "adts", "m4a", "m4b", "mp1", "mp2", "mp3", "mpga", "webm"];

/// Endings of Ogg with any codec.
const OGG: &[&str] = &["oga", "ogg"];

/// A kind of file that sordino writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// A WAV of all samples.
    Wav,
    /// The FLAC of the input, of which only frames that hold treated samples are new.
    Flac,
    /// The same of a FLAC in an Ogg.
    OggFlac,
    /// The Ogg Opus of the input, of which only packets near a window are new: silence. It cannot be treated
    /// otherwise, and not on some channels alone.
    Opus,
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wav => "WAV",
            Self::Flac => "FLAC",
            Self::OggFlac => "Ogg FLAC",
            Self::Opus => "Ogg Opus",
        })
    }
}

impl OutputFormat {
    /// The media type (MIME).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::OggFlac | Self::Opus => "audio/ogg",
        }
    }

    /// The usual ending of a file name, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::OggFlac => "oga",
            Self::Opus => "opus",
        }
    }

    /// The short name of the container, if packets of the input are kept in it.
    pub fn kept_container(self) -> Option<&'static str> {
        match self {
            Self::Wav => None,
            Self::Flac => Some("flac"),
            Self::OggFlac | Self::Opus => Some("ogg"),
        }
    }

    /// Whether the file can state the MD5 of its samples.
    pub fn has_md5(self) -> bool {
        matches!(self, Self::Flac | Self::OggFlac)
    }

    /// The formats of files whose names end so, in any case; none if it is an ending of others.
    pub fn of_ending(ending: &str) -> &'static [Self] {
        let is = |endings: &[&str]| endings.iter().any(|known| ending.eq_ignore_ascii_case(known));
        match () {
            () if is(&["wav", "wave"]) => &[Self::Wav],
            () if is(&["flac"]) => &[Self::Flac],
            () if is(&["opus"]) => &[Self::Opus],
            () if is(OGG) => &[Self::Opus, Self::OggFlac],
            () => &[],
        }
    }

    /// The encoding of an output whose name ends so, and the formats that it must come to. `encoding`: what
    /// was asked for, if anything was.
    ///
    /// # Errors
    /// [`Error::Format`] when the encoding and the ending contradict each other.
    pub fn named(
        ending: &str,
        encoding: Option<Encoding>,
    ) -> Result<(Encoding, &'static [Self]), Error> {
        let formats = Self::of_ending(ending);
        let is_kept = !formats.is_empty() && !formats.contains(&Self::Wav);
        match encoding {
            Some(Encoding::Pcm) if is_kept => {
                let reason =
                    "--encoding pcm makes a WAV; name the output .wav, or leave out --encoding";
                Err(Error::Format { reason: reason.into() })
            }
            None if is_kept => Ok((Encoding::Same, formats)),
            encoding => Ok((encoding.unwrap_or_default(), formats)),
        }
    }

    /// What a recording whose name ends so can be kept as: none of the formats if its codec cannot be kept;
    /// `None` if the ending does not tell.
    pub fn kept_as(ending: &str) -> Option<&'static [Self]> {
        let is = |endings: &[&str]| endings.iter().any(|known| ending.eq_ignore_ascii_case(known));
        match () {
            () if is(PCM) => Some(&[Self::Wav]),
            () if is(&["flac"]) => Some(&[Self::Flac]),
            () if is(&["opus"]) => Some(&[Self::Opus]),
            () if is(OGG) => Some(&[Self::Opus, Self::OggFlac]),
            () if is(LOSSY) => Some(&[]),
            () => None,
        }
    }

    /// What keeps the encoding of such a recording; `None` if nothing does.
    pub fn keeping(info: &StreamInfo) -> Option<Self> {
        match (info.codec, info.container) {
            // A FLAC of more than 24 bits has no writer.
            ("flac", "flac" | "ogg") if info.format == SampleFormat::S32 => None,
            ("flac", "flac") => Some(Self::Flac),
            ("flac", "ogg") => Some(Self::OggFlac),
            ("opus", "ogg") => Some(Self::Opus),
            (codec, _) if codec.starts_with("pcm_") => info.loss().is_none().then_some(Self::Wav),
            _ => None,
        }
    }

    /// Checks that an output of this format can be treated so.
    ///
    /// # Errors
    /// [`Error::Format`] for what is not silence, for windows on some channels alone, and for exact edges, in
    /// an Opus that is kept.
    pub fn check(self, windows: &Windows, treatment: Treatment, edge: Edge) -> Result<(), Error> {
        let what = match self {
            Self::Wav | Self::Flac | Self::OggFlac => return Ok(()),
            Self::Opus if treatment.gain() > 0.0 => "Opus can only be erased: add --silence",
            Self::Opus if treatment.tone_hz().is_some() => {
                "Opus can only be erased: add --silence in place of the tone"
            }
            Self::Opus if !treatment.fade().is_zero() => {
                "Opus can only be erased: leave out --fade"
            }
            Self::Opus if windows.iter().any(|window| window.channel().is_some()) => {
                "Opus can only be erased on all channels: leave out @CHANNEL"
            }
            Self::Opus if edge == Edge::Exact => {
                "Opus can only be erased in whole packets: leave out --edge exact"
            }
            Self::Opus => return Ok(()),
        };
        let reason =
            format!("{what}; or make a WAV, with --encoding pcm and an OUTPUT that ends in .wav");
        Err(Error::Format { reason })
    }

    /// The size of the output, if it is known and the header of the recording is not a lie. Too little only
    /// costs speed; that of a FLAC or an Opus is not known, and what is too much would stay reserved.
    pub(super) fn likely_bytes(self, info: &StreamInfo, length: Option<u64>) -> u64 {
        let length = length.unwrap_or(0);
        match (self, info.frames) {
            (Self::Flac | Self::OggFlac | Self::Opus, _) | (_, None) => 0,
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
/// [`Error::Format`] when the encoding is to stay and there is no writer for it, when it is none of the
/// `allowed`, if there are any, or when it cannot be treated so.
pub(super) fn choose(
    decoder: &Decoder,
    options: DecodeOptions,
    allowed: &[OutputFormat],
    (windows, treatment): (&Windows, Treatment),
) -> Result<(OutputFormat, Target), Error> {
    let made = match options.encoding {
        Encoding::Pcm => Some((OutputFormat::Wav, Target::Wav)),
        Encoding::Same => kept(decoder, options),
    };
    let info = decoder.stream_info();
    let (input, is_deep) = (input(info), info.format == SampleFormat::S32);
    let reason = match (made, allowed) {
        (Some((format, target)), _) if allowed.is_empty() || allowed.contains(&format) => {
            return format.check(windows, treatment, options.edge).map(|()| (format, target));
        }
        (Some((kept, _)), _) if kept != OutputFormat::Wav => format!(
            "a recording of {input} stays {kept} or becomes WAV; name the output .{}, or .wav with --encoding pcm",
            kept.ending()
        ),
        (None, _) if decoder.parts().len() > 1 => {
            format!("several files become one recording, which is a WAV; {AS_WAV}")
        }
        (None, _) if info.codec == "flac" && is_deep => {
            format!("a FLAC of more than 24 bits cannot be kept; {AS_WAV}")
        }
        (None, _) if info.codec == "flac" && info.container == "ogg" => {
            format!("only FLAC that is alone in an Ogg can be kept; {AS_WAV}")
        }
        (None, _) if info.codec == "flac" => {
            format!("only FLAC in a file of its own or in Ogg can be kept, not {input}; {AS_WAV}")
        }
        (_, [wanted, others @ ..]) if *wanted != OutputFormat::Wav => {
            let others = others.iter().map(|other| format!(" or {other}"));
            let wanted = others.fold(wanted.to_string(), |all, other| all + &other);
            format!("only {wanted} stays so, and this recording is {input}; name the output .wav")
        }
        _ => format!("{input} cannot be kept as it is; use --encoding pcm, which makes a WAV"),
    };
    Err(Error::Format { reason })
}

/// What keeps the encoding of this recording, if anything does.
fn kept(decoder: &Decoder, options: DecodeOptions) -> Option<(OutputFormat, Target)> {
    let format = OutputFormat::keeping(decoder.stream_info()).filter(|format| format.has_md5());
    match decoder.flac().zip(format) {
        Some((head, format)) => {
            Some((format, Target::Flac { head: head.clone(), md5: options.md5 }))
        }
        None => match decoder.opus_pages() {
            Some(pages) => Some((OutputFormat::Opus, Target::Opus { pages: pages.clone() })),
            None => is_pcm(decoder).then_some((OutputFormat::Wav, Target::Wav)),
        },
    }
}

/// Whether the samples of all parts are PCM or G.711, which a WAV holds as they are.
fn is_pcm(decoder: &Decoder) -> bool {
    let wav = Some(OutputFormat::Wav);
    decoder.parts().iter().all(|part| OutputFormat::keeping(&part.stream_info) == wav)
}

/// The codec and container of a recording, in words.
fn input(info: &StreamInfo) -> String {
    let StreamInfo { codec, container, .. } = info;
    if codec == container { (*codec).into() } else { format!("{codec} in {container}") }
}
