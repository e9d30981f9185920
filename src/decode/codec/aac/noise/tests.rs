//! Made-up packets with everything that an AAC-LC element may hold, for the walk and the generator.

use std::io::Cursor;
use std::num::NonZeroUsize;

use proptest::prelude::*;
use symphonia::core::audio::{Audio, GenericAudioBufferRef, layouts};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use super::super::books::{Book, SCALE_FACTORS, SPECTRAL};
use super::*;
use crate::block::{Block, Samples};
use crate::decode::{DecodeOptions, Decoder, Source};

/// Of each table of bands one rate in Hz, and its index in ADTS.
const RATES: [(u32, u8); 12] = [
    (96_000, 0),
    (88_200, 1),
    (64_000, 2),
    (48_000, 3),
    (44_100, 4),
    (32_000, 5),
    (24_000, 6),
    (22_050, 7),
    (16_000, 8),
    (12_000, 9),
    (11_025, 10),
    (8_000, 11),
];

/// Random numbers (SplitMix64) and the bits that are written by them.
struct Writer {
    state: u64,
    bits: Vec<bool>,
    /// Whether each of two channels is an element of its own.
    is_apart: bool,
    /// Whether there is no noise, and only half of the bands.
    is_calm: bool,
}

/// The windows of a channel.
#[derive(Clone)]
struct Shape {
    is_short: bool,
    groups: Vec<usize>,
    bands: usize,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self { state: seed, bits: Vec::new(), is_apart: false, is_calm: false }
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    /// True in `part` of a hundred cases.
    fn chance(&mut self, part: usize) -> bool {
        self.below(100) < part
    }

