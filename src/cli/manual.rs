//! `sordino completions` and `sordino man`: made from the same definition as `--help`.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::{Args, CompletionsArgs, ManArgs};
use super::exit::Failure;
use super::messages::note;
use super::report;

/// Prints the completions for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "sordino", &mut script);
    report::print(String::from_utf8_lossy(&script).trim_end())
}

/// Prints one page, or writes all of them.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    if let Some(folder) = &args.out {
        return write_all(&command, folder);
    }
    let command = match &args.command {
        None => &command,
        Some(name) => command.find_subcommand(name).ok_or_else(|| {
            let names: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            let mend = format!("sordino has no command `{name}`; give one of {}", names.join(", "));
            Failure::usage("printing the manual page", mend)
        })?,
    };
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = page(command).render(&mut text);
    report::print(String::from_utf8_lossy(&text).trim_end())
}

fn page(command: &Command) -> Man {
    Man::new(command.clone()).source(concat!("sordino ", env!("CARGO_PKG_VERSION")))
}

fn write_all(command: &Command, folder: &Path) -> Result<(), Failure> {
    let failed =
        |error| Failure::failed(format!("writing manual pages into {}", folder.display()), error);
    fs::create_dir_all(folder).map_err(failed)?;
    for command in command.get_subcommands().chain([command]) {
        page(command).generate_to(folder).map_err(failed)?;
    }
    note(&format!("the manual pages are in {}", folder.display()));
    Ok(())
}
