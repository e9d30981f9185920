//! Paths that a command writes to, checked before any work begins.

use std::path::{Path, PathBuf};

use sordino::OutputFormat;
use sordino::store::Place;

use super::exit::Failure;
use super::input::ending;
use super::messages::note;
use super::remote;

/// A file or an object that will be written.
#[derive(Debug, Clone)]
pub(crate) struct OutputPath {
    /// The path as the user gave it, for messages.
    pub(crate) named: PathBuf,
    /// The path that is written: the same, or the file that a symbolic link leads to.
    pub(crate) target: PathBuf,
    /// The object, if it is one.
    pub(crate) object: Option<Place>,
}

impl OutputPath {
    /// Checks that a file or an object can be written here. `inputs` must not be overwritten, even with
    /// `force`.
    pub(crate) fn check(path: &Path, inputs: &[&Path], force: bool) -> Result<Self, Failure> {
        let Some(place) = remote::object(path)? else {
            return Self::check_file(path, inputs, force);
        };
        if inputs.contains(&path) {
            let why = "this is an input, which is never overwritten; give another URL";
            return Err(Failure::usage(format!("writing {place}"), why));
        }
        remote::check(&place, force)?;
        Ok(Self { named: path.to_owned(), target: path.to_owned(), object: Some(place) })
    }

    /// The same where only a file of this machine can be written.
    pub(crate) fn check_file(path: &Path, inputs: &[&Path], force: bool) -> Result<Self, Failure> {
        let wrong = |why: &str| Err(Failure::usage(format!("writing {}", path.display()), why));
        if remote::is_object(path) {
            return wrong("only a file can be written here; give a path");
        }
        if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return wrong("this is a folder; give the path of a file");
        }
        // Not `exists`, which follows a link and says no for one that leads nowhere.
        let is_link = path.is_symlink();
        let metadata = path.metadata().ok();
        if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            return wrong(
                "this is not a file; to write into a pipe or device, give -o - and redirect",
            );
        }
        let resolved = path.canonicalize().ok();
        let is_resolved =
            |input: &&Path| resolved.is_some() && input.canonicalize().ok() == resolved;
        if inputs.iter().any(is_resolved) {
            return wrong("this is an input, which is never overwritten; give another path");
        }
        if (metadata.is_some() || is_link) && !force {
            return wrong("it exists already; give --force to replace it");
        }
        let target = match (is_link, resolved) {
            // The link stays, and the file that it leads to is replaced.
            (true, Some(resolved)) => resolved,
            (true, None) => return wrong("this is a link to nothing; remove it first"),
            (false, _) => path.to_owned(),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return wrong("its folder does not exist; create it first");
        }
        Ok(Self { named: path.to_owned(), target, object: None })
    }

    /// Whether another path is the same place. Neither needs to exist yet.
    pub(crate) fn is_at(&self, other: &Path) -> bool {
        if self.object.is_some() || remote::is_object(other) {
            return self.target == other;
        }
        let folder = |path: &Path| match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.canonicalize().ok(),
            _ => Path::new(".").canonicalize().ok(),
        };
        self.target.file_name() == other.file_name() && folder(&self.target) == folder(other)
    }
}

/// Where the signature of a file goes: beside it, with the ending that ssh-keygen gives it.
pub(crate) fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// Tells the user that a file gets this format, if its name suggests another.
pub(crate) fn note_ending(output: &Path, format: OutputFormat) {
    let ending = ending(output);
    let is_right = match ending.as_str() {
        "" => true,
        "wave" => format == OutputFormat::Wav,
        "oga" | "ogg" => format.kept_container() == Some("ogg"),
        other => other == format.ending(),
    };
    if !is_right {
        let output = output.display();
        note(&format!("{output} is written as {format}, although its name ends in .{ending}"));
    }
}
