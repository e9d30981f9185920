//! What the audio of a track is: its sample description (`stsd`).
//!
//! PCM and G.711 are read here. QuickTime says in several places whether they are big-endian, and
//! symphonia looks at none. Other codecs are left to symphonia, which gets a movie of one track with
//! this description and no packets: none of its tables can then claim too much.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::formats::Track;

use super::boxes::{BoxType, be16, be32, be64, boxed, children, header_error};
use crate::decode::names;
use crate::error::Error;

/// The codecs that symphonia knows how to describe.
const CODED: [&BoxType; 5] = [b"mp4a", b"alac", b"fLaC", b"Opus", b".mp3"];

/// What the samples of a track are.
pub(super) enum SampleEntry {
    Pcm(PcmSampleEntry),
    Coded,
}

/// PCM, or G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PcmSampleEntry {
    codec: AudioCodecId,
    /// In Hz.
    rate: u32,
    channels: u16,
    /// ByteSource of a frame.
    pub(super) frame: u32,
}

impl PcmSampleEntry {
    pub(super) fn track(self, id: u32) -> Track {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(self.codec)
            .with_sample_rate(self.rate)
            .with_channels(Channels::Discrete(self.channels));
        let mut track = Track::new(id);
        track.with_codec_params(CodecParameters::Audio(params));
        track
    }
}

impl SampleEntry {
    /// Reads an `stsd`; `scale` is the rate where it has no room for it.
    ///
    /// # Errors
    /// [`Error::Foreign`] with the name of a codec that is not read.
    pub(super) fn parse(stsd: &[u8], scale: u32) -> Result<Self, Error> {
        let (count, list) = be32(stsd, 4).zip(stsd.get(8..)).unwrap_or_default();
        let first = children(list).next().transpose()?;
        let Some((code, entry)) = first.filter(|_| count > 0) else {
            return Err(header_error("it does not say what its audio is"));
        };
        if count > 1 {
            let what = "an MP4 that changes its codec".into();
            return Err(Error::Unsupported { what });
        }
        if CODED.contains(&&code) {
            return Ok(Self::Coded);
        }
        let pcm = pcm(code, entry, scale);
        pcm.map(Self::Pcm).ok_or_else(|| names::four_letters(code, "MP4"))
    }
}

/// PCM of a kind that is known.
fn pcm(code: BoxType, entry: &[u8], scale: u32) -> Option<PcmSampleEntry> {
    let version = be16(entry, 8)?;
    let (mut channels, mut bits) = (be16(entry, 16)?, u32::from(be16(entry, 18)?));
    // Behind the point are 16 bits.
    let mut rate = Some(be32(entry, 24)?).filter(|rate| rate & 0xFFFF == 0)? >> 16;
    let mut flags = 0;
    if version == 2 {
        channels = u16::try_from(be32(entry, 40)?).ok()?;
        rate = whole(f64::from_bits(be64(entry, 32)?))?;
        (bits, flags) = (be32(entry, 48)?, be32(entry, 52)?);
    }
    let more = entry.get(match version {
        0 => 28..,
        1 => 44..,
        2 => 64..,
        _ => return None,
    })?;
    let inside =
        |content, kind: &BoxType| children(content).flatten().find(|child| child.0 == *kind);
    let wave = inside(more, b"wave").map_or(more, |(_, wave)| wave);
    let little = inside(wave, b"enda").is_some_and(|(_, enda)| be16(enda, 0) == Some(1));
    let config = inside(more, b"pcmC").and_then(|(_, config)| config.get(4..6));
    let codec = match (&code, bits, config) {
        (b"raw ", 8, _) => CODEC_ID_PCM_U8,
        (b"sowt" | b"twos", 8, _) => CODEC_ID_PCM_S8,
        (b"sowt", 16, _) => CODEC_ID_PCM_S16LE,
        (b"twos", 16, _) => CODEC_ID_PCM_S16BE,
        (b"in24", ..) => integer(24, little)?,
        (b"in32", ..) => integer(32, little)?,
        (b"fl32", ..) => float(32, little)?,
        (b"fl64", ..) => float(64, little)?,
        (b"ulaw", ..) => CODEC_ID_PCM_MULAW,
        (b"alaw", ..) => CODEC_ID_PCM_ALAW,
        (b"ipcm", _, Some(&[flags, bits])) => integer(bits.into(), flags & 1 == 1)?,
        (b"fpcm", _, Some(&[flags, bits])) => float(bits.into(), flags & 1 == 1)?,
        // Flags of Core Audio: float, big-endian, signed, packed.
        (b"lpcm", bits, _) if version == 2 => match flags & 0xF {
            0x9 => float(bits, true)?,
            0xB => float(bits, false)?,
            0xC => integer(bits, true)?,
            0xE => integer(bits, false)?,
            _ => return None,
        },
        _ => return None,
    };
    let width = u32::try_from(crate::decode::codec::pcm_width(codec)?).ok()?;
    let rate = if rate == 0 { scale } else { rate };
    Some(PcmSampleEntry { codec, rate, channels, frame: width * u32::from(channels) })
        .filter(|pcm| pcm.frame > 0)
}

