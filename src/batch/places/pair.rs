//! One recording that was announced, with the list or transcript beside it: what [`Pairing`] makes of a listing
//! of just these names. Both are bound to the versions that are there now.

mod name;

use std::convert::Infallible;

use super::super::manifest::{Listed, Paired, Pairing, PairingError, Planning, is_below};
use super::super::model::{FailureKind, Input, Key, Planned, WindowsSpec};
use super::super::run::{Cancel, Failure};
use super::failure::{failed, of_store, of_windows, parsed};
use super::windows::is_settled;
use super::{Places, cancelled};
use crate::decode::recording_stem;
use crate::store::{Error, Head, Place};

/// How the list or transcript of a recording is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// What its name ends in.
    pub suffix: String,
    /// Whether one is taken that is older than the recording. It may be of another that had the same name.
    pub older: bool,
}

/// What there is to do for a recording that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This, with the versions of all that is read.
    Job(Box<Planned>),
    /// Nothing yet: its list or transcript is not there, is older, or may still be being written.
    NotYet,
    /// Nothing, and why.
    Nothing(&'static str),
}

impl Found {
    /// A job.
    pub fn job(planned: Planned) -> Self {
        Self::Job(Box::new(planned))
    }
}

/// Endings of recordings of which several may be of one call.
const USUAL: [&str; 6] = ["wav", "mp3", "ogg", "opus", "flac", "m4a"];

impl Places {
    /// What the object at `place`, which is there, asks for, or the file in its file system. Its output has the
    /// same path below [`Planning::out`]. `etag`: that of the recording that is meant, if it is known.
    ///
    /// Blocks while the store is asked for the recording and for the two names that a transcript may have.
    ///
    /// # Errors
    /// [`Failure`] of the store; of a place that is written as well as read, of one whose name says neither that
    /// it is a recording nor that it is none, of a recording that cannot be paired, and of one that has another
    /// ETag.
    pub fn find(
        &self,
        place: &Place,
        etag: Option<&str>,
        beside: &Beside,
        planning: &Planning,
        cancel: &Cancel,
    ) -> Result<Found, Failure> {
        self.until(cancel, self.look(place, etag, beside, planning))
    }

    /// Binds a job to the versions of what it reads.
    ///
    /// Blocks while the stores are asked for them.
    ///
    /// # Errors
    /// [`Failure`] of the stores.
    pub fn bind(&self, planned: Planned, cancel: &Cancel) -> Result<Found, Failure> {
        self.until(cancel, self.bound(planned))
    }

    /// Whether there is something at this place, whatever it is; `None` if nobody can say.
    pub fn is_there(&self, place: &str) -> Option<bool> {
        let head = self.runtime.block_on(self.stores.head(&place.parse().ok()?));
        match head {
            Ok(_) => Some(true),
            Err(Error::NotFound { .. }) => Some(false),
            Err(_) => None,
        }
    }

    fn until(
        &self,
        cancel: &Cancel,
        work: impl Future<Output = Result<Found, Failure>>,
    ) -> Result<Found, Failure> {
        self.runtime.block_on(async {
            tokio::select! {
                found = work => found,
                () = cancelled(cancel) => Err(Failure::Interrupted),
            }
        })
    }

    async fn look(
        &self,
        place: &Place,
        etag: Option<&str>,
        beside: &Beside,
        planning: &Planning,
    ) -> Result<Found, Failure> {
        let (root, suffix) = (root_of(place), beside.suffix.as_str());
        let Some(listed) = Listed::below(&root, place.clone(), None) else {
            return Err(for_good(format!("{place} is no whole path; write it without `..`")));
        };
        // Nothing is asked for that may not be a recording.
        if let Some(why) = by_name(&root, place, &listed, suffix, planning)? {
            return Ok(Found::Nothing(why));
        }
        let recording = self.recording(place).await?;
        if etag.is_some_and(|etag| recording.etag.as_ref().is_some_and(|there| there != etag)) {
            let why = format!(
                "{place} was replaced after it was announced; the announcement of the new one asks for that, so this one can be dropped"
            );
            return Err(failed(FailureKind::Missing, why));
        }
        let stem = recording_stem(&listed.path).unwrap_or(&listed.path);
        let mut all = vec![Listed { version: Some(recording.identity()), ..listed.clone() }];
        let mut is_ready = true;
        for of in [&listed.path, stem] {
            let transcript = root.join(&format!("{of}{suffix}"));
            let Some(head) = self.there(&transcript).await? else { continue };
            is_ready &= is_settled(&transcript, &head);
            is_ready &= beside.older || head.modified >= recording.modified;
            all.extend(Listed::below(&root, transcript, Some(head.identity())));
        }
        if all.len() > 1 {
            all.extend(self.twins(&root, &listed.path, stem).await?);
        }
        // As a store lists them.
        all.sort_by(|one, other| one.path.cmp(&other.path));
        match paired(&root, place, all, suffix, planning) {
            Ok(Some(Paired::Job(planned))) if is_ready => Ok(Found::job(planned)),
            Ok(Some(Paired::Job(_) | Paired::NoTranscript(_))) => Ok(Found::NotYet),
            Ok(paired) => {
                Err(for_good(paired.and_then(|paired| paired.problem()).unwrap_or_default()))
            }
            Err(error) => Err(failed(FailureKind::Refused, error.to_string())),
        }
    }

