//! Names of codecs and formats that sordino does not decode, for messages.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use crate::error::Error;

/// Name of a codec without a decoder.
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

/// The error for a known format that sordino does not decode.
pub(super) fn not_decoded(what: &str) -> Error {
    let what = format!("{what}, which sordino does not decode");
    Error::Foreign {
        what,
        advice: "convert it first, for example with `ffmpeg -i IN OUT.wav`".into(),
    }
}

/// Name of a codec that is not supported in WAV, by its format tag.
pub(super) fn wav_codec(tag: u16) -> String {
    match tag {
        0x0031 => "GSM 6.10",
        0x0040 | 0x0045 | 0x0064 => "G.726 ADPCM",
        0x0042 | 0x0111 => "G.723.1",
        0x0065 | 0x028F => "G.722",
        0x0083 => "G.729",
        0x0160..=0x0163 => "Windows Media Audio",
        0x2000 => "AC-3",
        0x674F..=0x6771 => "Vorbis",
        0x704F => "Opus",
        0xA109 => "Speex",
        0xF1AC => "FLAC",
        _ => return format!("format tag 0x{tag:04X}"),
    }
    .into()
}

/// The error for a codec that is not supported in MP4, QuickTime or CAF, by its four-character code.
pub(super) fn four_letters(code: [u8; 4], container: &str) -> Error {
    let name = match &code {
        b"samr" => "AMR",
        b"sawb" | b"sawp" => "AMR-WB",
        b"aach" | b"aacp" => "HE-AAC",
        b"ac-3" | b"ec-3" | b"ac-4" => "Dolby Digital",
        b"agsm" => "GSM 6.10",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" => "DTS",
        b"enca" | b"drms" => "encrypted audio",
        b"ima4" | b"ms\0\x11" => "IMA ADPCM",
        b"ms\0\x02" => "MS ADPCM",
        b"MAC3" | b"MAC6" => "MACE",
        b"Qclp" | b"sqcp" => "QCELP",
        b"QDM2" | b"QDMC" => "QDesign audio",
        b"raw " | b"sowt" | b"twos" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"lpcm" | b"ipcm"
        | b"fpcm" | b"NONE" => "this kind of PCM",
        b"sevc" | b"secb" => "EVRC",
        b"spex" => "Speex",
        _ => "the codec",
    };
    not_decoded(&format!("{name} ({}) in {container}", code.escape_ascii()))
}