fn integer(bits: u32, little: bool) -> Option<AudioCodecId> {
    Some(match (bits, little) {
        (8, _) => CODEC_ID_PCM_S8,
        (16, true) => CODEC_ID_PCM_S16LE,
        (16, false) => CODEC_ID_PCM_S16BE,
        (24, true) => CODEC_ID_PCM_S24LE,
        (24, false) => CODEC_ID_PCM_S24BE,
        (32, true) => CODEC_ID_PCM_S32LE,
        (32, false) => CODEC_ID_PCM_S32BE,
        _ => return None,
    })
}

fn float(bits: u32, little: bool) -> Option<AudioCodecId> {
    Some(match (bits, little) {
        (32, true) => CODEC_ID_PCM_F32LE,
        (32, false) => CODEC_ID_PCM_F32BE,
        (64, true) => CODEC_ID_PCM_F64LE,
        (64, false) => CODEC_ID_PCM_F64BE,
        _ => return None,
    })
}

/// A rate as a whole number of Hz.
fn whole(rate: f64) -> Option<u32> {
    let fits = rate.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&rate);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    fits.then_some(rate as u32)
}

/// A movie of one track and no packets, for symphonia: the description of a codec, and the tags.
pub(super) fn sketch(id: u32, scale: u32, stsd: &[u8], tags: &[&[u8]]) -> Vec<u8> {
    let (zero, scale, id) = ([0; 4], scale.to_be_bytes(), id.to_be_bytes());
    let table = |kind| boxed(kind, &[&zero, &zero]);
    let header = |kind| boxed(kind, &[&[0; 12], &scale, &[0; 80]]);
    let tables = [
        boxed(b"stsd", &[stsd]),
        table(b"stts"),
        table(b"stsc"),
        table(b"stco"),
        boxed(b"stsz", &[&zero, &zero, &zero]),
    ];
    let minf = boxed(b"minf", &[&boxed(b"stbl", &[&tables.concat()])]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], b"soun", &[0; 12]]);
    let mdia = boxed(b"mdia", &[&header(b"mdhd"), &hdlr, &minf]);
    let tkhd = boxed(b"tkhd", &[&[0; 12], &id, &[0; 68]]);
    let tags: Vec<_> = tags.iter().flat_map(|udta| boxed(b"udta", &[udta])).collect();
    let moov = boxed(b"moov", &[&header(b"mvhd"), &boxed(b"trak", &[&tkhd, &mdia]), &tags]);
    let ftyp = boxed(b"ftyp", &[b"M4A ", &zero]);
    [ftyp, moov, boxed(b"mdat", &[])].concat()
}
