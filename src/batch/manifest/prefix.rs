//! A folder or a prefix of a bucket: each recording with the transcript beside it.
//!
//! In: a listing, in which the names in a folder come in the order of their bytes, as stores and
//! `Stores::list` give it. Out: jobs, and what is no job. Names that belong together begin alike, so only
//! those are kept that the last name begins with: a handful, however many there are.

use std::collections::VecDeque;

use thiserror::Error;

mod listed;
pub(super) mod nested;
mod problem;

use super::Planning;
use crate::batch::model::{Input, Key, Planned, Spec, WindowsSpec};
use crate::decode::recording_stem;
use crate::store::Place;
pub use listed::Listed;
use nested::Nested;

/// What becomes of a recording or a transcript in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paired {
    /// A recording and its transcript.
    Job(Planned),
    /// A recording without a transcript. Its job is to be planned too: it fails, and is counted, unless the
    /// transcript is there when it starts.
    NoTranscript(Planned),
    /// Two transcripts may be meant: nothing is to be planned.
    TwoTranscripts {
        /// The recording.
        recording: Place,
        /// `call.wav.SUFFIX` and `call.SUFFIX`.
        transcripts: [Place; 2],
    },
    /// Two recordings have one output: nothing is to be planned.
    SameOutput {
        /// The output.
        output: String,
        /// The recordings.
        recordings: [Place; 2],
    },
    /// The output of the recording would be read as a recording, or replace one.
    OutputIsRead {
        /// The recording.
        recording: Place,
        /// The output.
        output: String,
    },
    /// The recording cannot be kept as it is, as its name shows: nothing is to be planned.
    NotKept {
        /// The recording.
        recording: Place,
        /// Why, and what to do.
        why: String,
    },
    /// A transcript without a recording.
    NoRecording(Place),
}

/// Why a prefix cannot be paired.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PairingError {
    /// No place for outputs.
    #[error("a folder or prefix needs --out, the place below which outputs go")]
    NoOut,
    /// Outputs would be read as inputs.
    #[error("{0} is both read and written; write to another folder or prefix")]
    Same(Place),
    /// The first place, which is read, lies below the second, which is written.
    #[error(
        "recordings in {} lie below {}, where sordino writes, so each would be taken for its own; give --out and --receipts places that recordings do not lie below",
        .0[0], .0[1]
    )]
    Written(Box<[Place; 2]>),
    /// The suffix names no transcript.
    #[error("the suffix `{0}` is none of transcripts; write it such as .transcript.json")]
    Suffix(String),
}

impl PairingError {
    /// Whether a suffix may be that of transcripts.
    ///
    /// # Errors
    /// [`PairingError::Suffix`].
    pub fn of_suffix(suffix: &str) -> Result<(), Self> {
        let is_wrong = suffix.len() < 2
            || suffix.contains(['/', '\\'])
            || recording_stem(&format!("a{suffix}")).is_some();
        match is_wrong {
            true => Err(Self::Suffix(suffix.chars().filter(|c| !c.is_control()).collect())),
            false => Ok(()),
        }
    }
}

/// Pairs the recordings of a listing with their transcripts. Hidden files are left out, and so are those
/// below the places of outputs and receipts.
pub struct Pairing<'a, I> {
    listing: I,
    suffix: &'a str,
    plan: &'a Planning,
    out: Place,
    nested: Nested,
    pending: Vec<Pending>,
    ready: VecDeque<Paired>,
    is_over: bool,
}

/// A name that may still meet the one that belongs to it.
struct Pending {
    /// What all names begin with that belong to it.
    stem: String,
    listed: Listed,
    kind: Kind,
}

#[expect(clippy::large_enum_variant, reason = "a handful at once: those of one stem")]
enum Kind {
    /// With the transcripts `call.wav.SUFFIX` and `call.SUFFIX`, and another recording of the same output.
    Recording {
        of_name: Option<Listed>,
        of_stem: Option<Listed>,
        twin: Option<Place>,
        output: Result<String, String>,
    },
    /// Of the recording of this name, or of this stem.
    Transcript { of: String, is_used: bool },
}

