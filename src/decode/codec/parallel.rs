//! Parallel decoding, on several threads: batches of packets go to decoders of their own in turn, and
//! come back in order.
//!
//! In: the packets of one stream. Out: the same packets and their samples, bit for bit as one
//! decoder would have given them: with each batch go the packets that its decoder must have seen
//! before ([`Preroll`]). What can go wrong: a packet that does not decode, or the end of the
//! source; both are told when all that lies before has been given.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use symphonia::core::packet::Packet;

use super::preroll::Preroll;
use super::symphonia_decoder::SymphoniaDecoder;
use crate::block::{SampleFormat, Samples};
use crate::decode::demuxed::Demuxed;
use crate::decode::fault::{PacketFault, gave_up, guarded};
use crate::error::Error;

/// How many samples a batch holds at least, about: few enough to stay in a core's cache.
const SAMPLES: usize = 64 * 1024;

/// How many packets the first batches hold, before it is known how long packets are, and how many
/// any batch holds: the longest packets may come behind short ones.
const FIRST: usize = 16;
const MOST: usize = 256;

/// How many times more packets a batch holds than must go before it: those cost 2.5 %.
const PER_PREROLL: usize = 40;

/// How many batches there are for each thread: one at work, and one that waits or is done.
const BATCHES: usize = 2;

/// A stream being decoded ahead.
pub(in crate::decode) struct ParallelDecoder {
    /// What the decoders of the workers are like.
    decoder: SymphoniaDecoder,
    preroll: Preroll,
    threads: usize,
    workers: Vec<Worker>,
    /// Batches handed out, and those of them that were taken back.
    out: usize,
    back: usize,
    /// How many packets hold [`SAMPLES`], as far as is known, and at least.
    packets: usize,
    most: usize,
    /// The packets that go before the next batch.
    before: Vec<Packet>,
    ready: VecDeque<(Packet, DecodedSamples)>,
    /// What was decoded from the packet that was given last.
    current: Option<DecodedSamples>,
    /// What comes behind the last packet, once that is known.
    last: Option<Result<Demuxed, PacketFault>>,
    /// Buffers to be used again.
    spare: Vec<Samples>,
}

type DecodedSamples = Result<Samples, PacketFault>;

impl ParallelDecoder {
    /// For a stream that `decoder` decodes, after a pre-roll.
    pub(super) fn new(decoder: SymphoniaDecoder, preroll: Preroll, threads: usize) -> Self {
        let most = decoder.longest().map_or(MOST, |samples| (SAMPLES / samples).clamp(1, MOST));
        Self {
            decoder,
            preroll,
            threads,
            workers: Vec::new(),
            out: 0,
            back: 0,
            packets: FIRST.min(most),
            most,
            before: Vec::new(),
            ready: VecDeque::new(),
            current: None,
            last: None,
            spare: Vec::new(),
        }
    }

    pub(in crate::decode) fn format(&self) -> SampleFormat {
        self.decoder.format()
    }

    /// What comes next, of the packets that `read` gives.
    pub(in crate::decode) fn next(
        &mut self,
        mut read: impl FnMut() -> Result<Demuxed, PacketFault>,
    ) -> Result<Demuxed, PacketFault> {
        loop {
            if let Some((packet, decoded)) = self.ready.pop_front() {
                self.current = Some(decoded);
                return Ok(Demuxed::Packet(packet));
            }
            while self.last.is_none() && self.out - self.back < BATCHES * self.threads {
                self.hand_out(&mut read);
            }
            if self.out == self.back {
                return self.last.take().unwrap_or(Ok(Demuxed::End));
            }
            self.take_back()?;
        }
    }

    /// Puts the samples of the packet that was given last in the place of `samples`.
    pub(in crate::decode) fn decode(&mut self, samples: &mut Samples) -> Result<(), PacketFault> {
        let decoded = self.current.take().unwrap_or_else(|| Err(gave_up().into()))?;
        self.spare.push(mem::replace(samples, decoded));
        Ok(())
    }

