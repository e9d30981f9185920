//! Consistency check: whether the numbers of a receipt agree with each other.

use super::convert::has_levels;
use super::done::check_done;
use super::{
    Delivery, GapsEntry, InputEntry, LevelsEntry, Receipt, SourceEntry, SpanEntry, TreatmentEntry,
    WindowEntry,
};
use crate::block::SampleFormat;
use crate::decode::Gaps;
use crate::level::{Decibels, rounding_error};
use crate::redact::vanished;
use crate::span::{Span, Spans, Timeline, cut_at_end};
use crate::treatment::{TONE_PEAK, Treatment};
use crate::window::{Window, Windows, time_from_seconds};

/// Sizes in bytes of a WAV without its samples: PCM, G.711 (also with a padding byte), extensible PCM.
const HEADERS: [u64; 4] = [44, 58, 59, 68];

/// Bytes before the first frame of a FLAC without a seek table.
const FLAC_HEAD: u64 = 42;

/// The silence after the shorter of several inputs is at most 1/20 s.
const SILENCE_PART: u128 = 20;

/// Levels are rounded to 0.01 dB, a factor of 1.0012.
const ROUNDING: f64 = 1.002;

/// Returns what contradicts what.
pub(super) fn check(receipt: &Receipt) -> Result<(), String> {
    let (windows, treatment) = (receipt.windows()?, receipt.treatment()?);
    check_inputs(receipt)?;
    let (rate, channels, output) = (receipt.rate(), receipt.channels(), &receipt.output);
    let timeline = receipt.timeline()?;
    let cut = cut_at_end(&windows, rate, timeline.end())
        .map_err(|_| "a window begins after the last frame")?;
    let gone = vanished(&windows, rate, &timeline);
    let merged = windows.iter().map(|window| WindowEntry {
        in_gap: gone.contains(window),
        ..WindowEntry::of(window, cut.contains(window))
    });
    let same = windows.len() == receipt.windows.len()
        && merged.zip(&receipt.windows).all(|(expected, entry)| is_same(&expected, entry));
    ensure(same, "the windows are not the requested ones")?;
    let spans = Spans::new(&windows, rate, channels)
        .map_err(|_| "a window is for a channel that the input lacks")?;
    let entries = receipt.spans.iter().map(|span| (span.channel, span.first, span.frames));
    let expected = spans.by_channel(channels).into_iter();
    let expected = expected.filter_map(|(channel, span)| Some((channel, timeline.span(span)?)));
    let expected = expected.map(|(channel, span)| (channel, span.first, Span::frames(span)));
    ensure(entries.eq(expected), "the spans are not those of the windows")?;
    let treated = spans.frames_inside(&timeline);
    ensure(output.frames_treated == treated, "the treated frames are not those of the spans")?;
    let format = format_of(&output.format)?;
    check_output(receipt, format)?;
    let source = receipt.asked.source.as_ref();
    ensure(
        source.is_none_or(|source| source.marks.placed <= source.marks.found),
        "more marks were placed than found",
    )?;
    ensure(
        !windows.is_empty() || is_part(receipt) || source.is_none_or(is_empty),
        "there is no window, but marks were placed or passages found",
    )?;
    let sums = receipt.inputs.iter().map(|input| &input.sha256);
    let sums = sums.chain([&output.sha256]).chain(&output.samples_sha256);
    for sum in sums.chain(source.map(|source| &source.sha256)) {
        let digits = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        ensure(digits, "a SHA-256 is not 64 hexadecimal digits")?;
    }
    let treated = |span| is_treated(span, rate, treatment, (format, output.bits));
    let levels = receipt.spans.iter().all(treated);
    ensure(levels, "a span is louder than its treatment allows")?;
    check_times(receipt)
}

