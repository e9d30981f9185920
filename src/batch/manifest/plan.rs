//! From a row to a job: what is read, where it goes, and what is muted. Looks at no file.

use super::place::{below, id_part, own_path};
use super::prefix::nested::path_between;
use super::row::{Id, Row, WindowsCell, shown};
use super::{Planning, RowError};
use crate::batch::model::{Api, Input, Key, Planned, Spec, WindowsSpec};
use crate::genesys::platform::deletion_date;
use crate::policy::parse_treatment;
use crate::store::Place;
use crate::window::{parse_flag, parse_time};

/// The word for windows that come from the recording's own transcript in Genesys.
pub(super) const FROM_GENESYS: &str = "genesys:";

/// The job of a row, or all that is wrong with it.
pub(super) fn planned(line: u64, row: &Row, plan: &Planning) -> Result<Planned, Vec<RowError>> {
    let mut problems = Vec::new();
    let input = input(row, plan).map_err(|why| problems.push(why)).ok();
    let windows = windows(row, input.as_ref()).map_err(|why| problems.push(why)).ok();
    if let Some(treatment) = &row.treatment
        && let Err(why) = parse_treatment(treatment)
    {
        problems.push(format!("treatment `{}`: {why}", shown(treatment)));
    }
    let id = id(row, input.as_ref()).map_err(|why| problems.push(why)).ok();
    let output = input.as_ref().map(|input| output(row, input, plan));
    let output = output.transpose().map_err(|why| problems.push(why)).ok().flatten();
    match (input, windows, id, output) {
        (Some(input), Some(windows), Some(id), Some((output, path))) if problems.is_empty() => {
            let treatment = row.treatment.clone();
            let spec = plan.spec(input, windows, treatment, output, &path);
            Ok(Planned { key: Key::of(&spec), line: Some(line), id, spec })
        }
        _ => Err(problems.into_iter().map(|problem| RowError { line, problem }).collect()),
    }
}

impl Row {
    /// The job of a row that stands in no manifest: it has no line. Looks at no file.
    ///
    /// # Errors
    /// All that is wrong with it, in words.
    pub fn planned(&self, plan: &Planning) -> Result<Planned, String> {
        match planned(0, self, plan) {
            Ok(planned) => Ok(Planned { line: None, ..planned }),
            Err(wrong) => {
                let problems: Vec<_> = wrong.into_iter().map(|error| error.problem).collect();
                Err(problems.join("; "))
            }
        }
    }
}

impl Planning {
    /// Whether a place lies below [`Planning::out`].
    pub fn is_below_out(&self, place: &Place) -> bool {
        self.out.as_ref().is_some_and(|out| is_below(out, place))
    }

    /// A job whose output has this path below the folder of outputs.
    pub(super) fn spec(
        &self,
        input: Input,
        windows: WindowsSpec,
        treatment: Option<String>,
        output: String,
        path: &str,
    ) -> Spec {
        let receipt = |receipts: &Place| receipts.join(&format!("{path}.receipt.json")).to_string();
        let receipt = self.receipts.as_ref().map(receipt);
        let (policy, windows_version) = (self.policy.clone(), None);
        Spec { input, windows, windows_version, treatment, output, receipt, policy }
    }
}

/// Whether a place lies below a folder or prefix.
pub(crate) fn is_below(folder: &Place, place: &Place) -> bool {
    path_between(folder, place).is_some_and(|path| !path.is_empty())
}

/// The recording.
fn input(row: &Row, plan: &Planning) -> Result<Input, String> {
    match (&row.input, &row.conversation, &row.recording) {
        (Some(place), None, None) => {
            let only_there = [("api", &row.api), ("delete", &row.delete)];
            if let Some((name, _)) = only_there.iter().find(|(_, cell)| cell.is_some()) {
                return Err(format!("`{name}` is for recordings in Genesys; leave it empty"));
            }
            let place = file("in", place)?.to_string();
            Ok(Input::Place { place, version: None })
        }
        (None, Some(conversation), Some(recording)) => {
            let api = match row.api.as_deref() {
                None => plan.api,
                Some("recordings") => Api::Recordings,
                Some("platform") => Api::Platform,
                Some(other) => {
                    let other = shown(other);
                    return Err(format!("api `{other}`: write recordings or platform"));
                }
            };
            if api == Api::Recordings && row.delete.is_some() {
                return Err("`delete` is for api platform; leave it empty".into());
            }
            if let Some(date) = row.delete.as_deref().filter(|date| deletion_date(date).is_none()) {
                let date = shown(date);
                return Err(format!(
                    "delete `{date}`: write a date such as 2030-12-31, which is 0:00 UTC, or 2030-12-31T18:00:00Z"
                ));
            }
            let (conversation, recording) =
                (id_part("conversation", conversation)?, id_part("recording", recording)?);
            Ok(Input::Genesys { api, conversation, recording, delete: row.delete.clone() })
        }
        (Some(_), ..) => Err("give `in`, or `conversation` and `recording`, not both".into()),
        (None, Some(_), None) => Err("`recording` is missing".into()),
        (None, None, Some(_)) => Err("`conversation` is missing".into()),
        (None, None, None) => Err("`in` is missing".into()),
    }
}

