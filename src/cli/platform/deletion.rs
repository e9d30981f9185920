//! `--delete-original`: when the original goes, whether it may, and the question before it.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::{Duration, SystemTime};

use sordino::Treatment;

use super::super::args::PlatformArgs;
use super::super::exit::Failure;
use super::super::messages::say;

const FLAG: &str = "reading --delete-original";

/// How far ahead the date must be: what the vendor's documents ask for.
const AHEAD: Duration = Duration::from_secs(24 * 3600);

/// A deletion that was asked for and may be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deletion {
    pub(super) at: SystemTime,
    pub(super) wait: bool,
}

impl Deletion {
    /// Checks what was asked for.
    pub(super) fn check(
        args: &PlatformArgs,
        treatment: Treatment,
        is_self_checked: bool,
        to_stdout: bool,
        max_wait: Duration,
    ) -> Result<Option<Self>, Failure> {
        let Some(text) = &args.delete_original else { return Ok(None) };
        let wrong = |why: &str| Err(Failure::usage(FLAG, why));
        let Some(at) = date(text) else {
            return wrong(&format!(
                "`{text}` is no date; give one such as 2030-12-31 (0:00 UTC) or 2030-12-31T18:00:00Z"
            ));
        };
        if !args.now && at < SystemTime::now() + AHEAD {
            return wrong("the date is less than 24 h ahead; give a later one, or add --now");
        }
        if args.wait_deleted && at > SystemTime::now() + max_wait {
            return wrong(
                "--wait-deleted would give up before the date, when --max-wait ends; leave it out, or give an earlier date with --now",
            );
        }
        if treatment.is_recoverable() {
            return wrong(
                "an attenuated copy keeps speech recoverable, and the original would be gone; give --silence or --tone",
            );
        }
        if !is_self_checked {
            return wrong(
                "a copy without self-check cannot stand for its original; leave out --no-self-check",
            );
        }
        if to_stdout {
            return wrong("what goes to stdout cannot be read back; give --to a file or a folder");
        }
        Ok(Some(Self { at, wait: args.wait_deleted }))
    }

    /// Asks on a terminal whether it is meant. `what` is to be deleted.
    pub(super) fn confirm(self, what: &str) -> Result<(), Failure> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            let mend = "nobody can be asked here; add --yes if it is meant";
            return Err(Failure::usage(FLAG, mend));
        }
        let date = shown(self.at);
        say(&format!(
            "Once the redacted copy is in its place, Genesys will delete {what} on {date}.\nNobody can undo that after it. Do it? [y/N]"
        ));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.map_err(|error| Failure::failed(FLAG, error))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::failed(FLAG, "the answer was not yes; nothing was done")),
        }
    }
}

/// A time as ISO 8601 in UTC.
pub(super) fn shown(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// 10000-01-01T00:00:00Z in seconds since 1970. From there on a date has no common form.
const YEAR_10000: u64 = 253_402_300_800;

/// Reads an ISO date, which is the start of that day in UTC, or a date-time with `Z` or an offset. A date-time
/// without either could mean any clock, and is none.
fn date(text: &str) -> Option<SystemTime> {
    // `is_char_boundary`-safe: a date has 10 ASCII characters.
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    let midnight = humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).ok()?;
    if rest.is_empty() {
        return Some(midnight);
    }
    if rest.ends_with('Z') {
        return humantime::parse_rfc3339(text).ok();
    }
    let at = text.len().checked_sub("+00:00".len()).filter(|at| *at > 10)?;
    let (local, offset) = (text.get(..at)?, text.get(at..)?);
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let number = |text: &str, below: u64| {
        let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| is_two && *number < below)
    };
    let ahead = Duration::from_secs(number(hours, 24)? * 3600 + number(minutes, 60)? * 60);
    let at = match offset.as_bytes().first()? {
        b'+' => local.checked_sub(ahead),
        b'-' => local.checked_add(ahead),
        _ => None,
    }?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (since.as_secs() < YEAR_10000).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_start_of_its_day_in_utc() {
        for (text, expected) in [
            ("2030-12-31", "2030-12-31T00:00:00Z"),
            ("2030-12-31T18:00:00Z", "2030-12-31T18:00:00Z"),
            ("2030-12-31T18:00:00.250Z", "2030-12-31T18:00:00Z"),
            ("2030-12-31T18:00:00+02:30", "2030-12-31T15:30:00Z"),
            ("2030-12-31T22:00:00-05:00", "2031-01-01T03:00:00Z"),
        ] {
            assert_eq!(date(text).map(shown).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "31.12.2030",
            "2030-13-01",
            "2030-02-30",
            "2030-12-31T18:00:00",
            "2030-12-31 18:00",
            "2030-12-31T18:00:00+2:00",
            "2030-12-31T18:00:00+24:00",
            "2030-12-31T18:00:00*02:00",
            "2030-12-31+02:00",
            "1970-01-01T00:00:00+05:00",
            "9999-12-31T23:59:59-01:00",
            "２０３０-12-31",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
