//! ADTS: packets of AAC, each after a header that has its length. What can go wrong: bytes between or
//! after the packets that are no audio; a last packet that is cut off.

use symphonia::core::packet::Packet;
use symphonia::default::formats::AdtsReader;

use super::elementary::{self, ByteLedger, packet_at};
use super::guard::{Container, DecodeTotals, Guard};
use super::reader::Opened;
use crate::decode::fault::Fault;
use crate::decode::input::Input;
use crate::error::Error;

/// Opens a stream of AAC.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let (reader, account) = elementary::open(Container::Adts, input, AdtsReader::try_new)?;
    Ok(Opened::new(reader, AdtsGuard { account, format: None }))
}

struct AdtsGuard {
    account: ByteLedger,
    /// What the first header says of rate and channels.
    format: Option<[u8; 2]>,
}

impl Guard for AdtsGuard {
    fn container(&self) -> Container {
        Container::Adts
    }

    fn read(&mut self, packet: &Packet) -> Result<(), Fault> {
        let format = &mut self.format;
        let claim = |bytes: &[u8], position| {
            let now = self::format(bytes);
            let (count, claimed) =
                packet_at(Container::Adts, bytes, position, &packet.data, header(bytes));
            let is_same = *format.get_or_insert(now) == now;
            let change = || {
                let what = "an ADTS stream that changes its sample rate or channels".into();
                Err(Error::Unsupported { what })
            };
            (count, claimed.and_then(|()| if is_same { Ok(()) } else { change() }))
        };
        Ok(self.account.claim(claim)?)
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        self.account.rest()?.verdict(Container::Adts, seen, |rest| header(rest) > 0)
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

/// The object type, sample rate and channels of a header.
fn format(header: &[u8]) -> [u8; 2] {
    match header {
        [_, _, third, fourth, ..] => [third & !2, fourth & 0xC0],
        _ => [0; 2],
    }
}
