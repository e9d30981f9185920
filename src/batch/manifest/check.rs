//! The pass before the first job: everything that can be known without a request, for all rows.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use super::place::normal;
use super::plan::{FROM_GENESYS, planned};
use super::reader::Rows;
use super::row::shown;
use super::{Checked, Manifest, ManifestError, Planning, RowError, RowErrors};
use crate::batch::model::{Api, Input, Planned, WindowsSpec};
use crate::store::Place;

/// The most places of which is told that they meet others.
const MOST_MET: usize = 10_000;

/// What a place is to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Output,
    Receipt,
    Input,
}

/// Reads all rows. Keeps 8 bytes for each place of a row, not the rows.
pub(super) fn check(manifest: &Manifest, plan: &Planning) -> Result<Checked, ManifestError> {
    let failed = |error: io::Error| manifest.unreadable(&error);
    let mut rows = Rows::open(manifest)?;
    let (mut checked, mut errors) = (Checked::default(), RowErrors::default());
    let (mut written, mut read) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().map_err(failed)? {
        checked.rows += 1;
        let planned = match row {
            Err(error) => Err(vec![error]),
            Ok((line, row)) => planned(line, &row, plan).map_err(|mut problems| {
                let is_known = problems.iter().any(|error| error.problem.starts_with("in `"));
                let input = row.input.filter(|_| !is_known);
                let missing = input.and_then(|place| look_at("in", &place, None));
                problems.extend(missing.map(|problem| RowError { line, problem }));
                problems
            }),
        };
        match planned {
            Err(found) => errors.extend(found),
            Ok(planned) => {
                errors.extend(look(&planned));
                checked.count(&planned);
                for (role, place) in places(&planned) {
                    let hash = hash(&place);
                    if role == Role::Input { read.push(hash) } else { written.push(hash) }
                }
            }
        }
    }
    checked.sha256 = rows.sha256();
    if checked.rows == 0 {
        errors.push(RowError { line: 1, problem: "the manifest has no row".into() });
    }
    let met = meeting(written, read);
    if !met.is_empty() {
        name_meetings(manifest, plan, &met, &mut errors)?;
    }
    errors.result(manifest)?;
    Ok(checked)
}

impl Checked {
    fn count(&mut self, planned: &Planned) {
        if let Input::Genesys { api, delete, .. } = &planned.spec.input {
            match api {
                Api::Recordings => self.recordings += 1,
                Api::Platform => self.platform += 1,
            }
            self.deletions += u64::from(delete.is_some());
        }
    }
}

/// Looks at the local files of a row: they must be there, and the output must be none of them.
fn look(planned: &Planned) -> Vec<RowError> {
    let spec = &planned.spec;
    let input = match &spec.input {
        Input::Place { place, .. } => Some(("in", place.as_str())),
        Input::Genesys { .. } => None,
    };
    let windows = match &spec.windows {
        // A transcript in Genesys is looked for when its row starts.
        WindowsSpec::Place(place) if place != FROM_GENESYS => Some(("windows", place.as_str())),
        _ => None,
    };
    let output = local(&spec.output).filter(|path| !path.as_os_str().is_empty());
    let output = output.and_then(|path| path.canonicalize().ok());
    let look = |(column, place)| look_at(column, place, output.as_deref());
    let problems = input.into_iter().chain(windows).filter_map(look);
    let line = planned.line.unwrap_or_default();
    problems.map(|problem| RowError { line, problem }).collect()
}

/// Looks at a file that is read.
fn look_at(column: &str, place: &str, output: Option<&Path>) -> Option<String> {
    let path = local(place)?;
    let problem = match fs::metadata(&path) {
        Ok(metadata) if !metadata.is_file() => "this is no file".to_owned(),
        Ok(_) if output.is_some() && path.canonicalize().ok().as_deref() == output => {
            "the output would replace it".to_owned()
        }
        Ok(_) => return None,
        Err(error) => kind(&error),
    };
    Some(format!("{column} `{}`: {problem}", shown(place)))
}

fn local(place: &str) -> Option<PathBuf> {
    place.parse::<Place>().ok()?.local().map(Path::to_owned)
}

fn kind(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; paths are relative to the current folder".into()
        }
        kind => kind.to_string(),
    }
}

/// The places of a job that must not meet those of others.
fn places(planned: &Planned) -> Vec<(Role, String)> {
    let spec = &planned.spec;
    let mut places = Vec::with_capacity(4);
    match &spec.input {
        Input::Place { place, .. } => places.push((Role::Input, normal(place))),
        // It is written too: twice would make two new recordings.
        Input::Genesys { api: Api::Recordings, recording, .. } => {
            places.push((Role::Output, format!("recording {recording}")));
        }
        Input::Genesys { .. } => {}
    }
    if let WindowsSpec::Place(place) = &spec.windows {
        places.push((Role::Input, normal(place)));
    }
    if !spec.output.is_empty() {
        places.push((Role::Output, normal(&spec.output)));
    }
    places.extend(spec.receipt.iter().map(|receipt| (Role::Receipt, normal(receipt))));
    places
}

fn hash(place: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    hasher.finish()
}

/// The hashes of places that are written twice, or written and read.
fn meeting(mut written: Vec<u64>, mut read: Vec<u64>) -> HashSet<u64> {
    written.sort_unstable();
    read.sort_unstable();
    let twice = written.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let both = written.iter().copied().filter(|hash| read.binary_search(hash).is_ok());
    twice.chain(both).take(MOST_MET).collect()
}

/// Reads once more, and names the places behind the hashes.
fn name_meetings(
    manifest: &Manifest,
    plan: &Planning,
    met: &HashSet<u64>,
    errors: &mut RowErrors,
) -> Result<(), ManifestError> {
    let mut rows = Rows::open(manifest)?;
    let mut found: BTreeMap<String, Vec<(u64, Role)>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(|error| manifest.unreadable(&error))? {
        let Ok((line, row)) = row else { continue };
        let Ok(planned) = planned(line, &row, plan) else { continue };
        for (role, place) in
            places(&planned).into_iter().filter(|(_, place)| met.contains(&hash(place)))
        {
            let all = found.entry(place).or_default();
            // Of a transcript that serves all rows, a few lines are enough.
            if all.len() < MOST_MET {
                all.push((line, role));
            }
        }
    }
    for (place, all) in &found {
        let mut written = all.iter().filter(|(_, role)| *role != Role::Input);
        let Some(&(first, role)) = written.next() else { continue };
        let what = |role| if role == Role::Receipt { "receipt" } else { "output" };
        for &(line, role) in written {
            let what = what(role);
            errors.push(RowError {
                line,
                problem: format!("its {what} {place} is that of line {first} too"),
            });
        }
        if let Some((other, _)) = all.iter().find(|(_, role)| *role == Role::Input) {
            let what = what(role);
            let problem = format!("its {what} {place} is read in line {other}");
            errors.push(RowError { line: first, problem });
        }
    }
    Ok(())
}
