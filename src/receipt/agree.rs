//! Whether a receipt agrees with itself.

use super::{Level, Receipt, SpanEntry, WindowEntry};
use crate::block::SampleFormat;
use crate::level::step;
use crate::span::{Spans, cut_at_end};
use crate::treatment::Treatment;
use crate::window::{Window, Windows, time_from_seconds};

/// What is written besides samples: the headers of PCM, G.711 (which may be padded) and wide PCM.
const HEADERS: [u64; 4] = [44, 58, 59, 68];

/// Levels are kept to a hundredth of a dB.
const ROUNDING: f64 = 1.002;

/// `Err` says what contradicts what.
pub(super) fn check(receipt: &Receipt) -> Result<(), String> {
    let (windows, treatment) = (receipt.windows()?, receipt.treatment()?);
    let (input, output) = (&receipt.input, &receipt.output);
    let cut = cut_at_end(&windows, input.rate, input.frames)
        .map_err(|_| "a window begins after the last frame")?;
    let merged = windows.iter().map(|window| WindowEntry::of(window, cut.contains(window)));
    holds(merged.eq(receipt.windows.iter().cloned()), "the windows are not those asked for")?;
    let spans = Spans::new(&windows, input.rate, input.channels)
        .map_err(|_| "a window is for a channel that the input lacks")?;
    let placed = receipt.spans.iter().map(|span| (span.channel, span.first, span.frames));
    let meant = spans.by_channel(input.channels, input.frames);
    let meant = meant.into_iter().map(|(channel, span)| (channel, span.first, span.frames()));
    holds(placed.eq(meant), "the spans are not those of the windows")?;
    holds(input.frames == output.frames, "input and output differ in length")?;
    let treated = spans.frames_inside(input.frames);
    holds(output.frames_treated == treated, "the frames treated are not those of the spans")?;
    let format = format_of(&output.format)?;
    let frame = u64::from(format.bytes()) * u64::from(input.channels);
    let header = output.frames.checked_mul(frame).and_then(|data| output.bytes.checked_sub(data));
    let fits = header.is_some_and(|header| HEADERS.contains(&header));
    holds(fits, "the size of the output is not that of its frames")?;
    for sum in [&input.sha256, &output.sha256, &output.samples_sha256] {
        let digits = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        holds(digits, "a SHA-256 has not 64 hexadecimal digits")?;
    }
    let levels = receipt.spans.iter().all(|span| is_treated(span, treatment, format));
    holds(levels, "a span is louder than its treatment leaves it")?;
    check_times(receipt)
}

impl Receipt {
    /// The windows that were asked for.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn windows(&self) -> Result<Windows, String> {
        let asked: Option<Vec<Window>> =
            self.asked.windows.iter().map(WindowEntry::window).collect();
        let windows = asked.and_then(|asked| Windows::new(asked).ok());
        let windows = windows.ok_or("a window that was asked for cannot be one")?;
        let pad = time_from_seconds(self.asked.pad).map_err(|_| "the padding is no time")?;
        Ok(if pad.is_zero() { windows } else { windows.padded(pad) })
    }

    /// The treatment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn treatment(&self) -> Result<Treatment, String> {
        let treatment = self.treatment.treatment();
        let same = treatment.filter(|&t| super::TreatmentEntry::of(t) == self.treatment);
        same.ok_or_else(|| "the treatment is not what its kind says".into())
    }
}

/// The sample format of a name.
pub(super) fn format_of(name: &str) -> Result<SampleFormat, String> {
    use SampleFormat::{ALaw, F32, MuLaw, S16, S24, S32, U8};
    let known = [U8, S16, S24, S32, F32, ALaw, MuLaw];
    let found = known.into_iter().find(|format| format.to_string() == name);
    found.ok_or_else(|| "the output has no sample format".into())
}

/// Whether a span is no louder than it may be: its levels, and one step of its format for rounding.
fn is_treated(span: &SpanEntry, treatment: Treatment, format: SampleFormat) -> bool {
    let linear = |level: Option<f64>| level.map_or(0.0, |level| 10f64.powf(level / 20.0));
    let ordered = |level: &Level| {
        let (peak, rms) = (linear(level.peak_db), linear(level.rms_db));
        peak.is_finite() && rms <= peak * ROUNDING
    };
    let before = linear(span.before.peak_db);
    let most = match treatment.tone_hz() {
        Some(_) => 0.1,
        None => before * treatment.gain(),
    };
    let room = if most > 0.0 || format == SampleFormat::ALaw { step(format) } else { 0.0 };
    let after = linear(span.after.peak_db);
    ordered(&span.before) && ordered(&span.after) && after <= most * ROUNDING + room * ROUNDING
}

/// Whether every time is one, and none runs backwards.
fn check_times(receipt: &Receipt) -> Result<(), String> {
    let time =
        |text: &str| humantime::parse_rfc3339(text).map_err(|_| format!("`{text}` is not a time"));
    time(&receipt.made)?;
    for step in receipt.genesys.iter().flat_map(|genesys| &genesys.steps) {
        let forward = time(&step.began)? <= time(&step.answered)?;
        holds(forward, "a step was answered before it began")?;
    }
    Ok(())
}

fn holds(fact: bool, otherwise: &str) -> Result<(), String> {
    if fact { Ok(()) } else { Err(otherwise.into()) }
}
