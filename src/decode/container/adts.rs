//! ADTS: packets of AAC, each after a header that has its length. What can go wrong: bytes between or
//! after the packets that are no audio; a last packet that is cut off.

use symphonia::core::packet::Packet;
use symphonia::default::formats::AdtsReader;

use super::elementary::{
    Account, ElementaryStream, id3_leftovers, kind, packet_at, tags, unclaimed,
};
use super::guard::{Container, Guard, Seen};
use super::reader::{Opened, Reader};
use crate::decode::fault::Fault;
use crate::decode::input::{Input, Media};
use crate::error::Error;

/// Opens a stream of AAC.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let before = input.before().len() as u64;
    monitor.left_out(id3_leftovers(input.before()));
    let (stream, account) = ElementaryStream::new(input.stream(), before, &monitor);
    monitor.count_idle();
    let reader = Reader::open(Container::Adts, Media::stream(stream), AdtsReader::try_new)?;
    Ok(Opened::new(reader, AdtsGuard { account }))
}

struct AdtsGuard {
    account: Account,
}

impl Guard for AdtsGuard {
    fn container(&self) -> Container {
        Container::Adts
    }

    fn read(&mut self, packet: &Packet) -> Result<(), Fault> {
        let claim = |bytes: &[u8], position| {
            packet_at(bytes, position, &packet.data, header(bytes), foreign)
        };
        Ok(self.account.claim(claim)?)
    }

    fn verdict(&mut self, seen: &Seen) -> Result<(), Error> {
        let (rest, position) = self.account.rest()?;
        let at = tags(&rest);
        self.account.left_out(&rest[..at]);
        let (rest, position) = (&rest[at..], position + at as u64);
        if rest.is_empty() {
            return Ok(());
        }
        let is_packet = header(rest) > 0 || rest == [0xFF];
        if is_packet {
            Err(seen.truncated("its last frame is not whole"))
        } else {
            Err(foreign(rest, position))
        }
    }
}

/// The length of a header, 7 bytes or 9 with a checksum (ISO/IEC 13818-7, 6.2); 0 where there is none.
fn header(bytes: &[u8]) -> usize {
    match bytes {
        [0xFF, second, ..] if second & 0xF7 == 0xF1 => 7,
        [0xFF, second, ..] if second & 0xF7 == 0xF0 => 9,
        _ => 0,
    }
}

/// The error for bytes that belong to no frame.
fn foreign(bytes: &[u8], position: u64) -> Error {
    unclaimed("ADTS", bytes, position, kind)
}
