//! Hands out the packets of the audio track, in the order of the sample tables and fragments.
//!
//! In: a [`ByteSource`] and the tables. Out: packets. What can go wrong: an empty or oversized
//! packet, or packets that overlap.

use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::boxes::header_error;
use super::byte_source::ByteSource;
use super::fragments::FragmentCursor;
use super::tables::{SampleBatch, SampleCursor};
use crate::decode::container::guard::Container;
use crate::decode::container::reader::{PacketReader, check_packet_size};
use crate::decode::container::tags;
use crate::decode::fault::PacketFault;
use crate::decode::input::Leftover;
use crate::error::Error;

/// The most frames of PCM in a packet.
const BATCH: u32 = 4096;

/// Reads the audio track of an MP4.
pub(super) struct Mp4Reader {
    track: [Track; 1],
    /// symphonia's reader of a minimal movie, which has the tags; `None` for PCM.
    symphonia: Option<Box<dyn FormatReader>>,
    source: ByteSource,
    samples: SampleCursor,
    fragments: Option<FragmentCursor>,
    /// Bytes of a frame of PCM.
    frame_bytes: Option<u64>,
    /// The timestamp of the next packet, in units of the track.
    time: u64,
    /// Bytes of audio so far.
    given: u64,
}

impl Mp4Reader {
    pub(super) fn new(
        track: Track,
        symphonia: Option<Box<dyn FormatReader>>,
        (source, samples, fragments): (ByteSource, SampleCursor, Option<FragmentCursor>),
        frame_bytes: Option<u64>,
    ) -> Self {
        let (track, time, given) = ([track], 0, 0);
        Self { track, symphonia, source, samples, fragments, frame_bytes, time, given }
    }

    /// The next packet, or frames of PCM: of the tables first, then of the fragments.
    fn next_batch(&mut self) -> Result<Option<SampleBatch>, Error> {
        let batch = if self.frame_bytes.is_some() { BATCH } else { 1 };
        if let Some(sample) = self.samples.next(batch)? {
            return Ok(Some(sample));
        }
        let Some(fragments) = &mut self.fragments else { return Ok(None) };
        loop {
            if let Some(sample) = fragments.fragment.next(batch)? {
                return Ok(Some(sample));
            }
            if !fragments.advance(&mut self.source, &mut self.time)? {
                return Ok(None);
            }
        }
    }
}

