//! Conversion of packet bytes or decoder output to the samples of a block.
//!
//! PCM and G.711 are read directly from the packet and keep their bit depth. Lossy codecs decode to
//! floats, which are rounded to 16 bits here and nowhere else.

use symphonia::core::audio::sample::Sample;
use symphonia::core::audio::{Audio, AudioBuffer, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::common::FourCc;

use crate::block::{PIECE, SampleFormat, Samples, append, whole_16};
use crate::decode::input::Encoding;
use crate::g711::Law;

/// Codecs for 64-bit integers, which symphonia does not define.
pub(in crate::decode) const CODEC_ID_PCM_S64LE: AudioCodecId =
    AudioCodecId::new(FourCc::new(*b"s64l"));
pub(in crate::decode) const CODEC_ID_PCM_S64BE: AudioCodecId =
    AudioCodecId::new(FourCc::new(*b"s64b"));

/// Format of the samples in a PCM or G.711 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) struct PcmCodec {
    coding: Coding,
    big_endian: bool,
}

/// Representation of one sample in a packet, in either byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    U8,
    S8,
    S16,
    S24,
    S32,
    S64,
    F32,
    F64,
    /// Codes that are converted to amplitudes.
    Law(Law),
    /// Codes that are kept.
    Codes(Law),
}

impl PcmCodec {
    /// The format of a PCM or G.711 codec; `None` for codecs that need a decoder.
    pub(super) fn of(codec: AudioCodecId, encoding: Encoding) -> Option<Self> {
        let g711 = |law| match encoding {
            Encoding::Pcm => Coding::Law(law),
            Encoding::Same => Coding::Codes(law),
        };
        let (coding, big_endian) = match codec {
            CODEC_ID_PCM_U8 => (Coding::U8, false),
            CODEC_ID_PCM_S8 => (Coding::S8, false),
            CODEC_ID_PCM_S16LE => (Coding::S16, false),
            CODEC_ID_PCM_S16BE => (Coding::S16, true),
            CODEC_ID_PCM_S24LE => (Coding::S24, false),
            CODEC_ID_PCM_S24BE => (Coding::S24, true),
            CODEC_ID_PCM_S32LE => (Coding::S32, false),
            CODEC_ID_PCM_S32BE => (Coding::S32, true),
            CODEC_ID_PCM_S64LE => (Coding::S64, false),
            CODEC_ID_PCM_S64BE => (Coding::S64, true),
            CODEC_ID_PCM_F32LE => (Coding::F32, false),
            CODEC_ID_PCM_F32BE => (Coding::F32, true),
            CODEC_ID_PCM_F64LE => (Coding::F64, false),
            CODEC_ID_PCM_F64BE => (Coding::F64, true),
            CODEC_ID_PCM_ALAW => (g711(Law::A), false),
            CODEC_ID_PCM_MULAW => (g711(Law::Mu), false),
            _ => return None,
        };
        Some(Self { coding, big_endian })
    }

