//! Noise that is as hard to decode as speech: two voices that take turns, 16-bit WAV at 8 kHz,
//! stereo, the same for the same seed.
//!
//! What a codec has to do depends on what it hears: silence is cheaper, white noise dearer than
//! people. So this has pitch, formants, syllables and pauses, and no words. It is still a little
//! harder than a call: nobody waits, and there is never silence to the digit.

use std::f32::consts::PI;
use std::io::{self, Write};

/// Frames a second.
pub(super) const RATE: u32 = 8000;
const CHANNELS: u16 = 2;
const FRAME_BYTES: u16 = CHANNELS * 2;
const HEADER_BYTES: u32 = 36;

/// The most frames that a WAV can hold: 37 hours.
pub(super) const MOST_FRAMES: u64 = (u32::MAX as u64 - 100) / FRAME_BYTES as u64;

/// How long one of the two speaks: 3 s.
const TURN: u64 = 3 * RATE as u64;

/// Writes a recording of so many frames, [`MOST_FRAMES`] at most.
pub(super) fn write(output: &mut impl Write, frames: u64, seed: u64) -> io::Result<()> {
    let too_long = || io::Error::other("more than a WAV can hold");
    let data = u32::try_from(frames.min(MOST_FRAMES) * u64::from(FRAME_BYTES));
    write_header(output, data.map_err(|_| too_long())?)?;
    let mut voices = [Voice::new(seed, 110, 1.0), Voice::new(!seed, 190, 1.17)];
    for frame in 0..frames {
        let speaks = usize::from((frame / TURN) % 2 == 1);
        for (number, voice) in voices.iter_mut().enumerate() {
            output.write_all(&voice.sample(number == speaks).to_le_bytes())?;
        }
    }
    Ok(())
}

fn write_header(output: &mut impl Write, data: u32) -> io::Result<()> {
    output.write_all(b"RIFF")?;
    output.write_all(&(HEADER_BYTES + data).to_le_bytes())?;
    output.write_all(b"WAVEfmt \x10\0\0\0\x01\0")?;
    output.write_all(&CHANNELS.to_le_bytes())?;
    output.write_all(&RATE.to_le_bytes())?;
    output.write_all(&(RATE * u32::from(FRAME_BYTES)).to_le_bytes())?;
    output.write_all(&FRAME_BYTES.to_le_bytes())?;
    output.write_all(b"\x10\0data")?;
    output.write_all(&data.to_le_bytes())
}

/// One speaker: pulses or noise, through three resonances.
struct Voice {
    dice: Dice,
    /// Frames from pulse to pulse.
    pitch: u16,
    /// How much shorter this throat is than the usual one.
    throat: f32,
    formants: [Formant; 3],
    syllable: Syllable,
}

#[derive(Default)]
struct Syllable {
    at: u16,
    length: u16,
    loudness: f32,
    voiced: bool,
}

impl Voice {
    fn new(seed: u64, hertz: u16, throat: f32) -> Self {
        let pitch = u16::try_from(RATE).unwrap_or(u16::MAX) / hertz;
        let formants = Default::default();
        Self { dice: Dice(seed), pitch, throat, formants, syllable: Syllable::default() }
    }

    /// The next sample: of speech, or of a line on which nobody speaks.
    fn sample(&mut self, speaks: bool) -> i16 {
        let hiss = self.dice.noise();
        let driven = if speaks { self.throat_is_given(hiss) } else { 0.0 };
        // The lowest resonance is the loudest.
        let [low, middle, high] = self.formants.each_mut().map(|formant| formant.ring(driven));
        let heard = low + middle / 2.0 + high / 8.0;
        #[expect(clippy::cast_possible_truncation, reason = "it is cut at full scale")]
        let sample = (heard * 32_767.0 + hiss * 2.0).clamp(-32_768.0, 32_767.0) as i16;
        sample
    }

    /// What goes into the resonances.
    fn throat_is_given(&mut self, hiss: f32) -> f32 {
        if self.syllable.at >= self.syllable.length {
            self.begin_syllable();
        }
        let Syllable { at, length, loudness, voiced } = self.syllable;
        self.syllable.at += 1;
        // It swells and fades.
        let through = f32::from(at) / f32::from(length);
        let loudness = loudness * 4.0 * through * (1.0 - through);
        let pulse = if at.is_multiple_of(self.pitch) { 6.0 } else { 0.0 };
        loudness * if voiced { pulse + 0.03 * hiss } else { 0.3 * hiss }
    }

