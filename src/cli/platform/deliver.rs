//! The files of a recording: its copies, receipts and pages, each a hidden file until all are well.

use std::io::Write;

use sordino::job::platform::{Aftermath, Delivered, Layout, Prepared, RedactedCopy};
use sordino::receipt::SourceEntry;
use sordino::store::{Place, Put};
use sordino::{Receipt, Summary};

use super::super::exit::Failure;
use super::super::interrupt::lock;
use super::super::messages::detail;
use super::super::side_outputs::{self, Draft, Placed};
use super::super::{remote, stdout};
use super::folders::MadeFolders;
use super::place::{Destination, Targets};
use super::plan::Plan;

/// A redacted copy that is in its place.
pub(super) struct DoneCopy {
    pub(super) keys: Vec<String>,
    pub(super) summary: Summary,
    pub(super) bytes: u64,
    /// The path or `stdout`; `None` if it was not kept.
    pub(super) place: Option<String>,
    /// What the self-check says, and the paths of receipt and page.
    pub(super) ending: String,
    /// What the self-check says.
    checked: &'static str,
}

impl DoneCopy {
    /// Receipt and page could not be written.
    pub(super) fn lose_side_outputs(&mut self) {
        self.ending = format!("; {}", self.checked);
    }
}

/// The files of a recording.
pub(super) struct Files {
    title: String,
    targets: Vec<Targets>,
    folders: MadeFolders,
    /// What the store says of each copy, if they went to one.
    objects: Vec<(Place, Put)>,
}

/// Where the copies of a recording are.
pub(super) struct PlacedCopies {
    names: Vec<Option<String>>,
    /// Whether they stay there, whatever becomes of what goes with them.
    pub(super) stay: bool,
}

impl Files {
    /// Their paths, checked. `source` is where the windows of this recording come from. Makes their folders.
    pub(super) fn new(
        plan: &Plan,
        prepared: &Prepared,
        source: Option<&SourceEntry>,
    ) -> Result<Self, Failure> {
        let _stage = lock(&plan.stage);
        let (mut targets, mut folders) = (Vec::new(), MadeFolders::default());
        for copy in prepared.copies() {
            let key = match plan.layout {
                Layout::Joined => None,
                Layout::Split => copy.keys.first().map(String::as_str),
            };
            let (of_copy, made) =
                plan.places.targets(prepared.original(), key, copy.redacted.format())?;
            folders.join(made);
            let side_outputs = of_copy.side_outputs.with_source(source.cloned());
            targets.push(Targets { side_outputs, ..of_copy });
        }
        let title = format!("recording {}", prepared.original().recording_id());
        Ok(Self { title, targets, folders, objects: Vec::new() })
    }

    /// Puts the copies into their places; reads them back if an original is to be deleted. All or none: only
    /// objects stay, and then the failure names them.
    pub(super) fn deliver(
        &mut self,
        plan: &Plan,
        prepared: &Prepared,
    ) -> Result<(PlacedCopies, Option<Delivered>), Failure> {
        let delivered = self.put(plan, prepared);
        delivered.map_err(|failure| match self.objects.as_slice() {
            [] => failure,
            objects => {
                failure.after(&format!("the redacted copy is at {}", urls(objects).join(", ")))
            }
        })
    }

    fn put(
        &mut self,
        plan: &Plan,
        prepared: &Prepared,
    ) -> Result<(PlacedCopies, Option<Delivered>), Failure> {
        let mut stage = lock(&plan.stage);
        // A rehearsal: find out what cannot be written before anything is delivered.
        drop(self.side_outputs(prepared, None)?);
        let mut drafts = Vec::new();
        for (copy, targets) in prepared.copies().iter().zip(&self.targets) {
            if let Some(path) = targets.copy.as_ref().filter(|path| path.object.is_none()) {
                let draft = copy.redacted.draft(&path.target, plan.force);
                drafts.push(Draft::File(draft.map_err(undelivered)?));
            }
            if let Some(path) = &targets.metadata {
                let metadata = prepared.metadata(copy);
                let write = |out: &mut dyn Write| out.write_all(metadata.as_bytes());
                let draft = Draft::write(path, plan.force, "application/json", write);
                drafts.push(draft.map_err(undelivered)?);
            }
        }
        let placed = drafts.into_iter().map(Draft::place).collect::<Result<Vec<_>, _>>();
        let mut placed = placed.map_err(undelivered)?;
        if plan.places.copies.is_object() {
            // An upload may take long, and ctrl-c must work meanwhile.
            drop(stage);
            self.upload(plan, prepared)?;
            stage = lock(&plan.stage);
        }
        let names = self.names(plan);
        let mut delivered = None;
        if plan.deletion.is_some() && self.objects.is_empty() {
            delivered = Some(self.read_back(prepared)?);
        } else if plan.deletion.is_some() {
            // Reading objects back may take long as well.
            drop(stage);
            delivered = Some(self.read_back(prepared)?);
            stage = lock(&plan.stage);
        }
        if let Destination::Stdout(out) = &plan.places.copies {
            // The reader of stdout may be slow, and ctrl-c must work meanwhile.
            drop(stage);
            for copy in prepared.copies() {
                stdout::deliver(&copy.redacted, out).map_err(undelivered)?;
            }
            stage = lock(&plan.stage);
        }
        if plan.has_wishes() {
            // What is done at Genesys cannot be taken back, so from here on the copies stay.
            side_outputs::keep(std::mem::take(&mut placed))?;
        }
        // Only files can be taken back.
        let stay = placed.iter().all(Placed::is_object);
        if stay {
            stage.delivered(names.iter().flatten().cloned().collect());
        }
        stage.placed = placed;
        Ok((PlacedCopies { names, stay }, delivered))
    }

