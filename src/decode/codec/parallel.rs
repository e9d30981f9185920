//! Parallel decoding: batches of packets go to several threads in turn, each with its own decoder, and
//! come back in order.
//!
//! In: the packets of one stream. Out: the same packets with their samples, bit for bit those of a
//! single decoder. To achieve this, each batch begins with pre-roll packets ([`Preroll`]). Errors: a
//! packet that does not decode, or a failure of the source; either is returned only after everything
//! before it.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use symphonia::core::packet::Packet;

use super::preroll::Preroll;
use super::symphonia_decoder::SymphoniaDecoder;
use crate::block::{SampleFormat, Samples};
use crate::decode::demuxed::Demuxed;
use crate::decode::fault::{PacketFault, catching_panics, gave_up};
use crate::decode::keep::Wanted;
use crate::error::Error;

/// Approximate number of samples in a batch: few enough to stay in a core's cache.
const SAMPLES: usize = 64 * 1024;

/// Number of packets in the first batches, while the length of packets is not known.
const FIRST: usize = 16;

/// Maximum number of packets in a batch: the packets after short ones may be the longest possible.
const MOST: usize = 256;

/// Minimum number of packets in a batch for each pre-roll packet, so that pre-roll costs at most 2.5 %.
const PER_PREROLL: usize = 40;

/// Number of batches for each thread: one in work, and one that waits for work or is done.
const BATCHES: usize = 2;

/// A decoder that reads packets ahead of its caller.
pub(in crate::decode) struct ParallelDecoder {
    /// Prototype for the workers' decoders.
    decoder: SymphoniaDecoder,
    preroll: Preroll,
    threads: usize,
    workers: Vec<Worker>,
    /// Batches that were sent to workers, and those of them that came back.
    out: usize,
    back: usize,
    /// Number of packets that hold about [`SAMPLES`], by the last batch; at most `most`.
    packets: usize,
    most: usize,
    /// Pre-roll packets of the next batch.
    before: Vec<Packet>,
    ready: VecDeque<(Packet, DecodedSamples)>,
    /// Samples of the packet that `next` returned last.
    current: Option<DecodedSamples>,
    /// The item after the last packet, as soon as it is known.
    last: Option<Result<Demuxed, PacketFault>>,
    /// Sample buffers for reuse.
    spare: Vec<Samples>,
}

/// `None`: the packet was not wanted.
type DecodedSamples = Result<Option<Samples>, PacketFault>;

impl ParallelDecoder {
    /// Creates a decoder with the settings of `decoder`.
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

    /// The next item. `read` returns the packets of the stream, and `wanted` says which are decoded.
    pub(in crate::decode) fn next(
        &mut self,
        mut read: impl FnMut() -> Result<Demuxed, PacketFault>,
        wanted: &mut Option<Wanted>,
    ) -> Result<Demuxed, PacketFault> {
        loop {
            if let Some((packet, decoded)) = self.ready.pop_front() {
                self.current = Some(decoded);
                return Ok(Demuxed::Packet(packet));
            }
            while self.last.is_none() && self.out - self.back < BATCHES * self.threads {
                self.hand_out(&mut read, wanted);
            }
            if self.out == self.back {
                return self.last.take().unwrap_or(Ok(Demuxed::End));
            }
            self.take_back()?;
        }
    }

    /// Replaces `samples` with those of the packet that `next` returned last, if it was wanted.
    pub(in crate::decode) fn decode(&mut self, samples: &mut Samples) -> Result<(), PacketFault> {
        let decoded = self.current.take().unwrap_or_else(|| Err(gave_up().into()))?;
        if let Some(decoded) = decoded {
            self.spare.push(mem::replace(samples, decoded));
        }
        Ok(())
    }

    /// Reads a batch, and sends it to the next worker.
    fn hand_out(
        &mut self,
        read: &mut impl FnMut() -> Result<Demuxed, PacketFault>,
        wanted: &mut Option<Wanted>,
    ) {
        let count = self.packets.max(PER_PREROLL * self.before.len()).min(MOST);
        let mut packets = Vec::with_capacity(count);
        while self.last.is_none() && packets.len() < count {
            match read() {
                Ok(Demuxed::Packet(packet)) => {
                    let room = Wanted::takes(wanted, &packet)
                        .then(|| self.spare.pop().unwrap_or_else(|| self.decoder.samples()));
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
                // Continue with fewer threads.
                Err(_) => self.threads = self.workers.len(),
            }
        }
        let turn = self.out % self.threads;
        // If the worker has ended, `take_back` reports it.
        let _ = self.workers[turn].batches.send(PacketBatch { before, packets });
        self.out += 1;
    }

    /// Waits for the oldest batch.
    fn take_back(&mut self) -> Result<(), PacketFault> {
        let worker = &self.workers[self.back % self.threads];
        self.ready = worker.done.recv().map_err(|_| gave_up())?;
        self.back += 1;
        let decoded = self.ready.iter().filter_map(|(_, decoded)| decoded.as_ref().ok()?.as_ref());
        let (count, samples) = decoded.fold((0, 0), |(n, sum), one| (n + 1, sum + one.len()));
        if let Some(packets) = (SAMPLES * count).checked_div(samples) {
            self.packets = packets.clamp(1, self.most);
        }
        Ok(())
    }
}

/// A thread with its own decoder. The thread ends when this is dropped.
struct Worker {
    batches: Sender<PacketBatch>,
    done: Receiver<VecDeque<(Packet, DecodedSamples)>>,
}

impl Worker {
    fn new(like: &SymphoniaDecoder) -> Result<Self, Error> {
        let (mut decoder, (batches, work), (send, done)) = (like.again()?, channel(), channel());
        let thread = thread::Builder::new().spawn(move || {
            for batch in work {
                // The receiver is dropped when the recording has failed.
                if send.send(PacketBatch::decode(batch, &mut decoder)).is_err() {
                    return;
                }
            }
        });
        thread.map_err(Error::Thread)?;
        Ok(Self { batches, done })
    }
}

/// Consecutive packets with buffers for their samples.
struct PacketBatch {
    /// Pre-roll packets, whose samples are dropped.
    before: Vec<Packet>,
    /// With room for their samples, if they are wanted.
    packets: Vec<(Packet, Option<Samples>)>,
}

impl PacketBatch {
    /// Decodes the packets up to the first one that fails.
    fn decode(self, decoder: &mut SymphoniaDecoder) -> VecDeque<(Packet, DecodedSamples)> {
        decoder.reset();
        let mut dropped = decoder.samples();
        let mut decode = |packet: &Packet, samples: &mut Samples| {
            catching_panics(|| decoder.decode(packet, samples))
        };
        // A failure here is an error for the first packet: its samples would not be exact. Usually the
        // pre-roll packet has failed in its own batch before, and that error is returned first.
        let preroll = self.before.iter().try_for_each(|packet| decode(packet, &mut dropped));
        let mut fault = preroll.err();
        let mut done = VecDeque::with_capacity(self.packets.len());
        for (packet, room) in self.packets {
            let decoded = match (fault.take(), room) {
                (Some(fault), _) => Err(fault),
                (None, Some(mut samples)) => decode(&packet, &mut samples).map(|()| Some(samples)),
                (None, None) => Ok(None),
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
