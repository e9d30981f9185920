//! Reports: the page that a person can look at.
//!
//! In: a [`Receipt`], a [`Waveform`], perhaps the redacted audio. Out: one HTML file that needs nothing
//! else: no network, no library; light and dark, for screens, printers and screen readers. Labels and
//! reasons come from users and are escaped. What can go wrong: writing.

use std::io::{self, Read, Write};

use askama::Template;
use base64::write::EncoderWriter;

use crate::evidence::Waveform;
use crate::receipt::Receipt;
use crate::redact::Redacted;

mod svg;
mod text;

use svg::{Channel, ticks};
use text::{Part, Row, Verdict};

/// The most windows that the table lists; the receipt has all.
const MOST_ROWS: usize = 1000;

/// Stands in the page where the audio goes.
const AUDIO_HERE: &str = " aria-label=\"The redacted recording\">";

/// The longest recording that a page can play, in bytes: browsers hold all of it in memory.
pub const MOST_AUDIO: u64 = 64 * 1024 * 1024;

/// A page about one redaction.
#[derive(Debug)]
pub struct Report<'a> {
    title: &'a str,
    receipt: &'a Receipt,
    redacted: &'a Redacted,
    audio: bool,
}

#[derive(Template)]
#[template(path = "page.html", config = "src/report/askama.toml")]
struct Page<'a> {
    title: &'a str,
    sentence: String,
    verdicts: Vec<Verdict>,
    channels: Vec<Channel>,
    columns: usize,
    ticks: Vec<String>,
    rows: Vec<Row>,
    more: usize,
    /// Whether any window has a reason.
    reasons: bool,
    facts: Vec<Part>,
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

    /// With a player of the redacted recording, if it is not longer than [`MOST_AUDIO`].
    #[must_use]
    pub fn with_audio(mut self) -> Self {
        self.audio = self.redacted.bytes() <= MOST_AUDIO;
        self
    }

    /// Whether there is a player.
    pub fn has_audio(&self) -> bool {
        self.audio
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `output`, and of reading the redacted recording back.
    pub fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        let page = self.page().render().map_err(io::Error::other)?;
        let place = page.find(AUDIO_HERE).filter(|_| self.audio);
        let Some(place) = place else { return output.write_all(page.as_bytes()) };
        let (before, after) = page.split_at(place);
        output.write_all(before.as_bytes())?;
        // Piece by piece: in base64 it is longer by a third than in memory.
        output.write_all(b" src=\"data:audio/wav;base64,")?;
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
        let none = Waveform::none();
        let waveform = self.redacted.evidence().waveform.as_ref().unwrap_or(&none);
        let rows = text::rows(receipt, MOST_ROWS);
        Page {
            title: self.title,
            sentence: text::sentence(receipt),
            verdicts: text::verdicts(receipt),
            channels: svg::channels(waveform, receipt),
            columns: waveform.channels.first().map_or(1, Vec::len).max(1),
            ticks: ticks(receipt),
            more: receipt.windows.len() - rows.len(),
            reasons: receipt.windows.iter().any(|window| window.reason.is_some()),
            rows,
            facts: text::facts(receipt),
            made: &receipt.made,
            version: &receipt.tool.version,
            step: waveform.step * 1000 / u64::from(receipt.input.rate.max(1)),
            audio: self.audio,
            style: include_str!("report/page.css"),
            script: include_str!("report/page.js"),
        }
    }
}