impl PacketReader for Mp4Reader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn packet(&mut self) -> Result<Option<Packet>, PacketFault> {
        let Some(batch) = self.next_batch()? else {
            self.source.finish()?;
            return Ok(None);
        };
        check_packet_size(Container::Mp4, batch.bytes, self.frame_bytes.unwrap_or(1))?;
        self.given = self.given.saturating_add(batch.bytes);
        // Packets that overlap could make a small file endless.
        if self.source.length().is_some_and(|length| self.given > length) {
            return Err(header_error("its packets overlap").into());
        }
        let data = self.source.read(batch.at, batch.bytes)?;
        let time = i64::try_from(self.time);
        let time =
            time.map_err(|_| header_error("the sum of its packet durations is too large"))?;
        self.time = self.time.saturating_add(batch.duration);
        let (time, duration) = (Timestamp::new(time), Duration::new(batch.duration));
        Ok(Some(Packet::new(self.track[0].id, time, duration, data)))
    }

    fn earlier_tags(&mut self) -> Vec<Leftover> {
        self.symphonia.as_mut().map_or(Vec::new(), |reader| tags::earlier_of(reader.as_mut()))
    }

    fn tags(&mut self) -> Vec<Leftover> {
        self.symphonia.as_mut().map_or(Vec::new(), |reader| tags::leftovers_of(reader.as_mut()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::boxes::boxed;
    use super::super::byte_source::Seekable;
    use super::super::fragments::{MovieFragment, TrackExtends};
    use super::*;
    use std::io::{Cursor, Read, Seek, SeekFrom};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Counts what is read of it.
    struct Counted(Cursor<Vec<u8>>, Arc<AtomicU64>);

    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read(buffer)?;
            self.1.fetch_add(count as u64, Ordering::Relaxed);
            Ok(count)
        }
    }

    impl Seek for Counted {
        fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
            self.0.seek(position)
        }
    }

    /// `count` fragments of `packets` packets of two bytes each.
    fn fragments(count: u32, packets: u32) -> Vec<u8> {
        let fragment = |number: u32| {
            let mfhd = boxed(b"mfhd", &[&[0; 4], &number.to_be_bytes()]);
            let tfhd = boxed(b"tfhd", &[&[0, 2, 0, 0, 0, 0, 0, 1]]);
            let offset = 8 + 16 + 8 + 16 + 20 + 8u32;
            let run = [1, packets, offset].map(u32::to_be_bytes).concat();
            let traf = boxed(b"traf", &[&tfhd, &boxed(b"trun", &[&run])]);
            let moof = boxed(b"moof", &[&mfhd, &traf]);
            let audio = vec![0x41; usize::try_from(packets).unwrap() * 2];
            [moof, boxed(b"mdat", &[&audio])].concat()
        };
        (0..count).flat_map(fragment).collect()
    }

    /// The number of packets, and of bytes read for them.
    fn read_all(file: Vec<u8>) -> (u64, u64) {
        let count = Arc::new(AtomicU64::new(0));
        let bytes =
            Seekable::new(Box::new(Counted(Cursor::new(file), Arc::clone(&count)))).unwrap();
        let parts = FragmentCursor::new(TrackExtends { track: 1, duration: 1024, size: 2 }, true);
        let source = (ByteSource::Seekable(bytes), SampleCursor::default(), Some(parts));
        let mut reader = Mp4Reader::new(Track::new(1), None, source, None);
        let mut packets = 0;
        while let Some(packet) = reader.packet().unwrap() {
            assert_eq!((&*packet.data, packet.pts.get()), (b"AA".as_slice(), packets * 1024));
            packets += 1;
        }
        (packets.cast_unsigned(), count.load(Ordering::Relaxed))
    }

    #[test]
    fn each_box_is_read_about_once_however_many_there_are() {
        for (count, packets) in [(1, 0), (50_000, 0), (20_000, 2), (10, 50_000)] {
            let file = fragments(count, packets);
            let length = file.len() as u64;
            let (found, read) = read_all(file);
            assert_eq!(found, u64::from(count) * u64::from(packets));
            // A header of 8 bytes is looked for in 16; where a buffer ends, some are read again.
            assert!(read <= length + length / 4 + 64 * 1024, "{read} bytes of {length}");
        }
    }

    #[test]
    fn packets_that_claim_the_same_bytes_again_are_an_error() {
        let file = fragments(3, 1000);
        let most = u32::try_from(file.len()).unwrap() / 3;
        let bytes = Seekable::new(Box::new(Cursor::new(file))).unwrap();
        let defaults = TrackExtends { track: 1, duration: 1024, size: 2 };
        let run = boxed(b"trun", &[&[1, most, 0].map(u32::to_be_bytes).concat()]);
        let head = boxed(b"tfhd", &[&[0, 2, 0, 0, 0, 0, 0, 1]]);
        let traf = boxed(b"traf", &[&head, &run, &run]);
        let mut parts = FragmentCursor::new(defaults, true);
        parts.fragment = MovieFragment::parse(traf, 0, defaults).unwrap();
        let source = (ByteSource::Seekable(bytes), SampleCursor::default(), Some(parts));
        let mut reader = Mp4Reader::new(Track::new(1), None, source, None);
        let fault = loop {
            match reader.packet() {
                Ok(packet) => assert!(packet.is_some(), "it ends without an error"),
                Err(fault) => break fault,
            }
        };
        let error = fault.at(0, 1).to_string();
        assert!(error.contains("its packets overlap"), "{error}");
    }
}
