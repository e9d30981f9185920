//! Asks for the passphrase of a key at the terminal, without echo. Not on stdin, which may hold a recording.

use std::path::Path;

use sordino::signature::Passphrase;

use super::exit::Failure;

/// What to do where there is no terminal.
const MEND: &str = "it is encrypted, and there is no terminal to ask for its passphrase; give a file with --sign-passphrase-file, or its public key, so that ssh-agent signs";

#[cfg(unix)]
pub(crate) fn ask(key: &Path) -> Result<Passphrase, Failure> {
    use std::fs::OpenOptions;

    let doing = || format!("opening the key {}", key.display());
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let terminal = terminal.map_err(|_| Failure::usage(doing(), MEND))?;
    let typed = terminal::read(&terminal, &format!("passphrase of {}: ", key.display()));
    match typed.map_err(|error| Failure::usage("asking for the passphrase", error))? {
        Some(bytes) => Ok(Passphrase::new(bytes)),
        None => {
            super::messages::say("interrupted: nothing was done");
            std::process::exit(super::exit::INTERRUPTED);
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn ask(key: &Path) -> Result<Passphrase, Failure> {
    Err(Failure::usage(format!("opening the key {}", key.display()), MEND))
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io::{self, Read, Write};

    use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

    /// The longest passphrase, in bytes.
    const LONGEST: usize = 4096;

    const INTERRUPT: u8 = 0x03;
    const END: u8 = 0x04;
    const DELETE_LINE: u8 = 0x15;

    /// A terminal that shows nothing of what is typed. Dropping this undoes that.
    struct Silent<'a> {
        terminal: &'a File,
        before: Termios,
    }

    impl Drop for Silent<'_> {
        fn drop(&mut self) {
            // `drop` cannot return an error.
            let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
        }
    }

    /// Reads a line; `None` after ctrl-c, which comes as a byte, so that the echo is on again in any case.
    pub(super) fn read(mut terminal: &File, prompt: &str) -> io::Result<Option<Vec<u8>>> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &silent)?;
        let silent = Silent { terminal, before };
        terminal.write_all(prompt.as_bytes())?;
        // Large enough never to move, which would leave a copy behind.
        let mut line = Vec::with_capacity(LONGEST);
        let is_whole = loop {
            let mut byte = [0];
            if terminal.read(&mut byte)? == 0 {
                break true;
            }
            match byte[0] {
                b'\n' | b'\r' | END => break true,
                INTERRUPT => break false,
                DELETE_LINE => line.clear(),
                0x08 | 0x7f => drop(line.pop()),
                byte if line.len() < LONGEST => line.push(byte),
                _ => {}
            }
        };
        drop(silent);
        terminal.write_all(b"\n")?;
        Ok(is_whole.then_some(line))
    }
}
