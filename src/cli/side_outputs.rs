//! Side outputs: the receipt, its signature, the page and the masked transcript that go with a redaction.
//! They are written to hidden files before the redaction is delivered, and moved into place together with
//! it. Objects in a bucket are written at the very end, because they cannot be taken back.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sordino::receipt::SourceEntry;
use sordino::report::MOST_AUDIO;
use sordino::signature::{RECEIPT_NAMESPACE, Signer};
use sordino::spool;
use sordino::transcript::Masked;
use sordino::{Error, EvidenceOptions, Receipt, Redacted, Report};

use super::args::{EvidenceArgs, WindowsSource};
use super::exit::Failure;
use super::input::is_dash;
use super::messages::{detail, note, tell};
use super::output::{OutputPath, signature_of};
use super::remote;
use super::text::count;

/// Which side outputs are wanted, and where they go.
pub(crate) struct SideOutputs {
    receipt: Option<OutputPath>,
    /// Of the receipt.
    signature: Option<(OutputPath, Arc<Signer>)>,
    report: Option<OutputPath>,
    transcript: Option<(OutputPath, Masked)>,
    /// What the receipt says of the windows.
    source: WindowsSource,
    audio: bool,
    /// Whether the self-check is on; if it is, only a result that passed it is reported.
    pub(crate) self_check: bool,
    force: bool,
}

impl SideOutputs {
    /// Checks the paths: against each other, against `inputs`, and against `output`.
    pub(crate) fn check(
        args: &EvidenceArgs,
        mut source: WindowsSource,
        inputs: &[&Path],
        output: Option<&Path>,
        force: bool,
        signer: Option<Arc<Signer>>,
    ) -> Result<Self, Failure> {
        let inputs: Vec<&Path> = inputs.iter().copied().chain(args.sign.inputs()).collect();
        let mut taken: Vec<PathBuf> = output.into_iter().map(Path::to_owned).collect();
        let mut check = |path: &PathBuf| {
            let doing = || format!("writing {}", path.display());
            if is_dash(path) {
                return Err(Failure::usage(doing(), "give the path of a file; stdout is not one"));
            }
            let path = OutputPath::check(path, &inputs, force)?;
            if taken.iter().any(|other| path.is_at(other)) {
                let mend = "another output goes there; give another path";
                return Err(Failure::usage(doing(), mend));
            }
            taken.push(path.target.clone());
            Ok(path)
        };
        let transcript = match source.masked.take() {
            Some((path, masked)) => Some((check(&path)?, masked)),
            None => None,
        };
        let signature = match args.receipt.as_deref().zip(signer) {
            Some((receipt, signer)) => Some((check(&signature_of(receipt))?, signer)),
            None => None,
        };
        Ok(Self {
            receipt: args.receipt.as_ref().map(&mut check).transpose()?,
            signature,
            report: args.report.as_ref().map(check).transpose()?,
            transcript,
            source,
            audio: args.report_audio,
            self_check: !args.no_self_check,
            force,
        })
    }

    /// The same, with what the receipt says of the windows, if there is more to say.
    pub(crate) fn with_source(mut self, source: Option<SourceEntry>) -> Self {
        self.source.entry = source.or(self.source.entry);
        self
    }

    /// The evidence that a redaction must collect for them.
    pub(crate) fn options(&self) -> EvidenceOptions {
        EvidenceOptions {
            self_check: self.self_check,
            // The page shows what is in the receipt.
            receipt: self.receipt.is_some() || self.report.is_some(),
            waveform: self.report.is_some(),
        }
    }

    /// Writes them to hidden files. `title` is the page's name for the recording.
    pub(crate) fn write(
        &self,
        title: &str,
        redacted: &Redacted,
        receipt: Option<Receipt>,
    ) -> Result<Vec<Draft>, Failure> {
        let mut drafts = Vec::new();
        if let Some((path, masked)) = &self.transcript {
            let draft =
                Draft::write(path, self.force, "text/plain", |out| out.write_all(&masked.bytes));
            drafts.push(draft.map_err(|error| Failure::of("writing the transcript", error))?);
        }
        let Some(receipt) = receipt else { return Ok(drafts) };
        let receipt = self.source.stated_in(receipt);
        if let Some(path) = &self.receipt {
            let json = receipt.to_json();
            let draft = Draft::write(path, self.force, "application/json", |out| {
                out.write_all(json.as_bytes())
            });
            drafts.push(draft.map_err(|error| Failure::of("writing the receipt", error))?);
            drafts.extend(self.sign(json.as_bytes())?);
        }
        if let Some(path) = &self.report {
            let receipt = &receipt;
            let mut report = Report::new(title, receipt, redacted);
            if self.audio {
                report = report.with_audio();
                if !report.has_audio() {
                    let most = MOST_AUDIO / 1024 / 1024;
                    note(&format!("more than {most} MiB of audio; the page has no player"));
                }
            }
            let draft = Draft::write(path, self.force, "text/html", |out| report.write(out));
            drafts.push(draft.map_err(|error| Failure::of("writing the page", error))?);
        }
        Ok(drafts)
    }

