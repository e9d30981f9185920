//! CAF: chunks with 64-bit sizes, of which the packet table may lie after the audio.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_ADPCM_IMA_QT;
use symphonia::core::formats::Track;
use symphonia::default::formats::CafReader;

use super::guard::{Container, Guard, PreSkip, Seen};
use super::reader::{Opened, Reader};
use crate::decode::input::{Input, Media};
use crate::error::Error;

/// Opens a CAF.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let media = Media::seekable(input.seekable()?)?;
    let reader = Reader::open(Container::Caf, media, CafReader::try_new)?;
    Ok(Opened::new(reader, CafGuard))
}

struct CafGuard;

impl Guard for CafGuard {
    fn container(&self) -> Container {
        Container::Caf
    }

    fn refuses(&self, params: &AudioCodecParameters) -> Option<&'static str> {
        // Its decoder believes packet sizes that cannot be.
        (params.codec == CODEC_ID_ADPCM_IMA_QT).then_some("IMA ADPCM in CAF")
    }

    /// The priming that a CAF declares; symphonia does not drop it.
    fn delay(&self, track: &Track, pre_skip: Option<PreSkip>, rate: u32) -> Result<u64, Error> {
        let skipped =
            pre_skip.and_then(|pre_skip| pre_skip.frames(rate)).filter(|&frames| frames > 0);
        Ok(skipped.unwrap_or_else(|| track.delay.unwrap_or(0).into()))
    }

    fn verdict(&mut self, _: &Seen) -> Result<(), Error> {
        Ok(())
    }
}