    /// 100 to 350 ms; two in five are pauses, one has no pitch.
    fn begin_syllable(&mut self) {
        let kind = self.dice.below(5);
        self.syllable = Syllable {
            at: 0,
            length: 800 + self.dice.below(2000),
            loudness: if kind < 2 { 0.0 } else { 0.013 + f32::from(self.dice.below(100)) / 4500.0 },
            voiced: kind != 2,
        };
        let (open, front) = (f32::from(self.dice.below(500)), f32::from(self.dice.below(1400)));
        let hertz = [300.0 + open, 900.0 + front, 2400.0 + front / 4.0];
        for (formant, hertz) in self.formants.iter_mut().zip(hertz) {
            formant.tune(hertz * self.throat);
        }
    }
}

/// A resonance of two poles.
#[derive(Default)]
struct Formant {
    first: f32,
    second: f32,
    before: [f32; 2],
}

impl Formant {
    /// Narrow for low tones, wider for high ones, as in a mouth.
    #[expect(clippy::cast_precision_loss, reason = "a sample rate")]
    fn tune(&mut self, hertz: f32) {
        let rate = RATE as f32;
        let radius = (-PI * (50.0 + hertz / 20.0) / rate).exp();
        self.first = 2.0 * radius * (2.0 * PI * hertz / rate).cos();
        self.second = -radius * radius;
    }

    fn ring(&mut self, driven: f32) -> f32 {
        let [last, before] = self.before;
        let now = driven + self.first * last + self.second * before;
        self.before = [now, last];
        now
    }
}

/// splitmix64: short, fast, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> [u8; 8] {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    }

    /// From -1 to 1.
    fn noise(&mut self) -> f32 {
        let [low, high, ..] = self.roll();
        f32::from(i16::from_le_bytes([low, high])) / 32_768.0
    }

    /// From 0 to `end`, without it.
    fn below(&mut self, end: u16) -> u16 {
        let [low, high, ..] = self.roll();
        u16::from_le_bytes([low, high]) % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(frames: u64, seed: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, frames, seed).unwrap();
        bytes
    }

    fn channel(wav: &[u8], number: usize) -> Vec<f64> {
        let frames = wav[44..].chunks_exact(4).map(|frame| &frame[2 * number..][..2]);
        frames.map(|bytes| f64::from(i16::from_le_bytes([bytes[0], bytes[1]]))).collect()
    }

    fn rms(samples: &[f64]) -> f64 {
        let power: f64 = samples.iter().map(|sample| sample * sample).sum();
        (power / f64::from(u32::try_from(samples.len()).unwrap())).sqrt() / 32_768.0
    }

    #[test]
    fn it_is_a_wav_of_as_many_frames_the_same_for_the_same_seed() {
        let wav = made(1000, 7);
        assert_eq!(wav.len(), 44 + 4000);
        assert_eq!(wav[..4], *b"RIFF");
        assert_eq!(wav[40..44], 4000u32.to_le_bytes());
        assert!(wav == made(1000, 7) && wav != made(1000, 8));
        // Longer ones begin alike.
        assert!(wav[44..] == made(2000, 7)[44..4044]);
        let mut decoder =
            sordino::Decoder::open(sordino::Source::stream(io::Cursor::new(wav))).unwrap();
        let mut block = sordino::block::Block::new(sordino::block::SampleFormat::S16, 2);
        while decoder.next(&mut block).unwrap() {}
        assert_eq!(decoder.frames(), 1000);
    }

    #[test]
    fn two_voices_as_loud_as_people_take_turns() {
        let wav = made(6 * TURN, 1);
        let turn = usize::try_from(TURN).unwrap();
        for number in [0, 1] {
            let samples = channel(&wav, number);
            // The end of a turn rings on.
            let turns: Vec<f64> =
                samples.chunks(turn).map(|turn| rms(&turn[turn.len() / 10..])).collect();
            for (at, &level) in turns.iter().enumerate() {
                let speaks = at % 2 == number;
                let expected = if speaks { 0.01..0.3 } else { 0.000_001..0.001 };
                assert!(expected.contains(&level), "channel {number}, turn {at}: {level}");
            }
            let cut = samples.iter().filter(|sample| sample.abs() >= 32_767.0).count();
            assert!(cut < samples.len() / 1000, "{cut} samples at full scale");
        }
    }
}
