//! Trial decoding: whether arbitrary bytes decode as a packet. A panic counts as no.

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::decode::fault::catching_panics;
use crate::error::Error;

/// A decoder for trials.
pub(in crate::decode) struct Trial {
    params: AudioCodecParameters,
    decoder: Option<Box<dyn AudioDecoder>>,
}

impl Trial {
    /// For packets of a stream with these parameters.
    pub(in crate::decode) fn new(params: &AudioCodecParameters) -> Self {
        Self { params: params.clone(), decoder: None }
    }

    /// Whether these bytes decode as a packet.
    pub(in crate::decode) fn decodes(&mut self, bytes: &[u8]) -> bool {
        let codecs = symphonia::default::get_codecs();
        let kept = self.decoder.take();
        let made = || codecs.make_audio_decoder(&self.params, &Default::default()).ok();
        let Some(mut decoder) = kept.or_else(made) else { return false };
        let packet = Packet::new(0, Timestamp::ZERO, Duration::from(0_u32), bytes);
        let decoded = catching_panics(|| Ok::<_, Error>(decoder.decode(&packet).is_ok()));
        // A panic may leave an inconsistent state: drop the decoder.
        if decoded.is_ok() {
            self.decoder = Some(decoder);
        }
        decoded.unwrap_or(false)
    }
}
