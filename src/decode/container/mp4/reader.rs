//! Hands out the packets of the audio track, in the order of the tables or fragments.

use std::sync::Arc;

use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::boxes::{be32, header_error, needed};
use super::byte_source::ByteSource;
use super::fragments::{self, MovieFragment, TrackExtends};
use super::tables::{SampleBatch, SampleCursor};
use crate::decode::container::reader::PacketSource;
use crate::decode::container::tags;
use crate::decode::input::{InputMonitor, Leftover};
use crate::error::Error;

/// The largest packet, in bytes.
const MAX_PACKET: u64 = 16 * 1024 * 1024;

/// Frames of PCM in a packet, about.
const BATCH: u32 = 4096;

/// Reads the audio track of an MP4.
pub(super) struct Mp4Reader {
    track: [Track; 1],
    /// Knows the codec and the tags, where the codec is not PCM.
    sketch: Option<Box<dyn FormatReader>>,
    bytes: ByteSource,
    walk: SampleCursor,
    parts: Option<FragmentCursor>,
    /// ByteSource of a frame of PCM.
    frame: Option<u32>,
    /// When the next packet is due, in units of the track.
    time: u64,
    /// ByteSource of audio so far.
    given: u64,
    monitor: Arc<InputMonitor>,
}

/// The fragments of a movie.
pub(super) struct FragmentCursor {
    defaults: TrackExtends,
    /// Where the next box of the file begins.
    at: u64,
    /// The number of the fragment before.
    number: Option<u32>,
    fragment: MovieFragment,
    /// What the first fragment of a live recording takes for its beginning.
    base: Option<u64>,
}

impl FragmentCursor {
    /// `alone` is whether there is no other track that could have begun before this one.
    pub(super) fn new(defaults: TrackExtends, alone: bool) -> Self {
        let base = if alone { None } else { Some(0) };
        Self { defaults, at: 0, number: None, fragment: MovieFragment::default(), base }
    }

    /// Goes to the next fragment; false where there is none.
    fn advance(&mut self, bytes: &mut ByteSource, time: &mut u64) -> Result<bool, Error> {
        loop {
            let place = self.at;
            let Some(header) = bytes.header(place)? else { return Ok(false) };
            self.at = place.saturating_add(header.size);
            if header.kind != *b"moof" {
                continue;
            }
            let length = fragments::size_of(header)? - header.length;
            let moof = bytes.read(place + header.length, length)?;
            // Its audio mostly comes next: passed over now, it need not be gone back to.
            if let Some(next) = bytes.header(self.at)?.filter(|next| next.kind == *b"mdat") {
                self.at = self.at.saturating_add(next.size);
            }
            let number = needed(&moof, b"mfhd").ok().and_then(|mfhd| be32(mfhd, 4));
            let follows = |before: u32| before.checked_add(1) == number || before == u32::MAX;
            if number.is_none() || self.number.is_some_and(|before| !follows(before)) {
                return Err(header_error("a fragment is missing"));
            }
            self.number = number;
            self.fragment = MovieFragment::parse(moof, place, self.defaults)?;
            if let Some(due) = self.fragment.time {
                // A live recording counts from when the clock of its machine began.
                let base = *self.base.get_or_insert(if *time == 0 { due } else { 0 });
                let due = due.checked_sub(base);
                *time = due.ok_or_else(|| header_error("its fragments are out of order"))?;
            }
            return Ok(true);
        }
    }
}

impl Mp4Reader {
    pub(super) fn new(
        track: Track,
        sketch: Option<Box<dyn FormatReader>>,
        (bytes, walk, parts): (ByteSource, SampleCursor, Option<FragmentCursor>),
        frame: Option<u32>,
        monitor: Arc<InputMonitor>,
    ) -> Self {
        let (track, time, given) = ([track], 0, 0);
        Self { track, sketch, bytes, walk, parts, frame, time, given, monitor }
    }

    fn sample(&mut self) -> Result<Option<SampleBatch>, Error> {
        let batch = if self.frame.is_some() { BATCH } else { 1 };
        if let Some(sample) = self.walk.next(batch)? {
            return Ok(Some(sample));
        }
        let Some(parts) = &mut self.parts else { return Ok(None) };
        loop {
            if let Some(sample) = parts.fragment.next(batch)? {
                return Ok(Some(sample));
            }
            if !parts.advance(&mut self.bytes, &mut self.time)? {
                return Ok(None);
            }
        }
    }
}

impl PacketSource for Mp4Reader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn packet(&mut self) -> Result<Option<Packet>, Error> {
        let Some(sample) = self.sample()? else { return self.bytes.finish().map(|()| None) };
        let frame = self.frame.map_or(1, u64::from);
        if sample.bytes == 0 || sample.bytes > MAX_PACKET || !sample.bytes.is_multiple_of(frame) {
            let reason = format!("a packet has {} bytes, which cannot be", sample.bytes);
            return Err(header_error(&reason));
        }
        self.given = self.given.saturating_add(sample.bytes);
        if self.bytes.length().is_some_and(|length| self.given > length) {
            return Err(header_error("its packets lie over each other"));
        }
        let data = self.bytes.read(sample.at, sample.bytes)?;
        let time = i64::try_from(self.time);
        let time = time.map_err(|_| header_error("its packets last too long"))?;
        self.time = self.time.saturating_add(sample.duration);
        let (time, duration) = (Timestamp::new(time), Duration::new(sample.duration));
        Ok(Some(Packet::new(self.track[0].id, time, duration, data)))
    }

    fn monitor(&self) -> &InputMonitor {
        &self.monitor
    }

    fn tags(&mut self) -> Vec<Leftover> {
        let Some(sketch) = &mut self.sketch else { return Vec::new() };
        let mut metadata = sketch.metadata();
        metadata.skip_to_latest().map(tags::leftovers).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::boxes::boxed;
    use super::super::byte_source::Seekable;
    use super::*;
    use std::io::{Cursor, Read, Seek, SeekFrom};
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

    /// Fragments of so many packets of two bytes each.
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

    /// Packets, and bytes read on the way.
    fn read_all(file: Vec<u8>) -> (u64, u64) {
        let count = Arc::new(AtomicU64::new(0));
        let bytes =
            Seekable::new(Box::new(Counted(Cursor::new(file), Arc::clone(&count)))).unwrap();
        let parts = FragmentCursor::new(TrackExtends { track: 1, duration: 1024, size: 2 }, true);
        let source = (ByteSource::Seekable(bytes), SampleCursor::default(), Some(parts));
        let mut reader = Mp4Reader::new(Track::new(1), None, source, None, Arc::default());
        let mut packets = 0;
        while let Ok(Some(packet)) = reader.next_packet() {
            assert_eq!((&*packet.data, packet.pts.get()), (b"AA".as_slice(), packets * 1024));
            packets += 1;
        }
        assert!(reader.monitor.check().is_ok());
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
        let mut reader = Mp4Reader::new(Track::new(1), None, source, None, Arc::default());
        while let Ok(packet) = reader.next_packet() {
            assert!(packet.is_some(), "it ends without an error");
        }
        let error = reader.monitor.check().unwrap_err();
        assert!(error.to_string().contains("lie over each other"), "{error}");
    }
}
