//! `sordino batch report`: the page of a journal.

use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use sordino::batch::{Filter, open_journal_to_read};
use sordino::report::BatchReport;
use sordino::spool::Draft;

use super::super::args::BatchReportArgs;
use super::super::exit::Failure;
use super::super::output::OutputPath;
use super::super::report::print;
use super::again::without_password;

pub(super) fn run(args: &BatchReportArgs) -> Result<(), Failure> {
    let output = OutputPath::check_file(&args.html, &[Path::new(&args.journal)], args.force)?;
    let journal = open_journal_to_read(&args.journal);
    let mut journal = journal.map_err(|error| Failure::usage("opening the journal", error))?;
    let name = without_password(&args.journal);
    let title =
        Path::new(&name).file_name().map_or(name.clone(), |name| name.display().to_string());
    let folder = args.html.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut report = BatchReport::new(&title, folder.unwrap_or(Path::new(".")));
    let mut recordings = 0_u64;
    let each = journal.each(&Filter::default(), &mut |entry| {
        recordings += 1;
        report.add(&entry);
        ControlFlow::Continue(())
    });
    each.map_err(|error| Failure::failed(format!("reading the journal {name}"), error))?;
    let draft = Draft::write(&output.target, args.force, |out| {
        let mut out = BufWriter::new(out);
        report.write(&mut out)?;
        out.flush()
    });
    let put = draft.and_then(Draft::put);
    put.map_err(|error| Failure::of("writing the page", error))?;
    print(&format!("page {} of {}", args.html.display(), super::count(recordings, "recording")))
}
