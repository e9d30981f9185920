//! The `sordino` command: parse, plan, run, exit code; nothing else.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
