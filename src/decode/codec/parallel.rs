//! Parallel decoding: batches of packets go to several threads in turn, each with its own decoder, and
//! come back in order.
//!
//! In: the packets of one stream. Out: the same packets with their samples, bit for bit those of a
//! single decoder. To achieve this, each batch begins with pre-roll packets ([`Preroll`], for AAC
//! [`NoiseTrack`]), unless its decoder has decoded the batch before. Errors: a packet that does not
//! decode, or a failure of the source; either is returned only after everything before it.

use std::collections::VecDeque;
use std::mem;

use symphonia::core::packet::Packet;

use super::aac::noise::{Lead, NoiseTrack};
use super::preroll::Preroll;
use super::symphonia_decoder::SymphoniaDecoder;
use super::worker::{DecodedSamples, PacketBatch, Worker};
use crate::block::{SampleFormat, Samples};
use crate::decode::demuxed::Demuxed;
use crate::decode::fault::{PacketFault, gave_up};
use crate::decode::keep::Wanted;
use crate::error::Error;
use crate::flac::StreamInfoBlock;

/// Approximate number of samples in a batch: few enough to stay in a core's cache.
const SAMPLES: usize = 64 * 1024;

/// Number of packets in the first batches, while the length of packets is not known.
const FIRST: usize = 16;

/// Maximum number of packets in a batch: the packets after short ones may be the longest possible.
const MOST: usize = 256;

/// Bytes of packets after which a batch ends: packets may be far larger than what they decode to.
const BYTES: usize = 256 * 1024;

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
    /// The worker of the last batch.
    turn: Option<usize>,
    /// The workers of the batches that have not come back, in order.
    out: VecDeque<usize>,
    /// Number of packets that hold about [`SAMPLES`], by the last batch; at most `most`.
    packets: usize,
    most: usize,
    /// Pre-roll packets of the next batch, if `noise` does not know them.
    before: Vec<Packet>,
    /// For AAC.
    noise: Option<NoiseTrack>,
    ready: VecDeque<(Packet, DecodedSamples)>,
    /// Samples of the packet that `next` returned last.
    current: Option<DecodedSamples>,
    /// The item after the last packet, as soon as it is known.
    last: Option<Result<Demuxed, PacketFault>>,
    /// Sample buffers for reuse.
    spare: Vec<Samples>,
}

impl ParallelDecoder {
    /// Creates a decoder with the settings of `decoder`.
    pub(super) fn new(decoder: SymphoniaDecoder, preroll: Preroll, threads: usize) -> Self {
        let most = decoder.longest().map_or(MOST, |samples| (SAMPLES / samples).clamp(1, MOST));
        Self {
            noise: decoder.noise_track(),
            decoder,
            preroll,
            threads,
            workers: Vec::new(),
            turn: None,
            out: VecDeque::new(),
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

    /// From now on each packet must be one whole frame of FLAC. To be called before the first packet.
    pub(super) fn demand_frames(&mut self, of: StreamInfoBlock) {
        self.decoder.demand_frames(of);
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
            while self.last.is_none() && self.out.len() < BATCHES * self.threads {
                self.hand_out(&mut read, wanted);
            }
            let Some(worker) = self.out.pop_front() else {
                return self.last.take().unwrap_or(Ok(Demuxed::End));
            };
            self.take_back(worker)?;
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
        let lead = if self.noise.is_some() { 1 } else { self.before.len() };
        let count = self.packets.max(PER_PREROLL * lead).min(MOST);
        let was_lost = self.is_lost();
        let (mut packets, mut bytes) = (Vec::with_capacity(count), 0);
        let is_full = |packets: usize, bytes| packets >= count || bytes >= BYTES;
        while self.last.is_none() && !is_full(packets.len(), bytes) && self.is_lost() == was_lost {
            match read() {
                Ok(Demuxed::Packet(packet)) => {
                    let room = self.room(&packet, wanted);
                    if let Some(noise) = self.noise.as_mut().filter(|_| !was_lost) {
                        noise.note(&packet);
                    }
                    bytes += packet.data.len();
                    packets.push((packet, room));
                }
                other => self.last = Some(other),
            }
        }
        if packets.is_empty() {
            return;
        }
        let lead = if was_lost { Lead::default() } else { self.lead(&packets) };
        match self.next_worker(was_lost) {
            Ok(turn) => {
                let follows = self.turn.replace(turn) == Some(turn);
                // If the worker has ended, `take_back` reports it.
                let _ = self.workers[turn].batches.send(PacketBatch { follows, lead, packets });
                self.out.push_back(turn);
            }
            Err(error) => self.last = Some(Err(error.into())),
        }
    }

    /// Whether the worker of the last batch must decode the next one.
    fn is_lost(&self) -> bool {
        self.noise.as_ref().is_some_and(NoiseTrack::is_lost)
    }

    /// Room for the samples of the next packet, if it is wanted; or its error.
    fn room(&mut self, packet: &Packet, wanted: &mut Option<Wanted>) -> DecodedSamples {
        self.decoder.check_profile(packet)?;
        let mut room = || self.spare.pop().unwrap_or_else(|| self.decoder.samples());
        Ok(Wanted::takes(wanted, packet).then(&mut room))
    }

    /// What the decoder of a batch needs before it.
    fn lead(&mut self, packets: &[(Packet, DecodedSamples)]) -> Lead {
        let inside = packets.iter().rev().map(|(packet, _)| packet);
        if let Some(noise) = &mut self.noise {
            return noise.lead(inside);
        }
        let backwards = || inside.clone().chain(self.before.iter().rev());
        let count = self.preroll.count(backwards());
        let mut before: Vec<_> = backwards().take(count).cloned().collect();
        before.reverse();
        Lead { packets: mem::replace(&mut self.before, before), ..Lead::default() }
    }

    /// The worker of the next batch.
    ///
    /// # Errors
    /// If there is none, and none can be made.
    fn next_worker(&mut self, stays: bool) -> Result<usize, Error> {
        let turn = match self.turn {
            Some(turn) if stays => turn,
            last => last.map_or(0, |turn| turn + 1) % self.threads,
        };
        if turn < self.workers.len() {
            return Ok(turn);
        }
        match Worker::new(&self.decoder) {
            Ok(worker) => self.workers.push(worker),
            Err(error) if self.workers.is_empty() => return Err(error),
            // Continue with fewer threads.
            Err(_) => self.threads = self.workers.len(),
        }
        Ok(turn % self.threads)
    }

    /// Waits for the oldest batch.
    fn take_back(&mut self, worker: usize) -> Result<(), PacketFault> {
        self.ready = self.workers[worker].done.recv().map_err(|_| gave_up())?;
        let decoded = self.ready.iter().filter_map(|(_, decoded)| decoded.as_ref().ok()?.as_ref());
        let (count, samples) = decoded.fold((0, 0), |(n, sum), one| (n + 1, sum + one.len()));
        if let Some(packets) = (SAMPLES * count).checked_div(samples) {
            self.packets = packets.clamp(1, self.most);
        }
        Ok(())
    }
}
