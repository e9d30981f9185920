//! Recordings of noise, and which of their frames a window takes: as FFmpeg counts, and as sordino
//! does. Neither count is taken from the code that is tested.

use std::path::Path;
use std::time::Duration;

use crate::ffmpeg::{Pcm, filter};
use proptest::prelude::*;
use sordino::{Source, Treatment, Window, Windows};

use crate::support::*;

pub const RATES: [u32; 7] = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000];
pub const CHANNELS: [u16; 3] = [1, 2, 6];

/// How samples are stored in a WAV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    U8,
    S16,
    S24,
    S32,
    F32,
}

impl Width {
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }

    /// The precision that FFmpeg's `volume` must be asked for, so that 32-bit integers are not
    /// changed outside the windows.
    pub fn precision(self) -> &'static str {
        if self == Self::S32 { "double" } else { "float" }
    }
}

/// A recording whose samples are known, in some file.
pub struct Made {
    pub path: String,
    pub width: Width,
    pub rate: u32,
    pub channels: u16,
    /// The samples as WAV has them.
    pub data: Vec<u8>,
}

impl Made {
    /// A WAV of noise.
    pub fn noise(
        path: &str,
        width: Width,
        rate: u32,
        channels: u16,
        frames: u64,
        seed: u64,
    ) -> Self {
        let mut random = Random(seed);
        let count = frames as usize * usize::from(channels);
        let data: Vec<u8> = (0..count).flat_map(|_| random.sample(width)).collect();
        let (tag, bits) = (if width == Width::F32 { 3 } else { 1 }, width.bytes() as u16 * 8);
        std::fs::write(path, wav(tag, rate, channels, bits, &data)).unwrap();
        Self { path: path.to_owned(), width, rate, channels, data }
    }

    /// The bytes of one frame.
    pub fn block(&self) -> usize {
        usize::from(self.channels) * self.width.bytes()
    }

    pub fn frames(&self) -> u64 {
        (self.data.len() / self.block()) as u64
    }

    /// What FFmpeg makes of it with this graph, as a WAV would have it.
    pub fn filtered(&self, graph: &str) -> Vec<u8> {
        let pcm = filter(Path::new(&self.path), graph).unwrap();
        assert_eq!((pcm.rate, pcm.channels), (self.rate, self.channels.into()), "{}", self.path);
        stored(&pcm, self.width)
    }

    /// What sordino makes of it, without the header.
    pub fn redacted(&self, list: &[Nanos], treatment: Treatment) -> Vec<u8> {
        let windows = Windows::new(list.iter().map(|&(start, end)| {
            Window::new(Duration::from_nanos(start), Duration::from_nanos(end)).unwrap()
        }));
        let source = Source::open(&self.path).unwrap();
        let mut out = Vec::new();
        let redacted = sordino::redact(source, &windows.unwrap(), treatment).unwrap();
        redacted.write_to(&mut out).unwrap();
        data_of(&out).to_vec()
    }

    /// The recording with the frames that `holds` names taken from `treated`.
    pub fn with(&self, treated: &[u8], holds: impl Fn(u64) -> bool) -> Vec<u8> {
        let frame = |n: u64| {
            let place = n as usize * self.block()..(n as usize + 1) * self.block();
            if holds(n) { &treated[place] } else { &self.data[place] }
        };
        (0..self.frames()).flat_map(frame).copied().collect()
    }

    /// The first frame in which `other` differs, and one past the last.
    pub fn changed(&self, other: &[u8]) -> (u64, u64) {
        let differs = |&n: &u64| self.spared(other, (n, n + 1)).is_empty();
        let first = (0..self.frames()).find(differs).unwrap();
        (first, (0..self.frames()).rev().find(differs).unwrap() + 1)
    }

    /// The frames from the first up to the second in which `other` is as the recording was.
    pub fn spared(&self, other: &[u8], (first, end): (u64, u64)) -> Vec<u64> {
        assert_eq!(other.len(), self.data.len(), "the length is kept");
        let place = |n: u64| n as usize * self.block()..(n as usize + 1) * self.block();
        (first..end).filter(|&n| self.data[place(n)] == other[place(n)]).collect()
    }
}

