//! What goes with a redaction: the receipt and the page. They are written in full before the
//! redaction is delivered, and put in their places when it is.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use sordino::report::MOST_AUDIO;
use sordino::spool::Draft;
use sordino::{Proof, Receipt, Redacted, Report};

use super::args::ProofArgs;
use super::exit::{Failure, say};
use super::plan;

/// Where they go.
#[derive(Debug, Clone)]
pub(crate) struct Papers {
    receipt: Option<PathBuf>,
    report: Option<PathBuf>,
    audio: bool,
    self_check: bool,
    force: bool,
}

impl Papers {
    /// Checks the paths: against each other, and against those that must stay, or are written too.
    pub(crate) fn check(
        args: &ProofArgs,
        inputs: &[&Path],
        output: Option<&Path>,
        force: bool,
    ) -> Result<Self, Failure> {
        let mut taken: Vec<&Path> = output.into_iter().collect();
        for path in [&args.receipt, &args.report].into_iter().flatten() {
            let doing = || format!("writing {}", path.display());
            if plan::is_dash(path) {
                return Err(Failure::usage(doing(), "this takes the path of a file"));
            }
            plan::check_output(path, inputs, force)?;
            if taken.iter().any(|other| plan::is_same_place(path, other)) {
                return Err(Failure::usage(
                    doing(),
                    "another output goes there; give another path",
                ));
            }
            taken.push(path);
        }
        Ok(Self {
            receipt: args.receipt.clone(),
            report: args.report.clone(),
            audio: args.report_audio,
            self_check: !args.no_self_check,
            force,
        })
    }

    /// What must be seen on the way, for them.
    pub(crate) fn proof(&self) -> Proof {
        Proof {
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
        if let Some(path) = &self.receipt {
            let json = receipt.to_json();
            let draft = Draft::write(path, self.force, |out| out.write_all(json.as_bytes()));
            drafts.push(draft.map_err(|error| Failure::of("writing the receipt", error))?);
        }
        if let Some(path) = &self.report {
            let mut report = Report::new(title, receipt, redacted);
            if self.audio {
                report = report.with_audio();
                if !report.has_audio() {
                    let most = MOST_AUDIO / 1024 / 1024;
                    say(&format!("note: more than {most} MiB of audio; the page has no player"));
                }
            }
            let draft = Draft::write(path, self.force, |out| report.write(out));
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
        let name = |what: &str, path: &Option<PathBuf>| {
            path.as_ref().map(|path| format!("{what} {}", path.display()))
        };
        let both = [name("receipt", &self.receipt), name("page", &self.report)];
        let both: Vec<_> = both.into_iter().flatten().collect();
        (!both.is_empty()).then(|| both.join(", "))
    }
}

/// Puts them in their places, or none of them.
pub(crate) fn put(drafts: Vec<Draft>) -> Result<Placed, Failure> {
    let mut placed = Placed(Vec::new());
    for draft in drafts {
        let path = draft.target().to_owned();
        if let Err(error) = draft.put() {
            placed.take_back();
            return Err(Failure::of("delivering what goes with the recording", error));
        }
        placed.0.push(path);
    }
    Ok(placed)
}

/// Papers that are in their places.
pub(crate) struct Placed(Vec<PathBuf>);

impl Placed {
    /// Removes them: what they speak of has not come.
    pub(crate) fn take_back(&self) {
        // What cannot be removed speaks of a file that is not there, which is harmless.
        self.0.iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
}