    /// Short name of a codec that symphonia does not define.
    pub(super) fn name(self) -> Option<&'static str> {
        let name = if self.big_endian { "pcm_s64be" } else { "pcm_s64le" };
        (self.coding == Coding::S64).then_some(name)
    }

    /// Whether samples lose precision: 64 bits become 32.
    pub(super) fn narrows(self) -> bool {
        matches!(self.coding, Coding::S64 | Coding::F64)
    }

    /// Sample format of the block. 64-bit samples become 32-bit ones, because hound writes no wider
    /// ones: integers keep their upper half, floats are rounded.
    pub(in crate::decode) fn format(self) -> SampleFormat {
        match self.coding {
            Coding::U8 | Coding::S8 => SampleFormat::U8,
            Coding::S16 | Coding::Law(_) => SampleFormat::S16,
            Coding::Codes(Law::A) => SampleFormat::ALaw,
            Coding::Codes(Law::Mu) => SampleFormat::MuLaw,
            Coding::S24 => SampleFormat::S24,
            Coding::S32 | Coding::S64 => SampleFormat::S32,
            Coding::F32 | Coding::F64 => SampleFormat::F32,
        }
    }

    /// Bytes of one sample in a packet.
    pub(super) fn width(self) -> usize {
        match self.coding {
            Coding::U8 | Coding::S8 | Coding::Law(_) | Coding::Codes(_) => 1,
            Coding::S16 => 2,
            Coding::S24 => 3,
            Coding::S32 | Coding::F32 => 4,
            Coding::S64 | Coding::F64 => 8,
        }
    }

    /// Appends the complete frames in `bytes`; an incomplete last frame is dropped.
    pub(in crate::decode) fn unpack(self, bytes: &[u8], channels: usize, samples: &mut Samples) {
        let frame = self.width() * channels;
        let bytes = &bytes[..bytes.len() / frame * frame];
        match (samples, self.coding) {
            (Samples::U8(out), _) => append(out, bytes),
            (Samples::I16(out), Coding::Law(law)) => {
                let table = law.table();
                out.extend(bytes.iter().map(|&code| table[usize::from(code)]));
            }
            (Samples::I16(out), Coding::U8) => {
                out.extend(bytes.iter().map(|&byte| i16::from(byte) - 128));
            }
            (Samples::I16(out), Coding::S8) => {
                out.extend(bytes.iter().map(|&byte| i16::from(byte.cast_signed())));
            }
            (Samples::I16(out), _) => self.each(bytes, out, i16::from_le_bytes),
            (Samples::I32(out), Coding::S24) => {
                self.each(bytes, out, |[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8);
            }
            (Samples::I32(out), Coding::S64) => {
                self.each(bytes, out, |[.., a, b, c, d]: [u8; 8]| i32::from_le_bytes([a, b, c, d]));
            }
            (Samples::I32(out), _) => self.each(bytes, out, i32::from_le_bytes),
            (Samples::F32(out), Coding::F64) => {
                self.each(bytes, out, |bytes| narrow(f64::from_le_bytes(bytes)));
            }
            (Samples::F32(out), _) => self.each(bytes, out, f32::from_le_bytes),
        }
    }

    /// Appends samples of `N` bytes, which `read` gets in little-endian order.
    fn each<const N: usize, T>(self, bytes: &[u8], out: &mut Vec<T>, read: impl Fn([u8; N]) -> T) {
        let (values, _) = bytes.as_chunks::<N>();
        for values in values.chunks(PIECE / N) {
            if self.big_endian {
                out.extend(values.iter().map(|&value| {
                    let mut value = value;
                    value.reverse();
                    read(value)
                }));
            } else {
                out.extend(values.iter().map(|&value| read(value)));
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to 32 bits")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Sample format of the blocks for a codec that symphonia decodes.
pub(super) fn decoded_format(params: &AudioCodecParameters) -> SampleFormat {
    let bits = match params.codec {
        CODEC_ID_FLAC => params.bits_per_sample.unwrap_or(16),
        CODEC_ID_ALAC => alac_bits(params.extra_data.as_deref().unwrap_or_default()),
        _ => 16,
    };
    match bits {
        0..=8 => SampleFormat::U8,
        9..=16 => SampleFormat::S16,
        17..=24 => SampleFormat::S24,
        _ => SampleFormat::S32,
    }
}

/// Bit depth in an ALAC magic cookie.
fn alac_bits(cookie: &[u8]) -> u32 {
    // Old files wrap the cookie: a `frma` box (12 bytes) and the header of an `alac` box (12 bytes).
    let at = if cookie.get(4..8) == Some(b"frma") { 24 } else { 0 };
    cookie.get(at + 5).map_or(16, |&bits| bits.into())
}

/// Copies decoder output to blocks, through reused buffers.
#[derive(Debug, Default)]
pub(super) struct Copier {
    float: Vec<f32>,
}

impl Copier {
    /// Replaces the content of `samples`, which has this format.
    pub(super) fn copy(
        &mut self,
        buffer: &GenericAudioBufferRef<'_>,
        format: SampleFormat,
        samples: &mut Samples,
    ) {
        match samples {
            // G.711 codes do not come from a decoder.
            Samples::U8(_) => {}
            Samples::I16(out) => {
                if !interleaved(buffer, out) {
                    self.interleave_any(buffer, out);
                }
                if format == SampleFormat::U8 {
                    out.iter_mut().for_each(|sample| *sample >>= 8);
                }
            }
            Samples::I32(out) => {
                buffer.copy_to_vec_interleaved(out);
                if format == SampleFormat::S24 {
                    out.iter_mut().for_each(|sample| *sample >>= 8);
                }
            }
            Samples::F32(out) => buffer.copy_to_vec_interleaved(out),
        }
    }

    fn interleave_any(&mut self, buffer: &GenericAudioBufferRef<'_>, out: &mut Vec<i16>) {
        match buffer {
            GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_) => {
                buffer.copy_to_vec_interleaved(&mut self.float);
                out.clear();
                out.extend(self.float.iter().map(|&sample| round_16(sample)));
            }
            // The integers are left-aligned, so the conversion is an exact shift.
            _ => buffer.copy_to_vec_interleaved(out),
        }
    }
}

/// Interleaves one or two channels of 32 bits as 16 bits: in less time than symphonia takes, which goes
/// frame by frame. Returns false for other buffers.
fn interleaved(buffer: &GenericAudioBufferRef<'_>, out: &mut Vec<i16>) -> bool {
    match buffer {
        GenericAudioBufferRef::S32(planes) => {
            interleave(planes, out, |sample| (sample >> 16) as i16)
        }
        GenericAudioBufferRef::F32(planes) => interleave(planes, out, round_16),
        _ => false,
    }
}

fn interleave<S: Sample>(
    planes: &AudioBuffer<S>,
    out: &mut Vec<i16>,
    narrow: impl Fn(S) -> i16,
) -> bool {
    match (planes.plane(0), planes.plane(1), planes.num_planes()) {
        (Some(only), _, 1) => {
            out.clear();
            out.extend(only.iter().map(|&sample| narrow(sample)));
        }
        (Some(left), Some(right), 2) => {
            out.resize(left.len() * 2, 0);
            let pairs = out.as_chunks_mut::<2>().0.iter_mut();
            for (pair, (&left, &right)) in pairs.zip(left.iter().zip(right)) {
                *pair = [narrow(left), narrow(right)];
            }
        }
        _ => return false,
    }
    true
}

/// Rounds a float sample, with full scale at ±1, to 16 bits: to the nearest, ties to even, clipped.
#[inline]
fn round_16(sample: f32) -> i16 {
    whole_16((sample * 32768.0).clamp(-32768.0, 32767.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use symphonia::core::audio::AudioSpec;
    use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};

    fn unpack(coding: Coding, big_endian: bool, bytes: &[u8]) -> Samples {
        let pcm = PcmCodec { coding, big_endian };
        let mut block = crate::block::Block::new(pcm.format(), 1);
        pcm.unpack(bytes, 1, &mut block.samples);
        block.samples
    }

    #[test]
    fn each_width_keeps_its_values_in_either_order() {
        let cases: [(Coding, &[u8], &[u8]); 3] = [
            (Coding::S16, &[2, 0, 0xFD, 0xFF], &[0, 2, 0xFF, 0xFD]),
            (Coding::S24, &[2, 0, 0, 0xFD, 0xFF, 0xFF], &[0, 0, 2, 0xFF, 0xFF, 0xFD]),
            (Coding::S32, &[2, 0, 0, 0, 0xFD, 255, 255, 255], &[0, 0, 0, 2, 255, 255, 255, 0xFD]),
        ];
        for (coding, little, big) in cases {
            let expected = match coding {
                Coding::S16 => Samples::I16(vec![2, -3]),
                _ => Samples::I32(vec![2, -3]),
            };
            assert_eq!(unpack(coding, false, little), expected, "{coding:?}");
            assert_eq!(unpack(coding, true, big), expected, "{coding:?}");
        }
        // The lower half is dropped.
        let wide = [2, -3].map(|upper: i64| (upper << 32 | 0xF123_4567).to_le_bytes());
        let turned = wide.map(|bytes| i64::from_le_bytes(bytes).to_be_bytes());
        let expected = Samples::I32(vec![2, -3]);
        assert_eq!(unpack(Coding::S64, false, wide.as_flattened()), expected);
        assert_eq!(unpack(Coding::S64, true, turned.as_flattened()), expected);
        assert_eq!(unpack(Coding::U8, false, &[130, 125, 0]), Samples::I16(vec![2, -3, -128]));
        assert_eq!(unpack(Coding::S8, false, &[2, 0xFD, 0x80]), Samples::I16(vec![2, -3, -128]));
        let half = Samples::F32(vec![0.5]);
        assert_eq!(unpack(Coding::F32, false, &0.5f32.to_le_bytes()), half);
        assert_eq!(unpack(Coding::F64, true, &0.5f64.to_be_bytes()), half);
    }

    #[test]
    fn an_incomplete_frame_is_dropped() {
        assert_eq!(unpack(Coding::S16, false, &[2, 0, 9]), Samples::I16(vec![2]));
    }

    #[test]
    fn floats_round_to_the_nearest_even_and_clip() {
        let at = |sample: f32| round_16(sample / 32768.0);
        assert_eq!([0.5, 1.5, -0.5, -2.5, 2.4, 2.6].map(at), [0, 2, 0, -2, 2, 3]);
        assert_eq!(
            [1.0, -1.0, 9.0, -9.0, f32::INFINITY].map(round_16),
            [32767, -32768, 32767, -32768, 32767]
        );
        assert_eq!(round_16(f32::NAN), 0);
    }

    proptest! {
        /// Whatever is left in the buffer of the packet before.
        #[test]
        fn channels_are_what_symphonia_makes_of_them(frames: Vec<(i32, i32)>, mut out: Vec<i16>) {
            for layout in [CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO] {
                let spec = AudioSpec::new(8000, layout);
                let channels = spec.channels().count();
                let mut whole = AudioBuffer::<i32>::new(spec.clone(), frames.len().max(1));
                let mut float = AudioBuffer::<f32>::new(spec, frames.len().max(1));
                for &(left, right) in &frames {
                    whole.render(Some(1), &[left, right][..channels]);
                    let bits = [left, right].map(|bits| f32::from_bits(bits.cast_unsigned()));
                    float.render(Some(1), &bits[..channels]);
                }
                let buffer = GenericAudioBufferRef::S32(&whole);
                prop_assert!(interleaved(&buffer, &mut out));
                let mut expected: Vec<i16> = Vec::new();
                buffer.copy_to_vec_interleaved(&mut expected);
                prop_assert_eq!(&out, &expected);

                let buffer = GenericAudioBufferRef::F32(&float);
                prop_assert!(interleaved(&buffer, &mut out));
                let mut expected: Vec<f32> = Vec::new();
                buffer.copy_to_vec_interleaved(&mut expected);
                let expected: Vec<i16> = expected.into_iter().map(round_16).collect();
                prop_assert_eq!(&out, &expected);
            }
        }

        #[test]
        #[expect(clippy::cast_possible_truncation, reason = "the formula itself")]
        fn rounding_follows_the_formula(sample in -1.5f32..1.5) {
            let exact = (sample * 32768.0).round_ties_even().clamp(-32768.0, 32767.0);
            prop_assert_eq!(round_16(sample), exact as i16);
        }
    }
}
