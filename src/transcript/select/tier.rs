//! Which tiers of labels are muted, and names of tiers and parties for errors.

use std::collections::BTreeSet;

use super::super::kind;
use super::super::model::{Sort, Text, Transcript};
use super::{SelectError, SelectOptions};

/// The tiers to take marks from; none if the file has no tiers.
pub(super) fn chosen_tiers(
    transcript: &Transcript,
    options: &SelectOptions,
) -> Result<Option<BTreeSet<String>>, SelectError> {
    let format = transcript.format;
    let all = || transcript.marks.iter().filter_map(|mark| mark.tier.as_ref());
    let known: BTreeSet<String> = all().map(folded).collect();
    if !options.tiers.is_empty() {
        let wanted: BTreeSet<String> =
            options.tiers.iter().map(|tier| tier.trim().to_lowercase()).collect();
        return match wanted.iter().all(|tier| known.contains(tier)) {
            true => Ok(Some(wanted)),
            false => Err(SelectError::NoSuchTier { format, tiers: names(all()) }),
        };
    }
    // Words may be looked at without any tier.
    if transcript.sort != Sort::Tiers
        || (!options.find.is_empty() || !options.speakers.is_empty()) && known.is_empty()
    {
        return Ok(None);
    }
    let is_meant = |tier: &String| ["redact", "mute", "pii"].iter().any(|part| tier.contains(part));
    let chosen: BTreeSet<String> = known.into_iter().filter(is_meant).collect();
    let is_other = !options.find.is_empty() || !options.speakers.is_empty();
    if chosen.is_empty() && !is_other {
        return Err(SelectError::TierNeeded { format, tiers: names(all()) });
    }
    Ok(Some(chosen))
}

pub(super) fn folded(text: &Text) -> String {
    text.expose().trim().to_lowercase()
}

/// Up to ten names of parties or tiers. They are names in the layout, such as `SPEAKER_00`, so up to
/// three digits are kept: more may be a telephone number.
pub(super) fn names<'a>(all: impl Iterator<Item = &'a Text>) -> String {
    let names: BTreeSet<&str> =
        all.map(|name| name.expose().trim()).filter(|name| name.len() <= 40).collect();
    let more = if names.len() > 10 { ", …" } else { "" };
    let digits = |name: &str| name.chars().filter(|c| c.is_numeric()).count();
    let name = |name: &str| match digits(name) {
        0..=3 => name.to_owned(),
        _ => kind::shown_label(name),
    };
    let shown: Vec<String> = names.into_iter().take(10).map(name).collect();
    if shown.is_empty() { "none".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}
