//! Messages for people, on stderr. `--quiet` and `--verbose` decide once which of them are printed.
//!
//! No message holds a secret or anything that was said. Details do not even name labels, which a user
//! may have filled with what should stay private.

use std::io::{self, Write as _};
use std::sync::OnceLock;

use super::args::VerbosityArgs;

static VERBOSITY: OnceLock<VerbosityArgs> = OnceLock::new();

/// Sets the verbosity of this process. Called once, before any command runs.
pub(crate) fn set_verbosity(args: VerbosityArgs) {
    VERBOSITY.get_or_init(|| args);
}

/// Whether notes and progress are wanted.
pub(crate) fn is_quiet() -> bool {
    VERBOSITY.get().is_some_and(|args| args.quiet)
}

/// Whether details are wanted. Ask before working one out that takes time.
pub(crate) fn is_verbose() -> bool {
    VERBOSITY.get().is_some_and(|args| args.verbose && !args.quiet)
}

/// Prints a line at any verbosity: an error, a warning, what an interrupt leaves behind.
pub(crate) fn say(line: &str) {
    // Nobody may be listening, which is no reason to fail.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints what the user should check: something is not as it was asked for.
pub(crate) fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// Prints a line that is only for people who watch: progress of requests, the result when stdout holds
/// audio. Not with `--quiet`.
pub(crate) fn tell(line: &str) {
    if !is_quiet() {
        say(line);
    }
}

/// Prints what is good to know. Not with `--quiet`.
pub(crate) fn note(text: &str) {
    tell(&format!("note: {text}"));
}

/// Prints how the work is done: what was recognised, times, bytes, retries. With `--verbose` only.
pub(crate) fn detail(text: &str) {
    if is_verbose() {
        say(&format!("detail: {text}"));
    }
}
