//! What goes with a redaction: the receipt and the page. They are written in full before the
//! redaction is delivered, and put in their places when it is.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use sordino::report::MOST_AUDIO;
use sordino::spool::{Draft, Placed};
use sordino::{EvidenceOptions, Receipt, Redacted, Report};

use super::args::EvidenceArgs;
use super::exit::{Failure, say};
use super::plan::{self, Place};

/// Where they go.
#[derive(Debug, Clone)]
pub(crate) struct SideOutputs {
    receipt: Option<Place>,
    report: Option<Place>,
    audio: bool,
    self_check: bool,
    force: bool,
}

impl SideOutputs {
    /// Checks the paths: against each other, and against those that must stay, or are written too.
    pub(crate) fn check(
        args: &EvidenceArgs,
        inputs: &[&Path],
        output: Option<&Path>,
        force: bool,
    ) -> Result<Self, Failure> {
        let mut taken: Vec<PathBuf> = output.into_iter().map(Path::to_owned).collect();
        let mut check = |path: &PathBuf| {
            let doing = || format!("writing {}", path.display());
            if plan::is_dash(path) {
                return Err(Failure::usage(doing(), "this takes the path of a file"));
            }
            let place = plan::check_output(path, inputs, force)?;
            if taken.iter().any(|other| plan::is_same_place(&place.target, other)) {
                return Err(Failure::usage(
                    doing(),
                    "another output goes there; give another path",
                ));
            }
            taken.push(place.target.clone());
            Ok(place)
        };
        Ok(Self {
            receipt: args.receipt.as_ref().map(&mut check).transpose()?,
            report: args.report.as_ref().map(check).transpose()?,
            audio: args.report_audio,
            self_check: !args.no_self_check,
            force,
        })
    }

    /// What must be seen on the way, for them.
    pub(crate) fn proof(&self) -> EvidenceOptions {
        EvidenceOptions {
            self_check: self.self_check,
            // The page shows what is in the receipt.
            receipt: self.receipt.is_some() || self.report.is_some(),
            waveform: self.report.is_some(),
        }
    }

    /// Writes them. `title` is what the page calls the recording.
    pub(crate) fn write(
        &self,
        title: &str,
        redacted: &Redacted,
        receipt: Option<&Receipt>,
    ) -> Result<Vec<Draft>, Failure> {
        let Some(receipt) = receipt else { return Ok(Vec::new()) };
        let mut drafts = Vec::new();
        if let Some(Place { target, .. }) = &self.receipt {
            let json = receipt.to_json();
            let draft = Draft::write(target, self.force, |out| out.write_all(json.as_bytes()));
            drafts.push(draft.map_err(|error| Failure::of("writing the receipt", error))?);
        }
        if let Some(Place { target, .. }) = &self.report {
            let mut report = Report::new(title, receipt, redacted);
            if self.audio {
                report = report.with_audio();
                if !report.has_audio() {
                    let most = MOST_AUDIO / 1024 / 1024;
                    say(&format!("note: more than {most} MiB of audio; the page has no player"));
                }
            }
            let draft = Draft::write(target, self.force, |out| report.write(out));
            drafts.push(draft.map_err(|error| Failure::of("writing the page", error))?);
        }
        Ok(drafts)
    }

    /// What stands behind the sentence that says what was done: the verdict, and where these are.
    pub(crate) fn ending(&self) -> String {
        let checked = self.checked();
        self.line().map_or(format!("; {checked}"), |line| format!("; {checked}; {line}"))
    }

    /// The verdict of the self-check, for people.
    pub(crate) fn checked(&self) -> &'static str {
        if self.self_check { "self-check passed" } else { "not checked" }
    }

    /// The verdict of the self-check, for programs.
    pub(crate) fn verdict(&self) -> &'static str {
        if self.self_check { "passed" } else { "off" }
    }

    /// Says that there could be a page, to people.
    pub(crate) fn offer_page(&self) {
        if self.report.is_none() && std::io::stderr().is_terminal() {
            say(
                "tip: --report page.html writes a page to look at, --receipt receipt.json the evidence",
            );
        }
    }

    /// A line that says where they are; none, if there are none.
    pub(crate) fn line(&self) -> Option<String> {
        let name = |what: &str, place: &Option<Place>| {
            place.as_ref().map(|place| format!("{what} {}", place.named.display()))
        };
        let both = [name("receipt", &self.receipt), name("page", &self.report)];
        let both: Vec<_> = both.into_iter().flatten().collect();
        (!both.is_empty()).then(|| both.join(", "))
    }
}

/// Puts them in their places, or none of them. What was there before comes back, unless they are
/// [kept](keep).
pub(crate) fn put(drafts: Vec<Draft>) -> Result<Vec<Placed>, Failure> {
    let placed = drafts.into_iter().map(Draft::place).collect::<Result<_, _>>();
    placed.map_err(|error| Failure::of("delivering what goes with the recording", error))
}

/// Lets them stay: what they speak of is there.
pub(crate) fn keep(placed: Vec<Placed>) {
    placed.into_iter().for_each(Placed::keep);
}
