//! Names that people know containers and codecs by, for messages.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

/// A container by the name on its files.
pub(super) fn container(short_name: &str) -> &str {
    match short_name {
        "wave" => "WAV",
        "aiff" => "AIFF",
        "caf" => "CAF",
        "flac" => "FLAC",
        "mp1" | "mp2" | "mp3" => "MPEG audio",
        "ogg" => "Ogg",
        "isomp4" => "MP4",
        "matroska" => "Matroska",
        "aac" => "ADTS",
        other => other,
    }
}

/// A codec for which there is no decoder.
pub(super) fn codec(id: AudioCodecId) -> String {
    match id {
        CODEC_ID_OPUS => "Opus".into(),
        CODEC_ID_SPEEX => "Speex".into(),
        CODEC_ID_AC3 | CODEC_ID_EAC3 | CODEC_ID_AC4 => "Dolby Digital (AC-3)".into(),
        CODEC_ID_DCA => "DTS".into(),
        CODEC_ID_WMA => "Windows Media Audio".into(),
        CODEC_ID_WAVPACK => "WavPack".into(),
        CODEC_ID_MUSEPACK => "Musepack".into(),
        CODEC_ID_ADPCM_G722 => "G.722".into(),
        CODEC_ID_ADPCM_G726 | CODEC_ID_ADPCM_G726LE => "G.726".into(),
        other => format!("the codec {other}"),
    }
}