/// Samples of FFmpeg's as a WAV of this width has them: 24 bits are the upper ones of 32, which is
/// what FFmpeg's own encoder of WAV keeps.
fn stored(pcm: &Pcm, width: Width) -> Vec<u8> {
    let format = match width {
        Width::U8 => "u8",
        Width::S16 => "s16",
        Width::S24 | Width::S32 => "s32",
        Width::F32 => "flt",
    };
    assert_eq!(pcm.format, format);
    let skipped = pcm.width - width.bytes();
    let little_endian = |sample: &[u8]| {
        let mut bytes = sample.to_vec();
        if cfg!(target_endian = "big") {
            bytes.reverse();
        }
        bytes.split_off(skipped)
    };
    pcm.data.chunks(pcm.width).flat_map(little_endian).collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Every pattern of bits is as likely as any other; of floats, those that are numbers, half of
    /// them in the usual range.
    fn sample(&mut self, width: Width) -> Vec<u8> {
        let word = self.next();
        let bits = word as u32;
        if width != Width::F32 {
            return bits.to_le_bytes()[..width.bytes()].to_vec();
        }
        let usual = f64::from(bits.cast_signed()) / 2_147_483_648.0;
        let any = f32::from_bits(bits);
        let value = if word >> 63 == 0 && any.is_finite() { any } else { usual as f32 };
        value.to_le_bytes().to_vec()
    }
}

/// A window in nanoseconds.
pub type Nanos = (u64, u64);

const SECOND: u64 = 1_000_000_000;

/// A time as FFmpeg is told it.
fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / SECOND, nanos % SECOND)
}

/// The windows as an expression of FFmpeg's.
pub fn between(list: &[Nanos]) -> String {
    let one = |&(start, end): &Nanos| format!("between(t,{},{})", seconds(start), seconds(end));
    list.iter().map(one).collect::<Vec<_>>().join("+")
}

/// The windows as the floats that FFmpeg reads from its expression.
pub fn floats(list: &[Nanos]) -> Vec<(f64, f64)> {
    let number = |nanos: u64| seconds(nanos).parse().unwrap();
    list.iter().map(|&(start, end)| (number(start), number(end))).collect()
}

/// Whether FFmpeg's expression holds at `t` seconds.
pub fn holds_at(list: &[(f64, f64)], t: f64) -> bool {
    list.iter().any(|&(start, end)| start <= t && t <= end)
}

/// FFmpeg's time of a frame of its own that begins with frame `n`: the timestamp times the time
/// base, which has become a float.
pub fn time_of(n: u64, rate: u32) -> f64 {
    n as f64 * (1.0 / f64::from(rate))
}

/// Whether the place of frame `n`, [n/rate, (n+1)/rate), meets a window: fractions are compared
/// crosswise, and nothing is rounded.
pub fn meets(list: &[Nanos], n: u64, rate: u32) -> bool {
    let (n, rate, second) = (u128::from(n), u128::from(rate), u128::from(SECOND));
    list.iter().any(|&(start, end)| {
        n * second <= u128::from(end) * rate && u128::from(start) * rate < (n + 1) * second
    })
}

/// Whether a window opens in the middle of frame `n`, or one of its ends is the very instant at
/// which frame `n` begins.
pub fn at_a_boundary(list: &[Nanos], n: u64, rate: u32) -> bool {
    let (n, rate, second) = (u128::from(n), u128::from(rate), u128::from(SECOND));
    list.iter().any(|&(start, end)| {
        let (start, end) = (u128::from(start) * rate, u128::from(end) * rate);
        (n * second <= start && start < (n + 1) * second) || end == n * second
    })
}

/// One to four windows that a recording of so many frames can have: at any nanosecond, at whole
/// milliseconds, exactly on the sample grid, or on the nanosecond next to it.
pub fn some_windows(rate: u32, frames: u64) -> impl Strategy<Value = Vec<Nanos>> {
    let frame = SECOND / u64::from(rate);
    let one = (0..4u8, 0..frames, 1..=frames, 0..frame, 0..frame).prop_map(
        move |(kind, first, length, early, late)| {
            let (start, end) = (time(first, rate), time(first + length, rate));
            match kind {
                0 => (start + early, end + late),
                1 => {
                    let start = start - start % 1_000_000;
                    (start, start + (length * 1000 / u64::from(rate)).max(1) * 1_000_000)
                }
                2 => {
                    let grid = grid(rate);
                    let first = first - first % grid;
                    let length = length.next_multiple_of(grid);
                    (time(first, rate), time(first + length, rate))
                }
                _ => (start, end),
            }
        },
    );
    prop::collection::vec(one, 1..5)
}

/// The nanosecond nearest to the beginning of a frame.
fn time(frame: u64, rate: u32) -> u64 {
    let rate = u64::from(rate);
    (frame * SECOND + rate / 2) / rate
}

/// Every so many frames, one begins at a whole nanosecond.
fn grid(rate: u32) -> u64 {
    let (mut a, mut b) = (SECOND, u64::from(rate));
    while b > 0 {
        (a, b) = (b, a % b);
    }
    u64::from(rate) / a
}
