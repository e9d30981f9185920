//! Reports: the evidence of a redaction as an HTML page.
//!
//! In: a [`Receipt`], a [`Waveform`], optionally the redacted audio. Out: one self-contained HTML file,
//! without network access or libraries, in a light and a dark scheme, for screens, printers and screen
//! readers. Labels and reasons come from users and are escaped. Errors: reading back, writing.

use std::io::{self, Read, Write};

use base64::write::EncoderWriter;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::evidence::Waveform;
use crate::receipt::Receipt;
use crate::redact::Redacted;

#[cfg(feature = "batch")]
mod batch;
mod svg;
mod silent;
mod text;

#[cfg(feature = "batch")]
pub use batch::BatchReport;

use svg::ChannelPlot;
use text::{Badge, FactSection, WindowRow};

/// The most windows in the table; the receipt lists all.
const MOST_ROWS: usize = 1000;

/// The end of the player's tag in the page; the audio is inserted before it.
const AUDIO_HERE: &str = " aria-label=\"The redacted recording\">";

/// The largest recording in bytes that a page can play: browsers hold all of it in memory.
pub const MOST_AUDIO: u64 = 64 * 1024 * 1024;

/// A page about one redaction.
#[derive(Debug)]
pub struct Report<'a> {
    title: &'a str,
    receipt: &'a Receipt,
    redacted: &'a Redacted,
    audio: bool,
}

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    sentence: String,
    badges: [Badge; 2],
    plots: Vec<ChannelPlot>,
    /// The width of a plot.
    columns: usize,
    ticks: Vec<String>,
    rows: Vec<WindowRow>,
    /// Windows that the table leaves out.
    more: usize,
    /// Whether any window has a reason.
    reasons: bool,
    facts: Vec<FactSection>,
    made: &'a str,
    version: &'a str,
    /// Milliseconds in a column.
    step: u64,
    audio: bool,
    style: &'static str,
    script: &'static str,
}

impl<'a> Report<'a> {
    /// A page with this title, such as the name of the recording.
    pub fn new(title: &'a str, receipt: &'a Receipt, redacted: &'a Redacted) -> Self {
        Self { title, receipt, redacted, audio: false }
    }

    /// Adds a player of the redacted recording, if it is not larger than [`MOST_AUDIO`].
    #[must_use]
    pub fn with_audio(mut self) -> Self {
        self.audio = self.redacted.bytes() <= MOST_AUDIO;
        self
    }

    /// Whether the page has a player.
    pub fn has_audio(&self) -> bool {
        self.audio
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Errors of `output`, and of reading the redacted recording back.
    pub fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        let page = render(&self.page()).map_err(io::Error::other)?;
        let place = page.find(AUDIO_HERE).filter(|_| self.audio);
        let Some(place) = place else { return output.write_all(page.as_bytes()) };
        let (before, after) = page.split_at(place);
        output.write_all(before.as_bytes())?;
        // Streamed, so that the audio is never in memory as a whole.
        write!(output, " src=\"data:{};base64,", self.redacted.format().media_type())?;
        let mut encoder =
            EncoderWriter::new(&mut *output, &base64::engine::general_purpose::STANDARD);
        io::copy(&mut self.redacted.reader()?.take(MOST_AUDIO), &mut encoder)?;
        encoder.finish()?;
        drop(encoder);
        output.write_all(b"\"")?;
        output.write_all(after.as_bytes())
    }

    fn page(&self) -> Page<'_> {
        let receipt = self.receipt;
        let empty = Waveform::empty();
        let waveform = self.redacted.evidence().waveform.as_ref().unwrap_or(&empty);
        let rows = receipt.windows.iter().take(MOST_ROWS).map(|window| text::row(window, receipt));
        Page {
            title: self.title,
            sentence: text::sentence(receipt),
            badges: text::badges(receipt),
            plots: svg::plots(waveform, receipt),
            columns: waveform.channels.first().map_or(1, Vec::len).max(1),
            ticks: svg::ticks(receipt),
            more: receipt.windows.len().saturating_sub(MOST_ROWS),
            reasons: receipt.windows.iter().any(|window| window.reason.is_some()),
            rows: rows.collect(),
            facts: text::facts(receipt),
            made: &receipt.made,
            version: &receipt.tool.version,
            step: waveform.step * 1000 / u64::from(receipt.rate().max(1)),
            audio: self.audio,
            style: include_str!("report/page.css"),
            script: include_str!("report/page.js"),
        }
    }
}

/// Fills the template. What comes from users is escaped, and a name that the template alone knows is an
/// error.
fn render(page: &Page<'_>) -> Result<String, minijinja::Error> {
    environment().render_str(include_str!("report/page.html"), page)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}
