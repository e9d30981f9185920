//! Containers: from bytes to packets, with checks of sordino's own.
//!
//! In: a [`PeekedSource`] and the [`Container`] that its first bytes show. Out: [`Opened`], a
//! [`PacketReader`] with its [`Guard`]. What can go wrong: a header that cannot be used, a
//! container that is cut off or damaged.
//!
//! There is one file per container, with a function `open` and a guard. [`Opened::new`] takes the
//! guard, so a container without one does not compile. A file in any other container is refused
//! before it comes here, by its first bytes, in `input/sniff`. The guard is needed because
//! symphonia alone would treat damage and cuts as a normal end.

use super::format::Container;
use super::input::PeekedSource;
use crate::error::Error;

mod bytes;
mod elementary;
mod error;
mod guard;
mod reader;
mod pcm;
mod riff;
mod tags;
pub(super) mod timestamps;

mod adts;
mod aiff;
mod au;
mod caf;
mod flac;
mod matroska;
mod mp4;
mod mpeg;
mod ogg;
mod raw;
mod w64;
mod wav;

pub(super) use guard::{DecodeTotals, Guard};
pub(super) use reader::{Opened, PacketReader};

/// Opens a recording in this container.
///
/// # Errors
/// [`Error`] when the header cannot be used, or the container is incomplete.
pub(super) fn open(container: Container, input: PeekedSource) -> Result<Opened, Error> {
    match container {
        Container::Wav => wav::open(input),
        Container::W64 => w64::open(input),
        Container::Au => au::open(input),
        Container::Raw => raw::open(input),
        Container::Aiff => aiff::open(input),
        Container::Caf => caf::open(input),
        Container::Flac => flac::open(input),
        Container::Mpeg => mpeg::open(input),
        Container::Adts => adts::open(input),
        Container::Ogg => ogg::open(input),
        Container::Mp4 => mp4::open(input),
        Container::Matroska => matroska::open(input),
    }
}

#[cfg(test)]
mod tests {
    use symphonia::core::formats::probe::{ProbeFormatData, ProbeableFormat};
    use symphonia::default::formats::*;

    use super::*;
    use crate::decode::input::sniff;

    /// The markers by which symphonia recognises a format.
    fn probed<'a, T: ProbeableFormat<'a>>() -> &'static [ProbeFormatData] {
        T::probe_data()
    }

    /// Every file that symphonia recognises is recognised here too, so that it gets a guard.
    #[test]
    fn every_format_of_symphonia_has_a_guard() {
        let all = [
            (probed::<AdtsReader<'_>>(), Container::Adts),
            (probed::<CafReader<'_>>(), Container::Caf),
            (probed::<FlacReader<'_>>(), Container::Flac),
            (probed::<IsoMp4Reader<'_>>(), Container::Mp4),
            (probed::<MkvReader<'_>>(), Container::Matroska),
            (probed::<MpaReader<'_>>(), Container::Mpeg),
            (probed::<OggReader<'_>>(), Container::Ogg),
        ];
        for (formats, container) in all {
            for format in formats {
                let name = format.info.short_name;
                assert!(name == container.short_name() || container == Container::Mpeg, "{name}");
                for marker in format.spec.markers {
                    // The size of a box comes before its name.
                    let before: &[u8] =
                        if container == Container::Mp4 { &[0, 0, 0, 32] } else { &[] };
                    let head = [before, marker, &[0; 32]].concat();
                    assert_eq!(sniff::container(&head).unwrap(), container, "{name}: {marker:x?}");
                }
            }
        }
    }
}
