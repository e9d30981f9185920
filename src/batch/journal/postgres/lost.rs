//! Connections that are lost, and how often another is tried.

use std::thread::sleep;
use std::time::Duration;

use postgres::Error;
use postgres::error::SqlState;

/// How often a transaction is begun.
pub(super) const TRIES: u32 = 5;

/// Waits between attempts to connect, in milliseconds: 25 seconds in all. A server that recovers from a
/// crash needs a few.
const WAITS: [u64; 8] = [100, 200, 400, 800, 1600, 3200, 6400, 12_800];

/// Whether the connection is gone, or the server about to go or to come, so that another attempt may help.
pub(super) fn is_lost(error: &Error) -> bool {
    let Some(code) = error.code() else {
        // No answer of the server: what happens to connections.
        return error.is_closed() || is_io(error);
    };
    let coming_or_going = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    // Class 08: connection exceptions.
    coming_or_going.contains(code) || code.code().starts_with("08")
}

fn is_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(this) = source {
        if this.is::<std::io::Error>() {
            return true;
        }
        source = this.source();
    }
    false
}

/// Tries again until it works, or another attempt does not help.
pub(super) fn again<T>(mut connect: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for wait in WAITS {
        match connect() {
            Err(error) if is_lost(&error) => sleep(Duration::from_millis(wait)),
            other => return other,
        }
    }
    connect()
}

/// Asks until there is an answer; false if there is none.
pub(super) fn until_known(
    mut ask: impl FnMut() -> Result<Option<bool>, Error>,
) -> Result<bool, Error> {
    for wait in WAITS {
        if let Some(known) = ask()? {
            return Ok(known);
        }
        sleep(Duration::from_millis(wait));
    }
    Ok(false)
}
