//! ADTS: AAC packets, each after a header with its length.
//!
//! In: a stream. Out: packets without their headers. What can go wrong: bytes between or after the
//! packets that are not audio; an incomplete last packet; a change of sample rate or channels.

use symphonia::core::packet::Packet;
use symphonia::default::formats::AdtsReader;

use super::elementary::{self, ByteLedger, packet_at};
use super::error::unsupported;
use super::guard::{Container, DecodeTotals, Guard};
use super::reader::Opened;
use crate::decode::fault::PacketFault;
use crate::decode::input::PeekedSource;
use crate::error::Error;

/// Opens an ADTS stream.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let (reader, ledger) = elementary::open(Container::Adts, input, AdtsReader::try_new)?;
    Ok(Opened::new(reader, AdtsGuard { ledger, format: None }))
}

struct AdtsGuard {
    ledger: ByteLedger,
    /// The format fields of the first header.
    format: Option<[u8; 2]>,
}

impl Guard for AdtsGuard {
    fn read(&mut self, packet: &mut Packet) -> Result<(), PacketFault> {
        let format = &mut self.format;
        let claim = |bytes: &[u8], position| {
            let now = self::format(bytes);
            let (count, claimed) =
                packet_at(Container::Adts, bytes, position, &packet.data, header_length(bytes));
            // symphonia keeps the format of the first header.
            let is_same = *format.get_or_insert(now) == now;
            let change =
                || Err(unsupported("an ADTS stream that changes its sample rate or channels"));
            (count, claimed.and_then(|()| if is_same { Ok(()) } else { change() }))
        };
        Ok(self.ledger.claim(claim)?)
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        self.ledger.trailing_bytes()?.verdict(Container::Adts, seen, |rest| header_length(rest) > 0)
    }
}

/// The length of the ADTS header at the beginning of `bytes`: 7 bytes, or 9 with a checksum
/// (ISO/IEC 13818-7, 6.2). 0: there is none.
fn header_length(bytes: &[u8]) -> usize {
    match bytes {
        [0xFF, second, ..] if second & 0xF7 == 0xF1 => 7,
        [0xFF, second, ..] if second & 0xF7 == 0xF0 => 9,
        _ => 0,
    }
}

/// The fields of a header that must not change: object type, sample rate and channels.
fn format(header: &[u8]) -> [u8; 2] {
    match header {
        // The masks leave out the private bit and the fields that differ from frame to frame.
        [_, _, third, fourth, ..] => [third & !2, fourth & 0xC0],
        _ => [0; 2],
    }
}
