//! The one way to write settings down, so that two ways to say the same have one digest.

use std::time::Duration;

use super::read::{encoding_name, unit_name};
use super::settings::{IfNone, Settings};
use crate::decode::{Edge, Encoding, Gaps};
use crate::transcript::Rule;
use crate::treatment::Treatment;

/// The settings as the text of a policy. What is not said, or is the default, has no line. Lists whose
/// order means nothing are sorted.
pub(super) fn text(settings: &Settings) -> String {
    // All of them by name, so that none is forgotten.
    #[rustfmt::skip]
    let Settings {
        treatment, fade, find, language, only, party, speaker, tier, pad, unit, windows_format, gaps,
        encoding, edge, no_md5, raw, opus_rate, if_none,
    } = settings;
    let mut lines = Vec::new();
    let mut line = |key: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{key} = {value}\n")));
    };
    let treatment = treatment.filter(|treatment| *treatment != Treatment::default());
    if let Some(treatment) = treatment {
        match (treatment.tone_hz(), treatment.is_recoverable()) {
            (Some(hz), _) => line("tone", Some(hz.to_string())),
            (None, false) => line("silence", Some("true".into())),
            (None, true) => line("gain", Some(format!("{:?}", treatment.gain()))),
        }
    }
    line("fade", fade.filter(|fade| !fade.is_zero()).map(|fade| quoted(&time(fade))));
    let find: Vec<String> = find.iter().map(|rule| Rule::name(*rule).to_owned()).collect();
    line("find", sorted(&find));
    line("language", sorted(language));
    line("only", sorted(only));
    let parties: Vec<String> =
        party.iter().map(|(name, channel)| format!("{name}={channel}")).collect();
    line("party", sorted(&parties));
    line("speaker", sorted(speaker));
    line("tier", sorted(tier));
    let pad = pad.map(|(before, after)| format!("{},{}", time(before), time(after)));
    line("pad", pad.map(|pad| quoted(&pad)));
    line("unit", unit.map(|unit| quoted(unit_name(unit))));
    line("windows-format", windows_format.as_deref().map(quoted));
    line("gaps", gaps.filter(|gaps| *gaps != Gaps::default()).map(|gaps| quoted(gaps.name())));
    let encoding = encoding.filter(|encoding| *encoding != Encoding::default());
    line("encoding", encoding.map(|encoding| quoted(encoding_name(encoding))));
    line("edge", edge.filter(|edge| *edge != Edge::default()).map(|edge| quoted(edge.name())));
    line("no-md5", no_md5.filter(|is_set| *is_set).map(|_| "true".into()));
    line("raw", raw.map(|raw| quoted(&raw.to_string())));
    line("opus-rate", opus_rate.map(|rate| rate.to_string()));
    let if_none = if_none.filter(|if_none| *if_none != IfNone::default());
    line("if-none", if_none.map(|if_none| quoted(if_none.name())));
    lines.concat()
}

fn time(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

fn sorted(texts: &[String]) -> Option<String> {
    let mut texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    texts.sort_unstable();
    texts.dedup();
    (!texts.is_empty()).then(|| format!("[{}]", texts.join(", ")))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    // JSON's escapes are TOML's; only DEL stands as it is in JSON.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
