//! The end of a worker: what it has done.

use serde_json::{Map, Value, json};
use sordino::work::{Ended, Numbers};

use super::super::batch::reason;
use super::super::exit::Failure;
use super::super::report;
use super::super::text::{count, elapsed};

/// Prints it on stdout.
pub(super) fn print(numbers: &Numbers, json: bool) -> Result<(), Failure> {
    report::print(&if json { to_json(numbers).to_string() } else { text(numbers) })
}

fn to_json(numbers: &Numbers) -> Value {
    let (recordings, audio) = numbers.recordings();
    let (left_out, copied) = numbers.nothing_found();
    let (working, asking) = numbers.times();
    let failures = numbers.failures().into_iter().map(|(kind, n)| (kind.name(), n.into()));
    json!({
        "state": "summary",
        "done": numbers.of(Ended::Done),
        "ignored": numbers.of(Ended::Ignored),
        "notYet": numbers.of(Ended::NotYet),
        "again": numbers.of(Ended::Again),
        "buried": numbers.of(Ended::Buried),
        "handedBack": numbers.of(Ended::HandedBack),
        "lost": numbers.of(Ended::Lost),
        "failures": failures.collect::<Map<_, _>>(),
        "recordings": recordings,
        "nothingFound": { "skipped": left_out, "copied": copied },
        "audioSeconds": audio.as_secs_f64(),
        "jobSeconds": working.as_secs_f64(),
        "queueSeconds": asking.as_secs_f64(),
    })
}

fn text(numbers: &Numbers) -> String {
    let (recordings, audio) = numbers.recordings();
    let (left_out, copied) = numbers.nothing_found();
    let recordings = count(recordings, "recording");
    let mut lines =
        vec![format!("done     {}, {recordings}", count(numbers.of(Ended::Done), "job"))];
    let mut line = |number: u64, text: &str| {
        lines.extend((number > 0).then(|| format!("{text}{number}")));
    };
    line(left_out, "  nothing found, left out           ");
    line(copied, "  nothing found, copied unredacted  ");
    line(numbers.of(Ended::Ignored), "ignored  ");
    let again = numbers.of(Ended::Again) + numbers.of(Ended::NotYet);
    line(again + numbers.of(Ended::HandedBack), "gave back, some perhaps more than once  ");
    line(numbers.of(Ended::Lost), "lost to other workers  ");
    line(numbers.of(Ended::Buried), "buried   ");
    for (kind, number) in numbers.failures() {
        line(number, &format!("  {:<20}  ", reason(kind)));
    }
    let (working, asking) = numbers.times();
    lines.push(format!("audio    {:.2} h", audio.as_secs_f64() / 3600.0));
    lines.push(format!("took     {} in jobs, {} for the queue", elapsed(working), elapsed(asking)));
    lines.join("\n")
}