    fn put(&mut self, value: usize, count: usize) {
        self.bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// Any value of so many bits.
    fn any(&mut self, count: usize) -> usize {
        let value = self.below(1 << count);
        self.put(value, count);
        value
    }

    /// Any code of a book, with signs and escapes.
    fn code(&mut self, book: &Book) {
        let codes: u64 = book.lengths.iter().sum();
        let chosen = self.below(usize::try_from(codes).unwrap());
        let (mut first, mut before) = (0, 0);
        for (length, count) in (1..).zip(book.lengths) {
            let count = usize::try_from(*count).unwrap();
            if chosen < before + count {
                self.put(first + chosen - before, length);
                break;
            }
            before += count;
            first = (first + count) << 1;
        }
        let (signs, escapes) = match book.after.get(chosen) {
            Some(b'p') => (1, 1),
            Some(b'q') => (2, 1),
            Some(b'r') => (2, 2),
            after => (usize::from(after.map_or(0, |digit| digit - b'0')), 0),
        };
        self.any(signs);
        for _ in 0..escapes {
            let ones = if self.chance(90) { self.below(2) } else { self.below(9) };
            self.put((1 << (ones + 1)) - 2, ones + 1);
            self.any(ones + 4);
        }
    }

    fn shape(&mut self, rate: u32) -> Shape {
        let is_short = self.chance(30);
        let kind = if is_short { 2 } else { [0, 1, 3][self.below(3)] };
        self.put(kind, 3);
        self.any(1);
        let offsets = if is_short { Bands::at(rate).short } else { Bands::at(rate).long };
        let bands = self.below(if self.is_calm { offsets.len() / 2 } else { offsets.len() });
        self.put(bands, if is_short { 4 } else { 6 });
        let mut groups = vec![1];
        if is_short {
            for _ in 1..8 {
                match self.any(1) {
                    1 => *groups.last_mut().unwrap() += 1,
                    _ => groups.push(1),
                }
            }
        } else {
            self.put(0, 1);
        }
        Shape { is_short, groups, bands }
    }

    /// A channel; returns how many numbers it draws, and whether it has pulses.
    fn channel(&mut self, rate: u32, common: Option<&Shape>, pulses: bool) -> (u64, bool) {
        let gain = 150 + self.below(20);
        self.put(gain, 8);
        let shape = common.cloned().unwrap_or_else(|| self.shape(rate));
        let offsets = if shape.is_short { Bands::at(rate).short } else { Bands::at(rate).long };
        let (mut draws, mut sections) = (0, Vec::new());
        for windows in &shape.groups {
            let mut begin = 0;
            while begin < shape.bands {
                let most = shape.bands - begin;
                let count = if self.chance(2) { 0 } else { 1 + self.below(most.min(9)) };
                let book = [self.below(12), 13, 14 + self.below(2)]
                    [[0, 0, 2, 1, 1][self.below(if self.is_calm { 3 } else { 5 })]];
                self.put(book, 4);
                let (length, full) = if shape.is_short { (3, 7) } else { (5, 31) };
                (0..count / full).for_each(|_| self.put(full, length));
                self.put(count % full, length);
                let size = windows * (offsets[begin + count] - offsets[begin]);
                draws += if book == 13 { size as u64 } else { 0 };
                sections.push((book, count, size));
                begin += count;
            }
        }
        let mut is_first = true;
        for &(book, bands, _) in &sections {
            for _ in 0..if book == 0 { 0 } else { bands } {
                if book == 13 && is_first {
                    is_first = false;
                    self.put(300, 9);
                } else if self.chance(2) {
                    self.code(&SCALE_FACTORS);
                } else {
                    self.put(0, 1);
                }
            }
        }
        let has_pulses = pulses && !shape.is_short && self.chance(50);
        self.put(has_pulses.into(), 1);
        if has_pulses {
            let count = self.any(2) + 1;
            self.any(6);
            (0..count).for_each(|_| _ = self.any(9));
        }
        self.filters(shape.is_short);
        self.put(0, 1);
        for (book, _, size) in sections {
            if (1..12).contains(&book) {
                let book = &SPECTRAL[book - 1];
                (0..size / book.size).for_each(|_| self.code(book));
            }
        }
        (draws, has_pulses)
    }

    fn filters(&mut self, is_short: bool) {
        let is_there = self.chance(40);
        self.put(is_there.into(), 1);
        let windows = if !is_there {
            0
        } else if is_short {
            8
        } else {
            1
        };
        for _ in 0..windows {
            let filters = self.any(if is_short { 1 } else { 2 });
            let resolution = if filters > 0 { 3 + self.any(1) } else { 0 };
            for _ in 0..filters {
                self.any(if is_short { 4 } else { 6 });
                let order = self.below(if is_short { 8 } else { 13 });
                self.put(order, if is_short { 3 } else { 5 });
                if order > 0 {
                    self.any(1);
                    let size = resolution - self.any(1);
                    (0..order).for_each(|_| _ = self.any(size));
                }
            }
        }
    }

    /// A packet, how many numbers it draws, and whether it has pulses.
    fn packet(&mut self, rate: u32, channels: usize, pulses: bool) -> (Vec<u8>, u64, bool) {
        self.bits.clear();
        if self.chance(10) {
            // Filling.
            self.put(0b110_0010, 7);
            self.put(0, 4);
            self.any(12);
        }
        let is_pair = channels == 2 && !self.is_apart;
        self.put(is_pair.into(), 3);
        self.any(4);
        let mut common = None;
        if is_pair && self.any(1) == 1 {
            let shape = self.shape(rate);
            let mask = self.below(3);
            self.put(mask, 2);
            if mask == 1 {
                (0..shape.groups.len() * shape.bands).for_each(|_| _ = self.any(1));
            }
            common = Some(shape);
        }
        let mut parts = vec![self.channel(rate, common.as_ref(), pulses)];
        if channels == 2 {
            if self.is_apart {
                self.put(0, 3);
                self.any(4);
            }
            parts.push(self.channel(rate, common.as_ref(), pulses));
        }
        self.put(7, 3);
        let bits: String = self.bits.iter().map(|bit| if *bit { '1' } else { '0' }).collect();
        let has_pulses = parts.iter().any(|part| part.1);
        (bytes(&bits), parts.iter().map(|part| part.0).sum(), has_pulses)
    }
}

fn decoder(rate: u32, channels: usize) -> Box<dyn AudioDecoder> {
    let mut params = AudioCodecParameters::new();
    let layout =
        if channels == 1 { layouts::CHANNEL_LAYOUT_MONO } else { layouts::CHANNEL_LAYOUT_STEREO };
    params.for_codec(CODEC_ID_AAC).with_sample_rate(rate).with_channels(layout);
    symphonia::default::get_codecs().make_audio_decoder(&params, &Default::default()).unwrap()
}

/// The bits of the samples of a packet, if it can be decoded.
fn decoded(decoder: &mut dyn AudioDecoder, packet: &[u8]) -> Option<Vec<u32>> {
    let packet = Packet::new(0, Timestamp::ZERO, Duration::from(0_u32), packet);
    let Ok(GenericAudioBufferRef::F32(buffer)) = decoder.decode(&packet) else { return None };
    Some(buffer.iter_planes().flatten().map(|sample| sample.to_bits()).collect())
}

/// Noise in the first channel, which shows where the generator stands.
fn shown(decoder: &mut dyn AudioDecoder, rate: u32, channels: usize) -> Vec<u32> {
    let mut writer = Writer::new(1);
    let packet = loop {
        let (packet, draws, _) = writer.packet(rate, channels, false);
        if draws > 100 && decoded(&mut *self::decoder(rate, channels), &packet).is_some() {
            break packet;
        }
    };
    decoded(decoder, &packet).unwrap();
    decoded(decoder, &packet).unwrap()
}

/// An ADTS stream, and how many numbers it draws. Pulses begin after `quiet` packets. If they do, the
/// packets before are calm, so that pulses depend on the first ones.
fn stream(
    mut writer: Writer,
    (rate, index): (u32, u8),
    channels: u8,
    quiet: usize,
) -> (Vec<u8>, u64) {
    let (mut all, mut draws) = (Vec::new(), 0);
    let mut test = decoder(rate, channels.into());
    for number in 0..300 {
        writer.is_calm = quiet < 300 && (20..quiet).contains(&number);
        let (packet, drawn, _) = writer.packet(rate, channels.into(), number >= quiet);
        // A scale factor may be out of range.
        let fits = packet.len() < 8000;
        if !fits || decoded(&mut *test, &packet).is_none() {
            continue;
        }
        draws += drawn;
        let length = packet.len() + 7;
        let byte = |bits: usize| u8::try_from(bits & 0xFF).unwrap();
        let fourth = channels << 6 | byte(length >> 11);
        all.extend([0xFF, 0xF1, 0x40 | index << 2, fourth]);
        all.extend([byte(length >> 3), byte(length << 5) | 0x1F, 0xFC]);
        all.extend(packet);
    }
    (all, draws)
}

/// The samples, and the error.
fn heard(stream: &[u8], threads: usize) -> (Vec<i16>, Option<String>) {
    let options = DecodeOptions { threads: NonZeroUsize::new(threads), ..DecodeOptions::default() };
    let source = Source::stream(Cursor::new(stream.to_vec())).with_options(options);
    let mut decoder = Decoder::open(source).unwrap();
    let mut block = Block::new(decoder.stream_info().format, decoder.stream_info().channels);
    let mut all = Vec::new();
    loop {
        match decoder.next(&mut block) {
            Ok(true) => {}
            Ok(false) => return (all, None),
            Err(error) => return (all, Some(error.to_string())),
        }
        let Samples::I16(samples) = block.samples() else { panic!("16 bits") };
        all.extend(samples);
    }
}

/// Compares 2, 3 and 4 threads with one.
fn same(stream: &[u8], what: &str) {
    let one = heard(stream, 1);
    assert_eq!(one.1, None);
    assert!(one.0.len() > 150_000, "{what}: {} samples", one.0.len());
    for threads in 2..=4 {
        let several = heard(stream, threads);
        let differ = several.0.iter().zip(&one.0).position(|(a, b)| a != b);
        assert_eq!(differ, None, "{what}, {threads} threads, of {}", one.0.len());
        assert!(several == one, "{what}, {threads} threads");
    }
}

proptest! {
    /// symphonia's own state is the measure: after the packet it makes the noise that a decoder makes which
    /// has drawn as many numbers, and not that of one which has drawn four more.
    #[test]
    fn a_packet_draws_as_many_numbers_as_the_walk_counts(seed: u64, which in 0..12_usize) {
        let (mut writer, rate) = (Writer::new(seed), RATES[which].0);
        for channels in [1, 2] {
            let (packet, draws, has_pulses) = writer.packet(rate, channels, true);
            let traces = Walker::new(rate, channels).walk(&packet).unwrap();
            prop_assert_eq!((traces.draws, traces.has_pulses), (draws, has_pulses));
            let mut real = decoder(rate, channels);
            if decoded(&mut *real, &packet).is_none() {
                continue;
            }
            let real = shown(&mut *real, rate, channels);
            let made_up = |draws| {
                let mut decoder = decoder(rate, channels);
                draw(&mut *decoder, rate, u16::try_from(channels).unwrap(), draws).unwrap();
                shown(&mut *decoder, rate, channels)
            };
            prop_assert!(made_up(draws) == real);
            prop_assert!(made_up(draws + 4) != real);
        }
    }

    /// Neither bytes nor bits that were changed make the walk panic, and it has an end.
    #[test]
    fn any_bytes_can_be_walked(seed: u64, bytes: Vec<u8>, at: usize) {
        let mut changed = Writer::new(seed).packet(8_000, 2, true).0;
        let at = at % changed.len();
        changed[at] ^= 1 << (seed % 8);
        for (rate, _) in RATES {
            for packet in [&bytes, &changed, &changed[..at].to_vec()] {
                for channels in [1, 2] {
                    let traces = Walker::new(rate, channels).walk(packet).unwrap_or_default();
                    prop_assert!(traces.draws <= 2048);
                }
            }
        }
    }
}

#[test]
fn most_made_up_packets_can_be_decoded() {
    let mut writer = Writer::new(7);
    let mut decodes = |channels| {
        let packet = writer.packet(44_100, channels, true).0;
        usize::from(decoded(&mut *decoder(44_100, channels), &packet).is_some())
    };
    let count: usize = (0..100).map(|_| decodes(1) + decodes(2)).sum();
    assert!(count > 120, "{count} of 200");
}

#[test]
fn any_count_of_numbers_is_drawn() {
    for (rate, _) in RATES {
        let short = Bands::at(rate).short;
        assert_eq!(noise(short, 1, u64::MAX).0, 7 * 128);
        for count in (0..=7 * 128).step_by(4) {
            assert_eq!(noise(short, 2, count).0, count, "{rate} Hz");
        }
    }
    for channels in [1, 2] {
        let mut steps = decoder(8_000, channels);
        let mut once = decoder(8_000, channels);
        let count = u16::try_from(channels).unwrap();
        (0..500).for_each(|_| draw(&mut *steps, 8_000, count, 12).unwrap());
        draw(&mut *once, 8_000, count, 6_000).unwrap();
        assert!(shown(&mut *once, 8_000, channels) == shown(&mut *steps, 8_000, channels));
    }
}

/// Much noise, and later pulses that take scale factors from packets long gone.
#[test]
fn noise_does_not_depend_on_the_number_of_threads() {
    for (number, rate) in (0..).zip(RATES) {
        for channels in [1, 2] {
            for quiet in [0, 100, 300] {
                let (stream, draws) = stream(Writer::new(number), rate, channels, quiet);
                assert!(draws > 20_000, "{draws}");
                same(&stream, &format!("{rate:?}, {channels} channels, pulses from {quiet}"));
            }
        }
    }
}

/// Each of two elements has a generator of its own, of which the walk sees one.
#[test]
fn channels_that_are_apart_do_not_depend_on_the_number_of_threads() {
    let writer = Writer { is_apart: true, ..Writer::new(3) };
    let (stream, draws) = stream(writer, RATES[11], 2, 0);
    assert!(draws > 20_000, "{draws}");
    same(&stream, "two elements");
}