    fn names(&self, plan: &Plan) -> Vec<Option<String>> {
        let name = |targets: &Targets| match (&targets.copy, &plan.places.copies) {
            (Some(path), _) => Some(path.named.display().to_string()),
            (None, Destination::Stdout(_)) => Some("stdout".to_owned()),
            (None, _) => None,
        };
        self.targets.iter().map(name).collect()
    }

    /// Writes the copies that go to a bucket. Those that are written stay there: the same run again finds
    /// them.
    fn upload(&mut self, plan: &Plan, prepared: &Prepared) -> Result<(), Failure> {
        for (copy, targets) in prepared.copies().iter().zip(&self.targets) {
            if let Some(place) = targets.copy.as_ref().and_then(|path| path.object.clone()) {
                let put = remote::put(&place, &copy.redacted, plan.force)?;
                self.objects.push((place, put));
                lock(&plan.stage).delivered(urls(&self.objects));
            }
        }
        Ok(())
    }

    fn read_back(&self, prepared: &Prepared) -> Result<Delivered, Failure> {
        if !self.objects.is_empty() {
            let places = self.objects.iter().map(|(place, _)| place.clone());
            let downloads = remote::downloads(places)?;
            // Reading a download blocks.
            let delivered = tokio::task::block_in_place(|| prepared.delivered_to_store(downloads));
            let delivered =
                delivered.map_err(|error| Failure::failed("reading the copy back", error))?;
            detail("the redacted copy is in the bucket, and was read back");
            return Ok(delivered);
        }
        let paths = self.targets.iter().filter_map(|targets| targets.copy.as_ref());
        let paths: Vec<_> = paths.map(|path| path.target.as_path()).collect();
        let delivered = prepared.delivered(&paths);
        let delivered =
            delivered.map_err(|error| Failure::failed("reading the copy back", error))?;
        detail("the redacted copy is on the disk, and was read back");
        Ok(delivered)
    }

    pub(super) fn done(&self, prepared: &Prepared, places: &PlacedCopies) -> Vec<DoneCopy> {
        let copies = prepared.copies().iter().zip(&self.targets).zip(&places.names);
        let done =
            |((copy, targets), place): ((&RedactedCopy, &Targets), &Option<String>)| DoneCopy {
                keys: copy.keys.clone(),
                summary: copy.redacted.summary().clone(),
                bytes: copy.redacted.bytes(),
                place: place.clone(),
                ending: targets.side_outputs.ending(),
                checked: targets.side_outputs.checked(),
            };
        copies.map(done).collect()
    }

    /// Writes receipts and pages to hidden files.
    fn side_outputs(
        &self,
        prepared: &Prepared,
        after: Option<&Aftermath>,
    ) -> Result<Vec<side_outputs::Draft>, Failure> {
        let mut drafts = Vec::new();
        for (at, (copy, targets)) in prepared.copies().iter().zip(&self.targets).enumerate() {
            let receipt: Option<Receipt> = prepared.receipt(copy, after);
            let receipt = match self.objects.get(at) {
                Some((place, put)) => receipt.map(|one| remote::delivered(one, place, put)),
                None => receipt,
            };
            let written = targets.side_outputs.write(&self.title, &copy.redacted, receipt);
            drafts.extend(written?);
        }
        Ok(drafts)
    }

    /// Writes receipts and pages, which say what became of the original, and keeps everything. An error takes
    /// back what can be taken back.
    pub(super) fn finish(
        self,
        plan: &Plan,
        prepared: &Prepared,
        after: &Aftermath,
    ) -> Result<(), Failure> {
        let mut stage = lock(&plan.stage);
        let copies = std::mem::take(&mut stage.placed);
        let drafts = self.side_outputs(prepared, Some(after))?;
        let placed = side_outputs::put(drafts)?.into_iter().chain(copies);
        let (mut objects, mut files): (Vec<_>, Vec<_>) = placed.partition(Placed::is_object);
        if !objects.is_empty() {
            // An upload may take long, and ctrl-c must work meanwhile. It takes the files back then.
            stage.placed = files;
            drop(stage);
            let written = side_outputs::upload(&mut objects);
            stage = lock(&plan.stage);
            files = std::mem::take(&mut stage.placed);
            written?;
        }
        side_outputs::keep(objects.into_iter().chain(files).collect())?;
        stage.delivered(self.names(plan).into_iter().flatten().collect());
        self.folders.keep();
        Ok(())
    }
}

/// Where objects are.
fn urls(objects: &[(Place, Put)]) -> Vec<String> {
    objects.iter().map(|(place, _)| place.to_string()).collect()
}

fn undelivered(error: sordino::Error) -> Failure {
    Failure::of("delivering the redacted copy", error)
}
