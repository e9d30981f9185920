//! Whether a receipt agrees with itself.

use super::model::is_long;
use super::{Level, Receipt, SpanEntry, WindowEntry};
use crate::block::SampleFormat;
use crate::decode::Gaps;
use crate::level::room;
use crate::redact::vanished;
use crate::span::{Span, Spans, Timeline, cut_at_end};
use crate::treatment::{TONE_PEAK, Treatment};
use crate::window::{Window, Windows, time_from_seconds};

/// What is written besides samples: the headers of PCM, G.711 (which may be padded) and wide PCM.
const HEADERS: [u64; 4] = [44, 58, 59, 68];

/// Levels are kept to a hundredth of a dB.
const ROUNDING: f64 = 1.002;

/// `Err` says what contradicts what.
pub(super) fn check(receipt: &Receipt) -> Result<(), String> {
    let (windows, treatment) = (receipt.windows()?, receipt.treatment()?);
    let (input, output) = (&receipt.input, &receipt.output);
    let timeline = receipt.timeline()?;
    let cut = cut_at_end(&windows, input.rate, timeline.end())
        .map_err(|_| "a window begins after the last frame")?;
    let gone = vanished(&windows, input.rate, &timeline);
    let merged = windows.iter().map(|window| WindowEntry {
        in_gap: gone.contains(window),
        ..WindowEntry::of(window, cut.contains(window))
    });
    let same = windows.len() == receipt.windows.len()
        && merged.zip(&receipt.windows).all(|(meant, written)| is_same(&meant, written));
    holds(same, "the windows are not those asked for")?;
    let spans = Spans::new(&windows, input.rate, input.channels)
        .map_err(|_| "a window is for a channel that the input lacks")?;
    let placed = receipt.spans.iter().map(|span| (span.channel, span.first, span.frames));
    let meant = spans.by_channel(input.channels).into_iter();
    let meant = meant.filter_map(|(channel, span)| Some((channel, timeline.span(span)?)));
    let meant = meant.map(|(channel, span)| (channel, span.first, Span::frames(span)));
    holds(placed.eq(meant), "the spans are not those of the windows")?;
    let treated = spans.frames_inside(&timeline);
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
    let levels = receipt.spans.iter().all(|span| is_treated(span, input.rate, treatment, format));
    holds(levels, "a span is louder than its treatment leaves it")?;
    check_times(receipt)
}

impl Receipt {
    /// How the clock that windows are meant by maps to the output.
    ///
    /// # Errors
    /// What is wrong with the lengths and gaps.
    pub fn timeline(&self) -> Result<Timeline, String> {
        let (input, output) = (&self.input, &self.output);
        let filled = input.gaps.as_ref().map_or(0, super::GapsEntry::filled);
        let same = input.frames.checked_add(filled) == Some(output.frames);
        holds(same, "input and output differ in length")?;
        let Some(entry) = &input.gaps else { return Ok(Timeline::new(output.frames, &[])) };
        let policy = entry.policy().ok_or("gaps are neither filled nor closed")?;
        let gaps = entry.gaps(input.rate).filter(|gaps| !gaps.is_empty());
        let gaps = gaps.ok_or("the gaps are out of order")?;
        let closed = if policy == Gaps::Close { gaps.as_slice() } else { &[] };
        let timeline = Timeline::new(output.frames, closed);
        let inside = gaps.last().is_none_or(|gap| gap.at + gap.frames <= timeline.end());
        holds(inside, "a gap lies behind the last frame")?;
        Ok(timeline)
    }

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
        Ok(windows.padded(pad))
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

/// Whether two windows are one, to the nanosecond, or as near as a number in JSON can be.
fn is_same(a: &WindowEntry, b: &WindowEntry) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 + a.abs() * 1e-15;
    near(a.start, b.start)
        && near(a.end, b.end)
        && (a.channel, &a.label, &a.reason, a.cut, a.in_gap)
            == (b.channel, &b.label, &b.reason, b.cut, b.in_gap)
}

/// The sample format of a name.
pub(super) fn format_of(name: &str) -> Result<SampleFormat, String> {
    use SampleFormat::{ALaw, F32, MuLaw, S16, S24, S32, U8};
    let known = [U8, S16, S24, S32, F32, ALaw, MuLaw];
    let found = known.into_iter().find(|format| format.to_string() == name);
    found.ok_or_else(|| "the output has no sample format".into())
}

/// Whether a span is no louder than it may be: its levels, and what its format rounds.
fn is_treated(span: &SpanEntry, rate: u32, treatment: Treatment, format: SampleFormat) -> bool {
    let (before, after) = match (&span.before, &span.after) {
        (Some(before), Some(after)) => (before, after),
        (None, None) => return !is_long(span.frames, rate),
        _ => return false,
    };
    let linear = |level: Option<f64>| level.map_or(0.0, |level| 10f64.powf(level / 20.0));
    let full = if format == SampleFormat::F32 { f64::MAX } else { ROUNDING };
    let ordered = |level: &Level| {
        let (peak, rms) = (linear(level.peak_db), linear(level.rms_db));
        peak <= full && rms <= peak * ROUNDING
    };
    let most = match treatment.tone_hz() {
        Some(_) => TONE_PEAK,
        None => linear(before.peak_db) * treatment.gain(),
    };
    // Silence is exact, save that A-law has none.
    let silent = most == 0.0 && format != SampleFormat::ALaw;
    let room = if silent { 0.0 } else { room(format, most) };
    is_long(span.frames, rate)
        && ordered(before)
        && ordered(after)
        && linear(after.peak_db) <= (most + room) * ROUNDING
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
