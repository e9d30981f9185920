//! `--delete-original`: when the original goes, whether it may, and the question before it.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::{Duration, SystemTime};

use sordino::Treatment;
use sordino::genesys::platform::deletion_date;

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
    ) -> Result<Option<Self>, Failure> {
        let Some(text) = &args.delete_original else { return Ok(None) };
        let wrong = |why: &str| Err(Failure::usage(FLAG, why));
        let Some(at) = deletion_date(text) else {
            return wrong(&format!(
                "`{text}` is no date; give one such as 2030-12-31 (0:00 UTC) or 2030-12-31T18:00:00Z"
            ));
        };
        if !args.now && at < SystemTime::now() + AHEAD {
            return wrong("the date is less than 24 h ahead; give a later one, or add --now");
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

    /// Checks that what is waited for can happen: `last_poll` from now is the last look.
    pub(super) fn check_wait(self, last_poll: Duration) -> Result<(), Failure> {
        if !self.wait || self.at <= SystemTime::now() + last_poll {
            return Ok(());
        }
        let last = last_poll.as_secs();
        Err(Failure::usage(
            FLAG,
            format!(
                "--wait-deleted would give up before the date: it looks for the last time after {last} s; leave it out, allow more with --max-wait and --poll-limit, or give an earlier date with --now"
            ),
        ))
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
