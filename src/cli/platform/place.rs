//! Where the files of a recording go: a path for one, or a folder that gets one for each.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sordino::OutputFormat;
use sordino::genesys::platform::Original;
use sordino::job::platform::METADATA_SUFFIX;
use sordino::signature::Signer;

use super::super::args::{EvidenceArgs, SignArgs, WindowsSource};
use super::super::exit::Failure;
use super::super::input::is_dash;
use super::super::output::{OutputPath, note_ending};
use super::super::side_outputs::SideOutputs;
use super::super::{remote, stdout};
use super::folders::MadeFolders;

/// Where files of one kind go.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File(PathBuf),
    /// Gets `CONVERSATION/RECORDING.wav`.
    Folder(PathBuf),
}

/// Where the redacted copies go.
#[derive(Debug)]
pub(super) enum Destination {
    /// A dry run.
    Nowhere,
    Stdout(File),
    At(Place),
}

/// Where all files go.
pub(super) struct Places {
    pub(super) copies: Destination,
    /// The path of the conversation below the folder of the copies, if it is that of an export.
    pub(super) export: Option<String>,
    receipt: Option<Place>,
    report: Option<Place>,
    audio: bool,
    no_self_check: bool,
    /// Signs the receipts.
    signer: Option<Arc<Signer>>,
    /// For the receipts; and the masked transcript, of which there is only one.
    source: WindowsSource,
    /// Files that must not be overwritten.
    inputs: Vec<PathBuf>,
    force: bool,
}

/// Where the files of one copy go, checked.
pub(super) struct Targets {
    pub(super) copy: Option<OutputPath>,
    /// Beside the copy, in an export.
    pub(super) metadata: Option<OutputPath>,
    pub(super) side_outputs: SideOutputs,
}

impl Destination {
    pub(super) fn is_object(&self) -> bool {
        let Self::At(Place::File(path) | Place::Folder(path)) = self else { return false };
        remote::is_object(path)
    }
}

impl Place {
    /// The place at a path. `several`: why there may be more than one file, if there may.
    fn of(flag: &str, path: &Path, several: Option<&str>) -> Result<Self, Failure> {
        let wrong = |why: String| Err(Failure::usage(format!("reading {flag}"), why));
        if let Some(place) = remote::object(path)? {
            let url = place.to_string();
            let prefix = url.trim_end_matches('/').to_owned();
            return match several {
                // Also a bucket alone.
                _ if url.ends_with('/') => Ok(Self::Folder(prefix.into())),
                None => Ok(Self::File(url.into())),
                Some(why) => wrong(format!("{why}; give a prefix, such as {prefix}/")),
            };
        }
        let is_marked = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        // Without the `/`, which a file cannot have.
        let bare: PathBuf = path.components().collect();
        match several {
            _ if path.is_dir() => Ok(Self::Folder(bare)),
            _ if is_marked && bare.exists() => wrong(format!("{} is a file", bare.display())),
            _ if is_marked => Ok(Self::Folder(bare)),
            None => Ok(Self::File(path.to_owned())),
            Some(why) => wrong(format!("{why}; give a folder, such as {}/", bare.display())),
        }
    }

    /// The path for a recording, with the key if it has a file for each. `below`: the path of its conversation
    /// in the folder.
    fn path(&self, original: &Original, key: Option<&str>, below: &str, ending: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Folder(folder) => {
                let key = key.map_or(String::new(), |key| format!(".{key}"));
                let name = format!("{}{key}.{ending}", original.recording_id());
                folder.join(below).join(name)
            }
        }
    }
}

impl Places {
    /// Reads the paths. `copies` is that of the copies with its flag.
    pub(super) fn check(
        copies: Option<(&str, &Path)>,
        evidence: &EvidenceArgs,
        source: WindowsSource,
        inputs: Vec<PathBuf>,
        force: bool,
        several: Option<&str>,
        signer: Option<Arc<Signer>>,
    ) -> Result<Self, Failure> {
        if let (Some(why), Some(_)) = (several, &source.masked) {
            let mend = format!("{why}; write the transcript with `sordino windows`");
            return Err(Failure::usage("reading --redacted-transcript", mend));
        }
        let copies = match copies {
            None => Destination::Nowhere,
            Some(("--to", path)) if is_dash(path) => match several {
                None => Destination::Stdout(stdout::for_audio()?),
                Some(why) => {
                    let mend = format!("{why}, and stdout holds one; give a folder");
                    return Err(Failure::usage("reading --to", mend));
                }
            },
            Some((flag, path)) if is_dash(path) => {
                let mend = "give the path of a file or a folder; stdout is not one";
                return Err(Failure::usage(format!("reading {flag}"), mend));
            }
            Some((flag, path)) => Destination::At(Place::of(flag, path, several)?),
        };
        let place = |flag: &str, path: &Option<PathBuf>| match path {
            Some(path) if is_dash(path) => {
                let mend = "give the path of a file; stdout is not one";
                Err(Failure::usage(format!("reading {flag}"), mend))
            }
            Some(path) => Place::of(flag, path, several).map(Some),
            None => Ok(None),
        };
        let places = Self {
            copies,
            export: None,
            receipt: place("--receipt", &evidence.receipt)?,
            report: place("--report", &evidence.report)?,
            audio: evidence.report_audio,
            no_self_check: evidence.no_self_check,
            signer,
            source,
            inputs,
            force,
        };
        places.check_files()?;
        Ok(places)
    }

