//! The versions of local files when a batch is planned: a file that has changed since makes another job.

use std::fs;

use super::plan::FROM_GENESYS;
use crate::batch::model::{Input, Key, Planned, WindowsSpec};
use crate::store::{Head, Place};

/// The job of a row, with the versions of its recording and its file of windows, if they are local.
pub(super) fn with_versions(mut planned: Planned) -> Planned {
    let spec = &mut planned.spec;
    if let Input::Place { place, version } = &mut spec.input {
        *version = of_file(place);
    }
    if let WindowsSpec::Place(place) = &spec.windows
        && place != FROM_GENESYS
    {
        spec.windows_version = of_file(place);
    }
    planned.key = Key::of(&planned.spec);
    planned
}

/// Size and time of change, in the words of [`Head::identity`], with which they are compared later.
fn of_file(place: &str) -> Option<String> {
    let place: Place = place.parse().ok()?;
    let metadata = fs::metadata(place.local()?).ok()?;
    Some(Head::of_file(&metadata).identity())
}