    /// Other recordings that would share transcript and output with that at `path`, of the usual kinds.
    async fn twins(&self, root: &Place, path: &str, stem: &str) -> Result<Vec<Listed>, Failure> {
        let names = USUAL.iter().map(|ending| format!("{stem}.{ending}"));
        // Where names differ in their case only, they may be of one file.
        let places = names.filter(|name| !name.eq_ignore_ascii_case(path));
        let looks = places.map(|name| async move {
            let place = root.join(&name);
            let head = self.there(&place).await?;
            let there = head.and_then(|head| Listed::below(root, place, Some(head.identity())));
            Ok::<_, Failure>(there)
        });
        let found = futures_util::future::try_join_all(looks).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn bound(&self, mut planned: Planned) -> Result<Found, Failure> {
        let spec = &mut planned.spec;
        if let Input::Place { place, version } = &mut spec.input {
            *version = Some(self.recording(&parsed(place)?).await?.identity());
        }
        if let WindowsSpec::Place(name) = &spec.windows {
            let place = parsed(name)?;
            is_file(&place)?;
            let head = self.stores.head(&place).await;
            let head = head.map_err(|error| of_windows(&place, error))?;
            if !is_settled(&place, &head) {
                return Ok(Found::NotYet);
            }
            spec.windows_version = Some(head.identity());
        }
        planned.key = Key::of(&planned.spec);
        Ok(Found::job(planned))
    }

    /// The recording that is there now.
    async fn recording(&self, place: &Place) -> Result<Head, Failure> {
        is_file(place)?;
        self.stores.head(place).await.map_err(|error| of_store(place, error))
    }

    /// What is there, if there is something.
    async fn there(&self, place: &Place) -> Result<Option<Head>, Failure> {
        is_file(place)?;
        match self.stores.head(place).await {
            Ok(head) => Ok(Some(head)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(of_store(place, error)),
        }
    }
}

impl Beside {
    /// Why there is nothing to do for what lies at `place`, if its name alone says so: nothing is asked for.
    pub(crate) fn nothing_at(&self, place: &Place, planning: &Planning) -> Option<&'static str> {
        if planning.out.iter().chain(&planning.receipts).any(|written| is_below(written, place)) {
            return Some("written by sordino");
        }
        let root = root_of(place);
        let listed = Listed::below(&root, place.clone(), None)?;
        by_name(&root, place, &listed, &self.suffix, planning).ok().flatten()
    }
}

/// Why there is nothing to do for a name; none if it may be that of a recording.
fn by_name(
    root: &Place,
    place: &Place,
    listed: &Listed,
    suffix: &str,
    planning: &Planning,
) -> Result<Option<&'static str>, Failure> {
    match paired(root, place, vec![listed.clone()], suffix, planning) {
        Ok(Some(Paired::NoTranscript(_))) => Ok(None),
        Ok(Some(Paired::NoRecording(_))) => Ok(Some("a list or transcript")),
        Ok(Some(paired)) => Err(for_good(paired.problem().unwrap_or_default())),
        Ok(None) => match name::nothing(&listed.path) {
            // It may yet be that of a recording, and its announcement comes only once.
            None => Err(for_good(format!(
                "the name of {place} does not say whether it is a recording; give it the ending of one, or drop this job"
            ))),
            why => Ok(why),
        },
        // This worker writes all over what it is to read. Not one announcement may be lost by that.
        Err(error) => Err(failed(FailureKind::Refused, error.to_string())),
    }
}

/// Refuses what is there and is no regular file: to read a pipe may never end.
fn is_file(place: &Place) -> Result<(), Failure> {
    match place.local().map(std::fs::metadata) {
        Some(Ok(metadata)) if !metadata.is_file() => {
            Err(for_good(format!("{place} is no regular file; only those are read")))
        }
        _ => Ok(()),
    }
}

/// The bucket, or the root of the file system.
fn root_of(place: &Place) -> Place {
    match place {
        Place::Local(path) => {
            Place::Local(path.ancestors().last().map(Into::into).unwrap_or_default())
        }
        Place::Object { scheme, bucket, .. } => {
            Place::Object { scheme, bucket: bucket.clone(), key: String::new() }
        }
    }
}

fn for_good(why: String) -> Failure {
    failed(FailureKind::Other, why)
}

/// What becomes of the recording or transcript at `place`, in a listing of what may belong to it.
fn paired(
    root: &Place,
    place: &Place,
    listed: Vec<Listed>,
    suffix: &str,
    planning: &Planning,
) -> Result<Option<Paired>, PairingError> {
    let listing = listed.into_iter().map(Ok::<_, Infallible>);
    let mut all = Pairing::new(root, listing, suffix, planning)?;
    Ok(all.find_map(|paired| paired.ok().filter(|paired| is_of(paired, place))))
}

fn is_of(paired: &Paired, place: &Place) -> bool {
    match paired {
        Paired::Job(planned) | Paired::NoTranscript(planned) => {
            matches!(&planned.spec.input, Input::Place { place: it, .. } if *it == place.to_string())
        }
        Paired::SameOutput { recordings, .. } => recordings.contains(place),
        Paired::TwoTranscripts { recording, .. }
        | Paired::OutputIsRead { recording, .. }
        | Paired::NotKept { recording, .. }
        | Paired::NoRecording(recording) => recording == place,
    }
}
