//! The decoders of symphonia. In: a packet. Out: its samples, interleaved. Errors: a packet that does
//! not decode, or does not match the recording's header.

use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::packet::Packet;

use super::aac::noise::{self, NoiseTrack};
use super::aac::sbr::{self, SbrSearch};
use super::pcm::{self, Copier};
use super::{aac, mpeg_header};
use crate::block::{Block, SampleFormat, Samples, index_of};
use crate::decode::fault::PacketFault;
use crate::decode::names;
use crate::error::Error;

/// Refused, because symphonia would decode only its core, at half the rate.
const HE_AAC: &str = "HE-AAC";

/// One of symphonia's decoders.
pub(in crate::decode) struct SymphoniaDecoder {
    decoder: Box<dyn AudioDecoder>,
    params: AudioCodecParameters,
    copier: Copier,
    aac: aac::ChannelCheck,
    sbr: SbrSearch,
    /// In Hz.
    rate: u32,
    channels: u16,
}

impl SymphoniaDecoder {
    /// # Errors
    /// [`Error::Unsupported`] when symphonia has no decoder for this codec or profile;
    /// [`Error::Foreign`] for HE-AAC.
    pub(super) fn new(
        params: &AudioCodecParameters,
        rate: u32,
        channels: u16,
    ) -> Result<Self, Error> {
        let is_he = params.extra_data.as_deref().is_some_and(sbr::is_declared);
        if params.codec == CODEC_ID_AAC && is_he {
            return Err(names::not_decoded(HE_AAC));
        }
        let codecs = symphonia::default::get_codecs();
        // The guard trims MPEG audio: symphonia would trust a header that counts too few frames.
        let options = AudioDecoderOptions::default().gapless(!mpeg_header::is_mpeg(params.codec));
        let unsupported = |error| match (error, codecs.get_audio_decoder(params.codec)) {
            (Symphonia::Unsupported(_), None) => names::codec(params.codec),
            (error, known) => {
                let name = known.map_or("", |known| known.codec.info.short_name);
                format!("this kind of {name} ({error})")
            }
        };
        let decoder = codecs
            .make_audio_decoder(params, &options)
            .map_err(|error| Error::Unsupported { what: unsupported(error) })?;
        Ok(Self {
            decoder,
            copier: Copier::default(),
            aac: aac::ChannelCheck::default(),
            sbr: SbrSearch::new(params),
            params: params.clone(),
            rate,
            channels,
        })
    }

    /// Another decoder for later packets of the same stream.
    pub(super) fn again(&self) -> Result<Self, Error> {
        let new = Self::new(&self.params, self.rate, self.channels)?;
        Ok(Self { sbr: SbrSearch::none(), ..new })
    }

    /// Checks that a packet is not HE-AAC. To be called once for each packet, if [`Self::again`] decodes it.
    ///
    /// # Errors
    /// [`Error::Foreign`] if it is.
    pub(super) fn check_profile(&mut self, packet: &Packet) -> Result<(), Error> {
        if self.sbr.finds(&packet.data) { Err(names::not_decoded(HE_AAC)) } else { Ok(()) }
    }

    /// The track of the noise in an AAC stream; `None` for other codecs.
    pub(super) fn noise_track(&self) -> Option<NoiseTrack> {
        let is_aac = self.params.codec == CODEC_ID_AAC;
        is_aac.then(|| NoiseTrack::new(self.rate, self.channels))
    }

    /// Sample format of the output.
    pub(in crate::decode) fn format(&self) -> SampleFormat {
        pcm::decoded_format(&self.params)
    }

    /// An empty buffer for the samples of a packet.
    pub(super) fn samples(&self) -> Samples {
        Block::new(self.format(), self.channels).samples
    }

    /// Number of samples in the longest packet, if the header declares it.
    pub(super) fn longest(&self) -> Option<usize> {
        let frames = self.decoder.codec_params().max_frames_per_packet?;
        Some(index_of(frames.max(1)).saturating_mul(self.channels.into()))
    }

    /// Resets the decoder to the state before its first packet.
    pub(super) fn reset(&mut self) {
        self.decoder.reset();
    }

    /// Draws numbers from the generator of an AAC decoder. No decoder resets it.
    ///
    /// # Errors
    /// [`Error::Container`] if the decoder does anything else with what is to draw them.
    pub(super) fn draw(&mut self, count: u64) -> Result<(), Error> {
        noise::draw(self.decoder.as_mut(), self.rate, self.channels, count)
    }

    /// Replaces the content of `samples` with those of a packet.
    pub(in crate::decode) fn decode(
        &mut self,
        packet: &Packet,
        samples: &mut Samples,
    ) -> Result<(), PacketFault> {
        if self.params.codec == CODEC_ID_FLAC && !self.fills_planes(&packet.data) {
            return Err(PacketFault::Damaged(
                "a FLAC frame has other channels than the recording".into(),
            ));
        }
        self.check_profile(packet)?;
        let format = self.format();
        let decoded = self.decoder.decode(packet).map_err(PacketFault::Decoder)?;
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        if rate != self.rate || channels != usize::from(self.channels) {
            let what =
                format!("a recording that turns out to have {channels} channels at {rate} Hz");
            return Err(Error::Unsupported { what }.into());
        }
        self.copier.copy(&decoded, format, samples);
        let floats = || {
            let mut all = Vec::new();
            decoded.copy_to_vec_interleaved(&mut all);
            all
        };
        if self.params.codec == CODEC_ID_AAC
            && self.aac.is_incomplete(&packet.data, floats, channels)
        {
            return Err(PacketFault::Damaged("an AAC packet lacks a channel".into()));
        }
        Ok(())
    }

    /// Whether a FLAC frame has all channels. For a missing one, symphonia would repeat old samples.
    fn fills_planes(&self, frame: &[u8]) -> bool {
        // RFC 9639, 9.1: sync code (15 bits), blocking strategy, block size and rate (8 bits), channel
        // assignment (4 bits). 8 to 10 are left/side, side/right and mid/side stereo.
        match *frame {
            [0xFF, 0xF8 | 0xF9, _, fourth, ..] => match u16::from(fourth >> 4) {
                assignment @ 0..8 => assignment + 1 == self.channels,
                _ => self.channels == 2,
            },
            _ => false,
        }
    }
}