/// The place of a file.
fn file(column: &str, text: &str) -> Result<Place, String> {
    if text.contains(char::is_control) {
        let why =
            "there is a line break or another control character in it; a quote may not be closed";
        return Err(format!("{column} `{}`: {why}", shown(text)));
    }
    let place: Place =
        text.parse().map_err(|error| format!("{column} `{}`: {error}", shown(text)))?;
    let name = match &place {
        Place::Local(_) => text,
        Place::Object { key, .. } => key,
    };
    match name {
        "-" => Err(format!("{column} `-`: a row has no stdin or stdout; give a path")),
        name if name.is_empty() || name.ends_with('/') => {
            Err(format!("{column} `{}`: this is a folder; give a file in it", shown(text)))
        }
        _ => Ok(place),
    }
}

/// What is muted.
fn windows(row: &Row, input: Option<&Input>) -> Result<WindowsSpec, String> {
    let several: Vec<&str> = match &row.windows {
        None => {
            return Err("`windows` is missing; write windows such as 10-15;30-35, or the path of a list or transcript".into());
        }
        Some(WindowsCell::Several(several)) => several.iter().map(String::as_str).collect(),
        Some(WindowsCell::One(text)) => {
            let is_platform = matches!(input, Some(Input::Genesys { api: Api::Platform, .. }));
            match text.trim() {
                FROM_GENESYS if is_platform => return Ok(WindowsSpec::Place(text.trim().into())),
                FROM_GENESYS => return Err("windows genesys: is for api platform".into()),
                text if is_place(text) => {
                    return Ok(WindowsSpec::Place(file("windows", text)?.to_string()));
                }
                text => text.split([';', '\n']).collect(),
            }
        }
    };
    let several: Vec<&str> =
        several.into_iter().map(str::trim).filter(|text| !text.is_empty()).collect();
    if several.is_empty() {
        return Err("`windows` holds no window; write them as 10-15;30-35".into());
    }
    for text in &several {
        let window = parse_flag(text).map_err(|error| format!("windows: {}", error.problem))?;
        if window.label().is_some_and(|label| label.contains(char::is_control)) {
            return Err("windows: a label has a control character; remove it".into());
        }
    }
    Ok(WindowsSpec::Inline(several.into_iter().map(str::to_owned).collect()))
}

/// Whether a text is the place of a file of windows, not windows: it is no list of windows, and it has a
/// folder or an ending, or does not begin with a time.
fn is_place(text: &str) -> bool {
    let mut windows = text.split([';', '\n']).map(str::trim).filter(|text| !text.is_empty());
    if windows.all(|text| parse_flag(text).is_ok()) {
        return false;
    }
    let has_folder = text.contains(['/', '\\']);
    let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
    let has_ending = ending.starts_with(|c: char| c.is_ascii_alphabetic());
    let start = text.split(['-', ';', '@', '=']).next().unwrap_or(text);
    has_folder || has_ending || parse_time(start).is_err() && !start.trim().is_empty()
}

/// What the manifest calls the recording.
fn id(row: &Row, input: Option<&Input>) -> Result<Option<String>, String> {
    let id = match (&row.id, input) {
        (Some(Id::Text(text)), _) => Some(text.clone()),
        (Some(Id::Number(number)), _) => Some(number.to_string()),
        (None, Some(Input::Genesys { conversation, recording, .. })) => {
            Some(format!("{conversation}/{recording}"))
        }
        (None, _) => None,
    };
    match id {
        Some(id) if id.contains(char::is_control) => Err(
            "id: there is a line break or another control character in it; a quote may not be closed"
                .into(),
        ),
        id => Ok(id),
    }
}

/// Where the redacted recording goes, and its path below a folder of receipts.
fn output(row: &Row, input: &Input, plan: &Planning) -> Result<(String, String), String> {
    let own = match input {
        Input::Genesys { api: Api::Recordings, conversation, recording, .. } => {
            if row.output.is_some() {
                return Err(
                    "`out` is empty with api recordings: Genesys takes the recording back".into()
                );
            }
            return Ok((String::new(), format!("{conversation}/{recording}")));
        }
        Input::Genesys { conversation, recording, .. } => {
            plan.check_joined(row.output.as_deref())?;
            format!("{conversation}/{recording}")
        }
        Input::Place { place, .. } => {
            row.output.as_deref().map_or(Ok(()), |output| plan.check_format(place, output))?;
            plan.check_treatment(place, row.output.as_deref(), row.treatment.as_deref())?;
            own_path(place)
        }
    };
    let (place, path) = match (&row.output, &plan.out) {
        (Some(text), out) => {
            let place = file("out", text)?;
            match (&place, out) {
                (Place::Local(path), Some(out)) if !path.is_absolute() => {
                    let path = below(text).ok_or_else(|| {
                        format!("out `{}` leads out of --out; write a path below it", shown(text))
                    })?;
                    (out.join(&path), path)
                }
                _ => (place, own_path(text)),
            }
        }
        (None, Some(out)) => {
            let path = plan.named_as(&own)?;
            (out.join(&path), path)
        }
        (None, None) => {
            return Err("`out` is missing; give it in each row, or --out for all".into());
        }
    };
    Ok((place.to_string(), path))
}
