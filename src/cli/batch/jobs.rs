//! The jobs of a manifest or a prefix, one after the other: never all in memory.

use std::error::Error as StdError;
use std::fmt;

use sordino::batch::{Key, Listed, Paired, Pairing, Planned, Planning, Shard};
use sordino::store::{Listing, Place, Stores};
use tokio::runtime::Runtime;

use super::super::exit::Failure;
use super::super::messages::warn;
use super::super::text::count;
use super::plan::Origin;

/// The most problems that are shown; the others are counted.
const MOST_SHOWN: usize = 50;

/// An error that ends the planning.
type Error = Box<dyn StdError + Send + Sync>;

/// Jobs to be planned.
pub(super) struct Jobs<'a> {
    source: Source<'a>,
    shard: Option<Shard>,
    problems: Problems,
    /// Recordings without a transcript, and transcripts without a recording.
    alone: Problems,
    /// The prefix, as long as it holds no recording.
    empty: Option<String>,
}

enum Source<'a> {
    Manifest(Box<sordino::batch::ManifestJobs<'a>>),
    Prefix(Box<dyn Iterator<Item = Result<Paired, sordino::store::Error>> + 'a>),
    Over,
}

/// What is wrong with a prefix.
#[derive(Debug, Default)]
pub(super) struct Problems {
    shown: Vec<String>,
    more: usize,
}

impl<'a> Jobs<'a> {
    /// Begins to read the rows, or to list the prefix.
    pub(super) fn open(
        origin: &'a Origin,
        planning: &'a Planning,
        stores: &Stores,
        runtime: &'a Runtime,
    ) -> Result<Self, Failure> {
        let source = match origin {
            Origin::Manifest(manifest, checked) => {
                let jobs = manifest.jobs(planning, checked);
                let jobs = jobs.map_err(|error| Failure::failed("reading the manifest", error))?;
                Source::Manifest(Box::new(jobs))
            }
            Origin::Prefix { place, suffix } => {
                // The listing of a folder starts a thread of the runtime.
                let _inside = runtime.enter();
                let listing = stores.list(place);
                let listing = listing.map_err(|error| Failure::usage("listing", error))?;
                let listed = List { listing, prefix: place.clone(), runtime };
                let pairing = Pairing::new(place, listed, suffix, planning);
                let pairing =
                    pairing.map_err(|error| Failure::usage("pairing transcripts", error))?;
                Source::Prefix(Box::new(pairing))
            }
        };
        let empty = match origin {
            Origin::Manifest(..) => None,
            Origin::Prefix { place, .. } => Some(place.to_string()),
        };
        let (problems, alone) = Default::default();
        Ok(Self { source, shard: None, problems, alone, empty })
    }

    /// Only those of a share.
    pub(super) fn of_shard(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// Says what was alone in the prefix, and whether there was nothing.
    pub(super) fn tell(&self) {
        if let Some(prefix) = &self.empty {
            warn(&format!("{prefix} holds no recording"));
        }
        self.alone.shown.iter().for_each(|line| warn(line));
        if self.alone.more > 0 {
            warn(&format!("and {} more like these", self.alone.more));
        }
    }

    fn next_of_any_shard(&mut self) -> Option<Result<Planned, Error>> {
        loop {
            let paired = match &mut self.source {
                Source::Manifest(jobs) => return Some(jobs.next()?.map_err(Error::from)),
                Source::Prefix(pairs) => pairs.next(),
                Source::Over => return None,
            };
            match paired {
                Some(Ok(paired)) => {
                    if let Some(planned) = self.job(paired) {
                        return Some(Ok(planned));
                    }
                }
                Some(Err(error)) => {
                    self.source = Source::Over;
                    return Some(Err(error.into()));
                }
                None => {
                    self.source = Source::Over;
                    let problems = std::mem::take(&mut self.problems);
                    return (!problems.shown.is_empty()).then(|| Err(problems.into()));
                }
            }
        }
    }

    /// The job of a pair, or the problem, for later.
    fn job(&mut self, paired: Paired) -> Option<Planned> {
        if !matches!(paired, Paired::NoRecording(_)) {
            self.empty = None;
        }
        self.problems.extend(paired.problem());
        match paired {
            Paired::Job(planned) => return Some(planned),
            Paired::NoTranscript(planned) => {
                let recording = super::show::input(&planned.spec.input);
                self.alone.add(format!("{recording} has no transcript; it will fail"));
                return Some(planned);
            }
            Paired::NoRecording(transcript) => {
                self.alone.add(format!("{transcript} belongs to no recording"));
            }
            _ => {}
        }
        None
    }
}

impl Iterator for Jobs<'_> {
    type Item = Result<Planned, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.next_of_any_shard()?;
            let share = |planned: &Planned| Key::without_versions(&planned.spec);
            let is_ours =
                |planned: &Planned| self.shard.is_none_or(|shard| shard.has(&share(planned)));
            if next.as_ref().map_or(true, is_ours) {
                return Some(next);
            }
        }
    }
}

/// An error among the jobs. What is wrong with the prefix is a wrong call.
pub(super) fn failure(error: Error) -> Failure {
    let is_usage = error.is::<Problems>();
    let (doing, error): (_, Box<dyn StdError>) = ("planning the batch", error);
    if is_usage { Failure::usage(doing, error) } else { Failure::failed(doing, error) }
}

/// A listing as an iterator.
struct List<'a> {
    listing: Listing,
    prefix: Place,
    runtime: &'a Runtime,
}

impl Iterator for List<'_> {
    type Item = Result<Listed, sordino::store::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.runtime.block_on(self.listing.next())? {
                Err(error) => return Some(Err(error)),
                Ok((place, head)) => {
                    let version = Some(head.identity());
                    // What is not below the prefix, or not Unicode, is no recording of a batch.
                    if let Some(listed) = Listed::below(&self.prefix, place, version) {
                        return Some(Ok(listed));
                    }
                }
            }
        }
    }
}

impl Problems {
    fn extend(&mut self, problem: Option<String>) {
        problem.into_iter().for_each(|problem| self.add(problem));
    }

    fn add(&mut self, problem: String) {
        if self.shown.len() < MOST_SHOWN { self.shown.push(problem) } else { self.more += 1 }
    }
}

impl fmt::Display for Problems {
    /// The one problem, or all of them, each in a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ([problem], 0) = (self.shown.as_slice(), self.more) {
            return f.write_str(problem);
        }
        f.write_str(&count(self.shown.len() + self.more, "error"))?;
        self.shown.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
        if self.more > 0 { write!(f, "\n  and {} more", self.more) } else { Ok(()) }
    }
}

impl StdError for Problems {}