    /// Checks what is no folder, and so known before anything is fetched.
    fn check_files(&self) -> Result<(), Failure> {
        let file = |place: Option<&Place>| match place {
            Some(Place::File(path)) => Some(path.clone()),
            _ => None,
        };
        let copy = match &self.copies {
            Destination::At(place) => file(Some(place)),
            _ => None,
        };
        let (receipt, report) = (file(self.receipt.as_ref()), file(self.report.as_ref()));
        self.targets_at(copy, receipt, report).map(drop)
    }

    /// What evidence is to be collected.
    pub(super) fn evidence(&self) -> sordino::EvidenceOptions {
        sordino::EvidenceOptions {
            self_check: !self.no_self_check,
            // The page shows what is in the receipt. The digest of an object is written down with it.
            receipt: self.receipt.is_some() || self.report.is_some() || self.copies.is_object(),
            waveform: self.report.is_some(),
        }
    }

    /// All paths for one copy: its own, its receipt's, its page's.
    fn paths(
        &self,
        original: &Original,
        key: Option<&str>,
        format: OutputFormat,
    ) -> [Option<PathBuf>; 3] {
        let conversation = original.conversation_id();
        let copy = match &self.copies {
            Destination::At(place) => {
                let below = self.export.as_deref().unwrap_or(conversation);
                Some(place.path(original, key, below, format.ending()))
            }
            _ => None,
        };
        let of = |place: &Option<Place>, ending: &str| {
            place.as_ref().map(|place| place.path(original, key, conversation, ending))
        };
        [copy, of(&self.receipt, "json"), of(&self.report, "html")]
    }

    /// Checks that the files of a copy can be written, as far as that is known before their folders exist.
    pub(super) fn check_free(&self, original: &Original, key: Option<&str>) -> Result<(), Failure> {
        let has_folder =
            |path: &PathBuf| remote::is_object(path) || path.parent().is_some_and(Path::is_dir);
        let paths = self.paths(original, key, OutputFormat::Wav);
        let paths = paths.map(|path| path.filter(has_folder));
        let [copy, receipt, report] = paths;
        self.targets_at(copy, receipt, report).map(drop)
    }

    /// The files of one copy. Makes their folders.
    pub(super) fn targets(
        &self,
        original: &Original,
        key: Option<&str>,
        format: OutputFormat,
    ) -> Result<(Targets, MadeFolders), Failure> {
        let paths = self.paths(original, key, format);
        paths[0].iter().for_each(|path| note_ending(path, format));
        let mut made = MadeFolders::default();
        let files = paths.iter().flatten().filter(|path| !remote::is_object(path));
        for folder in files.filter_map(|path| path.parent()) {
            made.make(folder).map_err(|error| {
                Failure::failed(format!("making the folder {}", folder.display()), error)
            })?;
        }
        let [copy, receipt, report] = paths;
        Ok((self.targets_at(copy, receipt, report)?, made))
    }

    fn targets_at(
        &self,
        copy: Option<PathBuf>,
        receipt: Option<PathBuf>,
        report: Option<PathBuf>,
    ) -> Result<Targets, Failure> {
        let inputs: Vec<&Path> = self.inputs.iter().map(PathBuf::as_path).collect();
        let check = |path: &Path| OutputPath::check(path, &inputs, self.force);
        let beside = copy.as_deref().filter(|_| self.export.is_some()).map(|copy| {
            let mut path = copy.as_os_str().to_owned();
            path.push(METADATA_SUFFIX);
            PathBuf::from(path)
        });
        let metadata = beside.as_deref().map(check).transpose()?;
        let copy = copy.as_deref().map(check).transpose()?;
        let target = copy.as_ref().map(|path| path.target.as_path());
        let evidence = EvidenceArgs {
            receipt,
            report,
            report_audio: self.audio,
            no_self_check: self.no_self_check,
            // Its files are among the inputs.
            sign: SignArgs::default(),
        };
        let (source, signer) = (self.source.clone(), self.signer.clone());
        let side_outputs =
            SideOutputs::check(&evidence, source, &inputs, target, self.force, signer)?;
        Ok(Targets { copy, metadata, side_outputs })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_one_that_exists_or_ends_in_a_slash() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("file"), "").unwrap();
        let of = |name: &str, several| {
            let path = base.path().join(name);
            Place::of("--to", &path, several)
        };
        let original = Original::new("c", "r").unwrap();
        let path = |place: &Place| place.path(&original, Some("1"), "c", "wav");
        let folder = of("new/", None).unwrap();
        assert_eq!(path(&folder), base.path().join("new/c/r.1.wav"));
        assert!(matches!(of("", Some("why")), Ok(Place::Folder(_))));
        assert!(matches!(of("new", None), Ok(Place::File(_))));
        assert_eq!(path(&of("new", None).unwrap()), base.path().join("new"));
        for (name, several) in [("new", Some("why")), ("file", Some("why")), ("file/", None)] {
            assert!(of(name, several).is_err(), "{name}");
        }
    }
}
