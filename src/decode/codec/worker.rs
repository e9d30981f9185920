//! A thread of a parallel decoder. In: batches of packets. Out: their samples, bit for bit those of a
//! decoder of the whole stream. Errors: a packet that does not decode; it ends its batch.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use symphonia::core::packet::Packet;

use super::aac::noise::Lead;
use super::symphonia_decoder::SymphoniaDecoder;
use crate::block::Samples;
use crate::decode::fault::{PacketFault, catching_panics};
use crate::error::Error;

/// `None`: the packet was not wanted.
pub(super) type DecodedSamples = Result<Option<Samples>, PacketFault>;

/// A thread with its own decoder. The thread ends when this is dropped.
pub(super) struct Worker {
    pub(super) batches: Sender<PacketBatch>,
    pub(super) done: Receiver<VecDeque<(Packet, DecodedSamples)>>,
}

impl Worker {
    pub(super) fn new(like: &SymphoniaDecoder) -> Result<Self, Error> {
        let decoder = like.again()?;
        let (mut decoder, (batches, work), (send, done)) =
            (BatchDecoder { decoder, drawn: 0 }, channel(), channel());
        let thread = thread::Builder::new().spawn(move || {
            for batch in work {
                // The receiver is dropped when the recording has failed.
                if send.send(decoder.decode(batch)).is_err() {
                    return;
                }
            }
        });
        thread.map_err(Error::Thread)?;
        Ok(Self { batches, done })
    }
}

/// Consecutive packets.
pub(super) struct PacketBatch {
    /// Whether the decoder has decoded the batch before, and needs no lead.
    pub(super) follows: bool,
    pub(super) lead: Lead,
    /// With room for their samples, or an error.
    pub(super) packets: Vec<(Packet, DecodedSamples)>,
}

/// The decoder of a worker.
struct BatchDecoder {
    decoder: SymphoniaDecoder,
    /// Numbers that it has drawn.
    drawn: u64,
}

impl BatchDecoder {
    /// Decodes the packets up to the first one that fails.
    fn decode(&mut self, batch: PacketBatch) -> VecDeque<(Packet, DecodedSamples)> {
        // A failure here is an error for the first packet: its samples would not be exact. Usually the
        // pre-roll packet has failed in its own batch before, and that error is returned first.
        let mut fault = if batch.follows { None } else { self.prepare(&batch.lead).err() };
        self.drawn = batch.lead.drawn_after;
        let mut done = VecDeque::with_capacity(batch.packets.len());
        for (packet, room) in batch.packets {
            let checked = fault.take().map_or_else(|| self.decoder.check_frame(&packet), Err);
            let decoded = match (checked, room) {
                (Err(fault), _) => Err(fault),
                (Ok(()), Ok(Some(mut samples))) => {
                    catching_panics(|| self.decoder.decode(&packet, &mut samples))
                        .map(|()| Some(samples))
                }
                (Ok(()), room) => room,
            };
            let failed = decoded.is_err();
            done.push_back((packet, decoded));
            if failed {
                break;
            }
        }
        done
    }

    /// Brings the decoder into the state that it would have after all packets before a batch.
    fn prepare(&mut self, lead: &Lead) -> Result<(), PacketFault> {
        if lead.drawn < self.drawn {
            *self = Self { decoder: self.decoder.again()?, drawn: 0 };
        }
        self.decoder.reset();
        let mut dropped = self.decoder.samples();
        catching_panics(|| {
            if lead.drawn > self.drawn {
                self.decoder.draw(lead.drawn - self.drawn)?;
            }
            lead.packets.iter().try_for_each(|packet| self.decoder.decode(packet, &mut dropped))
        })
    }
}