/// Checks that the output can have its size, and is of a kind that is written of the inputs.
fn check_output(receipt: &Receipt, format: SampleFormat) -> Result<(), String> {
    let output = &receipt.output;
    let bits = format.bytes() * 8;
    ensure(
        output.bits.is_none_or(|fewer| (1..bits).contains(&fewer)),
        "a sample has too many bits",
    )?;
    match output.container.as_deref() {
        None => {
            let frame = u64::from(format.bytes()) * u64::from(receipt.channels());
            let data = output.frames.checked_mul(frame);
            let header = data.and_then(|data| output.bytes.checked_sub(data));
            let fits = header.is_some_and(|header| HEADERS.contains(&header));
            ensure(fits, "the size of the output does not fit its frames")?;
            check_done(receipt, false)?;
            ensure(output.md5.is_none(), "a WAV states no MD5")
        }
        Some(container @ ("flac" | "ogg")) if output.md5.is_some() || container == "flac" => {
            let is_flac =
                |input: &InputEntry| (&*input.container, &*input.codec) == (container, "flac");
            let is_kept = receipt.inputs.len() == 1 && receipt.inputs.iter().all(is_flac);
            ensure(is_kept, "the output is a FLAC, and the input is none")?;
            check_done(receipt, false)?;
            ensure(output.md5.is_some(), "it does not say whether the FLAC states an MD5")?;
            ensure(output.bytes > FLAC_HEAD, "the size of the output does not fit its frames")
        }
        Some("ogg") => {
            let is_opus =
                |input: &InputEntry| (&*input.container, &*input.codec) == ("ogg", "opus");
            let is_kept = receipt.inputs.len() == 1 && receipt.inputs.iter().all(is_opus);
            ensure(is_kept, "the output is an Ogg Opus, and the input is none")?;
            let is_erased = receipt.treatment()? == Treatment::silence();
            ensure(is_erased, "an Opus can only be erased")?;
            check_done(receipt, true)
        }
        Some(_) => Err("the container of the output is unknown".into()),
    }
}

/// Whether it is about one file of several: the windows may all be in another.
fn is_part(receipt: &Receipt) -> bool {
    matches!(receipt.inputs.as_slice(), [input] if input.key.is_some())
}

/// Whether no window came from it.
fn is_empty(source: &SourceEntry) -> bool {
    source.marks.placed == 0 && source.finds.is_empty()
}

/// Checks that the inputs fit together, and the delivery its kind.
fn check_inputs(receipt: &Receipt) -> Result<(), String> {
    let inputs = receipt.inputs.as_slice();
    let rate = receipt.rate();
    ensure(inputs.iter().all(|input| input.rate == rate), "the inputs differ in rate")?;
    let is_bare = |url: &String| Delivery::store(url).url.as_ref() == Some(url);
    let are_bare = inputs.iter().all(|input| input.url.as_ref().is_none_or(is_bare));
    ensure(are_bare, "the URL of an input has credentials or a query")?;
    let mut keys: Vec<_> = inputs.iter().map(|input| &input.key).collect();
    let is_mono = inputs.iter().all(|input| input.channels == 1 && input.key.is_some());
    keys.sort_unstable();
    keys.dedup();
    let several = is_mono && keys.len() == inputs.len();
    ensure(
        inputs.len() == 1 || several,
        "several inputs must each have one channel and a key of their own",
    )?;
    let is_short = |silence: u64| u128::from(silence) * SILENCE_PART <= u128::from(rate);
    let fits = inputs.iter().all(|input| is_short(input.silence));
    let longest = inputs.iter().any(|input| input.silence == 0);
    ensure(fits && longest, "the inputs differ too much in length")?;
    let contradiction = receipt.delivery.as_ref().and_then(Delivery::contradiction);
    contradiction.map_or(Ok(()), |why| Err(why.into()))
}

impl Receipt {
    /// The map from the recording's clock, which windows refer to, to frames of the output.
    ///
    /// # Errors
    /// What is wrong with the lengths or gaps.
    pub fn timeline(&self) -> Result<Timeline, String> {
        let mut timelines = self.inputs.iter().map(|input| self.timeline_of(input));
        // Several inputs have no closed gaps, so each has the timeline of the whole.
        let first = timelines.next().unwrap_or_else(|| Err("there is no input".into()))?;
        timelines.try_for_each(|timeline| timeline.map(drop))?;
        Ok(first)
    }

    fn timeline_of(&self, input: &InputEntry) -> Result<Timeline, String> {
        let frames = self.output.frames;
        let silence = input.gaps.as_ref().map_or(0, GapsEntry::filled).checked_add(input.silence);
        let same = silence.and_then(|silence| input.frames.checked_add(silence)) == Some(frames);
        ensure(same, "input and output differ in length")?;
        let Some(entry) = &input.gaps else { return Ok(Timeline::new(frames, &[])) };
        let policy = entry.policy().ok_or("gaps are neither filled nor closed")?;
        let gaps = entry.gaps(input.rate).filter(|gaps| !gaps.is_empty());
        let gaps = gaps.ok_or("the gaps are out of order")?;
        let closed = if policy == Gaps::Close { gaps.as_slice() } else { &[] };
        ensure(closed.is_empty() || self.inputs.len() == 1, "a gap of one input alone is closed")?;
        let timeline = Timeline::new(frames, closed);
        let inside = gaps.last().is_none_or(|gap| gap.at + gap.frames <= timeline.end());
        ensure(inside, "a gap lies after the last frame")?;
        Ok(timeline)
    }

