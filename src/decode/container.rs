//! The container: packets in the order in which they lie in the recording.
//!
//! What can go wrong: the source breaks, or ends where the container did not expect it.

use std::sync::Arc;

use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::front::End;
use super::stream::Fault;
use super::track;
use super::transport::Transport;

/// What comes next in a container.
pub(super) enum Step {
    Packet(Packet),
    /// Another stream begins, of a chained Ogg file.
    Link,
    End,
}

/// A container being read.
pub(super) struct Container {
    pub(super) reader: Box<dyn FormatReader>,
    pub(super) transport: Arc<Transport>,
    pub(super) end: End,
}

impl Container {
    /// The next packet of this track; what lies between, of pictures and subtitles, is passed over.
    pub(super) fn next(&mut self, track: u32) -> Result<Step, Fault> {
        loop {
            let packet = self.reader.next_packet();
            self.transport.check()?;
            match packet {
                Ok(Some(packet)) if packet.track_id != track => {}
                Ok(Some(packet)) => {
                    self.transport.packet();
                    return Ok(Step::Packet(packet));
                }
                Ok(None) => return Ok(Step::End),
                Err(Symphonia::ResetRequired) => return Ok(Step::Link),
                Err(error) if track::is_eof(&error) && self.end.is_eof() => return Ok(Step::End),
                Err(error) => return Err(Fault::Decoder(error)),
            }
        }
    }
}