    /// Reads a batch, and gives it to the worker whose turn it is.
    fn hand_out(&mut self, read: &mut impl FnMut() -> Result<Demuxed, PacketFault>) {
        let count = self.packets.max(PER_PREROLL * self.before.len()).min(MOST);
        let mut packets = Vec::with_capacity(count);
        while self.last.is_none() && packets.len() < count {
            match read() {
                Ok(Demuxed::Packet(packet)) => {
                    let room = self.spare.pop().unwrap_or_else(|| self.decoder.samples());
                    packets.push((packet, room));
                }
                other => self.last = Some(other),
            }
        }
        if packets.is_empty() {
            return;
        }
        let backwards =
            || packets.iter().rev().map(|(packet, _)| packet).chain(self.before.iter().rev());
        let lead = self.preroll.count(backwards());
        let mut before: Vec<_> = backwards().take(lead).cloned().collect();
        before.reverse();
        let before = mem::replace(&mut self.before, before);
        if self.out % self.threads == self.workers.len() {
            match Worker::new(&self.decoder) {
                Ok(worker) => self.workers.push(worker),
                Err(error) if self.workers.is_empty() => {
                    self.last = Some(Err(error.into()));
                    return;
                }
                // Those that there are will do.
                Err(_) => self.threads = self.workers.len(),
            }
        }
        let turn = self.out % self.threads;
        // A worker that is gone is missed when its batch is to be taken back.
        let _ = self.workers[turn].batches.send(PacketBatch { before, packets });
        self.out += 1;
    }

    /// Waits for the batch whose turn it is.
    fn take_back(&mut self) -> Result<(), PacketFault> {
        let worker = &self.workers[self.back % self.threads];
        self.ready = worker.done.recv().map_err(|_| gave_up())?;
        self.back += 1;
        let samples = |(_, decoded): &(_, DecodedSamples)| decoded.as_ref().map_or(0, Samples::len);
        let samples: usize = self.ready.iter().map(samples).sum();
        self.packets = (SAMPLES * self.ready.len() / samples.max(1)).clamp(1, self.most);
        Ok(())
    }
}

/// A thread with a decoder of its own. It ends when it is dropped.
struct Worker {
    batches: Sender<PacketBatch>,
    done: Receiver<VecDeque<(Packet, DecodedSamples)>>,
}

impl Worker {
    fn new(like: &SymphoniaDecoder) -> Result<Self, Error> {
        let (mut decoder, (batches, work), (send, done)) = (like.again()?, channel(), channel());
        let thread = thread::Builder::new().spawn(move || {
            for batch in work {
                // Nobody waits for it any longer when the recording has failed.
                if send.send(PacketBatch::decode(batch, &mut decoder)).is_err() {
                    return;
                }
            }
        });
        thread.map_err(Error::Thread)?;
        Ok(Self { batches, done })
    }
}

/// Packets that follow each other, with room for their samples.
struct PacketBatch {
    /// Those that come before them, of which nothing is to be heard.
    before: Vec<Packet>,
    packets: Vec<(Packet, Samples)>,
}

impl PacketBatch {
    /// Decodes up to the first packet that fails.
    fn decode(self, decoder: &mut SymphoniaDecoder) -> VecDeque<(Packet, DecodedSamples)> {
        decoder.reset();
        let mut unheard = decoder.samples();
        let mut decode =
            |packet: &Packet, samples: &mut Samples| guarded(|| decoder.decode(packet, samples));
        // If one of these fails, so it did in its own batch; else nothing is certain here.
        let led = self.before.iter().try_for_each(|packet| decode(packet, &mut unheard));
        let mut fault = led.err();
        let mut done = VecDeque::with_capacity(self.packets.len());
        for (packet, mut samples) in self.packets {
            let decoded = match fault.take() {
                Some(fault) => Err(fault),
                None => decode(&packet, &mut samples).map(|()| samples),
            };
            let failed = decoded.is_err();
            done.push_back((packet, decoded));
            if failed {
                break;
            }
        }
        done
    }
}
