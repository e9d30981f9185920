//! Containers: what sordino knows of each by itself, whatever symphonia makes of it.
//!
//! In: an [`Input`] and the [`Container`] that its first bytes show. Out: packets, and a [`Guard`]
//! that knows what must be true of them. There is one file a container; a container without a guard
//! is not opened.

use super::input::Input;
use crate::error::Error;

mod elementary;
mod guard;
mod reader;
mod pcm;
mod riff;
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

pub(super) use guard::{Container, Guard, PreSkip, Seen, Step};
pub(super) use reader::{Opened, Reader};

/// Opens a recording whose first bytes show this container.
///
/// # Errors
/// [`Error`] when the header cannot be used, or the container is not whole.
pub(super) fn open(container: Container, input: Input) -> Result<Opened, Error> {
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