    /// The signature of the receipt, in a hidden file.
    fn sign(&self, receipt: &[u8]) -> Result<Option<Draft>, Failure> {
        let Some((path, signer)) = &self.signature else { return Ok(None) };
        let signed = signer.sign(RECEIPT_NAMESPACE, receipt);
        let signed = signed.map_err(|error| Failure::failed("signing the receipt", error))?;
        let draft =
            Draft::write(path, self.force, "text/plain", |out| out.write_all(signed.as_bytes()));
        draft.map(Some).map_err(|error| Failure::of("writing the signature", error))
    }

    /// The end of the sentence that reports a redaction: the verdict of the self-check, and the paths.
    pub(crate) fn ending(&self) -> String {
        let checked = self.checked();
        self.paths().map_or(format!("; {checked}"), |paths| format!("; {checked}; {paths}"))
    }

    /// The verdict of the self-check, in words.
    pub(crate) fn checked(&self) -> &'static str {
        if self.self_check { "self-check passed" } else { "not checked" }
    }

    /// Tells people at a terminal that there could be a page.
    pub(crate) fn offer_page(&self) {
        if self.report.is_none() && std::io::stderr().is_terminal() {
            tell(
                "tip: --report page.html writes a page to look at, --receipt receipt.json the evidence",
            );
        }
    }

    /// `receipt r.json, page p.html, transcript t.json (9 words masked)`; `None` if there are no side
    /// outputs.
    pub(crate) fn paths(&self) -> Option<String> {
        let name = |what: &str, path: &Option<OutputPath>| {
            path.as_ref().map(|path| format!("{what} {}", path.named.display()))
        };
        let transcript = self.transcript.as_ref().map(|(path, masked)| {
            let words = count(masked.words, "word");
            format!("transcript {} ({words} masked)", path.named.display())
        });
        let signature =
            self.signature.as_ref().map(|(path, _)| format!("signature {}", path.named.display()));
        let (receipt, page) = (name("receipt", &self.receipt), name("page", &self.report));
        let all = [receipt, signature, page, transcript];
        let all: Vec<_> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// Something complete that is not at its place yet: a hidden file, or the bytes of an object.
pub(crate) enum Draft {
    File(spool::Draft),
    Object(remote::Draft),
}

/// A file at its place that can still be taken back, or an object that is still to be written.
pub(crate) enum Placed {
    File(spool::Placed),
    /// `None` when it is written.
    Object(Option<remote::Draft>),
}

impl Placed {
    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

impl Draft {
    /// Writes a draft of the file or the object.
    pub(crate) fn write(
        path: &OutputPath,
        force: bool,
        content_type: &'static str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, Error> {
        let Some(place) = &path.object else {
            return spool::Draft::write(&path.target, force, write).map(Self::File);
        };
        let mut bytes = Vec::new();
        write(&mut bytes).map_err(Error::Write)?;
        Ok(Self::Object(remote::Draft::new(place, content_type, bytes, force)))
    }

    /// Puts it in its place.
    pub(crate) fn put(self) -> Result<(), Failure> {
        put(vec![self]).and_then(keep)
    }

    /// Moves a file to its place; an object is written when it is [kept](keep).
    pub(crate) fn place(self) -> Result<Placed, Error> {
        match self {
            Self::File(draft) => draft.place().map(Placed::File),
            Self::Object(draft) => Ok(Placed::Object(Some(draft))),
        }
    }
}

/// Moves all files into place, or none of them. Until they are [kept](keep), what was there before
/// comes back when the result is dropped.
pub(crate) fn put(drafts: Vec<Draft>) -> Result<Vec<Placed>, Failure> {
    let placed = drafts.into_iter().map(Draft::place).collect::<Result<_, _>>();
    placed
        .map_err(|error| Failure::of("delivering the receipt, the page and the transcript", error))
}

/// Writes the objects.
pub(crate) fn upload(placed: &mut [Placed]) -> Result<(), Failure> {
    for placed in placed {
        if let Placed::Object(draft) = placed {
            draft.take().map_or(Ok(()), remote::Draft::put)?;
        }
    }
    Ok(())
}

/// Writes the objects that are not written yet, and makes the move of the files final: the recording that
/// they describe is in place too.
pub(crate) fn keep(mut placed: Vec<Placed>) -> Result<(), Failure> {
    upload(&mut placed)?;
    if !placed.is_empty() {
        detail(&format!("{} moved into place", count(placed.len(), "side output")));
    }
    for placed in placed {
        if let Placed::File(file) = placed {
            file.keep();
        }
    }
    Ok(())
}