impl<'a, I, E> Pairing<'a, I>
where
    I: Iterator<Item = Result<Listed, E>>,
{
    /// Pairs the `listing` of `prefix`. `suffix`: what the names of transcripts end in.
    ///
    /// # Errors
    /// [`PairingError`].
    pub fn new(
        prefix: &Place,
        listing: I,
        suffix: &'a str,
        plan: &'a Planning,
    ) -> Result<Self, PairingError> {
        PairingError::of_suffix(suffix)?;
        let out = plan.out.clone().ok_or(PairingError::NoOut)?;
        let nested = Nested::of(prefix, &out, plan.receipts.as_ref())?;
        let (pending, ready) = (Vec::new(), VecDeque::new());
        Ok(Self { listing, suffix, plan, out, nested, pending, ready, is_over: false })
    }

    /// Takes the next name.
    fn take(&mut self, listed: Listed) {
        self.settle(&listed.path);
        if is_hidden(&listed.path) || self.nested.is_written(&listed.path) {
            return;
        }
        let path = listed.path.clone();
        let of = path.strip_suffix(self.suffix).filter(|of| !of.is_empty() && !of.ends_with('/'));
        if let Some(of) = of {
            let mut is_used = false;
            for pending in &mut self.pending {
                let Kind::Recording { of_name, of_stem, .. } = &mut pending.kind else { continue };
                let it = || Some(listed.clone());
                if pending.listed.path == of {
                    (*of_name, is_used) = (it(), true);
                } else if pending.stem == of {
                    (*of_stem, is_used) = (it(), true);
                }
            }
            let stem = recording_stem(of).unwrap_or(of).to_owned();
            let kind = Kind::Transcript { of: of.to_owned(), is_used };
            self.pending.push(Pending { stem, listed, kind });
        } else if let Some(stem) = recording_stem(&path) {
            let (mut of_name, mut of_stem, mut twin) = (None, None, None);
            let output = self.plan.named_in_folder(&path);
            for pending in &mut self.pending {
                let there = || Some(pending.listed.clone());
                match &mut pending.kind {
                    Kind::Transcript { of, is_used } if *of == path => {
                        (of_name, *is_used) = (there(), true);
                    }
                    Kind::Transcript { of, is_used } if of == stem => {
                        (of_stem, *is_used) = (there(), true);
                    }
                    Kind::Recording { output: other, .. } if *other == output => {
                        twin = there().map(|twin| twin.place);
                    }
                    _ => {}
                }
            }
            let kind = Kind::Recording { of_name, of_stem, twin, output };
            self.pending.push(Pending { stem: stem.to_owned(), listed, kind });
        }
    }

    /// Ends the names that nothing from this path on belongs to.
    fn settle(&mut self, path: &str) {
        while self.pending.last().is_some_and(|pending| !path.starts_with(&pending.stem)) {
            let Some(pending) = self.pending.pop() else { break };
            let ended = self.ended(pending);
            self.ready.extend(ended);
        }
    }

    fn ended(&self, pending: Pending) -> Option<Paired> {
        let Pending { stem, listed, kind } = pending;
        let (of_name, of_stem, twin, output) = match kind {
            Kind::Transcript { is_used: true, .. } => return None,
            Kind::Transcript { .. } => return Some(Paired::NoRecording(listed.place)),
            Kind::Recording { of_name, of_stem, twin, output } => (of_name, of_stem, twin, output),
        };
        let recording = listed.place;
        let path = match output {
            Ok(path) => path,
            Err(why) => return Some(Paired::NotKept { recording, why }),
        };
        let output = self.out.join(&path).to_string();
        Some(match (of_name, of_stem, twin) {
            _ if self.nested.is_read(&path) => Paired::OutputIsRead { recording, output },
            (.., Some(twin)) => Paired::SameOutput { output, recordings: [twin, recording] },
            (Some(one), Some(other), None) => {
                Paired::TwoTranscripts { recording, transcripts: [one.place, other.place] }
            }
            (one, other, None) => {
                let transcript = one.or(other);
                let has_one = transcript.is_some();
                let (transcript, windows_version) = match transcript {
                    Some(Listed { place, version, .. }) => (place.to_string(), version),
                    // Where it would be.
                    None => (format!("{recording}{}", self.suffix), None),
                };
                let input = Input::Place { place: recording.to_string(), version: listed.version };
                let windows = WindowsSpec::Place(transcript);
                let spec = self.plan.spec(input, windows, None, output, &path);
                let spec = Spec { windows_version, ..spec };
                let id = exported(&stem);
                let planned = Planned { key: Key::of(&spec), line: None, id, spec };
                if has_one { Paired::Job(planned) } else { Paired::NoTranscript(planned) }
            }
        })
    }
}

impl<I, E> Iterator for Pairing<'_, I>
where
    I: Iterator<Item = Result<Listed, E>>,
{
    type Item = Result<Paired, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(paired) = self.ready.pop_front() {
                return Some(Ok(paired));
            }
            if self.is_over {
                let pending = self.pending.pop()?;
                let ended = self.ended(pending);
                self.ready.extend(ended);
                continue;
            }
            match self.listing.next() {
                Some(Ok(listed)) => self.take(listed),
                Some(Err(error)) => return Some(Err(error)),
                None => self.is_over = true,
            }
        }
    }
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

/// Conversation and recording of a file that Genesys Cloud exported: `…/conversation_id=ID/ID.wav`.
fn exported(stem: &str) -> Option<String> {
    let (folders, recording) = stem.rsplit_once('/')?;
    let folder = folders.rsplit('/').next()?;
    let conversation = folder.strip_prefix("conversation_id=").filter(|id| !id.is_empty())?;
    Some(format!("{conversation}/{recording}"))
}

#[cfg(test)]
mod tests;
