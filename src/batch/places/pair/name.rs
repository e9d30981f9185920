//! Names of what lies beside recordings.

use crate::decode::recording_stem;

/// Endings of files that lie beside recordings, and hold none: of lists and transcripts, and others.
const OTHERS: [&str; 35] = [
    "csv", "ctm", "dfxp", "eaf", "edl", "gz", "htm", "html", "jpeg", "jpg", "json", "jsonl", "lab",
    "llc", "log", "md", "md5", "ndjson", "nlp", "parquet", "pdf", "png", "rttm", "sha1", "sha256",
    "sig", "srt", "textgrid", "toml", "tsv", "ttml", "txt", "vtt", "xml", "yaml",
];

/// Why a name that pairs with nothing is nothing to do; none if it does not say.
pub(super) fn nothing(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if path.split('/').any(|part| part.starts_with('.')) {
        Some("hidden")
    } else if recording_stem(path).is_some() {
        Some("written by sordino")
    } else if name == "_SUCCESS" || OTHERS.iter().any(|other| ending.eq_ignore_ascii_case(other)) {
        Some("a file of another kind")
    } else {
        None
    }
}