    /// The requested windows, with their padding.
    ///
    /// # Errors
    /// What is wrong with the windows.
    pub fn windows(&self) -> Result<Windows, String> {
        let time = |pad| time_from_seconds(pad).map_err(|_| "the padding is not a time");
        let asked = self.asked.windows.iter().map(|entry| {
            let window = entry.window().ok_or("a requested window is invalid")?;
            let [before, after] = entry.pad.unwrap_or([self.asked.pad; 2]);
            Ok::<_, &str>(window.padded(time(before)?, time(after)?))
        });
        let asked = asked.collect::<Result<Vec<Window>, _>>()?;
        if asked.is_empty() {
            return Ok(Windows::none());
        }
        Windows::new(asked).map_err(|_| "a requested window is invalid".into())
    }

    /// The treatment.
    ///
    /// # Errors
    /// What is wrong with the treatment.
    pub fn treatment(&self) -> Result<Treatment, String> {
        let treatment = self.treatment.treatment();
        let same = treatment.filter(|&treatment| TreatmentEntry::of(treatment) == self.treatment);
        same.ok_or_else(|| "the treatment does not fit its kind".into())
    }
}

/// Whether two windows are equal, to a nanosecond or the precision of a JSON number.
fn is_same(a: &WindowEntry, b: &WindowEntry) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 + a.abs() * 1e-15;
    near(a.start, b.start)
        && near(a.end, b.end)
        && (a.channel, &a.label, &a.reason, a.cut, a.in_gap)
            == (b.channel, &b.label, &b.reason, b.cut, b.in_gap)
}

/// The sample format of this name.
pub(super) fn format_of(name: &str) -> Result<SampleFormat, String> {
    use SampleFormat::{ALaw, F32, MuLaw, S16, S24, S32, U8};
    let formats = [U8, S16, S24, S32, F32, ALaw, MuLaw];
    let found = formats.into_iter().find(|format| format.to_string() == name);
    found.ok_or_else(|| "the sample format of the output is unknown".into())
}

/// Whether a span is no louder than its treatment allows, up to the rounding of its format.
fn is_treated(
    span: &SpanEntry,
    rate: u32,
    treatment: Treatment,
    (format, bits): (SampleFormat, Option<u16>),
) -> bool {
    let (before, after) = match (&span.before, &span.after) {
        (Some(before), Some(after)) => (before, after),
        (None, None) => return !has_levels(span.frames, rate),
        _ => return false,
    };
    let amplitude = |level: Option<f64>| level.map_or(0.0, |level| Decibels(level).amplitude());
    let full_scale = if format == SampleFormat::F32 { f64::MAX } else { ROUNDING };
    let is_plausible = |levels: &LevelsEntry| {
        let (peak, rms) = (amplitude(levels.peak_db), amplitude(levels.rms_db));
        peak <= full_scale && rms <= peak * ROUNDING
    };
    let most = match treatment.tone_hz() {
        Some(_) => TONE_PEAK,
        None => amplitude(before.peak_db) * treatment.gain(),
    };
    // Silence is exact, except in A-law, which has no code for 0.
    let silent = most == 0.0 && format != SampleFormat::ALaw;
    let room = if silent { 0.0 } else { rounding_error(format, bits, most) };
    has_levels(span.frames, rate)
        && is_plausible(before)
        && is_plausible(after)
        && amplitude(after.peak_db) <= (most + room) * ROUNDING
}

/// Checks that every time parses and that no response precedes its request.
fn check_times(receipt: &Receipt) -> Result<(), String> {
    let time =
        |text: &str| humantime::parse_rfc3339(text).map_err(|_| format!("`{text}` is not a time"));
    time(&receipt.made)?;
    let delivery = receipt.delivery.as_ref();
    if let Some(date) = delivery.and_then(|to| to.original.as_ref()?.delete_date.as_ref()) {
        time(date)?;
    }
    for step in delivery.iter().flat_map(|delivery| &delivery.steps) {
        let forward = time(&step.began)? <= time(&step.answered)?;
        ensure(forward, "a step was answered before it began")?;
    }
    Ok(())
}

fn ensure(condition: bool, otherwise: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}
